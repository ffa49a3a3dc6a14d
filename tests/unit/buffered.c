/* SPDX-License-Identifier: MIT */
/* The buffered stream over a stream whose every answer is written down. */
#include "test.h"

#include <mio.h>
#include <mio/buffered.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_ANSWERS = 16 };

/* What a call finds: bytes (text), or a result. */
struct answer {
    const char *text;
    ptrdiff_t result;
};

/* Answers in turn; then -EAGAIN for ever. What is written is kept. */
struct scripted {
    struct answer reads[MOST_ANSWERS];
    ptrdiff_t writes[MOST_ANSWERS]; /* how many bytes are taken, at most, or an error; 0: -EAGAIN */
    unsigned reads_done;
    unsigned writes_done;
    char written[256];
    size_t written_len;
};

static ptrdiff_t scripted_read(void *stream, void *buffer, size_t size)
{
    struct scripted *script = stream;
    const struct answer *answer = &script->reads[script->reads_done++];
    CHECK(size > 0);
    if (!answer->text)
        return script->reads_done > MOST_ANSWERS || answer->result == 0 ? -EAGAIN : answer->result;
    size_t length = strlen(answer->text);
    REQUIRE(length <= size);
    memcpy(buffer, answer->text, length);
    return (ptrdiff_t)length;
}

static ptrdiff_t scripted_write(void *stream, const void *buffer, size_t size)
{
    struct scripted *script = stream;
    ptrdiff_t most = script->writes[script->writes_done++];
    CHECK(size > 0);
    if (most <= 0)
        return most < 0 ? most : -EAGAIN;
    size_t taken = size < (size_t)most ? size : (size_t)most;
    memcpy(script->written + script->written_len, buffer, taken);
    script->written_len += taken;
    return (ptrdiff_t)taken;
}

/* No stream has a number like that: the end, which a result of 0 cannot stand for here. */
#define END "\x04"
static ptrdiff_t read_with_end(void *stream, void *buffer, size_t size)
{
    struct scripted *script = stream;
    const char *text = script->reads[script->reads_done].text;
    if (text && strcmp(text, END) == 0) {
        script->reads_done++;
        return 0;
    }
    return scripted_read(stream, buffer, size);
}

static struct mio_buffered *open_over(struct scripted *script, struct mio_buffered_options options)
{
    const struct mio_buffered_io io = {
        .read = read_with_end, .write = scripted_write, .may_be_short = true};
    struct mio_buffered *buffered = NULL;
    REQUIRE_EQ(mio_buffered_new(&io, script, &options, &buffered), 0);
    return buffered;
}

static const struct mio_buffered_options no_options;

/* A stream of which less than was asked for is all that there is for now. */
static struct mio_buffered *open_whole(struct scripted *script)
{
    const struct mio_buffered_io io = {.read = read_with_end, .write = scripted_write};
    struct mio_buffered *buffered = NULL;
    REQUIRE_EQ(mio_buffered_new(&io, script, NULL, &buffered), 0);
    return buffered;
}

/* An event of both directions, as a kernel would have it. */
static int tell(struct mio_buffered *buffered)
{
    struct mio_poll *poll = NULL;
    struct mio_events *events = NULL;
    struct mio_unix_stream ends[2];
    REQUIRE_EQ(mio_poll_new(NULL, &poll), 0);
    REQUIRE_EQ(mio_events_new(1, NULL, &events), 0);
    REQUIRE_EQ(mio_unix_stream_pair(NULL, &ends[0], &ends[1]), 0);
    REQUIRE_EQ(mio_unix_stream_write(&ends[1], "a", 1), 1);
    int error = 0;
    for (mio_interest side = MIO_READABLE; side != 0;
         side = side == MIO_READABLE ? MIO_WRITABLE : 0) {
        struct mio_source *source = &ends[0].source;
        REQUIRE_EQ(mio_source_register(source, mio_poll_registry(poll), 1, side), 0);
        REQUIRE_EQ(mio_poll_wait(poll, events, MIO_FOREVER), 1);
        int result = mio_buffered_event(buffered, mio_events_get(events, 0));
        error = error < 0 ? error : result;
        REQUIRE_EQ(mio_source_deregister(source), 0);
    }
    CHECK_EQ(mio_source_close(&ends[0].source), 0);
    CHECK_EQ(mio_source_close(&ends[1].source), 0);
    mio_events_free(events);
    mio_poll_free(poll);
    return error;
}

/* What a pipe tells whose other end is closed. */
static int tell_of_closed(struct mio_buffered *buffered, bool reads)
{
    struct mio_poll *poll = NULL;
    struct mio_events *events = NULL;
    struct mio_pipe_sender sender;
    struct mio_pipe_receiver receiver;
    REQUIRE_EQ(mio_poll_new(NULL, &poll), 0);
    REQUIRE_EQ(mio_events_new(4, NULL, &events), 0);
    REQUIRE_EQ(mio_pipe_open(&sender, &receiver), 0);
    struct mio_source *ours = reads ? &receiver.source : &sender.source;
    struct mio_source *others = reads ? &sender.source : &receiver.source;
    CHECK_EQ(mio_source_close(others), 0);
    REQUIRE_EQ(
        mio_source_register(ours, mio_poll_registry(poll), 1, reads ? MIO_READABLE : MIO_WRITABLE),
        0);
    REQUIRE_EQ(mio_poll_wait(poll, events, MIO_FOREVER), 1);
    int result = mio_buffered_event(buffered, mio_events_get(events, 0));
    CHECK_EQ(mio_source_close(ours), 0);
    mio_events_free(events);
    mio_poll_free(poll);
    return result;
}

static void expect_line(struct mio_buffered *buffered, const char *wanted, const char *file, int at)
{
    const char *line = NULL;
    size_t length = 99;
    int got = mio_buffered_line(buffered, &line, &length);
    if (!test_check_eq(got, 1, "mio_buffered_line()", "1", file, at))
        test_stop();
    test_check(length == strlen(wanted) && memcmp(line, wanted, length) == 0, wanted, file, at);
}
#define EXPECT_LINE(buffered, wanted) expect_line((buffered), (wanted), __FILE__, __LINE__)

static int no_line(struct mio_buffered *buffered)
{
    const char *line = NULL;
    size_t length = 99;
    int got = mio_buffered_line(buffered, &line, &length);
    CHECK(!line && length == 99);
    return got;
}

static void expect_some(struct mio_buffered *buffered, const char *wanted)
{
    const char *bytes = NULL;
    size_t length = 0;
    REQUIRE_EQ(mio_buffered_some(buffered, &bytes, &length), 1);
    CHECK_EQ(length, strlen(wanted));
    CHECK(memcmp(bytes, wanted, length) == 0);
}

TEST(buffered_lines_come_without_their_ends_and_the_last_may_lack_one)
{
    struct scripted script = {.reads = {{.text = "one\ntwo\r\n\n\r\nth"},
                                        {.result = -EAGAIN},
                                        {.text = "ree\r"},
                                        {.text = "\n"},
                                        {.text = "rest"},
                                        {.text = END}}};
    struct mio_buffered *buffered = open_over(&script, no_options);
    EXPECT_LINE(buffered, "one");
    EXPECT_LINE(buffered, "two");
    EXPECT_LINE(buffered, "");
    EXPECT_LINE(buffered, "");
    CHECK_EQ(no_line(buffered), 0);
    CHECK(!mio_buffered_has_ended(buffered));
    CHECK_EQ(script.reads_done, 2);
    CHECK_EQ(no_line(buffered), 0); /* there was no event */
    CHECK_EQ(script.reads_done, 2);
    CHECK_EQ(tell(buffered), 0);
    EXPECT_LINE(buffered, "three");
    EXPECT_LINE(buffered, "rest");
    CHECK(mio_buffered_has_ended(buffered));
    CHECK_EQ(no_line(buffered), 0);
    CHECK(mio_buffered_has_ended(buffered));
    mio_buffered_free(buffered);
}

TEST(buffered_records_have_the_length_that_is_asked_for)
{
    struct scripted script = {.reads = {{.text = "abc"}, {.text = "defgh"}, {.text = END}}};
    struct mio_buffered *buffered = open_over(&script, no_options);
    const char *bytes = NULL;
    REQUIRE_EQ(mio_buffered_take(buffered, 4, &bytes), 1);
    CHECK(memcmp(bytes, "abcd", 4) == 0);
    REQUIRE_EQ(mio_buffered_take(buffered, 2, &bytes), 1);
    CHECK(memcmp(bytes, "ef", 2) == 0);
    CHECK_EQ(mio_buffered_take(buffered, 3, &bytes), 0);
    CHECK(mio_buffered_has_ended(buffered)); /* what is left is too short */
    expect_some(buffered, "gh");
    CHECK(mio_buffered_has_ended(buffered));
    CHECK_EQ(mio_buffered_take(buffered, 1, &bytes), 0);
    mio_buffered_free(buffered);
}

TEST(buffered_what_is_too_long_is_refused_and_not_lost)
{
    const struct mio_buffered_options options = {.most_incoming = 4};
    struct scripted script = {.reads = {{.text = "abcd"}, {.text = "e\nf\n"}}};
    struct mio_buffered *buffered = open_over(&script, options);
    const char *bytes = NULL;
    CHECK_EQ(mio_buffered_take(buffered, 5, &bytes), -EMSGSIZE);
    CHECK_EQ(no_line(buffered), -EMSGSIZE);
    CHECK_EQ(no_line(buffered), -EMSGSIZE);
    expect_some(buffered, "abcd");
    EXPECT_LINE(buffered, "e");
    EXPECT_LINE(buffered, "f");
    CHECK_EQ(no_line(buffered), 0);
    mio_buffered_free(buffered);
}

/* The end is known before all that was there has been taken. */
TEST(buffered_the_end_is_told_when_everything_is_taken)
{
    struct scripted script = {.reads = {{.text = "abc"}, {.text = END}}};
    struct mio_buffered *buffered = open_over(&script, no_options);
    const char *bytes = NULL;
    size_t length = 0;
    CHECK_EQ(mio_buffered_take(buffered, 4, &bytes), 0);
    CHECK(mio_buffered_has_ended(buffered)); /* what is left is too short */
    REQUIRE_EQ(mio_buffered_take(buffered, 1, &bytes), 1);
    CHECK_EQ(bytes[0], 'a');
    CHECK(!mio_buffered_has_ended(buffered));
    expect_some(buffered, "bc");
    CHECK(mio_buffered_has_ended(buffered));
    CHECK_EQ(mio_buffered_some(buffered, &bytes, &length), 0);
    CHECK_EQ(tell(buffered), 0);
    CHECK_EQ(mio_buffered_some(buffered, &bytes, &length), 0);
    CHECK_EQ(script.reads_done, 2);
    mio_buffered_free(buffered);
}

/* A record may be longer than what is read at once otherwise. */
TEST(buffered_long_records_have_room_made_for_them)
{
    struct scripted script = {.reads = {{.text = "abc"}, {.result = -EAGAIN}}};
    struct mio_buffered *buffered = open_over(&script, no_options);
    const char *bytes = NULL;
    CHECK_EQ(mio_buffered_take(buffered, 5000, &bytes), 0);
    CHECK_EQ(script.reads_done, 2);
    expect_some(buffered, "abc");
    mio_buffered_free(buffered);
}

/* A short read drains a stream whose peer may go on, and says nothing of one that has ended. */
TEST(buffered_after_the_peers_end_a_short_read_is_not_all)
{
    struct scripted script = {
        .reads = {{.text = "a\n"}, {.text = "b\nc"}, {.text = "d"}, {.text = END}}};
    struct mio_buffered *buffered = open_whole(&script);
    EXPECT_LINE(buffered, "a");
    CHECK_EQ(no_line(buffered), 0);
    CHECK_EQ(script.reads_done, 1);
    for (int i = 0; i < 3; i++) /* an error, the end, and more of it */
        CHECK_EQ(tell_of_closed(buffered, i > 0), 0);
    EXPECT_LINE(buffered, "b");
    EXPECT_LINE(buffered, "cd");
    CHECK(mio_buffered_has_ended(buffered));
    mio_buffered_free(buffered);
}

TEST(buffered_a_short_write_fills_a_stream)
{
    struct scripted script = {.writes = {2, 100}};
    struct mio_buffered *buffered = open_whole(&script);
    CHECK_EQ(mio_buffered_write(buffered, "abc", 3), 0);
    CHECK_EQ(script.writes_done, 1);
    CHECK_EQ(mio_buffered_pending(buffered), 1);
    CHECK_EQ(tell(buffered), 0);
    CHECK_EQ(mio_buffered_pending(buffered), 0);
    mio_buffered_free(buffered);
}

TEST(buffered_an_error_of_reading_comes_behind_what_was_read)
{
    struct scripted script = {.reads = {{.text = "one\ntw"}, {.result = -ECONNRESET}}};
    struct mio_buffered *buffered = open_over(&script, no_options);
    EXPECT_LINE(buffered, "one");
    CHECK_EQ(no_line(buffered), -ECONNRESET);
    CHECK_EQ(tell(buffered), 0); /* writing has found nothing */
    CHECK_EQ(no_line(buffered), -ECONNRESET);
    expect_some(buffered, "tw");
    CHECK_EQ(no_line(buffered), -ECONNRESET);
    CHECK_EQ(script.reads_done, 2);
    CHECK(!mio_buffered_has_ended(buffered));
    mio_buffered_free(buffered);
}

TEST(buffered_an_error_of_reading_a_record)
{
    struct scripted script = {.reads = {{.text = "ab"}, {.result = -ECONNRESET}}};
    struct mio_buffered *buffered = open_over(&script, no_options);
    const char *bytes = NULL;
    size_t length = 0;
    CHECK_EQ(mio_buffered_take(buffered, 3, &bytes), -ECONNRESET);
    expect_some(buffered, "ab");
    CHECK_EQ(mio_buffered_some(buffered, &bytes, &length), -ECONNRESET);
    CHECK_EQ(mio_buffered_take(buffered, 1, &bytes), -ECONNRESET);
    mio_buffered_free(buffered);
}

TEST(buffered_what_finds_no_room_is_written_with_the_next_event)
{
    struct scripted script = {.writes = {2, 0, 3, 1, 0, 100, 100}};
    struct mio_buffered *buffered = open_over(&script, no_options);
    CHECK_EQ(mio_buffered_write(buffered, "hello ", 6), 0);
    CHECK_EQ(mio_buffered_pending(buffered), 4);
    CHECK_EQ(mio_buffered_write(buffered, "world", 5), 0); /* behind the other */
    CHECK_EQ(mio_buffered_pending(buffered), 9);
    CHECK_EQ(script.writes_done, 2);
    CHECK_EQ(tell(buffered), 0);
    CHECK_EQ(mio_buffered_pending(buffered), 5);
    CHECK_EQ(tell(buffered), 0);
    CHECK_EQ(mio_buffered_pending(buffered), 0);
    CHECK_EQ(mio_buffered_write(buffered, "!", 1), 0);
    CHECK_EQ(mio_buffered_write(buffered, NULL, 0), 0);
    CHECK_EQ(mio_buffered_pending(buffered), 0);
    CHECK_EQ(script.written_len, 12);
    CHECK(memcmp(script.written, "hello world!", 12) == 0);
    mio_buffered_free(buffered);
}

TEST(buffered_no_more_waits_than_the_bound_and_nothing_is_taken_in_part)
{
    const struct mio_buffered_options options = {.most_outgoing = 8, .high_mark = 6, .low_mark = 2};
    struct scripted script = {.writes = {0, 3, 0, 1, 0, 100}};
    struct mio_buffered *buffered = open_over(&script, options);
    CHECK_EQ(mio_buffered_write(buffered, "123456789", 9), -ENOBUFS);
    CHECK_EQ(script.writes_done, 0);
    CHECK_EQ(mio_buffered_write(buffered, "12345", 5), 0);
    CHECK(!mio_buffered_is_congested(buffered));
    CHECK_EQ(mio_buffered_write(buffered, "6", 1), 0);
    CHECK(mio_buffered_is_congested(buffered));
    CHECK_EQ(mio_buffered_write(buffered, "789", 3), -ENOBUFS);
    CHECK_EQ(mio_buffered_pending(buffered), 6);
    CHECK_EQ(tell(buffered), 0);
    CHECK_EQ(mio_buffered_pending(buffered), 3);
    CHECK(mio_buffered_is_congested(buffered)); /* until the low mark */
    CHECK_EQ(tell(buffered), 0);
    CHECK_EQ(mio_buffered_pending(buffered), 2);
    CHECK(!mio_buffered_is_congested(buffered));
    CHECK_EQ(mio_buffered_write(buffered, "78", 2), 0);
    CHECK_EQ(tell(buffered), 0);
    CHECK(script.written_len == 8 && memcmp(script.written, "12345678", 8) == 0);
    mio_buffered_free(buffered);
}

/* What waits grows to the bound, whichever number that is. */
TEST(buffered_a_bound_that_is_no_power_of_two)
{
    const struct mio_buffered_options options = {.most_outgoing = 3000};
    static const char bytes[2500];
    struct scripted script = {.writes = {0}};
    struct mio_buffered *buffered = open_over(&script, options);
    CHECK_EQ(mio_buffered_write(buffered, bytes, sizeof bytes), 0);
    CHECK_EQ(mio_buffered_write(buffered, bytes, 501), -ENOBUFS);
    CHECK_EQ(mio_buffered_write(buffered, bytes, 500), 0);
    CHECK_EQ(mio_buffered_pending(buffered), 3000);
    mio_buffered_free(buffered);
}

TEST(buffered_a_stream_that_is_broken_takes_nothing)
{
    struct scripted script = {.writes = {-EPIPE}};
    struct mio_buffered *buffered = open_over(&script, no_options);
    CHECK_EQ(mio_buffered_write(buffered, "abc", 3), -EPIPE);
    CHECK_EQ(mio_buffered_pending(buffered), 0);
    CHECK_EQ(mio_buffered_write(buffered, "abc", 3), -EPIPE);
    CHECK_EQ(script.writes_done, 1);
    mio_buffered_free(buffered);
}

TEST(buffered_a_broken_stream_stays_broken)
{
    struct scripted script = {.writes = {1, 0, -EPIPE, 100}};
    struct mio_buffered *buffered = open_over(&script, no_options);
    CHECK_EQ(mio_buffered_write(buffered, "abc", 3), 0);
    CHECK_EQ(tell(buffered), -EPIPE);
    CHECK_EQ(mio_buffered_write(buffered, "d", 1), -EPIPE);
    CHECK_EQ(tell(buffered), -EPIPE);
    CHECK_EQ(script.writes_done, 3);
    mio_buffered_free(buffered);
}

/* --- memory --- */

static size_t held;

static void *allocate_counted(size_t size, void *user)
{
    (void)user;
    held += size;
    return malloc(size);
}

static void release_counted(void *block, size_t size, void *user)
{
    (void)user;
    held -= size;
    free(block);
}

TEST(buffered_an_idle_stream_holds_no_buffers)
{
    const struct mio_allocator allocator = {.allocate = allocate_counted,
                                            .release = release_counted};
    const struct mio_buffered_options options = {.allocator = &allocator};
    struct scripted script = {.reads = {{.text = "line\n"}}, .writes = {1, 0, 100}};
    held = 0;
    struct mio_buffered *buffered = open_over(&script, options);
    size_t alone = held;
    CHECK(alone > 0 && alone <= 256);
    EXPECT_LINE(buffered, "line");
    CHECK_EQ(mio_buffered_write(buffered, "abc", 3), 0);
    CHECK(held > alone);
    CHECK_EQ(no_line(buffered), 0);
    CHECK_EQ(tell(buffered), 0);
    CHECK_EQ(held, alone);
    mio_buffered_free(buffered);
    CHECK_EQ(held, 0);
}

TEST(buffered_without_memory_nothing_is_lost)
{
    struct scripted script = {.reads = {{.text = "line\n"}}, .writes = {100}};
    struct mio_buffered *buffered = open_over(&script, no_options);
    test_fail_allocation(1);
    CHECK_EQ(no_line(buffered), -ENOMEM);
    const char *bytes = NULL;
    size_t length = 0;
    test_fail_allocation(1);
    CHECK_EQ(mio_buffered_take(buffered, 1, &bytes), -ENOMEM);
    test_fail_allocation(1);
    CHECK_EQ(mio_buffered_some(buffered, &bytes, &length), -ENOMEM);
    test_fail_allocation(1);
    CHECK_EQ(mio_buffered_write(buffered, "abc", 3), -ENOMEM);
    CHECK(script.reads_done == 0 && script.writes_done == 0);
    EXPECT_LINE(buffered, "line");
    CHECK_EQ(mio_buffered_write(buffered, "abc", 3), 0);
    CHECK_EQ(script.written_len, 3);
    mio_buffered_free(buffered);
    test_fail_allocation(1);
    const struct mio_buffered_io io = {.read = scripted_read, .write = scripted_write};
    buffered = NULL;
    CHECK_EQ(mio_buffered_new(&io, &script, NULL, &buffered), -ENOMEM);
    CHECK(!buffered);
}

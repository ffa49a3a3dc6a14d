/* SPDX-License-Identifier: MIT */
/* EVFILT_READ and EVFILT_WRITE on pipes: space, ends, and the wrong direction. */
#include "test_support.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

static uint32_t without_eof(const struct kevent *event)
{
    return (uint32_t)event->flags & ~((uint32_t)EV_EOF | expected.eof_without_data);
}

TEST(pipe_fresh_write_end)
{
    int ends[2];
    open_pipe(ends);
    int kq = watch(ends[1], EVFILT_WRITE);
    struct kevent event;
    REQUIRE(fetch_one(kq, &event));
    CHECK_EQ(event.filter, EVFILT_WRITE);
    CHECK_EQ(event.flags, expected_echo(EV_ADD | EV_CLEAR | EV_RECEIPT));
    CHECK(event.data >= PIPE_LOW_WATER);
    CHECK_STATED(event.data, expected.pipe_space);
    CHECK(quiet(kq));
    close(kq);
    close_both(ends);
}

TEST(k37_own_write_to_a_pipe)
{
    NEED_STATED(expected.own_write_fires);
    int ends[2];
    open_pipe(ends);
    int kq = watch(ends[1], EVFILT_WRITE);
    int read_kq = watch(ends[0], EVFILT_READ);
    struct kevent event;
    REQUIRE(fetch_one(kq, &event));
    put(ends[1], "hello");
    CHECK_EQ(fetch_one(kq, &event), expected.own_write_fires);
    if (expected.own_write_fires && expected.pipe_space != UNSTATED)
        CHECK_EQ(event.data, expected.pipe_space - 5);
    REQUIRE(fetch_one(read_kq, &event));
    CHECK_EQ(event.data, 5);
    close(kq);
    close(read_kq);
    close_both(ends);
}

TEST(k37_read_of_the_other_end_fires_write_again)
{
    NEED_STATED(expected.pipe_read_fires_write);
    int ends[2];
    open_pipe(ends);
    put(ends[1], "hello");
    int kq = watch(ends[1], EVFILT_WRITE);
    CHECK(!quiet(kq));
    take(ends[0], 2);
    CHECK_EQ(!quiet(kq), expected.pipe_read_fires_write);
    close(kq);
    close_both(ends);
}

TEST(small_read_of_a_full_pipe)
{
    NEED_STATED(expected.small_read_of_full_pipe_fires);
    int ends[2];
    open_pipe(ends);
    fill(ends[1]);
    int kq = watch(ends[0], EVFILT_READ);
    CHECK(!quiet(kq));
    take(ends[0], 100);
    CHECK_EQ(!quiet(kq), expected.small_read_of_full_pipe_fires);
    close(kq);
    close_both(ends);
}

TEST(read_that_gives_eagain)
{
    NEED_STATED(expected.failed_read_fires_write);
    int ends[2];
    open_pipe(ends);
    int kq = watch(ends[1], EVFILT_WRITE);
    CHECK(!quiet(kq));
    char byte;
    CHECK_EQ(read(ends[0], &byte, 1), -1);
    CHECK_EQ(errno, EAGAIN);
    CHECK_EQ(!quiet(kq), expected.failed_read_fires_write);
    close(kq);
    close_both(ends);
}

TEST(dragonfly_write_waits_for_a_half_empty_pipe)
{
    if (!expected.write_waits_for_half)
        SKIP("on this system a read that leaves 512 bytes free is enough");
    int ends[2];
    open_pipe(ends);
    static const char block[20480];
    REQUIRE_EQ(write(ends[1], block, sizeof block), (ssize_t)sizeof block);
    int kq = watch(ends[1], EVFILT_WRITE);
    CHECK(!quiet(kq));
    take(ends[0], 2048);
    CHECK(quiet(kq)); /* 18432 of 32768 are left */
    take(ends[0], 4096);
    CHECK(!quiet(kq));
    close(kq);
    close_both(ends);
}

TEST(pipe_write_needs_512_bytes)
{
    int ends[2];
    open_pipe(ends);
    size_t written = fill(ends[1]);
    int kq = watch(ends[1], EVFILT_WRITE);
    CHECK(quiet(kq));
    take(ends[0], 100);
    CHECK(quiet(kq));
    CHECK_EQ(drain(ends[0]), written - 100);
    struct kevent event;
    REQUIRE(await(kq, &event));
    CHECK(event.data >= PIPE_LOW_WATER);
    CHECK_STATED(event.data, expected.pipe_space_drained);
    close(kq);
    close_both(ends);
}

TEST(level_write_on_a_pipe_is_silent_while_full)
{
    int ends[2];
    open_pipe(ends);
    int kq = open_kqueue();
    CHECK_EQ(ask(kq, ends[1], EVFILT_WRITE, EV_ADD, TOKEN), 0);
    CHECK(!quiet(kq) && !quiet(kq));
    fill(ends[1]);
    CHECK(quiet(kq));
    drain(ends[0]);
    CHECK(!quiet(kq) && !quiet(kq));
    close(kq);
    close_both(ends);
}

TEST(pipe_writer_close_is_read_eof)
{
    int ends[2];
    open_pipe(ends);
    int kq = watch(ends[0], EVFILT_READ);
    put(ends[1], "x");
    CHECK_EQ(close(ends[1]), 0);
    struct kevent event;
    REQUIRE(await_eof(kq, &event));
    CHECK_EQ(event.data, 1);
    CHECK_EQ(event.fflags, 0);
    CHECK_EQ(without_eof(&event), expected_echo(EV_ADD | EV_CLEAR | EV_RECEIPT));
    close(kq);
    close(ends[0]);
}

TEST(pipe_writer_close_without_data_is_read_eof)
{
    int ends[2];
    open_pipe(ends);
    int kq = watch(ends[0], EVFILT_READ);
    CHECK_EQ(close(ends[1]), 0);
    struct kevent event;
    REQUIRE(fetch_one(kq, &event));
    uint32_t added = EV_ADD | EV_CLEAR | EV_RECEIPT;
    uint32_t eof = EV_EOF | expected.eof_without_data;
    CHECK_EQ(event.flags, expected_echo(added) | eof);
    CHECK_EQ(event.data, 0);
    close(kq);
    close(ends[0]);
}

TEST(pipe_partial_read_after_the_writer_closed)
{
    NEED_STATED(expected.pipe_partial_read_after_eof_fires);
    int ends[2];
    open_pipe(ends);
    int kq = watch(ends[0], EVFILT_READ);
    put(ends[1], "hello");
    CHECK_EQ(close(ends[1]), 0);
    struct kevent event;
    REQUIRE(await_eof(kq, &event));
    CHECK_EQ(event.data, 5);
    take(ends[0], 2);
    CHECK_EQ(fetch_one(kq, &event), expected.pipe_partial_read_after_eof_fires);
    if (expected.pipe_partial_read_after_eof_fires) {
        CHECK(event.flags & EV_EOF);
        CHECK_EQ(event.data, 3);
    }
    close(kq);
    close(ends[0]);
}

TEST(pipe_last_byte_read_after_the_writer_closed)
{
    NEED_STATED(expected.pipe_last_read_after_eof_fires);
    int ends[2];
    open_pipe(ends);
    int kq = watch(ends[0], EVFILT_READ);
    put(ends[1], "x");
    CHECK_EQ(close(ends[1]), 0);
    struct kevent event;
    REQUIRE(await_eof(kq, &event));
    CHECK_EQ(event.data, 1);
    take(ends[0], 1);
    CHECK_EQ(fetch_one(kq, &event), expected.pipe_last_read_after_eof_fires);
    if (expected.pipe_last_read_after_eof_fires) {
        CHECK(event.flags & EV_EOF);
        CHECK_EQ(event.data, 0);
    }
    close(kq);
    close(ends[0]);
}

TEST(pipe_read_at_the_end)
{
    NEED_STATED(expected.pipe_read_at_end_fires);
    int ends[2];
    open_pipe(ends);
    int kq = watch(ends[0], EVFILT_READ);
    CHECK_EQ(close(ends[1]), 0);
    struct kevent event;
    REQUIRE(fetch_one(kq, &event));
    CHECK(quiet(kq));
    char byte;
    CHECK_EQ(read(ends[0], &byte, 1), 0);
    CHECK_EQ(fetch_one(kq, &event), expected.pipe_read_at_end_fires);
    close(kq);
    close(ends[0]);
}

TEST(pipe_read_added_after_the_writer_closed)
{
    int ends[2];
    open_pipe(ends);
    put(ends[1], "hello");
    CHECK_EQ(close(ends[1]), 0);
    int kq = watch(ends[0], EVFILT_READ);
    struct kevent event;
    REQUIRE(fetch_one(kq, &event));
    CHECK(event.flags & EV_EOF);
    CHECK_EQ(event.data, 5);
    close(kq);
    close(ends[0]);
}

TEST(pipe_level_eof_is_reported_at_every_fetch)
{
    int ends[2];
    open_pipe(ends);
    int kq = open_kqueue();
    CHECK_EQ(ask(kq, ends[0], EVFILT_READ, EV_ADD, TOKEN), 0);
    CHECK_EQ(close(ends[1]), 0);
    struct kevent event;
    for (int i = 0; i < 3; i++) {
        REQUIRE(fetch_one(kq, &event));
        CHECK(event.flags & EV_EOF);
    }
    close(kq);
    close(ends[0]);
}

TEST(pipe_reader_close_is_write_eof)
{
    int ends[2];
    open_pipe(ends);
    int kq = watch(ends[1], EVFILT_WRITE);
    CHECK(!quiet(kq));
    CHECK_EQ(close(ends[0]), 0);
    struct kevent event;
    REQUIRE(fetch_one(kq, &event));
    CHECK(event.flags & EV_EOF);
    CHECK_STATED(event.data, expected.pipe_data_without_reader);
    CHECK_EQ(event.flags & EV_ONESHOT, expected.reader_close_is_oneshot ? EV_ONESHOT : 0);
    CHECK_EQ((uint32_t)event.flags & expected.eof_without_data, expected.eof_without_data);
    CHECK(quiet(kq));
    int gone = expected.reader_close_is_oneshot ? ENOENT : 0;
    CHECK_EQ(ask(kq, ends[1], EVFILT_WRITE, EV_DELETE, TOKEN), gone);
    close(kq);
    close(ends[1]);
}

TEST(freebsd_pipe_reader_close_is_oneshot)
{
    if (!expected.reader_close_is_oneshot)
        SKIP("the knote stays on this system (pipe_reader_close_is_write_eof)");
    int ends[2];
    open_pipe(ends);
    int kq = open_kqueue();
    CHECK_EQ(ask(kq, ends[1], EVFILT_WRITE, EV_ADD, TOKEN), 0); /* level, and yet once */
    CHECK(!quiet(kq));
    CHECK_EQ(close(ends[0]), 0);
    struct kevent event;
    REQUIRE(fetch_one(kq, &event));
    CHECK_EQ(event.flags, expected_echo(EV_ADD | EV_RECEIPT) | EV_EOF | EV_ONESHOT);
    CHECK(quiet(kq));
    CHECK_EQ(ask(kq, ends[1], EVFILT_WRITE, EV_ENABLE, TOKEN), ENOENT);
    close(kq);
    close(ends[1]);
}

TEST(reader_close_of_a_full_pipe)
{
    NEED_STATED(expected.reader_close_of_full_pipe_fires);
    static const uint32_t modes[] = {0, EV_CLEAR, EV_DISPATCH};
    for (size_t i = 0; i < sizeof modes / sizeof modes[0]; i++) {
        int ends[2];
        open_pipe(ends);
        fill(ends[1]);
        int kq = open_kqueue();
        CHECK_EQ(ask(kq, ends[1], EVFILT_WRITE, EV_ADD | modes[i], TOKEN), 0);
        CHECK(quiet(kq));
        CHECK_EQ(close(ends[0]), 0);
        CHECK_EQ(!quiet(kq), expected.reader_close_of_full_pipe_fires);
        if (expected.full_pipe_told_by_add == 1) {
            struct kevent event;
            CHECK_EQ(ask(kq, ends[1], EVFILT_WRITE, EV_ADD | EV_ENABLE, TOKEN), 0);
            REQUIRE(fetch_one(kq, &event));
            CHECK(event.flags & EV_EOF);
            CHECK_EQ(event.data, 0);
        }
        close(kq);
        close(ends[1]);
    }
}

TEST(reader_close_of_a_full_pipe_whose_knote_is_queued)
{
    NEED_STATED(expected.full_pipe_told_if_queued);
    int ends[2];
    open_pipe(ends);
    int kq = watch(ends[1], EVFILT_WRITE);
    fill(ends[1]);
    CHECK_EQ(close(ends[0]), 0);
    struct kevent event;
    CHECK_EQ(fetch_one(kq, &event), expected.full_pipe_told_if_queued);
    CHECK(event.flags & EV_EOF);
    close(kq);
    close(ends[1]);
}

TEST(reader_close_of_a_full_pipe_is_told_to_the_read_filter)
{
    NEED_STATED(expected.read_on_write_end_eof);
    int ends[2];
    open_pipe(ends);
    fill(ends[1]);
    int kq = watch(ends[1], EVFILT_READ);
    CHECK(quiet(kq));
    CHECK_EQ(close(ends[0]), 0);
    struct kevent event;
    CHECK_EQ(fetch_one(kq, &event), expected.read_on_write_end_eof);
    CHECK(event.flags & EV_EOF);
    close(kq);
    close(ends[1]);
}

TEST(k9_write_added_to_a_pipe_without_reader)
{
    int ends[2];
    open_pipe(ends);
    CHECK_EQ(close(ends[0]), 0);
    int kq = open_kqueue();
    int error = ask(kq, ends[1], EVFILT_WRITE, EV_ADD | EV_CLEAR, TOKEN);
    CHECK_EQ(error, expected.write_without_reader);
    CHECK(fcntl(ends[1], F_GETFD) >= 0); /* EBADF here does not mean a closed descriptor */
    struct kevent event;
    CHECK_EQ(fetch_one(kq, &event), expected.write_without_reader == 0);
    if (expected.write_without_reader == 0)
        CHECK(event.flags & EV_EOF);
    int gone = expected.write_without_reader == 0 ? 0 : ENOENT; /* refused: nothing is attached */
    CHECK_EQ(ask(kq, ends[1], EVFILT_WRITE, EV_DELETE, TOKEN), gone);
    close(kq);
    close(ends[1]);
}

TEST(k9_refusal_does_not_stop_the_read_filter)
{
    int ends[2];
    open_pipe(ends);
    CHECK_EQ(close(ends[0]), 0);
    int other[2];
    open_pipe(other);
    put(other[1], "x");
    int kq = open_kqueue();
    uint32_t flags = EV_ADD | EV_CLEAR | EV_RECEIPT;
    struct kevent list[2] = {
        change((uintptr_t)ends[1], EVFILT_WRITE, flags, 0, 0, TOKEN),
        change((uintptr_t)other[0], EVFILT_READ, flags, 0, 0, TOKEN),
    };
    REQUIRE_EQ(apply(kq, list, 2, list, 2), 2);
    CHECK_EQ(list[0].data, expected.write_without_reader);
    CHECK_EQ(list[1].data, 0);
    struct tally tally = {0};
    collect(kq, &tally);
    CHECK_EQ(tally.reads, 1);
    close(kq);
    close(ends[1]);
    close_both(other);
}

TEST(k24_read_on_the_write_end)
{
    int ends[2];
    open_pipe(ends);
    int kq = watch(ends[1], EVFILT_READ); /* accepted by all five */
    CHECK(quiet(kq));
    CHECK_EQ(close(ends[0]), 0);
    struct kevent event;
    bool fired = fetch_one(kq, &event);
    CHECK_STATED(fired, expected.read_on_write_end_eof);
    if (fired && expected.read_on_write_end_eof == 1)
        CHECK(event.flags & EV_EOF);
    close(kq);
    close(ends[1]);
}

TEST(k24_write_on_the_read_end)
{
    NEED_STATED(expected.write_on_read_end_ready);
    int ends[2];
    open_pipe(ends);
    int kq = watch(ends[0], EVFILT_WRITE);
    struct kevent event;
    bool fired = fetch_one(kq, &event);
    CHECK_EQ(fired, expected.write_on_read_end_ready);
    if (fired)
        CHECK_STATED(event.data, expected.pipe_space_on_read_end);
    close(kq);
    close_both(ends);
}

TEST(macos_wrong_direction_ends_with_eof)
{
    if (!expected.wrong_direction_waits_for_eof)
        SKIP("only macOS attaches a filter that waits for the end");
    int ends[2];
    open_pipe(ends);
    int kq = watch(ends[0], EVFILT_WRITE);
    CHECK(quiet(kq));
    CHECK_EQ(close(ends[1]), 0);
    struct kevent event;
    REQUIRE(fetch_one(kq, &event));
    CHECK(event.flags & EV_EOF);
    CHECK_EQ(event.data, 0);
    close(kq);
    close(ends[0]);
}

TEST(pipe_and_unix_socket_refuse_no_filter_they_have)
{
    int pipe_ends[2];
    int unix_ends[2];
    open_pipe(pipe_ends);
    open_unix(unix_ends, SOCK_STREAM);
    int kq = open_kqueue();
    CHECK_EQ(ask(kq, pipe_ends[0], EVFILT_READ, EV_ADD, TOKEN), 0);
    CHECK_EQ(ask(kq, pipe_ends[1], EVFILT_WRITE, EV_ADD, TOKEN), 0);
    CHECK_EQ(ask(kq, unix_ends[0], EVFILT_READ, EV_ADD, TOKEN), 0);
    CHECK_EQ(ask(kq, unix_ends[0], EVFILT_WRITE, EV_ADD, TOKEN), 0);
    close(kq);
    close_both(pipe_ends);
    close_both(unix_ends);
}

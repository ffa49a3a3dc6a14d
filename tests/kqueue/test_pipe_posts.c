/* SPDX-License-Identifier: MIT */
/*
 * What a read or a write of a pipe posts, whether it moved anything or not, and what the wrong
 * direction is told.
 */
#include "test_support.h"

#include <errno.h>
#include <unistd.h>

enum { PIPE_QUARTER = 8192 };

TEST(write_that_must_not_be_split)
{
    NEED_STATED(expected.atomic_write_fires_read);
    static const char block[PIPE_LOW_WATER];
    int ends[2];
    open_pipe(ends);
    fill(ends[1]);
    take(ends[0], 100);
    int kq = watch(ends[0], EVFILT_READ);
    CHECK(!quiet(kq));
    CHECK_EQ(write(ends[1], block, sizeof block), -1);
    CHECK_EQ(errno, EAGAIN);
    CHECK_EQ(!quiet(kq), expected.atomic_write_fires_read);
    close(kq);
    close_both(ends);
}

TEST(write_to_a_full_pipe)
{
    NEED_STATED(expected.full_write_fires_read);
    int ends[2];
    open_pipe(ends);
    fill(ends[1]);
    int kq = watch(ends[0], EVFILT_READ);
    CHECK(!quiet(kq));
    CHECK_EQ(write(ends[1], "x", 1), -1);
    CHECK_EQ(errno, EAGAIN);
    CHECK_EQ(!quiet(kq), expected.full_write_fires_read);
    close(kq);
    close_both(ends);
}

TEST(pipe_grows_for_a_large_write)
{
    NEED_STATED(expected.pipe_space_grown);
    static const char block[70000];
    int ends[2];
    open_pipe(ends);
    int kq = watch(ends[0], EVFILT_READ);
    CHECK_EQ(write(ends[1], block, sizeof block), expected.pipe_space_grown);
    struct kevent event;
    REQUIRE(fetch_one(kq, &event));
    CHECK_EQ(event.data, expected.pipe_space_grown);
    drain(ends[0]);
    int write_kq = watch(ends[1], EVFILT_WRITE);
    REQUIRE(fetch_one(write_kq, &event));
    CHECK_EQ(event.data, expected.pipe_space_grown);
    close(kq);
    close(write_kq);
    close_both(ends);
}

TEST(level_write_on_a_pipe_that_was_full)
{
    NEED_STATED(expected.level_write_with_some_room);
    int ends[2];
    open_pipe(ends);
    int kq = open_kqueue();
    CHECK_EQ(ask(kq, ends[1], EVFILT_WRITE, EV_ADD, TOKEN), 0);
    CHECK(!quiet(kq));
    size_t written = fill(ends[1]);
    CHECK(quiet(kq));
    take(ends[0], PIPE_QUARTER);
    CHECK_EQ(!quiet(kq), expected.level_write_with_some_room);
    CHECK_EQ(ask(kq, ends[1], EVFILT_WRITE, EV_ADD, TOKEN), 0); /* a touch looks again */
    CHECK(!quiet(kq) && !quiet(kq));
    fill(ends[1]);
    CHECK(quiet(kq));
    CHECK_EQ(drain(ends[0]), written);
    CHECK(!quiet(kq) && !quiet(kq));
    close(kq);
    close_both(ends);
}

TEST(dispatch_write_on_a_pipe_that_was_full)
{
    NEED_STATED(expected.level_write_with_some_room);
    int ends[2];
    open_pipe(ends);
    fill(ends[1]);
    int kq = open_kqueue();
    CHECK_EQ(ask(kq, ends[1], EVFILT_WRITE, EV_ADD | EV_DISPATCH, TOKEN), 0);
    CHECK(quiet(kq));
    take(ends[0], PIPE_QUARTER);
    CHECK_EQ(!quiet(kq), expected.level_write_with_some_room);
    CHECK_EQ(ask(kq, ends[1], EVFILT_WRITE, EV_ADD | EV_ENABLE | EV_DISPATCH, TOKEN), 0);
    CHECK(!quiet(kq));
    close(kq);
    close_both(ends);
}

TEST(pipe_without_reader_has_no_room)
{
    int ends[2];
    open_pipe(ends);
    put(ends[1], "hello");
    int kq = watch(ends[1], EVFILT_WRITE);
    struct kevent event;
    REQUIRE(fetch_one(kq, &event));
    int64_t space = event.data;
    CHECK_EQ(close(ends[0]), 0);
    REQUIRE(fetch_one(kq, &event));
    CHECK(event.flags & EV_EOF);
    CHECK_EQ(event.data, expected.pipe_end_carries_space ? space : 0);
    close(kq);
    close(ends[1]);
}

TEST(k36_note_lowat_on_a_pipe)
{
    NEED_STATED(expected.pipe_low_water);
    int ends[2];
    open_pipe(ends);
    put(ends[1], "hello");
    int kq = open_kqueue();
    uintptr_t reader = (uintptr_t)ends[0];
    CHECK_EQ(ask_with(kq, reader, EVFILT_READ, EV_ADD, NOTE_LOWAT, 6, TOKEN), 0);
    CHECK_EQ(quiet(kq), expected.pipe_low_water);
    put(ends[1], "x");
    CHECK(!quiet(kq));
    close(kq);
    close_both(ends);
}

TEST(k24_write_on_the_read_end_and_writes_of_the_other)
{
    NEED_STATED(expected.write_on_read_end_follows_writes);
    int ends[2];
    open_pipe(ends);
    int kq = watch(ends[0], EVFILT_WRITE);
    CHECK_EQ(!quiet(kq), expected.write_on_read_end_ready);
    for (int i = 0; i < 2; i++) {
        put(ends[1], "x");
        CHECK_EQ(!quiet(kq), expected.write_on_read_end_follows_writes);
    }
    take(ends[0], 1);
    CHECK(quiet(kq));
    close(kq);
    close_both(ends);
}

TEST(k24_write_on_the_read_end_and_the_end_of_the_other)
{
    NEED_STATED(expected.write_on_read_end_eof);
    int ends[2];
    open_pipe(ends);
    int kq = watch(ends[0], EVFILT_WRITE);
    CHECK_EQ(!quiet(kq), expected.write_on_read_end_ready);
    CHECK_EQ(close(ends[1]), 0);
    struct kevent event;
    CHECK_EQ(fetch_one(kq, &event), expected.write_on_read_end_eof);
    CHECK_EQ((event.flags & EV_EOF) != 0, expected.write_on_read_end_eof);
    close(kq);
    close(ends[0]);
}

TEST(k24_read_on_the_write_end_is_silent_until_its_end)
{
    int ends[2];
    open_pipe(ends);
    int kq = watch(ends[1], EVFILT_READ);
    put(ends[1], "hello");
    CHECK(quiet(kq));
    take(ends[0], 2);
    CHECK(quiet(kq));
    CHECK_EQ(close(ends[0]), 0);
    struct kevent event;
    bool fired = fetch_one(kq, &event);
    CHECK_STATED(fired, expected.read_on_write_end_eof);
    if (fired) {
        /* What the reader left unread is not this end's. */
        CHECK_EQ(event.data, 0);
        CHECK_EQ((uint32_t)event.flags & expected.eof_without_data, expected.eof_without_data);
    }
    close(kq);
    close(ends[1]);
}

TEST(k24_read_added_to_the_write_end_without_reader)
{
    NEED_STATED(expected.late_read_on_write_end_eof);
    int ends[2];
    open_pipe(ends);
    put(ends[1], "hello");
    CHECK_EQ(close(ends[0]), 0);
    int kq = watch(ends[1], EVFILT_READ);
    struct kevent event;
    CHECK_EQ(fetch_one(kq, &event), expected.late_read_on_write_end_eof);
    CHECK(event.flags & EV_EOF);
    CHECK_EQ((uint32_t)event.flags & expected.eof_without_data, expected.eof_without_data);
    close(kq);
    close(ends[1]);
}

/* SPDX-License-Identifier: MIT */
/*
 * FIFOs: their ends that come and go, and what a call posts (K21, K24).
 *
 * FreeBSD's are pipes, those of the other BSDs pairs of Unix sockets, and macOS's tell of no end.
 */
#include "test_support.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

enum { FIFO_LOW_WATER = 512 };

static struct place make_fifo(void)
{
    struct place place = make_place();
    REQUIRE_EQ(mkfifo(place.path, 0600), 0);
    return place;
}

static int open_end(const struct place *place, int mode)
{
    int fd = open(place->path, mode | O_NONBLOCK);
    REQUIRE(fd >= 0);
    return fd;
}

/* Both ends of a FIFO whose name is already gone from the file system. */
static void open_fifo(int ends[2])
{
    struct place place = make_fifo();
    ends[0] = open_end(&place, O_RDONLY);
    ends[1] = open_end(&place, O_WRONLY);
    remove_place(&place);
}

TEST(fifo_reports_data_and_space)
{
    int ends[2];
    open_fifo(ends);
    int kq = open_kqueue();
    CHECK_EQ(ask(kq, ends[0], EVFILT_READ, EV_ADD | EV_CLEAR, TOKEN), 0);
    CHECK_EQ(ask(kq, ends[1], EVFILT_WRITE, EV_ADD | EV_CLEAR, TOKEN), 0);
    struct tally tally = {0};
    REQUIRE(collect_until(kq, &tally, 0, 1));
    CHECK(tally.write.data > 0);
    CHECK_EQ(tally.reads, 0);
    put(ends[1], "hello");
    REQUIRE(collect_until(kq, &tally, 1, 0));
    CHECK_EQ(tally.read.data, 5);
    CHECK_EQ(tally.read.flags & EV_EOF, 0);
    close(kq);
    close_both(ends);
}

TEST(k21_fifo_whose_last_writer_left)
{
    NEED_STATED(expected.fifo_eof);
    int ends[2];
    open_fifo(ends);
    int kq = open_kqueue();
    CHECK_EQ(ask(kq, ends[0], EVFILT_READ, EV_ADD | EV_CLEAR, TOKEN), 0);
    CHECK(quiet(kq));
    CHECK_EQ(close(ends[1]), 0);
    struct kevent event;
    CHECK_EQ(fetch_one(kq, &event), expected.fifo_eof);
    CHECK_EQ((event.flags & EV_EOF) != 0, expected.fifo_eof);
    close(kq);
    close(ends[0]);
}

TEST(fifo_opened_in_the_other_direction)
{
    NEED_STATED(expected.fifo_wrong_direction);
    int ends[2];
    open_fifo(ends);
    int kq = open_kqueue();
    CHECK_EQ(ask(kq, ends[1], EVFILT_READ, EV_ADD, TOKEN), expected.fifo_wrong_direction);
    CHECK_EQ(ask(kq, ends[0], EVFILT_WRITE, EV_ADD, TOKEN), expected.fifo_wrong_direction);
    close(kq);
    close_both(ends);
}

TEST(except_on_a_fifo)
{
    NEED_STATED(expected.except_on_fifo);
    int ends[2];
    open_fifo(ends);
    int kq = open_kqueue();
    CHECK_EQ(ask_with(kq, (uintptr_t)ends[0], FILTER_EXCEPT, EV_ADD, OOB, 0, TOKEN),
             expected.except_on_fifo);
    close(kq);
    close_both(ends);
}

TEST(fifo_before_there_was_a_writer)
{
    NEED_STATED(expected.fifo_fresh_reads);
    struct place place = make_fifo();
    int reader = open_end(&place, O_RDONLY);
    remove_place(&place);
    int kq = watch(reader, EVFILT_READ);
    CHECK_EQ(!quiet(kq), expected.fifo_fresh_reads);
    close(kq);
    close(reader);
}

TEST(k21_fifo_end_comes_once_with_the_data_left)
{
    if (expected.fifo_eof != 1)
        SKIP("this system tells of no end, or nobody saw that it does");
    int ends[2];
    open_fifo(ends);
    int kq = watch(ends[0], EVFILT_READ);
    put(ends[1], "hello");
    CHECK_EQ(close(ends[1]), 0);
    struct kevent event;
    REQUIRE(await_eof(kq, &event));
    CHECK_EQ(event.data, 5);
    CHECK(quiet(kq));
    close(kq);
    close(ends[0]);
}

TEST(k21_fifo_whose_end_is_not_told_stays_silent_with_data_left)
{
    if (expected.fifo_eof != 0)
        SKIP("this system tells of the end");
    int ends[2];
    open_fifo(ends);
    int kq = watch(ends[0], EVFILT_READ);
    put(ends[1], "hello");
    CHECK(!quiet(kq));
    CHECK_EQ(close(ends[1]), 0);
    CHECK(quiet(kq));
    close(kq);
    close(ends[0]);
}

TEST(k21_fifo_whose_writer_comes_again)
{
    NEED_STATED(expected.fifo_eof_taken_back);
    struct place place = make_fifo();
    int reader = open_end(&place, O_RDONLY);
    int kq = watch(reader, EVFILT_READ);
    struct kevent event;
    for (int i = 0; i < 3; i++) {
        int writer = open_end(&place, O_WRONLY);
        CHECK(quiet(kq));
        put(writer, "x");
        REQUIRE(fetch_one(kq, &event));
        CHECK_EQ(event.data, 1);
        CHECK_EQ(event.flags & EV_EOF, 0);
        take(reader, 1);
        fetch_one(kq, &event); /* some post at each read */
        CHECK_EQ(close(writer), 0);
        CHECK_EQ(fetch_one(kq, &event), expected.fifo_eof_taken_back);
        CHECK_EQ((event.flags & EV_EOF) != 0, expected.fifo_eof_taken_back);
    }
    remove_place(&place);
    close(kq);
    close(reader);
}

TEST(k21_fifo_whose_last_reader_left)
{
    NEED_STATED(expected.fifo_write_eof);
    int ends[2];
    open_fifo(ends);
    int kq = watch(ends[1], EVFILT_WRITE);
    CHECK(!quiet(kq));
    CHECK_EQ(close(ends[0]), 0);
    struct kevent event;
    CHECK_EQ(fetch_one(kq, &event), expected.fifo_write_eof);
    CHECK_EQ((event.flags & EV_EOF) != 0, expected.fifo_write_eof);
    CHECK_EQ(ask(kq, ends[1], EVFILT_WRITE, EV_DELETE, TOKEN), 0); /* the knote has stayed */
    close(kq);
    close(ends[1]);
}

TEST(k21_full_fifo_whose_last_reader_left)
{
    NEED_STATED(expected.fifo_full_write_eof);
    int ends[2];
    open_fifo(ends);
    int kq = watch(ends[1], EVFILT_WRITE);
    fill(ends[1]);
    CHECK(quiet(kq));
    CHECK_EQ(close(ends[0]), 0);
    struct kevent event;
    CHECK_EQ(fetch_one(kq, &event), expected.fifo_full_write_eof);
    CHECK_EQ((event.flags & EV_EOF) != 0, expected.fifo_full_write_eof);
    close(kq);
    close(ends[1]);
}

TEST(k21_macos_level_write_without_reader_reports_room)
{
    if (expected.fifo_write_eof != 0)
        SKIP("this system tells of the end, or nobody saw that it does not");
    int ends[2];
    open_fifo(ends);
    int kq = open_kqueue();
    CHECK_EQ(ask(kq, ends[1], EVFILT_WRITE, EV_ADD, TOKEN), 0);
    CHECK_EQ(close(ends[0]), 0);
    struct kevent event;
    for (int i = 0; i < 2; i++) {
        REQUIRE(fetch_one(kq, &event));
        CHECK_EQ(event.flags & EV_EOF, 0);
        CHECK(event.data > 0);
    }
    close(kq);
    close(ends[1]);
}

TEST(k21_fifo_whose_reader_comes_again)
{
    NEED_STATED(expected.fifo_write_eof_taken_back);
    struct place place = make_fifo();
    int reader = open_end(&place, O_RDONLY);
    int writer = open_end(&place, O_WRONLY);
    int kq = open_kqueue();
    CHECK_EQ(ask(kq, writer, EVFILT_WRITE, EV_ADD, TOKEN), 0);
    CHECK_EQ(close(reader), 0);
    struct kevent event;
    REQUIRE(fetch_one(kq, &event));
    CHECK_EQ((event.flags & EV_EOF) != 0, expected.fifo_write_eof_taken_back);
    reader = open_end(&place, O_RDONLY);
    remove_place(&place);
    REQUIRE(fetch_one(kq, &event));
    CHECK_EQ(event.flags & EV_EOF, 0);
    CHECK_STATED(event.data, expected.fifo_space);
    close(kq);
    close(reader);
    close(writer);
}

TEST(fifo_space_of_a_fresh_one)
{
    NEED_STATED(expected.fifo_space);
    int ends[2];
    open_fifo(ends);
    int kq = watch(ends[1], EVFILT_WRITE);
    struct kevent event;
    REQUIRE(fetch_one(kq, &event));
    CHECK_EQ(event.data, expected.fifo_space);
    close(kq);
    close_both(ends);
}

TEST(fifo_partial_read)
{
    NEED_STATED(expected.fifo_partial_read_fires);
    int ends[2];
    open_fifo(ends);
    put(ends[1], "hello");
    int kq = watch(ends[0], EVFILT_READ);
    int write_kq = watch(ends[1], EVFILT_WRITE);
    CHECK(!quiet(kq));
    CHECK(!quiet(write_kq));
    take(ends[0], 2);
    CHECK_EQ(!quiet(kq), expected.fifo_partial_read_fires);
    CHECK_EQ(!quiet(write_kq), expected.fifo_read_fires_write);
    close(kq);
    close(write_kq);
    close_both(ends);
}

TEST(fifo_that_was_full_and_has_little_room)
{
    NEED_STATED(expected.fifo_small_room_writes);
    int ends[2];
    open_fifo(ends);
    size_t written = fill(ends[1]);
    int kq = watch(ends[1], EVFILT_WRITE);
    CHECK(quiet(kq));
    take(ends[0], 100);
    CHECK_EQ(!quiet(kq), expected.fifo_small_room_writes);
    CHECK_EQ(drain(ends[0]), written - 100);
    struct kevent event;
    REQUIRE(await(kq, &event));
    CHECK(event.data >= FIFO_LOW_WATER);
    close(kq);
    close_both(ends);
}

TEST(fifo_opened_both_ways)
{
    NEED_STATED(expected.fifo_both_ways);
    struct place place = make_fifo();
    int fd = open_end(&place, O_RDWR);
    remove_place(&place);
    int kq = open_kqueue();
    CHECK_EQ(ask(kq, fd, EVFILT_READ, EV_ADD | EV_CLEAR, TOKEN), 0);
    CHECK_EQ(ask(kq, fd, EVFILT_WRITE, EV_ADD | EV_CLEAR, TOKEN), 0);
    struct tally tally = {0};
    collect(kq, &tally);
    CHECK_EQ(tally.reads, 0);
    CHECK_EQ(tally.writes, 1);
    put(fd, "hello");
    collect(kq, &tally);
    CHECK_EQ(tally.reads, 1);
    CHECK_EQ(tally.read.data, 5);
    close(kq);
    close(fd);
}

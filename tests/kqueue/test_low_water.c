/* SPDX-License-Identifier: MIT */
/* How much must be there, or free, before a socket is ready: low-water marks (K36). */
#include "test_support.h"

#include <unistd.h>

/* Fills one's own sending side, then looks for the edge while the peer reads. */
static void check_write_comes_back(const int ends[2], bool one_byte_is_no_edge)
{
    int kq = open_kqueue();
    CHECK_EQ(ask(kq, ends[0], EVFILT_WRITE, EV_ADD | EV_CLEAR, TOKEN), 0);
    struct kevent event;
    REQUIRE(await(kq, &event));
    /* TCP may still be moving bytes to the peer's buffer: full is when nothing moves any more. */
    size_t written = 0;
    for (size_t more = fill(ends[0]); more > 0; more = fill(ends[0]))
        written += more;
    fetch_one(kq, &event);
    if (one_byte_is_no_edge) {
        take(ends[1], 1);
        written--;
        CHECK(quiet(kq));
    }
    bool fired = false;
    while (written > 0 && !fired) {
        size_t count = drain(ends[1]);
        REQUIRE(count <= written);
        written -= count;
        fired = fetch_one(kq, &event);
    }
    CHECK(fired || await(kq, &event));
    CHECK(event.data > 0);
    close(kq);
}

TEST(tcp_write_comes_back_when_the_low_water_mark_is_free)
{
    int ends[2];
    open_tcp(ends);
    check_write_comes_back(ends, true);
    close_both(ends);
}

TEST(unix_write_comes_back_when_the_peer_reads)
{
    int ends[2];
    open_unix(ends, SOCK_STREAM);
    check_write_comes_back(ends, false);
    close_both(ends);
}

TEST(level_write_is_silent_while_full)
{
    int ends[2];
    open_unix(ends, SOCK_STREAM);
    int kq = open_kqueue();
    CHECK_EQ(ask(kq, ends[0], EVFILT_WRITE, EV_ADD, TOKEN), 0);
    CHECK(!quiet(kq) && !quiet(kq));
    size_t written = fill(ends[0]);
    CHECK(quiet(kq));
    CHECK_EQ(drain(ends[1]), written);
    struct kevent event;
    REQUIRE(await(kq, &event));
    CHECK(event.data > 0);
    close(kq);
    close_both(ends);
}

TEST(rcvlowat_is_honoured)
{
    NEED_STATED(expected.low_water);
    int ends[2];
    open_tcp(ends);
    int mark = 4;
    CHECK_EQ(setsockopt(ends[0], SOL_SOCKET, SO_RCVLOWAT, &mark, sizeof mark), 0);
    int kq = open_kqueue();
    CHECK_EQ(ask(kq, ends[0], EVFILT_READ, EV_ADD | EV_CLEAR, TOKEN), 0);
    put(ends[1], "abc");
    CHECK(quiet(kq));
    put(ends[1], "d");
    struct kevent event;
    REQUIRE(await(kq, &event));
    CHECK_EQ(event.data, 4);
    close(kq);
    close_both(ends);
}

TEST(k36_note_lowat_is_honoured_and_must_be_repeated)
{
    NEED_STATED(expected.low_water);
    int ends[2];
    open_unix(ends, SOCK_STREAM);
    int kq = open_kqueue();
    uintptr_t fd = (uintptr_t)ends[0];
    uint32_t flags = EV_ADD | EV_CLEAR;
    CHECK_EQ(ask_with(kq, fd, EVFILT_READ, flags, NOTE_LOWAT, 4, TOKEN), 0);
    put(ends[1], "abc");
    CHECK(quiet(kq));
    put(ends[1], "d");
    struct kevent event;
    REQUIRE(await(kq, &event));
    CHECK_EQ(event.data, 4);
    take(ends[0], 3);
    CHECK_EQ(ask_with(kq, fd, EVFILT_READ, flags, NOTE_LOWAT, 4, TOKEN), 0);
    CHECK(quiet(kq)); /* one byte is below the mark */
    CHECK_EQ(ask(kq, ends[0], EVFILT_READ, flags, TOKEN), 0);
    CHECK(!quiet(kq)); /* an ADD without NOTE_LOWAT took the mark away */
    close(kq);
    close_both(ends);
}

TEST(k36_note_lowat_below_the_mark_of_the_socket)
{
    NEED_STATED(expected.note_lowat_lowers);
    int ends[2];
    open_tcp(ends);
    int mark = 4;
    CHECK_EQ(setsockopt(ends[0], SOL_SOCKET, SO_RCVLOWAT, &mark, sizeof mark), 0);
    int kq = open_kqueue();
    uint32_t flags = EV_ADD | EV_CLEAR;
    CHECK_EQ(ask_with(kq, (uintptr_t)ends[0], EVFILT_READ, flags, NOTE_LOWAT, 2, TOKEN), 0);
    put(ends[1], "abc");
    CHECK_EQ(!quiet(kq), expected.note_lowat_lowers);
    put(ends[1], "d");
    struct kevent event;
    CHECK(await(kq, &event));
    close(kq);
    close_both(ends);
}

TEST(rule4_enable_without_fflags_may_drop_note_lowat)
{
    NEED_STATED(expected.enable_drops_low_water);
    int ends[2];
    open_unix(ends, SOCK_STREAM);
    int kq = open_kqueue();
    uintptr_t fd = (uintptr_t)ends[0];
    CHECK_EQ(ask_with(kq, fd, EVFILT_READ, EV_ADD | EV_CLEAR, NOTE_LOWAT, 4, TOKEN), 0);
    CHECK_EQ(ask(kq, ends[0], EVFILT_READ, EV_DISABLE, TOKEN), 0);
    CHECK_EQ(ask(kq, ends[0], EVFILT_READ, EV_ENABLE, TOKEN), 0);
    put(ends[1], "abc");
    CHECK_EQ(!quiet(kq), expected.enable_drops_low_water);
    close(kq);
    close_both(ends);
}

TEST(eof_ignores_the_low_water_mark)
{
    NEED_STATED(expected.low_water);
    int ends[2];
    open_unix(ends, SOCK_STREAM);
    int kq = open_kqueue();
    CHECK_EQ(ask_with(kq, (uintptr_t)ends[0], EVFILT_READ, EV_ADD | EV_CLEAR, NOTE_LOWAT, 9, TOKEN),
             0);
    put(ends[1], "abc");
    CHECK(quiet(kq));
    CHECK_EQ(shutdown(ends[1], SHUT_WR), 0);
    struct kevent event;
    REQUIRE(await_eof(kq, &event));
    CHECK_EQ(event.data, 3);
    close(kq);
    close_both(ends);
}

/* Where NOTE_LOWAT only raises the mark no mark is beyond the whole buffer. */
TEST(k36_note_lowat_beyond_the_buffer)
{
    NEED_STATED(expected.low_water_above_the_buffer_fires);
    int ends[2];
    open_unix(ends, SOCK_STREAM);
    int kq = open_kqueue();
    uintptr_t fd = (uintptr_t)ends[0];
    CHECK_EQ(ask_with(kq, fd, EVFILT_WRITE, EV_ADD | EV_CLEAR, NOTE_LOWAT, 1000000, TOKEN), 0);
    CHECK_EQ(!quiet(kq), expected.low_water_above_the_buffer_fires);
    close(kq);
    close_both(ends);
}

TEST(k36_note_lowat_below_zero)
{
    NEED_STATED(expected.negative_low_water_fires);
    int ends[2];
    struct kevent event;
    open_unix(ends, SOCK_STREAM);
    int kq = open_kqueue();
    uintptr_t fd = (uintptr_t)ends[0];
    CHECK_EQ(ask_with(kq, fd, EVFILT_READ, EV_ADD | EV_CLEAR, NOTE_LOWAT, -1, TOKEN), 0);
    CHECK_EQ(fetch_one(kq, &event), expected.negative_low_water_fires);
    CHECK_EQ(event.data, 0);
    close(kq);
    close_both(ends);
}

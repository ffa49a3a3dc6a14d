/* SPDX-License-Identifier: MIT */
/* The order in which events come: that of their causes, and of the knotes on a list. */
#include "test_support.h"

#include <unistd.h>

enum { SOURCES = 4 };

/* A socket, a pipe, another socket, and a trigger. */
struct mixture {
    int kq;
    int ends[SOURCES - 1][2];
};

static struct mixture open_mixture(void)
{
    struct mixture m = {.kq = open_kqueue()};
    open_unix(m.ends[0], SOCK_STREAM);
    open_pipe(m.ends[1]);
    open_unix(m.ends[2], SOCK_DGRAM);
    for (int i = 0; i < SOURCES - 1; i++)
        CHECK_EQ(ask(m.kq, m.ends[i][0], EVFILT_READ, EV_ADD | EV_CLEAR, (uintptr_t)i), 0);
    CHECK_EQ(ask(m.kq, IDENT, EVFILT_USER, EV_ADD | EV_CLEAR, SOURCES - 1), 0);
    return m;
}

static void cause(const struct mixture *m, int source)
{
    if (source == SOURCES - 1)
        CHECK_EQ(trigger(m->kq, IDENT, SOURCES - 1), 0);
    else
        put(m->ends[source][1], "x");
}

static void check_order(const int order[SOURCES])
{
    struct mixture m = open_mixture();
    for (int i = 0; i < SOURCES; i++)
        cause(&m, order[i]);
    struct kevent events[SOURCES];
    REQUIRE_EQ(fetch(m.kq, events, SOURCES), SOURCES);
    for (int i = 0; i < SOURCES; i++)
        CHECK_EQ(token_of(&events[i]), order[i]);
    close(m.kq);
    for (int i = 0; i < SOURCES - 1; i++)
        close_both(m.ends[i]);
}

TEST(events_come_in_the_order_of_activation)
{
    static const int orders[4][SOURCES] = {{0, 1, 2, 3}, {3, 2, 1, 0}, {1, 3, 0, 2}, {2, 0, 3, 1}};
    for (int i = 0; i < 4; i++)
        check_order(orders[i]);
}

TEST(a_second_cause_does_not_change_the_order)
{
    struct mixture m = open_mixture();
    cause(&m, 0);
    cause(&m, 1);
    cause(&m, 0);
    struct kevent events[SOURCES];
    REQUIRE_EQ(fetch(m.kq, events, SOURCES), 2);
    CHECK_EQ(token_of(&events[0]), 0);
    CHECK_EQ(token_of(&events[1]), 1);
    close(m.kq);
    for (int i = 0; i < SOURCES - 1; i++)
        close_both(m.ends[i]);
}

/* Two numbers of one reading end: which of their READ knotes comes first, the older is 0. */
static uintptr_t first_of_two(const int ends[2])
{
    int kq = open_kqueue();
    int copy = dup(ends[0]);
    REQUIRE(copy >= 0);
    CHECK_EQ(ask(kq, ends[0], EVFILT_READ, EV_ADD | EV_CLEAR, 0), 0);
    CHECK_EQ(ask(kq, copy, EVFILT_READ, EV_ADD | EV_CLEAR, 1), 0);
    put(ends[1], "x");
    struct kevent events[2];
    CHECK_EQ(fetch(kq, events, 2), 2);
    close(kq);
    close(copy);
    close_both(ends);
    return token_of(&events[0]);
}

TEST(the_newest_knote_of_a_list_comes_first)
{
    NEED_STATED(expected.newest_first);
    int ends[2];
    open_pipe(ends);
    CHECK_EQ(first_of_two(ends), expected.newest_first);
    open_unix(ends, SOCK_STREAM);
    CHECK_EQ(first_of_two(ends), expected.newest_first);
}

/* READ on one end of a pipe and WRITE on the other, where a write posts both. */
static int first_filter_of_a_write(bool write_is_newer)
{
    int ends[2];
    open_pipe(ends);
    int kq = open_kqueue();
    for (int i = 0; i < 2; i++) {
        bool writes = (i == 1) == write_is_newer;
        int filter = writes ? (int)EVFILT_WRITE : (int)EVFILT_READ;
        CHECK_EQ(ask(kq, ends[writes], filter, EV_ADD | EV_CLEAR, TOKEN), 0);
    }
    CHECK(!quiet(kq)); /* the room there is */
    put(ends[1], "x");
    struct kevent events[2];
    CHECK_EQ(fetch(kq, events, 2), 2);
    close(kq);
    close_both(ends);
    return (int)events[0].filter;
}

TEST(macos_both_ends_of_a_pipe_are_one_list)
{
    if (expected.pipe_ends_share_a_list != 1)
        SKIP("not stated for this system");
    CHECK_EQ(first_filter_of_a_write(true), EVFILT_WRITE);
    CHECK_EQ(first_filter_of_a_write(false), EVFILT_READ);
}

/* READ and EXCEPT of a socket, where both fire for plain data. */
static int first_filter_of_data(bool except_is_newer)
{
    int ends[2];
    open_tcp(ends);
    int kq = open_kqueue();
    for (int i = 0; i < 2; i++) {
        bool except = (i == 1) == except_is_newer;
        int filter = except ? FILTER_EXCEPT : (int)EVFILT_READ;
        CHECK_EQ(
            ask_with(kq, (uintptr_t)ends[0], filter, EV_ADD | EV_CLEAR, except ? OOB : 0, 0, TOKEN),
            0);
    }
    put(ends[1], "x");
    struct kevent event;
    CHECK(await(kq, &event));
    close(kq);
    close_both(ends);
    return (int)event.filter;
}

TEST(macos_read_and_except_of_a_socket_are_one_list)
{
    if (!expected.except_fires_for_data)
        SKIP("on this system the filters do not fire for one cause");
    CHECK_EQ(first_filter_of_data(true), FILTER_EXCEPT);
    CHECK_EQ(first_filter_of_data(false), EVFILT_READ);
}

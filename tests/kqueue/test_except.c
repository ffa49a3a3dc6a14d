/* SPDX-License-Identifier: MIT */
/* EVFILT_EXCEPT and NOTE_OOB: priority data, and the READ filter in disguise (rule 8, K35). */
#include "test_support.h"

#include <errno.h>
#include <netinet/in.h>
#include <unistd.h>

#define NEED_EXCEPT()                                 \
    do {                                              \
        if (!HAVE_EXCEPT)                             \
            SKIP("this system has no EVFILT_EXCEPT"); \
    } while (0)

/* A TCP connection, and a kqueue that watches its second end with one filter. */
struct connection {
    int kq;
    int sender;
    int receiver;
};

static struct connection open_connection(int filter, uint32_t flags, uint32_t fflags)
{
    int ends[2];
    open_tcp(ends);
    struct connection f = {.kq = open_kqueue(), .sender = ends[0], .receiver = ends[1]};
    REQUIRE_EQ(ask_with(f.kq, (uintptr_t)f.receiver, filter, flags, fflags, 0, TOKEN), 0);
    return f;
}

static void close_connection(struct connection f)
{
    close(f.kq);
    close(f.sender);
    close(f.receiver);
}

static void put_urgent(int fd)
{
    REQUIRE_EQ(send(fd, "!", 1, MSG_OOB), 1);
}

/* The next event that tells of urgent data; others are dropped, as a selector does. */
static bool await_oob(int kq, struct kevent *event)
{
    while (await(kq, event)) {
        if (event->fflags & OOB)
            return true;
    }
    return false;
}

static int touch(struct connection f, uint32_t flags, uint32_t fflags)
{
    return ask_with(f.kq, (uintptr_t)f.receiver, FILTER_EXCEPT, flags, fflags, 0, TOKEN);
}

TEST(k35_urgent_data_is_reported_with_note_oob)
{
    NEED_EXCEPT();
    struct connection f = open_connection(FILTER_EXCEPT, EV_ADD | EV_CLEAR, OOB);
    CHECK(quiet(f.kq));
    put_urgent(f.sender);
    struct kevent event;
    REQUIRE(await_oob(f.kq, &event));
    CHECK_EQ(event.filter, FILTER_EXCEPT);
    CHECK_EQ(event.fflags, OOB);
    CHECK_EQ(event.flags & EV_EOF, 0);
    CHECK_EQ(token_of(&event), TOKEN);
    close_connection(f);
}

TEST(rule8_except_for_plain_data)
{
    NEED_EXCEPT();
    struct connection f = open_connection(FILTER_EXCEPT, EV_ADD | EV_CLEAR, OOB);
    int read_kq = open_kqueue();
    CHECK_EQ(ask(read_kq, f.receiver, EVFILT_READ, EV_ADD | EV_CLEAR, TOKEN), 0);
    put(f.sender, "hello");
    struct kevent event;
    REQUIRE(await(read_kq, &event));
    CHECK_EQ(fetch_one(f.kq, &event), expected.except_fires_for_data);
    CHECK_EQ(event.fflags & OOB, 0);
    close(read_kq);
    close_connection(f);
}

TEST(rule8_except_without_note_oob)
{
    NEED_EXCEPT();
    struct connection f = open_connection(FILTER_EXCEPT, EV_ADD | EV_CLEAR, 0);
    int read_kq = open_kqueue();
    CHECK_EQ(ask(read_kq, f.receiver, EVFILT_READ, EV_ADD | EV_CLEAR, TOKEN), 0);
    put(f.sender, "hello");
    struct kevent event;
    REQUIRE(await(read_kq, &event));
    CHECK_EQ(fetch_one(f.kq, &event), expected.except_without_note_fires);
    CHECK_EQ(event.fflags & OOB, 0);
    if (expected.except_without_note_fires)
        CHECK_EQ(event.data, 5);
    close(read_kq);
    close_connection(f);
}

TEST(rule8_except_and_the_end)
{
    NEED_EXCEPT();
    struct connection f = open_connection(FILTER_EXCEPT, EV_ADD | EV_CLEAR, OOB);
    int read_kq = open_kqueue();
    CHECK_EQ(ask(read_kq, f.receiver, EVFILT_READ, EV_ADD | EV_CLEAR, TOKEN), 0);
    CHECK_EQ(shutdown(f.sender, SHUT_WR), 0);
    struct kevent event;
    REQUIRE(await_eof(read_kq, &event));
    fetch_one(f.kq, &event);
    CHECK_EQ((event.flags & EV_EOF) != 0, expected.except_reports_eof);
    close(read_kq);
    close_connection(f);
}

TEST(rule8_read_with_note_oob)
{
    NEED_EXCEPT();
    struct connection f = open_connection(EVFILT_READ, EV_ADD | EV_CLEAR, OOB);
    int except_kq = open_kqueue();
    CHECK_EQ(
        ask_with(except_kq, (uintptr_t)f.receiver, FILTER_EXCEPT, EV_ADD | EV_CLEAR, OOB, 0, TOKEN),
        0);
    put_urgent(f.sender);
    struct kevent event;
    REQUIRE(await_oob(except_kq, &event));
    fetch_one(f.kq, &event);
    CHECK_EQ((event.fflags & OOB) != 0, expected.read_honours_note_oob);
    close(except_kq);
    close_connection(f);
}

TEST(read_without_note_oob_never_tells_of_urgent_data)
{
    NEED_EXCEPT();
    struct connection f = open_connection(EVFILT_READ, EV_ADD | EV_CLEAR, 0);
    put_urgent(f.sender);
    put(f.sender, "x");
    struct kevent event;
    REQUIRE(await(f.kq, &event));
    CHECK_EQ(event.fflags, 0);
    CHECK_EQ(event.filter, EVFILT_READ);
    close_connection(f);
}

TEST(rule8_condition_may_outlast_recv_of_the_urgent_byte)
{
    NEED_EXCEPT();
    struct connection f = open_connection(FILTER_EXCEPT, EV_ADD | EV_DISPATCH, OOB);
    put_urgent(f.sender);
    struct kevent event;
    REQUIRE(await_oob(f.kq, &event));
    char byte = 0;
    CHECK_EQ(recv(f.receiver, &byte, 1, MSG_OOB), 1);
    CHECK_EQ(byte, '!');
    CHECK_EQ(touch(f, EV_ADD | EV_DISPATCH | EV_ENABLE, OOB), 0);
    /* Spurious, and normal where the reader stands at the mark. */
    CHECK_EQ(fetch_one(f.kq, &event), expected.oob_outlasts_recv);
    CHECK_EQ(event.fflags, expected.oob_outlasts_recv ? OOB : 0);
    CHECK_EQ(recv(f.receiver, &byte, 1, MSG_OOB), -1);
    close_connection(f);
}

TEST(reading_past_the_mark_ends_the_condition)
{
    NEED_EXCEPT();
    struct connection f = open_connection(FILTER_EXCEPT, EV_ADD | EV_DISPATCH, OOB);
    put_urgent(f.sender);
    struct kevent event;
    REQUIRE(await_oob(f.kq, &event));
    char byte = 0;
    CHECK_EQ(recv(f.receiver, &byte, 1, MSG_OOB), 1);
    put(f.sender, "abc");
    CHECK_EQ(take(f.receiver, 3), 3);
    CHECK_EQ(touch(f, EV_ADD | EV_DISPATCH | EV_ENABLE, OOB), 0);
    CHECK(quiet(f.kq));
    close_connection(f);
}

TEST(macos_level_knote_keeps_note_oob)
{
    NEED_STATED(expected.level_keeps_note_oob);
    struct connection f = open_connection(FILTER_EXCEPT, EV_ADD, OOB);
    put_urgent(f.sender);
    struct kevent event;
    REQUIRE(await_oob(f.kq, &event));
    char byte;
    CHECK_EQ(recv(f.receiver, &byte, 1, MSG_OOB), 1);
    put(f.sender, "abcdef");
    CHECK_EQ(take(f.receiver, 3), 3); /* past the mark, and some is left */
    REQUIRE(await(f.kq, &event));
    CHECK_EQ((event.fflags & OOB) != 0, expected.level_keeps_note_oob);
    close_connection(f);
}

TEST(except_level_spins_while_the_mark_stands)
{
    NEED_EXCEPT();
    struct connection f = open_connection(FILTER_EXCEPT, EV_ADD, OOB);
    put_urgent(f.sender);
    struct kevent event;
    REQUIRE(await_oob(f.kq, &event));
    char byte;
    CHECK_EQ(recv(f.receiver, &byte, 1, MSG_OOB), 1);
    for (int i = 0; i < 3; i++) {
        CHECK_EQ(fetch_one(f.kq, &event), expected.oob_outlasts_recv);
        CHECK_EQ((event.fflags & OOB) != 0, expected.oob_outlasts_recv);
    }
    close_connection(f);
}

TEST(rule8_a_peek_at_the_urgent_byte_is_as_good_as_taking_it)
{
    NEED_EXCEPT();
    struct connection f = open_connection(FILTER_EXCEPT, EV_ADD | EV_DISPATCH, OOB);
    put_urgent(f.sender);
    struct kevent event;
    REQUIRE(await_oob(f.kq, &event));
    char byte = 0;
    CHECK_EQ(recv(f.receiver, &byte, 1, MSG_OOB | MSG_PEEK), 1);
    CHECK_EQ(byte, '!');
    CHECK_EQ(touch(f, EV_ADD | EV_DISPATCH | EV_ENABLE, OOB), 0);
    CHECK_EQ(fetch_one(f.kq, &event), expected.oob_outlasts_recv);
    CHECK_EQ(recv(f.receiver, &byte, 1, MSG_OOB), 1); /* it is still there */
    close_connection(f);
}

TEST(rule8_a_mark_that_is_ahead_outlasts_recv)
{
    NEED_EXCEPT();
    struct connection f = open_connection(FILTER_EXCEPT, EV_ADD | EV_DISPATCH, OOB);
    put(f.sender, "abc");
    put_urgent(f.sender);
    struct kevent event;
    char byte = 0;
    int got = 0;
    while (got == 0 && await(f.kq, &event)) { /* plain data fires as well on some */
        got = (event.fflags & OOB) != 0;
        CHECK_EQ(touch(f, EV_ADD | EV_DISPATCH | EV_ENABLE, OOB), 0);
    }
    CHECK_EQ(got, 1);
    CHECK_EQ(recv(f.receiver, &byte, 1, MSG_OOB), 1);
    CHECK_EQ(touch(f, EV_ADD | EV_DISPATCH | EV_ENABLE, OOB), 0);
    REQUIRE(fetch_one(f.kq, &event));
    CHECK(event.fflags & OOB);
    close_connection(f);
}

TEST(new_urgent_data_after_the_last_was_taken)
{
    NEED_EXCEPT();
    struct connection f = open_connection(FILTER_EXCEPT, EV_ADD | EV_CLEAR, OOB);
    struct kevent event;
    char byte = 0;
    for (int i = 0; i < 3; i++) {
        put_urgent(f.sender);
        REQUIRE(await_oob(f.kq, &event));
        CHECK_EQ(recv(f.receiver, &byte, 1, MSG_OOB), 1);
        put(f.sender, "ab");
        CHECK_EQ(take(f.receiver, 2), 2);
        while (fetch_one(f.kq, &event))
            continue;
    }
    close_connection(f);
}

TEST(except_data_of_urgent_data)
{
    NEED_STATED(expected.oob_data);
    struct connection f = open_connection(FILTER_EXCEPT, EV_ADD | EV_CLEAR, OOB);
    put(f.sender, "abc");
    put_urgent(f.sender);
    struct kevent event;
    REQUIRE(await_oob(f.kq, &event));
    CHECK_EQ(event.data, expected.oob_data);
    close_connection(f);
}

/* READ beside it: the urgent byte is news if ordinary data is unread, and so is what follows it. */
TEST(urgent_data_may_fire_read)
{
    NEED_STATED(expected.urgent_fires_read);
    struct connection f = open_connection(EVFILT_READ, EV_ADD | EV_CLEAR, 0);
    int except_kq = open_kqueue();
    uint32_t flags = EV_ADD | EV_CLEAR;
    CHECK_EQ(ask_with(except_kq, (uintptr_t)f.receiver, FILTER_EXCEPT, flags, OOB, 0, TOKEN), 0);
    put(f.sender, "abc");
    struct kevent event;
    REQUIRE(await(f.kq, &event));
    put_urgent(f.sender);
    REQUIRE(await_oob(except_kq, &event));
    CHECK_EQ(fetch_one(f.kq, &event), expected.urgent_fires_read);
    if (expected.urgent_fires_read)
        CHECK_EQ(event.data, 3);
    CHECK_EQ(event.fflags, 0);
    close(except_kq);
    close_connection(f);
}

TEST(ordinary_byte_after_a_lone_urgent_one_fires_both)
{
    NEED_EXCEPT();
    struct connection f = open_connection(EVFILT_READ, EV_ADD | EV_CLEAR, 0);
    int except_kq = open_kqueue();
    uint32_t flags = EV_ADD | EV_CLEAR;
    CHECK_EQ(ask_with(except_kq, (uintptr_t)f.receiver, FILTER_EXCEPT, flags, OOB, 0, TOKEN), 0);
    put_urgent(f.sender);
    struct kevent event;
    REQUIRE(await_oob(except_kq, &event));
    while (fetch_one(except_kq, &event)) /* one urgent segment may wake twice */
        continue;
    CHECK(quiet(f.kq)); /* the urgent byte is no ordinary data */
    put(f.sender, "x");
    REQUIRE(await(f.kq, &event));
    CHECK_EQ(event.data, 1);
    REQUIRE(await_oob(except_kq, &event));
    close(except_kq);
    close_connection(f);
}

TEST(except_clear_fires_again_at_the_end_while_the_mark_stands)
{
    NEED_STATED(expected.oob_fires_at_end);
    struct connection f = open_connection(FILTER_EXCEPT, EV_ADD | EV_CLEAR, OOB);
    put_urgent(f.sender);
    struct kevent event;
    REQUIRE(await_oob(f.kq, &event));
    while (fetch_one(f.kq, &event)) /* one urgent segment may wake twice */
        continue;
    CHECK_EQ(shutdown(f.sender, SHUT_WR), 0);
    REQUIRE(await(f.kq, &event));
    CHECK_EQ(event.fflags, OOB);
    CHECK_EQ(event.flags & EV_EOF, 0);
    close_connection(f);
}

TEST(except_is_silent_at_a_reset)
{
    if (!HAVE_EXCEPT || expected.except_reports_eof)
        SKIP("this system has no EVFILT_EXCEPT, or it is READ in disguise");
    struct connection f = open_connection(FILTER_EXCEPT, EV_ADD | EV_CLEAR, OOB);
    int read_kq = open_kqueue();
    CHECK_EQ(ask(read_kq, f.receiver, EVFILT_READ, EV_ADD | EV_CLEAR, TOKEN), 0);
    close_with_reset(f.sender);
    struct kevent event;
    REQUIRE(await_eof(read_kq, &event));
    CHECK(quiet(f.kq));
    close(read_kq);
    close(f.kq);
    close(f.receiver);
}

/* With SO_OOBINLINE the urgent byte is ordinary data as well. */
TEST(urgent_data_inline_fires_both)
{
    NEED_STATED(expected.oob_inline_fires_both);
    struct connection f = open_connection(EVFILT_READ, EV_ADD | EV_CLEAR, 0);
    int except_kq = open_kqueue();
    int on = 1;
    uint32_t flags = EV_ADD | EV_CLEAR;
    CHECK_EQ(setsockopt(f.receiver, SOL_SOCKET, SO_OOBINLINE, &on, sizeof on), 0);
    CHECK_EQ(ask_with(except_kq, (uintptr_t)f.receiver, FILTER_EXCEPT, flags, OOB, 0, TOKEN), 0);
    put_urgent(f.sender);
    struct kevent event;
    REQUIRE(await_oob(except_kq, &event));
    REQUIRE(await(f.kq, &event));
    CHECK_EQ(event.data, 1);
    char byte = 0;
    CHECK_EQ(recv(f.receiver, &byte, 1, MSG_OOB), -1);
    CHECK_EQ(errno, EINVAL);
    close(except_kq);
    close_connection(f);
}

TEST(except_on_a_unix_stream_never_fires)
{
    if (!HAVE_EXCEPT || expected.except_reports_eof)
        SKIP("this system has no EVFILT_EXCEPT, or it is READ in disguise");
    int ends[2];
    open_unix(ends, SOCK_STREAM);
    int kq = open_kqueue();
    CHECK_EQ(ask_with(kq, (uintptr_t)ends[0], FILTER_EXCEPT, EV_ADD, OOB, 0, TOKEN), 0);
    put(ends[1], "x");
    CHECK_EQ(close(ends[1]), 0);
    CHECK(quiet(kq));
    close(kq);
    close(ends[0]);
}

TEST(except_clear_fires_again_for_later_data_while_the_mark_stands)
{
    NEED_EXCEPT();
    struct connection f = open_connection(FILTER_EXCEPT, EV_ADD | EV_CLEAR, OOB);
    put_urgent(f.sender);
    struct kevent event;
    REQUIRE(await_oob(f.kq, &event));
    while (fetch_one(f.kq, &event)) /* one urgent segment may wake twice */
        continue;
    put(f.sender, "x");
    REQUIRE(await(f.kq, &event));
    CHECK_EQ(event.fflags, OOB);
    close_connection(f);
}

TEST(rule4_enable_without_fflags_may_drop_note_oob)
{
    NEED_EXCEPT();
    struct connection f = open_connection(FILTER_EXCEPT, EV_ADD | EV_CLEAR, OOB);
    CHECK_EQ(touch(f, EV_DISABLE, 0), 0);
    CHECK_EQ(touch(f, EV_ENABLE, 0), 0);
    int sure_kq = open_kqueue();
    CHECK_EQ(
        ask_with(sure_kq, (uintptr_t)f.receiver, FILTER_EXCEPT, EV_ADD | EV_CLEAR, OOB, 0, TOKEN),
        0);
    put_urgent(f.sender);
    struct kevent event;
    REQUIRE(await_oob(sure_kq, &event));
    fetch_one(f.kq, &event);
    CHECK_EQ((event.fflags & OOB) == 0, expected.enable_drops_note_oob);
    close(sure_kq);
    close_connection(f);
}

TEST(add_without_fflags_drops_note_oob)
{
    NEED_EXCEPT();
    struct connection f = open_connection(FILTER_EXCEPT, EV_ADD | EV_CLEAR, OOB);
    CHECK_EQ(touch(f, EV_ADD | EV_CLEAR, 0), 0);
    int sure_kq = open_kqueue();
    CHECK_EQ(
        ask_with(sure_kq, (uintptr_t)f.receiver, FILTER_EXCEPT, EV_ADD | EV_CLEAR, OOB, 0, TOKEN),
        0);
    put_urgent(f.sender);
    struct kevent event;
    REQUIRE(await_oob(sure_kq, &event));
    fetch_one(f.kq, &event);
    CHECK_EQ(event.fflags & OOB, 0);
    close(sure_kq);
    close_connection(f);
}

TEST(except_on_a_pipe_is_refused)
{
    NEED_EXCEPT();
    int ends[2];
    open_pipe(ends);
    int kq = open_kqueue();
    CHECK_EQ(ask_with(kq, (uintptr_t)ends[0], FILTER_EXCEPT, EV_ADD, OOB, 0, TOKEN),
             expected.except_on_pipe);
    CHECK_EQ(ask_with(kq, (uintptr_t)ends[0], FILTER_EXCEPT, EV_DELETE, OOB, 0, TOKEN), ENOENT);
    close(kq);
    close_both(ends);
}

TEST(except_read_and_write_stand_side_by_side)
{
    NEED_EXCEPT();
    struct connection f = open_connection(FILTER_EXCEPT, EV_ADD | EV_CLEAR, OOB);
    CHECK_EQ(ask(f.kq, f.receiver, EVFILT_READ, EV_ADD | EV_CLEAR, TOKEN), 0);
    CHECK_EQ(ask(f.kq, f.receiver, EVFILT_WRITE, EV_ADD | EV_CLEAR, TOKEN), 0);
    struct kevent event;
    REQUIRE(await(f.kq, &event));
    CHECK_EQ(event.filter, EVFILT_WRITE);
    CHECK_EQ(touch(f, EV_DELETE, OOB), 0);
    CHECK_EQ(touch(f, EV_DELETE, OOB), ENOENT);
    put(f.sender, "x");
    REQUIRE(await(f.kq, &event));
    CHECK_EQ(event.filter, EVFILT_READ);
    CHECK(quiet(f.kq));
    close_connection(f);
}

TEST(k35_except_is_absent_on_freebsd_and_netbsd)
{
    if (HAVE_EXCEPT)
        SKIP("this system has EVFILT_EXCEPT");
    int ends[2];
    open_tcp(ends);
    int kq = open_kqueue();
    /* The numbers it has elsewhere mean another filter or none: nothing to pretend with. */
    CHECK_EQ(ask(kq, ends[1], FILTER_EXCEPT, EV_ADD, TOKEN), EINVAL);
    CHECK(quiet(kq));
    close(kq);
    close_both(ends);
}

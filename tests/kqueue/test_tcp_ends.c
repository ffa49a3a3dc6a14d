/* SPDX-License-Identifier: MIT */
/* TCP: acknowledgements, the ends of both directions and their order, resets. */
#include "test_support.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

TEST(tcp_acknowledged_data_is_a_write_edge)
{
    int ends[2];
    struct kevent event;
    open_tcp(ends);
    int kq = watch(ends[0], EVFILT_WRITE);
    REQUIRE(await(kq, &event));
    CHECK(quiet(kq));
    for (int i = 0; i < 3; i++) {
        put(ends[0], "x");
        if (expected.own_write_is_an_edge)
            REQUIRE(fetch_one(kq, &event));
        take(ends[1], 1);
        REQUIRE(await(kq, &event)); /* there was room all the time */
        CHECK_EQ(event.flags & EV_EOF, 0);
        CHECK(event.data > 0);
    }
    close(kq);
    close_both(ends);
}

TEST(tcp_write_edge_merges_what_is_acknowledged_before_the_fetch)
{
    if (expected.own_write_is_an_edge)
        SKIP("this system's writes are edges, too");
    int ends[2];
    struct tally tally = {0};
    open_tcp(ends);
    int kq = watch(ends[0], EVFILT_WRITE);
    REQUIRE(collect_until(kq, &tally, 0, 1));
    put(ends[0], "x");
    put(ends[0], "y");
    take(ends[1], 2);
    tally = (struct tally){0};
    REQUIRE(collect_until(kq, &tally, 0, 1));
    CHECK(tally.writes <= 2); /* an acknowledgement may come between the two */
    close(kq);
    close_both(ends);
}

TEST(refused_connect_ends_both_in_the_order_of_the_system)
{
    struct sockaddr_storage address;
    socklen_t length;
    int nobody[2];
    struct kevent event;
    hold_refusing_port(nobody, &address, &length);
    int fd = open_tcp_socket();
    REQUIRE_EQ(fcntl(fd, F_SETFL, O_NONBLOCK), 0);
    int kq = watch(fd, EVFILT_READ);
    CHECK_EQ(ask(kq, fd, EVFILT_WRITE, EDGE, TOKEN), 0);
    CHECK_EQ(connect(fd, (struct sockaddr *)&address, length), -1);
    for (int i = 0; i < 2; i++) {
        REQUIRE(await_eof(kq, &event));
        if (i == 0)
            CHECK_STATED(event.filter, expected.first_of_a_refusal);
        if (event.filter == EVFILT_WRITE)
            CHECK_STATED(event.data, expected.tcp_space_unconnected);
        CHECK_EQ(event.fflags, ECONNREFUSED);
    }
    CHECK_EQ(event.flags & expected.eof_hang_up, expected.eof_hang_up);
    CHECK_EQ(event.flags & expected.eof_without_data, expected.eof_without_data);
    close(kq);
    close(fd);
    close_both(nobody);
}

TEST(tcp_reset_ends_both_in_the_order_of_the_system)
{
    int ends[2];
    struct kevent event;
    open_tcp(ends);
    int kq = watch_connected(ends[0]);
    close_with_reset(ends[1]);
    REQUIRE(await_eof(kq, &event));
    CHECK_STATED(event.filter, expected.first_of_a_reset);
    CHECK_EQ(event.flags & expected.eof_hang_up, expected.eof_hang_up);
    REQUIRE(await_eof(kq, &event));
    CHECK_EQ(event.flags & expected.eof_hang_up, expected.eof_hang_up);
    close(kq);
    close(ends[0]);
}

/* Linux says EPIPE there. */
TEST(tcp_reset_after_the_peers_end_is_econnreset)
{
    int ends[2];
    char byte;
    open_tcp(ends);
    int kq = watch_connected(ends[0]);
    CHECK_EQ(shutdown(ends[1], SHUT_WR), 0);
    struct tally tally = {0};
    REQUIRE(collect_eof(kq, &tally, true, false));
    close_with_reset(ends[1]);
    tally = (struct tally){0};
    REQUIRE(collect_eof(kq, &tally, true, true));
    CHECK_EQ(tally.read.fflags, ECONNRESET);
    CHECK_EQ(tally.write.fflags, ECONNRESET);
    CHECK_EQ(read(ends[0], &byte, 1), -1);
    CHECK_EQ(errno, ECONNRESET);
    close(kq);
    close(ends[0]);
}

TEST(tcp_close_with_data_unread_is_a_fin)
{
    int ends[2];
    char byte;
    open_tcp(ends);
    put(ends[0], "hello");
    int kq = watch(ends[0], EVFILT_READ);
    CHECK_EQ(ask(kq, ends[0], EVFILT_WRITE, EDGE, TOKEN), 0);
    int far_kq = watch(ends[1], EVFILT_READ);
    struct kevent event;
    REQUIRE(await(far_kq, &event)); /* it is there, unread */
    CHECK_EQ(close(ends[1]), 0);
    struct tally tally = {0};
    REQUIRE(collect_eof(kq, &tally, true, false));
    CHECK_EQ(tally.read.fflags, 0);
    CHECK_EQ(tally.write.flags & EV_EOF, 0);
    CHECK_EQ(read(ends[0], &byte, 1), 0);
    put(ends[0], "more"); /* which nobody can read: now the reset comes */
    tally = (struct tally){0};
    REQUIRE(collect_eof(kq, &tally, true, true));
    CHECK_EQ(tally.read.fflags, ECONNRESET);
    CHECK_EQ(tally.write.fflags, ECONNRESET);
    close(kq);
    close(far_kq);
    close(ends[0]);
}

/* A reader that is done: data that comes all the same. */
TEST(tcp_data_after_the_own_end_of_reading)
{
    NEED_STATED(expected.tcp_data_after_own_end);
    int ends[2];
    char byte;
    open_tcp(ends);
    int kq = watch_connected(ends[0]);
    CHECK_EQ(shutdown(ends[0], SHUT_RD), 0);
    struct tally tally = {0};
    REQUIRE(collect_eof(kq, &tally, true, false));
    put(ends[1], "abc");
    tally = (struct tally){0};
    bool reset = expected.tcp_data_after_own_end == RESETS_CONNECTION;
    REQUIRE(collect_until(kq, &tally, 1, reset ? 1 : 0));
    CHECK(tally.read.flags & EV_EOF);
    CHECK_EQ(tally.read.data, 0);
    CHECK_EQ(tally.read.fflags, 0);
    CHECK_EQ(read(ends[0], &byte, 1), 0);
    CHECK_EQ((tally.write.flags & EV_EOF) != 0, reset);
    CHECK_EQ(tally.write.fflags, 0);
    if (!reset) { /* and again */
        put(ends[1], "abc");
        REQUIRE(await_eof(kq, &tally.read));
        CHECK_EQ(tally.read.data, 0);
    }
    close(kq);
    close_both(ends);
}

TEST(tcp_second_end_of_writing)
{
    NEED_STATED(expected.second_shutdown);
    int ends[2];
    char byte;
    open_tcp(ends);
    int kq = watch_connected(ends[0]);
    int far_kq = watch(ends[1], EVFILT_READ);
    CHECK_EQ(shutdown(ends[0], SHUT_WR), 0);
    struct tally tally = {0};
    REQUIRE(collect_eof(kq, &tally, false, true));
    REQUIRE(await_eof(far_kq, &tally.read)); /* the peer has it, and has acknowledged it */
    tally = (struct tally){0};
    int result = shutdown(ends[0], SHUT_WR);
    bool refused = expected.second_shutdown == SECOND_REFUSED;
    CHECK_EQ(result, refused ? -1 : 0);
    if (refused)
        CHECK_EQ(errno, ENOTCONN);
    collect(kq, &tally);
    bool ends_reading = expected.second_shutdown == SECOND_ENDS_READING;
    CHECK_EQ((tally.read.flags & EV_EOF) != 0, ends_reading);
    put(ends[1], "x");
    if (ends_reading) {
        CHECK_EQ(read(ends[0], &byte, 1), 0);
    } else {
        CHECK_EQ(take(ends[0], 1), 1);
    }
    close(kq);
    close(far_kq);
    close_both(ends);
}

TEST(tcp_shutdown_of_the_unconnected)
{
    NEED_STATED(expected.unconnected_shutdown);
    int fd = open_tcp_socket();
    int kq = watch(fd, EVFILT_READ);
    CHECK_EQ(ask(kq, fd, EVFILT_WRITE, EDGE, TOKEN), 0);
    CHECK(quiet(kq));
    int error = shutdown(fd, SHUT_RDWR) < 0 ? errno : 0;
    CHECK_EQ(error, expected.unconnected_shutdown);
    struct tally tally = {0};
    collect(kq, &tally);
    CHECK_STATED((tally.read.flags & EV_EOF) != 0, expected.unconnected_shutdown_ends);
    CHECK_STATED((tally.write.flags & EV_EOF) != 0, expected.unconnected_shutdown_ends);
    if (expected.unconnected_shutdown_ends == 1) { /* it is dead */
        struct sockaddr_storage address;
        socklen_t length;
        int listener = open_listener(&address, &length);
        CHECK_EQ(connect(fd, (struct sockaddr *)&address, length), -1);
        CHECK_EQ(errno, EINVAL);
        close(listener);
    }
    close(kq);
    close(fd);
}

/* The peer takes nothing, and then is gone. */
TEST(tcp_full_connection_whose_peer_is_reset)
{
    int ends[2];
    open_tcp(ends);
    int kq = watch_connected(ends[0]);
    struct tally tally = {0};
    while (fill(ends[0]) > 0)
        collect(kq, &tally);
    close_with_reset(ends[1]);
    tally = (struct tally){0};
    REQUIRE(collect_eof(kq, &tally, true, true));
    CHECK_EQ(tally.write.fflags, ECONNRESET);
    close(kq);
    close(ends[0]);
}

/* Own end after the peer's: what was told is told again. */
TEST(full_close_of_tcp_after_the_peers_end)
{
    NEED_STATED(expected.full_close_repeats);
    int ends[2];
    open_tcp(ends);
    int kq = watch_connected(ends[0]);
    CHECK_EQ(shutdown(ends[1], SHUT_WR), 0);
    struct tally tally = {0};
    REQUIRE(collect_eof(kq, &tally, true, false));
    CHECK_EQ(shutdown(ends[0], SHUT_WR), 0);
    tally = (struct tally){0};
    REQUIRE(collect_eof(kq, &tally, true, true));
    CHECK_EQ(tally.read.fflags, 0);
    close(kq);
    close_both(ends);
}

/* SPDX-License-Identifier: MIT */
/* EVFILT_READ and EVFILT_WRITE on stream sockets: readiness, the ends, and errors. */
#include "test_support.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <unistd.h>

/* A kqueue with both filters, edge-triggered, on one descriptor. */
static int watch_both(int fd)
{
    int kq = open_kqueue();
    CHECK_EQ(ask(kq, fd, EVFILT_READ, EV_ADD | EV_CLEAR, TOKEN), 0);
    CHECK_EQ(ask(kq, fd, EVFILT_WRITE, EV_ADD | EV_CLEAR, TOKEN), 0);
    return kq;
}

static uint32_t without_ends(const struct kevent *event)
{
    uint32_t ends = (uint32_t)EV_EOF | expected.eof_without_data | expected.eof_hang_up;
    return (uint32_t)event->flags & ~ends;
}

TEST(unconnected_tcp_gives_no_event)
{
    int fd = open_tcp_socket();
    int kq = watch_both(fd);
    CHECK(quiet(kq));
    close(kq);
    close(fd);
}

TEST(connected_tcp_gives_write)
{
    struct sockaddr_storage address;
    socklen_t length;
    int listener = open_listener(&address, &length);
    int fd = open_tcp_socket();
    int kq = watch_both(fd); /* before the connection, which is the harder case */
    CHECK_EQ(connect(fd, (struct sockaddr *)&address, length), 0);
    struct tally tally = {0};
    REQUIRE(collect_until(kq, &tally, 0, 1));
    CHECK(tally.write.data > 0);
    CHECK_EQ(tally.write.flags, expected_echo(EV_ADD | EV_CLEAR | EV_RECEIPT));
    CHECK_EQ(tally.write.fflags, 0);
    CHECK_EQ(tally.reads, 0);
    close(kq);
    close(fd);
    close(listener);
}

TEST(space_of_fresh_sockets)
{
    int ends[2];
    struct kevent event;
    open_tcp(ends);
    int kq = watch_both(ends[0]);
    REQUIRE(await(kq, &event));
    CHECK_EQ(event.filter, EVFILT_WRITE);
    CHECK_STATED(event.data, expected.tcp_space);
    close(kq);
    close_both(ends);

    open_unix(ends, SOCK_STREAM);
    kq = watch_both(ends[0]);
    REQUIRE(await(kq, &event));
    CHECK_EQ(event.filter, EVFILT_WRITE);
    CHECK_STATED(event.data, expected.unix_space);
    close(kq);
    close_both(ends);
}

TEST(write_stays_quiet_after_its_first_edge)
{
    int ends[2];
    open_unix(ends, SOCK_STREAM);
    int kq = watch_connected(ends[0]);
    CHECK(quiet(kq));
    put(ends[0], "x");
    CHECK(quiet(kq)); /* one's own write to a Unix socket is no edge */
    close(kq);
    close_both(ends);
}

TEST(tcp_peer_shutdown_is_read_eof_once)
{
    int ends[2];
    open_tcp(ends);
    int kq = watch_connected(ends[0]);
    put(ends[1], "hello");
    CHECK_EQ(shutdown(ends[1], SHUT_WR), 0);
    struct tally tally = {0};
    REQUIRE(collect_eof(kq, &tally, true, false));
    CHECK_EQ(tally.read.data, 5);
    CHECK_EQ(tally.read.fflags, 0);
    CHECK_EQ(without_ends(&tally.read), expected_echo(EV_ADD | EV_CLEAR | EV_RECEIPT));
    CHECK_EQ(tally.writes, 0);
    CHECK(quiet(kq));
    CHECK_EQ(drain(ends[0]), 5);
    CHECK(quiet(kq)); /* no more after reading the rest */
    CHECK_EQ(ask(kq, ends[0], EVFILT_READ, EV_ADD | EV_CLEAR, TOKEN), 0);
    REQUIRE(await_eof(kq, &tally.read)); /* but again when it is added again */
    CHECK_EQ(tally.read.data, 0);
    close(kq);
    close_both(ends);
}

TEST(tcp_peer_close_is_read_eof)
{
    int ends[2];
    open_tcp(ends);
    int kq = watch_connected(ends[0]);
    put(ends[1], "hello");
    CHECK_EQ(close(ends[1]), 0);
    struct tally tally = {0};
    REQUIRE(collect_eof(kq, &tally, true, false));
    CHECK_EQ(tally.read.data, 5);
    CHECK_EQ(tally.read.fflags, 0);
    CHECK_EQ(tally.writes, 0);
    close(kq);
    close(ends[0]);
}

TEST(tcp_eof_is_reported_when_added_after_it)
{
    int ends[2];
    open_tcp(ends);
    put(ends[1], "hello");
    CHECK_EQ(shutdown(ends[1], SHUT_WR), 0);
    int kq = watch_both(ends[0]);
    struct tally tally = {0};
    REQUIRE(collect_eof(kq, &tally, true, false));
    CHECK_EQ(tally.read.data, 5);
    CHECK_EQ(tally.write.flags & EV_EOF, 0);
    close(kq);
    close_both(ends);
}

TEST(level_eof_is_reported_at_every_fetch)
{
    int ends[2];
    open_unix(ends, SOCK_STREAM);
    int kq = open_kqueue();
    CHECK_EQ(ask(kq, ends[0], EVFILT_READ, EV_ADD, TOKEN), 0);
    CHECK_EQ(shutdown(ends[1], SHUT_WR), 0);
    struct kevent event;
    for (int i = 0; i < 3; i++) {
        REQUIRE(await(kq, &event));
        CHECK(event.flags & EV_EOF);
        CHECK_EQ(event.data, 0);
    }
    close(kq);
    close_both(ends);
}

TEST(tcp_reset_is_eof_on_both_with_econnreset)
{
    int ends[2];
    open_tcp(ends);
    int kq = watch_connected(ends[0]);
    close_with_reset(ends[1]);
    struct tally tally = {0};
    REQUIRE(collect_eof(kq, &tally, true, true));
    CHECK_EQ(tally.read.fflags, ECONNRESET);
    CHECK_EQ(tally.write.fflags, ECONNRESET);
    CHECK_EQ(without_ends(&tally.read), expected_echo(EV_ADD | EV_CLEAR | EV_RECEIPT));
    close(kq);
    close(ends[0]);
}

TEST(tcp_reset_after_the_error_was_taken_has_no_fflags)
{
    int ends[2];
    open_tcp(ends);
    int kq = watch_connected(ends[0]);
    close_with_reset(ends[1]);
    struct tally tally = {0};
    REQUIRE(collect_eof(kq, &tally, true, true));
    CHECK_EQ(take_error(ends[0]), ECONNRESET);
    CHECK_EQ(ask(kq, ends[0], EVFILT_READ, EV_ADD | EV_CLEAR, TOKEN), 0);
    CHECK_EQ(ask(kq, ends[0], EVFILT_WRITE, EV_ADD | EV_CLEAR, TOKEN), 0);
    struct tally again = {0};
    REQUIRE(collect_eof(kq, &again, true, true));
    CHECK_EQ(again.read.fflags, 0);
    CHECK_EQ(again.write.fflags, 0);
    close(kq);
    close(ends[0]);
}

TEST(tcp_reset_after_a_read_took_the_error_has_no_fflags)
{
    int ends[2];
    open_tcp(ends);
    int kq = watch_connected(ends[0]);
    close_with_reset(ends[1]);
    struct tally tally = {0};
    REQUIRE(collect_eof(kq, &tally, true, true));
    char byte;
    CHECK_EQ(read(ends[0], &byte, 1), -1);
    CHECK_EQ(errno, ECONNRESET);
    CHECK_EQ(ask(kq, ends[0], EVFILT_READ, EV_ADD | EV_CLEAR, TOKEN), 0);
    struct kevent event;
    REQUIRE(await_eof(kq, &event));
    CHECK_EQ(event.fflags, 0);
    close(kq);
    close(ends[0]);
}

TEST(refused_connect_is_eof_on_both_with_econnrefused)
{
    struct sockaddr_storage address;
    socklen_t length;
    int nobody[2];
    hold_refusing_port(nobody, &address, &length);
    for (int late = 0; late < 2; late++) { /* the knotes before the refusal, and after it */
        int fd = open_tcp_socket();
        REQUIRE_EQ(fcntl(fd, F_SETFL, O_NONBLOCK), 0);
        int kq = late ? -1 : watch_both(fd);
        CHECK_EQ(connect(fd, (struct sockaddr *)&address, length), -1);
        CHECK_EQ(errno, EINPROGRESS);
        if (late)
            kq = watch_both(fd);
        struct tally tally = {0};
        REQUIRE(collect_eof(kq, &tally, true, true));
        CHECK_EQ(tally.read.fflags, ECONNREFUSED);
        CHECK_EQ(tally.write.fflags, ECONNREFUSED);
        CHECK_EQ(take_error(fd), ECONNREFUSED);
        close(kq);
        close(fd);
    }
    close_both(nobody);
}

TEST(own_shutdown_of_writing_is_write_eof_only)
{
    int ends[2];
    open_tcp(ends);
    int kq = watch_connected(ends[0]);
    CHECK_EQ(shutdown(ends[0], SHUT_WR), 0);
    struct tally tally = {0};
    REQUIRE(collect_eof(kq, &tally, false, true));
    CHECK_EQ(tally.write.fflags, 0);
    collect(kq, &tally); /* the peer's answer may repeat it */
    CHECK_EQ(tally.reads, 0);
    close(kq);
    close_both(ends);
}

TEST(own_shutdown_of_reading_is_read_eof_only)
{
    int ends[2];
    open_tcp(ends);
    int kq = watch_connected(ends[0]);
    CHECK_EQ(shutdown(ends[0], SHUT_RD), 0);
    struct tally tally = {0};
    REQUIRE(collect_eof(kq, &tally, true, false));
    CHECK_EQ(tally.read.fflags, 0);
    CHECK_EQ(tally.read.data, 0);
    CHECK_EQ(tally.writes, 0);
    CHECK(quiet(kq));
    close(kq);
    close_both(ends);
}

TEST(own_shutdown_of_both_is_eof_on_both)
{
    int ends[2];
    open_tcp(ends);
    int kq = watch_connected(ends[0]);
    CHECK_EQ(shutdown(ends[0], SHUT_RDWR), 0);
    struct tally tally = {0};
    REQUIRE(collect_eof(kq, &tally, true, true));
    CHECK_EQ(tally.read.fflags, 0);
    CHECK_EQ(tally.write.fflags, 0);
    close(kq);
    close_both(ends);
}

TEST(full_close_of_tcp_tells_both_ends_again)
{
    NEED_STATED(expected.full_close_repeats);
    int ends[2];
    open_tcp(ends);
    int kq = watch_connected(ends[0]);
    CHECK_EQ(shutdown(ends[0], SHUT_WR), 0);
    struct tally tally = {0};
    REQUIRE(collect_eof(kq, &tally, false, true));
    collect(kq, &tally);
    CHECK_EQ(tally.reads, 0);
    CHECK_EQ(shutdown(ends[1], SHUT_WR), 0);
    tally = (struct tally){0};
    REQUIRE(collect_eof(kq, &tally, true, true)); /* one more WRITE EOF although it was told */
    close(kq);
    close_both(ends);
}

TEST(dragonfly_end_flags_tell_more_than_eof)
{
    if (expected.eof_hang_up == 0)
        SKIP("only DragonFly has EV_NODATA and EV_HUP");
    int ends[2];
    open_unix(ends, SOCK_STREAM);
    int kq = open_kqueue();
    CHECK_EQ(ask(kq, ends[0], EVFILT_READ, EV_ADD, TOKEN), 0);
    put(ends[1], "x");
    CHECK_EQ(shutdown(ends[1], SHUT_WR), 0);
    struct kevent event;
    REQUIRE(await_eof(kq, &event));
    CHECK_EQ(event.flags & (expected.eof_without_data | expected.eof_hang_up), 0);
    take(ends[0], 1);
    REQUIRE(await_eof(kq, &event));
    CHECK_EQ(event.flags & expected.eof_without_data, expected.eof_without_data);
    CHECK_EQ(close(ends[1]), 0);
    REQUIRE(await_eof(kq, &event));
    CHECK_EQ(event.flags & expected.eof_hang_up, expected.eof_hang_up);
    close(kq);
    close(ends[0]);
}

TEST(unix_peer_close_is_eof_on_both)
{
    int ends[2];
    open_unix(ends, SOCK_STREAM);
    int kq = watch_connected(ends[0]);
    put(ends[1], "hello");
    CHECK_EQ(close(ends[1]), 0);
    struct tally tally = {0};
    REQUIRE(collect_eof(kq, &tally, true, true));
    CHECK_EQ(tally.read.data, 5);
    CHECK_EQ(tally.read.fflags, 0);
    CHECK_EQ(tally.write.fflags, 0);
    CHECK_STATED(tally.write.data, expected.space_at_eof);
    CHECK(quiet(kq));
    close(kq);
    close(ends[0]);
}

TEST(unix_peer_shutdown_of_writing_is_read_eof_only)
{
    int ends[2];
    open_unix(ends, SOCK_STREAM);
    int kq = watch_connected(ends[0]);
    CHECK_EQ(shutdown(ends[1], SHUT_WR), 0);
    struct tally tally = {0};
    REQUIRE(collect_eof(kq, &tally, true, false));
    CHECK_EQ(tally.read.fflags, 0);
    CHECK_EQ(tally.writes, 0);
    CHECK(quiet(kq));
    close(kq);
    close_both(ends);
}

TEST(unix_peer_shutdown_of_reading_is_nothing)
{
    NEED_STATED(expected.unix_peer_shut_rd);
    int ends[2];
    open_unix(ends, SOCK_STREAM);
    int kq = watch_connected(ends[0]);
    CHECK_EQ(shutdown(ends[1], SHUT_RD), 0);
    CHECK_EQ(!quiet(kq), expected.unix_peer_shut_rd);
    close(kq);
    close_both(ends);
}

TEST(unix_own_shutdowns)
{
    int ends[2];
    open_unix(ends, SOCK_STREAM);
    int kq = watch_connected(ends[0]);
    CHECK_EQ(shutdown(ends[0], SHUT_WR), 0);
    struct tally tally = {0};
    REQUIRE(collect_eof(kq, &tally, false, true));
    CHECK_EQ(tally.reads, 0);
    CHECK_EQ(shutdown(ends[0], SHUT_RD), 0);
    REQUIRE(collect_eof(kq, &tally, true, false));
    CHECK_EQ(tally.read.fflags, 0);
    close(kq);
    close_both(ends);
}

TEST(eof_sticks_to_the_knote)
{
    int ends[2];
    open_unix(ends, SOCK_STREAM);
    int kq = open_kqueue();
    CHECK_EQ(ask(kq, ends[0], EVFILT_READ, EV_ADD | EV_CLEAR, TOKEN), 0);
    put(ends[1], "hello");
    CHECK_EQ(shutdown(ends[1], SHUT_WR), 0);
    struct kevent event;
    for (int i = 0; i < 3; i++) { /* EV_CLEAR does not clear it */
        REQUIRE(await_eof(kq, &event));
        CHECK_EQ(ask(kq, ends[0], EVFILT_READ, EV_ADD | EV_CLEAR, TOKEN), 0);
    }
    close(kq);
    close_both(ends);
}

TEST(reset_after_data_was_reported)
{
    int ends[2];
    open_tcp(ends);
    int kq = open_kqueue();
    CHECK_EQ(ask(kq, ends[0], EVFILT_READ, EV_ADD | EV_CLEAR, TOKEN), 0);
    put(ends[1], "hello");
    struct kevent event;
    REQUIRE(await(kq, &event));
    CHECK_EQ(event.data, 5);
    CHECK_EQ(event.flags & EV_EOF, 0);
    close_with_reset(ends[1]);
    REQUIRE(await_eof(kq, &event));
    CHECK_EQ(event.fflags, ECONNRESET);
    close(kq);
    close(ends[0]);
}

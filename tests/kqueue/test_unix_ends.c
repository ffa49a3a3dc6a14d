/* SPDX-License-Identifier: MIT */
/* Unix streams: room that a peer's read makes, and the ends as the other side sees them. */
#include "test_support.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/un.h>
#include <unistd.h>

TEST(k37_unix_partial_read_of_the_peer_is_a_write_edge)
{
    int ends[2];
    struct kevent event;
    char byte;
    open_unix(ends, SOCK_STREAM);
    int kq = watch_connected(ends[0]);
    put(ends[0], "hello");
    CHECK(quiet(kq));
    take(ends[1], 2);
    REQUIRE(await(kq, &event));
    CHECK_EQ(event.filter, EVFILT_WRITE);
    CHECK_EQ(event.flags & EV_EOF, 0);
    take(ends[1], 3);
    REQUIRE(await(kq, &event));
    CHECK_EQ(read(ends[1], &byte, 1), -1);
    CHECK_EQ(errno, EAGAIN);
    CHECK(quiet(kq)); /* a read that moved nothing is none */
    close(kq);
    close_both(ends);
}

/* Writes what a full buffer holds. */
static void put_whole_buffer(int fd)
{
    static const char block[1024];
    for (int left = expected.unix_space; left > 0; left -= (int)sizeof block)
        REQUIRE_EQ(write(fd, block, sizeof block), (ssize_t)sizeof block);
}

TEST(unix_write_edges_of_a_full_stream)
{
    NEED_STATED(expected.unix_space);
    int ends[2];
    struct kevent event;
    open_unix(ends, SOCK_STREAM);
    int kq = watch_connected(ends[0]);
    put_whole_buffer(ends[0]);
    CHECK(quiet(kq));
    CHECK_EQ(ask(kq, ends[0], EVFILT_WRITE, EDGE, TOKEN), 0);
    CHECK(quiet(kq));
    take(ends[1], 100);
    CHECK_EQ(fetch_one(kq, &event), expected.unix_small_read_fires);
    take(ends[1], 412);
    CHECK_EQ(fetch_one(kq, &event), expected.unix_small_read_fires);
    take(ends[1], 2048);
    REQUIRE(await(kq, &event)); /* 2560 are free */
    take(ends[1], 512);
    REQUIRE(await(kq, &event));
    if (expected.unix_small_read_fires)
        CHECK_EQ(event.data, expected.unix_space);
    close(kq);
    close_both(ends);
}

TEST(unix_space_at_the_end_when_the_peer_left_data)
{
    NEED_STATED(expected.space_at_eof_with_5_sent);
    int ends[2];
    open_unix(ends, SOCK_STREAM);
    int kq = watch_connected(ends[0]);
    put(ends[0], "hello");
    CHECK_EQ(close(ends[1]), 0);
    struct tally tally = {0};
    REQUIRE(collect_eof(kq, &tally, true, true));
    CHECK_EQ(tally.write.data, expected.space_at_eof_with_5_sent);
    CHECK_EQ(tally.read.fflags, 0);
    close(kq);
    close(ends[0]);
}

TEST(unix_full_stream_whose_peer_closes)
{
    int ends[2];
    open_unix(ends, SOCK_STREAM);
    int kq = watch_connected(ends[0]);
    CHECK(fill(ends[0]) > 0);
    CHECK(quiet(kq));
    CHECK_EQ(close(ends[1]), 0);
    struct tally tally = {0};
    REQUIRE(collect_eof(kq, &tally, true, true));
    CHECK_EQ(tally.write.fflags, 0);
    close(kq);
    close(ends[0]);
}

TEST(unix_records_are_as_streams_are)
{
    NEED_STATED(expected.records_are_as_streams);
    int ends[2];
    struct kevent event;
    open_unix(ends, SOCK_SEQPACKET);
    int kq = watch_connected(ends[0]);
    put(ends[1], "abc");
    put(ends[1], "de");
    REQUIRE(await(kq, &event));
    CHECK_EQ(event.filter, EVFILT_READ);
    CHECK_EQ(event.data, 5); /* all records */
    CHECK_EQ(shutdown(ends[1], SHUT_RD), 0);
    CHECK(quiet(kq));
    CHECK_EQ(shutdown(ends[1], SHUT_WR), 0);
    REQUIRE(await_eof(kq, &event));
    CHECK_EQ(event.filter, EVFILT_READ);
    CHECK(quiet(kq));
    CHECK_EQ(close(ends[1]), 0);
    struct tally tally = {0};
    REQUIRE(collect_eof(kq, &tally, true, true));
    close(kq);
    close(ends[0]);
}

TEST(unix_write_after_the_peers_end_of_reading)
{
    NEED_STATED(expected.unix_peer_shut_rd_stops);
    int ends[2];
    open_unix(ends, SOCK_STREAM);
    int kq = watch_connected(ends[0]);
    CHECK_EQ(shutdown(ends[1], SHUT_RD), 0);
    CHECK(quiet(kq));
    put(ends[0], "hello"); /* nobody says that nobody reads it */
    CHECK_EQ(ask(kq, ends[0], EVFILT_WRITE, EDGE, TOKEN), 0);
    struct kevent event;
    CHECK_EQ(!fetch_one(kq, &event), expected.unix_peer_shut_rd_stops);
    CHECK_EQ(event.flags & EV_EOF, 0);
    close(kq);
    close_both(ends);
}

TEST(unix_peers_end_of_writing_then_of_reading)
{
    int ends[2];
    open_unix(ends, SOCK_STREAM);
    int kq = watch_connected(ends[0]);
    CHECK_EQ(shutdown(ends[1], SHUT_WR), 0);
    struct tally tally = {0};
    REQUIRE(collect_eof(kq, &tally, true, false));
    CHECK_EQ(shutdown(ends[1], SHUT_RD), 0);
    CHECK(quiet(kq));
    close(kq);
    close_both(ends);
}

TEST(unix_peers_end_of_both_is_read_eof_only)
{
    NEED_STATED(expected.unix_peer_shut_both_is_read_eof);
    int ends[2];
    open_unix(ends, SOCK_STREAM);
    int kq = watch_connected(ends[0]);
    CHECK_EQ(shutdown(ends[1], SHUT_RDWR), 0);
    struct tally tally = {0};
    REQUIRE(collect_eof(kq, &tally, true, false));
    collect(kq, &tally);
    CHECK_EQ(tally.writes, 0);
    put(ends[0], "x");
    CHECK_EQ(close(ends[1]), 0);
    tally = (struct tally){0};
    REQUIRE(collect_eof(kq, &tally, true, true)); /* READ for the second time */
    void (*before)(int) = signal(SIGPIPE, SIG_IGN);
    CHECK_EQ(write(ends[0], "x", 1), -1);
    CHECK_EQ(errno, EPIPE);
    signal(SIGPIPE, before);
    close(kq);
    close(ends[0]);
}

TEST(unix_eof_comes_again_when_the_peer_closes)
{
    int ends[2];
    open_unix(ends, SOCK_STREAM);
    int kq = watch_connected(ends[0]);
    CHECK_EQ(shutdown(ends[1], SHUT_WR), 0);
    struct tally tally = {0};
    REQUIRE(collect_eof(kq, &tally, true, false));
    CHECK_EQ(close(ends[1]), 0);
    tally = (struct tally){0};
    REQUIRE(collect_eof(kq, &tally, true, true));
    CHECK_EQ(tally.reads, 1);
    CHECK_EQ(tally.writes, 1);
    CHECK_EQ(tally.read.fflags, 0);
    CHECK_EQ(tally.read.flags & expected.eof_hang_up, expected.eof_hang_up);
    CHECK_EQ(tally.write.flags & expected.eof_hang_up, expected.eof_hang_up);
    CHECK(quiet(kq));
    close(kq);
    close(ends[0]);
}

/* Both sides have ended, so Linux sees no difference: the close is an event of its own. */
TEST(unix_eof_comes_again_after_the_own_end_of_writing)
{
    NEED_STATED(expected.unix_close_repeats_write_eof);
    int ends[2];
    open_unix(ends, SOCK_STREAM);
    int kq = watch_connected(ends[0]);
    CHECK_EQ(shutdown(ends[0], SHUT_WR), 0);
    CHECK_EQ(shutdown(ends[1], SHUT_WR), 0);
    struct tally tally = {0};
    REQUIRE(collect_eof(kq, &tally, true, true));
    CHECK_EQ(close(ends[1]), 0);
    tally = (struct tally){0};
    REQUIRE(collect_eof(kq, &tally, true, true));
    close(kq);
    close(ends[0]);
}

TEST(unix_write_eof_comes_again_when_the_peer_reads)
{
    NEED_STATED(expected.unix_read_repeats_write_eof);
    int ends[2];
    open_unix(ends, SOCK_STREAM);
    int kq = watch_connected(ends[0]);
    put(ends[0], "hello");
    CHECK_EQ(shutdown(ends[0], SHUT_WR), 0);
    struct tally tally = {0};
    REQUIRE(collect_eof(kq, &tally, false, true));
    CHECK(quiet(kq));
    take(ends[1], 2);
    struct kevent event;
    CHECK_EQ(fetch_one(kq, &event), expected.unix_read_repeats_write_eof);
    CHECK_EQ((event.flags & EV_EOF) != 0, expected.unix_read_repeats_write_eof);
    close(kq);
    close_both(ends);
}

TEST(unix_close_of_the_peer_in_the_order_of_the_system)
{
    NEED_STATED(expected.first_of_a_unix_close);
    int ends[2];
    struct kevent event;
    open_unix(ends, SOCK_STREAM);
    int kq = watch_connected(ends[0]);
    CHECK_EQ(close(ends[1]), 0);
    REQUIRE(await_eof(kq, &event));
    CHECK_EQ(event.filter, expected.first_of_a_unix_close);
    REQUIRE(await_eof(kq, &event));
    close(kq);
    close(ends[0]);
}

TEST(unix_data_after_the_own_end_of_reading)
{
    NEED_STATED(expected.unix_data_after_own_end);
    int ends[2];
    char text[8];
    open_unix(ends, SOCK_STREAM);
    int kq = watch_connected(ends[0]);
    CHECK_EQ(shutdown(ends[0], SHUT_RD), 0);
    struct kevent event;
    REQUIRE(await_eof(kq, &event));
    CHECK_EQ(read(ends[0], text, sizeof text), 0);
    for (int i = 1; i <= 2; i++) {
        put(ends[1], "abc");
        REQUIRE(await_eof(kq, &event));
        CHECK_EQ(event.filter, EVFILT_READ);
        CHECK_EQ(event.data, 3 * i);
    }
    CHECK_EQ(read(ends[0], text, sizeof text), 6); /* it is kept */
    CHECK_EQ(read(ends[0], text, sizeof text), 0);
    close(kq);
    close_both(ends);
}

/* A Unix listener at a path of its own; `name` gets it. */
static int open_unix_listener(struct sockaddr_un *name)
{
    char path[] = "/tmp/kq-XXXXXX";
    int fd = mkstemp(path);
    REQUIRE(fd >= 0);
    REQUIRE_EQ(close(fd), 0);
    REQUIRE_EQ(unlink(path), 0);
    memset(name, 0, sizeof *name);
    name->sun_family = AF_UNIX;
    memcpy(name->sun_path, path, sizeof path);
    fd = socket(AF_UNIX, SOCK_STREAM, 0);
    REQUIRE(fd >= 0);
    REQUIRE_EQ(bind(fd, (struct sockaddr *)name, sizeof *name), 0);
    REQUIRE_EQ(listen(fd, 4), 0);
    return fd;
}

static int connect_unix(const struct sockaddr_un *name)
{
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    REQUIRE(fd >= 0);
    REQUIRE_EQ(connect(fd, (const struct sockaddr *)name, sizeof *name), 0);
    REQUIRE_EQ(fcntl(fd, F_SETFL, O_NONBLOCK), 0);
    return fd;
}

TEST(unix_client_whose_listener_closes_before_it_accepts)
{
    NEED_STATED(expected.unaccepted_error);
    struct sockaddr_un name;
    int listener = open_unix_listener(&name);
    int client = connect_unix(&name);
    int kq = watch_connected(client);
    CHECK_EQ(close(listener), 0);
    struct tally tally = {0};
    REQUIRE(collect_eof(kq, &tally, true, true));
    CHECK_EQ(tally.read.fflags, expected.unaccepted_error);
    CHECK_EQ(tally.write.fflags, expected.unaccepted_error);
    CHECK_EQ(take_error(client), expected.unaccepted_error);
    close(kq);
    close(client);
    unlink(name.sun_path);
}

/* The ends that accept() joins know of each other as those of a pair do. */
TEST(unix_accepted_connections_keep_their_order)
{
    enum { CLIENTS = 3 };
    struct sockaddr_un name;
    int client[CLIENTS];
    int server[CLIENTS];
    int kq[CLIENTS];
    int listener = open_unix_listener(&name);
    for (int i = 0; i < CLIENTS; i++) {
        client[i] = connect_unix(&name);
        put(client[i], "hello");
        kq[i] = watch_connected(client[i]);
    }
    for (int i = 0; i < CLIENTS; i++) {
        server[i] = accept(listener, NULL, NULL);
        REQUIRE(server[i] >= 0);
        struct kevent event;
        take(server[i], 2);
        REQUIRE(await(kq[i], &event));
        CHECK_EQ(event.filter, EVFILT_WRITE);
        for (int other = i + 1; other < CLIENTS; other++)
            CHECK(quiet(kq[other]));
    }
    for (int i = 0; i < CLIENTS; i++) {
        close(kq[i]);
        close(client[i]);
        close(server[i]);
    }
    close(listener);
    unlink(name.sun_path);
}

TEST(shutdown_of_a_unix_listener_that_has_connections)
{
    NEED_STATED(expected.unix_listener_shutdown_ends);
    struct sockaddr_un name;
    int listener = open_unix_listener(&name);
    int client = connect_unix(&name);
    int kq = open_kqueue();
    struct kevent event;
    CHECK_EQ(ask(kq, listener, EVFILT_READ, EDGE, TOKEN), 0);
    CHECK_EQ(ask(kq, listener, EVFILT_WRITE, EDGE, TOKEN), 0);
    REQUIRE(await(kq, &event));
    CHECK_EQ(event.filter, EVFILT_READ);
    CHECK(quiet(kq));
    CHECK_EQ(shutdown(listener, SHUT_RDWR), 0);
    struct tally tally = {0};
    REQUIRE(collect_until(kq, &tally, 1, 1));
    CHECK(tally.write.flags & EV_EOF);
    close(kq);
    close(client);
    close(listener);
    unlink(name.sun_path);
}

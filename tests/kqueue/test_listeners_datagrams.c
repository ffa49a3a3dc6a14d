/* SPDX-License-Identifier: MIT */
/* EVFILT_READ and EVFILT_WRITE on listeners and datagram sockets. */
#include "test_support.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/un.h>
#include <unistd.h>

static int watch_read(int fd)
{
    int kq = open_kqueue();
    CHECK_EQ(ask(kq, fd, EVFILT_READ, EV_ADD | EV_CLEAR, TOKEN), 0);
    return kq;
}

/* Waits until the listener's event tells of that many connections. */
static bool await_connections(int kq, int count)
{
    struct kevent event;
    while (await(kq, &event)) {
        if (event.data == count)
            return true;
    }
    return false;
}

TEST(listener_data_is_the_number_of_connections)
{
    struct sockaddr_storage address;
    socklen_t length;
    int listener = open_listener(&address, &length);
    int kq = watch_read(listener);
    CHECK(quiet(kq));
    int client[2];
    client[0] = connect_to(&address, length);
    struct kevent event;
    REQUIRE(await(kq, &event));
    CHECK_EQ(event.ident, listener);
    CHECK_EQ(event.data, 1);
    CHECK_EQ(event.flags, expected_echo(EV_ADD | EV_CLEAR | EV_RECEIPT));
    CHECK(quiet(kq));
    client[1] = connect_to(&address, length);
    REQUIRE(await(kq, &event));
    CHECK_EQ(event.data, 2);
    close(kq);
    close_both(client);
    close(listener);
}

TEST(rule12_accept_that_leaves_connections)
{
    NEED_STATED(expected.accept_leaving_some_fires);
    struct sockaddr_storage address;
    socklen_t length;
    int listener = open_listener(&address, &length);
    int kq = watch_read(listener);
    int client[2] = {connect_to(&address, length), connect_to(&address, length)};
    REQUIRE(await_connections(kq, 2));
    int accepted[2];
    accepted[0] = accept(listener, NULL, NULL);
    struct kevent event;
    CHECK_EQ(fetch_one(kq, &event), expected.accept_leaving_some_fires);
    if (expected.accept_leaving_some_fires)
        CHECK_EQ(event.data, 1);
    accepted[1] = accept(listener, NULL, NULL);
    CHECK(quiet(kq)); /* nobody is left */
    close_both(accepted);
    close_both(client);
    close(listener);
    close(kq);
}

TEST(k26_write_on_a_listener_never_fires)
{
    struct sockaddr_storage address;
    socklen_t length;
    int listener = open_listener(&address, &length);
    int kq = open_kqueue();
    CHECK_EQ(ask(kq, listener, EVFILT_WRITE, EV_ADD, TOKEN), 0);
    int read_kq = watch_read(listener);
    CHECK(quiet(kq));
    int client = connect_to(&address, length);
    struct kevent event;
    REQUIRE(await(read_kq, &event));
    CHECK(quiet(kq));
    close(client);
    close(listener);
    close(read_kq);
    close(kq);
}

TEST(read_added_before_listen)
{
    struct sockaddr_in loopback;
    memset(&loopback, 0, sizeof loopback);
    loopback.sin_family = AF_INET;
    loopback.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    struct sockaddr_storage address;
    socklen_t length = sizeof address;
    int listener = open_tcp_socket();
    REQUIRE_EQ(bind(listener, (struct sockaddr *)&loopback, sizeof loopback), 0);
    REQUIRE_EQ(getsockname(listener, (struct sockaddr *)&address, &length), 0);
    int kq = watch_read(listener);
    CHECK_EQ(listen(listener, 4), 0);
    CHECK(quiet(kq));
    int late_kq = watch_read(listener);
    int client = connect_to(&address, length);
    struct kevent event;
    REQUIRE(await(late_kq, &event)); /* now the connection is there */
    CHECK_EQ(event.data, 1);
    CHECK_EQ(fetch_one(kq, &event), expected.read_added_before_listen);
    if (expected.read_added_before_listen)
        CHECK_EQ(event.data, expected.read_before_listen_data);
    close(client);
    close(listener);
    close(late_kq);
    close(kq);
}

TEST(shutdown_of_a_listener)
{
    NEED_STATED(expected.listener_shutdown_event);
    struct sockaddr_storage address;
    socklen_t length;
    int listener = open_listener(&address, &length);
    int kq = watch_read(listener);
    int error = shutdown(listener, SHUT_RDWR) < 0 ? errno : 0;
    CHECK_STATED(error, expected.listener_shutdown);
    struct kevent event;
    CHECK_EQ(fetch_one(kq, &event), expected.listener_shutdown_event);
    if (expected.listener_shutdown_event) {
        CHECK(event.flags & EV_EOF);
        CHECK_EQ(event.fflags, ECONNABORTED);
    }
    close(kq);
    close(listener);
}

TEST(k26_write_on_a_listener_that_is_shut_down)
{
    NEED_STATED(expected.listener_shutdown_write);
    struct sockaddr_storage address;
    socklen_t length;
    int listener = open_listener(&address, &length);
    int kq = open_kqueue();
    CHECK_EQ(ask(kq, listener, EVFILT_WRITE, EV_ADD | EV_CLEAR, TOKEN), 0);
    shutdown(listener, SHUT_RDWR);
    struct kevent event;
    CHECK_EQ(fetch_one(kq, &event), expected.listener_shutdown_write);
    CHECK_EQ((event.flags & EV_EOF) != 0, expected.listener_shutdown_write);
    close(kq);
    close(listener);
}

TEST(udp_data_counts_all_queued_bytes)
{
    int ends[2];
    open_udp(ends);
    int kq = watch_read(ends[0]);
    put(ends[1], "hello");
    struct kevent event;
    REQUIRE(await(kq, &event));
    CHECK_EQ(event.data, 5 + expected.udp_overhead);
    CHECK_EQ(event.flags, expected_echo(EV_ADD | EV_CLEAR | EV_RECEIPT));
    put(ends[1], "ab");
    REQUIRE(await(kq, &event));
    CHECK_EQ(event.data, 7 + 2 * expected.udp_overhead);
    close(kq);
    close_both(ends);
}

TEST(reading_one_datagram_is_no_edge)
{
    int ends[2];
    open_udp(ends);
    int kq = watch_read(ends[0]);
    put(ends[1], "hello");
    put(ends[1], "ab");
    struct kevent event;
    while (await(kq, &event) && event.data < 7 + 2 * expected.udp_overhead)
        continue;
    char buffer[8];
    CHECK_EQ(recv(ends[0], buffer, sizeof buffer, 0), 5);
    CHECK(quiet(kq));
    CHECK_EQ(recv(ends[0], buffer, sizeof buffer, 0), 2);
    CHECK(quiet(kq));
    close(kq);
    close_both(ends);
}

TEST(empty_datagram_fires)
{
    NEED_STATED(expected.udp_empty);
    int ends[2];
    open_udp(ends);
    int kq = watch_read(ends[0]);
    CHECK_EQ(send(ends[1], "", 0, 0), 0);
    struct kevent event;
    REQUIRE(await(kq, &event));
    CHECK_EQ(event.data, expected.udp_empty);
    CHECK_EQ(event.flags & EV_EOF, 0);
    close(kq);
    close_both(ends);
}

TEST(unconnected_udp_is_writable_at_once)
{
    NEED_STATED(expected.unconnected_udp_writable);
    int fd = socket(AF_INET, SOCK_DGRAM, 0);
    REQUIRE(fd >= 0);
    int kq = open_kqueue();
    CHECK_EQ(ask(kq, fd, EVFILT_WRITE, EV_ADD | EV_CLEAR, TOKEN), 0);
    CHECK_EQ(!quiet(kq), expected.unconnected_udp_writable);
    close(kq);
    close(fd);
}

TEST(k32_refused_udp_is_ready_without_eof)
{
    NEED_STATED(expected.udp_refused);
    int ends[2];
    open_udp(ends);
    int kq = watch_read(ends[0]);
    CHECK_EQ(ask(kq, ends[0], EVFILT_WRITE, EV_ADD | EV_CLEAR, TOKEN), 0);
    struct tally tally = {0};
    REQUIRE(collect_until(kq, &tally, 0, 1));
    refuse_datagrams(ends[1]);
    put(ends[0], "x");
    tally = (struct tally){0};
    REQUIRE(collect_until(kq, &tally, 1, 1));
    CHECK_EQ(tally.read.data, 0);
    CHECK_EQ(tally.read.fflags, 0);
    CHECK_EQ(tally.read.flags & EV_EOF, 0);
    CHECK_EQ(tally.write.fflags, 0);
    CHECK_EQ(tally.write.flags & EV_EOF, 0);
    char byte;
    CHECK_EQ(recv(ends[0], &byte, 1, 0), -1);
    CHECK_EQ(errno, ECONNREFUSED);
    close(kq);
    close_both(ends);
}

TEST(unix_datagram_data)
{
    NEED_STATED(expected.unix_datagram_overhead);
    int ends[2];
    open_unix(ends, SOCK_DGRAM);
    int kq = watch_read(ends[0]);
    put(ends[1], "hello");
    struct kevent event;
    REQUIRE(await(kq, &event));
    CHECK_EQ(event.data, 5 + expected.unix_datagram_overhead);
    close(kq);
    close_both(ends);
}

TEST(closed_unix_datagram_peer_gives_no_event)
{
    NEED_STATED(expected.closed_datagram_peer_event);
    int ends[2];
    open_unix(ends, SOCK_DGRAM);
    int kq = watch_read(ends[0]);
    CHECK_EQ(close(ends[1]), 0);
    CHECK_EQ(!quiet(kq), expected.closed_datagram_peer_event);
    close(kq);
    close(ends[0]);
}

TEST(closed_unix_datagram_peer_at_the_next_touch)
{
    NEED_STATED(expected.datagram_peer_gone_at_touch);
    int ends[2];
    struct kevent event;
    open_unix(ends, SOCK_DGRAM);
    int kq = watch_read(ends[0]);
    CHECK_EQ(close(ends[1]), 0);
    CHECK(quiet(kq));
    CHECK_EQ(ask(kq, ends[0], EVFILT_READ, EV_ADD | EV_CLEAR, TOKEN), 0);
    CHECK_EQ(fetch_one(kq, &event), expected.datagram_peer_gone_at_touch);
    CHECK_EQ(event.data, 0);
    CHECK_EQ(event.flags & EV_EOF, 0);
    close(kq);
    close(ends[0]);
}

TEST(closed_unix_datagram_peer_is_an_error_once)
{
    NEED_STATED(expected.datagram_peer_gone_error);
    int ends[2];
    open_unix(ends, SOCK_DGRAM);
    int kq = watch_read(ends[0]);
    CHECK_EQ(close(ends[1]), 0);
    CHECK_EQ(write(ends[0], "x", 1), -1);
    CHECK_EQ(errno, expected.datagram_peer_gone_error);
    CHECK_EQ(write(ends[0], "x", 1), -1);
    CHECK(errno != expected.datagram_peer_gone_error);
    CHECK(quiet(kq));
    close(kq);
    close(ends[0]);
}

static int watch_write(int fd, int64_t space)
{
    int kq = open_kqueue();
    struct kevent event;
    CHECK_EQ(ask(kq, fd, EVFILT_WRITE, EV_ADD | EV_CLEAR, TOKEN), 0);
    REQUIRE(fetch_one(kq, &event));
    CHECK_STATED(event.data, space);
    CHECK(quiet(kq));
    return kq;
}

TEST(connect_of_udp_may_be_a_write_edge)
{
    NEED_STATED(expected.udp_connect_fires_write);
    struct sockaddr_storage address;
    socklen_t length;
    int peer = bind_to_loopback(SOCK_DGRAM, &address, &length);
    int fd = socket(AF_INET, SOCK_DGRAM, 0);
    REQUIRE(fd >= 0);
    int kq = watch_write(fd, 9216);
    REQUIRE_EQ(connect(fd, (struct sockaddr *)&address, length), 0);
    CHECK_EQ(!quiet(kq), expected.udp_connect_fires_write);
    CHECK(quiet(kq));
    close(kq);
    close(fd);
    close(peer);
}

/* The kernel connects the socket for the call. */
TEST(sendto_of_a_unix_datagram_may_be_a_write_edge)
{
    char path[] = "/tmp/kq-XXXXXX";
    struct sockaddr_un name;
    int peer = socket(AF_UNIX, SOCK_DGRAM, 0);
    int fd = socket(AF_UNIX, SOCK_DGRAM, 0);
    int place = mkstemp(path);
    REQUIRE(fd >= 0 && peer >= 0 && place >= 0);
    REQUIRE_EQ(close(place), 0);
    REQUIRE_EQ(unlink(path), 0);
    memset(&name, 0, sizeof name);
    name.sun_family = AF_UNIX;
    memcpy(name.sun_path, path, sizeof path);
    REQUIRE_EQ(bind(peer, (struct sockaddr *)&name, sizeof name), 0);
    int kq = watch_write(fd, expected.unix_datagram_space);
    CHECK_EQ(sendto(fd, "x", 1, 0, (struct sockaddr *)&name, sizeof name), 1);
    CHECK_EQ(!quiet(kq), expected.unix_sendto_fires_write);
    CHECK(quiet(kq));
    close(kq);
    close(fd);
    close(peer);
    unlink(path);
}

TEST(receiving_a_unix_datagram_may_be_a_write_edge_of_the_peer)
{
    NEED_STATED(expected.unix_receive_fires_write);
    int ends[2];
    char byte;
    open_unix(ends, SOCK_DGRAM);
    int kq = watch_write(ends[0], expected.unix_datagram_space);
    put(ends[0], "x");
    CHECK(quiet(kq));
    CHECK_EQ(recv(ends[1], &byte, 1, 0), 1);
    CHECK_EQ(!quiet(kq), expected.unix_receive_fires_write);
    close(kq);
    close_both(ends);
}

/* There is nothing to wait for: the error is told, and the socket stays writable. */
TEST(full_queue_of_unix_datagrams_is_enobufs_without_an_event)
{
    int ends[2];
    int sent = 0;
    open_unix(ends, SOCK_DGRAM);
    int kq = watch_write(ends[0], expected.unix_datagram_space);
    while (send(ends[0], "datagram", 8, 0) == 8)
        sent++;
    CHECK_EQ(errno, ENOBUFS);
    CHECK(sent > 0);
    CHECK(quiet(kq));
    CHECK_EQ(ask(kq, ends[0], EVFILT_WRITE, EV_ADD | EV_CLEAR, TOKEN), 0);
    CHECK(!quiet(kq));
    char buffer[8];
    while (recv(ends[1], buffer, sizeof buffer, 0) == 8)
        sent--;
    CHECK_EQ(sent, 0);
    if (expected.unix_receive_fires_write != 1)
        CHECK(quiet(kq));
    close(kq);
    close_both(ends);
}

TEST(own_end_of_receiving_flushes_udp)
{
    NEED_STATED(expected.udp_shut_rd_is_read_eof);
    int ends[2];
    char byte;
    open_udp(ends);
    int kq = watch_read(ends[0]);
    put(ends[1], "hello");
    struct kevent event;
    REQUIRE(await(kq, &event));
    CHECK_EQ(shutdown(ends[0], SHUT_RD), 0);
    REQUIRE(fetch_one(kq, &event));
    CHECK(event.flags & EV_EOF);
    CHECK_EQ(event.data, 0);
    CHECK_EQ(event.fflags, 0);
    CHECK(recv(ends[0], &byte, 1, MSG_DONTWAIT) <= 0);
    close(kq);
    close_both(ends);
}

TEST(connection_that_was_reset_before_accept)
{
    NEED_STATED(expected.reset_before_accept);
    struct sockaddr_storage address;
    socklen_t length;
    int listener = open_listener(&address, &length);
    int kq = watch_read(listener);
    int client = connect_to(&address, length);
    REQUIRE(await_connections(kq, 1));
    close_with_reset(client);
    int fd = accept(listener, NULL, NULL);
    if (expected.reset_before_accept) {
        CHECK_EQ(fd, -1);
        CHECK_EQ(errno, expected.reset_before_accept);
    } else {
        REQUIRE(fd >= 0);
        int late_kq = watch_read(fd);
        struct kevent event;
        REQUIRE(await_eof(late_kq, &event));
        CHECK_EQ(event.fflags, ECONNRESET);
        close(late_kq);
        close(fd);
    }
    CHECK(quiet(kq));
    close(kq);
    close(listener);
}

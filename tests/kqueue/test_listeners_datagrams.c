/* SPDX-License-Identifier: MIT */
/* EVFILT_READ and EVFILT_WRITE on listeners and datagram sockets. */
#include "test_support.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <string.h>
#include <unistd.h>

enum { TOKEN = 51 };

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

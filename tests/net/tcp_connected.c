/* SPDX-License-Identifier: MIT */
/* What mio_tcp_stream_finish_connect() and connecting can answer. */
#define _GNU_SOURCE

#include "support.h"

#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>

TEST(net_connected_says_0_once_connected)
{
    struct mio_tcp_stream client;
    struct mio_tcp_stream server;
    tcp_pair(&client, &server);
    CHECK_EQ(mio_tcp_stream_finish_connect(&client), 0);
    CHECK_EQ(mio_tcp_stream_finish_connect(&client), 0);
    CHECK_EQ(mio_tcp_stream_finish_connect(&server), 0);

    /* An end of the stream is no failure. */
    CHECK_EQ(mio_tcp_stream_shutdown(&server, MIO_SHUTDOWN_WRITE), 0);
    wait_until(client.source.fd, POLLIN);
    CHECK_EQ(mio_tcp_stream_finish_connect(&client), 0);
    CHECK_EQ(mio_source_close(&client.source), 0);
    CHECK_EQ(mio_source_close(&server.source), 0);
}

TEST(net_connected_is_in_progress_before_connecting)
{
    struct mio_tcp_stream stream;
    REQUIRE_EQ(mio_tcp_stream_from_fd(socket(AF_INET, SOCK_STREAM, 0), &stream), 0);
    CHECK_EQ(mio_tcp_stream_finish_connect(&stream), -EINPROGRESS);
    CHECK_EQ(mio_tcp_stream_finish_connect(&stream), -EINPROGRESS);
    CHECK_EQ(mio_source_close(&stream.source), 0);
}

/* The kernel answers nobody beyond the backlog, so that a connection stays in progress until one
 * is accepted. */
TEST(net_connected_waits_for_a_full_backlog)
{
    skip_if_excepted(__func__);
    enum { BACKLOG = 1, WAITING = BACKLOG + 1 };
    struct loop loop = loop_open();
    struct mio_addr addr = loopback_v4();
    const struct mio_socket_options options = {.backlog = BACKLOG};
    struct mio_tcp_listener listener;
    struct mio_tcp_stream waiting[WAITING];
    struct mio_tcp_stream late;
    struct mio_tcp_stream server;
    REQUIRE_EQ(mio_tcp_listener_bind(&addr, &options, &listener), 0);
    REQUIRE_EQ(mio_source_local_addr(&listener.source, &addr), 0);
    for (int i = 0; i < WAITING; i++) {
        tcp_connect(&addr, &waiting[i]);
        wait_until(waiting[i].source.fd, POLLOUT);
        CHECK_EQ(mio_tcp_stream_finish_connect(&waiting[i]), 0);
    }
    tcp_connect(&addr, &late);
    watch(&loop, &late.source, CLIENT, MIO_READABLE | MIO_WRITABLE);
    EXPECT_NOTHING(&loop);
    CHECK_EQ(mio_tcp_stream_finish_connect(&late), -EINPROGRESS);

    for (int i = 0; i < WAITING; i++) {
        tcp_accept(&listener, &server);
        CHECK_EQ(mio_source_close(&server.source), 0);
    }
    EXPECT_ONE(&loop, CLIENT, W); /* after the kernel has asked again, in a second */
    CHECK_EQ(mio_tcp_stream_finish_connect(&late), 0);
    for (int i = 0; i < WAITING; i++)
        CHECK_EQ(mio_source_close(&waiting[i].source), 0);
    CHECK_EQ(mio_source_close(&late.source), 0);
    CHECK_EQ(mio_source_close(&listener.source), 0);
    loop_close(&loop);
}

TEST(net_connected_tells_a_refusal_once)
{
    skip_if_excepted(__func__);

    struct loop loop = loop_open();
    struct mio_addr addr = tcp_nobody();
    struct mio_tcp_stream stream;
    int error = mio_tcp_stream_connect(&addr, NULL, &stream);
    if (error == 0) {
        watch(&loop, &stream.source, CLIENT, MIO_WRITABLE);
        EXPECT_ONE(&loop, CLIENT, readiness_fact("connection refused, asked for writable"));
        error = mio_tcp_stream_finish_connect(&stream);
        CHECK_EQ(mio_source_take_error(&stream.source), 0);
        CHECK_EQ(mio_tcp_stream_finish_connect(&stream), -ENOTCONN);
        EXPECT_ONE_IF(&loop, CLIENT, readiness_fact("the error was taken, asked for writable"));
        CHECK_EQ(mio_source_close(&stream.source), 0);
    }
    CHECK_EQ(error, -ECONNREFUSED);
    loop_close(&loop);
}

/* Whoever takes the error first: what has failed is not in progress. */
TEST(net_connected_tells_failed_from_in_progress)
{
    char byte;
    for (int taken = 0; taken < 2; taken++) {
        struct loop loop = loop_open();
        struct mio_addr addr = tcp_nobody();
        struct mio_tcp_stream stream;
        if (mio_tcp_stream_connect(&addr, NULL, &stream) == 0) {
            watch(&loop, &stream.source, CLIENT, MIO_READABLE | MIO_WRITABLE);
            EXPECT_ONE(&loop, CLIENT, readiness_fact("TCP refused, asked for both"));
            CHECK_EQ(taken ? mio_source_take_error(&stream.source)
                           : mio_tcp_stream_read(&stream, &byte, 1),
                     -ECONNREFUSED);
            for (int i = 0; i < 2; i++)
                CHECK_EQ(mio_tcp_stream_finish_connect(&stream), -ENOTCONN);
            EXPECT_ONE_IF(&loop, CLIENT, readiness_fact("the error was taken, asked for both"));
            EXPECT_NOTHING(&loop); /* who waits for another event waits for ever */
            CHECK_EQ(mio_source_close(&stream.source), 0);
        }
        loop_close(&loop);
    }
}

TEST(net_connected_tells_a_later_reset)
{
    struct mio_tcp_stream client;
    struct mio_tcp_stream server;
    tcp_pair(&client, &server);
    tcp_reset(&server);
    wait_until(client.source.fd, POLLIN);
    CHECK_EQ(mio_tcp_stream_finish_connect(&client), -ECONNRESET);
    CHECK_EQ(mio_tcp_stream_finish_connect(&client), -ENOTCONN);
    CHECK_EQ(mio_source_close(&client.source), 0);
}

/* What can still be read of a connection that is over belongs to it. */
TEST(net_connected_of_a_connection_that_is_over)
{
    struct mio_tcp_stream client;
    struct mio_tcp_stream server;
    char byte;
    tcp_pair(&client, &server);
    tcp_put(&server, "x");
    CHECK_EQ(mio_source_close(&server.source), 0);
    wait_until(client.source.fd, POLLIN);
    CHECK_EQ(mio_tcp_stream_shutdown(&client, MIO_SHUTDOWN_WRITE), 0);
    CHECK_EQ(mio_tcp_stream_finish_connect(&client), 0);
    CHECK_EQ(mio_tcp_stream_read(&client, &byte, 1), 1);
    wait_until(client.source.fd, POLLIN);
    CHECK_EQ(mio_tcp_stream_read(&client, &byte, 1), 0);
    int error = mio_tcp_stream_finish_connect(&client); /* once the last packet is acknowledged */
    CHECK(error == 0 || error == -ENOTCONN);
    CHECK_EQ(mio_source_close(&client.source), 0);
}

TEST(net_connected_checks_its_argument)
{
    struct mio_tcp_stream stream;
    struct mio_udp_socket udp;
    struct mio_addr addr = loopback_v4();
    CHECK_EQ(mio_tcp_stream_finish_connect(null()), -EINVAL);
    REQUIRE_EQ(mio_udp_socket_bind(&addr, NULL, &udp), 0);
    mio_source_init(&stream.source, MIO_INVALID_FD);
    CHECK_EQ(mio_tcp_stream_finish_connect(&stream), -EBADF);
    CHECK_EQ(mio_source_close(&udp.source), 0);
}

/* What cannot be connected to fails at once, or (DragonFly) as soon as it is asked how it went. */
static void check_fails(const struct mio_addr *addr)
{
    struct mio_tcp_stream stream;
    int error = mio_tcp_stream_connect(addr, NULL, &stream);
    if (error == 0) {
        wait_until(stream.source.fd, POLLIN | POLLOUT);
        error = mio_tcp_stream_finish_connect(&stream);
        CHECK_EQ(mio_source_close(&stream.source), 0);
    }
    CHECK(error < 0 && error != -EINPROGRESS);
}

/* An address that belongs to nobody: what the system knows at once is returned, and nothing is
 * left open. */
TEST(net_connect_to_an_address_that_cannot_be)
{
    struct mio_addr broadcast = mio_addr_ipv4(255, 255, 255, 255, 9);
    struct mio_addr group = mio_addr_ipv4(224, 0, 0, 1, 9);
    struct mio_addr unnamed = {.kind = MIO_ADDR_UNNAMED};
    struct mio_addr local;
    struct mio_tcp_stream stream;
    struct mio_tcp_stream pattern;
    memset(&stream, 0x5a, sizeof stream);
    pattern = stream;
    REQUIRE_EQ(mio_addr_unix("/tmp/x", 6, &local), 0);
    check_fails(&broadcast);
    check_fails(&group);
    CHECK_EQ(mio_tcp_stream_connect(&local, NULL, &stream), -EAFNOSUPPORT);
    CHECK_EQ(mio_tcp_stream_connect(&unnamed, NULL, &stream), -EINVAL);
    CHECK_EQ(mio_tcp_stream_connect(null(), NULL, &stream), -EINVAL);
    CHECK(memcmp(&stream, &pattern, sizeof stream) == 0);
}

TEST(net_connected_sees_the_peer_name_go)
{
    struct mio_tcp_stream client;
    struct mio_tcp_stream server;
    struct mio_addr peer;
    tcp_pair(&client, &server);
    REQUIRE_EQ(mio_source_peer_addr(&client.source, &peer), 0);
    tcp_reset(&server);
    wait_until(client.source.fd, POLLIN);
    CHECK_EQ(mio_source_peer_addr(&client.source, &peer), -ENOTCONN);
    CHECK_EQ(mio_source_close(&client.source), 0);
}

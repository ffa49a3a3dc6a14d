/* SPDX-License-Identifier: MIT */
/* TCP streams: what they are and can be asked. */
#define _GNU_SOURCE

#include "support.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static void check_addresses(struct mio_tcp_stream *client, struct mio_tcp_stream *server)
{
    struct mio_addr one;
    struct mio_addr other;
    REQUIRE_EQ(mio_source_local_addr(&client->source, &one), 0);
    REQUIRE_EQ(mio_source_peer_addr(&server->source, &other), 0);
    CHECK_ADDR(&one, &other);
    REQUIRE_EQ(mio_source_peer_addr(&client->source, &one), 0);
    REQUIRE_EQ(mio_source_local_addr(&server->source, &other), 0);
    CHECK_ADDR(&one, &other);
}

/* From a connected client that is not registered yet to its closing. */
static void tcp_stream_smoke(struct mio_tcp_stream *client, struct mio_tcp_stream *server)
{
    struct loop loop = loop_open();
    char text[16] = "";
    CHECK_FLAGS(client->source.fd);
    watch(&loop, &client->source, CLIENT, MIO_READABLE | MIO_WRITABLE);
    EXPECT_ONE(&loop, CLIENT, W);
    CHECK_EQ(mio_tcp_stream_finish_connect(client), 0);
    errno = ELOOP;
    CHECK_EQ(mio_tcp_stream_peek(client, text, sizeof text), -EAGAIN);
    CHECK_EQ(mio_tcp_stream_read(client, text, sizeof text), -EAGAIN);
    CHECK_EQ(errno, ELOOP);
    EXPECT_NOTHING(&loop);
    check_addresses(client, server);

    tcp_put(client, "hello");
    wrote_to_tcp(&loop, CLIENT);
    TCP_EXPECT_TEXT(server, "hello");
    tcp_put(server, "hello");
    EXPECT_ONE(&loop, CLIENT, readiness_fact("data came, asked for both"));
    CHECK_EQ(mio_tcp_stream_peek(client, text, sizeof text), 5);
    CHECK_STR(text, "hello");
    memset(text, 0, sizeof text);
    CHECK_EQ(mio_tcp_stream_read(client, text, 3), 3);
    CHECK_STR(text, "hel");
    CHECK_EQ(mio_tcp_stream_read(client, text, 0), 0);
    TCP_EXPECT_TEXT(client, "lo");
    CHECK_EQ(mio_source_take_error(&client->source), 0);

    CHECK_EQ(mio_source_close(&client->source), 0);
    CHECK_EQ(mio_source_close(&client->source), -EBADF);
    CHECK_EQ(mio_tcp_stream_read(client, text, 1), -EBADF);
    CHECK_EQ(mio_tcp_stream_write(client, text, 1), -EBADF);
    wait_until(server->source.fd, POLLIN);
    CHECK_EQ(mio_tcp_stream_read(server, text, sizeof text), 0);
    CHECK_EQ(mio_source_close(&server->source), 0);
    loop_close(&loop);
}

static void tcp_stream_smoke_at(struct mio_addr addr)
{
    struct mio_tcp_listener listener;
    struct mio_tcp_stream client;
    struct mio_tcp_stream server;
    tcp_listen(&addr, &listener);
    tcp_connect(&addr, &client);
    tcp_accept(&listener, &server);
    tcp_stream_smoke(&client, &server);
    CHECK_EQ(mio_source_close(&listener.source), 0);
}

TEST(net_tcp_stream_ipv4)
{
    tcp_stream_smoke_at(loopback_v4());
}

TEST(net_tcp_stream_ipv6)
{
    tcp_stream_smoke_at(loopback_v6());
}

TEST(net_tcp_stream_made_elsewhere)
{
    struct mio_addr addr = loopback_v4();
    struct mio_tcp_listener listener;
    struct mio_tcp_stream client;
    struct mio_tcp_stream server;
    unsigned char sockaddr[MIO_SOCKADDR_SIZE];
    tcp_listen(&addr, &listener);
    int size = mio_addr_to_sockaddr(&addr, sockaddr, sizeof sockaddr);
    int fd = socket(AF_INET, SOCK_STREAM, 0); /* blocking */
    REQUIRE(fd >= 0);
    REQUIRE_EQ(connect(fd, (struct sockaddr *)(void *)sockaddr, (socklen_t)size), 0);
    tcp_accept(&listener, &server);
    REQUIRE_EQ(mio_tcp_stream_from_fd(fd, &client), 0);
    CHECK_EQ(client.source.fd, fd);
    tcp_stream_smoke(&client, &server);
    CHECK_EQ(mio_source_close(&listener.source), 0);
}

TEST(net_tcp_stream_ttl)
{
    struct mio_tcp_stream client;
    struct mio_tcp_stream server;
    tcp_pair(&client, &server);
    int usual = asked_tcp_stream_ttl(&client);
    CHECK(usual > 0 && usual <= 255);
    CHECK_EQ(mio_tcp_stream_set_ttl(&client, 10), 0);
    CHECK_EQ(asked_tcp_stream_ttl(&client), 10);
    CHECK_EQ(option_of(client.source.fd, IPPROTO_IP, IP_TTL), 10);
    CHECK_EQ(mio_tcp_stream_set_ttl(&client, 255), 0);
    CHECK_EQ(mio_tcp_stream_set_ttl(&client, 256), -EINVAL);
    CHECK_EQ(asked_tcp_stream_ttl(&client), 255);
    CHECK_EQ(asked_tcp_stream_ttl(&server), usual);
    CHECK_EQ(mio_source_close(&client.source), 0);
    CHECK_EQ(mio_source_close(&server.source), 0);
    CHECK_EQ(asked_tcp_stream_ttl(&client), -EBADF);
    CHECK_EQ(mio_tcp_stream_set_ttl(&client, 1), -EBADF);
}

TEST(net_tcp_stream_no_delay)
{
    struct mio_tcp_stream client;
    struct mio_tcp_stream server;
    tcp_pair(&client, &server);
    CHECK_EQ(asked_tcp_stream_no_delay(&client), 0);
    CHECK_EQ(mio_tcp_stream_set_no_delay(&client, true), 0);
    CHECK_EQ(asked_tcp_stream_no_delay(&client), 1);
    CHECK_EQ(asked_tcp_stream_no_delay(&server), 0);
    CHECK_EQ(mio_tcp_stream_set_no_delay(&client, false), 0);
    CHECK_EQ(asked_tcp_stream_no_delay(&client), 0);
    CHECK_EQ(mio_source_close(&client.source), 0);
    CHECK_EQ(mio_source_close(&server.source), 0);
    CHECK_EQ(asked_tcp_stream_no_delay(&client), -EBADF);
}

TEST(net_tcp_stream_gives_its_descriptor)
{
    struct loop loop = loop_open();
    struct mio_tcp_stream client;
    struct mio_tcp_stream server;
    struct mio_addr before;
    struct mio_addr after;
    mio_fd fd = MIO_INVALID_FD;
    tcp_pair(&client, &server);
    REQUIRE_EQ(mio_source_local_addr(&client.source, &before), 0);
    mio_fd own = client.source.fd;
    watch(&loop, &client.source, CLIENT, MIO_READABLE);
    CHECK_EQ(mio_source_into_fd(&client.source, &fd), -EBUSY);
    REQUIRE_EQ(mio_source_deregister(&client.source), 0);
    REQUIRE_EQ(mio_source_into_fd(&client.source, &fd), 0);
    CHECK_EQ(fd, own);
    CHECK_EQ(mio_source_into_fd(&client.source, &fd), -EBADF);
    CHECK_EQ(mio_source_close(&client.source), -EBADF);
    REQUIRE_EQ(mio_tcp_stream_from_fd(fd, &client), 0);
    REQUIRE_EQ(mio_source_local_addr(&client.source, &after), 0);
    CHECK_ADDR(&after, &before);
    tcp_put(&server, "hi");
    TCP_EXPECT_TEXT(&client, "hi");
    CHECK_EQ(mio_source_close(&client.source), 0);
    CHECK_EQ(mio_source_close(&server.source), 0);
    loop_close(&loop);
}

/* A registered socket may be moved to another struct. */
TEST(net_tcp_stream_may_be_moved)
{
    struct loop loop = loop_open();
    struct mio_tcp_stream client;
    struct mio_tcp_stream server;
    tcp_pair(&client, &server);
    watch(&loop, &client.source, CLIENT, MIO_READABLE);
    struct mio_tcp_stream moved = client;
    memset(&client, 0x5a, sizeof client);
    tcp_put(&server, "one");
    EXPECT_ONE(&loop, CLIENT, R);
    TCP_EXPECT_TEXT(&moved, "one");
    tcp_put(&server, "two");
    EXPECT_ONE(&loop, CLIENT, R);
    REQUIRE_EQ(mio_source_reregister(&moved.source, THIRD, MIO_READABLE), 0);
    EXPECT_ONE(&loop, THIRD, R);
    CHECK_EQ(mio_source_close(&moved.source), 0);
    CHECK_EQ(mio_source_close(&server.source), 0);
    EXPECT_NOTHING(&loop);
    loop_close(&loop);
}

/* --- shutting down --- */

TEST(net_tcp_stream_shutdown_read)
{
    struct mio_tcp_stream client;
    struct mio_tcp_stream server;
    char byte;
    tcp_pair(&client, &server);
    CHECK_EQ(mio_tcp_stream_shutdown(&client, MIO_SHUTDOWN_READ), 0);
    CHECK_EQ(mio_tcp_stream_read(&client, &byte, 1), 0);
    CHECK_EQ(mio_tcp_stream_peek(&client, &byte, 1), 0);
    tcp_put(&client, "still");
    TCP_EXPECT_TEXT(&server, "still");
    CHECK_EQ(mio_source_close(&client.source), 0);
    CHECK_EQ(mio_source_close(&server.source), 0);
}

TEST(net_tcp_stream_shutdown_write)
{
    struct mio_tcp_stream client;
    struct mio_tcp_stream server;
    struct mio_iovec part = {"a", 1};
    char text[8] = "";
    tcp_pair(&client, &server);
    tcp_put(&client, "before");
    CHECK_EQ(mio_tcp_stream_shutdown(&client, MIO_SHUTDOWN_WRITE), 0);
    CHECK_EQ(mio_tcp_stream_write(&client, "a", 1), -EPIPE);
    CHECK_EQ(mio_tcp_stream_writev(&client, &part, 1), -EPIPE);
    wait_until(server.source.fd, POLLIN);
    CHECK_EQ(mio_tcp_stream_read(&server, text, sizeof text), 6);
    wait_until(server.source.fd, POLLIN);
    CHECK_EQ(mio_tcp_stream_read(&server, text, sizeof text), 0);
    tcp_put(&server, "echo");
    TCP_EXPECT_TEXT(&client, "echo");
    CHECK_EQ(mio_source_close(&client.source), 0);
    CHECK_EQ(mio_source_close(&server.source), 0);
}

/* Said twice, it ends no more than it did. */
TEST(net_tcp_stream_shutdown_write_twice)
{
    struct mio_tcp_stream client;
    struct mio_tcp_stream server;
    char byte;
    tcp_pair(&client, &server);
    CHECK_EQ(mio_tcp_stream_shutdown(&client, MIO_SHUTDOWN_WRITE), 0);
    wait_until(server.source.fd, POLLIN);
    CHECK_EQ(mio_tcp_stream_read(&server, &byte, 1), 0);
    int error = mio_tcp_stream_shutdown(&client, MIO_SHUTDOWN_WRITE);
    CHECK_EQ(error, fact("ending a connection's writing again"));
    tcp_put(&server, "still");
    TCP_EXPECT_TEXT(&client, "still");
    CHECK_EQ(mio_source_close(&client.source), 0);
    CHECK_EQ(mio_source_close(&server.source), 0);
}

TEST(net_tcp_stream_shutdown_both)
{
    struct mio_tcp_stream client;
    struct mio_tcp_stream server;
    char byte;
    tcp_pair(&client, &server);
    CHECK_EQ(mio_tcp_stream_shutdown(&client, MIO_SHUTDOWN_BOTH), 0);
    CHECK_EQ(mio_tcp_stream_read(&client, &byte, 1), 0);
    CHECK_EQ(mio_tcp_stream_write(&client, "a", 1), -EPIPE);
    wait_until(server.source.fd, POLLIN);
    CHECK_EQ(mio_tcp_stream_read(&server, &byte, 1), 0);
    CHECK_EQ(mio_source_close(&client.source), 0);
    CHECK_EQ(mio_source_close(&server.source), 0);
}

TEST(net_tcp_stream_shutdown_is_checked)
{
    struct mio_tcp_stream stream;
    REQUIRE_EQ(mio_tcp_stream_from_fd(socket(AF_INET, SOCK_STREAM, 0), &stream), 0);
    CHECK_EQ(mio_tcp_stream_shutdown(&stream, MIO_SHUTDOWN_WRITE),
             fact("shutdown of an unconnected TCP stream"));
    CHECK_EQ(mio_tcp_stream_shutdown(&stream, (enum mio_shutdown)3), -EINVAL);
    CHECK_EQ(mio_tcp_stream_shutdown(&stream, (enum mio_shutdown)(-1)), -EINVAL);
    CHECK_EQ(mio_tcp_stream_shutdown(null(), MIO_SHUTDOWN_WRITE), -EINVAL);
    CHECK_EQ(mio_source_close(&stream.source), 0);
    CHECK_EQ(mio_tcp_stream_shutdown(&stream, MIO_SHUTDOWN_WRITE), -EBADF);
}

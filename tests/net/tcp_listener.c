/* SPDX-License-Identifier: MIT */
/* TCP listeners: what they are, when they speak, and what accepting can fail with. */
#define _GNU_SOURCE

#include "support.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* Takes one connection through everything, and closes the listener. */
static void tcp_listener_smoke(struct mio_tcp_listener *listener)
{
    struct loop loop = loop_open();
    struct mio_addr addr;
    struct mio_addr peer;
    struct mio_addr client_addr;
    struct mio_tcp_stream client;
    struct mio_tcp_stream server;
    REQUIRE_EQ(mio_source_local_addr(&listener->source, &addr), 0);
    watch(&loop, &listener->source, LISTENER, MIO_READABLE);
    EXPECT_NOTHING(&loop);

    tcp_connect(&addr, &client);
    EXPECT_ONE(&loop, LISTENER, R);
    REQUIRE_EQ(mio_tcp_listener_accept(listener, &server, &peer), 0);
    CHECK_FLAGS(server.source.fd);
    REQUIRE_EQ(mio_source_local_addr(&client.source, &client_addr), 0);
    CHECK_ADDR(&peer, &client_addr);
    CHECK_EQ(mio_tcp_listener_accept(listener, &server, NULL), -EAGAIN);
    CHECK_EQ(mio_source_take_error(&listener->source), 0);
    EXPECT_NOTHING(&loop);

    tcp_put(&client, "hello");
    TCP_EXPECT_TEXT(&server, "hello");
    CHECK_EQ(mio_source_close(&client.source), 0);
    CHECK_EQ(mio_source_close(&server.source), 0);
    CHECK_EQ(mio_source_close(&listener->source), 0);
    loop_close(&loop);
}

static void tcp_listener_smoke_at(struct mio_addr addr)
{
    struct mio_tcp_listener listener;
    tcp_listen(&addr, &listener);
    CHECK_FLAGS(listener.source.fd);
    tcp_listener_smoke(&listener);
}

TEST(net_tcp_listener_ipv4)
{
    tcp_listener_smoke_at(loopback_v4());
}

TEST(net_tcp_listener_ipv6)
{
    tcp_listener_smoke_at(loopback_v6());
}

TEST(net_tcp_listener_made_elsewhere)
{
    struct mio_tcp_listener listener;
    struct sockaddr_in address;
    memset(&address, 0, sizeof address);
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    REQUIRE(fd >= 0);
    REQUIRE_EQ(bind(fd, (struct sockaddr *)&address, sizeof address), 0);
    REQUIRE_EQ(listen(fd, 5), 0);
    REQUIRE_EQ(mio_tcp_listener_from_fd(fd, &listener), 0);
    CHECK_EQ(listener.source.fd, fd);
    CHECK((fcntl(fd, F_GETFL) & O_NONBLOCK) != 0);
    tcp_listener_smoke(&listener);
}

TEST(net_tcp_listener_ttl)
{
    struct mio_addr addr = loopback_v4();
    struct mio_tcp_listener listener;
    struct mio_tcp_stream client;
    struct mio_tcp_stream server;
    tcp_listen(&addr, &listener);
    int usual = asked_tcp_listener_ttl(&listener);
    CHECK(usual > 0 && usual <= 255);
    CHECK_EQ(mio_tcp_listener_set_ttl(&listener, 10), 0);
    CHECK_EQ(asked_tcp_listener_ttl(&listener), 10);
    CHECK_EQ(mio_tcp_listener_set_ttl(&listener, 256), -EINVAL);
    CHECK_EQ(asked_tcp_listener_ttl(&listener), 10);

    bool inherited = fact("a connection has the TTL of its listener") != 0;
    tcp_connect(&addr, &client);
    tcp_accept(&listener, &server);
    CHECK_EQ(asked_tcp_stream_ttl(&server), inherited ? 10 : usual);
    CHECK_EQ(asked_tcp_stream_ttl(&client), usual);
    CHECK_EQ(mio_source_close(&client.source), 0);
    CHECK_EQ(mio_source_close(&server.source), 0);
    CHECK_EQ(mio_source_close(&listener.source), 0);
}

TEST(net_tcp_listener_ttl_of_ipv6)
{
    struct mio_addr addr = loopback_v6();
    struct mio_tcp_listener listener;
    tcp_listen(&addr, &listener);
    int usual = asked_tcp_listener_ttl(&listener);
    CHECK(usual > 0 && usual <= 255);
    CHECK_EQ(mio_tcp_listener_set_ttl(&listener, 10), 0);
    CHECK_EQ(asked_tcp_listener_ttl(&listener), 10);
    CHECK_EQ(option_of(listener.source.fd, IPPROTO_IPV6, IPV6_UNICAST_HOPS), 10);
    CHECK_EQ(mio_source_close(&listener.source), 0);
}

TEST(net_tcp_listener_gives_its_descriptor)
{
    struct loop loop = loop_open();
    struct mio_addr addr = loopback_v4();
    struct mio_addr got;
    struct mio_tcp_listener listener;
    mio_fd fd = MIO_INVALID_FD;
    tcp_listen(&addr, &listener);
    mio_fd own = listener.source.fd;
    watch(&loop, &listener.source, LISTENER, MIO_READABLE);
    CHECK_EQ(mio_source_into_fd(&listener.source, &fd), -EBUSY);
    CHECK_EQ(fd, MIO_INVALID_FD);
    REQUIRE_EQ(mio_source_deregister(&listener.source), 0);
    REQUIRE_EQ(mio_source_into_fd(&listener.source, &fd), 0);
    CHECK_EQ(fd, own);
    CHECK_EQ(listener.source.fd, MIO_INVALID_FD);
    CHECK_EQ(mio_source_into_fd(&listener.source, &fd), -EBADF);
    CHECK_EQ(mio_source_local_addr(&listener.source, &got), -EBADF);

    REQUIRE_EQ(mio_tcp_listener_from_fd(fd, &listener), 0);
    REQUIRE_EQ(mio_source_local_addr(&listener.source, &got), 0);
    CHECK_ADDR(&got, &addr);
    tcp_listener_smoke(&listener);
    loop_close(&loop);
}

/* --- events --- */

TEST(net_tcp_listener_reregister)
{
    struct loop loop = loop_open();
    struct mio_addr addr = loopback_v4();
    struct mio_tcp_listener listener;
    struct mio_tcp_stream client;
    tcp_listen(&addr, &listener);
    watch(&loop, &listener.source, LISTENER, MIO_READABLE);
    EXPECT_NOTHING(&loop);
    REQUIRE_EQ(mio_source_reregister(&listener.source, THIRD, MIO_READABLE), 0);
    EXPECT_NOTHING(&loop);
    tcp_connect(&addr, &client);
    EXPECT_ONE(&loop, THIRD, R);
    CHECK_EQ(mio_source_close(&client.source), 0);
    CHECK_EQ(mio_source_close(&listener.source), 0);
    loop_close(&loop);
}

TEST(net_tcp_listener_is_never_writable)
{
    struct loop loop = loop_open();
    struct mio_addr addr = loopback_v4();
    struct mio_tcp_listener listener;
    struct mio_tcp_stream client;
    tcp_listen(&addr, &listener);
    watch(&loop, &listener.source, LISTENER, MIO_WRITABLE);
    EXPECT_NOTHING(&loop);
    tcp_connect(&addr, &client);
    wait_until(listener.source.fd, POLLIN);
    EXPECT_NOTHING(&loop);
    REQUIRE_EQ(mio_source_reregister(&listener.source, THIRD, MIO_READABLE), 0);
    EXPECT_ONE(&loop, THIRD, R);
    CHECK_EQ(mio_source_close(&client.source), 0);
    CHECK_EQ(mio_source_close(&listener.source), 0);
    loop_close(&loop);
}

TEST(net_tcp_listener_no_events_after_deregister)
{
    struct loop loop = loop_open();
    struct mio_addr addr = loopback_v4();
    struct mio_tcp_listener listener;
    struct mio_tcp_stream client;
    struct mio_tcp_stream server;
    tcp_listen(&addr, &listener);
    watch(&loop, &listener.source, LISTENER, MIO_READABLE);
    tcp_connect(&addr, &client);
    wait_until(listener.source.fd, POLLIN);
    REQUIRE_EQ(mio_source_deregister(&listener.source), 0);
    EXPECT_NOTHING(&loop);
    REQUIRE_EQ(mio_tcp_listener_accept(&listener, &server, NULL), 0);
    CHECK_EQ(mio_source_close(&server.source), 0);
    CHECK_EQ(mio_source_close(&client.source), 0);
    CHECK_EQ(mio_source_close(&listener.source), 0);
    loop_close(&loop);
}

TEST(net_tcp_listener_two_connections)
{
    struct loop loop = loop_open();
    struct mio_addr addr = loopback_v4();
    struct mio_tcp_listener listener;
    struct mio_tcp_stream clients[2];
    struct mio_tcp_stream servers[2];
    tcp_listen(&addr, &listener);
    watch(&loop, &listener.source, LISTENER, MIO_READABLE);
    for (int i = 0; i < 2; i++) {
        tcp_connect(&addr, &clients[i]);
        EXPECT_ONE(&loop, LISTENER, R);
        REQUIRE_EQ(mio_tcp_listener_accept(&listener, &servers[i], NULL), 0);
        CHECK_EQ(mio_tcp_listener_accept(&listener, &servers[i], NULL), -EAGAIN);
        EXPECT_NOTHING(&loop);
    }
    for (int i = 0; i < 2; i++) {
        CHECK_EQ(mio_source_close(&clients[i].source), 0);
        CHECK_EQ(mio_source_close(&servers[i].source), 0);
    }
    CHECK_EQ(mio_source_close(&listener.source), 0);
    loop_close(&loop);
}

/* --- errors of accepting --- */

TEST(net_tcp_accept_without_descriptors)
{
    struct loop loop = loop_open();
    struct mio_addr addr = loopback_v4();
    struct mio_tcp_listener listener;
    struct mio_tcp_stream client;
    struct mio_tcp_stream server;
    tcp_listen(&addr, &listener);
    watch(&loop, &listener.source, LISTENER, MIO_READABLE);
    tcp_connect(&addr, &client);
    EXPECT_ONE(&loop, LISTENER, R);

    memset(&server, 0x5a, sizeof server);
    struct mio_tcp_stream pattern = server;
    descriptors_limit(0);
    int error = mio_tcp_listener_accept(&listener, &server, NULL);
    descriptors_unlimit();
    CHECK_EQ(error, -EMFILE);
    CHECK(memcmp(&server, &pattern, sizeof server) == 0);

    /* The connection waits still, of which nobody is told again. */
    EXPECT_NOTHING(&loop);
    error = mio_tcp_listener_accept(&listener, &server, NULL);
    if (fact("a connection waits after accepting without descriptors") == 0) {
        CHECK_EQ(error, -EAGAIN);
        CHECK_EQ(mio_source_close(&client.source), 0);
        tcp_connect(&addr, &client);
        EXPECT_ONE(&loop, LISTENER, R);
        error = mio_tcp_listener_accept(&listener, &server, NULL);
    }
    REQUIRE_EQ(error, 0);
    tcp_put(&client, "late");
    TCP_EXPECT_TEXT(&server, "late");
    CHECK_EQ(mio_source_close(&server.source), 0);
    CHECK_EQ(mio_source_close(&client.source), 0);
    CHECK_EQ(mio_source_close(&listener.source), 0);
    loop_close(&loop);
}

TEST(net_tcp_accept_a_connection_that_was_reset)
{
    struct loop loop = loop_open();
    struct mio_addr addr = loopback_v4();
    struct mio_tcp_listener listener;
    struct mio_tcp_stream client;
    struct mio_tcp_stream server;
    char byte;
    tcp_listen(&addr, &listener);
    watch(&loop, &listener.source, LISTENER, MIO_READABLE);
    tcp_connect(&addr, &client);
    EXPECT_ONE(&loop, LISTENER, R);
    tcp_reset(&client);
    /* It is handed over, or told of; where it is told of, the reset may still be on its way. */
    int error = mio_tcp_listener_accept(&listener, &server, NULL);
    CHECK(error == 0 || error == fact("accepting a connection that was reset"));
    if (error == 0) {
        wait_until(server.source.fd, POLLIN);
        CHECK_EQ(mio_tcp_stream_read(&server, &byte, 1), -ECONNRESET);
        CHECK_EQ(mio_source_close(&server.source), 0);
    }
    CHECK_EQ(mio_tcp_listener_accept(&listener, &server, NULL), -EAGAIN);

    /* And goes on. */
    tcp_connect(&addr, &client);
    EXPECT_ONE(&loop, LISTENER, R);
    REQUIRE_EQ(mio_tcp_listener_accept(&listener, &server, NULL), 0);
    CHECK_EQ(mio_source_close(&server.source), 0);
    CHECK_EQ(mio_source_close(&client.source), 0);
    CHECK_EQ(mio_source_close(&listener.source), 0);
    loop_close(&loop);
}

TEST(net_tcp_accept_from_what_cannot)
{
    struct mio_addr addr = loopback_v4();
    struct mio_tcp_listener listener;
    struct mio_tcp_stream server;
    struct mio_tcp_stream client;
    REQUIRE_EQ(mio_tcp_listener_from_fd(socket(AF_INET, SOCK_STREAM, 0), &listener), 0);
    CHECK_EQ(mio_tcp_listener_accept(&listener, &server, NULL), -EINVAL);
    CHECK_EQ(mio_source_close(&listener.source), 0);
    CHECK_EQ(mio_tcp_listener_accept(&listener, &server, NULL), -EBADF);

    /* A NULL stream takes no connection. */
    tcp_listen(&addr, &listener);
    tcp_connect(&addr, &client);
    wait_until(listener.source.fd, POLLIN);
    CHECK_EQ(mio_tcp_listener_accept(&listener, null(), NULL), -EINVAL);
    CHECK_EQ(mio_tcp_listener_accept(null(), &server, NULL), -EINVAL);
    REQUIRE_EQ(mio_tcp_listener_accept(&listener, &server, NULL), 0);
    CHECK_EQ(mio_source_close(&server.source), 0);
    CHECK_EQ(mio_source_close(&client.source), 0);
    CHECK_EQ(mio_source_close(&listener.source), 0);
}

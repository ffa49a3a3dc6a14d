/* SPDX-License-Identifier: MIT */
/* Unix listeners. */
#define _GNU_SOURCE

#include "support.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static struct loop listener_loop;
static struct mio_addr listener_addr;
static struct mio_unix_listener unix_listener;
static struct mio_unix_stream listener_client;
static struct mio_unix_stream listener_server;

static void open_listening(mio_interest interest)
{
    listener_loop = loop_open();
    listener_addr = temporary_path();
    REQUIRE_EQ(mio_unix_listener_bind(&listener_addr, NULL, &unix_listener), 0);
    CHECK_FLAGS(unix_listener.source.fd);
    watch(&listener_loop, &unix_listener.source, LISTENER, interest);
    EXPECT_NOTHING(&listener_loop);
}

static void close_listening(void)
{
    CHECK_EQ(mio_source_close(&unix_listener.source), 0);
    remove_path(&listener_addr);
    EXPECT_NOTHING(&listener_loop);
    loop_close(&listener_loop);
}

static void connect_client(void)
{
    REQUIRE_EQ(mio_unix_stream_connect(&listener_addr, NULL, &listener_client), 0);
}

static void close_streams(void)
{
    CHECK_EQ(mio_source_close(&listener_client.source), 0);
    CHECK_EQ(mio_source_close(&listener_server.source), 0);
}

static void accept_two(void)
{
    char byte;
    for (int i = 0; i < 2; i++) {
        connect_client();
        EXPECT_ONE(&listener_loop, LISTENER, R);
        REQUIRE_EQ(mio_unix_listener_accept(&unix_listener, &listener_server, NULL), 0);
        CHECK_FLAGS(listener_server.source.fd);
        CHECK_EQ(mio_unix_stream_read(&listener_server, &byte, 1), -EAGAIN);
        struct mio_unix_stream untouched = listener_server;
        CHECK_EQ(mio_unix_listener_accept(&unix_listener, &untouched, NULL), -EAGAIN);
        CHECK_EQ(untouched.source.fd, listener_server.source.fd);
        EXPECT_NOTHING(&listener_loop);
        CHECK_EQ(mio_source_take_error(&unix_listener.source), 0);
        unix_put(&listener_client, "hello");
        UNIX_EXPECT_TEXT(&listener_server, "hello");
        close_streams();
    }
}

TEST(net_unix_listener_accepts)
{
    open_listening(MIO_READABLE);
    CHECK_EQ(mio_unix_listener_accept(&unix_listener, &listener_server, NULL), -EAGAIN);
    accept_two();
    close_listening();
}

TEST(net_unix_listener_made_elsewhere)
{
    unsigned char sockaddr[MIO_SOCKADDR_SIZE];
    listener_loop = loop_open();
    listener_addr = temporary_path();
    int size = mio_addr_to_sockaddr(&listener_addr, sockaddr, sizeof sockaddr);
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    REQUIRE(fd >= 0);
    REQUIRE_EQ(bind(fd, (struct sockaddr *)(void *)sockaddr, (socklen_t)size), 0);
    REQUIRE_EQ(listen(fd, 5), 0);
    REQUIRE_EQ(mio_unix_listener_from_fd(fd, &unix_listener), 0);
    watch(&listener_loop, &unix_listener.source, LISTENER, MIO_READABLE);
    EXPECT_NOTHING(&listener_loop);
    accept_two();
    close_listening();
}

TEST(net_unix_listener_addresses)
{
    struct mio_addr got;
    struct mio_addr peer = loopback_v4();
    open_listening(MIO_READABLE);
    connect_client();
    EXPECT_ONE(&listener_loop, LISTENER, R);
    REQUIRE_EQ(mio_unix_listener_accept(&unix_listener, &listener_server, &peer), 0);
    CHECK_EQ(peer.kind, MIO_ADDR_UNNAMED);
    CHECK_EQ(peer.length, 0);
    REQUIRE_EQ(mio_source_local_addr(&unix_listener.source, &got), 0);
    CHECK_ADDR(&got, &listener_addr);
    CHECK_STR(mio_addr_path(&got), mio_addr_path(&listener_addr));
    REQUIRE_EQ(mio_source_local_addr(&listener_server.source, &got), 0);
    CHECK_ADDR(&got, &listener_addr);
    REQUIRE_EQ(mio_source_peer_addr(&listener_server.source, &got), 0);
    CHECK_EQ(got.kind, MIO_ADDR_UNNAMED);
    REQUIRE_EQ(mio_source_peer_addr(&listener_client.source, &got), 0);
    CHECK_ADDR(&got, &listener_addr);
    close_streams();
    close_listening();
}

/* A client that was bound to a path is known by it. */
TEST(net_unix_listener_named_peer)
{
    struct mio_addr own = temporary_path();
    struct mio_addr peer;
    unsigned char sockaddr[MIO_SOCKADDR_SIZE];
    open_listening(MIO_READABLE);
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    REQUIRE(fd >= 0);
    int size = mio_addr_to_sockaddr(&own, sockaddr, sizeof sockaddr);
    REQUIRE_EQ(bind(fd, (struct sockaddr *)(void *)sockaddr, (socklen_t)size), 0);
    size = mio_addr_to_sockaddr(&listener_addr, sockaddr, sizeof sockaddr);
    REQUIRE_EQ(connect(fd, (struct sockaddr *)(void *)sockaddr, (socklen_t)size), 0);
    REQUIRE_EQ(mio_unix_stream_from_fd(fd, &listener_client), 0);
    EXPECT_ONE(&listener_loop, LISTENER, R);
    REQUIRE_EQ(mio_unix_listener_accept(&unix_listener, &listener_server, &peer), 0);
    CHECK_ADDR(&peer, &own);
    REQUIRE_EQ(mio_source_peer_addr(&listener_server.source, &peer), 0);
    CHECK_ADDR(&peer, &own);
    close_streams();
    remove_path(&own);
    close_listening();
}

TEST(net_unix_listener_register)
{
    open_listening(MIO_READABLE);
    close_listening();
}

TEST(net_unix_listener_reregister)
{
    open_listening(MIO_READABLE);
    REQUIRE_EQ(mio_source_reregister(&unix_listener.source, LISTENER, MIO_WRITABLE), 0);
    connect_client();
    EXPECT_NOTHING(&listener_loop);
    REQUIRE_EQ(mio_source_reregister(&unix_listener.source, THIRD, MIO_READABLE), 0);
    EXPECT_ONE(&listener_loop, THIRD, R);
    CHECK_EQ(mio_source_close(&listener_client.source), 0);
    close_listening();
}

TEST(net_unix_listener_deregister)
{
    open_listening(MIO_READABLE);
    connect_client();
    REQUIRE_EQ(mio_source_deregister(&unix_listener.source), 0);
    EXPECT_NOTHING(&listener_loop);
    REQUIRE_EQ(mio_unix_listener_accept(&unix_listener, &listener_server, NULL), 0);
    close_streams();
    close_listening();
}

TEST(net_unix_listener_gives_its_descriptor)
{
    struct mio_addr got;
    mio_fd fd = MIO_INVALID_FD;
    open_listening(MIO_READABLE);
    CHECK_EQ(mio_source_into_fd(&unix_listener.source, &fd), -EBUSY);
    REQUIRE_EQ(mio_source_deregister(&unix_listener.source), 0);
    REQUIRE_EQ(mio_source_into_fd(&unix_listener.source, &fd), 0);
    CHECK_EQ(mio_source_close(&unix_listener.source), -EBADF);
    REQUIRE_EQ(mio_unix_listener_from_fd(fd, &unix_listener), 0);
    REQUIRE_EQ(mio_source_local_addr(&unix_listener.source, &got), 0);
    CHECK_ADDR(&got, &listener_addr);
    close_listening();
}

TEST(net_unix_listener_bind_twice)
{
    struct mio_unix_listener second;
    open_listening(MIO_READABLE);
    CHECK_EQ(mio_unix_listener_bind(&listener_addr, NULL, &second), -EADDRINUSE);
    CHECK_EQ(mio_source_close(&unix_listener.source), 0);
    /* The file stays, and with it the name. */
    CHECK_EQ(mio_unix_listener_bind(&listener_addr, NULL, &second), -EADDRINUSE);
    remove_path(&listener_addr);
    REQUIRE_EQ(mio_unix_listener_bind(&listener_addr, NULL, &unix_listener), 0);
    close_listening();
}

TEST(net_unix_accept_without_descriptors)
{
    struct mio_unix_stream pattern;
    open_listening(MIO_READABLE);
    connect_client();
    EXPECT_ONE(&listener_loop, LISTENER, R);
    memset(&listener_server, 0x5a, sizeof listener_server);
    pattern = listener_server;
    descriptors_limit(0);
    int error = mio_unix_listener_accept(&unix_listener, &listener_server, NULL);
    descriptors_unlimit();
    CHECK_EQ(error, -EMFILE);
    CHECK(memcmp(&listener_server, &pattern, sizeof listener_server) == 0);
    error = mio_unix_listener_accept(&unix_listener, &listener_server, NULL);
    if (fact("a connection waits after accepting without descriptors") == 0) {
        CHECK_EQ(error, -EAGAIN);
        CHECK_EQ(mio_source_close(&listener_client.source), 0);
        connect_client();
        error = mio_unix_listener_accept(&unix_listener, &listener_server, NULL);
    }
    REQUIRE_EQ(error, 0);
    close_streams();
    close_listening();
}

TEST(net_unix_accept_a_client_that_is_gone)
{
    open_listening(MIO_READABLE);
    connect_client();
    unix_put(&listener_client, "left");
    CHECK_EQ(mio_source_close(&listener_client.source), 0);
    EXPECT_ONE(&listener_loop, LISTENER, R);
    char text[8] = "";
    REQUIRE_EQ(mio_unix_listener_accept(&unix_listener, &listener_server, NULL), 0);
    CHECK_EQ(mio_unix_stream_read(&listener_server, text, sizeof text), 4);
    CHECK_STR(text, "left");
    CHECK_EQ(mio_unix_stream_read(&listener_server, text, sizeof text), 0);
    CHECK_EQ(mio_source_close(&listener_server.source), 0);
    close_listening();
}

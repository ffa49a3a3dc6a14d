/* SPDX-License-Identifier: MIT */
/* TCP from both ends: connecting, closing, resetting, and what is still read afterwards. */
#define _GNU_SOURCE

#include "support.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>

_Static_assert(sizeof(struct mio_tcp_listener) == sizeof(struct mio_source) &&
                   sizeof(struct mio_tcp_stream) == sizeof(struct mio_source),
               "a socket is its source and nothing more");

TEST(net_tcp_accept)
{
    struct loop loop = loop_open();
    struct mio_addr addr = loopback_v4();
    struct mio_tcp_listener listener;
    struct mio_tcp_stream client;
    struct mio_tcp_stream server;
    tcp_listen(&addr, &listener);
    watch(&loop, &listener.source, LISTENER, MIO_READABLE);
    EXPECT_NOTHING(&loop);
    CHECK_EQ(mio_tcp_listener_accept(&listener, &server, NULL), -EAGAIN);

    tcp_connect(&addr, &client);
    EXPECT_ONE(&loop, LISTENER, R);
    REQUIRE_EQ(mio_tcp_listener_accept(&listener, &server, NULL), 0);
    struct mio_tcp_stream pattern;
    memset(&pattern, 0x5a, sizeof pattern);
    struct mio_tcp_stream untouched = pattern;
    CHECK_EQ(mio_tcp_listener_accept(&listener, &untouched, NULL), -EAGAIN);
    CHECK(memcmp(&untouched, &pattern, sizeof pattern) == 0);
    EXPECT_NOTHING(&loop);

    CHECK_EQ(mio_source_close(&client.source), 0);
    CHECK_EQ(mio_source_close(&server.source), 0);
    CHECK_EQ(mio_source_close(&listener.source), 0);
    loop_close(&loop);
}

TEST(net_tcp_connect)
{
    char byte;
    struct loop loop = loop_open();
    struct mio_addr addr = loopback_v4();
    struct mio_tcp_listener listener;
    struct mio_tcp_stream client;
    struct mio_tcp_stream server;
    tcp_listen(&addr, &listener);
    tcp_connect(&addr, &client);
    watch(&loop, &client.source, CLIENT, MIO_READABLE | MIO_WRITABLE);
    EXPECT_ONE(&loop, CLIENT, W);
    CHECK_EQ(mio_tcp_stream_finish_connect(&client), 0);

    tcp_accept(&listener, &server);
    EXPECT_NOTHING(&loop);
    CHECK_EQ(mio_source_close(&server.source), 0);
    EXPECT_ONE(&loop, CLIENT, readiness_fact("peer stopped sending, asked for both"));
    CHECK_EQ(mio_tcp_stream_read(&client, &byte, 1), 0);

    CHECK_EQ(mio_source_close(&client.source), 0);
    CHECK_EQ(mio_source_close(&listener.source), 0);
    loop_close(&loop);
}

TEST(net_tcp_connect_then_close)
{
    struct loop loop = loop_open();
    struct mio_addr addr = loopback_v4();
    struct mio_tcp_listener listener;
    struct mio_tcp_stream client;
    struct mio_tcp_stream server;
    tcp_listen(&addr, &listener);
    watch(&loop, &listener.source, LISTENER, MIO_READABLE);
    tcp_connect(&addr, &client);
    watch(&loop, &client.source, CLIENT, MIO_READABLE | MIO_WRITABLE);
    EXPECT_EVENTS(&loop, {LISTENER, R}, {CLIENT, W});
    REQUIRE_EQ(mio_tcp_listener_accept(&listener, &server, NULL), 0);
    watch(&loop, &server.source, SERVER, MIO_READABLE | MIO_WRITABLE);
    EXPECT_ONE(&loop, SERVER, W);

    CHECK_EQ(mio_source_close(&server.source), 0);
    EXPECT_ONE(&loop, CLIENT, readiness_fact("peer stopped sending, asked for both"));
    CHECK_EQ(mio_source_close(&client.source), 0);
    CHECK_EQ(mio_source_close(&listener.source), 0);
    EXPECT_NOTHING(&loop);
    loop_close(&loop);
}

TEST(net_tcp_listen_then_close)
{
    struct loop loop = loop_open();
    struct mio_addr addr = loopback_v4();
    struct mio_tcp_listener listener;
    struct mio_tcp_stream client;
    tcp_listen(&addr, &listener);
    watch(&loop, &listener.source, LISTENER, MIO_READABLE);
    CHECK_EQ(mio_source_close(&listener.source), 0);
    EXPECT_NOTHING(&loop);

    /* With a connection that waits. */
    addr = loopback_v4();
    tcp_listen(&addr, &listener);
    watch(&loop, &listener.source, LISTENER, MIO_READABLE);
    tcp_connect(&addr, &client);
    wait_until(listener.source.fd, POLLIN);
    CHECK_EQ(mio_source_close(&listener.source), 0);
    EXPECT_NOTHING(&loop);
    CHECK_EQ(mio_source_close(&listener.source), -EBADF);
    CHECK_EQ(mio_source_close(&client.source), 0);
    loop_close(&loop);
}

TEST(net_tcp_bind_twice)
{
    struct mio_addr addr = loopback_v4();
    struct mio_tcp_listener listener;
    struct mio_tcp_listener second;
    tcp_listen(&addr, &listener);
    memset(&second, 0x5a, sizeof second);
    struct mio_tcp_listener pattern = second;
    CHECK_EQ(mio_tcp_listener_bind(&addr, NULL, &second), -EADDRINUSE);
    CHECK(memcmp(&second, &pattern, sizeof second) == 0);
    CHECK_EQ(mio_source_close(&listener.source), 0);
}

/* SO_REUSEADDR: what is left of an old connection is in nobody's way. */
TEST(net_tcp_bind_again_at_once)
{
    struct mio_addr addr = loopback_v4();
    struct mio_tcp_listener listener;
    struct mio_tcp_stream client;
    struct mio_tcp_stream server;
    tcp_listen(&addr, &listener);
    tcp_connect(&addr, &client);
    tcp_accept(&listener, &server);
    CHECK_EQ(mio_source_close(&server.source), 0); /* first: the server's side stays in TIME_WAIT */
    wait_until(client.source.fd, POLLIN);
    CHECK_EQ(mio_source_close(&client.source), 0);
    CHECK_EQ(mio_source_close(&listener.source), 0);
    REQUIRE_EQ(mio_tcp_listener_bind(&addr, NULL, &listener), 0);
    CHECK_EQ(mio_source_close(&listener.source), 0);
}

TEST(net_tcp_many_writes_succeed_at_once)
{
    enum { WRITES = 16, SIZE = 1024 };
    struct mio_tcp_stream client;
    struct mio_tcp_stream server;
    uint8_t buffer[SIZE];
    tcp_pair(&client, &server);
    for (size_t i = 0; i < WRITES; i++) {
        transfer_fill(buffer, SIZE, i * SIZE);
        CHECK_EQ(mio_tcp_stream_write(&client, buffer, SIZE), SIZE);
    }
    for (size_t have = 0; have < (size_t)WRITES * SIZE;) {
        wait_until(server.source.fd, POLLIN);
        ptrdiff_t count = mio_tcp_stream_read(&server, buffer, SIZE);
        REQUIRE(count > 0);
        CHECK(transfer_matches(buffer, (size_t)count, have));
        have += (size_t)count;
    }
    CHECK_EQ(mio_tcp_stream_read(&server, buffer, SIZE), -EAGAIN);
    CHECK_EQ(mio_source_close(&client.source), 0);
    CHECK_EQ(mio_source_close(&server.source), 0);
}

TEST(net_tcp_reset_by_peer)
{
    char byte;
    struct loop loop = loop_open();
    struct mio_tcp_stream client;
    struct mio_tcp_stream server;
    tcp_pair(&client, &server);
    watch(&loop, &client.source, CLIENT, MIO_READABLE | MIO_WRITABLE);
    EXPECT_ONE(&loop, CLIENT, W);
    tcp_reset(&server);
    EXPECT_ONE(&loop, CLIENT, readiness_fact("TCP reset, asked for both"));
    CHECK_EQ(mio_tcp_stream_read(&client, &byte, 1), -ECONNRESET);
    CHECK_EQ(mio_tcp_stream_read(&client, &byte, 1), 0);
    CHECK_EQ(mio_tcp_stream_write(&client, "a", 1), -EPIPE);
    CHECK_EQ(mio_source_close(&client.source), 0);
    loop_close(&loop);
}

TEST(net_tcp_connect_refused)
{
    static const struct {
        mio_interest interest;
        const char *situation;
    } rows[] = {
        {MIO_READABLE | MIO_WRITABLE, NULL},
        {MIO_WRITABLE, "connection refused, asked for writable"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct loop loop = loop_open();
        struct mio_addr addr = tcp_nobody();
        struct mio_tcp_stream stream;
        int error = mio_tcp_stream_connect(&addr, NULL, &stream);
        if (error == 0) {
            watch(&loop, &stream.source, CLIENT, rows[i].interest);
            EXPECT_ONE(&loop, CLIENT,
                       rows[i].situation ? readiness_fact(rows[i].situation)
                                         : readiness_fact("TCP refused, asked for both"));
            error = mio_source_take_error(&stream.source);
            CHECK_EQ(mio_source_take_error(&stream.source), 0);
            CHECK_EQ(mio_source_close(&stream.source), 0);
        }
        CHECK_EQ(error, -ECONNREFUSED);
        loop_close(&loop);
    }
}

TEST(net_tcp_write_to_a_closed_peer)
{
    struct loop loop = loop_open();
    struct mio_tcp_stream client;
    struct mio_tcp_stream server;
    tcp_pair(&client, &server);
    watch(&loop, &client.source, CLIENT, MIO_WRITABLE);
    EXPECT_ONE(&loop, CLIENT, W);
    CHECK_EQ(mio_source_close(&server.source), 0);
    ptrdiff_t result = tcp_write_until_it_fails(&client);
    CHECK(result == -EPIPE || result == -ECONNRESET);
    CHECK_EQ(mio_tcp_stream_write(&client, "abc", 3), -EPIPE);
    CHECK_EQ(mio_source_close(&client.source), 0);
    loop_close(&loop);
}

TEST(net_tcp_peer_stops_sending)
{
    char byte;
    struct loop loop = loop_open();
    struct mio_tcp_stream client;
    struct mio_tcp_stream server;
    tcp_pair(&client, &server);
    watch(&loop, &client.source, CLIENT, MIO_READABLE | MIO_WRITABLE);
    EXPECT_ONE(&loop, CLIENT, W);
    CHECK_EQ(mio_tcp_stream_shutdown(&server, MIO_SHUTDOWN_WRITE), 0);
    EXPECT_ONE(&loop, CLIENT, readiness_fact("peer stopped sending, asked for both"));
    CHECK_EQ(mio_tcp_stream_read(&client, &byte, 1), 0);
    CHECK_EQ(mio_tcp_stream_write(&server, "a", 1), -EPIPE);

    /* The other direction goes on. */
    tcp_put(&client, "still");
    TCP_EXPECT_TEXT(&server, "still");
    CHECK_EQ(mio_source_close(&client.source), 0);
    CHECK_EQ(mio_source_close(&server.source), 0);
    loop_close(&loop);
}

TEST(net_tcp_addresses_are_known_once_connected)
{
    struct loop loop = loop_open();
    struct mio_addr addr = loopback_v4();
    struct mio_tcp_listener listener;
    struct mio_tcp_stream client;
    struct mio_tcp_stream server;
    struct mio_addr client_addr;
    struct mio_addr got;
    tcp_listen(&addr, &listener);
    watch(&loop, &listener.source, LISTENER, MIO_READABLE);
    tcp_connect(&addr, &client);
    watch(&loop, &client.source, CLIENT, MIO_READABLE | MIO_WRITABLE);
    EXPECT_EVENTS(&loop, {LISTENER, R}, {CLIENT, W});
    REQUIRE_EQ(mio_tcp_listener_accept(&listener, &server, &got), 0);

    REQUIRE_EQ(mio_source_local_addr(&client.source, &client_addr), 0);
    CHECK(mio_addr_port(&client_addr) != 0);
    CHECK_ADDR(&got, &client_addr);
    REQUIRE_EQ(mio_source_peer_addr(&client.source, &got), 0);
    CHECK_ADDR(&got, &addr);
    REQUIRE_EQ(mio_source_local_addr(&server.source, &got), 0);
    CHECK_ADDR(&got, &addr);
    REQUIRE_EQ(mio_source_peer_addr(&server.source, &got), 0);
    CHECK_ADDR(&got, &client_addr);

    tcp_put(&server, "abc");
    EXPECT_ONE(&loop, CLIENT, readiness_fact("data came, asked for both"));
    TCP_EXPECT_TEXT(&client, "abc");
    CHECK_EQ(mio_source_close(&client.source), 0);
    CHECK_EQ(mio_source_close(&server.source), 0);
    CHECK_EQ(mio_source_close(&listener.source), 0);
    loop_close(&loop);
}

TEST(net_tcp_write_then_close)
{
    struct loop loop = loop_open();
    struct mio_tcp_stream client;
    struct mio_tcp_stream server;
    char text[8] = "";
    tcp_pair(&client, &server);
    watch(&loop, &server.source, SERVER, MIO_WRITABLE);
    EXPECT_ONE(&loop, SERVER, W);
    watch(&loop, &client.source, CLIENT, MIO_READABLE);
    EXPECT_NOTHING(&loop);
    tcp_put(&server, "1234");
    wrote_to_tcp(&loop, SERVER);
    EXPECT_ONE(&loop, CLIENT, R);
    CHECK_EQ(mio_source_close(&server.source), 0);
    EXPECT_ONE_IF(&loop, CLIENT, readiness_fact("peer closed, data unread, readable told"));
    CHECK_EQ(mio_tcp_stream_read(&client, text, sizeof text), 4);
    CHECK_STR(text, "1234");
    bool again = fact("a read short of the end tells the end again") != 0;
    EXPECT_ONE_IF(&loop, CLIENT,
                  again ? readiness_fact("peer stopped sending, asked for readable") : 0);
    CHECK_EQ(mio_tcp_stream_read(&client, text, sizeof text), 0);
    EXPECT_NOTHING(&loop);
    CHECK_EQ(mio_source_close(&client.source), 0);
    loop_close(&loop);
}

TEST(net_tcp_write_then_deregister)
{
    struct loop loop = loop_open();
    struct mio_tcp_stream client;
    struct mio_tcp_stream server;
    tcp_pair(&client, &server);
    watch(&loop, &server.source, SERVER, MIO_WRITABLE);
    EXPECT_ONE(&loop, SERVER, W);
    tcp_put(&server, "1234");
    REQUIRE_EQ(mio_source_deregister(&server.source), 0);
    watch(&loop, &client.source, CLIENT, MIO_READABLE);
    EXPECT_ONE(&loop, CLIENT, R);
    TCP_EXPECT_TEXT(&client, "1234");
    EXPECT_NOTHING(&loop);
    CHECK_EQ(mio_source_close(&client.source), 0);
    CHECK_EQ(mio_source_close(&server.source), 0);
    loop_close(&loop);
}

TEST(net_tcp_no_events_after_deregister)
{
    struct loop loop = loop_open();
    struct mio_addr addr = loopback_v4();
    struct mio_tcp_listener listener;
    struct mio_tcp_stream client;
    struct mio_tcp_stream server;
    tcp_listen(&addr, &listener);
    watch(&loop, &listener.source, LISTENER, MIO_READABLE);
    tcp_connect(&addr, &client);
    watch(&loop, &client.source, CLIENT, MIO_READABLE | MIO_WRITABLE);
    EXPECT_EVENTS(&loop, {LISTENER, R}, {CLIENT, W});
    REQUIRE_EQ(mio_tcp_listener_accept(&listener, &server, NULL), 0);
    watch(&loop, &server.source, SERVER, MIO_READABLE | MIO_WRITABLE);
    EXPECT_ONE(&loop, SERVER, W);
    REQUIRE_EQ(mio_source_deregister(&listener.source), 0);
    REQUIRE_EQ(mio_source_deregister(&client.source), 0);
    REQUIRE_EQ(mio_source_deregister(&server.source), 0);

    tcp_put(&client, "one");
    tcp_put(&server, "two");
    wait_until(client.source.fd, POLLIN);
    wait_until(server.source.fd, POLLIN);
    EXPECT_NOTHING(&loop);
    TCP_EXPECT_TEXT(&client, "two");
    TCP_EXPECT_TEXT(&server, "one");
    EXPECT_NOTHING(&loop);
    CHECK_EQ(mio_source_close(&client.source), 0);
    CHECK_EQ(mio_source_close(&server.source), 0);
    CHECK_EQ(mio_source_close(&listener.source), 0);
    loop_close(&loop);
}

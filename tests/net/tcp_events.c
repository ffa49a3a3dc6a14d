/* SPDX-License-Identifier: MIT */
/* TCP streams: exactly which events come, and what asks for the next. */
#define _GNU_SOURCE

#include "support.h"

#include <errno.h>
#include <sys/socket.h>

static struct loop loop;
static struct mio_tcp_stream client;
static struct mio_tcp_stream server;
static char text[64];

/* A connection whose client is watched; what is ready at first is reported and expected. */
static void open_watched(mio_interest interest)
{
    loop = loop_open();
    tcp_pair(&client, &server);
    watch(&loop, &client.source, CLIENT, interest);
    if ((interest & MIO_WRITABLE) != 0)
        EXPECT_ONE(&loop, CLIENT, W);
    else
        EXPECT_NOTHING(&loop);
}

static void close_watched(void)
{
    CHECK_EQ(mio_source_close(&client.source), 0);
    if (server.source.fd != MIO_INVALID_FD)
        CHECK_EQ(mio_source_close(&server.source), 0);
    loop_close(&loop);
}

TEST(net_tcp_stream_registering)
{
    open_watched(MIO_READABLE);
    close_watched();
}

TEST(net_tcp_stream_reregistering)
{
    open_watched(MIO_READABLE);
    REQUIRE_EQ(mio_source_reregister(&client.source, THIRD, MIO_WRITABLE), 0);
    EXPECT_ONE(&loop, THIRD, W);
    tcp_put(&server, "unseen");
    wait_until(client.source.fd, POLLIN);
    EXPECT_NOTHING(&loop);
    close_watched();
}

TEST(net_tcp_stream_no_events_after_deregister)
{
    loop = loop_open();
    tcp_pair(&client, &server);
    watch(&loop, &client.source, CLIENT, MIO_READABLE | MIO_WRITABLE);
    REQUIRE_EQ(mio_source_deregister(&client.source), 0);
    EXPECT_NOTHING(&loop);
    close_watched();
}

/* --- closing events --- */

TEST(net_tcp_own_shutdown_of_reading_is_read_closed)
{
    open_watched(MIO_READABLE);
    CHECK_EQ(mio_tcp_stream_shutdown(&client, MIO_SHUTDOWN_READ), 0);
    EXPECT_ONE(&loop, CLIENT, readiness_fact("peer stopped sending, asked for readable"));
    close_watched();

    open_watched(MIO_READABLE | MIO_WRITABLE);
    CHECK_EQ(mio_tcp_stream_shutdown(&client, MIO_SHUTDOWN_READ), 0);
    EXPECT_ONE(&loop, CLIENT, readiness_fact("own end of receiving, asked for both"));
    close_watched();
}

TEST(net_tcp_own_shutdown_of_writing_is_write_closed)
{
    open_watched(MIO_READABLE | MIO_WRITABLE);
    CHECK_EQ(mio_tcp_stream_shutdown(&client, MIO_SHUTDOWN_WRITE), 0);
    EXPECT_ONE_IF(&loop, CLIENT, readiness_fact("own end of sending, asked for both"));
    close_watched();
}

TEST(net_tcp_own_shutdown_of_both_is_both_closed)
{
    open_watched(MIO_READABLE | MIO_WRITABLE);
    CHECK_EQ(mio_tcp_stream_shutdown(&client, MIO_SHUTDOWN_BOTH), 0);
    EXPECT_ONE(&loop, CLIENT, readiness_fact("peer closed, asked for both"));
    CHECK_EQ(mio_tcp_stream_read(&client, text, 1), 0);
    close_watched();
}

TEST(net_tcp_peers_shutdown_of_writing_is_read_closed)
{
    open_watched(MIO_READABLE);
    CHECK_EQ(mio_tcp_stream_shutdown(&server, MIO_SHUTDOWN_WRITE), 0);
    EXPECT_ONE(&loop, CLIENT, readiness_fact("peer stopped sending, asked for readable"));
    CHECK_EQ(mio_tcp_stream_read(&client, text, 1), 0);
    EXPECT_NOTHING(&loop);
    close_watched();
}

TEST(net_tcp_close_with_unread_data)
{
    open_watched(MIO_READABLE | MIO_WRITABLE);
    tcp_put(&client, "unread");
    wrote_to_tcp(&loop, CLIENT);
    wait_until(server.source.fd, POLLIN);
    CHECK_EQ(mio_source_close(&server.source), 0);
    EXPECT_ONE(&loop, CLIENT, readiness_fact("closed with data unread, asked for both"));
    CHECK_EQ(mio_tcp_stream_read(&client, text, 1),
             fact("reading when the peer closed with data unread"));
    CHECK_EQ(mio_tcp_stream_read(&client, text, 1), 0);
    EXPECT_ONE_IF(&loop, CLIENT, readiness_fact("the error was taken, asked for both"));
    EXPECT_NOTHING(&loop);
    /* The reset comes at the latest when more arrives. */
    if (fact("a reset follows data that is sent to who closed") != 0) {
        tcp_put(&client, "more");
        AWAIT_EVENTS(&loop, {CLIENT, R | W | E | RC | WC});
        CHECK_EQ(mio_tcp_stream_read(&client, text, 1), -ECONNRESET);
    }
    close_watched();
}

TEST(net_tcp_reset_is_readable)
{
    skip_if_excepted(__func__);

    open_watched(MIO_READABLE);
    tcp_reset(&server);
    EXPECT_ONE(&loop, CLIENT, readiness_fact("connection reset, asked for readable"));
    CHECK_EQ(mio_source_take_error(&client.source), -ECONNRESET);
    CHECK_EQ(mio_source_take_error(&client.source), 0);
    close_watched();
}

/* --- urgent data --- */

TEST(net_tcp_urgent_data_is_priority)
{
    loop = loop_open();
    tcp_pair(&client, &server);
    int error =
        mio_source_register(&client.source, loop.registry, CLIENT, MIO_READABLE | MIO_PRIORITY);
    if ((fact("served_interests") & MIO_PRIORITY) == 0) {
        CHECK_EQ(error, -ENOTSUP);
        close_watched();
        return;
    }
    REQUIRE_EQ(error, 0);
    EXPECT_NOTHING(&loop);
    REQUIRE_EQ(send(server.source.fd, "!", 1, MSG_OOB), 1);
    AWAIT_EVENTS(&loop, {CLIENT, R | P});
    REQUIRE_EQ(recv(client.source.fd, text, 1, MSG_OOB), 1);
    CHECK_EQ(text[0], '!');
    close_watched();
}

/* --- what asks for the next event --- */

TEST(net_tcp_peek_does_not_eat_the_edge)
{
    open_watched(MIO_READABLE);
    for (int i = 0; i < 2; i++) {
        tcp_put(&server, "abc");
        EXPECT_ONE(&loop, CLIENT, R);
        CHECK_EQ(mio_tcp_stream_peek(&client, text, sizeof text), 3);
        EXPECT_NOTHING(&loop);
        TCP_EXPECT_TEXT(&client, "abc");
        EXPECT_NOTHING(&loop);
    }
    close_watched();
}

TEST(net_tcp_peek_that_would_block_asks_again)
{
    open_watched(MIO_READABLE);
    CHECK_EQ(mio_tcp_stream_peek(&client, text, sizeof text), -EAGAIN);
    tcp_put(&server, "one");
    EXPECT_ONE(&loop, CLIENT, R);
    CHECK_EQ(mio_tcp_stream_read(&client, text, sizeof text), 3);
    CHECK_EQ(mio_tcp_stream_peek(&client, text, sizeof text), -EAGAIN);
    EXPECT_NOTHING(&loop);
    tcp_put(&server, "two");
    EXPECT_ONE(&loop, CLIENT, R);
    TCP_EXPECT_TEXT(&client, "two");
    close_watched();
}

TEST(net_tcp_read_then_peek_that_would_block_ask_again)
{
    open_watched(MIO_READABLE);
    for (int i = 0; i < 3; i++) {
        tcp_put(&server, "abc");
        EXPECT_ONE(&loop, CLIENT, R);
        CHECK_EQ(mio_tcp_stream_read(&client, text, sizeof text), 3);
        CHECK_EQ(mio_tcp_stream_read(&client, text, sizeof text), -EAGAIN);
        CHECK_EQ(mio_tcp_stream_peek(&client, text, sizeof text), -EAGAIN);
        EXPECT_NOTHING(&loop);
    }
    close_watched();
}

/* Reading that would block asks for what can be read, and not for room to write as well. */
TEST(net_tcp_read_that_would_block_asks_for_no_writable)
{
    static struct mio_iovec part = {text, sizeof text};
    open_watched(MIO_READABLE | MIO_WRITABLE);
    CHECK_EQ(mio_tcp_stream_read(&client, text, sizeof text), -EAGAIN);
    EXPECT_NOTHING(&loop);
    CHECK_EQ(mio_tcp_stream_readv(&client, &part, 1), -EAGAIN);
    EXPECT_NOTHING(&loop);
    CHECK_EQ(mio_tcp_stream_peek(&client, text, sizeof text), -EAGAIN);
    EXPECT_NOTHING(&loop);
    tcp_put(&server, "abc");
    EXPECT_ONE(&loop, CLIENT, readiness_fact("data came, asked for both"));
    TCP_EXPECT_TEXT(&client, "abc");
    EXPECT_NOTHING(&loop);
    close_watched();
}

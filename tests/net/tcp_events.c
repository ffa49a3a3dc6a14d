/* SPDX-License-Identifier: MIT */
/* TCP streams: exactly which events come, and what asks for the next. */
#define _GNU_SOURCE

#include "support.h"

#include <errno.h>
#include <sys/socket.h>

static struct loop tcp_loop;
static struct mio_tcp_stream tcp_client;
static struct mio_tcp_stream tcp_server;
static char tcp_text[64];

/* A connection whose client is watched; what is ready at first is reported and expected. */
static void tcp_open_watched(mio_interest interest)
{
    tcp_loop = loop_open();
    tcp_pair(&tcp_client, &tcp_server);
    watch(&tcp_loop, &tcp_client.source, CLIENT, interest);
    if ((interest & MIO_WRITABLE) != 0)
        EXPECT_ONE(&tcp_loop, CLIENT, W);
    else
        EXPECT_NOTHING(&tcp_loop);
}

static void tcp_close_watched(void)
{
    CHECK_EQ(mio_source_close(&tcp_client.source), 0);
    if (tcp_server.source.fd != MIO_INVALID_FD)
        CHECK_EQ(mio_source_close(&tcp_server.source), 0);
    loop_close(&tcp_loop);
}

TEST(net_tcp_stream_registering)
{
    tcp_open_watched(MIO_READABLE);
    tcp_close_watched();
}

TEST(net_tcp_stream_reregistering)
{
    tcp_open_watched(MIO_READABLE);
    REQUIRE_EQ(mio_source_reregister(&tcp_client.source, THIRD, MIO_WRITABLE), 0);
    EXPECT_ONE(&tcp_loop, THIRD, W);
    tcp_put(&tcp_server, "unseen");
    wait_until(tcp_client.source.fd, POLLIN);
    EXPECT_NOTHING(&tcp_loop);
    tcp_close_watched();
}

TEST(net_tcp_stream_no_events_after_deregister)
{
    tcp_loop = loop_open();
    tcp_pair(&tcp_client, &tcp_server);
    watch(&tcp_loop, &tcp_client.source, CLIENT, MIO_READABLE | MIO_WRITABLE);
    REQUIRE_EQ(mio_source_deregister(&tcp_client.source), 0);
    EXPECT_NOTHING(&tcp_loop);
    tcp_close_watched();
}

/* --- closing events --- */

TEST(net_tcp_own_shutdown_of_reading_is_read_closed)
{
    tcp_open_watched(MIO_READABLE);
    CHECK_EQ(mio_tcp_stream_shutdown(&tcp_client, MIO_SHUTDOWN_READ), 0);
    EXPECT_ONE(&tcp_loop, CLIENT, readiness_fact("peer stopped sending, asked for readable"));
    tcp_close_watched();

    tcp_open_watched(MIO_READABLE | MIO_WRITABLE);
    CHECK_EQ(mio_tcp_stream_shutdown(&tcp_client, MIO_SHUTDOWN_READ), 0);
    EXPECT_ONE(&tcp_loop, CLIENT, readiness_fact("own end of receiving, asked for both"));
    tcp_close_watched();
}

TEST(net_tcp_own_shutdown_of_writing_is_write_closed)
{
    tcp_open_watched(MIO_READABLE | MIO_WRITABLE);
    CHECK_EQ(mio_tcp_stream_shutdown(&tcp_client, MIO_SHUTDOWN_WRITE), 0);
    EXPECT_ONE_IF(&tcp_loop, CLIENT, readiness_fact("own end of sending, asked for both"));
    tcp_close_watched();
}

TEST(net_tcp_own_shutdown_of_both_is_both_closed)
{
    tcp_open_watched(MIO_READABLE | MIO_WRITABLE);
    CHECK_EQ(mio_tcp_stream_shutdown(&tcp_client, MIO_SHUTDOWN_BOTH), 0);
    EXPECT_ONE(&tcp_loop, CLIENT, readiness_fact("peer closed, asked for both"));
    CHECK_EQ(mio_tcp_stream_read(&tcp_client, tcp_text, 1), 0);
    tcp_close_watched();
}

TEST(net_tcp_peers_shutdown_of_writing_is_read_closed)
{
    tcp_open_watched(MIO_READABLE);
    CHECK_EQ(mio_tcp_stream_shutdown(&tcp_server, MIO_SHUTDOWN_WRITE), 0);
    EXPECT_ONE(&tcp_loop, CLIENT, readiness_fact("peer stopped sending, asked for readable"));
    CHECK_EQ(mio_tcp_stream_read(&tcp_client, tcp_text, 1), 0);
    EXPECT_NOTHING(&tcp_loop);
    tcp_close_watched();
}

TEST(net_tcp_close_with_unread_data)
{
    tcp_open_watched(MIO_READABLE | MIO_WRITABLE);
    tcp_put(&tcp_client, "unread");
    wrote_to_tcp(&tcp_loop, CLIENT);
    wait_until(tcp_server.source.fd, POLLIN);
    CHECK_EQ(mio_source_close(&tcp_server.source), 0);
    EXPECT_ONE(&tcp_loop, CLIENT, readiness_fact("closed with data unread, asked for both"));
    CHECK_EQ(mio_tcp_stream_read(&tcp_client, tcp_text, 1),
             fact("reading when the peer closed with data unread"));
    CHECK_EQ(mio_tcp_stream_read(&tcp_client, tcp_text, 1), 0);
    EXPECT_ONE_IF(&tcp_loop, CLIENT, readiness_fact("the error was taken, asked for both"));
    EXPECT_NOTHING(&tcp_loop);
    /* The reset comes at the latest when more arrives. */
    if (fact("a reset follows data that is sent to who closed") != 0) {
        tcp_put(&tcp_client, "more");
        AWAIT_EVENTS(&tcp_loop, {CLIENT, R | W | E | RC | WC});
        CHECK_EQ(mio_tcp_stream_read(&tcp_client, tcp_text, 1), -ECONNRESET);
    }
    tcp_close_watched();
}

TEST(net_tcp_reset_is_readable)
{
    skip_if_excepted(__func__);

    tcp_open_watched(MIO_READABLE);
    tcp_reset(&tcp_server);
    EXPECT_ONE(&tcp_loop, CLIENT, readiness_fact("connection reset, asked for readable"));
    CHECK_EQ(mio_source_take_error(&tcp_client.source), -ECONNRESET);
    CHECK_EQ(mio_source_take_error(&tcp_client.source), 0);
    tcp_close_watched();
}

/* --- urgent data --- */

TEST(net_tcp_urgent_data_is_priority)
{
    tcp_loop = loop_open();
    tcp_pair(&tcp_client, &tcp_server);
    int error = mio_source_register(&tcp_client.source, tcp_loop.registry, CLIENT,
                                    MIO_READABLE | MIO_PRIORITY);
    if ((fact("served_interests") & MIO_PRIORITY) == 0) {
        CHECK_EQ(error, -ENOTSUP);
        tcp_close_watched();
        return;
    }
    REQUIRE_EQ(error, 0);
    EXPECT_NOTHING(&tcp_loop);
    REQUIRE_EQ(send(tcp_server.source.fd, "!", 1, MSG_OOB), 1);
    AWAIT_EVENTS(&tcp_loop, {CLIENT, R | P});
    REQUIRE_EQ(recv(tcp_client.source.fd, tcp_text, 1, MSG_OOB), 1);
    CHECK_EQ(tcp_text[0], '!');
    tcp_close_watched();
}

/* --- what asks for the next event --- */

TEST(net_tcp_peek_does_not_eat_the_edge)
{
    tcp_open_watched(MIO_READABLE);
    for (int i = 0; i < 2; i++) {
        tcp_put(&tcp_server, "abc");
        EXPECT_ONE(&tcp_loop, CLIENT, R);
        CHECK_EQ(mio_tcp_stream_peek(&tcp_client, tcp_text, sizeof tcp_text), 3);
        EXPECT_NOTHING(&tcp_loop);
        TCP_EXPECT_TEXT(&tcp_client, "abc");
        EXPECT_NOTHING(&tcp_loop);
    }
    tcp_close_watched();
}

TEST(net_tcp_peek_that_would_block_asks_again)
{
    tcp_open_watched(MIO_READABLE);
    CHECK_EQ(mio_tcp_stream_peek(&tcp_client, tcp_text, sizeof tcp_text), -EAGAIN);
    tcp_put(&tcp_server, "one");
    EXPECT_ONE(&tcp_loop, CLIENT, R);
    CHECK_EQ(mio_tcp_stream_read(&tcp_client, tcp_text, sizeof tcp_text), 3);
    CHECK_EQ(mio_tcp_stream_peek(&tcp_client, tcp_text, sizeof tcp_text), -EAGAIN);
    EXPECT_NOTHING(&tcp_loop);
    tcp_put(&tcp_server, "two");
    EXPECT_ONE(&tcp_loop, CLIENT, R);
    TCP_EXPECT_TEXT(&tcp_client, "two");
    tcp_close_watched();
}

TEST(net_tcp_read_then_peek_that_would_block_ask_again)
{
    tcp_open_watched(MIO_READABLE);
    for (int i = 0; i < 3; i++) {
        tcp_put(&tcp_server, "abc");
        EXPECT_ONE(&tcp_loop, CLIENT, R);
        CHECK_EQ(mio_tcp_stream_read(&tcp_client, tcp_text, sizeof tcp_text), 3);
        CHECK_EQ(mio_tcp_stream_read(&tcp_client, tcp_text, sizeof tcp_text), -EAGAIN);
        CHECK_EQ(mio_tcp_stream_peek(&tcp_client, tcp_text, sizeof tcp_text), -EAGAIN);
        EXPECT_NOTHING(&tcp_loop);
    }
    tcp_close_watched();
}

/* Reading that would block asks for what can be read, and not for room to write as well. */
TEST(net_tcp_read_that_would_block_asks_for_no_writable)
{
    static struct mio_iovec part = {tcp_text, sizeof tcp_text};
    tcp_open_watched(MIO_READABLE | MIO_WRITABLE);
    CHECK_EQ(mio_tcp_stream_read(&tcp_client, tcp_text, sizeof tcp_text), -EAGAIN);
    EXPECT_NOTHING(&tcp_loop);
    CHECK_EQ(mio_tcp_stream_readv(&tcp_client, &part, 1), -EAGAIN);
    EXPECT_NOTHING(&tcp_loop);
    CHECK_EQ(mio_tcp_stream_peek(&tcp_client, tcp_text, sizeof tcp_text), -EAGAIN);
    EXPECT_NOTHING(&tcp_loop);
    tcp_put(&tcp_server, "abc");
    EXPECT_ONE(&tcp_loop, CLIENT, readiness_fact("data came, asked for both"));
    TCP_EXPECT_TEXT(&tcp_client, "abc");
    EXPECT_NOTHING(&tcp_loop);
    tcp_close_watched();
}

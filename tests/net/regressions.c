/* SPDX-License-Identifier: MIT */
/* What has gone wrong elsewhere. */
#define _GNU_SOURCE

#include "support.h"

#include <errno.h>

/* A stream that its owner closes has ended for the peer, which gets nothing more. */
TEST(net_close_ends_the_peers_reading)
{
    char byte;
    struct loop loop = loop_open();
    struct mio_addr addr = loopback_v4();
    struct mio_tcp_listener listener;
    struct mio_tcp_stream client;
    struct mio_tcp_stream server;
    tcp_listen(&addr, &listener);
    watch(&loop, &listener.source, LISTENER, MIO_READABLE);
    tcp_connect(&addr, &client);
    watch(&loop, &client.source, CLIENT, MIO_READABLE);
    EXPECT_ONE(&loop, LISTENER, R);
    REQUIRE_EQ(mio_tcp_listener_accept(&listener, &server, NULL), 0);
    CHECK_EQ(mio_source_close(&server.source), 0);
    EXPECT_ONE(&loop, CLIENT, readiness_fact("peer stopped sending, asked for readable"));
    CHECK_EQ(mio_tcp_stream_read(&client, &byte, 1), 0);
    CHECK_EQ(mio_tcp_stream_read(&client, &byte, 1), 0);
    EXPECT_NOTHING(&loop);
    CHECK_EQ(mio_source_close(&client.source), 0);
    CHECK_EQ(mio_source_close(&listener.source), 0);
    loop_close(&loop);
}

/* mio's issue 776. */
TEST(net_a_fresh_connection_would_block)
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
    tcp_accept(&listener, &server);
    CHECK_EQ(mio_tcp_stream_read(&client, &byte, 1), -EAGAIN);
    CHECK_EQ(mio_source_close(&client.source), 0);
    wait_until(server.source.fd, POLLIN);
    CHECK_EQ(mio_tcp_stream_read(&server, &byte, 1), 0);
    CHECK_EQ(mio_source_close(&server.source), 0);
    CHECK_EQ(mio_source_close(&listener.source), 0);
    loop_close(&loop);
}

/* mio's issue 1205. */
TEST(net_a_deregistered_listener_is_silent_when_a_waker_speaks)
{
    for (int kind = 0; kind < WAKER_KINDS; kind++) {
        struct loop loop = loop_open_flags(waker_kinds[kind]);
        struct mio_addr addr = loopback_v4();
        struct mio_tcp_listener listener;
        struct mio_tcp_stream client;
        struct mio_waker *waker = waker_open(&loop, THIRD);
        tcp_listen(&addr, &listener);
        watch(&loop, &listener.source, LISTENER, MIO_READABLE);
        EXPECT_NOTHING(&loop);
        REQUIRE_EQ(mio_source_deregister(&listener.source), 0);
        tcp_connect(&addr, &client);
        wait_until(listener.source.fd, POLLIN);
        CHECK_EQ(mio_waker_wake(waker), 0);
        EXPECT_ONE(&loop, THIRD, R);
        CHECK_EQ(mio_source_close(&client.source), 0);
        CHECK_EQ(mio_source_close(&listener.source), 0);
        mio_waker_free(waker);
        loop_close(&loop);
    }
}

/* mio's issue 1403. */
TEST(net_a_sender_without_a_name_is_unnamed)
{
    char byte;
    struct mio_addr addr = temporary_path();
    struct mio_addr from = loopback_v4();
    struct mio_unix_datagram receiver;
    struct mio_unix_datagram sender;
    REQUIRE_EQ(mio_unix_datagram_bind(&addr, NULL, &receiver), 0);
    REQUIRE_EQ(mio_unix_datagram_open(NULL, &sender), 0);
    CHECK_EQ(mio_unix_datagram_send_to(&sender, "a", 1, &addr), 1);
    CHECK_EQ(mio_unix_datagram_recv_from(&receiver, &byte, 1, &from), 1);
    CHECK_EQ(from.kind, MIO_ADDR_UNNAMED);
    CHECK_EQ(from.length, 0);
    CHECK(mio_addr_path(&from) == NULL);
    CHECK_EQ(mio_source_close(&receiver.source), 0);
    CHECK_EQ(mio_source_close(&sender.source), 0);
    remove_path(&addr);
}

/* Where edges are asked for after EAGAIN, one that the kernel contradicts itself about comes again:
 * it says EAGAIN to a reader of datagrams who has shut that direction, and readable to poll(2). */
TEST(net_datagrams_after_the_own_end_of_receiving)
{
    char byte;
    struct loop loop = loop_open();
    struct mio_unix_datagram first;
    struct mio_unix_datagram second;
    REQUIRE_EQ(mio_unix_datagram_pair(NULL, &first, &second), 0);
    watch(&loop, &first.source, CLIENT, MIO_READABLE);
    CHECK_EQ(mio_unix_datagram_shutdown(&first, MIO_SHUTDOWN_READ), 0);
    EXPECT_ONE(&loop, CLIENT, readiness_fact("peer stopped sending, asked for readable"));
    CHECK_EQ(mio_unix_datagram_recv(&first, &byte, 1),
             fact("receiving datagrams after the own end of it"));
    EXPECT_ONE_IF(&loop, CLIENT, readiness_fact("received after the own end of receiving"));
    CHECK_EQ(mio_source_close(&first.source), 0);
    CHECK_EQ(mio_source_close(&second.source), 0);
    loop_close(&loop);
}

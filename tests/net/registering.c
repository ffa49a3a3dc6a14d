/* SPDX-License-Identifier: MIT */
/* Registering typed sockets: one registry at a time, and as often as one likes. */
#define _GNU_SOURCE

#include "support.h"

#include <errno.h>

TEST(net_register_and_deregister)
{
    struct loop loop = loop_open();
    struct mio_addr addr = loopback_v4();
    struct mio_tcp_listener listener;
    struct mio_tcp_stream client;
    tcp_listen(&addr, &listener);
    watch(&loop, &listener.source, SERVER, MIO_READABLE);
    tcp_connect(&addr, &client);
    watch(&loop, &client.source, CLIENT, MIO_READABLE);
    EXPECT_ONE(&loop, SERVER, R);
    REQUIRE_EQ(mio_source_reregister(&client.source, CLIENT, MIO_WRITABLE), 0);
    EXPECT_ONE(&loop, CLIENT, W);
    REQUIRE_EQ(mio_source_deregister(&listener.source), 0);
    REQUIRE_EQ(mio_source_deregister(&client.source), 0);
    EXPECT_NOTHING(&loop);
    CHECK_EQ(mio_source_deregister(&client.source), -ENOENT);
    CHECK_EQ(mio_source_close(&client.source), 0);
    CHECK_EQ(mio_source_close(&listener.source), 0);
    loop_close(&loop);
}

static void belongs_to_one(struct mio_source *source)
{
    struct loop own = loop_open();
    struct loop other = loop_open();
    watch(&own, source, CLIENT, MIO_READABLE);
    CHECK_EQ(mio_source_register(source, own.registry, THIRD, MIO_READABLE), -EEXIST);
    CHECK_EQ(mio_source_register(source, other.registry, THIRD, MIO_READABLE), -EEXIST);
    EXPECT_NOTHING(&other);
    REQUIRE_EQ(mio_source_deregister(source), 0);

    /* In this library it may go to another one then. */
    watch(&other, source, CLIENT, MIO_READABLE);
    EXPECT_NOTHING(&own);
    REQUIRE_EQ(mio_source_deregister(source), 0);
    loop_close(&own);
    loop_close(&other);
}

TEST(net_sockets_belong_to_one_registry)
{
    struct mio_addr addr = loopback_v4();
    struct mio_tcp_listener listener;
    struct mio_tcp_stream client;
    struct mio_tcp_stream server;
    struct mio_udp_socket udp;
    struct mio_unix_stream first;
    struct mio_unix_stream second;
    struct mio_pipe_sender sender;
    struct mio_pipe_receiver receiver;
    tcp_listen(&addr, &listener);
    tcp_pair(&client, &server);
    addr = loopback_v4();
    REQUIRE_EQ(mio_udp_socket_bind(&addr, NULL, &udp), 0);
    unix_pair(&first, &second);
    REQUIRE_EQ(mio_pipe_open(&sender, &receiver), 0);
    belongs_to_one(&listener.source);
    belongs_to_one(&client.source);
    belongs_to_one(&udp.source);
    belongs_to_one(&first.source);
    belongs_to_one(&receiver.source);
    CHECK_EQ(mio_source_close(&listener.source), 0);
    CHECK_EQ(mio_source_close(&client.source), 0);
    CHECK_EQ(mio_source_close(&server.source), 0);
    CHECK_EQ(mio_source_close(&udp.source), 0);
    CHECK_EQ(mio_source_close(&first.source), 0);
    CHECK_EQ(mio_source_close(&second.source), 0);
    CHECK_EQ(mio_source_close(&sender.source), 0);
    CHECK_EQ(mio_source_close(&receiver.source), 0);
}

TEST(net_registering_after_deregistering)
{
    struct loop loop = loop_open();
    struct mio_addr addr = loopback_v4();
    struct mio_tcp_listener listener;
    tcp_listen(&addr, &listener);
    for (int i = 0; i < 3; i++) {
        watch(&loop, &listener.source, LISTENER, MIO_READABLE);
        EXPECT_NOTHING(&loop);
        REQUIRE_EQ(mio_source_deregister(&listener.source), 0);
    }
    CHECK_EQ(mio_source_close(&listener.source), 0);
    loop_close(&loop);
}

/* Closing a registered socket deregisters it: its number's next owner inherits nothing. */
TEST(net_close_deregisters)
{
    struct loop loop = loop_open();
    struct mio_unix_stream first;
    struct mio_unix_stream second;
    unix_pair(&first, &second);
    watch(&loop, &first.source, CLIENT, MIO_READABLE);
    mio_fd number = first.source.fd;
    unix_put(&second, "pending");
    CHECK_EQ(mio_source_close(&first.source), 0);
    CHECK_EQ(mio_source_close(&second.source), 0);
    unix_pair(&first, &second);
    CHECK(first.source.fd == number || second.source.fd == number);
    unix_put(&first, "a");
    unix_put(&second, "b");
    EXPECT_NOTHING(&loop);
    watch(&loop, &first.source, SERVER, MIO_READABLE);
    EXPECT_ONE(&loop, SERVER, R);
    CHECK_EQ(mio_source_close(&first.source), 0);
    CHECK_EQ(mio_source_close(&second.source), 0);
    loop_close(&loop);
}

/* SPDX-License-Identifier: MIT */
/* Registering typed sockets: one registry at a time, and as often as one likes. */
#define _GNU_SOURCE

#include "support.h"

#include <errno.h>
#include <fcntl.h>

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

/* --- one listener, several polls --- */

struct sharer {
    struct loop loop;
    struct mio_tcp_listener listener;
};

/* A source of its own, with a duplicate of the descriptor. */
static int share(const struct mio_tcp_listener *shared, struct sharer *sharer,
                 mio_interest interest)
{
    const mio_fd duplicate = fcntl(shared->source.fd, F_DUPFD_CLOEXEC, 0);
    sharer->loop = loop_open();
    REQUIRE_EQ(mio_tcp_listener_from_fd(duplicate, &sharer->listener), 0);
    return mio_source_register(&sharer->listener.source, sharer->loop.registry, LISTENER, interest);
}

static void share_no_more(struct sharer *sharer)
{
    CHECK_EQ(mio_source_close(&sharer->listener.source), 0);
    loop_close(&sharer->loop);
}

static void accept_nothing(struct sharer *sharer)
{
    struct mio_tcp_stream nobody;
    CHECK_EQ(mio_tcp_listener_accept(&sharer->listener, &nobody, NULL), -EAGAIN);
}

/* Each is told of each connection, and asks for the next by its own source. */
TEST(net_listener_of_several_polls_has_a_source_in_each)
{
    struct mio_addr addr = loopback_v4();
    struct mio_tcp_listener listener;
    struct sharer sharers[2];
    tcp_listen(&addr, &listener);
    for (int i = 0; i < 2; i++)
        REQUIRE_EQ(share(&listener, &sharers[i], MIO_READABLE), 0);
    for (int i = 0; i < 4; i++) {
        struct mio_tcp_stream client;
        struct mio_tcp_stream server;
        tcp_connect(&addr, &client);
        EXPECT_ONE(&sharers[0].loop, LISTENER, R);
        EXPECT_ONE(&sharers[1].loop, LISTENER, R);
        REQUIRE_EQ(mio_tcp_listener_accept(&sharers[i % 2].listener, &server, NULL), 0);
        accept_nothing(&sharers[0]);
        accept_nothing(&sharers[1]);
        EXPECT_NOTHING(&sharers[0].loop);
        EXPECT_NOTHING(&sharers[1].loop);
        CHECK_EQ(mio_source_close(&client.source), 0);
        CHECK_EQ(mio_source_close(&server.source), 0);
    }
    share_no_more(&sharers[0]);
    share_no_more(&sharers[1]);
    CHECK_EQ(mio_source_close(&listener.source), 0);
}

/* Where it is served, at least one is told, each time. */
TEST(net_exclusive_listener_of_several_polls)
{
    const mio_interest interest = MIO_READABLE | MIO_EXCLUSIVE;
    struct mio_addr addr = loopback_v4();
    struct mio_tcp_listener listener;
    struct sharer sharers[2];
    tcp_listen(&addr, &listener);
    for (int i = 0; i < 2; i++) {
        int error = share(&listener, &sharers[i], interest);
        CHECK_EQ(error, mio_poll_supports(sharers[i].loop.poll, interest) ? 0 : -ENOTSUP);
    }
    for (int i = 0; i < 4 && mio_poll_supports(sharers[0].loop.poll, interest); i++) {
        struct mio_tcp_stream client;
        struct mio_tcp_stream server;
        tcp_connect(&addr, &client);
        wait_until(listener.source.fd, POLLIN);
        int first = loop_wait(&sharers[0].loop, 0);
        int second = loop_wait(&sharers[1].loop, 0);
        CHECK(first == 1 || second == 1);
        REQUIRE_EQ(mio_tcp_listener_accept(&sharers[first == 1 ? 0 : 1].listener, &server, NULL),
                   0);
        accept_nothing(&sharers[0]);
        accept_nothing(&sharers[1]);
        CHECK_EQ(mio_source_close(&client.source), 0);
        CHECK_EQ(mio_source_close(&server.source), 0);
    }
    share_no_more(&sharers[0]);
    share_no_more(&sharers[1]);
    CHECK_EQ(mio_source_close(&listener.source), 0);
}

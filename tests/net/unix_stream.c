/* SPDX-License-Identifier: MIT */
/* Unix streams: connecting, pairs, shutting down, and exactly which events come. */
#define _GNU_SOURCE

#include "support.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

_Static_assert(sizeof(struct mio_unix_stream) == sizeof(struct mio_source) &&
                   sizeof(struct mio_unix_listener) == sizeof(struct mio_source) &&
                   sizeof(struct mio_unix_datagram) == sizeof(struct mio_source),
               "a socket is its source and nothing more");

static struct loop unix_loop;
static struct mio_unix_stream unix_near;
static struct mio_unix_stream unix_far;
static char unix_text[64];

/* A pair whose near end is watched; what is ready at first is reported and expected. */
static void unix_open_watched(mio_interest interest)
{
    unix_loop = loop_open();
    unix_pair(&unix_near, &unix_far);
    watch(&unix_loop, &unix_near.source, CLIENT, interest);
    if ((interest & MIO_WRITABLE) != 0)
        EXPECT_ONE(&unix_loop, CLIENT, W);
    else
        EXPECT_NOTHING(&unix_loop);
}

static void unix_close_watched(void)
{
    CHECK_EQ(mio_source_close(&unix_near.source), 0);
    if (unix_far.source.fd != MIO_INVALID_FD)
        CHECK_EQ(mio_source_close(&unix_far.source), 0);
    EXPECT_NOTHING(&unix_loop);
    loop_close(&unix_loop);
}

/* --- connecting --- */

static void unix_stream_smoke(struct mio_unix_stream *client, struct mio_unix_stream *server)
{
    unix_loop = loop_open();
    CHECK_FLAGS(client->source.fd);
    watch(&unix_loop, &client->source, CLIENT, MIO_READABLE | MIO_WRITABLE);
    EXPECT_ONE(&unix_loop, CLIENT, W);
    errno = ELOOP;
    CHECK_EQ(mio_unix_stream_read(client, unix_text, sizeof unix_text), -EAGAIN);
    CHECK_EQ(mio_unix_stream_peek(client, unix_text, sizeof unix_text), -EAGAIN);
    CHECK_EQ(errno, ELOOP);
    EXPECT_NOTHING(&unix_loop);
    unix_put(client, "hello");
    UNIX_EXPECT_TEXT(server, "hello");
    EXPECT_ONE_IF(&unix_loop, CLIENT, readiness_fact("the Unix peer read, asked for writable"));
    unix_put(server, "back");
    EXPECT_ONE(&unix_loop, CLIENT, readiness_fact("data came, asked for both"));
    memset(unix_text, 0, sizeof unix_text);
    CHECK_EQ(mio_unix_stream_peek(client, unix_text, sizeof unix_text), 4);
    CHECK_STR(unix_text, "back");
    UNIX_EXPECT_TEXT(client, "back");
    CHECK_EQ(mio_source_take_error(&client->source), 0);
    CHECK_EQ(mio_source_close(&client->source), 0);
    CHECK_EQ(mio_source_close(&client->source), -EBADF);
    CHECK_EQ(mio_unix_stream_read(server, unix_text, 1), 0);
    CHECK_EQ(mio_source_close(&server->source), 0);
    loop_close(&unix_loop);
}

/* Connects to a listener there, which is gone afterwards. */
static void connect_at(const struct mio_addr *addr, struct mio_unix_stream *client,
                       struct mio_unix_stream *server)
{
    struct mio_unix_listener listener;
    struct mio_addr peer;
    struct mio_addr got;
    REQUIRE_EQ(mio_unix_listener_bind(addr, NULL, &listener), 0);
    REQUIRE_EQ(mio_unix_stream_connect(addr, NULL, client), 0);
    REQUIRE_EQ(mio_unix_listener_accept(&listener, server, &peer), 0);
    CHECK_EQ(peer.kind, MIO_ADDR_UNNAMED);
    REQUIRE_EQ(mio_source_peer_addr(&client->source, &got), 0);
    CHECK_ADDR(&got, addr);
    REQUIRE_EQ(mio_source_local_addr(&client->source, &got), 0);
    CHECK_EQ(got.kind, MIO_ADDR_UNNAMED);
    REQUIRE_EQ(mio_source_local_addr(&server->source, &got), 0);
    CHECK_ADDR(&got, addr);
    CHECK_EQ(mio_source_close(&listener.source), 0);
}

TEST(net_unix_stream_at_a_path)
{
    struct mio_addr addr = temporary_path();
    connect_at(&addr, &unix_near, &unix_far);
    unix_stream_smoke(&unix_near, &unix_far);
    remove_path(&addr);
}

TEST(net_unix_stream_at_an_abstract_name)
{
    struct mio_addr addr;
    if (fact("abstract names") == 0) {
        CHECK_EQ(mio_addr_unix_abstract("mio", 3, &addr), -ENOTSUP);
        return;
    }
    addr = abstract_name("mio-net-stream", 14);
    connect_at(&addr, &unix_near, &unix_far);
    unix_stream_smoke(&unix_near, &unix_far);
}

TEST(net_unix_stream_made_elsewhere)
{
    int fds[2];
    REQUIRE_EQ(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
    REQUIRE_EQ(mio_unix_stream_from_fd(fds[0], &unix_near), 0);
    REQUIRE_EQ(mio_unix_stream_from_fd(fds[1], &unix_far), 0);
    unix_stream_smoke(&unix_near, &unix_far);
}

TEST(net_unix_stream_connect)
{
    struct mio_addr addr = temporary_path();
    struct mio_unix_listener listener;
    unix_loop = loop_open();
    REQUIRE_EQ(mio_unix_listener_bind(&addr, NULL, &listener), 0);
    REQUIRE_EQ(mio_unix_stream_connect(&addr, NULL, &unix_near), 0);
    watch(&unix_loop, &unix_near.source, CLIENT, MIO_READABLE | MIO_WRITABLE);
    EXPECT_ONE(&unix_loop, CLIENT, W);
    REQUIRE_EQ(mio_unix_listener_accept(&listener, &unix_far, NULL), 0);
    EXPECT_NOTHING(&unix_loop);
    CHECK_EQ(mio_source_close(&unix_far.source), 0);
    EXPECT_ONE(&unix_loop, CLIENT, readiness_fact("peer closed, asked for both"));
    CHECK_EQ(mio_unix_stream_read(&unix_near, unix_text, 1), 0);
    CHECK_EQ(mio_source_close(&unix_near.source), 0);
    CHECK_EQ(mio_source_close(&listener.source), 0);
    remove_path(&addr);
    loop_close(&unix_loop);
}

TEST(net_unix_stream_connect_to_nobody)
{
    struct mio_addr addr = temporary_path();
    struct mio_unix_listener listener;
    struct mio_unix_datagram datagram;
    CHECK_EQ(mio_unix_stream_connect(&addr, NULL, &unix_near), -ENOENT);
    REQUIRE_EQ(mio_unix_listener_bind(&addr, NULL, &listener), 0);
    CHECK_EQ(mio_source_close(&listener.source), 0);
    CHECK_EQ(mio_unix_stream_connect(&addr, NULL, &unix_near), -ECONNREFUSED);
    remove_path(&addr);
    REQUIRE_EQ(mio_unix_datagram_bind(&addr, NULL, &datagram), 0);
    CHECK_EQ(mio_unix_stream_connect(&addr, NULL, &unix_near), -EPROTOTYPE);
    CHECK_EQ(mio_source_close(&datagram.source), 0);
    remove_path(&addr);
}

TEST(net_unix_stream_connect_beyond_the_backlog)
{
    enum { MOST = 400 }; /* OpenBSD lets three times 80 wait at least */
    struct mio_addr addr = temporary_path();
    const struct mio_socket_options options = {.backlog = 1};
    struct mio_unix_listener listener;
    static struct mio_unix_stream streams[MOST];
    int made = 0;
    int error = 0;
    REQUIRE_EQ(mio_unix_listener_bind(&addr, &options, &listener), 0);
    while (made < MOST && (error = mio_unix_stream_connect(&addr, NULL, &streams[made])) == 0)
        made++;
    CHECK(made >= 1 && made < MOST);
    CHECK_EQ(error, fact("Unix listener is full"));
    REQUIRE_EQ(mio_unix_listener_accept(&listener, &unix_far, NULL), 0);
    CHECK_EQ(mio_unix_stream_connect(&addr, NULL, &unix_near), 0);
    CHECK_EQ(mio_source_close(&unix_near.source), 0);
    CHECK_EQ(mio_source_close(&unix_far.source), 0);
    while (made-- > 0)
        CHECK_EQ(mio_source_close(&streams[made].source), 0);
    CHECK_EQ(mio_source_close(&listener.source), 0);
    remove_path(&addr);
}

TEST(net_unix_stream_pair)
{
    unix_loop = loop_open();
    unix_pair(&unix_near, &unix_far);
    CHECK_FLAGS(unix_near.source.fd);
    CHECK_FLAGS(unix_far.source.fd);
    watch(&unix_loop, &unix_near.source, CLIENT, MIO_READABLE | MIO_WRITABLE);
    watch(&unix_loop, &unix_far.source, SERVER, MIO_READABLE | MIO_WRITABLE);
    EXPECT_EVENTS(&unix_loop, {CLIENT, W}, {SERVER, W});
    CHECK_EQ(mio_unix_stream_read(&unix_near, unix_text, 1), -EAGAIN);
    CHECK_EQ(mio_unix_stream_read(&unix_far, unix_text, 1), -EAGAIN);
    EXPECT_NOTHING(&unix_loop);
    unix_put(&unix_near, "to");
    EXPECT_ONE(&unix_loop, SERVER, readiness_fact("data came, asked for both"));
    UNIX_EXPECT_TEXT(&unix_far, "to");
    EXPECT_ONE_IF(&unix_loop, CLIENT, readiness_fact("the Unix peer read, asked for writable"));
    unix_put(&unix_far, "fro");
    EXPECT_ONE(&unix_loop, CLIENT, readiness_fact("data came, asked for both"));
    UNIX_EXPECT_TEXT(&unix_near, "fro");
    EXPECT_ONE_IF(&unix_loop, SERVER, readiness_fact("the Unix peer read, asked for writable"));

    struct mio_addr got;
    REQUIRE_EQ(mio_source_local_addr(&unix_near.source, &got), 0);
    CHECK_EQ(got.kind, MIO_ADDR_UNNAMED);
    REQUIRE_EQ(mio_source_peer_addr(&unix_near.source, &got), 0);
    CHECK_EQ(got.kind, MIO_ADDR_UNNAMED);
    CHECK_EQ(mio_source_close(&unix_near.source), 0);
    CHECK_EQ(mio_source_close(&unix_far.source), 0);
    loop_close(&unix_loop);
}

TEST(net_unix_stream_gives_its_descriptor)
{
    mio_fd fd = MIO_INVALID_FD;
    unix_open_watched(MIO_READABLE);
    mio_fd own = unix_near.source.fd;
    CHECK_EQ(mio_source_into_fd(&unix_near.source, &fd), -EBUSY);
    REQUIRE_EQ(mio_source_deregister(&unix_near.source), 0);
    REQUIRE_EQ(mio_source_into_fd(&unix_near.source, &fd), 0);
    CHECK_EQ(fd, own);
    CHECK_EQ(mio_source_into_fd(&unix_near.source, &fd), -EBADF);
    REQUIRE_EQ(mio_unix_stream_from_fd(fd, &unix_near), 0);
    unix_put(&unix_far, "hi");
    UNIX_EXPECT_TEXT(&unix_near, "hi");
    unix_close_watched();
}

/* --- shutting down --- */

TEST(net_unix_stream_shutdown_read)
{
    unix_open_watched(MIO_READABLE);
    CHECK_EQ(mio_unix_stream_shutdown(&unix_near, MIO_SHUTDOWN_READ), 0);
    EXPECT_ONE(&unix_loop, CLIENT, readiness_fact("peer stopped sending, asked for readable"));
    CHECK_EQ(mio_unix_stream_read(&unix_near, unix_text, 1), 0);
    unix_put(&unix_near, "still");
    UNIX_EXPECT_TEXT(&unix_far, "still");
    unix_close_watched();
}

TEST(net_unix_stream_shutdown_write)
{
    unix_open_watched(MIO_READABLE | MIO_WRITABLE);
    CHECK_EQ(mio_unix_stream_shutdown(&unix_near, MIO_SHUTDOWN_WRITE), 0);
    EXPECT_ONE_IF(&unix_loop, CLIENT, readiness_fact("own end of sending, asked for both"));
    CHECK_EQ(mio_unix_stream_write(&unix_near, "a", 1), -EPIPE);
    unix_put(&unix_far, "still");
    AWAIT_EVENTS(&unix_loop, {CLIENT, readiness_fact("data came after the own end of sending")});
    UNIX_EXPECT_TEXT(&unix_near, "still");
    CHECK_EQ(mio_unix_stream_read(&unix_far, unix_text, 1), 0);
    unix_close_watched();
}

TEST(net_unix_stream_shutdown_both)
{
    unix_open_watched(MIO_READABLE | MIO_WRITABLE);
    CHECK_EQ(mio_unix_stream_shutdown(&unix_near, MIO_SHUTDOWN_BOTH), 0);
    EXPECT_ONE(&unix_loop, CLIENT, readiness_fact("peer closed, asked for both"));
    CHECK_EQ(mio_unix_stream_read(&unix_near, unix_text, 1), 0);
    CHECK_EQ(mio_unix_stream_write(&unix_near, "a", 1), -EPIPE);
    unix_close_watched();
}

TEST(net_unix_stream_peers_shutdown_of_writing)
{
    unix_open_watched(MIO_READABLE);
    CHECK_EQ(mio_unix_stream_shutdown(&unix_far, MIO_SHUTDOWN_WRITE), 0);
    EXPECT_ONE(&unix_loop, CLIENT, readiness_fact("peer stopped sending, asked for readable"));
    CHECK_EQ(mio_unix_stream_read(&unix_near, unix_text, 1), 0);
    unix_close_watched();

    unix_open_watched(MIO_READABLE | MIO_WRITABLE);
    CHECK_EQ(mio_unix_stream_shutdown(&unix_far, MIO_SHUTDOWN_WRITE), 0);
    EXPECT_ONE(&unix_loop, CLIENT, readiness_fact("peer stopped sending, asked for both"));
    unix_close_watched();
}

TEST(net_unix_stream_peer_closed)
{
    unix_open_watched(MIO_READABLE);
    CHECK_EQ(mio_source_close(&unix_far.source), 0);
    EXPECT_ONE(&unix_loop, CLIENT, readiness_fact("peer closed, asked for readable"));
    CHECK_EQ(mio_unix_stream_read(&unix_near, unix_text, 1), 0);
    CHECK_EQ(mio_unix_stream_write(&unix_near, "a", 1), -EPIPE);
    unix_close_watched();
}

TEST(net_unix_stream_peer_closed_without_reading)
{
    unix_open_watched(MIO_READABLE);
    unix_put(&unix_near, "unread");
    CHECK_EQ(mio_source_close(&unix_far.source), 0);
    EXPECT_ONE(&unix_loop, CLIENT, readiness_fact("Unix peer closed with data unread"));
    CHECK_EQ(mio_unix_stream_read(&unix_near, unix_text, 1),
             fact("reading when the Unix peer closed with data unread"));
    CHECK_EQ(mio_unix_stream_read(&unix_near, unix_text, 1), 0);
    unix_close_watched();
}

/* --- registering --- */

TEST(net_unix_stream_register)
{
    unix_open_watched(MIO_READABLE);
    unix_close_watched();
}

TEST(net_unix_stream_reregister)
{
    unix_open_watched(MIO_READABLE);
    REQUIRE_EQ(mio_source_reregister(&unix_near.source, THIRD, MIO_WRITABLE), 0);
    EXPECT_ONE(&unix_loop, THIRD, W);
    unix_close_watched();
}

TEST(net_unix_stream_deregister)
{
    unix_open_watched(MIO_READABLE);
    unix_put(&unix_far, "unseen");
    REQUIRE_EQ(mio_source_deregister(&unix_near.source), 0);
    EXPECT_NOTHING(&unix_loop);
    unix_close_watched();
}

/* --- what asks for the next event --- */

/* Each direction's EAGAIN asks for that direction alone. */
TEST(net_unix_stream_write_that_would_block_asks_for_no_readable)
{
    static const char block[4096];
    unix_open_watched(MIO_READABLE | MIO_WRITABLE);
    unix_put(&unix_far, "unread");
    EXPECT_ONE(&unix_loop, CLIENT, readiness_fact("data came, asked for both"));
    ptrdiff_t result = 0;
    size_t written = 0;
    while ((result = mio_unix_stream_write(&unix_near, block, sizeof block)) > 0)
        written += (size_t)result;
    CHECK_EQ(result, -EAGAIN);
    EXPECT_NOTHING(&unix_loop);

    static char sink[65536];
    for (size_t have = 0; have < written;) {
        result = mio_unix_stream_read(&unix_far, sink, sizeof sink);
        REQUIRE(result > 0);
        have += (size_t)result;
    }
    AWAIT_EVENTS(&unix_loop, {CLIENT, readiness_fact("room came, data unread, asked for both")});
    unix_close_watched();
}

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

static struct loop loop;
static struct mio_unix_stream near_end;
static struct mio_unix_stream far_end;
static char text[64];

/* A pair whose near end is watched; what is ready at first is reported and expected. */
static void open_watched(mio_interest interest)
{
    loop = loop_open();
    unix_pair(&near_end, &far_end);
    watch(&loop, &near_end.source, CLIENT, interest);
    if ((interest & MIO_WRITABLE) != 0)
        EXPECT_ONE(&loop, CLIENT, W);
    else
        EXPECT_NOTHING(&loop);
}

static void close_watched(void)
{
    CHECK_EQ(mio_source_close(&near_end.source), 0);
    if (far_end.source.fd != MIO_INVALID_FD)
        CHECK_EQ(mio_source_close(&far_end.source), 0);
    EXPECT_NOTHING(&loop);
    loop_close(&loop);
}

/* --- connecting --- */

static void smoke(struct mio_unix_stream *client, struct mio_unix_stream *server)
{
    loop = loop_open();
    CHECK_FLAGS(client->source.fd);
    watch(&loop, &client->source, CLIENT, MIO_READABLE | MIO_WRITABLE);
    EXPECT_ONE(&loop, CLIENT, W);
    errno = ELOOP;
    CHECK_EQ(mio_unix_stream_read(client, text, sizeof text), -EAGAIN);
    CHECK_EQ(mio_unix_stream_peek(client, text, sizeof text), -EAGAIN);
    CHECK_EQ(errno, ELOOP);
    EXPECT_NOTHING(&loop);
    unix_put(client, "hello");
    UNIX_EXPECT_TEXT(server, "hello");
    EXPECT_ONE_IF(&loop, CLIENT, readiness_fact("the Unix peer read, asked for writable"));
    unix_put(server, "back");
    EXPECT_ONE(&loop, CLIENT, readiness_fact("data came, asked for both"));
    memset(text, 0, sizeof text);
    CHECK_EQ(mio_unix_stream_peek(client, text, sizeof text), 4);
    CHECK_STR(text, "back");
    UNIX_EXPECT_TEXT(client, "back");
    CHECK_EQ(mio_source_take_error(&client->source), 0);
    CHECK_EQ(mio_source_close(&client->source), 0);
    CHECK_EQ(mio_source_close(&client->source), -EBADF);
    CHECK_EQ(mio_unix_stream_read(server, text, 1), 0);
    CHECK_EQ(mio_source_close(&server->source), 0);
    loop_close(&loop);
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
    connect_at(&addr, &near_end, &far_end);
    smoke(&near_end, &far_end);
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
    connect_at(&addr, &near_end, &far_end);
    smoke(&near_end, &far_end);
}

TEST(net_unix_stream_made_elsewhere)
{
    int fds[2];
    REQUIRE_EQ(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
    REQUIRE_EQ(mio_unix_stream_from_fd(fds[0], &near_end), 0);
    REQUIRE_EQ(mio_unix_stream_from_fd(fds[1], &far_end), 0);
    smoke(&near_end, &far_end);
}

TEST(net_unix_stream_connect)
{
    struct mio_addr addr = temporary_path();
    struct mio_unix_listener listener;
    loop = loop_open();
    REQUIRE_EQ(mio_unix_listener_bind(&addr, NULL, &listener), 0);
    REQUIRE_EQ(mio_unix_stream_connect(&addr, NULL, &near_end), 0);
    watch(&loop, &near_end.source, CLIENT, MIO_READABLE | MIO_WRITABLE);
    EXPECT_ONE(&loop, CLIENT, W);
    REQUIRE_EQ(mio_unix_listener_accept(&listener, &far_end, NULL), 0);
    EXPECT_NOTHING(&loop);
    CHECK_EQ(mio_source_close(&far_end.source), 0);
    EXPECT_ONE(&loop, CLIENT, readiness_fact("peer closed, asked for both"));
    CHECK_EQ(mio_unix_stream_read(&near_end, text, 1), 0);
    CHECK_EQ(mio_source_close(&near_end.source), 0);
    CHECK_EQ(mio_source_close(&listener.source), 0);
    remove_path(&addr);
    loop_close(&loop);
}

TEST(net_unix_stream_connect_to_nobody)
{
    struct mio_addr addr = temporary_path();
    struct mio_unix_listener listener;
    struct mio_unix_datagram datagram;
    CHECK_EQ(mio_unix_stream_connect(&addr, NULL, &near_end), -ENOENT);
    REQUIRE_EQ(mio_unix_listener_bind(&addr, NULL, &listener), 0);
    CHECK_EQ(mio_source_close(&listener.source), 0);
    CHECK_EQ(mio_unix_stream_connect(&addr, NULL, &near_end), -ECONNREFUSED);
    remove_path(&addr);
    REQUIRE_EQ(mio_unix_datagram_bind(&addr, NULL, &datagram), 0);
    CHECK_EQ(mio_unix_stream_connect(&addr, NULL, &near_end), -EPROTOTYPE);
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
    REQUIRE_EQ(mio_unix_listener_accept(&listener, &far_end, NULL), 0);
    CHECK_EQ(mio_unix_stream_connect(&addr, NULL, &near_end), 0);
    CHECK_EQ(mio_source_close(&near_end.source), 0);
    CHECK_EQ(mio_source_close(&far_end.source), 0);
    while (made-- > 0)
        CHECK_EQ(mio_source_close(&streams[made].source), 0);
    CHECK_EQ(mio_source_close(&listener.source), 0);
    remove_path(&addr);
}

TEST(net_unix_stream_pair)
{
    loop = loop_open();
    unix_pair(&near_end, &far_end);
    CHECK_FLAGS(near_end.source.fd);
    CHECK_FLAGS(far_end.source.fd);
    watch(&loop, &near_end.source, CLIENT, MIO_READABLE | MIO_WRITABLE);
    watch(&loop, &far_end.source, SERVER, MIO_READABLE | MIO_WRITABLE);
    EXPECT_EVENTS(&loop, {CLIENT, W}, {SERVER, W});
    CHECK_EQ(mio_unix_stream_read(&near_end, text, 1), -EAGAIN);
    CHECK_EQ(mio_unix_stream_read(&far_end, text, 1), -EAGAIN);
    EXPECT_NOTHING(&loop);
    unix_put(&near_end, "to");
    EXPECT_ONE(&loop, SERVER, readiness_fact("data came, asked for both"));
    UNIX_EXPECT_TEXT(&far_end, "to");
    EXPECT_ONE_IF(&loop, CLIENT, readiness_fact("the Unix peer read, asked for writable"));
    unix_put(&far_end, "fro");
    EXPECT_ONE(&loop, CLIENT, readiness_fact("data came, asked for both"));
    UNIX_EXPECT_TEXT(&near_end, "fro");
    EXPECT_ONE_IF(&loop, SERVER, readiness_fact("the Unix peer read, asked for writable"));

    struct mio_addr got;
    REQUIRE_EQ(mio_source_local_addr(&near_end.source, &got), 0);
    CHECK_EQ(got.kind, MIO_ADDR_UNNAMED);
    REQUIRE_EQ(mio_source_peer_addr(&near_end.source, &got), 0);
    CHECK_EQ(got.kind, MIO_ADDR_UNNAMED);
    CHECK_EQ(mio_source_close(&near_end.source), 0);
    CHECK_EQ(mio_source_close(&far_end.source), 0);
    loop_close(&loop);
}

TEST(net_unix_stream_gives_its_descriptor)
{
    mio_fd fd = MIO_INVALID_FD;
    open_watched(MIO_READABLE);
    mio_fd own = near_end.source.fd;
    CHECK_EQ(mio_source_into_fd(&near_end.source, &fd), -EBUSY);
    REQUIRE_EQ(mio_source_deregister(&near_end.source), 0);
    REQUIRE_EQ(mio_source_into_fd(&near_end.source, &fd), 0);
    CHECK_EQ(fd, own);
    CHECK_EQ(mio_source_into_fd(&near_end.source, &fd), -EBADF);
    REQUIRE_EQ(mio_unix_stream_from_fd(fd, &near_end), 0);
    unix_put(&far_end, "hi");
    UNIX_EXPECT_TEXT(&near_end, "hi");
    close_watched();
}

/* --- shutting down --- */

TEST(net_unix_stream_shutdown_read)
{
    open_watched(MIO_READABLE);
    CHECK_EQ(mio_unix_stream_shutdown(&near_end, MIO_SHUTDOWN_READ), 0);
    EXPECT_ONE(&loop, CLIENT, readiness_fact("peer stopped sending, asked for readable"));
    CHECK_EQ(mio_unix_stream_read(&near_end, text, 1), 0);
    unix_put(&near_end, "still");
    UNIX_EXPECT_TEXT(&far_end, "still");
    close_watched();
}

TEST(net_unix_stream_shutdown_write)
{
    open_watched(MIO_READABLE | MIO_WRITABLE);
    CHECK_EQ(mio_unix_stream_shutdown(&near_end, MIO_SHUTDOWN_WRITE), 0);
    EXPECT_ONE_IF(&loop, CLIENT, readiness_fact("own end of sending, asked for both"));
    CHECK_EQ(mio_unix_stream_write(&near_end, "a", 1), -EPIPE);
    unix_put(&far_end, "still");
    AWAIT_EVENTS(&loop, {CLIENT, readiness_fact("data came after the own end of sending")});
    UNIX_EXPECT_TEXT(&near_end, "still");
    CHECK_EQ(mio_unix_stream_read(&far_end, text, 1), 0);
    close_watched();
}

TEST(net_unix_stream_shutdown_both)
{
    open_watched(MIO_READABLE | MIO_WRITABLE);
    CHECK_EQ(mio_unix_stream_shutdown(&near_end, MIO_SHUTDOWN_BOTH), 0);
    EXPECT_ONE(&loop, CLIENT, readiness_fact("peer closed, asked for both"));
    CHECK_EQ(mio_unix_stream_read(&near_end, text, 1), 0);
    CHECK_EQ(mio_unix_stream_write(&near_end, "a", 1), -EPIPE);
    close_watched();
}

TEST(net_unix_stream_peers_shutdown_of_writing)
{
    open_watched(MIO_READABLE);
    CHECK_EQ(mio_unix_stream_shutdown(&far_end, MIO_SHUTDOWN_WRITE), 0);
    EXPECT_ONE(&loop, CLIENT, readiness_fact("peer stopped sending, asked for readable"));
    CHECK_EQ(mio_unix_stream_read(&near_end, text, 1), 0);
    close_watched();

    open_watched(MIO_READABLE | MIO_WRITABLE);
    CHECK_EQ(mio_unix_stream_shutdown(&far_end, MIO_SHUTDOWN_WRITE), 0);
    EXPECT_ONE(&loop, CLIENT, readiness_fact("peer stopped sending, asked for both"));
    close_watched();
}

TEST(net_unix_stream_peer_closed)
{
    open_watched(MIO_READABLE);
    CHECK_EQ(mio_source_close(&far_end.source), 0);
    EXPECT_ONE(&loop, CLIENT, readiness_fact("peer closed, asked for readable"));
    CHECK_EQ(mio_unix_stream_read(&near_end, text, 1), 0);
    CHECK_EQ(mio_unix_stream_write(&near_end, "a", 1), -EPIPE);
    close_watched();
}

TEST(net_unix_stream_peer_closed_without_reading)
{
    open_watched(MIO_READABLE);
    unix_put(&near_end, "unread");
    CHECK_EQ(mio_source_close(&far_end.source), 0);
    EXPECT_ONE(&loop, CLIENT, readiness_fact("Unix peer closed with data unread"));
    CHECK_EQ(mio_unix_stream_read(&near_end, text, 1),
             fact("reading when the Unix peer closed with data unread"));
    CHECK_EQ(mio_unix_stream_read(&near_end, text, 1), 0);
    close_watched();
}

/* --- registering --- */

TEST(net_unix_stream_register)
{
    open_watched(MIO_READABLE);
    close_watched();
}

TEST(net_unix_stream_reregister)
{
    open_watched(MIO_READABLE);
    REQUIRE_EQ(mio_source_reregister(&near_end.source, THIRD, MIO_WRITABLE), 0);
    EXPECT_ONE(&loop, THIRD, W);
    close_watched();
}

TEST(net_unix_stream_deregister)
{
    open_watched(MIO_READABLE);
    unix_put(&far_end, "unseen");
    REQUIRE_EQ(mio_source_deregister(&near_end.source), 0);
    EXPECT_NOTHING(&loop);
    close_watched();
}

/* --- what asks for the next event --- */

/* Each direction's EAGAIN asks for that direction alone. */
TEST(net_unix_stream_write_that_would_block_asks_for_no_readable)
{
    static const char block[4096];
    open_watched(MIO_READABLE | MIO_WRITABLE);
    unix_put(&far_end, "unread");
    EXPECT_ONE(&loop, CLIENT, readiness_fact("data came, asked for both"));
    ptrdiff_t result = 0;
    size_t written = 0;
    while ((result = mio_unix_stream_write(&near_end, block, sizeof block)) > 0)
        written += (size_t)result;
    CHECK_EQ(result, -EAGAIN);
    EXPECT_NOTHING(&loop);

    static char sink[65536];
    for (size_t have = 0; have < written;) {
        result = mio_unix_stream_read(&far_end, sink, sizeof sink);
        REQUIRE(result > 0);
        have += (size_t)result;
    }
    AWAIT_EVENTS(&loop, {CLIENT, readiness_fact("room came, data unread, asked for both")});
    close_watched();
}

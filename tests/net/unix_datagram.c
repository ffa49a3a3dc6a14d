/* SPDX-License-Identifier: MIT */
/* Unix datagrams. */
#define _GNU_SOURCE

#include "support.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static struct loop loop;
static struct mio_unix_datagram sockets[2];
static struct mio_addr addrs[2];
static char text[64];

/* Two sockets with a path each. */
static void open_named(void)
{
    loop = loop_open();
    for (int i = 0; i < 2; i++) {
        addrs[i] = temporary_path();
        REQUIRE_EQ(mio_unix_datagram_bind(&addrs[i], NULL, &sockets[i]), 0);
        CHECK_FLAGS(sockets[i].source.fd);
    }
}

static void close_both(void)
{
    CHECK_EQ(mio_source_close(&sockets[0].source), 0);
    CHECK_EQ(mio_source_close(&sockets[1].source), 0);
    EXPECT_NOTHING(&loop);
    loop_close(&loop);
}

static void close_named(void)
{
    close_both();
    remove_path(&addrs[0]);
    remove_path(&addrs[1]);
}

static void watch_both(void)
{
    for (mio_token i = 0; i < 2; i++)
        watch(&loop, &sockets[i].source, i, MIO_READABLE | MIO_WRITABLE);
    EXPECT_EVENTS(&loop, {0, W}, {1, W});
    CHECK_EQ(mio_unix_datagram_recv(&sockets[0], text, sizeof text), -EAGAIN);
    CHECK_EQ(mio_unix_datagram_recv_from(&sockets[1], text, sizeof text, NULL), -EAGAIN);
    EXPECT_NOTHING(&loop);
}

static void expect_text(int at, const char *wanted, const struct mio_addr *sender)
{
    struct mio_addr from = {.kind = MIO_ADDR_IPV4};
    memset(text, 0, sizeof text);
    CHECK_EQ(mio_unix_datagram_recv_from(&sockets[at], text, sizeof text, &from),
             (ptrdiff_t)strlen(wanted));
    CHECK_STR(text, wanted);
    if (sender)
        CHECK_ADDR(&from, sender);
    else
        CHECK_EQ(from.kind, MIO_ADDR_UNNAMED);
    CHECK_EQ(mio_unix_datagram_recv(&sockets[at], text, sizeof text), -EAGAIN);
}

/* The receiver is told of the datagram, and on some kernels the sender that it can go on. */
static void expect_sent_to(mio_token from, mio_token to)
{
    uint32_t arrived = readiness_fact("data came, asked for both");
    uint32_t sent = readiness_fact("a Unix datagram was sent to an address, asked for writable");
    if (sent != 0)
        EXPECT_EVENTS(&loop, {from, sent}, {to, arrived});
    else
        EXPECT_ONE(&loop, to, arrived);
}

static void unconnected(void)
{
    watch_both();
    CHECK_EQ(mio_unix_datagram_send_to(&sockets[0], "hello", 5, &addrs[1]), 5);
    expect_sent_to(0, 1);
    expect_text(1, "hello", &addrs[0]);
    EXPECT_ONE_IF(&loop, 0, readiness_fact("a Unix datagram was received, asked for writable"));
    CHECK_EQ(mio_unix_datagram_send_to(&sockets[1], "back", 4, &addrs[0]), 4);
    expect_sent_to(1, 0);
    expect_text(0, "back", &addrs[1]);
    EXPECT_ONE_IF(&loop, 1, readiness_fact("a Unix datagram was received, asked for writable"));
    CHECK_EQ(mio_source_take_error(&sockets[0].source), 0);
}

static void connected(void)
{
    struct mio_addr got;
    for (int i = 0; i < 2; i++) {
        REQUIRE_EQ(mio_unix_datagram_set_peer_addr(&sockets[i], &addrs[1 - i]), 0);
        REQUIRE_EQ(mio_source_local_addr(&sockets[i].source, &got), 0);
        CHECK_ADDR(&got, &addrs[i]);
        REQUIRE_EQ(mio_source_peer_addr(&sockets[i].source, &got), 0);
        CHECK_ADDR(&got, &addrs[1 - i]);
    }
    watch_both();
    CHECK_EQ(mio_unix_datagram_send(&sockets[0], "hello", 5), 5);
    EXPECT_ONE(&loop, 1, readiness_fact("data came, asked for both"));
    expect_text(1, "hello", &addrs[0]);
}

/* As another library would make them: blocking. */
static void make_elsewhere(void)
{
    for (int i = 0; i < 2; i++) {
        mio_fd fd;
        REQUIRE_EQ(mio_source_into_fd(&sockets[i].source, &fd), 0);
        REQUIRE_EQ(fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) & ~O_NONBLOCK), 0);
        REQUIRE_EQ(mio_unix_datagram_from_fd(fd, &sockets[i]), 0);
        CHECK_FLAGS(fd);
    }
}

TEST(net_unix_datagram_unconnected)
{
    open_named();
    unconnected();
    close_named();
}

TEST(net_unix_datagram_connected)
{
    open_named();
    connected();
    close_named();
}

TEST(net_unix_datagram_unconnected_made_elsewhere)
{
    open_named();
    make_elsewhere();
    unconnected();
    close_named();
}

TEST(net_unix_datagram_connected_made_elsewhere)
{
    open_named();
    make_elsewhere();
    connected();
    close_named();
}

TEST(net_unix_datagram_set_peer_addr)
{
    struct mio_unix_datagram unbound;
    struct mio_addr nobody = temporary_path();
    open_named();
    REQUIRE_EQ(mio_unix_datagram_open(NULL, &unbound), 0);
    CHECK_FLAGS(unbound.source.fd);
    CHECK_EQ(mio_unix_datagram_send(&unbound, "a", 1),
             fact("Unix datagram send without an address"));
    CHECK_EQ(mio_source_peer_addr(&unbound.source, &addrs[0]), -ENOTCONN);
    CHECK_EQ(mio_unix_datagram_set_peer_addr(&unbound, &nobody), -ENOENT);
    CHECK_EQ(mio_unix_datagram_send_to(&unbound, "a", 1, &nobody), -ENOENT);
    /* To one after the other. */
    for (int i = 0; i < 2; i++) {
        REQUIRE_EQ(mio_unix_datagram_set_peer_addr(&unbound, &addrs[i]), 0);
        CHECK_EQ(mio_unix_datagram_send(&unbound, "hello", 5), 5);
        expect_text(i, "hello", NULL);
    }
    CHECK_EQ(mio_source_close(&unbound.source), 0);
    close_named();
}

/* A look takes nothing, also where the buffer holds a part alone. */
TEST(net_unix_datagram_peek_leaves_it_whole)
{
    struct mio_addr from = {.kind = MIO_ADDR_UNNAMED};
    open_named();
    CHECK_EQ(mio_unix_datagram_send_to(&sockets[0], "hello", 5, &addrs[1]), 5);
    memset(text, 0, sizeof text);
    CHECK_EQ(mio_unix_datagram_peek(&sockets[1], text, 2), 2);
    CHECK_STR(text, "he");
    CHECK_EQ(mio_unix_datagram_peek_from(&sockets[1], text, sizeof text, &from), 5);
    CHECK_STR(text, "hello");
    CHECK_ADDR(&from, &addrs[0]);
    CHECK_EQ(mio_unix_datagram_peek_from(&sockets[1], text, sizeof text, null()), 5);
    expect_text(1, "hello", &addrs[0]);
    close_named();
}

/* Where nothing is there it is asked for, as by receiving. */
TEST(net_unix_datagram_peek_at_nothing_waits_for_the_next)
{
    struct mio_addr from = {.kind = MIO_ADDR_IPV4};
    open_named();
    watch(&loop, &sockets[1].source, 1, MIO_READABLE);
    CHECK_EQ(mio_unix_datagram_peek(&sockets[1], text, sizeof text), -EAGAIN);
    CHECK_EQ(mio_unix_datagram_peek_from(&sockets[1], text, sizeof text, &from), -EAGAIN);
    CHECK_EQ(from.kind, MIO_ADDR_IPV4);
    for (int i = 0; i < 2; i++) {
        CHECK_EQ(mio_unix_datagram_send_to(&sockets[0], "hello", 5, &addrs[1]), 5);
        EXPECT_ONE(&loop, 1, R);
        CHECK_EQ(mio_unix_datagram_peek(&sockets[1], text, sizeof text), 5);
        CHECK_EQ(mio_unix_datagram_recv(&sockets[1], text, sizeof text), 5);
        CHECK_EQ(mio_unix_datagram_peek(&sockets[1], text, sizeof text), -EAGAIN);
    }
    close_named();
}

TEST(net_unix_datagram_peek_refuses_null_and_the_closed)
{
    struct mio_unix_datagram closed;
    struct mio_addr from = {.kind = MIO_ADDR_UNNAMED};
    mio_source_init(&closed.source, MIO_INVALID_FD);
    CHECK_EQ(mio_unix_datagram_peek(null(), text, sizeof text), -EINVAL);
    CHECK_EQ(mio_unix_datagram_peek_from(null(), text, sizeof text, &from), -EINVAL);
    CHECK_EQ(mio_unix_datagram_peek(&closed, text, sizeof text), -EBADF);
    CHECK_EQ(mio_unix_datagram_peek_from(&closed, text, sizeof text, &from), -EBADF);
}

TEST(net_unix_datagram_pair)
{
    loop = loop_open();
    REQUIRE_EQ(mio_unix_datagram_pair(NULL, &sockets[0], &sockets[1]), 0);
    CHECK_FLAGS(sockets[0].source.fd);
    CHECK_FLAGS(sockets[1].source.fd);
    watch_both();
    for (int i = 0; i < 2; i++) {
        CHECK_EQ(mio_unix_datagram_send(&sockets[i], "hello", 5), 5);
        EXPECT_ONE(&loop, (mio_token)(1 - i), readiness_fact("data came, asked for both"));
        expect_text(1 - i, "hello", NULL);
        EXPECT_ONE_IF(
            &loop, (mio_token)i,
            readiness_fact("a Unix datagram was received by the peer, asked for writable"));
    }
    close_both();
}

TEST(net_unix_datagram_shutdown)
{
    loop = loop_open();
    REQUIRE_EQ(mio_unix_datagram_pair(NULL, &sockets[0], &sockets[1]), 0);
    watch(&loop, &sockets[0].source, 0, MIO_READABLE | MIO_WRITABLE);
    EXPECT_ONE(&loop, 0, W);
    CHECK_EQ(mio_unix_datagram_shutdown(&sockets[0], MIO_SHUTDOWN_READ), 0);
    EXPECT_ONE(&loop, 0, readiness_fact("own end of receiving, asked for both"));
    CHECK_EQ(mio_unix_datagram_shutdown(&sockets[0], MIO_SHUTDOWN_WRITE), 0);
    EXPECT_ONE_IF(&loop, 0, readiness_fact("own end of datagrams, asked for both"));
    CHECK_EQ(mio_unix_datagram_send(&sockets[0], "a", 1), -EPIPE);
    CHECK_EQ(mio_unix_datagram_recv(&sockets[0], text, sizeof text),
             fact("receiving datagrams after the own end of it"));
    CHECK_EQ(mio_unix_datagram_shutdown(&sockets[0], (enum mio_shutdown)7), -EINVAL);
    close_both();
}

TEST(net_unix_datagram_register)
{
    open_named();
    watch(&loop, &sockets[0].source, 0, MIO_READABLE);
    EXPECT_NOTHING(&loop);
    close_named();
}

TEST(net_unix_datagram_reregister)
{
    open_named();
    watch(&loop, &sockets[0].source, 0, MIO_READABLE);
    REQUIRE_EQ(mio_source_reregister(&sockets[0].source, THIRD, MIO_WRITABLE), 0);
    EXPECT_ONE(&loop, THIRD, W);
    CHECK_EQ(mio_unix_datagram_send_to(&sockets[1], "unseen", 6, &addrs[0]), 6);
    REQUIRE_EQ(mio_source_reregister(&sockets[0].source, THIRD, MIO_READABLE), 0);
    EXPECT_ONE(&loop, THIRD, R);
    close_named();
}

TEST(net_unix_datagram_deregister)
{
    open_named();
    watch(&loop, &sockets[0].source, 0, MIO_READABLE);
    CHECK_EQ(mio_unix_datagram_send_to(&sockets[1], "unseen", 6, &addrs[0]), 6);
    REQUIRE_EQ(mio_source_deregister(&sockets[0].source), 0);
    EXPECT_NOTHING(&loop);
    expect_text(0, "unseen", &addrs[1]);
    close_named();
}

/* Until the queue is full, and again when there is room. */
TEST(net_unix_datagram_full_queue)
{
    loop = loop_open();
    REQUIRE_EQ(mio_unix_datagram_pair(NULL, &sockets[0], &sockets[1]), 0);
    watch(&loop, &sockets[0].source, 0, MIO_WRITABLE);
    EXPECT_ONE(&loop, 0, W);
    ptrdiff_t result;
    int sent = 0;
    while ((result = mio_unix_datagram_send(&sockets[0], "datagram", 8)) == 8)
        sent++;
    CHECK_EQ(result, fact("the queue of Unix datagrams is full"));
    EXPECT_NOTHING(&loop);
    while (sent-- > 0)
        REQUIRE_EQ(mio_unix_datagram_recv(&sockets[1], text, sizeof text), 8);
    CHECK_EQ(mio_unix_datagram_recv(&sockets[1], text, sizeof text), -EAGAIN);
    if (result == -EAGAIN)
        AWAIT_EVENTS(&loop, {0, W});
    CHECK_EQ(mio_unix_datagram_send(&sockets[0], "datagram", 8), 8);
    CHECK_EQ(mio_source_close(&sockets[0].source), 0);
    CHECK_EQ(mio_source_close(&sockets[1].source), 0);
    loop_close(&loop);
}

TEST(net_unix_datagram_what_does_not_fit_is_lost)
{
    open_named();
    CHECK_EQ(mio_unix_datagram_send_to(&sockets[0], "hello", 5, &addrs[1]), 5);
    CHECK_EQ(mio_unix_datagram_send_to(&sockets[0], "", 0, &addrs[1]), 0);
    memset(text, 0, sizeof text);
    CHECK_EQ(mio_unix_datagram_recv(&sockets[1], text, 2), 2);
    CHECK_STR(text, "he");
    expect_text(1, "", &addrs[0]);
    close_named();
}

TEST(net_unix_datagram_receiver_is_gone)
{
    open_named();
    REQUIRE_EQ(mio_unix_datagram_set_peer_addr(&sockets[0], &addrs[1]), 0);
    CHECK_EQ(mio_source_close(&sockets[1].source), 0);
    ptrdiff_t result = mio_unix_datagram_send(&sockets[0], "a", 1);
    CHECK(result == -ECONNREFUSED || result == -ECONNRESET);
    CHECK_EQ(mio_unix_datagram_send_to(&sockets[0], "a", 1, &addrs[1]), -ECONNREFUSED);
    CHECK_EQ(mio_source_close(&sockets[0].source), 0);
    remove_path(&addrs[0]);
    remove_path(&addrs[1]);
    loop_close(&loop);
}

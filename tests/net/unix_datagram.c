/* SPDX-License-Identifier: MIT */
/* Unix datagrams. */
#define _GNU_SOURCE

#include "support.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* The two sockets of a test, and what goes with them. */
static struct {
    struct loop loop;
    struct mio_unix_datagram sockets[2];
    struct mio_addr addrs[2];
    char text[64];
} both;

/* Two sockets with a path each. */
static void open_named(void)
{
    both.loop = loop_open();
    for (int i = 0; i < 2; i++) {
        both.addrs[i] = temporary_path();
        REQUIRE_EQ(mio_unix_datagram_bind(&both.addrs[i], NULL, &both.sockets[i]), 0);
        CHECK_FLAGS(both.sockets[i].source.fd);
    }
}

static void close_both(void)
{
    CHECK_EQ(mio_source_close(&both.sockets[0].source), 0);
    CHECK_EQ(mio_source_close(&both.sockets[1].source), 0);
    EXPECT_NOTHING(&both.loop);
    loop_close(&both.loop);
}

static void close_named(void)
{
    close_both();
    remove_path(&both.addrs[0]);
    remove_path(&both.addrs[1]);
}

static void watch_both(void)
{
    for (mio_token i = 0; i < 2; i++)
        watch(&both.loop, &both.sockets[i].source, i, MIO_READABLE | MIO_WRITABLE);
    EXPECT_EVENTS(&both.loop, {0, W}, {1, W});
    CHECK_EQ(mio_unix_datagram_recv(&both.sockets[0], both.text, sizeof both.text), -EAGAIN);
    CHECK_EQ(mio_unix_datagram_recv_from(&both.sockets[1], both.text, sizeof both.text, NULL),
             -EAGAIN);
    EXPECT_NOTHING(&both.loop);
}

static void datagram_expect_text(int at, const char *wanted, const struct mio_addr *sender)
{
    struct mio_addr from = {.kind = MIO_ADDR_IPV4};
    memset(both.text, 0, sizeof both.text);
    CHECK_EQ(mio_unix_datagram_recv_from(&both.sockets[at], both.text, sizeof both.text, &from),
             (ptrdiff_t)strlen(wanted));
    CHECK_STR(both.text, wanted);
    if (sender)
        CHECK_ADDR(&from, sender);
    else
        CHECK_EQ(from.kind, MIO_ADDR_UNNAMED);
    CHECK_EQ(mio_unix_datagram_recv(&both.sockets[at], both.text, sizeof both.text), -EAGAIN);
}

/* The receiver is told of the datagram, and on some kernels the sender that it can go on. */
static void expect_sent_to(mio_token from, mio_token to)
{
    uint32_t arrived = readiness_fact("data came, asked for both");
    uint32_t sent = readiness_fact("a Unix datagram was sent to an address, asked for writable");
    if (sent != 0)
        EXPECT_EVENTS(&both.loop, {from, sent}, {to, arrived});
    else
        EXPECT_ONE(&both.loop, to, arrived);
}

static void datagram_unconnected(void)
{
    watch_both();
    CHECK_EQ(mio_unix_datagram_send_to(&both.sockets[0], "hello", 5, &both.addrs[1]), 5);
    expect_sent_to(0, 1);
    datagram_expect_text(1, "hello", &both.addrs[0]);
    EXPECT_ONE_IF(&both.loop, 0,
                  readiness_fact("a Unix datagram was received, asked for writable"));
    CHECK_EQ(mio_unix_datagram_send_to(&both.sockets[1], "back", 4, &both.addrs[0]), 4);
    expect_sent_to(1, 0);
    datagram_expect_text(0, "back", &both.addrs[1]);
    EXPECT_ONE_IF(&both.loop, 1,
                  readiness_fact("a Unix datagram was received, asked for writable"));
    CHECK_EQ(mio_source_take_error(&both.sockets[0].source), 0);
}

static void datagram_connected(void)
{
    struct mio_addr got;
    for (int i = 0; i < 2; i++) {
        REQUIRE_EQ(mio_unix_datagram_set_peer_addr(&both.sockets[i], &both.addrs[1 - i]), 0);
        REQUIRE_EQ(mio_source_local_addr(&both.sockets[i].source, &got), 0);
        CHECK_ADDR(&got, &both.addrs[i]);
        REQUIRE_EQ(mio_source_peer_addr(&both.sockets[i].source, &got), 0);
        CHECK_ADDR(&got, &both.addrs[1 - i]);
    }
    watch_both();
    CHECK_EQ(mio_unix_datagram_send(&both.sockets[0], "hello", 5), 5);
    EXPECT_ONE(&both.loop, 1, readiness_fact("data came, asked for both"));
    datagram_expect_text(1, "hello", &both.addrs[0]);
}

/* As another library would make them: blocking. */
static void make_elsewhere(void)
{
    for (int i = 0; i < 2; i++) {
        mio_fd fd;
        REQUIRE_EQ(mio_source_into_fd(&both.sockets[i].source, &fd), 0);
        REQUIRE_EQ(fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) & ~O_NONBLOCK), 0);
        REQUIRE_EQ(mio_unix_datagram_from_fd(fd, &both.sockets[i]), 0);
        CHECK_FLAGS(fd);
    }
}

TEST(net_unix_datagram_unconnected)
{
    open_named();
    datagram_unconnected();
    close_named();
}

TEST(net_unix_datagram_connected)
{
    open_named();
    datagram_connected();
    close_named();
}

TEST(net_unix_datagram_unconnected_made_elsewhere)
{
    open_named();
    make_elsewhere();
    datagram_unconnected();
    close_named();
}

TEST(net_unix_datagram_connected_made_elsewhere)
{
    open_named();
    make_elsewhere();
    datagram_connected();
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
    CHECK_EQ(mio_source_peer_addr(&unbound.source, &both.addrs[0]), -ENOTCONN);
    CHECK_EQ(mio_unix_datagram_set_peer_addr(&unbound, &nobody), -ENOENT);
    CHECK_EQ(mio_unix_datagram_send_to(&unbound, "a", 1, &nobody), -ENOENT);
    /* To one after the other. */
    for (int i = 0; i < 2; i++) {
        REQUIRE_EQ(mio_unix_datagram_set_peer_addr(&unbound, &both.addrs[i]), 0);
        CHECK_EQ(mio_unix_datagram_send(&unbound, "hello", 5), 5);
        datagram_expect_text(i, "hello", NULL);
    }
    CHECK_EQ(mio_source_close(&unbound.source), 0);
    close_named();
}

/* A look takes nothing, also where the buffer holds a part alone. */
TEST(net_unix_datagram_peek_leaves_it_whole)
{
    struct mio_addr from = {.kind = MIO_ADDR_UNNAMED};
    open_named();
    CHECK_EQ(mio_unix_datagram_send_to(&both.sockets[0], "hello", 5, &both.addrs[1]), 5);
    memset(both.text, 0, sizeof both.text);
    CHECK_EQ(mio_unix_datagram_peek(&both.sockets[1], both.text, 2), 2);
    CHECK_STR(both.text, "he");
    CHECK_EQ(mio_unix_datagram_peek_from(&both.sockets[1], both.text, sizeof both.text, &from), 5);
    CHECK_STR(both.text, "hello");
    CHECK_ADDR(&from, &both.addrs[0]);
    CHECK_EQ(mio_unix_datagram_peek_from(&both.sockets[1], both.text, sizeof both.text, null()), 5);
    datagram_expect_text(1, "hello", &both.addrs[0]);
    close_named();
}

/* Where nothing is there it is asked for, as by receiving. */
TEST(net_unix_datagram_peek_at_nothing_waits_for_the_next)
{
    struct mio_addr from = {.kind = MIO_ADDR_IPV4};
    open_named();
    watch(&both.loop, &both.sockets[1].source, 1, MIO_READABLE);
    CHECK_EQ(mio_unix_datagram_peek(&both.sockets[1], both.text, sizeof both.text), -EAGAIN);
    CHECK_EQ(mio_unix_datagram_peek_from(&both.sockets[1], both.text, sizeof both.text, &from),
             -EAGAIN);
    CHECK_EQ(from.kind, MIO_ADDR_IPV4);
    for (int i = 0; i < 2; i++) {
        CHECK_EQ(mio_unix_datagram_send_to(&both.sockets[0], "hello", 5, &both.addrs[1]), 5);
        EXPECT_ONE(&both.loop, 1, R);
        CHECK_EQ(mio_unix_datagram_peek(&both.sockets[1], both.text, sizeof both.text), 5);
        CHECK_EQ(mio_unix_datagram_recv(&both.sockets[1], both.text, sizeof both.text), 5);
        CHECK_EQ(mio_unix_datagram_peek(&both.sockets[1], both.text, sizeof both.text), -EAGAIN);
    }
    close_named();
}

TEST(net_unix_datagram_peek_refuses_null_and_the_closed)
{
    struct mio_unix_datagram closed;
    struct mio_addr from = {.kind = MIO_ADDR_UNNAMED};
    mio_source_init(&closed.source, MIO_INVALID_FD);
    CHECK_EQ(mio_unix_datagram_peek(null(), both.text, sizeof both.text), -EINVAL);
    CHECK_EQ(mio_unix_datagram_peek_from(null(), both.text, sizeof both.text, &from), -EINVAL);
    CHECK_EQ(mio_unix_datagram_peek(&closed, both.text, sizeof both.text), -EBADF);
    CHECK_EQ(mio_unix_datagram_peek_from(&closed, both.text, sizeof both.text, &from), -EBADF);
}

TEST(net_unix_datagram_pair)
{
    both.loop = loop_open();
    REQUIRE_EQ(mio_unix_datagram_pair(NULL, &both.sockets[0], &both.sockets[1]), 0);
    CHECK_FLAGS(both.sockets[0].source.fd);
    CHECK_FLAGS(both.sockets[1].source.fd);
    watch_both();
    for (int i = 0; i < 2; i++) {
        CHECK_EQ(mio_unix_datagram_send(&both.sockets[i], "hello", 5), 5);
        EXPECT_ONE(&both.loop, (mio_token)(1 - i), readiness_fact("data came, asked for both"));
        datagram_expect_text(1 - i, "hello", NULL);
        EXPECT_ONE_IF(
            &both.loop, (mio_token)i,
            readiness_fact("a Unix datagram was received by the peer, asked for writable"));
    }
    close_both();
}

TEST(net_unix_datagram_shutdown)
{
    both.loop = loop_open();
    REQUIRE_EQ(mio_unix_datagram_pair(NULL, &both.sockets[0], &both.sockets[1]), 0);
    watch(&both.loop, &both.sockets[0].source, 0, MIO_READABLE | MIO_WRITABLE);
    EXPECT_ONE(&both.loop, 0, W);
    CHECK_EQ(mio_unix_datagram_shutdown(&both.sockets[0], MIO_SHUTDOWN_READ), 0);
    EXPECT_ONE(&both.loop, 0, readiness_fact("own end of receiving, asked for both"));
    CHECK_EQ(mio_unix_datagram_shutdown(&both.sockets[0], MIO_SHUTDOWN_WRITE), 0);
    EXPECT_ONE_IF(&both.loop, 0, readiness_fact("own end of datagrams, asked for both"));
    CHECK_EQ(mio_unix_datagram_send(&both.sockets[0], "a", 1), -EPIPE);
    CHECK_EQ(mio_unix_datagram_recv(&both.sockets[0], both.text, sizeof both.text),
             fact("receiving datagrams after the own end of it"));
    CHECK_EQ(mio_unix_datagram_shutdown(&both.sockets[0], (enum mio_shutdown)7), -EINVAL);
    close_both();
}

TEST(net_unix_datagram_register)
{
    open_named();
    watch(&both.loop, &both.sockets[0].source, 0, MIO_READABLE);
    EXPECT_NOTHING(&both.loop);
    close_named();
}

TEST(net_unix_datagram_reregister)
{
    open_named();
    watch(&both.loop, &both.sockets[0].source, 0, MIO_READABLE);
    REQUIRE_EQ(mio_source_reregister(&both.sockets[0].source, THIRD, MIO_WRITABLE), 0);
    EXPECT_ONE(&both.loop, THIRD, W);
    CHECK_EQ(mio_unix_datagram_send_to(&both.sockets[1], "unseen", 6, &both.addrs[0]), 6);
    REQUIRE_EQ(mio_source_reregister(&both.sockets[0].source, THIRD, MIO_READABLE), 0);
    EXPECT_ONE(&both.loop, THIRD, R);
    close_named();
}

TEST(net_unix_datagram_deregister)
{
    open_named();
    watch(&both.loop, &both.sockets[0].source, 0, MIO_READABLE);
    CHECK_EQ(mio_unix_datagram_send_to(&both.sockets[1], "unseen", 6, &both.addrs[0]), 6);
    REQUIRE_EQ(mio_source_deregister(&both.sockets[0].source), 0);
    EXPECT_NOTHING(&both.loop);
    datagram_expect_text(0, "unseen", &both.addrs[1]);
    close_named();
}

/* Until the queue is full, and again when there is room. */
TEST(net_unix_datagram_full_queue)
{
    both.loop = loop_open();
    REQUIRE_EQ(mio_unix_datagram_pair(NULL, &both.sockets[0], &both.sockets[1]), 0);
    watch(&both.loop, &both.sockets[0].source, 0, MIO_WRITABLE);
    EXPECT_ONE(&both.loop, 0, W);
    ptrdiff_t result;
    int sent = 0;
    while ((result = mio_unix_datagram_send(&both.sockets[0], "datagram", 8)) == 8)
        sent++;
    CHECK_EQ(result, fact("the queue of Unix datagrams is full"));
    EXPECT_NOTHING(&both.loop);
    while (sent-- > 0)
        REQUIRE_EQ(mio_unix_datagram_recv(&both.sockets[1], both.text, sizeof both.text), 8);
    CHECK_EQ(mio_unix_datagram_recv(&both.sockets[1], both.text, sizeof both.text), -EAGAIN);
    if (result == -EAGAIN)
        AWAIT_EVENTS(&both.loop, {0, W});
    CHECK_EQ(mio_unix_datagram_send(&both.sockets[0], "datagram", 8), 8);
    CHECK_EQ(mio_source_close(&both.sockets[0].source), 0);
    CHECK_EQ(mio_source_close(&both.sockets[1].source), 0);
    loop_close(&both.loop);
}

TEST(net_unix_datagram_what_does_not_fit_is_lost)
{
    open_named();
    CHECK_EQ(mio_unix_datagram_send_to(&both.sockets[0], "hello", 5, &both.addrs[1]), 5);
    CHECK_EQ(mio_unix_datagram_send_to(&both.sockets[0], "", 0, &both.addrs[1]), 0);
    memset(both.text, 0, sizeof both.text);
    CHECK_EQ(mio_unix_datagram_recv(&both.sockets[1], both.text, 2), 2);
    CHECK_STR(both.text, "he");
    datagram_expect_text(1, "", &both.addrs[0]);
    close_named();
}

TEST(net_unix_datagram_receiver_is_gone)
{
    open_named();
    REQUIRE_EQ(mio_unix_datagram_set_peer_addr(&both.sockets[0], &both.addrs[1]), 0);
    CHECK_EQ(mio_source_close(&both.sockets[1].source), 0);
    ptrdiff_t result = mio_unix_datagram_send(&both.sockets[0], "a", 1);
    CHECK(result == -ECONNREFUSED || result == -ECONNRESET);
    CHECK_EQ(mio_unix_datagram_send_to(&both.sockets[0], "a", 1, &both.addrs[1]), -ECONNREFUSED);
    CHECK_EQ(mio_source_close(&both.sockets[0].source), 0);
    remove_path(&both.addrs[0]);
    remove_path(&both.addrs[1]);
    loop_close(&both.loop);
}

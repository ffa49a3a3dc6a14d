/* SPDX-License-Identifier: MIT */
/* UDP: datagrams, connected and not, and the events they make. */
#define _GNU_SOURCE

#include "support.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>

_Static_assert(sizeof(struct mio_udp_socket) == sizeof(struct mio_source),
               "a socket is its source and nothing more");

enum { FIRST, SECOND_ONE }; /* tokens: the places in a pair */

/* Two sockets, and where they are. */
struct pair {
    struct mio_udp_socket sockets[2];
    struct mio_addr addrs[2];
};

static struct pair pair_open(struct mio_addr addr)
{
    struct pair pair;
    for (int i = 0; i < 2; i++) {
        REQUIRE_EQ(mio_udp_socket_bind(&addr, NULL, &pair.sockets[i]), 0);
        REQUIRE_EQ(mio_source_local_addr(&pair.sockets[i].source, &pair.addrs[i]), 0);
        CHECK_FLAGS(pair.sockets[i].source.fd);
    }
    return pair;
}

static void pair_connect(struct pair *pair)
{
    for (int i = 0; i < 2; i++)
        REQUIRE_EQ(mio_udp_socket_set_peer_addr(&pair->sockets[i], &pair->addrs[1 - i]), 0);
}

static void pair_close(struct pair *pair)
{
    CHECK_EQ(mio_source_close(&pair->sockets[0].source), 0);
    CHECK_EQ(mio_source_close(&pair->sockets[1].source), 0);
}

static void pair_watch(struct loop *loop, struct pair *pair)
{
    for (mio_token i = 0; i < 2; i++)
        watch(loop, &pair->sockets[i].source, i, MIO_READABLE | MIO_WRITABLE);
    EXPECT_EVENTS(loop, {0, W}, {1, W});
}

static void send_to(struct pair *pair, int from, const char *text)
{
    size_t size = strlen(text);
    REQUIRE_EQ(mio_udp_socket_send_to(&pair->sockets[from], text, size, &pair->addrs[1 - from]),
               (ptrdiff_t)size);
}

static void expect_datagram(struct pair *pair, int at, const char *text)
{
    char got[64] = "";
    struct mio_addr from = {.kind = MIO_ADDR_UNNAMED};
    wait_until(pair->sockets[at].source.fd, POLLIN);
    CHECK_EQ(mio_udp_socket_recv_from(&pair->sockets[at], got, sizeof got - 1, &from),
             (ptrdiff_t)strlen(text));
    CHECK_STR(got, text);
    CHECK_ADDR(&from, &pair->addrs[1 - at]);
}

/* What is reported when socket `from` has sent to `at`, and `at` is watched for both. */
static void expect_arrival(struct loop *loop, mio_token from, mio_token at, uint32_t readiness,
                           struct where where)
{
    const struct expected list[] = {
        {at, readiness},
        {from, readiness_fact("a datagram was sent, asked for writable")},
    };
    expect_events(loop, list, 2, where);
}

/* --- each way of sending and receiving --- */

static void udp_unconnected(struct pair *pair)
{
    struct loop loop = loop_open();
    char text[16] = "";
    struct mio_addr from = {.kind = MIO_ADDR_UNNAMED};
    struct mio_udp_socket *second = &pair->sockets[1];
    pair_watch(&loop, pair);
    errno = ELOOP;
    CHECK_EQ(mio_udp_socket_peek_from(second, text, sizeof text, &from), -EAGAIN);
    CHECK_EQ(mio_udp_socket_recv_from(second, text, sizeof text, &from), -EAGAIN);
    CHECK_EQ(errno, ELOOP);
    CHECK_EQ(from.kind, MIO_ADDR_UNNAMED);
    CHECK_EQ(mio_source_peer_addr(&second->source, &from), -ENOTCONN);

    send_to(pair, 0, "hello");
    expect_arrival(&loop, 0, 1, readiness_fact("data came, asked for both"), HERE);
    CHECK_EQ(mio_udp_socket_peek_from(second, text, sizeof text, &from), 5);
    CHECK_STR(text, "hello");
    CHECK_ADDR(&from, &pair->addrs[0]);
    expect_datagram(pair, 1, "hello");
    CHECK_EQ(mio_udp_socket_recv_from(second, text, sizeof text, &from), -EAGAIN);
    send_to(pair, 1, "back");
    expect_arrival(&loop, 1, 0, readiness_fact("data came, asked for both"), HERE);
    expect_datagram(pair, 0, "back");
    CHECK_EQ(mio_source_take_error(&second->source), 0);
    pair_close(pair);
    EXPECT_NOTHING(&loop);
    loop_close(&loop);
}

static void udp_connected(struct pair *pair)
{
    struct loop loop = loop_open();
    char text[16] = "";
    struct mio_addr peer;
    pair_connect(pair);
    struct mio_udp_socket *first = &pair->sockets[0];
    struct mio_udp_socket *second = &pair->sockets[1];
    REQUIRE_EQ(mio_source_peer_addr(&first->source, &peer), 0);
    CHECK_ADDR(&peer, &pair->addrs[1]);
    pair_watch(&loop, pair);
    CHECK_EQ(mio_udp_socket_peek(second, text, sizeof text), -EAGAIN);
    CHECK_EQ(mio_udp_socket_recv(second, text, sizeof text), -EAGAIN);
    CHECK_EQ(mio_udp_socket_send(first, "hello", 5), 5);
    expect_arrival(&loop, 0, 1, readiness_fact("data came, asked for both"), HERE);
    CHECK_EQ(mio_udp_socket_peek(second, text, sizeof text), 5);
    CHECK_STR(text, "hello");
    memset(text, 0, sizeof text);
    CHECK_EQ(mio_udp_socket_recv(second, text, sizeof text), 5);
    CHECK_STR(text, "hello");
    CHECK_EQ(mio_udp_socket_recv(second, text, sizeof text), -EAGAIN);
    CHECK_EQ(mio_source_take_error(&first->source), 0);
    pair_close(pair);
    loop_close(&loop);
}

/* The same sockets, as another library would make them: blocking. */
static struct pair pair_made_elsewhere(void)
{
    struct pair pair = pair_open(loopback_v4());
    for (int i = 0; i < 2; i++) {
        mio_fd fd;
        REQUIRE_EQ(mio_source_into_fd(&pair.sockets[i].source, &fd), 0);
        REQUIRE_EQ(fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) & ~O_NONBLOCK), 0);
        REQUIRE_EQ(mio_udp_socket_from_fd(fd, &pair.sockets[i]), 0);
        CHECK_FLAGS(fd);
    }
    return pair;
}

TEST(net_udp_unconnected_ipv4)
{
    struct pair pair = pair_open(loopback_v4());
    udp_unconnected(&pair);
}

TEST(net_udp_unconnected_ipv6)
{
    struct pair pair = pair_open(loopback_v6());
    udp_unconnected(&pair);
}

TEST(net_udp_unconnected_made_elsewhere)
{
    struct pair pair = pair_made_elsewhere();
    udp_unconnected(&pair);
}

TEST(net_udp_connected_ipv4)
{
    struct pair pair = pair_open(loopback_v4());
    udp_connected(&pair);
}

TEST(net_udp_connected_ipv6)
{
    struct pair pair = pair_open(loopback_v6());
    udp_connected(&pair);
}

TEST(net_udp_connected_made_elsewhere)
{
    struct pair pair = pair_made_elsewhere();
    udp_connected(&pair);
}

TEST(net_udp_send_without_an_address)
{
    struct pair pair = pair_open(loopback_v4());
    char text[8] = "";
    CHECK_EQ(mio_udp_socket_send(&pair.sockets[0], "a", 1), fact("UDP send without an address"));
    send_to(&pair, 0, "hello");
    wait_until(pair.sockets[1].source.fd, POLLIN);
    CHECK_EQ(mio_udp_socket_peek(&pair.sockets[1], text, sizeof text), 5);
    CHECK_EQ(mio_udp_socket_recv(&pair.sockets[1], text, sizeof text), 5);
    CHECK_STR(text, "hello");
    pair_close(&pair);
}

TEST(net_udp_send_to_when_connected)
{
    struct pair pair = pair_open(loopback_v4());
    char text[8] = "";
    pair_connect(&pair);
    ptrdiff_t result = mio_udp_socket_send_to(&pair.sockets[0], "a", 1, &pair.addrs[1]);
    CHECK_EQ(result > 0 ? 0 : result, fact("UDP send_to when connected"));
    CHECK_EQ(mio_udp_socket_send(&pair.sockets[1], "b", 1), 1);
    wait_until(pair.sockets[0].source.fd, POLLIN);
    CHECK_EQ(mio_udp_socket_recv_from(&pair.sockets[0], text, sizeof text, NULL), 1);
    CHECK_STR(text, "b");
    pair_close(&pair);
}

TEST(net_udp_connect_again_for_sending)
{
    struct pair pair = pair_open(loopback_v4());
    struct pair other = pair_open(loopback_v4());
    char text[8];
    const struct mio_addr *targets[2] = {&pair.addrs[1], &other.addrs[1]};
    struct mio_udp_socket *receivers[2] = {&pair.sockets[1], &other.sockets[1]};
    for (int i = 0; i < 2; i++) {
        REQUIRE_EQ(mio_udp_socket_set_peer_addr(&pair.sockets[0], targets[i]), 0);
        CHECK_EQ(mio_udp_socket_send(&pair.sockets[0], "abc", 3), 3);
        wait_until(receivers[i]->source.fd, POLLIN);
        CHECK_EQ(mio_udp_socket_recv(receivers[i], text, sizeof text), 3);
        CHECK_EQ(mio_udp_socket_recv(receivers[1 - i], text, sizeof text), -EAGAIN);
    }
    pair_close(&pair);
    pair_close(&other);
}

TEST(net_udp_connect_again_for_receiving)
{
    struct loop loop = loop_open();
    struct pair pair = pair_open(loopback_v4());
    struct pair other = pair_open(loopback_v4());
    char text[8];
    struct mio_udp_socket *receiver = &pair.sockets[0];
    struct mio_udp_socket *senders[2] = {&pair.sockets[1], &other.sockets[1]};
    const struct mio_addr *sources[2] = {&pair.addrs[1], &other.addrs[1]};
    watch(&loop, &receiver->source, FIRST, MIO_READABLE);
    for (int i = 0; i < 2; i++) {
        REQUIRE_EQ(mio_udp_socket_set_peer_addr(receiver, sources[i]), 0);
        CHECK_EQ(mio_udp_socket_recv(receiver, text, sizeof text), -EAGAIN);
        CHECK_EQ(mio_udp_socket_send_to(senders[i], "abc", 3, &pair.addrs[0]), 3);
        EXPECT_ONE(&loop, FIRST, R);
        CHECK_EQ(mio_udp_socket_recv(receiver, text, sizeof text), 3);
        CHECK_EQ(mio_udp_socket_recv(receiver, text, sizeof text), -EAGAIN);
        EXPECT_NOTHING(&loop);
    }
    pair_close(&pair);
    pair_close(&other);
    loop_close(&loop);
}

/* A connected socket hears nobody else. What comes behind on the same way proves it. */
TEST(net_udp_strangers_are_not_heard)
{
    struct loop loop = loop_open();
    struct pair pair = pair_open(loopback_v4());
    struct pair stranger = pair_open(loopback_v4());
    char text[8] = "";
    pair_connect(&pair);
    watch(&loop, &pair.sockets[0].source, FIRST, MIO_READABLE);
    CHECK_EQ(mio_udp_socket_send_to(&stranger.sockets[0], "not you", 7, &pair.addrs[0]), 7);
    EXPECT_NOTHING(&loop);
    CHECK_EQ(mio_udp_socket_send(&pair.sockets[1], "you", 3), 3);
    EXPECT_ONE(&loop, FIRST, R);
    CHECK_EQ(mio_udp_socket_recv(&pair.sockets[0], text, sizeof text), 3);
    CHECK_STR(text, "you");
    CHECK_EQ(mio_udp_socket_recv(&pair.sockets[0], text, sizeof text), -EAGAIN);
    pair_close(&pair);
    pair_close(&stranger);
    loop_close(&loop);
}

TEST(net_udp_empty_datagram)
{
    struct loop loop = loop_open();
    struct pair pair = pair_open(loopback_v4());
    struct mio_addr from = {.kind = MIO_ADDR_UNNAMED};
    char text[8];
    watch(&loop, &pair.sockets[1].source, SECOND_ONE, MIO_READABLE);
    send_to(&pair, 0, "");
    EXPECT_ONE(&loop, SECOND_ONE, R);
    CHECK_EQ(mio_udp_socket_recv_from(&pair.sockets[1], text, sizeof text, &from), 0);
    CHECK_ADDR(&from, &pair.addrs[0]);
    CHECK_EQ(mio_udp_socket_recv(&pair.sockets[1], text, sizeof text), -EAGAIN);
    pair_connect(&pair);
    CHECK_EQ(mio_udp_socket_send(&pair.sockets[0], NULL, 0), 0);
    EXPECT_ONE(&loop, SECOND_ONE, R);
    CHECK_EQ(mio_udp_socket_recv(&pair.sockets[1], text, sizeof text), 0);
    pair_close(&pair);
    loop_close(&loop);
}

TEST(net_udp_what_does_not_fit_is_lost)
{
    struct pair pair = pair_open(loopback_v4());
    char text[8] = "";
    send_to(&pair, 0, "hello");
    send_to(&pair, 0, "next");
    wait_until(pair.sockets[1].source.fd, POLLIN);
    CHECK_EQ(mio_udp_socket_peek(&pair.sockets[1], text, 2), 2);
    CHECK_EQ(mio_udp_socket_recv(&pair.sockets[1], text, 3), 3);
    CHECK_STR(text, "hel");
    expect_datagram(&pair, 1, "next");
    pair_close(&pair);
}

TEST(net_udp_too_long_a_datagram)
{
    static char much[70000];
    struct pair pair = pair_open(loopback_v4());
    CHECK_EQ(mio_udp_socket_send_to(&pair.sockets[0], much, sizeof much, &pair.addrs[1]),
             -EMSGSIZE);
    pair_close(&pair);
}

TEST(net_udp_refusal_is_told_once)
{
    struct pair pair = pair_open(loopback_v4());
    char text[8];
    pair_connect(&pair);
    refuse_datagrams(pair.sockets[1].source.fd);
    CHECK_EQ(mio_udp_socket_send(&pair.sockets[0], "a", 1), 1);
    wait_until(pair.sockets[0].source.fd, POLLIN | POLLERR);
    CHECK_EQ(mio_udp_socket_recv(&pair.sockets[0], text, 1), -ECONNREFUSED);
    CHECK_EQ(mio_udp_socket_recv(&pair.sockets[0], text, 1), -EAGAIN);
    CHECK_EQ(mio_udp_socket_send(&pair.sockets[0], "a", 1), 1);
    wait_until(pair.sockets[0].source.fd, POLLIN | POLLERR);
    CHECK_EQ(mio_source_take_error(&pair.sockets[0].source), -ECONNREFUSED);
    CHECK_EQ(mio_source_take_error(&pair.sockets[0].source), 0);
    pair_close(&pair);
}

TEST(net_udp_gives_its_descriptor)
{
    struct loop loop = loop_open();
    struct pair pair = pair_open(loopback_v4());
    struct mio_addr got;
    mio_fd fd = MIO_INVALID_FD;
    mio_fd own = pair.sockets[0].source.fd;
    watch(&loop, &pair.sockets[0].source, FIRST, MIO_READABLE);
    CHECK_EQ(mio_source_into_fd(&pair.sockets[0].source, &fd), -EBUSY);
    REQUIRE_EQ(mio_source_deregister(&pair.sockets[0].source), 0);
    REQUIRE_EQ(mio_source_into_fd(&pair.sockets[0].source, &fd), 0);
    CHECK_EQ(fd, own);
    CHECK_EQ(mio_source_into_fd(&pair.sockets[0].source, &fd), -EBADF);
    CHECK_EQ(mio_source_close(&pair.sockets[0].source), -EBADF);
    REQUIRE_EQ(mio_udp_socket_from_fd(fd, &pair.sockets[0]), 0);
    REQUIRE_EQ(mio_source_local_addr(&pair.sockets[0].source, &got), 0);
    CHECK_ADDR(&got, &pair.addrs[0]);
    pair_close(&pair);
    loop_close(&loop);
}

/* --- events --- */

TEST(net_udp_register)
{
    struct loop loop = loop_open();
    struct pair pair = pair_open(loopback_v4());
    watch(&loop, &pair.sockets[0].source, FIRST, MIO_READABLE);
    EXPECT_NOTHING(&loop);
    pair_close(&pair);
    loop_close(&loop);
}

TEST(net_udp_reregister)
{
    struct loop loop = loop_open();
    struct pair pair = pair_open(loopback_v4());
    struct mio_source *source = &pair.sockets[0].source;
    watch(&loop, source, FIRST, MIO_READABLE);
    REQUIRE_EQ(mio_source_reregister(source, FIRST, MIO_WRITABLE), 0);
    send_to(&pair, 1, "unseen");
    wait_until(source->fd, POLLIN);
    EXPECT_ONE(&loop, FIRST, W);
    REQUIRE_EQ(mio_source_reregister(source, THIRD, MIO_READABLE), 0);
    EXPECT_ONE(&loop, THIRD, R);
    expect_datagram(&pair, 0, "unseen");
    pair_close(&pair);
    loop_close(&loop);
}

TEST(net_udp_no_events_after_deregister)
{
    struct loop loop = loop_open();
    struct pair pair = pair_open(loopback_v4());
    watch(&loop, &pair.sockets[0].source, FIRST, MIO_READABLE);
    send_to(&pair, 1, "here");
    wait_until(pair.sockets[0].source.fd, POLLIN);
    REQUIRE_EQ(mio_source_deregister(&pair.sockets[0].source), 0);
    EXPECT_NOTHING(&loop);
    expect_datagram(&pair, 0, "here");
    EXPECT_NOTHING(&loop);
    pair_close(&pair);
    loop_close(&loop);
}

/* Sender and receiver as two sources: nothing is sent before writable, or read before readable. */
static void through_events(bool is_connected)
{
    struct loop loop = loop_open();
    struct pair pair = pair_open(loopback_v4());
    char text[16] = "";
    if (is_connected)
        pair_connect(&pair);
    watch(&loop, &pair.sockets[0].source, FIRST, MIO_WRITABLE);
    watch(&loop, &pair.sockets[1].source, SECOND_ONE, MIO_READABLE);
    EXPECT_ONE(&loop, FIRST, W);
    if (is_connected)
        CHECK_EQ(mio_udp_socket_send(&pair.sockets[0], "hello world", 11), 11);
    else
        send_to(&pair, 0, "hello world");
    expect_arrival(&loop, FIRST, SECOND_ONE, R, HERE);
    CHECK_EQ(mio_udp_socket_recv(&pair.sockets[1], text, sizeof text), 11);
    CHECK_STR(text, "hello world");
    pair_close(&pair);
    loop_close(&loop);
}

TEST(net_udp_through_events)
{
    through_events(false);
}

TEST(net_udp_through_events_connected)
{
    through_events(true);
}

/* Each way of receiving asks for the next event when it would block. */
static void edges(bool with_address)
{
    struct loop loop = loop_open();
    struct pair pair = pair_open(loopback_v4());
    struct mio_addr from;
    char text[16];
    watch(&loop, &pair.sockets[1].source, SECOND_ONE, MIO_READABLE | MIO_WRITABLE);
    EXPECT_ONE(&loop, SECOND_ONE, W);
    for (int i = 0; i < 3; i++) {
        send_to(&pair, 0, "hello");
        EXPECT_ONE(&loop, SECOND_ONE, readiness_fact("data came, asked for both"));
        ptrdiff_t result = 5;
        while (result == 5)
            result = with_address
                         ? mio_udp_socket_recv_from(&pair.sockets[1], text, sizeof text, &from)
                         : mio_udp_socket_recv(&pair.sockets[1], text, sizeof text);
        CHECK_EQ(result, -EAGAIN);
        EXPECT_NOTHING(&loop);
    }
    pair_close(&pair);
    loop_close(&loop);
}

TEST(net_udp_recv_makes_edges)
{
    edges(false);
}

TEST(net_udp_recv_from_makes_edges)
{
    edges(true);
}

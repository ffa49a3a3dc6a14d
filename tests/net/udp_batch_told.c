/* SPDX-License-Identifier: MIT */
/* UDP in batches: what is told of a datagram, errors, and events. */
#define _GNU_SOURCE

#include "udp_batch.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>

static const uint8_t ecns[] = {MIO_ECN_NOT_ECT, MIO_ECN_ECT_1, MIO_ECN_ECT_0, MIO_ECN_CE};

/* Waits for one datagram and receives it. */
static void batch_receive_one(struct batch_pair *pair, struct mio_datagram *datagram, void *buffer,
                              size_t size)
{
    memset(datagram, 0x5a, sizeof *datagram);
    datagram->buffer = buffer;
    datagram->capacity = size;
    wait_until(pair->receiver.source.fd, POLLIN);
    REQUIRE_EQ(mio_udp_socket_recv_batch(&pair->receiver, &pair->receiving, datagram, 1), 1);
}

/* What one datagram tells that was sent to `to`, with each ECN. */
static void batch_tells(struct batch_pair *pair, const struct mio_addr *to,
                        const struct mio_addr *from)
{
    uint32_t both = MIO_UDP_SEND_ECN & pair->sending.can;
    bool ecn = both != 0 && (pair->receiving.can & MIO_UDP_RECV_ECN) != 0;
    for (size_t i = 0; i < sizeof ecns; i++) {
        char text[8];
        struct mio_datagram got;
        struct mio_datagram datagram = {
            .buffer = "hello", .size = 5, .peer = *to, .ecn = ecn ? ecns[i] : MIO_ECN_UNKNOWN};
        REQUIRE_EQ(mio_udp_socket_send_batch(&pair->sender, &pair->sending, &datagram, 1), 1);
        batch_receive_one(pair, &got, text, sizeof text);
        CHECK_EQ(got.size, 5);
        CHECK_EQ(got.segment_size, 0);
        CHECK_EQ(got.truncated, false);
        CHECK_ADDR(&got.peer, from);
        if (ecn)
            CHECK_EQ(got.ecn, ecns[i]);
        if ((pair->receiving.can & MIO_UDP_RECV_LOCAL) != 0) {
            CHECK_EQ(memcmp(got.local.bytes, to->bytes, sizeof got.local.bytes), 0);
            CHECK_EQ(got.local.kind, to->kind);
            CHECK_EQ(got.local.length, to->length);
            CHECK_EQ(got.local.port, 0);
        } else {
            CHECK_EQ(got.local.kind, MIO_ADDR_UNNAMED);
        }
        CHECK_EQ(got.interface_index != 0, (pair->receiving.can & MIO_UDP_RECV_INTERFACE) != 0);
    }
}

TEST(net_udp_batch_tells_of_ipv4)
{
    struct batch_pair pair = batch_pair_open(loopback_v4(), OFFLOAD_ON, false);
    CHECK_EQ((pair.sending.can & MIO_UDP_SEND_ECN) != 0, fact("ECN is sent by IPv4"));
    CHECK_EQ((pair.receiving.can & MIO_UDP_RECV_ECN) != 0, fact("ECN is received by IPv4"));
    CHECK((pair.receiving.can & MIO_UDP_RECV_LOCAL) != 0);
    batch_tells(&pair, &pair.at, &pair.from);
    batch_pair_close(&pair);
}

TEST(net_udp_batch_tells_of_ipv6)
{
    const uint32_t all =
        MIO_UDP_RECV_ECN | MIO_UDP_RECV_LOCAL | MIO_UDP_RECV_INTERFACE | MIO_UDP_SEND_ECN;
    struct batch_pair pair = batch_pair_open(loopback_v6(), OFFLOAD_ON, false);
    CHECK_EQ(pair.receiving.can & all, all);
    batch_tells(&pair, &pair.at, &pair.from);
    batch_pair_close(&pair);
}

/* IPv4 on a socket of both. */
TEST(net_udp_batch_tells_of_ipv4_on_an_ipv6_socket)
{
    static const uint8_t mapped[16] = {[10] = 0xff, [11] = 0xff, [12] = 127, [15] = 1};
    const struct mio_socket_options options = {.v6_only = MIO_V6_ONLY_NO};
    struct batch_pair pair = batch_pair_open(loopback_v6(), OFFLOAD_ON, false);
    struct mio_addr any = mio_addr_ipv6(NULL, 0);
    batch_pair_close(&pair);
    if (mio_udp_socket_bind(&any, &options, &pair.receiver) == -EINVAL)
        SKIP("the system has no socket for both");
    REQUIRE_EQ(mio_udp_socket_bind(&any, &options, &pair.sender), 0);
    REQUIRE_EQ(mio_source_local_addr(&pair.receiver.source, &pair.at), 0);
    REQUIRE_EQ(mio_source_local_addr(&pair.sender.source, &pair.from), 0);
    pair.at = mio_addr_ipv6(mapped, pair.at.port);
    pair.from = mio_addr_ipv6(mapped, pair.from.port);
    REQUIRE_EQ(mio_udp_socket_prepare_batches(&pair.sender, 0, &pair.sending), 0);
    REQUIRE_EQ(mio_udp_socket_prepare_batches(&pair.receiver, MIO_UDP_EVERYTHING, &pair.receiving),
               0);
    if (fact("ECN is sent by IPv4") == 0 || fact("ECN of IPv4 is known on an IPv6 socket") == 0)
        pair.receiving.can &= ~MIO_UDP_RECV_ECN; /* not asked for */
    batch_tells(&pair, &pair.at, &pair.from);
    struct mio_datagram datagram = {
        .buffer = "x", .size = 1, .peer = pair.at, .local = mio_addr_ipv4(127, 0, 0, 1, 0)};
    struct mio_datagram got;
    char text[8];
    CHECK_EQ(mio_udp_socket_send_batch(&pair.sender, &pair.sending, &datagram, 1), 1);
    batch_receive_one(&pair, &got, text, sizeof text);
    CHECK_ADDR(&got.peer, &pair.from);
    batch_pair_close(&pair);
}

/* A connected socket's datagrams have ECN too, whichever IP it uses. */
TEST(net_udp_batch_ecn_of_a_connected_socket)
{
    for (int i = 0; i < 2; i++) {
        struct batch_pair pair =
            batch_pair_open(i == 0 ? loopback_v6() : loopback_v4(), OFFLOAD_ON, false);
        struct mio_datagram datagram = {.buffer = "x", .size = 1, .ecn = MIO_ECN_ECT_0};
        struct mio_datagram got;
        char text[8];
        batch_pair_connect(&pair);
        if ((pair.sending.can & MIO_UDP_SEND_ECN) != 0) {
            CHECK_EQ(mio_udp_socket_send_batch(&pair.sender, &pair.sending, &datagram, 1), 1);
            batch_receive_one(&pair, &got, text, sizeof text);
            CHECK_EQ(got.ecn, (pair.receiving.can & MIO_UDP_RECV_ECN) != 0 ? MIO_ECN_ECT_0 : 0);
        } else {
            CHECK_EQ(mio_udp_socket_send_batch(&pair.sender, &pair.sending, &datagram, 1),
                     -ENOTSUP);
        }
        batch_pair_close(&pair);
    }
}

/* What was not asked for is not known; and can be asked for, and no longer. */
TEST(net_udp_batch_tells_what_is_asked_for)
{
    struct batch_pair pair = batch_pair_open(loopback_v4(), OFFLOAD_ON, false);
    const uint32_t wishes[] = {0, MIO_UDP_RECV_ECN, MIO_UDP_RECV_LOCAL, 0};
    const uint32_t received = MIO_UDP_RECV_ECN | MIO_UDP_RECV_LOCAL | MIO_UDP_RECV_INTERFACE;
    for (size_t i = 0; i < 4; i++) {
        char text[8];
        struct mio_datagram got;
        REQUIRE_EQ(mio_udp_socket_prepare_batches(&pair.receiver, wishes[i], &pair.receiving), 0);
        CHECK_EQ(pair.receiving.can & received & ~wishes[i], 0);
        CHECK_EQ(pair.receiving.can & (MIO_UDP_SEND_SEGMENTS | MIO_UDP_RECV_SEGMENTS), 0);
        REQUIRE_EQ(mio_udp_socket_send_to(&pair.sender, "x", 1, &pair.at), 1);
        batch_receive_one(&pair, &got, text, sizeof text);
        CHECK_EQ(got.ecn != MIO_ECN_UNKNOWN, (pair.receiving.can & MIO_UDP_RECV_ECN) != 0);
        CHECK_EQ(got.local.kind != MIO_ADDR_UNNAMED,
                 (pair.receiving.can & MIO_UDP_RECV_LOCAL) != 0);
    }
    batch_pair_close(&pair);
}

TEST(net_udp_batch_is_sent_from_where_it_is_told)
{
    struct mio_addr second = mio_addr_ipv4(127, 0, 0, 2, 0);
    struct mio_addr any = mio_addr_ipv4(0, 0, 0, 0, 0);
    struct batch_pair pair = batch_pair_open(loopback_v4(), OFFLOAD_ON, false);
    char text[8];
    struct mio_datagram got;
    REQUIRE_EQ(mio_source_close(&pair.sender.source), 0);
    if (mio_udp_socket_bind(&second, NULL, &pair.sender) != 0) {
        CHECK_EQ(mio_source_close(&pair.receiver.source), 0);
        SKIP("this machine has one loopback address");
    }
    REQUIRE_EQ(mio_source_close(&pair.sender.source), 0);
    REQUIRE_EQ(mio_udp_socket_bind(&any, NULL, &pair.sender), 0);
    REQUIRE_EQ(mio_udp_socket_prepare_batches(&pair.sender, MIO_UDP_EVERYTHING, &pair.sending), 0);
    REQUIRE_EQ(mio_source_local_addr(&pair.sender.source, &pair.from), 0);
    CHECK((pair.sending.can & MIO_UDP_SEND_LOCAL) != 0);
    struct mio_datagram datagrams[] = {
        {.buffer = "a", .size = 1, .peer = pair.at, .local = second},
        {.buffer = "b", .size = 1, .peer = pair.at},
        {.buffer = "c", .size = 1, .peer = pair.at, .local = second},
    };
    CHECK_EQ(mio_udp_socket_send_batch(&pair.sender, &pair.sending, datagrams, 3), 3);
    second.port = pair.from.port;
    for (size_t i = 0; i < 3; i++) {
        batch_receive_one(&pair, &got, text, sizeof text);
        CHECK_EQ(text[0], "abc"[i]);
        CHECK_EQ(mio_addr_equal(&got.peer, &second), i != 1);
    }
    datagrams[0].local = mio_addr_ipv4(192, 0, 2, 1, 0);
    CHECK(mio_udp_socket_send_batch(&pair.sender, &pair.sending, datagrams, 1) < 0);
    batch_pair_close(&pair);
}

/* Neighbours of one size, which do not go out together. */
TEST(net_udp_batch_each_has_its_own_ecn)
{
    struct batch_pair pair = batch_pair_open(loopback_v6(), OFFLOAD_ON, false);
    struct mio_datagram datagrams[4] = {{0}};
    for (size_t i = 0; i < 4; i++)
        datagrams[i] = (struct mio_datagram){
            .buffer = "x", .size = 1, .peer = pair.at, .ecn = ecns[i], .local = pair.at};
    CHECK_EQ(mio_udp_socket_send_batch(&pair.sender, &pair.sending, datagrams, 4), 4);
    for (size_t i = 0; i < 4; i++) {
        char text[8];
        struct mio_datagram got;
        batch_receive_one(&pair, &got, text, sizeof text);
        CHECK_EQ(got.ecn, ecns[i]);
    }
    batch_pair_close(&pair);
}

/* The address that a socket is bound to may be named. On a socket of no address it is chosen. */
TEST(net_udp_batch_is_sent_from_ipv6)
{
    struct batch_pair pair = batch_pair_open(loopback_v6(), OFFLOAD_ON, false);
    struct mio_addr any = mio_addr_ipv6(NULL, 0);
    struct mio_datagram datagram = {
        .buffer = "x", .size = 1, .peer = pair.at, .local = loopback_v6()};
    for (int i = 0; i < 2; i++) {
        char text[8];
        struct mio_datagram got;
        CHECK_EQ(mio_udp_socket_send_batch(&pair.sender, &pair.sending, &datagram, 1), 1);
        batch_receive_one(&pair, &got, text, sizeof text);
        CHECK_EQ(memcmp(got.peer.bytes, pair.at.bytes, 16), 0);
        REQUIRE_EQ(mio_source_close(&pair.sender.source), 0);
        REQUIRE_EQ(mio_udp_socket_bind(&any, NULL, &pair.sender), 0);
        REQUIRE_EQ(mio_udp_socket_prepare_batches(&pair.sender, 0, &pair.sending), 0);
    }
    batch_pair_close(&pair);
}

/* With an address beside others that go to who is connected; where that may be. */
TEST(net_udp_batch_to_an_address_when_connected)
{
    struct batch_pair pair = batch_pair_open(loopback_v4(), OFFLOAD_ON, false);
    struct mio_datagram datagrams[] = {{.buffer = "x", .size = 1, .peer = pair.at},
                                       {.buffer = "y", .size = 1},
                                       {.buffer = "z", .size = 1, .peer = pair.at}};
    batch_pair_connect(&pair);
    ptrdiff_t result = mio_udp_socket_send_batch(&pair.sender, &pair.sending, datagrams, 3);
    CHECK_EQ(result > 0 ? 0 : result, fact("UDP send_to when connected"));
    if (result > 0)
        CHECK_EQ(result, 3);
    batch_pair_close(&pair);
}

TEST(net_udp_batch_is_answered_as_it_came)
{
    struct mio_addr addrs[] = {loopback_v4(), loopback_v6()};
    for (size_t i = 0; i < 2; i++) {
        struct batch_pair pair = batch_pair_open(addrs[i], OFFLOAD_ON, true);
        char text[16];
        struct mio_datagram got;
        REQUIRE_EQ(mio_udp_socket_send_to(&pair.sender, "question", 8, &pair.at), 8);
        batch_receive_one(&pair, &got, text, sizeof text);
        memset(&got.reserved, 0, sizeof got.reserved);
        memset(&got.reserved_bytes, 0, sizeof got.reserved_bytes);
        if ((pair.receiving.can & MIO_UDP_SEND_ECN) == 0)
            got.ecn = MIO_ECN_UNKNOWN;
        CHECK_EQ(mio_udp_socket_send_batch(&pair.receiver, &pair.receiving, &got, 1), 1);
        wait_until(pair.sender.source.fd, POLLIN);
        struct mio_addr from;
        CHECK_EQ(mio_udp_socket_recv_from(&pair.sender, text, sizeof text, &from), 8);
        CHECK_ADDR(&from, &pair.at);
        batch_pair_close(&pair);
    }
}

TEST(net_udp_batch_what_does_not_fit_is_told)
{
    struct batch_pair pair = batch_pair_open(loopback_v4(), OFFLOAD_ON, false);
    char texts[3][8];
    struct mio_datagram got;
    for (size_t i = 3; i < 6; i++)
        REQUIRE_EQ(mio_udp_socket_send_to(&pair.sender, "hello", i, &pair.at), (ptrdiff_t)i);
    for (size_t i = 0; i < 3; i++) {
        batch_receive_one(&pair, &got, texts[i], 4);
        CHECK_EQ(got.size, i == 0 ? 3 : 4);
        CHECK_EQ(got.truncated, i == 2);
    }
    batch_pair_close(&pair);
}

/* --- errors --- */

TEST(net_udp_batch_of_nothing)
{
    struct batch_pair pair = batch_pair_open(loopback_v4(), OFFLOAD_ON, false);
    struct mio_datagram datagram = {0};
    CHECK_EQ(mio_udp_socket_send_batch(&pair.sender, &pair.sending, NULL, 0), 0);
    CHECK_EQ(mio_udp_socket_recv_batch(&pair.receiver, &pair.receiving, NULL, 0), 0);
    CHECK_EQ(mio_udp_socket_recv_batch(&pair.receiver, &pair.receiving, &datagram, 1), -EAGAIN);
    batch_pair_close(&pair);
    CHECK_EQ(mio_udp_socket_send_batch(&pair.sender, &pair.sending, NULL, 0), -EBADF);
    CHECK_EQ(mio_udp_socket_recv_batch(&pair.receiver, &pair.receiving, NULL, 0), -EBADF);
    CHECK_EQ(mio_udp_socket_recv_batch(&pair.receiver, &pair.receiving, &datagram, 1), -EBADF);
    CHECK_EQ(mio_udp_socket_prepare_batches(&pair.receiver, 0, &pair.receiving), -EBADF);
}

TEST(net_udp_batch_invalid_arguments)
{
    struct batch_pair pair = batch_pair_open(loopback_v4(), OFFLOAD_ON, false);
    struct mio_datagram datagram = {.buffer = "x", .size = 1, .peer = pair.at};
    struct mio_udp_socket *socket = &pair.sender;
    struct mio_udp_batching *batching = &pair.sending;
    errno = ELOOP;
    CHECK_EQ(mio_udp_socket_prepare_batches(NULL, 0, batching), -EINVAL);
    CHECK_EQ(mio_udp_socket_prepare_batches(socket, 0, NULL), -EINVAL);
    CHECK_EQ(mio_udp_socket_prepare_batches(socket, MIO_UDP_EVERYTHING + 1, batching), -EINVAL);
    CHECK_EQ(mio_udp_socket_send_batch(NULL, batching, &datagram, 1), -EINVAL);
    CHECK_EQ(mio_udp_socket_send_batch(socket, NULL, &datagram, 1), -EINVAL);
    CHECK_EQ(mio_udp_socket_send_batch(socket, batching, NULL, 1), -EINVAL);
    CHECK_EQ(mio_udp_socket_recv_batch(NULL, batching, &datagram, 1), -EINVAL);
    CHECK_EQ(mio_udp_socket_recv_batch(socket, NULL, &datagram, 1), -EINVAL);
    CHECK_EQ(mio_udp_socket_recv_batch(socket, batching, NULL, 1), -EINVAL);
    CHECK_EQ(errno, ELOOP);
    batch_expect_nothing(&pair);
    batch_pair_close(&pair);
}

TEST(net_udp_batch_is_for_ip_alone)
{
    int fds[2];
    struct mio_udp_socket socket;
    struct mio_udp_batching batching;
    REQUIRE_EQ(socketpair(AF_UNIX, SOCK_DGRAM, 0, fds), 0);
    REQUIRE_EQ(mio_udp_socket_from_fd(fds[0], &socket), 0);
    CHECK_EQ(mio_udp_socket_prepare_batches(&socket, 0, &batching), -EINVAL);
    CHECK_EQ(mio_source_close(&socket.source), 0);
    CHECK_EQ(close(fds[1]), 0);
}

/* The entries before one that is wrong are sent; then its error is returned. */
TEST(net_udp_batch_stops_at_an_entry_that_is_wrong)
{
    struct batch_pair pair = batch_pair_open(loopback_v4(), OFFLOAD_ON, false);
    struct batch_got got;
    uint8_t byte = 1;
    const struct mio_datagram good = {.buffer = &byte, .size = 1, .peer = pair.at};
    struct mio_datagram wrong[] = {good, good, good, good, good, good, good, good};
    const ptrdiff_t errors[] = {-EINVAL, -EINVAL, -EINVAL,       -EINVAL,
                                -EINVAL, -EINVAL, -EAFNOSUPPORT, -EAFNOSUPPORT};
    wrong[0].buffer = NULL;
    wrong[1].sent = 1;
    wrong[2].reserved[1] = 1;
    wrong[3].reserved_bytes[0] = 1;
    wrong[4].ecn = 2;
    wrong[5].local = mio_addr_ipv6(NULL, 0);
    wrong[6].peer = temporary_path();
    wrong[7].local = wrong[6].peer;
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        struct mio_datagram datagrams[] = {good, good, wrong[i], good};
        CHECK_EQ(mio_udp_socket_send_batch(&pair.sender, &pair.sending, datagrams, 4), 2);
        CHECK_EQ(mio_udp_socket_send_batch(&pair.sender, &pair.sending, datagrams + 2, 2),
                 errors[i]);
        CHECK_EQ(mio_udp_socket_send_batch(&pair.sender, &pair.sending, datagrams + 3, 1), 1);
        batch_collect(&pair, 3, &got);
    }
    batch_expect_nothing(&pair);
    batch_pair_close(&pair);
}

TEST(net_udp_batch_too_long_a_datagram)
{
    static uint8_t much[70000];
    struct batch_pair pair = batch_pair_open(loopback_v4(), OFFLOAD_ON, false);
    struct mio_datagram datagrams[] = {{.buffer = much, .size = 1, .peer = pair.at},
                                       {.buffer = much, .size = sizeof much, .peer = pair.at}};
    CHECK_EQ(mio_udp_socket_send_batch(&pair.sender, &pair.sending, datagrams, 2), 1);
    CHECK_EQ(mio_udp_socket_send_batch(&pair.sender, &pair.sending, datagrams + 1, 1), -EMSGSIZE);
    batch_pair_close(&pair);
}

/* A refusal is told once, to who asks next: a batch received, or one sent. */
TEST(net_udp_batch_a_refusal_is_told_once)
{
    struct batch_pair pair = batch_pair_open(loopback_v4(), OFFLOAD_ON, false);
    struct mio_udp_socket *socket = &pair.sender;
    char text[8];
    struct mio_datagram datagram = {.buffer = "x", .size = 1};
    struct mio_datagram got = {.buffer = text, .capacity = sizeof text};
    batch_pair_connect(&pair);
    CHECK_EQ(mio_source_close(&pair.receiver.source), 0);
    CHECK_EQ(mio_udp_socket_send_batch(socket, &pair.sending, &datagram, 1), 1);
    wait_until(socket->source.fd, POLLIN | POLLERR);
    CHECK_EQ(mio_udp_socket_recv_batch(socket, &pair.sending, &got, 1), -ECONNREFUSED);
    CHECK_EQ(mio_udp_socket_recv_batch(socket, &pair.sending, &got, 1), -EAGAIN);
    CHECK_EQ(mio_udp_socket_send_batch(socket, &pair.sending, &datagram, 1), 1);
    wait_until(socket->source.fd, POLLIN | POLLERR);
    CHECK_EQ(mio_udp_socket_send_batch(socket, &pair.sending, &datagram, 1), -ECONNREFUSED);
    CHECK_EQ(mio_udp_socket_recv_batch(socket, &pair.sending, &got, 1), -EAGAIN);
    CHECK_EQ(mio_source_close(&socket->source), 0);
}

/* --- events --- */

/* Fewer than were asked for are all that there were: the next one makes an event. */
TEST(net_udp_batch_of_fewer_makes_edges)
{
    struct loop loop = loop_open();
    struct batch_pair pair = batch_pair_open(loopback_v4(), OFFLOAD_ON, false);
    char texts[4][8];
    watch(&loop, &pair.receiver.source, SERVER, MIO_READABLE);
    for (int round = 0; round < 3; round++) {
        struct mio_datagram datagrams[4] = {{0}};
        for (size_t i = 0; i < 4; i++) {
            datagrams[i].buffer = texts[i];
            datagrams[i].capacity = sizeof texts[i];
        }
        CHECK_EQ(mio_udp_socket_send_to(&pair.sender, "hello", 5, &pair.at), 5);
        EXPECT_ONE(&loop, SERVER, R);
        CHECK_EQ(mio_udp_socket_recv_batch(&pair.receiver, &pair.receiving, datagrams, 4), 1);
        EXPECT_NOTHING(&loop);
    }
    batch_pair_close(&pair);
    loop_close(&loop);
}

/* SPDX-License-Identifier: MIT */
/* UDP in batches: every call failing, and what no loopback interface does by itself: a buffer that
 * is full in the middle, an interface that refuses segments. */
#define _GNU_SOURCE

#include "typed.h"

#include <poll.h>
#include <string.h>

enum { BATCH = 40, SEGMENT = 100 };

/* The sweep takes more than one call of the kernel holds, and no more where each holds one. */
enum { SWEPT = MIO_PLATFORM == MIO_PLATFORM_LINUX ? BATCH : 8 };

struct batches {
    struct mio_udp_socket sender, receiver;
    struct mio_udp_batching sending, receiving;
    struct mio_addr name; /* the receiver's */
    uint8_t sent[BATCH * SEGMENT];
    uint8_t got[BATCH * SEGMENT];
    struct mio_datagram outgoing[BATCH];
    struct mio_datagram incoming[BATCH];
    size_t done;     /* entries sent so far */
    size_t received; /* datagrams received so far */
};

static void batches_fill(struct batches *batches, bool is_connected)
{
    for (size_t i = 0; i < sizeof batches->sent; i++)
        batches->sent[i] = (uint8_t)(i / SEGMENT + i);
    for (size_t i = 0; i < BATCH; i++) {
        batches->outgoing[i] =
            (struct mio_datagram){.buffer = batches->sent + i * SEGMENT, .size = SEGMENT};
        if (!is_connected)
            batches->outgoing[i].peer = batches->name;
        batches->incoming[i] =
            (struct mio_datagram){.buffer = batches->got + i * SEGMENT, .capacity = SEGMENT};
    }
    memset(batches->got, 0, sizeof batches->got);
    batches->done = 0;
    batches->received = 0;
}

/* Sends what has not been sent: 0 when that is all. */
static ptrdiff_t send_rest(struct batches *batches, size_t count)
{
    while (batches->done < count) {
        ptrdiff_t n =
            mio_udp_socket_send_batch(&batches->sender, &batches->sending,
                                      batches->outgoing + batches->done, count - batches->done);
        if (n < 0)
            return n;
        batches->done += (size_t)n;
    }
    return 0;
}

static ptrdiff_t receive_rest(struct batches *batches, size_t count)
{
    while (batches->received < count) {
        struct pollfd entry = {.fd = batches->receiver.source.fd, .events = POLLIN};
        HOLDS(poll(&entry, 1, 10000) == 1);
        ptrdiff_t n = mio_udp_socket_recv_batch(&batches->receiver, &batches->receiving,
                                                batches->incoming + batches->received,
                                                count - batches->received);
        if (n < 0)
            return n;
        batches->received += (size_t)n;
    }
    return 0;
}

static bool all_arrived(const struct batches *batches, size_t count)
{
    return memcmp(batches->sent, batches->got, count * SEGMENT) == 0;
}

static void send_each_way(struct batches *batches)
{
    batches->outgoing[5].size = SEGMENT - 1;
    STEP(0, send_rest(batches, SWEPT));
    STEP(0, receive_rest(batches, SWEPT));
    HOLDS(batches->incoming[5].size == SEGMENT - 1);
    HOLDS(memcmp(batches->sent + 6 * SEGMENT, batches->got + 6 * SEGMENT, (SWEPT - 6) * SEGMENT) ==
          0);
    STEP(-EAGAIN, mio_udp_socket_recv_batch(&batches->receiver, &batches->receiving,
                                            batches->incoming, SWEPT));
}

static void batches_between(struct mio_addr addr, uint32_t wanted)
{
    static struct batches batches;
    MAKE(&batches.sender, mio_udp_socket_bind(&addr, NULL, &batches.sender));
    MAKE(&batches.receiver, mio_udp_socket_bind(&addr, NULL, &batches.receiver));
    HOLDS(mio_source_local_addr(&batches.receiver.source, &batches.name) == 0 ||
          mio_source_local_addr(&batches.receiver.source, &batches.name) == 0);
    MAKE(&batches.sending,
         mio_udp_socket_prepare_batches(&batches.sender, wanted, &batches.sending));
    MAKE(&batches.receiving,
         mio_udp_socket_prepare_batches(&batches.receiver, wanted & ~MIO_UDP_RECV_SEGMENTS,
                                        &batches.receiving));
    batches_fill(&batches, false);
    send_each_way(&batches);
    STEP(0, mio_udp_socket_set_peer_addr(&batches.sender, &batches.name));
    batches_fill(&batches, true);
    send_each_way(&batches);
    CLOSE(&batches.sender);
    CLOSE(&batches.receiver);
}

static void udp_batch_scenario(void)
{
    batches_between(mio_addr_ipv4(127, 0, 0, 1, 0), MIO_UDP_EVERYTHING);
}

TEST(udp_batch)
{
    sweep("udp_batch", udp_batch_scenario, IN_PROCESS);
}

static void udp_batch_v6_scenario(void)
{
    batches_between(loopback_v6(), MIO_UDP_EVERYTHING & ~MIO_UDP_SEND_SEGMENTS);
}

TEST(udp_batch_v6)
{
    if (!has_ipv6())
        SKIP("no IPv6 here");
    sweep("udp_batch_v6", udp_batch_v6_scenario, IN_PROCESS);
}

/* --- in the middle --- */

/* A connected sender: each message is a call of its own. */
static struct batches *batches_open(uint32_t wanted)
{
    static struct batches batches;
    struct mio_addr addr = mio_addr_ipv4(127, 0, 0, 1, 0);
    REQUIRE_EQ(mio_udp_socket_bind(&addr, NULL, &batches.sender), 0);
    REQUIRE_EQ(mio_udp_socket_bind(&addr, NULL, &batches.receiver), 0);
    REQUIRE_EQ(mio_source_local_addr(&batches.receiver.source, &batches.name), 0);
    REQUIRE_EQ(mio_udp_socket_set_peer_addr(&batches.sender, &batches.name), 0);
    REQUIRE_EQ(mio_udp_socket_prepare_batches(&batches.sender, wanted, &batches.sending), 0);
    REQUIRE_EQ(mio_udp_socket_prepare_batches(&batches.receiver, 0, &batches.receiving), 0);
    batches_fill(&batches, true);
    return &batches;
}

static void batches_close(struct batches *batches)
{
    fault_order((struct fault){.nth = 0});
    CHECK_EQ(mio_source_close(&batches->sender.source), 0);
    CHECK_EQ(mio_source_close(&batches->receiver.source), 0);
}

static ptrdiff_t send_some(struct batches *batches, size_t begin, size_t end)
{
    return mio_udp_socket_send_batch(&batches->sender, &batches->sending, batches->outgoing + begin,
                                     end - begin);
}

TEST(udp_batch_finds_the_buffer_full_in_the_middle)
{
    struct batches *batches = batches_open(0);
    fault_order((struct fault){CALL_sendmsg, 3, EAGAIN});
    CHECK_EQ(send_some(batches, 0, 5), 2);
    CHECK_EQ(send_some(batches, 2, 5), 3);
    CHECK_EQ(receive_rest(batches, 5), 0);
    CHECK(all_arrived(batches, 5));
    batches_close(batches);
}

TEST(udp_batch_finds_the_buffer_full_within_an_entry)
{
    struct batches *batches = batches_open(0);
    batches->outgoing[1].size = 3 * SEGMENT;
    batches->outgoing[1].segment_size = SEGMENT;
    fault_order((struct fault){CALL_sendmsg, 3, EAGAIN});
    CHECK_EQ(send_some(batches, 0, 2), 1);
    CHECK_EQ(batches->outgoing[1].sent, SEGMENT);
    fault_order((struct fault){CALL_sendmsg, 2, EAGAIN});
    CHECK_EQ(send_some(batches, 1, 2), -EAGAIN);
    CHECK_EQ(batches->outgoing[1].sent, 2 * SEGMENT);
    CHECK_EQ(send_some(batches, 1, 2), 1);
    CHECK_EQ(batches->outgoing[1].sent, 0);
    CHECK_EQ(receive_rest(batches, 4), 0);
    CHECK(all_arrived(batches, 4));
    batches_close(batches);
}

/* Asking has taken the error from the socket: the next call returns it. */
TEST(udp_batch_is_refused_in_the_middle)
{
    struct batches *batches = batches_open(0);
    fault_order((struct fault){CALL_sendmsg, 3, ECONNREFUSED});
    CHECK_EQ(send_some(batches, 0, 5), 2);
    CHECK_EQ(send_some(batches, 2, 5), -ECONNREFUSED);
    CHECK_EQ(send_some(batches, 2, 5), 3);
    CHECK_EQ(receive_rest(batches, 5), 0);
    CHECK(all_arrived(batches, 5));
    batches_close(batches);
}

TEST(udp_batch_receives_an_error_in_the_middle)
{
    const bool many = MIO_PLATFORM == MIO_PLATFORM_LINUX;
    const ptrdiff_t first = many ? 32 : 2;
    struct batches *batches = batches_open(0);
    CHECK_EQ(send_some(batches, 0, BATCH), BATCH);
    fault_order((struct fault){many ? CALL_recvmmsg : CALL_recvmsg, many ? 2 : 3, ECONNREFUSED});
    CHECK_EQ(mio_udp_socket_recv_batch(&batches->receiver, &batches->receiving, batches->incoming,
                                       BATCH),
             first);
    CHECK_EQ(mio_udp_socket_recv_batch(&batches->receiver, &batches->receiving,
                                       batches->incoming + first, BATCH - (size_t)first),
             -ECONNREFUSED);
    CHECK_EQ(mio_udp_socket_recv_batch(&batches->receiver, &batches->receiving,
                                       batches->incoming + first, BATCH - (size_t)first),
             BATCH - first);
    CHECK(all_arrived(batches, BATCH));
    batches_close(batches);
}

/* A sandbox may lack the calls for several messages. */
TEST(udp_batch_without_calls_for_several)
{
    struct batches *batches = batches_open(0);
    for (size_t i = 0; i < 5; i++)
        batches->outgoing[i].peer = batches->name;
    struct mio_addr any = mio_addr_ipv4(127, 0, 0, 1, 0);
    REQUIRE_EQ(mio_source_close(&batches->sender.source), 0);
    REQUIRE_EQ(mio_udp_socket_bind(&any, NULL, &batches->sender), 0);
    fault_order((struct fault){CALL_sendmmsg, 1, ENOSYS});
    CHECK_EQ(send_some(batches, 0, 5), 5);
    fault_order((struct fault){CALL_recvmmsg, 1, ENOSYS});
    CHECK_EQ(mio_udp_socket_recv_batch(&batches->receiver, &batches->receiving, batches->incoming,
                                       BATCH),
             5);
    CHECK(all_arrived(batches, 5));
    batches_close(batches);
}

/* --- segments refused --- */

static void segments_are_refused(int error, uint32_t limit)
{
    struct batches *batches = batches_open(MIO_UDP_EVERYTHING);
    if ((batches->sending.can & MIO_UDP_SEND_SEGMENTS) == 0) {
        batches_close(batches);
        SKIP("the system does not cut datagrams");
    }
    fault_order((struct fault){CALL_sendmsg, 1, error});
    CHECK_EQ(send_some(batches, 0, BATCH), BATCH);
    CHECK_EQ(batches->sending.segment_limit, limit);
    CHECK_EQ(fault_uses(CALL_sendmsg), BATCH + 1);
    CHECK_EQ(receive_rest(batches, BATCH), 0);
    CHECK(all_arrived(batches, BATCH));
    fault_order((struct fault){.nth = 0});
    CHECK_EQ(send_some(batches, 0, BATCH), BATCH);
    CHECK_EQ(fault_uses(CALL_sendmsg), BATCH); /* it is not tried again */
    batches_close(batches);
}

TEST(udp_batch_segments_are_refused_by_the_interface)
{
    segments_are_refused(EIO, 0);
}

TEST(udp_batch_segments_are_refused_for_their_size)
{
    segments_are_refused(EMSGSIZE, SEGMENT - 1);
}

TEST(udp_batch_segments_are_refused_for_their_size_by_old_kernels)
{
    segments_are_refused(EINVAL, SEGMENT - 1);
}

/* What fails without segments too is no refusal of them. */
TEST(udp_batch_an_error_of_a_datagram_is_no_refusal_of_segments)
{
    struct batches *batches = batches_open(MIO_UDP_EVERYTHING);
    uint32_t limit = batches->sending.segment_limit;
    for (size_t i = 0; i < 2; i++)
        batches->outgoing[i].local = mio_addr_ipv4(192, 0, 2, 1, 0);
    CHECK(send_some(batches, 0, 2) < 0);
    CHECK_EQ(batches->sending.segment_limit, limit);
    batches_close(batches);
}

/* A sandbox that knows neither the call of several messages nor that of one. */
static void refuse_every_recvmsg(void)
{
    fault_order((struct fault){CALL_recvmsg, 1, ENOSYS});
    fault_meanwhile(CALL_recvmsg, refuse_every_recvmsg);
}

TEST(udp_batch_is_told_of_a_call_that_is_not_there)
{
    struct batches *batches = batches_open(0);
    CHECK_EQ(send_some(batches, 0, 1), 1);
    fault_meanwhile(CALL_recvmsg, refuse_every_recvmsg);
    CHECK_EQ(
        mio_udp_socket_recv_batch(&batches->receiver, &batches->receiving, batches->incoming, 1),
        -ENOSYS);
    fault_meanwhile(CALLS, NULL);
    fault_order((struct fault){.nth = 0});
    CHECK_EQ(receive_rest(batches, 1), 0);
    CHECK(all_arrived(batches, 1));
    batches_close(batches);
}

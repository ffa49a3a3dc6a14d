/* SPDX-License-Identifier: MIT */
/* UDP in batches: what arrives, whatever the kernel does of it. */
#define _GNU_SOURCE

#include "udp_batch.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>

struct batch_pair batch_pair_open(struct mio_addr addr, int offload, bool together)
{
    struct batch_pair pair;
    uint32_t sent =
        offload == OFFLOAD_ON ? MIO_UDP_EVERYTHING : MIO_UDP_EVERYTHING & ~MIO_UDP_SEND_SEGMENTS;
    uint32_t received = together ? MIO_UDP_EVERYTHING : MIO_UDP_EVERYTHING & ~MIO_UDP_RECV_SEGMENTS;
    REQUIRE_EQ(mio_udp_socket_bind(&addr, NULL, &pair.sender), 0);
    REQUIRE_EQ(mio_udp_socket_bind(&addr, NULL, &pair.receiver), 0);
    REQUIRE_EQ(mio_source_local_addr(&pair.sender.source, &pair.from), 0);
    REQUIRE_EQ(mio_source_local_addr(&pair.receiver.source, &pair.at), 0);
    REQUIRE_EQ(mio_udp_socket_prepare_batches(&pair.sender, sent, &pair.sending), 0);
    REQUIRE_EQ(mio_udp_socket_prepare_batches(&pair.receiver, received, &pair.receiving), 0);
    return pair;
}

void batch_pair_connect(struct batch_pair *pair)
{
    REQUIRE_EQ(mio_udp_socket_set_peer_addr(&pair->sender, &pair->at), 0);
}

void batch_pair_close(struct batch_pair *pair)
{
    CHECK_EQ(mio_source_close(&pair->sender.source), 0);
    CHECK_EQ(mio_source_close(&pair->receiver.source), 0);
}

static void note(struct batch_got *got, const struct mio_datagram *datagram)
{
    const uint8_t *bytes = datagram->buffer;
    size_t segment = datagram->segment_size > 0 ? datagram->segment_size : datagram->size;
    size_t done = 0;
    CHECK(!datagram->truncated);
    CHECK_EQ(datagram->sent, 0);
    do {
        size_t size = datagram->size - done < segment ? datagram->size - done : segment;
        REQUIRE(got->count < BATCH_MOST);
        got->sizes[got->count] = size;
        got->first[got->count++] = size > 0 ? bytes[done] : 0;
        for (size_t i = 1; i < size; i++)
            REQUIRE_EQ(bytes[done + i], (uint8_t)(bytes[done] + i));
        done += size;
    } while (done < datagram->size);
    got->entries++;
}

void batch_collect(struct batch_pair *pair, size_t count, struct batch_got *got)
{
    static uint8_t rooms[8][MIO_UDP_SEGMENTS_BYTES];
    struct mio_datagram datagrams[8] = {{0}};
    *got = (struct batch_got){0};
    while (got->count < count) {
        wait_until(pair->receiver.source.fd, POLLIN);
        for (size_t i = 0; i < 8; i++) {
            datagrams[i].buffer = rooms[i];
            datagrams[i].capacity = sizeof rooms[i];
        }
        ptrdiff_t n = mio_udp_socket_recv_batch(&pair->receiver, &pair->receiving, datagrams, 8);
        REQUIRE(n > 0);
        for (ptrdiff_t i = 0; i < n; i++) {
            CHECK_ADDR(&datagrams[i].peer, &pair->from);
            note(got, &datagrams[i]);
        }
    }
    CHECK_EQ(got->count, count);
}

void batch_expect_nothing(struct batch_pair *pair)
{
    char byte;
    struct mio_datagram datagram = {.buffer = &byte, .capacity = 1};
    CHECK_EQ(mio_udp_socket_recv_batch(&pair->receiver, &pair->receiving, &datagram, 1), -EAGAIN);
}

/* --- sizes --- */

static uint8_t batch_bytes[BATCH_MOST][BATCH_ROOM];

/* Bytes by which a datagram is known: they count up from its number. */
static void batch_fill(uint8_t *bytes, size_t size, uint8_t first)
{
    for (size_t i = 0; i < size; i++)
        bytes[i] = (uint8_t)(first + i);
}

/* Sends entries of those sizes and expects them in this order. */
static void batch_sizes_arrive(struct batch_pair *pair, bool is_connected, const size_t *sizes,
                               size_t count)
{
    struct mio_datagram datagrams[BATCH_MOST] = {{0}};
    struct batch_got got;
    for (size_t i = 0; i < count; i++) {
        batch_fill(batch_bytes[i], sizes[i], (uint8_t)(i + 1));
        datagrams[i].buffer = batch_bytes[i];
        datagrams[i].size = sizes[i];
        if (!is_connected)
            datagrams[i].peer = pair->at;
    }
    CHECK_EQ(mio_udp_socket_send_batch(&pair->sender, &pair->sending, datagrams, count),
             (ptrdiff_t)count);
    batch_collect(pair, count, &got);
    for (size_t i = 0; i < count; i++) {
        CHECK_EQ(got.sizes[i], sizes[i]);
        CHECK_EQ(got.first[i], sizes[i] > 0 ? (uint8_t)(i + 1) : 0);
    }
    batch_expect_nothing(pair);
}

static void batch_each_way(struct mio_addr addr, const size_t *sizes, size_t count)
{
    for (int offload = OFFLOAD_OFF; offload < OFFLOADS; offload++) {
        for (int together = 0; together < 2; together++) {
            struct batch_pair pair = batch_pair_open(addr, offload, together != 0);
            batch_sizes_arrive(&pair, false, sizes, count);
            batch_pair_connect(&pair);
            batch_sizes_arrive(&pair, true, sizes, count);
            batch_pair_close(&pair);
        }
    }
}

TEST(net_udp_batch_entries_arrive_in_order)
{
    static const size_t sizes[] = {100, 100, 100, 50, 100, 0, 0, 7, 1200, 1200, 1, 1, 1, 900, 3};
    batch_each_way(loopback_v4(), sizes, sizeof sizes / sizeof sizes[0]);
}

TEST(net_udp_batch_entries_arrive_in_order_by_ipv6)
{
    static const size_t sizes[] = {100, 100, 100, 50, 100, 0, 0, 7, 1200, 1200, 1, 1, 1, 900, 3};
    batch_each_way(loopback_v6(), sizes, sizeof sizes / sizeof sizes[0]);
}

TEST(net_udp_batch_of_one)
{
    static const size_t sizes[] = {1200};
    batch_each_way(loopback_v4(), sizes, 1);
}

TEST(net_udp_batch_of_more_than_one_call_takes)
{
    size_t sizes[100];
    for (size_t i = 0; i < 100; i++)
        sizes[i] = 120;
    batch_each_way(loopback_v4(), sizes, 100);
}

/* As large as fits a packet of the loopback interface, and larger: those are sent by themselves. */
TEST(net_udp_batch_of_large_ones)
{
    static const size_t sizes[] = {4000, 4000, 4000, 4000, 4000};
    batch_each_way(loopback_v4(), sizes, 5);
}

/* --- segments --- */

static void batch_segments_arrive(int offload, bool together, size_t size, size_t segment)
{
    static uint8_t bytes[100000];
    struct batch_pair pair = batch_pair_open(loopback_v4(), offload, together);
    struct batch_got got;
    struct mio_datagram datagram = {
        .buffer = bytes, .size = size, .segment_size = segment, .peer = pair.at};
    size_t count = (size + segment - 1) / segment;
    for (size_t i = 0; i < count; i++)
        batch_fill(bytes + i * segment, i + 1 < count ? segment : size - i * segment, (uint8_t)i);
    CHECK_EQ(mio_udp_socket_send_batch(&pair.sender, &pair.sending, &datagram, 1), 1);
    CHECK_EQ(datagram.sent, 0);
    batch_collect(&pair, count, &got);
    for (size_t i = 0; i < count; i++) {
        CHECK_EQ(got.sizes[i], i + 1 < count ? segment : size - i * segment);
        CHECK_EQ(got.first[i], (uint8_t)i);
    }
    if (!together)
        CHECK_EQ(got.entries, count);
    batch_expect_nothing(&pair);
    batch_pair_close(&pair);
}

TEST(net_udp_batch_a_buffer_is_cut_into_segments)
{
    static const struct {
        size_t size, segment;
    } rows[] = {{1050, 100}, {1000, 100}, {100, 100},  {99, 100},     {101, 100},
                {100, 1},    {6400, 100}, {6500, 100}, {48000, 1200}, {70000, 1200}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        for (int offload = OFFLOAD_OFF; offload < OFFLOADS; offload++) {
            batch_segments_arrive(offload, false, rows[i].size, rows[i].segment);
            batch_segments_arrive(offload, true, rows[i].size, rows[i].segment);
        }
    }
}

/* Segmented entries and others beside each other, and several destinations. */
TEST(net_udp_batch_of_several_kinds)
{
    for (int offload = OFFLOAD_OFF; offload < OFFLOADS; offload++) {
        struct batch_pair pair = batch_pair_open(loopback_v4(), offload, offload == OFFLOAD_ON);
        struct batch_pair other = batch_pair_open(loopback_v4(), offload, false);
        struct batch_got got;
        uint8_t bytes[400];
        for (size_t i = 0; i < 4; i++)
            batch_fill(bytes + i * 100, 100, (uint8_t)i);
        struct mio_datagram datagrams[] = {
            {.peer = pair.at},
            {.buffer = bytes, .size = 200, .segment_size = 100, .peer = pair.at},
            {.buffer = bytes + 200, .size = 100, .peer = pair.at},
            {.buffer = bytes + 300, .size = 100, .peer = other.at},
            {.buffer = bytes, .size = 150, .segment_size = 50, .peer = pair.at},
            {.buffer = bytes + 300, .size = 60, .segment_size = 50, .peer = pair.at},
            {.buffer = bytes + 100, .size = 50, .peer = pair.at},
        };
        CHECK_EQ(mio_udp_socket_send_batch(&pair.sender, &pair.sending, datagrams, 7), 7);
        other.from = pair.from;
        batch_collect(&pair, 10, &got);
        const size_t sizes[] = {0, 100, 100, 100, 50, 50, 50, 50, 10, 50};
        const uint8_t first[] = {0, 0, 1, 2, 0, 50, 1, 3, 53, 1};
        for (size_t i = 0; i < 10; i++) {
            CHECK_EQ(got.sizes[i], sizes[i]);
            CHECK_EQ(got.first[i], first[i]);
        }
        batch_collect(&other, 1, &got);
        CHECK_EQ(got.first[0], 3);
        batch_pair_close(&pair);
        batch_pair_close(&other);
    }
}

TEST(net_udp_batch_goes_on_where_it_stood)
{
    for (int offload = OFFLOAD_OFF; offload < OFFLOADS; offload++) {
        struct batch_pair pair = batch_pair_open(loopback_v4(), offload, false);
        struct batch_got got;
        uint8_t bytes[300];
        for (size_t i = 0; i < 3; i++)
            batch_fill(bytes + i * 100, 100, (uint8_t)i);
        struct mio_datagram datagrams[] = {
            {.buffer = bytes, .size = 300, .segment_size = 100, .sent = 100, .peer = pair.at},
            {.buffer = bytes, .size = 300, .segment_size = 100, .sent = 200, .peer = pair.at},
        };
        CHECK_EQ(mio_udp_socket_send_batch(&pair.sender, &pair.sending, datagrams, 2), 2);
        CHECK_EQ(datagrams[0].sent, 0);
        CHECK_EQ(datagrams[1].sent, 0);
        batch_collect(&pair, 3, &got);
        CHECK_EQ(got.first[0], 1);
        CHECK_EQ(got.first[1], 2);
        CHECK_EQ(got.first[2], 2);
        batch_expect_nothing(&pair);
        batch_pair_close(&pair);
    }
}

/* More than the parts of one call, to two places. */
TEST(net_udp_batch_of_many_to_several)
{
    for (int offload = OFFLOAD_OFF; offload < OFFLOADS; offload++) {
        struct batch_pair pair = batch_pair_open(loopback_v4(), offload, offload == OFFLOAD_ON);
        struct batch_pair other = batch_pair_open(loopback_v4(), offload, false);
        struct mio_datagram datagrams[80] = {{0}};
        struct batch_got got;
        for (size_t i = 0; i < 80; i++) {
            batch_fill(batch_bytes[i], 10, (uint8_t)i);
            datagrams[i].buffer = batch_bytes[i];
            datagrams[i].size = 10;
            datagrams[i].peer = i < 40 ? pair.at : other.at;
        }
        CHECK_EQ(mio_udp_socket_send_batch(&pair.sender, &pair.sending, datagrams, 80), 80);
        batch_collect(&pair, 40, &got);
        CHECK_EQ(got.first[39], 39);
        other.from = pair.from;
        batch_collect(&other, 40, &got);
        CHECK_EQ(got.first[0], 40);
        CHECK_EQ(got.first[39], 79);
        batch_pair_close(&pair);
        batch_pair_close(&other);
    }
}

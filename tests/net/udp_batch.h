/* SPDX-License-Identifier: MIT */
/* Two UDP sockets and their batches, for the tests of udp_batch.h. */
#ifndef NET_UDP_BATCH_H
#define NET_UDP_BATCH_H

#include "support.h"

enum { BATCH_MOST = 128, BATCH_ROOM = 4096 };

/* Everything that a sender may be told: the answer must not depend on it. */
enum { OFFLOAD_OFF, OFFLOAD_ON, OFFLOADS };

struct batch_pair {
    struct mio_udp_socket sender, receiver;
    struct mio_udp_batching sending, receiving;
    struct mio_addr at; /* where the receiver is */
    struct mio_addr from;
};

/* The offload is that of sending; together: datagrams may be received together. */
struct batch_pair batch_pair_open(struct mio_addr addr, int offload, bool together);
void batch_pair_connect(struct batch_pair *pair);
void batch_pair_close(struct batch_pair *pair);

/* What was received, one after the other, whatever came together. */
struct batch_got {
    size_t count;
    size_t sizes[BATCH_MOST];
    uint8_t first[BATCH_MOST]; /* the first byte of each; 0 of an empty one */
    size_t entries;            /* how many it came in */
};

/* Receives until so many datagrams have come. */
void batch_collect(struct batch_pair *pair, size_t count, struct batch_got *got);

/* Nothing is there. */
void batch_expect_nothing(struct batch_pair *pair);

#endif

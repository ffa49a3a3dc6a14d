/* SPDX-License-Identifier: MIT */
/*
 * Batches of datagrams: what sending and receiving them share.
 *
 * The work is in chunks of some dozen messages, in arrays on the stack. A system without a call for
 * several messages has chunks of one message. So there is no second way that only such systems go.
 *
 * Nothing is sent twice and no error is lost. An error that comes after some entries were done is
 * either one that the next call meets again (a full buffer, an entry that is wrong) or was taken
 * from the socket by asking: that one is kept, and returned by the next call.
 */
#ifndef MIO_SRC_NET_BATCHING_H
#define MIO_SRC_NET_BATCHING_H

#include <mio/udp_batch.h>

enum { MIO_UDP_CHUNK = 32 };

/*
 * What goes out in one message is cut by the kernel into at most 64 datagrams (UDP_MAX_SEGMENTS of
 * kernels before 6.9), and with its headers into no more than an IPv6 packet holds.
 */
enum { MIO_UDP_SEGMENTS = 64, MIO_UDP_MESSAGE_BYTES = 65535 - 40 - 8 };

/* Returns the error that was kept, which is forgotten by that, or 0. Threads may share a socket. */
static inline int32_t mio__udp_take_error(int32_t *kept)
{
    if (__atomic_load_n(kept, __ATOMIC_RELAXED) == 0)
        return 0;
    return __atomic_exchange_n(kept, 0, __ATOMIC_RELAXED);
}

static inline void mio__udp_keep_error(int32_t *kept, ptrdiff_t error)
{
    __atomic_store_n(kept, (int32_t)error, __ATOMIC_RELAXED);
}

#endif

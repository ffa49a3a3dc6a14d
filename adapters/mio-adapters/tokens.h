/* SPDX-License-Identifier: MIT */
/*
 * The tokens of an adapter whose library has sockets of its own, any number of them: cares.h and
 * curl.h. The program gives such an adapter a range, by its first token:
 *
 *   enum { LISTENER, STOP, DNS = MIO_ADAPTER_TOKENS, HTTP = 2 * MIO_ADAPTER_TOKENS };
 *
 * The socket with descriptor n has the token `first + n`, and the adapter's timer, whose events are
 * told by mio_event_is_timer(), has the first. All of some such ranges are below those of a slab
 * (mio/slab.h). A descriptor that does not fit into the range is refused.
 *
 * An adapter's call for events takes every event and returns whether it was its own.
 */
#ifndef MIO_ADAPTERS_TOKENS_H
#define MIO_ADAPTERS_TOKENS_H

#include <mio/event.h>
#include <mio/registry.h>

#include <errno.h>

/* How many tokens an adapter has: 16,777,216; where tokens have 32 bits, 131,072. */
#if UINTPTR_MAX > 0xffffffff
#define MIO_ADAPTER_TOKENS 0x1000000
#else
#define MIO_ADAPTER_TOKENS 0x20000
#endif

/* Whether the token is one of the range that starts with `first`. */
static inline bool mio_adapter_has_token(mio_token first, mio_token token)
{
    return token >= first && token - first < MIO_ADAPTER_TOKENS;
}

/* Watches a socket for what is asked, level-triggered, and no more when that is 0. */
static inline int mio_adapter_watch(struct mio_registry *registry, mio_token first, mio_fd fd,
                                    bool readable, bool writable)
{
    mio_interest interest = (readable ? MIO_READABLE : 0) | (writable ? MIO_WRITABLE : 0);
    if (fd < 0 || fd >= MIO_ADAPTER_TOKENS)
        return -EMFILE;
    return mio_registry_set(registry, fd, first + (mio_token)fd,
                            interest ? interest | MIO_LEVEL : 0);
}

#endif

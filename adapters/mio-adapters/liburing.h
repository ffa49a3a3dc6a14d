/* SPDX-License-Identifier: MIT */
/*
 * io_uring by liburing (2.0 and later), on Linux: completions of a ring as an event of a poll. For
 * what has no readiness, such as files, beside what has.
 *
 *   io_uring_queue_init(256, &ring, 0);
 *   mio_uring_open(&uring, &ring, registry, RING);
 *   io_uring_prep_read(io_uring_get_sqe(&ring), file, buffer, size, 0);
 *   io_uring_submit(&ring);
 *   ...
 *   mio_events_each(event, events)
 *       if (mio_uring_is_event(&uring, event))
 *           while (mio_uring_next(&uring, &completion)) ...   // completion.user_data, .res
 *
 * The ring is the program's: mio_uring_close() comes before io_uring_queue_exit(). It is watched
 * level-triggered, so completions that are left are told again. A completion is a copy, and has
 * been taken from the ring when the program gets it: it may submit again meanwhile.
 *
 * Take completions and submit by one thread, which is the one that waits on the poll. Not every
 * system lets a program have a ring: io_uring_queue_init() is -EPERM or -ENOSYS then. With a strict
 * -std= liburing.h asks for _GNU_SOURCE.
 */
#ifndef MIO_ADAPTERS_LIBURING_H
#define MIO_ADAPTERS_LIBURING_H

#include <mio/event.h>
#include <mio/registry.h>

#include <liburing.h>

#include <errno.h>

/* The members are the adapter's. */
struct mio_uring {
    struct io_uring *ring;
    struct mio_registry *registry;
    mio_token token;
};

/* A copy of a completion's three members, by their names in struct io_uring_cqe. */
struct mio_uring_completion {
    uint64_t user_data;
    int32_t res;
    uint32_t flags;
};

/* Watches the ring. Errors of mio_registry_register(). */
static inline int mio_uring_open(struct mio_uring *uring, struct io_uring *ring,
                                 struct mio_registry *registry, mio_token token)
{
    uring->ring = ring;
    uring->registry = registry;
    uring->token = token;
    return mio_registry_register(registry, ring->ring_fd, token, MIO_READABLE | MIO_LEVEL);
}

/* Watches it no more. */
static inline void mio_uring_close(struct mio_uring *uring)
{
    mio_registry_deregister(uring->registry, uring->ring->ring_fd);
}

/* Whether the event is the ring's: take completions. */
static inline bool mio_uring_is_event(const struct mio_uring *uring, const struct mio_event *event)
{
    return mio_event_token(event) == uring->token;
}

/* Takes a completion. false: there is none. */
static inline bool mio_uring_next(struct mio_uring *uring, struct mio_uring_completion *completion)
{
    struct io_uring_cqe *cqe = NULL;
    if (io_uring_peek_cqe(uring->ring, &cqe) != 0 || !cqe)
        return false;
    completion->user_data = cqe->user_data;
    completion->res = cqe->res;
    completion->flags = cqe->flags;
    io_uring_cqe_seen(uring->ring, cqe);
    return true;
}

#endif

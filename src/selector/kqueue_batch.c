/* SPDX-License-Identifier: MIT */
/*
 * Many registering calls in one kevent(2).
 */
#include "backends.h"

#if MIO_HAVE_KQUEUE

#include "kqueue_change.h"

enum { SEEN_WORDS = 4 };

/* A batch under way: its operations and the changes they came from. */
struct flight {
    struct batch batch;
    struct operation operations[MAX_CHANGES];
    struct mio_change *origins[MAX_CHANGES];
    size_t count;
    bool may_be_undone;        /* one of them may */
    uint64_t seen[SEEN_WORDS]; /* a bit for each descriptor of it, modulo 256 */
};

static uint64_t bit_of(int fd)
{
    return UINT64_C(1) << ((unsigned)fd % 64);
}

static size_t word_of(int fd)
{
    return (unsigned)fd / 64 % SEEN_WORDS;
}

static void land(struct kqueue_selector *self, struct flight *flight)
{
    if (flight->may_be_undone)
        mio_kq_look(self, KQUEUE_DOUBTS, 0);
    if (flight->batch.count > 0)
        (void)mio_kevent_register(self, flight->batch.changes, flight->batch.count,
                                  flight->batch.errors);
    for (size_t i = 0; i < flight->count; i++)
        flight->origins[i]->result = mio_kq_conclude(self, &flight->operations[i], &flight->batch);
    if (flight->may_be_undone)
        mio_kq_settle_refusals(self);
    flight->may_be_undone = false;
    flight->batch.count = 0;
    flight->count = 0;
    memset(flight->seen, 0, sizeof flight->seen);
}

/* A descriptor's earlier change is concluded before its next is submitted: undoing must not hit the
 * later one. */
static bool must_land(const struct flight *flight, int fd)
{
    if (flight->count == MAX_CHANGES ||
        flight->batch.count + MAX_CHANGES_PER_OPERATION > MAX_CHANGES)
        return true;
    if ((flight->seen[word_of(fd)] & bit_of(fd)) == 0)
        return false;
    for (size_t i = 0; i < flight->count; i++) {
        if (flight->operations[i].fd == fd)
            return true;
    }
    return false;
}

void mio_kq_apply(struct mio_selector *selector, struct mio_change *changes, size_t n)
{
    struct kqueue_selector *self = kqueue_of(selector);
    struct flight flight;
    flight.batch.count = 0;
    flight.count = 0;
    flight.may_be_undone = false;
    memset(flight.seen, 0, sizeof flight.seen);
    mio_lock_take(&self->lock);
    for (size_t i = 0; i < n; i++) {
        struct operation operation = {
            .kind = changes[i].kind,
            .fd = changes[i].fd,
            .token = changes[i].token,
            .interest = changes[i].kind == MIO_DEREGISTER ? 0 : changes[i].interest,
        };
        if (must_land(&flight, operation.fd))
            land(self, &flight);
        changes[i].result = mio_kq_prepare(self, &operation);
        flight.may_be_undone = flight.may_be_undone || operation.may_be_undone;
        if (changes[i].result < 0)
            continue;
        mio_kq_plan(&flight.batch, &operation);
        flight.operations[flight.count] = operation;
        flight.seen[word_of(operation.fd)] |= bit_of(operation.fd);
        flight.origins[flight.count++] = &changes[i];
    }
    land(self, &flight);
    mio_lock_give(&self->lock);
}

#endif

/* SPDX-License-Identifier: MIT */
/*
 * Many registering calls in one kevent(2).
 */
#include "../backends.h"

#if MIO_HAVE_KQUEUE

#include "kqueue_change.h"

enum { SEEN_WORDS = 4 };

/* A batch under way: its operations and the changes they came from. */
struct pending {
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

static void submit_pending(struct kqueue_selector *self, struct pending *pending)
{
    if (pending->may_be_undone)
        mio__kq_look(self, KQUEUE_DOUBTS, 0);
    if (pending->batch.count > 0)
        (void)mio__kevent_register(self, pending->batch.changes, pending->batch.count,
                                   pending->batch.errors);
    for (size_t i = 0; i < pending->count; i++)
        pending->origins[i]->result =
            mio__kq_finish(self, &pending->operations[i], &pending->batch);
    if (pending->may_be_undone)
        mio__kq_settle_refusals(self);
    pending->may_be_undone = false;
    pending->batch.count = 0;
    pending->count = 0;
    memset(pending->seen, 0, sizeof pending->seen);
}

/* A descriptor's earlier change is finished before its next is submitted: undoing must not hit the
 * later one. */
static bool must_flush(const struct pending *pending, int fd)
{
    if (pending->count == MAX_CHANGES ||
        pending->batch.count + MAX_CHANGES_PER_OPERATION > MAX_CHANGES)
        return true;
    if ((pending->seen[word_of(fd)] & bit_of(fd)) == 0)
        return false;
    for (size_t i = 0; i < pending->count; i++) {
        if (pending->operations[i].fd == fd)
            return true;
    }
    return false;
}

void mio__kq_apply(struct mio_selector *selector, struct mio_change *changes, size_t n)
{
    struct kqueue_selector *self = kqueue_of(selector);
    struct pending pending;
    pending.batch.count = 0;
    pending.count = 0;
    pending.may_be_undone = false;
    memset(pending.seen, 0, sizeof pending.seen);
    mio__lock_take(&self->lock);
    for (size_t i = 0; i < n; i++) {
        struct operation operation = {
            .kind = changes[i].kind,
            .fd = changes[i].fd,
            .token = changes[i].token,
            .interest = changes[i].kind == MIO_DEREGISTER ? 0 : changes[i].interest,
        };
        if (must_flush(&pending, operation.fd))
            submit_pending(self, &pending);
        changes[i].result = mio__kq_prepare(self, &operation);
        pending.may_be_undone = pending.may_be_undone || operation.may_be_undone;
        if (changes[i].result < 0)
            continue;
        mio__kq_plan(&pending.batch, &operation);
        pending.operations[pending.count] = operation;
        pending.seen[word_of(operation.fd)] |= bit_of(operation.fd);
        pending.origins[pending.count++] = &changes[i];
    }
    submit_pending(self, &pending);
    mio__lock_give(&self->lock);
}

#endif

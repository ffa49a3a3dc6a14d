/* SPDX-License-Identifier: MIT */
/*
 * Keeping the tokens of refused changes from a thread that waits.
 *
 * The changes of one call are made one after the other, and each counts at once. So a thread that
 * waits may have fetched an event of the first change when the kernel refuses the second and the
 * first is undone. A reregistration of what was not registered is found out only when its receipts
 * are read. The caller is told of a failure, and may free what the token stands for. So the event
 * must not be delivered (REG4).
 *
 * An operation that may be undone says so before the kernel is told, in a word that a wait reads
 * after its fetch. A wait that finds it takes the lock, and so waits until the operation is undone.
 * What was refused is kept here by descriptor and filter until the next fetch has been looked
 * through. No later fetch can bring it, since its knote is gone. A record of such a filter passes
 * only with the token that is registered now. A record that is dropped although its condition lasts
 * is not lost: what was put back reports again.
 */
#include "../backends.h"

#if MIO_HAVE_KQUEUE

#include "kqueue.h"

#include "../../os/memory.h"

#include <errno.h>

static struct kqueue_refused *table_of(struct kqueue_refusals *refusals)
{
    return refusals->grown ? refusals->grown : refusals->first;
}

static size_t capacity_of(const struct kqueue_refusals *refusals)
{
    return refusals->grown ? refusals->capacity : FIRST_REFUSED;
}

/* The descriptor's place, or the free one where it would be. Half of the table is always free. */
static struct kqueue_refused *refused_slot_of(struct kqueue_refusals *refusals, int fd)
{
    struct kqueue_refused *table = table_of(refusals);
    size_t mask = capacity_of(refusals) - 1;
    size_t i = (unsigned)fd & mask;
    while (table[i].era == refusals->era && table[i].fd != fd)
        i = (i + 1) & mask;
    return &table[i];
}

/* NULL: nothing of the descriptor is refused. */
static struct kqueue_refused *find_refused(struct kqueue_refusals *refusals, int fd)
{
    struct kqueue_refused *found = refused_slot_of(refusals, fd);
    return found->era == refusals->era ? found : NULL;
}

static int grow(struct kqueue_selector *self)
{
    struct kqueue_refusals *refusals = &self->refusals;
    const struct mio_allocator *allocator = &self->base.config.allocator;
    size_t before = capacity_of(refusals);
    struct kqueue_refused *old = refusals->grown;
    struct kqueue_refused *from = table_of(refusals);
    struct kqueue_refused *made = mio__allocate(allocator, 2 * before * sizeof *made);
    if (!made)
        return -ENOMEM;
    refusals->grown = made;
    refusals->capacity = 2 * before;
    for (size_t i = 0; i < before; i++) {
        if (from[i].era == refusals->era)
            *refused_slot_of(refusals, from[i].fd) = from[i];
    }
    mio__release(allocator, old, before * sizeof *old);
    return 0;
}

int mio__kq_expect_refusal(struct kqueue_selector *self)
{
    struct kqueue_refusals *refusals = &self->refusals;
    size_t needed = refusals->count + refusals->expected + 1;
    if (2 * needed > capacity_of(refusals)) {
        int error = grow(self);
        if (error < 0)
            return error;
    }
    refusals->expected++;
    return 0;
}

void mio__kq_settle_refusals(struct kqueue_selector *self)
{
    self->refusals.expected = 0;
    if (self->refusals.count == 0)
        mio__kq_look(self, 0, KQUEUE_DOUBTS);
}

void mio__kq_refuse(struct kqueue_selector *self, int fd, unsigned filters)
{
    struct kqueue_refusals *refusals = &self->refusals;
    struct kqueue_refused *refused = refused_slot_of(refusals, fd);
    if (refused->era != refusals->era) {
        *refused = (struct kqueue_refused){.era = refusals->era, .fd = fd};
        refusals->count++;
    }
    refused->filters |= filters;
    refused->live &= ~filters;
}

/* The filter's bit among mio__kq_filters, or 0. */
static unsigned bit_of_filter(int filter, size_t *index)
{
    for (size_t i = 0; i < mio__kq_filter_count; i++) {
        *index = i;
        if (mio__kq_filters[i].filter == filter)
            return 1U << i;
    }
    return 0;
}

void mio__kq_follow(struct kqueue_selector *self, const struct kevent *changes, size_t count,
                    const int *errors)
{
    for (size_t i = 0; i < count; i++) {
        size_t index = 0;
        unsigned bit = bit_of_filter((int)changes[i].filter, &index);
        struct kqueue_refused *refused = find_refused(&self->refusals, (int)changes[i].ident);
        if (errors[i] != 0 || !refused || (refused->filters & bit) == 0)
            continue;
        if (kqueue_is_delete(&changes[i])) {
            refused->live &= ~bit;
        } else if ((changes[i].flags & EV_ADD) != 0) {
            refused->live |= bit;
            refused->tokens[index] = (mio_token)changes[i].udata;
        }
    }
}

static bool passes(struct kqueue_refusals *refusals, const struct mio_event *record)
{
    size_t index = 0;
    unsigned bit = bit_of_filter((int)record->filter, &index);
    const struct kqueue_refused *refused = bit ? find_refused(refusals, (int)record->ident) : NULL;
    if (!refused || (refused->filters & bit) == 0)
        return true;
    return (refused->live & bit) != 0 && refused->tokens[index] == mio_event_token(record);
}

int mio__kq_drop_refused(struct kqueue_selector *self, struct mio_event *list, int count)
{
    struct kqueue_refusals *refusals = &self->refusals;
    int left = 0;
    for (int i = 0; i < count; i++) {
        if (passes(refusals, &list[i]))
            list[left++] = list[i];
    }
    refusals->era++;
    refusals->count = 0;
    mio__kq_look(self, 0, KQUEUE_DOUBTS);
    return left;
}

void mio__kq_release_refusals(struct kqueue_selector *self)
{
    struct kqueue_refusals *refusals = &self->refusals;
    mio__release(&self->base.config.allocator, refusals->grown,
                 refusals->capacity * sizeof *refusals->grown);
}

#endif

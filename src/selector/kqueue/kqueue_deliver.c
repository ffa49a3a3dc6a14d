/* SPDX-License-Identifier: MIT */
/*
 * Delivering injected events: the collector that stands in the wake queue for them.
 *
 * Nobody is told of a close, and the number may be used again before the event is delivered, which
 * must not reach the new file. fstat(2) does not tell the files apart: on several systems all pipes
 * have the same device and inode, or a new pipe has those of the last one closed, and a duplicate
 * has the same as well. A knote tells, since each of these kernels drops it with the number. So a
 * silent one of EVFILT_READ is added beside the event, unless the registration has one, and whether
 * it is still there is asked before the event is delivered.
 */
#include "../backends.h"

#if MIO_HAVE_KQUEUE

#include "kqueue.h"

#include <stddef.h>

/* A change without an operation leaves a registration's knote as it is, with its own token. The
 * raw access may have put one in the place of ours. */
static bool has_knote(struct kqueue_selector *self, const struct kqueue_injected *injected)
{
    const struct kqueue_guard *guard = &mio__kq_find(self, injected->fd)->guard;
    bool was_ours = injected->identity == IDENTITY_GUARD;
    bool is_ours = was_ours && guard->kind == GUARD_KNOTE;
    mio_token token = was_ours ? guard->read_token : mio_event_token(&injected->record);
    struct kevent change =
        kqueue_change((uintptr_t)injected->fd, EVFILT_READ, is_ours ? EV_DISABLE : 0, 0, token);
    int error;
    (void)mio__kevent_register(self, &change, 1, &error);
    return error != ENOENT && error != EBADF;
}

/* Whether the descriptor of an injected event may still be the one it was injected for. */
static bool is_current(struct kqueue_selector *self, const struct kqueue_injected *injected)
{
    if (injected->identity == IDENTITY_NONE)
        return true;
    return injected->identity == IDENTITY_FILE ? mio__kq_is_same_file(injected)
                                               : has_knote(self, injected);
}

/* Whether the event is to be handed over. */
static bool is_wanted(struct kqueue_selector *self, const struct kqueue_injected *injected)
{
    return injected->identity == IDENTITY_NONE ||
           !mio__kq_is_stale(self, injected->fd, mio_event_token(&injected->record));
}

/* Delivers the first that is due. How many records were written: 0 or 1. */
static int deliver_injected(struct kqueue_selector *self, struct mio_event *record)
{
    struct kqueue_injected *injected = self->kept.due;
    int count = 0;
    bool wanted = is_wanted(self, injected);
    if (wanted && !is_current(self, injected)) {
        mio__kq_drop_injected(self, injected);
        return 0;
    }
    mio__kq_remove_due(self, injected);
    if (wanted) {
        *record = injected->record;
        count = mio__kq_pass_end(self, record);
        if (count > 0 && injected->identity != IDENTITY_NONE)
            mio__kq_oneshot_fire(self, injected->fd, mio_event_token(record));
    }
    if (!injected->refused)
        mio__kq_drop_injected(self, injected);
    return count;
}

int mio__kq_collect(struct mio__wake_node *node, struct mio_event *list, int capacity, bool *more)
{
    void *base = (char *)node - offsetof(struct kqueue_selector, collector);
    struct kqueue_selector *self = base;
    int count = 0;
    mio__lock_take(&self->lock);
    while (self->kept.due && count < capacity)
        count += deliver_injected(self, list + count);
    *more = self->kept.due != NULL;
    mio__lock_give(&self->lock);
    return count;
}

#endif

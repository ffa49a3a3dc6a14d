/* SPDX-License-Identifier: MIT */
/*
 * Submitting changes to a kqueue, and matching what comes back with them.
 */
#include "../backends.h"

#if MIO_HAVE_KQUEUE

#include "kqueue.h"

#include "../../os/assert.h"
#include "../../os/descriptor.h"

/*
 * An event that came with receipts. The doorbell is rung again for the thread that it was meant to
 * wake. The ident of another filter than a descriptor's is no descriptor.
 */
static void keep_stolen(struct kqueue_selector *self, const struct kevent *event)
{
    struct mio_event record;
    memcpy(&record, event, sizeof record);
    bool is_except = (int)record.filter == EXCEPT_FILTER;
    int error = 0;
    if (self->base.ops->is_doorbell(&self->base, &record))
        error = mio__wake_queue_ring(&self->base.wakes);
    else if (is_except ? mio_event_is_priority(&record) : mio_kevent_is_of_descriptor(&record))
        error = mio__kq_inject(self, (int)record.ident, &record, IDENTITY_FILE, false);
    else if (!is_except)
        error = mio__kq_inject(self, -1, &record, IDENTITY_NONE, false);
    if (error < 0)
        mio__log(&self->base.config, error, "keeping an event that came with receipts");
}

/* Receipts come in the order of their changes. */
static void match_one_by_one(struct kqueue_selector *self, const struct kevent *changes,
                             size_t count, int *errors, const struct kevent *results,
                             int result_count)
{
    size_t next = 0;
    MIO_ASSERT(result_count <= (int)count); /* as many records as there was room for */
    for (int i = 0; i < result_count; i++) {
        if ((results[i].flags & EV_ERROR) == 0) {
            keep_stolen(self, &results[i]);
            continue;
        }
        while (next < count && (changes[next].ident != results[i].ident ||
                                changes[next].filter != results[i].filter))
            next++;
        if (next < count)
            errors[next++] = (int)results[i].data;
    }
}

/* As kernels do: a receipt for each change, in their order. False: something else has come. */
static inline bool match_all(const struct kevent *changes, size_t count, int *errors,
                             const struct kevent *results, int result_count)
{
    if (result_count != (int)count)
        return false;
    for (size_t i = 0; i < count; i++) {
        if ((results[i].flags & EV_ERROR) == 0 || results[i].ident != changes[i].ident ||
            results[i].filter != changes[i].filter)
            return false;
        errors[i] = (int)results[i].data;
    }
    return true;
}

/* Receipts of a call that failed, or that has brought something else. */
__attribute__((noinline)) static void match_receipts(struct kqueue_selector *self,
                                                     const struct kevent *changes, size_t count,
                                                     int *errors, const struct kevent *results,
                                                     int result_count, int error)
{
    for (size_t i = 0; i < count; i++)
        errors[i] = error;
    match_one_by_one(self, changes, count, errors, results, result_count);
}

/* What an interrupted call had deleted already is not there any more (K11). */
__attribute__((noinline)) static void forgive_deletions(const struct kevent *changes, size_t count,
                                                        int *errors)
{
    for (size_t i = 0; i < count; i++) {
        if (errors[i] == ENOENT && kqueue_is_delete(&changes[i]))
            errors[i] = 0;
    }
}

/* --- a kqueue that is a library --- */

/*
 * One change without a receipt, and without room for an event: a refusal is told by errno alone.
 * libkqueue counts receipts wrongly, does not mark them, or puts events in their place (K3).
 * A closed descriptor is EFAULT there, and some failures have no errno value at all.
 */
static int submit_without_receipt(struct kqueue_selector *self, const struct kevent *wanted,
                                  unsigned flags)
{
    static const struct timespec at_once;
    struct kevent change = *wanted;
    int result;
    change.flags = (kevent_flags)flags;
    do {
        errno = 0;
        result = kevent(self->kq, &change, 1, NULL, 0, &at_once);
    } while (result < 0 && errno == EINTR);
    if (result >= 0)
        return 0;
    if (errno == EFAULT && kqueue_is_of_descriptor(wanted) && !mio__fd_is_open((int)wanted->ident))
        return EBADF;
    return errno != 0 ? errno : EINVAL;
}

/* What libkqueue has of a descriptor it neither changes nor looks at again: an add makes it anew
 * (K58). */
static void register_without_receipts(struct kqueue_selector *self, const struct kevent *changes,
                                      size_t count, int *errors)
{
    int saved = errno;
    for (size_t i = 0; i < count; i++) {
        unsigned flags = changes[i].flags & ~(unsigned)EV_RECEIPT;
        if ((flags & EV_ADD) != 0 && kqueue_is_of_descriptor(&changes[i])) {
            (void)submit_without_receipt(self, &changes[i], EV_DELETE);
            flags &= ~(unsigned)EV_ENABLE;
        }
        errors[i] = submit_without_receipt(self, &changes[i], flags);
    }
    errno = saved;
    if (self->refusals.count > 0)
        mio__kq_follow(self, changes, count, errors);
}

int mio__kevent_register(struct kqueue_selector *self, const struct kevent *changes, size_t count,
                         int *errors)
{
    if (IS_A_LIBRARY) {
        register_without_receipts(self, changes, count, errors);
        return 0;
    }
    static const struct timespec at_once;
    struct kevent results[MAX_CHANGES];
    int saved = errno;
    bool interrupted = false;
    int result_count;
    for (;;) {
        result_count =
            kevent(self->kq, changes, (kevent_count)count, results, (kevent_count)count, &at_once);
        if (result_count >= 0 || errno != EINTR)
            break;
        interrupted = true;
    }
    int error = result_count < 0 ? errno : 0;
    errno = saved;
    if (!match_all(changes, count, errors, results, result_count))
        match_receipts(self, changes, count, errors, results, result_count, error);
    if (interrupted)
        forgive_deletions(changes, count, errors);
    if (self->refusals.count > 0)
        mio__kq_follow(self, changes, count, errors);
    return error;
}

#endif

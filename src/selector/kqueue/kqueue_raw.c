/* SPDX-License-Identifier: MIT */
/*
 * One change of the caller's own making (mio/kqueue.h), beside what this selector remembers.
 */
#include "../backends.h"

#if MIO_HAVE_KQUEUE

#include "kqueue.h"

#include "../../os/descriptor.h"

/* Whether the change is for a knote that is ours, and not the caller's. */
static bool is_for_ours(const struct kqueue_selector *self, const struct kevent *change)
{
    return (int)change->filter == EVFILT_READ && (change->flags & EV_ADD) == 0 &&
           mio__kq_is_guarded(self, (int)change->ident);
}

static int submit_raw(struct kqueue_selector *self, struct kevent change)
{
    int error;
    if (is_for_ours(self, &change))
        return mio__fd_is_open((int)change.ident) ? -ENOENT : -EBADF;
    if ((int)change.filter == EVFILT_READ)
        mio__kq_give_up_guard(self, (int)change.ident, (mio_token)change.udata);
    if ((int)change.filter == EVFILT_READ)
        mio__kq_end_set(self, (int)change.ident, (struct kqueue_end){.interest = 0});
    /* A caller's own knote of a descriptor is not to be silenced with an earlier registration's. */
    if (kqueue_is_of_descriptor(&change) || (int)change.filter == EXCEPT_FILTER)
        mio__kq_oneshot_forget(self, (int)change.ident);
    (void)mio__kevent_register(self, &change, 1, &error);
    return -error;
}

int mio__kq_register_raw(struct kqueue_selector *self, struct kevent change)
{
    mio__lock_take(&self->lock);
    int error = submit_raw(self, change);
    mio__lock_give(&self->lock);
    return error;
}

#endif

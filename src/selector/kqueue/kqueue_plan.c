/* SPDX-License-Identifier: MIT */
/*
 * Which changes of knotes a registering call makes.
 *
 * A registration is one EV_ADD a filter. A reregistration does not know what is there, unless a
 * source tells: it deletes and adds each wanted filter (flags of a knote are frozen, K6) and
 * deletes the others; the receipts of the deletes then tell whether the descriptor was registered
 * at all. A source's reregistration in the same mode only adds, with EV_ENABLE for a one-shot that
 * has fired, and deletes what is no longer wanted.
 */
#include "../backends.h"

#if MIO_HAVE_KQUEUE

#include "kqueue_change.h"

void mio__kq_add_change(struct batch *batch, const struct operation *operation,
                        const struct kqueue_filter *filter, unsigned flags)
{
    struct kevent *change = &batch->changes[batch->count++];
    *change = kqueue_change((uintptr_t)operation->fd, filter->filter, flags, filter->fflags,
                            operation->token);
    /* macOS refuses a device that cannot count its bytes, unless told that one is enough (K20). */
    if (MIO_PLATFORM == MIO_PLATFORM_APPLE && operation->is_device &&
        (flags & (EV_ADD | EV_ENABLE)) != 0) {
        change->fflags |= (kevent_fflags)LOW_WATER_MARK;
        change->data = 1;
    }
    if (filter == &mio__kq_filters[READING] && (flags & EV_ADD) != 0 &&
        mio__kq_is_of_ends(operation->interest))
        mio__kq_mark_end(change, operation->is_socket);
}

void mio__kq_add_guard(struct batch *batch, const struct operation *operation)
{
    if (GUARDS_WRITERS && operation->guard == GUARD_KNOTE)
        mio__kq_add_change(batch, operation, &mio__kq_filters[READING], EV_ADD | EV_CLEAR);
}

bool mio__kq_keeps_guard(const struct operation *operation)
{
    return GUARDS_WRITERS && operation->previous && operation->guard == GUARD_KNOTE &&
           operation->replaced_guard.kind == GUARD_KNOTE;
}

/* An earlier guard goes before anything else is asked of EVFILT_READ, whose flags it has frozen; a
 * reregistration that knows nothing deletes every filter anyway. */
static void plan_guard(struct batch *batch, const struct operation *operation)
{
    if (!operation->is_remembered)
        return;
    bool goes_anyway = operation->kind != MIO_REGISTER && !operation->previous;
    if (operation->replaced_guard.kind == GUARD_KNOTE && !goes_anyway &&
        !mio__kq_keeps_guard(operation))
        mio__kq_add_change(batch, operation, &mio__kq_filters[READING], EV_DELETE);
}

/* A knote that tells of ends alone has flags of its own, and others at times. */
static bool is_of_ends(const struct operation *operation, const struct kqueue_filter *filter)
{
    return filter == &mio__kq_filters[READING] &&
           (mio__kq_is_of_ends(operation->interest) ||
            mio__kq_is_of_ends(operation->previous->interest));
}

/* What a delete and an add of every filter would do, less what `previous` makes needless. */
static void plan_filter(struct batch *batch, const struct operation *operation,
                        const struct kqueue_filter *filter)
{
    const struct mio__registration *previous = operation->previous;
    bool wanted = mio__kq_asks(operation->interest, filter);
    bool absent =
        operation->kind == MIO_REGISTER || (previous && !mio__kq_asks(previous->interest, filter));
    bool same_mode = previous && ((previous->interest ^ operation->interest) & MIO_ALL_MODES) == 0;
    same_mode = same_mode && !is_of_ends(operation, filter);
    if (!absent && !(wanted && same_mode))
        mio__kq_add_change(batch, operation, filter, EV_DELETE);
    if (wanted)
        mio__kq_add_change(batch, operation, filter,
                           EV_ADD | (same_mode ? EV_ENABLE : 0) |
                               mio__kq_mode_flags(operation->interest, filter));
}

void mio__kq_plan(struct batch *batch, struct operation *operation)
{
    operation->first = batch->count;
    plan_guard(batch, operation);
    for (size_t i = 0; i < mio__kq_filter_count; i++)
        plan_filter(batch, operation, &mio__kq_filters[i]);
    if (!mio__kq_keeps_guard(operation))
        mio__kq_add_guard(batch, operation);
    operation->count = batch->count - operation->first;
}

#endif

/* SPDX-License-Identifier: MIT */
/*
 * Undoing a registration that the kernel took by half (K10), and putting a source's earlier one
 * back: in one call, which deletes nothing that need not be.
 */
#include "../backends.h"

#if MIO_HAVE_KQUEUE

#include "kqueue_change.h"

#include <errno.h>

/* What became of one filter. */
struct outcome {
    bool added;   /* or touched, or would have been */
    bool deleted; /* a knote that was there */
};

static struct outcome outcome_of(const struct operation *operation, const struct batch *batch,
                                 int filter)
{
    struct outcome outcome = {false, false};
    for (size_t i = operation->first; i < operation->first + operation->count; i++) {
        const struct kevent *change = &batch->changes[i];
        if ((int)change->filter != filter)
            continue;
        if (kqueue_is_delete(change))
            outcome.deleted = batch->errors[i] == 0;
        else
            outcome.added = true;
    }
    return outcome;
}

/* What was added goes, also what a call that failed as a whole may have got through. What was there
 * before comes back with its own token, and is heard again if it is ready. */
static void plan_undoing(struct batch *undoing, const struct operation *before,
                         const struct kqueue_filter *filter, struct outcome outcome)
{
    bool was_there = mio__kq_asks(before->interest, filter);
    if (outcome.added && (!was_there || outcome.deleted))
        mio__kq_add_change(undoing, before, filter, EV_DELETE);
    if (was_there)
        mio__kq_add_change(undoing, before, filter,
                           EV_ADD | (before->is_spent ? EV_DISABLE : EV_ENABLE) |
                               mio__kq_mode_flags(before->interest, filter));
}

/* The registration that stood before; none where nobody remembers it. */
static struct operation before(const struct operation *failed)
{
    struct operation before = {.kind = MIO_REGISTER, .fd = failed->fd, .token = failed->token};
    const struct mio__registration *previous = failed->previous;
    if (failed->kind != MIO_REREGISTER || !previous)
        return before;
    before.token = previous->token;
    before.interest = previous->interest;
    before.is_device = failed->is_device;
    before.is_pipe = failed->is_pipe;
    before.is_socket = failed->replaced_end.is_socket;
    if (before.is_pipe)
        before.guard = mio__kq_guard_for(before.interest);
    else if (failed->replaced_guard.kind == GUARD_DEVICE)
        before.guard = GUARD_DEVICE;
    before.is_spent = failed->replaced.spent && failed->replaced.interest == previous->interest;
    return before;
}

/* Nobody else learns of it: the caller is told why the change was refused. */
static void report_to_log(struct kqueue_selector *self, int error)
{
    mio__log(&self->base.config, error, "undoing a change that was refused");
}

/* What was submitted last but one may have told the guard's end: nobody was handed that. */
static void restore_guard(struct kqueue_selector *self, const struct operation *before, int error)
{
    struct kqueue_guard guard = {before->guard, false, before->token, before->interest,
                                 before->token};
    if (before->guard == GUARD_KNOTE && error != 0)
        guard.kind = GUARD_NONE;
    mio__kq_set_guard(self, before->fd, guard);
}

static void report_refusals(struct kqueue_selector *self, const struct operation *before,
                            const struct batch *undoing)
{
    int refused = 0;
    for (size_t i = 0; i < undoing->count; i++) {
        const struct kevent *change = &undoing->changes[i];
        int error = undoing->errors[i];
        bool is_delete = kqueue_is_delete(change);
        if (!is_delete && error != 0 && mio__kq_is_write_closed(change, error))
            refused = mio__kq_inject_write_closed(self, before);
        else if (error != EBADF && !(is_delete && error == ENOENT))
            refused = error != 0 ? -error : refused;
    }
    if (refused < 0)
        report_to_log(self, refused);
}

static unsigned filters_added(const struct operation *operation, const struct batch *batch)
{
    unsigned filters = 0;
    for (size_t i = 0; i < mio__kq_filter_count; i++) {
        if (outcome_of(operation, batch, mio__kq_filters[i].filter).added)
            filters |= 1U << i;
    }
    return filters;
}

int mio__kq_fail(struct kqueue_selector *self, const struct operation *operation,
                 const struct batch *batch, int error)
{
    struct operation earlier = before(operation);
    struct batch undoing;
    undoing.count = 0;
    if (operation->may_be_undone)
        mio__kq_refuse(self, operation->fd, filters_added(operation, batch));
    (void)mio__kq_forget_injected(self, operation->fd, UINT64_MAX);
    /* It may have been added for an event that could not be injected. */
    mio__kq_give_up_guard(self, operation->fd, 0);
    mio__kq_oneshot_forget(self, operation->fd);
    mio__kq_end_set(self, operation->fd,
                    earlier.interest != 0 ? operation->replaced_end
                                          : (struct kqueue_end){.interest = 0});
    if (earlier.interest != 0)
        mio__kq_oneshot_put_back(self, operation->fd, operation->replaced);
    for (size_t i = 0; i < mio__kq_filter_count; i++) {
        const struct kqueue_filter *filter = &mio__kq_filters[i];
        plan_undoing(&undoing, &earlier, filter, outcome_of(operation, batch, filter->filter));
    }
    mio__kq_add_guard(&undoing, &earlier);
    if (undoing.count == 0)
        return error;
    /* A call that fails as a whole has changed nothing, and may do so the second time. */
    if (mio__kevent_register(self, undoing.changes, undoing.count, undoing.errors) != 0)
        (void)mio__kevent_register(self, undoing.changes, undoing.count, undoing.errors);
    restore_guard(self, &earlier, undoing.errors[undoing.count - 1]);
    report_refusals(self, &earlier, &undoing);
    return error;
}

#endif

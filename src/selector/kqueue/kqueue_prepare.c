/* SPDX-License-Identifier: MIT */
/*
 * What a registering call finds out and remembers before the kernel is told, since events may come
 * at once: the kind of descriptor, whether it needs a guard, memory for a refusal, and what was
 * remembered of the descriptor before.
 */
#include "../backends.h"

#if MIO_HAVE_KQUEUE

#if !defined(_GNU_SOURCE)
#define _GNU_SOURCE /* S_ISSOCK under a strict -std= */
#endif

#include "kqueue_change.h"

#include "../../os/descriptor.h"

#include <sys/stat.h>

/* Whether one of its changes may count before another is refused, or before a receipt tells that
 * nothing was registered. */
static bool may_be_undone(const struct operation *operation)
{
    unsigned filters = 0;
    for (size_t i = 0; i < mio__kq_filter_count; i++)
        filters += mio__kq_asks(operation->interest, &mio__kq_filters[i]);
    return operation->kind == MIO_REREGISTER || filters > 1 || operation->guard == GUARD_KNOTE;
}

/* Whether the kernel is told of the descriptor, and not of its requests alone. */
static bool has_filters(mio_interest interest)
{
    return (interest & MIO_ALL_READINESS & ~(MIO_AIO | MIO_LIO)) != 0;
}

/* Kernels watch files without a meaning that could be relied on (K22). Requests of aio(4) are for
 * files, though. */
static int check_descriptor(struct operation *operation)
{
    struct stat status;
    int saved = errno;
    if (fstat(operation->fd, &status) < 0)
        return mio__failed(saved);
    operation->is_device = S_ISCHR(status.st_mode);
    operation->is_pipe = S_ISFIFO(status.st_mode);
    operation->is_socket = S_ISSOCK(status.st_mode);
    bool is_file = S_ISREG(status.st_mode) || S_ISDIR(status.st_mode);
    if (is_file && has_filters(operation->interest))
        return -EPERM;
    /* The first data that is dropped would be the last event (K55). */
    bool cannot_end = REARMS_DEVICES && operation->is_device;
    return cannot_end && mio__kq_is_of_ends(operation->interest) ? -ENOTSUP : 0;
}

/* What a source has filters of was looked at then; the kernel looks again when it adds one. */
static bool is_known(const struct operation *operation)
{
    const struct mio__registration *previous = operation->previous;
    if (!previous || MIO_PLATFORM == MIO_PLATFORM_APPLE)
        return false;
    if (mio__kq_is_of_ends(operation->interest))
        return false;
    /* Whether it needs a guard was asked if it was to be written to. */
    if (GUARDS_WRITERS && (operation->interest & ~previous->interest & MIO_WRITABLE) != 0)
        return false;
    return has_filters(previous->interest) && has_filters(operation->interest);
}

static int prepare_guard(struct kqueue_selector *self, struct operation *operation)
{
    if (REARMS_DEVICES && operation->is_device) {
        operation->guard = GUARD_DEVICE;
        atomic_store(&self->watches_devices, true);
        return mio__kq_reserve(self, operation->fd);
    }
    if (!GUARDS_WRITERS || !operation->is_pipe)
        return 0;
    operation->guard = operation->kind == MIO_REGISTER
                           ? mio__kq_join_guard(self, operation->fd, operation->interest)
                           : mio__kq_guard_for(operation->interest);
    if (operation->guard == GUARD_NONE)
        return 0;
    if (operation->guard != GUARD_READING)
        mio__kq_filter_from_now_on(self);
    return mio__kq_reserve(self, operation->fd);
}

/* Whether the operation is for ends alone is remembered; what it leaves alone stays so. */
static int prepare_end(struct kqueue_selector *self, const struct operation *operation)
{
    if (mio__kq_is_of_ends(operation->interest))
        return mio__kq_end_add(self, operation->fd, operation->token, operation->interest,
                               operation->is_socket);
    bool replaces = operation->kind == MIO_REREGISTER || mio__kq_reads(operation->interest);
    if (operation->is_remembered && replaces)
        mio__kq_end_set(self, operation->fd, (struct kqueue_end){.interest = 0});
    return 0;
}

/* The rest of mio__kq_prepare(), of what is to be watched. */
static int prepare_adding(struct kqueue_selector *self, struct operation *operation)
{
    int error = is_known(operation) ? 0 : check_descriptor(operation);
    if (error == 0)
        error = prepare_guard(self, operation);
    operation->may_be_undone = may_be_undone(operation);
    if (error == 0 && operation->may_be_undone)
        error = mio__kq_expect_refusal(self);
    if (error == 0)
        error = prepare_end(self, operation);
    if (error < 0)
        return error;
    if ((operation->interest & MIO_PRIORITY) != 0)
        mio__kq_filter_from_now_on(self);
    if (mio__kq_is_multi_filter_oneshot(operation->interest))
        return mio__kq_oneshot_add(self, operation->fd, operation->token, operation->interest);
    if (operation->is_remembered)
        mio__kq_oneshot_forget(self, operation->fd);
    return 0;
}

int mio__kq_prepare(struct kqueue_selector *self, struct operation *operation)
{
    const struct kqueue_descriptor *known = mio__kq_find(self, operation->fd);
    if (known) {
        operation->is_remembered = true;
        operation->replaced = known->oneshot;
        operation->replaced_guard = known->guard;
        operation->replaced_end = known->end;
        operation->is_pipe = operation->previous && known->guard.kind != GUARD_NONE;
        operation->injected_before = mio__kq_injected(self);
    }
    return operation->kind == MIO_DEREGISTER ? 0 : prepare_adding(self, operation);
}

#endif

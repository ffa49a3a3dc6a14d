/* SPDX-License-Identifier: MIT */
/*
 * What has become of a registering call, by its receipts, in which kernels differ. A registration
 * of which the kernel took one half is undone (K10).
 */
#include "../backends.h"

#if MIO_HAVE_KQUEUE

#include "kqueue_change.h"

#include "../../os/descriptor.h"

/* FreeBSD ends the knote of a pipe's writing end when the reader goes: whether it was registered
 * cannot be told then. */
enum { DROPS_CLOSED_PIPES = MIO_PLATFORM == MIO_PLATFORM_FREEBSD };

/* What the kernel's answers to an operation come to. */
struct answers {
    int error;         /* the first refusal of an add, or 0 */
    int delete_error;  /* the first refusal of a delete other than ENOENT, or 0 */
    size_t deleted;    /* knotes that were there */
    bool write_closed; /* instead of a knote, an event is due */
    bool guarded;      /* there is a guard */
};

/* A FIFO of OpenBSD refuses one (EINVAL), and needs none. */
static bool is_guard(const struct operation *operation, const struct kevent *change)
{
    return GUARDS_WRITERS && operation->guard == GUARD_KNOTE && (int)change->filter == EVFILT_READ;
}

static struct answers read_answers(const struct operation *operation, const struct batch *batch)
{
    struct answers answers = {0, 0, 0, false, mio__kq_keeps_guard(operation)};
    for (size_t i = operation->first; i < operation->first + operation->count; i++) {
        const struct kevent *change = &batch->changes[i];
        int error = batch->errors[i];
        if (kqueue_is_delete(change)) {
            answers.deleted += error == 0;
            if (error != 0 && error != ENOENT && answers.delete_error == 0)
                answers.delete_error = error;
            continue;
        }
        if (is_guard(operation, change) && (error == 0 || error == EINVAL)) {
            answers.guarded = error == 0;
            continue;
        }
        if (error != 0 && mio__kq_is_write_closed(change, error)) {
            answers.write_closed = true;
            continue;
        }
        if (error != 0 && answers.error == 0)
            answers.error = error;
    }
    return answers;
}

/* What the descriptor's knotes are now. One of reading has told what an injected event tells. */
static void note_guard(struct kqueue_selector *self, const struct operation *operation,
                       const struct answers *answers)
{
    struct kqueue_guard guard = operation->replaced_guard;
    guard.kind = operation->guard;
    if (guard.kind == GUARD_KNOTE && !answers->guarded)
        guard.kind = GUARD_NONE;
    if (mio__kq_reads(operation->interest))
        guard.read_token = operation->token;
    if ((operation->interest & MIO_WRITABLE) != 0 || guard.kind == GUARD_DEVICE) {
        guard.told = answers->write_closed;
        guard.token = operation->token;
        guard.interest = operation->interest;
    }
    mio__kq_set_guard(self, operation->fd, guard);
}

static int finish_adding(struct kqueue_selector *self, const struct operation *operation,
                         const struct batch *batch)
{
    struct answers answers = read_answers(operation, batch);
    bool was_refused = operation->is_remembered &&
                       mio__kq_forget_injected(self, operation->fd, operation->injected_before);
    if (answers.error != 0)
        return mio__kq_fail(self, operation, batch, -answers.error);
    bool was_registered = operation->previous || answers.deleted > 0 || was_refused;
    bool may_be_new = operation->may_be_new || (DROPS_CLOSED_PIPES && answers.write_closed);
    if (operation->kind == MIO_REREGISTER && !was_registered && !may_be_new)
        return mio__kq_fail(self, operation, batch, -ENOENT);
    if (operation->is_remembered || operation->guard != GUARD_NONE)
        note_guard(self, operation, &answers);
    if (answers.write_closed) {
        int error = mio__kq_inject_write_closed(self, operation);
        if (error < 0)
            return mio__kq_fail(self, operation, batch, error);
    }
    return 0;
}

/* Whether it was registered though the kernel did not watch it. */
static bool forget_remembered(struct kqueue_selector *self, const struct operation *operation)
{
    bool was_refused = mio__kq_forget_injected(self, operation->fd, operation->injected_before);
    mio__kq_oneshot_forget(self, operation->fd);
    mio__kq_end_set(self, operation->fd, (struct kqueue_end){.interest = 0});
    mio__kq_set_guard(self, operation->fd, (struct kqueue_guard){.kind = GUARD_NONE});
    return was_refused;
}

static int finish_deregistration(struct kqueue_selector *self, const struct operation *operation,
                                 const struct batch *batch)
{
    struct answers answers = read_answers(operation, batch);
    if (answers.delete_error != 0 && answers.delete_error != EBADF)
        return -answers.delete_error;
    bool was_refused = operation->is_remembered && forget_remembered(self, operation);
    if (answers.delete_error != 0)
        return -answers.delete_error;
    if (answers.deleted > 0 || was_refused)
        return 0;
    /* macOS says ENOENT of a closed descriptor too. */
    if (!mio__fd_is_open(operation->fd))
        return -EBADF;
    return operation->previous ? 0 : -ENOENT;
}

int mio__kq_finish(struct kqueue_selector *self, const struct operation *operation,
                   const struct batch *batch)
{
    return operation->kind == MIO_DEREGISTER ? finish_deregistration(self, operation, batch)
                                             : finish_adding(self, operation, batch);
}

#endif

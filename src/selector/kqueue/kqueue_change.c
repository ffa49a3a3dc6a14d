/* SPDX-License-Identifier: MIT */
/*
 * Registering with a kqueue.
 *
 * Every call goes the same way, alone or in a batch: plan the changes, submit them in one
 * kevent(2), finish from the receipts. Finishing is where kernels differ, and where a
 * registration that got through by half is undone (K10).
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

#include "../../os/descriptor.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

const struct kqueue_filter mio__kq_filters[MAX_FILTERS] = {
    {MIO_WRITABLE, EVFILT_WRITE, 0},
    {MIO_READABLE, EVFILT_READ, 0},
    {MIO_PRIORITY, EXCEPT_FILTER, (uint32_t)EXCEPT_OOB},
};
const size_t mio__kq_filter_count = HAVE_EVFILT_EXCEPT ? MAX_FILTERS : MAX_FILTERS - 1;

/* --- planning --- */

unsigned mio__kq_mode_flags(mio_interest interest, const struct kqueue_filter *filter)
{
    /* Always an edge: elsewhere than on OpenBSD the filter fires for ordinary data too, and would
     * not stop (K35). */
    if (filter->interest == MIO_PRIORITY)
        return EV_CLEAR;
    if ((interest & MIO_ONESHOT) != 0)
        return EV_DISPATCH;
    return (interest & MIO_LEVEL) != 0 ? 0 : EV_CLEAR;
}

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
}

void mio__kq_add_guard(struct batch *batch, const struct operation *operation)
{
    if (GUARDS_WRITERS && operation->guard == GUARD_KNOTE)
        mio__kq_add_change(batch, operation, &mio__kq_filters[READING], EV_ADD | EV_CLEAR);
}

/* A guard that is there already and goes on. */
static bool keeps_guard(const struct operation *operation)
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
    if (operation->replaced_guard.kind == GUARD_KNOTE && !goes_anyway && !keeps_guard(operation))
        mio__kq_add_change(batch, operation, &mio__kq_filters[READING], EV_DELETE);
}

/* What a delete and an add of every filter would do, less what `previous` makes needless. */
static void plan_filter(struct batch *batch, const struct operation *operation,
                        const struct kqueue_filter *filter)
{
    const struct mio__registration *previous = operation->previous;
    bool wanted = (operation->interest & filter->interest) != 0;
    bool absent = operation->kind == MIO_REGISTER ||
                  (previous && (previous->interest & filter->interest) == 0);
    bool same_mode = previous && ((previous->interest ^ operation->interest) & MIO_ALL_MODES) == 0;
    if (!absent && !(wanted && same_mode))
        mio__kq_add_change(batch, operation, filter, EV_DELETE);
    if (wanted)
        mio__kq_add_change(batch, operation, filter,
                           EV_ADD | (same_mode ? EV_ENABLE : 0) |
                               (operation->is_spent ? EV_DISABLE : 0) |
                               mio__kq_mode_flags(operation->interest, filter));
}

void mio__kq_plan(struct batch *batch, struct operation *operation)
{
    operation->first = batch->count;
    plan_guard(batch, operation);
    for (size_t i = 0; i < mio__kq_filter_count; i++)
        plan_filter(batch, operation, &mio__kq_filters[i]);
    if (!keeps_guard(operation))
        mio__kq_add_guard(batch, operation);
    operation->count = batch->count - operation->first;
}

/* Whether one of its changes may count before another is refused, or before a receipt tells that
 * nothing was registered. */
static bool may_be_undone(const struct operation *operation)
{
    mio_interest filters = operation->interest & (MIO_READABLE | MIO_WRITABLE | MIO_PRIORITY);
    return operation->kind == MIO_REREGISTER ||
           (operation->kind == MIO_REGISTER &&
            ((filters & (filters - 1)) != 0 || operation->guard == GUARD_KNOTE));
}

/* Whether the kernel is told of the descriptor, and not of its requests alone. */
static bool has_filters(mio_interest interest)
{
    return (interest & MIO_ALL_READINESS & ~(mio_interest)(MIO_AIO | MIO_LIO)) != 0;
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
    bool is_file = S_ISREG(status.st_mode) || S_ISDIR(status.st_mode);
    return is_file && has_filters(operation->interest) ? -EPERM : 0;
}

/* What a source has filters of was looked at then; the kernel looks again when it adds one. */
static bool is_known(const struct operation *operation)
{
    const struct mio__registration *previous = operation->previous;
    if (!previous || MIO_PLATFORM == MIO_PLATFORM_APPLE)
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

/* The rest of mio__kq_prepare(), of what is to be watched. */
static int prepare_adding(struct kqueue_selector *self, struct operation *operation)
{
    int error = is_known(operation) ? 0 : check_descriptor(operation);
    if (error == 0)
        error = prepare_guard(self, operation);
    operation->may_be_undone = may_be_undone(operation);
    if (error == 0 && operation->may_be_undone)
        error = mio__kq_expect_refusal(self);
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

/*
 * What must be known before the kernel is told, since events may come at once. The lock is held.
 */
int mio__kq_prepare(struct kqueue_selector *self, struct operation *operation)
{
    const struct kqueue_descriptor *known = mio__kq_find(self, operation->fd);
    if (known) {
        operation->is_remembered = true;
        operation->replaced = known->oneshot;
        operation->replaced_guard = known->guard;
        operation->is_pipe = operation->previous && known->guard.kind != GUARD_NONE;
        operation->injected_before = mio__kq_injected(self);
    }
    return operation->kind == MIO_DEREGISTER ? 0 : prepare_adding(self, operation);
}

/* --- finishing --- */

static bool is_open(int fd)
{
    int saved = errno;
    bool open = fcntl(fd, F_GETFD) >= 0;
    errno = saved;
    return open;
}

/* A pipe whose reader is gone: EPIPE, and on NetBSD up to 10 EBADF for a descriptor that is open
 * (K9). */
bool mio__kq_is_write_closed(const struct kevent *change, int error)
{
    if ((int)change->filter != EVFILT_WRITE)
        return false;
    if (error == EPIPE)
        return true;
    return MIO_PLATFORM == MIO_PLATFORM_NETBSD && error == EBADF && is_open((int)change->ident);
}

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
    struct answers answers = {0, 0, 0, false, keeps_guard(operation)};
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

/* Adds what the number of an injected event will be known by, unless it is there: 0 or -errno. */
static int add_proof(struct kqueue_selector *self, const struct operation *operation)
{
    struct kqueue_guard silent = {GUARD_KNOTE, true, operation->token, operation->interest, 0};
    int error = mio__kq_reserve(self, operation->fd);
    if (error == 0 && !mio__kq_is_guarded(self, operation->fd))
        error = -mio__kq_add_silent_guard(self, operation->fd);
    if (error == 0)
        mio__kq_set_guard(self, operation->fd, silent);
    return error;
}

int mio__kq_inject_write_closed(struct kqueue_selector *self, const struct operation *operation)
{
    bool reads = (operation->interest & MIO_READABLE) != 0;
    int error = reads ? 0 : add_proof(self, operation);
    if (error < 0)
        return error;
    struct mio_event record;
    memset(&record, 0, sizeof record);
    record.ident = (uintptr_t)operation->fd;
    record.filter = EVFILT_WRITE;
    record.flags =
        (kevent_flags)(EV_EOF | mio__kq_mode_flags(operation->interest, &mio__kq_filters[WRITING]));
    record.udata = (void *)operation->token;
    return mio__kq_inject(self, operation->fd, &record, reads ? IDENTITY_READ : IDENTITY_GUARD,
                          true);
}

/* What the descriptor's knotes are now. One of reading has told what an injected event tells. */
static void note_guard(struct kqueue_selector *self, const struct operation *operation,
                       const struct answers *answers)
{
    struct kqueue_guard guard = operation->replaced_guard;
    guard.kind = operation->guard;
    if (guard.kind == GUARD_KNOTE && !answers->guarded)
        guard.kind = GUARD_NONE;
    if ((operation->interest & MIO_READABLE) != 0)
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
    bool may_be_gone = DROPS_CLOSED_PIPES && answers.write_closed;
    if (operation->kind == MIO_REREGISTER && !was_registered && !may_be_gone)
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
    if (!is_open(operation->fd))
        return -EBADF;
    return operation->previous ? 0 : -ENOENT;
}

int mio__kq_finish(struct kqueue_selector *self, const struct operation *operation,
                   const struct batch *batch)
{
    return operation->kind == MIO_DEREGISTER ? finish_deregistration(self, operation, batch)
                                             : finish_adding(self, operation, batch);
}

/* --- the table's functions --- */

static int run_alone(struct mio_selector *selector, struct operation *operation)
{
    struct kqueue_selector *self = kqueue_of(selector);
    struct batch batch;
    batch.count = 0;
    mio__lock_take(&self->lock);
    int error = mio__kq_prepare(self, operation);
    if (error == 0) {
        mio__kq_plan(&batch, operation);
        if (operation->may_be_undone)
            mio__kq_look(self, KQUEUE_DOUBTS, 0);
        if (batch.count > 0)
            (void)mio__kevent_register(self, batch.changes, batch.count, batch.errors);
        error = mio__kq_finish(self, operation, &batch);
    }
    if (operation->may_be_undone)
        mio__kq_settle_refusals(self);
    mio__lock_give(&self->lock);
    return error;
}

int mio__kq_register(struct mio_selector *selector, const struct mio__registration *wanted)
{
    struct operation operation = {.kind = MIO_REGISTER,
                                  .fd = wanted->fd,
                                  .token = wanted->token,
                                  .interest = wanted->interest};
    return run_alone(selector, &operation);
}

int mio__kq_reregister(struct mio_selector *selector, const struct mio__registration *wanted,
                       const struct mio__registration *previous)
{
    struct operation operation = {.kind = MIO_REREGISTER,
                                  .fd = wanted->fd,
                                  .token = wanted->token,
                                  .interest = wanted->interest,
                                  .previous = previous};
    return run_alone(selector, &operation);
}

int mio__kq_deregister(struct mio_selector *selector, mio_fd fd,
                       const struct mio__registration *previous)
{
    struct operation operation = {.kind = MIO_DEREGISTER, .fd = fd, .previous = previous};
    return run_alone(selector, &operation);
}

/* --- the raw access --- */

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
        return is_open((int)change.ident) ? -ENOENT : -EBADF;
    if ((int)change.filter == EVFILT_READ)
        mio__kq_give_up_guard(self, (int)change.ident, (mio_token)change.udata);
    /* A caller's own knote of a descriptor is not to be silenced with an earlier registration's. */
    if ((int)change.filter == EVFILT_READ || (int)change.filter == EVFILT_WRITE ||
        (int)change.filter == EXCEPT_FILTER)
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

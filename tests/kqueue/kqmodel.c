/* SPDX-License-Identifier: MIT */
/*
 * kqueue() and kevent(): the call itself.
 *
 * A call has four parts, in the order that the flavour gives them: the timeout is checked, the
 * changes are applied and answered, the queue is fetched, the thread sleeps and fetches again. A
 * receipt or an error ends the call after the changes. Misuse that makes a real kernel write beyond
 * the caller's array, or hang, aborts here.
 */
#define _GNU_SOURCE

#include "kqmodel_inner.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>

/* One call, with its counts in one type. */
struct call {
    const struct kevent *changes;
    long change_count;
    struct kevent *events;
    long room;
    const struct timespec *timeout;
    long receipts;
};

/* --- creating --- */

static int create(int flags)
{
    sigset_t mask;
    model_lock(&mask);
    int error = fault_of_kqueue();
    int fd = error ? -1 : kq_open(flags, &error);
    model_unlock(&mask);
    if (fd < 0)
        errno = error;
    return fd;
}

int kqueue(void)
{
    return create(flavour.close_on_exec ? O_CLOEXEC : 0);
}

/* Declared only where the system has them. */
int kqueue1(int flags);
int kqueuex(unsigned int flags);

int kqueue1(int flags)
{
    if ((unsigned)flags & flavour.kqueue1_refused) {
        errno = EINVAL;
        return -1;
    }
    return create(flags & O_CLOEXEC);
}

int kqueuex(unsigned int flags)
{
    const unsigned close_on_exec = 1;
    if (flags & ~close_on_exec) {
        errno = EINVAL;
        return -1;
    }
    return create(flags ? O_CLOEXEC : 0);
}

/* --- timeouts --- */

static bool timeout_refused(const struct timespec *timeout)
{
    bool older = older_release();
    int64_t seconds = older ? flavour.older_timeout_seconds : flavour.timeout_seconds;
    int64_t nanoseconds = older ? flavour.older_timeout_nanoseconds : flavour.timeout_nanoseconds;
    return timeout && (timeout->tv_sec < 0 || timeout->tv_sec > seconds || timeout->tv_nsec < 0 ||
                       timeout->tv_nsec > nanoseconds);
}

static int64_t deadline_of(const struct timespec *timeout)
{
    const int64_t forever = INT32_MAX;
    if (!timeout || timeout->tv_sec > forever)
        return INT64_MAX;
    if (timeout->tv_sec < 0 || timeout->tv_nsec < 0)
        return 0; /* only where it is not refused: a poll */
    int64_t deadline = model_now() + timeout->tv_sec * 1000000000;
    bool overflow = __builtin_add_overflow(deadline, (int64_t)timeout->tv_nsec, &deadline);
    return overflow ? INT64_MAX : deadline;
}

/* --- changes --- */

/* What call_kevent() gives where the call returns -1 and leaves errno alone. */
enum { FAILED_WITHOUT_ERRNO = INT_MIN };

enum answer { ANSWER_WRITTEN, ANSWER_DROPPED, ANSWER_ENDS_CALL };

static enum answer answer(struct call *call, struct kevent *change, int error)
{
    bool full = call->receipts >= call->room;
    if (flavour.short_list == SHORT_OVERRUNS && full && call->events)
        model_abort("receipt %ld in an event list of %ld overruns the caller's array",
                    call->receipts + 1, call->room);
    if (flavour.negative_events == NEGATIVE_UNBOUNDED && call->room < 0 && call->events)
        model_abort("receipts are written without bound when nevents is %ld", call->room);
    if (full)
        return flavour.short_list == SHORT_DROPS && error == 0 ? ANSWER_DROPPED : ANSWER_ENDS_CALL;

    unsigned kept = flavour.receipt_keeps_flags ? change->flags : 0;
    change->flags = (__typeof__(change->flags))(kept | EV_ERROR);
    change->data = error;
    call->events[call->receipts++] = *change;
    return ANSWER_WRITTEN;
}

/* Returns 0 to go on with the fetch, or what the call returns: -errno, or a count with *done set.
 */
static int apply_changes(struct kq *kq, struct call *call, bool *done)
{
    for (long i = 0; i < call->change_count; i++) {
        struct kevent change = call->changes[i];
        if (change.filter == 0 && flavour.skips_filter_0)
            continue;
        change.flags &= (__typeof__(change.flags))~flavour.system_flags;
        bool receipt = (change.flags & EV_RECEIPT) != 0 && !loses_receipt(&change);
        int error = change_apply(kq, &change);
        if (error == 0 && !receipt)
            continue;
        if (answer(call, &change, error) != ANSWER_ENDS_CALL)
            continue;
        *done = true;
        if (error != 0)
            return -error;
        /* DragonFly cannot write the receipt to no list at all, and says so by its result alone. */
        return flavour.short_list == SHORT_OVERRUNS ? FAILED_WITHOUT_ERRNO : 0;
    }
    *done = call->receipts > 0;
    return (int)call->receipts;
}

/* --- the fetch --- */

static int fetch(struct kq *kq, struct call *call, const sigset_t *mask)
{
    int64_t deadline = deadline_of(call->timeout);
    int result;
    kq->waiters++;
    for (;;) {
        if (kq->dead || (kq->closed && flavour.close_wakes)) {
            result = -EBADF;
            break;
        }
        kq_harvest(kq);
        result = queue_fetch(kq, call->events, call->room < INT_MAX ? (int)call->room : INT_MAX);
        if (result > 0 || deadline <= model_now())
            break;
        kq_settle(kq);
        if (kq_sleep(kq, deadline, mask) == EINTR) {
            result = -EINTR;
            break;
        }
    }
    kq_settle(kq);
    kq_leave(kq);
    return result;
}

static int negative_room(const struct call *call)
{
    if (flavour.negative_events == NEGATIVE_HANGS)
        model_abort("this kernel hangs when nevents is %ld", call->room);
    return 0;
}

/* An order to fail where a wait fails, after the changes. */
static bool fails_late(int fault)
{
    return fault == EINTR || fault == ETIMEDOUT;
}

/* What ends the call before anything was done: 0 or -errno. */
static int refuse_call(const struct kq *kq, const struct call *call, int fault)
{
    if (fault != 0 && !fails_late(fault))
        return -fault;
    if (flavour.timeout_check == TIMEOUT_FIRST && timeout_refused(call->timeout))
        return -EINVAL;
    if (!kq || kq->closed)
        return -EBADF;
    if (call->change_count < 0 && flavour.negative_changes == NEGATIVE_UNBOUNDED)
        model_abort("this kernel reads changes without bound when nchanges is %ld",
                    call->change_count);
    return call->change_count > 0 && !call->changes ? -EFAULT : 0;
}

static int fail_late(struct kq *kq, struct call *call, int fault)
{
    struct kevent unseen[MAX_FAULTY_CHANGES];
    bool done = false;
    call->events = unseen;
    call->room = MAX_FAULTY_CHANGES;
    (void)apply_changes(kq, call, &done);
    kq_settle(kq);
    return -fault;
}

static int call_kevent(int fd, struct call *call, const sigset_t *mask)
{
    note_call(call->changes, call->change_count);
    note_timeout(call->timeout);
    int fault = fault_of_kevent();
    struct kq *kq = kq_of(fd);
    int refused = refuse_call(kq, call, fault);
    if (refused != 0)
        return refused;

    bool done = false;
    kq_harvest(kq);
    if (fault != 0)
        return fail_late(kq, call, fault);
    int result = apply_changes(kq, call, &done);
    kq_settle(kq);
    if (done || call->room == 0)
        return result;
    if (call->room < 0)
        return negative_room(call);
    if (flavour.timeout_check == TIMEOUT_AFTER && timeout_refused(call->timeout))
        return -EINVAL;
    if (!call->events)
        return -EFAULT;
    return fetch(kq, call, mask);
}

static int finish(int fd, struct call *call)
{
    sigset_t mask;
    model_lock(&mask);
    int saved = errno;
    int result = call_kevent(fd, call, &mask);
    model_unlock(&mask);
    errno = result >= 0 || result == FAILED_WITHOUT_ERRNO ? saved : -result;
    return result >= 0 ? result : -1;
}

#ifdef KQMODEL_NETBSD
int kevent(int kq, const struct kevent *changelist, size_t nchanges, struct kevent *eventlist,
           size_t nevents, const struct timespec *timeout)
#else
int kevent(int kq, const struct kevent *changelist, int nchanges, struct kevent *eventlist,
           int nevents, const struct timespec *timeout)
#endif
{
    struct call call = {
        .changes = changelist,
        .change_count = (long)nchanges,
        .events = eventlist,
        .room = (long)nevents,
        .timeout = timeout,
    };
    return finish(kq, &call);
}

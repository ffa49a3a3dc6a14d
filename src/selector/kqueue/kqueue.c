/* SPDX-License-Identifier: MIT */
/*
 * The kqueue selector, for FreeBSD, NetBSD, OpenBSD, DragonFly and Apple's systems.
 *
 * The model. A kqueue holds one knote for each pair of ident and filter. A descriptor that is
 * watched both ways has two knotes, each with its own token (udata), and gives two events. One
 * call, kevent(2), both changes knotes and fetches events. A change asks for a receipt
 * (EV_RECEIPT), which comes back in the event list: EV_ERROR with an errno value, or 0. A call that
 * returns receipts fetches nothing, so changing and waiting are calls of their own. The kernel
 * makes the edges (EV_CLEAR) and the one-shots (EV_DISPATCH: one report, then disabled). Adding a
 * knote, or changing it, reports again what is ready. Closing a descriptor drops its knotes.
 *
 * Who owns what. The kernel owns the registrations. This selector remembers only what no kernel
 * would tell it: one-shot registrations of several filters (kqueue_oneshots.c), events that it
 * delivers itself (kqueue_injected.c), what was refused while a thread waits (kqueue_refused.c),
 * writers of pipes that need a guard (kqueue_guard.c), and on Apple's systems character devices
 * (kqueue_device.c).
 *
 * Quirks handled, here and in the files that kqueue.h lists:
 *   K1 K2 K3  a slot for every receipt, a zero timeout; an event that comes all the same is kept
 *   K4 K5     receipts are matched by EV_ERROR and data alone, since kernels echo other flags
 *   K6        flags are frozen when a knote is made: another mode is a delete and an add
 *   K7        every change of a knote carries token and fflags
 *   K8        deleting what is not there is no failure of a batch
 *   K9        a pipe whose reader is gone may be refused (EPIPE; NetBSD: EBADF): the event is
 *             injected
 *   K10       half a registration is undone, and its token kept from a thread that waits
 *   K11       a change that a signal interrupted is made again
 *   K14 K40   counts and timeouts are kept within what every kernel takes
 *   K15       types differ: kqueue.h names them once
 *   K20 K55   macOS' devices are watched with NOTE_LOWAT, without which some are refused, and
 *             changed after EAGAIN, without which they give one edge and no more
 *   K22       regular files and directories are refused
 *   K27 K28   wakes by EVFILT_USER, tried at run time, with a pipe behind it; triggers carry
 *             EV_RECEIPT alone
 *   K35       EVFILT_EXCEPT fires for more than urgent data on macOS, as for the end of a
 *             connection, with an errno value in fflags: what is not urgent is dropped
 *   K38       one-shots are EV_DISPATCH, without EV_CLEAR, which would win on NetBSD
 *   K45       a forked child does not close the number
 *   K46       close-on-exec in one call where there is one
 *   K53       OpenBSD, and NetBSD up to 10, do not tell EVFILT_WRITE that the reader of a full pipe
 *             has gone. They tell EVFILT_READ, which stands guard (kqueue_guard.c)
 *   K54 K56   DragonFly is not asked to wait for long; a wait that fails with ETIMEDOUT was over
 * Left to the caller:
 *   K21       macOS FIFOs never report EOF
 *   K24       the wrong direction of a pipe may never fire
 *   K43       closing a kqueue wakes a waiter on some kernels alone: wake and join it first
 *   K44       an event of a descriptor that was closed while an earlier one was handled
 */
#include "../backends.h"

#if MIO_HAVE_KQUEUE

#if !defined(_GNU_SOURCE)
#define _GNU_SOURCE
#endif

#include "kqueue.h"

#include "../wait_once.h"

#include "../../os/clock.h"
#include "../../os/descriptor.h"
#include "../../os/memory.h"

#include <fcntl.h>
#include <unistd.h>

_Static_assert(sizeof(struct mio_event) == sizeof(struct kevent),
               "layout of struct kevent (on NetBSD 11 and later define MIO_NETBSD_RELEASE)");
#define SAME_MEMBER(member)                                                                 \
    _Static_assert(offsetof(struct mio_event, member) == offsetof(struct kevent, member) && \
                       sizeof(((struct mio_event *)0)->member) ==                           \
                           sizeof(((struct kevent *)0)->member),                            \
                   "layout of struct kevent")
SAME_MEMBER(ident);
SAME_MEMBER(filter);
SAME_MEMBER(flags);
SAME_MEMBER(fflags);
SAME_MEMBER(data);
SAME_MEMBER(udata);
_Static_assert(MIO_KEVENT_READ == EVFILT_READ && MIO_KEVENT_WRITE == EVFILT_WRITE &&
                   (int)MIO_KEVENT_TIMER == (int)EVFILT_TIMER && MIO_KEVENT_ERROR == EV_ERROR &&
                   MIO_KEVENT_EOF == EV_EOF,
               "constants of kqueue");
#if defined(EVFILT_AIO)
_Static_assert(MIO_KEVENT_AIO == EVFILT_AIO, "constants of kqueue");
#endif
_Static_assert((int)MIO_KEVENT_USER == (int)USER_FILTER, "constants of kqueue");
_Static_assert((int)MIO_KEVENT_EXCEPT == (int)EXCEPT_FILTER &&
                   (int)MIO_KEVENT_OOB == (int)EXCEPT_OOB,
               "constants of kqueue");
#if MIO_PLATFORM == MIO_PLATFORM_FREEBSD
_Static_assert(MIO_KEVENT_LIO == EVFILT_LIO, "constants of kqueue");
#endif

/*
 * Refused above: 10^8 seconds by macOS up to 10.14, INT32_MAX by later ones (K40). DragonFly panics
 * when one call wakes a million times for nothing (K54): there no wait is longer than a minute, not
 * even one for ever.
 */
enum { WAITS_ARE_CUT = MIO_PLATFORM == MIO_PLATFORM_DRAGONFLY };
enum { LONGEST_WAIT_S = WAITS_ARE_CUT ? 60 : 100000000 };

/* --- descriptors, close-on-exec and non-blocking from the first moment where there is a call for
 * it --- */

static int kqueue_selector_new(const struct mio__config *config, struct mio_selector **selector)
{
    struct kqueue_selector *made = mio__allocate(&config->allocator, sizeof *made);
    if (!made)
        return -ENOMEM;
    made->kq = mio__kqueue_open();
    if (made->kq < 0) {
        int error = made->kq;
        mio__release(&config->allocator, made, sizeof *made);
        return error;
    }
    made->base.ops = &mio__kqueue_ops;
    made->doorbell = DOORBELL_NONE;
    made->pipe = (struct mio__doorbell){-1, -1};
    made->collector.collect = mio__kq_collect;
    made->refusals.era = 1;
    made->kept.to_silence = -1;
    mio__descriptor_table_init(&made->kept.table, &made->base.config.allocator,
                               sizeof(struct kqueue_descriptor));
    mio__lock_init(&made->lock);
    *selector = &made->base;
    return 0;
}

static void kqueue_selector_free(struct mio_selector *selector)
{
    struct kqueue_selector *self = kqueue_of(selector);
    struct mio__config config = selector->config;
    if (!mio__is_forked_child(&selector->fork_guard))
        mio__close_own(&config, self->kq, "closing the kqueue");
    mio__doorbell_close(&self->pipe, &config);
    mio__kq_release_injected(self);
    mio__descriptor_table_release(&self->kept.table);
    mio__kq_release_refusals(self);
    mio__lock_destroy(&self->lock);
    mio__release(&config.allocator, self, sizeof *self);
}

/* --- the doorbell's record --- */

/* The ident is an address of our own, so that no caller's can be the same. */
static uintptr_t doorbell_ident(const struct kqueue_selector *self)
{
    return (uintptr_t)self;
}

static bool kqueue_is_doorbell(const struct mio_selector *selector, const struct mio_event *record)
{
    const struct kqueue_selector *self = (const struct kqueue_selector *)selector;
    if (self->doorbell == DOORBELL_PIPE)
        return (int)record->filter == EVFILT_READ &&
               record->ident == (uintptr_t)self->pipe.read_end;
    return (int)record->filter == USER_FILTER && record->ident == doorbell_ident(self);
}

/* --- waiting --- */

/* Whether a record may be of a one-shot registration that the library silences. */
static bool may_be_multi_filter(const struct kqueue_selector *self, const struct mio_event *record)
{
    if ((int)record->filter == EXCEPT_FILTER)
        return true;
    if (!mio_kevent_is_of_descriptor(record))
        return false;
    return (record->flags & EV_DISPATCH) != 0 || mio__kq_is_of_end(self, record);
}

/*
 * Drops records of EVFILT_EXCEPT that are not about urgent data, and of EVFILT_READ that are not
 * about the end that was asked for, and silences the other filters of one-shot registrations that
 * have fired.
 */
static int filter_records(struct kqueue_selector *self, struct mio_event *list, int count)
{
    int kept = 0;
    for (int i = 0; i < count; i++) {
        if (GUARDS_WRITERS && mio_kevent_is_of_descriptor(&list[i]) &&
            !mio__kq_pass_guard(self, list, count, i))
            continue;
        bool is_except = (int)list[i].filter == EXCEPT_FILTER;
        if (is_except && !mio_event_is_priority(&list[i]))
            continue;
        if (!mio__kq_pass_end(self, &list[i]))
            continue;
        if (may_be_multi_filter(self, &list[i])) {
            mio_token token = mio_event_token(&list[i]);
            if (mio__kq_is_stale(self, (int)list[i].ident, token))
                continue;
            mio__kq_oneshot_fire(self, (int)list[i].ident, token);
        }
        list[kept++] = list[i];
    }
    mio__kq_end_fetch(self);
    return kept;
}

/* What may stand in the kernel behind records that were all dropped. */
static int fetch_again(struct kqueue_selector *self, struct mio_event *list, int room)
{
    static const struct timespec at_once;
    int saved = errno;
    int count =
        kevent(self->kq, NULL, 0, (struct kevent *)(void *)list, (kevent_count)room, &at_once);
    errno = saved;
    return count > 0 ? count : 0;
}

static int drop_wakes(const struct kqueue_selector *self, struct mio_event *list, int count)
{
    int kept = 0;
    for (int i = 0; i < count; i++) {
        if (!kqueue_is_doorbell(&self->base, &list[i]))
            list[kept++] = list[i];
    }
    return kept;
}

/* Looks through one fetch. */
static int look_through_fetch(struct kqueue_selector *self, struct mio_event *list, int count)
{
    unsigned looks = atomic_load_explicit(&self->looks, memory_order_relaxed);
    mio__lock_take(&self->lock);
    if ((looks & KQUEUE_DOUBTS) != 0)
        count = mio__kq_drop_refused(self, list, count);
    if ((looks & KQUEUE_FILTERS_RECORDS) != 0)
        count = filter_records(self, list, count);
    mio__lock_give(&self->lock);
    return count;
}

/* A look must not end with what is dropped, which may have had all the room (EV3). */
static int kqueue_filter(struct mio_selector *selector, struct mio_event *list, int count)
{
    struct kqueue_selector *self = kqueue_of(selector);
    if (atomic_load_explicit(&self->looks, memory_order_acquire) == 0)
        return count;
    int room = count;
    int left = look_through_fetch(self, list, count);
    while (left == 0 && count > 0) {
        count = fetch_again(self, list, room);
        left = look_through_fetch(self, list, drop_wakes(self, list, count));
    }
    return left;
}

/* What a mediated selector's wait does in kqueue_filter(), once it has seen whether there was room
 * for more. */
__attribute__((noinline)) static int filter_directly(struct kqueue_selector *self,
                                                     struct mio_event *list, int count)
{
    int room = count;
    int left = count;
    while (count > 0 && mio__selector_is_direct(&self->base)) {
        mio__lock_take(&self->lock);
        left = mio__kq_drop_refused(self, list, count);
        mio__lock_give(&self->lock);
        if (left > 0)
            break;
        count = fetch_again(self, list, room);
        left = count;
    }
    return left;
}

/* Darwin's kernel has been seen to say ETIMEDOUT (K56) where a time is up that may be shorter than
 * what was asked for: the wait was over early. */
static int failed_wait(int saved)
{
    int error = mio__failed(saved);
    return error == -ETIMEDOUT ? 0 : error;
}

static int kqueue_select(struct mio_selector *selector, struct mio_event *list, int room,
                         int64_t timeout_ns)
{
    struct kqueue_selector *self = kqueue_of(selector);
    struct timespec timeout;
    struct timespec *limit = NULL;
    if (WAITS_ARE_CUT && timeout_ns < 0)
        timeout_ns = INT64_MAX;
    if (timeout_ns >= 0) {
        int64_t seconds = timeout_ns / MIO_NS_PER_S;
        bool fits = seconds < LONGEST_WAIT_S;
        timeout.tv_sec = fits ? (time_t)seconds : LONGEST_WAIT_S;
        timeout.tv_nsec = fits ? (long)(timeout_ns % MIO_NS_PER_S) : 0;
        limit = &timeout;
    }
    int saved = errno;
    int count = kevent(self->kq, NULL, 0, (struct kevent *)(void *)list, (kevent_count)room, limit);
    if (count < 0)
        return failed_wait(saved);
    /* After the fetch: what the kernel has handed out was doubted before it was told. */
    if ((atomic_load_explicit(&self->looks, memory_order_relaxed) & KQUEUE_DOUBTS) != 0)
        return filter_directly(self, list, count);
    return count;
}

/* kqueue_filter() has nothing to look for. */
static inline bool is_plain(const struct mio_selector *selector)
{
    const struct kqueue_selector *self = (const struct kqueue_selector *)selector;
    return atomic_load_explicit(&self->looks, memory_order_acquire) == 0;
}

static int kqueue_wait_once(struct mio_selector *selector, struct mio_events *events,
                            int64_t timeout_ns)
{
    return mio__wait_once(selector, events, timeout_ns, kqueue_select, is_plain);
}

/* --- waking: one knote, or one pipe, serves all wakers of the selector --- */

/* Added once with its final token, and EV_CLEAR, without which it would stay triggered (K28). */
static int setup_user_doorbell(struct kqueue_selector *self)
{
    int error =
        mio__kqueue_apply(self->kq, kqueue_change(doorbell_ident(self), USER_FILTER,
                                                  EV_ADD | EV_CLEAR, 0, doorbell_ident(self)));
    if (error == 0)
        self->doorbell = DOORBELL_USER;
    return error;
}

static int setup_pipe_doorbell(struct kqueue_selector *self)
{
    int error = mio__doorbell_open(&self->pipe);
    if (error < 0)
        return error;
    error = mio__kqueue_apply(self->kq, kqueue_change((uintptr_t)self->pipe.read_end, EVFILT_READ,
                                                      EV_ADD | EV_CLEAR, 0, doorbell_ident(self)));
    if (error < 0)
        mio__doorbell_close(&self->pipe, &self->base.config);
    else
        self->doorbell = DOORBELL_PIPE;
    return error;
}

/* The header may be newer than the kernel, and OpenBSD counts such knotes (K27): whatever is
 * refused, a pipe serves. */
static int kqueue_arm_doorbell(struct mio_selector *selector)
{
    struct kqueue_selector *self = kqueue_of(selector);
    if (self->doorbell != DOORBELL_NONE)
        return 0;
    if (HAVE_EVFILT_USER && (selector->config.flags & MIO_OPTION_PIPE_WAKER) == 0 &&
        setup_user_doorbell(self) == 0)
        return 0;
    return setup_pipe_doorbell(self);
}

/* Neither EV_CLEAR, which would take the trigger back, nor EV_ADD, which could make a level knote
 * (K28). */
static int trigger_user_doorbell(struct kqueue_selector *self)
{
    return mio__kqueue_apply(self->kq, kqueue_change(doorbell_ident(self), USER_FILTER, 0,
                                                     USER_TRIGGER, doorbell_ident(self)));
}

static int kqueue_ring(struct mio_selector *selector)
{
    struct kqueue_selector *self = kqueue_of(selector);
    return self->doorbell == DOORBELL_USER ? trigger_user_doorbell(self)
                                           : mio__doorbell_ring(&self->pipe);
}

/* libkqueue's is the end of a pipe, which nothing makes readable (K59). */
static int kqueue_selector_fd(struct mio_selector *selector)
{
    return IS_A_LIBRARY ? -ENOTSUP : ((const struct kqueue_selector *)selector)->kq;
}

const struct mio__selector_ops mio__kqueue_ops = {
    .name = "kqueue",
    .serves = MIO_READABLE | MIO_WRITABLE | MIO_LEVEL | MIO_ONESHOT | AIO_INTERESTS |
              (HAVE_EVFILT_EXCEPT ? MIO_PRIORITY : 0) |
              (IS_A_LIBRARY ? 0 : MIO_READ_CLOSED | MIO_ERROR),
    .selector_new = kqueue_selector_new,
    .selector_free = kqueue_selector_free,
    .select = kqueue_select,
    .wait = kqueue_wait_once,
    .filter = kqueue_filter,
    .register_fd = mio__kq_register,
    .reregister_fd = mio__kq_reregister,
    .deregister_fd = mio__kq_deregister,
    .set_fd = mio__kq_set,
    .rearm = REARMS_DEVICES ? mio__kq_rearm : NULL,
    .apply = mio__kq_apply,
    .arm_doorbell = kqueue_arm_doorbell,
    .ring = kqueue_ring,
    .is_doorbell = kqueue_is_doorbell,
    .selector_fd = kqueue_selector_fd,
};

#endif

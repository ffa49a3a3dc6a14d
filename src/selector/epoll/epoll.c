/* SPDX-License-Identifier: MIT */
/*
 * The epoll selector.
 *
 * The model. An epoll set holds one entry for each descriptor: a mask of events and 64 bits of
 * data, which here are the token. The kernel makes the edges (EPOLLET) and the one-shots
 * (EPOLLONESHOT). It writes its records straight into the caller's array, and asks the file again
 * before it does, so a record is never about something that has gone. Changing an entry reports
 * again what is ready. Every call is safe while another thread waits. So this selector keeps no
 * state about descriptors; it only translates.
 *
 * What it owns. The epoll descriptor; and from the first waker on the doorbell, an eventfd, or a
 * pipe where there is none. The doorbell is edge-triggered, and an eventfd is never read: each
 * write is a new edge (E6). Its mask asks for IN without RDHUP.
 *
 * The doorbell's record is known by its data, which have 64 bits. Where tokens have 32 bits they
 * have a bit that no token has. Elsewhere they are a mark: an arbitrary number that is no address
 * and not small. If a registration comes with that very token, the doorbell takes another mark
 * first. A doorbell that rings just then may be seen once as an early event of that token.
 *
 * Quirks handled here:
 *   E3   regular files, directories and some devices are refused with EPERM, which is passed on
 *   E4   hang-up and error come without being asked for: MIO_ERROR is a mask of nothing
 *   E5   EPOLLEXCLUSIVE can only be added, never modified, and not beside EPOLLRDHUP, EPOLLPRI or
 *        EPOLLONESHOT: such an entry is changed by deleting and adding, and its half-closes are
 *        seen by reading 0
 *   E8   timeouts are an int of milliseconds: rounded up here, and shortened to what fits
 *   E9   nanoseconds take epoll_pwait2 (Linux 5.11), which costs a little more. It may be missing,
 *        or a sandbox may forbid it, with any error. So it is used only for timeouts that are not
 *        whole milliseconds, and given up at the first refusal. A wait is epoll_pwait and not
 *        epoll_wait, which Android forbids on x86-64
 *   E11  the record is packed on x86-64
 * Left to the caller:
 *   E1   an entry outlives close() while a duplicate of the descriptor is open
 */
#include "../backends.h"

#if MIO_HAVE_EPOLL

#if !defined(_GNU_SOURCE)
#define _GNU_SOURCE
#endif

#include "../wait_once.h"

#include "../../os/clock.h"
#include "../../os/descriptor.h"
#include "../../os/memory.h"
#include "../../os/syscall.h"
#include "../../wake/doorbell.h"

#include <limits.h>
#include <stddef.h>
#include <string.h>
#include <sys/epoll.h>

#if !defined(SYS_epoll_pwait2)
#define SYS_epoll_pwait2 441 /* one number on all architectures; older headers lack it */
#endif

/* Bits of this age are missing from some libc headers. */
#if !defined(EPOLLEXCLUSIVE)
#define EPOLLEXCLUSIVE (1u << 28)
#endif

_Static_assert(sizeof(struct mio_event) == sizeof(struct epoll_event), "layout of epoll_event");
_Static_assert(offsetof(struct mio_event, events) == offsetof(struct epoll_event, events),
               "layout of epoll_event");
_Static_assert(offsetof(struct mio_event, data) == offsetof(struct epoll_event, data),
               "layout of epoll_event");
_Static_assert((int)MIO_EPOLL_IN == (int)EPOLLIN && (int)MIO_EPOLL_PRI == (int)EPOLLPRI &&
                   (int)MIO_EPOLL_OUT == (int)EPOLLOUT && (int)MIO_EPOLL_ERR == (int)EPOLLERR &&
                   (int)MIO_EPOLL_HUP == (int)EPOLLHUP && (int)MIO_EPOLL_RDHUP == (int)EPOLLRDHUP,
               "constants of epoll");

struct epoll_selector {
    struct mio_selector base;
    int epoll;                     /* always open */
    struct mio__doorbell doorbell; /* open from the first waker on */
    _Atomic mio_token mark;        /* the doorbell's; changed with the selector's lock held */
    bool milliseconds;             /* epoll_pwait2 is not to be had; the waiter's own */
};

static struct epoll_selector *epoll_of(struct mio_selector *selector)
{
    return (struct epoll_selector *)selector;
}

/* --- the doorbell's mark --- */

/* What no token has where tokens have 32 bits; nothing where they have 64. */
static const uint64_t no_tokens_bit = UINTPTR_MAX > UINT32_MAX ? 0 : UINT64_C(1) << 63;

static uint64_t doorbell_data(const struct epoll_selector *self)
{
    return atomic_load_explicit(&self->mark, memory_order_relaxed) | no_tokens_bit;
}

/* Another number than the last, spread over all bits (the finisher of SplitMix64). */
static mio_token make_mark(const struct epoll_selector *self, mio_token last)
{
    uint64_t x = (uint64_t)last + (uintptr_t)self;
    x += UINT64_C(0x9e3779b97f4a7c15);
    x = (x ^ (x >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    x = (x ^ (x >> 27)) * UINT64_C(0x94d049bb133111eb);
    x ^= x >> 31;
    mio_token mark = (mio_token)x | ~(UINTPTR_MAX >> 1);
    return mark != last ? mark : mark - 1;
}

static int epoll_selector_new(const struct mio__config *config, struct mio_selector **selector)
{
    int saved = errno;
    struct epoll_selector *made = mio__allocate(&config->allocator, sizeof *made);
    if (!made)
        return -ENOMEM;
    made->epoll = mio__own_fd(epoll_create1(EPOLL_CLOEXEC));
    if (made->epoll < 0) {
        int error = mio__failed(saved);
        mio__release(&config->allocator, made, sizeof *made);
        return error;
    }
    made->base.ops = &mio__epoll_ops;
    made->doorbell = (struct mio__doorbell){-1, -1};
    atomic_init(&made->mark, make_mark(made, 0));
    made->milliseconds = (config->flags & MIO_OPTION_MILLISECONDS) != 0;
    *selector = &made->base;
    return 0;
}

static void epoll_selector_free(struct mio_selector *selector)
{
    struct epoll_selector *self = epoll_of(selector);
    struct mio__config config = selector->config;
    mio__doorbell_close(&self->doorbell, &config);
    mio__close_own(&config, self->epoll, "closing the epoll descriptor");
    mio__release(&config.allocator, self, sizeof *self);
}

/* --- what ThreadSanitizer cannot know: a change of an entry comes before the event of it --- */

#if defined(MIO_SYSCALL_WATCHED)

static atomic_uint changes;

static void report_change(void)
{
    atomic_fetch_add(&changes, 1);
}

static void hear_of_changes(void)
{
    (void)atomic_load(&changes);
}

#else

static inline void report_change(void)
{
}

__attribute__((unused)) static inline void hear_of_changes(void)
{
}

#endif

/* --- waiting --- */

#if defined(MIO_SYSCALL_BY_LIBC)

static inline int wait_milliseconds(struct epoll_selector *self, struct mio_event *list, int room,
                                    int timeout)
{
    int saved = errno;
    int count = epoll_pwait(self->epoll, (struct epoll_event *)(void *)list, room, timeout, NULL);
    hear_of_changes();
    return count < 0 ? mio__failed(saved) : count;
}

#else

/* Without a signal mask nobody asks for its size. */
static inline int wait_milliseconds(struct epoll_selector *self, struct mio_event *list, int room,
                                    int timeout)
{
    return (int)mio__syscall5(SYS_epoll_pwait, self->epoll, (long)list, room, timeout, 0);
}

#endif

#if defined(MIO_SYSCALL_WATCHED)

/* No sanitizer knows of the call. */
static int wait_nanoseconds(struct epoll_selector *self, struct mio_event *list, int room,
                            int64_t timeout_ns)
{
    (void)self;
    (void)list;
    (void)room;
    (void)timeout_ns;
    return -ENOSYS;
}

#else

/* The kernel's own timespec for system calls, of 64 bits on every CPU. */
struct kernel_timespec {
    int64_t seconds;
    int64_t nanoseconds;
};

static int wait_nanoseconds(struct epoll_selector *self, struct mio_event *list, int room,
                            int64_t timeout_ns)
{
    struct kernel_timespec timeout = {timeout_ns / MIO_NS_PER_S, timeout_ns % MIO_NS_PER_S};
    return (int)mio__syscall(SYS_epoll_pwait2, self->epoll, (long)list, room, (long)&timeout, 0, 0);
}

#endif

/* Up, so that a timeout never ends early; what an int cannot hold is waited for in parts. */
static int milliseconds_of(int64_t timeout_ns)
{
    int64_t milliseconds = timeout_ns / MIO_NS_PER_MS + (timeout_ns % MIO_NS_PER_MS != 0);
    return milliseconds > INT_MAX ? INT_MAX : (int)milliseconds;
}

/* What the call itself has to say. Anything else says that there is no such call here. */
static bool is_of_the_wait(int result)
{
    return result >= 0 || result == -EINTR || result == -EBADF || result == -EFAULT ||
           result == -EINVAL;
}

static int select_exactly(struct epoll_selector *self, struct mio_event *list, int room,
                          int64_t timeout_ns)
{
    bool whole = timeout_ns % MIO_NS_PER_MS == 0 && timeout_ns / MIO_NS_PER_MS <= INT_MAX;
    if (!whole && !self->milliseconds) {
        int count = wait_nanoseconds(self, list, room, timeout_ns);
        if (is_of_the_wait(count))
            return count;
        self->milliseconds = true;
    }
    return wait_milliseconds(self, list, room, milliseconds_of(timeout_ns));
}

/* More than the kernel takes is refused by it; nobody has so many descriptors. */
enum { MAX_ROOM = INT_MAX / (int)sizeof(struct epoll_event) };

static int epoll_select(struct mio_selector *selector, struct mio_event *list, int room,
                        int64_t timeout_ns)
{
    struct epoll_selector *self = epoll_of(selector);
    if (room > MAX_ROOM)
        room = MAX_ROOM;
    if (timeout_ns > 0)
        return select_exactly(self, list, room, timeout_ns);
    return wait_milliseconds(self, list, room, (int)timeout_ns);
}

/* The same with no time that ends and with usual room: nothing but the system call. */
static inline int select_quickly(struct mio_selector *selector, struct mio_event *list, int room,
                                 int64_t timeout_ns)
{
    return wait_milliseconds(epoll_of(selector), list, room, (int)timeout_ns);
}

__attribute__((noinline)) static int epoll_wait_carefully(struct mio_selector *selector,
                                                          struct mio_events *events,
                                                          int64_t timeout_ns)
{
    return mio__wait_once(selector, events, timeout_ns, epoll_select, NULL);
}

/* Calls nothing before it ends, so that it has hardly a register to save. */
static int epoll_wait_once(struct mio_selector *selector, struct mio_events *events,
                           int64_t timeout_ns)
{
    if (timeout_ns > 0 || events->capacity > MAX_ROOM)
        return epoll_wait_carefully(selector, events, timeout_ns);
    return mio__wait_once(selector, events, timeout_ns, select_quickly, NULL);
}

/* --- registering --- */

static uint32_t any_events_of(mio_interest interest)
{
    uint32_t events = 0;
    if ((interest & MIO_READABLE) != 0)
        events |= EPOLLIN;
    if ((interest & (MIO_READABLE | MIO_READ_CLOSED)) != 0)
        events |= EPOLLRDHUP;
    if ((interest & MIO_WRITABLE) != 0)
        events |= EPOLLOUT;
    if ((interest & MIO_PRIORITY) != 0)
        events |= EPOLLPRI;
    if ((interest & MIO_LEVEL) == 0)
        events |= EPOLLET;
    if ((interest & MIO_ONESHOT) != 0)
        events |= EPOLLONESHOT;
    if ((interest & MIO_EXCLUSIVE) != 0)
        events = (events & ~(uint32_t)EPOLLRDHUP) | EPOLLEXCLUSIVE;
    return events;
}

static inline uint32_t usual_events_of(mio_interest interest)
{
    uint32_t reading = (interest & MIO_READABLE) != 0 ? EPOLLIN | EPOLLRDHUP : 0;
    uint32_t writing = (interest & MIO_WRITABLE) != 0 ? EPOLLOUT : 0;
    return reading | writing | EPOLLET;
}

static int call_epoll_ctl(int epoll, int operation, int fd, struct epoll_event *entry)
{
    report_change();
    return (int)mio__syscall4(SYS_epoll_ctl, epoll, operation, fd, (long)entry);
}

static int control(struct epoll_selector *self, int operation, int fd, uint32_t events,
                   uint64_t data)
{
    struct epoll_event entry;
    memset(&entry, 0, sizeof entry);
    entry.events = events;
    entry.data.u64 = data;
    return call_epoll_ctl(self->epoll, operation, fd, &entry);
}

/* A move is a ring as well, since the kernel may look at the doorbell again. */
static int move_doorbell(struct mio_selector *selector)
{
    struct epoll_selector *self = epoll_of(selector);
    return control(self, EPOLL_CTL_MOD, self->doorbell.read_end, EPOLLIN | EPOLLET,
                   doorbell_data(self));
}

/*
 * The new mark is known before the kernel uses it, so that no record of it gets past the waiter;
 * and the token is free before it is registered.
 */
__attribute__((noinline)) static int give_up_mark(struct epoll_selector *self, mio_token token)
{
    int error = 0;
    mio__lock_take(&self->base.wakes.arming);
    if (atomic_load(&self->mark) == token) {
        atomic_store(&self->mark, make_mark(self, token));
        if (self->doorbell.read_end >= 0)
            error = mio__wake_queue_ring_by(&self->base.wakes, move_doorbell);
        if (error < 0)
            atomic_store(&self->mark, token);
    }
    mio__lock_give(&self->base.wakes.arming);
    return error;
}

/* Registers under a token that is none of the doorbell's. */
static inline int set_events(struct epoll_selector *self, int operation, mio_fd fd, mio_token token,
                             uint32_t events)
{
    if (token == doorbell_data(self)) {
        int error = give_up_mark(self, token);
        if (error < 0)
            return error;
    }
    return control(self, operation, fd, events, token);
}

static int set_entry(struct epoll_selector *self, int operation,
                     const struct mio__registration *wanted)
{
    return set_events(self, operation, wanted->fd, wanted->token, any_events_of(wanted->interest));
}

static int epoll_register_usual(struct mio_selector *selector, mio_fd fd, mio_token token,
                                mio_interest interest)
{
    return set_events(epoll_of(selector), EPOLL_CTL_ADD, fd, token, usual_events_of(interest));
}

static int epoll_register(struct mio_selector *selector, const struct mio__registration *wanted)
{
    return set_entry(epoll_of(selector), EPOLL_CTL_ADD, wanted);
}

/* What cannot be put back is told to the log: the descriptor is watched no more. */
static int delete_and_add(struct epoll_selector *self, const struct mio__registration *wanted,
                          const struct mio__registration *previous)
{
    int error = control(self, EPOLL_CTL_DEL, wanted->fd, 0, 0);
    if (error < 0)
        return error;
    error = set_entry(self, EPOLL_CTL_ADD, wanted);
    if (error < 0 && previous) {
        int lost = set_entry(self, EPOLL_CTL_ADD, previous);
        if (lost < 0)
            mio__log(&self->base.config, lost, "putting back a registration");
    }
    return error;
}

/* Whether an entry that MOD refuses with EINVAL may be an exclusive one. If not, the descriptor is
 * one that the new interest is refused for, and the entry stays as it is. */
static bool may_be_exclusive(const struct mio__registration *previous)
{
    return !previous || (previous->interest & MIO_EXCLUSIVE) != 0;
}

static int epoll_reregister(struct mio_selector *selector, const struct mio__registration *wanted,
                            const struct mio__registration *previous)
{
    struct epoll_selector *self = epoll_of(selector);
    if ((wanted->interest & MIO_EXCLUSIVE) == 0) {
        int error = set_entry(self, EPOLL_CTL_MOD, wanted);
        /* Of the epoll set itself DEL is refused too. */
        if (error != -EINVAL || !may_be_exclusive(previous))
            return error;
    }
    return delete_and_add(self, wanted, previous);
}

/* MOD refuses an exclusive entry. */
static int epoll_reregister_usual(struct mio_selector *selector, mio_fd fd, mio_token token,
                                  mio_interest interest)
{
    int error = set_events(epoll_of(selector), EPOLL_CTL_MOD, fd, token, usual_events_of(interest));
    if (error != -EINVAL)
        return error;
    const struct mio__registration wanted = {fd, interest, token, NULL};
    return epoll_reregister(selector, &wanted, NULL);
}

static int epoll_deregister(struct mio_selector *selector, mio_fd fd,
                            const struct mio__registration *previous)
{
    (void)previous;
    return control(epoll_of(selector), EPOLL_CTL_DEL, fd, 0, 0);
}

/* --- waking --- */

static int epoll_arm_doorbell(struct mio_selector *selector)
{
    struct epoll_selector *self = epoll_of(selector);
    if (self->doorbell.read_end >= 0)
        return 0;
    struct mio__doorbell made;
    int error = mio__doorbell_open(&made);
    if (error < 0)
        return error;
    error = control(self, EPOLL_CTL_ADD, made.read_end, EPOLLIN | EPOLLET, doorbell_data(self));
    if (error < 0)
        mio__doorbell_close(&made, &selector->config);
    else
        self->doorbell = made;
    return error;
}

static int epoll_ring(struct mio_selector *selector)
{
    return mio__doorbell_ring(&epoll_of(selector)->doorbell);
}

static bool epoll_is_doorbell(const struct mio_selector *selector, const struct mio_event *record)
{
    const struct epoll_selector *self = (const struct epoll_selector *)selector;
    return record->data == doorbell_data(self) && record->events == EPOLLIN;
}

static int epoll_selector_fd(struct mio_selector *selector)
{
    return ((const struct epoll_selector *)selector)->epoll;
}

const struct mio__selector_ops mio__epoll_ops = {
    .name = "epoll",
    .serves = MIO_READABLE | MIO_WRITABLE | MIO_PRIORITY | MIO_READ_CLOSED | MIO_ERROR | MIO_LEVEL |
              MIO_ONESHOT | MIO_EXCLUSIVE,
    .selector_new = epoll_selector_new,
    .selector_free = epoll_selector_free,
    .select = epoll_select,
    .wait = epoll_wait_once,
    .filter = NULL,
    .register_fd = epoll_register,
    .reregister_fd = epoll_reregister,
    .deregister_fd = epoll_deregister,
    .register_usual = epoll_register_usual,
    .reregister_usual = epoll_reregister_usual,
    .rearm = NULL,
    .apply = NULL,
    .arm_doorbell = epoll_arm_doorbell,
    .ring = epoll_ring,
    .is_doorbell = epoll_is_doorbell,
    .selector_fd = epoll_selector_fd,
};

#endif

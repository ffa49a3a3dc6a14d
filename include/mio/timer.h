/* SPDX-License-Identifier: MIT */
/*
 * Timers: a moment at which a wait ends, and delivers an event with the timer's token among the
 * others.
 *
 *   struct mio_timer timer = MIO_TIMER_INIT;
 *   mio_timer_set_after(&timer, registry, 7, MIO_SECONDS(30));
 *   ...
 *   if (mio_event_is_timer(event))  // the token is 7
 *
 * A timer is a value of the caller's, of some hundred bytes, which the poll links to others while
 * it is set. Setting, moving and cancelling one makes no system call and allocates nothing, however
 * many there are, with two exceptions. The first timer of a poll makes what a poll's timers need.
 * And another thread that sleeps in a wait, or on mio_poll_fd(), is woken when its time to sleep
 * gets shorter.
 *
 * A timer that has been set must not move or be freed before its event has come or
 * mio_timer_cancel() has returned. When the poll is freed its timers are forgotten, and are not
 * touched: they may have been freed by then. Such a timer is not set again before
 * mio_timer_init(). So it is in the child of a fork, where each function here is -ECHILD.
 *
 * Any thread may call any function, for the same timer too. The registry is that of the poll or a
 * clone, the same one or another for each call.
 *
 * ALL TIMES ARE NANOSECONDS, as in mio/poll.h. Events come in the order of their times, and those
 * of one time in the order in which they were set. Never early; how late is not promised.
 */
#ifndef MIO_TIMER_H
#define MIO_TIMER_H

#include <mio/types.h>

#include <stdbool.h>

MIO_BEGIN_DECLS

struct mio_poll;
struct mio_registry;

/* --- clocks --- */

/* The clock of mio_now(), which may stand still while the system is suspended. */
#define MIO_CLOCK_MONOTONIC 0u

/*
 * Counts the time in which the system is suspended: CLOCK_BOOTTIME on Linux and OpenBSD,
 * CLOCK_MONOTONIC on Apple, which does so by itself. -ENOTSUP elsewhere. The kernel's sleeps may
 * stand still meanwhile, so the wait looks at this clock every 10 seconds while such a timer is
 * set. After the system was suspended an event may be late by that.
 */
#define MIO_CLOCK_BOOT 1u

/* The time of day. No system's wait ends when that clock is set to another time: -ENOTSUP
 * everywhere. */
#define MIO_CLOCK_WALL 2u

/*
 * Now, on a clock, as the timers of this poll have it: the function of mio_options.clock, or the
 * system's clock. Deadlines are moments of this kind. -EINVAL: NULL, or there is no such clock.
 * -ENOTSUP: this system does not have it. -ECHILD: see mio_poll_wait().
 */
MIO_API int64_t mio_timer_now(const struct mio_registry *registry, uint32_t clock);

/* --- timers --- */

/* Use the functions below: the members are the library's, and are here so that a program can have
 * values of the type. All 0: a timer that is not set. */
struct mio_timer {
    struct mio_timer *next; /* beside it, in its list or among its parent's children */
    struct mio_timer *previous;
    void *home;        /* what keeps the timers of its poll and clock */
    uint32_t position; /* 0: it is not set */
    uint32_t is_periodic;
    int64_t expiry; /* when its event is due */
    mio_token token;
    uint64_t turn; /* of those with one expiry, who was set first */
    struct mio_timer *child;
    int64_t deadline; /* of a periodic one: `expiry` is at most `slack` later */
    int64_t period;   /* 0: once */
    int64_t slack;
    uintptr_t reserved;
};

/* clang-format off */
#ifdef __cplusplus
#define MIO_TIMER_INIT {}
#else
#define MIO_TIMER_INIT {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0}
#endif
/* clang-format on */

/* Makes a timer that is not set, whatever was in the struct. NULL: does nothing. */
MIO_API void mio_timer_init(struct mio_timer *timer);

/* How a timer is set, beyond its deadline. A struct of zeros is the default. */
struct mio_timer_options {
    /*
     * 0: the timer expires once. Else, after its deadline, it expires again each time that this
     * has passed, without drift: the n-th time is `deadline` + n * `period`, whenever its event
     * came. If several times have passed, one event tells how many (mio_event_expirations()).
     */
    int64_t period;

    /*
     * How much later than its deadline it may come. Of the moments between the two the library
     * takes the one that is a multiple of the highest power of 2. So timers of all programs that
     * have about the same slack and are due within it mostly share one, and end one wait.
     */
    int64_t slack;

    uint32_t clock;        /* MIO_CLOCK_... */
    uint32_t flags;        /* 0 */
    uintptr_t reserved[4]; /* 0 */
};

/*
 * Sets a timer to a deadline on the clock of mio_now() (_set), to a moment `after_ns` from now
 * (_set_after), to a period, the first of which ends a period from now (_set_every), or as
 * `options` say (_set_with; NULL: as _set). One that is set is moved: its old deadline is gone, and
 * so are its old token and options. With a deadline that has passed the event comes with the next
 * wait. What does not fit into an int64_t is cut: that moment never comes.
 *
 * -EINVAL: NULL, a period that is not positive (_set_every) or negative, a negative slack, an
 * unknown clock or flag, or a reserved member that is not 0. -ENOTSUP: this system does not have
 * the clock. -EEXIST: the timer is set in another poll. -ECANCELED: the poll has been freed.
 * -ECHILD: see mio_poll_wait(). The first timer of a poll also -ENOMEM, and the errors of
 * mio_waker_new(), whose doorbell it makes. After an error nothing has changed.
 *
 * Any other error is the kernel's: the timer is set, but a thread that sleeps may not have been
 * told that its time has become shorter. Setting it again tries again.
 */
MIO_NODISCARD MIO_API int mio_timer_set(struct mio_timer *timer, struct mio_registry *registry,
                                        mio_token token, int64_t deadline);
MIO_NODISCARD MIO_API int mio_timer_set_after(struct mio_timer *timer,
                                              struct mio_registry *registry, mio_token token,
                                              int64_t after_ns);
MIO_NODISCARD MIO_API int mio_timer_set_every(struct mio_timer *timer,
                                              struct mio_registry *registry, mio_token token,
                                              int64_t period_ns);
MIO_NODISCARD MIO_API int mio_timer_set_with(struct mio_timer *timer, struct mio_registry *registry,
                                             mio_token token, int64_t deadline,
                                             const struct mio_timer_options *options);

/*
 * Cancels a timer, which may be freed afterwards. Returns 1 if it was set: no event of it comes any
 * more, but for those that a wait has handed out already, as a periodic one may have had. 0: it was
 * not set, or its only event has been handed out. That event may be in the array that the calling
 * thread is just going through, or in that of the thread that waits, which may not have returned
 * yet. Who has to know which uses tokens that tell of an object that is gone (mio/slab.h).
 *
 * -EINVAL: NULL. -EEXIST: the timer is set in another poll. -ECHILD: see mio_poll_wait(). In a
 * library whose poll has been freed, by a clone of its registry: 1 if it was set, and it is not any
 * more.
 */
MIO_API int mio_timer_cancel(struct mio_timer *timer, struct mio_registry *registry);

/*
 * When the next timer is due, on the clock of mio_now(), for a program whose own loop watches
 * mio_poll_fd(): a loop that sleeps no longer than that, and then waits on the poll with a timeout
 * of 0, brings the events of timers in time. MIO_FOREVER: no timer is set. A moment that has passed
 * is 0. The descriptor becomes readable when another thread sets a timer that is due earlier, so
 * ask again after each wait. A timer of MIO_CLOCK_BOOT counts by how far it is away now, and as 10
 * seconds away at most.
 *
 * -EINVAL: NULL. -ECHILD: see mio_poll_wait(). After an error `deadline` is as it was.
 */
MIO_NODISCARD MIO_API int mio_poll_next_deadline(struct mio_poll *poll, int64_t *deadline);

MIO_END_DECLS

#endif

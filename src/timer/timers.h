/* SPDX-License-Identifier: MIT */
/*
 * The timers of a poll: one wheel a clock, and the wait that takes their time into account.
 *
 * They are made with the poll's first timer, which puts a wait of its own in the place of the
 * selector's. That wait sleeps until the next timer is due at most, and hands out what is due
 * beside what the selector's wait brings. So a poll without timers pays nothing.
 *
 * A thread that sleeps relies on the deadline that it has slept for. Who sets a timer that is
 * earlier pushes a node onto the wake queue, which has no event: the sleeper comes up, or does not
 * go to sleep, and asks for the next deadline again. By the rule of the two looks (wake_queue.h)
 * that is not lost.
 */
#ifndef MIO_SRC_TIMER_TIMERS_H
#define MIO_SRC_TIMER_TIMERS_H

#include "../selector/selector.h"

#include <mio/timer.h>

struct mio__timers;

/* The selector's timers, made by the first call. 0, -ENOMEM, or an error of arming the selector. */
int mio__timers_open(struct mio_selector *selector, struct mio__timers **timers);

/* Those that were made, or NULL. Their node is their first member. */
static inline struct mio__timers *mio__timers_of(const struct mio_selector *selector)
{
    return (struct mio__timers *)atomic_load_explicit(&selector->timers, memory_order_acquire);
}

/* The poll is about to be freed: forgets all timers, and takes no other. */
void mio__timers_close(struct mio_selector *selector);

/* Now, on a clock that there is, as the selector's timers have it. */
int64_t mio__timers_now(const struct mio_selector *selector, uint32_t clock);

/* As mio_timer_set(), mio_timer_set_with() and mio_timer_cancel() have it, any thread. The options
 * are right. */
int mio__timers_set(struct mio__timers *timers, struct mio_timer *timer, mio_token token,
                    int64_t deadline);
int mio__timers_set_with(struct mio__timers *timers, struct mio_timer *timer, mio_token token,
                         int64_t deadline, const struct mio_timer_options *options);
int mio__timers_cancel(struct mio__timers *timers, struct mio_timer *timer);

/* As mio_poll_next_deadline() has it. The caller relies on it if it sleeps on the selector's
 * descriptor. */
int64_t mio__timers_next(struct mio__timers *timers);

/* Somebody may sleep on the selector's descriptor from now on, and has not asked for the next
 * deadline yet. 0, or the error of ringing. */
int mio__timers_embed(struct mio__timers *timers);

#endif

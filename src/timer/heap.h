/* SPDX-License-Identifier: MIT */
/*
 * A heap of timers, linked through the timers themselves: a pairing heap. The earliest is the root.
 * Adding one takes one comparison; removing one takes O(log n), amortized, and O(1) for one that
 * has no children, which most have not.
 *
 * Of a timer in a heap `child` is its first child, `next` its next sibling, and `previous` its
 * previous sibling, or the parent of a first child. A root has neither sibling nor parent.
 */
#ifndef MIO_SRC_TIMER_HEAP_H
#define MIO_SRC_TIMER_HEAP_H

#include <mio/timer.h>

/* Whether an event of `one` comes before that of `other`. */
static inline bool mio__timer_is_earlier(const struct mio_timer *one, const struct mio_timer *other)
{
    return one->expiry != other->expiry ? one->expiry < other->expiry : one->turn < other->turn;
}

/* The root of `root` (NULL: an empty heap) and a timer that is in no heap. */
struct mio_timer *mio__heap_add(struct mio_timer *root, struct mio_timer *timer);

/* The root of `root` without one of its timers; NULL: that was the last. */
struct mio_timer *mio__heap_remove(struct mio_timer *root, struct mio_timer *timer);

#endif

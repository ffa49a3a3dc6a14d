/* SPDX-License-Identifier: MIT */
/*
 * The timers of a poll by when they expire: a list of the new ones, a wheel, and a heap.
 *
 * Nearly all timers are timeouts, which are cancelled or moved before they expire. So order is made
 * as late as can be, of those alone that are still there then:
 *
 * - A timer that is set goes to the list of the new ones. Many are gone before the next wait.
 * - A wait puts those that are left into the wheel. A moment is a number in base 64 whose last
 *   digit counts grains of 2^20 ns, about a millisecond. A timer goes to the slot of the first
 *   digit, from above, in which its moment differs from `base`: again a list without order. Each
 *   slot of a lower level is earlier than all of a higher one, and on a level they follow each
 *   other.
 * - When `base` comes to a slot, it is opened: its timers go to lower levels, and those of the next
 *   grain to the heap, in which they are ordered to the nanosecond. A timer is moved at most once a
 *   level.
 *
 * A timer is taken out of a list in O(1). `base` follows the time, so that what is set meanwhile
 * finds its slot on a low level. It goes ahead of the time only when the earliest timer is asked
 * for and is one of a crowd: then looking through the slot would cost more than opening it. What is
 * set before `base` goes to the heap, which takes any moment.
 */
#ifndef MIO_SRC_TIMER_WHEEL_H
#define MIO_SRC_TIMER_WHEEL_H

#include "heap.h"

enum {
    MIO_WHEEL_GRAIN_BITS = 20,
    MIO_WHEEL_DIGIT_BITS = 6,
    MIO_WHEEL_SLOTS = 1 << MIO_WHEEL_DIGIT_BITS,
    MIO_WHEEL_LEVELS = 8 /* 20 + 8 * 6 bits are more than a moment has */
};

/* Where a timer is (its `position`): nowhere; in the heap; in list `position` - 2, which are those
 * of the slots and that of the new ones. */
enum {
    MIO_TIMER_NOWHERE,
    MIO_TIMER_IN_HEAP,
    MIO_TIMER_IN_LIST,
    MIO_WHEEL_NEW = MIO_WHEEL_LEVELS * MIO_WHEEL_SLOTS, /* the list of the new ones */
    MIO_WHEEL_LISTS
};

struct mio__wheel {
    uint64_t turn;           /* of the timer that was added last */
    struct mio_timer *near;  /* the heap: all that expire before `base` + 1 grain, and others */
    struct mio_timer *first; /* the earliest in the slots; NULL: there is none, or it is unknown */
    uint64_t base;           /* whole grains; no timer in the slots expires before */
    unsigned levels;         /* bit n: there are timers on level n */
    uint64_t used[MIO_WHEEL_LEVELS];          /* bit n: there are timers in slot n of the level */
    struct mio_timer *lists[MIO_WHEEL_LISTS]; /* the first of each */
};

/* When a timer with slack expires: at the moment within it that is a multiple of the highest power
 * of 2. */
int64_t mio__expiry_of(int64_t deadline, int64_t slack);

/* The new timers go where they belong. */
void mio__wheel_settle(struct mio__wheel *wheel);

/* The same, and the time is `now`, at least 0. An empty wheel is all zeros. */
void mio__wheel_advance(struct mio__wheel *wheel, int64_t now);

/* The earliest timer, or NULL. */
struct mio_timer *mio__wheel_first(struct mio__wheel *wheel);

/* A timer leaves the heap; a slot has none any more. */
void mio__wheel_take_from_heap(struct mio__wheel *wheel, struct mio_timer *timer);
void mio__wheel_note_empty(struct mio__wheel *wheel, unsigned list);

static inline void mio__wheel_push(struct mio__wheel *wheel, unsigned list, struct mio_timer *timer)
{
    struct mio_timer *head = wheel->lists[list];
    timer->position = MIO_TIMER_IN_LIST + list;
    timer->previous = NULL;
    timer->next = head;
    if (head)
        head->previous = timer;
    wheel->lists[list] = timer;
}

/* Adds a timer that is in no wheel, with its expiry set. */
static inline void mio__wheel_add(struct mio__wheel *wheel, struct mio_timer *timer)
{
    timer->turn = ++wheel->turn;
    mio__wheel_push(wheel, MIO_WHEEL_NEW, timer);
}

static inline void mio__wheel_take_from_list(struct mio__wheel *wheel, struct mio_timer *timer)
{
    unsigned list = timer->position - MIO_TIMER_IN_LIST;
    struct mio_timer *next = timer->next;
    struct mio_timer *previous = timer->previous;
    if (next)
        next->previous = previous;
    if (previous) {
        previous->next = next;
        return;
    }
    wheel->lists[list] = next;
    if (!next && list != MIO_WHEEL_NEW)
        mio__wheel_note_empty(wheel, list);
}

/* Removes a timer that is in this wheel. */
static inline void mio__wheel_remove(struct mio__wheel *wheel, struct mio_timer *timer)
{
    if (timer->position == MIO_TIMER_IN_HEAP)
        mio__wheel_take_from_heap(wheel, timer);
    else
        mio__wheel_take_from_list(wheel, timer);
    if (timer == wheel->first)
        wheel->first = NULL;
    timer->position = MIO_TIMER_NOWHERE;
}

static inline bool mio__wheel_is_empty(const struct mio__wheel *wheel)
{
    return !wheel->near && wheel->levels == 0 && !wheel->lists[MIO_WHEEL_NEW];
}

#endif

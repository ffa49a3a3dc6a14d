/* SPDX-License-Identifier: MIT */
/*
 * Events that come from the program itself: wakes, and what a selector has to report beside the
 * kernel.
 *
 * A wake is a node put on a lock-free stack. The waiter takes the whole stack and hands the nodes
 * over as events, so a wake that finds it awake costs no system call. Only a waiter that is about
 * to sleep must be told through the kernel, by ringing the selector's doorbell. Both sides follow
 * one rule, with sequentially consistent operations:
 *
 *      waker                               waiter
 *      1. put the node on the stack        1. say "asleep"
 *      2. look whether the waiter sleeps   2. look at the stack again
 *      3. if so, ring                      3. if it is empty, sleep
 *
 * Whichever order the four first steps take, the waker sees the sleeper or the waiter sees the
 * node: no wake is lost. tests/model/ checks exactly this with Spin.
 *
 * Who puts a node on the stack rings for it, and nobody else need look: a wake of a node that is
 * pending is over after one exchange. A waiter that finds something at its second look is awake
 * again before it asks the kernel, without sleeping, and is not rung. So a storm of wakes makes
 * next to no system calls. Should a ring fail, all wakes look, until a ring succeeds: waking again
 * tries again.
 *
 * A selector nobody has made a waker for is waited on directly: it is waited on without any of
 * this, and its waiter does not say "asleep", which would cost it 20 cycles a wait. Making the
 * doorbell therefore rings it once, for a waiter that may sleep without having said so; and a wait
 * that finds the selector mediated at its end, but direct at its beginning, ends as the others do.
 *
 * The doorbell's record comes out of the kernel among the others and must not reach the caller.
 * Looking for it costs a comparison an event, so it is done only while a record may be under way:
 * while the rings begun are not known to be used up. They are when a fetch that began after the
 * last of them was done had room to spare.
 */
#ifndef MIO_SRC_WAKE_WAKE_QUEUE_H
#define MIO_SRC_WAKE_WAKE_QUEUE_H

#include "../os/lock.h"

#include <mio/event.h>

#include <stdatomic.h>
#include <stdbool.h>

struct mio_selector;

enum mio__wake_state {
    MIO_WAKE_IDLE,    /* on no list */
    MIO_WAKE_PENDING, /* on the stack or among the taken, once */
    MIO_WAKE_DEAD     /* freed by its owner while pending: whoever takes it releases it */
};

enum mio__waiter_state {
    MIO_WAITER_AWAKE,  /* will look at the stack by itself */
    MIO_WAITER_ASLEEP, /* sleeps, or is about to: must be rung */
    MIO_WAITER_RUNG    /* somebody rings already */
};

struct mio__wake_node {
    struct mio__wake_node *next; /* on its list; written only while the node is pending */
    atomic_int state;            /* enum mio__wake_state */
    mio_token token;             /* of the event, where there is no collect(); never changes */

    /* Where the node stands for more than a wake: moves at most `capacity` events to `list`. */
    int (*collect)(struct mio__wake_node *node, struct mio_event *list, int capacity, bool *more);

    /* Releases the node, which was abandoned while it was pending. NULL: it never is. */
    void (*release)(struct mio__wake_node *node);
};

enum { MIO_CACHE_LINE = 64 };

struct mio__wake_queue {
    /* --- what passes between wakers and waiter --- */
    _Atomic(struct mio__wake_node *) incoming; /* the stack, last first */
    atomic_int waiter;                         /* enum mio__waiter_state */
    atomic_uint rings_begun;                   /* counted before the kernel is told ... */
    atomic_uint rings_done;                    /* ... and after */

    /* --- the waiter's own --- */
    unsigned settled;             /* up to this count of rings no record can come any more */
    struct mio__wake_node *taken; /* first come first; what found no room last time */
    struct mio__wake_node *last;  /* of the taken; anything when there are none */
    unsigned waits;    /* begun with this queue; tells the events of one wait from the next's */
    bool kernel_first; /* whose turn it is when both have events; changes with every wait */

    /* --- what is seldom used, as large as a cache line at least: it keeps those above and those
     * below on lines of their own, wherever the allocator has put them --- */
    union {
        struct {
            struct mio_selector *selector;      /* whose doorbell is rung */
            int (*ring)(struct mio_selector *); /* rings it: 0 or -errno; async-signal-safe */
            mio__lock arming;                   /* held while the doorbell is made */
            atomic_bool armed; /* the doorbell is there; before it is, nothing is pushed */
        };
        char apart[MIO_CACHE_LINE];
    };

    /* --- what all read, and hardly anybody writes --- */
    atomic_int resting; /* what `waiter` returns to: ASLEEP once others wait too */
    atomic_bool unrung; /* a ring failed, and none was tried since: all wakes look */
};

/* An empty queue, of a selector that nobody has armed. */
void mio__wake_queue_init(struct mio__wake_queue *queue, struct mio_selector *selector,
                          int (*ring)(struct mio_selector *));

/* --- the waker's side: any thread, and signal handlers --- */

/* Puts the node on the queue unless it is there, and rings if the waiter sleeps. 0, or the
 * doorbell's error, after which the node is on the queue all the same. */
int mio__wake_queue_push(struct mio__wake_queue *queue, struct mio__wake_node *node);

/* Takes the node from its owner: true when it is on no list and may be released now, else the queue
 * does so later. */
bool mio__wake_queue_abandon(struct mio__wake_node *node);

/* Rings the doorbell whoever sleeps. */
int mio__wake_queue_ring(struct mio__wake_queue *queue);

/* Does what may bring the doorbell's record out of the kernel as a ring would. */
int mio__wake_queue_ring_by(struct mio__wake_queue *queue, int (*ring)(struct mio_selector *));

/* Rings if the waiter has said that it sleeps. */
int mio__wake_queue_ring_sleeper(struct mio__wake_queue *queue);

/* From now on somebody else may sleep on the selector's descriptor: every wake rings. */
int mio__wake_queue_embed(struct mio__wake_queue *queue);

/* --- the waiter's side --- */

static inline bool mio__wake_queue_has_pending(struct mio__wake_queue *queue)
{
    return queue->taken || atomic_load(&queue->incoming);
}

/*
 * Begins a wait, by the rule of the two looks. Returns whether the kernel may be asked as the
 * caller likes: nothing is pending, and a waiter that may sleep has said so. Otherwise it is what
 * it rests in, and must not sleep.
 */
static inline bool mio__wake_queue_begin_wait(struct mio__wake_queue *queue, bool may_sleep)
{
    queue->waits++;
    if (mio__wake_queue_has_pending(queue))
        return false;
    if (!may_sleep)
        return true;
    atomic_exchange(&queue->waiter, MIO_WAITER_ASLEEP);
    if (!atomic_load(&queue->incoming))
        return true;
    /* At once, so that nobody rings for what is about to be taken. */
    atomic_exchange(&queue->waiter, atomic_load(&queue->resting));
    return false;
}

/*
 * Ends a wait, if there is nothing more to do than to be awake again: no ring can have left a
 * record, and nobody else sleeps.
 */
static inline bool mio__wake_queue_end_quietly(struct mio__wake_queue *queue)
{
    if (atomic_load(&queue->rings_begun) != queue->settled ||
        atomic_load(&queue->resting) != MIO_WAITER_AWAKE)
        return false;
    /* A plain store: a waker that sees it late rings once too often. */
    atomic_store_explicit(&queue->waiter, MIO_WAITER_AWAKE, memory_order_release);
    return true;
}

/* The waiter is up again: it is what it rests in. Returns whether somebody else may sleep. */
bool mio__wake_queue_rest(struct mio__wake_queue *queue);

/* Writes at most `capacity` events of what is pending to `list`. Returns how many. */
int mio__wake_queue_hand_over(struct mio__wake_queue *queue, struct mio_event *list, int capacity);

/* Releases what was abandoned. Nobody waits or wakes any more. */
void mio__wake_queue_destroy(struct mio__wake_queue *queue);

#endif

/* SPDX-License-Identifier: MIT */
#include "wake_queue.h"

#include "../os/memory.h"
#include "../poll/waker.h"
#include "../record/record.h"
#include "../selector/selector.h"

#include <stddef.h>

/* --- the waker's side: any thread, and signal handlers --- */

int mio__wake_queue_ring_by(struct mio_selector *selector, int (*ring)(struct mio_selector *))
{
    struct mio__wake_queue *queue = &selector->wakes;
    atomic_fetch_add(&queue->rings_begun, 1);
    int result = ring(selector);
    atomic_fetch_add(&queue->rings_done, 1);
    return result;
}

int mio__wake_queue_ring(struct mio_selector *selector)
{
    return mio__wake_queue_ring_by(selector, selector->ops->wake);
}

static void push(struct mio__wake_queue *queue, struct mio__wake_node *node)
{
    struct mio__wake_node *top = atomic_load_explicit(&queue->incoming, memory_order_relaxed);
    do {
        node->next = top;
    } while (!atomic_compare_exchange_weak(&queue->incoming, &top, node));
}

/* One of those that find the waiter asleep rings. After a failure the next wake may try again. */
static int ring_sleeper(struct mio_selector *selector)
{
    struct mio__wake_queue *queue = &selector->wakes;
    int expected = MIO_WAITER_ASLEEP;
    if (!atomic_compare_exchange_strong(&queue->waiter, &expected, MIO_WAITER_RUNG))
        return 0;
    int result = mio__wake_queue_ring(selector);
    if (result < 0) {
        expected = MIO_WAITER_RUNG;
        atomic_compare_exchange_strong(&queue->waiter, &expected, MIO_WAITER_ASLEEP);
    }
    return result;
}

static void leave_pending(struct mio__wake_queue *queue, struct mio__wake_node *node)
{
    /* Always an exchange, never a mere look: what was written before this wake must be seen by who
     * gets the event. */
    if (atomic_exchange(&node->state, MIO_WAKE_PENDING) == MIO_WAKE_IDLE)
        push(queue, node);
}

int mio__wake_queue_push(struct mio_selector *selector, struct mio__wake_node *node)
{
    struct mio__wake_queue *queue = &selector->wakes;
    leave_pending(queue, node);
    if (atomic_load(&queue->waiter) != MIO_WAITER_ASLEEP)
        return 0;
    return ring_sleeper(selector);
}

bool mio__wake_queue_abandon(struct mio__wake_node *node)
{
    return atomic_exchange(&node->state, MIO_WAKE_DEAD) == MIO_WAKE_IDLE;
}

static bool anything_pending(struct mio__wake_queue *queue)
{
    return queue->taken || atomic_load(&queue->incoming);
}

int mio__wake_queue_embed(struct mio_selector *selector)
{
    struct mio__wake_queue *queue = &selector->wakes;
    atomic_exchange(&queue->resting, MIO_WAITER_ASLEEP);
    int expected = MIO_WAITER_AWAKE;
    atomic_compare_exchange_strong(&queue->waiter, &expected, MIO_WAITER_ASLEEP);
    /* What is pending already may not have been rung for. */
    return anything_pending(queue) ? ring_sleeper(selector) : 0;
}

/* --- the waiter's side --- */

/* Moves the stack to the end of `taken`, in the order of the wakes: constant time for each of them,
 * however many are there already. */
static void take_incoming(struct mio__wake_queue *queue)
{
    if (!atomic_load_explicit(&queue->incoming, memory_order_relaxed))
        return;
    struct mio__wake_node *newest = atomic_exchange(&queue->incoming, NULL);
    struct mio__wake_node *in_order = NULL;
    struct mio__wake_node *node = newest;
    do { /* nobody else takes */
        struct mio__wake_node *next = node->next;
        node->next = in_order;
        in_order = node;
        node = next;
    } while (node);
    if (queue->taken)
        queue->last->next = in_order;
    else
        queue->taken = in_order;
    queue->last = newest;
}

/* Hands a node's event over. Returns the number of records written. */
static inline int hand_over_node(struct mio_selector *selector, struct mio__wake_node *node,
                                 struct mio_event *list, int room)
{
    mio_token token = node->token;
    bool collects = node->collects;
    /* From here on the node may be pushed again, or be gone. */
    if (atomic_exchange(&node->state, MIO_WAKE_IDLE) == MIO_WAKE_DEAD) {
        mio__waker_release(selector, node);
        return 0;
    }
    if (!collects) {
        mio__record_wake(list, token);
        return 1;
    }
    bool more = false;
    int count = selector->ops->collect(selector, list, room, &more);
    /* Whether anybody is to be rung for it is seen to at the end of the wait. */
    if (more)
        leave_pending(&selector->wakes, node);
    return count;
}

static int hand_over(struct mio_selector *selector, struct mio_event *list, int room)
{
    struct mio__wake_queue *queue = &selector->wakes;
    int count = 0;
    take_incoming(queue);
    while (queue->taken && count < room) {
        struct mio__wake_node *node = queue->taken;
        queue->taken = node->next;
        count += hand_over_node(selector, node, list + count, room - count);
    }
    return count;
}

/* Drops the doorbell's records from a fetch, keeping the order of the rest. */
static int drop_doorbell(struct mio_selector *selector, struct mio_event *list, int count)
{
    int kept = 0;
    for (int i = 0; i < count; i++) {
        if (!selector->ops->is_doorbell(selector, &list[i]))
            list[kept++] = list[i];
    }
    return kept;
}

/* What of a fetch is for the caller. `done` are the rings that were done before it began. */
static inline int look_through(struct mio_selector *selector, struct mio_event *list, int room,
                               int count, unsigned done)
{
    struct mio__wake_queue *queue = &selector->wakes;
    unsigned begun = atomic_load(&queue->rings_begun);
    if (count < 0)
        return count;
    if (begun != queue->settled) {
        if (begun == done && count < room)
            queue->settled = begun;
        count = drop_doorbell(selector, list, count);
    }
    return selector->ops->filter ? selector->ops->filter(selector, list, count) : count;
}

/* One fetch from the kernel, without the doorbell. */
static inline int fetch(struct mio_selector *selector, struct mio_event *list, int room,
                        int64_t timeout_ns)
{
    unsigned done = atomic_load(&selector->wakes.rings_done);
    int count = selector->ops->select(selector, list, room, timeout_ns);
    return look_through(selector, list, room, count, done);
}

/*
 * Ends a wait that has `count` events of the program and `fetched` of the kernel, or its error. The
 * waiter goes back to what it rests in before the last look at the stack, so that a wake after that
 * look is rung for when somebody else sleeps on the selector's descriptor. A wait that did not
 * sleep is there already.
 */
static inline int end_wait(struct mio_selector *selector, struct mio_event *list, int room,
                           int count, int fetched)
{
    struct mio__wake_queue *queue = &selector->wakes;
    int resting = atomic_load(&queue->resting);
    if (atomic_load(&queue->waiter) != resting)
        atomic_exchange(&queue->waiter, resting);
    if (fetched >= 0) {
        count += fetched;
        if (count < room)
            count += hand_over(selector, list + count, room - count);
    } else if (count == 0) {
        count = fetched;
    }
    /* Events that found no room must keep the descriptor readable. */
    if (resting == MIO_WAITER_ASLEEP && anything_pending(queue)) {
        int error = ring_sleeper(selector);
        if (error < 0)
            mio__log(&selector->config, error, "ringing for events that found no room");
    }
    return count;
}

/* A wait that does not sleep: it only looks, or the program has events to hand over. */
__attribute__((noinline)) static int select_awake(struct mio_selector *selector,
                                                  struct mio_event *list, int room)
{
    struct mio__wake_queue *queue = &selector->wakes;
    int count = 0;
    int fetched = 0;
    if (anything_pending(queue)) {
        /* With little room neither side may starve the other: they take turns at being first. */
        queue->kernel_first = !queue->kernel_first;
        if (!queue->kernel_first)
            count = hand_over(selector, list, room);
    }
    if (count < room)
        fetched = fetch(selector, list + count, room - count, 0);
    return end_wait(selector, list, room, count, fetched);
}

/* Ends the usual sleep, which brought events of which none needs a look. */
static inline bool end_quietly(struct mio_selector *selector, int count)
{
    struct mio__wake_queue *queue = &selector->wakes;
    if (count <= 0 || selector->ops->filter || atomic_load(&queue->rings_begun) != queue->settled ||
        atomic_load(&queue->resting) != MIO_WAITER_AWAKE)
        return false;
    /* A plain store: a waker that sees it late rings once too often. */
    atomic_store_explicit(&queue->waiter, MIO_WAITER_AWAKE, memory_order_release);
    return true;
}

int mio__wake_queue_select(struct mio_selector *selector, struct mio_event *list, int room,
                           int64_t timeout_ns)
{
    struct mio__wake_queue *queue = &selector->wakes;
    queue->waits++;
    if (timeout_ns == 0 || anything_pending(queue))
        return select_awake(selector, list, room);
    /* The rule of the two looks. */
    unsigned done = atomic_load(&queue->rings_done);
    atomic_exchange(&queue->waiter, MIO_WAITER_ASLEEP);
    if (anything_pending(queue))
        timeout_ns = 0;
    int count = selector->ops->select(selector, list, room, timeout_ns);
    /* What is pending by now comes with the next wait, which does not sleep then. */
    if (end_quietly(selector, count))
        return count;
    count = look_through(selector, list, room, count, done);
    return end_wait(selector, list, room, 0, count);
}

int mio__wake_queue_finish(struct mio_selector *selector, struct mio_event *list, int room,
                           int fetched)
{
    /* Rings may be under way whatever the counts say: none of them is taken for settled. */
    fetched = look_through(selector, list, room, fetched, selector->wakes.settled);
    return end_wait(selector, list, room, 0, fetched);
}

void mio__wake_queue_destroy(struct mio_selector *selector)
{
    struct mio__wake_queue *queue = &selector->wakes;
    take_incoming(queue);
    while (queue->taken) {
        struct mio__wake_node *node = queue->taken;
        queue->taken = node->next;
        if (atomic_load(&node->state) == MIO_WAKE_DEAD)
            mio__waker_release(selector, node);
    }
}

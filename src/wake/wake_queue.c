/* SPDX-License-Identifier: MIT */
#include "wake_queue.h"

#include "../os/assert.h"
#include "../record/record.h"

#include <stddef.h>

void mio__wake_queue_init(struct mio__wake_queue *queue, struct mio_selector *selector,
                          int (*ring)(struct mio_selector *))
{
    queue->selector = selector;
    queue->ring = ring;
    mio__lock_init(&queue->arming);
}

/* --- the waker's side: any thread, and signal handlers --- */

int mio__wake_queue_ring_by(struct mio__wake_queue *queue, int (*ring)(struct mio_selector *))
{
    atomic_fetch_add(&queue->rings_begun, 1);
    int result = ring(queue->selector);
    atomic_fetch_add(&queue->rings_done, 1);
    return result;
}

int mio__wake_queue_ring(struct mio__wake_queue *queue)
{
    return mio__wake_queue_ring_by(queue, queue->ring);
}

static void push(struct mio__wake_queue *queue, struct mio__wake_node *node)
{
    struct mio__wake_node *top = atomic_load_explicit(&queue->incoming, memory_order_relaxed);
    do {
        node->next = top;
    } while (!atomic_compare_exchange_weak(&queue->incoming, &top, node));
}

/* A line that every wake reads is written only when there is something new. */
static void tell_unrung(struct mio__wake_queue *queue, bool unrung)
{
    if (atomic_load(&queue->unrung) != unrung)
        atomic_store(&queue->unrung, unrung);
}

/* One of those that find the waiter asleep rings. After a failure every wake tries again. */
int mio__wake_queue_ring_sleeper(struct mio__wake_queue *queue)
{
    int expected = MIO_WAITER_ASLEEP;
    if (!atomic_compare_exchange_strong(&queue->waiter, &expected, MIO_WAITER_RUNG))
        return 0;
    /* Before the ring: after it, the failure of a later one might be forgotten for its success. */
    tell_unrung(queue, false);
    int result = mio__wake_queue_ring(queue);
    if (result < 0) {
        tell_unrung(queue, true);
        expected = MIO_WAITER_RUNG;
        atomic_compare_exchange_strong(&queue->waiter, &expected, MIO_WAITER_ASLEEP);
    }
    return result;
}

/* Returns whether this call has put the node on the stack. Always an exchange, never a mere look:
 * what was written before this wake must be seen by who gets the event. */
static bool leave_pending(struct mio__wake_queue *queue, struct mio__wake_node *node)
{
    if (atomic_exchange(&node->state, MIO_WAKE_PENDING) != MIO_WAKE_IDLE)
        return false;
    push(queue, node);
    return true;
}

int mio__wake_queue_push(struct mio__wake_queue *queue, struct mio__wake_node *node)
{
    bool has_to_ring = leave_pending(queue, node) || atomic_load(&queue->unrung);
    if (!has_to_ring || atomic_load(&queue->waiter) != MIO_WAITER_ASLEEP)
        return 0;
    return mio__wake_queue_ring_sleeper(queue);
}

bool mio__wake_queue_abandon(struct mio__wake_node *node)
{
    return atomic_exchange(&node->state, MIO_WAKE_DEAD) == MIO_WAKE_IDLE;
}

int mio__wake_queue_embed(struct mio__wake_queue *queue)
{
    atomic_exchange(&queue->resting, MIO_WAITER_ASLEEP);
    int expected = MIO_WAITER_AWAKE;
    atomic_compare_exchange_strong(&queue->waiter, &expected, MIO_WAITER_ASLEEP);
    /* What is pending already may not have been rung for. */
    return mio__wake_queue_has_pending(queue) ? mio__wake_queue_ring_sleeper(queue) : 0;
}

/* --- the waiter's side --- */

/* An exchange only for the sake of others, who must not miss what is looked at afterwards. */
bool mio__wake_queue_rest(struct mio__wake_queue *queue)
{
    if (atomic_load(&queue->resting) == MIO_WAITER_AWAKE) {
        atomic_store_explicit(&queue->waiter, MIO_WAITER_AWAKE, memory_order_release);
        return false;
    }
    if (atomic_load(&queue->waiter) != MIO_WAITER_ASLEEP)
        atomic_exchange(&queue->waiter, MIO_WAITER_ASLEEP);
    return true;
}

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
static inline int hand_over_node(struct mio__wake_queue *queue, struct mio__wake_node *node,
                                 struct mio_event *list, int capacity)
{
    MIO_ASSERT(atomic_load(&node->state) != MIO_WAKE_IDLE);
    mio_token token = node->token;
    bool collects = node->collect != NULL;
    /* From here on the node may be pushed again, or be gone. */
    if (atomic_exchange(&node->state, MIO_WAKE_IDLE) == MIO_WAKE_DEAD) {
        node->release(node);
        return 0;
    }
    if (!collects) {
        mio__record_wake(list, token);
        return 1;
    }
    bool more = false;
    int count = node->collect(node, list, capacity, &more);
    /* Whether anybody is to be rung for it is seen to at the end of the wait. */
    if (more)
        (void)leave_pending(queue, node);
    return count;
}

int mio__wake_queue_hand_over(struct mio__wake_queue *queue, struct mio_event *list, int capacity)
{
    MIO_ASSERT(capacity > 0);
    int count = 0;
    take_incoming(queue);
    while (queue->taken && count < capacity) {
        struct mio__wake_node *node = queue->taken;
        queue->taken = node->next;
        count += hand_over_node(queue, node, list + count, capacity - count);
    }
    return count;
}

void mio__wake_queue_destroy(struct mio__wake_queue *queue)
{
    take_incoming(queue);
    while (queue->taken) {
        struct mio__wake_node *node = queue->taken;
        queue->taken = node->next;
        if (atomic_load(&node->state) == MIO_WAKE_DEAD)
            node->release(node);
    }
    mio__lock_destroy(&queue->arming);
}

/* SPDX-License-Identifier: MIT */
#include "wake_queue.h"

#include "memory.h"
#include "record.h"
#include "selector/selector.h"
#include "waker.h"

#include <stddef.h>

/* --- the waker's side: any thread, and signal handlers --- */

int mio_wake_queue_ring(struct mio_selector *selector)
{
    struct mio_wake_queue *queue = &selector->wakes;
    atomic_fetch_add(&queue->rings_begun, 1);
    int result = selector->ops->wake(selector);
    atomic_fetch_add(&queue->rings_done, 1);
    return result;
}

static void push(struct mio_wake_queue *queue, struct mio_wake_node *node)
{
    struct mio_wake_node *top = atomic_load_explicit(&queue->incoming, memory_order_relaxed);
    do {
        node->next = top;
    } while (!atomic_compare_exchange_weak(&queue->incoming, &top, node));
}

/* One of those that find the waiter asleep rings. After a failure the next wake may try again. */
static int ring_sleeper(struct mio_selector *selector)
{
    struct mio_wake_queue *queue = &selector->wakes;
    int expected = MIO_WAITER_ASLEEP;
    if (!atomic_compare_exchange_strong(&queue->waiter, &expected, MIO_WAITER_RUNG))
        return 0;
    int result = mio_wake_queue_ring(selector);
    if (result < 0) {
        expected = MIO_WAITER_RUNG;
        atomic_compare_exchange_strong(&queue->waiter, &expected, MIO_WAITER_ASLEEP);
    }
    return result;
}

int mio_wake_queue_push(struct mio_selector *selector, struct mio_wake_node *node)
{
    struct mio_wake_queue *queue = &selector->wakes;
    /* Always an exchange, never a mere look: what was written before this wake must be seen by who
     * gets the event. */
    if (atomic_exchange(&node->state, MIO_WAKE_PENDING) == MIO_WAKE_IDLE)
        push(queue, node);
    if (atomic_load(&queue->waiter) != MIO_WAITER_ASLEEP)
        return 0;
    return ring_sleeper(selector);
}

bool mio_wake_queue_abandon(struct mio_wake_node *node)
{
    return atomic_exchange(&node->state, MIO_WAKE_DEAD) == MIO_WAKE_IDLE;
}

int mio_wake_queue_embed(struct mio_selector *selector)
{
    struct mio_wake_queue *queue = &selector->wakes;
    if (atomic_exchange(&queue->resting, MIO_WAITER_ASLEEP) == MIO_WAITER_ASLEEP)
        return 0;
    int expected = MIO_WAITER_AWAKE;
    atomic_compare_exchange_strong(&queue->waiter, &expected, MIO_WAITER_ASLEEP);
    /* For what is pending already and was not rung for. */
    return mio_wake_queue_ring(selector);
}

/* --- the waiter's side --- */

static bool anything_pending(struct mio_wake_queue *queue)
{
    return queue->taken || atomic_load(&queue->incoming);
}

/* Moves the stack to the end of `taken`, in the order of the wakes. */
static void take_incoming(struct mio_wake_queue *queue)
{
    if (!atomic_load_explicit(&queue->incoming, memory_order_relaxed))
        return;
    struct mio_wake_node *node = atomic_exchange(&queue->incoming, NULL);
    struct mio_wake_node *in_order = NULL;
    while (node) {
        struct mio_wake_node *next = node->next;
        node->next = in_order;
        in_order = node;
        node = next;
    }
    struct mio_wake_node **end = &queue->taken;
    while (*end)
        end = &(*end)->next;
    *end = in_order;
}

/* Hands a node's event over. Returns the number of records written. */
static int hand_over_node(struct mio_selector *selector, struct mio_wake_node *node,
                          struct mio_event *list, int room)
{
    mio_token token = node->token;
    bool collects = node->collects;
    /* From here on the node may be pushed again, or be gone. */
    if (atomic_exchange(&node->state, MIO_WAKE_IDLE) == MIO_WAKE_DEAD) {
        mio_waker_release(selector, node);
        return 0;
    }
    if (!collects) {
        mio_record_wake(list, token);
        return 1;
    }
    bool more = false;
    int count = selector->ops->collect(selector, list, room, &more);
    if (more)
        mio_wake_queue_push(selector, node);
    return count;
}

static int hand_over(struct mio_selector *selector, struct mio_event *list, int room)
{
    struct mio_wake_queue *queue = &selector->wakes;
    int count = 0;
    take_incoming(queue);
    while (queue->taken && count < room) {
        struct mio_wake_node *node = queue->taken;
        queue->taken = node->next;
        count += hand_over_node(selector, node, list + count, room - count);
    }
    return count;
}

/* Drops the doorbell's records from a fetch, keeping the order of the rest. */
static int sift(struct mio_selector *selector, struct mio_event *list, int count)
{
    int kept = 0;
    for (int i = 0; i < count; i++) {
        if (!selector->ops->is_wake(selector, &list[i]))
            list[kept++] = list[i];
    }
    return kept;
}

/* One fetch from the kernel, without the doorbell. */
static inline int fetch(struct mio_selector *selector, struct mio_event *list, int room,
                        int64_t timeout_ns)
{
    struct mio_wake_queue *queue = &selector->wakes;
    unsigned done = atomic_load_explicit(&queue->rings_done, memory_order_acquire);
    int count = selector->ops->select(selector, list, room, timeout_ns);
    unsigned begun = atomic_load_explicit(&queue->rings_begun, memory_order_acquire);
    if (begun == queue->settled || count < 0)
        return count;
    if (begun == done && count < room)
        queue->settled = begun;
    return sift(selector, list, count);
}

/* Sleeps by the rule of the two looks. */
static int sleep_on_kernel(struct mio_selector *selector, struct mio_event *list, int room,
                           int64_t timeout_ns)
{
    struct mio_wake_queue *queue = &selector->wakes;
    atomic_exchange(&queue->waiter, MIO_WAITER_ASLEEP);
    return fetch(selector, list, room, anything_pending(queue) ? 0 : timeout_ns);
}

/* Back to what the waiter rests in. Before the last look at the stack, so that a wake after that
 * look is rung for. */
static void wake_up(struct mio_wake_queue *queue)
{
    int resting = atomic_load_explicit(&queue->resting, memory_order_relaxed);
    if (resting == MIO_WAITER_ASLEEP)
        atomic_exchange(&queue->waiter, MIO_WAITER_ASLEEP);
    else
        atomic_store_explicit(&queue->waiter, MIO_WAITER_AWAKE, memory_order_release);
}

static int select_armed(struct mio_selector *selector, struct mio_event *list, int room,
                        int64_t timeout_ns)
{
    struct mio_wake_queue *queue = &selector->wakes;
    int count = 0;
    int fetched = 0;
    if (anything_pending(queue)) {
        /* With little room neither side may starve the other: they take turns at being first. */
        queue->kernel_first = !queue->kernel_first;
        if (!queue->kernel_first)
            count = hand_over(selector, list, room);
        timeout_ns = 0;
    }
    if (timeout_ns != 0)
        fetched = sleep_on_kernel(selector, list, room, timeout_ns);
    else if (count < room)
        fetched = fetch(selector, list + count, room - count, 0);
    wake_up(queue);
    if (fetched < 0)
        return count > 0 ? count : fetched;
    count += fetched;
    if (count < room)
        count += hand_over(selector, list + count, room - count);
    if (anything_pending(queue) && atomic_load(&queue->resting) == MIO_WAITER_ASLEEP)
        ring_sleeper(selector);
    return count;
}

int mio_wake_queue_select(struct mio_selector *selector, struct mio_event *list, int room,
                          int64_t timeout_ns)
{
    if (!atomic_load_explicit(&selector->wakes.armed, memory_order_acquire))
        return fetch(selector, list, room, timeout_ns);
    return select_armed(selector, list, room, timeout_ns);
}

void mio_wake_queue_destroy(struct mio_selector *selector)
{
    struct mio_wake_queue *queue = &selector->wakes;
    take_incoming(queue);
    while (queue->taken) {
        struct mio_wake_node *node = queue->taken;
        queue->taken = node->next;
        if (atomic_load(&node->state) == MIO_WAKE_DEAD)
            mio_waker_release(selector, node);
    }
}

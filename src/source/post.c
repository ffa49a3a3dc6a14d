/* SPDX-License-Identifier: MIT */
/*
 * Posted events: a bounded ring of many producers and one consumer, and a wake node that tells of
 * it.
 *
 * Each slot has a sequence number, which says whose turn it is. With positions counted from 0 on
 * and for ever, the slot of position p is free for its producer when the number is p, and holds
 * what was posted when it is p + 1. Who takes that makes the number p + capacity, for the producer
 * of the next round.
 *
 *      poster                                      taker
 *      1. see that the slot of `tail` is free      1. see that the slot of `head` is filled
 *      2. move `tail` on, by compare and exchange  2. copy
 *      3. fill the slot                            3. number = p + capacity
 *      4. number = p + 1
 *      5. push the node
 *
 * A poster that stops between 2 and 4, be it for a signal handler that posts, keeps nobody else
 * from posting: the others have slots of their own. It only hides what is behind it from the taker,
 * who does not wait for it. Its own push comes after its number, so that the taker looks again.
 *
 * Counters wrap around together; only differences count, which the capacity bounds.
 */
#include "../os/memory.h"
#include "../poll/registry.h"

#include <mio/post.h>

/* As wide as a pointer, so that its atomic operations need no lock anywhere. */
typedef uintptr_t post_number;

struct post_slot {
    _Atomic post_number turn;
    mio_token token;
    uint64_t payload;
};

/* What posters write, what the taker writes, and what all read are a cache line apart. */
struct mio_post_queue {
    struct mio__wake_node node; /* first: release_posts() knows a queue by it */
    union {
        struct {
            struct mio_selector *selector; /* held */
            struct post_slot *slots;
            post_number mask; /* capacity - 1 */
        };
        char apart[MIO_CACHE_LINE];
    };
    union {
        _Atomic post_number tail; /* the position of the next post */
        char apart_from_head[MIO_CACHE_LINE];
    };
    post_number head; /* the taker's: the position of the next to be taken */
};

/* The queue's selector lives for as long as the queue. */
static void release_posts(struct mio__wake_node *node)
{
    const struct mio_post_queue *queue = (const struct mio_post_queue *)node;
    mio__release(&queue->selector->config.allocator, node, sizeof *queue);
}

static size_t post_slots_size(post_number mask)
{
    return (mask + 1) * sizeof(struct post_slot);
}

/* With one slot the number of what is filled would be that of what is free. */
static post_number post_mask(size_t capacity)
{
    post_number slots = 2;
    while (slots < capacity)
        slots *= 2;
    return slots - 1;
}

static void free_posts(struct mio_selector *selector, struct mio_post_queue *queue)
{
    mio__release(&selector->config.allocator, queue->slots, post_slots_size(queue->mask));
    mio__release(&selector->config.allocator, queue, sizeof *queue);
}

/* A queue with its slots, all of them free. */
static struct mio_post_queue *allocate_posts(struct mio_selector *selector, size_t capacity)
{
    const struct mio_allocator *allocator = &selector->config.allocator;
    struct mio_post_queue *made = mio__allocate(allocator, sizeof *made);
    if (!made)
        return NULL;
    made->mask = post_mask(capacity);
    made->slots = mio__allocate(allocator, post_slots_size(made->mask));
    if (!made->slots) {
        mio__release(allocator, made, sizeof *made);
        return NULL;
    }
    for (post_number i = 0; i <= made->mask; i++)
        atomic_init(&made->slots[i].turn, i);
    return made;
}

int mio_post_queue_new(struct mio_registry *registry, mio_token token, size_t capacity,
                       struct mio_post_queue **queue)
{
    if (!registry || !queue || capacity == 0 || capacity > MIO_POST_MAX)
        return -EINVAL;
    struct mio_selector *selector = registry->selector;
    if (mio__is_forked_child(&selector->fork_guard))
        return -ECHILD;
    struct mio_post_queue *made = allocate_posts(selector, capacity);
    if (!made)
        return -ENOMEM;
    int error = mio__selector_join(selector, &made->node, token, release_posts);
    if (error < 0) {
        free_posts(selector, made);
        return error;
    }
    made->selector = selector;
    *queue = made;
    return 0;
}

/* The slot for a post, and its position; NULL: there is none. */
static struct post_slot *reserve_post(struct mio_post_queue *queue, post_number *position)
{
    post_number at = atomic_load_explicit(&queue->tail, memory_order_relaxed);
    for (;;) {
        struct post_slot *slot = &queue->slots[at & queue->mask];
        post_number ahead = atomic_load_explicit(&slot->turn, memory_order_acquire) - at;
        if (ahead > UINTPTR_MAX / 2)
            return NULL; /* not taken yet */
        if (ahead > 0) { /* another's by now */
            at = atomic_load_explicit(&queue->tail, memory_order_relaxed);
        } else if (atomic_compare_exchange_weak_explicit(
                       &queue->tail, &at, at + 1, memory_order_relaxed, memory_order_relaxed)) {
            *position = at;
            return slot;
        }
    }
}

int mio_post(struct mio_post_queue *queue, mio_token token, uint64_t payload)
{
    if (!queue)
        return -EINVAL;
    /* The doorbell of a child's copy may be the parent's. */
    if (mio__is_forked_copy(&queue->selector->fork_guard))
        return -ECHILD;
    post_number position;
    struct post_slot *slot = reserve_post(queue, &position);
    if (!slot)
        return -EAGAIN;
    slot->token = token;
    slot->payload = payload;
    atomic_store_explicit(&slot->turn, position + 1, memory_order_release);
    return mio__wake_queue_push(&queue->selector->wakes, &queue->node);
}

int mio_post_take(struct mio_post_queue *queue, struct mio_posted *posted)
{
    if (!queue || !posted)
        return -EINVAL;
    if (mio__is_forked_copy(&queue->selector->fork_guard))
        return -ECHILD;
    post_number position = queue->head;
    struct post_slot *slot = &queue->slots[position & queue->mask];
    if (atomic_load_explicit(&slot->turn, memory_order_acquire) != position + 1)
        return 0;
    posted->token = slot->token;
    posted->payload = slot->payload;
    queue->head = position + 1;
    atomic_store_explicit(&slot->turn, position + queue->mask + 1, memory_order_release);
    return 1;
}

void mio_post_queue_free(struct mio_post_queue *queue)
{
    if (!queue)
        return;
    struct mio_selector *selector = queue->selector;
    mio__release(&selector->config.allocator, queue->slots, post_slots_size(queue->mask));
    if (mio__wake_queue_abandon(&queue->node))
        release_posts(&queue->node);
    mio__selector_release(selector);
}

/* SPDX-License-Identifier: MIT */
#include "selector.h"

#include "../os/memory.h"

#include <errno.h>

/*
 * The next id, of two halves, since not every CPU has atomic operations on 64 bits, and without a
 * lock, which a forked child might find taken for ever. The lower half rests at its end until the
 * upper one has been counted up.
 */
static uint64_t next_id(void)
{
    static _Atomic uint32_t upper;
    static _Atomic uint32_t lower;
    for (;;) {
        uint32_t high = atomic_load(&upper);
        uint32_t low = atomic_load(&lower);
        if (low < UINT32_MAX) {
            if (atomic_compare_exchange_weak(&lower, &low, low + 1))
                return (uint64_t)atomic_load(&upper) << 32 | (low + 1);
        } else if (atomic_compare_exchange_strong(&upper, &high, high + 1)) {
            atomic_compare_exchange_strong(&lower, &low, 0);
        }
    }
}

int mio__selector_make(const struct mio__selector_ops *ops, const struct mio__config *config,
                       struct mio_selector **selector)
{
    struct mio_selector *made;
    struct mio__fork_guard guard;
    int error = mio__fork_guard_set(&guard);
    if (error < 0)
        return error;
    error = ops->selector_new(config, &made);
    if (error < 0)
        return error;
    made->config = *config;
    made->id = next_id();
    atomic_init(&made->owners, 1);
    atomic_init(&made->wait, ops->wait);
    made->fork_guard = guard;
    mio__wake_queue_init(&made->wakes, made, ops->ring);
    *selector = made;
    return 0;
}

struct mio_selector *mio__selector_try_clone(struct mio_selector *selector)
{
    atomic_fetch_add_explicit(&selector->owners, 1, memory_order_relaxed);
    return selector;
}

void mio__selector_release(struct mio_selector *selector)
{
    if (atomic_fetch_sub_explicit(&selector->owners, 1, memory_order_acq_rel) != 1)
        return;
    mio__wake_queue_destroy(&selector->wakes);
    if (selector->ready_files)
        selector->ready_files->release(selector->ready_files);
    struct mio__wake_node *timers = atomic_load(&selector->timers);
    if (timers)
        timers->release(timers);
    selector->ops->selector_free(selector);
}

int mio__selector_arm(struct mio_selector *selector)
{
    struct mio__wake_queue *queue = &selector->wakes;
    if (atomic_load(&queue->armed))
        return 0;
    int error = 0;
    mio__lock_take(&queue->arming);
    if (!atomic_load(&queue->armed)) {
        error = selector->ops->arm_doorbell(selector);
        if (error == 0) {
            mio__selector_mediate(selector);
            error = mio__wake_queue_ring(queue);
        }
        if (error == 0)
            atomic_store(&queue->armed, true);
    }
    mio__lock_give(&queue->arming);
    return error;
}

int mio__selector_join(struct mio_selector *selector, struct mio__wake_node *node, mio_token token,
                       void (*let_go)(struct mio__wake_node *node))
{
    int error = mio__selector_arm(selector);
    if (error < 0)
        return error;
    atomic_init(&node->state, MIO_WAKE_IDLE);
    node->token = token;
    node->release = let_go;
    (void)mio__selector_try_clone(selector);
    return 0;
}

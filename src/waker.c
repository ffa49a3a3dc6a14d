/* SPDX-License-Identifier: MIT */
#include "waker.h"

#include "memory.h"
#include "registry.h"
#include "selector/selector.h"

#include <mio/waker.h>

#include <errno.h>

struct mio_waker {
    struct mio_wake_node node;     /* first: the queue knows a waker by it */
    struct mio_selector *selector; /* held */
};

int mio_waker_new(struct mio_registry *registry, mio_token token, struct mio_waker **waker)
{
    if (!registry || !waker)
        return -EINVAL;
    struct mio_selector *selector = registry->selector;
    if (mio_is_forked_child(&selector->birth))
        return -ECHILD;
    struct mio_waker *made = mio_allocate(&selector->config.allocator, sizeof *made);
    if (!made)
        return -ENOMEM;
    int error = mio_selector_arm(selector);
    if (error < 0) {
        mio_release(&selector->config.allocator, made, sizeof *made);
        return error;
    }
    atomic_init(&made->node.state, MIO_WAKE_IDLE);
    made->node.token = token;
    made->selector = mio_selector_try_clone(selector);
    *waker = made;
    return 0;
}

int mio_waker_wake(struct mio_waker *waker)
{
    if (!waker)
        return -EINVAL;
    /* The doorbell of a child's copy may be the parent's. */
    if (mio_born_before_fork(&waker->selector->birth))
        return -ECHILD;
    return mio_wake_queue_push(waker->selector, &waker->node);
}

void mio_waker_release(struct mio_selector *selector, struct mio_wake_node *node)
{
    mio_release(&selector->config.allocator, node, sizeof(struct mio_waker));
}

void mio_waker_free(struct mio_waker *waker)
{
    if (!waker)
        return;
    struct mio_selector *selector = waker->selector;
    if (mio_wake_queue_abandon(&waker->node))
        mio_waker_release(selector, &waker->node);
    mio_selector_release(selector);
}

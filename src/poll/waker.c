/* SPDX-License-Identifier: MIT */
#include "../os/memory.h"
#include "../selector/selector.h"
#include "registry.h"
#include "trace.h"

#include <mio/waker.h>

#include <errno.h>

struct mio_waker {
    struct mio__wake_node node;    /* first: release_waker() knows a waker by it */
    struct mio_selector *selector; /* held */
};

/* The queue's selector lives for as long as the queue. */
static void release_waker(struct mio__wake_node *node)
{
    const struct mio_waker *waker = (const struct mio_waker *)node;
    mio__release(&waker->selector->config.allocator, node, sizeof *waker);
}

int mio_waker_new(struct mio_registry *registry, mio_token token, struct mio_waker **waker)
{
    if (!registry || !waker)
        return -EINVAL;
    struct mio_selector *selector = registry->selector;
    if (mio__is_forked_child(&selector->fork_guard))
        return -ECHILD;
    struct mio_waker *made = mio__allocate(&selector->config.allocator, sizeof *made);
    if (!made)
        return -ENOMEM;
    int error = mio__selector_join(selector, &made->node, token, release_waker);
    if (error < 0) {
        mio__release(&selector->config.allocator, made, sizeof *made);
        return error;
    }
    made->selector = selector;
    *waker = made;
    return 0;
}

int mio_waker_wake(struct mio_waker *waker)
{
    if (!waker)
        return -EINVAL;
    /* The doorbell of a child's copy may be the parent's. */
    if (mio__is_forked_copy(&waker->selector->fork_guard))
        return -ECHILD;
    int error = mio__wake_queue_push(&waker->selector->wakes, &waker->node);
    mio__trace_wake(waker->selector, waker->node.token, error);
    return error;
}

void mio_waker_free(struct mio_waker *waker)
{
    if (!waker)
        return;
    struct mio_selector *selector = waker->selector;
    if (mio__wake_queue_abandon(&waker->node))
        release_waker(&waker->node);
    mio__selector_release(selector);
}

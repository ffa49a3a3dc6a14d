/* SPDX-License-Identifier: MIT */
#include "heap.h"

#include "../os/assert.h"

/* Two roots become one. */
static struct mio_timer *meld(struct mio_timer *one, struct mio_timer *other)
{
    MIO_ASSERT(!one->next && !one->previous && !other->next && !other->previous);
    struct mio_timer *root = mio__timer_is_earlier(other, one) ? other : one;
    struct mio_timer *below = root == one ? other : one;
    below->previous = root;
    below->next = root->child;
    if (root->child)
        root->child->previous = below;
    root->child = below;
    return root;
}

/* Takes the first of a list of siblings away, a root of its own from now on. */
static struct mio_timer *take_first(struct mio_timer **siblings)
{
    struct mio_timer *first = *siblings;
    *siblings = first->next;
    first->next = NULL;
    first->previous = NULL;
    return first;
}

/* Siblings become one heap: in pairs from left to right, and the pairs from right to left, which is
 * what keeps the heap shallow. */
static struct mio_timer *meld_siblings(struct mio_timer *siblings)
{
    struct mio_timer *pairs = NULL; /* the last first */
    while (siblings) {
        struct mio_timer *pair = take_first(&siblings);
        if (siblings)
            pair = meld(pair, take_first(&siblings));
        pair->next = pairs;
        pairs = pair;
    }
    if (!pairs)
        return NULL;
    struct mio_timer *root = take_first(&pairs);
    while (pairs)
        root = meld(root, take_first(&pairs));
    return root;
}

struct mio_timer *mio__heap_add(struct mio_timer *root, struct mio_timer *timer)
{
    timer->next = NULL;
    timer->previous = NULL;
    timer->child = NULL;
    return root ? meld(root, timer) : timer;
}

struct mio_timer *mio__heap_remove(struct mio_timer *root, struct mio_timer *timer)
{
    struct mio_timer *below = meld_siblings(timer->child);
    if (timer == root)
        return below;
    if (timer->previous->child == timer)
        timer->previous->child = timer->next;
    else
        timer->previous->next = timer->next;
    if (timer->next)
        timer->next->previous = timer->previous;
    return below ? meld(root, below) : root;
}

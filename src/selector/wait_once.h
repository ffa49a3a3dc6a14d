/* SPDX-License-Identifier: MIT */
/*
 * One wait on a selector: one system call, and what belongs to it.
 *
 * A direct wait is the selector's system call and nothing else: nobody has made a waker, and the
 * selector has no record to look for. A mediated wait also takes the events of the program itself
 * from the wake queue (wake_queue.h), keeps the doorbell's records from the caller, and lets the
 * selector look through what was fetched. A wait may begin directly and end mediated, when another
 * thread has made the first waker meanwhile.
 *
 * After a system call a processor has forgotten where the functions return to, so each return
 * costs it some 7 ns; a call costs nothing. So the usual wait returns once: mio_poll_wait() ends in
 * a call of the selector's function, which is mio__wait_once() with the system call inside.
 * Whatever else there is to do is done by the functions of wait_once.c, which it ends in a call of.
 */
#ifndef MIO_SRC_SELECTOR_WAIT_ONCE_H
#define MIO_SRC_SELECTOR_WAIT_ONCE_H

#include "selector.h"

#include <mio/events.h>

typedef int mio__select_function(struct mio_selector *selector, struct mio_event *list, int room,
                                 int64_t timeout_ns);

/* Whether a fetch may be handed out as it is, the doorbell apart. */
typedef bool mio__is_plain_function(const struct mio_selector *selector);

/* A wait of a waiter that may not sleep: something is pending. */
int mio__wait_awake(struct mio_selector *selector, struct mio_events *events, int64_t timeout_ns);

/*
 * Ends a wait that has fetched `count` records, or has an error, and that is not over yet: nothing
 * came, or records have to be looked for, or the wait has become another kind while it slept.
 * `done` are the rings that were done before the fetch began.
 */
int mio__wait_finish(struct mio_selector *selector, struct mio_events *events, int64_t timeout_ns,
                     int count, unsigned done);

static inline int mio__wait_over(struct mio_events *events, int count)
{
    events->len = (size_t)count;
    return count;
}

/*
 * What ops->wait() is, once a selector has said what its system call is, and whether it ever has
 * something to filter (NULL: never). Compiled into each selector's own function.
 */
__attribute__((always_inline)) static inline int mio__wait_once(struct mio_selector *selector,
                                                                struct mio_events *events,
                                                                int64_t timeout_ns,
                                                                mio__select_function *select,
                                                                mio__is_plain_function *is_plain)
{
    struct mio__wake_queue *queue = &selector->wakes;
    int room = (int)events->capacity;
    if (mio__selector_is_direct(selector)) {
        int count = select(selector, events->list, room, timeout_ns);
        if (count > 0 && mio__selector_is_direct(selector))
            return mio__wait_over(events, count);
        /* Rings may be under way whatever the counts say: none of them is taken for settled. */
        return mio__wait_finish(selector, events, timeout_ns, count, queue->settled);
    }
    if (!mio__wake_queue_begin_wait(queue, timeout_ns != 0))
        return mio__wait_awake(selector, events, timeout_ns);
    unsigned done = atomic_load(&queue->rings_done);
    int count = select(selector, events->list, room, timeout_ns);
    /* What is pending by now comes with the next wait, which does not sleep then. */
    bool is_plain_fetch = count > 0 && (!is_plain || is_plain(selector));
    if (!is_plain_fetch || !mio__wake_queue_end_quietly(queue))
        return mio__wait_finish(selector, events, timeout_ns, count, done);
    return mio__wait_over(events, count);
}

#endif

/* SPDX-License-Identifier: MIT */
#include "wait_once.h"

#include <mio/poll.h>

#include <errno.h>

/* --- looking through a fetch --- */

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

/* --- a mediated wait --- */

/*
 * Ends a wait that has `count` events of the program and `fetched` of the kernel, or its error. The
 * waiter goes back to what it rests in before the last look at the stack, so that a wake after that
 * look is rung for when somebody else sleeps on the selector's descriptor. A signal whose handler
 * has left an event is told by that event, and not by -EINTR.
 */
static inline int end_wait(struct mio_selector *selector, struct mio_event *list, int room,
                           int count, int fetched)
{
    struct mio__wake_queue *queue = &selector->wakes;
    bool is_embedded = mio__wake_queue_rest(queue);
    if (fetched > 0)
        count += fetched;
    if ((fetched >= 0 || fetched == -EINTR) && count < room && mio__wake_queue_has_pending(queue))
        count += mio__wake_queue_hand_over(queue, list + count, room - count);
    if (fetched < 0 && count == 0)
        count = fetched;
    /* Events that found no room must keep the descriptor readable. */
    if (is_embedded && mio__wake_queue_has_pending(queue)) {
        int error = mio__wake_queue_ring_sleeper(queue);
        if (error < 0)
            mio__log(&selector->config, error, "ringing for events that found no room");
    }
    return count;
}

/* A wait that does not sleep, since the program has events to hand over. */
static int select_awake(struct mio_selector *selector, struct mio_event *list, int room)
{
    struct mio__wake_queue *queue = &selector->wakes;
    int count = 0;
    int fetched = 0;
    /* With little room neither side may starve the other: they take turns at being first. */
    queue->kernel_first = !queue->kernel_first;
    if (!queue->kernel_first)
        count = mio__wake_queue_hand_over(queue, list, room);
    if (count < room) {
        unsigned done = atomic_load(&queue->rings_done);
        fetched = selector->ops->select(selector, list + count, room - count, 0);
        fetched = look_through(selector, list + count, room - count, fetched, done);
    }
    return end_wait(selector, list, room, count, fetched);
}

/* Ends a mediated wait of which `fetched` is all that the kernel has said. */
static inline int end_fetch(struct mio_selector *selector, const struct mio_events *events,
                            int fetched, unsigned done)
{
    struct mio_event *list = events->list;
    int room = (int)events->capacity;
    fetched = look_through(selector, list, room, fetched, done);
    return end_wait(selector, list, room, 0, fetched);
}

/* --- one wait after another --- */

/* A wait, whatever there is to do. */
static int wait_once(struct mio_selector *selector, const struct mio_events *events,
                     int64_t timeout_ns)
{
    struct mio__wake_queue *queue = &selector->wakes;
    struct mio_event *list = events->list;
    int room = (int)events->capacity;
    bool was_direct = mio__selector_is_direct(selector);
    if (!was_direct && !mio__wake_queue_begin_wait(queue, timeout_ns != 0))
        return select_awake(selector, list, room);
    unsigned done = was_direct ? queue->settled : atomic_load(&queue->rings_done);
    int count = selector->ops->select(selector, list, room, timeout_ns);
    return mio__selector_is_direct(selector) ? count : end_fetch(selector, events, count, done);
}

/* Ends a wait with what it has brought; one for ever that has brought nothing begins again. If the
 * poll has got timers meanwhile it begins as their wait, which asks for no other one for ever. */
static int conclude(struct mio_selector *selector, struct mio_events *events, int64_t timeout_ns,
                    int count)
{
    while (count == 0 && timeout_ns == MIO_FOREVER) {
        if (atomic_load(&selector->timers))
            return mio__selector_wait(selector, events, timeout_ns);
        count = wait_once(selector, events, timeout_ns);
    }
    events->len = count > 0 ? (size_t)count : 0;
    return count;
}

int mio__wait_awake(struct mio_selector *selector, struct mio_events *events, int64_t timeout_ns)
{
    int count = select_awake(selector, events->list, (int)events->capacity);
    return conclude(selector, events, timeout_ns, count);
}

int mio__wait_finish(struct mio_selector *selector, struct mio_events *events, int64_t timeout_ns,
                     int count, unsigned done)
{
    if (!mio__selector_is_direct(selector))
        count = end_fetch(selector, events, count, done);
    return conclude(selector, events, timeout_ns, count);
}

/* SPDX-License-Identifier: MIT */
/*
 * The wait.
 *
 * A direct wait is the selector's system call and nothing else: nobody has made a waker, and the
 * selector has no record to look for. A mediated wait also takes the events of the program itself
 * from the wake queue (wake_queue.h), keeps the doorbell's records from the caller, and lets the
 * selector look through what was fetched. A wait may begin directly and end mediated, when another
 * thread has made the first waker meanwhile.
 */
#include "poll.h"

#include "../os/clock.h"
#include "../selector/selector.h"

#include <errno.h>

/* A second waiter is looked for in a library that is built for debugging; it costs some 20 cycles a
 * wait. */
#if defined(NDEBUG)
enum { NOTICE_SECOND_WAITER = false };
#else
enum { NOTICE_SECOND_WAITER = true };
#endif

/* On Linux a timer costs 200 cycles even when it is not needed, so a busy poll looks before it
 * waits with one. On macOS a kevent() that brings nothing costs 12 microseconds. */
enum { LOOKS_FIRST = MIO_PLATFORM != MIO_PLATFORM_APPLE };

/* --- a mediated wait --- */

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
        if (count < room && mio__wake_queue_has_pending(queue))
            count += mio__wake_queue_hand_over(queue, list + count, room - count);
    } else if (count == 0) {
        count = fetched;
    }
    /* Events that found no room must keep the descriptor readable. */
    if (resting == MIO_WAITER_ASLEEP && mio__wake_queue_has_pending(queue)) {
        int error = mio__wake_queue_ring_sleeper(queue);
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
    if (mio__wake_queue_has_pending(queue)) {
        /* With little room neither side may starve the other: they take turns at being first. */
        queue->kernel_first = !queue->kernel_first;
        if (!queue->kernel_first)
            count = mio__wake_queue_hand_over(queue, list, room);
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

__attribute__((noinline)) static int select_mediated(struct mio_selector *selector,
                                                     struct mio_event *list, int room,
                                                     int64_t timeout_ns)
{
    struct mio__wake_queue *queue = &selector->wakes;
    queue->waits++;
    if (timeout_ns == 0 || mio__wake_queue_has_pending(queue))
        return select_awake(selector, list, room);
    /* The rule of the two looks. */
    unsigned done = atomic_load(&queue->rings_done);
    atomic_exchange(&queue->waiter, MIO_WAITER_ASLEEP);
    if (mio__wake_queue_has_pending(queue))
        timeout_ns = 0;
    int count = selector->ops->select(selector, list, room, timeout_ns);
    /* What is pending by now comes with the next wait, which does not sleep then. */
    if (end_quietly(selector, count))
        return count;
    count = look_through(selector, list, room, count, done);
    return end_wait(selector, list, room, 0, count);
}

__attribute__((noinline)) static int finish_mediated(struct mio_selector *selector,
                                                     struct mio_event *list, int room, int fetched)
{
    /* Rings may be under way whatever the counts say: none of them is taken for settled. */
    fetched = look_through(selector, list, room, fetched, selector->wakes.settled);
    return end_wait(selector, list, room, 0, fetched);
}

/* --- any wait --- */

/* One fetch, with all that belongs to it. As ops->select(). */
static inline int select_once(struct mio_selector *selector, struct mio_events *events,
                              int64_t timeout_ns)
{
    struct mio_event *list = events->list;
    int room = (int)events->capacity;
    if (!mio__selector_is_direct(selector))
        return select_mediated(selector, list, room, timeout_ns);
    int count = selector->ops->select(selector, list, room, timeout_ns);
    if (!mio__selector_is_direct(selector))
        return finish_mediated(selector, list, room, count);
    return count;
}

/* A wait with a time that ends. Sleeps again and again where a fetch was over early. */
static int wait_for_time(struct mio_selector *selector, struct mio_events *events,
                         int64_t timeout_ns, bool busy)
{
    int count;
    if (LOOKS_FIRST && busy) {
        count = select_once(selector, events, 0);
        if (count != 0)
            return count;
    }
    int64_t now = mio_now();
    int64_t deadline = timeout_ns > INT64_MAX - now ? INT64_MAX : now + timeout_ns;
    for (;;) {
        count = select_once(selector, events, timeout_ns);
        if (count != 0)
            return count;
        now = mio_now();
        if (now >= deadline)
            return 0;
        timeout_ns = deadline - now;
    }
}

static int wait_for_events(struct mio_selector *selector, struct mio_events *events,
                           int64_t timeout_ns, bool busy)
{
    if (timeout_ns > 0)
        return wait_for_time(selector, events, timeout_ns, busy);
    int count;
    do {
        count = select_once(selector, events, timeout_ns);
    } while (count == 0 && timeout_ns == MIO_FOREVER);
    return count;
}

/* Whatever a wait may have to do. */
__attribute__((noinline)) static int wait_with_care(struct mio_poll *poll,
                                                    struct mio_events *events, int64_t timeout_ns)
{
    struct mio_selector *selector = poll->registry.selector;
    bool busy = events->len > 0; /* the wait before brought something */
    events->len = 0;
    if (timeout_ns < MIO_FOREVER)
        return -EINVAL;
    if (mio__is_forked_copy(&selector->fork_guard))
        return -ECHILD;
    if (NOTICE_SECOND_WAITER && atomic_exchange(&poll->waiting, true))
        return -EBUSY;
    int count = wait_for_events(selector, events, timeout_ns, busy);
    if (NOTICE_SECOND_WAITER)
        atomic_store(&poll->waiting, false);
    if (count > 0)
        events->len = (size_t)count;
    return count;
}

/* Ends a direct wait that has brought nothing, or that has become another kind while it slept. */
__attribute__((noinline)) static int end_with_care(struct mio_poll *poll, struct mio_events *events,
                                                   int64_t timeout_ns, int count)
{
    struct mio_selector *selector = poll->registry.selector;
    events->len = 0;
    if (!mio__selector_is_direct(selector))
        count = finish_mediated(selector, events->list, (int)events->capacity, count);
    if (count == 0 && timeout_ns == MIO_FOREVER)
        return wait_with_care(poll, events, timeout_ns);
    if (count > 0)
        events->len = (size_t)count;
    return count;
}

/*
 * What most waits are, no time that ends and nothing but the kernel to ask, goes straight to the
 * system call and back, in some forty instructions.
 */
int mio_poll_wait(struct mio_poll *poll, struct mio_events *events, int64_t timeout_ns)
{
    if (!poll || !events)
        return -EINVAL;
    bool has_no_end = timeout_ns == MIO_FOREVER || timeout_ns == 0;
    if (NOTICE_SECOND_WAITER || !has_no_end || !mio__selector_is_direct(poll->registry.selector))
        return wait_with_care(poll, events, timeout_ns);
    struct mio_selector *selector = poll->registry.selector;
    int count = selector->ops->select(selector, events->list, (int)events->capacity, timeout_ns);
    if (count <= 0 || !mio__selector_is_direct(poll->registry.selector))
        return end_with_care(poll, events, timeout_ns, count);
    events->len = (size_t)count;
    return count;
}

int mio_poll_wait_until(struct mio_poll *poll, struct mio_events *events, int64_t deadline)
{
    int64_t timeout_ns = MIO_FOREVER;
    for (;;) {
        if (deadline != MIO_FOREVER) {
            int64_t now = mio_now();
            timeout_ns = deadline > now ? deadline - now : 0;
        }
        int count = mio_poll_wait(poll, events, timeout_ns);
        if (count != -EINTR)
            return count;
    }
}

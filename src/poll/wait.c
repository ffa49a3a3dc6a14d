/* SPDX-License-Identifier: MIT */
/*
 * The wait, beyond what a selector does (wait_once.h): what is asked of it is checked, a second
 * waiter is noticed, and a time that ends is kept.
 */
#include "poll.h"
#include "trace.h"

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

/* --- waits that take care --- */

/* A wait with a time that ends. Sleeps again and again where a wait was over early. */
static int wait_for_time(struct mio_selector *selector, struct mio_events *events,
                         int64_t timeout_ns)
{
    int count;
    bool is_busy = events->len > 0; /* the wait before brought something */
    if (LOOKS_FIRST && is_busy) {
        count = mio__selector_wait(selector, events, 0);
        if (count != 0)
            return count;
    }
    int64_t now = mio_now();
    int64_t deadline = timeout_ns > INT64_MAX - now ? INT64_MAX : now + timeout_ns;
    for (;;) {
        count = mio__selector_wait(selector, events, timeout_ns);
        if (count != 0)
            return count;
        now = mio_now();
        if (now >= deadline)
            return 0;
        timeout_ns = deadline - now;
    }
}

static int refuse(struct mio_events *events, int error)
{
    events->len = 0;
    return error;
}

/* Whatever a wait may have to do. */
__attribute__((noinline)) static int wait_with_care(struct mio_poll *poll,
                                                    struct mio_events *events, int64_t timeout_ns)
{
    struct mio_selector *selector = poll->registry.selector;
    if (timeout_ns < MIO_FOREVER)
        return refuse(events, -EINVAL);
    if (mio__is_forked_copy(&selector->fork_guard))
        return refuse(events, -ECHILD);
    if (NOTICE_SECOND_WAITER && atomic_exchange(&poll->waiting, true))
        return refuse(events, -EBUSY);
    int count = timeout_ns > 0 ? wait_for_time(selector, events, timeout_ns)
                               : mio__selector_wait(selector, events, timeout_ns);
    if (NOTICE_SECOND_WAITER)
        atomic_store(&poll->waiting, false);
    return count;
}

/*
 * What most waits are, with no time that ends, goes straight to the selector and comes straight
 * back from there.
 */
static inline int wait_on(struct mio_poll *poll, struct mio_events *events, int64_t timeout_ns)
{
    bool has_no_end = timeout_ns == MIO_FOREVER || timeout_ns == 0;
    if (NOTICE_SECOND_WAITER || !has_no_end ||
        mio__is_forked_copy(&poll->registry.selector->fork_guard))
        return wait_with_care(poll, events, timeout_ns);
    return mio__selector_wait(poll->registry.selector, events, timeout_ns);
}

int mio_poll_wait(struct mio_poll *poll, struct mio_events *events, int64_t timeout_ns)
{
    if (!poll || !events)
        return -EINVAL;
    if (!MIO_TRACES)
        return wait_on(poll, events, timeout_ns);
    mio__trace_wait_begins(poll->registry.selector, timeout_ns);
    int count = wait_on(poll, events, timeout_ns);
    mio__trace_wait_ended(poll->registry.selector, events, count);
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

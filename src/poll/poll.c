/* SPDX-License-Identifier: MIT */
#if !defined(_GNU_SOURCE)
#define _GNU_SOURCE /* clock_gettime under a strict -std= */
#endif

#include <mio/poll.h>

#include "../os/clock.h"
#include "../os/memory.h"
#include "../selector/selector.h"
#include "interest.h"
#include "registry.h"

#include <errno.h>
#include <time.h>

/* A second waiter is looked for in a library that is built for debugging; it costs some 20 cycles a
 * wait. */
#if defined(NDEBUG)
enum { NOTICE_SECOND_WAITER = false };
#else
enum { NOTICE_SECOND_WAITER = true };
#endif

/* On Linux a timer costs 200 cycles even when it is not needed, so a busy poll looks before it waits
 * with one. On macOS a kevent() that brings nothing costs 12 microseconds. */
enum { LOOKS_FIRST = MIO_PLATFORM != MIO_PLATFORM_APPLE };

struct mio_poll {
    struct mio_registry registry; /* lent to the caller; holds the selector */
    /* Whether somebody is in mio_poll_wait(); kept only if NOTICE_SECOND_WAITER. Not a bool, whose
     * exchange gcc before 14 leaves to libatomic on riscv64. */
    atomic_int waiting;
};

static const uint32_t known_flags = MIO_OPTION_PIPE_WAKER | MIO_OPTION_MILLISECONDS;

int mio_poll_new(const struct mio_options *options, struct mio_poll **poll)
{
    static const struct mio_options defaults;
    if (!options)
        options = &defaults;
    if (!poll || (options->flags & ~known_flags) != 0)
        return -EINVAL;
    struct mio__config config = {
        .allocator = options->allocator ? *options->allocator : mio__default_allocator,
        .log = options->log,
        .log_user = options->log_user,
        .flags = options->flags,
    };
    struct mio_poll *made = mio__allocate(&config.allocator, sizeof *made);
    if (!made)
        return -ENOMEM;
    int error = mio__selector_open(options->backend, &config, &made->registry.selector);
    if (error < 0) {
        mio__release(&config.allocator, made, sizeof *made);
        return error;
    }
    made->registry.lent = true;
    *poll = made;
    return 0;
}

void mio_poll_free(struct mio_poll *poll)
{
    if (!poll)
        return;
    struct mio_selector *selector = poll->registry.selector;
    mio__release(&selector->config.allocator, poll, sizeof *poll);
    mio__selector_release(selector);
}

struct mio_registry *mio_poll_registry(struct mio_poll *poll)
{
    return poll ? &poll->registry : NULL;
}

const char *mio_poll_backend(const struct mio_poll *poll)
{
    return poll ? poll->registry.selector->ops->name : NULL;
}

bool mio_poll_supports(const struct mio_poll *poll, mio_interest interest)
{
    return poll && (interest & ~poll->registry.selector->ops->serves) == 0;
}

int mio_poll_fd(struct mio_poll *poll)
{
    if (!poll)
        return -EINVAL;
    struct mio_selector *selector = poll->registry.selector;
    if (mio__is_forked_child(&selector->fork_guard))
        return -ECHILD;
    int fd = selector->ops->selector_fd(selector);
    if (fd < 0)
        return fd;
    /* There may be no doorbell yet: nobody wakes before there is one, and making it rings. */
    int error = mio__wake_queue_embed(selector);
    return error < 0 ? error : fd;
}

int64_t mio_now(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * MIO_NS_PER_S + now.tv_nsec;
}

/* One fetch, with all that belongs to it. As ops->select(). */
static inline int select_once(struct mio_selector *selector, struct mio_events *events,
                              int64_t timeout_ns)
{
    struct mio_event *list = events->list;
    int room = (int)events->capacity;
    if (!mio__selector_is_direct(selector))
        return mio__wake_queue_select(selector, list, room, timeout_ns);
    int count = selector->ops->select(selector, list, room, timeout_ns);
    if (!mio__selector_is_direct(selector))
        return mio__wake_queue_finish(selector, list, room, count);
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
        count = mio__wake_queue_finish(selector, events->list, (int)events->capacity, count);
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

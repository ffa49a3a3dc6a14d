/* SPDX-License-Identifier: MIT */
/*
 * A poll within libevent's loop (2.0 and later): an event on the poll's descriptor and one for its
 * next timer. A backend of libevent's own cannot be added from outside, so a program has both loops
 * by having one in the other.
 *
 *   mio_libevent_open(&adapter, base, poll, 64, on_event, &program);
 *   event_base_dispatch(base);              // bufferevents and all that run beside it
 *   ...
 *   mio_libevent_close(&adapter);           // before event_base_free() and mio_poll_free()
 *
 *   static void on_event(const struct mio_event *event, void *program)
 *
 * The program registers and wakes as always, in on_event(), in libevent's callbacks and in other
 * threads; it does not wait on the poll, which is done here. Who sets or cancels a timer of the
 * poll's (mio/timer.h) in a callback of libevent's calls mio_libevent_update() then. In on_event(),
 * and in another thread, there is no need to.
 *
 * Both loops end by libevent's means: event_base_loopbreak(), in on_event() too. It must not close
 * the adapter, which stays where it is while it is open. With poll(2) there is no descriptor:
 * -ENOTSUP.
 */
#ifndef MIO_ADAPTERS_LIBEVENT_H
#define MIO_ADAPTERS_LIBEVENT_H

#include <mio/events.h>
#include <mio/poll.h>
#include <mio/timer.h>

#include <event2/event.h>

#include <errno.h>
#include <string.h>
#include <sys/time.h>

typedef void mio_libevent_function(const struct mio_event *event, void *user);

/* The members are the adapter's; `error` may be read. */
struct mio_libevent {
    struct mio_poll *poll;
    struct mio_events *events;
    struct event *ready; /* the poll's descriptor is readable */
    struct event *due;   /* its next timer is */
    mio_libevent_function *function;
    void *user;
    int error; /* of the last wait or timer; 0: none */
};

/* Has libevent wait for the poll's next timer, and for no other. 0, or -ENOMEM. */
static inline int mio_libevent_update(struct mio_libevent *adapter)
{
    struct timeval time;
    int64_t deadline = MIO_FOREVER;
    int error = mio_poll_next_deadline(adapter->poll, &deadline);
    if (error < 0)
        return error;
    if (deadline == MIO_FOREVER)
        return event_del(adapter->due) == 0 ? 0 : -ENOMEM;
    int64_t left = deadline - mio_now();
    left = left > 0 ? (left + MIO_US(1) - 1) / MIO_US(1) : 0; /* not too early */
    time.tv_sec = (time_t)(left / 1000000);
    time.tv_usec = (suseconds_t)(left % 1000000);
    return event_add(adapter->due, &time) == 0 ? 0 : -ENOMEM;
}

/* One wait a turn; what it leaves behind keeps the descriptor readable. */
static inline void mio_libevent_turn(evutil_socket_t fd, short what, void *user)
{
    struct mio_libevent *adapter = (struct mio_libevent *)user;
    (void)fd;
    (void)what;
    int n = mio_poll_wait(adapter->poll, adapter->events, 0);
    mio_events_each(event, adapter->events)
        adapter->function(event, adapter->user);
    int error = mio_libevent_update(adapter);
    adapter->error = n < 0 && n != -EINTR ? n : error;
}

/* Takes both events out of the base. Twice is once. */
static inline void mio_libevent_close(struct mio_libevent *adapter)
{
    if (adapter->ready)
        event_free(adapter->ready);
    if (adapter->due)
        event_free(adapter->due);
    mio_events_free(adapter->events);
    memset(adapter, 0, sizeof *adapter);
}

/* Puts the poll into the base's loop; on_event() is given `capacity` events at most before libevent
 * has a turn. -ENOMEM, and the errors of mio_poll_fd() and mio_events_new(). */
static inline int mio_libevent_open(struct mio_libevent *adapter, struct event_base *base,
                                    struct mio_poll *poll, size_t capacity,
                                    mio_libevent_function *function, void *user)
{
    memset(adapter, 0, sizeof *adapter);
    int fd = mio_poll_fd(poll);
    int error = fd < 0 ? fd : mio_events_new(capacity, NULL, &adapter->events);
    if (error < 0)
        return error;
    adapter->poll = poll;
    adapter->function = function;
    adapter->user = user;
    adapter->ready = event_new(base, fd, EV_READ | EV_PERSIST, mio_libevent_turn, adapter);
    adapter->due = event_new(base, -1, 0, mio_libevent_turn, adapter);
    error = adapter->ready && adapter->due && event_add(adapter->ready, NULL) == 0
                ? mio_libevent_update(adapter)
                : -ENOMEM;
    if (error < 0)
        mio_libevent_close(adapter);
    return error;
}

#endif

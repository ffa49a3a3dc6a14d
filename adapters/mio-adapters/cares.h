/* SPDX-License-Identifier: MIT */
/*
 * Names and addresses by c-ares (1.10 and later), without blocking: its sockets and its timeouts in
 * a poll.
 *
 *   ares_library_init(ARES_LIB_INIT_ALL);
 *   struct ares_options options = {.timeout = 2000, .tries = 2};
 *   mio_cares_open(&dns, registry, DNS, &options, ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES);
 *   ares_gethostbyname(dns.channel, "example.org", AF_UNSPEC, answered, &request);
 *   mio_cares_update(&dns);                       // after a query that was made outside of a callback
 *   ...
 *   mio_events_each(event, events)
 *       if (!mio_cares_event(&dns, event)) ...    // it was not c-ares'
 *
 * Its answers come by callbacks, as c-ares has them: most from mio_cares_event(), some at once from
 * the call that asks, and the rest, with ARES_EDESTRUCTION, from mio_cares_close(). A callback may
 * ask again. It must not close the adapter.
 *
 * The adapter has a range of tokens (tokens.h), and stays where it is while it is open. All calls
 * are made by one thread.
 */
#ifndef MIO_ADAPTERS_CARES_H
#define MIO_ADAPTERS_CARES_H

#include <mio-adapters/tokens.h>

#include <mio/poll.h>
#include <mio/timer.h>

#include <string.h>
#include <sys/select.h> /* ares.h uses it, and does not always include it */
#include <sys/time.h>

#include <ares.h>

/* `channel` is what c-ares' functions take. The other members are the adapter's. */
struct mio_cares {
    ares_channel channel;
    struct mio_registry *registry;
    mio_token first;
    struct mio_timer timer;
    int error; /* of the last socket that could not be watched; 0: none */
};

static inline void mio_cares_socket(void *user, ares_socket_t fd, int readable, int writable)
{
    struct mio_cares *cares = (struct mio_cares *)user;
    int error = mio_adapter_watch(cares->registry, cares->first, fd, readable != 0, writable != 0);
    if (error < 0 && (readable || writable))
        cares->error = error;
}

/*
 * Sets the timer by what c-ares waits for. Call it after making queries, unless that was in a
 * callback. 0; an error of mio_timer_set_after(); or that of a socket that could not be watched,
 * whose query ends by its timeout.
 */
static inline int mio_cares_update(struct mio_cares *cares)
{
    struct timeval time;
    const struct timeval *next = ares_timeout(cares->channel, NULL, &time);
    int error = cares->error;
    cares->error = 0;
    if (!next) {
        mio_timer_cancel(&cares->timer, cares->registry);
        return error;
    }
    int64_t after = MIO_SECONDS((int64_t)next->tv_sec) + MIO_US((int64_t)next->tv_usec);
    int failed = mio_timer_set_after(&cares->timer, cares->registry, cares->first, after);
    return failed < 0 ? failed : error;
}

/*
 * Makes a channel, as ares_init_options() does, whose sockets are in the registry's poll; `options`
 * may be NULL, `mask` says which of them count. Returns 0 or a negative errno value: -ENOMEM, or
 * -EINVAL when c-ares refuses the options or cannot read the system's configuration.
 */
static inline int mio_cares_open(struct mio_cares *cares, struct mio_registry *registry,
                                 mio_token first, const struct ares_options *options, int mask)
{
    struct ares_options chosen;
    memset(&chosen, 0, sizeof chosen);
    if (options)
        chosen = *options;
    chosen.sock_state_cb = mio_cares_socket;
    chosen.sock_state_cb_data = cares;
    cares->registry = registry;
    cares->first = first;
    cares->error = 0;
    mio_timer_init(&cares->timer);
    int status =
        ares_init_options(&cares->channel, &chosen, (options ? mask : 0) | ARES_OPT_SOCK_STATE_CB);
    if (status == ARES_SUCCESS)
        return 0;
    return status == ARES_ENOMEM ? -ENOMEM : -EINVAL;
}

/* Ends all queries (ARES_EDESTRUCTION) and frees the channel. */
static inline void mio_cares_close(struct mio_cares *cares)
{
    ares_destroy(cares->channel);
    mio_timer_cancel(&cares->timer, cares->registry);
}

/* Takes an event of the poll's. Returns whether it was c-ares'; its callbacks have run then. */
static inline bool mio_cares_event(struct mio_cares *cares, const struct mio_event *event)
{
    mio_token token = mio_event_token(event);
    if (!mio_adapter_has_token(cares->first, token))
        return false;
    ares_socket_t fd =
        mio_event_is_timer(event) ? ARES_SOCKET_BAD : (ares_socket_t)(token - cares->first);
    ares_process_fd(cares->channel, mio_event_may_read(event) ? fd : ARES_SOCKET_BAD,
                    mio_event_may_write(event) ? fd : ARES_SOCKET_BAD);
    int error = mio_cares_update(cares);
    (void)error; /* the query ends by its timeout; the next update tells */
    return true;
}

#endif

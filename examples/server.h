/* SPDX-License-Identifier: MIT */
/*
 * What the servers have in common: a TCP listener, a waker that SIGINT and SIGTERM wake, and the
 * loop that takes what connects and hands out the events of whatever else is registered.
 *
 * The listener is level-triggered: as long as somebody waits every wait tells so, and nobody has to
 * accept until EAGAIN. That saves the last accept(2), which finds nobody and is the dearest call of
 * a short connection, and nobody who is connected already has to wait for a crowd. What can be
 * short, descriptors and memory, makes the loop pause: see accept_next().
 */
#ifndef EXAMPLES_SERVER_H
#define EXAMPLES_SERVER_H

#include <mio.h>
#include <mio/slab.h>

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#if !defined(ENONET) /* Linux alone has it */
#define ENONET ENETDOWN
#endif

enum { LISTENER, STOP };         /* tokens; those of a slab are larger */
enum { RETRY_NS = MIO_MS(100) }; /* until what was short is looked for again */
enum { MOST_AT_ONCE = 64 };

/*
 * Serves a new connection, which it copies. On an error it has left it alone: the loop keeps it
 * until there are descriptors and memory, if it was those that lacked, and else closes it.
 */
typedef int open_stream_fn(const struct mio_tcp_stream *stream);
typedef void serve_fn(const struct mio_event *event);

static struct mio_registry *registry;
static struct mio_tcp_listener listener;
static struct mio_waker *stop_waker;
static unsigned long long waits, event_count;

/* While something is short the listener is not watched: when to try again, else MIO_FOREVER. */
static int64_t resume_at = MIO_FOREVER;

/* Accepted, and not opened yet for want of something: the first to get it. */
static struct mio_tcp_stream held;
static bool is_held;

static inline void check(int result, const char *what)
{
    if (result < 0) {
        fprintf(stderr, "%s: %s\n", what, strerror(-result));
        exit(EXIT_FAILURE);
    }
}

static inline void on_signal(int number)
{
    (void)number;
    mio_waker_wake(stop_waker); /* allowed here, and it leaves errno alone */
}

static inline void watch_listener(void)
{
    check(mio_source_register(&listener.source, registry, LISTENER, MIO_READABLE | MIO_LEVEL),
          "listener");
}

/* Makes LISTENER and STOP give events, and says where it listens. */
static inline void start_server(struct mio_poll *poll, const char *address)
{
    struct mio_addr addr;
    char text[MIO_ADDR_TEXT];
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
        limit.rlim_cur = limit.rlim_max;
        setrlimit(RLIMIT_NOFILE, &limit); /* if refused, fewer connections fit */
    }
    registry = mio_poll_registry(poll);
    check(mio_waker_new(registry, STOP, &stop_waker), "waker");
    signal(SIGINT, on_signal);
    signal(SIGTERM, on_signal);
    check(mio_addr_parse(address, &addr), address);
    /* What is written is meant to be sent, even while something is on its way. */
    struct mio_socket_options options = {.no_delay = true};
    check(mio_tcp_listener_bind(&addr, &options, &listener), address);
    check(mio_source_local_addr(&listener.source, &addr), address);
    watch_listener();
    mio_addr_format(&addr, text, sizeof text);
    printf("listening on %s\n", text);
    fflush(stdout);
}

static inline void stop_server(void)
{
    if (is_held)
        mio_source_close(&held.source);
    mio_source_close(&listener.source);
    signal(SIGINT, SIG_DFL); /* the waker is going */
    signal(SIGTERM, SIG_DFL);
    mio_waker_free(stop_waker);
}

/* Somebody else may free it. */
static inline bool is_shortage(int error)
{
    return error == -EMFILE || error == -ENFILE || error == -ENOBUFS || error == -ENOMEM ||
           error == -ENOSPC;
}

/* What accept(2) says of the one connection that it has taken: the next may be well. A firewall's
 * refusal is EPERM. */
static inline bool is_of_one_connection(int error)
{
    static const int errors[] = {ECONNABORTED, EPROTO, EPERM,        ENETDOWN,   ENOPROTOOPT,
                                 EHOSTDOWN,    ENONET, EHOSTUNREACH, EOPNOTSUPP, ENETUNREACH};
    for (size_t i = 0; i < sizeof errors / sizeof *errors; i++) {
        if (error == -errors[i])
            return true;
    }
    return false;
}

/* Those who still wait are not lost: the listener tells of them when it is watched again. */
static inline void pause_accepting(void)
{
    if (resume_at == MIO_FOREVER)
        check(mio_source_deregister(&listener.source), "listener");
    resume_at = mio_now() + RETRY_NS;
}

/* Opens a connection, or keeps it and pauses. Returns false when it pauses. */
static inline bool open_or_hold(const struct mio_tcp_stream *stream, open_stream_fn *open_stream)
{
    struct mio_tcp_stream copy = *stream;
    int error = open_stream(stream);
    is_held = is_shortage(error);
    if (is_held) {
        held = copy;
        pause_accepting();
    } else if (error < 0) {
        mio_source_close(&copy.source);
    }
    return !is_held;
}

/*
 * Takes the next connection; false when there is none to take now. When it cannot be taken for want
 * of descriptors or memory, the server waits until some may be free. An error that is the
 * listener's own would come again and again, so it ends the server; so does any error of a listener
 * that was shut down, which says so by its event, since not every system has an error for that.
 */
static inline bool accept_next(const struct mio_event *event, open_stream_fn *open_stream)
{
    struct mio_tcp_stream stream;
    int error = mio_tcp_listener_accept(&listener, &stream, NULL);
    if (error == 0)
        return open_or_hold(&stream, open_stream);
    if (is_shortage(error))
        pause_accepting();
    else if (mio_event_is_read_closed(event) || (error != -EAGAIN && !is_of_one_connection(error)))
        check(error, "accept");
    return false;
}

/* One for an event, and of a crowd, of which every wait tells again, twice as many each time: with
 * poll(2) a wait costs more the more are connected. */
static inline void accept_some(const struct mio_event *event, open_stream_fn *open_stream)
{
    static unsigned at_once;           /* 0 when it was the last that came */
    static unsigned long long told_at; /* which wait it was */
    bool is_crowd = at_once > 0 && told_at + 1 == waits;
    at_once = !is_crowd ? 1 : at_once < MOST_AT_ONCE ? 2 * at_once : MOST_AT_ONCE;
    told_at = waits;
    for (unsigned taken = 0; taken < at_once; taken++) {
        if (!accept_next(event, open_stream))
            at_once = 0;
    }
}

static inline void resume_accepting(open_stream_fn *open_stream)
{
    if (is_held && !open_or_hold(&held, open_stream))
        return;
    resume_at = MIO_FOREVER;
    watch_listener();
}

/* Until a signal comes. */
static inline void run_server(struct mio_poll *poll, struct mio_events *events,
                              open_stream_fn *open_stream, serve_fn *serve)
{
    for (bool stop = false; !stop;) {
        check(mio_poll_wait_until(poll, events, resume_at), "wait");
        waits++;
        event_count += mio_events_len(events);
        mio_events_each(event, events) {
            if (mio_event_token(event) == STOP)
                stop = true;
            else if (mio_event_token(event) == LISTENER)
                accept_some(event, open_stream);
            else
                serve(event);
        }
        if (resume_at != MIO_FOREVER && mio_now() >= resume_at)
            resume_accepting(open_stream);
    }
}

#endif

/* SPDX-License-Identifier: MIT */
/*
 * What chat, proxy and http_server have in common: a TCP listener that is accepted from until
 * EAGAIN, a waker that SIGINT and SIGTERM wake, and the loop. tcp_server.c has the same written
 * out.
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

enum { LISTENER, STOP };           /* tokens; those of a slab are larger */
enum { RETRY_NS = 100 * 1000000 }; /* until a connection that could not be taken is tried again */

static struct mio_tcp_listener listener;
static struct mio_waker *stop_waker;

/* Accepting ended before EAGAIN, for want of descriptors or memory. Those who still wait must be
 * taken later, when something may have been freed: no event will tell of them. */
static bool backlog;

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

/* Makes LISTENER and STOP give events, and says where it listens. */
static inline void start_server(struct mio_registry *registry, const char *address)
{
    struct mio_addr addr;
    char text[MIO_ADDR_TEXT];
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
        limit.rlim_cur = limit.rlim_max;
        setrlimit(RLIMIT_NOFILE, &limit); /* if refused, fewer connections fit */
    }
    check(mio_waker_new(registry, STOP, &stop_waker), "waker");
    signal(SIGINT, on_signal);
    signal(SIGTERM, on_signal);
    check(mio_addr_parse(address, &addr), address);
    /* What is written is meant to be sent, even while something is on its way. */
    struct mio_socket_options options = {.nodelay = true};
    check(mio_tcp_listener_bind(&addr, &options, &listener), address);
    check(mio_tcp_listener_local_addr(&listener, &addr), address);
    check(mio_source_register(&listener.source, registry, LISTENER, MIO_READABLE), address);
    mio_addr_format(&addr, text, sizeof text);
    printf("listening on %s\n", text);
    fflush(stdout);
}

static inline void stop_server(void)
{
    mio_tcp_listener_close(&listener);
    signal(SIGINT, SIG_DFL); /* the waker is going */
    signal(SIGTERM, SIG_DFL);
    mio_waker_free(stop_waker);
}

/* Takes the next connection. False: nobody waits, or it has to be tried again later. */
static inline bool accept_next(struct mio_tcp_stream *stream)
{
    int error;
    do {
        error = mio_tcp_listener_accept(&listener, stream, NULL);
        backlog = error == -EMFILE || error == -ENFILE || error == -ENOBUFS || error == -ENOMEM;
    } while (error < 0 && error != -EAGAIN && !backlog); /* that client is gone already */
    return error == 0;
}

/*
 * Until a signal comes: opens what connects, and serves the events of whatever else is registered.
 * While there is a backlog, it waits for RETRY_NS at most.
 */
static inline void run_server(struct mio_poll *poll, struct mio_events *events,
                              void (*open_stream)(struct mio_tcp_stream *),
                              void (*serve)(const struct mio_event *))
{
    for (bool stop = false; !stop;) {
        int64_t deadline = backlog ? mio_now() + RETRY_NS : MIO_FOREVER;
        check(mio_poll_wait_until(poll, events, deadline), "wait");
        bool accepting = backlog;
        mio_events_each(event, events) {
            if (mio_event_token(event) == STOP)
                stop = true;
            else if (mio_event_token(event) == LISTENER)
                accepting = true;
            else
                serve(event);
        }
        for (struct mio_tcp_stream stream; accepting && accept_next(&stream);)
            open_stream(&stream);
    }
}

#endif

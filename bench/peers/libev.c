/* SPDX-License-Identifier: MIT */
/* libev: level-triggered; changes are told to the kernel at the next wait. */
#include "../harness.h"
#include "connections.h"

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wpedantic"
#pragma GCC diagnostic ignored "-Wstrict-aliasing"
#include <ev.h>
#pragma GCC diagnostic pop

#include <stdio.h>
#include <stdlib.h>

/* ev_init() and its kin are macros that cast. */
#pragma GCC diagnostic ignored "-Wstrict-aliasing"
#pragma GCC diagnostic ignored "-Wconversion"

struct bench_loop {
    struct ev_loop *ev;
    ev_io *watchers; /* by slot */
    ev_async async;
    bool woken;
    long left; /* of a dispatch */
};

static const char *version(void)
{
    static char text[16];
    snprintf(text, sizeof text, "%d.%d", ev_version_major(), ev_version_minor());
    return text;
}

static void on_readable(struct ev_loop *ev, ev_io *watcher, int events)
{
    struct bench_loop *loop = ev_userdata(ev);
    if ((events & EV_READ) == 0)
        return;
    bench_read(watcher->fd);
    loop->left--;
}

static void on_wake(struct ev_loop *ev, ev_async *async, int events)
{
    (void)async;
    (void)events;
    ((struct bench_loop *)ev_userdata(ev))->woken = true;
}

static struct bench_loop *open_loop(const struct bench_options *options)
{
    struct bench_loop *loop = bench_allocate(1, sizeof *loop);
    loop->ev = ev_loop_new(EVBACKEND_EPOLL);
    bench_need(loop->ev != NULL, "ev_loop_new");
    ev_set_userdata(loop->ev, loop);
    loop->watchers = bench_allocate(options->descriptors, sizeof *loop->watchers);
    if (options->wakes) {
        ev_async_init(&loop->async, on_wake);
        ev_async_start(loop->ev, &loop->async);
    }
    return loop;
}

static void close_loop(struct bench_loop *loop)
{
    if (ev_is_active(&loop->async))
        ev_async_stop(loop->ev, &loop->async);
    ev_loop_destroy(loop->ev);
    free(loop->watchers);
    free(loop);
}

static void add(struct bench_loop *loop, size_t slot, int fd)
{
    ev_io_init(&loop->watchers[slot], on_readable, fd, EV_READ);
    ev_io_start(loop->ev, &loop->watchers[slot]);
}

static void change(struct bench_loop *loop, size_t slot, int fd)
{
    ev_io_stop(loop->ev, &loop->watchers[slot]);
    ev_io_set(&loop->watchers[slot], fd, EV_READ | EV_WRITE);
    ev_io_start(loop->ev, &loop->watchers[slot]);
}

static void forget(struct bench_loop *loop, size_t slot, int fd)
{
    (void)fd;
    ev_io_stop(loop->ev, &loop->watchers[slot]);
}

static void look(struct bench_loop *loop)
{
    ev_run(loop->ev, EVRUN_NOWAIT);
}

static void dispatch(struct bench_loop *loop, long n)
{
    loop->left = n;
    while (loop->left > 0)
        ev_run(loop->ev, EVRUN_ONCE);
}

static void wake(struct bench_loop *loop)
{
    ev_async_send(loop->ev, &loop->async);
}

static void await_wake(struct bench_loop *loop)
{
    while (!loop->woken)
        ev_run(loop->ev, EVRUN_ONCE);
    loop->woken = false;
}

/* --- the server --- */

struct connection {
    ev_io io; /* first */
    struct ring ring;
};

struct serving {
    struct bench_server *server;
    struct ring all;
    bool stop;
};

static void end_connection(struct ev_loop *ev, struct connection *connection)
{
    int fd = connection->io.fd;
    ev_io_stop(ev, &connection->io);
    bench_close(fd);
    ring_remove(&connection->ring);
    free(connection);
}

static void on_request(struct ev_loop *ev, ev_io *io, int events)
{
    (void)events;
    struct serving *serving = ev_userdata(ev);
    if (serving->stop)
        return;
    bool goes_on = bench_answer(io->fd);
    if (goes_on && bench_answered(serving->server)) {
        serving->stop = true;
        ev_break(ev, EVBREAK_ALL);
    }
    if (!goes_on || serving->server->once)
        end_connection(ev, (struct connection *)io);
}

static void on_connection(struct ev_loop *ev, ev_io *io, int events)
{
    (void)io;
    (void)events;
    struct serving *serving = ev_userdata(ev);
    for (int fd; (fd = bench_accept(serving->server)) >= 0;) {
        struct connection *made = bench_allocate(1, sizeof *made);
        ring_add(&serving->all, &made->ring);
        ev_io_init(&made->io, on_request, fd, EV_READ);
        ev_io_start(ev, &made->io);
    }
}

static void serve(struct bench_server *server)
{
    struct serving serving = {.server = server};
    struct ev_loop *ev = ev_loop_new(EVBACKEND_EPOLL);
    ev_io listener;
    ring_start(&serving.all);
    ev_set_userdata(ev, &serving);
    ev_io_init(&listener, on_connection, server->listener, EV_READ);
    ev_io_start(ev, &listener);
    ev_run(ev, 0);
    while (serving.all.next != &serving.all)
        end_connection(ev, (struct connection *)((char *)serving.all.next -
                                                 offsetof(struct connection, ring)));
    ev_io_stop(ev, &listener);
    ev_loop_destroy(ev);
}

/* --- timers --- */

struct ev_timers {
    struct ev_loop *ev;
    ev_timer *timers;
};

static void on_timer(struct ev_loop *ev, ev_timer *timer, int events)
{
    (void)ev;
    (void)timer;
    (void)events;
}

static void *open_timers(size_t n, bool shared)
{
    if (shared)
        return NULL;
    struct ev_timers *opened = bench_allocate(1, sizeof *opened);
    opened->ev = ev_loop_new(EVBACKEND_EPOLL);
    bench_need(opened->ev != NULL, "ev_loop_new");
    opened->timers = bench_allocate(n, sizeof *opened->timers);
    for (size_t i = 0; i < n; i++)
        ev_timer_init(&opened->timers[i], on_timer, 0., 0.);
    return opened;
}

static void close_timers(void *timers)
{
    struct ev_timers *opened = timers;
    ev_loop_destroy(opened->ev);
    free(opened->timers);
    free(opened);
}

static void set_timer(void *timers, size_t slot, int64_t after_ns)
{
    struct ev_timers *opened = timers;
    ev_timer_set(&opened->timers[slot], (double)after_ns / 1e9, 0.);
    ev_timer_start(opened->ev, &opened->timers[slot]);
}

static void cancel_timer(void *timers, size_t slot)
{
    struct ev_timers *opened = timers;
    ev_timer_stop(opened->ev, &opened->timers[slot]);
}

static void look_for_timers(void *timers)
{
    ev_run(((struct ev_timers *)timers)->ev, EVRUN_NOWAIT);
}

static const struct bench_timers ev_timers = {open_timers, close_timers, set_timer, cancel_timer,
                                              look_for_timers};

const struct bench_peer bench_libev = {
    .name = "libev",
    .what = "libev, recv and send",
    .version = version,
    .open = open_loop,
    .close = close_loop,
    .add = add,
    .change = change,
    .remove = forget,
    .look = look,
    .dispatch = dispatch,
    .wake = wake,
    .await_wake = await_wake,
    .serve = serve,
    .timers = &ev_timers,
};

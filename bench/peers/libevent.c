/* SPDX-License-Identifier: MIT */
/* libevent: edge-triggered; without locks, except where the loop is woken by other threads. */
#include "../harness.h"
#include "connections.h"

#include <event2/event.h>
#include <event2/event_struct.h>
#include <event2/thread.h>

#include <stdlib.h>

struct bench_loop {
    struct event_base *base;
    struct event *watchers; /* by slot */
    struct event waker;
    bool wakes;
    short mode; /* EV_ET, or 0 */
    bool woken;
    long left; /* of a dispatch */
};

static void on_readable(evutil_socket_t fd, short what, void *user)
{
    struct bench_loop *loop = user;
    if ((what & EV_READ) == 0)
        return;
    bench_read(fd);
    loop->left--;
}

static void on_wake(evutil_socket_t fd, short what, void *user)
{
    (void)fd;
    (void)what;
    ((struct bench_loop *)user)->woken = true;
}

static struct event_base *open_base(bool locks)
{
    struct event_config *config = event_config_new();
    if (locks)
        evthread_use_pthreads();
    else
        event_config_set_flag(config, EVENT_BASE_FLAG_NOLOCK);
    struct event_base *base = event_base_new_with_config(config);
    event_config_free(config);
    bench_need(base != NULL, "event_base_new_with_config");
    return base;
}

static struct bench_loop *open_loop(const struct bench_options *options)
{
    struct bench_loop *loop = bench_allocate(1, sizeof *loop);
    loop->base = open_base(options->wakes);
    loop->watchers = bench_allocate(options->descriptors, sizeof *loop->watchers);
    loop->wakes = options->wakes;
    loop->mode = options->level ? 0 : EV_ET;
    if (loop->wakes) {
        event_assign(&loop->waker, loop->base, -1, EV_PERSIST, on_wake, loop);
        event_add(&loop->waker, NULL);
    }
    return loop;
}

static void close_loop(struct bench_loop *loop)
{
    if (loop->wakes)
        event_del(&loop->waker);
    event_base_free(loop->base);
    free(loop->watchers);
    free(loop);
}

static void add_for(struct bench_loop *loop, size_t slot, int fd, short what)
{
    struct event *watcher = &loop->watchers[slot];
    event_assign(watcher, loop->base, fd, (short)(what | EV_PERSIST | loop->mode), on_readable,
                 loop);
    bench_need(event_add(watcher, NULL) == 0, "event_add");
}

static void add(struct bench_loop *loop, size_t slot, int fd)
{
    add_for(loop, slot, fd, EV_READ);
}

static void change(struct bench_loop *loop, size_t slot, int fd)
{
    event_del(&loop->watchers[slot]);
    add_for(loop, slot, fd, EV_READ | EV_WRITE);
}

static void forget(struct bench_loop *loop, size_t slot, int fd)
{
    (void)fd;
    event_del(&loop->watchers[slot]);
}

static void look(struct bench_loop *loop)
{
    event_base_loop(loop->base, EVLOOP_NONBLOCK);
}

static void dispatch(struct bench_loop *loop, long n)
{
    loop->left = n;
    while (loop->left > 0)
        event_base_loop(loop->base, EVLOOP_ONCE);
}

static void wake(struct bench_loop *loop)
{
    event_active(&loop->waker, EV_READ, 0);
}

static void await_wake(struct bench_loop *loop)
{
    while (!loop->woken)
        event_base_loop(loop->base, EVLOOP_ONCE | EVLOOP_NO_EXIT_ON_EMPTY);
    loop->woken = false;
}

/* --- the server --- */

struct serving {
    struct bench_server *server;
    struct event_base *base;
    struct ring all;
    short mode; /* of all events */
    bool stop;
};

struct connection {
    struct event event;
    struct serving *serving;
    struct ring ring;
};

static void end_connection(struct connection *connection)
{
    int fd = event_get_fd(&connection->event);
    event_del(&connection->event);
    bench_close(fd);
    ring_remove(&connection->ring);
    free(connection);
}

static void on_request(evutil_socket_t fd, short what, void *user)
{
    (void)what;
    struct connection *connection = user;
    struct serving *serving = connection->serving;
    if (serving->stop)
        return;
    bool goes_on = bench_answer(fd);
    if (goes_on && bench_answered(serving->server)) {
        serving->stop = true;
        event_base_loopbreak(serving->base);
    }
    if (!goes_on || serving->server->once)
        end_connection(connection);
}

static void on_connection(evutil_socket_t listener, short what, void *user)
{
    (void)listener;
    (void)what;
    struct serving *serving = user;
    for (int fd; (fd = bench_accept(serving->server)) >= 0;) {
        struct connection *made = bench_allocate(1, sizeof *made);
        made->serving = serving;
        ring_add(&serving->all, &made->ring);
        event_assign(&made->event, serving->base, fd, serving->mode, on_request, made);
        event_add(&made->event, NULL);
    }
}

static void serve(struct bench_server *server)
{
    struct serving serving = {.server = server, .base = open_base(false)};
    struct event listener;
    serving.mode = (short)(EV_READ | EV_PERSIST | (server->level ? 0 : EV_ET));
    ring_start(&serving.all);
    event_assign(&listener, serving.base, server->listener, serving.mode, on_connection, &serving);
    event_add(&listener, NULL);
    event_base_dispatch(serving.base);
    while (serving.all.next != &serving.all)
        end_connection(
            (struct connection *)((char *)serving.all.next - offsetof(struct connection, ring)));
    event_del(&listener);
    event_base_free(serving.base);
}

/* --- timers: each that is set reads the clock --- */

struct libevent_timers {
    struct event_base *base;
    struct event *timers;
    size_t count;
};

static void on_timer(evutil_socket_t fd, short what, void *user)
{
    (void)fd;
    (void)what;
    (void)user;
}

static void *open_timers(size_t n, bool shared)
{
    struct libevent_timers *opened = bench_allocate(1, sizeof *opened);
    opened->base = open_base(shared);
    opened->timers = bench_allocate(n, sizeof *opened->timers);
    opened->count = n;
    for (size_t i = 0; i < n; i++)
        evtimer_assign(&opened->timers[i], opened->base, on_timer, NULL);
    return opened;
}

static void close_timers(void *timers)
{
    struct libevent_timers *opened = timers;
    for (size_t i = 0; i < opened->count; i++)
        event_del(&opened->timers[i]);
    event_base_free(opened->base);
    free(opened->timers);
    free(opened);
}

static void set_timer(void *timers, size_t slot, int64_t after_ns)
{
    struct libevent_timers *opened = timers;
    struct timeval after = {after_ns / 1000000000, after_ns % 1000000000 / 1000};
    event_add(&opened->timers[slot], &after);
}

static void cancel_timer(void *timers, size_t slot)
{
    struct libevent_timers *opened = timers;
    event_del(&opened->timers[slot]);
}

static void look_for_timers(void *timers)
{
    event_base_loop(((struct libevent_timers *)timers)->base, EVLOOP_NONBLOCK);
}

static const struct bench_timers libevent_timers = {open_timers, close_timers, set_timer,
                                                    cancel_timer, look_for_timers};

const struct bench_peer bench_libevent = {
    .name = "libevent",
    .what = "libevent, recv and send",
    .version = event_get_version,
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
    .timers = &libevent_timers,
};

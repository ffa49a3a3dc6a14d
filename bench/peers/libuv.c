/* SPDX-License-Identifier: MIT */
/* libuv: uv_poll_t, level-triggered, which is what it has for descriptors of the program's own. A
 * handle is stopped and started again when a descriptor comes back to its slot. */
#define _GNU_SOURCE

#include "../harness.h"
#include "connections.h"

#include <stdlib.h>
#include <uv.h>

struct watcher {
    uv_poll_t poll; /* first */
    int fd;
    bool is_open;
};

struct bench_loop {
    uv_loop_t uv;
    struct watcher *watchers; /* by slot */
    size_t count;
    uv_async_t async;
    bool wakes;
    bool woken;
    long left; /* of a dispatch */
};

static void on_readable(uv_poll_t *poll, int status, int events)
{
    struct bench_loop *loop = poll->data;
    bench_need(status == 0, "uv_poll");
    if ((events & UV_READABLE) == 0)
        return;
    bench_read(((struct watcher *)poll)->fd);
    loop->left--;
}

static void on_wake(uv_async_t *async)
{
    ((struct bench_loop *)async->data)->woken = true;
}

static struct bench_loop *open_loop(const struct bench_options *options)
{
    struct bench_loop *loop = bench_allocate(1, sizeof *loop);
    bench_need(uv_loop_init(&loop->uv) == 0, "uv_loop_init");
    loop->count = options->descriptors;
    loop->watchers = bench_allocate(loop->count, sizeof *loop->watchers);
    loop->wakes = options->wakes;
    if (loop->wakes) {
        bench_need(uv_async_init(&loop->uv, &loop->async, on_wake) == 0, "uv_async_init");
        loop->async.data = loop;
    }
    return loop;
}

static void close_loop(struct bench_loop *loop)
{
    for (size_t i = 0; i < loop->count; i++) {
        if (loop->watchers[i].is_open)
            uv_close((uv_handle_t *)&loop->watchers[i].poll, NULL);
    }
    if (loop->wakes)
        uv_close((uv_handle_t *)&loop->async, NULL);
    uv_run(&loop->uv, UV_RUN_DEFAULT);
    bench_need(uv_loop_close(&loop->uv) == 0, "uv_loop_close");
    free(loop->watchers);
    free(loop);
}

static void add(struct bench_loop *loop, size_t slot, int fd)
{
    struct watcher *watcher = &loop->watchers[slot];
    if (!watcher->is_open) {
        bench_need(uv_poll_init(&loop->uv, &watcher->poll, fd) == 0, "uv_poll_init");
        watcher->poll.data = loop;
        watcher->fd = fd;
        watcher->is_open = true;
    }
    uv_poll_start(&watcher->poll, UV_READABLE, on_readable);
}

static void change(struct bench_loop *loop, size_t slot, int fd)
{
    (void)fd;
    uv_poll_start(&loop->watchers[slot].poll, UV_READABLE | UV_WRITABLE, on_readable);
}

static void forget(struct bench_loop *loop, size_t slot, int fd)
{
    (void)fd;
    uv_poll_stop(&loop->watchers[slot].poll);
}

static void look(struct bench_loop *loop)
{
    uv_run(&loop->uv, UV_RUN_NOWAIT);
}

static void dispatch(struct bench_loop *loop, long n)
{
    loop->left = n;
    while (loop->left > 0)
        uv_run(&loop->uv, UV_RUN_ONCE);
}

static void wake(struct bench_loop *loop)
{
    uv_async_send(&loop->async);
}

static void await_wake(struct bench_loop *loop)
{
    while (!loop->woken)
        uv_run(&loop->uv, UV_RUN_ONCE);
    loop->woken = false;
}

/* --- the server --- */

struct serving {
    struct bench_server *server;
    uv_loop_t uv;
    struct ring all;
    bool stop;
};

struct connection {
    uv_poll_t poll; /* first */
    struct serving *serving;
    int fd;
    struct ring ring;
};

static void free_connection(uv_handle_t *handle)
{
    free(handle);
}

/* Closing a handle stops it at once; its memory is the loop's until the callback. */
static void end_connection(struct connection *connection)
{
    uv_close((uv_handle_t *)&connection->poll, free_connection);
    bench_close(connection->fd);
    ring_remove(&connection->ring);
}

static void on_request(uv_poll_t *poll, int status, int events)
{
    (void)events;
    struct connection *connection = (struct connection *)poll;
    struct serving *serving = connection->serving;
    if (serving->stop)
        return;
    bool goes_on = status == 0 && bench_answer(connection->fd);
    if (goes_on && bench_answered(serving->server)) {
        serving->stop = true;
        uv_stop(&serving->uv);
    }
    if (!goes_on || serving->server->once)
        end_connection(connection);
}

static void on_connection(uv_poll_t *poll, int status, int events)
{
    (void)status;
    (void)events;
    struct serving *serving = poll->data;
    for (int fd; (fd = bench_accept(serving->server)) >= 0;) {
        struct connection *made = bench_allocate(1, sizeof *made);
        made->serving = serving;
        made->fd = fd;
        ring_add(&serving->all, &made->ring);
        bench_need(uv_poll_init(&serving->uv, &made->poll, fd) == 0, "uv_poll_init");
        uv_poll_start(&made->poll, UV_READABLE, on_request);
    }
}

static void serve(struct bench_server *server)
{
    struct serving serving = {.server = server};
    uv_poll_t listener;
    ring_start(&serving.all);
    bench_need(uv_loop_init(&serving.uv) == 0, "uv_loop_init");
    bench_need(uv_poll_init(&serving.uv, &listener, server->listener) == 0, "uv_poll_init");
    listener.data = &serving;
    uv_poll_start(&listener, UV_READABLE, on_connection);
    uv_run(&serving.uv, UV_RUN_DEFAULT);
    while (serving.all.next != &serving.all)
        end_connection(
            (struct connection *)((char *)serving.all.next - offsetof(struct connection, ring)));
    uv_close((uv_handle_t *)&listener, NULL);
    uv_run(&serving.uv, UV_RUN_DEFAULT);
    uv_loop_close(&serving.uv);
}

/* --- timers, of milliseconds --- */

struct uv_timers {
    uv_loop_t uv;
    uv_timer_t *timers;
    size_t count;
};

static void on_timer(uv_timer_t *timer)
{
    (void)timer;
}

static void *open_timers(size_t n, bool shared)
{
    if (shared)
        return NULL;
    struct uv_timers *opened = bench_allocate(1, sizeof *opened);
    bench_need(uv_loop_init(&opened->uv) == 0, "uv_loop_init");
    opened->timers = bench_allocate(n, sizeof *opened->timers);
    opened->count = n;
    for (size_t i = 0; i < n; i++)
        uv_timer_init(&opened->uv, &opened->timers[i]);
    return opened;
}

static void close_timers(void *timers)
{
    struct uv_timers *opened = timers;
    for (size_t i = 0; i < opened->count; i++)
        uv_close((uv_handle_t *)&opened->timers[i], NULL);
    uv_run(&opened->uv, UV_RUN_DEFAULT);
    bench_need(uv_loop_close(&opened->uv) == 0, "uv_loop_close");
    free(opened->timers);
    free(opened);
}

static void set_timer(void *timers, size_t slot, int64_t after_ns)
{
    struct uv_timers *opened = timers;
    uv_timer_start(&opened->timers[slot], on_timer, (uint64_t)after_ns / 1000000, 0);
}

static void cancel_timer(void *timers, size_t slot)
{
    struct uv_timers *opened = timers;
    uv_timer_stop(&opened->timers[slot]);
}

static void look_for_timers(void *timers)
{
    uv_run(&((struct uv_timers *)timers)->uv, UV_RUN_NOWAIT);
}

static const struct bench_timers uv_timers = {open_timers, close_timers, set_timer, cancel_timer,
                                              look_for_timers};

const struct bench_peer bench_libuv = {
    .name = "libuv",
    .what = "libuv, uv_poll_t, recv and send",
    .version = uv_version_string,
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
    .timers = &uv_timers,
};

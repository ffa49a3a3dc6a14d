/* SPDX-License-Identifier: MIT */
/* ivykis: level-triggered; its loop belongs to the thread that opened it. */
#define _GNU_SOURCE

#include "../harness.h"
#include "connections.h"

#include <iv.h>
#include <iv_event.h>

#include <stdlib.h>

struct watcher {
    struct iv_fd fd;
    struct bench_loop *loop;
};

struct bench_loop {
    struct watcher *watchers; /* by slot */
    struct iv_event event;
    struct iv_task task;
    bool wakes;
    bool woken;
    bool looked;
    long left; /* of a dispatch */
};

static const char *version(void)
{
    return BENCH_IVYKIS_VERSION;
}

static void on_readable(void *user)
{
    struct watcher *watcher = user;
    bench_read(watcher->fd.fd);
    if (--watcher->loop->left == 0)
        iv_quit();
}

static void on_writable(void *user)
{
    (void)user;
}

static void on_wake(void *user)
{
    ((struct bench_loop *)user)->woken = true;
    iv_quit();
}

/* Tasks run before the wait, and keep it from sleeping: the second one comes after a look. */
static void on_task(void *user)
{
    struct bench_loop *loop = user;
    loop->looked = !loop->looked;
    if (loop->looked)
        iv_task_register(&loop->task);
    else
        iv_quit();
}

static struct bench_loop *open_loop(const struct bench_options *options)
{
    struct bench_loop *loop = bench_allocate(1, sizeof *loop);
    iv_init();
    loop->watchers = bench_allocate(options->descriptors, sizeof *loop->watchers);
    loop->wakes = options->wakes;
    IV_TASK_INIT(&loop->task);
    loop->task.cookie = loop;
    loop->task.handler = on_task;
    if (loop->wakes) {
        IV_EVENT_INIT(&loop->event);
        loop->event.cookie = loop;
        loop->event.handler = on_wake;
        bench_need(iv_event_register(&loop->event) == 0, "iv_event_register");
    }
    return loop;
}

static void close_loop(struct bench_loop *loop)
{
    if (loop->wakes)
        iv_event_unregister(&loop->event);
    iv_deinit();
    free(loop->watchers);
    free(loop);
}

static void add(struct bench_loop *loop, size_t slot, int fd)
{
    struct watcher *watcher = &loop->watchers[slot];
    IV_FD_INIT(&watcher->fd);
    watcher->fd.fd = fd;
    watcher->fd.cookie = watcher;
    watcher->fd.handler_in = on_readable;
    watcher->loop = loop;
    iv_fd_register(&watcher->fd);
}

static void change(struct bench_loop *loop, size_t slot, int fd)
{
    (void)fd;
    iv_fd_set_handler_out(&loop->watchers[slot].fd, on_writable);
}

static void forget(struct bench_loop *loop, size_t slot, int fd)
{
    (void)fd;
    iv_fd_unregister(&loop->watchers[slot].fd);
}

static void look(struct bench_loop *loop)
{
    iv_task_register(&loop->task);
    iv_main();
}

static void dispatch(struct bench_loop *loop, long n)
{
    loop->left = n;
    iv_main();
}

static void wake(struct bench_loop *loop)
{
    iv_event_post(&loop->event);
}

static void await_wake(struct bench_loop *loop)
{
    while (!loop->woken)
        iv_main();
    loop->woken = false;
}

/* --- the server --- */

struct serving {
    struct bench_server *server;
    struct ring all;
    bool stop;
};

struct connection {
    struct iv_fd fd;
    struct serving *serving;
    struct ring ring;
};

static void end_connection(struct connection *connection)
{
    iv_fd_unregister(&connection->fd);
    bench_close(connection->fd.fd);
    ring_remove(&connection->ring);
    free(connection);
}

static void on_request(void *user)
{
    struct connection *connection = user;
    struct serving *serving = connection->serving;
    if (serving->stop)
        return;
    bool goes_on = bench_answer(connection->fd.fd);
    if (goes_on && bench_answered(serving->server)) {
        serving->stop = true;
        iv_quit();
    }
    if (!goes_on || serving->server->once)
        end_connection(connection);
}

static void on_connection(void *user)
{
    struct serving *serving = user;
    for (int fd; (fd = bench_accept(serving->server)) >= 0;) {
        struct connection *made = bench_allocate(1, sizeof *made);
        made->serving = serving;
        ring_add(&serving->all, &made->ring);
        IV_FD_INIT(&made->fd);
        made->fd.fd = fd;
        made->fd.cookie = made;
        made->fd.handler_in = on_request;
        iv_fd_register(&made->fd);
    }
}

static void serve(struct bench_server *server)
{
    struct serving serving = {.server = server};
    struct iv_fd listener;
    ring_start(&serving.all);
    iv_init();
    IV_FD_INIT(&listener);
    listener.fd = server->listener;
    listener.cookie = &serving;
    listener.handler_in = on_connection;
    iv_fd_register(&listener);
    iv_main();
    while (serving.all.next != &serving.all)
        end_connection(
            (struct connection *)((char *)serving.all.next - offsetof(struct connection, ring)));
    iv_fd_unregister(&listener);
    iv_deinit();
}

/* --- timers --- */

struct iv_timers {
    struct iv_task task;
    struct iv_timer *timers;
    size_t count;
};

static void on_timer(void *timer)
{
    (void)timer;
}

static void quit(void *timers)
{
    (void)timers;
    iv_quit();
}

static void *open_timers(size_t n, bool shared)
{
    if (shared)
        return NULL;
    struct iv_timers *opened = bench_allocate(1, sizeof *opened);
    iv_init();
    IV_TASK_INIT(&opened->task);
    opened->task.handler = quit;
    opened->timers = bench_allocate(n, sizeof *opened->timers);
    opened->count = n;
    for (size_t i = 0; i < n; i++) {
        IV_TIMER_INIT(&opened->timers[i]);
        opened->timers[i].handler = on_timer;
    }
    iv_validate_now();
    return opened;
}

static void close_timers(void *timers)
{
    struct iv_timers *opened = timers;
    for (size_t i = 0; i < opened->count; i++) {
        if (iv_timer_registered(&opened->timers[i]))
            iv_timer_unregister(&opened->timers[i]);
    }
    iv_deinit();
    free(opened->timers);
    free(opened);
}

static void set_timer(void *timers, size_t slot, int64_t after_ns)
{
    struct iv_timer *timer = &((struct iv_timers *)timers)->timers[slot];
    timer->expires = iv_now;
    timer->expires.tv_sec += after_ns / 1000000000;
    timer->expires.tv_nsec += after_ns % 1000000000;
    if (timer->expires.tv_nsec >= 1000000000) {
        timer->expires.tv_sec++;
        timer->expires.tv_nsec -= 1000000000;
    }
    iv_timer_register(timer);
}

static void cancel_timer(void *timers, size_t slot)
{
    iv_timer_unregister(&((struct iv_timers *)timers)->timers[slot]);
}

static void look_for_timers(void *timers)
{
    iv_task_register(&((struct iv_timers *)timers)->task);
    iv_main();
}

static const struct bench_timers iv_timers = {open_timers, close_timers, set_timer, cancel_timer,
                                              look_for_timers};

const struct bench_peer bench_ivykis = {
    .name = "ivykis",
    .what = "ivykis, recv and send",
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
    .timers = &iv_timers,
};

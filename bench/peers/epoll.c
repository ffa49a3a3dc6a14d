/* SPDX-License-Identifier: MIT */
/* The bare loop: epoll by libc, edge-triggered; what all are compared with. Its wakes are mio's:
 * writes to an eventfd that is never read. Its server comes with read() and write(), as most do,
 * and with recv() and send(). */
#define _GNU_SOURCE

#include "../harness.h"

#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <sys/timerfd.h>
#include <sys/utsname.h>
#include <unistd.h>

struct bench_loop {
    int epoll;
    int doorbell;  /* -1 when there are no wakes */
    uint32_t mode; /* EPOLLET, or 0 */
    int capacity;
    struct epoll_event *events;
};

enum { WATCHED = EPOLLIN | EPOLLRDHUP };

static const char *version(void)
{
    static struct utsname name;
    uname(&name);
    return name.release;
}

static void control(struct bench_loop *loop, int operation, int fd, uint32_t events)
{
    struct epoll_event entry = {.events = events | loop->mode, .data.u64 = (uint64_t)fd};
    bench_need(epoll_ctl(loop->epoll, operation, fd, &entry) == 0, "epoll_ctl");
}

static struct bench_loop *open_loop(const struct bench_options *options)
{
    struct bench_loop *loop = bench_allocate(1, sizeof *loop);
    loop->capacity = options->capacity ? (int)options->capacity : BENCH_CAPACITY;
    loop->events = bench_allocate((size_t)loop->capacity, sizeof *loop->events);
    loop->epoll = epoll_create1(EPOLL_CLOEXEC);
    bench_need(loop->epoll >= 0, "epoll_create1");
    loop->doorbell = -1;
    loop->mode = EPOLLET; /* of the doorbell, whatever the others' is: nobody reads it */
    if (options->wakes) {
        loop->doorbell = bench_eventfd();
        control(loop, EPOLL_CTL_ADD, loop->doorbell, EPOLLIN);
    }
    if (options->level)
        loop->mode = 0;
    return loop;
}

static void close_loop(struct bench_loop *loop)
{
    if (loop->doorbell >= 0)
        close(loop->doorbell);
    close(loop->epoll);
    free(loop->events);
    free(loop);
}

static void add(struct bench_loop *loop, size_t slot, int fd)
{
    (void)slot;
    control(loop, EPOLL_CTL_ADD, fd, WATCHED);
}

static void change(struct bench_loop *loop, size_t slot, int fd)
{
    (void)slot;
    control(loop, EPOLL_CTL_MOD, fd, WATCHED | EPOLLOUT);
}

static void forget(struct bench_loop *loop, size_t slot, int fd)
{
    (void)slot;
    control(loop, EPOLL_CTL_DEL, fd, 0);
}

static int wait_for(struct bench_loop *loop, int timeout)
{
    int count = epoll_wait(loop->epoll, loop->events, loop->capacity, timeout);
    bench_need(count >= 0, "epoll_wait");
    return count;
}

static void look(struct bench_loop *loop)
{
    wait_for(loop, 0);
}

static void dispatch(struct bench_loop *loop, long n)
{
    while (n > 0) {
        int count = wait_for(loop, -1);
        for (int i = 0; i < count; i++) {
            if ((loop->events[i].events & EPOLLIN) != 0) {
                bench_read((int)loop->events[i].data.u64);
                n--;
            }
        }
    }
}

static void wake(struct bench_loop *loop)
{
    uint64_t one = 1;
    bench_need(write(loop->doorbell, &one, sizeof one) == sizeof one, "write");
}

static void await_wake(struct bench_loop *loop)
{
    wait_for(loop, -1);
}

/* --- the server --- */

typedef bool answer_function(int fd);

static bool answer_by_read(int fd)
{
    char buffer[BENCH_BUFFER];
    ssize_t size = read(fd, buffer, sizeof buffer);
    return size > 0 && write(fd, buffer, (size_t)size) == size;
}

struct connections {
    struct bench_loop *loop;
    int *fds; /* all that were accepted, -1 when closed, by number */
    int limit;
};

static void accept_all(struct bench_server *server, struct connections *connections)
{
    for (int fd; (fd = bench_accept(server)) >= 0;) {
        bench_need(fd < connections->limit, "a small descriptor number");
        connections->fds[fd] = fd;
        add(connections->loop, 0, fd);
    }
}

static void end_connection(struct connections *connections, int fd)
{
    forget(connections->loop, 0, fd);
    bench_close(fd);
    connections->fds[fd] = -1;
}

static bool serve_event(struct bench_server *server, struct connections *connections, int fd,
                        answer_function *answer)
{
    if (fd == server->listener) {
        accept_all(server, connections);
        return false;
    }
    bool goes_on = answer(fd);
    bool stop = goes_on && bench_answered(server);
    if (!goes_on || server->once)
        end_connection(connections, fd);
    return stop;
}

static inline void serve_with(struct bench_server *server, answer_function *answer)
{
    struct bench_options options = {.level = server->level};
    struct connections connections = {.loop = open_loop(&options), .limit = 20000};
    connections.fds = bench_allocate((size_t)connections.limit, sizeof(int));
    for (int i = 0; i < connections.limit; i++)
        connections.fds[i] = -1;
    add(connections.loop, 0, server->listener);
    for (bool stop = false; !stop;) {
        int count = wait_for(connections.loop, -1);
        for (int i = 0; i < count && !stop; i++)
            stop = serve_event(server, &connections, (int)connections.loop->events[i].data.u64,
                               answer);
    }
    for (int i = 0; i < connections.limit; i++) {
        if (connections.fds[i] >= 0)
            end_connection(&connections, i);
    }
    free(connections.fds);
    close_loop(connections.loop);
}

static void serve_by_read(struct bench_server *server)
{
    serve_with(server, answer_by_read);
}

static void serve_by_recv(struct bench_server *server)
{
    serve_with(server, bench_answer);
}

/* --- timers: a timerfd each --- */

struct timerfds {
    struct bench_loop *loop;
    int *fds;
    size_t count;
};

/* A million of them take more than a gigabyte of the kernel's memory. */
enum { MOST_TIMERFDS = 100000 };

static bool may_open(size_t n)
{
    struct rlimit limit;
    getrlimit(RLIMIT_NOFILE, &limit);
    if (limit.rlim_max < n + 100)
        limit.rlim_max = n + 100;
    if (limit.rlim_cur < n + 100)
        limit.rlim_cur = n + 100;
    return n <= MOST_TIMERFDS && setrlimit(RLIMIT_NOFILE, &limit) == 0;
}

static void *open_timers(size_t n, bool shared)
{
    (void)shared;
    if (!may_open(n + 1))
        return NULL;
    struct bench_options options = {.descriptors = 0};
    struct timerfds *opened = bench_allocate(1, sizeof *opened);
    opened->loop = open_loop(&options);
    opened->fds = bench_allocate(n, sizeof *opened->fds);
    opened->count = n;
    for (size_t i = 0; i < n; i++) {
        opened->fds[i] = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
        bench_need(opened->fds[i] >= 0, "timerfd_create");
        add(opened->loop, i, opened->fds[i]);
    }
    return opened;
}

static void close_timers(void *timers)
{
    struct timerfds *opened = timers;
    for (size_t i = 0; i < opened->count; i++)
        close(opened->fds[i]);
    close_loop(opened->loop);
    free(opened->fds);
    free(opened);
}

static void set_timer(void *timers, size_t slot, int64_t after_ns)
{
    const struct timerfds *opened = timers;
    struct itimerspec time = {.it_value = {after_ns / 1000000000, after_ns % 1000000000}};
    bench_need(timerfd_settime(opened->fds[slot], 0, &time, NULL) == 0, "timerfd_settime");
}

static void cancel_timer(void *timers, size_t slot)
{
    const struct timerfds *opened = timers;
    struct itimerspec never = {.it_value = {0, 0}};
    bench_need(timerfd_settime(opened->fds[slot], 0, &never, NULL) == 0, "timerfd_settime");
}

static void look_for_timers(void *timers)
{
    look(((struct timerfds *)timers)->loop);
}

static const struct bench_timers timerfds = {open_timers, close_timers, set_timer, cancel_timer,
                                             look_for_timers};

const struct bench_peer bench_epoll = {
    .name = "epoll",
    .what = "bare epoll loop by libc, read and write",
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
    .serve = serve_by_read,
    .timers = &timerfds,
};

const struct bench_peer bench_epoll_recv = {
    .name = "epoll_recv",
    .what = "bare epoll loop by libc, recv and send",
    .version = version,
    .serve = serve_by_recv,
};

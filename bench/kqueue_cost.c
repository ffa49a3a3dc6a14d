/* SPDX-License-Identifier: MIT */
/*
 * What the kqueue selector itself costs, over the model of tests/kqueue in the flavour of FreeBSD.
 *
 *   kqueue_cost list             the cases by name
 *   kqueue_cost CASE TIMES       one case; prints the calls of kevent() an operation
 *
 * Run by kqueue_cost.sh under callgrind, which counts within measured().
 */
#include "kqmodel.h"

#include <mio.h>

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { PIPES = 64, CAPACITY = 256 };

static struct mio_poll *poll;
static struct mio_registry *registry;
static struct mio_events *events;
static struct mio_waker *waker;
static struct mio_pipe_sender senders[PIPES];
static struct mio_pipe_receiver receivers[PIPES];
static struct mio_change changes[PIPES];

static void need(bool condition, const char *what)
{
    if (condition)
        return;
    fprintf(stderr, "%s failed\n", what);
    exit(1);
}

static int fd_of(int i)
{
    return receivers[i].source.fd;
}

static void start(void)
{
    need(mio_poll_new(NULL, &poll) == 0, "mio_poll_new");
    need(mio_events_new(CAPACITY, NULL, &events) == 0, "mio_events_new");
    registry = mio_poll_registry(poll);
    for (int i = 0; i < PIPES; i++) {
        need(mio_pipe_open(&senders[i], &receivers[i]) == 0, "mio_pipe_open");
        changes[i] = (struct mio_change){
            .kind = MIO_REGISTER, .fd = fd_of(i), .token = (mio_token)i, .interest = MIO_READABLE};
    }
}

/* --- before and after each measured operation --- */

static void nothing(void)
{
}

static void register_one(void)
{
    need(mio_registry_register(registry, fd_of(0), 7, MIO_READABLE) == 0, "registering");
}

static void deregister_one(void)
{
    need(mio_registry_deregister(registry, fd_of(0)) == 0, "deregistering");
}

static void deregister_many(void)
{
    for (int i = 0; i < PIPES; i++)
        mio_registry_deregister(registry, fd_of(i));
}

static void write_to(int n)
{
    for (int i = 0; i < n; i++) {
        need(mio_registry_register(registry, fd_of(i), 7, MIO_READABLE) == 0, "registering");
        need(mio_pipe_sender_write(&senders[i], "x", 1) == 1, "writing");
    }
}

static void write_one(void)
{
    write_to(1);
}

static void write_many(void)
{
    write_to(PIPES);
}

static void read_all(void)
{
    char byte;
    for (int i = 0; i < PIPES; i++)
        (void)mio_pipe_receiver_read(&receivers[i], &byte, 1);
    deregister_many();
}

static void make_waker(void)
{
    if (!waker)
        need(mio_waker_new(registry, 1, &waker) == 0, "mio_waker_new");
    need(mio_poll_wait(poll, events, 0) >= 0, "looking");
}

static void look(void)
{
    int count = mio_poll_wait(poll, events, 0);
    (void)count;
}

/* --- what is measured --- */

static void register_both(void)
{
    need(mio_registry_register(registry, fd_of(0), 7, MIO_READABLE | MIO_WRITABLE) == 0,
         "registering");
}

static void reregister_one(void)
{
    need(mio_registry_reregister(registry, fd_of(0), 8, MIO_READABLE) == 0, "reregistering");
}

static void apply_many(void)
{
    need(mio_registry_apply(registry, changes, PIPES) == PIPES, "mio_registry_apply");
}

static void wait_for_all(void)
{
    size_t readable = 0;
    int count = mio_poll_wait(poll, events, MIO_FOREVER);
    (void)count;
    mio_events_each(event, events)
        readable += mio_event_is_readable(event);
    need(readable > 0, "waiting");
}

static void wake(void)
{
    need(mio_waker_wake(waker) == 0, "mio_waker_wake");
}

static void wake_and_wait(void)
{
    wake();
    need(mio_poll_wait(poll, events, MIO_FOREVER) == 1, "waiting");
}

static const struct cost_case {
    const char *name;
    void (*before)(void);
    void (*operation)(void);
    void (*after)(void);
} cases[] = {
    {"register_readable", nothing, register_one, deregister_one},
    {"register_both", nothing, register_both, deregister_one},
    {"reregister", register_one, reregister_one, deregister_one},
    {"deregister", register_one, deregister_one, nothing},
    {"apply_64", nothing, apply_many, deregister_many},
    {"look", nothing, look, nothing},
    {"wait_1", write_one, wait_for_all, read_all},
    {"wait_64", write_many, wait_for_all, read_all},
    {"wake", make_waker, wake, look},
    {"wake_and_wait", make_waker, wake_and_wait, nothing},
};
enum { CASES = sizeof cases / sizeof cases[0] };

__attribute__((noinline)) static void measured(void (*operation)(void))
{
    operation();
    __asm__ volatile("");
}

static void run(const struct cost_case *which, long times)
{
    unsigned calls = 0;
    start();
    for (long i = 0; i < times; i++) {
        which->before();
        unsigned earlier = kqmodel_kevent_calls();
        measured(which->operation);
        calls += kqmodel_kevent_calls() - earlier;
        which->after();
    }
    printf("%.2f\n", (double)calls / (double)times);
}

int main(int argc, char **argv)
{
    if (argc == 2 && strcmp(argv[1], "list") == 0) {
        for (int i = 0; i < CASES; i++)
            puts(cases[i].name);
        return 0;
    }
    long times = argc == 3 ? strtol(argv[2], NULL, 10) : 0;
    for (int i = 0; i < CASES && times > 0; i++) {
        if (strcmp(cases[i].name, argv[1]) == 0) {
            run(&cases[i], times);
            return 0;
        }
    }
    fprintf(stderr, "usage: %s list | CASE TIMES\n", argv[0]);
    return 2;
}

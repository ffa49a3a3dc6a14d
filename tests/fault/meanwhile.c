/* SPDX-License-Identifier: MIT */
/* Registering while another thread waits. */
#define _GNU_SOURCE

#include "sweep.h"

#include "fault.h"

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>

enum { STOP = 9 };

struct waiter {
    struct loop loop;
    pthread_t thread;
    atomic_uint seen[STOP + 1]; /* readiness by token */
};

static void *wait_until_stopped(void *argument)
{
    struct waiter *waiter = argument;
    while (atomic_load(&waiter->seen[STOP]) == 0) {
        STEP(ANY_COUNT, mio_poll_wait(waiter->loop.poll, waiter->loop.events, MIO_FOREVER));
        mio_events_each(event, waiter->loop.events) {
            if (HOLDS(mio_event_token(event) <= STOP))
                atomic_fetch_or(&waiter->seen[mio_event_token(event)], mio_event_readiness(event));
        }
    }
    return NULL;
}

static void until_asleep(void)
{
    while (!fault_someone_sleeps())
        sched_yield();
}

static void until_seen(struct waiter *waiter, mio_token token, uint32_t readiness)
{
    while ((atomic_load(&waiter->seen[token]) & readiness) != readiness)
        sched_yield();
}

static void meanwhile_scenario(void)
{
    struct waiter waiter = {.loop = loop_open(0, 16)};
    struct mio_registry *registry = waiter.loop.registry;
    struct mio_waker *waker;
    int ends[2];
    open_pair(ends);
    MAKE(&waker, mio_waker_new(registry, STOP, &waker));
    HOLDS(pthread_create(&waiter.thread, NULL, wait_until_stopped, &waiter) == 0);

    until_asleep();
    STEP_OR(0, mio_registry_register(registry, ends[NEAR], ONE, BOTH)) {
        until_asleep();
    }
    until_seen(&waiter, ONE, MIO_WRITABLE);
    until_asleep();
    STEP_OR(0, mio_registry_reregister(registry, ends[NEAR], TWO, BOTH)) {
        if (sweeps("kqueue") && mio_registry_deregister(registry, ends[NEAR]) <= 0)
            HOLDS(mio_registry_register(registry, ends[NEAR], ONE, MIO_READABLE) == 0);
    }
    until_seen(&waiter, TWO, MIO_WRITABLE);
    until_asleep();
    STEP(0, mio_registry_rearm(registry, ends[NEAR], MIO_READABLE));
    put(ends[FAR], "x");
    until_seen(&waiter, TWO, MIO_READABLE);
    until_asleep();
    STEP(0, mio_registry_deregister(registry, ends[NEAR]));
    until_asleep();
    STEP(0, mio_waker_wake(waker));
    until_seen(&waiter, STOP, MIO_READABLE);
    HOLDS(pthread_join(waiter.thread, NULL) == 0);

    FREE(mio_waker_free(waker));
    close_ends(ends);
    loop_close(&waiter.loop);
}

TEST(meanwhile)
{
    sweep("meanwhile", meanwhile_scenario, THREADED);
}

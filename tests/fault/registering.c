/* SPDX-License-Identifier: MIT */
/* Registering, raw and as a source, in each mode, alone, in a batch and while another thread waits.
 */
#define _GNU_SOURCE

#include "sweep.h"

#include "fault.h"

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <unistd.h>

enum { ONE = 1, TWO = 2, THREE = 3, STOP = 9, BOTH = MIO_READABLE | MIO_WRITABLE, MOST = 90 };

/* --- what to look at after a failure --- */

static void expect_unregistered(struct loop *loop, int fd)
{
    HOLDS(mio_registry_deregister(loop->registry, fd) == -ENOENT);
}

/* Data gives an event of this registration and of no other; then all is quiet as before. */
static void expect_watched(struct loop *loop, const int ends[2], mio_token token)
{
    put(ends[FAR], "?");
    bool heard = false;
    HOLDS(wait_once(loop) > 0);
    mio_events_each(event, loop->events) {
        HOLDS(mio_event_token(event) == token);
        heard = heard || mio_event_is_readable(event);
    }
    HOLDS(heard);
    drain(ends[NEAR]);
    (void)mio_registry_rearm(loop->registry, ends[NEAR], MIO_READABLE);
}

/* After a raw reregistration that failed: the old registration, which kqueue may have lost. */
static void restore_raw(struct loop *loop, const int ends[2], mio_token token,
                        mio_interest interest)
{
    if (!sweeps("kqueue")) {
        expect_watched(loop, ends, token);
        return;
    }
    (void)mio_registry_deregister(loop->registry, ends[NEAR]);
    HOLDS(mio_registry_register(loop->registry, ends[NEAR], token, interest) == 0);
}

/* --- raw descriptors --- */

static void raw_in_mode(mio_interest mode)
{
    struct loop loop = loop_open(0, 16);
    int ends[2];
    open_pair(ends);
    STEP_OR(0, mio_registry_register(loop.registry, ends[NEAR], ONE, BOTH | mode)) {
        expect_unregistered(&loop, ends[NEAR]);
    }
    await(&loop, ONE, MIO_WRITABLE);
    STEP_OR(0, mio_registry_reregister(loop.registry, ends[NEAR], TWO, MIO_READABLE | mode)) {
        if (sweeps("kqueue") || mode == 0)
            restore_raw(&loop, ends, ONE, BOTH | mode);
    }
    put(ends[FAR], "x");
    await(&loop, TWO, MIO_READABLE);
    drain(ends[NEAR]);
    STEP(0, mio_registry_rearm(loop.registry, ends[NEAR], MIO_READABLE));
    silent(&loop);
    STEP_OR(0, mio_registry_reregister(loop.registry, ends[NEAR], THREE, MIO_WRITABLE)) {
        if (mode != MIO_ONESHOT)
            restore_raw(&loop, ends, TWO, MIO_READABLE | mode);
        else if (mio_registry_deregister(loop.registry, ends[NEAR]) <= 0)
            HOLDS(mio_registry_register(loop.registry, ends[NEAR], TWO, MIO_READABLE) == 0);
    }
    await(&loop, THREE, MIO_WRITABLE);
    STEP(0, mio_registry_deregister(loop.registry, ends[NEAR]));
    STEP(-ENOENT, mio_registry_deregister(loop.registry, ends[NEAR]));
    STEP(-ENOENT, mio_registry_reregister(loop.registry, ends[NEAR], ONE, MIO_READABLE));
    silent(&loop);
    close_ends(ends);
    loop_close(&loop);
}

static void raw_edge_scenario(void)
{
    raw_in_mode(0);
}

TEST(raw_edge)
{
    sweep("raw_edge", raw_edge_scenario, IN_PROCESS);
}

static void raw_level_scenario(void)
{
    raw_in_mode(MIO_LEVEL);
}

TEST(raw_level)
{
    sweep("raw_level", raw_level_scenario, IN_PROCESS);
}

static void raw_oneshot_scenario(void)
{
    raw_in_mode(MIO_ONESHOT);
}

TEST(raw_oneshot)
{
    sweep("raw_oneshot", raw_oneshot_scenario, IN_PROCESS);
}

/* After a raw reregistration that failed, to or from exclusive: the entry is deleted and added, and
 * may be lost in between. What was there is there again. */
static void restore_exclusive(struct loop *loop, const int ends[2], mio_token token,
                              mio_interest interest)
{
    int result = mio_registry_register(loop->registry, ends[NEAR], token, interest);
    HOLDS(result == 0 || result == -EEXIST);
    expect_watched(loop, ends, token);
}

/* To exclusive and back. */
static void exclusive_scenario(void)
{
    enum { EXCLUSIVE = MIO_READABLE | MIO_EXCLUSIVE };
    struct loop loop = loop_open(0, 16);
    int ends[2];
    open_pair(ends);
    STEP_OR(0, mio_registry_register(loop.registry, ends[NEAR], ONE, EXCLUSIVE)) {
        expect_unregistered(&loop, ends[NEAR]);
    }
    STEP_OR(0, mio_registry_reregister(loop.registry, ends[NEAR], TWO, EXCLUSIVE | MIO_WRITABLE)) {
        restore_exclusive(&loop, ends, ONE, EXCLUSIVE);
    }
    await(&loop, TWO, MIO_WRITABLE);
    STEP_OR(0, mio_registry_reregister(loop.registry, ends[NEAR], THREE, MIO_READABLE)) {
        restore_exclusive(&loop, ends, TWO, EXCLUSIVE | MIO_WRITABLE);
    }
    expect_watched(&loop, ends, THREE);
    STEP(0, mio_registry_deregister(loop.registry, ends[NEAR]));
    close_ends(ends);
    loop_close(&loop);
}

TEST(exclusive)
{
    if (!sweeps("epoll"))
        SKIP("MIO_EXCLUSIVE is epoll's");
    sweep("exclusive", exclusive_scenario, IN_PROCESS);
}

/* --- sources --- */

static void source_in_mode(mio_interest mode)
{
    struct loop loop = loop_open(0, 16);
    int ends[2];
    struct mio_source source;
    open_pair(ends);
    mio_source_init(&source, ends[NEAR]);
    STEP_OR(0, mio_source_register(&source, loop.registry, ONE, MIO_READABLE | mode)) {
        expect_unregistered(&loop, ends[NEAR]);
        HOLDS(!source.selector);
    }
    STEP_OR(0, mio_source_reregister(&source, loop.registry, TWO, BOTH | MIO_LEVEL)) {
        HOLDS(source.token == ONE && source.interest == (MIO_READABLE | mode));
        if (mode != MIO_ONESHOT)
            expect_watched(&loop, ends, ONE);
    }
    await(&loop, TWO, MIO_WRITABLE);
    STEP_OR(0, mio_source_reregister(&source, loop.registry, ONE, MIO_READABLE | mode)) {
        HOLDS(source.token == TWO);
        await(&loop, TWO, MIO_WRITABLE);
    }
    silent(&loop);
    put(ends[FAR], "x");
    await(&loop, ONE, MIO_READABLE);
    drain(ends[NEAR]);
    STEP_OR(0, mio_source_deregister(&source, loop.registry)) {
        HOLDS(source.selector != NULL);
    }
    put(ends[FAR], "y");
    silent(&loop);
    STEP_OR(0, mio_source_register(&source, loop.registry, THREE, BOTH | mode)) {
        expect_unregistered(&loop, ends[NEAR]);
    }
    await(&loop, THREE, MIO_READABLE);
    STEP(0, mio_source_close(&source));
    HOLDS(source.fd == MIO_INVALID_FD && !source.selector);
    STEP(-EBADF, mio_source_close(&source));
    silent(&loop);
    HOLDS(close(ends[FAR]) == 0);
    loop_close(&loop);
}

static void source_edge_scenario(void)
{
    source_in_mode(0);
}

TEST(source_edge)
{
    sweep("source_edge", source_edge_scenario, IN_PROCESS);
}

static void source_level_scenario(void)
{
    source_in_mode(MIO_LEVEL);
}

TEST(source_level)
{
    sweep("source_level", source_level_scenario, IN_PROCESS);
}

static void source_oneshot_scenario(void)
{
    source_in_mode(MIO_ONESHOT);
}

TEST(source_oneshot)
{
    sweep("source_oneshot", source_oneshot_scenario, IN_PROCESS);
}

/* A one-shot registration of both directions delivers in one wait, and is then silent: after a
 * failed reregistration too. */
static void spent_oneshot_scenario(void)
{
    struct loop loop = loop_open(0, 16);
    int ends[2];
    struct mio_source source;
    open_pair(ends);
    mio_source_init(&source, ends[NEAR]);
    STEP(0, mio_source_register(&source, loop.registry, ONE, BOTH | MIO_ONESHOT));
    await(&loop, ONE, MIO_WRITABLE);
    put(ends[FAR], "x");
    silent(&loop);
    STEP_OR(0, mio_source_reregister(&source, loop.registry, TWO, MIO_READABLE | MIO_ONESHOT)) {
        silent(&loop);
    }
    await(&loop, TWO, MIO_READABLE);
    put(ends[FAR], "y");
    silent(&loop);
    STEP_OR(0, mio_source_reregister(&source, loop.registry, THREE, BOTH | MIO_LEVEL)) {
        /* EV3: a kqueue makes the old one anew, and does not know of one filter that it has fired. */
        if (!sweeps("kqueue"))
            silent(&loop);
    }
    await(&loop, THREE, BOTH);
    STEP(0, mio_source_close(&source));
    HOLDS(close(ends[FAR]) == 0);
    loop_close(&loop);
}

TEST(spent_oneshot)
{
    sweep("spent_oneshot", spent_oneshot_scenario, IN_PROCESS);
}

/* A deregistration that fails leaves the one-shot as it was: one wait delivers. */
static void undeparted_oneshot_scenario(void)
{
    struct loop loop = loop_open(0, 1);
    int ends[2];
    open_pair(ends);
    STEP(0, mio_registry_register(loop.registry, ends[NEAR], ONE, BOTH | MIO_ONESHOT));
    STEP_OR(0, mio_registry_deregister(loop.registry, ends[NEAR])) {
        await(&loop, ONE, MIO_WRITABLE);
        put(ends[FAR], "x");
        silent(&loop);
    }
    close_ends(ends);
    loop_close(&loop);
}

TEST(undeparted_oneshot)
{
    sweep("undeparted_oneshot", undeparted_oneshot_scenario, IN_PROCESS);
}

/* --- tables that grow --- */

static void many_scenario(void)
{
    struct loop loop = loop_open(0, 16);
    int ends[2];
    int copies[MOST];
    open_pair(ends);
    for (int i = 0; i < MOST; i++) {
        copies[i] = dup(ends[NEAR]);
        HOLDS(copies[i] >= 0);
    }
    /* Only some have to be one-shot for the table by descriptor to grow. */
    for (int i = 0; i < MOST; i++) {
        mio_interest interest = i % 10 == 9 ? BOTH | MIO_ONESHOT : MIO_READABLE;
        STEP_OR(0, mio_registry_register(loop.registry, copies[i], ONE, interest)) {
            expect_unregistered(&loop, copies[i]);
        }
    }
    for (int i = 0; i < MOST; i++) {
        STEP(0, mio_registry_deregister(loop.registry, copies[i]));
        HOLDS(close(copies[i]) == 0);
    }
    close_ends(ends);
    loop_close(&loop);
}

TEST(many)
{
    sweep("many", many_scenario, MEMORY);
}

/* --- a batch --- */

/* Applies; what the fault refused is what failed, alone or all of one call, and can be applied
 * again. */
static void apply(struct loop *loop, struct mio_change *changes, size_t n)
{
    unsigned strikes = fault_strikes_here();
    int succeeded = mio_registry_apply(loop->registry, changes, n);
    bool struck = fault_strikes_here() != strikes;
    int counted = 0;
    struct mio_change failed[8];
    size_t left = 0;
    for (size_t i = 0; i < n; i++) {
        counted += changes[i].result == 0;
        if (changes[i].result < 0)
            failed[left++] = changes[i];
    }
    HOLDS(succeeded == counted);
    HOLDS(struck || left == 0);
    if (left == 0)
        return;
    for (size_t i = 0; i < left; i++) {
        if (failed[i].kind == MIO_REGISTER)
            expect_unregistered(loop, failed[i].fd);
        if (failed[i].kind == MIO_REREGISTER && sweeps("kqueue")) {
            (void)mio_registry_deregister(loop->registry, failed[i].fd);
            failed[i].kind = MIO_REGISTER;
        }
        failed[i].result = 1;
    }
    HOLDS(mio_registry_apply(loop->registry, failed, left) == (int)left);
}

static void batch_scenario(void)
{
    struct loop loop = loop_open(0, 16);
    int one[2], two[2], three[2];
    open_pair(one);
    open_pair(two);
    open_pair(three);
    struct mio_change arrivals[] = {
        {.kind = MIO_REGISTER, .fd = one[NEAR], .token = ONE, .interest = BOTH},
        {.kind = MIO_REGISTER, .fd = two[NEAR], .token = TWO, .interest = BOTH | MIO_LEVEL},
        {.kind = MIO_REGISTER, .fd = three[NEAR], .token = THREE, .interest = BOTH | MIO_ONESHOT},
    };
    apply(&loop, arrivals, 3);
    struct mio_change changes[] = {
        {.kind = MIO_REREGISTER, .fd = one[NEAR], .token = ONE, .interest = MIO_READABLE},
        {.kind = MIO_DEREGISTER, .fd = two[NEAR]},
        {.kind = MIO_REREGISTER, .fd = three[NEAR], .token = THREE, .interest = MIO_READABLE},
    };
    apply(&loop, changes, 3);
    put(one[FAR], "x");
    put(two[FAR], "x");
    put(three[FAR], "x");
    await(&loop, ONE, MIO_READABLE);
    struct mio_change departures[] = {
        {.kind = MIO_DEREGISTER, .fd = one[NEAR]},
        {.kind = MIO_DEREGISTER, .fd = three[NEAR]},
    };
    apply(&loop, departures, 2);
    silent(&loop);
    close_ends(one);
    close_ends(two);
    close_ends(three);
    loop_close(&loop);
}

TEST(batch)
{
    sweep("batch", batch_scenario, IN_PROCESS);
}

/* --- the writing end of a pipe without reader: kqueue injects the event --- */

static void watch_write_closed(bool embedded)
{
    struct loop loop = loop_open(0, 16);
    int ends[2];
    open_pipe(ends);
    HOLDS(close(ends[0]) == 0);
    if (embedded)
        STEP(ANY_COUNT, mio_poll_fd(loop.poll));
    struct mio_source source;
    mio_source_init(&source, ends[1]);
    STEP_OR(0, mio_source_register(&source, loop.registry, ONE, MIO_WRITABLE)) {
        expect_unregistered(&loop, ends[1]);
        silent(&loop);
    }
    await(&loop, ONE, MIO_WRITE_CLOSED);
    silent(&loop);
    STEP_OR(0, mio_source_reregister(&source, loop.registry, TWO, BOTH | MIO_ONESHOT)) {
        HOLDS(source.token == ONE);
    }
    await(&loop, TWO, MIO_WRITE_CLOSED);
    silent(&loop);
    STEP(0, mio_source_deregister(&source, loop.registry));
    STEP_OR(0, mio_source_register(&source, loop.registry, THREE, MIO_WRITABLE)) {
        silent(&loop);
    }
    STEP(0, mio_source_close(&source));
    silent(&loop);
    loop_close(&loop);
}

static void write_closed_scenario(void)
{
    watch_write_closed(false);
}

TEST(write_closed)
{
    sweep("write_closed", write_closed_scenario, IN_PROCESS);
}

static void embedded_write_closed_scenario(void)
{
    watch_write_closed(true);
}

TEST(embedded_write_closed)
{
    if (sweeps("poll"))
        SKIP("poll has no descriptor");
    sweep("embedded_write_closed", embedded_write_closed_scenario, IN_PROCESS);
}

/* --- while another thread waits --- */

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

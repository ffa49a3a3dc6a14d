/* SPDX-License-Identifier: MIT */
/* Registering, raw and as a source, in each mode. */
#define _GNU_SOURCE

#include "epoll_tokens.h"
#include "fault.h"
#include "sweep.h"

#include <errno.h>
#include <stdint.h>
#include <unistd.h>

/* --- what to look at after a failure --- */

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

/* Whatever there was. */
static void set_scenario(void)
{
    struct loop loop = loop_open(0, 16);
    int ends[2];
    open_pair(ends);
    STEP_OR(0, mio_registry_set(loop.registry, ends[NEAR], ONE, BOTH)) {
        expect_unregistered(&loop, ends[NEAR]);
    }
    await(&loop, ONE, MIO_WRITABLE);
    STEP_OR(0, mio_registry_set(loop.registry, ends[NEAR], TWO, MIO_READABLE)) {
        restore_raw(&loop, ends, ONE, BOTH);
    }
    put(ends[FAR], "x");
    await(&loop, TWO, MIO_READABLE);
    STEP(0, mio_registry_set(loop.registry, ends[NEAR], TWO, 0));
    STEP(0, mio_registry_set(loop.registry, ends[NEAR], TWO, 0));
    silent(&loop);
    close_ends(ends);
    loop_close(&loop);
}

TEST(set)
{
    sweep("set", set_scenario, IN_PROCESS);
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
    STEP_OR(0, mio_source_reregister(&source, TWO, BOTH | MIO_LEVEL)) {
        HOLDS(source.token == ONE && source.interest == (MIO_READABLE | mode));
        if (mode != MIO_ONESHOT)
            expect_watched(&loop, ends, ONE);
    }
    await(&loop, TWO, MIO_WRITABLE);
    STEP_OR(0, mio_source_reregister(&source, ONE, MIO_READABLE | mode)) {
        HOLDS(source.token == TWO);
        await(&loop, TWO, MIO_WRITABLE);
    }
    silent(&loop);
    put(ends[FAR], "x");
    await(&loop, ONE, MIO_READABLE);
    drain(ends[NEAR]);
    STEP_OR(0, mio_source_deregister(&source)) {
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
    STEP_OR(0, mio_source_reregister(&source, TWO, MIO_READABLE | MIO_ONESHOT)) {
        silent(&loop);
    }
    await(&loop, TWO, MIO_READABLE);
    put(ends[FAR], "y");
    silent(&loop);
    STEP_OR(0, mio_source_reregister(&source, THREE, BOTH | MIO_LEVEL)) {
        /* EV3: a kqueue makes the old one anew, and does not know of one filter that it has
         * fired. */
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

/* --- the doorbell's token, which the doorbell gives up --- */

static void doorbells_token_scenario(void)
{
    struct loop loop = loop_open(0, 16);
    struct mio_waker *waker;
    int ends[2];
    MAKE(&waker, mio_waker_new(loop.registry, ONE, &waker));
    int epoll = mio_registry_fd(loop.registry);
    mio_token mark = epoll_token_of_other(epoll, loop.canary, 2);
    open_pair(ends);
    if (mark != 0) {
        STEP_OR(0, mio_registry_register(loop.registry, ends[NEAR], mark, MIO_READABLE)) {
            if (fault_ordered().call == CALL_epoll_ctl_mod)
                HOLDS(epoll_token_of_other(epoll, loop.canary, 2) == mark);
            expect_unregistered(&loop, ends[NEAR]);
        }
        STEP(0, mio_registry_deregister(loop.registry, ends[NEAR]));
    }
    STEP(0, mio_waker_wake(waker));
    await(&loop, ONE, MIO_READABLE);
    silent(&loop);
    FREE(mio_waker_free(waker));
    close_ends(ends);
    loop_close(&loop);
}

TEST(doorbells_token)
{
    if (!sweeps("epoll"))
        SKIP("the doorbell has a token where there is epoll");
    sweep("doorbells_token", doorbells_token_scenario, IN_PROCESS);
}

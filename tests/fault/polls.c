/* SPDX-License-Identifier: MIT */
/* Polls, waits, wakers. */
#define _GNU_SOURCE

#include "sweep.h"

#include <errno.h>
#include <poll.h>

#define MICROSECOND INT64_C(1000)

#if defined(MIO_RECORD_KEVENT)
enum { HAS_KEVENTS = true };
#else
enum { HAS_KEVENTS = false };
#endif

/* --- making and freeing --- */

static void life_scenario(void)
{
    struct mio_options options = loop_options(0);
    struct mio_poll *poll;
    struct mio_registry *first;
    struct mio_registry *second;
    struct mio_events *events;
    MAKE(&poll, mio_poll_new(&options, &poll));
    MAKE(&first, mio_registry_clone(mio_poll_registry(poll), &first));
    MAKE(&second, mio_registry_clone(first, &second));
    MAKE(&events, mio_events_new(1000, NULL, &events));
    FREE(mio_registry_free(first));
    FREE(mio_poll_free(poll));
    int ends[2];
    open_pair(ends);
    STEP(0, mio_registry_register(second, ends[NEAR], 1, MIO_READABLE));
    FREE(mio_registry_free(second));
    FREE(mio_events_free(events));
    close_ends(ends);
}

TEST(life)
{
    sweep("life", life_scenario, IN_PROCESS);
}

/* Nobody names a selector: what the kernel refuses is told to the log, and the next one is
 * taken. */
static void best_scenario(void)
{
    struct mio_options best = loop_options(0);
    struct mio_poll *poll;
    best.backend = NULL;
    MAKE(&poll, mio_poll_new(&best, &poll));
    HOLDS(mio_poll_backend(poll) != NULL);
    FREE(mio_poll_free(poll));
}

TEST(best)
{
    if (HAS_KEVENTS && sweeps("poll"))
        SKIP("swept over kqueue: this program has none");
    sweep("best", best_scenario, IN_PROCESS);
}

/* --- waiting --- */

static void waits_scenario(void)
{
    static const int64_t timeouts[] = {0, 1, 50 * MICROSECOND, 1000 * MICROSECOND,
                                       1100 * MICROSECOND};
    struct loop loop = loop_open(0, 16);
    for (size_t i = 0; i < sizeof timeouts / sizeof timeouts[0]; i++) {
        int64_t begin = test_now();
        STEP_OR(0, mio_poll_wait(loop.poll, loop.events, timeouts[i])) {
            HOLDS(mio_events_is_empty(loop.events));
            begin = test_now();
        }
        HOLDS(test_now() - begin >= timeouts[i]);
    }
    STEP(0, mio_poll_wait_until(loop.poll, loop.events, mio_now() - 1));
    int64_t deadline = mio_now() + 200 * MICROSECOND;
    STEP(0, mio_poll_wait_until(loop.poll, loop.events, deadline));
    HOLDS(mio_now() >= deadline);
    loop_close(&loop);
}

TEST(waits)
{
    sweep("waits", waits_scenario, IN_PROCESS);
}

/* An event ends every kind of wait, and is there after one that failed. */
static void waits_with_events_scenario(void)
{
    static const int64_t timeouts[] = {MIO_FOREVER, 5000000 * MICROSECOND, 3 * MICROSECOND + 1,
                                       INT64_MAX};
    struct loop loop = loop_open(0, 16);
    int ends[2];
    open_pair(ends);
    STEP(0, mio_registry_register(loop.registry, ends[NEAR], ONE, MIO_READABLE | MIO_LEVEL));
    put(ends[FAR], "x");
    for (size_t i = 0; i < sizeof timeouts / sizeof timeouts[0]; i++) {
        STEP_OR(1, mio_poll_wait(loop.poll, loop.events, timeouts[i])) {
            HOLDS(mio_events_is_empty(loop.events));
        }
    }
    STEP(1, mio_poll_wait_until(loop.poll, loop.events, MIO_FOREVER));
    STEP(1, mio_poll_wait_until(loop.poll, loop.events, mio_now() + 5000000 * MICROSECOND));
    STEP(0, mio_registry_deregister(loop.registry, ends[NEAR]));
    silent(&loop);
    close_ends(ends);
    loop_close(&loop);
}

TEST(waits_with_events)
{
    sweep("waits_with_events", waits_with_events_scenario, IN_PROCESS);
}

/* --- wakers --- */

static void wake_with_flags(uint32_t flags)
{
    struct loop loop = loop_open(flags, 16);
    struct mio_waker *one;
    struct mio_waker *two;
    MAKE(&one, mio_waker_new(loop.registry, ONE, &one));
    MAKE(&two, mio_waker_new(loop.registry, TWO, &two));
    STEP(0, mio_waker_wake(one));
    await(&loop, ONE, MIO_READABLE);
    STEP(0, mio_waker_wake(one));
    STEP(0, mio_waker_wake(two));
    await(&loop, ONE, MIO_READABLE);
    await(&loop, TWO, MIO_READABLE);
    silent(&loop);
    FREE(mio_waker_free(one));
    STEP(0, mio_waker_wake(two));
    FREE(mio_waker_free(two));
    silent(&loop);
    loop_close(&loop);
}

static void wakers_scenario(void)
{
    wake_with_flags(0);
}

TEST(wakers)
{
    sweep("wakers", wakers_scenario, IN_PROCESS);
}

static void pipe_wakers_scenario(void)
{
    wake_with_flags(MIO_OPTION_PIPE_WAKER);
}

TEST(pipe_wakers)
{
    sweep("pipe_wakers", pipe_wakers_scenario, IN_PROCESS);
}

/* The last owner of the selector is a waker, a source. */
static void late_owners_scenario(void)
{
    struct mio_options options = loop_options(0);
    struct mio_poll *poll;
    struct mio_waker *waker;
    struct mio_source source;
    int ends[2];
    open_pair(ends);
    MAKE(&poll, mio_poll_new(&options, &poll));
    MAKE(&waker, mio_waker_new(mio_poll_registry(poll), ONE, &waker));
    FREE(mio_poll_free(poll));
    STEP(0, mio_waker_wake(waker));
    FREE(mio_waker_free(waker));
    MAKE(&poll, mio_poll_new(&options, &poll));
    struct mio_registry *clone;
    MAKE(&clone, mio_registry_clone(mio_poll_registry(poll), &clone));
    mio_source_init(&source, ends[NEAR]);
    STEP(0, mio_source_register(&source, clone, TWO, MIO_READABLE));
    FREE(mio_poll_free(poll));
    STEP(0, mio_source_deregister(&source));
    FREE(mio_registry_free(clone));
    close_ends(ends);
}

TEST(late_owners)
{
    sweep("late_owners", late_owners_scenario, IN_PROCESS);
}

/* --- embedded in another loop: the poll's descriptor tells of wakes --- */

static bool is_readable(int fd)
{
    struct pollfd found = {.fd = fd, .events = POLLIN};
    return poll(&found, 1, 0) == 1;
}

static void embed_with_flags(uint32_t flags)
{
    struct loop loop = loop_open(flags, 16);
    struct mio_waker *waker;
    MAKE(&waker, mio_waker_new(loop.registry, ONE, &waker));
    STEP(0, mio_waker_wake(waker));
    await(&loop, ONE, MIO_READABLE);
    silent(&loop);
    STEP(0, mio_waker_wake(waker));
    STEP(ANY_COUNT, mio_poll_fd(loop.poll));
    int fd = mio_poll_fd(loop.poll);
    HOLDS(fd >= 0);
    HOLDS(is_readable(fd)); /* of the wake before */
    await(&loop, ONE, MIO_READABLE);
    silent(&loop);
    STEP(0, mio_waker_wake(waker));
    HOLDS(is_readable(fd));
    await(&loop, ONE, MIO_READABLE);
    FREE(mio_waker_free(waker));
    loop_close(&loop);
}

static void embedded_scenario(void)
{
    embed_with_flags(0);
}

TEST(embedded)
{
    if (sweeps("poll"))
        SKIP("poll has no descriptor");
    sweep("embedded", embedded_scenario, IN_PROCESS);
}

static void embedded_with_pipe_scenario(void)
{
    embed_with_flags(MIO_OPTION_PIPE_WAKER);
}

TEST(embedded_with_pipe)
{
    if (sweeps("poll"))
        SKIP("poll has no descriptor");
    sweep("embedded_with_pipe", embedded_with_pipe_scenario, IN_PROCESS);
}

/* What found no room keeps the descriptor readable. */
static void embedded_little_room_scenario(void)
{
    struct loop loop = loop_open(0, 1);
    struct mio_waker *one;
    struct mio_waker *two;
    STEP(ANY_COUNT, mio_poll_fd(loop.poll));
    int fd = mio_poll_fd(loop.poll);
    MAKE(&one, mio_waker_new(loop.registry, ONE, &one));
    MAKE(&two, mio_waker_new(loop.registry, TWO, &two));
    STEP(0, mio_waker_wake(one));
    STEP(0, mio_waker_wake(two));
    HOLDS(is_readable(fd));
    unsigned told = log_count();
    HOLDS(wait_once(&loop) == 1);
    if (log_count() != told)
        STEP(0, mio_waker_wake(two)); /* the wait could not ring; this does */
    HOLDS(is_readable(fd));
    HOLDS(wait_once(&loop) == 1);
    silent(&loop);
    FREE(mio_waker_free(one));
    FREE(mio_waker_free(two));
    loop_close(&loop);
}

TEST(embedded_little_room)
{
    if (sweeps("poll"))
        SKIP("poll has no descriptor");
    sweep("embedded_little_room", embedded_little_room_scenario, IN_PROCESS);
}

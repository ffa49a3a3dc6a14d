/* SPDX-License-Identifier: MIT */
/* Timers: what the first of a poll makes, and telling a sleeper. */
#define _GNU_SOURCE

#include "sweep.h"

#include <errno.h>

#define TIMER_SECONDS(n) ((n)*INT64_C(1000000000))

static void timers_scenario(void)
{
    struct loop loop = loop_open(0, 16);
    struct mio_timer timers[3] = {MIO_TIMER_INIT, MIO_TIMER_INIT, MIO_TIMER_INIT};
    const struct mio_timer_options options = {.period = TIMER_SECONDS(1000), .slack = 1000};
    int64_t deadline = 0;
    STEP_OR(0, mio_timer_set(&timers[0], loop.registry, ONE, 1)) {
        HOLDS(mio_timer_cancel(&timers[0], loop.registry) == 0);
    }
    await(&loop, ONE, MIO_TIMER);
    STEP(0, mio_timer_set_after(&timers[0], loop.registry, ONE, 1000));
    STEP(0, mio_timer_set_every(&timers[1], loop.registry, TWO, TIMER_SECONDS(1000)));
    STEP(0, mio_timer_set_with(&timers[2], loop.registry, THREE, 1, &options));
    await(&loop, ONE, MIO_TIMER);
    await(&loop, THREE, MIO_TIMER);
    STEP(0, mio_poll_next_deadline(loop.poll, &deadline));
    HOLDS(deadline > mio_now());
    STEP(1, mio_timer_cancel(&timers[1], loop.registry));
    STEP(1, mio_timer_cancel(&timers[2], loop.registry));
    silent(&loop);
    loop_close(&loop);
}

TEST(timers)
{
    sweep("timers", timers_scenario, IN_PROCESS);
}

/* Somebody sleeps on the poll's descriptor. What fails to be told is set all the same. */
static void embedded_timers_scenario(void)
{
    struct loop loop = loop_open(0, 16);
    struct mio_timer timer = MIO_TIMER_INIT;
    int64_t deadline = 0;
    STEP_OR(ANY_COUNT, mio_poll_fd(loop.poll)) {
    }
    STEP(0, mio_timer_set_after(&timer, loop.registry, ONE, TIMER_SECONDS(1000)));
    silent(&loop);
    STEP(0, mio_poll_next_deadline(loop.poll, &deadline));
    STEP_OR(0, mio_timer_set(&timer, loop.registry, ONE, 1)) {
        HOLDS(mio_timer_cancel(&timer, loop.registry) == 1);
    }
    await(&loop, ONE, MIO_TIMER);
    loop_close(&loop);
}

TEST(embedded_timers)
{
    if (sweeps("poll"))
        SKIP("poll(2) is a call, not an object");
    sweep("embedded_timers", embedded_timers_scenario, IN_PROCESS);
}

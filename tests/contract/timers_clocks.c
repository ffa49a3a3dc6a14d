/* SPDX-License-Identifier: MIT */
/* TIME8, and TIME7 where it is of both clocks: the clock that counts suspended time. */
#define _GNU_SOURCE

#include "facts/facts.h"
#include "timers.h"

#include <errno.h>

TEST(time8_the_timers_of_both_clocks_share_a_wait)
{
    struct clocked clocked;
    struct mio_timer timers[2] = {MIO_TIMER_INIT, MIO_TIMER_INIT};
    struct mio_timer_options options = {.clock = MIO_CLOCK_BOOT};
    clocked_open(&clocked, 0, DEFAULT_CAPACITY);
    struct mio_registry *registry = clocked.loop.registry;
    int64_t start = clocked.now[MIO_CLOCK_BOOT];

    for (int64_t first = 1; first <= 2 && fact("timers may count suspended time"); first++) {
        int64_t second = 3 - first;
        REQUIRE_EQ(mio_timer_set(&timers[0], registry, 1, start + first * SECOND), 0);
        REQUIRE_EQ(mio_timer_set_with(&timers[1], registry, 2, start + second * SECOND, &options),
                   0);
        CHECK_EQ(next_of(&clocked), start + SECOND);
        pass(&clocked, 2 * SECOND);
        CHECK_EQ(next_of(&clocked), 0);
        EXPECT_TIMERS(&clocked, 1, 2);
        start += 2 * SECOND;
    }
    clocked_close(&clocked);
}

TEST(time8_a_clock_that_counts_suspended_time)
{
    struct clocked clocked;
    struct mio_timer timers[2] = {MIO_TIMER_INIT, MIO_TIMER_INIT};
    struct mio_timer_options options = {.clock = MIO_CLOCK_BOOT};
    struct mio_registry *registry;
    clocked_open(&clocked, 0, DEFAULT_CAPACITY);
    registry = clocked.loop.registry;
    int64_t start = clocked.now[MIO_CLOCK_BOOT];
    int result = mio_timer_set_with(&timers[0], registry, 1, start + 60 * SECOND, &options);

    CHECK_EQ(result == 0, fact("timers may count suspended time"));
    if (result == -ENOTSUP) {
        CHECK_EQ(mio_timer_now(registry, MIO_CLOCK_BOOT), -ENOTSUP);
        CHECK_EQ(mio_timer_cancel(&timers[0], registry), 0);
        clocked_close(&clocked);
        return;
    }
    REQUIRE_EQ(result, 0);
    REQUIRE_EQ(mio_timer_set_after(&timers[1], registry, 2, 60 * SECOND), 0);
    pass(&clocked, SECOND);
    /* Another loop looks at it every 10 seconds too. */
    CHECK_EQ(next_of(&clocked), clocked.now[MIO_CLOCK_MONOTONIC] + 10 * SECOND);
    clocked.now[MIO_CLOCK_BOOT] += 59 * SECOND; /* suspended */
    CHECK_EQ(mio_timer_now(registry, MIO_CLOCK_BOOT), start + 60 * SECOND);
    EXPECT_TIMERS(&clocked, 1);
    pass(&clocked, 59 * SECOND);
    EXPECT_TIMERS(&clocked, 2);
    /* From one clock to the other. */
    REQUIRE_EQ(mio_timer_set_with(&timers[0], registry, 3, clocked.now[MIO_CLOCK_BOOT], &options),
               0);
    REQUIRE_EQ(mio_timer_set_after(&timers[0], registry, 4, SECOND), 0);
    EXPECT_NOTHING(&clocked.loop);
    pass(&clocked, SECOND);
    EXPECT_TIMERS(&clocked, 4);

    clocked_close(&clocked);
}

TEST(time8_the_time_of_day_is_not_served)
{
    struct loop loop = loop_open();
    struct mio_timer timer = MIO_TIMER_INIT;
    struct mio_timer_options options = {.clock = MIO_CLOCK_WALL};

    CHECK_EQ(mio_timer_set_with(&timer, loop.registry, 1, 1, &options), -ENOTSUP);
    CHECK_EQ(mio_timer_now(loop.registry, MIO_CLOCK_WALL), -ENOTSUP);

    loop_close(&loop);
}

TEST(time8_now_is_that_of_the_clock)
{
    struct loop loop = loop_open();
    struct clocked clocked;
    clocked_open(&clocked, 0, DEFAULT_CAPACITY);

    int64_t before = mio_now();
    int64_t now = mio_timer_now(loop.registry, MIO_CLOCK_MONOTONIC);
    CHECK(now >= before && now <= mio_now());
    int64_t boot = mio_timer_now(loop.registry, MIO_CLOCK_BOOT);
    CHECK(boot == -ENOTSUP || boot >= 0);
    clocked.now[0] = 17;
    CHECK_EQ(mio_timer_now(clocked.loop.registry, MIO_CLOCK_MONOTONIC), 17);
    clocked.now[0] = -17;
    CHECK_EQ(mio_timer_now(clocked.loop.registry, MIO_CLOCK_MONOTONIC), 0);

    clocked_close(&clocked);
    loop_close(&loop);
}

/* --- TIME7 --- */

/* The clock of suspended time may be far behind the other. */
TEST(time7_the_next_deadline_is_at_most_the_last_time_there_is)
{
    struct clocked clocked;
    struct mio_timer timer = MIO_TIMER_INIT;
    struct mio_timer_options options = {.clock = MIO_CLOCK_BOOT};
    clocked_open(&clocked, 0, DEFAULT_CAPACITY);

    if (fact("timers may count suspended time")) {
        clocked.now[MIO_CLOCK_MONOTONIC] = INT64_MAX - SECOND;
        clocked.now[MIO_CLOCK_BOOT] = SECOND;
        REQUIRE_EQ(mio_timer_set_with(&timer, clocked.loop.registry, 1, 5 * SECOND, &options), 0);
        CHECK_EQ(next_of(&clocked), INT64_MAX);
        clocked.now[MIO_CLOCK_BOOT] = 5 * SECOND;
        EXPECT_TIMERS(&clocked, 1);
    }
    clocked_close(&clocked);
}

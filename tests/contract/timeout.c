/* SPDX-License-Identifier: MIT */
/* WAIT3: timeouts are nanoseconds and never end early. Only the lower bound is ever checked. */
#define _GNU_SOURCE

#include "facts/facts.h"
#include "support.h"

#include <errno.h>
#include <limits.h>

static const int64_t short_timeouts[] = {
    1, 999, 1000, 50000, 123456, 999999, 1000000, 1000001, 1500000, 3700001, 10000000, 20000001,
};

/* More than fits: an int of milliseconds, 10^8 seconds, an int of seconds, and the type itself. */
static const int64_t huge_timeouts[] = {
    (int64_t)INT_MAX * 1000000 + 1,
    INT64_C(100000001) * 1000000000,
    (int64_t)INT_MAX * 1000000000,
    ((int64_t)INT_MAX + 1) * 1000000000,
    INT64_C(9000000000) * 1000000000,
    INT64_MAX - 1,
    INT64_MAX,
};

enum {
    SHORT_TIMEOUTS = sizeof short_timeouts / sizeof short_timeouts[0],
    HUGE_TIMEOUTS = sizeof huge_timeouts / sizeof huge_timeouts[0]
};

static void check_not_early(struct loop *loop, int64_t timeout)
{
    int64_t start = mio_now();
    CHECK_EQ(mio_poll_wait(loop->poll, loop->events, timeout), 0);
    CHECK(mio_now() - start >= timeout);
}

TEST(wait3_zero_only_looks)
{
    struct loop loop = loop_open();
    int ends[2];

    CHECK_EQ(mio_poll_wait(loop.poll, loop.events, 0), 0);
    open_pair(ends);
    put(ends[FAR], "x");
    REQUIRE_EQ(mio_registry_register(loop.registry, ends[NEAR], 1, MIO_READABLE), 0);
    CHECK_EQ(mio_poll_wait(loop.poll, loop.events, 0), 1);
    CHECK_EQ(mio_poll_wait(loop.poll, loop.events, 0), 0);

    close_pair(ends);
    loop_close(&loop);
}

TEST(wait3_timeouts_never_end_early)
{
    struct loop loop = loop_open();

    for (int i = 0; i < SHORT_TIMEOUTS; i++)
        check_not_early(&loop, short_timeouts[i]);

    loop_close(&loop);
}

TEST(wait3_milliseconds_are_rounded_up)
{
    struct loop loop = loop_open_flags(MIO_OPTION_MILLISECONDS);

    for (int i = 0; i < SHORT_TIMEOUTS; i++)
        check_not_early(&loop, short_timeouts[i]);

    loop_close(&loop);
}

TEST(wait3_a_timeout_is_kept_after_a_wait_that_delivered)
{
    struct loop loop = loop_open();
    int ends[2];

    open_pair(ends);
    REQUIRE_EQ(mio_registry_register(loop.registry, ends[NEAR], 1, MIO_READABLE), 0);
    for (int i = 0; i < 3; i++) {
        put(ends[FAR], "x");
        EXPECT_ONE(&loop, 1, MIO_READABLE);
        drain_again(&loop, ends[NEAR], MIO_READABLE);
        put(ends[FAR], "y");
        CHECK_EQ(loop_wait(&loop, 5 * MILLISECOND), 1);
        check_not_early(&loop, 5 * MILLISECOND);
        drain_again(&loop, ends[NEAR], MIO_READABLE);
    }

    close_pair(ends);
    loop_close(&loop);
}

TEST(wait3_a_timeout_is_kept_after_a_wake_that_was_handed_over)
{
    struct loop loop = loop_open();
    struct mio_waker *waker;

    REQUIRE_EQ(mio_waker_new(loop.registry, 1, &waker), 0);
    for (int i = 0; i < 3; i++) {
        CHECK_EQ(mio_waker_wake(waker), 0);
        CHECK_EQ(loop_wait(&loop, 5 * MILLISECOND), 1);
        check_not_early(&loop, 5 * MILLISECOND);
    }

    mio_waker_free(waker);
    loop_close(&loop);
}

static void check_huge_timeouts(uint32_t flags)
{
    struct loop loop = loop_open_flags(flags);
    struct mio_waker *waker;
    struct late_wake late;

    REQUIRE_EQ(mio_waker_new(loop.registry, 1, &waker), 0);
    for (int i = 0; i < HUGE_TIMEOUTS; i++) {
        late_wake_start(&late, waker);
        CHECK_EQ(mio_poll_wait(loop.poll, loop.events, huge_timeouts[i]), 1);
        late_wake_join(&late);
        EXPECT_NOTHING(&loop);
    }

    mio_waker_free(waker);
    loop_close(&loop);
}

TEST(wait3_huge_timeouts_sleep)
{
    check_huge_timeouts(0);
}

TEST(wait3_huge_timeouts_sleep_in_milliseconds)
{
    check_huge_timeouts(MIO_OPTION_MILLISECONDS);
}

TEST(wait3_negative_timeouts_are_refused)
{
    struct loop loop = loop_open();

    CHECK_EQ(mio_poll_wait(loop.poll, loop.events, -2), -EINVAL);
    CHECK_EQ(mio_poll_wait(loop.poll, loop.events, -1000000), -EINVAL);
    CHECK_EQ(mio_poll_wait(loop.poll, loop.events, INT64_MIN), -EINVAL);

    loop_close(&loop);
}

TEST(wait3_deadlines_are_kept)
{
    struct loop loop = loop_open();

    for (int i = 0; i < SHORT_TIMEOUTS; i++) {
        int64_t deadline = mio_now() + short_timeouts[i];
        CHECK_EQ(mio_poll_wait_until(loop.poll, loop.events, deadline), 0);
        CHECK(mio_now() >= deadline);
    }

    loop_close(&loop);
}

TEST(wait3_a_deadline_that_has_passed_only_looks)
{
    struct loop loop = loop_open();
    int ends[2];

    CHECK_EQ(mio_poll_wait_until(loop.poll, loop.events, 0), 0);
    CHECK_EQ(mio_poll_wait_until(loop.poll, loop.events, -2), 0);
    CHECK_EQ(mio_poll_wait_until(loop.poll, loop.events, INT64_MIN), 0);
    CHECK_EQ(mio_poll_wait_until(loop.poll, loop.events, mio_now() - SECOND), 0);
    CHECK_EQ(mio_poll_wait_until(loop.poll, loop.events, mio_now()), 0);
    open_pair(ends);
    put(ends[FAR], "x");
    REQUIRE_EQ(mio_registry_register(loop.registry, ends[NEAR], 1, MIO_READABLE), 0);
    CHECK_EQ(mio_poll_wait_until(loop.poll, loop.events, mio_now() - SECOND), 1);

    close_pair(ends);
    loop_close(&loop);
}

TEST(wait3_far_deadlines_sleep)
{
    static const int64_t deadlines[] = {INT64_MAX, INT64_MAX - 1, MIO_FOREVER};
    struct loop loop = loop_open();
    struct mio_waker *waker;
    struct late_wake late;

    REQUIRE_EQ(mio_waker_new(loop.registry, 1, &waker), 0);
    for (size_t i = 0; i < sizeof deadlines / sizeof deadlines[0]; i++) {
        late_wake_start(&late, waker);
        CHECK_EQ(mio_poll_wait_until(loop.poll, loop.events, deadlines[i]), 1);
        late_wake_join(&late);
    }

    mio_waker_free(waker);
    loop_close(&loop);
}

TEST(wait3_the_clock_never_goes_back)
{
    int64_t before = mio_now();

    CHECK(before > 0);
    for (int i = 0; i < 1000; i++) {
        int64_t now = mio_now();
        CHECK(now >= before);
        before = now;
    }
    sleep_for(2 * MILLISECOND);
    CHECK(mio_now() - before >= 2 * MILLISECOND);
}

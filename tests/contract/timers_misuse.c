/* SPDX-License-Identifier: MIT */
/* TIME10: what is refused, and the life of timers and their poll. */
#define _GNU_SOURCE

#include "timers.h"

#include <errno.h>
#include <string.h>

TEST(time10_misuse_is_an_error)
{
    struct loop loop = loop_open();
    struct mio_timer timer = MIO_TIMER_INIT;
    struct mio_timer_options wrong[] = {
        {.period = -1}, {.slack = -1}, {.clock = 3}, {.flags = 1}, {.reserved = {1}}};
    int64_t deadline = 17;

    CHECK_EQ(mio_timer_set(null(), loop.registry, 1, 1), -EINVAL);
    CHECK_EQ(mio_timer_set(&timer, null(), 1, 1), -EINVAL);
    CHECK_EQ(mio_timer_set_after(null(), loop.registry, 1, 1), -EINVAL);
    CHECK_EQ(mio_timer_set_after(&timer, null(), 1, 1), -EINVAL);
    CHECK_EQ(mio_timer_set_every(null(), loop.registry, 1, 1), -EINVAL);
    CHECK_EQ(mio_timer_set_every(&timer, null(), 1, 1), -EINVAL);
    CHECK_EQ(mio_timer_set_every(&timer, loop.registry, 1, 0), -EINVAL);
    CHECK_EQ(mio_timer_set_every(&timer, loop.registry, 1, -1), -EINVAL);
    CHECK_EQ(mio_timer_set_with(null(), loop.registry, 1, 1, NULL), -EINVAL);
    CHECK_EQ(mio_timer_set_with(&timer, null(), 1, 1, NULL), -EINVAL);
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
        CHECK_EQ(mio_timer_set_with(&timer, loop.registry, 1, 1, &wrong[i]), -EINVAL);
    CHECK_EQ(mio_timer_cancel(null(), loop.registry), -EINVAL);
    CHECK_EQ(mio_timer_cancel(&timer, null()), -EINVAL);
    CHECK_EQ(mio_timer_now(null(), MIO_CLOCK_MONOTONIC), -EINVAL);
    CHECK_EQ(mio_timer_now(loop.registry, 3), -EINVAL);
    CHECK_EQ(mio_poll_next_deadline(null(), &deadline), -EINVAL);
    CHECK_EQ(mio_poll_next_deadline(loop.poll, null()), -EINVAL);
    CHECK_EQ(deadline, 17);
    mio_timer_init(null());
    EXPECT_NOTHING(&loop);

    loop_close(&loop);
}

/* A refused move leaves the timer where it was. */
TEST(time10_after_a_refusal_nothing_has_changed)
{
    struct clocked clocked;
    struct mio_timer timer = MIO_TIMER_INIT;
    struct mio_timer_options wrong = {.period = -1};
    clocked_open(&clocked, 0, DEFAULT_CAPACITY);

    REQUIRE_EQ(mio_timer_set_after(&timer, clocked.loop.registry, 1, SECOND), 0);
    CHECK_EQ(mio_timer_set_with(&timer, clocked.loop.registry, 2, 0, &wrong), -EINVAL);
    EXPECT_NOTHING(&clocked.loop);
    pass(&clocked, SECOND);
    EXPECT_TIMERS(&clocked, 1);

    clocked_close(&clocked);
}

TEST(time10_a_timer_that_is_set_belongs_to_its_poll)
{
    struct loop one = loop_open();
    struct loop other = loop_open();
    struct mio_timer timer = MIO_TIMER_INIT;

    REQUIRE_EQ(mio_timer_set_after(&timer, one.registry, 1, 100 * SECOND), 0);
    CHECK_EQ(mio_timer_cancel(&timer, other.registry), -EEXIST);
    CHECK_EQ(mio_timer_set(&timer, other.registry, 2, 0), -EEXIST);
    CHECK_EQ(mio_timer_cancel(&timer, other.registry), -EEXIST);
    EXPECT_NOTHING(&other);
    CHECK_EQ(mio_timer_cancel(&timer, one.registry), 1);
    REQUIRE_EQ(mio_timer_set(&timer, other.registry, 2, 0), 0);
    EXPECT_ONE(&other, 2, MIO_TIMER);
    /* Its event has been handed out: it is free again. */
    REQUIRE_EQ(mio_timer_set(&timer, one.registry, 3, 0), 0);
    EXPECT_ONE(&one, 3, MIO_TIMER);

    loop_close(&one);
    loop_close(&other);
}

TEST(time10_a_poll_of_one_thread_is_freed_before_its_registry)
{
    const struct mio_options options = {.flags = MIO_OPTION_ONE_THREAD_TIMERS};
    struct loop loop = loop_open_with(&options, DEFAULT_CAPACITY);
    struct mio_timer timer = MIO_TIMER_INIT;
    struct mio_registry *clone;

    REQUIRE_EQ(mio_registry_clone(loop.registry, &clone), 0);
    REQUIRE_EQ(mio_timer_set(&timer, clone, 1, 0), 0);
    EXPECT_ONE(&loop, 1, MIO_TIMER);
    loop_close(&loop);
    CHECK_EQ(mio_timer_set(&timer, clone, 2, 0), -ECANCELED);
    CHECK_EQ(mio_timer_cancel(&timer, clone), 0);
    mio_registry_free(clone);
}

TEST(time10_a_poll_that_was_freed_without_timers_takes_none)
{
    struct loop loop = loop_open();
    struct mio_timer timer = MIO_TIMER_INIT;
    const struct mio_timer_options options = {.period = SECOND};
    struct mio_registry *clone;

    REQUIRE_EQ(mio_registry_clone(loop.registry, &clone), 0);
    loop_close(&loop);
    CHECK_EQ(mio_timer_set(&timer, clone, 1, 0), -ECANCELED);
    CHECK_EQ(mio_timer_set_with(&timer, clone, 1, 0, &options), -ECANCELED);
    CHECK_EQ(mio_timer_cancel(&timer, clone), 0);

    struct loop other = loop_open();
    REQUIRE_EQ(mio_timer_set(&timer, other.registry, 1, INT64_MAX), 0);
    CHECK_EQ(mio_timer_set(&timer, clone, 1, 0), -EEXIST);
    CHECK_EQ(mio_timer_cancel(&timer, clone), -EEXIST);
    CHECK_EQ(mio_timer_cancel(&timer, other.registry), 1);
    loop_close(&other);
    mio_registry_free(clone);
}

/* The timers of a poll that is freed are not touched, and have most likely been freed. */
TEST(time10_a_poll_may_be_freed_after_its_timers)
{
    struct loop loop = loop_open();
    struct mio_timer timers[3];
    struct mio_registry *clone;

    REQUIRE_EQ(mio_registry_clone(loop.registry, &clone), 0);
    for (int i = 0; i < 3; i++) {
        mio_timer_init(&timers[i]);
        REQUIRE_EQ(mio_timer_set_after(&timers[i], clone, 1, 100 * SECOND), 0);
    }
    memset(timers, 0xab, 2 * sizeof timers[0]);
    loop_close(&loop);
    CHECK_EQ(mio_timer_cancel(&timers[2], clone), 1);
    CHECK_EQ(mio_timer_cancel(&timers[2], clone), 0);
    CHECK_EQ(mio_timer_set(&timers[2], clone, 1, 0), -ECANCELED);
    for (int i = 0; i < 2; i++) {
        mio_timer_init(&timers[i]);
        CHECK_EQ(mio_timer_set(&timers[i], clone, 1, 0), -ECANCELED);
        CHECK_EQ(mio_timer_cancel(&timers[i], clone), 0);
    }
    mio_registry_free(clone);
}

struct inherited {
    struct loop loop;
    struct mio_timer timer;
};

/* The number of the step that was wrong, or 0. */
static int use_timers_in_child(void *argument)
{
    struct inherited *inherited = argument;
    struct mio_registry *registry = inherited->loop.registry;
    int64_t deadline;
    if (mio_timer_set(&inherited->timer, registry, 1, 0) != -ECHILD ||
        mio_timer_set_after(&inherited->timer, registry, 1, 0) != -ECHILD ||
        mio_timer_set_every(&inherited->timer, registry, 1, 1) != -ECHILD ||
        mio_timer_set_with(&inherited->timer, registry, 1, 0, NULL) != -ECHILD)
        return 1;
    if (mio_timer_cancel(&inherited->timer, registry) != -ECHILD ||
        mio_timer_now(registry, MIO_CLOCK_MONOTONIC) != -ECHILD ||
        mio_poll_next_deadline(inherited->loop.poll, &deadline) != -ECHILD)
        return 2;
    struct loop own = loop_open();
    if (mio_timer_set(&inherited->timer, own.registry, 2, 0) != -EEXIST)
        return 3;
    mio_timer_init(&inherited->timer);
    if (mio_timer_set(&inherited->timer, own.registry, 2, 0) != 0 || loop_wait(&own, 0) != 1)
        return 4;
    loop_close(&own);
    loop_close(&inherited->loop);
    return 0;
}

TEST(time10_a_child_has_no_timers)
{
    struct inherited inherited = {.loop = loop_open(), .timer = MIO_TIMER_INIT};

    REQUIRE_EQ(mio_timer_set_after(&inherited.timer, inherited.loop.registry, 1, 0), 0);
    CHECK_EQ(in_child(use_timers_in_child, &inherited), 0);
    EXPECT_ONE(&inherited.loop, 1, MIO_TIMER);

    loop_close(&inherited.loop);
}

TEST(time10_without_memory_no_timer_is_set)
{
    struct loop loop = loop_open();
    struct mio_timer timer = MIO_TIMER_INIT;

    test_fail_allocation(1);
    CHECK_EQ(mio_timer_set(&timer, loop.registry, 1, 0), -ENOMEM);
    test_fail_allocation(0);
    EXPECT_NOTHING(&loop);
    CHECK_EQ(mio_timer_cancel(&timer, loop.registry), 0);
    REQUIRE_EQ(mio_timer_set(&timer, loop.registry, 1, 0), 0);
    EXPECT_ONE(&loop, 1, MIO_TIMER);

    loop_close(&loop);
}

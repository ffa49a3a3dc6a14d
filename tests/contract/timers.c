/* SPDX-License-Identifier: MIT */
/* TIME1 to TIME3, TIME7, TIME9: what timers do, by a clock that the test sets. */
#define _GNU_SOURCE

#include "timers.h"
#include "facts/facts.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

enum { MANY_TIMERS = 2000 };

/* --- a poll with a clock --- */

static int64_t give_time(uint32_t clock, void *user)
{
    const struct clocked *clocked = user;
    return clocked->now[clock];
}

void clocked_open(struct clocked *clocked, uint32_t flags, size_t capacity)
{
    struct mio_options options = {.flags = flags, .clock = give_time, .user = clocked};
    for (int clock = 0; clock < 2; clock++)
        clocked->now[clock] = 1000000 * SECOND;
    clocked->loop = loop_open_with(&options, capacity);
}

void clocked_close(struct clocked *clocked)
{
    loop_close(&clocked->loop);
}

void pass(struct clocked *clocked, int64_t ns)
{
    for (int clock = 0; clock < 2; clock++)
        clocked->now[clock] += ns;
}

static void check_at(bool holds, const char *what, struct where where)
{
    test_check(holds, what, where.file, where.line);
}

void expect_timers(struct clocked *clocked, const mio_token *tokens, size_t n, struct where where)
{
    size_t seen = 0;
    check_at(loop_wait(&clocked->loop, 0) == (int)n, "as many events as timers", where);
    mio_events_each(event, clocked->loop.events) {
        check_at(mio_event_is_timer(event) && mio_event_readiness(event) == MIO_TIMER, "a timer",
                 where);
        check_at(mio_event_expirations(event) == 1, "one expiration", where);
        check_at(seen < n && mio_event_token(event) == tokens[seen], "the timer that is next",
                 where);
        seen++;
    }
    check_at(loop_wait(&clocked->loop, 0) == 0, "nothing more", where);
}

void expect_expirations(struct clocked *clocked, mio_token token, int64_t times, struct where where)
{
    check_at(loop_wait(&clocked->loop, 0) == 1, "one event", where);
    mio_events_each(event, clocked->loop.events) {
        check_at(mio_event_token(event) == token, "of that timer", where);
        test_check_eq(mio_event_expirations(event), times, "expirations", "times", where.file,
                      where.line);
    }
}

/* --- TIME1: when, and in which order --- */

TEST(time1_a_timer_expires_at_its_deadline)
{
    struct clocked clocked;
    struct mio_timer timer = MIO_TIMER_INIT;
    clocked_open(&clocked, 0, DEFAULT_CAPACITY);

    REQUIRE_EQ(mio_timer_set(&timer, clocked.loop.registry, 7, clocked.now[0] + SECOND), 0);
    EXPECT_NOTHING(&clocked.loop);
    pass(&clocked, SECOND - 1);
    EXPECT_NOTHING(&clocked.loop);
    pass(&clocked, 1);
    EXPECT_TIMERS(&clocked, 7);
    REQUIRE_EQ(mio_timer_set_after(&timer, clocked.loop.registry, 8, SECOND), 0);
    pass(&clocked, SECOND - 1);
    EXPECT_NOTHING(&clocked.loop);
    pass(&clocked, 1);
    EXPECT_TIMERS(&clocked, 8);

    clocked_close(&clocked);
}

TEST(time1_a_deadline_that_has_passed_comes_with_the_next_wait)
{
    static const int64_t deadlines[] = {INT64_MIN, INT64_MIN + 1, -1, 0, 1};
    struct clocked clocked;
    struct mio_timer timer = MIO_TIMER_INIT;
    clocked_open(&clocked, 0, DEFAULT_CAPACITY);

    for (size_t i = 0; i < sizeof deadlines / sizeof deadlines[0]; i++) {
        REQUIRE_EQ(mio_timer_set(&timer, clocked.loop.registry, i, deadlines[i]), 0);
        EXPECT_TIMERS(&clocked, i);
        REQUIRE_EQ(mio_timer_set_after(&timer, clocked.loop.registry, i, deadlines[i]), 0);
        pass(&clocked, 1);
        EXPECT_TIMERS(&clocked, i);
    }
    REQUIRE_EQ(mio_timer_set(&timer, clocked.loop.registry, 9, clocked.now[0]), 0);
    EXPECT_TIMERS(&clocked, 9);

    clocked_close(&clocked);
}

TEST(time1_what_never_comes_is_kept)
{
    struct clocked clocked;
    struct mio_timer timers[2] = {MIO_TIMER_INIT, MIO_TIMER_INIT};
    clocked_open(&clocked, 0, DEFAULT_CAPACITY);

    REQUIRE_EQ(mio_timer_set(&timers[0], clocked.loop.registry, 1, INT64_MAX), 0);
    REQUIRE_EQ(mio_timer_set_after(&timers[1], clocked.loop.registry, 2, INT64_MAX), 0);
    pass(&clocked, INT64_C(100) * 365 * 86400 * SECOND);
    EXPECT_NOTHING(&clocked.loop);
    for (int i = 0; i < 2; i++)
        CHECK_EQ(mio_timer_cancel(&timers[i], clocked.loop.registry), 1);

    clocked_close(&clocked);
}

TEST(time1_the_earliest_comes_first_and_of_one_time_who_was_set_first)
{
    static const int64_t after[] = {5, 3, SECOND, 3, 1, 5, 7 * SECOND, SECOND};
    struct clocked clocked;
    struct mio_timer timers[8];
    clocked_open(&clocked, 0, DEFAULT_CAPACITY);

    for (size_t i = 0; i < 8; i++) {
        mio_timer_init(&timers[i]);
        REQUIRE_EQ(mio_timer_set_after(&timers[i], clocked.loop.registry, i, after[i]), 0);
    }
    pass(&clocked, 10 * SECOND);
    EXPECT_TIMERS(&clocked, 4, 1, 3, 0, 5, 2, 7, 6);
    /* Set again at one time: the order is that of setting. */
    for (size_t i = 8; i > 0; i--)
        REQUIRE_EQ(mio_timer_set(&timers[i - 1], clocked.loop.registry, i - 1, 17), 0);
    EXPECT_TIMERS(&clocked, 7, 6, 5, 4, 3, 2, 1, 0);

    clocked_close(&clocked);
}

/* Over all distances, with more of them than are looked through one by one. */
TEST(time1_many_timers_come_in_order)
{
    static struct mio_timer timers[MANY_TIMERS];
    struct clocked clocked;
    clocked_open(&clocked, 0, MANY_TIMERS);

    memset(timers, 0, sizeof timers);
    for (int spread = 0; spread < 48; spread += 5) {
        int64_t first = clocked.now[0];
        for (size_t i = 0; i < MANY_TIMERS; i++) {
            size_t place = i * 7919 % MANY_TIMERS;
            int64_t deadline = first + ((int64_t)place << spread);
            REQUIRE_EQ(mio_timer_set(&timers[place], clocked.loop.registry, place, deadline), 0);
        }
        EXPECT_TIMERS(&clocked, 0);
        pass(&clocked, (int64_t)MANY_TIMERS << spread);
        CHECK_EQ(loop_wait(&clocked.loop, 0), MANY_TIMERS - 1);
        int64_t before = 0;
        mio_events_each(event, clocked.loop.events) {
            int64_t place = (int64_t)mio_event_token(event);
            CHECK_EQ(place, before + 1);
            before = place;
        }
    }

    clocked_close(&clocked);
}

/* --- TIME2: moved and cancelled --- */

TEST(time2_a_timer_that_is_set_again_has_moved)
{
    struct clocked clocked;
    struct mio_timer timer = MIO_TIMER_INIT;
    struct mio_registry *registry;
    clocked_open(&clocked, 0, DEFAULT_CAPACITY);
    registry = clocked.loop.registry;

    REQUIRE_EQ(mio_timer_set_after(&timer, registry, 1, SECOND), 0);
    REQUIRE_EQ(mio_timer_set_after(&timer, registry, 2, 2 * SECOND), 0);
    pass(&clocked, SECOND);
    EXPECT_NOTHING(&clocked.loop);
    REQUIRE_EQ(mio_timer_set_after(&timer, registry, 3, SECOND / 2), 0);
    pass(&clocked, SECOND / 2);
    EXPECT_TIMERS(&clocked, 3);
    /* From a period to one time, and the period is gone. */
    REQUIRE_EQ(mio_timer_set_every(&timer, registry, 4, SECOND), 0);
    REQUIRE_EQ(mio_timer_set_after(&timer, registry, 5, SECOND), 0);
    pass(&clocked, 10 * SECOND);
    EXPECT_TIMERS(&clocked, 5);
    CHECK_EQ(mio_timer_cancel(&timer, registry), 0);

    clocked_close(&clocked);
}

TEST(time2_a_timer_of_one_thread_that_is_set_again_has_moved)
{
    struct clocked clocked;
    struct mio_timer timer = MIO_TIMER_INIT;
    clocked_open(&clocked, MIO_OPTION_ONE_THREAD_TIMERS, DEFAULT_CAPACITY);
    int64_t start = clocked.now[0];

    for (mio_token token = 1; token < 4; token++)
        REQUIRE_EQ(
            mio_timer_set(&timer, clocked.loop.registry, token, start + (int64_t)token * SECOND),
            0);
    pass(&clocked, 3 * SECOND - 1);
    EXPECT_NOTHING(&clocked.loop);
    pass(&clocked, 1);
    EXPECT_TIMERS(&clocked, 3);

    clocked_close(&clocked);
}

TEST(time2_a_cancelled_timer_gives_no_event)
{
    struct clocked clocked;
    struct mio_timer timers[3] = {MIO_TIMER_INIT, MIO_TIMER_INIT, MIO_TIMER_INIT};
    struct mio_registry *registry;
    clocked_open(&clocked, 0, DEFAULT_CAPACITY);
    registry = clocked.loop.registry;

    CHECK_EQ(mio_timer_cancel(&timers[0], registry), 0);
    for (size_t i = 0; i < 3; i++)
        REQUIRE_EQ(mio_timer_set_after(&timers[i], registry, i, SECOND), 0);
    CHECK_EQ(mio_timer_cancel(&timers[1], registry), 1);
    CHECK_EQ(mio_timer_cancel(&timers[1], registry), 0);
    pass(&clocked, SECOND);
    /* Due, and not handed out yet. */
    CHECK_EQ(mio_timer_cancel(&timers[0], registry), 1);
    EXPECT_TIMERS(&clocked, 2);
    CHECK_EQ(mio_timer_cancel(&timers[2], registry), 0);

    clocked_close(&clocked);
}

/* What found no room is still set. */
TEST(time2_a_timer_that_found_no_room_can_be_cancelled)
{
    struct clocked clocked;
    struct mio_timer timers[3] = {MIO_TIMER_INIT, MIO_TIMER_INIT, MIO_TIMER_INIT};
    clocked_open(&clocked, 0, 1);

    for (size_t i = 0; i < 3; i++)
        REQUIRE_EQ(mio_timer_set(&timers[i], clocked.loop.registry, i, 0), 0);
    for (int wait = 0; wait < 2; wait++)
        (void)loop_wait(&clocked.loop, 0);
    CHECK_EQ(mio_timer_cancel(&timers[2], clocked.loop.registry), 1);
    (void)loop_wait(&clocked.loop, 0);
    CHECK_EQ(loop_wait(&clocked.loop, 0), 0);

    clocked_close(&clocked);
}

/* --- TIME3: periods --- */

TEST(time3_a_period_does_not_drift)
{
    struct clocked clocked;
    struct mio_timer timer = MIO_TIMER_INIT;
    clocked_open(&clocked, 0, DEFAULT_CAPACITY);

    REQUIRE_EQ(mio_timer_set_every(&timer, clocked.loop.registry, 1, SECOND), 0);
    pass(&clocked, SECOND - 1);
    EXPECT_NOTHING(&clocked.loop);
    for (int i = 0; i < 10; i++) {
        /* Late by more and more; the next is due a period after this one was. */
        pass(&clocked, 1 + i * MILLISECOND);
        EXPECT_TIMERS(&clocked, 1);
        pass(&clocked, SECOND - 1 - i * MILLISECOND);
        EXPECT_NOTHING(&clocked.loop);
    }
    CHECK_EQ(mio_timer_cancel(&timer, clocked.loop.registry), 1);
    pass(&clocked, 10 * SECOND);
    EXPECT_NOTHING(&clocked.loop);

    clocked_close(&clocked);
}

TEST(time3_missed_periods_are_one_event_with_their_number)
{
    struct clocked clocked;
    struct mio_timer timer = MIO_TIMER_INIT;
    struct mio_timer_options options = {.period = SECOND};
    clocked_open(&clocked, 0, DEFAULT_CAPACITY);

    /* A first time of its own. */
    REQUIRE_EQ(
        mio_timer_set_with(&timer, clocked.loop.registry, 5, clocked.now[0] + SECOND / 4, &options),
        0);
    pass(&clocked, SECOND / 4);
    expect_expirations(&clocked, 5, 1, HERE);
    pass(&clocked, 5 * SECOND - 1);
    expect_expirations(&clocked, 5, 4, HERE);
    pass(&clocked, 1);
    expect_expirations(&clocked, 5, 1, HERE);
    pass(&clocked, 1000 * SECOND);
    expect_expirations(&clocked, 5, 1000, HERE);
    EXPECT_NOTHING(&clocked.loop);
    CHECK_EQ(mio_timer_cancel(&timer, clocked.loop.registry), 1);

    clocked_close(&clocked);
}

/* More than an event can count is told by several. */
TEST(time3_no_expiration_is_lost)
{
    struct clocked clocked;
    struct mio_timer timer = MIO_TIMER_INIT;
    int64_t times = 0;
    clocked_open(&clocked, 0, 1);

    REQUIRE_EQ(mio_timer_set_every(&timer, clocked.loop.registry, 5, 1000), 0);
    pass(&clocked, SECOND);
    while (loop_wait(&clocked.loop, 0) == 1) {
        int64_t of_event = mio_event_expirations(mio_events_get(clocked.loop.events, 0));
        CHECK(of_event >= 1 && of_event <= 65535);
        times += of_event;
    }
    CHECK_EQ(times, 1000000);

    clocked_close(&clocked);
}

TEST(time3_a_period_may_be_huge)
{
    struct clocked clocked;
    struct mio_timer timer = MIO_TIMER_INIT;
    struct mio_timer_options options = {.period = INT64_MAX};
    clocked_open(&clocked, 0, DEFAULT_CAPACITY);

    REQUIRE_EQ(mio_timer_set_with(&timer, clocked.loop.registry, 5, 1, &options), 0);
    expect_expirations(&clocked, 5, 1, HERE);
    EXPECT_NOTHING(&clocked.loop);
    CHECK_EQ(mio_timer_cancel(&timer, clocked.loop.registry), 1);
    REQUIRE_EQ(mio_timer_set_every(&timer, clocked.loop.registry, 5, INT64_MAX), 0);
    EXPECT_NOTHING(&clocked.loop);
    CHECK_EQ(mio_timer_cancel(&timer, clocked.loop.registry), 1);

    clocked_close(&clocked);
}

/* --- TIME7: for another loop --- */

int64_t next_of(struct clocked *clocked)
{
    int64_t deadline = -2;
    CHECK_EQ(mio_poll_next_deadline(clocked->loop.poll, &deadline), 0);
    return deadline;
}

TEST(time7_the_next_deadline_is_told)
{
    struct clocked clocked;
    struct mio_timer timers[2] = {MIO_TIMER_INIT, MIO_TIMER_INIT};
    struct mio_registry *registry;
    clocked_open(&clocked, 0, DEFAULT_CAPACITY);
    registry = clocked.loop.registry;
    int64_t start = clocked.now[0];

    CHECK_EQ(next_of(&clocked), MIO_FOREVER);
    REQUIRE_EQ(mio_timer_set(&timers[0], registry, 1, start + 5 * SECOND), 0);
    CHECK_EQ(next_of(&clocked), start + 5 * SECOND);
    REQUIRE_EQ(mio_timer_set(&timers[1], registry, 2, start + SECOND), 0);
    CHECK_EQ(next_of(&clocked), start + SECOND);
    REQUIRE_EQ(mio_timer_set(&timers[1], registry, 2, start + 7 * SECOND), 0);
    CHECK_EQ(next_of(&clocked), start + 5 * SECOND);
    CHECK_EQ(mio_timer_cancel(&timers[0], registry), 1);
    CHECK_EQ(next_of(&clocked), start + 7 * SECOND);
    pass(&clocked, 7 * SECOND);
    CHECK_EQ(next_of(&clocked), 0);
    EXPECT_TIMERS(&clocked, 2);
    CHECK_EQ(next_of(&clocked), MIO_FOREVER);

    clocked_close(&clocked);
}

/* --- TIME9: slack --- */

TEST(time9_timers_with_slack_share_a_time)
{
    static struct mio_timer timers[MANY_TIMERS];
    struct mio_timer_options options = {.slack = 100 * MILLISECOND};
    struct clocked clocked;
    int waits = 0;
    int expired = 0;
    clocked_open(&clocked, 0, MANY_TIMERS);

    memset(timers, 0, sizeof timers);
    int64_t start = clocked.now[0];
    for (size_t i = 0; i < MANY_TIMERS; i++) {
        int64_t deadline = start + (int64_t)(i + 1) * MILLISECOND;
        REQUIRE_EQ(mio_timer_set_with(&timers[i], clocked.loop.registry, i, deadline, &options), 0);
    }
    for (int64_t next; (next = next_of(&clocked)) != MIO_FOREVER; waits++) {
        clocked.now[0] = next;
        expired += loop_wait(&clocked.loop, 0);
        mio_events_each(event, clocked.loop.events) {
            int64_t deadline = start + (int64_t)(mio_event_token(event) + 1) * MILLISECOND;
            CHECK(next >= deadline && next <= deadline + 100 * MILLISECOND);
        }
    }
    CHECK_EQ(expired, MANY_TIMERS);
    /* Over two seconds, of multiples of more than half of the slack. */
    CHECK(waits <= 41);

    clocked_close(&clocked);
}

/* SPDX-License-Identifier: MIT */
/* TIME4 to TIME6: what timers are to a wait. Of real time only the lower bound is ever checked. */
#define _GNU_SOURCE

#include "facts/facts.h"
#include "timers.h"

#include <errno.h>
#include <poll.h>

/* --- TIME4: a wait sleeps until the next timer --- */

static void check_sleeping(uint32_t flags)
{
    static const int64_t timeouts[] = {MIO_FOREVER, 60 * SECOND, INT64_MAX};
    static const int64_t times[] = {0, 1, 999, 123456, MILLISECOND, 3 * MILLISECOND + 1};
    struct loop loop = loop_open_flags(flags);
    struct mio_timer timer = MIO_TIMER_INIT;

    for (size_t i = 0; i < sizeof timeouts / sizeof timeouts[0]; i++) {
        for (size_t j = 0; j < sizeof times / sizeof times[0]; j++) {
            int64_t deadline = mio_now() + times[j];
            REQUIRE_EQ(mio_timer_set(&timer, loop.registry, 3, deadline), 0);
            CHECK_EQ(loop_wait(&loop, timeouts[i]), 1);
            CHECK(mio_now() >= deadline);
            CHECK_EQ(mio_event_token(mio_events_get(loop.events, 0)), 3);
            EXPECT_NOTHING(&loop);
        }
    }

    loop_close(&loop);
}

TEST(time4_a_wait_sleeps_until_the_next_timer)
{
    check_sleeping(0);
    check_sleeping(MIO_OPTION_MILLISECONDS);
    check_sleeping(MIO_OPTION_ONE_THREAD_TIMERS);
}

TEST(time4_a_timeout_before_the_next_timer_is_kept)
{
    struct loop loop = loop_open();
    struct mio_timer timer = MIO_TIMER_INIT;

    REQUIRE_EQ(mio_timer_set_after(&timer, loop.registry, 3, 60 * SECOND), 0);
    for (int64_t timeout = 1; timeout < 5 * MILLISECOND; timeout *= 7) {
        int64_t start = mio_now();
        CHECK_EQ(mio_poll_wait(loop.poll, loop.events, timeout), 0);
        CHECK(mio_now() - start >= timeout);
        CHECK_EQ(mio_poll_wait_until(loop.poll, loop.events, start + 2 * timeout), 0);
        CHECK(mio_now() - start >= 2 * timeout);
    }
    CHECK_EQ(mio_timer_cancel(&timer, loop.registry), 1);

    loop_close(&loop);
}

/* With a timer far away, with one that was cancelled, and with none any more. */
TEST(time4_other_events_come_while_timers_are_set)
{
    struct loop loop = loop_open();
    struct mio_waker *waker = waker_open(&loop, 4);
    struct mio_timer timers[2] = {MIO_TIMER_INIT, MIO_TIMER_INIT};
    struct late_wake late;
    int ends[2];

    open_pair(ends);
    REQUIRE_EQ(mio_registry_register(loop.registry, ends[NEAR], 1, MIO_READABLE), 0);
    REQUIRE_EQ(mio_timer_set_after(&timers[0], loop.registry, 2, 60 * SECOND), 0);
    REQUIRE_EQ(mio_timer_set_after(&timers[1], loop.registry, 3, 30 * SECOND), 0);
    for (int round = 0; round < 3; round++) {
        put(ends[FAR], "x");
        CHECK_EQ(loop_wait(&loop, MIO_FOREVER), 1);
        CHECK_EQ(mio_event_token(mio_events_get(loop.events, 0)), 1);
        drain_again(&loop, ends[NEAR], MIO_READABLE);
        late_wake_start(&late, waker);
        CHECK_EQ(loop_wait(&loop, MIO_FOREVER), 1);
        CHECK_EQ(mio_event_token(mio_events_get(loop.events, 0)), 4);
        late_wake_join(&late);
        if (round < 2)
            CHECK_EQ(mio_timer_cancel(&timers[1 - round], loop.registry), 1);
    }
    EXPECT_NOTHING(&loop);

    close_pair(ends);
    mio_waker_free(waker);
    loop_close(&loop);
}

TEST(time4_a_signal_interrupts_and_loses_no_timer)
{
    struct loop loop = loop_open();
    struct mio_timer timer = MIO_TIMER_INIT;

    signals_start(MILLISECOND);
    for (int round = 0; round < 20; round++) {
        int64_t deadline = mio_now() + 5 * MILLISECOND;
        REQUIRE_EQ(mio_timer_set(&timer, loop.registry, 3, deadline), 0);
        CHECK_EQ(mio_poll_wait_until(loop.poll, loop.events, MIO_FOREVER), 1);
        CHECK(mio_now() >= deadline);
    }
    signals_stop();

    loop_close(&loop);
}

/* --- TIME5: fair when room is short --- */

static int seen_of(struct loop *loop, mio_token limit, int *seen, int waits)
{
    int timers = 0;
    for (int wait = 0; wait < waits; wait++) {
        REQUIRE(loop_wait(loop, 0) >= 0);
        mio_events_each(event, loop->events) {
            REQUIRE(mio_event_token(event) < limit);
            seen[mio_event_token(event)]++;
            timers += mio_event_is_timer(event);
        }
    }
    return timers;
}

TEST(time5_fair_when_room_is_short)
{
    struct clocked clocked;
    struct mio_timer timers[4];
    int seen[6] = {0};
    int ends[2];
    clocked_open(&clocked, 0, 1);
    struct mio_waker *waker = waker_open(&clocked.loop, 5);

    EXPECT_NOTHING(&clocked.loop);
    open_pair(ends);
    put(ends[FAR], "x");
    REQUIRE_EQ(
        mio_registry_register(clocked.loop.registry, ends[NEAR], 4, MIO_READABLE | MIO_LEVEL), 0);
    CHECK_EQ(mio_waker_wake(waker), 0);
    for (mio_token i = 0; i < 4; i++) {
        mio_timer_init(&timers[i]);
        REQUIRE_EQ(mio_timer_set(&timers[i], clocked.loop.registry, i, 1), 0);
    }
    /* Of 16 waits each timer and the waker have one, and the descriptor those that are left. */
    CHECK_EQ(seen_of(&clocked.loop, 6, seen, 16), 4);
    for (int i = 0; i < 4; i++)
        CHECK_EQ(seen[i], 1);
    CHECK_EQ(seen[5], 1);
    CHECK_EQ(seen[4], 11);

    close_pair(ends);
    mio_waker_free(waker);
    clocked_close(&clocked);
}

/* A timer that is always due lets the others through. */
TEST(time5_a_timer_that_is_always_due_starves_nobody)
{
    struct clocked clocked;
    struct mio_timer timer = MIO_TIMER_INIT;
    int seen[6] = {0};
    int ends[2];
    clocked_open(&clocked, 0, 1);

    REQUIRE_EQ(mio_timer_set_after(&timer, clocked.loop.registry, 0, SECOND), 0);
    EXPECT_NOTHING(&clocked.loop);
    open_pair(ends);
    put(ends[FAR], "x");
    REQUIRE_EQ(
        mio_registry_register(clocked.loop.registry, ends[NEAR], 4, MIO_READABLE | MIO_LEVEL), 0);
    REQUIRE_EQ(mio_timer_set_every(&timer, clocked.loop.registry, 0, 1), 0);
    for (int wait = 0; wait < 20; wait++) {
        pass(&clocked, SECOND);
        (void)seen_of(&clocked.loop, 6, seen, 1);
    }
    CHECK_EQ(seen[0], 10);
    CHECK_EQ(seen[4], 10);
    CHECK_EQ(mio_timer_cancel(&timer, clocked.loop.registry), 1);

    close_pair(ends);
    clocked_close(&clocked);
}

/* Timers of one clock that are always due let those of the other one through. */
TEST(time5_clocks_take_turns)
{
    struct clocked clocked;
    struct mio_timer timers[3] = {MIO_TIMER_INIT, MIO_TIMER_INIT, MIO_TIMER_INIT};
    const struct mio_timer_options boot = {.clock = MIO_CLOCK_BOOT};
    int seen[3] = {0};
    clocked_open(&clocked, 0, 2);

    REQUIRE_EQ(mio_timer_set_every(&timers[0], clocked.loop.registry, 0, 1), 0);
    REQUIRE_EQ(mio_timer_set_every(&timers[1], clocked.loop.registry, 1, 1), 0);
    int error = mio_timer_set_with(&timers[2], clocked.loop.registry, 2, 0, &boot);
    if (error == 0) {
        for (int wait = 0; wait < 4; wait++) {
            pass(&clocked, SECOND);
            (void)seen_of(&clocked.loop, 3, seen, 1);
        }
        CHECK_EQ(seen[2], 1);
    } else {
        CHECK_EQ(error, -ENOTSUP);
    }
    CHECK_EQ(mio_timer_cancel(&timers[0], clocked.loop.registry), 1);
    CHECK_EQ(mio_timer_cancel(&timers[1], clocked.loop.registry), 1);

    clocked_close(&clocked);
}

/* All of both come with one wait where there is room. */
TEST(time5_timers_and_others_share_a_wait)
{
    struct clocked clocked;
    struct mio_timer timers[2] = {MIO_TIMER_INIT, MIO_TIMER_INIT};
    int ends[2];
    clocked_open(&clocked, 0, DEFAULT_CAPACITY);
    struct mio_waker *waker = waker_open(&clocked.loop, 3);

    EXPECT_NOTHING(&clocked.loop);
    open_pair(ends);
    put(ends[FAR], "x");
    REQUIRE_EQ(mio_registry_register(clocked.loop.registry, ends[NEAR], 1, MIO_READABLE), 0);
    for (int round = 0; round < 2; round++) {
        REQUIRE_EQ(mio_timer_set(&timers[0], clocked.loop.registry, 2, 0), 0);
        REQUIRE_EQ(mio_timer_set(&timers[1], clocked.loop.registry, 5, 0), 0);
        CHECK_EQ(mio_waker_wake(waker), 0);
        CHECK_EQ(loop_wait(&clocked.loop, MIO_FOREVER), 4);
        drain_again(&clocked.loop, ends[NEAR], MIO_READABLE);
        put(ends[FAR], "x");
    }

    close_pair(ends);
    mio_waker_free(waker);
    clocked_close(&clocked);
}

/* --- TIME7: another loop sleeps --- */

static bool is_fd_readable(int fd)
{
    struct pollfd waiting = {.fd = fd, .events = POLLIN};
    return poll(&waiting, 1, 0) == 1;
}

static void silence(struct loop *loop, int fd)
{
    for (int i = 0; i < 10 && is_fd_readable(fd); i++)
        CHECK_EQ(loop_wait(loop, 0), 0);
    CHECK(!is_fd_readable(fd));
}

TEST(time7_the_polls_descriptor_tells_of_an_earlier_timer)
{
    skip_if_excepted(__func__);

    struct loop loop = loop_open();
    struct mio_timer timers[2] = {MIO_TIMER_INIT, MIO_TIMER_INIT};
    int64_t deadline;
    int fd = mio_poll_fd(loop.poll);

    REQUIRE(fd >= 0);
    REQUIRE_EQ(mio_timer_set_after(&timers[0], loop.registry, 1, 1000 * SECOND), 0);
    CHECK(is_fd_readable(fd));
    silence(&loop, fd);
    REQUIRE_EQ(mio_poll_next_deadline(loop.poll, &deadline), 0);
    CHECK_EQ(deadline > mio_now(), true);
    /* Later than what the other loop sleeps for: nobody need know. */
    REQUIRE_EQ(mio_timer_set_after(&timers[1], loop.registry, 2, 2000 * SECOND), 0);
    CHECK(!is_fd_readable(fd));
    REQUIRE_EQ(mio_timer_set_after(&timers[1], loop.registry, 2, 10 * SECOND), 0);
    CHECK(is_fd_readable(fd));
    silence(&loop, fd);
    for (int i = 0; i < 2; i++)
        CHECK_EQ(mio_timer_cancel(&timers[i], loop.registry), 1);

    loop_close(&loop);
}

TEST(time7_the_polls_descriptor_is_asked_for_after_the_deadline)
{
    skip_if_excepted(__func__);

    struct loop loop = loop_open();
    struct mio_timer timer = MIO_TIMER_INIT;
    int64_t deadline;

    REQUIRE_EQ(mio_timer_set_after(&timer, loop.registry, 1, 1000 * SECOND), 0);
    EXPECT_NOTHING(&loop);
    REQUIRE_EQ(mio_poll_next_deadline(loop.poll, &deadline), 0);
    int fd = mio_poll_fd(loop.poll);
    REQUIRE(fd >= 0);
    /* Nobody knows what the other loop sleeps for. */
    CHECK(is_fd_readable(fd));
    silence(&loop, fd);
    CHECK_EQ(mio_timer_cancel(&timer, loop.registry), 1);

    loop_close(&loop);
}

/* SPDX-License-Identifier: MIT */
/* WAIT7: a wait that spins before it sleeps is a wait as any other. */
#define _GNU_SOURCE

#include "facts/facts.h"
#include "support.h"

#include <errno.h>
#include <limits.h>

/* Over before the wait sleeps, and longer than any test. */
#define SPIN_FOR_NOTHING INT64_C(1)
#define SPIN_FOR_EVER    (INT64_C(1000) * SECOND)

static const int64_t spins[] = {SPIN_FOR_NOTHING, MILLISECOND / 10, SPIN_FOR_EVER};

enum { SPINS = sizeof spins / sizeof spins[0] };

static struct loop loop_open_spinning(int64_t spin_ns)
{
    struct mio_options options = {.backend = test_backend, .spin_ns = spin_ns};
    return loop_open_with(&options, 8);
}

TEST(wait7_times_to_spin_are_checked)
{
    static const int64_t wrong[] = {-1, SPIN_FOR_EVER + 1, INT64_MAX, INT64_MIN};
    struct mio_poll *poll = NULL;

    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        struct mio_options options = {.backend = test_backend, .spin_ns = wrong[i]};
        CHECK_EQ(mio_poll_new(&options, &poll), -EINVAL);
        CHECK(poll == NULL);
    }
}

TEST(wait7_looks_do_not_spin)
{
    struct loop loop = loop_open_spinning(SPIN_FOR_EVER);
    int ends[2];

    CHECK_EQ(mio_poll_wait(loop.poll, loop.events, 0), 0);
    CHECK_EQ(mio_poll_wait_until(loop.poll, loop.events, mio_now()), 0);
    open_pair(ends);
    REQUIRE_EQ(mio_registry_register(loop.registry, ends[NEAR], 1, MIO_READABLE), 0);
    CHECK_EQ(mio_poll_wait(loop.poll, loop.events, 0), 0);
    put(ends[FAR], "x");
    EXPECT_ONE(&loop, 1, MIO_READABLE);
    CHECK_EQ(mio_poll_wait(loop.poll, loop.events, 0), 0);

    close_pair(ends);
    loop_close(&loop);
}

TEST(wait7_timeouts_are_kept)
{
    static const int64_t timeouts[] = {1, 50000, MILLISECOND, 5 * MILLISECOND + 1};

    for (int spin = 0; spin < SPINS; spin++) {
        struct loop loop = loop_open_spinning(spins[spin]);
        for (size_t i = 0; i < sizeof timeouts / sizeof timeouts[0]; i++) {
            int64_t start = mio_now();
            CHECK_EQ(mio_poll_wait(loop.poll, loop.events, timeouts[i]), 0);
            CHECK(mio_now() - start >= timeouts[i]);
            CHECK_EQ(mio_poll_wait_until(loop.poll, loop.events, mio_now() + timeouts[i]), 0);
        }
        loop_close(&loop);
    }
}

TEST(wait7_a_wake_ends_a_wait_that_spins_or_sleeps)
{
    static const int64_t timeouts[] = {MIO_FOREVER, 1000 * SECOND, INT64_MAX};

    for (int spin = 0; spin < SPINS; spin++) {
        struct loop loop = loop_open_spinning(spins[spin]);
        struct mio_waker *waker = waker_open(&loop, 4);
        for (size_t i = 0; i < sizeof timeouts / sizeof timeouts[0]; i++) {
            struct late_wake late;
            late_wake_start(&late, waker);
            CHECK_EQ(mio_poll_wait(loop.poll, loop.events, timeouts[i]), 1);
            CHECK_EQ(mio_event_token(mio_events_get(loop.events, 0)), 4);
            late_wake_join(&late);
            EXPECT_NOTHING(&loop);
        }
        mio_waker_free(waker);
        loop_close(&loop);
    }
}

struct late_change {
    struct loop *loop;
    int fd;
};

/* Registers nothing itself: what the kernel has to tell ends the wait. */
static void *write_late(void *argument)
{
    const struct late_change *change = argument;
    sleep_for(5 * MILLISECOND);
    put(change->fd, "x");
    return NULL;
}

TEST(wait7_an_event_ends_a_wait_that_spins_or_sleeps)
{
    for (int spin = 0; spin < SPINS; spin++) {
        struct loop loop = loop_open_spinning(spins[spin]);
        int ends[2];
        open_pair(ends);
        REQUIRE_EQ(mio_registry_register(loop.registry, ends[NEAR], 7, MIO_READABLE), 0);
        struct late_change change = {.loop = &loop, .fd = ends[FAR]};
        pthread_t thread = thread_start(write_late, &change);
        CHECK_EQ(mio_poll_wait(loop.poll, loop.events, MIO_FOREVER), 1);
        CHECK_EQ(mio_event_token(mio_events_get(loop.events, 0)), 7);
        thread_join(thread);
        close_pair(ends);
        loop_close(&loop);
    }
}

static void *register_late(void *argument)
{
    const struct late_change *change = argument;
    sleep_for(5 * MILLISECOND);
    CHECK_EQ(mio_registry_register(change->loop->registry, change->fd, 8, MIO_WRITABLE), 0);
    return NULL;
}

TEST(wait7_a_registration_ends_a_wait_that_spins_or_sleeps)
{
    for (int spin = 0; spin < SPINS; spin++) {
        struct loop loop = loop_open_spinning(spins[spin]);
        int ends[2];
        open_pair(ends);
        struct late_change change = {.loop = &loop, .fd = ends[NEAR]};
        pthread_t thread = thread_start(register_late, &change);
        CHECK_EQ(mio_poll_wait(loop.poll, loop.events, MIO_FOREVER), 1);
        CHECK_EQ(mio_event_token(mio_events_get(loop.events, 0)), 8);
        thread_join(thread);
        close_pair(ends);
        loop_close(&loop);
    }
}

/* Level-triggered: what is ready already is found by the first look, spin or no spin. */
TEST(wait7_what_is_ready_comes_at_once)
{
    struct loop loop = loop_open_spinning(SPIN_FOR_EVER);
    int ends[2];

    open_pair(ends);
    put(ends[FAR], "x");
    REQUIRE_EQ(mio_registry_register(loop.registry, ends[NEAR], 1, MIO_READABLE | MIO_LEVEL), 0);
    for (int i = 0; i < 3; i++)
        CHECK_EQ(mio_poll_wait(loop.poll, loop.events, MIO_FOREVER), 1);

    close_pair(ends);
    loop_close(&loop);
}

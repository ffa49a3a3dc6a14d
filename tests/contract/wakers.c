/* SPDX-License-Identifier: MIT */
/*
 * WAKE1, WAKE2 and WAKE4: each test runs with the best waker of the system and with the one that
 * stands in where that is missing.
 */
#define _GNU_SOURCE

#include "facts/facts.h"
#include "support.h"

#include <errno.h>
#include <signal.h>
#include <stdatomic.h>
#include <string.h>
#include <unistd.h>

enum { MANY_WAKERS = 200 };

/* --- WAKE1: never lost --- */

TEST(wake1_before_the_wait)
{
    for (int i = 0; i < WAKER_KINDS; i++) {
        struct loop loop = loop_open_flags(waker_kinds[i]);
        struct mio_waker *waker = waker_open(&loop, 4);

        EXPECT_NOTHING(&loop);
        for (int round = 0; round < 5; round++) {
            CHECK_EQ(mio_waker_wake(waker), 0);
            EXPECT_ONE(&loop, 4, MIO_READABLE);
        }

        mio_waker_free(waker);
        loop_close(&loop);
    }
}

TEST(wake1_during_the_wait)
{
    for (int i = 0; i < WAKER_KINDS; i++) {
        struct loop loop = loop_open_flags(waker_kinds[i]);
        struct mio_waker *waker = waker_open(&loop, 4);
        struct late_wake late;

        for (int round = 0; round < 3; round++) {
            late_wake_start(&late, waker);
            CHECK_EQ(loop_wait(&loop, MIO_FOREVER), 1);
            CHECK_EQ(mio_event_token(mio_events_get(loop.events, 0)), 4);
            late_wake_join(&late);
            EXPECT_NOTHING(&loop);
        }

        mio_waker_free(waker);
        loop_close(&loop);
    }
}

TEST(wake1_several_wakes_of_one_waker_are_one_event)
{
    for (int i = 0; i < WAKER_KINDS; i++) {
        struct loop loop = loop_open_flags(waker_kinds[i]);
        struct mio_waker *waker = waker_open(&loop, 4);

        for (int wake = 0; wake < 3; wake++)
            CHECK_EQ(mio_waker_wake(waker), 0);
        CHECK_EQ(loop_wait(&loop, 10 * SECOND), 1);
        EXPECT_NOTHING(&loop);
        /* More than any pipe or counter holds. */
        for (int wake = 0; wake < 100000; wake++)
            REQUIRE_EQ(mio_waker_wake(waker), 0);
        CHECK_EQ(loop_wait(&loop, 10 * SECOND), 1);
        EXPECT_NOTHING(&loop);

        mio_waker_free(waker);
        loop_close(&loop);
    }
}

/* Whatever the library does between a wake and the wait, the wake is still there. */
TEST(wake1_survives_what_comes_between_it_and_the_wait)
{
    for (int i = 0; i < WAKER_KINDS; i++) {
        struct loop loop = loop_open_flags(waker_kinds[i]);
        struct mio_waker *waker = waker_open(&loop, 4);
        int ends[2];

        open_pair(ends);
        CHECK_EQ(mio_waker_wake(waker), 0);
        REQUIRE_EQ(mio_registry_register(loop.registry, ends[NEAR], 1, MIO_READABLE), 0);
        CHECK_EQ(drain(ends[NEAR]), 0);
        CHECK_EQ(mio_registry_rearm(loop.registry, ends[NEAR], MIO_READABLE), 0);
        EXPECT_ONE(&loop, 4, MIO_READABLE);

        CHECK_EQ(mio_waker_wake(waker), 0);
        REQUIRE_EQ(mio_registry_reregister(loop.registry, ends[NEAR], 1, MIO_WRITABLE), 0);
        EXPECT_EVENTS(&loop, {4, MIO_READABLE}, {1, MIO_WRITABLE});

        CHECK_EQ(mio_waker_wake(waker), 0);
        REQUIRE_EQ(mio_registry_deregister(loop.registry, ends[NEAR]), 0);
        EXPECT_ONE(&loop, 4, MIO_READABLE);

        close_pair(ends);
        mio_waker_free(waker);
        loop_close(&loop);
    }
}

TEST(wake1_survives_a_signal)
{
    for (int i = 0; i < WAKER_KINDS; i++) {
        struct loop loop = loop_open_flags(waker_kinds[i]);
        struct mio_waker *waker = waker_open(&loop, 4);

        signals_start(MILLISECOND / 2);
        for (int round = 0; round < 200; round++) {
            CHECK_EQ(mio_waker_wake(waker), 0);
            REQUIRE_EQ(loop_wait(&loop, 10 * SECOND), 1);
        }
        signals_stop();
        EXPECT_NOTHING(&loop);

        mio_waker_free(waker);
        loop_close(&loop);
    }
}

/* With room for one event, neither the ready descriptor nor the wakers starve. */
TEST(wake1_fair_when_room_is_short)
{
    for (int i = 0; i < WAKER_KINDS; i++) {
        struct mio_options options = {.flags = waker_kinds[i]};
        struct loop loop = loop_open_with(&options, 1);
        struct mio_waker *wakers[2] = {waker_open(&loop, 0), waker_open(&loop, 1)};
        int ends[2];
        int seen[3] = {0, 0, 0};

        open_pair(ends);
        put(ends[FAR], "x");
        REQUIRE_EQ(mio_registry_register(loop.registry, ends[NEAR], 2, MIO_READABLE | MIO_LEVEL),
                   0);
        CHECK_EQ(mio_waker_wake(wakers[0]), 0);
        CHECK_EQ(mio_waker_wake(wakers[1]), 0);
        for (int wait = 0; wait < 12; wait++) {
            CHECK_EQ(loop_wait(&loop, 10 * SECOND), 1);
            mio_token token = mio_event_token(mio_events_get(loop.events, 0));
            REQUIRE(token < 3);
            seen[token]++;
        }
        CHECK_EQ(seen[0], 1);
        CHECK_EQ(seen[1], 1);
        CHECK_EQ(seen[2], 10);

        /* And wakes that never cease do not hide the descriptor. */
        seen[2] = 0;
        for (int wait = 0; wait < 12; wait++) {
            CHECK_EQ(mio_waker_wake(wakers[0]), 0);
            CHECK_EQ(mio_waker_wake(wakers[1]), 0);
            CHECK_EQ(loop_wait(&loop, 10 * SECOND), 1);
            mio_token token = mio_event_token(mio_events_get(loop.events, 0));
            REQUIRE(token < 3);
            seen[token]++;
        }
        CHECK(seen[2] >= 1);

        close_pair(ends);
        mio_waker_free(wakers[0]);
        mio_waker_free(wakers[1]);
        loop_close(&loop);
    }
}

TEST(wake1_more_wakers_than_room)
{
    for (int i = 0; i < WAKER_KINDS; i++) {
        struct mio_options options = {.flags = waker_kinds[i]};
        struct loop loop = loop_open_with(&options, 7);
        static struct mio_waker *wakers[MANY_WAKERS];
        int seen[MANY_WAKERS] = {0};

        for (int w = 0; w < MANY_WAKERS; w++)
            wakers[w] = waker_open(&loop, (mio_token)w);
        for (int w = 0; w < MANY_WAKERS; w++)
            CHECK_EQ(mio_waker_wake(wakers[w]), 0);
        int total = 0;
        while (total < MANY_WAKERS) {
            int count = loop_wait(&loop, 10 * SECOND);
            REQUIRE(count >= 1 && count <= 7);
            mio_events_each(event, loop.events) {
                REQUIRE(mio_event_token(event) < MANY_WAKERS);
                CHECK_EQ(mio_event_readiness(event), MIO_READABLE);
                seen[mio_event_token(event)]++;
            }
            total += count;
        }
        EXPECT_NOTHING(&loop);
        for (int w = 0; w < MANY_WAKERS; w++) {
            CHECK_EQ(seen[w], 1);
            mio_waker_free(wakers[w]);
        }
        loop_close(&loop);
    }
}

/* --- WAKE2: tokens, signals, threads --- */

TEST(wake2_each_waker_has_its_token)
{
    for (int i = 0; i < WAKER_KINDS; i++) {
        struct loop loop = loop_open_flags(waker_kinds[i]);
        struct mio_waker *one = waker_open(&loop, 0);
        struct mio_waker *two = waker_open(&loop, UINTPTR_MAX);
        struct mio_waker *three = waker_open(&loop, (mio_token)&loop);

        CHECK_EQ(mio_waker_wake(two), 0);
        EXPECT_ONE(&loop, UINTPTR_MAX, MIO_READABLE);
        CHECK_EQ(mio_waker_wake(one), 0);
        CHECK_EQ(mio_waker_wake(two), 0);
        EXPECT_EVENTS(&loop, {0, MIO_READABLE}, {UINTPTR_MAX, MIO_READABLE});
        CHECK_EQ(mio_waker_wake(three), 0);
        CHECK_EQ(mio_waker_wake(one), 0);
        CHECK_EQ(mio_waker_wake(three), 0);
        EXPECT_EVENTS(&loop, {0, MIO_READABLE}, {(mio_token)&loop, MIO_READABLE});

        mio_waker_free(two);
        mio_waker_free(one);
        mio_waker_free(three);
        loop_close(&loop);
    }
}

/* Two wakers of one token stay two. */
TEST(wake2_wakers_may_share_a_token)
{
    for (int i = 0; i < WAKER_KINDS; i++) {
        struct loop loop = loop_open_flags(waker_kinds[i]);
        struct mio_waker *one = waker_open(&loop, 6);
        struct mio_waker *two = waker_open(&loop, 6);

        CHECK_EQ(mio_waker_wake(one), 0);
        CHECK_EQ(mio_waker_wake(two), 0);
        CHECK_EQ(loop_wait(&loop, 10 * SECOND), 2);
        mio_waker_free(one);
        CHECK_EQ(mio_waker_wake(two), 0);
        EXPECT_ONE(&loop, 6, MIO_READABLE);

        mio_waker_free(two);
        loop_close(&loop);
    }
}

static struct mio_waker *woken_by_signal;
static atomic_int wakes_by_signal;

static void wake_in_handler(int number)
{
    int saved = errno;
    (void)number;
    errno = ELOOP;
    if (mio_waker_wake(woken_by_signal) == 0 && errno == ELOOP)
        atomic_fetch_add(&wakes_by_signal, 1);
    errno = saved;
}

static void wake_from_handler(uint32_t flags)
{
    struct loop loop = loop_open_flags(flags);
    struct sigaction action;
    struct sigaction old;

    woken_by_signal = waker_open(&loop, 5);
    atomic_store(&wakes_by_signal, 0);
    memset(&action, 0, sizeof action);
    action.sa_handler = wake_in_handler;
    sigemptyset(&action.sa_mask);
    REQUIRE_EQ(sigaction(SIGUSR1, &action, &old), 0);

    for (int round = 0; round < 10; round++) {
        CHECK_EQ(raise(SIGUSR1), 0);
        EXPECT_ONE(&loop, 5, MIO_READABLE);
    }
    CHECK_EQ(atomic_load(&wakes_by_signal), 10);

    CHECK_EQ(sigaction(SIGUSR1, &old, NULL), 0);
    mio_waker_free(woken_by_signal);
    loop_close(&loop);
}

TEST(wake2_from_a_signal_handler)
{
    for (int i = 0; i < WAKER_KINDS; i++)
        wake_from_handler(waker_kinds[i]);
}

struct shooter {
    pthread_t target;
    atomic_bool stop;
};

static void *shoot(void *argument)
{
    struct shooter *shooter = argument;
    while (!atomic_load(&shooter->stop)) {
        sleep_for(MILLISECOND / 5);
        CHECK_EQ(pthread_kill(shooter->target, SIGUSR1), 0);
    }
    return NULL;
}

/* The handler interrupts the waiting thread wherever it stands, inside the library too. */
static void wake_from_handler_while_waiting(uint32_t flags)
{
    struct loop loop = loop_open_flags(flags);
    struct mio_waker *own = waker_open(&loop, 6);
    struct shooter shooter = {.target = pthread_self()};
    struct sigaction action;
    struct sigaction old;
    int woken = 0;

    woken_by_signal = waker_open(&loop, 5);
    memset(&action, 0, sizeof action);
    action.sa_handler = wake_in_handler;
    sigemptyset(&action.sa_mask);
    REQUIRE_EQ(sigaction(SIGUSR1, &action, &old), 0);
    pthread_t thread = thread_start(shoot, &shooter);
    while (woken < 100) {
        CHECK_EQ(mio_waker_wake(own), 0);
        int count = loop_wait(&loop, 10 * SECOND);
        CHECK(count >= 1);
        if (count < 1)
            break;
        mio_events_each(event, loop.events) {
            CHECK(mio_event_token(event) == 5 || mio_event_token(event) == 6);
            woken += mio_event_token(event) == 5;
        }
    }
    atomic_store(&shooter.stop, true);
    thread_join(thread);
    CHECK_EQ(sigaction(SIGUSR1, &old, NULL), 0);

    mio_waker_free(woken_by_signal);
    mio_waker_free(own);
    loop_close(&loop);
}

TEST(wake2_from_a_signal_handler_while_waiting)
{
    for (int i = 0; i < WAKER_KINDS; i++)
        wake_from_handler_while_waiting(waker_kinds[i]);
}

TEST(wake2_of_a_clone)
{
    for (int i = 0; i < WAKER_KINDS; i++) {
        struct loop loop = loop_open_flags(waker_kinds[i]);
        struct mio_registry *clone = NULL;
        struct mio_waker *waker = NULL;

        REQUIRE_EQ(mio_registry_clone(loop.registry, &clone), 0);
        REQUIRE_EQ(mio_waker_new(clone, 8, &waker), 0);
        mio_registry_free(clone);
        CHECK_EQ(mio_waker_wake(waker), 0);
        EXPECT_ONE(&loop, 8, MIO_READABLE);

        mio_waker_free(waker);
        loop_close(&loop);
    }
}

TEST(wake2_a_freed_waker_is_silent)
{
    for (int i = 0; i < WAKER_KINDS; i++) {
        struct loop loop = loop_open_flags(waker_kinds[i]);
        struct mio_waker *one = waker_open(&loop, 1);
        struct mio_waker *two = waker_open(&loop, 2);

        CHECK_EQ(mio_waker_wake(one), 0);
        mio_waker_free(one);
        EXPECT_NOTHING(&loop);
        CHECK_EQ(mio_waker_wake(two), 0);
        EXPECT_ONE(&loop, 2, MIO_READABLE);
        one = waker_open(&loop, 3);
        EXPECT_NOTHING(&loop);
        CHECK_EQ(mio_waker_wake(one), 0);
        EXPECT_ONE(&loop, 3, MIO_READABLE);

        /* Also one that was queued between others. */
        CHECK_EQ(mio_waker_wake(one), 0);
        CHECK_EQ(mio_waker_wake(two), 0);
        mio_waker_free(one);
        EXPECT_ONE(&loop, 2, MIO_READABLE);

        mio_waker_free(two);
        loop_close(&loop);
    }
}

TEST(wake2_wakers_may_come_and_go)
{
    for (int i = 0; i < WAKER_KINDS; i++) {
        struct loop loop = loop_open_flags(waker_kinds[i]);

        for (mio_token token = 0; token < 500; token++) {
            struct mio_waker *waker = waker_open(&loop, token);
            CHECK_EQ(mio_waker_wake(waker), 0);
            if (token % 3 != 0)
                CHECK_EQ(loop_wait(&loop, 10 * SECOND), 1);
            mio_waker_free(waker);
        }
        EXPECT_NOTHING(&loop);

        loop_close(&loop);
    }
}

TEST(wake2_arguments_are_checked)
{
    struct loop loop = loop_open();
    struct mio_waker *waker = NULL;

    CHECK_EQ(mio_waker_new(null(), 1, &waker), -EINVAL);
    CHECK_EQ(mio_waker_new(loop.registry, 1, null()), -EINVAL);
    CHECK_EQ(mio_waker_wake(null()), -EINVAL);
    CHECK(waker == NULL);
    mio_waker_free(NULL);

    loop_close(&loop);
}

/* What is pending and what has just come go on one list, whose end has to be found and kept. */
TEST(wake1_pending_wakes_keep_their_order_while_others_come)
{
    enum { COUNT = 40 };
    struct loop loop = loop_open_with(NULL, 1);
    struct mio_waker *wakers[COUNT];

    for (int i = 0; i < COUNT; i++)
        wakers[i] = waker_open(&loop, (mio_token)i);
    EXPECT_NOTHING(&loop);
    for (int i = 0; i < COUNT; i++)
        CHECK_EQ(mio_waker_wake(wakers[i]), 0);
    for (int i = 0; i < 3 * COUNT; i++) {
        int turn = i % COUNT;
        REQUIRE_EQ(loop_wait(&loop, 0), 1);
        CHECK_EQ(mio_event_token(mio_events_get(loop.events, 0)), turn);
        CHECK_EQ(mio_waker_wake(wakers[turn]), 0);
    }
    for (int i = 0; i < COUNT; i++)
        CHECK_EQ(loop_wait(&loop, 0), 1);
    EXPECT_NOTHING(&loop);
    /* An empty list begins anew. */
    CHECK_EQ(mio_waker_wake(wakers[0]), 0);
    CHECK_EQ(loop_wait(&loop, 0), 1);

    for (int i = 0; i < COUNT; i++)
        mio_waker_free(wakers[i]);
    loop_close(&loop);
}

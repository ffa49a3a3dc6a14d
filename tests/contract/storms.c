/* SPDX-License-Identifier: MIT */
/* WAKE1 and WAKE2 under load: many threads, and a poll that ends meanwhile. */
#define _GNU_SOURCE

#include "support.h"

#include <stdatomic.h>
#include <string.h>

enum { STORM_WAKERS = 4, STORM_WAKES = 3000 };

struct storm {
    struct mio_waker *waker;
    atomic_int sent;     /* raised before each wake */
    int received;        /* what `sent` was when the last event was seen */
    atomic_bool stopped; /* the thread has made its last wake */
};

static void *storm(void *argument)
{
    struct storm *self = argument;
    for (int i = 0; i < STORM_WAKES; i++) {
        atomic_fetch_add(&self->sent, 1);
        CHECK_EQ(mio_waker_wake(self->waker), 0);
    }
    atomic_store(&self->stopped, true);
    return NULL;
}

static bool storms_are_over(const struct storm *storms)
{
    for (int i = 0; i < STORM_WAKERS; i++) {
        if (storms[i].received < STORM_WAKES)
            return false;
    }
    return true;
}

/* The last wake of each thread has to be seen: a lost one leaves the wait without an event. */
static void weather_storm(uint32_t flags, bool shared)
{
    struct loop loop = loop_open_flags(flags);
    struct storm storms[STORM_WAKERS];
    pthread_t threads[STORM_WAKERS];
    struct mio_waker *common = shared ? waker_open(&loop, 99) : NULL;

    memset(storms, 0, sizeof storms);
    for (int i = 0; i < STORM_WAKERS; i++)
        storms[i].waker = shared ? common : waker_open(&loop, (mio_token)i);
    for (int i = 0; i < STORM_WAKERS; i++)
        threads[i] = thread_start(storm, &storms[i]);

    while (!storms_are_over(storms)) {
        int count = loop_wait(&loop, 100 * SECOND);
        CHECK(count >= 1);
        if (count < 1)
            break;
        mio_events_each(event, loop.events) {
            mio_token token = mio_event_token(event);
            CHECK(shared ? token == 99 : token < STORM_WAKERS);
            for (int i = 0; i < STORM_WAKERS; i++) {
                if (shared || (mio_token)i == token)
                    storms[i].received = atomic_load(&storms[i].sent);
            }
        }
    }
    for (int i = 0; i < STORM_WAKERS; i++)
        thread_join(threads[i]);

    /* The wake of a thread may come after its counter was read: nothing else may be left. */
    CHECK(loop_wait(&loop, 0) <= STORM_WAKERS);
    EXPECT_NOTHING(&loop);
    for (int i = 0; i < STORM_WAKERS && !shared; i++)
        mio_waker_free(storms[i].waker);
    mio_waker_free(common);
    loop_close(&loop);
}

TEST(wake1_a_storm_of_several_wakers)
{
    for (int i = 0; i < WAKER_KINDS; i++)
        weather_storm(waker_kinds[i], false);
}

TEST(wake1_a_storm_of_one_waker)
{
    for (int i = 0; i < WAKER_KINDS; i++)
        weather_storm(waker_kinds[i], true);
}

/* Two threads wake each other in turn: a single lost wake stops the game. */
struct player {
    struct loop *loop;
    struct mio_waker *other;
    int rounds;
};

static void *play(void *argument)
{
    struct player *player = argument;
    for (int i = 0; i < player->rounds; i++) {
        int count = loop_wait(player->loop, 100 * SECOND);
        CHECK_EQ(count, 1);
        CHECK_EQ(mio_waker_wake(player->other), 0);
        if (count != 1)
            break;
    }
    return NULL;
}

TEST(wake1_ping_pong)
{
    for (int i = 0; i < WAKER_KINDS; i++) {
        struct loop one = loop_open_flags(waker_kinds[i]);
        struct loop two = loop_open_flags(waker_kinds[i]);
        struct mio_waker *wake_one = waker_open(&one, 1);
        struct mio_waker *wake_two = waker_open(&two, 2);
        struct player first = {&one, wake_two, 1000};
        struct player second = {&two, wake_one, 1000};

        CHECK_EQ(mio_waker_wake(wake_one), 0);
        pthread_t thread = thread_start(play, &second);
        play(&first);
        thread_join(thread);
        EXPECT_ONE(&one, 1, MIO_READABLE);
        EXPECT_NOTHING(&two);

        mio_waker_free(wake_one);
        mio_waker_free(wake_two);
        loop_close(&one);
        loop_close(&two);
    }
}

/* --- a waker made while somebody is asleep --- */

TEST(wake1_a_waker_made_during_the_wait)
{
    for (int i = 0; i < WAKER_KINDS; i++) {
        struct loop loop = loop_open_flags(waker_kinds[i]);
        pthread_t thread = thread_start(wait_for_one, &loop);

        sleep_for(10 * MILLISECOND);
        struct mio_waker *waker = waker_open(&loop, 12);
        CHECK_EQ(mio_waker_wake(waker), 0);
        thread_join(thread);
        CHECK_EQ(mio_event_token(mio_events_get(loop.events, 0)), 12);
        EXPECT_NOTHING(&loop);

        mio_waker_free(waker);
        loop_close(&loop);
    }
}

/* --- a wake that meets the end of its poll --- */

static void *wake_on(void *argument)
{
    struct storm *self = argument;
    while (!atomic_load(&self->stopped)) {
        CHECK_EQ(mio_waker_wake(self->waker), 0);
        atomic_fetch_add(&self->sent, 1);
    }
    return NULL;
}

TEST(wake2_while_the_poll_is_freed)
{
    for (int i = 0; i < WAKER_KINDS; i++) {
        for (int round = 0; round < 20; round++) {
            struct loop loop = loop_open_flags(waker_kinds[i]);
            struct storm self = {.waker = waker_open(&loop, 1)};

            pthread_t thread = thread_start(wake_on, &self);
            while (atomic_load(&self.sent) < 10)
                sleep_for(1000);
            CHECK(loop_wait(&loop, 0) <= 1);
            loop_close(&loop);
            int sent = atomic_load(&self.sent);
            while (atomic_load(&self.sent) < sent + 10)
                sleep_for(1000);
            atomic_store(&self.stopped, true);
            thread_join(thread);
            mio_waker_free(self.waker);
        }
    }
}

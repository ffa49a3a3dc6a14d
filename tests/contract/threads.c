/* SPDX-License-Identifier: MIT */
/* REG7: registering and cloning from other threads, while one waits. */
#define _GNU_SOURCE

#include "facts/facts.h"
#include "support.h"

#include <errno.h>
#include <stdatomic.h>
#include <unistd.h>

enum { CHURNERS = 3, CHURNS = 400 };

TEST(reg7_registering_ends_a_wait)
{
    struct loop loop = loop_open();
    int ends[2];

    open_pair(ends);
    pthread_t thread = thread_start(wait_for_one, &loop);
    sleep_for(10 * MILLISECOND);
    REQUIRE_EQ(mio_registry_register(loop.registry, ends[NEAR], 3, MIO_WRITABLE), 0);
    thread_join(thread);
    CHECK_EQ(mio_event_token(mio_events_get(loop.events, 0)), 3);
    CHECK_EQ(mio_event_readiness(mio_events_get(loop.events, 0)), MIO_WRITABLE);
    EXPECT_NOTHING(&loop);

    close_pair(ends);
    loop_close(&loop);
}

TEST(reg7_reregistering_ends_a_wait)
{
    struct loop loop = loop_open();
    int ends[2];

    open_pair(ends);
    REQUIRE_EQ(mio_registry_register(loop.registry, ends[NEAR], 3, MIO_READABLE), 0);
    pthread_t thread = thread_start(wait_for_one, &loop);
    sleep_for(10 * MILLISECOND);
    REQUIRE_EQ(mio_registry_reregister(loop.registry, ends[NEAR], 4, MIO_WRITABLE), 0);
    thread_join(thread);
    CHECK_EQ(mio_event_token(mio_events_get(loop.events, 0)), 4);
    CHECK_EQ(mio_event_readiness(mio_events_get(loop.events, 0)), MIO_WRITABLE);
    EXPECT_NOTHING(&loop);

    close_pair(ends);
    loop_close(&loop);
}

/* The injected event of EV4 has to reach a sleeper as well. */
TEST(reg7_registering_a_pipe_without_reader_ends_a_wait)
{
    struct loop loop = loop_open();
    int ends[2];

    open_pipe(ends);
    CHECK_EQ(close(ends[NEAR]), 0);
    pthread_t thread = thread_start(wait_for_one, &loop);
    sleep_for(10 * MILLISECOND);
    REQUIRE_EQ(mio_registry_register(loop.registry, ends[FAR], 3, MIO_WRITABLE), 0);
    thread_join(thread);
    CHECK_EQ(mio_event_token(mio_events_get(loop.events, 0)), 3);
    CHECK_EQ(mio_event_readiness(mio_events_get(loop.events, 0)),
             readiness_fact("pipe without reader"));
    EXPECT_NOTHING(&loop);

    CHECK_EQ(close(ends[FAR]), 0);
    loop_close(&loop);
}

TEST(reg7_rearming_a_one_shot_ends_a_wait)
{
    struct loop loop = loop_open();
    int ends[2];

    open_pair(ends);
    put(ends[FAR], "x");
    REQUIRE_EQ(mio_registry_register(loop.registry, ends[NEAR], 3, BOTH | MIO_ONESHOT), 0);
    EXPECT_ONE(&loop, 3, BOTH);
    pthread_t thread = thread_start(wait_for_one, &loop);
    sleep_for(10 * MILLISECOND);
    REQUIRE_EQ(mio_registry_reregister(loop.registry, ends[NEAR], 4, MIO_READABLE | MIO_ONESHOT),
               0);
    thread_join(thread);
    CHECK_EQ(mio_event_token(mio_events_get(loop.events, 0)), 4);
    EXPECT_NOTHING(&loop);

    close_pair(ends);
    loop_close(&loop);
}

/* --- three threads register, each in its own way --- */

struct errand {
    struct mio_registry *registry;
    int fd;
    mio_token token;
};

static void *register_once(void *argument)
{
    struct errand *errand = argument;
    CHECK_EQ(mio_registry_register(errand->registry, errand->fd, errand->token, MIO_READABLE), 0);
    return NULL;
}

static void *register_deregister_register(void *argument)
{
    struct errand *errand = argument;
    CHECK_EQ(mio_registry_register(errand->registry, errand->fd, 100, MIO_READABLE), 0);
    CHECK_EQ(mio_registry_deregister(errand->registry, errand->fd), 0);
    CHECK_EQ(mio_registry_register(errand->registry, errand->fd, errand->token, MIO_READABLE), 0);
    return NULL;
}

static void *register_reregister(void *argument)
{
    struct errand *errand = argument;
    CHECK_EQ(mio_registry_register(errand->registry, errand->fd, 101, 0), -EINVAL);
    CHECK_EQ(mio_registry_register(errand->registry, errand->fd, errand->token, MIO_WRITABLE), 0);
    CHECK_EQ(mio_registry_reregister(errand->registry, errand->fd, errand->token, MIO_READABLE), 0);
    return NULL;
}

TEST(reg7_three_threads_register_through_clones)
{
    static void *(*const errand_functions[])(void *) = {register_once, register_deregister_register,
                                                        register_reregister};
    struct loop loop = loop_open();
    struct errand errands[3];
    pthread_t threads[3];
    int ends[3][2];

    for (int i = 0; i < 3; i++) {
        open_pair(ends[i]);
        /* Full, so that asking for writable gives no event. */
        fill(ends[i][NEAR]);
        errands[i].fd = ends[i][NEAR];
        errands[i].token = (mio_token)i;
        REQUIRE_EQ(mio_registry_clone(loop.registry, &errands[i].registry), 0);
    }
    for (int i = 0; i < 3; i++)
        threads[i] = thread_start(errand_functions[i], &errands[i]);
    for (int i = 0; i < 3; i++) {
        thread_join(threads[i]);
        mio_registry_free(errands[i].registry);
        put(ends[i][FAR], "x");
    }
    EXPECT_EVENTS(&loop, {0, MIO_READABLE}, {1, MIO_READABLE}, {2, MIO_READABLE});

    for (int i = 0; i < 3; i++)
        close_pair(ends[i]);
    loop_close(&loop);
}

/* --- churn: registering, deregistering and cloning while a thread waits --- */

struct churner {
    struct mio_registry *registry;
    struct mio_waker *waker;
    mio_token token;
    int ends[2];
};

static void *churn(void *argument)
{
    struct churner *churner = argument;
    int fd = churner->ends[NEAR];

    for (int i = 0; i < CHURNS; i++) {
        struct mio_registry *clone = NULL;
        CHECK_EQ(mio_registry_clone(churner->registry, &clone), 0);
        CHECK_EQ(mio_registry_register(clone, fd, churner->token, MIO_READABLE), 0);
        CHECK_EQ(mio_registry_reregister(clone, fd, churner->token, BOTH), 0);
        CHECK_EQ(mio_registry_deregister(churner->registry, fd), 0);
        mio_registry_free(clone);
    }
    CHECK_EQ(mio_waker_wake(churner->waker), 0);
    return NULL;
}

TEST(reg7_churn_during_waits)
{
    struct loop loop = loop_open();
    struct churner churners[CHURNERS];
    pthread_t threads[CHURNERS];
    int finished = 0;

    for (int i = 0; i < CHURNERS; i++) {
        churners[i].registry = loop.registry;
        churners[i].token = (mio_token)i;
        open_pair(churners[i].ends);
        put(churners[i].ends[FAR], "x");
        REQUIRE_EQ(mio_waker_new(loop.registry, (mio_token)(1000 + i), &churners[i].waker), 0);
    }
    for (int i = 0; i < CHURNERS; i++)
        threads[i] = thread_start(churn, &churners[i]);
    while (finished < CHURNERS) {
        int count = loop_wait(&loop, 100 * SECOND);
        CHECK(count >= 1);
        if (count < 1)
            break;
        mio_events_each(event, loop.events) {
            mio_token token = mio_event_token(event);
            CHECK(token < CHURNERS || (token >= 1000 && token < 1000 + CHURNERS));
            finished += token >= 1000;
        }
    }
    for (int i = 0; i < CHURNERS; i++) {
        thread_join(threads[i]);
        mio_waker_free(churners[i].waker);
        close_pair(churners[i].ends);
    }
    EXPECT_NOTHING(&loop);

    loop_close(&loop);
}

/* --- REG6 across threads: what happened before the wait counts --- */

static void *deregister(void *argument)
{
    struct errand *errand = argument;
    CHECK_EQ(mio_registry_deregister(errand->registry, errand->fd), 0);
    return NULL;
}

TEST(reg6_deregistered_by_another_thread)
{
    struct loop loop = loop_open();
    int ends[2];

    open_pair(ends);
    put(ends[FAR], "x");
    for (int i = 0; i < 50; i++) {
        struct errand errand = {loop.registry, ends[NEAR], 1};
        REQUIRE_EQ(mio_registry_register(loop.registry, ends[NEAR], 1, MIO_READABLE | MIO_LEVEL),
                   0);
        thread_join(thread_start(deregister, &errand));
        EXPECT_NOTHING(&loop);
    }

    close_pair(ends);
    loop_close(&loop);
}

/* --- a poll may wander between threads --- */

static void *wait_elsewhere(void *argument)
{
    struct loop *loop = argument;
    EXPECT_ONE(loop, 1, MIO_READABLE);
    return NULL;
}

TEST(wait6_threads_may_take_turns_waiting)
{
    struct loop loop = loop_open();
    int ends[2];

    open_pair(ends);
    REQUIRE_EQ(mio_registry_register(loop.registry, ends[NEAR], 1, MIO_READABLE), 0);
    for (int i = 0; i < 5; i++) {
        put(ends[FAR], "x");
        thread_join(thread_start(wait_elsewhere, &loop));
        drain_again(&loop, ends[NEAR], MIO_READABLE);
        put(ends[FAR], "x");
        EXPECT_ONE(&loop, 1, MIO_READABLE);
        drain_again(&loop, ends[NEAR], MIO_READABLE);
    }

    close_pair(ends);
    loop_close(&loop);
}

/* SPDX-License-Identifier: MIT */
/* Several threads on one kqueue, and closing it under them (rule 14). */
#include "test_support.h"

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <time.h>
#include <unistd.h>

enum { WAITERS = 3 };

/* Several threads that wait for one event each. */
struct crowd {
    int kq;
    pthread_t thread[WAITERS];
    atomic_int delivered;
    atomic_int failed;
};

static void *wait_for_one(void *argument)
{
    struct crowd *crowd = argument;
    struct kevent event;
    atomic_fetch_add(await(crowd->kq, &event) ? &crowd->delivered : &crowd->failed, 1);
    return NULL;
}

static void start_crowd(struct crowd *crowd)
{
    atomic_init(&crowd->delivered, 0);
    atomic_init(&crowd->failed, 0);
    for (int i = 0; i < WAITERS; i++)
        REQUIRE_EQ(pthread_create(&crowd->thread[i], NULL, wait_for_one, crowd), 0);
}

static void join_crowd(struct crowd *crowd)
{
    for (int i = 0; i < WAITERS; i++)
        pthread_join(crowd->thread[i], NULL);
}

static void wait_for_count(struct crowd *crowd, int count)
{
    const struct timespec pause = {0, 1000000};
    while (atomic_load(&crowd->delivered) < count && atomic_load(&crowd->failed) == 0)
        nanosleep(&pause, NULL);
}

TEST(k30_one_edge_wakes_one_waiter)
{
    struct crowd crowd = {.kq = open_kqueue()};
    CHECK_EQ(ask(crowd.kq, IDENT, EVFILT_USER, EV_ADD | EV_CLEAR, TOKEN), 0);
    start_crowd(&crowd);
    for (int i = 1; i <= WAITERS; i++) {
        CHECK_EQ(atomic_load(&crowd.delivered), i - 1);
        CHECK_EQ(trigger(crowd.kq, IDENT, TOKEN), 0);
        wait_for_count(&crowd, i);
    }
    join_crowd(&crowd);
    CHECK_EQ(atomic_load(&crowd.delivered), WAITERS);
    CHECK_EQ(atomic_load(&crowd.failed), 0);
    CHECK(quiet(crowd.kq)); /* a second waiter for one edge would have left one over */
    close(crowd.kq);
}

TEST(one_edge_of_a_descriptor_wakes_one_waiter)
{
    int ends[2];
    open_unix(ends, SOCK_STREAM);
    struct crowd crowd = {.kq = watch_reading(ends[0], EV_ADD | EV_CLEAR)};
    start_crowd(&crowd);
    for (int i = 1; i <= WAITERS; i++) {
        CHECK_EQ(atomic_load(&crowd.delivered), i - 1);
        put(ends[1], "x");
        wait_for_count(&crowd, i);
    }
    join_crowd(&crowd);
    CHECK_EQ(atomic_load(&crowd.failed), 0);
    CHECK(quiet(crowd.kq));
    close(crowd.kq);
    close_both(ends);
}

TEST(a_oneshot_wakes_one_waiter)
{
    struct crowd crowd = {.kq = open_kqueue()};
    start_crowd(&crowd);
    for (int i = 1; i <= WAITERS; i++) {
        CHECK_EQ(ask(crowd.kq, IDENT, EVFILT_USER, EV_ADD | EV_ONESHOT, TOKEN), 0);
        CHECK_EQ(trigger(crowd.kq, IDENT, TOKEN), 0);
        wait_for_count(&crowd, i);
        CHECK_EQ(atomic_load(&crowd.delivered), i);
    }
    join_crowd(&crowd);
    CHECK(quiet(crowd.kq));
    close(crowd.kq);
}

TEST(a_level_event_wakes_all_waiters)
{
    int ends[2];
    open_unix(ends, SOCK_STREAM);
    struct crowd crowd = {.kq = watch_reading(ends[0], EV_ADD)};
    start_crowd(&crowd);
    put(ends[1], "x");
    join_crowd(&crowd);
    CHECK_EQ(atomic_load(&crowd.delivered), WAITERS);
    close(crowd.kq);
    close_both(ends);
}

/* One thread that waits, and what it got. */
struct waiter {
    int kq;
    pthread_t thread;
    atomic_bool waiting;
    atomic_bool done;
    int count;
    int error;
    struct kevent event;
};

static void *wait_forever(void *argument)
{
    struct waiter *waiter = argument;
    atomic_store(&waiter->waiting, true);
    waiter->count = kevent_call(waiter->kq, NULL, 0, &waiter->event, 1, NULL);
    waiter->error = waiter->count < 0 ? errno : 0;
    atomic_store(&waiter->done, true);
    return NULL;
}

static void start_waiter(struct waiter *waiter)
{
    atomic_init(&waiter->waiting, false);
    atomic_init(&waiter->done, false);
    REQUIRE_EQ(pthread_create(&waiter->thread, NULL, wait_forever, waiter), 0);
    while (!atomic_load(&waiter->waiting))
        sched_yield();
}

TEST(add_by_another_thread_wakes)
{
    int ends[2];
    open_pipe(ends);
    put(ends[1], "x");
    struct waiter waiter = {.kq = open_kqueue()};
    start_waiter(&waiter);
    CHECK_EQ(ask(waiter.kq, ends[0], EVFILT_READ, EV_ADD | EV_CLEAR, TOKEN), 0);
    pthread_join(waiter.thread, NULL);
    CHECK_EQ(waiter.count, 1);
    CHECK_EQ(token_of(&waiter.event), TOKEN);
    close(waiter.kq);
    close_both(ends);
}

TEST(enable_by_another_thread_wakes)
{
    int ends[2];
    open_pipe(ends);
    put(ends[1], "x");
    struct waiter waiter = {.kq = watch_reading(ends[0], EV_ADD | EV_DISABLE)};
    start_waiter(&waiter);
    CHECK_EQ(ask(waiter.kq, ends[0], EVFILT_READ, EV_ENABLE, TOKEN), 0);
    pthread_join(waiter.thread, NULL);
    CHECK_EQ(waiter.count, 1);
    CHECK_EQ(waiter.event.data, 1);
    close(waiter.kq);
    close_both(ends);
}

TEST(trigger_by_another_thread_wakes)
{
    struct waiter waiter = {.kq = open_kqueue()};
    CHECK_EQ(ask(waiter.kq, IDENT, EVFILT_USER, EV_ADD | EV_CLEAR, TOKEN), 0);
    start_waiter(&waiter);
    CHECK_EQ(trigger(waiter.kq, IDENT, TOKEN), 0);
    pthread_join(waiter.thread, NULL);
    CHECK_EQ(waiter.count, 1);
    CHECK_EQ(waiter.event.ident, IDENT);
    close(waiter.kq);
}

TEST(data_written_by_another_thread_wakes)
{
    int ends[2];
    open_unix(ends, SOCK_STREAM);
    struct waiter waiter = {.kq = watch_reading(ends[0], EV_ADD | EV_CLEAR)};
    start_waiter(&waiter);
    put(ends[1], "x");
    pthread_join(waiter.thread, NULL);
    CHECK_EQ(waiter.count, 1);
    close(waiter.kq);
    close_both(ends);
}

TEST(delete_by_another_thread_is_silent)
{
    int ends[2];
    open_pipe(ends);
    struct waiter waiter = {.kq = watch_reading(ends[0], EV_ADD)};
    CHECK_EQ(ask(waiter.kq, IDENT, EVFILT_USER, EV_ADD | EV_CLEAR, OTHER_TOKEN), 0);
    start_waiter(&waiter);
    CHECK_EQ(ask(waiter.kq, ends[0], EVFILT_READ, EV_DELETE, TOKEN), 0);
    put(ends[1], "x");
    CHECK_EQ(trigger(waiter.kq, IDENT, OTHER_TOKEN), 0);
    pthread_join(waiter.thread, NULL);
    CHECK_EQ(token_of(&waiter.event), OTHER_TOKEN);
    close(waiter.kq);
    close_both(ends);
}

TEST(close_of_a_descriptor_by_another_thread_is_silent)
{
    int ends[2];
    open_pipe(ends);
    struct waiter waiter = {.kq = watch_reading(ends[0], EV_ADD)};
    CHECK_EQ(ask(waiter.kq, IDENT, EVFILT_USER, EV_ADD | EV_CLEAR, OTHER_TOKEN), 0);
    start_waiter(&waiter);
    close_both(ends);
    CHECK_EQ(trigger(waiter.kq, IDENT, OTHER_TOKEN), 0);
    pthread_join(waiter.thread, NULL);
    CHECK_EQ(waiter.count, 1);
    CHECK_EQ(token_of(&waiter.event), OTHER_TOKEN);
    close(waiter.kq);
}

TEST(k43_close_wakes_a_waiter_with_ebadf)
{
    if (!expected.close_wakes_waiter)
        SKIP("this system's waiter sleeps on (k43_close_does_not_wake_a_waiter)");
    struct waiter waiter = {.kq = open_kqueue()};
    start_waiter(&waiter);
    close(waiter.kq); /* before or after the wait began: EBADF either way */
    pthread_join(waiter.thread, NULL);
    CHECK_EQ(waiter.count, -1);
    CHECK_EQ(waiter.error, EBADF);
}

TEST(k43_close_does_not_wake_a_waiter)
{
    if (expected.close_wakes_waiter)
        SKIP("this system's waiter gets EBADF (k43_close_wakes_a_waiter_with_ebadf)");
    int ends[2];
    open_unix(ends, SOCK_STREAM);
    struct waiter waiter = {.kq = watch_reading(ends[0], EV_ADD | EV_CLEAR)};
    start_waiter(&waiter);
    const struct timespec pause = {0, 100000000}; /* so that it sleeps; were it late, EBADF */
    nanosleep(&pause, NULL);
    close(waiter.kq);
    nanosleep(&pause, NULL);
    CHECK(!atomic_load(&waiter.done));
    put(ends[1], "x"); /* it holds the kqueue itself, and so its event still comes */
    pthread_join(waiter.thread, NULL);
    CHECK_EQ(waiter.count, 1);
    close_both(ends);
}

/* What a waiter and a duplicate got when the kqueue was closed; false when the waiter came late. */
static bool close_under_waiter(long pause, struct waiter *waiter, int *of_duplicate)
{
    *waiter = (struct waiter){.kq = open_kqueue()};
    CHECK_EQ(ask(waiter->kq, IDENT, EVFILT_USER, EV_ADD | EV_CLEAR, TOKEN), 0);
    int copy = dup(waiter->kq);
    REQUIRE(copy >= 0);
    start_waiter(waiter);
    nanosleep(&(struct timespec){0, pause}, NULL);
    close(waiter->kq);
    CHECK_EQ(trigger(copy, IDENT, TOKEN), 0); /* changes are taken everywhere */
    pthread_join(waiter->thread, NULL);
    struct kevent event;
    *of_duplicate = fetch(copy, &event, 1);
    close(copy);
    return waiter->error == 0 || *of_duplicate < 0;
}

TEST(k43_close_under_a_waiter_and_a_duplicate_of_the_kqueue)
{
    NEED_STATED(expected.close_kills_duplicate);
    struct waiter waiter;
    int of_duplicate;
    long pause = 1000000;
    while (!close_under_waiter(pause, &waiter, &of_duplicate) && pause < 500000000)
        pause *= 2;
    CHECK_EQ(waiter.count, expected.close_kills_duplicate ? -1 : 1);
    CHECK_EQ(waiter.error, expected.close_kills_duplicate ? EBADF : 0);
    CHECK_EQ(of_duplicate, expected.close_kills_duplicate ? -1 : 0);
}

/* SPDX-License-Identifier: MIT */
/* Closing, duplicates, fork, and several threads on one kqueue (rules 13 to 15). */
#include "test_support.h"

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { TOKEN = 111, OTHER_TOKEN = 112, IDENT = 3, WAITERS = 3 };

static int watch(int fd, uint32_t flags)
{
    int kq = open_kqueue();
    CHECK_EQ(ask(kq, fd, EVFILT_READ, flags, TOKEN), 0);
    return kq;
}

TEST(rule13_close_drops_the_knote)
{
    int ends[2];
    open_unix(ends, SOCK_STREAM);
    int kq = watch(ends[0], EV_ADD);
    put(ends[1], "x");
    CHECK(!quiet(kq));
    CHECK_EQ(close(ends[0]), 0);
    CHECK(quiet(kq));
    CHECK_EQ(ask(kq, ends[0], EVFILT_READ, EV_DELETE, TOKEN), expected.delete_after_close);
    close(kq);
    close(ends[1]);
}

TEST(rule13_close_drops_the_knote_while_a_duplicate_lives)
{
    int ends[2];
    open_unix(ends, SOCK_STREAM);
    int copy = dup(ends[0]);
    REQUIRE(copy >= 0);
    int kq = watch(ends[0], EV_ADD | EV_CLEAR);
    CHECK_EQ(close(ends[0]), 0);
    put(ends[1], "x");
    CHECK(quiet(kq));
    CHECK_EQ(ask(kq, copy, EVFILT_READ, EV_ADD | EV_CLEAR, OTHER_TOKEN), 0);
    struct kevent event;
    REQUIRE(await(kq, &event));
    CHECK_EQ(event.ident, copy);
    CHECK_EQ(token_of(&event), OTHER_TOKEN);
    close(kq);
    close(copy);
    close(ends[1]);
}

TEST(rule13_close_withdraws_a_queued_event)
{
    int ends[2];
    open_pipe(ends);
    int copy = dup(ends[0]);
    int kq = watch(ends[0], EV_ADD | EV_CLEAR);
    put(ends[1], "x");
    CHECK_EQ(close(ends[0]), 0);
    CHECK(quiet(kq));
    close(kq);
    close(copy);
    close(ends[1]);
}

TEST(rule13_close_drops_oneshot_and_dispatch_too)
{
    for (int i = 0; i < 2; i++) {
        int ends[2];
        open_pipe(ends);
        int kq = watch(ends[0], EV_ADD | (i == 0 ? EV_ONESHOT : EV_DISPATCH));
        put(ends[1], "x");
        CHECK_EQ(close(ends[0]), 0);
        CHECK(quiet(kq));
        close(kq);
        close(ends[1]);
    }
}

TEST(reused_number_starts_clean)
{
    int ends[2];
    open_pipe(ends);
    int kq = watch(ends[0], EV_ADD);
    put(ends[1], "x");
    CHECK_EQ(close(ends[0]), 0);
    int fresh[2];
    open_pipe(fresh);
    int reused = fresh[0] == ends[0] ? fresh[0] : fresh[1];
    CHECK_EQ(reused, ends[0]);
    CHECK(quiet(kq));
    CHECK_EQ(ask(kq, fresh[0], EVFILT_READ, EV_DELETE, TOKEN), ENOENT);
    put(fresh[1], "x");
    CHECK(quiet(kq));
    close(kq);
    close_both(fresh);
    close(ends[1]);
}

TEST(dup2_onto_a_descriptor_drops_its_knote)
{
    int ends[2];
    int other[2];
    open_pipe(ends);
    open_pipe(other);
    int kq = watch(ends[0], EV_ADD);
    put(ends[1], "x");
    put(other[1], "x");
    CHECK(!quiet(kq));
    CHECK_EQ(dup2(other[0], ends[0]), ends[0]);
    CHECK(quiet(kq));
    CHECK_EQ(ask(kq, ends[0], EVFILT_READ, EV_DELETE, TOKEN), ENOENT);
    close(kq);
    close_both(ends);
    close_both(other);
}

TEST(knotes_of_two_duplicates_are_independent)
{
    int ends[2];
    open_unix(ends, SOCK_STREAM);
    int copy = dup(ends[0]);
    REQUIRE(copy >= 0);
    int kq = watch(ends[0], EV_ADD | EV_CLEAR);
    CHECK_EQ(ask(kq, copy, EVFILT_READ, EV_ADD | EV_CLEAR, OTHER_TOKEN), 0);
    put(ends[1], "x");
    struct kevent events[4];
    REQUIRE_EQ(fetch(kq, events, 4), 2);
    CHECK(events[0].ident != events[1].ident);
    CHECK_EQ(token_of(&events[0]) + token_of(&events[1]), TOKEN + OTHER_TOKEN);
    CHECK_EQ(close(copy), 0);
    put(ends[1], "x");
    REQUIRE_EQ(fetch(kq, events, 4), 1);
    CHECK_EQ(events[0].ident, ends[0]);
    close(kq);
    close_both(ends);
}

TEST(close_drops_the_knote_in_every_kqueue)
{
    int ends[2];
    open_pipe(ends);
    int first = watch(ends[0], EV_ADD);
    int second = watch(ends[0], EV_ADD);
    put(ends[1], "x");
    CHECK(!quiet(first) && !quiet(second));
    CHECK_EQ(close(ends[0]), 0);
    CHECK(quiet(first) && quiet(second));
    close(first);
    close(second);
    close(ends[1]);
}

TEST(closing_a_kqueue_leaves_the_descriptor_usable)
{
    int ends[2];
    open_pipe(ends);
    close(watch(ends[0], EV_ADD | EV_CLEAR));
    int kq = watch(ends[0], EV_ADD | EV_CLEAR);
    put(ends[1], "x");
    CHECK(!quiet(kq));
    close(kq);
    close_both(ends);
}

TEST(rule15_kqueue_does_not_survive_fork)
{
    int kq = open_kqueue();
    CHECK_EQ(ask(kq, IDENT, EVFILT_USER, EV_ADD | EV_CLEAR, TOKEN), 0);
    pid_t child = fork();
    REQUIRE(child >= 0);
    if (child == 0) {
        struct kevent event;
        int count = fetch(kq, &event, 1);
        _exit(count == -1 && errno == EBADF ? 0 : 1);
    }
    int status = -1;
    CHECK_EQ(waitpid(child, &status, 0), child);
    CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    CHECK_EQ(trigger(kq, IDENT, TOKEN), 0); /* the parent's is untouched */
    CHECK(!quiet(kq));
    close(kq);
}

TEST(rule15_child_makes_its_own_kqueue)
{
    int ends[2];
    open_pipe(ends);
    int kq = watch(ends[0], EV_ADD | EV_CLEAR);
    pid_t child = fork();
    REQUIRE(child >= 0);
    if (child == 0) {
        int own = kqueue();
        struct kevent asked =
            change((uintptr_t)ends[0], EVFILT_READ, EV_ADD | EV_CLEAR, 0, 0, OTHER_TOKEN);
        struct kevent event;
        bool added = own >= 0 && apply(own, &asked, 1, &event, 1) == 0;
        bool written = write(ends[1], "x", 1) == 1;
        bool seen = fetch(own, &event, 1) == 1 && token_of(&event) == OTHER_TOKEN;
        _exit(added && written && seen ? 0 : 1);
    }
    int status = -1;
    CHECK_EQ(waitpid(child, &status, 0), child);
    CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    struct kevent event;
    REQUIRE(await(kq, &event)); /* the child's byte, seen by the parent */
    CHECK_EQ(token_of(&event), TOKEN);
    close(kq);
    close_both(ends);
}

/* --- threads --- */

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
    struct crowd crowd = {.kq = watch(ends[0], EV_ADD | EV_CLEAR)};
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
    struct crowd crowd = {.kq = watch(ends[0], EV_ADD)};
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
    struct waiter waiter = {.kq = watch(ends[0], EV_ADD | EV_DISABLE)};
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
    struct waiter waiter = {.kq = watch(ends[0], EV_ADD | EV_CLEAR)};
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
    struct waiter waiter = {.kq = watch(ends[0], EV_ADD)};
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
    struct waiter waiter = {.kq = watch(ends[0], EV_ADD)};
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
    struct waiter waiter = {.kq = watch(ends[0], EV_ADD | EV_CLEAR)};
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

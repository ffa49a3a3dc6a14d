/* SPDX-License-Identifier: MIT */
/* Waiting: timeouts that are refused, lists without room, signals. */
#include "test_support.h"

#include <errno.h>
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <time.h>
#include <unistd.h>

enum { READY = 1, ADDED = 2 };

/* A kqueue with an event that is always ready, so that no timeout that is accepted is ever slept.
 */
static int open_ready(void)
{
    int kq = open_kqueue();
    CHECK_EQ(ask(kq, READY, EVFILT_USER, EV_ADD, TOKEN), 0);
    CHECK_EQ(trigger(kq, READY, TOKEN), 0);
    return kq;
}

static bool was_added(int kq)
{
    return ask(kq, ADDED, EVFILT_USER, EV_DELETE, TOKEN) == 0;
}

/* A call that changes something and waits: the result, or the negative errno. No receipt, which
 * would end it early. */
static int change_and_wait(int kq, int room, struct timespec timeout)
{
    struct kevent asked = change(ADDED, EVFILT_USER, EV_ADD, 0, 0, TOKEN);
    struct kevent events[2];
    int count = kevent_call(kq, &asked, 1, events, room, &timeout);
    return count < 0 ? -errno : count;
}

TEST(zero_timeout_polls)
{
    int kq = open_kqueue();
    CHECK(quiet(kq));
    close(kq);
    kq = open_ready();
    CHECK(!quiet(kq));
    close(kq);
}

TEST(null_timeout_returns_with_what_is_ready)
{
    int kq = open_ready();
    struct kevent event;
    CHECK_EQ(kevent_call(kq, NULL, 0, &event, 1, NULL), 1);
    CHECK_EQ(event.ident, READY);
    close(kq);
}

TEST(timeout_ends_with_zero_and_not_early)
{
    int kq = open_kqueue();
    const struct timespec timeout = {0, 20000000};
    struct kevent event;
    int64_t start = test_now();
    CHECK_EQ(kevent_call(kq, NULL, 0, &event, 1, &timeout), 0);
    CHECK(test_now() - start >= 20000000);
    close(kq);
}

TEST(k40_bad_timeouts)
{
    static const struct timespec bad[4] = {{-1, 0}, {0, -1}, {0, 1000000001}, {0, LONG_MAX}};
    for (int i = 0; i < 4; i++) {
        int kq = open_ready();
        int result = change_and_wait(kq, 2, bad[i]);
        CHECK_EQ(result, expected.bad_timeout == REFUSED_NEVER ? 1 : -EINVAL);
        CHECK_EQ(was_added(kq), expected.bad_timeout != REFUSED_BEFORE_CHANGES);
        close(kq);
    }
}

TEST(dragonfly_negative_timeout_is_a_poll)
{
    if (expected.bad_timeout != REFUSED_NEVER)
        SKIP("this system refuses a negative timeout (k40_bad_timeouts)");
    int kq = open_kqueue();
    const struct timespec timeout = {-1, 0};
    struct kevent event;
    CHECK_EQ(kevent_call(kq, NULL, 0, &event, 1, &timeout), 0);
    close(kq);
}

TEST(k40_a_whole_second_of_nanoseconds)
{
    int kq = open_ready();
    int result = change_and_wait(kq, 2, (struct timespec){0, 1000000000});
    CHECK_EQ(result, expected.nsec_billion == 0 ? 1 : -expected.nsec_billion);
    close(kq);
}

TEST(k40_seconds_above_int32)
{
    NEED_STATED(expected.sec_above_int32);
    if (sizeof(time_t) < sizeof(int64_t))
        SKIP("time_t is too small to ask for that");
    int kq = open_ready();
    int result = change_and_wait(kq, 2, (struct timespec){(time_t)((int64_t)INT32_MAX + 1), 0});
    CHECK_EQ(result, expected.sec_above_int32 == 0 ? 1 : -expected.sec_above_int32);
    close(kq);
}

TEST(k40_largest_seconds)
{
    NEED_STATED(expected.sec_int64_max);
    if (sizeof(time_t) < sizeof(int64_t))
        SKIP("time_t is too small to ask for that");
    int kq = open_ready();
    int result = change_and_wait(kq, 2, (struct timespec){(time_t)INT64_MAX, 0});
    CHECK_EQ(result, expected.sec_int64_max == 0 ? 1 : -expected.sec_int64_max);
    close(kq);
}

TEST(rule11_a_hundred_million_seconds_are_accepted)
{
    int kq = open_ready();
    CHECK_EQ(change_and_wait(kq, 2, (struct timespec){100000000, 999999999}), 1);
    close(kq);
}

TEST(nevents_zero_returns_at_once)
{
    int kq = open_ready();
    CHECK_EQ(kevent_call(kq, NULL, 0, NULL, 0, NULL), 0);
    struct kevent asked = change(ADDED, EVFILT_USER, EV_ADD, 0, 0, TOKEN);
    CHECK_EQ(kevent_call(kq, &asked, 1, NULL, 0, NULL), 0);
    CHECK(was_added(kq));
    CHECK(!quiet(kq));
    close(kq);
}

TEST(nevents_zero_and_a_bad_timeout)
{
    int kq = open_ready();
    int result = change_and_wait(kq, 0, (struct timespec){-1, 0});
    CHECK_EQ(result, expected.timeout_checked_without_room ? -EINVAL : 0);
    CHECK_EQ(was_added(kq), !expected.timeout_checked_without_room);
    close(kq);
}

TEST(k14_negative_nevents)
{
    if (expected.negative_room == UNSTATED)
        SKIP("FreeBSD 13 hangs here, and NetBSD's counts have no sign");
    int kq = open_ready();
    CHECK_EQ(change_and_wait(kq, -1, (struct timespec){0, 0}), expected.negative_room);
    CHECK(was_added(kq));
    close(kq);
}

/* Sends a signal to one thread again and again, so that it does not matter when the wait begins. */
struct pest {
    pthread_t thread;
    pthread_t target;
    atomic_bool enough;
};

static void ignore_signal(int number)
{
    (void)number;
}

static void *pester(void *argument)
{
    struct pest *pest = argument;
    const struct timespec pause = {0, 1000000};
    while (!atomic_load(&pest->enough)) {
        pthread_kill(pest->target, SIGUSR1);
        nanosleep(&pause, NULL);
    }
    return NULL;
}

TEST(k41_signal_ends_the_wait_with_eintr_and_keeps_the_changes)
{
    struct sigaction handle = {.sa_handler = ignore_signal, .sa_flags = SA_RESTART};
    struct sigaction before;
    sigemptyset(&handle.sa_mask);
    REQUIRE_EQ(sigaction(SIGUSR1, &handle, &before), 0);
    int kq = open_kqueue();
    struct pest pest = {.target = pthread_self()};
    atomic_init(&pest.enough, false);
    REQUIRE_EQ(pthread_create(&pest.thread, NULL, pester, &pest), 0);

    struct kevent asked = change(ADDED, EVFILT_USER, EV_ADD, 0, 0, TOKEN);
    struct kevent event;
    errno = 0;
    CHECK_EQ(kevent_call(kq, &asked, 1, &event, 1, NULL), -1);
    CHECK_EQ(errno, EINTR);

    atomic_store(&pest.enough, true);
    pthread_join(pest.thread, NULL);
    sigaction(SIGUSR1, &before, NULL);
    CHECK(was_added(kq));
    close(kq);
}

TEST(k41_signal_loses_no_event)
{
    struct sigaction handle = {.sa_handler = ignore_signal};
    struct sigaction before;
    sigemptyset(&handle.sa_mask);
    REQUIRE_EQ(sigaction(SIGUSR1, &handle, &before), 0);
    int kq = open_kqueue();
    CHECK_EQ(ask(kq, READY, EVFILT_USER, EV_ADD | EV_CLEAR, TOKEN), 0);
    struct pest pest = {.target = pthread_self()};
    atomic_init(&pest.enough, false);
    REQUIRE_EQ(pthread_create(&pest.thread, NULL, pester, &pest), 0);

    for (int i = 0; i < 50; i++) {
        int told;
        do
            told =
                trigger(kq, READY, TOKEN); /* the call itself may be interrupted before it begins */
        while (told == -1);
        CHECK_EQ(told, 0);
        struct kevent event;
        CHECK(await(kq, &event));
        CHECK_EQ(event.ident, READY);
    }

    atomic_store(&pest.enough, true);
    pthread_join(pest.thread, NULL);
    sigaction(SIGUSR1, &before, NULL);
    close(kq);
}

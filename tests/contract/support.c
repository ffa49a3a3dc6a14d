/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE

#include "support.h"

#include <errno.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

void *null(void)
{
    static void *volatile nothing;
    return nothing;
}

/* --- threads --- */

pthread_t thread_start(void *(*run)(void *), void *argument)
{
    pthread_t thread;
    REQUIRE_EQ(pthread_create(&thread, NULL, run, argument), 0);
    return thread;
}

void *thread_join(pthread_t thread)
{
    void *result = NULL;
    CHECK_EQ(pthread_join(thread, &result), 0);
    return result;
}

void *wait_for_one(void *argument)
{
    struct loop *loop = argument;
    CHECK_EQ(loop_wait(loop, MIO_FOREVER), 1);
    return NULL;
}

const uint32_t waker_kinds[WAKER_KINDS] = {0, MIO_OPTION_PIPE_WAKER};

struct mio_waker *waker_open(struct loop *loop, mio_token token)
{
    struct mio_waker *waker = NULL;
    REQUIRE_EQ(mio_waker_new(loop->registry, token, &waker), 0);
    return waker;
}

static void *wake_late(void *argument)
{
    struct late_wake *late = argument;
    sleep_for(10 * MILLISECOND);
    CHECK_EQ(mio_waker_wake(late->waker), 0);
    return NULL;
}

void late_wake_start(struct late_wake *late, struct mio_waker *waker)
{
    late->waker = waker;
    late->thread = thread_start(wake_late, late);
}

void late_wake_join(struct late_wake *late)
{
    thread_join(late->thread);
}

/* --- children --- */

int in_child(int (*run)(void *), void *argument)
{
    fflush(NULL);
    pid_t child = fork();
    REQUIRE(child >= 0);
    if (child == 0)
        _exit(run(argument));
    int status = 0;
    while (waitpid(child, &status, 0) < 0) {
        if (errno != EINTR)
            return -1;
    }
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

/* --- signals --- */

static atomic_int signals;
static struct sigaction old_action;

static void count_signal(int number)
{
    (void)number;
    atomic_fetch_add(&signals, 1);
}

static void set_interval(int64_t interval)
{
    struct itimerval timer;
    timer.it_interval.tv_sec = (time_t)(interval / SECOND);
    timer.it_interval.tv_usec = (suseconds_t)(interval % SECOND / 1000);
    timer.it_value = timer.it_interval;
    CHECK_EQ(setitimer(ITIMER_REAL, &timer, NULL), 0);
}

void signals_start(int64_t interval)
{
    struct sigaction action;
    memset(&action, 0, sizeof action);
    action.sa_handler = count_signal;
    sigemptyset(&action.sa_mask);
    atomic_store(&signals, 0);
    REQUIRE_EQ(sigaction(SIGALRM, &action, &old_action), 0);
    set_interval(interval);
}

void signals_stop(void)
{
    set_interval(0);
    CHECK_EQ(sigaction(SIGALRM, &old_action, NULL), 0);
}

int signals_seen(void)
{
    return atomic_load(&signals);
}

/* --- time --- */

void sleep_for(int64_t nanoseconds)
{
    struct timespec rest = {.tv_sec = (time_t)(nanoseconds / SECOND),
                            .tv_nsec = (long)(nanoseconds % SECOND)};
    while (nanosleep(&rest, &rest) < 0 && errno == EINTR)
        continue;
}

bool time_is_up(int64_t since, int64_t limit)
{
    return test_now() - since > limit;
}

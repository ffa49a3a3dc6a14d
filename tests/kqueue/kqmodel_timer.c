/* SPDX-License-Identifier: MIT */
/*
 * EVFILT_TIMER, relative and monotonic.
 *
 * The knote has a timerfd of its own, which is in the inner epoll of its kqueue. Systems whose
 * timers go by ticks have them here too, at 100 a second. Times of the wall clock are refused
 * loudly.
 */
#define _GNU_SOURCE

#include "kqmodel_inner.h"

#include <errno.h>
#include <time.h>
#include <unistd.h>

#include <sys/epoll.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>

enum { NANOSECOND = 1, SECOND_IN_NANOSECONDS = 1000000000 };

static const struct {
    unsigned fflags;
    int64_t nanoseconds;
} units[] = {
    {0, 1000000},
#if defined(NOTE_SECONDS)
    {NOTE_SECONDS, SECOND_IN_NANOSECONDS},
    {NOTE_USECONDS, 1000},
    {NOTE_NSECONDS, 1},
#endif
#if defined(NOTE_MSECONDS)
    {NOTE_MSECONDS, 1000000},
#endif
};

/* What a change asks for, in nanoseconds. */
struct times {
    int64_t first;
    int64_t period; /* 0: once */
};

/* 0: there is no such unit. */
static int64_t unit_of(unsigned fflags)
{
    if ((fflags & flavour.timer_unmodelled) != 0)
        model_abort("fflags 0x%x of a timer are not modelled", fflags);
    for (size_t i = 0; i < sizeof units / sizeof units[0]; i++) {
        if (units[i].fflags == (fflags & ~flavour.timer_ignored))
            return units[i].nanoseconds;
    }
    return 0;
}

/* A time that is no time: 0, less, or more than there is. */
static int odd_times(enum timer_odd odd, int64_t unit, struct times *times)
{
    *times = (struct times){.first = flavour.timer_tick, .period = flavour.timer_tick};
    switch (odd) {
    case TIMER_REFUSED:
        return EINVAL;
    case TIMER_OUT_OF_RANGE:
        return ERANGE;
    case TIMER_ONCE:
        *times = (struct times){.first = NANOSECOND};
        return 0;
    case TIMER_ONE:
        *times = (struct times){.first = unit, .period = unit};
        return 0;
    case TIMER_LONG:
        *times = (struct times){.first = INT64_MAX, .period = INT64_MAX};
        return 0;
    case TIMER_TICKS:
        return 0;
    default:
        model_abort("what a timer of no proper time does here is not known");
    }
}

static int times_of(const struct kevent *change, struct times *times)
{
    int64_t data = (int64_t)change->data;
    int64_t unit = unit_of((unsigned)change->fflags);
    int error = 0;
    if (unit == 0)
        return EINVAL;
    if (data < 0)
        error = odd_times(flavour.timer_negative, unit, times);
    else if (data == 0)
        error = odd_times(flavour.timer_zero, unit, times);
    else if (data > INT64_MAX / unit)
        error = odd_times(flavour.timer_huge, unit, times);
    else
        *times = (struct times){.first = data * unit, .period = data * unit};
    if (times->first < flavour.timer_tick)
        times->first = flavour.timer_tick;
    if (times->period != 0 && times->period < flavour.timer_tick)
        times->period = flavour.timer_tick;
    return error;
}

static struct timespec timespec_of(int64_t nanoseconds)
{
    return (struct timespec){.tv_sec = (time_t)(nanoseconds / SECOND_IN_NANOSECONDS),
                             .tv_nsec = (long)(nanoseconds % SECOND_IN_NANOSECONDS)};
}

static void start(const struct knote *knote, const struct times *times, int64_t first)
{
    bool once = (knote->flags & EV_ONESHOT) != 0;
    struct itimerspec setting = {.it_value = timespec_of(first),
                                 .it_interval = timespec_of(once ? 0 : times->period)};
    if (timerfd_settime(knote->own_fd, 0, &setting, NULL) != 0)
        model_abort("a timer of %lld ns cannot be set", (long long)first);
}

static void stop(struct knote *knote)
{
    const struct itimerspec never = {.it_value = {0, 0}};
    timerfd_settime(knote->own_fd, 0, &never, NULL);
    knote->data = 0;
}

int timer_attach(struct knote *knote, const struct kevent *change)
{
    struct times times;
    int error = times_of(change, &times);
    if (error != 0)
        return error;
    knote->own_fd = out_of_the_way(timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK));
    if (knote->own_fd < 0)
        return errno;
    knote->flags |= EV_CLEAR;
    struct epoll_event event = {.events = EPOLLIN | EPOLLET, .data = {.fd = knote->own_fd}};
    if (epoll_ctl(knote->kq->fd, EPOLL_CTL_ADD, knote->own_fd, &event) != 0)
        return errno;
    start(knote, &times, times.first);
    return 0;
}

static int64_t left_of(const struct knote *knote)
{
    struct itimerspec setting;
    timerfd_gettime(knote->own_fd, &setting);
    return setting.it_value.tv_sec * (int64_t)SECOND_IN_NANOSECONDS + setting.it_value.tv_nsec;
}

static int refuse_touch(struct knote *knote, int error)
{
    if (flavour.timer_refusal == REFUSAL_UNMODELLED)
        model_abort("a timer that is given a wrong time is not modelled");
    if (flavour.timer_refusal == REFUSAL_STOPS)
        stop(knote);
    return error;
}

int timer_touch(struct knote *knote, const struct kevent *change)
{
    struct times times;
    if ((change->flags & EV_ADD) == 0 && !flavour.timer_touch_restarts)
        return 0;
    int error = times_of(change, &times);
    if (error != 0)
        return refuse_touch(knote, error);
    if (flavour.timer_flags_replaced)
        knote->flags = (change->flags & ~flavour.system_flags) | EV_CLEAR;
    int64_t left = flavour.timer_add_restarts ? 0 : left_of(knote);
    if (flavour.timer_add_restarts) {
        stop(knote);
        knote_dequeue(knote);
    }
    start(knote, &times, left > 0 ? left : times.first);
    return 0;
}

bool timer_has_expired(struct knote *knote)
{
    uint64_t times;
    if (syscall(SYS_read, knote->own_fd, &times, sizeof times) == (long)sizeof times)
        knote->data += (int64_t)times;
    return knote->data > 0;
}

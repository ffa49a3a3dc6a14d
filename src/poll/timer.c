/* SPDX-License-Identifier: MIT */
#include "../os/clock.h"
#include "../timer/timers.h"
#include "poll.h"

#include <errno.h>

/* Whether there are timers of that clock: 0, -EINVAL or -ENOTSUP. */
static int check_clock(uint32_t clock)
{
    if (clock > MIO_CLOCK_WALL)
        return -EINVAL;
    bool has = clock == MIO_CLOCK_MONOTONIC || (clock == MIO_CLOCK_BOOT && mio__has_boot_clock());
    return has ? 0 : -ENOTSUP;
}

int64_t mio_timer_now(const struct mio_registry *registry, uint32_t clock)
{
    int error = mio__registry_check(registry);
    if (error == 0)
        error = check_clock(clock);
    return error < 0 ? error : mio__timers_now(registry->selector, clock);
}

void mio_timer_init(struct mio_timer *timer)
{
    static const struct mio_timer unset = MIO_TIMER_INIT;
    if (timer)
        *timer = unset;
}

/* --- setting --- */

static inline int check_timer(const struct mio_timer *timer, const struct mio_registry *registry)
{
    return timer ? mio__registry_check(registry) : -EINVAL;
}

/* The first timer of a poll. */
static int set_first(struct mio_timer *timer, const struct mio_registry *registry, mio_token token,
                     int64_t deadline, const struct mio_timer_options *options)
{
    struct mio__timers *timers;
    int error = mio__timers_open(registry->selector, &timers);
    if (error < 0)
        return error;
    return mio__timers_set_with(timers, timer, token, deadline, options);
}

static const struct mio_timer_options usual_options;

int mio_timer_set(struct mio_timer *timer, struct mio_registry *registry, mio_token token,
                  int64_t deadline)
{
    int error = check_timer(timer, registry);
    if (error < 0)
        return error;
    struct mio__timers *timers = mio__timers_of(registry->selector);
    return timers ? mio__timers_set(timers, timer, token, deadline)
                  : set_first(timer, registry, token, deadline, &usual_options);
}

static int64_t moment_after(const struct mio_registry *registry, int64_t time)
{
    int64_t now = mio__timers_now(registry->selector, MIO_CLOCK_MONOTONIC);
    return time > INT64_MAX - now ? INT64_MAX : now + time;
}

int mio_timer_set_after(struct mio_timer *timer, struct mio_registry *registry, mio_token token,
                        int64_t after_ns)
{
    int error = check_timer(timer, registry);
    if (error < 0)
        return error;
    return mio_timer_set(timer, registry, token, moment_after(registry, after_ns));
}

static int check_timer_options(const struct mio_timer_options *options)
{
    uintptr_t reserved = options->flags;
    for (size_t i = 0; i < sizeof options->reserved / sizeof options->reserved[0]; i++)
        reserved |= options->reserved[i];
    if (reserved != 0 || options->period < 0 || options->slack < 0)
        return -EINVAL;
    return check_clock(options->clock);
}

int mio_timer_set_with(struct mio_timer *timer, struct mio_registry *registry, mio_token token,
                       int64_t deadline, const struct mio_timer_options *options)
{
    if (!options)
        options = &usual_options;
    int error = check_timer(timer, registry);
    if (error == 0)
        error = check_timer_options(options);
    if (error < 0)
        return error;
    struct mio__timers *timers = mio__timers_of(registry->selector);
    return timers ? mio__timers_set_with(timers, timer, token, deadline, options)
                  : set_first(timer, registry, token, deadline, options);
}

int mio_timer_set_every(struct mio_timer *timer, struct mio_registry *registry, mio_token token,
                        int64_t period_ns)
{
    int error = period_ns > 0 ? check_timer(timer, registry) : -EINVAL;
    if (error < 0)
        return error;
    const struct mio_timer_options options = {.period = period_ns};
    int64_t first = moment_after(registry, period_ns);
    return mio_timer_set_with(timer, registry, token, first, &options);
}

/* --- cancelling, asking --- */

int mio_timer_cancel(struct mio_timer *timer, struct mio_registry *registry)
{
    int error = check_timer(timer, registry);
    if (error < 0)
        return error;
    struct mio__timers *timers = mio__timers_of(registry->selector);
    if (timers)
        return mio__timers_cancel(timers, timer);
    return timer->position != 0 ? -EEXIST : 0;
}

int mio_poll_next_deadline(struct mio_poll *poll, int64_t *deadline)
{
    if (!poll || !deadline)
        return -EINVAL;
    struct mio_selector *selector = poll->registry.selector;
    if (mio__is_forked_copy(&selector->fork_guard))
        return -ECHILD;
    struct mio__timers *timers = mio__timers_of(selector);
    *deadline = timers ? mio__timers_next(timers) : MIO_FOREVER;
    return 0;
}

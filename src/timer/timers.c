/* SPDX-License-Identifier: MIT */
#include "timers.h"

#include "../os/assert.h"
#include "../os/clock.h"
#include "../os/lock.h"
#include "../os/memory.h"
#include "../record/record.h"
#include "wheel.h"

#include <mio/poll.h>

#include <errno.h>
#include <string.h>

enum { CLOCKS = MIO_CLOCK_BOOT + 1 };

/* What is asked of a kernel's sleep while a timer counts suspended time, in which it may stand
 * still. */
static const int64_t longest_boot_sleep = MIO_SECONDS(10);

/* The timers of one clock. */
struct clock_timers {
    struct mio__wheel wheel;
    /* The deadline for which somebody sleeps: a timer that is due earlier must be told of. */
    int64_t relied_on;
};

struct mio__timers {
    struct mio__wake_node node; /* first: what tells a sleeper of an earlier deadline; no event */
    struct mio_selector *selector;
    mio__wait_function *wait_beneath; /* the wait that ours stands in for */
    bool is_shared;                   /* several threads use the timers */

    /* Whether somebody may sleep for `relied_on`. The waiter is the only one to reset it, without
     * the lock: who sees that late tells of a deadline for nothing. */
    atomic_bool is_relied_on;

    /* Somebody has set an earlier deadline since the waiter asked. Until it asks again the node
     * stays where it is, and no wait beneath sleeps, whatever it does before. */
    atomic_bool has_news;

    bool kernel_first; /* the waiter's own: whose turn it is to be first when both have events, */
    uint32_t first_clock; /* and of timers, when there was no room for all of them */

    mio__lock lock; /* guards what follows */
    bool is_closed; /* the poll has been freed */
    struct clock_timers clocks[CLOCKS];
};

static struct mio__timers *timers_of_node(struct mio__wake_node *node)
{
    return (struct mio__timers *)node;
}

static inline void lock_timers(struct mio__timers *timers)
{
    if (timers->is_shared)
        mio__lock_take(&timers->lock);
}

static inline void unlock_timers(struct mio__timers *timers)
{
    if (timers->is_shared)
        mio__lock_give(&timers->lock);
}

int64_t mio__timers_now(const struct mio_selector *selector, uint32_t clock)
{
    const struct mio__config *config = &selector->config;
    if (config->clock) {
        int64_t now = config->clock(clock, config->user);
        return now > 0 ? now : 0;
    }
    return clock == MIO_CLOCK_BOOT ? mio__boot_now() : mio_now();
}

/* Of two times that are not negative. */
static int64_t add_times(int64_t one, int64_t other)
{
    return one > INT64_MAX - other ? INT64_MAX : one + other;
}

/* --- setting and cancelling --- */

/* What keeps a timer that is set; NULL: another poll does. */
static inline struct clock_timers *find_home(struct mio__timers *timers,
                                             const struct mio_timer *timer)
{
    for (uint32_t clock = 0; clock < CLOCKS; clock++) {
        if (timer->home == &timers->clocks[clock])
            return &timers->clocks[clock];
    }
    return NULL;
}

/* Adds a timer that is not set. */
static inline void add_timer(struct clock_timers *home, struct mio_timer *timer, mio_token token,
                             int64_t expiry)
{
    timer->home = home;
    timer->token = token;
    timer->expiry = expiry;
    timer->is_periodic = false;
    mio__wheel_add(&home->wheel, timer);
}

/* Adds a timer, or moves it. */
static int set_locked(struct mio__timers *timers, struct mio_timer *timer, mio_token token,
                      int64_t expiry, struct clock_timers *home)
{
    bool is_set = timer->position != MIO_TIMER_NOWHERE;
    struct clock_timers *old_home = is_set ? find_home(timers, timer) : NULL;
    if (is_set && !old_home)
        return -EEXIST;
    if (timers->is_closed)
        return -ECANCELED;
    if (old_home)
        mio__wheel_remove(&old_home->wheel, timer);
    add_timer(home, timer, token, expiry);
    return 0;
}

/* Whether somebody sleeps for longer than this timer, and has to be told. */
static bool is_to_be_told(struct mio__timers *timers, struct clock_timers *home, int64_t expiry)
{
    if (!timers->is_shared || !atomic_load_explicit(&timers->is_relied_on, memory_order_relaxed) ||
        expiry >= home->relied_on)
        return false;
    home->relied_on = expiry;
    atomic_store_explicit(&timers->has_news, true, memory_order_relaxed);
    return true;
}

/* If that fails any other timer tries again. */
static int tell_sleeper(struct mio__timers *timers)
{
    int error = mio__wake_queue_push(&timers->selector->wakes, &timers->node);
    if (error < 0) {
        lock_timers(timers);
        for (uint32_t clock = 0; clock < CLOCKS; clock++)
            timers->clocks[clock].relied_on = INT64_MAX;
        unlock_timers(timers);
    }
    return error;
}

/* The rest of mio__timers_set(): with the lock, or of a timer that is set. */
__attribute__((noinline)) static int set_with_care(struct mio__timers *timers,
                                                   struct mio_timer *timer, mio_token token,
                                                   int64_t deadline)
{
    struct clock_timers *home = &timers->clocks[MIO_CLOCK_MONOTONIC];
    lock_timers(timers);
    int error = set_locked(timers, timer, token, deadline, home);
    bool tells = error == 0 && is_to_be_told(timers, home, deadline);
    unlock_timers(timers);
    return tells ? tell_sleeper(timers) : error;
}

int mio__timers_set(struct mio__timers *timers, struct mio_timer *timer, mio_token token,
                    int64_t deadline)
{
    if (timers->is_shared || timers->is_closed || timer->position != MIO_TIMER_NOWHERE)
        return set_with_care(timers, timer, token, deadline);
    add_timer(&timers->clocks[MIO_CLOCK_MONOTONIC], timer, token, deadline);
    return 0;
}

int mio__timers_set_with(struct mio__timers *timers, struct mio_timer *timer, mio_token token,
                         int64_t deadline, const struct mio_timer_options *options)
{
    struct clock_timers *home = &timers->clocks[options->clock];
    int64_t expiry = mio__expiry_of(deadline, options->slack);
    bool tells = false;
    lock_timers(timers);
    int error = set_locked(timers, timer, token, expiry, home);
    if (error == 0) {
        timer->is_periodic = options->period > 0;
        timer->deadline = deadline;
        timer->period = options->period;
        timer->slack = options->slack;
        tells = is_to_be_told(timers, home, expiry);
    }
    unlock_timers(timers);
    return tells ? tell_sleeper(timers) : error;
}

static inline int cancel_locked(struct mio__timers *timers, struct mio_timer *timer)
{
    if (timer->position == MIO_TIMER_NOWHERE)
        return 0;
    struct clock_timers *home = find_home(timers, timer);
    if (!home)
        return -EEXIST;
    if (timers->is_closed)
        timer->position = MIO_TIMER_NOWHERE;
    else
        mio__wheel_remove(&home->wheel, timer);
    return 1;
}

__attribute__((noinline)) static int cancel_shared(struct mio__timers *timers,
                                                   struct mio_timer *timer)
{
    mio__lock_take(&timers->lock);
    int result = cancel_locked(timers, timer);
    mio__lock_give(&timers->lock);
    return result;
}

int mio__timers_cancel(struct mio__timers *timers, struct mio_timer *timer)
{
    return timers->is_shared ? cancel_shared(timers, timer) : cancel_locked(timers, timer);
}

/* --- what is due --- */

/* The most expirations that fit into an event. What is more comes with another event. */
enum { MOST_EXPIRATIONS = 0xffff };

/* A timer has expired: takes it from the wheel, and puts a periodic one back. How many times. */
static unsigned expire(struct mio__wheel *wheel, struct mio_timer *timer, int64_t now)
{
    mio__wheel_remove(wheel, timer);
    if (!timer->is_periodic)
        return 1;
    uint64_t passed = ((uint64_t)now - (uint64_t)timer->deadline) / (uint64_t)timer->period;
    unsigned times = passed < MOST_EXPIRATIONS ? (unsigned)passed + 1 : MOST_EXPIRATIONS;
    int64_t most = (INT64_MAX - (timer->deadline > 0 ? timer->deadline : 0)) / timer->period;
    timer->deadline = times > most ? INT64_MAX : timer->deadline + times * timer->period;
    timer->expiry = mio__expiry_of(timer->deadline, timer->slack);
    mio__wheel_add(wheel, timer);
    mio__wheel_settle(wheel);
    return times;
}

/* Writes at most `room` events of timers that are due. */
static int hand_out(struct clock_timers *of_clock, int64_t now, struct mio_event *list, int room)
{
    struct mio__wheel *wheel = &of_clock->wheel;
    int count = 0;
    mio__wheel_advance(wheel, now);
    while (count < room && wheel->near && wheel->near->expiry <= now) {
        struct mio_timer *timer = wheel->near;
        mio_token token = timer->token;
        mio__record_timer(list + count++, token, expire(wheel, timer, now));
    }
    return count;
}

static int hand_out_all(struct mio__timers *timers, struct mio_event *list, int room)
{
    int count = 0;
    lock_timers(timers);
    uint32_t first = timers->first_clock;
    for (uint32_t i = 0; i < CLOCKS && count < room; i++) {
        uint32_t clock = (first + i) % CLOCKS;
        struct clock_timers *of_clock = &timers->clocks[clock];
        if (mio__wheel_is_empty(&of_clock->wheel))
            continue;
        int64_t now = mio__timers_now(timers->selector, clock);
        count += hand_out(of_clock, now, list + count, room - count);
    }
    timers->first_clock = count < room ? 0 : (first + 1) % CLOCKS;
    unlock_timers(timers);
    return count;
}

/* Whether a timer is due, which takes no order among those that are not. */
static bool is_any_due(struct mio__timers *timers)
{
    bool is_due = false;
    lock_timers(timers);
    for (uint32_t clock = 0; clock < CLOCKS; clock++) {
        struct mio__wheel *wheel = &timers->clocks[clock].wheel;
        if (mio__wheel_is_empty(wheel))
            continue;
        int64_t now = mio__timers_now(timers->selector, clock);
        mio__wheel_advance(wheel, now);
        is_due = is_due || (wheel->near && wheel->near->expiry <= now);
    }
    unlock_timers(timers);
    return is_due;
}

/* How long until a clock has to be looked at again: the first timer is due then, or may be. */
static int64_t time_left(struct clock_timers *of_clock, uint32_t clock, int64_t now)
{
    mio__wheel_advance(&of_clock->wheel, now);
    int64_t expiry = mio__wheel_first(&of_clock->wheel)->expiry;
    of_clock->relied_on = expiry;
    int64_t left = expiry > now ? expiry - now : 0;
    return clock == MIO_CLOCK_BOOT && left > longest_boot_sleep ? longest_boot_sleep : left;
}

/* The same of all clocks, 0 if a timer is due, or MIO_FOREVER. `relies`: the caller is going to
 * sleep for so long. */
static int64_t time_to_next(struct mio__timers *timers, bool relies)
{
    int64_t least = MIO_FOREVER;
    lock_timers(timers);
    for (uint32_t clock = 0; clock < CLOCKS; clock++) {
        struct clock_timers *of_clock = &timers->clocks[clock];
        of_clock->relied_on = INT64_MAX;
        if (mio__wheel_is_empty(&of_clock->wheel))
            continue;
        int64_t now = mio__timers_now(timers->selector, clock);
        int64_t left = time_left(of_clock, clock, now);
        if (least == MIO_FOREVER || left < least)
            least = left;
    }
    if (relies)
        atomic_store_explicit(&timers->is_relied_on, true, memory_order_relaxed);
    unlock_timers(timers);
    return least;
}

int64_t mio__timers_next(struct mio__timers *timers)
{
    bool is_embedded = atomic_load(&timers->selector->wakes.resting) == MIO_WAITER_ASLEEP;
    int64_t left = time_to_next(timers, is_embedded);
    if (left <= 0)
        return left;
    return add_times(mio__timers_now(timers->selector, MIO_CLOCK_MONOTONIC), left);
}

int mio__timers_embed(struct mio__timers *timers)
{
    return mio__wake_queue_push(&timers->selector->wakes, &timers->node);
}

/* --- the wait --- */

/* A timer of the kernel's costs something, which a busy poll does without (src/poll/wait.c). */
enum { LOOKS_BEFORE_SLEEP = MIO_PLATFORM != MIO_PLATFORM_APPLE };

/* What the wait beneath brings without sleeping, after `count` events. */
static int look_beneath(struct mio__timers *timers, const struct mio_events *events, int count)
{
    struct mio_events rest = *events;
    rest.list += count;
    rest.capacity -= (size_t)count;
    int fetched = timers->wait_beneath(timers->selector, &rest, 0);
    return fetched < 0 && count > 0 ? 0 : fetched;
}

/* A wait in which timers are due. With little room they and all others take turns at being first.
 */
static int wait_with_due(struct mio__timers *timers, struct mio_events *events)
{
    int room = (int)events->capacity;
    int count = 0;
    timers->kernel_first = !timers->kernel_first;
    if (!timers->kernel_first)
        count = hand_out_all(timers, events->list, room);
    int fetched = count < room ? look_beneath(timers, events, count) : 0;
    if (fetched < 0)
        return fetched;
    count += fetched;
    if (timers->kernel_first && count < room)
        count += hand_out_all(timers, events->list + count, room - count);
    return count;
}

/* A wait that sleeps until something comes or the first timer is due. 0: it was over early. */
static int sleep_until_due(struct mio__timers *timers, struct mio_events *events,
                           int64_t timeout_ns)
{
    struct mio_selector *selector = timers->selector;
    int count = 0;
    if (LOOKS_BEFORE_SLEEP && events->len > 0)
        count = timers->wait_beneath(selector, events, 0);
    if (count == 0)
        count = timers->wait_beneath(selector, events, timeout_ns);
    return count;
}

/* How long a wait may sleep. Never MIO_FOREVER: the wait beneath would not come back for a timer
 * that is set meanwhile. */
static int64_t longest_sleep(int64_t left, int64_t timeout_ns)
{
    if (left == MIO_FOREVER)
        left = INT64_MAX;
    return timeout_ns == MIO_FOREVER || left < timeout_ns ? left : timeout_ns;
}

/* A wait that does not sleep. */
static int look_with_timers(struct mio__timers *timers, struct mio_events *events)
{
    return is_any_due(timers) ? wait_with_due(timers, events)
                              : timers->wait_beneath(timers->selector, events, 0);
}

static int wait_with_timers(struct mio_selector *selector, struct mio_events *events,
                            int64_t timeout_ns)
{
    struct mio__timers *timers = mio__timers_of(selector);
    int count;
    do {
        /* Before the wheel is asked: what is told afterwards stays news. */
        atomic_store_explicit(&timers->has_news, false, memory_order_relaxed);
        int64_t left = timeout_ns != 0 ? time_to_next(timers, true) : MIO_FOREVER;
        if (timeout_ns == 0) {
            count = look_with_timers(timers, events);
        } else if (left == 0) {
            count = wait_with_due(timers, events);
        } else {
            count = sleep_until_due(timers, events, longest_sleep(left, timeout_ns));
            if (count == 0)
                count = hand_out_all(timers, events->list, (int)events->capacity);
        }
        atomic_store_explicit(&timers->is_relied_on, false, memory_order_relaxed);
    } while (count == 0 && timeout_ns == MIO_FOREVER);
    events->len = count > 0 ? (size_t)count : 0;
    return count;
}

/* --- life --- */

/* The node is no event. The wait that has taken it asks for the next deadline again. */
static int collect_nothing(struct mio__wake_node *node, struct mio_event *list, int capacity,
                           bool *more)
{
    (void)list;
    (void)capacity;
    *more = atomic_load_explicit(&timers_of_node(node)->has_news, memory_order_relaxed);
    return 0;
}

/* With the selector. */
static void release_timers(struct mio__wake_node *node)
{
    struct mio__timers *timers = timers_of_node(node);
    mio__lock_destroy(&timers->lock);
    mio__release(&timers->selector->config.allocator, timers, sizeof *timers);
}

static struct mio__timers *make_timers(struct mio_selector *selector)
{
    struct mio__timers *made = mio__allocate(&selector->config.allocator, sizeof *made);
    if (!made)
        return NULL;
    atomic_init(&made->node.state, MIO_WAKE_IDLE);
    made->node.collect = collect_nothing;
    made->node.release = release_timers;
    made->selector = selector;
    made->wait_beneath = atomic_load(&selector->wait);
    made->is_shared = (selector->config.flags & MIO_OPTION_ONE_THREAD_TIMERS) == 0;
    /* Somebody may sleep already, for ever. */
    atomic_init(&made->is_relied_on, true);
    for (uint32_t clock = 0; clock < CLOCKS; clock++)
        made->clocks[clock].relied_on = INT64_MAX;
    mio__lock_init(&made->lock);
    return made;
}

int mio__timers_open(struct mio_selector *selector, struct mio__timers **timers)
{
    struct mio__timers *made = make_timers(selector);
    if (!made)
        return -ENOMEM;
    int error = mio__selector_arm(selector);
    if (error < 0) {
        release_timers(&made->node);
        return error;
    }
    struct mio__wake_node *none = NULL;
    if (atomic_compare_exchange_strong(&selector->timers, &none, &made->node)) {
        atomic_store(&selector->wait, wait_with_timers);
    } else {
        release_timers(&made->node);
        made = timers_of_node(none);
    }
    *timers = made;
    return 0;
}

static void keep_timers(struct mio__wake_node *node)
{
    (void)node;
}

/* Nobody's, in the place of the timers of a poll that has been freed without any. */
static struct mio__timers no_timers = {.node = {.release = keep_timers}, .is_closed = true};

void mio__timers_close(struct mio_selector *selector)
{
    struct mio__wake_node *none = NULL;
    /* In a child another thread's lock may be taken for ever. */
    if (mio__is_forked_copy(&selector->fork_guard) ||
        atomic_compare_exchange_strong(&selector->timers, &none, &no_timers.node))
        return;
    struct mio__timers *timers = timers_of_node(none);
    lock_timers(timers);
    timers->is_closed = true;
    for (uint32_t clock = 0; clock < CLOCKS; clock++)
        memset(&timers->clocks[clock].wheel, 0, sizeof timers->clocks[clock].wheel);
    unlock_timers(timers);
}

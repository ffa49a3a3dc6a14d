/* SPDX-License-Identifier: MIT */
#include "oracle_timers.h"

#include "oracle_inside.h"

#include <errno.h>
#include <string.h>

/* Late enough for deadlines that have passed. */
#define FIRST_MOMENT (INT64_C(1) << 30)

/* The most expirations that one event tells of. */
enum { MOST_EXPIRATIONS = 0xffff };

#define LONGEST_BOOT_SLEEP MIO_SECONDS(10)

void oracle_time_begins(struct oracle *oracle)
{
    memset(&oracle->time, 0, sizeof oracle->time);
    for (int clock = 0; clock < CLOCKS; clock++)
        oracle->time.now[clock] = FIRST_MOMENT;
}

/* --- timers --- */

void oracle_time_passes(struct oracle *oracle, int64_t by, bool suspended)
{
    if (!suspended)
        oracle->time.now[MIO_CLOCK_MONOTONIC] += by;
    oracle->time.now[MIO_CLOCK_BOOT] += by;
}

/* TIME9: the multiple of the highest power of 2 that is not too late. */
static int64_t expiry_of(int64_t deadline, int64_t slack)
{
    int64_t last = deadline > INT64_MAX - slack ? INT64_MAX : deadline + slack;
    for (int64_t power = INT64_C(1) << 62; power > 1 && slack > 0 && deadline > 0; power /= 2) {
        int64_t multiple = last / power * power;
        if (multiple >= deadline)
            return multiple;
    }
    return slack > 0 && deadline > 0 ? last : deadline;
}

static bool is_expired(const struct oracle *oracle, const struct timer_state *timer)
{
    return timer->set && timer->expiry <= oracle->time.now[timer->clock];
}

int oracle_timer_set(struct oracle *oracle, int number, mio_token token, int64_t deadline,
                     const struct mio_timer_options *options)
{
    struct timer_state *timer = &oracle->time.timers[number];
    if (options->clock == MIO_CLOCK_BOOT && !oracle->traits.has_boot_clock) {
        oracle_bury(oracle, token, RULE_TIME8);
        return -ENOTSUP;
    }
    if (timer->set)
        oracle_bury(oracle, timer->token, RULE_TIME2);
    *timer = (struct timer_state){
        .set = true,
        .clock = options->clock,
        .token = token,
        .deadline = deadline,
        .period = options->period,
        .slack = options->slack,
        .expiry = expiry_of(deadline, options->slack),
        .turn = oracle->time.turns++,
    };
    oracle->time.was_used = true;
    oracle_bell(oracle);
    return 0;
}

int oracle_timer_cancelled(struct oracle *oracle, int number)
{
    struct timer_state *timer = &oracle->time.timers[number];
    if (!timer->set)
        return 0;
    oracle_bury(oracle, timer->token, RULE_TIME2);
    *timer = (struct timer_state){.set = false};
    return 1;
}

int64_t oracle_next_deadline(const struct oracle *oracle)
{
    int64_t least = MIO_FOREVER;
    for (int i = 0; i < TIMERS; i++) {
        const struct timer_state *timer = &oracle->time.timers[i];
        if (!timer->set)
            continue;
        int64_t left = timer->expiry - oracle->time.now[timer->clock];
        if (timer->clock == MIO_CLOCK_BOOT && left > LONGEST_BOOT_SLEEP)
            left = LONGEST_BOOT_SLEEP;
        if (left <= 0)
            return 0;
        if (least == MIO_FOREVER || left < least)
            least = left;
    }
    return least == MIO_FOREVER ? least : oracle->time.now[MIO_CLOCK_MONOTONIC] + least;
}

bool oracle_timer_due(const struct oracle *oracle)
{
    bool is_due = false;
    for (int i = 0; i < TIMERS; i++)
        is_due = is_due || is_expired(oracle, &oracle->time.timers[i]);
    return is_due;
}

/* TIME3: how many times it has expired, and its next deadline. */
static int64_t expire(struct oracle *oracle, struct timer_state *timer)
{
    if (timer->period == 0) {
        oracle_bury(oracle, timer->token, RULE_TIME1);
        *timer = (struct timer_state){.set = false};
        return 1;
    }
    int64_t times = (oracle->time.now[timer->clock] - timer->deadline) / timer->period + 1;
    if (times > MOST_EXPIRATIONS)
        times = MOST_EXPIRATIONS;
    timer->deadline += times * timer->period;
    timer->expiry = expiry_of(timer->deadline, timer->slack);
    timer->turn = oracle->time.turns++;
    timer->due = is_expired(oracle, timer);
    timer->passed_over = 0;
    return times;
}

/* TIME1: by their moments, and those of one moment as they were set. */
static void judge_order(struct oracle *oracle, int number)
{
    const struct timer_state *timer = &oracle->time.timers[number];
    int64_t before = oracle->time.last[timer->clock].expiry;
    bool in_order = !oracle->time.last[timer->clock].came || timer->expiry > before ||
                    (timer->expiry == before && timer->turn > oracle->time.last[timer->clock].turn);
    oracle_check(oracle, RULE_TIME1_ORDER, in_order,
                 "timer %d, of %lld, comes after one of %lld that was set later", number,
                 (long long)timer->expiry, (long long)before);
    oracle->time.last[timer->clock].came = true;
    oracle->time.last[timer->clock].expiry = timer->expiry;
    oracle->time.last[timer->clock].turn = timer->turn;
}

static void judge_timer(struct oracle *oracle, int number, const struct mio_event *event)
{
    struct timer_state *timer = &oracle->time.timers[number];
    enum rule early = timer->slack > 0 ? RULE_TIME9 : RULE_TIME1;
    bool due =
        oracle_check(oracle, early, is_expired(oracle, timer), "timer %d, of %lld, comes at %lld",
                     number, (long long)timer->expiry, (long long)oracle->time.now[timer->clock]);
    oracle_check(oracle, RULE_EV2_HINT, mio_event_readiness(event) == MIO_TIMER,
                 "timer %d is ready for 0x%x", number, (unsigned)mio_event_readiness(event));
    if (!due)
        return;
    judge_order(oracle, number);
    enum rule counted = timer->period > 0 ? RULE_TIME3 : RULE_TIME1;
    int64_t times = expire(oracle, timer);
    oracle_check(oracle, counted, mio_event_expirations(event) == times,
                 "timer %d has expired %lld times, not %lld", number,
                 (long long)mio_event_expirations(event), (long long)times);
}

/* --- posts --- */

void oracle_queue_made(struct oracle *oracle, int number, mio_token token, size_t capacity)
{
    struct queue_state *queue = &oracle->time.queues[number];
    *queue = (struct queue_state){.there = true, .token = token, .capacity = 2};
    while (queue->capacity < capacity)
        queue->capacity *= 2;
    oracle_bell(oracle);
}

int oracle_posted(struct oracle *oracle, int number, mio_token token, uint64_t payload)
{
    struct queue_state *queue = &oracle->time.queues[number];
    if (queue->count == queue->capacity)
        return -EAGAIN;
    size_t place = (queue->first + queue->count++) % queue->capacity;
    queue->posts[place] = (struct mio_posted){.token = token, .payload = payload};
    queue->pending = true;
    return 0;
}

int oracle_taken(struct oracle *oracle, int number, struct mio_posted *posted)
{
    struct queue_state *queue = &oracle->time.queues[number];
    if (queue->count == 0)
        return 0;
    *posted = queue->posts[queue->first];
    queue->first = (queue->first + 1) % queue->capacity;
    queue->count--;
    return 1;
}

void oracle_queue_freed(struct oracle *oracle, int number)
{
    struct queue_state *queue = &oracle->time.queues[number];
    oracle_bury(oracle, queue->token, RULE_POST5);
    *queue = (struct queue_state){.there = false};
}

static void judge_post(struct oracle *oracle, int number, const struct mio_event *event)
{
    struct queue_state *queue = &oracle->time.queues[number];
    oracle_check(oracle, RULE_POST1_ONCE, queue->pending,
                 "queue %d: nobody has posted since its last event", number);
    oracle_check(oracle, RULE_EV2_HINT, mio_event_readiness(event) == MIO_READABLE,
                 "queue %d is ready for 0x%x", number, (unsigned)mio_event_readiness(event));
    queue->pending = false;
    queue->due = false;
    queue->passed_over = 0;
}

/* --- waits --- */

unsigned oracle_time_records(const struct oracle *oracle)
{
    unsigned records = 0;
    for (int i = 0; i < TIMERS; i++)
        records += oracle->time.timers[i].set;
    for (int i = 0; i < QUEUES; i++)
        records += oracle->time.queues[i].there;
    return records;
}

void oracle_time_wait_begins(struct oracle *oracle)
{
    for (int i = 0; i < TIMERS; i++)
        oracle->time.timers[i].due = is_expired(oracle, &oracle->time.timers[i]);
    for (int i = 0; i < QUEUES; i++)
        oracle->time.queues[i].due = oracle->time.queues[i].pending;
    for (int clock = 0; clock < CLOCKS; clock++)
        oracle->time.last[clock].came = false;
}

bool oracle_time_event(struct oracle *oracle, const struct mio_event *event)
{
    mio_token token = mio_event_token(event);
    for (int i = 0; i < TIMERS; i++) {
        if (oracle->time.timers[i].set && oracle->time.timers[i].token == token) {
            judge_timer(oracle, i, event);
            return true;
        }
    }
    for (int i = 0; i < QUEUES; i++) {
        if (oracle->time.queues[i].there && oracle->time.queues[i].token == token) {
            judge_post(oracle, i, event);
            return true;
        }
    }
    return false;
}

void oracle_time_wait_ends(struct oracle *oracle, int count, bool full)
{
    for (int i = 0; i < TIMERS; i++) {
        struct timer_state *timer = &oracle->time.timers[i];
        if (timer->set && timer->due)
            oracle_still_due(oracle, RULE_TIME1, "timer", i, count, full, &timer->passed_over);
    }
    for (int i = 0; i < QUEUES; i++) {
        struct queue_state *queue = &oracle->time.queues[i];
        if (queue->there && queue->due)
            oracle_still_due(oracle, RULE_POST1, "queue", i, count, full, &queue->passed_over);
    }
}

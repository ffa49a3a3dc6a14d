/* SPDX-License-Identifier: MIT */
/*
 * Random operations on timers, beside a sorted list that does the same. MIO_TIMER_OPERATIONS is how
 * many (300,000); MIO_TIMER_SEED where they begin.
 */
#include "test.h"

#include <mio.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { TIMERS = 2000, LARGEST_ROOM = 64, MOST_EXPIRATIONS = 0xffff, USUAL_OPERATIONS = 300000 };

static const int64_t microsecond = 1000;
static const int64_t second = INT64_C(1000000000);

/* What the oracle knows of a timer. */
struct known {
    bool is_set;
    int64_t expiry;
    uint64_t turn;
    int64_t deadline;
    int64_t period;
    int64_t slack;
    mio_token token;
};

struct side_by_side {
    struct mio_poll *poll;
    struct mio_registry *registry;
    struct mio_events *events;
    struct mio_timer timers[TIMERS];

    int64_t now; /* of the clock of both */
    struct known known[TIMERS];
    int order[TIMERS]; /* those that are set, the earliest first */
    int count;
    uint64_t turn;

    uint64_t random;
};

static uint64_t draw(struct side_by_side *both)
{
    both->random ^= both->random << 13;
    both->random ^= both->random >> 7;
    both->random ^= both->random << 17;
    return both->random >> 11;
}

static int64_t draw_below(struct side_by_side *both, int64_t limit)
{
    return (int64_t)(draw(both) % (uint64_t)limit);
}

static int64_t give_time(uint32_t clock, void *user)
{
    const struct side_by_side *both = user;
    (void)clock;
    return both->now;
}

/* --- the oracle --- */

static bool comes_before(const struct known *one, const struct known *other)
{
    return one->expiry < other->expiry || (one->expiry == other->expiry && one->turn < other->turn);
}

/* Where in the order a timer is, or would be. */
static int find(const struct side_by_side *both, const struct known *wanted)
{
    int low = 0;
    int high = both->count;
    while (low < high) {
        int middle = low + (high - low) / 2;
        if (comes_before(&both->known[both->order[middle]], wanted))
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static void forget(struct side_by_side *both, int which)
{
    int place = find(both, &both->known[which]);
    both->count--;
    memmove(&both->order[place], &both->order[place + 1],
            (size_t)(both->count - place) * sizeof both->order[0]);
    both->known[which].is_set = false;
}

/* The moment within the slack that the most powers of 2 divide. */
static int64_t with_slack(int64_t deadline, int64_t slack)
{
    if (deadline <= 0 || slack == 0)
        return deadline;
    int64_t last = deadline > INT64_MAX - slack ? INT64_MAX : deadline + slack;
    for (int64_t step = INT64_C(1) << 62; step > 1; step >>= 1) {
        int64_t multiple = last / step * step;
        if (multiple >= deadline)
            return multiple;
    }
    return last;
}

static void remember(struct side_by_side *both, int which)
{
    struct known *known = &both->known[which];
    known->turn = ++both->turn;
    known->expiry = with_slack(known->deadline, known->slack);
    int place = find(both, known);
    memmove(&both->order[place + 1], &both->order[place],
            (size_t)(both->count - place) * sizeof both->order[0]);
    both->order[place] = which;
    both->count++;
    known->is_set = true;
}

/* The first timer expires. Returns how many times, or 0 if it is not due. */
static int64_t expire_first(struct side_by_side *both, mio_token *token)
{
    int which = both->count > 0 ? both->order[0] : -1;
    if (which < 0 || both->known[which].expiry > both->now)
        return 0;
    struct known *known = &both->known[which];
    *token = known->token;
    forget(both, which);
    if (known->period == 0)
        return 1;
    int64_t times = 0;
    while (known->deadline <= both->now && times < MOST_EXPIRATIONS) {
        times++;
        known->deadline = known->deadline > INT64_MAX - known->period
                              ? INT64_MAX
                              : known->deadline + known->period;
    }
    remember(both, which);
    return times;
}

/* --- operations --- */

static int64_t draw_distance(struct side_by_side *both)
{
    switch (draw(both) % 8) {
    case 0:
        return draw_below(both, 10);
    case 1:
        return draw_below(both, 100 * microsecond);
    case 2:
    case 3:
        return draw_below(both, second);
    case 4:
        return 30 * second + draw_below(both, second / 100);
    case 5:
        return 30 * second;
    case 6:
        return draw_below(both, 100000 * second);
    default:
        return -draw_below(both, second);
    }
}

static int64_t draw_deadline(struct side_by_side *both)
{
    static const int64_t extremes[] = {INT64_MIN, -1, 0, 1, INT64_MAX - 1, INT64_MAX};
    if (draw(both) % 200 == 0)
        return extremes[draw(both) % 6];
    return both->now + draw_distance(both);
}

static void set_one(struct side_by_side *both)
{
    int which = (int)(draw(both) % TIMERS);
    struct known *known = &both->known[which];
    struct mio_timer_options options = {.period = 0};
    if (known->is_set)
        forget(both, which);
    known->deadline = draw_deadline(both);
    if (draw(both) % 4 == 0)
        options.slack = draw_below(both, 100 * 1000 * microsecond);
    if (draw(both) % 8 == 0 && known->deadline > 0)
        options.period = 1 + draw_below(both, 10 * second);
    known->slack = options.slack;
    known->period = options.period;
    known->token = (mio_token)draw(both);
    remember(both, which);
    REQUIRE_EQ(mio_timer_set_with(&both->timers[which], both->registry, known->token,
                                  known->deadline, &options),
               0);
}

static void cancel_one(struct side_by_side *both)
{
    int which = (int)(draw(both) % TIMERS);
    bool was_set = both->known[which].is_set;
    if (was_set)
        forget(both, which);
    REQUIRE_EQ(mio_timer_cancel(&both->timers[which], both->registry), was_set);
}

static void ask_for_next(struct side_by_side *both)
{
    int64_t deadline;
    int64_t expected = MIO_FOREVER;
    if (both->count > 0) {
        expected = both->known[both->order[0]].expiry;
        if (expected <= both->now)
            expected = 0;
    }
    REQUIRE_EQ(mio_poll_next_deadline(both->poll, &deadline), 0);
    REQUIRE_EQ(deadline, expected);
}

static void let_time_pass(struct side_by_side *both)
{
    int64_t next = both->count > 0 ? both->known[both->order[0]].expiry : both->now;
    switch (draw(both) % 64) {
    case 0:
        both->now += draw_below(both, 4000 * second);
        break;
    case 1:
    case 2:
        both->now += draw_below(both, second);
        break;
    case 3:
    case 4:
    case 5:
    case 6:
        if (next > both->now && next < both->now + 100 * second)
            both->now = next - (int64_t)(draw(both) % 2);
        break;
    default:
        both->now += draw_below(both, 100 * microsecond);
    }
}

/* Every wait has the room of the last draw, and brings what the oracle says, in its order. */
static void wait_and_compare(struct side_by_side *both)
{
    mio_events_clear(both->events);
    if (draw(both) % 16 == 0)
        REQUIRE_EQ(mio_events_resize(both->events, 1 + draw(both) % LARGEST_ROOM), 0);
    int count = mio_poll_wait(both->poll, both->events, 0);
    REQUIRE(count >= 0);
    mio_events_each(event, both->events) {
        mio_token token = 0;
        int64_t times = expire_first(both, &token);
        REQUIRE(mio_event_is_timer(event));
        REQUIRE_EQ(mio_event_expirations(event), times);
        REQUIRE(mio_event_token(event) == token);
    }
    bool was_full = (size_t)count == mio_events_capacity(both->events);
    REQUIRE(was_full || both->count == 0 || both->known[both->order[0]].expiry > both->now);
}

static void do_one(struct side_by_side *both)
{
    switch (draw(both) % 16) {
    case 0:
    case 1:
    case 2:
        let_time_pass(both);
        wait_and_compare(both);
        break;
    case 3:
        ask_for_next(both);
        break;
    case 4:
    case 5:
    case 6:
    case 7:
    case 8:
        cancel_one(both);
        break;
    default:
        set_one(both);
    }
}

static uint64_t number_of(const char *variable, uint64_t usual)
{
    const char *text = getenv(variable);
    return text ? strtoull(text, NULL, 10) : usual;
}

static void run_both(uint32_t flags)
{
    struct side_by_side *both = calloc(1, sizeof *both);
    REQUIRE(both != NULL);
    both->now = 1000 * second;
    both->random = number_of("MIO_TIMER_SEED", 88172645463325252);
    struct mio_options options = {.flags = flags, .clock = give_time, .user = both};
    REQUIRE_EQ(mio_poll_new(&options, &both->poll), 0);
    REQUIRE_EQ(mio_events_new(LARGEST_ROOM, NULL, &both->events), 0);
    both->registry = mio_poll_registry(both->poll);

    uint64_t operations = number_of("MIO_TIMER_OPERATIONS", USUAL_OPERATIONS);
    for (uint64_t i = 0; i < operations; i++)
        do_one(both);
    while (both->count > 0) {
        both->now = both->known[both->order[0]].expiry > both->now
                        ? both->known[both->order[0]].expiry
                        : both->now;
        if (both->known[both->order[0]].period > 0) {
            int which = both->order[0];
            forget(both, which);
            REQUIRE_EQ(mio_timer_cancel(&both->timers[which], both->registry), 1);
        }
        wait_and_compare(both);
    }
    ask_for_next(both);

    mio_events_free(both->events);
    mio_poll_free(both->poll);
    free(both);
}

TEST(time2_random_operations_are_as_those_of_a_sorted_list)
{
    run_both(0);
}

TEST(time2_random_operations_of_one_thread_are_as_those_of_a_sorted_list)
{
    run_both(MIO_OPTION_ONE_THREAD_TIMERS);
}

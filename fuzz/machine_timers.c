/* SPDX-License-Identifier: MIT */
/* Timers, on a clock that stands still between operations, and queues of posts. */
#define _GNU_SOURCE

#include "machine_inside.h"

#include <errno.h>

int64_t machine_clock(uint32_t clock, void *user)
{
    const struct machine *machine = user;
    return machine->oracle.time.now[clock];
}

/* A time of any order of magnitude, up to a second. */
static int64_t time_of(uint8_t byte)
{
    enum { MAGNITUDES = 28 };
    return (int64_t)(1 + byte % 8) << ((byte / 8) % MAGNITUDES);
}

/* --- timers --- */

/* So long that a jump of the clock makes two events of one timer at most. */
enum { SHORTEST_PERIOD = 1 << 14 };

static void plan_timer(struct machine *machine, const struct operation *operation,
                       struct call *call)
{
    const struct oracle *oracle = &machine->oracle;
    unsigned how = operation->a % 8;
    int64_t after = time_of(operation->b);
    struct mio_timer_options *options = &call->options;
    *call = (struct call){.kind = CALL_TIMER,
                          .registry = a_registry(machine, operation),
                          .timer = &machine->timers[operation->where % TIMERS]};
    if (how >= 4)
        options->slack = time_of((uint8_t)(operation->a * 5));
    if (how == 3 || how == 5)
        options->period = SHORTEST_PERIOD + time_of((uint8_t)(operation->a * 3));
    if (how == 6)
        options->clock = MIO_CLOCK_BOOT;
    /* Some have passed already, and some never come. */
    int64_t now = oracle->time.now[options->clock];
    call->deadline = operation->a >= 248 ? INT64_MAX : now + after;
    if (operation->a % 16 == 9)
        call->deadline = now > after ? now - after : 0;
    call->token = oracle_token(&machine->oracle);
}

static bool cancel_timer(struct machine *machine, const struct operation *operation)
{
    int timer = operation->where % TIMERS;
    struct call call = {.kind = CALL_CANCEL,
                        .registry = a_registry(machine, operation),
                        .timer = &machine->timers[timer]};
    note(machine, " %d is cancelled", timer);
    int result = machine->one_thread ? call_alone(&call) : call_now(operation, &call);
    check_result(machine, RULE_TIME2, "mio_timer_cancel()", timer,
                 oracle_timer_cancelled(&machine->oracle, timer), result);
    return true;
}

bool do_timer(struct machine *machine, const struct operation *operation)
{
    enum { CANCELLED = 7 };
    int timer = operation->where % TIMERS;
    if (machine->no_timers)
        return false;
    if (operation->a % 8 == CANCELLED)
        return cancel_timer(machine, operation);
    struct call call;
    plan_timer(machine, operation, &call);
    note(machine, " %d to %lld, clock %u, period %lld, slack %lld, token 0x%llx", timer,
         (long long)call.deadline, (unsigned)call.options.clock, (long long)call.options.period,
         (long long)call.options.slack, (unsigned long long)call.token);
    int result = machine->one_thread ? call_alone(&call) : call_now(operation, &call);
    check_result(
        machine, RULE_TIME2, "setting a timer", timer,
        oracle_timer_set(&machine->oracle, timer, call.token, call.deadline, &call.options),
        result);
    if (machine->timers[timer].position != 0)
        refuse(machine, RULE_TIME10, "setting it in another poll", -EEXIST,
               mio_timer_set(call.timer, mio_poll_registry(machine->other), 1, 1));
    return true;
}

static void check_next_deadline(struct machine *machine)
{
    int64_t expected = oracle_next_deadline(&machine->oracle);
    int64_t deadline = -7;
    refuse(machine, RULE_TIME7, "mio_poll_next_deadline()", 0,
           mio_poll_next_deadline(machine->poll, &deadline));
    oracle_check(&machine->oracle, RULE_TIME7, deadline == expected,
                 "the next deadline is %lld, not %lld", (long long)deadline, (long long)expected);
}

bool do_clock(struct machine *machine, const struct operation *operation)
{
    enum { SUSPENDED = 3 };
    int64_t by = time_of(operation->a);
    int64_t next = oracle_next_deadline(&machine->oracle);
    int64_t left = next - machine->oracle.time.now[MIO_CLOCK_MONOTONIC];
    /* To the moment itself, and to the one before it. */
    if (operation->b % 2 == 0 && left > 0 && left < MIO_SECONDS(2))
        by = operation->b % 4 == 0 ? left : left - 1;
    bool suspended = operation->b % 8 == SUSPENDED;
    note(machine, " %lld on%s", (long long)by, suspended ? " in suspension" : "");
    oracle_time_passes(&machine->oracle, by, suspended);
    check_next_deadline(machine);
    return true;
}

/* --- posts --- */

static bool make_queue(struct machine *machine, const struct operation *operation, int queue)
{
    mio_token token = oracle_token(&machine->oracle);
    size_t capacity = 1 + operation->a % MAX_POSTS;
    note(machine, " %d of %zu, token 0x%llx", queue, capacity, (unsigned long long)token);
    int result = mio_post_queue_new(a_registry(machine, operation), token, capacity,
                                    &machine->queues[queue]);
    check_result(machine, RULE_POST5, "mio_post_queue_new()", queue, 0, result);
    oracle_queue_made(&machine->oracle, queue, token, capacity);
    return true;
}

/* What the oracle has to say of a post that was made. */
void finish_post(struct machine *machine, int queue, const struct call *call)
{
    check_result(machine, RULE_POST2, "mio_post()", queue,
                 oracle_posted(&machine->oracle, queue, call->token, call->payload), call->result);
}

void plan_post(struct machine *machine, int queue, struct call *call)
{
    call->kind = CALL_POST;
    call->queue = machine->queues[queue];
    call->token = oracle_token(&machine->oracle);
    call->payload = ~call->token;
}

bool do_post(struct machine *machine, const struct operation *operation)
{
    int queue = operation->where % QUEUES;
    if (!machine->queues[queue])
        return make_queue(machine, operation, queue);
    note(machine, " to queue %d", queue);
    for (unsigned i = 0; i < 1u + operation->a % 3; i++) {
        struct call call = {.kind = CALL_POST};
        plan_post(machine, queue, &call);
        call_now(operation, &call);
        finish_post(machine, queue, &call);
    }
    return true;
}

static void take_post(struct machine *machine, int queue)
{
    struct mio_posted posted = {0, 0};
    struct mio_posted expected = {0, 0};
    int result = mio_post_take(machine->queues[queue], &posted);
    check_result(machine, RULE_POST3, "mio_post_take()", queue,
                 oracle_taken(&machine->oracle, queue, &expected), result);
    oracle_check(&machine->oracle, RULE_POST3,
                 posted.token == expected.token && posted.payload == expected.payload,
                 "queue %d gives 0x%llx before 0x%llx", queue, (unsigned long long)posted.token,
                 (unsigned long long)expected.token);
}

bool do_take(struct machine *machine, const struct operation *operation)
{
    enum { FREED = 240 };
    int queue = operation->where % QUEUES;
    if (!machine->queues[queue])
        return false;
    note(machine, " from queue %d", queue);
    for (unsigned i = 0; i < 1u + operation->a % (MAX_POSTS + 2); i++)
        take_post(machine, queue);
    if (operation->a >= FREED) {
        note(machine, ", which is freed");
        mio_post_queue_free(machine->queues[queue]);
        machine->queues[queue] = NULL;
        oracle_queue_freed(&machine->oracle, queue);
    }
    return true;
}

/* --- the end of a program --- */

/* While the poll is there. */
static void cancel_timers(struct machine *machine)
{
    for (uint8_t timer = 0; timer < TIMERS; timer++)
        cancel_timer(machine, &(struct operation){.where = timer});
}

/* The poll has been freed, and a clone of its registry is left. */
static void use_after_poll(struct machine *machine, int timer)
{
    struct mio_timer *used = &machine->timers[timer];
    refuse(machine, RULE_TIME10, "setting a timer after the poll", -ECANCELED,
           mio_timer_set(used, machine->clone, 1, 1));
    refuse(machine, RULE_TIME10, "cancelling a timer after the poll",
           machine->oracle.time.timers[timer].set, mio_timer_cancel(used, machine->clone));
}

void finish_times(struct machine *machine, bool is_poll_freed)
{
    if (!is_poll_freed)
        cancel_timers(machine);
    for (int timer = 0; timer < TIMERS; timer++) {
        if (is_poll_freed && machine->clone)
            use_after_poll(machine, timer);
        mio_timer_init(&machine->timers[timer]);
    }
    for (int queue = 0; queue < QUEUES; queue++) {
        if (!machine->queues[queue])
            continue;
        struct call call = {.kind = CALL_POST};
        plan_post(machine, queue, &call);
        call_alone(&call);
        finish_post(machine, queue, &call);
        for (int i = 0; i < MAX_POSTS + 1; i++)
            take_post(machine, queue);
        mio_post_queue_free(machine->queues[queue]);
        machine->queues[queue] = NULL;
    }
}

/* SPDX-License-Identifier: MIT */
/*
 * A wait during which the other thread acts, or a signal handler. Whatever falls between the two,
 * the wait is ended by what the other one does, and a change that is refused is not heard of.
 */
#define _GNU_SOURCE

#include "machine_inside.h"

#include "fault.h"
#include "helper.h"
#include "stepper.h"

#include <errno.h>
#include <sched.h>

enum { ROUNDS = 64 };

/* A wait that has no reason to sleep, and what shows that it has slept all the same: it has the
 * event at its end in any case. */
#define SLEEPLESS_WAIT (INT64_C(4000) * MS)
#define HAS_SLEPT      (INT64_C(3000) * MS)

static bool may_write_meanwhile(const struct machine *machine, int end)
{
    const struct registration *other = registration_of(machine, end ^ 1);
    return may_write(machine, end) && is_open(machine, end ^ 1) &&
           oracle_truth(&machine->oracle, end, OUT) == YES && other->active &&
           other->of[IN].armed && (other->interest & (MIO_READABLE | MIO_ONESHOT)) == MIO_READABLE;
}

static bool may_register_meanwhile(const struct machine *machine, int end)
{
    return is_open(machine, end) && !registration_of(machine, end)->active &&
           oracle_truth(&machine->oracle, end, IN) == YES;
}

/* Of both directions, so that one of them may be got through before the other is refused. */
static bool may_be_refused_meanwhile(const struct machine *machine, int end)
{
    return is_open(machine, end) && !registration_of(machine, end)->active &&
           machine->oracle.ends[end].channel == CHANNEL_UNIX;
}

static void plan_registration(struct machine *machine, int end, struct call *call)
{
    call->registry = machine->registry;
    call->fd = machine->handles[end].fd;
    call->token = oracle_token(&machine->oracle);
    call->interest = MIO_READABLE;
}

static void plan_refusal(struct machine *machine, const struct operation *operation,
                         struct call *call)
{
    bool by_kernel = HAVE_FAULTS && machine->oracle.traits.has_faults && operation->b % 2 == 0;
    call->kind = CALL_REFUSED;
    plan_registration(machine, operation->where, call);
    call->interest = MIO_READABLE | MIO_WRITABLE;
    call->refused = by_kernel ? 2 : 0;
    oracle_bury(&machine->oracle, call->token, RULE_REG4);
}

static void plan_due_timer(struct machine *machine, int timer, struct call *call)
{
    call->kind = CALL_TIMER;
    call->registry = machine->registry;
    call->timer = &machine->timers[timer];
    call->deadline = machine->oracle.time.now[MIO_CLOCK_MONOTONIC];
    call->token = oracle_token(&machine->oracle);
}

static bool may_post_meanwhile(const struct machine *machine, int queue)
{
    const struct queue_state *state = &machine->oracle.time.queues[queue];
    return state->there && state->count < state->capacity;
}

static void plan_call(struct machine *machine, const struct operation *operation, struct call *call)
{
    int end = operation->where;
    int waker = end % WAKERS;
    /* Mostly so short that it falls into the beginning of the wait. */
    unsigned turn = operation->a >= 240 ? 64 : 1;
    *call = (struct call){.kind = CALL_WAKE, .is_meanwhile = true, .delay = operation->b * turn};
    if (operation->a % 4 == 0 && may_write_meanwhile(machine, end)) {
        call->kind = CALL_WRITE;
        call->fd = machine->handles[end].fd;
        call->channel = machine->oracle.ends[end].channel;
    } else if (operation->a % 4 == 1 && may_register_meanwhile(machine, end)) {
        call->kind = CALL_REGISTER;
        plan_registration(machine, end, call);
        if (operation->b % 2 != 0) {
            enum channel channel = machine->oracle.ends[end].channel;
            call->source = &machine->handles[end].source;
            call->rounds = channel == CHANNEL_PIPE || channel == CHANNEL_UNIX ? ROUNDS : 1;
        }
    } else if (operation->a % 4 == 2 && may_be_refused_meanwhile(machine, end)) {
        plan_refusal(machine, operation, call);
    } else if (operation->a % 16 == 3 && !machine->one_thread && !machine->no_timers) {
        plan_due_timer(machine, end % TIMERS, call);
    } else if (operation->a % 16 == 7 && may_post_meanwhile(machine, end % QUEUES)) {
        plan_post(machine, end % QUEUES, call);
    } else {
        if (!machine->wakers[waker])
            do_new_waker(machine, operation);
        call->waker = machine->wakers[waker];
    }
}

static void finish_timer(struct machine *machine, int timer, const struct call *call)
{
    note(machine, ", meanwhile timer %d was set, token 0x%llx", timer,
         (unsigned long long)call->token);
    check_result(
        machine, RULE_TIME4, "mio_timer_set()", timer,
        oracle_timer_set(&machine->oracle, timer, call->token, call->deadline, &call->options),
        call->result);
}

static void finish_call(struct machine *machine, int end, const struct call *call)
{
    switch (call->kind) {
    case CALL_WRITE:
        oracle_wrote(&machine->oracle, end, call->result);
        note(machine, ", meanwhile end %d was written to = %d", end, call->result);
        break;
    case CALL_REGISTER:
        note(machine, ", meanwhile end %d was registered%s, token 0x%llx", end,
             call->source ? " (source)" : "", (unsigned long long)call->token);
        check_result(machine, RULE_REG3, "register", end,
                     oracle_register(&machine->oracle, end, call->source != NULL, call->token,
                                     call->interest),
                     call->result);
        break;
    case CALL_REFUSED:
        note(machine, ", meanwhile end %d was refused, token 0x%llx", end,
             (unsigned long long)call->token);
        check_result(machine, RULE_REG4, "what is refused", end,
                     call->refused > 0 ? -ENOMEM : -ENOENT, call->result);
        break;
    case CALL_TIMER:
        finish_timer(machine, end % TIMERS, call);
        break;
    case CALL_POST:
        note(machine, ", meanwhile queue %d was posted to", end % QUEUES);
        finish_post(machine, end % QUEUES, call);
        break;
    default:
        note(machine, ", meanwhile waker %d", end % WAKERS);
        oracle_woken(&machine->oracle, end % WAKERS);
        check_result(machine, RULE_WAKE1, "mio_waker_wake()", end % WAKERS, 0, call->result);
        break;
    }
}

/* Whoever gets the event of a source may use it at once. */
static void check_source(struct machine *machine, const struct call *call, mio_token token)
{
    const struct mio_source *source = call->source;
    oracle_check(&machine->oracle, RULE_REG7,
                 source->selector && source->token == token && source->interest == call->interest,
                 "an event of a source that is not registered yet, token 0x%llx",
                 (unsigned long long)token);
}

/* Looks until the event of each round but the last has come; the others' events are judged. */
static void look_at_rounds(struct machine *machine, struct mio_events *events, struct call *call)
{
    mio_token seen = 0;
    int64_t begun = mio_now();
    while (seen + 1 < call->rounds && !machine->oracle.failed && mio_now() - begun < TOO_LATE) {
        oracle_wait_goes_on(&machine->oracle);
        if (mio_poll_wait(machine->poll, events, 0) < 0)
            continue;
        mio_events_each(event, events) {
            mio_token round = mio_event_token(event) - call->token;
            if (round == 0 || round >= call->rounds) {
                oracle_event(&machine->oracle, event);
                continue;
            }
            /* A second event of the same round is late. */
            if (round > seen)
                check_source(machine, call, call->token + round);
            seen = round > seen ? round : seen;
            atomic_store(&call->seen, (unsigned)seen);
        }
    }
    atomic_store(&call->given_up, true);
    oracle_check(&machine->oracle, RULE_REG7, seen + 1 >= call->rounds,
                 "round %u of registering a source that is ready has no event", (unsigned)seen + 1);
    oracle_wait_goes_on(&machine->oracle);
}

/* Looks again and again until the call has ended, so that what it does by halves may be seen.
 * Returns what the last look brought. */
static int look_on(struct machine *machine, struct mio_events *events, struct call *call)
{
    int count = 0;
    bool ended = false;
    if (call->rounds > 1)
        look_at_rounds(machine, events, call);
    while (count == 0 && !ended) {
        ended = atomic_load(&call->done);
        count = mio_poll_wait(machine->poll, events, 0);
    }
    return count;
}

/* A wake between two instructions of a wait, before its system call. */
static void wake_within(struct machine *machine, const struct operation *operation,
                        struct call *call)
{
    struct mio_events *events = machine->events[0];
    call->delay = 0;
    stepper_start(operation->b, make_call, call);
    int count = mio_poll_wait(machine->poll, events, SLEEPLESS_WAIT);
    bool has_slept = mio_now() - call->ended >= HAS_SLEPT;
    finish_call(machine, operation->where, call);
    oracle_check(&machine->oracle, RULE_WAKE1, !has_slept, "a wait slept through a wake within it");
    finish_wait(machine, events, count);
}

static enum rule rule_of_call(const struct call *call)
{
    switch (call->kind) {
    case CALL_WAKE:
        return RULE_WAKE1;
    case CALL_TIMER:
        return RULE_TIME4;
    case CALL_POST:
        return RULE_POST1;
    default:
        return RULE_REG7;
    }
}

bool do_asleep(struct machine *machine, const struct operation *operation)
{
    struct mio_events *events = machine->events[0];
    wait_once(machine, 0, 0);
    struct call call;
    plan_call(machine, operation, &call);
    oracle_wait_begins(&machine->oracle);
    bool may_interrupt = call.kind == CALL_WAKE || call.kind == CALL_POST;
    if (may_interrupt && operation->a % 8 >= 4 && stepper_is_possible()) {
        wake_within(machine, operation, &call);
        return true;
    }
    helper_start(make_call, &call);
    while (!atomic_load(&call.begun))
        sched_yield();
    bool looks = call.source || call.kind == CALL_REFUSED;
    int count =
        looks ? look_on(machine, events, &call) : mio_poll_wait(machine->poll, events, LONG_WAIT);
    int64_t ended = mio_now();
    helper_join();
    finish_call(machine, operation->where, &call);
    oracle_check(&machine->oracle, rule_of_call(&call), ended - call.ended < TOO_LATE,
                 "a wait went on for %lld ms after what had to end it",
                 (long long)((ended - call.ended) / MS));
    finish_wait(machine, events, count);
    return true;
}

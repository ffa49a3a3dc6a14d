/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE

#include "machine_inside.h"

#include "helper.h"

#include <sched.h>

enum {
    MS = 1000000,
    SHORT_WAIT = 2 * MS,
/* In nanoseconds: a wait that must end at once, and how late it may, on a busy machine. */
#define LONG_WAIT (INT64_C(3000) * MS)
#define TOO_LATE  (INT64_C(2000) * MS)
    PATIENCE = 500 /* short waits */
};

static void take_events(struct machine *machine, const struct mio_events *events)
{
    char text[256];
    mio_events_each(event, events) {
        if (machine->trace) {
            mio_event_format(event, text, sizeof text);
            note(machine, "\n        0x%llx: readiness 0x%x, %s",
                 (unsigned long long)mio_event_token(event), (unsigned)mio_event_readiness(event),
                 text);
        }
        oracle_event(&machine->oracle, event);
    }
}

/* What the network still has to bring. */
static void wait_on(struct machine *machine, struct mio_events *events)
{
    bool missing = true;
    for (int i = 0; missing && !machine->oracle.failed; i++) {
        oracle_wait_goes_on(&machine->oracle);
        int count = mio_poll_wait(machine->poll, events, SHORT_WAIT);
        note(machine, "\n      waited on = %d", count);
        take_events(machine, events);
        missing = oracle_wait_ends(&machine->oracle, count, LARGE_ROOM, i < PATIENCE);
    }
}

static void finish_wait(struct machine *machine, struct mio_events *events, int count)
{
    size_t capacity = mio_events_capacity(events);
    note(machine, " = %d", count);
    oracle_check(&machine->oracle, RULE_WAIT1, count == (int)mio_events_len(events) || count < 0,
                 "mio_poll_wait() returned %d, mio_events_len() %zu", count,
                 mio_events_len(events));
    take_events(machine, events);
    if (oracle_wait_ends(&machine->oracle, count, capacity, true))
        wait_on(machine, machine->events[0]);
}

void wait_once(struct machine *machine, size_t room, int64_t timeout_ns)
{
    struct mio_events *events = machine->events[room];
    oracle_wait_begins(&machine->oracle);
    note(machine, " room %zu timeout %lld", mio_events_capacity(events), (long long)timeout_ns);
    int64_t begun = timeout_ns == LONG_WAIT ? mio_now() : 0;
    int count = mio_poll_wait(machine->poll, events, timeout_ns);
    if (timeout_ns == LONG_WAIT)
        oracle_check(&machine->oracle, RULE_WAIT5, mio_now() - begun < TOO_LATE, "%s",
                     "a wait went on although something was ready");
    finish_wait(machine, events, count);
}

bool do_wait(struct machine *machine, const struct operation *operation)
{
    enum { LONG_FROM = 225, TINY_FROM = 253 };
    size_t room = operation->a < 128 ? 0 : 1 + operation->a % SMALL_ROOM;
    int64_t timeout_ns = 0;
    if (operation->b >= TINY_FROM)
        timeout_ns = 1 + operation->a;
    else if (operation->b >= LONG_FROM && oracle_anything_due(&machine->oracle, true))
        timeout_ns = operation->b % 4 == 0 ? MIO_FOREVER : LONG_WAIT;
    wait_once(machine, room, timeout_ns);
    return true;
}

bool do_burst(struct machine *machine, const struct operation *operation)
{
    size_t room = 1 + operation->a % 3;
    for (int i = 0; i < 4 + operation->b % 32 && !machine->oracle.failed; i++)
        wait_once(machine, room, 0);
    return true;
}

/* --- a wait that another thread ends --- */

static void plan_meanwhile(struct machine *machine, const struct operation *operation,
                           struct call *call)
{
    int end = operation->where;
    int waker = end % WAKERS;
    /* Mostly so short that it falls into the beginning of the wait. */
    unsigned turn = operation->a >= 240 ? 64 : 1;
    *call = (struct call){.kind = CALL_WAKE, .is_meanwhile = true, .delay = operation->b * turn};
    if (operation->a % 4 == 0 && may_write(machine, end) && is_open(machine, end ^ 1) &&
        oracle_truth(&machine->oracle, end, OUT) == YES &&
        registration_of(machine, end ^ 1)->active &&
        registration_of(machine, end ^ 1)->of[IN].armed &&
        (registration_of(machine, end ^ 1)->interest & (MIO_READABLE | MIO_ONESHOT)) ==
            MIO_READABLE) {
        call->kind = CALL_WRITE;
        call->fd = machine->handles[end].fd;
        call->channel = machine->oracle.ends[end].channel;
        return;
    }
    if (operation->a % 4 == 1 && is_open(machine, end) && !registration_of(machine, end)->active &&
        oracle_truth(&machine->oracle, end, IN) == YES) {
        call->kind = CALL_REGISTER;
        call->registry = machine->registry;
        call->fd = machine->handles[end].fd;
        call->token = oracle_token(&machine->oracle);
        call->interest = MIO_READABLE;
        return;
    }
    if (!machine->wakers[waker])
        do_new_waker(machine, operation);
    call->waker = machine->wakers[waker];
}

static void conclude_meanwhile(struct machine *machine, int end, const struct call *call)
{
    switch (call->kind) {
    case CALL_WRITE:
        oracle_wrote(&machine->oracle, end, call->result);
        note(machine, ", meanwhile end %d was written to = %d", end, call->result);
        break;
    case CALL_REGISTER:
        note(machine, ", meanwhile end %d was registered, token 0x%llx", end,
             (unsigned long long)call->token);
        check_result(machine, RULE_REG3, "register", end,
                     oracle_register(&machine->oracle, end, false, call->token, call->interest),
                     call->result);
        break;
    default:
        note(machine, ", meanwhile waker %d", end % WAKERS);
        oracle_woken(&machine->oracle, end % WAKERS);
        check_result(machine, RULE_WAKE1, "mio_waker_wake()", end % WAKERS, 0, call->result);
        break;
    }
}

/* Whatever came between the two threads, the wait is ended by what the other one did. */
bool do_asleep(struct machine *machine, const struct operation *operation)
{
    struct mio_events *events = machine->events[0];
    wait_once(machine, 0, 0);
    struct call call;
    plan_meanwhile(machine, operation, &call);
    oracle_wait_begins(&machine->oracle);
    helper_start(make_call, &call);
    while (!atomic_load(&call.begun))
        sched_yield();
    int count = mio_poll_wait(machine->poll, events, LONG_WAIT);
    int64_t ended = mio_now();
    helper_join();
    conclude_meanwhile(machine, operation->where, &call);
    oracle_check(&machine->oracle, call.kind == CALL_WAKE ? RULE_WAKE1 : RULE_REG7,
                 ended - call.ended < TOO_LATE,
                 "a wait went on for %lld ms after what had to end it",
                 (long long)((ended - call.ended) / MS));
    finish_wait(machine, events, count);
    return true;
}

/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE

#include "machine_inside.h"

enum { SHORT_WAIT = 2 * MS, PATIENCE = 500 /* short waits, */ };
/* and at least so long. */
#define A_WHILE (INT64_C(2000) * MS)

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
    int64_t begun = mio_now();
    for (int i = 0; missing && !machine->oracle.failed; i++) {
        /* With a level-triggered descriptor that is ready, waits take no time. */
        bool patient = i < PATIENCE || mio_now() - begun < A_WHILE;
        oracle_wait_goes_on(&machine->oracle);
        int count = mio_poll_wait(machine->poll, events, SHORT_WAIT);
        if (count != 0)
            note(machine, "\n      waited on = %d", count);
        take_events(machine, events);
        missing = oracle_wait_ends(&machine->oracle, count, LARGE_ROOM, patient);
    }
}

void finish_wait(struct machine *machine, struct mio_events *events, int count)
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
    else if (operation->b >= LONG_FROM &&
             (oracle_anything_due(&machine->oracle, true) || oracle_timer_due(&machine->oracle)))
        timeout_ns = operation->b % 4 == 0 ? MIO_FOREVER : LONG_WAIT;
    wait_once(machine, room, timeout_ns);
    return true;
}

/* With time that passes between them, timers that have periods are always due. */
bool do_burst(struct machine *machine, const struct operation *operation)
{
    size_t room = 1 + operation->a % 3;
    bool time_passes = (operation->a & 64) != 0;
    for (int waker = 0; operation->a >= 128 && waker < WAKERS; waker++) {
        if (machine->wakers[waker]) {
            struct operation wake = {.where = (uint8_t)waker};
            do_wake(machine, &wake);
        }
    }
    for (int i = 0; i < 4 + operation->b % 32 && !machine->oracle.failed; i++) {
        wait_once(machine, room, 0);
        if (time_passes)
            oracle_time_passes(&machine->oracle, MS, false);
    }
    return true;
}

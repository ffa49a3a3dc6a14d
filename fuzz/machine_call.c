/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE

#include "machine_inside.h"

#include "channel.h"
#include "fault.h"
#include "helper.h"

#include <sched.h>
#include <stdarg.h>
#include <string.h>

/* --- telling --- */

void note(const struct machine *machine, const char *format, ...)
{
    if (!machine->trace)
        return;
    va_list arguments;
    va_start(arguments, format);
    vfprintf(machine->trace, format, arguments);
    va_end(arguments);
}

const char *text_of(mio_interest interest)
{
    static char text[96];
    mio_interest_format(interest, text, sizeof text);
    return text;
}

void check_result(struct machine *machine, enum rule rule, const char *what, int end, int expected,
                  int result)
{
    note(machine, " = %d", result);
    oracle_check(&machine->oracle, rule, result == expected,
                 "%s, end %d: %d (%s), expected %d (%s)", what, end, result, strerror(-result),
                 expected, strerror(-expected));
}

void refuse(struct machine *machine, enum rule rule, const char *what, int expected, int result)
{
    note(machine, " %s", what);
    check_result(machine, rule, what, -1, expected, result);
}

/* --- calls of the library, by this thread or the other one --- */

/*
 * Each round is over at once, so there are several. Each but the last has a token of its own and is
 * undone when its event has been seen; the last one begins when nobody looks for those any more.
 */
static int register_in_rounds(struct call *call)
{
    for (unsigned round = 1; round < call->rounds; round++) {
        int result =
            mio_source_register(call->source, call->registry, call->token + round, call->interest);
        while (result == 0 && atomic_load(&call->seen) < round && !atomic_load(&call->given_up))
            sched_yield();
        if (result == 0)
            result = mio_source_deregister(call->source);
        if (result < 0)
            return result;
    }
    while (call->rounds > 1 && !atomic_load(&call->given_up))
        sched_yield();
    return mio_source_register(call->source, call->registry, call->token, call->interest);
}

static int call_source(struct call *call)
{
    switch (call->kind) {
    case CALL_REGISTER:
        mio_source_init(call->source, call->fd);
        return register_in_rounds(call);
    case CALL_REREGISTER:
        return mio_source_reregister(call->source, call->token, call->interest);
    default:
        return mio_source_deregister(call->source);
    }
}

static int call_refused_once(const struct call *call)
{
    if (call->refused == 0)
        return mio_registry_reregister(call->registry, call->fd, call->token, call->interest);
    fault_order(call->refused);
    int result = mio_registry_register(call->registry, call->fd, call->token, call->interest);
    fault_clear();
    return result;
}

/* Several times, since each is over at once. */
static int call_refused(const struct call *call)
{
    enum { TIMES = 16 };
    int result = 0;
    for (int i = 0; i < TIMES && (i == 0 || result < 0); i++)
        result = call_refused_once(call);
    return result;
}

/* By the plain call where the options say nothing. */
static int set_timer(const struct call *call)
{
    const struct mio_timer_options *options = &call->options;
    if (options->period == 0 && options->slack == 0 && options->clock == 0)
        return mio_timer_set(call->timer, call->registry, call->token, call->deadline);
    return mio_timer_set_with(call->timer, call->registry, call->token, call->deadline, options);
}

static int call_raw(struct call *call)
{
    switch (call->kind) {
    case CALL_REGISTER:
        return mio_registry_register(call->registry, call->fd, call->token, call->interest);
    case CALL_REREGISTER:
        return mio_registry_reregister(call->registry, call->fd, call->token, call->interest);
    case CALL_DEREGISTER:
        return mio_registry_deregister(call->registry, call->fd);
    case CALL_REFUSED:
        return call_refused(call);
    case CALL_WAKE:
        return mio_waker_wake(call->waker);
    case CALL_TIMER:
        return set_timer(call);
    case CALL_CANCEL:
        return mio_timer_cancel(call->timer, call->registry);
    case CALL_POST:
        return mio_post(call->queue, call->token, call->payload);
    default:
        return (int)channel_write(call->channel, call->fd, 1);
    }
}

void make_call(void *argument)
{
    struct call *call = argument;
    atomic_store(&call->begun, true);
    for (volatile unsigned turn = 0; turn < call->delay; turn++)
        ;
    call->result = call->source ? call_source(call) : call_raw(call);
    if (call->is_meanwhile)
        call->ended = mio_now();
    atomic_store(&call->done, true);
}

/* Few are handed over: it costs as much as ten operations. */
static bool is_handed_over(const struct operation *operation)
{
    enum { FROM = 252 };
    return operation->b >= FROM;
}

int call_alone(struct call *call)
{
    make_call(call);
    return call->result;
}

int call_now(const struct operation *operation, struct call *call)
{
    if (is_handed_over(operation)) {
        helper_start(make_call, call);
        helper_join();
        return call->result;
    }
    return call_alone(call);
}

struct mio_registry *a_registry(const struct machine *machine, const struct operation *operation)
{
    return machine->clone && (operation->b & 2) != 0 ? machine->clone : machine->registry;
}

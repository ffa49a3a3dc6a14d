/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE

#include "fault.h"

#include <errno.h>
#include <stdatomic.h>
#include <stddef.h>
#include <string.h>

#include "strike.h"

const struct call_row call_rows[CALLS] = {
#define CALL(function, row, ...) [CALL_##row] = {#row, {__VA_ARGS__}},
#include "calls.def"
#undef CALL
};

static struct fault order;
static atomic_uint uses[CALLS];
static atomic_bool struck;
static atomic_int sleepers;
static enum call intruded;
static void (*intruder)(void);
static _Thread_local unsigned strikes_here;
static _Thread_local int pauses;

void fault_order(struct fault fault)
{
    for (int i = 0; i < CALLS; i++)
        atomic_store(&uses[i], 0);
    atomic_store(&struck, false);
    order = fault;
}

struct fault fault_ordered(void)
{
    return order;
}

unsigned fault_uses(enum call call)
{
    return atomic_load(&uses[call]);
}

bool fault_struck(void)
{
    return atomic_load(&struck);
}

unsigned fault_strikes_here(void)
{
    return strikes_here;
}

void fault_pause(void)
{
    pauses++;
}

void fault_resume(void)
{
    pauses--;
}

bool fault_someone_sleeps(void)
{
    return atomic_load(&sleepers) > 0;
}

void sleep_begins(bool endless)
{
    if (endless)
        atomic_fetch_add(&sleepers, 1);
}

void sleep_ends(bool endless)
{
    if (endless)
        atomic_fetch_sub(&sleepers, 1);
}

void fault_meanwhile(enum call call, void (*run)(void))
{
    intruded = call;
    intruder = run;
}

static void let_intrude(enum call call)
{
    void (*run)(void) = intruder;
    if (!run || call != intruded)
        return;
    intruder = NULL;
    run();
}

int strike(enum call call)
{
    if (pauses > 0)
        return 0;
    let_intrude(call);
    unsigned use = atomic_fetch_add(&uses[call], 1) + 1;
    if (call != order.call || use != order.nth)
        return 0;
    strikes_here++;
    atomic_store(&struck, true);
    return order.error;
}

const char *fault_errno_name(int error)
{
    const char *name = strerrorname_np(error);
    return name ? name : "?";
}

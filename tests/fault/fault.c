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

static struct fault ordered;
static atomic_uint uses_of[CALLS];
static atomic_bool has_struck;
static atomic_int sleepers;
static enum call intruded;
static void (*intruder)(void);
static _Thread_local unsigned strikes_here;
static _Thread_local int pauses;

void fault_order(struct fault fault)
{
    for (int i = 0; i < CALLS; i++)
        atomic_store(&uses_of[i], 0);
    atomic_store(&has_struck, false);
    ordered = fault;
}

struct fault fault_ordered(void)
{
    return ordered;
}

unsigned fault_uses(enum call call)
{
    return atomic_load(&uses_of[call]);
}

bool fault_struck(void)
{
    return atomic_load(&has_struck);
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
    unsigned use = atomic_fetch_add(&uses_of[call], 1) + 1;
    if (call != ordered.call || use != ordered.nth)
        return 0;
    strikes_here++;
    atomic_store(&has_struck, true);
    return ordered.error;
}

const char *fault_errno_name(int error)
{
    const char *name = strerrorname_np(error);
    return name ? name : "?";
}

/* SPDX-License-Identifier: MIT */
/* Registering many descriptors: until tables grow, and in one batch. */
#define _GNU_SOURCE

#include "sweep.h"

#include "fault.h"

#include <errno.h>
#include <unistd.h>

enum { MOST = 90 };

/* --- tables that grow --- */

static void many_scenario(void)
{
    struct loop loop = loop_open(0, 16);
    int ends[2];
    int copies[MOST];
    open_pair(ends);
    for (int i = 0; i < MOST; i++) {
        copies[i] = dup(ends[NEAR]);
        HOLDS(copies[i] >= 0);
    }
    /* Only some have to be one-shot for the table by descriptor to grow. */
    for (int i = 0; i < MOST; i++) {
        mio_interest interest = i % 10 == 9 ? BOTH | MIO_ONESHOT : MIO_READABLE;
        STEP_OR(0, mio_registry_register(loop.registry, copies[i], ONE, interest)) {
            expect_unregistered(&loop, copies[i]);
        }
    }
    for (int i = 0; i < MOST; i++) {
        STEP(0, mio_registry_deregister(loop.registry, copies[i]));
        HOLDS(close(copies[i]) == 0);
    }
    close_ends(ends);
    loop_close(&loop);
}

TEST(many)
{
    sweep("many", many_scenario, MEMORY);
}

/* --- a batch --- */

/* Applies; what the fault refused is what failed, alone or all of one call, and can be applied
 * again. */
static void apply(struct loop *loop, struct mio_change *changes, size_t n)
{
    unsigned strikes = fault_strikes_here();
    int succeeded = mio_registry_apply(loop->registry, changes, n);
    bool struck = fault_strikes_here() != strikes;
    int counted = 0;
    struct mio_change failed[8];
    size_t left = 0;
    for (size_t i = 0; i < n; i++) {
        counted += changes[i].result == 0;
        if (changes[i].result < 0)
            failed[left++] = changes[i];
    }
    HOLDS(succeeded == counted);
    HOLDS(struck || left == 0);
    if (left == 0)
        return;
    for (size_t i = 0; i < left; i++) {
        if (failed[i].kind == MIO_REGISTER)
            expect_unregistered(loop, failed[i].fd);
        if (failed[i].kind == MIO_REREGISTER && sweeps("kqueue")) {
            (void)mio_registry_deregister(loop->registry, failed[i].fd);
            failed[i].kind = MIO_REGISTER;
        }
        failed[i].result = 1;
    }
    HOLDS(mio_registry_apply(loop->registry, failed, left) == (int)left);
}

static void batch_scenario(void)
{
    struct loop loop = loop_open(0, 16);
    int one[2], two[2], three[2];
    open_pair(one);
    open_pair(two);
    open_pair(three);
    struct mio_change arrivals[] = {
        {.kind = MIO_REGISTER, .fd = one[NEAR], .token = ONE, .interest = BOTH},
        {.kind = MIO_REGISTER, .fd = two[NEAR], .token = TWO, .interest = BOTH | MIO_LEVEL},
        {.kind = MIO_REGISTER, .fd = three[NEAR], .token = THREE, .interest = BOTH | MIO_ONESHOT},
    };
    apply(&loop, arrivals, 3);
    struct mio_change changes[] = {
        {.kind = MIO_REREGISTER, .fd = one[NEAR], .token = ONE, .interest = MIO_READABLE},
        {.kind = MIO_DEREGISTER, .fd = two[NEAR]},
        {.kind = MIO_REREGISTER, .fd = three[NEAR], .token = THREE, .interest = MIO_READABLE},
    };
    apply(&loop, changes, 3);
    put(one[FAR], "x");
    put(two[FAR], "x");
    put(three[FAR], "x");
    await(&loop, ONE, MIO_READABLE);
    struct mio_change departures[] = {
        {.kind = MIO_DEREGISTER, .fd = one[NEAR]},
        {.kind = MIO_DEREGISTER, .fd = three[NEAR]},
    };
    apply(&loop, departures, 2);
    silent(&loop);
    close_ends(one);
    close_ends(two);
    close_ends(three);
    loop_close(&loop);
}

TEST(batch)
{
    sweep("batch", batch_scenario, IN_PROCESS);
}

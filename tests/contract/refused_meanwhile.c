/* SPDX-License-Identifier: MIT */
/*
 * REG4 while another thread waits: nobody is handed the token of a change that was refused. What
 * the change would have watched is ready all the time, so that an event comes as soon as the kernel
 * is told of it.
 */
#define _GNU_SOURCE

#include "facts/facts.h"
#include "support.h"

#include <errno.h>
#include <sched.h>
#include <stdatomic.h>

enum { TRIES = 1000, LAST = 1, REFUSED = 2, KEPT = 3, TOKENS = 4 };

struct waiter {
    struct loop loop;
    pthread_t thread;
    atomic_int seen[TOKENS];
};

static void *wait_for_last(void *argument)
{
    struct waiter *waiter = argument;
    while (atomic_load(&waiter->seen[LAST]) == 0) {
        if (loop_wait(&waiter->loop, 100 * SECOND) <= 0)
            break;
        mio_events_each(event, waiter->loop.events) {
            mio_token token = mio_event_token(event);
            atomic_fetch_add(&waiter->seen[token < TOKENS ? token : 0], 1);
        }
    }
    return NULL;
}

static void waiter_start(struct waiter *waiter, bool mediated)
{
    waiter->loop = loop_open();
    for (int i = 0; i < TOKENS; i++)
        atomic_init(&waiter->seen[i], 0);
    if (mediated)
        mio_waker_free(waker_open(&waiter->loop, LAST));
    waiter->thread = thread_start(wait_for_last, waiter);
}

/* Ends the waits with an event of a descriptor, which needs no waker. */
static void waiter_stop(struct waiter *waiter, int ready)
{
    CHECK_EQ(mio_registry_register(waiter->loop.registry, ready, LAST, MIO_WRITABLE), 0);
    (void)thread_join(waiter->thread);
    CHECK(atomic_load(&waiter->seen[LAST]) > 0);
    CHECK_EQ(atomic_load(&waiter->seen[REFUSED]), 0);
    loop_close(&waiter->loop);
}

TEST(reg4_the_token_of_an_unknown_reregistration_is_not_delivered)
{
    skip_if_excepted(__func__);

    static const mio_interest interests[] = {MIO_READABLE | MIO_LEVEL, MIO_READABLE,
                                             MIO_READABLE | MIO_WRITABLE | MIO_ONESHOT};

    for (int mediated = 0; mediated < 2; mediated++) {
        for (size_t i = 0; i < sizeof interests / sizeof interests[0]; i++) {
            struct waiter waiter;
            int ends[2];
            int others[2];
            open_pair(ends);
            open_pair(others);
            put(ends[FAR], "x");
            waiter_start(&waiter, mediated != 0);
            for (int try = 0; try < TRIES; try++)
                CHECK_EQ(mio_registry_reregister(waiter.loop.registry, ends[NEAR], REFUSED,
                                                 interests[i]),
                         -ENOENT);
            waiter_stop(&waiter, others[NEAR]);
            close_pair(ends);
            close_pair(others);
        }
    }
}

TEST(reg4_the_tokens_of_a_refused_batch_are_not_delivered)
{
    skip_if_excepted(__func__);

    enum { CHANGES = 6 };
    struct waiter waiter;
    int others[2];
    int ends[CHANGES][2];
    struct mio_change changes[CHANGES];

    open_pair(others);
    waiter_start(&waiter, false);
    for (int i = 0; i < CHANGES; i++) {
        open_pair(ends[i]);
        put(ends[i][FAR], "x");
        changes[i] = (struct mio_change){.kind = MIO_REREGISTER,
                                         .fd = ends[i][NEAR],
                                         .token = REFUSED,
                                         .interest = MIO_READABLE};
    }
    for (int try = 0; try < TRIES; try++) {
        CHECK_EQ(mio_registry_apply(waiter.loop.registry, changes, CHANGES), 0);
        for (int i = 0; i < CHANGES; i++)
            CHECK_EQ(changes[i].result, -ENOENT);
    }
    waiter_stop(&waiter, others[NEAR]);
    close_pair(others);
    for (int i = 0; i < CHANGES; i++)
        close_pair(ends[i]);
}

/* Registering after the refusal is heard, whatever was fetched and dropped before. */
TEST(reg4_what_is_registered_after_a_refusal_is_heard_meanwhile)
{
    skip_if_excepted(__func__);

    struct waiter waiter;
    int others[2];
    open_pair(others);
    waiter_start(&waiter, false);
    for (int try = 0; try < TRIES / 4; try++) {
        int ends[2];
        open_pair(ends);
        put(ends[FAR], "x");
        int before = atomic_load(&waiter.seen[KEPT]);
        int64_t begun = test_now();
        CHECK_EQ(mio_registry_reregister(waiter.loop.registry, ends[NEAR], KEPT, MIO_READABLE),
                 -ENOENT);
        REQUIRE_EQ(mio_registry_register(waiter.loop.registry, ends[NEAR], KEPT, MIO_READABLE), 0);
        while (atomic_load(&waiter.seen[KEPT]) == before && !time_is_up(begun, 100 * SECOND))
            sched_yield();
        CHECK(atomic_load(&waiter.seen[KEPT]) > before);
        CHECK_EQ(mio_registry_deregister(waiter.loop.registry, ends[NEAR]), 0);
        close_pair(ends);
    }
    waiter_stop(&waiter, others[NEAR]);
    close_pair(others);
}

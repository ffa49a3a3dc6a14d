/* SPDX-License-Identifier: MIT */
/* Receipts as the model never gives them, and a kqueue that is a library may: one is missing, or an
 * event has come in its place, which must not be lost (K3). */
#define _GNU_SOURCE

#include "redirected_kqueue.h"
#include "sweep.h"

#include <errno.h>

#if defined(MIO_RECORD_KEVENT)

#include <string.h>

enum { STOLEN = 3 };

static int logs_of_memory;

static void count_log(int error, const char *what, void *user)
{
    (void)user;
    (void)what;
    logs_of_memory += error == -ENOMEM;
}

static struct kevent stolen;

static void steal(struct kevent *list, int count)
{
    CHECK(count >= 2);
    list[0] = stolen;
}

static void steal_without_memory(struct kevent *list, int count)
{
    steal(list, count);
    test_fail_allocation(1);
}

static void steal_twice(struct kevent *list, int count)
{
    steal(list, count);
    list[1] = stolen;
}

/* A receipt of nothing that was asked for. */
static void confuse(struct kevent *list, int count)
{
    CHECK(count >= 2);
    list[0].ident = (uintptr_t)-2;
    list[0].data = ENOMEM;
}

static void receive(void (*how)(struct kevent *list, int count), bool arrives)
{
    struct mio_options options = {.backend = swept_backend(), .log = count_log};
    struct loop loop = {.poll = NULL};
    int other[2];
    int ends[2];
    logs_of_memory = 0;
    REQUIRE_EQ(mio_poll_new(&options, &loop.poll), 0);
    loop.registry = mio_poll_registry(loop.poll);
    REQUIRE_EQ(mio_events_new(8, NULL, &loop.events), 0);
    open_pair(other);
    open_pair(ends);
    memset(&stolen, 0, sizeof stolen);
    stolen.ident = (uintptr_t)other[NEAR];
    stolen.filter = EVFILT_READ;
    stolen.flags = EV_CLEAR;
    stolen.udata = (__typeof__(stolen.udata))STOLEN;

    put(ends[FAR], "x");
    fault_rewrite_results(how);
    CHECK_EQ(mio_registry_register(loop.registry, ends[NEAR], ONE, BOTH), 0);
    CHECK_EQ(logs_of_memory, how == steal_without_memory ? 1 : 0);
    uint32_t seen[STOLEN + 1] = {0};
    while (mio_poll_wait(loop.poll, loop.events, 0) > 0) {
        mio_events_each(event, loop.events) {
            REQUIRE(mio_event_token(event) <= STOLEN);
            CHECK_EQ(seen[mio_event_token(event)] & mio_event_readiness(event), 0);
            seen[mio_event_token(event)] |= mio_event_readiness(event);
        }
    }
    CHECK_EQ(seen[ONE], BOTH);
    CHECK_EQ(seen[STOLEN], arrives ? MIO_READABLE : 0);

    /* The number is not taken for registered. */
    CHECK_EQ(mio_registry_deregister(loop.registry, other[NEAR]), -ENOENT);
    CHECK_EQ(mio_registry_deregister(loop.registry, ends[NEAR]), 0);
    close_ends(other);
    close_ends(ends);
    mio_events_free(loop.events);
    mio_poll_free(loop.poll);
}

#endif

TEST(receipts_an_event_among_them_is_kept)
{
#if defined(MIO_RECORD_KEVENT)
    if (!sweeps("kqueue"))
        SKIP("receipts are a kqueue's");
    receive(steal, true);
    receive(steal_without_memory, false);
#else
    SKIP("receipts are a kqueue's");
#endif
}

TEST(receipts_events_among_them_wait_for_room)
{
#if defined(MIO_RECORD_KEVENT)
    struct loop loop = {.poll = NULL};
    struct mio_options options = {.backend = swept_backend()};
    int other[2];
    int ends[2];
    if (!sweeps("kqueue"))
        SKIP("receipts are a kqueue's");
    REQUIRE_EQ(mio_poll_new(&options, &loop.poll), 0);
    loop.registry = mio_poll_registry(loop.poll);
    REQUIRE_EQ(mio_events_new(1, NULL, &loop.events), 0);
    open_pair(other);
    open_pair(ends);
    for (int left = 2; left >= 0; left -= 2) {
        stolen = (struct kevent){.ident = (uintptr_t)other[NEAR],
                                 .filter = EVFILT_READ,
                                 .udata = (__typeof__(stolen.udata))STOLEN};
        fault_rewrite_results(steal_twice);
        CHECK_EQ(mio_registry_register(loop.registry, ends[NEAR], ONE, BOTH | MIO_ONESHOT), 0);
        CHECK_EQ(mio_registry_deregister(loop.registry, ends[NEAR]), 0);
        /* Its registration would end what is pending of a descriptor. */
        if (left == 0)
            CHECK_EQ(mio_registry_register(loop.registry, other[NEAR], TWO, MIO_READABLE), 0);
        for (int i = 0; i < left; i++) {
            CHECK_EQ(mio_poll_wait(loop.poll, loop.events, 0), 1);
            CHECK_EQ(mio_event_token(mio_events_get(loop.events, 0)), STOLEN);
        }
        CHECK_EQ(mio_poll_wait(loop.poll, loop.events, 0), 0);
    }
    close_ends(other);
    close_ends(ends);
    mio_events_free(loop.events);
    mio_poll_free(loop.poll);
#else
    SKIP("receipts are a kqueue's");
#endif
}

TEST(receipts_of_nothing_are_ignored)
{
#if defined(MIO_RECORD_KEVENT)
    if (!sweeps("kqueue"))
        SKIP("receipts are a kqueue's");
    receive(confuse, false);
#else
    SKIP("receipts are a kqueue's");
#endif
}

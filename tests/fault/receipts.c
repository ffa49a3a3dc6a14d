/* SPDX-License-Identifier: MIT */
/* Receipts as the model never gives them, and a kqueue that is a library may: one is missing, or an
 * event has come in its place, which must not be lost (K3). */
#define _GNU_SOURCE

#include "redirected_kqueue.h"
#include "sweep.h"

#include <errno.h>

#if defined(MIO_RECORD_KEVENT)

#include <string.h>
#include <unistd.h>

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

static void steal_without_room(struct kevent *list, int count)
{
    steal(list, count);
    test_fail_allocation(2);
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

/* Not in the order of their changes. */
static void swap(struct kevent *list, int count)
{
    CHECK(count >= 2);
    struct kevent first = list[0];
    list[0] = list[1];
    list[1] = first;
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
    bool is_short = how == steal_without_memory || how == steal_without_room;
    CHECK_EQ(logs_of_memory, is_short ? 1 : 0);
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
    receive(steal_without_room, false);
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

/* --- what the event is of --- */

#if defined(MIO_RECORD_KEVENT)

/* Two pairs; the events of `other` are stolen. */
struct theft {
    struct loop loop;
    int other[2];
    int ends[2];
};

static struct theft theft_begin(int filter, unsigned fflags)
{
    struct theft theft = {.loop = {.poll = NULL}};
    struct mio_options options = {.backend = swept_backend()};
    REQUIRE_EQ(mio_poll_new(&options, &theft.loop.poll), 0);
    theft.loop.registry = mio_poll_registry(theft.loop.poll);
    REQUIRE_EQ(mio_events_new(8, NULL, &theft.loop.events), 0);
    open_pair(theft.other);
    open_pair(theft.ends);
    memset(&stolen, 0, sizeof stolen);
    stolen.ident = (uintptr_t)theft.other[NEAR];
    stolen.filter = (__typeof__(stolen.filter))filter;
    stolen.flags = EV_CLEAR;
    stolen.fflags = (__typeof__(stolen.fflags))fflags;
    stolen.udata = (__typeof__(stolen.udata))STOLEN;
    return theft;
}

static void take_place(struct theft *theft)
{
    fault_rewrite_results(steal);
    CHECK_EQ(mio_registry_register(theft->loop.registry, theft->ends[NEAR], ONE, BOTH), 0);
    CHECK_EQ(mio_registry_deregister(theft->loop.registry, theft->ends[NEAR]), 0);
}

static void theft_end(struct theft *theft)
{
    CHECK_EQ(mio_poll_wait(theft->loop.poll, theft->loop.events, 0), 0);
    close_ends(theft->other);
    close_ends(theft->ends);
    mio_events_free(theft->loop.events);
    mio_poll_free(theft->loop.poll);
}

#endif

TEST(receipts_urgent_data_among_them_is_kept)
{
#if defined(MIO_RECORD_KEVENT) && defined(EVFILT_EXCEPT)
    if (!sweeps("kqueue"))
        SKIP("receipts are a kqueue's");
    for (int urgent = 0; urgent < 2; urgent++) {
        struct theft theft = theft_begin(EVFILT_EXCEPT, urgent ? NOTE_OOB : 0);
        take_place(&theft);
        CHECK_EQ(mio_poll_wait(theft.loop.poll, theft.loop.events, 0), urgent);
        mio_events_each(event, theft.loop.events) {
            CHECK_EQ(mio_event_readiness(event), MIO_PRIORITY | MIO_READABLE);
        }
        theft_end(&theft);
    }
#else
    SKIP("this kernel has no filter for it");
#endif
}

TEST(receipts_data_among_them_is_no_end)
{
#if defined(MIO_RECORD_KEVENT)
    if (!sweeps("kqueue"))
        SKIP("receipts are a kqueue's");
    struct theft theft = theft_begin(EVFILT_READ, 0);
    CHECK_EQ(mio_registry_register(theft.loop.registry, theft.other[NEAR], STOLEN, MIO_READ_CLOSED),
             0);
    take_place(&theft);
    CHECK_EQ(mio_poll_wait(theft.loop.poll, theft.loop.events, 0), 0);
    CHECK_EQ(mio_registry_deregister(theft.loop.registry, theft.other[NEAR]), 0);
    theft_end(&theft);
#else
    SKIP("receipts are a kqueue's");
#endif
}

TEST(receipts_an_event_among_them_goes_with_its_descriptor)
{
#if defined(MIO_RECORD_KEVENT)
    if (!sweeps("kqueue"))
        SKIP("receipts are a kqueue's");
    struct theft theft = theft_begin(EVFILT_READ, 0);
    struct mio_registry *registry = theft.loop.registry;
    int near = theft.other[NEAR];
    int pipe[2];

    /* Deregistered before it is handed over; closed before; and another file by then. */
    take_place(&theft);
    CHECK_EQ(mio_registry_deregister(registry, near), 0);
    CHECK_EQ(mio_poll_wait(theft.loop.poll, theft.loop.events, 0), 0);
    take_place(&theft);
    CHECK_EQ(close(near), 0);
    CHECK_EQ(mio_poll_wait(theft.loop.poll, theft.loop.events, 0), 0);
    open_pipe(pipe);
    REQUIRE(pipe[NEAR] == near || dup2(pipe[NEAR], near) == near);
    take_place(&theft);
    REQUIRE_EQ(dup2(theft.other[FAR], near), near);
    CHECK_EQ(mio_registry_register(registry, near, TWO, MIO_READABLE), 0);
    CHECK_EQ(mio_registry_deregister(registry, near), 0);
    theft_end(&theft);
    if (pipe[NEAR] != near)
        CHECK_EQ(close(pipe[NEAR]), 0);
    CHECK_EQ(close(pipe[FAR]), 0);
#else
    SKIP("receipts are a kqueue's");
#endif
}

TEST(receipts_an_event_of_nothing_is_told_to_the_log)
{
#if defined(MIO_RECORD_KEVENT)
    if (!sweeps("kqueue"))
        SKIP("receipts are a kqueue's");
    struct theft theft = theft_begin(EVFILT_READ, 0);
    stolen.ident = 1000000;
    take_place(&theft);
    theft_end(&theft);
#else
    SKIP("receipts are a kqueue's");
#endif
}

TEST(receipts_may_come_in_another_order)
{
#if defined(MIO_RECORD_KEVENT)
    if (!sweeps("kqueue"))
        SKIP("receipts are a kqueue's");
    receive(swap, false);
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

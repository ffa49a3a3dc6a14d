/* SPDX-License-Identifier: MIT */
/*
 * A kqueue that is a library may hand out an event in the place of a receipt (K3). Nothing of it
 * may be lost, whatever it is of.
 */
#define _GNU_SOURCE

#include "kqueue_model.h"

#if defined(HAVE_MODEL)

#include <mio/kqueue.h>
#include <poll.h>

static bool reads_as_ready(int fd)
{
    struct pollfd ask = {.fd = fd, .events = POLLIN};
    return poll(&ask, 1, 0) == 1;
}

/* The call that registers it hands out its first event. */
TEST(reg2_an_event_that_comes_with_its_registration_is_kept)
{
    int ends[2];
    struct loop loop = model_open(ends);

    kqmodel_lose_receipts(true);
    REQUIRE_EQ(mio_registry_register(loop.registry, ends[NEAR], 1, BOTH), 0);
    EXPECT_ONE(&loop, 1, MIO_WRITABLE);
    REQUIRE_EQ(mio_registry_reregister(loop.registry, ends[NEAR], 2, BOTH), 0);
    EXPECT_ONE(&loop, 2, MIO_WRITABLE);
    kqmodel_lose_receipts(false);
    model_close(&loop, ends);
}

TEST(reg2_an_event_that_comes_with_a_batch_is_kept)
{
    int ends[2];
    struct loop loop = model_open(ends);
    struct mio_change changes[] = {
        {.kind = MIO_REGISTER, .fd = ends[NEAR], .token = 1, .interest = BOTH},
        {.kind = MIO_REGISTER, .fd = ends[FAR], .token = 2, .interest = BOTH},
    };

    kqmodel_lose_receipts(true);
    CHECK_EQ(mio_registry_apply(loop.registry, changes, 2), 2);
    kqmodel_lose_receipts(false);
    EXPECT_EVENTS(&loop, {1, MIO_WRITABLE}, {2, MIO_WRITABLE});
    model_close(&loop, ends);
}

/* The thread that the doorbell was rung for may sleep: it must stay rung. */
TEST(wake1_a_doorbell_that_comes_with_a_registration_is_rung_again)
{
    for (int kind = 0; kind < WAKER_KINDS; kind++) {
        int ends[2];
        kqmodel_reset();
        struct loop loop = loop_open_flags(waker_kinds[kind]);
        struct mio_waker *waker = waker_open(&loop, 9);
        int fd = mio_poll_fd(loop.poll);

        open_pair(ends);
        EXPECT_NOTHING(&loop);
        CHECK_EQ(mio_waker_wake(waker), 0);
        CHECK(reads_as_ready(fd));
        kqmodel_lose_receipts(true);
        REQUIRE_EQ(mio_registry_register(loop.registry, ends[NEAR], 1, MIO_READABLE), 0);
        kqmodel_lose_receipts(false);
        CHECK(reads_as_ready(fd));
        EXPECT_ONE(&loop, 9, MIO_READABLE);
        CHECK(!reads_as_ready(fd));

        mio_waker_free(waker);
        model_close(&loop, ends);
    }
}

/* Its ident is no descriptor, and need not be one that is open. */
TEST(reg2_a_programs_own_event_that_comes_with_a_registration_is_kept)
{
    static const uintptr_t idents[] = {77, (uintptr_t)-1, 0};
    for (size_t i = 0; i < sizeof idents / sizeof idents[0]; i++) {
        int ends[2];
        struct loop loop = model_open(ends);
        struct mio_registry *registry = loop.registry;
        uintptr_t ident = idents[i];

        REQUIRE_EQ(mio_kqueue_register(registry, ident, EVFILT_USER, EV_ADD | EV_CLEAR, 0, 0, 5),
                   0);
        REQUIRE_EQ(mio_kqueue_register(registry, ident, EVFILT_USER, 0, NOTE_TRIGGER, 0, 5), 0);
        kqmodel_lose_receipts(true);
        REQUIRE_EQ(mio_registry_register(registry, ends[NEAR], 1, MIO_READABLE), 0);
        kqmodel_lose_receipts(false);
        EXPECT_ONE(&loop, 5, MIO_READABLE);
        model_close(&loop, ends);
    }
}

/* The end of what was registered is the end of its events. */
TEST(reg6_an_event_that_came_with_a_registration_goes_with_its_own)
{
    int ends[2];
    int others[2];
    struct loop loop = model_open(ends);

    open_pair(others);
    REQUIRE_EQ(mio_registry_register(loop.registry, others[NEAR], 2, MIO_READABLE), 0);
    put(others[FAR], "x");
    kqmodel_lose_receipts(true);
    REQUIRE_EQ(mio_registry_register(loop.registry, ends[NEAR], 1, MIO_READABLE), 0);
    kqmodel_lose_receipts(false);
    CHECK_EQ(mio_registry_deregister(loop.registry, others[NEAR]), 0);
    EXPECT_NOTHING(&loop);
    close_pair(others);
    model_close(&loop, ends);
}

#endif

/* SPDX-License-Identifier: MIT */
/* The poll's own descriptor, by which another event loop waits for it. */
#define _GNU_SOURCE

#include "facts/facts.h"
#include "support.h"

#include <errno.h>
#include <poll.h>

TEST(wake1_the_polls_descriptor_becomes_readable)
{
    skip_if_excepted(__func__);

    for (int i = 0; i < WAKER_KINDS; i++) {
        struct loop inner = loop_open_flags(waker_kinds[i]);
        struct loop outer = loop_open();
        struct mio_waker *waker = waker_open(&inner, 3);
        int fd = mio_poll_fd(inner.poll);
        int ends[2];

        REQUIRE(fd >= 0);
        CHECK_EQ(mio_poll_fd(inner.poll), fd);
        open_pair(ends);
        REQUIRE_EQ(mio_registry_register(inner.registry, ends[NEAR], 1, MIO_READABLE), 0);
        EXPECT_NOTHING(&inner);
        REQUIRE_EQ(mio_registry_register(outer.registry, fd, 9, MIO_READABLE | MIO_LEVEL), 0);
        EXPECT_NOTHING(&outer);
        for (int round = 0; round < 3; round++) {
            put(ends[FAR], "x");
            AWAIT_EVENTS(&outer, {9, MIO_READABLE});
            EXPECT_ONE(&inner, 1, MIO_READABLE);
            drain_again(&inner, ends[NEAR], MIO_READABLE);
            EXPECT_NOTHING(&outer);
            CHECK_EQ(mio_waker_wake(waker), 0);
            AWAIT_EVENTS(&outer, {9, MIO_READABLE});
            EXPECT_ONE(&inner, 3, MIO_READABLE);
            EXPECT_NOTHING(&outer);
        }

        CHECK_EQ(mio_registry_deregister(outer.registry, fd), 0);
        close_pair(ends);
        mio_waker_free(waker);
        loop_close(&inner);
        loop_close(&outer);
    }
}

/*
 * Readable when a wait would deliver, and not because somebody asked for the descriptor. Making a
 * poll's first waker is allowed to make it readable once.
 */
TEST(wake1_the_polls_descriptor_is_quiet_when_nothing_is_ready)
{
    skip_if_excepted(__func__);

    for (int i = 0; i < WAKER_KINDS; i++) {
        struct loop loop = loop_open_flags(waker_kinds[i]);
        struct mio_waker *waker = waker_open(&loop, 3);
        struct pollfd waiting = {.fd = mio_poll_fd(loop.poll), .events = POLLIN};

        REQUIRE(waiting.fd >= 0);
        EXPECT_NOTHING(&loop);
        CHECK_EQ(poll(&waiting, 1, 0), 0);
        EXPECT_NOTHING(&loop);
        CHECK_EQ(poll(&waiting, 1, 0), 0);

        mio_waker_free(waker);
        loop_close(&loop);
    }
}

/* A wake that came before anybody asked for the descriptor is no less a reason to be readable. */
TEST(wake1_the_polls_descriptor_tells_of_an_earlier_wake)
{
    skip_if_excepted(__func__);

    for (int i = 0; i < WAKER_KINDS; i++) {
        struct loop inner = loop_open_flags(waker_kinds[i]);
        struct loop outer = loop_open();
        struct mio_waker *waker = waker_open(&inner, 3);

        /* What making the waker has rung for is used up first. */
        EXPECT_NOTHING(&inner);
        CHECK_EQ(mio_waker_wake(waker), 0);
        int fd = mio_poll_fd(inner.poll);
        REQUIRE(fd >= 0);
        REQUIRE_EQ(mio_registry_register(outer.registry, fd, 9, MIO_READABLE | MIO_LEVEL), 0);
        AWAIT_EVENTS(&outer, {9, MIO_READABLE});
        EXPECT_ONE(&inner, 3, MIO_READABLE);
        EXPECT_NOTHING(&outer);

        CHECK_EQ(mio_registry_deregister(outer.registry, fd), 0);
        mio_waker_free(waker);
        loop_close(&inner);
        loop_close(&outer);
    }
}

/* In an event loop that is no poll of this library. */
TEST(wake1_the_polls_descriptor_can_be_polled)
{
    skip_if_excepted(__func__);

    for (int i = 0; i < WAKER_KINDS; i++) {
        struct loop loop = loop_open_flags(waker_kinds[i]);
        struct mio_waker *waker = waker_open(&loop, 3);
        struct pollfd waiting = {.fd = mio_poll_fd(loop.poll), .events = POLLIN};
        int ends[2];

        REQUIRE(waiting.fd >= 0);
        EXPECT_NOTHING(&loop);
        CHECK_EQ(poll(&waiting, 1, 0), 0);
        open_pair(ends);
        REQUIRE_EQ(mio_registry_register(loop.registry, ends[NEAR], 1, MIO_READABLE), 0);
        for (int round = 0; round < 3; round++) {
            put(ends[FAR], "x");
            CHECK_EQ(poll(&waiting, 1, 10000), 1);
            EXPECT_ONE(&loop, 1, MIO_READABLE);
            drain_again(&loop, ends[NEAR], MIO_READABLE);
            CHECK_EQ(poll(&waiting, 1, 0), 0);
            CHECK_EQ(mio_waker_wake(waker), 0);
            CHECK_EQ(poll(&waiting, 1, 10000), 1);
            EXPECT_ONE(&loop, 3, MIO_READABLE);
            CHECK_EQ(poll(&waiting, 1, 0), 0);
        }

        close_pair(ends);
        mio_waker_free(waker);
        loop_close(&loop);
    }
}

/* Both directions are ready, room is for one, and the other is silenced with it. */
TEST(wake1_the_polls_descriptor_after_a_spent_oneshot)
{
    skip_if_excepted(__func__);

    struct loop loop = loop_open_with(NULL, 1);
    struct pollfd waiting = {.fd = mio_poll_fd(loop.poll), .events = POLLIN};
    int ends[2];

    REQUIRE(waiting.fd >= 0);
    open_pair(ends);
    put(ends[FAR], "x");
    REQUIRE_EQ(mio_registry_register(loop.registry, ends[NEAR], 1,
                                     MIO_READABLE | MIO_WRITABLE | MIO_ONESHOT),
               0);
    CHECK_EQ(loop_wait(&loop, 0), 1);
    if (fact("a silenced direction makes the poll's descriptor readable once") == 0)
        CHECK_EQ(poll(&waiting, 1, 0), 0);
    EXPECT_NOTHING(&loop);
    CHECK_EQ(poll(&waiting, 1, 0), 0);

    close_pair(ends);
    loop_close(&loop);
}

TEST(wake1_the_polls_descriptor_needs_a_poll)
{
    CHECK_EQ(mio_poll_fd(null()), -EINVAL);
    CHECK_EQ(mio_registry_fd(null()), -EINVAL);
}

/* There is nothing to wake by before somebody makes a waker, who finds out who sleeps. */
TEST(wake1_the_polls_descriptor_was_asked_for_before_the_first_waker)
{
    skip_if_excepted(__func__);

    for (int i = 0; i < WAKER_KINDS; i++) {
        struct loop inner = loop_open_flags(waker_kinds[i]);
        struct loop outer = loop_open();
        int before = test_open_descriptors();
        int fd = mio_poll_fd(inner.poll);

        REQUIRE(fd >= 0);
        CHECK_EQ(test_open_descriptors(), before);
        REQUIRE_EQ(mio_registry_register(outer.registry, fd, 9, MIO_READABLE | MIO_LEVEL), 0);
        EXPECT_NOTHING(&outer);
        struct mio_waker *waker = waker_open(&inner, 3);
        for (int round = 0; round < 3; round++) {
            EXPECT_NOTHING(&inner);
            CHECK_EQ(mio_waker_wake(waker), 0);
            AWAIT_EVENTS(&outer, {9, MIO_READABLE});
            EXPECT_ONE(&inner, 3, MIO_READABLE);
            EXPECT_NOTHING(&outer);
        }

        CHECK_EQ(mio_registry_deregister(outer.registry, fd), 0);
        mio_waker_free(waker);
        loop_close(&inner);
        loop_close(&outer);
    }
}

/* The number alone: waking stays what it was. */
TEST(wake3_the_registrys_descriptor_makes_no_wake_dearer)
{
    skip_if_excepted(__func__);

    for (int i = 0; i < WAKER_KINDS; i++) {
        struct loop loop = loop_open_flags(waker_kinds[i]);
        struct mio_waker *waker = waker_open(&loop, 3);
        struct pollfd waiting = {.fd = mio_registry_fd(loop.registry), .events = POLLIN};

        REQUIRE(waiting.fd >= 0);
        EXPECT_NOTHING(&loop);
        CHECK_EQ(mio_waker_wake(waker), 0);
        CHECK_EQ(poll(&waiting, 1, 0), 0);
        EXPECT_ONE(&loop, 3, MIO_READABLE);
        CHECK_EQ(mio_poll_fd(loop.poll), waiting.fd);
        CHECK_EQ(mio_waker_wake(waker), 0);
        CHECK_EQ(poll(&waiting, 1, 10000), 1);
        EXPECT_ONE(&loop, 3, MIO_READABLE);

        mio_waker_free(waker);
        loop_close(&loop);
    }
}

/* SPDX-License-Identifier: MIT */
/*
 * What is peculiar to event ports: what is asked of the kernel and how often, what is made of an
 * event that is late, and of a refusal in between. The model counts and refuses.
 */
#define _GNU_SOURCE

#include "support.h"

#include "portmodel.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

enum { ROUNDS = 20 };

static unsigned calls(enum portmodel_call call)
{
    return portmodel_count(call);
}

/* --- cost --- */

TEST(ports1_an_event_costs_one_association_however_it_is_drained)
{
    struct loop loop = loop_open();
    int ends[2];

    open_pair(ends);
    portmodel_reset();
    REQUIRE_EQ(mio_registry_register(loop.registry, ends[NEAR], 1, MIO_READABLE), 0);
    CHECK_EQ(calls(PORTMODEL_ASSOCIATE), 1);
    for (int i = 0; i < ROUNDS; i++) {
        put(ends[FAR], "x");
        CHECK_EQ(mio_poll_wait(loop.poll, loop.events, 0), 1);
        drain_again(&loop, ends[NEAR], MIO_READABLE);
    }
    CHECK_EQ(calls(PORTMODEL_ASSOCIATE), ROUNDS);
    CHECK_EQ(calls(PORTMODEL_GET), ROUNDS);
    CHECK_EQ(mio_registry_deregister(loop.registry, ends[NEAR]), 0);

    close_pair(ends);
    loop_close(&loop);
}

TEST(ports2_a_wait_is_so_many_calls)
{
    struct loop loop = loop_open();
    int ends[2];

    open_pair(ends);
    REQUIRE_EQ(mio_registry_register(loop.registry, ends[NEAR], 1, MIO_READABLE), 0);
    portmodel_reset();
    CHECK_EQ(mio_poll_wait(loop.poll, loop.events, MILLISECOND), 0);
    CHECK_EQ(calls(PORTMODEL_GET), 1);
    CHECK_EQ(calls(PORTMODEL_ASSOCIATE), 0);
    CHECK_EQ(mio_poll_wait(loop.poll, loop.events, 0), 0);
    CHECK_EQ(calls(PORTMODEL_GET), 2);

    close_pair(ends);
    loop_close(&loop);
}

TEST(ports3_waking_who_is_awake_costs_no_call)
{
    struct loop loop = loop_open();
    struct mio_waker *waker = waker_open(&loop, 5);

    EXPECT_NOTHING(&loop);
    portmodel_reset();
    for (int i = 0; i < ROUNDS; i++) {
        CHECK_EQ(mio_waker_wake(waker), 0);
        EXPECT_ONE(&loop, 5, MIO_READABLE);
    }
    CHECK_EQ(calls(PORTMODEL_SEND), 0);

    mio_waker_free(waker);
    loop_close(&loop);
}

/* --- S1, S9 --- */

/* An association that were made again as it was would report again, at once and for ever. */
TEST(ports4_what_is_not_drained_is_told_once_and_nothing_spins)
{
    struct loop loop = loop_open();
    int ends[2];

    open_pair(ends);
    REQUIRE_EQ(mio_registry_register(loop.registry, ends[NEAR], 1, MIO_READABLE), 0);
    put(ends[FAR], "x");
    EXPECT_ONE(&loop, 1, MIO_READABLE);
    put(ends[FAR], "y");
    portmodel_reset();
    CHECK_EQ(mio_poll_wait(loop.poll, loop.events, 50 * MILLISECOND), 0);
    CHECK(calls(PORTMODEL_GET) <= 2);
    CHECK(calls(PORTMODEL_ASSOCIATE) <= 1);
    drain_again(&loop, ends[NEAR], MIO_READABLE);
    EXPECT_NOTHING(&loop);
    put(ends[FAR], "z");
    EXPECT_ONE(&loop, 1, MIO_READABLE);

    close_pair(ends);
    loop_close(&loop);
}

TEST(ports5_an_event_that_is_late_is_not_told)
{
    struct loop loop = loop_open();
    int ends[2];

    open_pair(ends);
    REQUIRE_EQ(mio_registry_register(loop.registry, ends[NEAR], 1, MIO_READABLE), 0);
    for (int i = 0; i < 3; i++) {
        put(ends[FAR], "x");
        CHECK_EQ(drain(ends[NEAR]), 1);
        EXPECT_NOTHING(&loop);
    }
    put(ends[FAR], "x");
    EXPECT_ONE(&loop, 1, MIO_READABLE);

    close_pair(ends);
    loop_close(&loop);
}

/* --- S2 --- */

TEST(ports6_either_answer_of_a_kernel_that_finds_nothing_is_taken)
{
    for (int i = 0; i < 2; i++) {
        struct loop loop = loop_open();
        int ends[2];

        portmodel_set_look_ends_in_etime(i == 1);
        open_pair(ends);
        REQUIRE_EQ(mio_registry_register(loop.registry, ends[NEAR], 1, MIO_READABLE), 0);
        EXPECT_NOTHING(&loop);
        put(ends[FAR], "x");
        EXPECT_ONE(&loop, 1, MIO_READABLE);

        close_pair(ends);
        loop_close(&loop);
        portmodel_reset();
    }
}

/* --- refusals --- */

TEST(ports7_a_refused_association_leaves_what_was)
{
    struct loop loop = loop_open();
    int ends[2];

    open_pair(ends);
    portmodel_fail(PORTMODEL_ASSOCIATE, 1, ENOMEM);
    CHECK_EQ(mio_registry_register(loop.registry, ends[NEAR], 1, MIO_READABLE), -ENOMEM);
    CHECK_EQ(mio_registry_deregister(loop.registry, ends[NEAR]), -ENOENT);
    REQUIRE_EQ(mio_registry_register(loop.registry, ends[NEAR], 2, MIO_READABLE), 0);
    portmodel_fail(PORTMODEL_ASSOCIATE, 1, ENOMEM);
    CHECK_EQ(mio_registry_reregister(loop.registry, ends[NEAR], 3, MIO_WRITABLE), -ENOMEM);
    EXPECT_NOTHING(&loop);
    put(ends[FAR], "x");
    EXPECT_ONE(&loop, 2, MIO_READABLE);

    close_pair(ends);
    loop_close(&loop);
    portmodel_reset();
}

TEST(ports8_an_association_that_is_refused_between_two_waits_is_tried_again)
{
    struct loop loop = loop_open();
    int ends[2];

    open_pair(ends);
    REQUIRE_EQ(mio_registry_register(loop.registry, ends[NEAR], 1, MIO_READABLE), 0);
    put(ends[FAR], "x");
    EXPECT_ONE(&loop, 1, MIO_READABLE);
    drain_again(&loop, ends[NEAR], MIO_READABLE);
    put(ends[FAR], "y");
    portmodel_fail(PORTMODEL_ASSOCIATE, 1, ENOMEM);
    AWAIT_EVENTS(&loop, {1, MIO_READABLE});

    /* A wait that is shorter than the time until then tries nothing more. */
    drain_again(&loop, ends[NEAR], MIO_READABLE);
    put(ends[FAR], "z");
    portmodel_fail(PORTMODEL_ASSOCIATE, 1, ENOMEM);
    CHECK_EQ(mio_poll_wait(loop.poll, loop.events, 0), 0);
    portmodel_fail(PORTMODEL_ASSOCIATE, 1, ENOMEM);
    CHECK_EQ(loop_wait(&loop, MIO_FOREVER), 1);

    close_pair(ends);
    loop_close(&loop);
    portmodel_reset();
}

TEST(ports8_what_is_closed_between_two_waits_is_forgotten)
{
    struct loop loop = loop_open();
    int ends[2];

    open_pair(ends);
    REQUIRE_EQ(mio_registry_register(loop.registry, ends[NEAR], 1, MIO_READABLE), 0);
    put(ends[FAR], "x");
    EXPECT_ONE(&loop, 1, MIO_READABLE);
    drain_again(&loop, ends[NEAR], MIO_READABLE);
    CHECK_EQ(close(ends[NEAR]), 0);
    EXPECT_NOTHING(&loop);
    unsigned before = calls(PORTMODEL_ASSOCIATE);
    EXPECT_NOTHING(&loop);
    CHECK_EQ(calls(PORTMODEL_ASSOCIATE), before);
    CHECK_EQ(mio_registry_deregister(loop.registry, ends[NEAR]), -EBADF);

    CHECK_EQ(close(ends[FAR]), 0);
    loop_close(&loop);
}

/* --- descriptors and memory --- */

static void lower_limit(struct rlimit *usual, rlim_t least)
{
    REQUIRE_EQ(getrlimit(RLIMIT_NOFILE, usual), 0);
    struct rlimit lower = {.rlim_cur = least, .rlim_max = usual->rlim_max};
    REQUIRE_EQ(setrlimit(RLIMIT_NOFILE, &lower), 0);
}

TEST(ports11_without_a_descriptor_no_poll_is_made)
{
    struct mio_options options = {.backend = "ports"};
    struct mio_poll *poll = NULL;
    struct rlimit usual;

    lower_limit(&usual, 0);
    CHECK_EQ(mio_poll_new(&options, &poll), -EMFILE);
    CHECK(poll == NULL);
    REQUIRE_EQ(setrlimit(RLIMIT_NOFILE, &usual), 0);
    REQUIRE_EQ(mio_poll_new(&options, &poll), 0);
    mio_poll_free(poll);
}

/* poll(2) takes no more than the limit at once: the events are told as they came. */
TEST(ports11_events_are_told_without_poll)
{
    struct loop loop = loop_open();
    struct rlimit usual;
    int ends[2];

    open_pair(ends);
    put(ends[FAR], "x");
    put(ends[NEAR], "x");
    REQUIRE_EQ(mio_registry_register(loop.registry, ends[NEAR], 1, MIO_READABLE), 0);
    REQUIRE_EQ(mio_registry_register(loop.registry, ends[FAR], 2, MIO_READABLE), 0);
    lower_limit(&usual, 1);
    EXPECT_EVENTS(&loop, {1, MIO_READABLE}, {2, MIO_READABLE});
    REQUIRE_EQ(setrlimit(RLIMIT_NOFILE, &usual), 0);

    close_pair(ends);
    loop_close(&loop);
}

TEST(ports11_what_a_look_finds_and_has_no_room_for_comes_next)
{
    enum { PAIRS = 3 };
    struct loop loop = loop_open_with(NULL, 1);
    int pairs[PAIRS][2];
    unsigned closed = 0;

    for (mio_token i = 0; i < PAIRS; i++) {
        open_pair(pairs[i]);
        REQUIRE_EQ(mio_registry_register(loop.registry, pairs[i][NEAR], i, BOTH), 0);
        CHECK_EQ(loop_wait(&loop, 10 * SECOND), 1);
        CHECK_EQ(shutdown(pairs[i][FAR], SHUT_WR), 0);
        CHECK_EQ(loop_wait(&loop, 10 * SECOND), 1);
    }
    for (int i = 0; i < PAIRS; i++)
        CHECK_EQ(close(pairs[i][FAR]), 0);
    for (int i = 0; i < PAIRS && loop_wait(&loop, 10 * SECOND) == 1; i++) {
        const struct mio_event *event = mio_events_get(loop.events, 0);
        CHECK(mio_event_is_write_closed(event));
        closed |= 1U << mio_event_token(event);
    }
    CHECK_EQ(closed, (1U << PAIRS) - 1);
    for (int i = 0; i < PAIRS; i++)
        CHECK_EQ(close(pairs[i][NEAR]), 0);
    loop_close(&loop);
}

/* A FIFO that has told of its last writer is looked at until somebody writes to it again. */
TEST(ports11_a_look_without_room_goes_on_with_the_next_wait)
{
    enum { FIFOS = 3 };
    struct loop loop = loop_open_with(NULL, 1);
    int ends[FIFOS][2];
    char paths[FIFOS][64];
    unsigned told = 0;

    for (mio_token i = 0; i < FIFOS; i++) {
        snprintf(paths[i], sizeof paths[i], "/tmp/mio-look-%ld-%u", (long)getpid(), (unsigned)i);
        REQUIRE_EQ(mkfifo(paths[i], 0600), 0);
        ends[i][NEAR] = open(paths[i], O_RDONLY | O_NONBLOCK | O_CLOEXEC);
        ends[i][FAR] = open(paths[i], O_WRONLY | O_NONBLOCK | O_CLOEXEC);
        REQUIRE(ends[i][NEAR] >= 0 && ends[i][FAR] >= 0);
        REQUIRE_EQ(mio_registry_register(loop.registry, ends[i][NEAR], i, MIO_READABLE), 0);
        CHECK_EQ(close(ends[i][FAR]), 0);
        CHECK_EQ(loop_wait(&loop, 10 * SECOND), 1);
    }
    for (int i = 0; i < FIFOS; i++) {
        ends[i][FAR] = open(paths[i], O_WRONLY | O_NONBLOCK | O_CLOEXEC);
        REQUIRE(ends[i][FAR] >= 0);
        put(ends[i][FAR], "x");
    }
    for (int i = 0; i < FIFOS && loop_wait(&loop, 10 * SECOND) == 1; i++) {
        const struct mio_event *event = mio_events_get(loop.events, 0);
        CHECK(mio_event_is_readable(event));
        told |= 1U << mio_event_token(event);
    }
    CHECK_EQ(told, (1U << FIFOS) - 1);
    for (int i = 0; i < FIFOS; i++) {
        close_pair(ends[i]);
        CHECK_EQ(unlink(paths[i]), 0);
    }
    loop_close(&loop);
}

TEST(ports11_without_memory_for_one_more_nothing_is_registered)
{
    enum { PAIRS = 40 };
    struct loop loop = loop_open();
    int pairs[PAIRS][2];
    int refused = 0;

    for (mio_token i = 0; i < PAIRS; i++) {
        open_pair(pairs[i]);
        for (long n = 1; n <= 3; n++) {
            test_fail_allocation(n);
            int result = mio_registry_register(loop.registry, pairs[i][NEAR], i, MIO_WRITABLE);
            test_fail_allocation(0);
            CHECK(result == 0 || result == -ENOMEM);
            refused += result < 0;
            CHECK_EQ(mio_registry_deregister(loop.registry, pairs[i][NEAR]),
                     result == 0 ? 0 : -ENOENT);
        }
        REQUIRE_EQ(mio_registry_register(loop.registry, pairs[i][NEAR], i, MIO_WRITABLE), 0);
    }
    CHECK(refused > 2);
    CHECK(loop_wait(&loop, 10 * SECOND) > 0);
    for (int i = 0; i < PAIRS; i++)
        close_pair(pairs[i]);
    loop_close(&loop);
}

/* --- wakers --- */

TEST(ports10_waking_again_after_a_refusal_rings_again)
{
    struct loop loop = loop_open();
    struct mio_waker *waker = waker_open(&loop, 5);

    EXPECT_NOTHING(&loop);
    /* From now on a wake is a call. */
    REQUIRE(mio_poll_fd(loop.poll) >= 0);
    unsigned before = portmodel_count(PORTMODEL_SEND);
    portmodel_fail(PORTMODEL_SEND, 1, ENOMEM);
    CHECK_EQ(mio_waker_wake(waker), -ENOMEM);
    CHECK_EQ(mio_waker_wake(waker), 0);
    CHECK_EQ(portmodel_count(PORTMODEL_SEND), before + 2);
    CHECK_EQ(mio_waker_wake(waker), 0);
    CHECK_EQ(portmodel_count(PORTMODEL_SEND), before + 2);
    EXPECT_ONE(&loop, 5, MIO_READABLE);

    mio_waker_free(waker);
    loop_close(&loop);
    portmodel_reset();
}

/* --- S11 --- */

TEST(ports9_a_port_without_room_is_woken_by_an_alert)
{
    portmodel_set_max_events(1);
    struct loop loop = loop_open();
    struct mio_waker *waker = waker_open(&loop, 5);
    struct late_wake late;
    int ends[2];

    EXPECT_NOTHING(&loop);
    open_pair(ends);
    REQUIRE_EQ(mio_registry_register(loop.registry, ends[NEAR], 1, MIO_READABLE), 0);
    CHECK_EQ(mio_registry_register(loop.registry, ends[FAR], 2, MIO_READABLE), -EAGAIN);
    for (int i = 0; i < 2; i++) {
        late_wake_start(&late, waker);
        AWAIT_EVENTS(&loop, {5, MIO_READABLE});
        late_wake_join(&late);
        put(ends[FAR], "x");
        AWAIT_EVENTS(&loop, {1, MIO_READABLE});
        drain_again(&loop, ends[NEAR], MIO_READABLE);
    }

    close_pair(ends);
    mio_waker_free(waker);
    loop_close(&loop);
    portmodel_reset();
}

/* SPDX-License-Identifier: MIT */
/* EV1: edge-triggered registrations, which are the default. */
#define _GNU_SOURCE

#include "facts/facts.h"
#include "support.h"

#include <errno.h>
#include <sched.h>
#include <sys/socket.h>
#include <unistd.h>

enum { QUARTER = 8192 };

TEST(ev1_one_change_is_one_event)
{
    int ends[2];
    struct loop loop = open_registered(ends, MIO_READABLE);

    EXPECT_NOTHING(&loop);
    put(ends[FAR], "x");
    EXPECT_ONE(&loop, 1, MIO_READABLE);
    EXPECT_NOTHING(&loop);

    close_registered(&loop, ends);
}

TEST(ev1_after_draining_the_next_change_gives_an_event)
{
    int ends[2];
    struct loop loop = open_registered(ends, MIO_READABLE);

    for (int i = 0; i < 10; i++) {
        put(ends[FAR], "twelve bytes");
        EXPECT_ONE(&loop, 1, MIO_READABLE);
        CHECK_EQ(drain_again(&loop, ends[NEAR], MIO_READABLE), 12);
        EXPECT_NOTHING(&loop);
    }

    close_registered(&loop, ends);
}

TEST(ev1_several_changes_before_a_wait_are_one_event)
{
    int ends[2];
    struct loop loop = open_registered(ends, MIO_READABLE);

    put(ends[FAR], "x");
    put(ends[FAR], "y");
    put(ends[FAR], "z");
    EXPECT_ONE(&loop, 1, MIO_READABLE);
    CHECK_EQ(drain(ends[NEAR]), 3);

    close_registered(&loop, ends);
}

TEST(ev1_more_data_may_be_a_change_even_undrained)
{
    int ends[2];
    struct loop loop = open_registered(ends, MIO_READABLE);

    put(ends[FAR], "x");
    EXPECT_ONE(&loop, 1, MIO_READABLE);
    for (int i = 0; i < 3; i++) {
        put(ends[FAR], "x");
        EXPECT_ONE(&loop, 1, readiness_fact("more data came, undrained"));
    }
    CHECK_EQ(drain_again(&loop, ends[NEAR], MIO_READABLE), 4);
    put(ends[FAR], "x");
    EXPECT_ONE(&loop, 1, MIO_READABLE);

    close_registered(&loop, ends);
}

TEST(ev1_a_partial_read_of_a_socket_is_no_change)
{
    int ends[2];
    struct loop loop = open_registered(ends, MIO_READABLE);
    char byte;

    put(ends[FAR], "xyz");
    EXPECT_ONE(&loop, 1, MIO_READABLE);
    CHECK_EQ(read(ends[NEAR], &byte, 1), 1);
    EXPECT_NOTHING(&loop);

    close_registered(&loop, ends);
}

/* Some kernels take a partial read of a pipe for a change: the event is then spurious but true. */
TEST(ev1_a_partial_read_of_a_pipe_may_be_a_change)
{
    struct loop loop = loop_open();
    int ends[2];
    char byte;

    open_pipe(ends);
    REQUIRE_EQ(mio_registry_register(loop.registry, ends[NEAR], 1, MIO_READABLE), 0);
    put(ends[FAR], "xyz");
    EXPECT_ONE(&loop, 1, MIO_READABLE);
    CHECK_EQ(read(ends[NEAR], &byte, 1), 1);
    if (fact("a partial read of a pipe is a change"))
        EXPECT_ONE(&loop, 1, MIO_READABLE);
    else
        EXPECT_NOTHING(&loop);
    CHECK_EQ(drain_again(&loop, ends[NEAR], MIO_READABLE), 2);
    EXPECT_NOTHING(&loop);
    put(ends[FAR], "x");
    EXPECT_ONE(&loop, 1, MIO_READABLE);

    close_pair(ends);
    loop_close(&loop);
}

/* So do some with a write that moves nothing. */
TEST(ev1_a_failed_write_to_a_pipe_may_be_a_change)
{
    struct loop loop = loop_open();
    int ends[2];

    open_pipe(ends);
    REQUIRE_EQ(mio_registry_register(loop.registry, ends[NEAR], 1, MIO_READABLE), 0);
    fill(ends[FAR]);
    EXPECT_ONE(&loop, 1, MIO_READABLE);
    CHECK_EQ(write(ends[FAR], "x", 1), -1);
    int64_t comes = fact("a write that failed is a change for the reader");
    if (comes > 0)
        EXPECT_ONE(&loop, 1, MIO_READABLE);
    else if (comes == 0)
        EXPECT_NOTHING(&loop);

    close_pair(ends);
    loop_close(&loop);
}

/* In all three modes: one kernel waits for half of the pipe. */
TEST(ev3_a_pipe_that_was_full_is_writable_when_there_is_room)
{
    const mio_interest modes[] = {0, MIO_LEVEL, MIO_ONESHOT};
    for (size_t i = 0; i < sizeof modes / sizeof modes[0]; i++) {
        struct loop loop = loop_open();
        int ends[2];

        open_pipe(ends);
        fill(ends[FAR]);
        REQUIRE_EQ(mio_registry_register(loop.registry, ends[FAR], 1, MIO_WRITABLE | modes[i]), 0);
        EXPECT_NOTHING(&loop);
        char block[QUARTER];
        CHECK_EQ(read(ends[NEAR], block, sizeof block), (ssize_t)sizeof block);
        if (fact("a pipe that was full is writable when a quarter is free")) {
            AWAIT_EVENTS(&loop, {1, MIO_WRITABLE});
        } else {
            EXPECT_NOTHING(&loop);
            drain(ends[NEAR]);
            AWAIT_EVENTS(&loop, {1, MIO_WRITABLE});
        }

        close_pair(ends);
        loop_close(&loop);
    }
}

TEST(ev1_data_that_is_read_before_the_wait_gives_no_event)
{
    int ends[2];
    struct loop loop = open_registered(ends, MIO_READABLE);

    put(ends[FAR], "x");
    CHECK_EQ(drain(ends[NEAR]), 1);
    EXPECT_NOTHING(&loop);
    put(ends[FAR], "y");
    EXPECT_ONE(&loop, 1, MIO_READABLE);

    close_registered(&loop, ends);
}

TEST(ev1_writable_comes_once_and_again_when_room_returns)
{
    int ends[2];
    struct loop loop = open_registered(ends, MIO_WRITABLE);

    EXPECT_ONE(&loop, 1, MIO_WRITABLE);
    EXPECT_NOTHING(&loop);
    for (int i = 0; i < 3; i++) {
        CHECK(fill(ends[NEAR]) > 0);
        again(&loop, ends[NEAR], MIO_WRITABLE);
        EXPECT_NOTHING(&loop);
        drain(ends[FAR]);
        /* How many reads of the peer are a change of their own is each kernel's affair. */
        AWAIT_EVENTS(&loop, {1, MIO_WRITABLE});
    }

    close_registered(&loop, ends);
}

TEST(ev1_writable_of_a_tcp_stream_comes_again)
{
    struct loop loop = loop_open();
    int ends[2];
    int64_t start = test_now();

    open_tcp(ends);
    REQUIRE_EQ(mio_registry_register(loop.registry, ends[NEAR], 1, MIO_WRITABLE), 0);
    EXPECT_ONE(&loop, 1, MIO_WRITABLE);
    /* Acknowledged segments make room again behind the first EAGAIN: those edges come first. */
    while (fill(ends[NEAR]) > 0 || loop_wait(&loop, 20 * MILLISECOND) > 0)
        REQUIRE(!time_is_up(start, 10 * SECOND));
    again(&loop, ends[NEAR], MIO_WRITABLE);
    drain(ends[FAR]);
    AWAIT_EVENTS(&loop, {1, MIO_WRITABLE});

    close_pair(ends);
    loop_close(&loop);
}

/* Some kernels take an acknowledgement for a change: the event is then spurious but true. */
TEST(ev1_an_own_write_to_tcp_may_be_a_change)
{
    struct loop loop = loop_open();
    int ends[2];
    char byte;

    open_tcp(ends);
    REQUIRE_EQ(mio_registry_register(loop.registry, ends[NEAR], 1, MIO_WRITABLE), 0);
    EXPECT_ONE(&loop, 1, MIO_WRITABLE);
    for (int i = 0; i < 3; i++) {
        put(ends[NEAR], "x");
        while (read(ends[FAR], &byte, 1) != 1)
            sched_yield();
        if (fact("own data that is acknowledged is a change"))
            AWAIT_EVENTS(&loop, {1, MIO_WRITABLE});
        else
            EXPECT_NOTHING(&loop);
    }

    close_pair(ends);
    loop_close(&loop);
}

/* A change of one direction may bring the other along where one record carries both. */
TEST(ev1_directions_are_reported_as_documented)
{
    int ends[2];
    struct loop loop = open_registered(ends, BOTH);

    EXPECT_ONE(&loop, 1, MIO_WRITABLE);
    put(ends[FAR], "x");
    EXPECT_ONE(&loop, 1, readiness_fact("data came, asked for both"));

    close_registered(&loop, ends);
}

TEST(ev1_a_listener_reports_again_after_draining)
{
    struct loop loop = loop_open();
    uint16_t port;
    int listener = open_listener(&port);

    REQUIRE_EQ(mio_registry_register(loop.registry, listener, 1, MIO_READABLE), 0);
    EXPECT_NOTHING(&loop);
    for (int i = 0; i < 3; i++) {
        int client = open_tcp_socket();
        int result = connect_to(client, port);
        REQUIRE(result == 0 || result == -EINPROGRESS);
        EXPECT_ONE(&loop, 1, MIO_READABLE);
        int accepted = accept_one(listener);
        CHECK(accept(listener, NULL, NULL) < 0);
        again(&loop, listener, MIO_READABLE);
        CHECK_EQ(close(accepted), 0);
        CHECK_EQ(close(client), 0);
    }

    CHECK_EQ(close(listener), 0);
    loop_close(&loop);
}

TEST(ev1_datagrams_are_edges_too)
{
    struct loop loop = loop_open();
    int ends[2];

    REQUIRE_EQ(socketpair(AF_UNIX, SOCK_DGRAM, 0, ends), 0);
    set_nonblocking(ends[NEAR]);
    set_nonblocking(ends[FAR]);
    REQUIRE_EQ(mio_registry_register(loop.registry, ends[NEAR], 1, MIO_READABLE), 0);
    for (int i = 0; i < 3; i++) {
        put(ends[FAR], "x");
        put(ends[FAR], "y");
        EXPECT_ONE(&loop, 1, MIO_READABLE);
        CHECK_EQ(drain_again(&loop, ends[NEAR], MIO_READABLE), 2);
        EXPECT_NOTHING(&loop);
    }

    close_pair(ends);
    loop_close(&loop);
}

/* --- rearm --- */

TEST(ev1_rearm_costs_nothing_and_is_checked)
{
    struct loop loop = loop_open();
    int ends[2];

    open_pair(ends);
    put(ends[FAR], "x");
    REQUIRE_EQ(mio_registry_register(loop.registry, ends[NEAR], 1, MIO_READABLE), 0);
    EXPECT_ONE(&loop, 1, MIO_READABLE);
    drain(ends[NEAR]);
    CHECK_EQ(mio_registry_rearm(loop.registry, ends[NEAR], MIO_READABLE), 0);
    EXPECT_NOTHING(&loop);
    put(ends[FAR], "y");
    EXPECT_ONE(&loop, 1, MIO_READABLE);
    CHECK_EQ(mio_registry_rearm(loop.registry, ends[NEAR], 0), -EINVAL);
    CHECK_EQ(mio_registry_rearm(loop.registry, ends[NEAR], 0x80000000u), -EINVAL);

    close_pair(ends);
    loop_close(&loop);
}

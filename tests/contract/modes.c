/* SPDX-License-Identifier: MIT */
/* EV3 and the modes of REG5: level and one-shot, and what replaces what. */
#define _GNU_SOURCE

#include "facts/facts.h"
#include "support.h"

#include <errno.h>
#include <unistd.h>

static void reregister(struct loop *loop, const int ends[2], mio_token token, mio_interest interest)
{
    REQUIRE_EQ(mio_registry_reregister(loop->registry, ends[NEAR], token, interest), 0);
}

/* --- EV3: level --- */

TEST(ev3_level_reports_at_every_wait)
{
    int ends[2];
    struct loop loop = open_registered(ends, MIO_READABLE | MIO_LEVEL);

    EXPECT_NOTHING(&loop);
    put(ends[FAR], "xy");
    for (int i = 0; i < 4; i++) {
        AWAIT_EVENTS(&loop, {1, MIO_READABLE});
        CHECK_EQ(mio_events_len(loop.events), 1);
    }
    char byte;
    CHECK_EQ(read(ends[NEAR], &byte, 1), 1);
    AWAIT_EVENTS(&loop, {1, MIO_READABLE});
    CHECK_EQ(drain(ends[NEAR]), 1);
    EXPECT_NOTHING(&loop);

    close_registered(&loop, ends);
}

TEST(ev3_level_reports_both_directions)
{
    int ends[2];
    struct loop loop = open_registered(ends, BOTH | MIO_LEVEL);

    AWAIT_EVENTS(&loop, {1, MIO_WRITABLE});
    put(ends[FAR], "x");
    for (int i = 0; i < 3; i++)
        AWAIT_EVENTS(&loop, {1, BOTH});
    fill(ends[NEAR]);
    AWAIT_EVENTS(&loop, {1, MIO_READABLE});
    drain(ends[NEAR]);
    EXPECT_NOTHING(&loop);

    close_registered(&loop, ends);
}

TEST(ev3_level_reports_a_hang_up_until_closed)
{
    int ends[2];
    struct loop loop = open_registered(ends, MIO_READABLE | MIO_LEVEL);

    CHECK_EQ(close(ends[FAR]), 0);
    for (int i = 0; i < 3; i++)
        AWAIT_EVENTS(&loop, {1, readiness_fact("peer closed, asked for readable")});
    REQUIRE_EQ(mio_registry_deregister(loop.registry, ends[NEAR]), 0);
    EXPECT_NOTHING(&loop);

    CHECK_EQ(close(ends[NEAR]), 0);
    loop_close(&loop);
}

/* --- EV3: one-shot --- */

TEST(ev3_one_shot_fires_once)
{
    int ends[2];
    struct loop loop = open_registered(ends, MIO_READABLE | MIO_ONESHOT);

    EXPECT_NOTHING(&loop);
    put(ends[FAR], "x");
    EXPECT_ONE(&loop, 1, MIO_READABLE);
    put(ends[FAR], "y");
    EXPECT_NOTHING(&loop);
    CHECK_EQ(drain(ends[NEAR]), 2);
    put(ends[FAR], "z");
    EXPECT_NOTHING(&loop);

    close_registered(&loop, ends);
}

TEST(ev3_one_shot_is_armed_by_reregistering)
{
    int ends[2];
    struct loop loop = open_registered(ends, MIO_READABLE | MIO_ONESHOT);

    for (mio_token token = 1; token < 5; token++) {
        put(ends[FAR], "x");
        EXPECT_ONE(&loop, token, MIO_READABLE);
        EXPECT_NOTHING(&loop);
        drain(ends[NEAR]);
        reregister(&loop, ends, token + 1, MIO_READABLE | MIO_ONESHOT);
        EXPECT_NOTHING(&loop);
    }
    /* Armed again while ready: at once. */
    put(ends[FAR], "x");
    EXPECT_ONE(&loop, 5, MIO_READABLE);
    reregister(&loop, ends, 6, MIO_READABLE | MIO_ONESHOT);
    EXPECT_ONE(&loop, 6, MIO_READABLE);

    close_registered(&loop, ends);
}

TEST(ev3_one_shot_of_one_direction_silences_the_other)
{
    int ends[2];
    struct loop loop = open_registered(ends, BOTH | MIO_ONESHOT);

    EXPECT_ONE(&loop, 1, MIO_WRITABLE);
    put(ends[FAR], "x");
    EXPECT_NOTHING(&loop);
    EXPECT_NOTHING(&loop);
    reregister(&loop, ends, 2, BOTH | MIO_ONESHOT);
    EXPECT_ONE(&loop, 2, BOTH);

    close_registered(&loop, ends);
}

TEST(ev3_one_shot_of_reading_silences_writing)
{
    struct loop loop = loop_open();
    int ends[2];

    open_pair(ends);
    fill(ends[NEAR]);
    put(ends[FAR], "x");
    REQUIRE_EQ(mio_registry_register(loop.registry, ends[NEAR], 1, BOTH | MIO_ONESHOT), 0);
    EXPECT_ONE(&loop, 1, MIO_READABLE);
    drain(ends[FAR]);
    EXPECT_NOTHING(&loop);
    reregister(&loop, ends, 2, MIO_WRITABLE | MIO_ONESHOT);
    EXPECT_ONE(&loop, 2, MIO_WRITABLE);

    close_pair(ends);
    loop_close(&loop);
}

TEST(ev3_one_shot_delivers_both_directions_in_one_wait)
{
    struct loop loop = loop_open();
    int ends[2];

    open_pair(ends);
    put(ends[FAR], "x");
    REQUIRE_EQ(mio_registry_register(loop.registry, ends[NEAR], 1, BOTH | MIO_ONESHOT), 0);
    EXPECT_ONE(&loop, 1, BOTH);
    put(ends[FAR], "y");
    EXPECT_NOTHING(&loop);

    close_pair(ends);
    loop_close(&loop);
}

/* Where the directions are two events and there is room for one, that one was the shot. */
TEST(ev3_one_shot_is_one_wait_even_when_room_is_short)
{
    struct loop loop = loop_open_with(NULL, 1);
    int ends[2];

    open_pair(ends);
    put(ends[FAR], "x");
    REQUIRE_EQ(mio_registry_register(loop.registry, ends[NEAR], 1, BOTH | MIO_ONESHOT), 0);
    CHECK_EQ(loop_wait(&loop, 10 * SECOND), 1);
    EXPECT_NOTHING(&loop);
    EXPECT_NOTHING(&loop);
    reregister(&loop, ends, 2, MIO_READABLE | MIO_ONESHOT);
    EXPECT_ONE(&loop, 2, MIO_READABLE);

    close_pair(ends);
    loop_close(&loop);
}

TEST(ev3_one_shot_is_silent_about_hang_ups)
{
    int ends[2];
    struct loop loop = open_registered(ends, MIO_READABLE | MIO_ONESHOT);

    put(ends[FAR], "x");
    EXPECT_ONE(&loop, 1, MIO_READABLE);
    CHECK_EQ(close(ends[FAR]), 0);
    EXPECT_NOTHING(&loop);
    EXPECT_NOTHING(&loop);
    reregister(&loop, ends, 2, MIO_READABLE | MIO_ONESHOT);
    EXPECT_ONE(&loop, 2, readiness_fact("peer closed, asked for readable"));

    CHECK_EQ(close(ends[NEAR]), 0);
    loop_close(&loop);
}

TEST(ev3_one_shot_of_writing_is_silent_about_hang_ups)
{
    int ends[2];
    struct loop loop = open_registered(ends, BOTH | MIO_ONESHOT);

    EXPECT_ONE(&loop, 1, MIO_WRITABLE);
    CHECK_EQ(close(ends[FAR]), 0);
    EXPECT_NOTHING(&loop);
    EXPECT_NOTHING(&loop);
    reregister(&loop, ends, 2, BOTH | MIO_ONESHOT);
    EXPECT_ONE(&loop, 2,
               MIO_READABLE | readiness_fact("writable stays when the peer has closed") |
                   readiness_fact("peer closed, asked for both"));
    EXPECT_NOTHING(&loop);

    CHECK_EQ(close(ends[NEAR]), 0);
    loop_close(&loop);
}

TEST(ev3_one_shot_is_not_stale)
{
    int ends[2];
    struct loop loop = open_registered(ends, MIO_READABLE | MIO_ONESHOT);

    put(ends[FAR], "x");
    CHECK_EQ(drain(ends[NEAR]), 1);
    EXPECT_NOTHING(&loop);
    put(ends[FAR], "y");
    EXPECT_ONE(&loop, 1, MIO_READABLE);

    close_registered(&loop, ends);
}

TEST(ev3_a_spent_one_shot_can_be_deregistered)
{
    struct loop loop = loop_open();
    int ends[2];

    open_pair(ends);
    REQUIRE_EQ(mio_registry_register(loop.registry, ends[NEAR], 1, BOTH | MIO_ONESHOT), 0);
    EXPECT_ONE(&loop, 1, MIO_WRITABLE);
    CHECK_EQ(mio_registry_deregister(loop.registry, ends[NEAR]), 0);
    CHECK_EQ(mio_registry_deregister(loop.registry, ends[NEAR]), -ENOENT);
    REQUIRE_EQ(mio_registry_register(loop.registry, ends[NEAR], 2, MIO_WRITABLE), 0);
    EXPECT_ONE(&loop, 2, MIO_WRITABLE);

    close_pair(ends);
    loop_close(&loop);
}

/* --- REG5: modes are replaced too --- */

TEST(reg5_edge_becomes_level_and_edge_again)
{
    int ends[2];
    struct loop loop = open_registered(ends, MIO_READABLE);

    put(ends[FAR], "x");
    EXPECT_ONE(&loop, 1, MIO_READABLE);
    reregister(&loop, ends, 2, MIO_READABLE | MIO_LEVEL);
    for (int i = 0; i < 3; i++)
        AWAIT_EVENTS(&loop, {2, MIO_READABLE});
    reregister(&loop, ends, 3, MIO_READABLE);
    EXPECT_ONE(&loop, 3, MIO_READABLE);

    close_registered(&loop, ends);
}

TEST(reg5_edge_becomes_one_shot_and_edge_again)
{
    int ends[2];
    struct loop loop = open_registered(ends, MIO_READABLE);

    reregister(&loop, ends, 2, MIO_READABLE | MIO_ONESHOT);
    put(ends[FAR], "x");
    EXPECT_ONE(&loop, 2, MIO_READABLE);
    put(ends[FAR], "y");
    EXPECT_NOTHING(&loop);
    reregister(&loop, ends, 3, MIO_READABLE);
    EXPECT_ONE(&loop, 3, MIO_READABLE);
    drain_again(&loop, ends[NEAR], MIO_READABLE);
    put(ends[FAR], "z");
    EXPECT_ONE(&loop, 3, MIO_READABLE);

    close_registered(&loop, ends);
}

TEST(reg5_one_shot_becomes_level_and_one_shot_again)
{
    int ends[2];
    struct loop loop = open_registered(ends, MIO_READABLE | MIO_ONESHOT);

    put(ends[FAR], "x");
    EXPECT_ONE(&loop, 1, MIO_READABLE);
    reregister(&loop, ends, 2, MIO_READABLE | MIO_LEVEL);
    for (int i = 0; i < 3; i++)
        AWAIT_EVENTS(&loop, {2, MIO_READABLE});
    reregister(&loop, ends, 3, MIO_READABLE | MIO_ONESHOT);
    EXPECT_ONE(&loop, 3, MIO_READABLE);

    close_registered(&loop, ends);
}

TEST(reg5_mode_and_interest_change_together)
{
    int ends[2];
    struct loop loop = open_registered(ends, MIO_READABLE | MIO_LEVEL);

    put(ends[FAR], "x");
    AWAIT_EVENTS(&loop, {1, MIO_READABLE});
    reregister(&loop, ends, 2, MIO_WRITABLE | MIO_ONESHOT);
    EXPECT_ONE(&loop, 2, MIO_WRITABLE);
    reregister(&loop, ends, 3, BOTH | MIO_LEVEL);
    for (int i = 0; i < 3; i++)
        AWAIT_EVENTS(&loop, {3, BOTH});
    reregister(&loop, ends, 4, MIO_READABLE);
    EXPECT_ONE(&loop, 4, MIO_READABLE);

    close_registered(&loop, ends);
}

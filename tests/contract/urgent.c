/* SPDX-License-Identifier: MIT */
/* What only some systems serve: exclusive registrations, and urgent data. */
#define _GNU_SOURCE

#include "facts/facts.h"
#include "support.h"

#include <errno.h>
#include <sys/socket.h>

/* --- exclusive --- */

TEST(ev3_exclusive_is_served_or_refused)
{
    struct loop loop = loop_open();
    struct loop other = loop_open();
    int ends[2];
    mio_interest exclusive = MIO_READABLE | MIO_EXCLUSIVE;

    open_pair(ends);
    if (!((uint32_t)fact("served_interests") & MIO_EXCLUSIVE)) {
        CHECK_EQ(mio_registry_register(loop.registry, ends[NEAR], 1, exclusive), -ENOTSUP);
        CHECK_EQ(mio_registry_deregister(loop.registry, ends[NEAR]), -ENOENT);
        REQUIRE_EQ(mio_registry_register(loop.registry, ends[NEAR], 1, MIO_READABLE), 0);
        CHECK_EQ(mio_registry_reregister(loop.registry, ends[NEAR], 2, exclusive), -ENOTSUP);
        put(ends[FAR], "x");
        EXPECT_ONE(&loop, 1, MIO_READABLE);
    } else {
        REQUIRE_EQ(mio_registry_register(loop.registry, ends[NEAR], 1, exclusive), 0);
        CHECK_EQ(mio_registry_register(loop.registry, ends[NEAR], 1, exclusive), -EEXIST);
        CHECK_EQ(mio_registry_register(other.registry, ends[NEAR], 2, exclusive), 0);
        CHECK_EQ(mio_registry_deregister(other.registry, ends[NEAR]), 0);
        put(ends[FAR], "x");
        EXPECT_ONE(&loop, 1, MIO_READABLE);
        REQUIRE_EQ(mio_registry_reregister(loop.registry, ends[NEAR], 3, exclusive), 0);
        EXPECT_ONE(&loop, 3, MIO_READABLE);
        REQUIRE_EQ(mio_registry_reregister(loop.registry, ends[NEAR], 4, exclusive | MIO_LEVEL), 0);
        AWAIT_EVENTS(&loop, {4, MIO_READABLE});
        AWAIT_EVENTS(&loop, {4, MIO_READABLE});
        REQUIRE_EQ(mio_registry_reregister(loop.registry, ends[NEAR], 5, MIO_READABLE), 0);
        EXPECT_ONE(&loop, 5, MIO_READABLE);
        REQUIRE_EQ(mio_registry_reregister(loop.registry, ends[NEAR], 6, exclusive), 0);
        EXPECT_ONE(&loop, 6, MIO_READABLE);
        drain(ends[NEAR]);
        /* A half-close is seen by reading 0 only. */
        CHECK_EQ(shutdown(ends[FAR], SHUT_WR), 0);
        EXPECT_ONE(&loop, 6, MIO_READABLE);
    }

    close_pair(ends);
    loop_close(&loop);
    loop_close(&other);
}

TEST(ev3_exclusive_reregistration_of_the_unknown_is_told)
{
    skip_if_excepted(__func__);

    struct loop loop = loop_open();
    int ends[2];

    open_pair(ends);
    CHECK_EQ(mio_registry_reregister(loop.registry, ends[NEAR], 1, MIO_READABLE | MIO_EXCLUSIVE),
             -ENOENT);
    CHECK_EQ(mio_registry_deregister(loop.registry, ends[NEAR]), -ENOENT);

    close_pair(ends);
    loop_close(&loop);
}

/* --- urgent data --- */

static void put_urgent(int fd)
{
    REQUIRE_EQ(send(fd, "!", 1, MSG_OOB), 1);
}

TEST(ev2_urgent_data_is_priority)
{
    skip_if_excepted(__func__);

    struct loop loop = loop_open();
    int ends[2];
    char byte = 0;

    open_tcp(ends);
    REQUIRE_EQ(mio_registry_register(loop.registry, ends[NEAR], 1, MIO_PRIORITY), 0);
    EXPECT_NOTHING(&loop);
    put(ends[FAR], "plain");
    EXPECT_NOTHING(&loop);
    drain(ends[NEAR]);
    put_urgent(ends[FAR]);
    AWAIT_EVENTS(&loop, {1, MIO_READABLE | MIO_PRIORITY});
    CHECK_EQ(recv(ends[NEAR], &byte, 1, MSG_OOB), 1);
    CHECK_EQ(byte, '!');

    close_pair(ends);
    loop_close(&loop);
}

TEST(ev2_plain_data_is_no_priority)
{
    skip_if_excepted(__func__);

    struct loop loop = loop_open();
    int ends[2];

    open_tcp(ends);
    REQUIRE_EQ(mio_registry_register(loop.registry, ends[NEAR], 1, MIO_READABLE | MIO_PRIORITY), 0);
    EXPECT_NOTHING(&loop);
    put(ends[FAR], "plain");
    EXPECT_ONE(&loop, 1, MIO_READABLE);
    drain(ends[NEAR]);
    REQUIRE_EQ(mio_registry_reregister(loop.registry, ends[NEAR], 2, MIO_READABLE), 0);
    put_urgent(ends[FAR]);
    put(ends[FAR], "x");
    AWAIT_EVENTS(&loop, {2, MIO_READABLE});
    CHECK_EQ(mio_registry_deregister(loop.registry, ends[NEAR]), 0);
    EXPECT_NOTHING(&loop);

    close_pair(ends);
    loop_close(&loop);
}

TEST(ev2_priority_is_dropped_with_its_registration)
{
    skip_if_excepted(__func__);

    struct loop loop = loop_open();
    int ends[2];

    open_tcp(ends);
    REQUIRE_EQ(mio_registry_register(loop.registry, ends[NEAR], 1, MIO_PRIORITY), 0);
    put_urgent(ends[FAR]);
    AWAIT_EVENTS(&loop, {1, MIO_READABLE | MIO_PRIORITY});
    REQUIRE_EQ(mio_registry_deregister(loop.registry, ends[NEAR]), 0);
    CHECK_EQ(mio_registry_deregister(loop.registry, ends[NEAR]), -ENOENT);
    put_urgent(ends[FAR]);
    EXPECT_NOTHING(&loop);

    close_pair(ends);
    loop_close(&loop);
}

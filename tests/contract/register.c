/* SPDX-License-Identifier: MIT */
/* REG2, REG5 and REG6: what a registration gives, what replaces it, and its end. */
#define _GNU_SOURCE

#include "facts/facts.h"
#include "support.h"

#include <errno.h>
#include <unistd.h>

/* --- REG2 --- */

TEST(reg2_what_is_ready_when_registered_gives_an_event)
{
    struct loop loop = loop_open();
    int ends[2];

    open_pair(ends);
    put(ends[FAR], "x");
    REQUIRE_EQ(mio_registry_register(loop.registry, ends[NEAR], 1, BOTH), 0);
    EXPECT_ONE(&loop, 1, MIO_READABLE | MIO_WRITABLE);

    close_pair(ends);
    loop_close(&loop);
}

TEST(reg2_what_is_not_ready_gives_none)
{
    struct loop loop = loop_open();
    int ends[2];

    open_pair(ends);
    fill(ends[NEAR]);
    REQUIRE_EQ(mio_registry_register(loop.registry, ends[NEAR], 1, BOTH), 0);
    EXPECT_NOTHING(&loop);

    close_pair(ends);
    loop_close(&loop);
}

TEST(reg2_what_is_ready_when_reregistered_gives_an_event_again)
{
    struct loop loop = loop_open();
    int ends[2];

    open_pair(ends);
    put(ends[FAR], "x");
    REQUIRE_EQ(mio_registry_register(loop.registry, ends[NEAR], 1, MIO_READABLE), 0);
    EXPECT_ONE(&loop, 1, MIO_READABLE);
    for (int i = 0; i < 3; i++) {
        REQUIRE_EQ(mio_registry_reregister(loop.registry, ends[NEAR], 1, MIO_READABLE), 0);
        EXPECT_ONE(&loop, 1, MIO_READABLE);
    }

    close_pair(ends);
    loop_close(&loop);
}

TEST(reg2_a_hang_up_before_registering_gives_an_event)
{
    struct loop loop = loop_open();
    int ends[2];

    open_pair(ends);
    CHECK_EQ(close(ends[FAR]), 0);
    REQUIRE_EQ(mio_registry_register(loop.registry, ends[NEAR], 1, MIO_READABLE), 0);
    EXPECT_ONE(&loop, 1, readiness_fact("peer closed, asked for readable"));
    REQUIRE_EQ(mio_registry_reregister(loop.registry, ends[NEAR], 2, MIO_READABLE), 0);
    EXPECT_ONE(&loop, 2, readiness_fact("peer closed, asked for readable"));

    CHECK_EQ(close(ends[NEAR]), 0);
    loop_close(&loop);
}

/* --- REG5 --- */

TEST(reg5_reregistering_replaces_the_token)
{
    struct loop loop = loop_open();
    int ends[2];

    open_pair(ends);
    put(ends[FAR], "x");
    REQUIRE_EQ(mio_registry_register(loop.registry, ends[NEAR], 1, BOTH), 0);
    REQUIRE_EQ(mio_registry_reregister(loop.registry, ends[NEAR], 2, BOTH), 0);
    EXPECT_ONE(&loop, 2, MIO_READABLE | MIO_WRITABLE);
    REQUIRE_EQ(mio_registry_reregister(loop.registry, ends[NEAR], 3, BOTH), 0);
    EXPECT_ONE(&loop, 3, MIO_READABLE | MIO_WRITABLE);

    close_pair(ends);
    loop_close(&loop);
}

TEST(reg5_reregistering_replaces_the_interest)
{
    struct loop loop = loop_open();
    int ends[2];

    open_pair(ends);
    put(ends[FAR], "x");
    REQUIRE_EQ(mio_registry_register(loop.registry, ends[NEAR], 1, MIO_READABLE), 0);
    REQUIRE_EQ(mio_registry_reregister(loop.registry, ends[NEAR], 1, MIO_WRITABLE), 0);
    EXPECT_ONE(&loop, 1, MIO_WRITABLE);
    put(ends[FAR], "more");
    EXPECT_NOTHING(&loop);
    REQUIRE_EQ(mio_registry_reregister(loop.registry, ends[NEAR], 1, MIO_READABLE), 0);
    EXPECT_ONE(&loop, 1, MIO_READABLE);
    REQUIRE_EQ(mio_registry_reregister(loop.registry, ends[NEAR], 1, BOTH), 0);
    EXPECT_ONE(&loop, 1, MIO_READABLE | MIO_WRITABLE);

    close_pair(ends);
    loop_close(&loop);
}

/* A pending connection is no business of somebody who asks for writable. */
TEST(reg5_an_interest_that_was_replaced_gives_no_event)
{
    struct loop loop = loop_open();
    uint16_t port;
    int listener = open_listener(&port);
    int client = open_tcp_socket();

    REQUIRE_EQ(mio_registry_register(loop.registry, listener, 1, MIO_READABLE), 0);
    int result = connect_to(client, port);
    REQUIRE(result == 0 || result == -EINPROGRESS);
    REQUIRE_EQ(mio_registry_reregister(loop.registry, listener, 1, MIO_WRITABLE), 0);
    EXPECT_NOTHING(&loop);

    CHECK_EQ(close(client), 0);
    CHECK_EQ(close(listener), 0);
    loop_close(&loop);
}

/* --- tokens --- */

TEST(reg5_tokens_come_back_untouched)
{
    struct loop loop = loop_open();
    int object;
    int ends[2];
    const mio_token tokens[] = {
        0, 1, UINTPTR_MAX, UINTPTR_MAX - 1, UINTPTR_MAX >> 1, (mio_token)&object, 0x80000000u,
    };

    open_pair(ends);
    put(ends[FAR], "x");
    for (size_t i = 0; i < sizeof tokens / sizeof tokens[0]; i++) {
        REQUIRE_EQ(mio_registry_register(loop.registry, ends[NEAR], tokens[i], BOTH), 0);
        EXPECT_ONE(&loop, tokens[i], MIO_READABLE | MIO_WRITABLE);
        REQUIRE_EQ(mio_registry_deregister(loop.registry, ends[NEAR]), 0);
    }

    close_pair(ends);
    loop_close(&loop);
}

TEST(reg5_one_token_may_name_several_descriptors)
{
    struct loop loop = loop_open();
    int one[2];
    int two[2];

    open_pair(one);
    open_pair(two);
    put(one[FAR], "x");
    put(two[FAR], "x");
    REQUIRE_EQ(mio_registry_register(loop.registry, one[NEAR], 5, MIO_READABLE), 0);
    REQUIRE_EQ(mio_registry_register(loop.registry, two[NEAR], 5, MIO_READABLE), 0);
    CHECK_EQ(loop_wait(&loop, 10 * SECOND), 2);
    mio_events_each(event, loop.events) {
        CHECK_EQ(mio_event_token(event), 5);
    }
    EXPECT_NOTHING(&loop);

    close_pair(one);
    close_pair(two);
    loop_close(&loop);
}

/* --- REG6 --- */

TEST(reg6_what_is_deregistered_is_silent)
{
    struct loop loop = loop_open();
    int ends[2];

    open_pair(ends);
    REQUIRE_EQ(mio_registry_register(loop.registry, ends[NEAR], 1, MIO_READABLE), 0);
    put(ends[FAR], "x");
    EXPECT_ONE(&loop, 1, MIO_READABLE);
    REQUIRE_EQ(mio_registry_deregister(loop.registry, ends[NEAR]), 0);
    put(ends[FAR], "more");
    EXPECT_NOTHING(&loop);
    CHECK_EQ(close(ends[FAR]), 0);
    EXPECT_NOTHING(&loop);

    CHECK_EQ(close(ends[NEAR]), 0);
    loop_close(&loop);
}

TEST(reg6_a_pending_event_is_withdrawn)
{
    static const mio_interest modes[] = {0, MIO_LEVEL, MIO_ONESHOT};
    struct loop loop = loop_open();
    int ends[2];

    open_pair(ends);
    put(ends[FAR], "x");
    for (size_t i = 0; i < sizeof modes / sizeof modes[0]; i++) {
        REQUIRE_EQ(mio_registry_register(loop.registry, ends[NEAR], 1, BOTH | modes[i]), 0);
        REQUIRE_EQ(mio_registry_deregister(loop.registry, ends[NEAR]), 0);
        EXPECT_NOTHING(&loop);
    }

    close_pair(ends);
    loop_close(&loop);
}

TEST(reg6_only_the_deregistered_one_is_silent)
{
    struct loop loop = loop_open();
    struct mio_waker *waker;
    uint16_t port;
    int listener = open_listener(&port);
    int client = open_tcp_socket();

    REQUIRE_EQ(mio_waker_new(loop.registry, 9, &waker), 0);
    REQUIRE_EQ(mio_registry_register(loop.registry, listener, 1, MIO_READABLE), 0);
    int result = connect_to(client, port);
    REQUIRE(result == 0 || result == -EINPROGRESS);
    REQUIRE_EQ(mio_registry_deregister(loop.registry, listener), 0);
    CHECK_EQ(mio_waker_wake(waker), 0);
    EXPECT_ONE(&loop, 9, MIO_READABLE);

    CHECK_EQ(close(client), 0);
    CHECK_EQ(close(listener), 0);
    mio_waker_free(waker);
    loop_close(&loop);
}

TEST(reg6_registering_again_starts_anew)
{
    struct loop loop = loop_open();
    int ends[2];

    open_pair(ends);
    put(ends[FAR], "x");
    REQUIRE_EQ(mio_registry_register(loop.registry, ends[NEAR], 1, MIO_READABLE), 0);
    EXPECT_ONE(&loop, 1, MIO_READABLE);
    REQUIRE_EQ(mio_registry_deregister(loop.registry, ends[NEAR]), 0);
    REQUIRE_EQ(mio_registry_register(loop.registry, ends[NEAR], 2, MIO_READABLE), 0);
    EXPECT_ONE(&loop, 2, MIO_READABLE);

    close_pair(ends);
    loop_close(&loop);
}

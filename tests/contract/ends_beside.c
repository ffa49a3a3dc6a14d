/* SPDX-License-Identifier: MIT */
/* EV5 beside other interests, and in the place of others. */
#define _GNU_SOURCE

#include "ends.h"

#include <sys/socket.h>
#include <unistd.h>

/* --- beside other interests --- */

TEST(ev5_beside_readable_it_adds_nothing)
{
    if (!serves_or_refuses(MIO_READ_CLOSED))
        return;
    mio_interest with = MIO_READABLE | MIO_READ_CLOSED;
    int ends[2];

    open_pair(ends);
    struct loop loop = watch_end(ends, with);
    put(ends[FAR], "data");
    EXPECT_ONE(&loop, 1, MIO_READABLE);
    drain_again(&loop, ends[NEAR], MIO_READABLE);
    CHECK_EQ(shutdown(ends[FAR], SHUT_WR), 0);
    EXPECT_ONE(&loop, 1, readiness_fact("peer stopped sending, asked for readable"));

    close_pair(ends);
    loop_close(&loop);
}

TEST(ev5_beside_writable)
{
    if (!serves_or_refuses(MIO_READ_CLOSED))
        return;
    int ends[2];

    open_pair(ends);
    struct loop loop = watch_end(ends, MIO_WRITABLE | MIO_READ_CLOSED | MIO_LEVEL);
    put(ends[FAR], "unread");
    AWAIT_EVENTS(&loop, {1, MIO_WRITABLE});
    AWAIT_EVENTS(&loop, {1, MIO_WRITABLE});
    CHECK_EQ(shutdown(ends[FAR], SHUT_WR), 0);
    AWAIT_EVENTS(&loop, {1, MIO_WRITABLE | end_half_closed()});
    AWAIT_EVENTS(&loop, {1, MIO_WRITABLE | end_half_closed()});

    close_pair(ends);
    loop_close(&loop);
}

/* Whichever direction comes first silences the other. */
TEST(ev5_a_one_shot_beside_writable)
{
    if (!serves_or_refuses(MIO_READ_CLOSED))
        return;
    mio_interest interest = MIO_WRITABLE | MIO_READ_CLOSED | MIO_ONESHOT;
    int ends[2];

    open_pair(ends);
    struct loop loop = watch_end(ends, interest);
    put(ends[FAR], "unread");
    EXPECT_ONE(&loop, 1, MIO_WRITABLE);
    CHECK_EQ(shutdown(ends[FAR], SHUT_WR), 0);
    EXPECT_NOTHING(&loop);
    REQUIRE_EQ(mio_registry_reregister(loop.registry, ends[NEAR], 2, interest), 0);
    EXPECT_ONE(&loop, 2, MIO_WRITABLE | end_half_closed());

    close_pair(ends);
    loop_close(&loop);
}

/* --- reregistering to it and from it --- */

static void check_end_turns(struct loop *loop, int ends[2], struct mio_source *source)
{
    static const mio_interest turns[] = {
        MIO_READ_CLOSED,
        MIO_READABLE,
        MIO_READ_CLOSED | MIO_LEVEL,
        MIO_READABLE | MIO_LEVEL,
        MIO_READ_CLOSED,
        MIO_WRITABLE,
        MIO_READ_CLOSED,
        MIO_READABLE,
        MIO_WRITABLE,
        MIO_READABLE,
        MIO_READ_CLOSED,
    };
    for (size_t i = 0; i < sizeof turns / sizeof turns[0]; i++) {
        mio_token token = i + 2;
        if (source)
            REQUIRE_EQ(mio_source_reregister(source, token, turns[i]), 0);
        else
            REQUIRE_EQ(mio_registry_reregister(loop->registry, ends[NEAR], token, turns[i]), 0);
        uint32_t told = turns[i] & BOTH;
        if (told)
            AWAIT_EVENTS(loop, {token, told});
        else
            EXPECT_NOTHING(loop);
    }
    CHECK_EQ(shutdown(ends[FAR], SHUT_WR), 0);
    EXPECT_ONE(loop, sizeof turns / sizeof turns[0] + 1, end_half_closed());
}

TEST(ev5_reregistering_to_it_and_from_it)
{
    if (!serves_or_refuses(MIO_READ_CLOSED))
        return;
    for (int i = 0; i < 2 * 2; i++) {
        int ends[2];
        end_openers[i / 2](ends);
        put(ends[FAR], "unread");
        struct mio_source source;
        mio_source_init(&source, ends[NEAR]);
        struct loop loop = loop_open();
        if (i % 2 == 1)
            REQUIRE_EQ(mio_source_register(&source, loop.registry, 1, MIO_READ_CLOSED), 0);
        else
            REQUIRE_EQ(mio_registry_register(loop.registry, ends[NEAR], 1, MIO_READ_CLOSED), 0);
        EXPECT_NOTHING(&loop);
        check_end_turns(&loop, ends, i % 2 == 1 ? &source : NULL);
        if (i % 2 == 1)
            CHECK_EQ(mio_source_deregister(&source), 0);
        close_pair(ends);
        loop_close(&loop);
    }
}

/* Nothing of it is left for the next file of the number. */
TEST(ev5_a_number_that_is_used_again)
{
    if (!serves_or_refuses(MIO_READ_CLOSED))
        return;
    struct loop loop = loop_open();
    int ends[2];
    int again[2];

    open_pair(ends);
    REQUIRE_EQ(mio_registry_register(loop.registry, ends[NEAR], 1, MIO_READ_CLOSED), 0);
    CHECK_EQ(close(ends[NEAR]), 0);
    open_pair(again);
    if (again[NEAR] != ends[NEAR]) {
        REQUIRE_EQ(dup2(again[NEAR], ends[NEAR]), ends[NEAR]);
        CHECK_EQ(close(again[NEAR]), 0);
    }
    REQUIRE_EQ(mio_registry_register(loop.registry, ends[NEAR], 2, MIO_READABLE), 0);
    put(again[FAR], "data");
    EXPECT_ONE(&loop, 2, MIO_READABLE);

    CHECK_EQ(close(again[FAR]), 0);
    close_pair(ends);
    loop_close(&loop);
}

TEST(ev5_not_with_exclusive)
{
    struct loop loop = loop_open();
    int ends[2];

    open_pair(ends);
    CHECK_EQ(mio_registry_register(loop.registry, ends[NEAR], 1, MIO_EXCLUSIVE | MIO_READ_CLOSED),
             -EINVAL);
    CHECK_EQ(mio_registry_register(loop.registry, ends[NEAR], 1,
                                   MIO_EXCLUSIVE | MIO_READABLE | MIO_ERROR),
             -EINVAL);
    close_pair(ends);
    loop_close(&loop);
}

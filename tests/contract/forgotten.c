/* SPDX-License-Identifier: MIT */
/* REG9: what becomes of a registration whose descriptor is closed first. */
#define _GNU_SOURCE

#include "facts/facts.h"
#include "support.h"

#include <errno.h>
#include <unistd.h>

TEST(reg9_a_closed_descriptor_is_forgotten)
{
    struct loop loop = loop_open();
    int ends[2];

    open_pair(ends);
    put(ends[FAR], "x");
    REQUIRE_EQ(mio_registry_register(loop.registry, ends[NEAR], 1, BOTH), 0);
    CHECK_EQ(close(ends[NEAR]), 0);
    EXPECT_NOTHING(&loop);
    CHECK_EQ(mio_registry_deregister(loop.registry, ends[NEAR]), -EBADF);

    CHECK_EQ(close(ends[FAR]), 0);
    loop_close(&loop);
}

TEST(reg9_closing_lets_the_peer_know)
{
    struct loop loop = loop_open();
    int ends[2];
    char byte;

    open_pair(ends);
    REQUIRE_EQ(mio_registry_register(loop.registry, ends[NEAR], 1, MIO_READABLE), 0);
    CHECK_EQ(close(ends[NEAR]), 0);
    CHECK_EQ(read(ends[FAR], &byte, 1), 0);
    EXPECT_NOTHING(&loop);

    CHECK_EQ(close(ends[FAR]), 0);
    loop_close(&loop);
}

TEST(reg9_a_number_that_is_used_again_starts_anew)
{
    struct loop loop = loop_open();
    int old[2];
    int new[2];

    open_pair(old);
    put(old[FAR], "x");
    REQUIRE_EQ(mio_registry_register(loop.registry, old[NEAR], 1, MIO_READABLE), 0);
    CHECK_EQ(close(old[NEAR]), 0);
    open_pair(new);
    REQUIRE(new[NEAR] == old[NEAR] || new[FAR] == old[NEAR]);
    int again = old[NEAR];
    int peer = new[NEAR] == again ? new[FAR] : new[NEAR];

    EXPECT_NOTHING(&loop);
    REQUIRE_EQ(mio_registry_register(loop.registry, again, 2, MIO_READABLE), 0);
    EXPECT_NOTHING(&loop);
    put(peer, "y");
    EXPECT_ONE(&loop, 2, MIO_READABLE);

    close_pair(new);
    CHECK_EQ(close(old[FAR]), 0);
    loop_close(&loop);
}

/* Where the kernel watches the open file and not its number, a duplicate keeps it registered. */
TEST(reg9_a_duplicate_may_keep_the_registration)
{
    struct loop loop = loop_open();
    int ends[2];
    bool kept = fact("a duplicate keeps a closed registration") != 0;

    open_pair(ends);
    REQUIRE_EQ(mio_registry_register(loop.registry, ends[NEAR], 1, MIO_READABLE), 0);
    int duplicate = dup(ends[NEAR]);
    REQUIRE(duplicate >= 0);
    CHECK_EQ(close(ends[NEAR]), 0);
    put(ends[FAR], "x");
    if (kept)
        EXPECT_ONE(&loop, 1, MIO_READABLE);
    else
        EXPECT_NOTHING(&loop);
    CHECK_EQ(mio_registry_deregister(loop.registry, ends[NEAR]), -EBADF);
    CHECK_EQ(close(duplicate), 0);
    EXPECT_NOTHING(&loop);

    CHECK_EQ(close(ends[FAR]), 0);
    loop_close(&loop);
}

/* The way that is right everywhere. */
TEST(reg9_deregistering_before_closing_leaves_duplicates_silent)
{
    struct loop loop = loop_open();
    int ends[2];

    open_pair(ends);
    REQUIRE_EQ(mio_registry_register(loop.registry, ends[NEAR], 1, MIO_READABLE), 0);
    int duplicate = dup(ends[NEAR]);
    REQUIRE(duplicate >= 0);
    REQUIRE_EQ(mio_registry_deregister(loop.registry, ends[NEAR]), 0);
    CHECK_EQ(close(ends[NEAR]), 0);
    put(ends[FAR], "x");
    EXPECT_NOTHING(&loop);

    CHECK_EQ(close(duplicate), 0);
    CHECK_EQ(close(ends[FAR]), 0);
    loop_close(&loop);
}

TEST(reg9_duplicates_are_registered_each_for_itself)
{
    struct loop loop = loop_open();
    int ends[2];

    open_pair(ends);
    int duplicate = dup(ends[NEAR]);
    REQUIRE(duplicate >= 0);
    REQUIRE_EQ(mio_registry_register(loop.registry, ends[NEAR], 1, MIO_READABLE), 0);
    REQUIRE_EQ(mio_registry_register(loop.registry, duplicate, 2, MIO_READABLE), 0);
    put(ends[FAR], "x");
    EXPECT_EVENTS(&loop, {1, MIO_READABLE}, {2, MIO_READABLE});
    REQUIRE_EQ(mio_registry_deregister(loop.registry, duplicate), 0);
    drain_again(&loop, ends[NEAR], MIO_READABLE);
    put(ends[FAR], "y");
    EXPECT_ONE(&loop, 1, MIO_READABLE);

    CHECK_EQ(close(duplicate), 0);
    close_pair(ends);
    loop_close(&loop);
}

TEST(reg9_a_source_closes_in_the_right_order)
{
    struct loop loop = loop_open();
    struct mio_source source;
    int ends[2];

    open_pair(ends);
    int duplicate = dup(ends[NEAR]);
    REQUIRE(duplicate >= 0);
    mio_source_init(&source, ends[NEAR]);
    REQUIRE_EQ(mio_source_register(&source, loop.registry, 1, MIO_READABLE), 0);
    put(ends[FAR], "x");
    CHECK_EQ(mio_source_close(&source), 0);
    EXPECT_NOTHING(&loop);

    CHECK_EQ(close(duplicate), 0);
    CHECK_EQ(close(ends[FAR]), 0);
    loop_close(&loop);
}

/* --- sources whose registration ended behind their back --- */

/* What a call on such a source says, which depends on who remembers it: that there is nothing, or
 * that it was done. */
static bool is_over(int error)
{
    return error == 0 || error == -ENOENT;
}

/* The number is another file's, with something to read. */
static void open_replaced(struct mio_source *source, struct loop *loop, int old[2], int new[2])
{
    open_pair(old);
    open_pair(new);
    put(new[FAR], "x");
    mio_source_init(source, old[NEAR]);
    REQUIRE_EQ(mio_source_register(source, loop->registry, 1, MIO_READABLE), 0);
    REQUIRE_EQ(dup2(new[NEAR], old[NEAR]), old[NEAR]);
}

static void close_replaced(struct mio_source *source, const int old[2], const int new[2])
{
    CHECK_EQ(mio_source_close(source), 0);
    CHECK_EQ(close(old[FAR]), 0);
    close_pair(new);
}

TEST(reg9_a_source_whose_number_is_another_files_is_deregistered)
{
    struct loop loop = loop_open();
    struct mio_source source;
    int old[2];
    int new[2];

    open_replaced(&source, &loop, old, new);
    CHECK(is_over(mio_source_deregister(&source)));
    CHECK_EQ(mio_source_deregister(&source), -ENOENT);
    CHECK_EQ(mio_source_register(&source, loop.registry, 2, MIO_READABLE), 0);
    EXPECT_ONE(&loop, 2, MIO_READABLE);

    close_replaced(&source, old, new);
    loop_close(&loop);
}

TEST(reg9_a_source_whose_number_is_another_files_is_reregistered)
{
    struct loop loop = loop_open();
    struct mio_source source;
    int old[2];
    int new[2];

    open_replaced(&source, &loop, old, new);
    int error = mio_source_reregister(&source, 2, MIO_READABLE);
    CHECK(is_over(error));
    if (error < 0)
        CHECK_EQ(mio_source_register(&source, loop.registry, 2, MIO_READABLE), 0);
    EXPECT_ONE(&loop, 2, MIO_READABLE);
    CHECK_EQ(mio_source_deregister(&source), 0);

    close_replaced(&source, old, new);
    loop_close(&loop);
}

TEST(reg9_a_source_whose_descriptor_was_closed_is_unregistered)
{
    for (int again = 0; again < 2; again++) {
        struct loop loop = loop_open();
        struct mio_source source;
        int ends[2];

        open_pair(ends);
        mio_source_init(&source, ends[NEAR]);
        REQUIRE_EQ(mio_source_register(&source, loop.registry, 1, MIO_READABLE), 0);
        CHECK_EQ(close(ends[NEAR]), 0);
        CHECK_EQ(again ? mio_source_reregister(&source, 2, MIO_READABLE)
                       : mio_source_deregister(&source),
                 -EBADF);
        CHECK(!source.selector);
        CHECK_EQ(mio_source_deregister(&source), -ENOENT);
        CHECK_EQ(mio_source_close(&source), -EBADF);

        CHECK_EQ(close(ends[FAR]), 0);
        loop_close(&loop);
    }
}

/* SPDX-License-Identifier: MIT */
/* mio_registry_apply: many changes in one call, each with the result of its own call. */
#define _GNU_SOURCE

#include "facts/facts.h"
#include "support.h"

#include <errno.h>
#include <unistd.h>

enum { UNANSWERED = 12345, MANY = 150 };

static struct mio_change change(enum mio_change_kind kind, int fd, mio_token token,
                                mio_interest interest)
{
    return (struct mio_change){
        .kind = kind, .fd = fd, .token = token, .interest = interest, .result = UNANSWERED};
}

TEST(reg4_a_batch_registers_all)
{
    struct loop loop = loop_open();
    int one[2];
    int two[2];

    open_pair(one);
    open_pair(two);
    struct mio_change changes[] = {
        change(MIO_REGISTER, one[NEAR], 1, MIO_WRITABLE),
        change(MIO_REGISTER, one[FAR], 2, MIO_READABLE),
        change(MIO_REGISTER, two[NEAR], 3, BOTH),
        change(MIO_REGISTER, two[FAR], 4, BOTH | MIO_ONESHOT),
    };
    CHECK_EQ(mio_registry_apply(loop.registry, changes, 4), 4);
    for (int i = 0; i < 4; i++)
        CHECK_EQ(changes[i].result, 0);
    EXPECT_EVENTS(&loop, {1, MIO_WRITABLE}, {3, MIO_WRITABLE}, {4, MIO_WRITABLE});

    close_pair(one);
    close_pair(two);
    loop_close(&loop);
}

TEST(reg4_a_failure_does_not_stop_the_batch)
{
    struct loop loop = loop_open();
    int ends[2];

    open_pair(ends);
    int closed = closed_descriptor();
    struct mio_change changes[] = {
        change(MIO_DEREGISTER, ends[FAR], 0, 0),
        change(MIO_REGISTER, ends[NEAR], 1, MIO_WRITABLE),
        change(MIO_REGISTER, ends[FAR], 2, 0),
        change(MIO_REGISTER, ends[FAR], 3, 0x80000000u | MIO_READABLE),
        change(MIO_REGISTER, MIO_INVALID_FD, 4, MIO_READABLE),
        change(MIO_DEREGISTER, closed, 0, 0),
        change((enum mio_change_kind)77, ends[FAR], 5, MIO_READABLE),
        change(MIO_REGISTER, ends[FAR], 6, MIO_WRITABLE),
    };
    static const int results[] = {-ENOENT, 0, -EINVAL, -EINVAL, -EBADF, -EBADF, -EINVAL, 0};
    CHECK_EQ(mio_registry_apply(loop.registry, changes, 8), 2);
    for (int i = 0; i < 8; i++)
        CHECK_EQ(changes[i].result, results[i]);
    EXPECT_EVENTS(&loop, {1, MIO_WRITABLE}, {6, MIO_WRITABLE});

    close_pair(ends);
    loop_close(&loop);
}

TEST(reg5_changes_of_one_descriptor_are_taken_in_order)
{
    struct loop loop = loop_open();
    int ends[2];

    open_pair(ends);
    put(ends[FAR], "x");
    struct mio_change changes[] = {
        change(MIO_REGISTER, ends[NEAR], 1, MIO_WRITABLE),
        change(MIO_REREGISTER, ends[NEAR], 2, MIO_READABLE),
        change(MIO_DEREGISTER, ends[NEAR], 0, 0),
        change(MIO_DEREGISTER, ends[NEAR], 0, 0),
        change(MIO_REGISTER, ends[NEAR], 3, MIO_READABLE | MIO_LEVEL),
        change(MIO_REREGISTER, ends[NEAR], 4, BOTH | MIO_ONESHOT),
        change(MIO_REREGISTER, ends[NEAR], 5, BOTH),
    };
    CHECK_EQ(mio_registry_apply(loop.registry, changes, 7), 6);
    CHECK_EQ(changes[0].result, 0);
    CHECK_EQ(changes[1].result, 0);
    CHECK_EQ(changes[2].result, 0);
    CHECK_EQ(changes[3].result, -ENOENT);
    CHECK_EQ(changes[4].result, 0);
    CHECK_EQ(changes[5].result, 0);
    CHECK_EQ(changes[6].result, 0);
    EXPECT_ONE(&loop, 5, BOTH);

    struct mio_change leave[] = {
        change(MIO_REREGISTER, ends[NEAR], 6, MIO_READABLE),
        change(MIO_DEREGISTER, ends[NEAR], 0, 0),
    };
    CHECK_EQ(mio_registry_apply(loop.registry, leave, 2), 2);
    EXPECT_NOTHING(&loop);

    close_pair(ends);
    loop_close(&loop);
}

/* What undoes the one must not hit the other, in whichever call the kernel gets them. */
TEST(reg4_a_failed_change_leaves_the_descriptors_next_one)
{
    struct loop loop = loop_open();
    int ends[2];

    open_pair(ends);
    struct mio_change changes[] = {
        change(MIO_REREGISTER, ends[NEAR], 1, BOTH),
        change(MIO_REGISTER, ends[NEAR], 2, BOTH),
        change(MIO_REREGISTER, ends[FAR], 3, BOTH),
    };
    CHECK_EQ(mio_registry_apply(loop.registry, changes, 3), 1);
    CHECK_EQ(changes[0].result, -ENOENT);
    CHECK_EQ(changes[1].result, 0);
    CHECK_EQ(changes[2].result, -ENOENT);
    EXPECT_ONE(&loop, 2, MIO_WRITABLE);
    CHECK_EQ(mio_registry_deregister(loop.registry, ends[NEAR]), 0);

    close_pair(ends);
    loop_close(&loop);
}

TEST(reg4_a_batch_may_be_large)
{
    struct loop loop = loop_open_with(NULL, 2 * MANY);
    static struct mio_change changes[MANY];
    static int ends[MANY][2];
    int seen[MANY] = {0};

    for (int i = 0; i < MANY; i++) {
        open_pair(ends[i]);
        changes[i] = change(MIO_REGISTER, ends[i][NEAR], (mio_token)i, BOTH);
        /* Every tenth fails. */
        if (i % 10 == 3)
            changes[i].interest = 0;
    }
    CHECK_EQ(mio_registry_apply(loop.registry, changes, MANY), MANY - MANY / 10);
    CHECK_EQ(loop_wait(&loop, 10 * SECOND), MANY - MANY / 10);
    mio_events_each(event, loop.events) {
        REQUIRE(mio_event_token(event) < MANY);
        CHECK_EQ(mio_event_readiness(event), MIO_WRITABLE);
        seen[mio_event_token(event)]++;
    }
    for (int i = 0; i < MANY; i++) {
        CHECK_EQ(changes[i].result, i % 10 == 3 ? -EINVAL : 0);
        CHECK_EQ(seen[i], i % 10 == 3 ? 0 : 1);
        changes[i].kind = MIO_DEREGISTER;
    }
    CHECK_EQ(mio_registry_apply(loop.registry, changes, MANY), MANY - MANY / 10);
    for (int i = 0; i < MANY; i++) {
        CHECK_EQ(changes[i].result, i % 10 == 3 ? -ENOENT : 0);
        put(ends[i][FAR], "x");
    }
    EXPECT_NOTHING(&loop);

    for (int i = 0; i < MANY; i++)
        close_pair(ends[i]);
    loop_close(&loop);
}

TEST(ev4_a_batch_tells_of_a_pipe_without_reader)
{
    struct loop loop = loop_open();
    int broken[2];
    int ends[2];

    open_pipe(broken);
    open_pair(ends);
    CHECK_EQ(close(broken[NEAR]), 0);
    struct mio_change changes[] = {
        change(MIO_REGISTER, broken[FAR], 1, MIO_WRITABLE),
        change(MIO_REGISTER, ends[NEAR], 2, MIO_WRITABLE),
    };
    CHECK_EQ(mio_registry_apply(loop.registry, changes, 2), 2);
    CHECK_EQ(changes[0].result, 0);
    CHECK_EQ(changes[1].result, 0);
    EXPECT_EVENTS(&loop, {1, readiness_fact("pipe without reader")}, {2, MIO_WRITABLE});

    CHECK_EQ(close(broken[FAR]), 0);
    close_pair(ends);
    loop_close(&loop);
}

TEST(reg1_batches_check_their_arguments)
{
    struct loop loop = loop_open();
    struct mio_change one = change(MIO_REGISTER, MIO_INVALID_FD, 1, MIO_READABLE);

    CHECK_EQ(mio_registry_apply(null(), &one, 1), -EINVAL);
    CHECK_EQ(mio_registry_apply(loop.registry, null(), 1), -EINVAL);
    CHECK_EQ(one.result, UNANSWERED);
    CHECK_EQ(mio_registry_apply(loop.registry, &one, 0), 0);
    CHECK_EQ(one.result, UNANSWERED);

    loop_close(&loop);
}

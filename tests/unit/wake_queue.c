/* SPDX-License-Identifier: MIT */
/* When the wake queue rings, with a doorbell that the test answers for: on every selector alike. */
#include "test.h"

#include <errno.h>
#include <string.h>

#include "wake/wake_queue.h"

static int rings;
static int ring_result;

static int count_ring(struct mio_selector *selector)
{
    (void)selector;
    rings++;
    return ring_result;
}

static void queue_open(struct mio__wake_queue *queue, struct mio__wake_node nodes[2])
{
    memset(queue, 0, sizeof *queue);
    memset(nodes, 0, 2 * sizeof *nodes);
    mio__wake_queue_init(queue, NULL, count_ring);
    nodes[0].token = 0;
    nodes[1].token = 1;
    rings = 0;
    ring_result = 0;
}

/* Takes everything. Returns how many events there were. */
static int take(struct mio__wake_queue *queue)
{
    struct mio_event list[4];
    return mio__wake_queue_hand_over(queue, list, 4);
}

TEST(wake3_who_is_awake_is_not_rung)
{
    struct mio__wake_queue queue;
    struct mio__wake_node nodes[2];
    queue_open(&queue, nodes);
    CHECK(mio__wake_queue_begin_wait(&queue, false));
    CHECK_EQ(mio__wake_queue_push(&queue, &nodes[0]), 0);
    CHECK(!mio__wake_queue_begin_wait(&queue, true));
    CHECK_EQ(mio__wake_queue_push(&queue, &nodes[1]), 0);
    CHECK_EQ(rings, 0);
    CHECK_EQ(take(&queue), 2);
}

TEST(wake3_a_sleeper_is_rung_once)
{
    struct mio__wake_queue queue;
    struct mio__wake_node nodes[2];
    queue_open(&queue, nodes);
    CHECK(mio__wake_queue_begin_wait(&queue, true));
    for (int i = 0; i < 4; i++)
        CHECK_EQ(mio__wake_queue_push(&queue, &nodes[i % 2]), 0);
    CHECK_EQ(rings, 1);
    CHECK(!mio__wake_queue_rest(&queue));
    CHECK_EQ(take(&queue), 2);
    CHECK_EQ(mio__wake_queue_push(&queue, &nodes[0]), 0);
    CHECK_EQ(rings, 1);
    CHECK_EQ(take(&queue), 1);
}

TEST(wake1_waking_again_after_a_refusal_rings_again)
{
    struct mio__wake_queue queue;
    struct mio__wake_node nodes[2];
    queue_open(&queue, nodes);
    CHECK(mio__wake_queue_begin_wait(&queue, true));
    ring_result = -ENOMEM;
    CHECK_EQ(mio__wake_queue_push(&queue, &nodes[0]), -ENOMEM);
    CHECK_EQ(mio__wake_queue_push(&queue, &nodes[0]), -ENOMEM);
    ring_result = 0;
    CHECK_EQ(mio__wake_queue_push(&queue, &nodes[0]), 0);
    CHECK_EQ(rings, 3);
    /* And once is enough. */
    CHECK_EQ(mio__wake_queue_push(&queue, &nodes[0]), 0);
    CHECK_EQ(rings, 3);
    CHECK_EQ(take(&queue), 1);
}

/* What the kernel refuses to a wait, for events that found no room, any wake makes up for, and be
 * it of a waker that is pending. */
TEST(wake1_any_wake_makes_up_for_a_refused_ring)
{
    struct mio__wake_queue queue;
    struct mio__wake_node nodes[2];
    queue_open(&queue, nodes);
    CHECK_EQ(mio__wake_queue_push(&queue, &nodes[0]), 0);
    CHECK_EQ(mio__wake_queue_push(&queue, &nodes[1]), 0);
    CHECK_EQ(mio__wake_queue_embed(&queue), 0);
    CHECK_EQ(rings, 1);
    CHECK(mio__wake_queue_rest(&queue));
    ring_result = -ENOMEM;
    CHECK_EQ(mio__wake_queue_ring_sleeper(&queue), -ENOMEM);
    ring_result = 0;
    CHECK_EQ(mio__wake_queue_push(&queue, &nodes[1]), 0);
    CHECK_EQ(rings, 3);
    CHECK_EQ(take(&queue), 2);
}

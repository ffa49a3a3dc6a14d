/* SPDX-License-Identifier: MIT */
/* Posted events: making a queue, and telling a sleeper. */
#define _GNU_SOURCE

#include "sweep.h"

#include <errno.h>

static void hold_post(struct mio_post_queue *queue, uint64_t payload)
{
    struct mio_posted posted = {0, 0};
    HOLDS(mio_post_take(queue, &posted) == 1);
    HOLDS(posted.token == THREE && posted.payload == payload);
}

static void posts_scenario(void)
{
    struct loop loop = loop_open(0, 16);
    struct mio_post_queue *one;
    struct mio_post_queue *two;
    MAKE(&one, mio_post_queue_new(loop.registry, ONE, 2, &one));
    MAKE(&two, mio_post_queue_new(loop.registry, TWO, 100, &two));
    STEP(0, mio_post(one, THREE, 10));
    STEP(0, mio_post(one, THREE, 11));
    HOLDS(mio_post(one, THREE, 12) == -EAGAIN);
    await(&loop, ONE, MIO_READABLE);
    hold_post(one, 10);
    hold_post(one, 11);
    STEP(0, mio_post(two, THREE, 20));
    await(&loop, TWO, MIO_READABLE);
    FREE(mio_post_queue_free(one));
    STEP(0, mio_post(two, THREE, 21));
    hold_post(two, 20);
    FREE(mio_post_queue_free(two));
    silent(&loop);
    loop_close(&loop);
}

TEST(posts)
{
    sweep("posts", posts_scenario, IN_PROCESS);
}

/* Somebody sleeps on the poll's descriptor. What fails to be told is posted all the same. */
static void embedded_posts_scenario(void)
{
    struct loop loop = loop_open(0, 16);
    struct mio_post_queue *queue;
    uint64_t posted = 1;
    MAKE(&queue, mio_post_queue_new(loop.registry, ONE, 8, &queue));
    STEP_OR(ANY_COUNT, mio_poll_fd(loop.poll)) {
    }
    silent(&loop);
    STEP_OR(0, mio_post(queue, THREE, posted)) {
        posted++;
    }
    await(&loop, ONE, MIO_READABLE);
    for (uint64_t n = 1; n <= posted; n++)
        hold_post(queue, n);
    HOLDS(mio_post_take(queue, &(struct mio_posted){0, 0}) == 0);
    FREE(mio_post_queue_free(queue));
    loop_close(&loop);
}

TEST(embedded_posts)
{
    if (sweeps("poll"))
        SKIP("poll(2) is a call, not an object");
    sweep("embedded_posts", embedded_posts_scenario, IN_PROCESS);
}

/* SPDX-License-Identifier: MIT */
/*
 * Registering, changing and deregistering, one descriptor at a time or in batches of 64, while
 * 1,000 others are watched. Some loops only note a change and tell the kernel at the next wait, if then
 * there is still something to tell; so it is measured with a look after each step too, when the
 * changes have to be in effect.
 *
 * The descriptors are reading ends of pipes, which are never writable: changing them to both
 * directions makes no events.
 */
#define _GNU_SOURCE

#include "../harness.h"

#include <fcntl.h>
#include <unistd.h>

enum { OTHERS = 1000, MOST = 64 };

static int others[OTHERS];
static int fds[MOST];

struct churn {
    size_t batch;
    bool looks;
    bool wakes; /* on a poll that can be woken */
};

static void open_descriptors(void)
{
    if (fds[0] > 0)
        return;
    for (size_t i = 0; i < OTHERS; i++)
        others[i] = bench_eventfd();
    for (size_t i = 0; i < MOST; i++) {
        int ends[2];
        bench_need(pipe2(ends, O_CLOEXEC | O_NONBLOCK) == 0, "pipe2");
        fds[i] = ends[0];
    }
}

typedef void one_function(struct bench_loop *loop, size_t slot, int fd);
typedef void many_function(struct bench_loop *loop, const int *fds, size_t n);

static void step(const struct bench_peer *peer, struct bench_loop *loop, const struct churn *churn,
                 one_function *one, many_function *many)
{
    if (many && churn->batch > 1) {
        many(loop, fds, churn->batch);
    } else {
        for (size_t i = 0; i < churn->batch; i++)
            one(loop, i, fds[i]);
    }
    if (churn->looks)
        peer->look(loop);
}

static void turn_over(const struct bench_peer *peer, struct bench_loop *loop, void *user)
{
    const struct churn *churn = user;
    step(peer, loop, churn, peer->add, peer->add_many);
    step(peer, loop, churn, peer->change, peer->change_many);
    step(peer, loop, churn, peer->remove, peer->remove_many);
}

/* The slots of those that come and go are the first. */
static struct bench_loop *open_loop(const struct bench_peer *peer, bool wakes)
{
    open_descriptors();
    struct bench_options options = {.descriptors = MOST + OTHERS, .wakes = wakes};
    struct bench_loop *loop = peer->open(&options);
    for (size_t i = 0; i < OTHERS; i++)
        peer->add(loop, MOST + i, others[i]);
    peer->look(loop);
    return loop;
}

static void close_loop(const struct bench_peer *peer, struct bench_loop *loop)
{
    for (size_t i = 0; i < OTHERS; i++)
        peer->remove(loop, MOST + i, others[i]);
    peer->close(loop);
}

static double time_churn(const struct bench_peer *peer, struct churn churn)
{
    if (!peer->open || (churn.wakes && !peer->wake))
        return -1;
    struct bench_loop *loop = open_loop(peer, churn.wakes);
    double ns = bench_time(turn_over, peer, loop, &churn);
    close_loop(peer, loop);
    return ns / (double)churn.batch;
}

static double churn_round(const struct bench_peer *peer, long batch)
{
    return time_churn(peer, (struct churn){.batch = (size_t)batch});
}

static double waker_round(const struct bench_peer *peer, long batch)
{
    return time_churn(peer, (struct churn){.batch = (size_t)batch, .wakes = true});
}

static double looked_round(const struct bench_peer *peer, long batch)
{
    return time_churn(peer, (struct churn){.batch = (size_t)batch, .looks = true});
}

static void count_churn(const struct bench_peer *peer, long batch, long times)
{
    struct churn churn = {.batch = (size_t)batch};
    struct bench_loop *loop = open_loop(peer, false);
    bench_counted(turn_over, peer, loop, &churn, times);
    close_loop(peer, loop);
}

static const long batches[] = {1, MOST};

const struct bench_workload bench_churn = {
    .name = "churn",
    .unit = "descriptor",
    .clock = "cpu",
    .parameters = batches,
    .count = 2,
    .rounds = 41,
    .round = churn_round,
    .count_instructions = count_churn,
};

const struct bench_workload bench_churn_waker = {
    .name = "churn_waker",
    .unit = "descriptor",
    .clock = "cpu",
    .parameters = batches,
    .count = 2,
    .rounds = 41,
    .round = waker_round,
};

const struct bench_workload bench_churn_looked = {
    .name = "churn_looked",
    .unit = "descriptor",
    .clock = "cpu",
    .parameters = batches,
    .count = 2,
    .rounds = 41,
    .round = looked_round,
};

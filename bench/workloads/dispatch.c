/* SPDX-License-Identifier: MIT */
/*
 * Many descriptors, some of them ready: what finding and reading those costs. The harness makes
 * them ready, by direct system calls within the measured time that are the same for all.
 */
#include "../harness.h"

#include <unistd.h>

enum { WATCHED = 1000 };

/* The descriptors of the process, which the loops watch in turn. */
static int *fds;
static size_t open_fds;

static void open_to(size_t n)
{
    if (!fds)
        fds = bench_allocate(16384, sizeof *fds);
    while (open_fds < n)
        fds[open_fds++] = bench_eventfd();
}

struct ready {
    long count;
    size_t watched;
};

/* Those that are ready stand apart, as far as they can. */
static void make_ready_and_dispatch(const struct bench_peer *peer, struct bench_loop *loop,
                                    void *user)
{
    const struct ready *ready = user;
    size_t stride = ready->watched / (size_t)ready->count;
    for (long i = 0; i < ready->count; i++)
        bench_ring(fds[(size_t)i * stride]);
    peer->dispatch(loop, ready->count);
}

static struct bench_loop *open_watching(const struct bench_peer *peer, size_t watched)
{
    open_to(watched);
    struct bench_options options = {.descriptors = watched};
    struct bench_loop *loop = peer->open(&options);
    for (size_t i = 0; i < watched; i++)
        peer->add(loop, i, fds[i]);
    return loop;
}

static void close_watching(const struct bench_peer *peer, struct bench_loop *loop, size_t watched)
{
    for (size_t i = 0; i < watched; i++)
        peer->remove(loop, i, fds[i]);
    peer->close(loop);
}

static double time_ready(const struct bench_peer *peer, struct ready ready)
{
    if (!peer->open || (peer->looks_at_all && ready.watched > 1000))
        return -1;
    struct bench_loop *loop = open_watching(peer, ready.watched);
    double ns = bench_time(make_ready_and_dispatch, peer, loop, &ready);
    close_watching(peer, loop, ready.watched);
    return ns / (double)ready.count;
}

static double dispatch_round(const struct bench_peer *peer, long count)
{
    return time_ready(peer, (struct ready){.count = count, .watched = WATCHED});
}

static double idle_round(const struct bench_peer *peer, long watched)
{
    return time_ready(peer, (struct ready){.count = 1, .watched = (size_t)watched});
}

static void count_dispatch(const struct bench_peer *peer, long count, long times)
{
    struct ready ready = {.count = count, .watched = WATCHED};
    struct bench_loop *loop = open_watching(peer, WATCHED);
    bench_counted(make_ready_and_dispatch, peer, loop, &ready, times);
    close_watching(peer, loop, WATCHED);
}

static const long ready_counts[] = {1, 10, 100, 1000};
static const long watched_counts[] = {100, 1000, 10000};

const struct bench_workload bench_dispatch = {
    .name = "dispatch",
    .unit = "event",
    .clock = "cpu",
    .parameters = ready_counts,
    .count = 4,
    .rounds = 75,
    .round = dispatch_round,
    .count_instructions = count_dispatch,
};

const struct bench_workload bench_dispatch_threads = {
    .name = "dispatch_threads",
    .unit = "event",
    .clock = "cpu",
    .parameters = ready_counts,
    .count = 4,
    .threads = true,
    .rounds = 75,
    .round = dispatch_round,
};

const struct bench_workload bench_idle = {
    .name = "idle",
    .unit = "event",
    .clock = "cpu",
    .parameters = watched_counts,
    .count = 3,
    .rounds = 31,
    .round = idle_round,
};

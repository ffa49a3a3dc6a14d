/* SPDX-License-Identifier: MIT */
/*
 * Many descriptors, some of them ready: what finding and reading those costs. The harness makes
 * them ready, by direct system calls within the measured time that are the same for all.
 */
#include "../harness.h"

#include <sys/resource.h>
#include <unistd.h>

enum { WATCHED = 1000, MOST_WATCHED = 100000, USED_OTHERWISE = 64 };

/* The descriptors of the process, which the loops watch in turn. */
static int *fds;
static size_t open_fds;

static void open_to(size_t n)
{
    if (!fds)
        fds = bench_allocate(MOST_WATCHED, sizeof *fds);
    while (open_fds < n)
        fds[open_fds++] = bench_eventfd();
}

struct ready {
    long count;
    size_t watched;
    struct bench_options options; /* but for `descriptors` */
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

static struct bench_loop *open_watching(const struct bench_peer *peer, const struct ready *ready)
{
    open_to(ready->watched);
    struct bench_options options = ready->options;
    options.descriptors = ready->watched;
    struct bench_loop *loop = peer->open(&options);
    for (size_t i = 0; i < ready->watched; i++)
        peer->add(loop, i, fds[i]);
    return loop;
}

/* Whether the peer can have it, and the process so many descriptors. */
static bool takes_part(const struct bench_peer *peer, const struct ready *ready)
{
    struct rlimit limit;
    getrlimit(RLIMIT_NOFILE, &limit);
    if (!peer->open || ready->watched + USED_OTHERWISE > limit.rlim_cur)
        return false;
    if (ready->options.wakes && !peer->wake)
        return false;
    return !(peer->looks_at_all && ready->watched > 1000) &&
           !(peer->only_edges && ready->options.level);
}

static void close_watching(const struct bench_peer *peer, struct bench_loop *loop, size_t watched)
{
    for (size_t i = 0; i < watched; i++)
        peer->remove(loop, i, fds[i]);
    peer->close(loop);
}

static double time_ready(const struct bench_peer *peer, struct ready ready)
{
    if (!takes_part(peer, &ready))
        return -1;
    struct bench_loop *loop = open_watching(peer, &ready);
    double ns = bench_time(make_ready_and_dispatch, peer, loop, &ready);
    close_watching(peer, loop, ready.watched);
    return ns / (double)ready.count;
}

static double dispatch_round(const struct bench_peer *peer, long count)
{
    return time_ready(peer, (struct ready){.count = count, .watched = WATCHED});
}

static double waker_round(const struct bench_peer *peer, long count)
{
    struct ready ready = {.count = count, .watched = WATCHED, .options.wakes = true};
    return time_ready(peer, ready);
}

static double level_round(const struct bench_peer *peer, long count)
{
    struct ready ready = {.count = count, .watched = WATCHED, .options.level = true};
    return time_ready(peer, ready);
}

/* Room for more events than come costs nothing, it should seem. */
static double capacity_round(const struct bench_peer *peer, long capacity)
{
    struct ready ready = {.count = 1, .watched = 100, .options.capacity = (size_t)capacity};
    return time_ready(peer, ready);
}

static double idle_round(const struct bench_peer *peer, long watched)
{
    return time_ready(peer, (struct ready){.count = 1, .watched = (size_t)watched});
}

static void count_dispatch(const struct bench_peer *peer, long count, long times)
{
    struct ready ready = {.count = count, .watched = WATCHED};
    struct bench_loop *loop = open_watching(peer, &ready);
    bench_counted(make_ready_and_dispatch, peer, loop, &ready, times);
    close_watching(peer, loop, WATCHED);
}

static const long ready_counts[] = {1, 10, 100, 1000};
static const long watched_counts[] = {100, 1000, 10000, MOST_WATCHED};
static const long capacities[] = {1, 64, 1024, 65536};

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

const struct bench_workload bench_dispatch_waker = {
    .name = "dispatch_waker",
    .unit = "event",
    .clock = "cpu",
    .parameters = ready_counts,
    .count = 4,
    .rounds = 75,
    .round = waker_round,
};

const struct bench_workload bench_dispatch_level = {
    .name = "dispatch_level",
    .unit = "event",
    .clock = "cpu",
    .parameters = ready_counts,
    .count = 4,
    .rounds = 41,
    .round = level_round,
};

const struct bench_workload bench_capacity = {
    .name = "capacity",
    .unit = "event",
    .clock = "cpu",
    .parameters = capacities,
    .count = 4,
    .rounds = 31,
    .round = capacity_round,
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
    .count = 4,
    .rounds = 31,
    .round = idle_round,
};

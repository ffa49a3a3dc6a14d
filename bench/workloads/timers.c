/* SPDX-License-Identifier: MIT */
/*
 * Timeouts: set, and cancelled or moved before they expire, as nearly all are, while so many others
 * are pending. The loop looks once in 1,000 of them, as a busy server's does. None expires.
 *
 *   timers_moved    one of the pending, in no order, is cancelled and set again
 *   timers_new      one more is set and cancelled
 *   timers_shared   as timers_moved, with whatever lock lets other threads set timers too
 */
#include "../harness.h"

enum { BATCH = 1000 };

static const int64_t usual_timeout = 30 * INT64_C(1000000000);

struct pending {
    const struct bench_timers *timers;
    void *opened;
    size_t count;
    uint64_t random;
};

static uint64_t draw(struct pending *pending)
{
    pending->random = pending->random * UINT64_C(6364136223846793005) + 1442695040888963407;
    return pending->random >> 33;
}

static void move_timers(const struct bench_peer *peer, struct bench_loop *loop, void *user)
{
    struct pending *pending = user;
    (void)peer;
    (void)loop;
    for (int i = 0; i < BATCH; i++) {
        size_t slot = (size_t)draw(pending) % pending->count;
        pending->timers->cancel(pending->opened, slot);
        pending->timers->set(pending->opened, slot, usual_timeout);
    }
    pending->timers->look(pending->opened);
}

static void add_timers(const struct bench_peer *peer, struct bench_loop *loop, void *user)
{
    const struct pending *pending = user;
    (void)peer;
    (void)loop;
    for (int i = 0; i < BATCH; i++) {
        pending->timers->set(pending->opened, pending->count, usual_timeout);
        pending->timers->cancel(pending->opened, pending->count);
    }
    pending->timers->look(pending->opened);
}

/* Some 10 to 60 seconds away, so that all have been moved before one of them expires. */
static bool open_pending(struct pending *pending, const struct bench_peer *peer, size_t count,
                         bool shared)
{
    *pending = (struct pending){.timers = peer->timers, .count = count, .random = 1};
    if (!peer->timers)
        return false;
    pending->opened = peer->timers->open(count + 1, shared);
    if (!pending->opened)
        return false;
    for (size_t i = 0; i < count; i++)
        peer->timers->set(pending->opened, i,
                          usual_timeout / 3 + (int64_t)(draw(pending) % 50000) * 1000000);
    peer->timers->look(pending->opened);
    return true;
}

static double time_timers(const struct bench_peer *peer, long count, bench_operation *operation,
                          bool shared)
{
    struct pending pending;
    if (!open_pending(&pending, peer, (size_t)count, shared))
        return -1;
    double ns = bench_time(operation, peer, NULL, &pending);
    pending.timers->close(pending.opened);
    return ns / BATCH;
}

static double moved_round(const struct bench_peer *peer, long count)
{
    return time_timers(peer, count, move_timers, false);
}

static double new_round(const struct bench_peer *peer, long count)
{
    return time_timers(peer, count, add_timers, false);
}

static double shared_round(const struct bench_peer *peer, long count)
{
    return time_timers(peer, count, move_timers, true);
}

static void count_moved(const struct bench_peer *peer, long count, long times)
{
    struct pending pending;
    if (!open_pending(&pending, peer, (size_t)count, false))
        return;
    bench_counted(move_timers, peer, NULL, &pending, times);
    pending.timers->close(pending.opened);
}

static const long counts[] = {1000, 100000, 1000000};

const struct bench_workload bench_timers_moved = {
    .name = "timers_moved",
    .unit = "set and cancel",
    .clock = "cpu",
    .parameters = counts,
    .count = 3,
    .rounds = 15,
    .round = moved_round,
    .count_instructions = count_moved,
};

const struct bench_workload bench_timers_new = {
    .name = "timers_new",
    .unit = "set and cancel",
    .clock = "cpu",
    .parameters = counts,
    .count = 3,
    .rounds = 15,
    .round = new_round,
};

const struct bench_workload bench_timers_shared = {
    .name = "timers_shared",
    .unit = "set and cancel",
    .clock = "cpu",
    .parameters = counts,
    .count = 3,
    .threads = true,
    .rounds = 15,
    .round = shared_round,
};

/* SPDX-License-Identifier: MIT */
/* Ending a wait from outside. */
#include "../harness.h"

#include <mio.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdlib.h>

enum { MANY = 1000, TURNS = 300, MOST_STORMERS = 4, STORM_WAKES = 400000 };

static struct bench_loop *open_loop(const struct bench_peer *peer)
{
    struct bench_options options = {.wakes = true};
    return peer->open(&options);
}

/* --- nobody sleeps: many wakes, then a wait that takes them --- */

static double busy_round(const struct bench_peer *peer, long parameter)
{
    (void)parameter;
    if (!peer->wake)
        return -1;
    struct bench_loop *loop = open_loop(peer);
    int64_t spent = 0;
    long wakes = 0;
    for (int64_t start = bench_wall_ns(); bench_wall_ns() - start < bench_round_ns;) {
        int64_t begin = bench_cpu_ns();
        for (int i = 0; i < MANY; i++)
            peer->wake(loop);
        int64_t end = bench_cpu_ns();
        /* The first ones warm up. */
        if (wakes++ > 0)
            spent += end - begin;
        peer->await_wake(loop);
    }
    peer->close(loop);
    return (double)spent / (double)(wakes - 1) / MANY;
}

static void wake_operation(const struct bench_peer *peer, struct bench_loop *loop, void *user)
{
    (void)user;
    peer->wake(loop);
}

static void count_busy(const struct bench_peer *peer, long parameter, long times)
{
    (void)parameter;
    if (!peer->wake)
        return;
    struct bench_loop *loop = open_loop(peer);
    bench_counted(wake_operation, peer, loop, NULL, times);
    peer->close(loop);
}

/* --- a wake and the wait that takes it, on one thread --- */

static void wake_and_wait(const struct bench_peer *peer, struct bench_loop *loop, void *user)
{
    (void)user;
    peer->wake(loop);
    peer->await_wake(loop);
}

static double wait_round(const struct bench_peer *peer, long parameter)
{
    (void)parameter;
    if (!peer->wake)
        return -1;
    struct bench_loop *loop = open_loop(peer);
    double ns = bench_time(wake_and_wait, peer, loop, NULL);
    peer->close(loop);
    return ns;
}

static void count_wait(const struct bench_peer *peer, long parameter, long times)
{
    (void)parameter;
    if (!peer->wake)
        return;
    struct bench_loop *loop = open_loop(peer);
    bench_counted(wake_and_wait, peer, loop, NULL, times);
    peer->close(loop);
}

/* --- many wakers of one poll, all of them pending: what one of them costs --- */

struct pending {
    struct mio_poll *poll;
    struct mio_events *events;
    struct mio_waker **wakers;
    long count;
};

static void wake_all_and_wait(const struct bench_peer *peer, struct bench_loop *loop, void *user)
{
    const struct pending *pending = user;
    (void)peer;
    (void)loop;
    for (long i = 0; i < pending->count; i++)
        bench_need(mio_waker_wake(pending->wakers[i]) == 0, "mio_waker_wake");
    bench_need(mio_poll_wait(pending->poll, pending->events, 0) == pending->count, "mio_poll_wait");
}

/* Of the others none has more than one waker a loop. */
static double pending_round(const struct bench_peer *peer, long count)
{
    struct pending pending = {.count = count};
    struct mio_options options = {.backend = "epoll"};
    if (peer != &bench_mio)
        return -1;
    bench_need(mio_poll_new(&options, &pending.poll) == 0, "mio_poll_new");
    bench_need(mio_events_new((size_t)count, NULL, &pending.events) == 0, "mio_events_new");
    pending.wakers = bench_allocate((size_t)count, sizeof(struct mio_waker *));
    for (long i = 0; i < count; i++)
        bench_need(
            mio_waker_new(mio_poll_registry(pending.poll), (mio_token)i, &pending.wakers[i]) == 0,
            "mio_waker_new");
    double ns = bench_time(wake_all_and_wait, peer, NULL, &pending);
    for (long i = 0; i < count; i++)
        mio_waker_free(pending.wakers[i]);
    free(pending.wakers);
    mio_events_free(pending.events);
    mio_poll_free(pending.poll);
    return ns / (double)count;
}

/* --- two loops that wake each other, both asleep --- */

struct partner {
    const struct bench_peer *peer;
    int core;
    _Atomic(struct bench_loop *) own; /* NULL until it is open */
    _Atomic(struct bench_loop *) other;
};

static void *answer_wakes(void *argument)
{
    struct partner *partner = argument;
    bench_pin(partner->core);
    struct bench_loop *own = open_loop(partner->peer);
    atomic_store(&partner->own, own);
    for (int i = 0; i < TURNS + 1; i++) {
        partner->peer->await_wake(own);
        partner->peer->wake(atomic_load(&partner->other));
    }
    /* Nobody wakes this loop any more; the other one lives until this thread has ended. */
    partner->peer->close(own);
    return NULL;
}

static void one_turn(struct partner *partner, struct bench_loop *own, struct bench_loop *other)
{
    partner->peer->wake(other);
    partner->peer->await_wake(own);
}

/* From a wake to the return of the wait that it ends: half of a turn. */
static double asleep(const struct bench_peer *peer, int core)
{
    if (!peer->wake)
        return -1;
    struct partner partner = {.peer = peer, .core = core};
    struct bench_loop *own = open_loop(peer);
    struct bench_loop *other = NULL;
    pthread_t thread;
    atomic_store(&partner.other, own);
    bench_need(pthread_create(&thread, NULL, answer_wakes, &partner) == 0, "pthread_create");
    while (!(other = atomic_load(&partner.own)))
        sched_yield();
    one_turn(&partner, own, other);
    int64_t start = bench_wall_ns();
    for (int i = 0; i < TURNS; i++)
        one_turn(&partner, own, other);
    int64_t end = bench_wall_ns();
    pthread_join(thread, NULL);
    peer->close(own);
    return (double)(end - start) / TURNS / 2;
}

static double asleep_near(const struct bench_peer *peer, long parameter)
{
    (void)parameter;
    return asleep(peer, 0);
}

static double asleep_far(const struct bench_peer *peer, long parameter)
{
    (void)parameter;
    return asleep(peer, 1);
}

/* --- threads that wake as fast as they can, for as long as it takes to forget how they began ---
 */

struct storm {
    const struct bench_peer *peer;
    struct bench_loop *loop;
    long wakes;       /* of each thread */
    atomic_int ready; /* threads that are there */
    atomic_bool has_begun;
    atomic_int under_way; /* threads that have more than one wake to go */
};

static void *wake_often(void *argument)
{
    struct storm *storm = argument;
    bench_pin(1);
    atomic_fetch_add(&storm->ready, 1);
    while (!atomic_load(&storm->has_begun))
        sched_yield();
    for (long i = 1; i < storm->wakes; i++)
        storm->peer->wake(storm->loop);
    atomic_fetch_sub(&storm->under_way, 1);
    storm->peer->wake(storm->loop);
    return NULL;
}

/* Wall time of a wake, while the loop takes them on another core. */
static double storm_round(const struct bench_peer *peer, long count)
{
    if (!peer->wake)
        return -1;
    struct storm storm = {.peer = peer, .wakes = STORM_WAKES / count};
    pthread_t threads[MOST_STORMERS];
    storm.loop = open_loop(peer);
    atomic_store(&storm.under_way, (int)count);
    for (long i = 0; i < count; i++)
        bench_need(pthread_create(&threads[i], NULL, wake_often, &storm) == 0, "pthread_create");
    while (atomic_load(&storm.ready) < count)
        sched_yield();
    int64_t start = bench_wall_ns();
    atomic_store(&storm.has_begun, true);
    while (atomic_load(&storm.under_way) > 0)
        peer->await_wake(storm.loop);
    int64_t end = bench_wall_ns();
    for (long i = 0; i < count; i++)
        pthread_join(threads[i], NULL);
    peer->close(storm.loop);
    return (double)(end - start) / (double)(storm.wakes * count);
}

static const long only[] = {1};
static const long pending_counts[] = {1, 10, 100, 1000, 10000};
static const long stormers[] = {1, MOST_STORMERS};

const struct bench_workload bench_wake_busy = {
    .name = "wake_busy",
    .unit = "wake",
    .clock = "cpu",
    .parameters = only,
    .count = 1,
    .rounds = 31,
    .round = busy_round,
    .count_instructions = count_busy,
};

const struct bench_workload bench_wake_wait = {
    .name = "wake_wait",
    .unit = "wake and wait",
    .clock = "cpu",
    .parameters = only,
    .count = 1,
    .rounds = 75,
    .round = wait_round,
    .count_instructions = count_wait,
};

const struct bench_workload bench_wake_pending = {
    .name = "wake_pending",
    .unit = "wake",
    .clock = "cpu",
    .parameters = pending_counts,
    .count = 5,
    .rounds = 31,
    .round = pending_round,
};

const struct bench_workload bench_wake_asleep_near = {
    .name = "wake_asleep_near",
    .unit = "wake",
    .clock = "wall",
    .parameters = only,
    .count = 1,
    .rounds = 31,
    .threads = true,
    .round = asleep_near,
};

const struct bench_workload bench_wake_asleep_far = {
    .name = "wake_asleep_far",
    .unit = "wake",
    .clock = "wall",
    .parameters = only,
    .count = 1,
    .rounds = 31,
    .threads = true,
    .round = asleep_far,
};

const struct bench_workload bench_wake_storm = {
    .name = "wake_storm",
    .unit = "wake",
    .clock = "wall",
    .parameters = stormers,
    .count = 2,
    .rounds = 15,
    .threads = true,
    .round = storm_round,
};

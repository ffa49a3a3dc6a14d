/* SPDX-License-Identifier: MIT */
/*
 * Handing a token and 64 bits to the thread that waits. libmio has a queue for that. Of the others
 * each is given one, with a mutex, whose first entry wakes the loop by the peer's own means; of the
 * bare loop that is an eventfd.
 *
 *   posts           so many on one thread, and the wait that takes them
 *   posts_threads   by another thread, as fast as it can
 */
#include "../harness.h"

#include <mio.h>
#include <pthread.h>
#include <sched.h>
#include <stdlib.h>

enum { QUEUE_ROOM = 1024, THREADED_POSTS = 200000 };

struct job {
    uintptr_t token;
    uint64_t payload;
};

/* --- a queue with a mutex --- */

struct locked_queue {
    pthread_mutex_t lock;
    struct job jobs[QUEUE_ROOM];
    size_t first;
    size_t count;
};

static bool locked_post(struct locked_queue *queue, struct job job, bool *was_empty)
{
    pthread_mutex_lock(&queue->lock);
    bool has_room = queue->count < QUEUE_ROOM;
    *was_empty = queue->count == 0;
    if (has_room)
        queue->jobs[(queue->first + queue->count++) % QUEUE_ROOM] = job;
    pthread_mutex_unlock(&queue->lock);
    return has_room;
}

static bool locked_take(struct locked_queue *queue, struct job *job)
{
    pthread_mutex_lock(&queue->lock);
    bool is_there = queue->count > 0;
    if (is_there) {
        *job = queue->jobs[queue->first];
        queue->first = (queue->first + 1) % QUEUE_ROOM;
        queue->count--;
    }
    pthread_mutex_unlock(&queue->lock);
    return is_there;
}

/* --- both kinds --- */

struct posting {
    const struct bench_peer *peer;
    struct bench_loop *loop; /* of the others */
    struct locked_queue queue;
    struct mio_poll *poll; /* libmio's */
    struct mio_events *events;
    struct mio_post_queue *posts;
    long batch;
    uint64_t sum;
};

static bool has_posts(const struct posting *posting)
{
    return posting->posts != NULL;
}

static bool open_posting(struct posting *posting, const struct bench_peer *peer, long batch)
{
    struct bench_options options = {.wakes = true};
    struct mio_options mio = {.backend = "epoll"};
    *posting = (struct posting){.peer = peer, .batch = batch};
    if (!peer->wake)
        return false;
    if (peer != &bench_mio) {
        pthread_mutex_init(&posting->queue.lock, NULL);
        posting->loop = peer->open(&options);
        return true;
    }
    bench_need(mio_poll_new(&mio, &posting->poll) == 0, "mio_poll_new");
    bench_need(mio_events_new(BENCH_CAPACITY, NULL, &posting->events) == 0, "mio_events_new");
    bench_need(
        mio_post_queue_new(mio_poll_registry(posting->poll), 1, QUEUE_ROOM, &posting->posts) == 0,
        "mio_post_queue_new");
    return true;
}

static void close_posting(struct posting *posting)
{
    if (has_posts(posting)) {
        mio_post_queue_free(posting->posts);
        mio_events_free(posting->events);
        mio_poll_free(posting->poll);
    } else {
        posting->peer->close(posting->loop);
        pthread_mutex_destroy(&posting->queue.lock);
    }
}

static bool post(struct posting *posting, struct job job)
{
    if (has_posts(posting))
        return mio_post(posting->posts, job.token, job.payload) == 0;
    bool was_empty;
    bool posted = locked_post(&posting->queue, job, &was_empty);
    if (posted && was_empty)
        posting->peer->wake(posting->loop);
    return posted;
}

/* Waits for the event, and takes what is there: how many. */
static long take_jobs(struct posting *posting)
{
    struct mio_posted posted;
    struct job job;
    long count = 0;
    if (has_posts(posting)) {
        bench_need(mio_poll_wait(posting->poll, posting->events, MIO_FOREVER) > 0, "mio_poll_wait");
        for (; mio_post_take(posting->posts, &posted) > 0; count++)
            posting->sum += posted.payload;
        return count;
    }
    posting->peer->await_wake(posting->loop);
    for (; locked_take(&posting->queue, &job); count++)
        posting->sum += job.payload;
    return count;
}

/* --- on one thread --- */

static void post_and_take(const struct bench_peer *peer, struct bench_loop *loop, void *user)
{
    struct posting *posting = user;
    (void)peer;
    (void)loop;
    for (long i = 0; i < posting->batch; i++)
        bench_need(post(posting, (struct job){(uintptr_t)i, (uint64_t)i}), "post");
    bench_need(take_jobs(posting) == posting->batch, "take");
}

static double posts_round(const struct bench_peer *peer, long batch)
{
    struct posting posting;
    if (!open_posting(&posting, peer, batch))
        return -1;
    double ns = bench_time(post_and_take, peer, NULL, &posting);
    close_posting(&posting);
    return ns / (double)batch;
}

static void count_posts(const struct bench_peer *peer, long batch, long times)
{
    struct posting posting;
    if (!open_posting(&posting, peer, batch))
        return;
    bench_counted(post_and_take, peer, NULL, &posting, times);
    close_posting(&posting);
}

/* --- by another thread --- */

static void *post_all(void *argument)
{
    struct posting *posting = argument;
    for (long i = 0; i < THREADED_POSTS; i++) {
        while (!post(posting, (struct job){1, (uint64_t)i}))
            sched_yield();
    }
    return NULL;
}

static double threads_round(const struct bench_peer *peer, long parameter)
{
    struct posting posting;
    pthread_t poster;
    long taken = 0;
    (void)parameter;
    if (!open_posting(&posting, peer, 0))
        return -1;
    int64_t begin = bench_wall_ns();
    bench_need(pthread_create(&poster, NULL, post_all, &posting) == 0, "pthread_create");
    while (taken < THREADED_POSTS)
        taken += take_jobs(&posting);
    int64_t end = bench_wall_ns();
    pthread_join(poster, NULL);
    close_posting(&posting);
    return (double)(end - begin) / THREADED_POSTS;
}

static const long batches[] = {1, 100};
static const long once[] = {0};

const struct bench_workload bench_posts = {
    .name = "posts",
    .unit = "post",
    .clock = "cpu",
    .parameters = batches,
    .count = 2,
    .rounds = 15,
    .round = posts_round,
    .count_instructions = count_posts,
};

const struct bench_workload bench_posts_threads = {
    .name = "posts_threads",
    .unit = "post",
    .clock = "wall",
    .parameters = once,
    .count = 1,
    .threads = true,
    .rounds = 15,
    .round = threads_round,
};

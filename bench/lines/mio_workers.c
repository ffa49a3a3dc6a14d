/* SPDX-License-Identifier: MIT */
#include <mio.h>

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { WORKERS = 4, JOBS = 100 };

static struct mio_post_queue *results;
static atomic_uint next_job;

static void check(int result, const char *what)
{
    if (result < 0) {
        fprintf(stderr, "%s: %s\n", what, strerror(-result));
        exit(EXIT_FAILURE);
    }
}

static void *work(void *argument)
{
    for (uint64_t job; (job = next_job++) < JOBS;)
        check(mio_post(results, job, job * job), "result");
    return NULL;
}

int main(void)
{
    struct mio_poll *poll;
    struct mio_events *events;
    struct mio_posted result;
    pthread_t threads[WORKERS];
    uint64_t taken = 0, sum = 0;
    check(mio_poll_new(NULL, &poll), "poll");
    check(mio_events_new(1, NULL, &events), "events");
    check(mio_post_queue_new(mio_poll_registry(poll), 0, JOBS, &results), "queue");
    for (int i = 0; i < WORKERS; i++)
        check(-pthread_create(&threads[i], NULL, work, NULL), "thread");
    while (taken < JOBS) {
        check(mio_poll_wait_until(poll, events, MIO_FOREVER), "wait");
        for (; mio_post_take(results, &result) > 0; taken++)
            sum += result.payload;
    }
    for (int i = 0; i < WORKERS; i++)
        pthread_join(threads[i], NULL);
    printf("%d results, sum %llu\n", JOBS, (unsigned long long)sum);
    return EXIT_SUCCESS;
}

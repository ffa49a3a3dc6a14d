/* SPDX-License-Identifier: MIT */
#include <event2/event.h>
#include <event2/thread.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

enum { WORKERS = 4, JOBS = 100 };

static struct event_base *base;
static uint64_t results[JOBS];
static atomic_uint next_job;
static uint64_t taken, sum;

static void check(int is_well, const char *what)
{
    if (!is_well) {
        perror(what);
        exit(EXIT_FAILURE);
    }
}

static void on_result(evutil_socket_t fd, short what, void *result)
{
    sum += *(uint64_t *)result;
    if (++taken == JOBS)
        event_base_loopbreak(base);
}

static void *work(void *argument)
{
    for (uint64_t job; (job = next_job++) < JOBS;) {
        results[job] = job * job;
        check(event_base_once(base, -1, EV_TIMEOUT, on_result, &results[job], NULL) == 0, "result");
    }
    return NULL;
}

int main(void)
{
    pthread_t threads[WORKERS];
    check(evthread_use_pthreads() == 0, "threads");
    check((base = event_base_new()) != NULL, "base");
    for (int i = 0; i < WORKERS; i++)
        check(pthread_create(&threads[i], NULL, work, NULL) == 0, "thread");
    event_base_loop(base, EVLOOP_NO_EXIT_ON_EMPTY);
    for (int i = 0; i < WORKERS; i++)
        pthread_join(threads[i], NULL);
    printf("%d results, sum %llu\n", (int)taken, (unsigned long long)sum);
    return EXIT_SUCCESS;
}

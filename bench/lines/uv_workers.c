/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <stdlib.h>
#include <uv.h>

enum { JOBS = 100 }; /* for the loop's pool, which has four threads */

struct job {
    uv_work_t work;
    uint64_t number, result;
};

static struct job jobs[JOBS];
static uint64_t taken, sum;

static void check(int result, const char *what)
{
    if (result < 0) {
        fprintf(stderr, "%s: %s\n", what, uv_strerror(result));
        exit(EXIT_FAILURE);
    }
}

static void work(uv_work_t *work)
{
    struct job *job = work->data;
    job->result = job->number * job->number;
}

static void on_result(uv_work_t *work, int status)
{
    struct job *job = work->data;
    check(status, "result");
    sum += job->result;
    taken++;
}

int main(void)
{
    for (uint64_t i = 0; i < JOBS; i++) {
        jobs[i].number = i;
        jobs[i].work.data = &jobs[i];
        check(uv_queue_work(uv_default_loop(), &jobs[i].work, work, on_result), "job");
    }
    uv_run(uv_default_loop(), UV_RUN_DEFAULT);
    printf("%d results, sum %llu\n", (int)taken, (unsigned long long)sum);
    return EXIT_SUCCESS;
}

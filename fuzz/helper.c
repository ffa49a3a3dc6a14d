/* SPDX-License-Identifier: MIT */
#include "helper.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static pthread_t thread;
static bool exists;
static bool stopping;
static helper_function *job; /* NULL: idle */
static void *job_argument;

static void *work(void *unused)
{
    (void)unused;
    pthread_mutex_lock(&lock);
    while (!stopping) {
        if (!job) {
            pthread_cond_wait(&changed, &lock);
            continue;
        }
        pthread_mutex_unlock(&lock);
        job(job_argument);
        pthread_mutex_lock(&lock);
        job = NULL;
        pthread_cond_broadcast(&changed);
    }
    pthread_mutex_unlock(&lock);
    return NULL;
}

void helper_start(helper_function *run, void *argument)
{
    pthread_mutex_lock(&lock);
    if (!exists && pthread_create(&thread, NULL, work, NULL) != 0)
        abort();
    exists = true;
    job = run;
    job_argument = argument;
    pthread_cond_broadcast(&changed);
    pthread_mutex_unlock(&lock);
}

void helper_join(void)
{
    pthread_mutex_lock(&lock);
    while (job)
        pthread_cond_wait(&changed, &lock);
    pthread_mutex_unlock(&lock);
}

void helper_stop(void)
{
    if (!exists)
        return;
    pthread_mutex_lock(&lock);
    stopping = true;
    pthread_cond_broadcast(&changed);
    pthread_mutex_unlock(&lock);
    pthread_join(thread, NULL);
    exists = false;
    stopping = false;
}

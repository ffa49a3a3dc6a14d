/* SPDX-License-Identifier: MIT */
/* What the contract's tests share, beside expected.h and descriptors.h: threads, children,
 * signals. */
#ifndef CONTRACT_SUPPORT_H
#define CONTRACT_SUPPORT_H

#include "descriptors.h"
#include "expected.h"
#include "test.h"

#include <mio.h>

#include <pthread.h>
#include <sys/types.h>

/* A NULL that the compiler does not know of: functions may promise not to take it. */
void *null(void);

/* --- threads, children, signals --- */

pthread_t thread_start(void *(*run)(void *), void *argument);
void *thread_join(pthread_t thread);

/* What a thread runs that waits in this loop until one event has come. */
void *wait_for_one(void *loop);

/* Each test of wakers runs with the best waker of the system and with the one that stands in where
 * that is missing: flags of mio_options. */
enum { WAKER_KINDS = 2 };
extern const uint32_t waker_kinds[WAKER_KINDS];

struct mio_waker *waker_open(struct loop *loop, mio_token token);

/* Wakes after a moment in which the caller has most likely gone to sleep. */
struct late_wake {
    struct mio_waker *waker;
    pthread_t thread;
};
void late_wake_start(struct late_wake *late, struct mio_waker *waker);
void late_wake_join(struct late_wake *late);

/* Runs `run` in a child; what it returned (0 to 100), or 128 and more when it died of a signal. */
int in_child(int (*run)(void *), void *argument);

/* SIGALRM every `interval` nanoseconds from now on, with a handler and without SA_RESTART. */
void signals_start(int64_t interval);
void signals_stop(void);
int signals_seen(void);

void sleep_for(int64_t nanoseconds);

/* A clock that the library has no part in. */
bool time_is_up(int64_t since, int64_t limit);

#endif

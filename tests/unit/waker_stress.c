/* SPDX-License-Identifier: MIT */
/*
 * Wakers under load: what the model of tests/model/ cannot show, with real threads and signals.
 *
 * Every waiter has room for fewer events than there are wakers, and sleeps until an event comes: a
 * lost wake shows as a wait that ends after LOST_S seconds with nothing. What the threads tell the
 * waiter is plain or relaxed memory, ordered by the wakes alone, so ThreadSanitizer sees a wake
 * that orders nothing.
 */
#define _GNU_SOURCE

#include "test.h"

#include <mio.h>

#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <string.h>
#include <unistd.h>

#define SECOND  INT64_C(1000000000)
#define RUNTIME (SECOND / 2)
#define LOST    (20 * SECOND)

enum { THREADS = 4, WAKERS = 6, CAPACITY = 2 };

/* Ends a stress: its event says that one more thread has finished. */
static const mio_token finish_token = 999;

struct stress {
    struct mio_poll *poll;
    struct mio_events *events;
    struct mio_waker *finish;
    struct mio_waker *wakers[WAKERS]; /* with their index as token */
    int64_t end;
    atomic_int finished;
    pthread_t threads[THREADS];
};

static void stress_open(struct stress *stress)
{
    memset(stress, 0, sizeof *stress);
    REQUIRE_EQ(mio_poll_new(NULL, &stress->poll), 0);
    REQUIRE_EQ(mio_events_new(CAPACITY, NULL, &stress->events), 0);
    struct mio_registry *registry = mio_poll_registry(stress->poll);
    REQUIRE_EQ(mio_waker_new(registry, finish_token, &stress->finish), 0);
    for (int i = 0; i < WAKERS; i++)
        REQUIRE_EQ(mio_waker_new(registry, (mio_token)i, &stress->wakers[i]), 0);
    stress->end = mio_now() + RUNTIME;
}

static void stress_close(struct stress *stress)
{
    for (int i = 0; i < WAKERS; i++)
        mio_waker_free(stress->wakers[i]);
    mio_waker_free(stress->finish);
    mio_events_free(stress->events);
    mio_poll_free(stress->poll);
}

static void finish(struct stress *stress)
{
    atomic_fetch_add(&stress->finished, 1);
    CHECK_EQ(mio_waker_wake(stress->finish), 0);
}

/* The next events; false when a wake was lost. */
static bool stress_wait(struct stress *stress)
{
    return CHECK(mio_poll_wait_until(stress->poll, stress->events, mio_now() + LOST) >= 1);
}

/* --- what was written before a wake is read after its event --- */

/* Written by a thread when the waiter has read the last, and the other way round. */
struct word {
    struct stress *stress;
    int index;
    uint64_t value;               /* handed over by the wake */
    atomic_uint_fast64_t read_up; /* to this value; handed back by itself */
};

static void *send_words(void *argument)
{
    struct word *word = argument;
    struct stress *stress = word->stress;
    while (mio_now() < stress->end) {
        word->value++;
        CHECK_EQ(mio_waker_wake(stress->wakers[word->index]), 0);
        int64_t lost = mio_now() + LOST;
        while (atomic_load_explicit(&word->read_up, memory_order_acquire) != word->value) {
            if (!CHECK(mio_now() < lost))
                return NULL;
            sched_yield();
        }
    }
    finish(stress);
    return NULL;
}

TEST(waker_stress_hands_over_plain_words)
{
    struct stress stress;
    static struct word words[THREADS];

    stress_open(&stress);
    memset(words, 0, sizeof words);
    for (int i = 0; i < THREADS; i++) {
        words[i].stress = &stress;
        words[i].index = i;
        REQUIRE_EQ(pthread_create(&stress.threads[i], NULL, send_words, &words[i]), 0);
    }
    while (atomic_load(&stress.finished) < THREADS && stress_wait(&stress)) {
        mio_events_each(event, stress.events) {
            mio_token token = mio_event_token(event);
            if (token == finish_token)
                continue;
            struct word *word = &words[token];
            CHECK_EQ(word->value, atomic_load(&word->read_up) + 1);
            atomic_store_explicit(&word->read_up, word->value, memory_order_release);
        }
    }
    for (int i = 0; i < THREADS; i++)
        pthread_join(stress.threads[i], NULL);
    stress_close(&stress);
}

/* --- all threads wake all wakers --- */

struct counts {
    struct stress stress;
    atomic_uint_fast64_t sent[WAKERS]; /* raised before each wake, in no order of its own */
    uint64_t seen[WAKERS];             /* what `sent` was after the waker's last event */
};

static void *wake_all(void *argument)
{
    struct counts *counts = argument;
    for (unsigned turn = 0; mio_now() < counts->stress.end; turn++) {
        unsigned i = turn * 7 % WAKERS;
        atomic_fetch_add_explicit(&counts->sent[i], 1, memory_order_relaxed);
        CHECK_EQ(mio_waker_wake(counts->stress.wakers[i]), 0);
        /* Now and then the waiter is to fall asleep. */
        if (turn % 64 == 0)
            usleep(50);
    }
    finish(&counts->stress);
    return NULL;
}

static bool all_seen(struct counts *counts)
{
    if (atomic_load(&counts->stress.finished) < THREADS)
        return false;
    for (int i = 0; i < WAKERS; i++) {
        if (counts->seen[i] != atomic_load_explicit(&counts->sent[i], memory_order_relaxed))
            return false;
    }
    return true;
}

TEST(waker_stress_loses_no_wake)
{
    static struct counts counts;

    memset(&counts, 0, sizeof counts);
    stress_open(&counts.stress);
    for (int i = 0; i < THREADS; i++)
        REQUIRE_EQ(pthread_create(&counts.stress.threads[i], NULL, wake_all, &counts), 0);
    while (!all_seen(&counts) && stress_wait(&counts.stress)) {
        CHECK(mio_events_len(counts.stress.events) <= CAPACITY);
        mio_events_each(event, counts.stress.events) {
            mio_token token = mio_event_token(event);
            CHECK(token < WAKERS || token == finish_token);
            if (token < WAKERS)
                counts.seen[token] =
                    atomic_load_explicit(&counts.sent[token], memory_order_relaxed);
        }
    }
    for (int i = 0; i < THREADS; i++)
        pthread_join(counts.stress.threads[i], NULL);
    stress_close(&counts.stress);
}

/* --- wakers come and go --- */

enum { SHORT_LIVED = 100 }; /* tokens from here on */

static void *make_and_free(void *argument)
{
    struct stress *stress = argument;
    for (unsigned turn = 0; mio_now() < stress->end; turn++) {
        struct mio_waker *waker = NULL;
        struct mio_registry *registry = mio_poll_registry(stress->poll);
        if (!CHECK_EQ(mio_waker_new(registry, SHORT_LIVED + turn % 8, &waker), 0))
            break;
        /* Freed while idle, while on the stack, and while it may be delivered. */
        for (unsigned wakes = turn % 3; wakes > 0; wakes--)
            CHECK_EQ(mio_waker_wake(waker), 0);
        if (turn % 5 == 0)
            usleep(50);
        mio_waker_free(waker);
        CHECK_EQ(mio_waker_wake(stress->wakers[turn % WAKERS]), 0);
    }
    finish(stress);
    return NULL;
}

TEST(waker_stress_survives_wakers_that_come_and_go)
{
    struct stress stress;
    uint64_t lasting = 0;

    stress_open(&stress);
    for (int i = 0; i < THREADS; i++)
        REQUIRE_EQ(pthread_create(&stress.threads[i], NULL, make_and_free, &stress), 0);
    while (atomic_load(&stress.finished) < THREADS && stress_wait(&stress)) {
        mio_events_each(event, stress.events) {
            mio_token token = mio_event_token(event);
            CHECK(token < WAKERS || token == finish_token ||
                  (token >= SHORT_LIVED && token < SHORT_LIVED + 8));
            lasting += token < WAKERS;
        }
    }
    CHECK(lasting > 0);
    for (int i = 0; i < THREADS; i++)
        pthread_join(stress.threads[i], NULL);
    /* All of them are freed by now: what is still pending must not come. */
    while (mio_poll_wait(stress.poll, stress.events, 0) > 0) {
        mio_events_each(event, stress.events)
            CHECK(mio_event_token(event) < WAKERS || mio_event_token(event) == finish_token);
    }
    stress_close(&stress);
}

/* --- the first waker is made while the waiter sleeps --- */

struct first {
    struct mio_poll *poll;
    atomic_bool waits;
};

static void *wake_for_the_first_time(void *argument)
{
    struct first *first = argument;
    struct mio_waker *waker = NULL;
    while (!atomic_load(&first->waits))
        sched_yield();
    CHECK_EQ(mio_waker_new(mio_poll_registry(first->poll), 5, &waker), 0);
    CHECK_EQ(mio_waker_wake(waker), 0);
    return waker;
}

TEST(waker_stress_first_waker_meets_a_waiter)
{
    struct mio_events *events = NULL;
    REQUIRE_EQ(mio_events_new(1, NULL, &events), 0);
    for (int64_t end = mio_now() + RUNTIME; mio_now() < end;) {
        struct first first = {.poll = NULL};
        pthread_t threads[2];
        void *wakers[2];
        REQUIRE_EQ(mio_poll_new(NULL, &first.poll), 0);
        for (int i = 0; i < 2; i++)
            REQUIRE_EQ(pthread_create(&threads[i], NULL, wake_for_the_first_time, &first), 0);
        atomic_store(&first.waits, true);
        for (int i = 0; i < 2; i++) {
            CHECK_EQ(mio_poll_wait_until(first.poll, events, mio_now() + LOST), 1);
            const struct mio_event *event = mio_events_get(events, 0);
            CHECK(event && mio_event_token(event) == 5);
        }
        for (int i = 0; i < 2; i++)
            pthread_join(threads[i], &wakers[i]);
        CHECK_EQ(mio_poll_wait(first.poll, events, 0), 0);
        for (int i = 0; i < 2; i++)
            mio_waker_free(wakers[i]);
        mio_poll_free(first.poll);
    }
    mio_events_free(events);
}

/* --- wakes from a signal handler, in the waiter and in other threads --- */

static struct stress *signalled;
static atomic_uint_fast64_t signals_handled;
static atomic_uint_fast64_t signals_seen;

static void wake_in_handler(int number)
{
    (void)number;
    uint64_t turn = atomic_fetch_add_explicit(&signals_handled, 1, memory_order_relaxed);
    mio_waker_wake(signalled->wakers[turn % WAKERS]);
}

struct sender {
    struct stress *stress;
    pthread_t waiter;
    bool to_itself;
};

/* Does not go on before the handler's wake was seen. */
static void *send_signals(void *argument)
{
    struct sender *sender = argument;
    while (mio_now() < sender->stress->end) {
        uint64_t before = atomic_load(&signals_seen);
        CHECK_EQ(pthread_kill(sender->to_itself ? pthread_self() : sender->waiter, SIGUSR1), 0);
        for (int64_t lost = mio_now() + LOST; atomic_load(&signals_seen) == before;) {
            if (!CHECK(mio_now() < lost))
                break;
            usleep(20);
        }
    }
    finish(sender->stress);
    return NULL;
}

TEST(waker_stress_wakes_in_signal_handlers)
{
    struct stress stress;
    struct sender senders[2];
    struct sigaction action;
    struct sigaction before;

    stress_open(&stress);
    signalled = &stress;
    atomic_store(&signals_handled, 0);
    atomic_store(&signals_seen, 0);
    memset(&action, 0, sizeof action);
    action.sa_handler = wake_in_handler;
    REQUIRE_EQ(sigaction(SIGUSR1, &action, &before), 0);
    for (int i = 0; i < 2; i++) {
        senders[i] =
            (struct sender){.stress = &stress, .waiter = pthread_self(), .to_itself = i == 1};
        REQUIRE_EQ(pthread_create(&stress.threads[i], NULL, send_signals, &senders[i]), 0);
    }
    while (atomic_load(&stress.finished) < 2 && stress_wait(&stress)) {
        mio_events_each(event, stress.events) {
            if (mio_event_token(event) < WAKERS)
                atomic_fetch_add(&signals_seen, 1);
        }
    }
    for (int i = 0; i < 2; i++)
        pthread_join(stress.threads[i], NULL);
    CHECK(atomic_load(&signals_handled) > 0);
    sigaction(SIGUSR1, &before, NULL);
    stress_close(&stress);
}

/* --- registering from other threads, while wakes go on --- */

enum { PIPES = 50 }; /* tokens from here on, one a thread */

struct registrar {
    struct stress *stress;
    int index;
    atomic_uint_fast64_t seen; /* events of its pipe */
};

static void *register_pipes(void *argument)
{
    struct registrar *registrar = argument;
    struct stress *stress = registrar->stress;
    struct mio_registry *registry = mio_poll_registry(stress->poll);
    mio_token token = PIPES + (mio_token)registrar->index;
    for (uint64_t turn = 0; mio_now() < stress->end; turn++) {
        int ends[2];
        if (!CHECK_EQ(pipe(ends), 0))
            break;
        uint64_t before = atomic_load(&registrar->seen);
        if (turn % 2 == 0)
            CHECK_EQ(write(ends[1], "x", 1), 1);
        CHECK_EQ(mio_registry_register(registry, ends[0], token, MIO_READABLE), 0);
        if (turn % 2 != 0)
            CHECK_EQ(write(ends[1], "x", 1), 1);
        CHECK_EQ(mio_waker_wake(stress->wakers[turn % WAKERS]), 0);
        for (int64_t lost = mio_now() + LOST; atomic_load(&registrar->seen) == before;) {
            if (!CHECK(mio_now() < lost))
                break;
            sched_yield();
        }
        CHECK_EQ(mio_registry_deregister(registry, ends[0]), 0);
        close(ends[0]);
        close(ends[1]);
    }
    finish(stress);
    return NULL;
}

TEST(waker_stress_registers_from_other_threads)
{
    struct stress stress;
    static struct registrar registrars[THREADS];

    stress_open(&stress);
    memset(registrars, 0, sizeof registrars);
    for (int i = 0; i < THREADS; i++) {
        registrars[i].stress = &stress;
        registrars[i].index = i;
        REQUIRE_EQ(pthread_create(&stress.threads[i], NULL, register_pipes, &registrars[i]), 0);
    }
    while (atomic_load(&stress.finished) < THREADS && stress_wait(&stress)) {
        mio_events_each(event, stress.events) {
            mio_token token = mio_event_token(event);
            CHECK(token < PIPES + THREADS || token == finish_token);
            if (token >= PIPES && token < PIPES + THREADS)
                atomic_fetch_add(&registrars[token - PIPES].seen, 1);
        }
    }
    for (int i = 0; i < THREADS; i++)
        pthread_join(stress.threads[i], NULL);
    stress_close(&stress);
}

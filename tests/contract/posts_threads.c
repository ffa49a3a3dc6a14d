/* SPDX-License-Identifier: MIT */
/* POST3 and POST4: posts from other threads and from signal handlers. */
#define _GNU_SOURCE

#include "posts.h"

#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdatomic.h>
#include <string.h>

enum { POSTERS = 3, POSTS_OF_EACH = 5000, SMALL = 16 };

/* --- POST3: threads --- */

static void *post_late(void *argument)
{
    sleep_for(10 * MILLISECOND);
    CHECK_EQ(mio_post(argument, 1, 2), 0);
    return NULL;
}

TEST(post3_a_post_ends_the_wait_of_another_thread)
{
    for (int i = 0; i < WAKER_KINDS; i++) {
        struct posting posting = posting_open(waker_kinds[i], 8);

        for (int round = 0; round < 3; round++) {
            pthread_t thread = thread_start(post_late, posting.queue);
            CHECK_EQ(loop_wait(&posting.loop, MIO_FOREVER), 1);
            EXPECT_POST(posting.queue, 1, 2);
            thread_join(thread);
            EXPECT_NOTHING(&posting.loop);
        }

        posting_close(&posting);
    }
}

struct poster {
    struct mio_post_queue *queue;
    mio_token token;
    long refused;
};

static struct poster posters[POSTERS];

/* A refused post is made again. */
static void *post_many(void *argument)
{
    struct poster *poster = argument;
    for (uint64_t n = 0; n < POSTS_OF_EACH; n++) {
        int result = mio_post(poster->queue, poster->token, n);
        while (result == -EAGAIN) {
            poster->refused++;
            sleep_for(1000);
            result = mio_post(poster->queue, poster->token, n);
        }
        CHECK_EQ(result, 0);
    }
    return NULL;
}

/* Takes until nothing is there, and checks the order of each poster's. How many. */
static long take_in_order(struct mio_post_queue *queue, uint64_t *next, size_t tokens)
{
    struct mio_posted posted;
    long count = 0;
    while (mio_post_take(queue, &posted) > 0) {
        REQUIRE(posted.token < tokens);
        CHECK_EQ(posted.payload, next[posted.token]);
        next[posted.token]++;
        count++;
    }
    return count;
}

static void check_posters(uint32_t flags, size_t capacity)
{
    struct posting posting = posting_open(flags, capacity);
    pthread_t threads[POSTERS];
    uint64_t next[POSTERS] = {0};
    long taken = 0;

    for (mio_token i = 0; i < POSTERS; i++) {
        posters[i] = (struct poster){.queue = posting.queue, .token = i};
        threads[i] = thread_start(post_many, &posters[i]);
    }
    /* Nothing but events tells of posts: one that is missing would make this wait end in vain. A
     * wait may bring two, since posts go on while it ends. */
    while (taken < (long)POSTERS * POSTS_OF_EACH) {
        REQUIRE(loop_wait(&posting.loop, BOUND_SECONDS * SECOND) > 0);
        taken += take_in_order(posting.queue, next, POSTERS);
    }
    for (int i = 0; i < POSTERS; i++)
        thread_join(threads[i]);
    EXPECT_NO_POST(posting.queue);

    posting_close(&posting);
}

TEST(post3_nothing_is_lost_or_out_of_order)
{
    for (int i = 0; i < WAKER_KINDS; i++)
        check_posters(waker_kinds[i], SMALL);
    check_posters(0, 1024);
}

struct written {
    struct mio_post_queue *queue;
    int plain;
};

static void *write_and_post(void *argument)
{
    struct written *written = argument;
    written->plain = 17;
    CHECK_EQ(mio_post(written->queue, 1, 0), 0);
    return NULL;
}

TEST(post3_the_taker_sees_what_was_written_before)
{
    struct posting posting = posting_open(0, 2);
    struct written written = {.queue = posting.queue};

    pthread_t thread = thread_start(write_and_post, &written);
    CHECK_EQ(loop_wait(&posting.loop, BOUND_SECONDS * SECOND), 1);
    EXPECT_POST(posting.queue, 1, 0);
    CHECK_EQ(written.plain, 17);
    thread_join(thread);

    posting_close(&posting);
}

/* --- POST4: signal handlers --- */

static struct mio_post_queue *handlers_queue;
static atomic_ulong handlers_next;
static atomic_ulong handlers_refused;

static void post_in_handler(int number)
{
    int saved = errno;
    (void)number;
    errno = ELOOP;
    unsigned long next = atomic_load(&handlers_next);
    if (mio_post(handlers_queue, 1, next) == 0)
        atomic_store(&handlers_next, next + 1);
    else
        atomic_fetch_add(&handlers_refused, 1);
    if (errno != ELOOP)
        atomic_store(&handlers_refused, ULONG_MAX / 2);
    errno = saved;
}

static void handler_set(struct mio_post_queue *queue, struct sigaction *old)
{
    struct sigaction action;
    handlers_queue = queue;
    atomic_store(&handlers_next, 0);
    atomic_store(&handlers_refused, 0);
    memset(&action, 0, sizeof action);
    action.sa_handler = post_in_handler;
    sigemptyset(&action.sa_mask);
    REQUIRE_EQ(sigaction(SIGUSR1, &action, old), 0);
}

TEST(post4_from_a_signal_handler)
{
    for (int i = 0; i < WAKER_KINDS; i++) {
        struct posting posting = posting_open(waker_kinds[i], 2);
        struct sigaction old;

        handler_set(posting.queue, &old);
        for (uint64_t round = 0; round < 5; round++) {
            CHECK_EQ(raise(SIGUSR1), 0);
            EXPECT_ONE(&posting.loop, POSTS_TOKEN, MIO_READABLE);
            EXPECT_POST(posting.queue, 1, round);
        }
        CHECK_EQ(atomic_load(&handlers_refused), 0);
        CHECK_EQ(sigaction(SIGUSR1, &old, NULL), 0);
        posting_close(&posting);
    }
}

/* --- a handler that interrupts a poster, wherever that is --- */

struct interrupted {
    struct mio_post_queue *queue;
    atomic_bool stop;
    uint64_t posted;
};

static void *post_until_stopped(void *argument)
{
    struct interrupted *interrupted = argument;
    while (!atomic_load(&interrupted->stop)) {
        int result = mio_post(interrupted->queue, 0, interrupted->posted);
        if (result == 0)
            interrupted->posted++;
        CHECK(result == 0 || result == -EAGAIN);
    }
    return NULL;
}

TEST(post4_a_handler_may_interrupt_a_poster)
{
    struct posting posting = posting_open(0, SMALL);
    struct interrupted interrupted = {.queue = posting.queue};
    uint64_t next[2] = {0, 0};
    struct sigaction old;

    handler_set(posting.queue, &old);
    pthread_t thread = thread_start(post_until_stopped, &interrupted);
    while (next[1] < 200) {
        CHECK_EQ(pthread_kill(thread, SIGUSR1), 0);
        REQUIRE(loop_wait(&posting.loop, BOUND_SECONDS * SECOND) > 0);
        (void)take_in_order(posting.queue, next, 2);
    }
    atomic_store(&interrupted.stop, true);
    thread_join(thread);
    (void)take_in_order(posting.queue, next, 2);
    CHECK_EQ(next[0], interrupted.posted);
    CHECK_EQ(next[1], atomic_load(&handlers_next));
    CHECK_EQ(sigaction(SIGUSR1, &old, NULL), 0);

    posting_close(&posting);
}

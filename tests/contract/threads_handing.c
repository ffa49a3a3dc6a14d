/* SPDX-License-Identifier: MIT */
/* REG7 for sources: who registers one may hand it to the waiting thread by that, and has nothing to
 * do with it from then on. */
#define _GNU_SOURCE

#include "support.h"

#include <errno.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { HANDINGS = 200, STOP = 1, FIRST_TOKEN = 100 };

/* What a waiter leaves in memory that is nobody's any more. */
enum { LEFT_BEHIND = 0xa5 };

/* What the thread that waits does with a source that it gets an event of. */
typedef void handle_function(struct mio_source *source);

struct receiver {
    struct loop loop;
    struct mio_waker *waker;
    pthread_t thread;
    handle_function *handle;
    _Atomic(struct mio_source *) handed; /* its token is the round's number */
    atomic_int handled;                  /* the number of the round that is over */
};

static void *receive(void *argument)
{
    struct receiver *receiver = argument;
    for (;;) {
        if (!CHECK(loop_wait(&receiver->loop, 60 * SECOND) > 0))
            return NULL;
        mio_events_each(event, receiver->loop.events) {
            mio_token token = mio_event_token(event);
            if (token == STOP)
                return NULL;
            receiver->handle(atomic_load(&receiver->handed));
            atomic_store(&receiver->handled, (int)token);
        }
    }
}

static void receiver_start(struct receiver *receiver, handle_function *handle)
{
    receiver->loop = loop_open();
    receiver->handle = handle;
    atomic_init(&receiver->handed, NULL);
    atomic_init(&receiver->handled, 0);
    REQUIRE_EQ(mio_waker_new(receiver->loop.registry, STOP, &receiver->waker), 0);
    receiver->thread = thread_start(receive, receiver);
}

static void receiver_stop(struct receiver *receiver)
{
    CHECK_EQ(mio_waker_wake(receiver->waker), 0);
    thread_join(receiver->thread);
    mio_waker_free(receiver->waker);
    loop_close(&receiver->loop);
}

/* Waits until the event of a round has been handled; not through the library. */
static bool is_handled(struct receiver *receiver, int round)
{
    int64_t since = test_now();
    while (atomic_load(&receiver->handled) != round) {
        if (time_is_up(since, 100 * SECOND))
            return false;
        sched_yield();
    }
    return true;
}

static struct mio_source *new_source(int ends[2])
{
    struct mio_source *source = malloc(sizeof *source);
    REQUIRE(source != NULL);
    open_pair(ends);
    mio_source_init(source, ends[NEAR]);
    return source;
}

static void close_and_free(struct mio_source *source)
{
    CHECK_EQ(mio_source_close(source), 0);
    free(source);
}

TEST(reg7_a_source_is_registered_and_freed_by_the_waiting_thread)
{
    struct receiver receiver;

    receiver_start(&receiver, close_and_free);
    for (int round = FIRST_TOKEN; round < FIRST_TOKEN + HANDINGS; round++) {
        int ends[2];
        struct mio_source *source = new_source(ends);
        put(ends[FAR], "x");
        atomic_store(&receiver.handed, source);
        CHECK_EQ(
            mio_source_register(source, receiver.loop.registry, (mio_token)round, MIO_READABLE), 0);
        REQUIRE(is_handled(&receiver, round));
        CHECK_EQ(close(ends[FAR]), 0);
    }
    receiver_stop(&receiver);
}

static void close_and_overwrite(struct mio_source *source)
{
    CHECK_EQ(mio_source_close(source), 0);
    memset(source, LEFT_BEHIND, sizeof *source);
}

static bool is_untouched(const struct mio_source *source)
{
    struct mio_source left;
    memset(&left, LEFT_BEHIND, sizeof left);
    return memcmp(source, &left, sizeof left) == 0;
}

TEST(reg7_registering_touches_no_source_that_another_thread_has_closed)
{
    struct receiver receiver;

    receiver_start(&receiver, close_and_overwrite);
    for (int round = FIRST_TOKEN; round < FIRST_TOKEN + HANDINGS; round++) {
        int ends[2];
        struct mio_source *source = new_source(ends);
        put(ends[FAR], "x");
        atomic_store(&receiver.handed, source);
        CHECK_EQ(
            mio_source_register(source, receiver.loop.registry, (mio_token)round, MIO_READABLE), 0);
        REQUIRE(is_handled(&receiver, round));
        CHECK(is_untouched(source));
        free(source);
        CHECK_EQ(close(ends[FAR]), 0);
    }
    receiver_stop(&receiver);
}

/* Nothing is written for, so that the first registration has no event. */
TEST(reg7_reregistering_touches_no_source_that_another_thread_has_closed)
{
    struct receiver receiver;

    receiver_start(&receiver, close_and_overwrite);
    for (int round = FIRST_TOKEN; round < FIRST_TOKEN + HANDINGS; round++) {
        int ends[2];
        struct mio_source *source = new_source(ends);
        fill(ends[NEAR]);
        put(ends[FAR], "x");
        CHECK_EQ(mio_source_register(source, receiver.loop.registry, 0, MIO_WRITABLE), 0);
        atomic_store(&receiver.handed, source);
        CHECK_EQ(mio_source_reregister(source, (mio_token)round, MIO_READABLE), 0);
        REQUIRE(is_handled(&receiver, round));
        CHECK(is_untouched(source));
        free(source);
        CHECK_EQ(close(ends[FAR]), 0);
    }
    receiver_stop(&receiver);
}

static ptrdiff_t read_some(mio_fd fd, void *user)
{
    ssize_t count = read(fd, user, 16);
    return count < 0 ? -errno : count;
}

static void drain_source(struct mio_source *source)
{
    char bytes[16];
    ptrdiff_t count;
    do
        count = mio_source_try_io(source, MIO_READABLE, read_some, bytes);
    while (count > 0);
    CHECK_EQ(count, -EAGAIN);
}

/* Where the library makes the edges, the thread that drains asks for the next one by what the
 * source knows of its registration. */
TEST(reg7_a_source_is_drained_by_the_waiting_thread_while_it_is_registered)
{
    struct receiver receiver;

    receiver_start(&receiver, drain_source);
    for (int round = FIRST_TOKEN; round < FIRST_TOKEN + HANDINGS; round++) {
        int ends[2];
        struct mio_source *source = new_source(ends);
        put(ends[FAR], "x");
        atomic_store(&receiver.handed, source);
        CHECK_EQ(
            mio_source_register(source, receiver.loop.registry, (mio_token)round, MIO_READABLE), 0);
        REQUIRE(is_handled(&receiver, round));
        atomic_store(&receiver.handled, 0);
        put(ends[FAR], "y");
        REQUIRE(is_handled(&receiver, round));
        close_and_free(source);
        CHECK_EQ(close(ends[FAR]), 0);
    }
    receiver_stop(&receiver);
}

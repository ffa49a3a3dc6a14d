/* SPDX-License-Identifier: MIT */
/* EV4 for a writer that waits for room: the reader of a full pipe goes. */
#define _GNU_SOURCE

#include "facts/facts.h"
#include "support.h"

#include <errno.h>
#include <unistd.h>

enum { TOKEN = 7 };

/* What another system's poll(2) says of a pipe's end has tests of its own. */
static void skip_poll_of_others(void)
{
    if (fact("the end of a full pipe is told in its own way") != 0)
        SKIP("poll(2) of another system says it in its own way");
}

/* A pipe whose writing end is registered and full, and has told of its room before. */
static struct loop open_full(int ends[2], mio_interest interest, size_t capacity)
{
    skip_poll_of_others();
    struct loop loop = loop_open_with(NULL, capacity);
    open_pipe(ends);
    REQUIRE_EQ(mio_registry_register(loop.registry, ends[FAR], TOKEN, interest), 0);
    AWAIT_EVENTS(&loop, {TOKEN, MIO_WRITABLE});
    fill(ends[FAR]);
    again(&loop, ends[FAR], interest & BOTH);
    if ((interest & MIO_ONESHOT) != 0)
        REQUIRE_EQ(mio_registry_reregister(loop.registry, ends[FAR], TOKEN, interest), 0);
    while (loop_wait(&loop, 0) > 0)
        ; /* own writes are edges on some kqueues */
    return loop;
}

static void close_full(struct loop *loop, int ends[2])
{
    CHECK_EQ(mio_registry_deregister(loop->registry, ends[FAR]),
             fact("deregistration of a raw pipe without reader"));
    CHECK_EQ(close(ends[FAR]), 0);
    loop_close(loop);
}

TEST(ev4_the_end_of_a_full_pipe_is_told)
{
    int ends[2];
    struct loop loop = open_full(ends, MIO_WRITABLE, DEFAULT_CAPACITY);
    CHECK_EQ(close(ends[NEAR]), 0);
    EXPECT_ONE(&loop, TOKEN, readiness_fact("full pipe without reader"));
    close_full(&loop, ends);
}

/* The waiting thread is asleep when it happens. */
static void *close_late(void *ends)
{
    sleep_for(20 * MILLISECOND);
    CHECK_EQ(close(((int *)ends)[NEAR]), 0);
    return NULL;
}

TEST(ev4_the_end_of_a_full_pipe_ends_a_wait)
{
    int ends[2];
    struct loop loop = open_full(ends, MIO_WRITABLE, 1);
    pthread_t thread = thread_start(close_late, ends);
    EXPECT_ONE(&loop, TOKEN, readiness_fact("full pipe without reader"));
    (void)thread_join(thread);
    close_full(&loop, ends);
}

TEST(ev4_the_end_of_a_full_pipe_lasts_with_level)
{
    int ends[2];
    struct loop loop = open_full(ends, MIO_WRITABLE | MIO_LEVEL, DEFAULT_CAPACITY);
    CHECK_EQ(close(ends[NEAR]), 0);
    for (int i = 0; i < 3; i++) {
        AWAIT_EVENTS(&loop, {TOKEN, readiness_fact("full pipe without reader")});
        if (fact("level tells of the end of a full pipe once") != 0)
            break;
    }
    close_full(&loop, ends);
}

TEST(ev4_the_end_of_a_full_pipe_comes_once_with_one_shot)
{
    int ends[2];
    struct loop loop = open_full(ends, MIO_WRITABLE | MIO_ONESHOT, DEFAULT_CAPACITY);
    CHECK_EQ(close(ends[NEAR]), 0);
    EXPECT_ONE(&loop, TOKEN, readiness_fact("full pipe without reader"));
    EXPECT_NOTHING(&loop);
    close_full(&loop, ends);
}

/* EV3: a one-shot that has fired says nothing of it, until it is asked for again. */
TEST(ev3_a_spent_one_shot_is_silent_of_the_end_of_a_pipe)
{
    skip_poll_of_others();
    for (int full = 0; full < 2; full++) {
        struct loop loop = loop_open();
        int ends[2];
        open_pipe(ends);
        REQUIRE_EQ(
            mio_registry_register(loop.registry, ends[FAR], TOKEN, MIO_WRITABLE | MIO_ONESHOT), 0);
        EXPECT_ONE(&loop, TOKEN, MIO_WRITABLE);
        if (full)
            fill(ends[FAR]);
        CHECK_EQ(close(ends[NEAR]), 0);
        EXPECT_NOTHING(&loop);
        REQUIRE_EQ(
            mio_registry_reregister(loop.registry, ends[FAR], TOKEN, MIO_WRITABLE | MIO_ONESHOT),
            0);
        EXPECT_ONE(&loop, TOKEN,
                   readiness_fact(full ? "full pipe without reader" : "pipe without reader"));
        /* FreeBSD's kernel has ended the registration with that, unless the event was injected. */
        (void)mio_registry_deregister(loop.registry, ends[FAR]);
        CHECK_EQ(close(ends[FAR]), 0);
        loop_close(&loop);
    }
}

static void await_write_closed(struct loop *loop)
{
    bool told = false;
    while (!told && loop_wait(loop, 10 * SECOND) > 0) {
        mio_events_each(event, loop->events) {
            CHECK_EQ(mio_event_token(event), TOKEN);
            told = told || mio_event_is_write_closed(event);
        }
    }
    CHECK(told);
}

TEST(ev4_the_end_of_a_full_pipe_is_told_to_who_reads_too)
{
    for (size_t capacity = 1; capacity <= 2; capacity++) {
        int ends[2];
        struct loop loop = open_full(ends, BOTH, capacity);
        CHECK_EQ(close(ends[NEAR]), 0);
        await_write_closed(&loop);
        while (loop_wait(&loop, 0) > 0) {
            mio_events_each(event, loop.events) {
                CHECK(!mio_event_is_write_closed(event));
            }
        }
        (void)mio_registry_deregister(loop.registry, ends[FAR]);
        CHECK_EQ(close(ends[FAR]), 0);
        loop_close(&loop);
    }
}

/* A source, which remembers its registration, changes its mind before the reader goes. */
TEST(ev4_the_end_of_a_full_pipe_is_told_after_reregistering)
{
    skip_poll_of_others();
    static const mio_interest earlier[] = {MIO_READABLE, BOTH, MIO_WRITABLE,
                                           MIO_WRITABLE | MIO_LEVEL};
    for (size_t i = 0; i < sizeof earlier / sizeof earlier[0]; i++) {
        struct loop loop = loop_open();
        struct mio_source source;
        int ends[2];
        open_pipe(ends);
        fill(ends[FAR]);
        mio_source_init(&source, ends[FAR]);
        REQUIRE_EQ(mio_source_register(&source, loop.registry, 1, earlier[i]), 0);
        REQUIRE_EQ(mio_source_reregister(&source, TOKEN, MIO_WRITABLE), 0);
        EXPECT_NOTHING(&loop);
        CHECK_EQ(close(ends[NEAR]), 0);
        EXPECT_ONE(&loop, TOKEN, readiness_fact("full pipe without reader"));
        CHECK_EQ(mio_source_deregister(&source), 0);
        EXPECT_NOTHING(&loop);
        CHECK_EQ(mio_source_close(&source), 0);
        loop_close(&loop);
    }
}

/* What helps a kernel to tell is not seen by who registers the end for reading afterwards. */
TEST(ev4_a_writing_end_may_be_registered_for_reading_afterwards)
{
    skip_poll_of_others();
    struct loop loop = loop_open();
    int ends[2];
    open_pipe(ends);
    fill(ends[FAR]);
    REQUIRE_EQ(mio_registry_register(loop.registry, ends[FAR], 1, MIO_WRITABLE), 0);
    EXPECT_NOTHING(&loop);
    REQUIRE_EQ(mio_registry_reregister(loop.registry, ends[FAR], TOKEN, MIO_READABLE), 0);
    EXPECT_NOTHING(&loop);
    CHECK_EQ(mio_registry_deregister(loop.registry, ends[FAR]), 0);
    CHECK_EQ(mio_registry_deregister(loop.registry, ends[FAR]), -ENOENT);
    CHECK_EQ(close(ends[NEAR]), 0);
    EXPECT_NOTHING(&loop);
    CHECK_EQ(close(ends[FAR]), 0);
    loop_close(&loop);
}

/* REG3: a second registration leaves alone what it does not ask for. */
TEST(ev4_the_end_of_a_full_pipe_is_told_to_who_was_registered_twice)
{
    skip_poll_of_others();
    static const struct {
        mio_token token;
        mio_interest interest;
    } orders[][2] = {{{TOKEN, MIO_WRITABLE}, {1, MIO_READABLE}},
                     {{1, MIO_READABLE}, {TOKEN, MIO_WRITABLE}},
                     {{1, BOTH}, {TOKEN, MIO_WRITABLE}},
                     {{TOKEN, BOTH}, {1, MIO_READABLE}}};
    for (size_t i = 0; i < sizeof orders / sizeof orders[0]; i++) {
        struct loop loop = loop_open();
        int ends[2];
        int result = 0;
        open_pipe(ends);
        fill(ends[FAR]);
        for (size_t j = 0; j < 2 && result == 0; j++)
            result = mio_registry_register(loop.registry, ends[FAR], orders[i][j].token,
                                           orders[i][j].interest);
        CHECK_EQ(result, fact("second registration of a raw descriptor"));
        CHECK_EQ(close(ends[NEAR]), 0);
        bool told = result < 0;
        while (!told && loop_wait(&loop, 10 * SECOND) > 0) {
            mio_events_each(event, loop.events) {
                bool writes = mio_event_is_write_closed(event);
                CHECK_EQ(mio_event_token(event), writes ? TOKEN : 1);
                told = told || writes;
            }
        }
        CHECK(told);
        (void)mio_registry_deregister(loop.registry, ends[FAR]);
        CHECK_EQ(close(ends[FAR]), 0);
        loop_close(&loop);
    }
}

/* REG9: nothing of what was read from under the same number stands in its place. */
TEST(ev4_the_end_of_a_full_pipe_is_told_of_a_number_that_was_read_from)
{
    skip_poll_of_others();
    struct loop loop = loop_open();
    int earlier[2];
    int ends[2];
    open_pipe(earlier);
    open_pipe(ends);
    fill(ends[FAR]);
    REQUIRE_EQ(mio_registry_register(loop.registry, earlier[NEAR], 1, MIO_READABLE), 0);
    REQUIRE_EQ(dup2(ends[FAR], earlier[NEAR]), earlier[NEAR]);
    CHECK_EQ(close(ends[FAR]), 0);
    REQUIRE_EQ(mio_registry_register(loop.registry, earlier[NEAR], TOKEN, MIO_WRITABLE), 0);
    CHECK_EQ(close(ends[NEAR]), 0);
    EXPECT_ONE(&loop, TOKEN, readiness_fact("full pipe without reader"));
    close_pair(earlier);
    loop_close(&loop);
}

/* EV1: an edge, though the change makes the kernel look again. */
TEST(ev4_the_end_of_a_full_pipe_is_told_once_when_reregistered_after_it)
{
    skip_poll_of_others();
    struct loop loop = loop_open_with(NULL, 1);
    struct mio_source source;
    int ends[2];
    open_pipe(ends);
    fill(ends[FAR]);
    mio_source_init(&source, ends[FAR]);
    REQUIRE_EQ(mio_source_register(&source, loop.registry, 1, MIO_WRITABLE), 0);
    EXPECT_NOTHING(&loop);
    CHECK_EQ(close(ends[NEAR]), 0);
    REQUIRE_EQ(mio_source_reregister(&source, TOKEN, MIO_WRITABLE), 0);
    EXPECT_ONE(&loop, TOKEN, readiness_fact("full pipe without reader"));
    CHECK_EQ(mio_source_close(&source), 0);
    loop_close(&loop);
}

/* EV3: whichever direction tells of it first, the other is silent. */
TEST(ev4_the_end_of_a_full_pipe_comes_once_with_one_shot_to_who_reads_too)
{
    int ends[2];
    struct loop loop = open_full(ends, BOTH | MIO_ONESHOT, DEFAULT_CAPACITY);
    CHECK_EQ(close(ends[NEAR]), 0);
    CHECK(loop_wait(&loop, 10 * SECOND) > 0);
    mio_events_each(event, loop.events) {
        CHECK_EQ(mio_event_token(event), TOKEN);
    }
    EXPECT_NOTHING(&loop);
    (void)mio_registry_deregister(loop.registry, ends[FAR]);
    CHECK_EQ(close(ends[FAR]), 0);
    loop_close(&loop);
}

/* The same wait brings what happened to others, before it and after it. */
TEST(ev4_the_end_of_a_full_pipe_comes_beside_other_events)
{
    int ends[2];
    int others[2][2];
    struct loop loop = open_full(ends, MIO_WRITABLE, DEFAULT_CAPACITY);
    for (int i = 0; i < 2; i++) {
        open_pipe(others[i]);
        REQUIRE_EQ(mio_registry_register(loop.registry, others[i][i == 0 ? NEAR : FAR],
                                         (mio_token)i + 1, i == 0 ? MIO_READABLE : MIO_WRITABLE),
                   0);
    }
    AWAIT_EVENTS(&loop, {2, MIO_WRITABLE});
    put(others[0][FAR], "x");
    CHECK_EQ(close(ends[NEAR]), 0);
    CHECK_EQ(close(others[1][NEAR]), 0);
    EXPECT_EVENTS(&loop, {1, MIO_READABLE}, {TOKEN, readiness_fact("full pipe without reader")},
                  {2, readiness_fact("pipe without reader")});
    close_pair(others[0]);
    CHECK_EQ(close(others[1][FAR]), 0);
    close_full(&loop, ends);
}

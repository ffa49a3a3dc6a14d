/* SPDX-License-Identifier: MIT */
/* WAIT1, WAIT4, WAIT5 and WAIT6: how much a wait delivers, and what ends it. */
#define _GNU_SOURCE

#include "facts/facts.h"
#include "support.h"

#include <errno.h>
#include <limits.h>
#include <sched.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

enum { SOURCES = 5, WRITTEN = 40 };

/* SOURCES pairs with something to read at their near end, registered with tokens from 0. */
static void open_ready_pairs(struct loop *loop, int ends[SOURCES][2], mio_interest interest)
{
    for (int i = 0; i < SOURCES; i++) {
        open_pair(ends[i]);
        put(ends[i][FAR], "x");
        REQUIRE_EQ(mio_registry_register(loop->registry, ends[i][NEAR], (mio_token)i, interest), 0);
    }
}

static void close_pairs(int ends[SOURCES][2])
{
    for (int i = 0; i < SOURCES; i++)
        close_pair(ends[i]);
}

/* Adds what the last wait delivered to the count of each token. */
static void count_tokens(const struct loop *loop, int seen[SOURCES])
{
    mio_events_each(event, loop->events) {
        REQUIRE(mio_event_token(event) < SOURCES);
        CHECK_EQ(mio_event_readiness(event), MIO_READABLE);
        seen[mio_event_token(event)]++;
    }
}

/* --- WAIT1 --- */

TEST(wait1_capacity_bounds_a_wait)
{
    struct loop loop = loop_open_with(NULL, 2);
    int ends[SOURCES][2];
    int seen[SOURCES] = {0};
    static const int delivered[] = {2, 2, 1, 0};

    open_ready_pairs(&loop, ends, MIO_READABLE);
    for (size_t i = 0; i < sizeof delivered / sizeof delivered[0]; i++) {
        CHECK_EQ(loop_wait(&loop, 0), delivered[i]);
        CHECK_EQ(mio_events_len(loop.events), delivered[i]);
        CHECK_EQ(mio_events_capacity(loop.events), 2);
        count_tokens(&loop, seen);
    }
    for (int i = 0; i < SOURCES; i++)
        CHECK_EQ(seen[i], 1);

    close_pairs(ends);
    loop_close(&loop);
}

TEST(wait1_level_is_fair_when_room_is_short)
{
    struct loop loop = loop_open_with(NULL, 2);
    int ends[SOURCES][2];
    int seen[SOURCES] = {0};

    open_ready_pairs(&loop, ends, MIO_READABLE | MIO_LEVEL);
    for (int i = 0; i < SOURCES; i++) {
        CHECK_EQ(loop_wait(&loop, 0), 2);
        count_tokens(&loop, seen);
    }
    /* Ten events for five sources: whoever is fair has shown each of them. */
    for (int i = 0; i < SOURCES; i++)
        CHECK(seen[i] >= 1);

    close_pairs(ends);
    loop_close(&loop);
}

TEST(wait1_one_shots_come_once_when_room_is_short)
{
    struct loop loop = loop_open_with(NULL, 2);
    int ends[SOURCES][2];
    int seen[SOURCES] = {0};

    open_ready_pairs(&loop, ends, MIO_READABLE | MIO_ONESHOT);
    for (int left = SOURCES; left > 0; left -= 2) {
        CHECK_EQ(loop_wait(&loop, 0), left > 2 ? 2 : left);
        count_tokens(&loop, seen);
    }
    EXPECT_NOTHING(&loop);
    for (int i = 0; i < SOURCES; i++)
        CHECK_EQ(seen[i], 1);

    close_pairs(ends);
    loop_close(&loop);
}

TEST(wait1_room_for_one_delivers_both_directions)
{
    struct loop loop = loop_open_with(NULL, 1);
    int ends[2];

    open_pair(ends);
    put(ends[FAR], "x");
    REQUIRE_EQ(mio_registry_register(loop.registry, ends[NEAR], 1, MIO_READABLE | MIO_WRITABLE), 0);
    EXPECT_ONE(&loop, 1, MIO_READABLE | MIO_WRITABLE);

    close_pair(ends);
    loop_close(&loop);
}

/* What had its turn with little room is there again when there is room for all. */
TEST(wait1_level_both_directions_after_little_room)
{
    struct loop loop = loop_open();
    struct mio_events *one = NULL;
    int ends[2];

    REQUIRE_EQ(mio_events_new(1, NULL, &one), 0);
    open_pair(ends);
    put(ends[FAR], "x");
    REQUIRE_EQ(mio_registry_register(loop.registry, ends[NEAR], 1,
                                     MIO_READABLE | MIO_WRITABLE | MIO_LEVEL),
               0);
    for (int i = 0; i < 3; i++) {
        uint32_t seen = 0;
        CHECK_EQ(mio_poll_wait(loop.poll, one, 0), 1);
        CHECK_EQ(loop_wait(&loop, 0), fact("events of a descriptor ready both ways"));
        mio_events_each(event, loop.events) {
            seen |= mio_event_readiness(event);
        }
        CHECK_EQ(seen, MIO_READABLE | MIO_WRITABLE);
    }

    close_pair(ends);
    mio_events_free(one);
    loop_close(&loop);
}

/* The limit is for new descriptors; those that are open go on. */
TEST(wait1_a_limit_below_what_is_registered)
{
    struct loop loop = loop_open();
    struct mio_waker *waker = waker_open(&loop, 9);
    struct rlimit limit;
    int first[2];
    int second[2];

    open_pipe(first);
    open_pipe(second);
    REQUIRE_EQ(mio_registry_register(loop.registry, first[NEAR], 1, MIO_READABLE), 0);
    REQUIRE_EQ(mio_registry_register(loop.registry, second[NEAR], 2, MIO_READABLE), 0);
    REQUIRE_EQ(getrlimit(RLIMIT_NOFILE, &limit), 0);
    for (rlim_t least = 1; least <= 2; least++) {
        struct rlimit lower = {.rlim_cur = least, .rlim_max = limit.rlim_max};
        REQUIRE_EQ(setrlimit(RLIMIT_NOFILE, &lower), 0);
        EXPECT_NOTHING(&loop);
        put(second[FAR], "x");
        EXPECT_ONE(&loop, 2, MIO_READABLE);
        drain_again(&loop, second[NEAR], MIO_READABLE);
        CHECK_EQ(mio_waker_wake(waker), 0);
        EXPECT_ONE(&loop, 9, MIO_READABLE);
        CHECK_EQ(loop_wait(&loop, 20 * MILLISECOND), 0);
        REQUIRE_EQ(setrlimit(RLIMIT_NOFILE, &limit), 0);
    }
    /* Not even one. */
    struct rlimit none = {.rlim_cur = 0, .rlim_max = limit.rlim_max};
    REQUIRE_EQ(setrlimit(RLIMIT_NOFILE, &none), 0);
    int result = mio_poll_wait(loop.poll, loop.events, 0);
    REQUIRE_EQ(setrlimit(RLIMIT_NOFILE, &limit), 0);
    CHECK_EQ(result, strcmp(mio_poll_backend(loop.poll), "poll") == 0 ? -EMFILE : 0);

    close_pair(first);
    close_pair(second);
    mio_waker_free(waker);
    loop_close(&loop);
}

TEST(wait1_impossible_capacities_are_refused)
{
    struct mio_events *events = NULL;

    CHECK_EQ(mio_events_new(0, NULL, &events), -EINVAL);
    CHECK_EQ(mio_events_new((size_t)INT_MAX + 1, NULL, &events), -EINVAL);
    CHECK_EQ(mio_events_new(SIZE_MAX, NULL, &events), -EINVAL);
    CHECK_EQ(mio_events_new(1, NULL, null()), -EINVAL);
    CHECK(events == NULL);
}

TEST(wait1_each_wait_replaces_the_events)
{
    struct loop loop = loop_open();
    int ends[2];

    open_pair(ends);
    put(ends[FAR], "x");
    REQUIRE_EQ(mio_registry_register(loop.registry, ends[NEAR], 1, MIO_READABLE), 0);
    CHECK_EQ(loop_wait(&loop, 10 * SECOND), 1);
    CHECK_EQ(mio_events_len(loop.events), 1);
    CHECK_EQ(loop_wait(&loop, 0), 0);
    CHECK(mio_events_is_empty(loop.events));

    close_pair(ends);
    loop_close(&loop);
}

TEST(wait1_events_may_serve_several_polls)
{
    struct loop one = loop_open();
    struct loop two = loop_open();
    int ends[2];

    open_pair(ends);
    put(ends[FAR], "x");
    REQUIRE_EQ(mio_registry_register(one.registry, ends[NEAR], 1, MIO_READABLE), 0);
    REQUIRE_EQ(mio_registry_register(two.registry, ends[NEAR], 2, MIO_READABLE), 0);
    CHECK_EQ(mio_poll_wait(one.poll, one.events, 10 * SECOND), 1);
    CHECK_EQ(mio_event_token(mio_events_get(one.events, 0)), 1);
    CHECK_EQ(mio_poll_wait(two.poll, one.events, 10 * SECOND), 1);
    CHECK_EQ(mio_event_token(mio_events_get(one.events, 0)), 2);

    close_pair(ends);
    loop_close(&one);
    loop_close(&two);
}

TEST(wait1_a_wait_checks_its_arguments)
{
    struct loop loop = loop_open();

    CHECK_EQ(mio_poll_wait(null(), loop.events, 0), -EINVAL);
    CHECK_EQ(mio_poll_wait(loop.poll, null(), 0), -EINVAL);
    CHECK_EQ(mio_poll_wait_until(null(), loop.events, 0), -EINVAL);
    CHECK_EQ(mio_poll_wait_until(loop.poll, null(), 0), -EINVAL);
    EXPECT_NOTHING(&loop);

    loop_close(&loop);
}

/* --- WAIT4 --- */

TEST(wait4_a_signal_ends_the_wait)
{
    struct loop loop = loop_open();

    signals_start(5 * MILLISECOND);
    CHECK_EQ(mio_poll_wait(loop.poll, loop.events, 10 * SECOND), -EINTR);
    CHECK(mio_events_is_empty(loop.events));
    CHECK_EQ(mio_poll_wait(loop.poll, loop.events, MIO_FOREVER), -EINTR);
    signals_stop();
    CHECK(signals_seen() >= 1);

    loop_close(&loop);
}

struct writer {
    int fd;
    atomic_int written; /* bytes so far */
    atomic_bool stop;
};

static void *write_slowly(void *argument)
{
    struct writer *writer = argument;
    for (int i = 0; i < WRITTEN && !atomic_load(&writer->stop); i++) {
        sleep_for(MILLISECOND);
        CHECK_EQ(write(writer->fd, "x", 1), 1);
        atomic_fetch_add(&writer->written, 1);
    }
    return NULL;
}

TEST(wait4_signals_lose_no_event)
{
    struct loop loop = loop_open();
    struct writer writer = {.fd = -1};
    int ends[2];
    size_t received = 0;
    int64_t start = test_now();

    open_pair(ends);
    writer.fd = ends[FAR];
    REQUIRE_EQ(mio_registry_register(loop.registry, ends[NEAR], 7, MIO_READABLE), 0);
    signals_start(MILLISECOND / 2);
    pthread_t thread = thread_start(write_slowly, &writer);
    /* An edge that was lost with a signal would leave its byte unread, and the wait without end. */
    while (received < WRITTEN && !time_is_up(start, 10 * SECOND)) {
        int count = mio_poll_wait(loop.poll, loop.events, 10 * SECOND);
        CHECK(count == 1 || count == -EINTR);
        if (count == 1)
            received += drain_again(&loop, ends[NEAR], MIO_READABLE);
    }
    signals_stop();
    CHECK_EQ(received, WRITTEN);
    thread_join(thread);

    close_pair(ends);
    loop_close(&loop);
}

TEST(wait4_wait_until_goes_on_after_signals)
{
    struct loop loop = loop_open();
    int64_t deadline = mio_now() + 50 * MILLISECOND;

    signals_start(2 * MILLISECOND);
    CHECK_EQ(mio_poll_wait_until(loop.poll, loop.events, deadline), 0);
    int64_t end = mio_now();
    signals_stop();
    CHECK(end >= deadline);
    CHECK(signals_seen() >= 1);

    loop_close(&loop);
}

TEST(wait4_wait_until_delivers_across_signals)
{
    struct loop loop = loop_open();
    struct mio_waker *waker;
    struct late_wake late;

    REQUIRE_EQ(mio_waker_new(loop.registry, 3, &waker), 0);
    signals_start(2 * MILLISECOND);
    late_wake_start(&late, waker);
    CHECK_EQ(mio_poll_wait_until(loop.poll, loop.events, MIO_FOREVER), 1);
    signals_stop();
    CHECK_EQ(mio_event_token(mio_events_get(loop.events, 0)), 3);
    late_wake_join(&late);

    mio_waker_free(waker);
    loop_close(&loop);
}

/* --- WAIT5 --- */

TEST(wait5_with_nothing_registered_the_timeout_ends_it)
{
    struct loop loop = loop_open();
    int64_t start = mio_now();

    CHECK_EQ(mio_poll_wait(loop.poll, loop.events, 20 * MILLISECOND), 0);
    CHECK(mio_now() - start >= 20 * MILLISECOND);
    CHECK(mio_events_is_empty(loop.events));

    loop_close(&loop);
}

TEST(wait5_with_nothing_registered_a_waker_ends_it)
{
    struct loop loop = loop_open();
    struct mio_waker *waker;
    struct late_wake late;

    REQUIRE_EQ(mio_waker_new(loop.registry, 9, &waker), 0);
    late_wake_start(&late, waker);
    CHECK_EQ(mio_poll_wait(loop.poll, loop.events, MIO_FOREVER), 1);
    CHECK_EQ(mio_event_token(mio_events_get(loop.events, 0)), 9);
    late_wake_join(&late);
    EXPECT_NOTHING(&loop);

    mio_waker_free(waker);
    loop_close(&loop);
}

TEST(wait5_with_nothing_registered_a_signal_ends_it)
{
    struct loop loop = loop_open();

    signals_start(5 * MILLISECOND);
    CHECK_EQ(mio_poll_wait(loop.poll, loop.events, MIO_FOREVER), -EINTR);
    signals_stop();

    loop_close(&loop);
}

TEST(wait5_what_was_deregistered_keeps_nobody_awake)
{
    struct loop loop = loop_open();
    int ends[2];
    int64_t start;

    open_pair(ends);
    put(ends[FAR], "x");
    REQUIRE_EQ(mio_registry_register(loop.registry, ends[NEAR], 1, MIO_READABLE | MIO_LEVEL), 0);
    REQUIRE_EQ(mio_registry_deregister(loop.registry, ends[NEAR]), 0);
    start = mio_now();
    CHECK_EQ(mio_poll_wait(loop.poll, loop.events, 10 * MILLISECOND), 0);
    CHECK(mio_now() - start >= 10 * MILLISECOND);

    close_pair(ends);
    loop_close(&loop);
}

/* --- WAIT6 --- */

#ifdef NDEBUG
enum { SECOND_WAITER_IS_NOTICED = 0 };
#else
enum { SECOND_WAITER_IS_NOTICED = 1 };
#endif

/* Waits until a wake comes. While the other thread's look is under way, it is this one that is told
 * so. */
static void *wait_for_wake(void *argument)
{
    struct loop *loop = argument;
    int count;
    do {
        count = mio_poll_wait(loop->poll, loop->events, MIO_FOREVER);
        sched_yield();
    } while (count == -EBUSY || count == -EINTR);
    CHECK_EQ(count, 1);
    return NULL;
}

TEST(wait6_a_second_waiter_is_told)
{
    if (!SECOND_WAITER_IS_NOTICED)
        SKIP("a library built with NDEBUG leaves the check out");

    struct loop loop = loop_open();
    struct mio_waker *waker;
    struct mio_events *events;
    int64_t start = test_now();
    int count;

    REQUIRE_EQ(mio_events_new(4, NULL, &events), 0);
    REQUIRE_EQ(mio_waker_new(loop.registry, 1, &waker), 0);
    pthread_t thread = thread_start(wait_for_wake, &loop);
    do {
        sleep_for(MILLISECOND);
        count = mio_poll_wait(loop.poll, events, 0);
    } while (count == 0 && !time_is_up(start, 10 * SECOND));
    CHECK_EQ(count, -EBUSY);

    CHECK_EQ(mio_waker_wake(waker), 0);
    thread_join(thread);
    CHECK_EQ(mio_event_token(mio_events_get(loop.events, 0)), 1);
    CHECK_EQ(mio_poll_wait(loop.poll, events, 0), 0);

    mio_events_free(events);
    mio_waker_free(waker);
    loop_close(&loop);
}

/* SPDX-License-Identifier: MIT */
/* LIFE1, LIFE2 and LIFE4: descriptors, manners, and the order in which things are freed. */
#define _GNU_SOURCE

#include "facts/facts.h"
#include "support.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

enum { MAX_FD = 1024, MANY_POLLS = 2000, PARTS = 4 };

/* --- LIFE1 --- */

static void find_open(bool open_now[MAX_FD])
{
    for (int fd = 0; fd < MAX_FD; fd++)
        open_now[fd] = fcntl(fd, F_GETFD) >= 0;
}

static void check_close_on_exec(uint32_t flags)
{
    static bool before[MAX_FD];

    find_open(before);
    struct loop loop = loop_open_flags(flags);
    struct mio_waker *waker;
    REQUIRE_EQ(mio_waker_new(loop.registry, 1, &waker), 0);
    CHECK_EQ(mio_poll_fd(loop.poll) >= 0, fact("a poll is a descriptor"));
    int opened = 0;
    for (int fd = 0; fd < MAX_FD; fd++) {
        int state = before[fd] ? -1 : fcntl(fd, F_GETFD);
        if (state < 0)
            continue;
        CHECK((state & FD_CLOEXEC) != 0);
        opened++;
    }
    CHECK(opened >= 1);
    mio_waker_free(waker);
    loop_close(&loop);
}

TEST(life1_every_descriptor_is_close_on_exec)
{
    skip_if_excepted(__func__);

    check_close_on_exec(0);
    check_close_on_exec(MIO_OPTION_PIPE_WAKER);
}

static int descriptors_of_a_poll(uint32_t flags)
{
    int before = test_open_descriptors();
    struct loop loop = loop_open_flags(flags);
    struct mio_waker *one;
    struct mio_waker *two;

    CHECK(test_open_descriptors() - before <= 2);
    REQUIRE_EQ(mio_waker_new(loop.registry, 1, &one), 0);
    REQUIRE_EQ(mio_waker_new(loop.registry, 2, &two), 0);
    int cost = test_open_descriptors() - before;
    mio_waker_free(one);
    mio_waker_free(two);
    loop_close(&loop);
    return cost;
}

TEST(life1_a_poll_costs_few_descriptors)
{
    skip_if_excepted(__func__);

    CHECK_EQ(descriptors_of_a_poll(0), fact("descriptors of a poll with wakers"));
    CHECK(descriptors_of_a_poll(MIO_OPTION_PIPE_WAKER) <= 3);
}

/* In a program that was started with standard input, output and error closed. */
static int make_a_poll_without_streams(void *argument)
{
    const uint32_t *flags = argument;
    struct mio_options options = {.flags = *flags};
    struct mio_poll *poll = NULL;
    struct mio_events *events = NULL;
    struct mio_waker *waker = NULL;

    for (int fd = 0; fd <= STDERR_FILENO; fd++)
        (void)close(fd);
    if (mio_poll_new(&options, &poll) != 0 || mio_events_new(4, NULL, &events) != 0)
        return 1;
    if (mio_waker_new(mio_poll_registry(poll), 1, &waker) != 0)
        return 2;
    for (int fd = 0; fd <= STDERR_FILENO; fd++) {
        if (fcntl(fd, F_GETFD) >= 0)
            return 3;
    }
    if (mio_waker_wake(waker) != 0 || mio_poll_wait(poll, events, 10 * SECOND) != 1)
        return 4;
    int selector = mio_registry_fd(mio_poll_registry(poll));
    if (selector >= 0 && (fcntl(selector, F_GETFD) & FD_CLOEXEC) == 0)
        return 5;
    mio_waker_free(waker);
    mio_events_free(events);
    mio_poll_free(poll);
    return 0;
}

TEST(life1_a_poll_keeps_out_of_the_standard_streams)
{
    skip_if_excepted(__func__);

    for (int i = 0; i < WAKER_KINDS; i++) {
        uint32_t flags = waker_kinds[i];
        CHECK_EQ(in_child(make_a_poll_without_streams, &flags), 0);
    }
}

TEST(life1_many_polls_leave_nothing)
{
    int descriptors = test_open_descriptors();
    long blocks = test_live_blocks();

    /* The model of the tests takes its time for each. */
    int polls = fact("the kernel allocates in the process") != 0 ? MANY_POLLS / 8 : MANY_POLLS;
    for (int i = 0; i < polls; i++) {
        struct loop loop = loop_open_flags(i % 2 == 0 ? 0 : MIO_OPTION_PIPE_WAKER);
        struct mio_waker *waker;
        REQUIRE_EQ(mio_waker_new(loop.registry, 1, &waker), 0);
        CHECK_EQ(mio_waker_wake(waker), 0);
        REQUIRE_EQ(loop_wait(&loop, 0), 1);
        mio_waker_free(waker);
        loop_close(&loop);
    }
    CHECK_EQ(test_open_descriptors(), descriptors);
    CHECK_EQ(test_live_blocks(), blocks);
}

/* Freeing a poll closes nothing of the caller's. */
TEST(life1_registered_descriptors_stay_open)
{
    struct loop loop = loop_open();
    int ends[2];

    open_pair(ends);
    REQUIRE_EQ(mio_registry_register(loop.registry, ends[NEAR], 1, BOTH), 0);
    loop_close(&loop);
    put(ends[FAR], "x");
    CHECK_EQ(drain(ends[NEAR]), 1);
    close_pair(ends);
}

/* --- LIFE2 --- */

static void wake_without_poll(uint32_t flags)
{
    struct loop loop = loop_open_flags(flags);
    struct mio_waker *waker;

    REQUIRE_EQ(mio_waker_new(loop.registry, 1, &waker), 0);
    CHECK_EQ(mio_waker_wake(waker), 0);
    loop_close(&loop);
    /* With the default action of SIGPIPE, a write to a pipe without reader would end us here. */
    CHECK_EQ(mio_waker_wake(waker), 0);
    CHECK_EQ(mio_waker_wake(waker), 0);
    mio_waker_free(waker);
}

TEST(life2_a_waker_never_raises_sigpipe)
{
    void (*old)(int) = signal(SIGPIPE, SIG_DFL);

    CHECK(old != SIG_ERR);
    wake_without_poll(0);
    wake_without_poll(MIO_OPTION_PIPE_WAKER);
    CHECK(signal(SIGPIPE, old) != SIG_ERR);
}

static int use_everything(void *unused)
{
    int failures = 0;
    (void)unused;
    struct mio_poll *poll = NULL;
    struct mio_events *events = NULL;
    struct mio_waker *waker = NULL;
    int ends[2];

    /* Nowhere to print to: whoever prints anyway is told by SIGPIPE or an error. */
    failures += pipe(ends) != 0 || dup2(ends[1], 1) < 0 || dup2(ends[1], 2) < 0;
    failures += fcntl(ends[0], F_SETFL, O_NONBLOCK) != 0;
    failures += mio_poll_new(NULL, &poll) != 0;
    failures += mio_events_new(8, NULL, &events) != 0;
    failures += mio_waker_new(mio_poll_registry(poll), 1, &waker) != 0;
    failures += mio_registry_register(mio_poll_registry(poll), -1, 1, MIO_READABLE) != -EBADF;
    failures += mio_poll_wait(poll, events, -5) != -EINVAL;
    failures += mio_waker_wake(waker) != 0;
    failures += mio_poll_wait(poll, events, 0) != 1;
    mio_waker_free(waker);
    mio_events_free(events);
    mio_poll_free(poll);
    char byte;
    failures += read(ends[0], &byte, 1) != -1 || errno != EAGAIN;
    return failures;
}

TEST(life2_the_library_prints_nothing)
{
    CHECK_EQ(in_child(use_everything, NULL), 0);
}

/* Two users of the library in one process do not meet. */
TEST(life2_polls_are_independent)
{
    struct loop one = loop_open();
    struct loop two = loop_open();
    struct mio_waker *waker;
    int ends[2];

    open_pair(ends);
    REQUIRE_EQ(mio_waker_new(one.registry, 3, &waker), 0);
    REQUIRE_EQ(mio_registry_register(one.registry, ends[NEAR], 1, MIO_READABLE), 0);
    REQUIRE_EQ(mio_registry_register(two.registry, ends[NEAR], 2, BOTH), 0);
    EXPECT_ONE(&two, 2, MIO_WRITABLE);
    EXPECT_NOTHING(&one);
    CHECK_EQ(mio_waker_wake(waker), 0);
    EXPECT_NOTHING(&two);
    EXPECT_ONE(&one, 3, MIO_READABLE);
    put(ends[FAR], "x");
    EXPECT_ONE(&one, 1, MIO_READABLE);
    EXPECT_ONE(&two, 2, readiness_fact("data came, asked for both"));
    drain_again(&two, ends[NEAR], BOTH);
    REQUIRE_EQ(mio_registry_deregister(one.registry, ends[NEAR]), 0);
    put(ends[FAR], "y");
    EXPECT_NOTHING(&one);
    AWAIT_EVENTS(&two, {2, readiness_fact("data came again, asked for both")});

    mio_waker_free(waker);
    close_pair(ends);
    loop_close(&one);
    loop_close(&two);
}

/* --- LIFE4 --- */

enum part { POLL, CLONE, WAKER, SOURCE };

struct parts {
    struct loop loop;
    struct mio_waker *waker;
    struct mio_registry *clone;
    struct mio_source source;
    int ends[2];
};

/* The n-th order of four parts, n below 24. */
static void nth_order(int n, enum part order[PARTS])
{
    enum part left[PARTS] = {POLL, CLONE, WAKER, SOURCE};
    static const int choices[PARTS] = {6, 2, 1, 1};
    for (int i = 0; i < PARTS; i++) {
        int pick = i == PARTS - 1 ? 0 : n / choices[i];
        n %= choices[i];
        order[i] = left[pick];
        memmove(&left[pick], &left[pick + 1], (size_t)(PARTS - 1 - i - pick) * sizeof left[0]);
    }
}

static void free_part(struct parts *parts, enum part part)
{
    switch (part) {
    case POLL:
        mio_poll_free(parts->loop.poll);
        break;
    case CLONE:
        mio_registry_free(parts->clone);
        break;
    case WAKER:
        CHECK_EQ(mio_waker_wake(parts->waker), 0);
        mio_waker_free(parts->waker);
        break;
    case SOURCE:
        CHECK_EQ(mio_source_close(&parts->source), 0);
        break;
    }
}

static void free_in_every_order(uint32_t flags)
{
    for (int n = 0; n < 24; n++) {
        enum part order[PARTS];
        long blocks = test_live_blocks();
        int descriptors = test_open_descriptors();
        struct parts parts = {.loop = loop_open_flags(flags)};

        open_pair(parts.ends);
        mio_source_init(&parts.source, parts.ends[NEAR]);
        REQUIRE_EQ(mio_waker_new(parts.loop.registry, 9, &parts.waker), 0);
        REQUIRE_EQ(mio_registry_clone(parts.loop.registry, &parts.clone), 0);
        REQUIRE_EQ(mio_source_register(&parts.source, parts.clone, 1, BOTH | MIO_ONESHOT), 0);
        CHECK_EQ(loop_wait(&parts.loop, 10 * SECOND), 1);
        CHECK_EQ(mio_waker_wake(parts.waker), 0);

        nth_order(n, order);
        for (int i = 0; i < PARTS; i++)
            free_part(&parts, order[i]);
        mio_events_free(parts.loop.events);
        CHECK_EQ(close(parts.ends[FAR]), 0);
        CHECK_EQ(test_live_blocks(), blocks);
        CHECK_EQ(test_open_descriptors(), descriptors);
    }
}

TEST(life4_every_order_of_freeing_is_right)
{
    free_in_every_order(0);
    free_in_every_order(MIO_OPTION_PIPE_WAKER);
}

TEST(life4_a_clone_outlives_its_poll)
{
    struct loop loop = loop_open();
    struct mio_registry *clone = NULL;
    struct mio_source source;
    int ends[2];

    open_pair(ends);
    mio_source_init(&source, ends[FAR]);
    REQUIRE_EQ(mio_registry_clone(loop.registry, &clone), 0);
    uint64_t id = mio_registry_id(loop.registry);
    loop_close(&loop);

    CHECK_EQ(mio_registry_id(clone), id);
    CHECK_EQ(mio_registry_register(clone, ends[NEAR], 1, BOTH), 0);
    CHECK_EQ(mio_registry_reregister(clone, ends[NEAR], 2, MIO_READABLE | MIO_ONESHOT), 0);
    CHECK_EQ(mio_registry_deregister(clone, ends[NEAR]), 0);
    CHECK_EQ(mio_source_register(&source, clone, 3, BOTH), 0);
    mio_registry_free(clone);
    CHECK_EQ(mio_source_close(&source), 0);

    CHECK_EQ(close(ends[NEAR]), 0);
}

TEST(life4_sources_can_be_deregistered_after_the_poll)
{
    struct loop loop = loop_open();
    struct mio_registry *clone = NULL;
    struct mio_source source;
    int ends[2];

    open_pair(ends);
    mio_source_init(&source, ends[NEAR]);
    REQUIRE_EQ(mio_registry_clone(loop.registry, &clone), 0);
    REQUIRE_EQ(mio_source_register(&source, loop.registry, 1, BOTH), 0);
    loop_close(&loop);
    CHECK_EQ(mio_source_reregister(&source, 2, MIO_READABLE), 0);
    CHECK_EQ(mio_source_deregister(&source), 0);
    mio_registry_free(clone);

    /* And then belong to another. */
    loop = loop_open();
    CHECK_EQ(mio_source_register(&source, loop.registry, 3, MIO_WRITABLE), 0);
    EXPECT_ONE(&loop, 3, MIO_WRITABLE);
    CHECK_EQ(mio_source_close(&source), 0);
    CHECK_EQ(close(ends[FAR]), 0);
    loop_close(&loop);
}

TEST(life4_null_may_be_freed)
{
    mio_poll_free(NULL);
    mio_registry_free(NULL);
    mio_waker_free(NULL);
    mio_events_free(NULL);
}

TEST(life4_ids_are_unique_and_shared_by_clones)
{
    uint64_t ids[20];

    for (int i = 0; i < 20; i++) {
        struct loop loop = loop_open();
        struct mio_registry *clone = NULL;
        struct mio_registry *clone_of_clone = NULL;
        REQUIRE_EQ(mio_registry_clone(loop.registry, &clone), 0);
        REQUIRE_EQ(mio_registry_clone(clone, &clone_of_clone), 0);
        ids[i] = mio_registry_id(loop.registry);
        CHECK(ids[i] != 0);
        CHECK_EQ(mio_registry_id(clone), ids[i]);
        CHECK_EQ(mio_registry_id(clone_of_clone), ids[i]);
        for (int earlier = 0; earlier < i; earlier++)
            CHECK(ids[earlier] != ids[i]);
        mio_registry_free(clone);
        mio_registry_free(clone_of_clone);
        /* The one that the poll lends cannot be freed. */
        mio_registry_free(loop.registry);
        EXPECT_NOTHING(&loop);
        loop_close(&loop);
    }
}

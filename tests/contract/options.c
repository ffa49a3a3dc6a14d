/* SPDX-License-Identifier: MIT */
/* What can be chosen when a poll is made: selector, allocator, log; and what happens without
 * memory. */
#define _GNU_SOURCE

#include "facts/facts.h"
#include "support.h"

#include <errno.h>
#include <stdalign.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { MOST_ALLOCATIONS = 100 };

/* --- the selector --- */

TEST(options_the_backend_has_its_name)
{
    struct loop loop = loop_open();
    struct mio_options options = {.backend = test_backend};
    struct loop named = loop_open_with(&options, 4);

    CHECK_STR(mio_poll_backend(loop.poll), test_backend);
    CHECK_STR(mio_poll_backend(named.poll), test_backend);

    loop_close(&loop);
    loop_close(&named);
}

TEST(options_an_unknown_backend_is_refused)
{
    static const char *const names[] = {"", "nonsense", "epol", "epolll", "EPOLL", "kqueue2"};
    struct mio_poll *poll = NULL;

    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        struct mio_options options = {.backend = names[i]};
        CHECK_EQ(mio_poll_new(&options, &poll), -ENOTSUP);
        CHECK(poll == NULL);
    }
}

static void count_refused_names(int error, const char *what, void *user)
{
    int *count = user;
    *count += error == -ENOTSUP && strcmp(what, "MIO_BACKEND") == 0;
}

TEST(options_the_environment_chooses_the_backend)
{
    int refused_names = 0;
    struct mio_options options = {
        .backend = test_backend, .log = count_refused_names, .user = &refused_names};
    struct mio_options unnamed = {.log = count_refused_names, .user = &refused_names};
    struct mio_poll *poll = NULL;
    const char *value = getenv("MIO_BACKEND");
    char old[32] = "";

    snprintf(old, sizeof old, "%s", value ? value : "");
    /* A name of another system's is told to the log; what the caller says counts more. */
    CHECK_EQ(setenv("MIO_BACKEND", "nonsense", 1), 0);
    CHECK_EQ(mio_poll_new(&unnamed, &poll), 0);
    CHECK_EQ(refused_names, 1);
    mio_poll_free(poll);
    CHECK_EQ(mio_poll_new(NULL, &poll), 0);
    mio_poll_free(poll);
    CHECK_EQ(mio_poll_new(&options, &poll), 0);
    CHECK_EQ(refused_names, 1);
    mio_poll_free(poll);
    CHECK_EQ(setenv("MIO_BACKEND", test_backend, 1), 0);
    CHECK_EQ(mio_poll_new(NULL, &poll), 0);
    CHECK_STR(mio_poll_backend(poll), test_backend);
    mio_poll_free(poll);
    CHECK_EQ(value ? setenv("MIO_BACKEND", old, 1) : unsetenv("MIO_BACKEND"), 0);
}

TEST(options_are_checked)
{
    struct mio_options unknown = {.flags = 0x80000000u};
    struct mio_options zeroed;
    struct mio_poll *poll = NULL;

    memset(&zeroed, 0, sizeof zeroed);
    CHECK_EQ(mio_poll_new(NULL, null()), -EINVAL);
    CHECK_EQ(mio_poll_new(&unknown, &poll), -EINVAL);
    CHECK(poll == NULL);
    REQUIRE_EQ(mio_poll_new(&zeroed, &poll), 0);
    mio_poll_free(poll);
}

/* The ways around a missing feature are the same thing to the caller. */
TEST(options_ways_around_behave_the_same)
{
    for (uint32_t flags = 0; flags < 4; flags++) {
        struct loop loop = loop_open_flags(flags);
        struct mio_waker *waker;
        int ends[2];

        open_pair(ends);
        REQUIRE_EQ(mio_waker_new(loop.registry, 9, &waker), 0);
        REQUIRE_EQ(mio_registry_register(loop.registry, ends[NEAR], 1, BOTH | MIO_ONESHOT), 0);
        EXPECT_ONE(&loop, 1, MIO_WRITABLE);
        put(ends[FAR], "x");
        CHECK_EQ(mio_waker_wake(waker), 0);
        EXPECT_ONE(&loop, 9, MIO_READABLE);
        REQUIRE_EQ(mio_registry_reregister(loop.registry, ends[NEAR], 2, MIO_READABLE), 0);
        CHECK_EQ(mio_waker_wake(waker), 0);
        EXPECT_EVENTS(&loop, {2, MIO_READABLE}, {9, MIO_READABLE});
        int64_t start = mio_now();
        CHECK_EQ(loop_wait(&loop, 2500001), 0);
        CHECK(mio_now() - start >= 2500001);

        mio_waker_free(waker);
        close_pair(ends);
        loop_close(&loop);
    }
}

/* --- the allocator --- */

enum { ARENA_SIZE = 1 << 20 };

struct arena {
    atomic_size_t used;
    atomic_size_t outstanding; /* bytes that are lent */
    atomic_int blocks;
    atomic_int allocations;
    alignas(16) unsigned char memory[ARENA_SIZE];
};

static struct arena arena;

static void *arena_allocate(size_t size, void *user)
{
    struct arena *self = user;
    CHECK(size > 0);
    size_t room = (size + 15) / 16 * 16;
    size_t at = atomic_fetch_add(&self->used, room);
    if (at + room > ARENA_SIZE)
        return NULL;
    memset(self->memory + at, 0xa5, room);
    atomic_fetch_add(&self->outstanding, size);
    atomic_fetch_add(&self->blocks, 1);
    atomic_fetch_add(&self->allocations, 1);
    return self->memory + at;
}

static void arena_release(void *block, size_t size, void *user)
{
    struct arena *self = user;
    unsigned char *start = block;
    CHECK(start >= self->memory && start + size <= self->memory + ARENA_SIZE);
    CHECK(size <= atomic_load(&self->outstanding));
    memset(block, 0x5a, size);
    atomic_fetch_sub(&self->outstanding, size);
    atomic_fetch_sub(&self->blocks, 1);
}

TEST(options_the_allocator_is_used_for_everything)
{
    memset(&arena, 0, sizeof arena);
    struct mio_allocator allocator = {
        .allocate = arena_allocate, .release = arena_release, .user = &arena};
    struct mio_options options = {.allocator = &allocator};
    struct loop loop = {.poll = NULL};
    struct mio_registry *clone = NULL;
    struct mio_waker *wakers[2];
    struct mio_source source;
    int ends[2];
    long before = test_allocations();

    open_pair(ends);
    mio_source_init(&source, ends[NEAR]);
    REQUIRE_EQ(mio_poll_new(&options, &loop.poll), 0);
    REQUIRE_EQ(mio_events_new(16, &allocator, &loop.events), 0);
    /* The options are copied. */
    memset(&options, 0xff, sizeof options);
    loop.registry = mio_poll_registry(loop.poll);
    REQUIRE_EQ(mio_registry_clone(loop.registry, &clone), 0);
    REQUIRE_EQ(mio_waker_new(loop.registry, 8, &wakers[0]), 0);
    REQUIRE_EQ(mio_waker_new(clone, 9, &wakers[1]), 0);
    REQUIRE_EQ(mio_source_register(&source, clone, 1, BOTH | MIO_ONESHOT), 0);
    CHECK_EQ(mio_waker_wake(wakers[1]), 0);
    EXPECT_EVENTS(&loop, {1, MIO_WRITABLE}, {9, MIO_READABLE});
    REQUIRE_EQ(mio_source_reregister(&source, 2, MIO_WRITABLE), 0);
    EXPECT_ONE(&loop, 2, MIO_WRITABLE);
    CHECK(atomic_load(&arena.blocks) >= 5);

    mio_registry_free(clone);
    mio_waker_free(wakers[0]);
    mio_poll_free(loop.poll);
    mio_events_free(loop.events);
    CHECK_EQ(mio_source_close(&source), 0);
    mio_waker_free(wakers[1]);
    CHECK_EQ(atomic_load(&arena.blocks), 0);
    CHECK_EQ(atomic_load(&arena.outstanding), 0);
    if (fact("the kernel allocates in the process") == 0)
        CHECK_EQ(test_allocations(), before);

    CHECK_EQ(close(ends[FAR]), 0);
}

/* --- the log --- */

struct told {
    int count;
    int error;
    bool explained;
};

static void remember(int error, const char *what, void *user)
{
    struct told *told = user;
    told->count++;
    told->error = error;
    told->explained = what && what[0] != '\0';
    errno = ENOTTY; /* as writing it down may set it */
}

TEST(options_the_log_tells_what_has_no_caller)
{
    skip_if_excepted(__func__);

    struct told told = {0, 0, false};
    struct mio_options options = {.log = remember, .user = &told};
    struct loop loop = loop_open_with(&options, 4);

    EXPECT_NOTHING(&loop);
    CHECK_EQ(told.count, 0);
    /* Against all rules, and the only way to make closing fail. */
    CHECK_EQ(close(mio_poll_fd(loop.poll)), 0);
    errno = 0;
    loop_close(&loop);
    CHECK_EQ(errno, 0);
    CHECK(told.count >= 1);
    CHECK_EQ(told.error, -EBADF);
    CHECK(told.explained);
}

/* --- without memory --- */

struct attempt {
    struct loop loop;
    int ends[2];
    struct mio_poll *poll;
    struct mio_events *events;
    struct mio_registry *clone;
    struct mio_waker *waker;
    struct mio_source source;
};

static int make_poll(struct attempt *attempt)
{
    int result = mio_poll_new(NULL, &attempt->poll);
    if (result < 0)
        CHECK(attempt->poll == NULL);
    mio_poll_free(attempt->poll);
    attempt->poll = NULL;
    return result;
}

static int make_events(struct attempt *attempt)
{
    int result = mio_events_new(16, NULL, &attempt->events);
    if (result < 0)
        CHECK(attempt->events == NULL);
    mio_events_free(attempt->events);
    attempt->events = NULL;
    return result;
}

static int make_clone(struct attempt *attempt)
{
    int result = mio_registry_clone(attempt->loop.registry, &attempt->clone);
    if (result < 0)
        CHECK(attempt->clone == NULL);
    mio_registry_free(attempt->clone);
    attempt->clone = NULL;
    return result;
}

static int make_waker(struct attempt *attempt)
{
    int result = mio_waker_new(attempt->loop.registry, 9, &attempt->waker);
    if (result < 0)
        CHECK(attempt->waker == NULL);
    mio_waker_free(attempt->waker);
    attempt->waker = NULL;
    return result;
}

static int make_registration(struct attempt *attempt)
{
    int result = mio_registry_register(attempt->loop.registry, attempt->ends[NEAR], 1, BOTH);
    CHECK_EQ(mio_registry_deregister(attempt->loop.registry, attempt->ends[NEAR]),
             result < 0 ? -ENOENT : 0);
    return result;
}

static int make_one_shot(struct attempt *attempt)
{
    int result =
        mio_registry_register(attempt->loop.registry, attempt->ends[NEAR], 1, BOTH | MIO_ONESHOT);
    CHECK_EQ(mio_registry_deregister(attempt->loop.registry, attempt->ends[NEAR]),
             result < 0 ? -ENOENT : 0);
    return result;
}

static int make_source(struct attempt *attempt)
{
    int result = mio_source_register(&attempt->source, attempt->loop.registry, 1, BOTH);
    CHECK_EQ(mio_source_deregister(&attempt->source), result < 0 ? -ENOENT : 0);
    return result;
}

/* Lets the first allocation fail, then the second alone, and so on until none is left to fail. */
static void fail_each_allocation(int (*make)(struct attempt *), uint32_t flags)
{
    struct attempt attempt = {.loop = loop_open_flags(flags)};
    int descriptors;
    long blocks;
    int result = -ENOMEM;

    open_pair(attempt.ends);
    mio_source_init(&attempt.source, attempt.ends[NEAR]);
    for (long n = 1; n < MOST_ALLOCATIONS && result < 0; n++) {
        descriptors = test_open_descriptors();
        blocks = test_live_blocks();
        test_fail_allocation(n);
        result = make(&attempt);
        test_fail_allocation(0);
        CHECK(result == 0 || result == -ENOMEM);
        if (result < 0) {
            CHECK_EQ(test_live_blocks(), blocks);
            CHECK_EQ(test_open_descriptors(), descriptors);
        }
        EXPECT_NOTHING(&attempt.loop);
    }
    CHECK_EQ(result, 0);
    close_pair(attempt.ends);
    loop_close(&attempt.loop);
}

TEST(reg4_without_memory_nothing_is_made)
{
    static const uint32_t kinds[] = {0, MIO_OPTION_PIPE_WAKER};

    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        fail_each_allocation(make_poll, kinds[i]);
        fail_each_allocation(make_events, kinds[i]);
        fail_each_allocation(make_clone, kinds[i]);
        fail_each_allocation(make_waker, kinds[i]);
    }
}

TEST(reg4_without_memory_nothing_is_registered)
{
    fail_each_allocation(make_registration, 0);
    fail_each_allocation(make_one_shot, 0);
    fail_each_allocation(make_source, 0);
}

/* SPDX-License-Identifier: MIT */
/* Structs that a caller fills and that can grow, and the room for events, which can too. */
#define _GNU_SOURCE

#include "facts/facts.h"
#include "support.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <unistd.h>

/* --- what is reserved is 0 --- */

TEST(options_reserved_members_are_0)
{
    struct mio_poll *poll = NULL;
    struct mio_options options = {.reserved_bits = 1};

    CHECK_EQ(mio_poll_new(&options, &poll), -EINVAL);
    for (size_t i = 0; i < sizeof options.reserved / sizeof options.reserved[0]; i++) {
        options = (struct mio_options){0};
        options.reserved[i] = 1;
        CHECK_EQ(mio_poll_new(&options, &poll), -EINVAL);
    }
    CHECK(poll == NULL);
}

static void *allocate(size_t size, void *user)
{
    bool *fails = user;
    return fails && *fails ? NULL : malloc(size);
}

static void release(void *block, size_t size, void *user)
{
    (void)size;
    (void)user;
    free(block);
}

static void expect_refused(const struct mio_allocator *allocator)
{
    struct mio_options options = {.allocator = allocator};
    struct mio_poll *poll = NULL;
    struct mio_events *events = NULL;
    struct mio_slab *slab = NULL;

    CHECK_EQ(mio_poll_new(&options, &poll), -EINVAL);
    CHECK_EQ(mio_events_new(1, allocator, &events), -EINVAL);
    CHECK_EQ(mio_slab_new(1, allocator, &slab), -EINVAL);
    CHECK(poll == NULL);
    CHECK(events == NULL);
    CHECK(slab == NULL);
}

TEST(options_an_allocator_is_whole)
{
    struct mio_allocator allocator = {.allocate = allocate, .release = release};

    for (size_t i = 0; i < sizeof allocator.reserved / sizeof allocator.reserved[0]; i++) {
        allocator.reserved[i] = 1;
        expect_refused(&allocator);
        allocator.reserved[i] = 0;
    }
    allocator.allocate = NULL;
    expect_refused(&allocator);
    allocator.allocate = allocate;
    allocator.release = NULL;
    expect_refused(&allocator);
    expect_refused(&(struct mio_allocator){0});
}

/* The one change is refused, and not its neighbours, whichever way the selector takes a batch. */
TEST(reg4_a_changes_reserved_member_is_0)
{
    struct loop loop = loop_open();
    int ends[2];

    open_pair(ends);
    struct mio_change changes[] = {
        {.kind = MIO_REGISTER, .fd = ends[NEAR], .token = 1, .interest = MIO_WRITABLE},
        {.kind = MIO_DEREGISTER, .fd = ends[NEAR], .reserved = 1},
        {.kind = MIO_REGISTER,
         .fd = ends[FAR],
         .token = 2,
         .interest = MIO_WRITABLE,
         .reserved = UINTPTR_MAX},
        {.kind = MIO_REREGISTER, .fd = ends[NEAR], .token = 3, .interest = MIO_WRITABLE},
    };
    CHECK_EQ(mio_registry_apply(loop.registry, changes, 4), 2);
    CHECK_EQ(changes[0].result, 0);
    CHECK_EQ(changes[1].result, -EINVAL);
    CHECK_EQ(changes[2].result, -EINVAL);
    CHECK_EQ(changes[3].result, 0);
    EXPECT_ONE(&loop, 3, MIO_WRITABLE);

    CHECK_EQ(mio_registry_deregister(loop.registry, ends[NEAR]), 0);
    close_pair(ends);
    loop_close(&loop);
}

/* --- the record --- */

TEST(events_of_another_record_are_refused)
{
    size_t size = sizeof(struct mio_event);
    struct mio_events *events = NULL;

    CHECK_EQ(mio_events_new_sized(0, 1, NULL, &events), -EINVAL);
    CHECK_EQ(mio_events_new_sized(size - 1, 1, NULL, &events), -EINVAL);
    CHECK_EQ(mio_events_new_sized(size + 8, 1, NULL, &events), -EINVAL);
    CHECK_EQ(mio_events_new_sized(SIZE_MAX, 1, NULL, &events), -EINVAL);
    CHECK(events == NULL);
    REQUIRE_EQ(mio_events_new_sized(size, 1, NULL, &events), 0);
    CHECK_EQ(mio_events_capacity(events), 1);
    mio_events_free(events);
}

/* --- another room --- */

enum { WAKERS = 8 };

static void wake_all(struct mio_waker *const wakers[WAKERS])
{
    for (size_t i = 0; i < WAKERS; i++)
        CHECK_EQ(mio_waker_wake(wakers[i]), 0);
}

TEST(events_can_be_resized_and_keep_what_has_come)
{
    struct loop loop = loop_open_with(NULL, 2);
    struct mio_waker *wakers[WAKERS];

    for (size_t i = 0; i < WAKERS; i++)
        wakers[i] = waker_open(&loop, (mio_token)i);
    wake_all(wakers);
    REQUIRE_EQ(loop_wait(&loop, 0), 2);
    CHECK_EQ(mio_events_resize(loop.events, WAKERS), 0);
    CHECK_EQ(mio_events_capacity(loop.events), WAKERS);
    REQUIRE_EQ(mio_events_len(loop.events), 2);
    CHECK_EQ(mio_event_token(mio_events_get(loop.events, 0)), 0);
    CHECK_EQ(mio_event_token(mio_events_get(loop.events, 1)), 1);
    CHECK_EQ(loop_wait(&loop, 0), WAKERS - 2);

    /* Less room than there are events would lose some. */
    CHECK_EQ(mio_events_resize(loop.events, WAKERS - 3), -EINVAL);
    CHECK_EQ(mio_events_len(loop.events), WAKERS - 2);
    CHECK_EQ(mio_events_resize(loop.events, WAKERS - 2), 0);
    CHECK_EQ(mio_events_capacity(loop.events), WAKERS - 2);
    mio_events_clear(loop.events);
    CHECK_EQ(mio_events_resize(loop.events, 1), 0);
    wake_all(wakers);
    for (mio_token i = 0; i < WAKERS; i++) {
        REQUIRE_EQ(loop_wait(&loop, 0), 1);
        CHECK_EQ(mio_event_token(mio_events_get(loop.events, 0)), i);
    }

    for (size_t i = 0; i < WAKERS; i++)
        mio_waker_free(wakers[i]);
    loop_close(&loop);
}

TEST(events_resizing_refuses_what_cannot_be)
{
    bool fails = false;
    struct mio_allocator allocator = {.allocate = allocate, .release = release, .user = &fails};
    struct mio_events *events;

    REQUIRE_EQ(mio_events_new(4, &allocator, &events), 0);
    CHECK_EQ(mio_events_resize(null(), 4), -EINVAL);
    CHECK_EQ(mio_events_resize(events, 0), -EINVAL);
    CHECK_EQ(mio_events_resize(events, (size_t)INT_MAX + 1), -EINVAL);
    CHECK_EQ(mio_events_resize(events, SIZE_MAX), -EINVAL);
    fails = true;
    CHECK_EQ(mio_events_resize(events, 5), -ENOMEM);
    CHECK_EQ(mio_events_resize(events, 3), -ENOMEM);
    CHECK_EQ(mio_events_resize(events, 4), 0);
    CHECK_EQ(mio_events_capacity(events), 4);
    fails = false;
    mio_events_free(events);
}

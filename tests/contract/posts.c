/* SPDX-License-Identifier: MIT */
/* POST1, POST2, POST5: posted events on one thread, with each kind of doorbell. */
#define _GNU_SOURCE

#include "posts.h"

#include <errno.h>
#include <string.h>

struct posting posting_open(uint32_t flags, size_t capacity)
{
    struct posting posting = {.loop = loop_open_flags(flags)};
    REQUIRE_EQ(mio_post_queue_new(posting.loop.registry, POSTS_TOKEN, capacity, &posting.queue), 0);
    return posting;
}

void posting_close(struct posting *posting)
{
    mio_post_queue_free(posting->queue);
    loop_close(&posting->loop);
}

void expect_post(struct mio_post_queue *queue, mio_token token, uint64_t payload,
                 struct where where)
{
    struct mio_posted posted = {0, 0};
    test_check(mio_post_take(queue, &posted) == 1, "there is a post", where.file, where.line);
    test_check(posted.token == token, "its token", where.file, where.line);
    test_check(posted.payload == payload, "its payload", where.file, where.line);
}

void expect_no_post(struct mio_post_queue *queue, struct where where)
{
    struct mio_posted posted = {17, 18};
    test_check(mio_post_take(queue, &posted) == 0, "there is no post", where.file, where.line);
    test_check(posted.token == 17 && posted.payload == 18, "nothing is written", where.file,
               where.line);
}

/* --- POST1: events and order --- */

TEST(post1_a_post_is_an_event_and_can_be_taken)
{
    for (int i = 0; i < WAKER_KINDS; i++) {
        struct posting posting = posting_open(waker_kinds[i], 8);

        EXPECT_NOTHING(&posting.loop);
        EXPECT_NO_POST(posting.queue);
        for (mio_token round = 0; round < 5; round++) {
            CHECK_EQ(mio_post(posting.queue, UINTPTR_MAX - round, UINT64_MAX - round), 0);
            EXPECT_ONE(&posting.loop, POSTS_TOKEN, MIO_READABLE);
            EXPECT_POST(posting.queue, UINTPTR_MAX - round, UINT64_MAX - round);
            EXPECT_NO_POST(posting.queue);
        }

        posting_close(&posting);
    }
}

TEST(post1_posts_before_an_event_share_it_in_their_order)
{
    for (int i = 0; i < WAKER_KINDS; i++) {
        struct posting posting = posting_open(waker_kinds[i], 100);

        for (uint64_t n = 0; n < 100; n++)
            CHECK_EQ(mio_post(posting.queue, (mio_token)(n % 7), n), 0);
        EXPECT_ONE(&posting.loop, POSTS_TOKEN, MIO_READABLE);
        for (uint64_t n = 0; n < 100; n++)
            EXPECT_POST(posting.queue, (mio_token)(n % 7), n);
        EXPECT_NO_POST(posting.queue);
        EXPECT_NOTHING(&posting.loop);

        posting_close(&posting);
    }
}

/* Each post after an event makes one, whatever was taken; what was left is still there. */
TEST(post1_a_post_after_an_event_makes_another_one)
{
    struct posting posting = posting_open(0, 8);

    CHECK_EQ(mio_post(posting.queue, 1, 1), 0);
    CHECK_EQ(mio_post(posting.queue, 2, 2), 0);
    EXPECT_ONE(&posting.loop, POSTS_TOKEN, MIO_READABLE);
    CHECK_EQ(mio_post(posting.queue, 3, 3), 0);
    EXPECT_POST(posting.queue, 1, 1);
    EXPECT_ONE(&posting.loop, POSTS_TOKEN, MIO_READABLE);
    EXPECT_POST(posting.queue, 2, 2);
    EXPECT_NOTHING(&posting.loop);
    CHECK_EQ(mio_post(posting.queue, 4, 4), 0);
    EXPECT_POST(posting.queue, 3, 3);
    EXPECT_POST(posting.queue, 4, 4);
    /* The event of what has been taken comes all the same. */
    EXPECT_ONE(&posting.loop, POSTS_TOKEN, MIO_READABLE);
    EXPECT_NO_POST(posting.queue);

    posting_close(&posting);
}

TEST(post1_each_queue_has_its_token)
{
    struct posting posting = posting_open(0, 2);
    struct mio_post_queue *other = NULL;
    struct mio_waker *waker = waker_open(&posting.loop, 0);

    REQUIRE_EQ(mio_post_queue_new(posting.loop.registry, UINTPTR_MAX, 1, &other), 0);
    CHECK_EQ(mio_post(other, 5, 50), 0);
    EXPECT_ONE(&posting.loop, UINTPTR_MAX, MIO_READABLE);
    CHECK_EQ(mio_post(posting.queue, 6, 60), 0);
    CHECK_EQ(mio_waker_wake(waker), 0);
    CHECK_EQ(mio_post(other, 7, 70), 0);
    EXPECT_EVENTS(&posting.loop, {0, MIO_READABLE}, {POSTS_TOKEN, MIO_READABLE},
                  {UINTPTR_MAX, MIO_READABLE});
    EXPECT_POST(posting.queue, 6, 60);
    EXPECT_POST(other, 5, 50);
    EXPECT_POST(other, 7, 70);

    mio_waker_free(waker);
    mio_post_queue_free(other);
    posting_close(&posting);
}

/* --- POST2: bounded --- */

static size_t fill_queue(struct mio_post_queue *queue, uint64_t *next)
{
    size_t count = 0;
    while (mio_post(queue, 1, *next) == 0) {
        ++*next;
        count++;
        REQUIRE(count <= 10000);
    }
    return count;
}

TEST(post2_a_full_queue_refuses_and_loses_nothing)
{
    static const size_t asked[] = {1, 2, 3, 4, 5, 64, 65, 1000};
    static const size_t rounded[] = {2, 2, 4, 4, 8, 64, 128, 1024};

    for (size_t i = 0; i < sizeof asked / sizeof asked[0]; i++) {
        struct posting posting = posting_open(0, asked[i]);
        uint64_t next = 0;
        uint64_t taken = 0;

        CHECK_EQ(fill_queue(posting.queue, &next), rounded[i]);
        CHECK_EQ(mio_post(posting.queue, 1, 99), -EAGAIN);
        EXPECT_ONE(&posting.loop, POSTS_TOKEN, MIO_READABLE);
        CHECK_EQ(mio_post(posting.queue, 1, 99), -EAGAIN);
        /* Refused: no event. */
        EXPECT_NOTHING(&posting.loop);
        EXPECT_POST(posting.queue, 1, taken++);
        CHECK_EQ(fill_queue(posting.queue, &next), 1);
        EXPECT_ONE(&posting.loop, POSTS_TOKEN, MIO_READABLE);
        while (taken < next)
            EXPECT_POST(posting.queue, 1, taken++);
        EXPECT_NO_POST(posting.queue);

        posting_close(&posting);
    }
}

/* Many times around the ring, with any number of posts in it. */
TEST(post2_places_are_used_again)
{
    struct posting posting = posting_open(0, 8);
    uint64_t next = 0;
    uint64_t taken = 0;

    for (int round = 0; round < 1000; round++) {
        for (int n = 0; n < round % 9 && next - taken < 8; n++)
            CHECK_EQ(mio_post(posting.queue, (mio_token)round, next++), 0);
        for (int n = 0; n < round % 7 && taken < next; n++) {
            struct mio_posted posted;
            REQUIRE_EQ(mio_post_take(posting.queue, &posted), 1);
            CHECK_EQ(posted.payload, taken++);
        }
    }
    while (taken < next) {
        struct mio_posted posted;
        REQUIRE_EQ(mio_post_take(posting.queue, &posted), 1);
        CHECK_EQ(posted.payload, taken++);
    }
    EXPECT_NO_POST(posting.queue);

    posting_close(&posting);
}

/* --- POST5: its life --- */

TEST(post5_misuse_is_an_error)
{
    struct posting posting = posting_open(0, 2);
    struct mio_post_queue *made = null();
    struct mio_registry *registry = posting.loop.registry;
    struct mio_posted posted;

    CHECK_EQ(mio_post_queue_new(null(), 1, 1, &made), -EINVAL);
    CHECK_EQ(mio_post_queue_new(registry, 1, 1, null()), -EINVAL);
    CHECK_EQ(mio_post_queue_new(registry, 1, 0, &made), -EINVAL);
    CHECK_EQ(mio_post_queue_new(registry, 1, MIO_POST_MAX + 1, &made), -EINVAL);
    CHECK_EQ(mio_post_queue_new(registry, 1, SIZE_MAX, &made), -EINVAL);
    CHECK(made == NULL);
    CHECK_EQ(mio_post(null(), 1, 1), -EINVAL);
    CHECK_EQ(mio_post_take(null(), &posted), -EINVAL);
    CHECK_EQ(mio_post_take(posting.queue, null()), -EINVAL);
    mio_post_queue_free(NULL);
    EXPECT_NOTHING(&posting.loop);

    posting_close(&posting);
}

TEST(post5_without_memory_no_queue_is_made)
{
    struct loop loop = loop_open();
    struct mio_post_queue *queue = null();

    for (long n = 1; n <= 2; n++) {
        test_fail_allocation(n);
        CHECK_EQ(mio_post_queue_new(loop.registry, 1, 4, &queue), -ENOMEM);
        test_fail_allocation(0);
        CHECK(queue == NULL);
    }
    REQUIRE_EQ(mio_post_queue_new(loop.registry, 1, 4, &queue), 0);
    CHECK_EQ(mio_post(queue, 2, 3), 0);
    EXPECT_ONE(&loop, 1, MIO_READABLE);

    mio_post_queue_free(queue);
    loop_close(&loop);
}

TEST(post5_a_poll_may_be_freed_before_its_queue)
{
    for (int i = 0; i < WAKER_KINDS; i++) {
        struct posting posting = posting_open(waker_kinds[i], 2);

        CHECK_EQ(mio_post(posting.queue, 1, 10), 0);
        loop_close(&posting.loop);
        CHECK_EQ(mio_post(posting.queue, 2, 20), 0);
        CHECK_EQ(mio_post(posting.queue, 3, 30), -EAGAIN);
        EXPECT_POST(posting.queue, 1, 10);
        EXPECT_POST(posting.queue, 2, 20);
        EXPECT_NO_POST(posting.queue);
        mio_post_queue_free(posting.queue);
    }
}

TEST(post5_a_freed_queue_is_silent)
{
    struct posting posting = posting_open(0, 2);
    struct mio_post_queue *other = NULL;

    REQUIRE_EQ(mio_post_queue_new(posting.loop.registry, 2, 2, &other), 0);
    CHECK_EQ(mio_post(other, 1, 1), 0);
    CHECK_EQ(mio_post(posting.queue, 3, 3), 0);
    mio_post_queue_free(other);
    EXPECT_ONE(&posting.loop, POSTS_TOKEN, MIO_READABLE);
    EXPECT_POST(posting.queue, 3, 3);
    /* One that nobody waits for any more, too. */
    REQUIRE_EQ(mio_post_queue_new(posting.loop.registry, 2, 2, &other), 0);
    CHECK_EQ(mio_post(other, 1, 1), 0);
    mio_post_queue_free(other);

    posting_close(&posting);
}

TEST(post5_a_queue_of_a_clones)
{
    struct loop loop = loop_open();
    struct mio_registry *clone = NULL;
    struct mio_post_queue *queue = NULL;

    REQUIRE_EQ(mio_registry_clone(loop.registry, &clone), 0);
    REQUIRE_EQ(mio_post_queue_new(clone, 4, 2, &queue), 0);
    mio_registry_free(clone);
    CHECK_EQ(mio_post(queue, 1, 1), 0);
    EXPECT_ONE(&loop, 4, MIO_READABLE);
    EXPECT_POST(queue, 1, 1);

    mio_post_queue_free(queue);
    loop_close(&loop);
}

/* The number of the step that was wrong, or 0. */
static int use_posts_in_child(void *argument)
{
    struct posting *posting = argument;
    struct mio_post_queue *made = NULL;
    struct mio_posted posted;
    if (mio_post_queue_new(posting->loop.registry, 1, 1, &made) != -ECHILD)
        return 1;
    if (mio_post(posting->queue, 1, 1) != -ECHILD)
        return 2;
    if (mio_post_take(posting->queue, &posted) != -ECHILD)
        return 3;
    posting_close(posting);
    return 0;
}

TEST(post5_a_child_has_no_queue)
{
    struct posting posting = posting_open(0, 4);

    CHECK_EQ(mio_post(posting.queue, 1, 10), 0);
    CHECK_EQ(in_child(use_posts_in_child, &posting), 0);
    EXPECT_ONE(&posting.loop, POSTS_TOKEN, MIO_READABLE);
    EXPECT_POST(posting.queue, 1, 10);
    EXPECT_NO_POST(posting.queue);

    posting_close(&posting);
}

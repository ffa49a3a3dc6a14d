/* SPDX-License-Identifier: MIT */
/* The slab, against what its header promises and, in random operations, against a plain list. */
#include "poll/slab.h"

#include "test.h"

#include <mio.h>

#include <errno.h>
#include <stdlib.h>

static int objects[1000];

/* Few bits, so that the last index and the last generation are soon reached. */
enum { INDEX_BITS = 3, GENERATION_BITS = 2, MOST = 7, GENERATIONS = 3, USES = 6 };

static struct mio_slab *small_slab(void)
{
    struct mio_slab *slab = NULL;
    REQUIRE_EQ(mio__slab_new_with_bits(INDEX_BITS, GENERATION_BITS, 0, NULL, &slab), 0);
    return slab;
}

static struct mio_slab *slab_of(size_t capacity)
{
    struct mio_slab *slab = NULL;
    REQUIRE_EQ(mio_slab_new(capacity, NULL, &slab), 0);
    return slab;
}

static mio_token inserted(struct mio_slab *slab, void *object)
{
    mio_token token = 0;
    REQUIRE_EQ(mio_slab_insert(slab, object, &token), 0);
    CHECK(mio_slab_get(slab, token) == object);
    return token;
}

TEST(slab_finds_an_object_until_it_is_removed)
{
    struct mio_slab *slab = slab_of(4);
    mio_token first = inserted(slab, &objects[0]);
    mio_token second = inserted(slab, &objects[1]);
    CHECK(first != second);
    CHECK_EQ(mio_slab_len(slab), 2);
    CHECK(mio_slab_remove(slab, first) == &objects[0]);
    CHECK(mio_slab_get(slab, first) == NULL);
    CHECK(mio_slab_remove(slab, first) == NULL);
    CHECK(mio_slab_get(slab, second) == &objects[1]);
    CHECK_EQ(mio_slab_len(slab), 1);
    mio_slab_free(slab);
}

TEST(slab_slot_used_again_has_another_token)
{
    struct mio_slab *slab = slab_of(1);
    mio_token first = inserted(slab, &objects[0]);
    mio_slab_remove(slab, first);
    mio_token second = inserted(slab, &objects[1]);
    CHECK_EQ(first & (MIO_SLAB_LOWEST_TOKEN - 1), second & (MIO_SLAB_LOWEST_TOKEN - 1));
    CHECK(first != second);
    CHECK(mio_slab_get(slab, first) == NULL);
    CHECK(mio_slab_remove(slab, first) == NULL);
    CHECK(mio_slab_get(slab, second) == &objects[1]);
    mio_slab_free(slab);
}

TEST(slab_never_gives_small_tokens)
{
    struct mio_slab *slab = slab_of(0);
    for (size_t i = 0; i < 1000; i++)
        CHECK(inserted(slab, &objects[i]) >= MIO_SLAB_LOWEST_TOKEN);
    for (mio_token token = 0; token < 2000; token++)
        CHECK(mio_slab_get(slab, token) == NULL);
    CHECK(mio_slab_get(slab, MIO_SLAB_LOWEST_TOKEN - 1) == NULL);
    CHECK(mio_slab_get(slab, UINTPTR_MAX) == NULL);
    CHECK(mio_slab_remove(slab, 0) == NULL);
    CHECK_EQ(mio_slab_len(slab), 1000);
    mio_slab_free(slab);
}

TEST(slab_grows_and_keeps_what_it_has)
{
    struct mio_slab *slab = slab_of(3);
    mio_token tokens[1000];
    for (size_t i = 0; i < 1000; i++)
        tokens[i] = inserted(slab, &objects[i]);
    for (size_t i = 0; i < 1000; i++)
        CHECK(mio_slab_get(slab, tokens[i]) == &objects[i]);
    CHECK_EQ(mio_slab_len(slab), 1000);
    mio_slab_free(slab);
}

TEST(slab_allocates_nothing_within_its_capacity)
{
    struct mio_slab *slab = slab_of(100);
    mio_token tokens[100];
    long before = test_allocations();
    for (int round = 0; round < 10; round++) {
        for (size_t i = 0; i < 100; i++)
            tokens[i] = inserted(slab, &objects[i]);
        for (size_t i = 0; i < 100; i++)
            mio_slab_remove(slab, tokens[i]);
    }
    CHECK_EQ(test_allocations(), before);
    inserted(slab, &objects[0]);
    CHECK_EQ(test_allocations(), before);
    mio_slab_free(slab);
}

TEST(slab_refuses_wrong_arguments)
{
    struct mio_slab *slab = NULL;
    mio_token token = 7;
    CHECK_EQ(mio_slab_new(0, NULL, NULL), -EINVAL);
    CHECK_EQ(mio_slab_new(MIO_SLAB_MAX + 1, NULL, &slab), -EINVAL);
    CHECK_EQ(mio__slab_new_with_bits(INDEX_BITS, GENERATION_BITS, MOST + 1, NULL, &slab), -EINVAL);
    enum { TOKEN_BITS = 8 * sizeof token };
    CHECK_EQ(mio__slab_new_with_bits(INDEX_BITS, TOKEN_BITS, 1, NULL, &slab), -EINVAL);
    CHECK(slab == NULL);
    slab = slab_of(1);
    CHECK_EQ(mio_slab_insert(NULL, objects, &token), -EINVAL);
    CHECK_EQ(mio_slab_insert(slab, NULL, &token), -EINVAL);
    CHECK_EQ(mio_slab_insert(slab, objects, NULL), -EINVAL);
    CHECK_EQ(token, 7);
    CHECK_EQ(mio_slab_len(slab), 0);
    CHECK(mio_slab_next(slab, NULL, NULL) == NULL);
    mio_slab_free(slab);

    size_t place = 0;
    CHECK(mio_slab_get(NULL, 0) == NULL);
    CHECK(mio_slab_remove(NULL, 0) == NULL);
    CHECK(mio_slab_next(NULL, &place, NULL) == NULL);
    CHECK_EQ(mio_slab_len(NULL), 0);
    mio_slab_free(NULL);
}

TEST(slab_full_says_so_and_goes_on)
{
    struct mio_slab *slab = small_slab();
    mio_token tokens[MOST];
    for (size_t i = 0; i < MOST; i++)
        tokens[i] = inserted(slab, &objects[i]);
    mio_token token = 99;
    CHECK_EQ(mio_slab_insert(slab, objects, &token), -ENOSPC);
    CHECK_EQ(token, 99);
    CHECK_EQ(mio_slab_len(slab), MOST);
    for (size_t i = 0; i < MOST; i++)
        CHECK(mio_slab_get(slab, tokens[i]) == &objects[i]);
    CHECK(mio_slab_remove(slab, tokens[3]) == &objects[3]);
    CHECK(inserted(slab, &objects[8]) != tokens[3]);
    CHECK_EQ(mio_slab_insert(slab, objects, &token), -ENOSPC);
    mio_slab_free(slab);
}

TEST(slab_survives_failed_allocations)
{
    struct mio_slab *slab = NULL;
    for (long n = 1; n <= 2; n++) {
        test_fail_allocation(n);
        CHECK_EQ(mio_slab_new(8, NULL, &slab), -ENOMEM);
        CHECK(slab == NULL);
    }
    test_fail_allocation(0);
    slab = slab_of(8);
    mio_token tokens[9];
    for (size_t i = 0; i < 8; i++)
        tokens[i] = inserted(slab, &objects[i]);
    test_fail_allocation(1);
    CHECK_EQ(mio_slab_insert(slab, &objects[8], &tokens[8]), -ENOMEM);
    CHECK_EQ(mio_slab_len(slab), 8);
    tokens[8] = inserted(slab, &objects[8]);
    for (size_t i = 0; i < 9; i++)
        CHECK(mio_slab_get(slab, tokens[i]) == &objects[i]);
    mio_slab_free(slab);
}

static void *counting_allocate(size_t size, void *user)
{
    *(size_t *)user += size;
    return malloc(size);
}

static void counting_release(void *block, size_t size, void *user)
{
    *(size_t *)user -= size;
    free(block);
}

TEST(slab_takes_all_memory_from_the_allocator_and_gives_it_back)
{
    size_t held = 0;
    struct mio_slab *slab = NULL;
    {
        struct mio_allocator allocator = {
            .allocate = counting_allocate, .release = counting_release, .user = &held};
        REQUIRE_EQ(mio_slab_new(1, &allocator, &slab), 0);
    }
    for (size_t i = 0; i < 1000; i++)
        inserted(slab, &objects[i]);
    CHECK(held > 1000 * sizeof(void *));
    mio_slab_free(slab);
    CHECK_EQ(held, 0);
}

TEST(slab_generations_wrap_and_skip_0)
{
    struct mio_slab *slab = NULL;
    REQUIRE_EQ(mio__slab_new_with_bits(1, GENERATION_BITS, 1, NULL, &slab), 0);
    mio_token seen[USES];
    for (size_t i = 0; i < USES; i++) {
        seen[i] = inserted(slab, &objects[i]);
        CHECK_EQ(seen[i], (i % GENERATIONS + 1) << 1); /* slot 0, the only one */
        for (size_t stale = i < GENERATIONS ? 0 : i - GENERATIONS + 1; stale < i; stale++)
            CHECK(mio_slab_get(slab, seen[stale]) == NULL);
        CHECK(mio_slab_remove(slab, seen[i]) == &objects[i]);
    }
    mio_slab_free(slab);
}

TEST(slab_takes_the_slot_that_was_free_for_longest)
{
    struct mio_slab *slab = small_slab();
    mio_token tokens[MOST];
    for (size_t i = 0; i < MOST; i++)
        tokens[i] = inserted(slab, &objects[i]);
    static const size_t order[] = {4, 1, 6, 0};
    for (size_t i = 0; i < 4; i++)
        mio_slab_remove(slab, tokens[order[i]]);
    for (size_t i = 0; i < 4; i++)
        CHECK_EQ(inserted(slab, objects) & MOST, tokens[order[i]] & MOST);
    mio_slab_free(slab);
}

TEST(slab_goes_through_all_objects_while_some_are_removed)
{
    struct mio_slab *slab = slab_of(0);
    mio_token tokens[100];
    for (size_t i = 0; i < 100; i++)
        tokens[i] = inserted(slab, &objects[i]);
    for (size_t i = 0; i < 100; i += 3)
        mio_slab_remove(slab, tokens[i]);

    int count[100] = {0};
    size_t place = 0;
    mio_token token;
    int *object;
    while ((object = mio_slab_next(slab, &place, &token)) != NULL) {
        size_t i = (size_t)(object - objects);
        count[i]++;
        CHECK_EQ(token, tokens[i]);
        if (i % 2 == 0)
            CHECK(mio_slab_remove(slab, token) == object);
    }
    for (size_t i = 0; i < 100; i++)
        CHECK_EQ(count[i], i % 3 != 0);
    CHECK(mio_slab_next(slab, &place, NULL) == NULL);
    CHECK_EQ(mio_slab_len(slab), 33);
    mio_slab_free(slab);
}

/* --- random operations against a list --- */

enum { HISTORY = 4096, STEPS = 200000 };

/* Every token of the last insertions, and the object it stands for: NULL once removed. */
struct model {
    mio_token token[HISTORY];
    void *object[HISTORY];
    size_t inserted; /* in all; the place of the next is inserted % HISTORY */
    size_t len;
};

static uint32_t random_state;

static uint32_t random_below(uint32_t bound)
{
    random_state = random_state * 1664525 + 1013904223;
    return (uint32_t)(((uint64_t)random_state * bound) >> 32);
}

static void remember(struct model *model, mio_token token, void *object)
{
    size_t place = model->inserted++ % HISTORY;
    model->token[place] = token;
    model->object[place] = object;
    model->len++;
}

static void compare_all(const struct mio_slab *slab, const struct model *model)
{
    size_t place = 0, count = 0;
    while (mio_slab_next(slab, &place, NULL) != NULL)
        count++;
    CHECK_EQ(count, model->len);
    for (size_t i = 0; i < HISTORY && i < model->inserted; i++)
        CHECK(mio_slab_get(slab, model->token[i]) == model->object[i]);
}

TEST(slab_random_operations_agree_with_a_list)
{
    static struct model model;
    model = (struct model){.len = 0};
    random_state = 12345;
    struct mio_slab *slab = slab_of(0);
    for (int step = 0; step < STEPS; step++) {
        size_t next = model.inserted % HISTORY;
        bool wraps = model.inserted >= HISTORY && model.object[next];
        /* Tides: for some thousand steps there are more insertions, then more removals. */
        if (!wraps && random_below(100) < ((step >> 12) % 2 ? 35U : 65U)) {
            void *object = &objects[random_below(1000)];
            remember(&model, inserted(slab, object), object);
        } else if (model.inserted > 0) {
            size_t known = model.inserted < HISTORY ? model.inserted : HISTORY;
            size_t i = wraps ? next : random_below((uint32_t)known);
            CHECK(mio_slab_get(slab, model.token[i]) == model.object[i]);
            CHECK(mio_slab_remove(slab, model.token[i]) == model.object[i]);
            model.len -= model.object[i] != NULL;
            model.object[i] = NULL;
        }
        CHECK_EQ(mio_slab_len(slab), model.len);
        if (step % 20000 == 0)
            compare_all(slab, &model);
    }
    compare_all(slab, &model);
    mio_slab_free(slab);
}

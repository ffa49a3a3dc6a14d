/* SPDX-License-Identifier: MIT */
/* REG5: a token is any value, those too that the library might have use for. */
#define _GNU_SOURCE

#include "support.h"

#include <stdlib.h>

enum { WAKERS_TOKEN = 7, MOST_TOKENS = 64 };

/* --- addresses of what the library has allocated --- */

struct blocks {
    mio_token addresses[MOST_TOKENS];
    size_t count;
};

static void *allocate_noting(size_t size, void *user)
{
    struct blocks *blocks = user;
    void *block = malloc(size);
    if (block && blocks->count < MOST_TOKENS)
        blocks->addresses[blocks->count++] = (mio_token)block;
    return block;
}

static void release_noted(void *block, size_t size, void *user)
{
    (void)size;
    (void)user;
    free(block);
}

/* In the first wait after the first waker was made the doorbell's record is under way. */
static void expect_first_event(uint32_t flags, mio_token token, size_t block)
{
    struct blocks blocks = {.count = 0};
    struct mio_allocator allocator = {
        .allocate = allocate_noting, .release = release_noted, .user = &blocks};
    struct mio_options options = {.allocator = &allocator, .flags = flags};
    struct loop loop = loop_open_with(&options, DEFAULT_CAPACITY);
    struct mio_waker *waker = waker_open(&loop, WAKERS_TOKEN);
    int ends[2];

    if (block < blocks.count)
        token = blocks.addresses[block];
    open_pair(ends);
    put(ends[FAR], "x");
    REQUIRE_EQ(mio_registry_register(loop.registry, ends[NEAR], token, MIO_READABLE), 0);
    EXPECT_ONE(&loop, token, MIO_READABLE);
    drain_again(&loop, ends[NEAR], MIO_READABLE);
    CHECK_EQ(mio_waker_wake(waker), 0);
    EXPECT_ONE(&loop, WAKERS_TOKEN, MIO_READABLE);
    put(ends[FAR], "x");
    EXPECT_ONE(&loop, token, MIO_READABLE);

    close_pair(ends);
    mio_waker_free(waker);
    loop_close(&loop);
}

TEST(reg5_a_token_may_be_an_address_of_the_librarys_own)
{
    for (int kind = 0; kind < WAKER_KINDS; kind++) {
        for (size_t block = 0; block < 4; block++)
            expect_first_event(waker_kinds[kind], 1, block);
    }
}

TEST(reg5_a_token_may_be_any_number)
{
    for (int kind = 0; kind < WAKER_KINDS; kind++) {
        for (mio_token token = 0; token < 6; token++)
            expect_first_event(waker_kinds[kind], token, SIZE_MAX);
        for (int bit = 3; bit < (int)sizeof(mio_token) * 8; bit++) {
            expect_first_event(waker_kinds[kind], (mio_token)1 << bit, SIZE_MAX);
            expect_first_event(waker_kinds[kind], ~((mio_token)1 << bit), SIZE_MAX);
        }
        expect_first_event(waker_kinds[kind], UINTPTR_MAX, SIZE_MAX);
    }
}

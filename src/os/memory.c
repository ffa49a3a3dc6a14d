/* SPDX-License-Identifier: MIT */
#include "memory.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

static void *allocate_by_malloc(size_t size, void *user)
{
    (void)user;
    return malloc(size);
}

static void release_by_free(void *block, size_t size, void *user)
{
    (void)size;
    (void)user;
    free(block);
}

const struct mio_allocator mio__default_allocator = {
    .allocate = allocate_by_malloc,
    .release = release_by_free,
    .user = NULL,
};

bool mio__allocator_is_valid(const struct mio_allocator *allocator)
{
    if (!allocator)
        return true;
    bool is_whole = allocator->allocate && allocator->release;
    return is_whole && allocator->reserved[0] == 0 && allocator->reserved[1] == 0;
}

void *mio__allocate_unset(const struct mio_allocator *allocator, size_t size)
{
    int saved = errno;
    void *block = allocator->allocate(size, allocator->user);
    errno = saved;
    return block;
}

void *mio__allocate(const struct mio_allocator *allocator, size_t size)
{
    void *block = mio__allocate_unset(allocator, size);
    return block ? memset(block, 0, size) : NULL;
}

void mio__release(const struct mio_allocator *allocator, void *block, size_t size)
{
    int saved = errno;
    if (block)
        allocator->release(block, size, allocator->user);
    errno = saved;
}

enum { SMALLEST_TABLE = 16 };

int mio__grow(const struct mio_allocator *allocator, void **table, size_t *room, size_t needed,
              size_t element)
{
    if (needed <= *room)
        return 0;
    size_t larger = *room * 2 > needed ? *room * 2 : needed;
    if (larger < SMALLEST_TABLE)
        larger = SMALLEST_TABLE;
    void *made = larger <= SIZE_MAX / element ? mio__allocate(allocator, larger * element) : NULL;
    if (!made)
        return -ENOMEM;
    if (*table)
        memcpy(made, *table, *room * element);
    mio__release(allocator, *table, *room * element);
    *table = made;
    *room = larger;
    return 0;
}

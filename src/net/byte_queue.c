/* SPDX-License-Identifier: MIT */
#include "byte_queue.h"

#include "../os/assert.h"
#include "../os/memory.h"

#include <errno.h>
#include <string.h>

enum { SMALLEST_BLOCK = 1024 };

/* The size of a block for so many bytes: it doubles, but is no larger than `most`. */
static size_t block_size(size_t size, size_t needed, size_t most)
{
    if (size < SMALLEST_BLOCK)
        size = SMALLEST_BLOCK;
    while (size < needed && size <= most / 2)
        size *= 2;
    if (size < needed || size > most)
        size = most;
    return size;
}

static int move_to(struct mio__byte_queue *queue, const struct mio_allocator *allocator,
                   size_t size)
{
    char *block = mio__allocate_unset(allocator, size);
    if (!block)
        return -ENOMEM;
    if (queue->len > 0)
        memcpy(block, queue->block + queue->first, queue->len);
    mio__release(allocator, queue->block, queue->size);
    queue->block = block;
    queue->size = size;
    queue->first = 0;
    return 0;
}

int mio__bytes_reserve(struct mio__byte_queue *queue, const struct mio_allocator *allocator,
                       size_t more, size_t most)
{
    if (more > most - queue->len)
        return -ENOBUFS;
    size_t needed = queue->len + more;
    if (queue->first + needed <= queue->size)
        return 0;
    if (needed > queue->size)
        return move_to(queue, allocator, block_size(queue->size, needed, most));
    memmove(queue->block, queue->block + queue->first, queue->len);
    queue->first = 0;
    return 0;
}

char *mio__bytes_end(const struct mio__byte_queue *queue, size_t *room)
{
    *room = queue->size - queue->first - queue->len;
    return queue->block + queue->first + queue->len;
}

void mio__bytes_consume(struct mio__byte_queue *queue, size_t count)
{
    MIO_ASSERT(count <= queue->len);
    queue->first += count;
    queue->len -= count;
    if (queue->len == 0)
        queue->first = 0;
}

void mio__bytes_trim(struct mio__byte_queue *queue, const struct mio_allocator *allocator)
{
    if (queue->len == 0)
        mio__bytes_free(queue, allocator);
}

void mio__bytes_free(struct mio__byte_queue *queue, const struct mio_allocator *allocator)
{
    mio__release(allocator, queue->block, queue->size);
    memset(queue, 0, sizeof *queue);
}

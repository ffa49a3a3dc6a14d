/* SPDX-License-Identifier: MIT */
/* Bytes first in, first out, in one block, so that what is taken can be pointed at. */
#ifndef MIO_SRC_NET_BYTE_QUEUE_H
#define MIO_SRC_NET_BYTE_QUEUE_H

#include <mio/options.h>

#include <stddef.h>

/* All 0 is an empty queue. */
struct mio__byte_queue {
    char *block; /* NULL: none is held */
    size_t size; /* of the block */
    size_t first;
    size_t len; /* first + len <= size */
};

static inline const char *mio__bytes_first(const struct mio__byte_queue *queue)
{
    return queue->block ? queue->block + queue->first : NULL;
}

/* Makes room for `more` bytes behind the last, with `most` in the queue at most, as always before.
 * 0, -ENOBUFS (they would be more than that), or -ENOMEM. */
int mio__bytes_reserve(struct mio__byte_queue *queue, const struct mio_allocator *allocator,
                       size_t more, size_t most);

/* Where the next byte goes, and how many have room there. */
char *mio__bytes_end(const struct mio__byte_queue *queue, size_t *room);

/* `count` bytes are gone. An emptied queue keeps its block. */
void mio__bytes_consume(struct mio__byte_queue *queue, size_t count);

/* Gives the block of an empty queue back. */
void mio__bytes_trim(struct mio__byte_queue *queue, const struct mio_allocator *allocator);

void mio__bytes_free(struct mio__byte_queue *queue, const struct mio_allocator *allocator);

#endif

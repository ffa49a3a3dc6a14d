/* SPDX-License-Identifier: MIT */
/*
 * What a selector remembers of descriptors: a table by number, and which file a number stood for.
 *
 * Numbers are small and used again, so the table is an array that grows to the largest one. Closing
 * a descriptor tells nobody: what is left of it stays until the number is registered again, and a
 * selector has to ask who is behind a number before it believes what it remembers.
 */
#ifndef MIO_SRC_SELECTOR_DESCRIPTOR_TABLE_H
#define MIO_SRC_SELECTOR_DESCRIPTOR_TABLE_H

#include "../os/assert.h"

#include <mio/options.h>
#include <mio/types.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* --- the table; whoever uses it guards it --- */

struct mio__descriptor_table {
    const struct mio_allocator *allocator; /* outlives the table */
    void *entries;                         /* by descriptor, zeroed at first; NULL: none yet */
    size_t capacity;                       /* descriptors that have an entry; never shrinks */
    size_t entry_size;
};

void mio__descriptor_table_init(struct mio__descriptor_table *table,
                                const struct mio_allocator *allocator, size_t entry_size);
void mio__descriptor_table_release(struct mio__descriptor_table *table);

/* Gives the descriptor, at least 0, an entry: 0, or -ENOMEM and the table is as it was. Entries
 * that were there may move. */
int mio__descriptor_table_reserve(struct mio__descriptor_table *table, mio_fd fd);

/* The entry of a descriptor that has one. */
static inline void *mio__descriptor_table_at(const struct mio__descriptor_table *table, mio_fd fd)
{
    MIO_ASSERT(table->entry_size > 0 && fd >= 0 && (size_t)fd < table->capacity);
    return (char *)table->entries + (size_t)fd * table->entry_size;
}

/* The descriptor's entry, NULL where it has none. */
static inline void *mio__descriptor_table_find(const struct mio__descriptor_table *table, mio_fd fd)
{
    bool has_one = fd >= 0 && (size_t)fd < table->capacity;
    return has_one ? mio__descriptor_table_at(table, fd) : NULL;
}

/* --- the file behind a descriptor --- */

/* Device and inode. Two that differ are surely two files; two that are equal may be one: the BSDs
 * and Apple's kernels give 0 and 0 for sockets, some for pipes too, and others use an inode number
 * again at once. */
struct mio__file_id {
    uint64_t device;
    uint64_t inode;
};

/* 0 or -errno: -EBADF when the number is closed. One fstat(2). */
int mio__file_id_of(mio_fd fd, struct mio__file_id *id);

static inline bool mio__file_id_equals(struct mio__file_id one, struct mio__file_id other)
{
    return one.device == other.device && one.inode == other.inode;
}

#endif

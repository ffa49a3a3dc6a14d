/* SPDX-License-Identifier: MIT */
#ifndef MIO_SRC_OS_MEMORY_H
#define MIO_SRC_OS_MEMORY_H

#include <mio/options.h>

#include <stdbool.h>

/* malloc and free behind the interface of options.h. */
extern const struct mio_allocator mio__default_allocator;

/* Whether a caller's allocator can be taken; NULL can. */
bool mio__allocator_is_valid(const struct mio_allocator *allocator);

/* `size` zeroed bytes, or NULL. */
void *mio__allocate(const struct mio_allocator *allocator, size_t size);

/* As the allocator gave them. */
void *mio__allocate_unset(const struct mio_allocator *allocator, size_t size);

/* Takes NULL; `size` is what was asked for. */
void mio__release(const struct mio_allocator *allocator, void *block, size_t size);

/*
 * Makes room for at least `needed` elements in a table of `*room`, which doubles; what is new is
 * zeroed. 0, or -ENOMEM, and then the table is as it was.
 */
int mio__grow(const struct mio_allocator *allocator, void **table, size_t *room, size_t needed,
              size_t element);

#endif

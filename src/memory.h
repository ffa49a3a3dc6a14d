/* SPDX-License-Identifier: MIT */
#ifndef MIO_SRC_MEMORY_H
#define MIO_SRC_MEMORY_H

#include <mio/options.h>

/* malloc and free behind the interface of options.h. */
extern const struct mio_allocator mio_default_allocator;

/* `size` zeroed bytes, or NULL. */
void *mio_allocate(const struct mio_allocator *allocator, size_t size);

/* As the allocator gave them. */
void *mio_allocate_unset(const struct mio_allocator *allocator, size_t size);

/* Takes NULL; `size` is what was asked for. */
void mio_release(const struct mio_allocator *allocator, void *block, size_t size);

/*
 * Makes room for at least `needed` elements in a table of `*room`, which doubles; what is new is
 * zeroed. 0, or -ENOMEM, and then the table is as it was.
 */
int mio_grow(const struct mio_allocator *allocator, void **table, size_t *room, size_t needed,
             size_t element);

#endif

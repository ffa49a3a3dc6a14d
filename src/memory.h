/* SPDX-License-Identifier: MIT */
#ifndef MIO_SRC_MEMORY_H
#define MIO_SRC_MEMORY_H

#include <mio/options.h>

/* malloc and free behind the interface of options.h. */
extern const struct mio_allocator mio_default_allocator;

/* `size` zeroed bytes, or NULL. */
void *mio_allocate(const struct mio_allocator *allocator, size_t size);

/* Takes NULL; `size` is what was asked for. */
void mio_release(const struct mio_allocator *allocator, void *block, size_t size);

#endif

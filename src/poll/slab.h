/* SPDX-License-Identifier: MIT */
#ifndef MIO_SRC_POLL_SLAB_H
#define MIO_SRC_POLL_SLAB_H

#include <mio/slab.h>

/* A slab whose tokens have so many bits for the index and for the generation: 1 to 32 each, and no
 * more than mio_token has. With few of them the tests see every token a slab can give. */
int mio__slab_new_with_bits(unsigned index_bits, unsigned generation_bits, size_t capacity,
                            const struct mio_allocator *allocator, struct mio_slab **slab);

#endif

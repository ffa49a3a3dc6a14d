/* SPDX-License-Identifier: MIT */
/*
 * A slab: a table that gives each object a token, and finds the object by its token for as long as
 * it is in the table.
 *
 * A token that is a pointer may dangle. A wait can deliver several events of one object. Handling
 * the first may free the object, and a new object may get its memory and its descriptor's number
 * (K44). A slab's token is the index of a slot, and a generation that changes with each use of the
 * slot. So a token that comes too late finds nothing:
 *
 *   mio_slab_insert(slab, connection, &token);
 *   mio_source_register(&connection->stream.source, registry, token, MIO_READABLE);
 *   ...
 *   mio_events_each(event, events) {
 *       struct connection *connection = mio_slab_get(slab, mio_event_token(event));
 *       if (connection) ...
 *
 * Every function takes constant time. Only mio_slab_new() allocates, and an insertion into a full
 * table, which grows. The objects stay the caller's. Calls for one slab must not overlap, but
 * mio_slab_get() and mio_slab_len() may overlap with each other. None is for a signal handler.
 *
 *   mio_token        generation   index     objects      tokens that are never given out
 *   64 bits          32 bits      32 bits   4294967295   below 4294967296
 *   32 bits          12 bits      20 bits   1048575      below 1048576
 *
 * A generation is never 0. So the tokens below MIO_SLAB_LOWEST_TOKEN, 0 among them, are free for
 * what is not in the slab, such as a listener and wakers. There is never an object under them.
 *
 * Generations wrap: after 4294967295 uses of a slot (4095 where tokens have 32 bits) its first
 * token is given again. The slot that has been free for longest is used first. So a stale token can
 * only find another object if it was kept while every free slot was used that often.
 */
#ifndef MIO_SLAB_H
#define MIO_SLAB_H

#include <mio/options.h>
#include <mio/types.h>

MIO_BEGIN_DECLS

#if UINTPTR_MAX > 0xffffffff
#define MIO_SLAB_INDEX_BITS 32
#else
#define MIO_SLAB_INDEX_BITS 20
#endif

/* No slab gives a token below this one. */
#define MIO_SLAB_LOWEST_TOKEN (MIO_CAST(mio_token, 1) << MIO_SLAB_INDEX_BITS)

/* How many objects a slab can hold. */
#define MIO_SLAB_MAX MIO_CAST(size_t, MIO_SLAB_LOWEST_TOKEN - 1)

struct mio_slab;

/*
 * Makes an empty slab, to be freed by mio_slab_free(). It has room for `capacity` objects (0 too),
 * and grows when it is full. `allocator` (NULL: malloc) is copied. -EINVAL: `slab` is NULL,
 * `capacity` is above MIO_SLAB_MAX, or the allocator is not one that options.h allows. -ENOMEM.
 */
MIO_NODISCARD MIO_API int mio_slab_new(size_t capacity, const struct mio_allocator *allocator,
                                       struct mio_slab **slab);

/* Frees a slab (or NULL), but not the objects in it. */
MIO_API void mio_slab_free(struct mio_slab *slab);

/*
 * Puts an object into the slab, under a token that no object has had before (until generations
 * wrap). An object that is put in twice has two tokens. -EINVAL: NULL, the object too. -ENOMEM.
 * -ENOSPC: MIO_SLAB_MAX objects are there. After an error nothing has changed.
 */
MIO_API int mio_slab_insert(struct mio_slab *slab, void *object, mio_token *token);

/* Returns the object with this token; NULL when there is none any more, or never was. Here and
 * below a `slab` of NULL is an empty one. */
MIO_API void *mio_slab_get(const struct mio_slab *slab, mio_token token);

/* Takes the object with this token out of the slab and returns it; NULL as for mio_slab_get(). The
 * token is stale from now on. */
MIO_API void *mio_slab_remove(struct mio_slab *slab, mio_token token);

/* How many objects are in the slab. */
MIO_API size_t mio_slab_len(const struct mio_slab *slab);

/*
 * Returns the objects one after another, in no particular order, and then NULL. `*place` is 0 for
 * the first, and is moved on by each call. `token` (or NULL) receives the object's token.
 *
 *   size_t place = 0;
 *   while ((connection = mio_slab_next(slab, &place, NULL)) != NULL) ...
 *
 * Objects may be removed meanwhile, the one just returned too. One that is inserted meanwhile may
 * be returned or not. Going through all takes as long as for the most objects that there have been.
 */
MIO_API void *mio_slab_next(const struct mio_slab *slab, size_t *place, mio_token *token);

MIO_END_DECLS

#endif

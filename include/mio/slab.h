/* SPDX-License-Identifier: MIT */
/*
 * A slab: a table that gives each object a token, and finds it again by that token for as long as
 * it is there.
 *
 * A token that is a pointer dangles: a wait can deliver several events of one object, and handling
 * the first may free it, or a new object may get the memory and the descriptor's number (K44). A
 * slab's token is the index of a slot and a generation that changes with each use of the slot, so
 * that what comes late finds nothing:
 *
 *   mio_slab_insert(slab, connection, &token);
 *   mio_source_register(&connection->stream.source, registry, token, MIO_READABLE);
 *   ...
 *   mio_events_each(event, events) {
 *       struct connection *connection = mio_slab_get(slab, mio_event_token(event));
 *       if (connection) ...
 *
 * Every function takes constant time, and none but mio_slab_new() and an insertion that has to make
 * the table larger takes memory. The objects are the caller's. Calls for one slab must not overlap,
 * but for mio_slab_get() and mio_slab_len() with each other; none belongs in a signal handler.
 *
 *   mio_token        generation   index     objects      small tokens, never given out
 *   64 bits          32 bits      32 bits   4294967295   below 4294967296
 *   32 bits          12 bits      20 bits   1048575      below 1048576
 *
 * A generation is never 0. So the tokens below MIO_SLAB_LOWEST_TOKEN, 0 among them, are free for
 * what the program has only one of: its listener, its wakers. Asking for an object by one of them
 * gives NULL.
 *
 * Generations wrap: after 4294967295 uses of a slot (4095 where tokens have 32 bits) its first
 * token comes again. The slot that has been free for longest is taken first, so a stale token can
 * only be mistaken if it was kept while each free slot was used so often.
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
 * Makes an empty slab with room for `capacity` objects, which may be 0; it grows when it is full.
 * Memory is taken from `allocator` (NULL: malloc), which is copied. -EINVAL: `slab` is NULL,
 * `capacity` above MIO_SLAB_MAX, or the allocator not one that options.h allows. -ENOMEM.
 */
MIO_NODISCARD MIO_API int mio_slab_new(size_t capacity, const struct mio_allocator *allocator,
                                       struct mio_slab **slab);

/* Frees a slab (or NULL), but not the objects in it. */
MIO_API void mio_slab_free(struct mio_slab *slab);

/*
 * Takes an object in and gives it a token, which no object in the slab has or had before (see above
 * for how long). An object taken in twice has two tokens. -EINVAL: NULL. -ENOMEM, and -ENOSPC when
 * MIO_SLAB_MAX objects are there: nothing has changed.
 */
MIO_API int mio_slab_insert(struct mio_slab *slab, void *object, mio_token *token);

/* The object with this token; NULL when it was removed, or there never was one. NULL is an empty
 * slab, here and below. */
MIO_API void *mio_slab_get(const struct mio_slab *slab, mio_token token);

/* Takes the object with this token out and returns it; NULL as for mio_slab_get(). From now on the
 * token is stale. */
MIO_API void *mio_slab_remove(struct mio_slab *slab, mio_token token);

/* How many objects there are. */
MIO_API size_t mio_slab_len(const struct mio_slab *slab);

/*
 * The objects one after another, in no particular order, then NULL. `place` is 0 at first, and is
 * moved on; `token` (or NULL) receives the object's token.
 *
 *   size_t place = 0;
 *   while ((connection = mio_slab_next(slab, &place, NULL)) != NULL) ...
 *
 * Any object may be removed meanwhile, the one just given too; one that is inserted meanwhile may
 * come or not. Going through them all takes time for the largest number that there has been.
 */
MIO_API void *mio_slab_next(const struct mio_slab *slab, size_t *place, mio_token *token);

MIO_END_DECLS

#endif

/* SPDX-License-Identifier: MIT */
/*
 * The array a wait fills. It belongs to the caller, is allocated once, and may be used with any
 * poll, one wait at a time.
 *
 *   mio_events_each(event, events) {
 *       if (mio_event_token(event) == LISTENER) ...
 *   }
 *
 * A descriptor that is watched both ways has one event for both directions on epoll and poll, and
 * one for each on kqueue, not always next to each other. A program that wants to handle each object
 * once a wait, with all that is known of it, collects first and handles then:
 *
 *   mio_events_each(event, events) {
 *       struct object *object = mio_slab_get(slab, mio_event_token(event));
 *       if (!object)
 *           continue;
 *       if (object->ready == 0)
 *           due[due_count++] = mio_event_token(event);
 *       object->ready |= mio_event_readiness(event);
 *   }
 *   for (size_t i = 0; i < due_count; i++) {
 *       struct object *object = mio_slab_get(slab, due[i]);
 *       if (object) ...  // object->ready has both directions; set it to 0
 *   }
 *
 * `due` has room for mio_events_capacity(). An object that handling an earlier one has removed is
 * found no more.
 */
#ifndef MIO_EVENTS_H
#define MIO_EVENTS_H

#include <mio/event.h>
#include <mio/options.h>

MIO_BEGIN_DECLS

/* Read through the functions below; the members are here only so that these can be inline. */
struct mio_events {
    size_t len;             /* events of the last wait; at most capacity */
    size_t capacity;        /* between 1 and INT_MAX */
    struct mio_event *list; /* `capacity` records, the first `len` of them valid */
    struct mio_allocator allocator;
};

/*
 * mio_events_new() for a program whose record has `record_size` bytes, which is how other languages
 * make events. -EINVAL too where the library's has another size: every event would be read from the
 * wrong place.
 */
MIO_NODISCARD MIO_API int mio_events_new_sized(size_t record_size, size_t capacity,
                                               const struct mio_allocator *allocator,
                                               struct mio_events **events);

/*
 * Makes room for `capacity` events; 256 to 1024 suit a server. Memory is taken from `allocator`
 * (NULL: malloc), which is copied; the room is left untouched until a wait fills it. Any thread.
 *
 * -EINVAL: `events` is NULL, `capacity` is 0 or above INT_MAX, the allocator is not one that
 * options.h allows, or the program was compiled with another layout of struct mio_event than the
 * library (for another MIO_PLATFORM or MIO_NETBSD_RELEASE, or by a compiler that packs otherwise).
 * -ENOMEM.
 */
MIO_NODISCARD MIO_PROGRAMS_OWN int mio_events_new(size_t capacity,
                                                  const struct mio_allocator *allocator,
                                                  struct mio_events **events)
{
    return mio_events_new_sized(sizeof(struct mio_event), capacity, allocator, events);
}

/*
 * Makes the room that of `capacity` events. The events of the last wait stay, in their order; what
 * mio_events_get() has returned is invalid from now on. For a wait that filled its room: mio itself
 * needs no more than one event, since the next wait brings the rest. Not during a wait on these
 * events.
 *
 * -EINVAL: `events` is NULL, `capacity` is 0, above INT_MAX, or below mio_events_len(), since an
 * edge would be lost (mio_events_clear() first). -ENOMEM. After an error nothing has changed.
 */
MIO_API int mio_events_resize(struct mio_events *events, size_t capacity);

/* Frees the events (or NULL). Not during a wait on them. */
MIO_API void mio_events_free(struct mio_events *events);

/* Forgets the events of the last wait. A wait does so itself. */
MIO_INLINE void mio_events_clear(struct mio_events *events)
{
    events->len = 0;
}

MIO_INLINE size_t mio_events_len(const struct mio_events *events)
{
    return events->len;
}

MIO_INLINE size_t mio_events_capacity(const struct mio_events *events)
{
    return events->capacity;
}

MIO_INLINE bool mio_events_is_empty(const struct mio_events *events)
{
    return events->len == 0;
}

/* The event at `index`, valid until the next wait or clear; NULL from mio_events_len() on. */
MIO_INLINE const struct mio_event *mio_events_get(const struct mio_events *events, size_t index)
{
    return index < events->len ? &events->list[index] : NULL;
}

/* Loops over the events of the last wait; `event` is a `const struct mio_event *`. */
#define mio_events_each(event, events)                                         \
    for (const struct mio_event *event = (events)->list,                       \
                                *event##_end = (events)->list + (events)->len; \
         event != event##_end; event++)

MIO_END_DECLS

#endif

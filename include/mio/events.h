/* SPDX-License-Identifier: MIT */
/*
 * The array that a wait fills. It belongs to the caller, is allocated once, and may be used with
 * any poll, one wait at a time. Calls for one array must not overlap.
 *
 *   mio_events_each(event, events) {
 *       if (mio_event_token(event) == LISTENER) ...
 *   }
 *
 * kqueue gives an event for each direction of a descriptor, and not always one after the other. A
 * program that is to handle each object once a wait, with all that is known of it, collects first
 * and handles then:
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
 * `due` has mio_events_capacity() elements. An object that was removed while an earlier one was
 * handled is not found any more (mio/slab.h).
 */
#ifndef MIO_EVENTS_H
#define MIO_EVENTS_H

#include <mio/event.h>
#include <mio/options.h>

MIO_BEGIN_DECLS

/* Use the functions below: the members are here only so that these can be inline. */
struct mio_events {
    size_t len;             /* events of the last wait; at most capacity */
    size_t capacity;        /* between 1 and INT_MAX */
    struct mio_event *list; /* `capacity` records, the first `len` of them valid */
    struct mio_allocator allocator;
};

/*
 * mio_events_new() for programs in other languages. `record_size` is the size of a struct mio_event
 * in bytes, as the program has it. -EINVAL, too, when the library's has another size: every event
 * would be read from the wrong place.
 */
MIO_NODISCARD MIO_API int mio_events_new_sized(size_t record_size, size_t capacity,
                                               const struct mio_allocator *allocator,
                                               struct mio_events **events);

/*
 * Makes an array of `capacity` events, to be freed by mio_events_free(). 256 to 1024 suit a server.
 * `allocator` (NULL: malloc) is copied. Memory that no wait has filled is not touched.
 *
 * -EINVAL: `events` is NULL, `capacity` is 0 or above INT_MAX, the allocator is not one that
 * options.h allows, or the program was compiled with another layout of struct mio_event than the
 * library, as by another MIO_PLATFORM or MIO_NETBSD_RELEASE. -ENOMEM.
 */
MIO_NODISCARD MIO_PROGRAMS_OWN int mio_events_new(size_t capacity,
                                                  const struct mio_allocator *allocator,
                                                  struct mio_events **events)
{
    return mio_events_new_sized(sizeof(struct mio_event), capacity, allocator, events);
}

/*
 * Changes the capacity, as after a wait that has filled the array. It is never necessary: the next
 * wait brings what found no room. The events of the last wait stay, in their order; pointers that
 * mio_events_get() has returned are invalid afterwards. Not during a wait on these events.
 *
 * -EINVAL: `events` is NULL, or `capacity` is 0, above INT_MAX, or below mio_events_len(), since
 * edges would be lost (mio_events_clear() first). -ENOMEM. After an error nothing has changed.
 */
MIO_API int mio_events_resize(struct mio_events *events, size_t capacity);

/* Frees the events (or NULL). Not during a wait on them. */
MIO_API void mio_events_free(struct mio_events *events);

/* Forgets the events of the last wait, as the next wait does by itself. Not NULL. */
MIO_INLINE void mio_events_clear(struct mio_events *events)
{
    events->len = 0;
}

/* How many events the last wait has delivered, how many one wait can deliver at most, and whether
 * the last one has delivered none. Not NULL. */
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

/* The event at `index`, which stays until the next wait or resize; NULL when `index` is
 * mio_events_len() or more. `events` is not NULL. */
MIO_INLINE const struct mio_event *mio_events_get(const struct mio_events *events, size_t index)
{
    return index < events->len ? &events->list[index] : NULL;
}

/* Loops over the events of the last wait. It declares `event`, a `const struct mio_event *`. */
#define mio_events_each(event, events)                                         \
    for (const struct mio_event *event = (events)->list,                       \
                                *event##_end = (events)->list + (events)->len; \
         event != event##_end; event++)

MIO_END_DECLS

#endif

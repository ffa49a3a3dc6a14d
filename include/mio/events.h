/* SPDX-License-Identifier: MIT */
/*
 * The array a wait fills. It belongs to the caller, is allocated once, and may be used with any
 * poll, one wait at a time.
 *
 *   mio_events_each(event, events) {
 *       if (mio_event_token(event) == LISTENER) ...
 *   }
 */
#ifndef MIO_EVENTS_H
#define MIO_EVENTS_H

#include <mio/event.h>
#include <mio/options.h>

MIO_BEGIN_DECLS

/* Read through the functions below; the members are here only so that these can be inline. */
struct mio_events {
    size_t len;             /* events of the last wait; at most capacity */
    size_t capacity;        /* between 1 and INT_MAX; never changes */
    struct mio_event *list; /* `capacity` records, the first `len` of them valid */
    struct mio_allocator allocator;
};

/*
 * Makes room for `capacity` events; 256 to 1024 suit a server. -EINVAL for a capacity of 0 or above
 * INT_MAX or for NULL, -ENOMEM. The second form takes memory from `allocator` (NULL: malloc), which
 * must outlive the events. The room is left untouched until a wait fills it.
 */
MIO_NODISCARD MIO_API int mio_events_new(size_t capacity, struct mio_events **events);
MIO_API int mio_events_new_with(size_t capacity, const struct mio_allocator *allocator,
                                struct mio_events **events);
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

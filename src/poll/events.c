/* SPDX-License-Identifier: MIT */
#include <mio/events.h>

#include "../os/memory.h"

#include <errno.h>
#include <limits.h>

extern inline void mio_events_clear(struct mio_events *events);
extern inline size_t mio_events_len(const struct mio_events *events);
extern inline size_t mio_events_capacity(const struct mio_events *events);
extern inline bool mio_events_is_empty(const struct mio_events *events);
extern inline const struct mio_event *mio_events_get(const struct mio_events *events, size_t index);

int mio_events_new(size_t capacity, struct mio_events **events)
{
    return mio_events_new_with(capacity, NULL, events);
}

int mio_events_new_with(size_t capacity, const struct mio_allocator *allocator,
                        struct mio_events **events)
{
    /* Kernels count events in an int (K14). */
    if (!events || capacity == 0 || capacity > INT_MAX)
        return -EINVAL;
    if (capacity > SIZE_MAX / sizeof(struct mio_event))
        return -ENOMEM;
    struct mio_allocator chosen = allocator ? *allocator : mio__default_allocator;
    struct mio_events *made = mio__allocate(&chosen, sizeof *made);
    if (!made)
        return -ENOMEM;
    /* Nobody reads an event before a wait has written it: room that is never filled stays
     * untouched, and costs no memory where the system gives it on first use. */
    made->list = mio__allocate_unset(&chosen, capacity * sizeof *made->list);
    if (!made->list) {
        mio__release(&chosen, made, sizeof *made);
        return -ENOMEM;
    }
    made->capacity = capacity;
    made->allocator = chosen;
    *events = made;
    return 0;
}

void mio_events_free(struct mio_events *events)
{
    if (!events)
        return;
    struct mio_allocator allocator = events->allocator;
    mio__release(&allocator, events->list, events->capacity * sizeof *events->list);
    mio__release(&allocator, events, sizeof *events);
}

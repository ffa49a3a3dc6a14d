/* SPDX-License-Identifier: MIT */
#include <mio/events.h>

#include "../os/memory.h"

#include <errno.h>
#include <limits.h>
#include <string.h>

extern inline void mio_events_clear(struct mio_events *events);
extern inline size_t mio_events_len(const struct mio_events *events);
extern inline size_t mio_events_capacity(const struct mio_events *events);
extern inline bool mio_events_is_empty(const struct mio_events *events);
extern inline const struct mio_event *mio_events_get(const struct mio_events *events, size_t index);

/* Kernels count events in an int (K14). */
static int check_capacity(size_t capacity)
{
    if (capacity == 0 || capacity > INT_MAX)
        return -EINVAL;
    return capacity > SIZE_MAX / sizeof(struct mio_event) ? -ENOMEM : 0;
}

int mio_events_new_sized(size_t record_size, size_t capacity, const struct mio_allocator *allocator,
                         struct mio_events **events)
{
    if (!events || record_size != sizeof(struct mio_event) || !mio__allocator_is_valid(allocator))
        return -EINVAL;
    int error = check_capacity(capacity);
    if (error < 0)
        return error;
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

int mio_events_resize(struct mio_events *events, size_t capacity)
{
    if (!events || capacity < events->len)
        return -EINVAL;
    int error = check_capacity(capacity);
    if (error < 0 || capacity == events->capacity)
        return error;
    struct mio_event *list = mio__allocate_unset(&events->allocator, capacity * sizeof *list);
    if (!list)
        return -ENOMEM;
    memcpy(list, events->list, events->len * sizeof *list);
    mio__release(&events->allocator, events->list, events->capacity * sizeof *list);
    events->list = list;
    events->capacity = capacity;
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

/* SPDX-License-Identifier: MIT */
/*
 * The table of what a watch watches.
 *
 * The kernel names what it watches by a number. On Linux that is of the file: two ids of one file
 * have one number, and each of its events is told to both. With a kqueue it is a descriptor that
 * is open for each id. The table is sorted by these numbers, and has the entries of one number in
 * the order in which they were added.
 */
#include "watch.h"

#include <string.h>

static bool is_before(const struct watch_entry *entry, int handle, uint64_t serial)
{
    return entry->handle != handle ? entry->handle < handle : entry->serial <= serial;
}

/* How many entries are at or before this place. */
static size_t watch_place(const struct mio_watch *watch, int handle, uint64_t serial)
{
    size_t low = 0;
    size_t high = watch->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (is_before(&watch->entries[middle], handle, serial))
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

struct watch_entry *mio__watch_find(const struct mio_watch *watch, int handle, uint64_t after)
{
    size_t place = watch_place(watch, handle, after);
    bool found = place < watch->count && watch->entries[place].handle == handle;
    return found ? &watch->entries[place] : NULL;
}

struct watch_entry *mio__watch_find_id(const struct mio_watch *watch, mio_token id)
{
    for (size_t i = 0; i < watch->count; i++) {
        if (watch->entries[i].id == id)
            return &watch->entries[i];
    }
    return NULL;
}

void mio__watch_insert(struct mio_watch *watch, const struct watch_entry *entry)
{
    size_t place = watch_place(watch, entry->handle, entry->serial);
    struct watch_entry *at = &watch->entries[place];
    memmove(at + 1, at, (watch->count - place) * sizeof *at);
    *at = *entry;
    watch->count++;
}

void mio__watch_forget(struct mio_watch *watch, struct watch_entry *entry)
{
    size_t after = watch->count - (size_t)(entry - watch->entries) - 1;
    memmove(entry, entry + 1, after * sizeof *entry);
    watch->count--;
}

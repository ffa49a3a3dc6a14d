/* SPDX-License-Identifier: MIT */
#include "../backends.h"

#if MIO_HAVE_POLL

#if !defined(_GNU_SOURCE)
#define _GNU_SOURCE /* POLLRDHUP */
#endif

#include "poll2_set.h"

#include "../../os/memory.h"

#include <errno.h>
#include <string.h>

enum { SMALLEST_SET = 64 };

void mio__poll2_copy_release(const struct mio_allocator *allocator, struct poll_copy *copy)
{
    mio__release(allocator, copy->fds, copy->room * sizeof *copy->fds);
    mio__release(allocator, copy->serials, copy->room * sizeof *copy->serials);
    *copy = (struct poll_copy){NULL, NULL, 0};
}

static int make_copy(const struct mio_allocator *allocator, struct poll_copy *copy, size_t room)
{
    struct poll_copy made = {.room = room};
    made.fds = mio__allocate(allocator, room * sizeof *made.fds);
    made.serials = mio__allocate(allocator, room * sizeof *made.serials);
    if (!made.fds || !made.serials) {
        mio__poll2_copy_release(allocator, &made);
        return -ENOMEM;
    }
    mio__poll2_copy_release(allocator, copy);
    *copy = made;
    return 0;
}

/* Room for one registration more, in the arrays and in the copy that the waiter will need. */
static int reserve_one(struct poll_set *set)
{
    const struct mio_allocator *allocator = set->allocator;
    if (set->count < set->room)
        return 0;
    size_t larger = set->room > 0 ? set->room * 2 : SMALLEST_SET;
    int error = make_copy(allocator, &set->spare, larger);
    if (error < 0)
        return error;
    /* After a failure here the spare copy is larger than need be: the next attempt makes it again.
     */
    struct pollfd *fds = mio__allocate(allocator, larger * sizeof *fds);
    struct poll_entry *entries = mio__allocate(allocator, larger * sizeof *entries);
    if (!fds || !entries) {
        mio__release(allocator, fds, larger * sizeof *fds);
        mio__release(allocator, entries, larger * sizeof *entries);
        return -ENOMEM;
    }
    if (set->room > 0) {
        memcpy(fds, set->fds, set->count * sizeof *fds);
        memcpy(entries, set->entries, set->count * sizeof *entries);
    }
    mio__release(allocator, set->fds, set->room * sizeof *fds);
    mio__release(allocator, set->entries, set->room * sizeof *entries);
    set->fds = fds;
    set->entries = entries;
    set->room = larger;
    return 0;
}

int mio__poll2_set_open(struct poll_set *set, const struct mio_allocator *allocator, int doorbell)
{
    *set = (struct poll_set){.allocator = allocator};
    mio__descriptor_table_init(&set->index, allocator, sizeof(uint32_t));
    int error = reserve_one(set);
    if (error < 0) {
        mio__poll2_set_close(set);
        return error;
    }
    set->fds[0] = (struct pollfd){.fd = doorbell, .events = POLLIN};
    set->entries[0] = (struct poll_entry){.armed = POLLIN};
    set->count = 1;
    return 0;
}

void mio__poll2_set_close(struct poll_set *set)
{
    mio__poll2_copy_release(set->allocator, &set->spare);
    mio__release(set->allocator, set->fds, set->room * sizeof *set->fds);
    mio__release(set->allocator, set->entries, set->room * sizeof *set->entries);
    mio__descriptor_table_release(&set->index);
}

short mio__poll2_events_of(mio_interest interest)
{
    int events = 0;
    if ((interest & MIO_READABLE) != 0)
        events |= POLLIN;
    if ((interest & (MIO_READABLE | MIO_READ_CLOSED)) != 0)
        events |= MIO_POLL_HALF_CLOSED;
    if ((interest & MIO_WRITABLE) != 0)
        events |= POLLOUT;
    if ((interest & MIO_PRIORITY) != 0)
        events |= POLLPRI;
    return (short)events;
}

/* 0 when the descriptor is not registered. */
size_t mio__poll2_set_find(const struct poll_set *set, int fd)
{
    const uint32_t *place = mio__descriptor_table_find(&set->index, fd);
    return place ? *place : 0;
}

static int descriptor_of(const struct pollfd *entry)
{
    return entry->fd < 0 ? ~entry->fd : entry->fd;
}

/* The descriptor has an entry. */
static void set_place(struct poll_set *set, int fd, size_t place)
{
    uint32_t *entry = mio__descriptor_table_at(&set->index, fd);
    *entry = (uint32_t)place;
}

/* The last registration takes the place of the one that goes. */
void mio__poll2_set_remove(struct poll_set *set, size_t place)
{
    MIO_ASSERT(place > 0 && place < set->count);
    size_t last = --set->count;
    set->looked_at -= set->entries[place].is_looked_at;
    set_place(set, descriptor_of(&set->fds[place]), 0);
    if (place == last)
        return;
    set->fds[place] = set->fds[last];
    set->entries[place] = set->entries[last];
    set_place(set, descriptor_of(&set->fds[place]), place);
}

/* What poll(2) may be asked for: nothing that a standing condition would answer at once. */
static short asked_of(const struct poll_entry *entry)
{
    int asked = entry->armed;
    if (entry->stands.reading != 0)
        asked &= ~MIO_POLL_READING;
    if (entry->stands.writing != 0)
        asked &= MIO_POLL_READING;
    return (short)asked;
}

bool mio__poll2_set_settle(struct poll_set *set, size_t place)
{
    struct poll_entry *entry = &set->entries[place];
    struct pollfd *asking = &set->fds[place];
    const struct pollfd before = *asking;
    bool stands = (entry->stands.reading | entry->stands.writing) != 0;
    short asked = asked_of(entry);
    bool is_silent = entry->is_spent || (stands && (MIO_POLL_REPORTS_UNASKED || asked == 0));
    bool is_looked_at = !entry->is_spent && (stands || (asked == 0 && !MIO_POLL_WAKES_UNASKED));
    int fd = descriptor_of(asking);
    asking->fd = is_silent ? ~fd : fd;
    asking->events = asked;
    set->looked_at += (size_t)is_looked_at - (size_t)entry->is_looked_at;
    entry->is_looked_at = is_looked_at;
    return asking->fd != before.fd || asking->events != before.events;
}

void mio__poll2_entry_refresh(struct poll_entry *entry, const struct mio__poll2_found *found)
{
    short all = mio__poll2_events_of(entry->interest);
    entry->armed = (short)(entry->armed | (all & ~(found->reading | found->writing)));
    /* Somebody has come after a hang-up: what he wrote is not what was there before. */
    if ((entry->stands.reading & ~found->reading & POLLHUP) != 0)
        entry->armed = (short)(entry->armed | (all & MIO_POLL_READING));
    entry->stands.reading = (short)(entry->stands.reading & found->reading);
    entry->stands.writing = (short)(entry->stands.writing & found->writing);
}

void mio__poll2_set_replace(struct poll_set *set, size_t place, mio_token token,
                            mio_interest interest)
{
    struct poll_entry *entry = &set->entries[place];
    entry->token = token;
    entry->interest = interest;
    entry->turn = 0;
    entry->serial = ++set->last_serial;
    entry->armed = mio__poll2_events_of(interest);
    entry->is_spent = false;
    entry->stands = (struct mio__poll2_found){0, 0};
    (void)mio__poll2_set_settle(set, place);
}

int mio__poll2_set_add(struct poll_set *set, int fd, mio_token token, mio_interest interest,
                       const struct mio__poll2_file *file)
{
    size_t place = mio__poll2_set_find(set, fd);
    if (place != 0) {
        if (file->is_unique && mio__file_id_equals(set->entries[place].file.id, file->id))
            return -EEXIST;
        set->entries[place].file = *file;
        mio__poll2_set_replace(set, place, token, interest);
        return 0;
    }
    int error = reserve_one(set);
    if (error == 0)
        error = mio__descriptor_table_reserve(&set->index, fd);
    if (error < 0)
        return error;
    place = set->count++;
    set_place(set, fd, place);
    set->fds[place] = (struct pollfd){.fd = fd};
    set->entries[place] = (struct poll_entry){.file = *file};
    mio__poll2_set_replace(set, place, token, interest);
    return 0;
}

size_t mio__poll2_set_find_file(struct poll_set *set, int fd, struct mio__file_id file)
{
    size_t place = mio__poll2_set_find(set, fd);
    if (place == 0 || mio__file_id_equals(set->entries[place].file.id, file))
        return place;
    mio__poll2_set_remove(set, place);
    return 0;
}

/* The lock is held. The larger copy, if there is one, was allocated by whoever registered. */
size_t mio__poll2_set_copy(struct poll_set *set, struct poll_copy *copy)
{
    if (set->spare.room > 0) {
        mio__poll2_copy_release(set->allocator, copy);
        *copy = set->spare;
        set->spare = (struct poll_copy){NULL, NULL, 0};
    }
    memcpy(copy->fds, set->fds, set->count * sizeof *set->fds);
    for (size_t i = 0; i < set->count; i++)
        copy->serials[i] = set->entries[i].serial;
    return set->count;
}

void mio__poll2_set_copy_looks(const struct poll_set *set, struct poll_copy *copy)
{
    for (size_t i = 1; i < set->count; i++) {
        if (!set->entries[i].is_looked_at)
            continue;
        copy->fds[i].fd = descriptor_of(&set->fds[i]);
        copy->fds[i].events = mio__poll2_events_of(set->entries[i].interest);
    }
}

#endif

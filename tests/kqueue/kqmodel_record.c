/* SPDX-License-Identifier: MIT */
/*
 * Records: what Linux does not keep of a socket as a BSD does, found again by the inode.
 *
 * The pending error, which can only be looked at by taking it (the wrapped calls hand it out
 * later); which side was shut down by its owner; whose peer a Unix socket is, and how much of what
 * it wrote is unread; the queue of a Unix listener.
 */
#define _GNU_SOURCE

#include "kqmodel_inner.h"

#include <string.h>

enum { RECORDS = 4096, PROBES = 16 };

static struct record records[RECORDS];
static unsigned long uses;

struct record *record_find(struct file_id id)
{
    for (unsigned i = 0; i < PROBES; i++) {
        struct record *record = &records[(id.inode + i) % RECORDS];
        if (record->used && file_same(record->id, id)) {
            record->used = ++uses;
            return record;
        }
    }
    return NULL;
}

/* Sockets are not followed to their end, so the record that was not used for longest gives way. */
struct record *record_make(struct file_id id)
{
    struct record *oldest = record_find(id);
    if (oldest)
        return oldest;
    oldest = &records[id.inode % RECORDS];
    for (unsigned i = 1; i < PROBES; i++) {
        struct record *record = &records[(id.inode + i) % RECORDS];
        if (record->used < oldest->used)
            oldest = record;
    }
    *oldest = (struct record){.id = id, .used = ++uses};
    return oldest;
}

struct record *record_each(struct record *previous)
{
    for (struct record *record = previous ? previous + 1 : records; record < records + RECORDS;
         record++) {
        if (record->used)
            return record;
    }
    return NULL;
}

void record_forget_all(void)
{
    memset(records, 0, sizeof records);
}

int record_take_error(int fd)
{
    struct file_id id;
    if (!file_identify(fd, &id))
        return 0;
    struct record *record = record_find(id);
    int error = record ? record->error : 0;
    if (error == 0)
        return 0;
    record->error = 0;
    for (struct knote *knote = knotes_of_file(id); knote; knote = next_of_file(knote))
        knote->seen.error = 0;
    return error;
}

/* SPDX-License-Identifier: MIT */
#if !defined(_GNU_SOURCE)
#define _GNU_SOURCE /* POLLRDHUP */
#endif
#if !defined(_FILE_OFFSET_BITS) && !defined(__LP64__)
#define _FILE_OFFSET_BITS 64 /* else fstat() of a large file or inode fails on 32 bits */
#endif

#include "ready_files.h"

#include "../os/memory.h"
#include "../selector/poll2/poll2_report.h"
#include "../selector/poll2/poll2_set.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <stddef.h>
#include <sys/stat.h>

struct mio__ready_files {
    struct mio__wake_node node; /* pending while there is something to tell */
    struct mio__wake_queue *queue;

    mio__lock lock; /* guards what follows */
    struct poll_set set;

    /* --- the waiter's own, with the lock held --- */
    unsigned collected_in; /* the wait that has begun to collect ... */
    size_t left;           /* ... and what it has not looked at yet */
    size_t next;           /* where in the set it goes on */
};

/* --- what there is to tell --- */

static bool is_file_due(const struct poll_entry *entry)
{
    if ((entry->interest & (MIO_LEVEL | MIO_ONESHOT)) != 0)
        return !entry->is_spent;
    return (entry->armed & (POLLIN | POLLOUT)) != 0;
}

static bool is_any_file_due(const struct poll_set *set)
{
    for (size_t place = 1; place < set->count; place++) {
        if (is_file_due(&set->entries[place]))
            return true;
    }
    return false;
}

static bool is_still_the_file(const struct poll_set *set, size_t place)
{
    struct mio__file_id now = {0};
    int error = mio__file_id_of(set->fds[place].fd, &now);
    if (error < 0)
        return error != -EBADF;
    return mio__file_id_equals(now, set->entries[place].file.id);
}

/* Tells of a file that is due what poll(2) would have found. */
static int report_file(struct poll_set *set, size_t place, struct mio_event *list, int room)
{
    struct poll_entry *entry = &set->entries[place];
    if (!is_file_due(entry))
        return 0;
    if (!is_still_the_file(set, place)) {
        mio__poll2_set_remove(set, place);
        return 0;
    }
    short ready = (short)(mio__poll2_events_of(entry->interest) & (POLLIN | POLLOUT));
    const struct mio__poll2_found found = {ready, ready};
    return mio__poll2_report(entry, set->fds[place].fd, &found, list, room);
}

static struct mio__ready_files *files_of(struct mio__wake_node *node)
{
    return (struct mio__ready_files *)node;
}

/* A wait may ask twice; each file is told of once. What is left is no more than there are: a wait
 * whose room has ended that asks no more, and the next one counts anew. */
static int collect_files(struct mio__wake_node *node, struct mio_event *list, int capacity,
                         bool *more)
{
    struct mio__ready_files *files = files_of(node);
    struct poll_set *set = &files->set;
    int count = 0;
    mio__lock_take(&files->lock);
    if (files->collected_in != files->queue->waits) {
        files->collected_in = files->queue->waits;
        files->left = set->count - 1;
    }
    for (; files->left > 0 && count < capacity; files->left--) {
        if (files->next == 0 || files->next >= set->count)
            files->next = 1;
        size_t before = set->count;
        count += report_file(set, files->next, list + count, capacity - count);
        files->next += set->count == before;
    }
    *more = is_any_file_due(set);
    mio__lock_give(&files->lock);
    return count;
}

/* --- its life --- */

/* With the selector: nobody waits any more. */
static void release_files(struct mio__wake_node *node)
{
    struct mio__ready_files *files = files_of(node);
    const struct mio_allocator *allocator = files->set.allocator;
    mio__poll2_set_close(&files->set);
    mio__lock_destroy(&files->lock);
    mio__release(allocator, files, sizeof *files);
}

int mio__ready_files_open(struct mio_selector *selector)
{
    const struct mio_allocator *allocator = &selector->config.allocator;
    struct mio__ready_files *made = mio__allocate(allocator, sizeof *made);
    if (!made)
        return -ENOMEM;
    if (mio__poll2_set_open(&made->set, allocator, -1) < 0) {
        mio__release(allocator, made, sizeof *made);
        return -ENOMEM;
    }
    atomic_init(&made->node.state, MIO_WAKE_IDLE);
    made->node.collect = collect_files;
    made->node.release = release_files;
    made->queue = &selector->wakes;
    made->collected_in = UINT_MAX;
    mio__lock_init(&made->lock);
    selector->ready_files = &made->node;
    return 0;
}

/* --- registering --- */

bool mio__ready_files_can_serve(mio_fd fd, mio_interest interest)
{
    struct stat status;
    int saved = errno;
    bool is_open = fstat(fd, &status) == 0;
    errno = saved;
    return is_open && (interest & (MIO_READABLE | MIO_WRITABLE)) != 0 &&
           (S_ISREG(status.st_mode) || S_ISDIR(status.st_mode) || S_ISCHR(status.st_mode) ||
            S_ISBLK(status.st_mode));
}

/* The place of what is registered for this very file, or 0. Another file's goes. */
static size_t find_file(struct mio__ready_files *files, mio_fd fd)
{
    size_t place = mio__poll2_set_find(&files->set, fd);
    if (place == 0 || is_still_the_file(&files->set, place))
        return place;
    mio__poll2_set_remove(&files->set, place);
    return 0;
}

bool mio__ready_files_has(struct mio_selector *selector, mio_fd fd)
{
    struct mio__ready_files *files = files_of(selector->ready_files);
    mio__lock_take(&files->lock);
    bool has = find_file(files, fd) != 0;
    mio__lock_give(&files->lock);
    return has;
}

int mio__ready_files_set(struct mio_selector *selector, const struct mio__registration *wanted)
{
    struct mio__ready_files *files = files_of(selector->ready_files);
    struct mio__poll2_file file = {.is_unique = false};
    int error = mio__file_id_of(wanted->fd, &file.id);
    if (error < 0)
        return error;
    mio__lock_take(&files->lock);
    error = mio__poll2_set_add(&files->set, wanted->fd, wanted->token, wanted->interest, &file);
    mio__lock_give(&files->lock);
    return error < 0 ? error : mio__wake_queue_push(files->queue, &files->node);
}

int mio__ready_files_remove(struct mio_selector *selector, mio_fd fd)
{
    struct mio__ready_files *files = files_of(selector->ready_files);
    mio__lock_take(&files->lock);
    size_t place = find_file(files, fd);
    if (place != 0)
        mio__poll2_set_remove(&files->set, place);
    mio__lock_give(&files->lock);
    return place != 0 ? 0 : -ENOENT;
}

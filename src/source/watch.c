/* SPDX-License-Identifier: MIT */
/* Files and directories: the calls. */
#if !defined(_GNU_SOURCE)
#define _GNU_SOURCE /* stat() beside strict -std= */
#endif
#if !defined(_FILE_OFFSET_BITS) && !defined(__LP64__)
#define _FILE_OFFSET_BITS 64 /* else stat() of a large file or inode fails on 32 bits */
#endif

#include "watch.h"

#include "../os/descriptor.h"
#include "../os/memory.h"
#include "../poll/io.h"
#include "../poll/registry.h"

#include <sys/stat.h>

/* What each of the bits that can be asked for means something for. */
static const uint32_t of_files =
    MIO_WATCH_WRITTEN | MIO_WATCH_ATTRIBUTES | MIO_WATCH_RENAMED | MIO_WATCH_REMOVED;
static const uint32_t of_directories =
    MIO_WATCH_ENTRIES | MIO_WATCH_ATTRIBUTES | MIO_WATCH_RENAMED | MIO_WATCH_REMOVED;

/* --- its life --- */

static int check_watch(const struct mio_watch *watch)
{
    if (!watch)
        return -EINVAL;
    return mio__is_forked_copy(&watch->selector->fork_guard) ? -ECHILD : 0;
}

/* The watch's own memory, and its hold of the selector. */
static void release_watch(struct mio_watch *watch)
{
    struct mio_selector *selector = watch->selector;
    const struct mio_allocator *allocator = &selector->config.allocator;
    mio__release(allocator, watch->entries, watch->room * sizeof *watch->entries);
    mio__release(allocator, watch, sizeof *watch);
    mio__selector_release(selector);
}

static void close_watch(struct mio_watch *watch)
{
    bool is_ours = !mio__is_forked_child(&watch->selector->fork_guard);
    mio__watch_close(watch);
    int error;
    if (is_ours || mio__watch_is_inherited()) {
        error = mio_source_close(&watch->source);
    } else { /* another file's number by now, or nobody's */
        mio_fd nobodys;
        error = mio_source_into_fd(&watch->source, &nobodys);
    }
    if (error < 0)
        mio__log(&watch->selector->config, error, "closing a watch");
}

int mio_watch_new(struct mio_registry *registry, mio_token token, struct mio_watch **watch)
{
    if (!registry || !watch)
        return -EINVAL;
    struct mio_selector *selector = registry->selector;
    if (mio__is_forked_child(&selector->fork_guard))
        return -ECHILD;
    struct mio_watch *made = mio__allocate(&selector->config.allocator, sizeof *made);
    if (!made)
        return -ENOMEM;
    made->selector = mio__selector_try_clone(selector);
    int fd = mio__watch_open(made);
    if (fd < 0) {
        release_watch(made);
        return fd;
    }
    mio_source_init(&made->source, fd);
    int error = mio_source_register(&made->source, registry, token, MIO_READABLE);
    if (error < 0) {
        close_watch(made);
        release_watch(made);
        return error;
    }
    *watch = made;
    return 0;
}

void mio_watch_free(struct mio_watch *watch)
{
    if (!watch)
        return;
    close_watch(watch);
    release_watch(watch);
}

/* --- adding and removing --- */

/* Sets what the entry has of the file that is there: 0 or -errno. */
static int look_at_file(const char *path, struct watch_entry *entry)
{
    struct stat file;
    int saved = errno;
    if (stat(path, &file) < 0)
        return mio__failed(saved);
    entry->is_directory = S_ISDIR(file.st_mode);
    entry->size = file.st_size;
    if (!entry->is_directory && !S_ISREG(file.st_mode))
        return -ENOTSUP;
    entry->what &= entry->is_directory ? of_directories : of_files;
    if (entry->what == 0)
        return entry->is_directory ? -EISDIR : -ENOTDIR;
    return 0;
}

static int check_added(const struct mio_watch *watch, const char *path, uint32_t what, mio_token id)
{
    int error = path ? check_watch(watch) : -EINVAL;
    if (error < 0)
        return error;
    if (what == 0 || (what & ~MIO_WATCH_ALL) != 0)
        return -EINVAL;
    return mio__watch_find_id(watch, id) ? -EEXIST : 0;
}

int mio_watch_add(struct mio_watch *watch, const char *path, uint32_t what, mio_token id)
{
    struct watch_entry entry = {.id = id, .what = what};
    int error = check_added(watch, path, what, id);
    if (error == 0)
        error = look_at_file(path, &entry);
    if (error == 0)
        error = mio__grow(&watch->selector->config.allocator, (void **)&watch->entries,
                          &watch->room, watch->count + 1, sizeof entry);
    if (error == 0)
        error = mio__watch_start(watch, path, &entry);
    if (error < 0)
        return error;
    entry.serial = ++watch->serials;
    mio__watch_insert(watch, &entry);
    return 0;
}

int mio_watch_remove(struct mio_watch *watch, mio_token id)
{
    int error = check_watch(watch);
    if (error < 0)
        return error;
    struct watch_entry *found = mio__watch_find_id(watch, id);
    if (!found)
        return -ENOENT;
    const struct watch_entry entry = *found;
    mio__watch_forget(watch, found);
    mio__watch_stop(watch, &entry);
    return 0;
}

int mio_watch_next(struct mio_watch *watch, struct mio_watch_event *happened)
{
    int error = happened ? check_watch(watch) : -EINVAL;
    if (error < 0)
        return error;
    int result = mio__watch_fetch(watch, happened);
    if (result != -EAGAIN)
        return result;
    ptrdiff_t asked = mio__source_after_io(&watch->source, MIO_READABLE, -EAGAIN);
    return asked == -EAGAIN ? 0 : (int)asked;
}

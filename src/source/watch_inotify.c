/* SPDX-License-Identifier: MIT */
/*
 * Files by inotify(7).
 *
 * It names a file by a number, and has one number and one mask a file, whoever asks. So the mask is
 * only ever widened (IN_MASK_ADD), and what each id asked for is looked at here. A number that was
 * given up is not given again, so events that were on their way then are told by it: nobody has it.
 *
 * A directory's mask tells of the files in it as well, by name; what happens to these is no matter
 * of the directory's but that they come and go. A file that is removed is told by IN_DELETE_SELF,
 * and an unmounted one by IN_UNMOUNT; IN_IGNORED, which follows, ends it.
 */
#if !defined(_GNU_SOURCE)
#define _GNU_SOURCE /* for the sources that are compiled as one */
#endif

#include "watch.h"

#include "../os/descriptor.h"
#include "../os/memory.h"

#if MIO_HAVE_INOTIFY

#include <limits.h>
#include <sys/inotify.h>
#include <unistd.h>

/* One event has to fit, and many should: a read brings as many as fit. */
enum { LONGEST_EVENT = sizeof(struct inotify_event) + NAME_MAX + 1, BUFFER_SIZE = 4096 };

_Static_assert(BUFFER_SIZE > LONGEST_EVENT, "an event fits into the buffer");

struct watch_kernel {
    size_t filled; /* bytes of the buffer ... */
    size_t at;     /* ... and where the event begins that is being told */
    uint64_t told; /* the serial of the last entry that was told of it */
    _Alignas(struct inotify_event) char buffer[BUFFER_SIZE];
};

int mio__watch_open(struct mio_watch *watch)
{
    const struct mio_allocator *allocator = &watch->selector->config.allocator;
    watch->kernel = mio__allocate(allocator, sizeof *watch->kernel);
    if (!watch->kernel)
        return -ENOMEM;
    int saved = errno;
    int fd = mio__own_fd(inotify_init1(IN_NONBLOCK | IN_CLOEXEC));
    if (fd >= 0)
        return fd;
    int error = mio__failed(saved);
    mio__watch_close(watch);
    return error == -ENOSYS ? -ENOTSUP : error;
}

void mio__watch_close(struct mio_watch *watch)
{
    mio__release(&watch->selector->config.allocator, watch->kernel, sizeof *watch->kernel);
}

bool mio__watch_is_inherited(void)
{
    return true;
}

/* --- what is asked for --- */

static const struct {
    uint32_t what;
    uint32_t mask;
} masks[] = {
    {MIO_WATCH_WRITTEN, IN_MODIFY},
    {MIO_WATCH_ATTRIBUTES, IN_ATTRIB},
    {MIO_WATCH_RENAMED, IN_MOVE_SELF},
    {MIO_WATCH_ENTRIES, IN_CREATE | IN_DELETE | IN_MOVED_FROM | IN_MOVED_TO},
};

int mio__watch_start(struct mio_watch *watch, const char *path, struct watch_entry *entry)
{
    uint32_t mask = IN_DELETE_SELF | IN_MASK_ADD;
    for (size_t i = 0; i < sizeof masks / sizeof masks[0]; i++)
        mask |= (entry->what & masks[i].what) != 0 ? masks[i].mask : 0;
    int saved = errno;
    entry->handle = inotify_add_watch(watch->source.fd, path, mask);
    return entry->handle < 0 ? mio__failed(saved) : 0;
}

/* It fails when the file has ended by itself, of which nobody has been told yet. */
void mio__watch_stop(struct mio_watch *watch, const struct watch_entry *entry)
{
    int saved = errno;
    if (!mio__watch_find(watch, entry->handle, 0))
        (void)inotify_rm_watch(watch->source.fd, entry->handle);
    errno = saved;
}

/* --- what is told --- */

/* Of a file or a directory itself. */
static uint32_t happened_to_it(uint32_t mask)
{
    return ((mask & IN_MODIFY) != 0 ? MIO_WATCH_WRITTEN : 0) |
           ((mask & IN_ATTRIB) != 0 ? MIO_WATCH_ATTRIBUTES : 0) |
           ((mask & IN_MOVE_SELF) != 0 ? MIO_WATCH_RENAMED : 0) |
           ((mask & IN_DELETE_SELF) != 0 ? MIO_WATCH_REMOVED : 0) |
           ((mask & (IN_DELETE_SELF | IN_IGNORED)) != 0 ? MIO_WATCH_ENDED : 0);
}

static uint32_t happened_in_it(uint32_t mask)
{
    if ((mask & (IN_CREATE | IN_MOVED_TO)) != 0)
        return MIO_WATCH_ENTRIES | MIO_WATCH_CREATED;
    return (mask & (IN_DELETE | IN_MOVED_FROM)) != 0 ? MIO_WATCH_ENTRIES | MIO_WATCH_DELETED : 0;
}

/* What of it an entry is told. */
static uint32_t told_to(const struct watch_entry *entry, uint32_t what)
{
    uint32_t told = what & (entry->what | MIO_WATCH_ENDED);
    if ((told & MIO_WATCH_ENTRIES) != 0)
        told |= what & (MIO_WATCH_CREATED | MIO_WATCH_DELETED);
    return told;
}

/* 1: it is told, to the next entry that asked for it; 0: nobody is left who did. */
static int tell(struct mio_watch *watch, const struct inotify_event *event,
                struct mio_watch_event *happened)
{
    struct watch_kernel *kernel = watch->kernel;
    uint32_t what = event->len > 0 ? happened_in_it(event->mask) : happened_to_it(event->mask);
    struct watch_entry *entry;
    while ((entry = mio__watch_find(watch, event->wd, kernel->told)) != NULL) {
        kernel->told = entry->serial;
        uint32_t told = told_to(entry, what);
        if (told == 0)
            continue;
        *happened = (struct mio_watch_event){.id = entry->id, .what = told};
        happened->rename = event->cookie;
        happened->name = event->len > 0 ? event->name : NULL;
        if ((told & MIO_WATCH_ENDED) != 0)
            mio__watch_forget(watch, entry);
        return 1;
    }
    return 0;
}

/* Reads more events: how many bytes, or -errno. */
static int read_events(struct mio_watch *watch)
{
    struct watch_kernel *kernel = watch->kernel;
    int saved = errno;
    ssize_t count;
    do {
        count = read(watch->source.fd, kernel->buffer, sizeof kernel->buffer);
    } while (count < 0 && errno == EINTR);
    if (count < 0)
        return mio__failed(saved);
    errno = saved;
    kernel->filled = (size_t)count;
    kernel->at = 0;
    kernel->told = 0;
    return count == 0 ? -EAGAIN : (int)count;
}

static void go_on(struct watch_kernel *kernel, const struct inotify_event *event)
{
    kernel->at += sizeof *event + event->len;
    kernel->told = 0;
}

int mio__watch_fetch(struct mio_watch *watch, struct mio_watch_event *happened)
{
    struct watch_kernel *kernel = watch->kernel;
    for (;;) {
        if (kernel->at == kernel->filled) {
            int count = read_events(watch);
            if (count < 0)
                return count;
        }
        const struct inotify_event *event =
            (const struct inotify_event *)(const void *)&kernel->buffer[kernel->at];
        if ((event->mask & IN_Q_OVERFLOW) != 0) {
            go_on(kernel, event);
            *happened = (struct mio_watch_event){.what = MIO_WATCH_OVERFLOW};
            return 1;
        }
        if (tell(watch, event, happened) > 0)
            return 1;
        go_on(kernel, event);
    }
}

#endif

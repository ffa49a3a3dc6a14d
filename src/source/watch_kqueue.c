/* SPDX-License-Identifier: MIT */
/*
 * Files by EVFILT_VNODE, in a kqueue of the watch's own, which is readable when something is
 * pending: so it is registered as any descriptor is, with every selector.
 *
 * Each id has an open descriptor, which its knote goes with. Records are fetched one by one, since
 * a descriptor that is closed with a record of it still to be told may be another file's next.
 *
 * What kernels tell differs (K51), so it is compared with the file: one whose size is set is told
 * as NOTE_ATTRIB, without NOTE_WRITE; and NOTE_DELETE tells that a name was removed, of which there
 * may be others.
 */
#if !defined(_GNU_SOURCE)
#define _GNU_SOURCE /* for the sources that are compiled as one */
#endif
#if !defined(_FILE_OFFSET_BITS) && !defined(__LP64__)
#define _FILE_OFFSET_BITS 64 /* else fstat() of a large file or inode fails on 32 bits */
#endif

#include "watch.h"

#include "../os/descriptor.h"

#if MIO_HAVE_VNODE_FILTER

#include "../selector/kqueue/kqueue.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#if defined(O_EVTONLY)
enum { OPEN_TO_WATCH = O_EVTONLY };
#else
enum { OPEN_TO_WATCH = O_RDONLY };
#endif

int mio__watch_open(struct mio_watch *watch)
{
    (void)watch;
    int kq = mio__kqueue_open();
    return kq == -ENOSYS ? -ENOTSUP : kq;
}

/* The descriptors of what is watched, and in a child the copies of the parent's. */
void mio__watch_close(struct mio_watch *watch)
{
    for (size_t i = 0; i < watch->count; i++)
        mio__close_own(&watch->selector->config, watch->entries[i].handle, "closing a file");
    watch->count = 0;
}

/* K45 */
bool mio__watch_is_inherited(void)
{
    return false;
}

/* --- what is asked for --- */

static const struct {
    uint32_t what;
    uint32_t notes;
} notes_asked[] = {
    {MIO_WATCH_WRITTEN, NOTE_WRITE | NOTE_EXTEND | NOTE_ATTRIB},
    {MIO_WATCH_ENTRIES, NOTE_WRITE | NOTE_EXTEND},
    {MIO_WATCH_ATTRIBUTES, NOTE_ATTRIB | NOTE_LINK},
    {MIO_WATCH_RENAMED, NOTE_RENAME},
};

static int add_knote(int kq, int fd, uint32_t what)
{
    uint32_t notes = NOTE_DELETE | NOTE_REVOKE;
    for (size_t i = 0; i < sizeof notes_asked / sizeof notes_asked[0]; i++)
        notes |= (what & notes_asked[i].what) != 0 ? notes_asked[i].notes : 0;
    return mio__kqueue_apply(
        kq, kqueue_change((uintptr_t)fd, EVFILT_VNODE, EV_ADD | EV_CLEAR, notes, 0));
}

static int see_size(int fd, int64_t *size)
{
    struct stat file;
    int saved = errno;
    if (fstat(fd, &file) < 0)
        return mio__failed(saved);
    *size = file.st_size;
    return 0;
}

int mio__watch_start(struct mio_watch *watch, const char *path, struct watch_entry *entry)
{
    int saved = errno;
    int fd = mio__own_fd(open(path, OPEN_TO_WATCH | O_NONBLOCK | O_NOCTTY | O_CLOEXEC));
    if (fd < 0)
        return mio__failed(saved);
    int error = add_knote(watch->source.fd, fd, entry->what);
    if (error == 0)
        error = see_size(fd, &entry->size);
    if (error < 0)
        return mio__fd_give_up(fd, error);
    entry->handle = fd;
    return 0;
}

/* Its knote goes with the descriptor. */
void mio__watch_stop(struct mio_watch *watch, const struct watch_entry *entry)
{
    mio__close_own(&watch->selector->config, entry->handle, "closing a file");
}

/* --- what is told --- */

/* Whether a file that has lost a name has none any more. One that does not say has none. */
static bool has_no_name(const struct watch_entry *entry)
{
    struct stat file;
    int saved = errno;
    bool is_gone = entry->is_directory || fstat(entry->handle, &file) < 0 || file.st_nlink == 0;
    errno = saved;
    return is_gone;
}

/* K51 */
static bool has_another_size(struct watch_entry *entry)
{
    int64_t size = entry->size;
    if (entry->is_directory || see_size(entry->handle, &size) < 0 || size == entry->size)
        return false;
    entry->size = size;
    return true;
}

/* The MIO_WATCH_ bits of what a kernel noted. */
static uint32_t happened_by_notes(struct watch_entry *entry, uint32_t notes)
{
    uint32_t what = 0;
    if ((notes & (NOTE_WRITE | NOTE_EXTEND)) != 0)
        what |= entry->is_directory ? MIO_WATCH_ENTRIES : MIO_WATCH_WRITTEN;
    if (has_another_size(entry))
        what |= MIO_WATCH_WRITTEN;
    /* Beside NOTE_DELETE it is the same news. */
    bool has_links = (notes & (NOTE_LINK | NOTE_DELETE)) == NOTE_LINK;
    if ((notes & NOTE_ATTRIB) != 0 || has_links)
        what |= MIO_WATCH_ATTRIBUTES;
    if ((notes & NOTE_RENAME) != 0)
        what |= MIO_WATCH_RENAMED;
    if ((notes & NOTE_DELETE) != 0)
        what |= has_no_name(entry) ? MIO_WATCH_REMOVED | MIO_WATCH_ENDED : MIO_WATCH_ATTRIBUTES;
    if ((notes & NOTE_REVOKE) != 0)
        what |= MIO_WATCH_ENDED;
    return what & (entry->what | MIO_WATCH_ENDED);
}

static void end_watch(struct mio_watch *watch, struct watch_entry *entry)
{
    const struct watch_entry ended = *entry;
    mio__watch_forget(watch, entry);
    mio__watch_stop(watch, &ended);
}

int mio__watch_fetch(struct mio_watch *watch, struct mio_watch_event *happened)
{
    static const struct timespec at_once;
    int saved = errno;
    for (;;) {
        struct kevent record;
        int count = kevent(watch->source.fd, NULL, 0, &record, 1, &at_once);
        if (count < 0 && errno != EINTR)
            return mio__failed(saved);
        errno = saved;
        if (count == 0)
            return -EAGAIN;
        struct watch_entry *entry = count > 0 ? mio__watch_find(watch, (int)record.ident, 0) : NULL;
        uint32_t what = entry ? happened_by_notes(entry, record.fflags) : 0;
        if (what == 0)
            continue;
        *happened = (struct mio_watch_event){.id = entry->id, .what = what};
        if ((what & MIO_WATCH_ENDED) != 0)
            end_watch(watch, entry);
        return 1;
    }
}

#endif

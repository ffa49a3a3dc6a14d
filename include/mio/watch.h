/* SPDX-License-Identifier: MIT */
/*
 * Files and directories: what happens to them.
 *
 *   mio_watch_new(registry, 5, &watch);
 *   mio_watch_add(watch, "/etc/example", MIO_WATCH_ENTRIES, 1);
 *   ...
 *   if (mio_event_token(event) == 5) {
 *       struct mio_watch_event happened;
 *       while (mio_watch_next(watch, &happened) > 0)
 *           ...
 *   }
 *
 * A watch is one descriptor in the poll, and watches any number of files and directories. It is
 * inotify on Linux and EVFILT_VNODE where there is a kqueue, with every selector; elsewhere
 * mio_watch_new() is -ENOTSUP. With EVFILT_VNODE each file that is watched takes a descriptor of
 * its own, and a file system is not unmounted meanwhile.
 *
 * THE FILE IS WATCHED, NOT THE NAME. What was found under the path is watched for as long as it is
 * there, wherever it is renamed to; what comes under the path afterwards is not. So a file that is
 * replaced, as most editors save (they write a new file and rename it to the old name), has to be
 * watched by its name, in its directory:
 *
 *   mio_watch_add(watch, "/etc/example", MIO_WATCH_ENTRIES, DIRECTORY);
 *   mio_watch_add(watch, "/etc/example/settings", MIO_WATCH_WRITTEN, FILE);
 *   ...
 *   if (happened.id == DIRECTORY && (!happened.name || strcmp(happened.name, "settings") == 0)) {
 *       (void)mio_watch_remove(watch, FILE);  // -ENOENT where its end has been told
 *       (void)mio_watch_add(watch, "/etc/example/settings", MIO_WATCH_WRITTEN, FILE);
 *       read_settings();
 *   } else if (happened.id == FILE && (happened.what & MIO_WATCH_WRITTEN) != 0) {
 *       read_settings();
 *   }
 *
 * The second line is for programs that write into the file itself. Watch first and read afterwards:
 * so no change falls between the two.
 *
 * SYSTEMS DIFFER in how much they tell. Names, and whether an entry came or went, are Linux's.
 * Several changes may be told as one, on each, and an event of the watch may come of which nothing
 * is told, as after mio_watch_remove() on Linux. That a file has no name any more is told at once by
 * EVFILT_VNODE; Linux tells of changed attributes then, and of the removal when nobody has the file
 * open. Nothing tells of writes by mmap(2), nor of changes that another machine makes to a network's
 * file system.
 *
 * Calls for one watch must not overlap. None is for a signal handler.
 */
#ifndef MIO_WATCH_H
#define MIO_WATCH_H

#include <mio/types.h>

MIO_BEGIN_DECLS

struct mio_registry;
struct mio_watch;

/* --- what can be asked for, and is told --- */

/* A regular file was written to, or its size was set. The latter may be told as attributes too. */
#define MIO_WATCH_WRITTEN 0x1u
/* Mode, owner, times, or the number of names. */
#define MIO_WATCH_ATTRIBUTES 0x2u
/* It was renamed, to or from another directory too. It is watched on. */
#define MIO_WATCH_RENAMED 0x4u
/* It has no name any more. It is not watched on: MIO_WATCH_ENDED comes with it. */
#define MIO_WATCH_REMOVED 0x8u
/* Entries of a directory came or went: by creating, linking, removing and renaming. */
#define MIO_WATCH_ENTRIES 0x10u
/* All of these, of which each means what it can for a file or a directory. */
#define MIO_WATCH_ALL 0x1fu

/* --- what is told unasked --- */

/* With MIO_WATCH_ENTRIES, where the system tells which of the two: an entry of this name came, or
 * went. Neither: entries came or went; read the directory. */
#define MIO_WATCH_CREATED 0x100u
#define MIO_WATCH_DELETED 0x200u
/* The file is not watched any more: it was removed, or its file system was. The id is free. */
#define MIO_WATCH_ENDED 0x400u
/* Events were lost, of whatever is watched: look at all of it. `id` is 0 and means nothing. */
#define MIO_WATCH_OVERFLOW 0x800u

/* What happened. */
struct mio_watch_event {
    mio_token id;  /* as in mio_watch_add() */
    uint32_t what; /* the MIO_WATCH_ bits, or-ed together */
    /* Not 0: the entry was renamed, and its other half, from the one directory or to the other,
     * has the same number. */
    uint32_t rename;
    /* The entry's name in the directory, where the system tells it; else NULL. Valid until the next
     * call for this watch. */
    const char *name;
};

/*
 * Makes a watch of the registry's poll, to be freed by mio_watch_free(), before the poll is freed
 * or afterwards. Its event is readable and has this token: from then on mio_watch_next() is called
 * until it returns 0.
 *
 * -ENOTSUP: this system has neither inotify nor a kqueue, or a sandbox hides it. -EINVAL: NULL. -ENOMEM, -EMFILE, -ENFILE;
 * -EMFILE also when a user has too many watches on Linux. -ECHILD: see mio_poll_wait(). Any other
 * error is that of registering a descriptor. After an error no watch is made.
 */
MIO_NODISCARD MIO_API int mio_watch_new(struct mio_registry *registry, mio_token token,
                                        struct mio_watch **watch);

/*
 * Watches the regular file or directory at `path`, a symbolic link's target, for `what`. `id` is
 * the caller's name for it, and is told with each event. One file may be watched under several ids.
 *
 * Bits that mean nothing for what is found are passed over, such as MIO_WATCH_ENTRIES for a file.
 * If that leaves none: -ENOTDIR, or -EISDIR. -ENOTSUP: it is neither a regular file nor a
 * directory. -EEXIST: the id is in use. -EINVAL: NULL, or bits other than those of MIO_WATCH_ALL,
 * or none. -ENOMEM. -ECHILD: see mio_poll_wait(). Any other error is that of the path or the
 * kernel, such as -ENOENT, -EACCES (reading has to be allowed) and -ENOSPC (Linux: a user watches
 * too many files). After an error nothing is watched that was not.
 */
MIO_NODISCARD MIO_API int mio_watch_add(struct mio_watch *watch, const char *path, uint32_t what,
                                        mio_token id);

/* Stops watching. No event of this id comes any more. -ENOENT: nothing is watched under it, or its
 * end has been told. -EINVAL: NULL. -ECHILD: see mio_poll_wait(). */
MIO_API int mio_watch_remove(struct mio_watch *watch, mio_token id);

/*
 * What happened next: 1, or 0 when there is nothing, and `happened` is as it was. -EINVAL: NULL.
 * -ECHILD: see mio_poll_wait(). Any other error is the kernel's, of reading or of asking for the
 * next event of the watch.
 */
MIO_API int mio_watch_next(struct mio_watch *watch, struct mio_watch_event *happened);

/* Frees a watch (or NULL), and stops all that it watches. */
MIO_API void mio_watch_free(struct mio_watch *watch);

MIO_END_DECLS

#endif

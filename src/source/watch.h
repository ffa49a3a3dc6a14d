/* SPDX-License-Identifier: MIT */
/* What the files of a watch share: the table of what is watched, and what a kernel must supply. */
#ifndef MIO_SRC_SOURCE_WATCH_H
#define MIO_SRC_SOURCE_WATCH_H

#include "../selector/selector.h"

#include <mio/source.h>
#include <mio/watch.h>

#include <stddef.h>
#include <stdint.h>

/* What tells of files. libkqueue's EVFILT_VNODE is not asked: it has inotify beneath it. */
#define MIO_HAVE_INOTIFY (MIO_PLATFORM == MIO_PLATFORM_LINUX)
#if defined(MIO_RECORD_KEVENT) && MIO_PLATFORM != MIO_PLATFORM_KQUEUE_LIBRARY
#define MIO_HAVE_VNODE_FILTER 1
#else
#define MIO_HAVE_VNODE_FILTER 0
#endif

/* Of a file that is watched. */
struct watch_entry {
    int handle;      /* the kernel's name for it: a number of inotify's, or the open file */
    uint64_t serial; /* in the order of adding */
    mio_token id;
    uint32_t what; /* asked for, and means something here */
    bool is_directory;
    int64_t size; /* as it was last seen, where the kernel does not tell of a new one */
};

struct watch_kernel; /* what the kernel's side keeps */

struct mio_watch {
    struct mio_source source;      /* registered from the beginning to the end */
    struct mio_selector *selector; /* held */
    struct watch_kernel *kernel;
    struct watch_entry *entries; /* by handle and serial */
    size_t count;
    size_t room;
    uint64_t serials;
};

/* --- the table (watch_table.c) --- */

/* The first entry with this handle and a serial above `after`, or NULL. */
struct watch_entry *mio__watch_find(const struct mio_watch *watch, int handle, uint64_t after);

struct watch_entry *mio__watch_find_id(const struct mio_watch *watch, mio_token id);

/* There is room for one more. */
void mio__watch_insert(struct mio_watch *watch, const struct watch_entry *entry);
void mio__watch_forget(struct mio_watch *watch, struct watch_entry *entry);

/* --- what a kernel supplies (watch_inotify.c, watch_kqueue.c) --- */

/* Makes `kernel` and returns the descriptor that is readable when there is something to tell. */
int mio__watch_open(struct mio_watch *watch);

/* Releases what the kernel's side keeps, all but that descriptor. */
void mio__watch_close(struct mio_watch *watch);

/* Whether a forked child has the parent's descriptor, and has to close it. */
bool mio__watch_is_inherited(void);

/* Watches: sets the entry's handle. Bits of `what` are those that mean something. */
int mio__watch_start(struct mio_watch *watch, const char *path, struct watch_entry *entry);

/* The entry is in the table no more. */
void mio__watch_stop(struct mio_watch *watch, const struct watch_entry *entry);

/* As mio_watch_next(), with -EAGAIN when there is nothing. */
int mio__watch_fetch(struct mio_watch *watch, struct mio_watch_event *happened);

#endif

/* SPDX-License-Identifier: MIT */
/* Where nothing tells of files. */
#include "watch.h"

#include <errno.h>

#if !MIO_HAVE_INOTIFY && !MIO_HAVE_VNODE_FILTER

int mio__watch_open(struct mio_watch *watch)
{
    (void)watch;
    return -ENOTSUP;
}

void mio__watch_close(struct mio_watch *watch)
{
    (void)watch;
}

bool mio__watch_is_inherited(void)
{
    return false;
}

int mio__watch_start(struct mio_watch *watch, const char *path, struct watch_entry *entry)
{
    (void)watch;
    (void)path;
    (void)entry;
    return -ENOTSUP;
}

void mio__watch_stop(struct mio_watch *watch, const struct watch_entry *entry)
{
    (void)watch;
    (void)entry;
}

int mio__watch_fetch(struct mio_watch *watch, struct mio_watch_event *happened)
{
    (void)watch;
    (void)happened;
    return -EAGAIN;
}

#endif

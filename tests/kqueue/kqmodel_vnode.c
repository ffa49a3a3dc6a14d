/* SPDX-License-Identifier: MIT */
/*
 * EVFILT_VNODE: what happens to files and directories, by inotify(7).
 *
 * One inotify descriptor of the whole process, made before main(), watches the files of all knotes,
 * and is in the inner epoll of each kqueue that has had one: so their sleepers wake up. Linux tells
 * that something happened; what it was is seen by comparing the file with how it was before, since
 * Linux has one word (IN_ATTRIB) for names that came or went, modes and owners. Nothing tells that
 * a directory is removed while a knote holds it open, so its parent is watched too.
 *
 * Notes gather in the knote until they are fetched; without EV_CLEAR they stay.
 */
#define _GNU_SOURCE

#include "kqmodel_inner.h"
#include "kqmodel_wraps.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <sys/epoll.h>
#include <sys/inotify.h>

enum {
    HIDDEN_NOTIFIER = 501, /* beside the eventfd of kqmodel_kq.c */
    NOTHING_WATCHED = -1,
    OF_FILES = IN_MODIFY | IN_ATTRIB | IN_MOVE_SELF,
    OF_DIRECTORIES = IN_ATTRIB | IN_MOVE_SELF | IN_CREATE | IN_DELETE | IN_MOVED_FROM | IN_MOVED_TO,
    KNOWN_NOTES =
        NOTE_DELETE | NOTE_WRITE | NOTE_EXTEND | NOTE_ATTRIB | NOTE_LINK | NOTE_RENAME | NOTE_REVOKE
};

static int notifier = -1;
static int vnode_knotes;

static void move_to_hidden(int fd)
{
    notifier = fcntl(fd, F_DUPFD_CLOEXEC, HIDDEN_NOTIFIER);
    if (notifier < 0)
        notifier = fd;
    else
        __real_close(fd);
}

__attribute__((constructor)) static void open_notifier(void)
{
    move_to_hidden(inotify_init1(IN_CLOEXEC | IN_NONBLOCK));
}

/* --- attaching --- */

static int watch_path(const char *path, uint32_t mask)
{
    return inotify_add_watch(notifier, path, mask | IN_MASK_ADD);
}

static int watch_file(int fd, bool directory)
{
    char path[64];
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    return watch_path(path, directory ? OF_DIRECTORIES : OF_FILES);
}

static int watch_parent(int fd)
{
    char link[64];
    char path[PATH_MAX];
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t length = readlink(link, path, sizeof path - 1);
    if (length <= 0)
        return NOTHING_WATCHED;
    path[length] = '\0';
    char *slash = strrchr(path, '/');
    if (!slash || slash == path)
        return NOTHING_WATCHED;
    *slash = '\0';
    return watch_path(path, IN_DELETE);
}

/* Counted as it is told: what happened before is no news. */
static void see_file(struct vnode_state *vnode, const struct stat *st)
{
    vnode->size = st->st_size;
    vnode->links = (int64_t)st->st_nlink;
}

static int join_epoll(const struct kq *kq)
{
    struct epoll_event event = {.events = EPOLLIN | EPOLLET, .data = {.fd = notifier}};
    bool joined = epoll_ctl(kq->fd, EPOLL_CTL_ADD, notifier, &event) == 0 || errno == EEXIST;
    return joined ? 0 : errno;
}

int vnode_attach(struct knote *knote)
{
    struct stat st;
    int fd = (int)knote->ident;
    if (__real_fstat(fd, &st) != 0)
        return EBADF;
    bool directory = S_ISDIR(st.st_mode);
    if (S_ISSOCK(st.st_mode) || (st.st_mode & S_IFMT) == 0)
        return EINVAL;
    if (!directory && !S_ISREG(st.st_mode))
        model_abort("EVFILT_VNODE of descriptor %d, neither file nor directory", fd);
    if (knote->asked_fflags & ~(unsigned)(KNOWN_NOTES | flavour.note_truncate))
        model_abort("notes 0x%x of EVFILT_VNODE are not modelled", knote->asked_fflags);
    vnode_harvest();
    knote->vnode.directory = directory;
    knote->vnode.watch = watch_file(fd, directory);
    knote->vnode.parent = directory ? watch_parent(fd) : NOTHING_WATCHED;
    if (knote->vnode.watch < 0)
        model_abort("inotify_add_watch fails with errno %d", errno);
    knote->seen.id = (struct file_id){.device = st.st_dev, .inode = st.st_ino};
    see_file(&knote->vnode, &st);
    vnode_knotes++;
    return join_epoll(knote->kq);
}

static struct knote *next_vnode(const struct kq *kq, struct knote *knote)
{
    for (knote = knote ? knote->by_kq.next : kq->list; knote; knote = knote->by_kq.next) {
        if (knote->kind == KIND_VNODE && knote->seen.id.inode != 0)
            return knote;
    }
    return NULL;
}

static bool others_need(const struct knote *without, int watch)
{
    for (struct kq *kq = kq_each(NULL); kq; kq = kq_each(kq)) {
        for (struct knote *knote = next_vnode(kq, NULL); knote; knote = next_vnode(kq, knote)) {
            if (knote != without && (knote->vnode.watch == watch || knote->vnode.parent == watch))
                return true;
        }
    }
    return false;
}

static void unwatch(const struct knote *knote, int watch)
{
    if (watch >= 0 && !others_need(knote, watch))
        inotify_rm_watch(notifier, watch);
}

void vnode_detach(struct knote *knote)
{
    if (knote->seen.id.inode == 0)
        return; /* it was refused */
    unwatch(knote, knote->vnode.watch);
    if (knote->vnode.parent != knote->vnode.watch)
        unwatch(knote, knote->vnode.parent);
    vnode_knotes--;
}

/* --- news --- */

/* A name went. */
static unsigned removal_notes(int64_t links, bool directory)
{
    if (flavour.vnode_delete_is_last && links > 0 && !directory)
        return NOTE_LINK;
    return NOTE_DELETE | flavour.vnode_delete_notes;
}

/* What IN_ATTRIB was, or nothing at all. */
static unsigned changed_notes(struct knote *knote)
{
    struct stat st;
    struct vnode_state before = knote->vnode;
    if (__real_fstat((int)knote->ident, &st) != 0)
        return 0;
    see_file(&knote->vnode, &st);
    bool directory = before.directory;
    if (knote->vnode.links < before.links && (!directory || knote->vnode.links == 0))
        return removal_notes(knote->vnode.links, directory);
    if (directory)
        return 0;
    return knote->vnode.links > before.links ? NOTE_LINK : 0;
}

/* Linux has one word for writing and for setting the size. Only what gets shorter cannot have been
 * written. */
static unsigned written_notes(struct knote *knote)
{
    struct stat st;
    int64_t before = knote->vnode.size;
    if (__real_fstat((int)knote->ident, &st) != 0)
        return 0;
    see_file(&knote->vnode, &st);
    if (knote->vnode.size < before)
        return NOTE_ATTRIB | flavour.note_truncate;
    return NOTE_WRITE | (knote->vnode.size > before ? NOTE_EXTEND : 0);
}

static unsigned entry_notes(uint32_t mask)
{
    unsigned notes =
        (mask & (IN_CREATE | IN_DELETE | IN_MOVED_FROM | IN_MOVED_TO)) ? NOTE_WRITE : 0;
    return notes | (notes && (mask & IN_ISDIR) ? NOTE_LINK : 0);
}

static unsigned notes_of(struct knote *knote, const struct inotify_event *event)
{
    if (event->wd != knote->vnode.watch)
        return changed_notes(knote);
    if (event->len > 0)
        return entry_notes(event->mask);
    unsigned notes = (event->mask & IN_MODIFY) ? written_notes(knote) : 0;
    notes |= (event->mask & IN_MOVE_SELF) ? NOTE_RENAME : 0;
    if (event->mask & IN_ATTRIB) {
        unsigned names = changed_notes(knote);
        notes |= names ? names : NOTE_ATTRIB;
    }
    return notes;
}

static void post_notes(struct knote *knote, unsigned notes)
{
    notes &= knote->asked_fflags;
    if (notes == 0)
        return;
    knote->fflags |= notes;
    knote_activate(knote);
}

static void spread(const struct inotify_event *event)
{
    for (struct kq *kq = kq_each(NULL); kq; kq = kq_each(kq)) {
        for (struct knote *knote = next_vnode(kq, NULL); knote; knote = next_vnode(kq, knote)) {
            if (event->wd == knote->vnode.watch || event->wd == knote->vnode.parent)
                post_notes(knote, notes_of(knote, event));
        }
    }
}

/* Whatever comes, one event at least fits. */
static bool read_news(void)
{
    _Alignas(struct inotify_event) char buffer[4096];
    ssize_t size = __real_read(notifier, buffer, sizeof buffer);
    for (ssize_t at = 0; at < size;) {
        const struct inotify_event *event =
            (const struct inotify_event *)(const void *)(buffer + at);
        if (event->mask & IN_Q_OVERFLOW)
            model_abort("inotify's queue ran over");
        spread(event);
        at += (ssize_t)(sizeof *event + event->len);
    }
    return size > 0;
}

void vnode_harvest(void)
{
    static bool harvesting;
    if (vnode_knotes == 0 || harvesting)
        return;
    harvesting = true;
    bool any = false;
    int saved = errno;
    while (read_news())
        any = true;
    errno = saved;
    if (any)
        kq_settle_all();
    harvesting = false;
}

/* The parent reads from the old one. */
void vnode_forked(void)
{
    __real_close(notifier);
    vnode_knotes = 0;
    open_notifier();
}

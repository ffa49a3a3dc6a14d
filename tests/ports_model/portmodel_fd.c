/* SPDX-License-Identifier: MIT */
/*
 * Associations of descriptors.
 *
 * What is ready is asked of the model of the system's poll(2). When to ask again is told by an
 * epoll set, edge-triggered, as pollwakeup() tells it to the kernel: each change makes the model
 * look once, and what it finds is queued and not looked at any more. So an event stays in the queue
 * when what it tells of has passed, and does not grow when more happens.
 */
#define _GNU_SOURCE

#include "portmodel_inner.h"

#include "kqueue/pollmodel.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <unistd.h>

#include <sys/epoll.h>
#include <sys/stat.h>

enum {
    ALWAYS = POLLHUP | POLLERR, /* told whether they were asked for or not */
    SERVED = POLLIN | POLLOUT | POLLPRI | POLLRDHUP | ALWAYS,
    BATCH = 32
};

bool fd_is_open(int fd)
{
    return fd >= 0 && fcntl(fd, F_GETFD) >= 0;
}

bool association_is_ours(const struct association *association, int fd)
{
    struct stat status;
    if (association->owner == getpid())
        return true;
    return fstat(fd, &status) == 0 && (uint64_t)status.st_dev == association->device &&
           (uint64_t)status.st_ino == association->inode;
}

static void unwatch(struct handle *handle, int fd)
{
    struct association *association = &handle->port->associations[fd];
    if (association->is_watched)
        (void)epoll_ctl(handle->fd, EPOLL_CTL_DEL, fd, NULL);
    association->is_watched = false;
}

static void watch(struct handle *handle, int fd)
{
    struct association *association = &handle->port->associations[fd];
    struct epoll_event event = {.events = EPOLLIN | EPOLLOUT | EPOLLPRI | EPOLLRDHUP | EPOLLET,
                                .data.fd = fd};
    int error = epoll_ctl(handle->fd, EPOLL_CTL_ADD, fd, &event) < 0 ? errno : 0;
    if (error != 0 && error != EPERM)
        model_abort("cannot watch descriptor %d: errno %d", fd, error);
    association->is_watched = error == 0; /* EPERM: it never changes */
}

/* Queues the event of what an active association finds now. */
static bool look(struct handle *handle, int fd)
{
    struct port *port = handle->port;
    struct association *association = &port->associations[fd];
    if (!association_is_ours(association, fd))
        model_abort("descriptor %d changes, which its associate has and this process has not", fd);
    int found = pollmodel_answer(fd, association->events) & (association->events | ALWAYS);
    if (found == 0)
        return false;
    unwatch(handle, fd);
    association->is_active = false;
    port->nodes[fd].events = found;
    queue_add(port, fd);
    return true;
}

static void forget(struct handle *handle, int fd)
{
    struct port *port = handle->port;
    unwatch(handle, fd);
    if (port->nodes[fd].is_queued)
        queue_remove(port, fd);
    port->associations[fd] = (struct association){.is_known = false};
    port->held--;
    port->known--;
    handle_settle_bell(handle);
}

static int begin(struct port *port, int fd)
{
    struct association *association = &port->associations[fd];
    struct stat status;
    if (association->is_known && !association_is_ours(association, fd))
        model_abort("descriptor %d is two files in two processes", fd);
    if (association->is_known)
        return 0;
    if (port->held >= port->max_events)
        return EAGAIN;
    (void)fstat(fd, &status);
    *association = (struct association){.is_known = true,
                                        .owner = getpid(),
                                        .device = (uint64_t)status.st_dev,
                                        .inode = (uint64_t)status.st_ino};
    port->held++;
    port->known++;
    return 0;
}

int association_make(struct handle *handle, int fd, int events, void *user)
{
    struct port *port = handle->port;
    if (!fd_is_open(fd))
        return EBADFD;
    if (fd >= MAX_DESCRIPTORS)
        model_abort("descriptor %d is above what the model has room for", fd);
    if ((events & ~SERVED) != 0)
        model_abort("events %#x are not served", (unsigned)events);
    if (handle_of(fd) == handle)
        model_abort("a port is associated with itself");
    port->ever_associated = true;
    int error = begin(port, fd);
    if (error != 0)
        return error;
    if (port->nodes[fd].is_queued)
        queue_remove(port, fd);
    unwatch(handle, fd);
    port->associations[fd].events = events;
    port->associations[fd].user = user;
    port->associations[fd].is_active = true;
    if (!look(handle, fd))
        watch(handle, fd);
    handle_settle_bell(handle);
    return 0;
}

int association_end(struct handle *handle, int fd)
{
    struct port *port = handle->port;
    if (!port->ever_associated)
        return ENOENT;
    if (!fd_is_open(fd))
        return EBADFD;
    struct association *association = fd < MAX_DESCRIPTORS ? &port->associations[fd] : NULL;
    if (!association || !association->is_known || !association_is_ours(association, fd))
        return ENOENT;
    if (association->owner != getpid())
        return EACCES;
    bool was_there = association->is_active || port->nodes[fd].is_queued;
    forget(handle, fd);
    return was_there ? 0 : ENOENT;
}

static bool is_own(const struct port *port, int fd)
{
    return port->associations[fd].is_known && port->associations[fd].owner == getpid();
}

void associations_drop(int fd)
{
    if (fd < 0 || fd >= MAX_DESCRIPTORS)
        return;
    for (struct handle *handle = each_handle(NULL); handle; handle = each_handle(handle)) {
        if (is_own(handle->port, fd))
            forget(handle, fd);
    }
}

void associations_drop_own(struct handle *handle)
{
    for (int fd = 0; fd < MAX_DESCRIPTORS && handle->port->known > 0; fd++) {
        if (is_own(handle->port, fd))
            forget(handle, fd);
    }
}

void associations_look(struct handle *handle)
{
    struct epoll_event events[BATCH];
    int count;
    do {
        count = epoll_wait(handle->fd, events, BATCH, 0);
        int bells = 0;
        for (int i = 0; i < count; i++) {
            int fd = events[i].data.fd;
            if (fd < 0)
                bells++;
            else if (handle->port->associations[fd].is_active)
                (void)look(handle, fd);
        }
        if (bells == count)
            break;
    } while (count == BATCH);
    handle_settle_bell(handle);
}

void associations_look_all(void)
{
    int saved = errno;
    for (struct handle *handle = each_handle(NULL); handle; handle = each_handle(handle)) {
        if (handle->port->creator == getpid() && handle->port->known > 0)
            associations_look(handle);
    }
    errno = saved;
}

/* SPDX-License-Identifier: MIT */
/*
 * What fstat() says of a file's identity.
 *
 * A library would tell two files apart by device and inode. But most kernels give all sockets of
 * the internet 0 and 0, some all pipes too, and on DragonFly the number of a pipe is that of its
 * structure, which goes back to a cache: the next pipe gets the number of the one that was closed
 * last. That is what fstat() says unless a test orders Linux's own; the model itself knows its
 * files by what Linux says.
 */
#define _GNU_SOURCE

#include "kqmodel.h"

#include "kqmodel_inner.h"
#include "kqmodel_wraps.h"
#include "open_descriptors.h"

#include <errno.h>
#include <poll.h>

static bool is_told = true; /* as the system would; guarded by the model's lock */

void kqmodel_set_system_identity(bool systems)
{
    sigset_t mask;
    model_lock(&mask);
    is_told = systems;
    model_unlock(&mask);
}

/* --- numbers that are used again --- */

enum { PIPES_KNOWN = 1024, NUMBERS_KEPT = 64 };

/* Pipes by Linux's number, and the number each was given; the oldest gives way. */
static struct {
    ino_t inode;
    ino_t number;
} pipes[PIPES_KNOWN];
static unsigned pipes_met;
static ino_t kept_numbers[NUMBERS_KEPT]; /* a stack */
static int kept_count;

static ino_t number_of_pipe(ino_t inode)
{
    for (unsigned i = 0; i < PIPES_KNOWN; i++) {
        if (pipes[i].inode == inode)
            return pipes[i].number;
    }
    return inode;
}

static void recycle(int fd)
{
    struct stat st;
    if (kept_count == 0 || __real_fstat(fd, &st) != 0)
        return;
    unsigned place = pipes_met++ % PIPES_KNOWN;
    pipes[place].inode = st.st_ino;
    pipes[place].number = kept_numbers[--kept_count];
}

static bool is_open_elsewhere(int fd, const struct stat *st)
{
    struct open_descriptors open;
    struct stat other;
    open_descriptors_look(&open);
    for (int i = 0; i < open.count; i++) {
        int number = open.numbers[i];
        if (number != fd && __real_fstat(number, &other) == 0 && other.st_ino == st->st_ino &&
            other.st_dev == st->st_dev)
            return true;
    }
    return false;
}

/* Nobody holds the other side; of this side only other processes may. */
static bool is_last_of_pipe(int fd, const struct stat *st)
{
    struct pollfd peer = {.fd = fd, .events = 0};
    return poll(&peer, 1, 0) > 0 && (peer.revents & (POLLHUP | POLLERR)) &&
           !is_open_elsewhere(fd, st);
}

void identity_pipe_made(int fd)
{
    if (flavour.pipe_identity != IDENTITY_RECYCLED)
        return;
    sigset_t mask;
    model_lock(&mask);
    recycle(fd);
    model_unlock(&mask);
}

void identity_closing(int fd)
{
    struct stat st;
    bool recycles = is_told && flavour.pipe_identity == IDENTITY_RECYCLED &&
                    __real_fstat(fd, &st) == 0 && S_ISFIFO(st.st_mode) && pipe_is_unnamed(fd);
    if (recycles && kept_count < NUMBERS_KEPT && is_last_of_pipe(fd, &st))
        kept_numbers[kept_count++] = number_of_pipe(st.st_ino);
}

/* --- fstat() --- */

static bool is_of_internet(int fd)
{
    int domain = 0;
    socklen_t size = sizeof domain;
    return __real_getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &size) == 0 && domain != AF_UNIX;
}

static enum identity identity_of(int fd, mode_t mode)
{
    if (S_ISSOCK(mode))
        return is_of_internet(fd) ? flavour.internet_identity : IDENTITY_OWN;
    return S_ISFIFO(mode) && pipe_is_unnamed(fd) ? flavour.pipe_identity : IDENTITY_OWN;
}

static void tell_identity(int fd, struct stat *status)
{
    enum identity identity = is_told ? identity_of(fd, status->st_mode) : IDENTITY_OWN;
    if (identity != IDENTITY_OWN)
        status->st_dev = 0;
    if (identity == IDENTITY_VOID)
        status->st_ino = 0;
    if (identity == IDENTITY_RECYCLED)
        status->st_ino = number_of_pipe(status->st_ino);
}

int __wrap_fstat(int fd, struct stat *status)
{
    if (__real_fstat(fd, status) != 0)
        return -1;
    int error = errno;
    sigset_t mask;
    model_lock(&mask);
    tell_identity(fd, status);
    model_unlock(&mask);
    errno = error;
    return 0;
}

/* SPDX-License-Identifier: MIT */
/*
 * What BSD's and Apple's sockets can do and Linux's cannot, made of what Linux can: filters of what
 * is accepted, and their sendfile(2).
 */
#define _GNU_SOURCE

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/types.h>
#include <unistd.h>

int __real_setsockopt(int fd, int level, int name, const void *value, socklen_t size);
int __wrap_setsockopt(int fd, int level, int name, const void *value, socklen_t size);

#if !defined(KQMODEL_OPENBSD)

static int fail(int error)
{
    errno = error;
    return -1;
}

#endif

#if defined(SO_ACCEPTFILTER)

/* FreeBSD's and NetBSD's accept_filt_setopt(): the socket has to be listening, and the filter to be
 * known. "dataready" has no end: a client that sends nothing is never accepted. */
static int set_accept_filter(int fd, const void *value, socklen_t size)
{
    enum { LONGEST_S = 120 };
    struct accept_filter_arg filter;
    int listening = 0;
    int seconds = LONGEST_S;
    socklen_t length = sizeof listening;
    if (getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listening, &length) < 0)
        return -1;
    if (size != sizeof filter || !listening)
        return fail(EINVAL);
    memcpy(&filter, value, sizeof filter);
    if (strncmp(filter.af_name, "dataready", sizeof filter.af_name) != 0)
        return fail(ENOENT);
    return __real_setsockopt(fd, IPPROTO_TCP, TCP_DEFER_ACCEPT, &seconds, sizeof seconds);
}

int __wrap_setsockopt(int fd, int level, int name, const void *value, socklen_t size)
{
    if (level == SOL_SOCKET && name == SO_ACCEPTFILTER)
        return set_accept_filter(fd, value, size);
    return __real_setsockopt(fd, level, name, value, size);
}

#else

int __wrap_setsockopt(int fd, int level, int name, const void *value, socklen_t size)
{
    return __real_setsockopt(fd, level, name, value, size);
}

#endif

#if defined(KQMODEL_FREEBSD) || defined(KQMODEL_DRAGONFLY) || defined(KQMODEL_MACOS)

#if defined(KQMODEL_MACOS)
enum { SEND_FLAGS = MSG_NOSIGNAL }; /* for SO_NOSIGPIPE, which Linux lacks */
#else
enum { SEND_FLAGS = 0 };
#endif

/* Sends up to `size` bytes, or to the end of the file for 0. As these systems do it says how many
 * in `*sent` though it may fail, which it does when not all found room. */
static int send_from(int file, int socket, off_t offset, size_t size, off_t *sent)
{
    char buffer[4096];
    *sent = 0;
    for (;;) {
        size_t left = size == 0 ? sizeof buffer : size - (size_t)*sent;
        ssize_t got = left == 0 ? 0
                                : pread(file, buffer, left < sizeof buffer ? left : sizeof buffer,
                                        offset + *sent);
        if (got <= 0)
            return got < 0 && errno == ESPIPE ? fail(EINVAL) : (int)got;
        ssize_t n = send(socket, buffer, (size_t)got, SEND_FLAGS);
        if (n < 0)
            return -1;
        *sent += n;
        if (n < got)
            return fail(EAGAIN);
    }
}

/* They take regular files alone. */
static bool takes(int file)
{
    return lseek(file, 0, SEEK_CUR) >= 0;
}

#if defined(KQMODEL_MACOS)

int sendfile(int file, int socket, off_t offset, off_t *size, struct sf_hdtr *around, int flags)
{
    if (around || flags != 0 || offset < 0 || !takes(file))
        return fail(EINVAL);
    return send_from(file, socket, offset, (size_t)*size, size);
}

#else

int sendfile(int file, int socket, off_t offset, size_t size, struct sf_hdtr *around, off_t *sent,
             int flags)
{
    if (around || flags != 0 || offset < 0 || !takes(file))
        return fail(EINVAL);
    return send_from(file, socket, offset, size, sent);
}

#endif

#endif

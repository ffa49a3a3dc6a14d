/* SPDX-License-Identifier: MIT */
/*
 * The calls that move bytes: a count or -errno, errno left alone, made again after EINTR, made
 * directly where syscall.h can (see there).
 */
#ifndef MIO_SRC_NET_CALLS_H
#define MIO_SRC_NET_CALLS_H

#include "../os/descriptor.h"

#include <mio/types.h>

#include <limits.h>
#include <sys/socket.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <unistd.h>

#if MIO_PLATFORM == MIO_PLATFORM_LINUX
#include "../os/syscall.h"
#if !defined(MIO_SYSCALL_BY_LIBC) && \
    (defined(__x86_64__) || defined(__aarch64__) || (defined(__riscv) && __riscv_xlen == 64))
#define MIO_DIRECT_CALLS 1
#endif
#endif

/*
 * Nothing blocks even when somebody who shares the open file has made it blocking. Not so on BSD
 * and Apple, where MSG_DONTWAIT also means not to wait for a thread that is in the same call: the
 * EAGAIN would be a lie, and no event would follow it.
 */
#if MIO_PLATFORM == MIO_PLATFORM_LINUX
enum { NO_WAITING = MSG_DONTWAIT };
#else
enum { NO_WAITING = 0 };
#endif

/* On Apple the socket has SO_NOSIGPIPE (socket.c); releases that lack MSG_NOSIGNAL would refuse
 * it. */
#if defined(MSG_NOSIGNAL) && !(MIO_PLATFORM == MIO_PLATFORM_APPLE && defined(SO_NOSIGPIPE))
enum { SEND_FLAGS = MSG_NOSIGNAL | NO_WAITING };
#else
enum { SEND_FLAGS = NO_WAITING };
#endif

/* What one call may be asked to move: Apple refuses more, Linux does not do more. */
static inline size_t call_size(size_t size)
{
    return size < INT_MAX ? size : INT_MAX;
}

#if defined(MIO_DIRECT_CALLS)

static inline ptrdiff_t call_recvfrom_once(mio_fd fd, void *buffer, size_t size, int flags,
                                           struct sockaddr *from, socklen_t *length)
{
    return mio__syscall(SYS_recvfrom, fd, (long)buffer, (long)size, flags, (long)from,
                        (long)length);
}

static inline ptrdiff_t call_sendto_once(mio_fd fd, const void *buffer, size_t size, int flags,
                                         const struct sockaddr *to, socklen_t length)
{
    return mio__syscall(SYS_sendto, fd, (long)buffer, (long)size, flags, (long)to, (long)length);
}

static inline ptrdiff_t call_recvmsg_once(mio_fd fd, struct msghdr *message, int flags)
{
    return mio__syscall4(SYS_recvmsg, fd, (long)message, flags, 0);
}

static inline ptrdiff_t call_sendmsg_once(mio_fd fd, const struct msghdr *message, int flags)
{
    return mio__syscall4(SYS_sendmsg, fd, (long)message, flags, 0);
}

static inline ptrdiff_t call_read_once(mio_fd fd, void *buffer, size_t size)
{
    return mio__syscall4(SYS_read, fd, (long)buffer, (long)size, 0);
}

static inline ptrdiff_t call_readv_once(mio_fd fd, const struct iovec *parts, int count)
{
    return mio__syscall4(SYS_readv, fd, (long)parts, count, 0);
}

static inline ptrdiff_t call_writev_once(mio_fd fd, const struct iovec *parts, int count)
{
    return mio__syscall4(SYS_writev, fd, (long)parts, count, 0);
}

#else

static inline ptrdiff_t call_recvfrom_once(mio_fd fd, void *buffer, size_t size, int flags,
                                           struct sockaddr *from, socklen_t *length)
{
    int saved = errno;
    ssize_t result = recvfrom(fd, buffer, size, flags, from, length);
    return result < 0 ? mio__failed(saved) : result;
}

static inline ptrdiff_t call_sendto_once(mio_fd fd, const void *buffer, size_t size, int flags,
                                         const struct sockaddr *to, socklen_t length)
{
    int saved = errno;
    ssize_t result = sendto(fd, buffer, size, flags, to, length);
    return result < 0 ? mio__failed(saved) : result;
}

static inline ptrdiff_t call_recvmsg_once(mio_fd fd, struct msghdr *message, int flags)
{
    int saved = errno;
    ssize_t result = recvmsg(fd, message, flags);
    return result < 0 ? mio__failed(saved) : result;
}

static inline ptrdiff_t call_sendmsg_once(mio_fd fd, const struct msghdr *message, int flags)
{
    int saved = errno;
    ssize_t result = sendmsg(fd, message, flags);
    return result < 0 ? mio__failed(saved) : result;
}

static inline ptrdiff_t call_read_once(mio_fd fd, void *buffer, size_t size)
{
    int saved = errno;
    ssize_t result = read(fd, buffer, size);
    return result < 0 ? mio__failed(saved) : result;
}

static inline ptrdiff_t call_readv_once(mio_fd fd, const struct iovec *parts, int count)
{
    int saved = errno;
    ssize_t result = readv(fd, parts, count);
    return result < 0 ? mio__failed(saved) : result;
}

static inline ptrdiff_t call_writev_once(mio_fd fd, const struct iovec *parts, int count)
{
    int saved = errno;
    ssize_t result = writev(fd, parts, count);
    return result < 0 ? mio__failed(saved) : result;
}

#endif

/* --- again after EINTR --- */

static inline ptrdiff_t call_recvfrom(mio_fd fd, void *buffer, size_t size, int flags,
                                      struct sockaddr *from, socklen_t *length)
{
    ptrdiff_t result;
    do
        result = call_recvfrom_once(fd, buffer, call_size(size), flags, from, length);
    while (result == -EINTR);
    return result;
}

static inline ptrdiff_t call_sendto(mio_fd fd, const void *buffer, size_t size, int flags,
                                    const struct sockaddr *to, socklen_t length)
{
    ptrdiff_t result;
    do
        result = call_sendto_once(fd, buffer, call_size(size), flags, to, length);
    while (result == -EINTR);
    return result;
}

static inline ptrdiff_t call_recvmsg(mio_fd fd, struct msghdr *message, int flags)
{
    ptrdiff_t result;
    do
        result = call_recvmsg_once(fd, message, flags);
    while (result == -EINTR);
    return result;
}

static inline ptrdiff_t call_sendmsg(mio_fd fd, const struct msghdr *message, int flags)
{
    ptrdiff_t result;
    do
        result = call_sendmsg_once(fd, message, flags);
    while (result == -EINTR);
    return result;
}

static inline ptrdiff_t call_read(mio_fd fd, void *buffer, size_t size)
{
    ptrdiff_t result;
    do
        result = call_read_once(fd, buffer, call_size(size));
    while (result == -EINTR);
    return result;
}

static inline ptrdiff_t call_readv(mio_fd fd, const struct iovec *parts, int count)
{
    ptrdiff_t result;
    do
        result = call_readv_once(fd, parts, count);
    while (result == -EINTR);
    return result;
}

static inline ptrdiff_t call_writev(mio_fd fd, const struct iovec *parts, int count)
{
    ptrdiff_t result;
    do
        result = call_writev_once(fd, parts, count);
    while (result == -EINTR);
    return result;
}

#endif

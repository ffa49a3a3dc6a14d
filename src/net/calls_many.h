/* SPDX-License-Identifier: MIT */
/*
 * Several messages in one call of the kernel, where that tells of every error.
 *
 * Linux has sendmmsg() and recvmmsg(). NetBSD (7) and OpenBSD (7.2) have both; their recvmmsg()
 * loses an error that comes after some messages. FreeBSD's are loops in its C library, which lose
 * it too. A sendmmsg() of any system loses the pending error of a connected socket that way: those
 * send one message a call. A call of one message takes sendmsg() and recvmsg(), everywhere.
 *
 * The flags of both are an int with glibc, and unsigned with musl and NetBSD. Either takes what is
 * known not to be negative without a warning.
 */
#ifndef MIO_SRC_NET_CALLS_MANY_H
#define MIO_SRC_NET_CALLS_MANY_H

#include "calls.h"

#include <limits.h>

#if MIO_PLATFORM == MIO_PLATFORM_NETBSD || MIO_PLATFORM == MIO_PLATFORM_OPENBSD
#include <sys/param.h>
#endif

/* A message, and how long it was: a struct mmsghdr, where there is one. */
struct mio__message {
    struct msghdr header;
    unsigned length;
};

#if MIO_PLATFORM == MIO_PLATFORM_LINUX || MIO_PLATFORM == MIO_PLATFORM_NETBSD || \
    (defined(OpenBSD) && OpenBSD >= 202210)

enum { HAS_SENDMMSG = true };

_Static_assert(sizeof(struct mio__message) == sizeof(struct mmsghdr) &&
                   offsetof(struct mio__message, length) == offsetof(struct mmsghdr, msg_len),
               "layout of struct mmsghdr");

#if defined(MIO_DIRECT_CALLS)

static inline ptrdiff_t call_sendmmsg_once(mio_fd fd, struct mio__message *messages, unsigned count,
                                           int flags)
{
    return mio__syscall4(SYS_sendmmsg, fd, (long)messages, count, flags);
}

#else

static inline ptrdiff_t call_sendmmsg_once(mio_fd fd, struct mio__message *messages, unsigned count,
                                           int flags)
{
    int saved = errno;
    int result = sendmmsg(fd, (struct mmsghdr *)(void *)messages, count, flags & INT_MAX);
    return result < 0 ? mio__failed(saved) : result;
}

#endif

#else

enum { HAS_SENDMMSG = false };

static inline ptrdiff_t call_sendmmsg_once(mio_fd fd, struct mio__message *messages, unsigned count,
                                           int flags)
{
    (void)fd;
    (void)messages;
    (void)count;
    (void)flags;
    return -ENOSYS;
}

#endif

#if MIO_PLATFORM != MIO_PLATFORM_LINUX

enum { HAS_RECVMMSG = false };

static inline ptrdiff_t call_recvmmsg_once(mio_fd fd, struct mio__message *messages, unsigned count,
                                           int flags)
{
    (void)fd;
    (void)messages;
    (void)count;
    (void)flags;
    return -ENOSYS;
}

#elif defined(MIO_DIRECT_CALLS)

enum { HAS_RECVMMSG = true };

static inline ptrdiff_t call_recvmmsg_once(mio_fd fd, struct mio__message *messages, unsigned count,
                                           int flags)
{
    return mio__syscall5(SYS_recvmmsg, fd, (long)messages, count, flags, 0);
}

#else

enum { HAS_RECVMMSG = true };

static inline ptrdiff_t call_recvmmsg_once(mio_fd fd, struct mio__message *messages, unsigned count,
                                           int flags)
{
    int saved = errno;
    int result = recvmmsg(fd, (struct mmsghdr *)(void *)messages, count, flags & INT_MAX, NULL);
    return result < 0 ? mio__failed(saved) : result;
}

#endif

/* How many messages were sent, at least one, or -errno. A sandbox may lack the call for several. */
static inline ptrdiff_t call_send_messages(mio_fd fd, struct mio__message *messages, size_t count,
                                           int flags)
{
    ptrdiff_t result = -ENOSYS;
    if (HAS_SENDMMSG && count > 1) {
        do
            result = call_sendmmsg_once(fd, messages, (unsigned)count, flags);
        while (result == -EINTR);
    }
    if (result != -ENOSYS)
        return result;
    result = call_sendmsg(fd, &messages->header, flags);
    return result < 0 ? result : 1;
}

/* How many messages were received, at least one, or -errno. */
static inline ptrdiff_t call_recv_messages(mio_fd fd, struct mio__message *messages, size_t count,
                                           int flags)
{
    ptrdiff_t result;
    if (!HAS_RECVMMSG || count == 1) {
        result = call_recvmsg(fd, &messages->header, flags);
        if (result < 0)
            return result;
        messages->length = (unsigned)result;
        return 1;
    }
    do
        result = call_recvmmsg_once(fd, messages, (unsigned)count, flags);
    while (result == -EINTR);
    return result;
}

#endif

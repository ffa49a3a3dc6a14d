/* SPDX-License-Identifier: MIT */
/* The caller's parts as the system's. */
#ifndef MIO_SRC_NET_IOVEC_H
#define MIO_SRC_NET_IOVEC_H

#include <mio/io.h>

#include <errno.h>
#include <sys/uio.h>

_Static_assert(sizeof(struct mio_iovec) == sizeof(struct iovec) &&
                   offsetof(struct mio_iovec, base) == offsetof(struct iovec, iov_base) &&
                   offsetof(struct mio_iovec, len) == offsetof(struct iovec, iov_len),
               "layout of struct iovec");

/* IOV_MAX of every supported system. */
enum { MIO_MAX_PARTS = 1024 };

/* What no parts at all give. Of kernels only some say 0: EMSGSIZE (Apple's sockets), EINVAL (pipes
 * of Apple, NetBSD, OpenBSD). */
static inline ptrdiff_t move_nothing(const struct mio_source *source)
{
    return source->fd == MIO_INVALID_FD ? -EBADF : 0;
}

static inline struct iovec *iovec_of(const struct mio_iovec *parts)
{
    return (struct iovec *)(uintptr_t)parts;
}

static inline int iovec_count(size_t count)
{
    return count < MIO_MAX_PARTS ? (int)count : MIO_MAX_PARTS;
}

#endif

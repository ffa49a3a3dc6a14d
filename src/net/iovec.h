/* SPDX-License-Identifier: MIT */
/* The caller's parts as the system's. */
#ifndef MIO_SRC_NET_IOVEC_H
#define MIO_SRC_NET_IOVEC_H

#include "../poll/io.h"

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

/* How many bytes these parts are; SIZE_MAX is as good as more. */
static inline size_t iovec_size(const struct mio_iovec *parts, size_t count)
{
    size_t size = 0;
    for (size_t i = 0; i < count; i++)
        size = parts[i].len < SIZE_MAX - size ? size + parts[i].len : SIZE_MAX;
    return size;
}

/* As mio__source_after_part(). Without a selector, or after an error, nobody asks for the size. */
static inline ptrdiff_t after_parts(const struct mio_source *source, mio_interest direction,
                                    ptrdiff_t result, const struct mio_iovec *parts, size_t count)
{
    if (result <= 0 || !source->selector)
        return mio__source_after_io(source, direction, result);
    return mio__source_after_part(source, direction, result,
                                  iovec_size(parts, (size_t)iovec_count(count)));
}

#endif

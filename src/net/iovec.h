/* SPDX-License-Identifier: MIT */
/* The caller's parts as the system's. */
#ifndef MIO_SRC_NET_IOVEC_H
#define MIO_SRC_NET_IOVEC_H

#include <mio/io.h>

#include <sys/uio.h>

_Static_assert(sizeof(struct mio_iovec) == sizeof(struct iovec) &&
                   offsetof(struct mio_iovec, base) == offsetof(struct iovec, iov_base) &&
                   offsetof(struct mio_iovec, len) == offsetof(struct iovec, iov_len),
               "layout of struct iovec");

/* IOV_MAX of every supported system. */
enum { MIO_MOST_PARTS = 1024 };

static inline struct iovec *iovec_of(const struct mio_iovec *parts)
{
    return (struct iovec *)(uintptr_t)parts;
}

static inline int iovec_count(size_t count)
{
    return count < MIO_MOST_PARTS ? (int)count : MIO_MOST_PARTS;
}

#endif

/* SPDX-License-Identifier: MIT */
#ifndef MIO_SRC_ERROR_H
#define MIO_SRC_ERROR_H

#include <errno.h>

/*
 * The result of a libc call that has just failed, with errno put back to what the caller's caller
 * had in it:
 *
 *   int saved = errno;
 *   if (close(fd) < 0)
 *       return mio_failed(saved);
 */
static inline int mio_failed(int saved_errno)
{
    int error = errno;
    errno = saved_errno;
    return -error;
}

#endif

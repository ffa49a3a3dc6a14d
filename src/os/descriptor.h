/* SPDX-License-Identifier: MIT */
/* Descriptors: made, marked and closed. Everything returns 0 or -errno. */
#ifndef MIO_SRC_OS_DESCRIPTOR_H
#define MIO_SRC_OS_DESCRIPTOR_H

#include <mio/types.h>

#include <errno.h>

#include <stdbool.h>
#include <stddef.h>

struct mio__config;

/*
 * The result of a libc call that has just failed, with errno put back to what the caller's caller
 * had in it:
 *
 *   int saved = errno;
 *   if (close(fd) < 0)
 *       return mio__failed(saved);
 */
static inline int mio__failed(int saved_errno)
{
    int error = errno;
    errno = saved_errno;
    return -error;
}

/* Whether a call returned one of these errors. */
static inline bool mio__is_one_of(ptrdiff_t result, const int *errors, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (result == -errors[i])
            return true;
    }
    return false;
}

/* Whether the number is a descriptor; errno stays as it is. */
bool mio__fd_is_open(mio_fd fd);

int mio__fd_set_nonblocking(mio_fd fd, bool nonblocking);

/* Non-blocking and closed on exec, where the call that made it could not say so. */
int mio__fd_prepare(mio_fd fd);

/* Takes over what was made elsewhere: non-blocking, and closed on exec unless it is one of the
 * standard three, which are for children too. After an error it is as it was. */
int mio__fd_adopt(mio_fd fd);

/* A pipe, to read from ends[0]. Both ends are non-blocking and closed on exec: from their first
 * moment where pipe2() is. `flags` are more for pipe2(). */
int mio__fd_pipe(mio_fd ends[2], int flags);

/* Closes what is of no use after an error, and returns the error. */
int mio__fd_give_up(mio_fd fd, int error);

/* --- the library's own: the selector's, the doorbell's --- */

/*
 * Moves a new descriptor out of the places of standard input, output and error, which are free in a
 * program that was started with one of them closed: there it would be taken for that stream. Costs
 * nothing elsewhere. Takes the result of the call that made it: -1 is passed on with its errno; -1
 * is also given, and the descriptor closed, when there is no other place.
 */
int mio__own_fd(int fd);

/* Closes one; what fails is told to the log under this name. Takes -1. */
void mio__close_own(const struct mio__config *config, int fd, const char *what);

#endif

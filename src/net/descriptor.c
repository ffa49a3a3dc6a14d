/* SPDX-License-Identifier: MIT */
#if !defined(_GNU_SOURCE)
#define _GNU_SOURCE /* pipe2 */
#endif

#include "descriptor.h"

#include "../error.h"
#include "../source.h"

#include <fcntl.h>
#include <stddef.h>
#include <unistd.h>

int mio_fd_set_nonblocking(mio_fd fd, bool nonblocking)
{
    int saved = errno;
    int flags = fcntl(fd, F_GETFL);
    if (flags < 0)
        return mio_failed(saved);
    int wanted = nonblocking ? flags | O_NONBLOCK : flags & ~O_NONBLOCK;
    if (wanted != flags && fcntl(fd, F_SETFL, wanted) < 0)
        return mio_failed(saved);
    return 0;
}

int mio_fd_prepare(mio_fd fd)
{
    int saved = errno;
    if (fcntl(fd, F_SETFD, FD_CLOEXEC) < 0)
        return mio_failed(saved);
    return mio_fd_set_nonblocking(fd, true);
}

int mio_fd_adopt(mio_fd fd)
{
    int saved = errno;
    int flags = fcntl(fd, F_GETFD);
    if (flags < 0)
        return mio_failed(saved);
    bool survives_exec = fd > STDERR_FILENO && (flags & FD_CLOEXEC) == 0;
    if (survives_exec && fcntl(fd, F_SETFD, flags | FD_CLOEXEC) < 0)
        return mio_failed(saved);
    int error = mio_fd_set_nonblocking(fd, true);
    if (error < 0)
        (void)fcntl(fd, F_SETFD, flags);
    errno = saved;
    return error;
}

#if MIO_PLATFORM == MIO_PLATFORM_APPLE || MIO_PLATFORM == MIO_PLATFORM_OTHER

int mio_fd_pipe(mio_fd ends[2], int flags)
{
    (void)flags;
    int saved = errno;
    if (pipe(ends) < 0)
        return mio_failed(saved);
    int error = mio_fd_prepare(ends[0]);
    if (error == 0)
        error = mio_fd_prepare(ends[1]);
    if (error == 0)
        return 0;
    (void)mio_fd_give_up(ends[0], error);
    return mio_fd_give_up(ends[1], error);
}

#else

int mio_fd_pipe(mio_fd ends[2], int flags)
{
    int saved = errno;
    return pipe2(ends, O_NONBLOCK | O_CLOEXEC | flags) < 0 ? mio_failed(saved) : 0;
}

#endif

int mio_fd_give_up(mio_fd fd, int error)
{
    int saved = errno;
    (void)close(fd);
    errno = saved;
    return error;
}

int mio_source_take_fd(struct mio_source *source, mio_fd *fd)
{
    if (!source || !fd)
        return -EINVAL;
    if (source->fd == MIO_INVALID_FD)
        return -EBADF;
    mio_source_forget_the_parents(source);
    if (source->selector)
        return -EBUSY;
    *fd = source->fd;
    mio_source_init(source, MIO_INVALID_FD);
    return 0;
}

/* SPDX-License-Identifier: MIT */
#if !defined(_GNU_SOURCE)
#define _GNU_SOURCE /* pipe2 */
#endif

#include "descriptor.h"

#include "log.h"

#include <mio/platform.h>

#include <fcntl.h>
#include <stddef.h>
#include <unistd.h>

bool mio__fd_is_open(mio_fd fd)
{
    int saved = errno;
    bool open = fcntl(fd, F_GETFD) >= 0;
    errno = saved;
    return open;
}

int mio__fd_set_nonblocking(mio_fd fd, bool nonblocking)
{
    int saved = errno;
    int flags = fcntl(fd, F_GETFL);
    if (flags < 0)
        return mio__failed(saved);
    int wanted = nonblocking ? flags | O_NONBLOCK : flags & ~O_NONBLOCK;
    if (wanted != flags && fcntl(fd, F_SETFL, wanted) < 0)
        return mio__failed(saved);
    return 0;
}

int mio__fd_prepare(mio_fd fd)
{
    int saved = errno;
    if (fcntl(fd, F_SETFD, FD_CLOEXEC) < 0)
        return mio__failed(saved);
    return mio__fd_set_nonblocking(fd, true);
}

int mio__fd_adopt(mio_fd fd)
{
    int saved = errno;
    int flags = fcntl(fd, F_GETFD);
    if (flags < 0)
        return mio__failed(saved);
    bool survives_exec = fd > STDERR_FILENO && (flags & FD_CLOEXEC) == 0;
    if (survives_exec && fcntl(fd, F_SETFD, flags | FD_CLOEXEC) < 0)
        return mio__failed(saved);
    int error = mio__fd_set_nonblocking(fd, true);
    if (error < 0)
        (void)fcntl(fd, F_SETFD, flags);
    errno = saved;
    return error;
}

#if MIO_PLATFORM == MIO_PLATFORM_APPLE || MIO_PLATFORM == MIO_PLATFORM_OTHER

int mio__fd_pipe(mio_fd ends[2], int flags)
{
    (void)flags;
    int saved = errno;
    if (pipe(ends) < 0)
        return mio__failed(saved);
    int error = mio__fd_prepare(ends[0]);
    if (error == 0)
        error = mio__fd_prepare(ends[1]);
    if (error == 0)
        return 0;
    (void)mio__fd_give_up(ends[0], error);
    return mio__fd_give_up(ends[1], error);
}

#else

int mio__fd_pipe(mio_fd ends[2], int flags)
{
    int saved = errno;
    return pipe2(ends, O_NONBLOCK | O_CLOEXEC | flags) < 0 ? mio__failed(saved) : 0;
}

#endif

int mio__fd_give_up(mio_fd fd, int error)
{
    int saved = errno;
    (void)close(fd);
    errno = saved;
    return error;
}

/* --- the library's own --- */

int mio__own_fd(int fd)
{
    if (fd < 0 || fd > STDERR_FILENO)
        return fd;
    int moved = fcntl(fd, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
    int error = errno;
    (void)close(fd);
    errno = error;
    return moved;
}

void mio__close_own(const struct mio__config *config, int fd, const char *what)
{
    int saved = errno;
    if (fd >= 0 && close(fd) < 0)
        mio__log(config, mio__failed(saved), what);
}

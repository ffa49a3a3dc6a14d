/* SPDX-License-Identifier: MIT */
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

/* SPDX-License-Identifier: MIT */
#if !defined(_GNU_SOURCE)
#define _GNU_SOURCE /* F_DUPFD_CLOEXEC */
#endif

#include "own_fd.h"

#include "error.h"
#include "selector/selector.h"

#include <fcntl.h>
#include <unistd.h>

int mio_own_fd(int fd)
{
    if (fd < 0 || fd > STDERR_FILENO)
        return fd;
    int moved = fcntl(fd, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
    int error = errno;
    (void)close(fd);
    errno = error;
    return moved;
}

void mio_close_own(const struct mio_config *config, int fd, const char *what)
{
    int saved = errno;
    if (fd >= 0 && close(fd) < 0)
        mio_log(config, mio_failed(saved), what);
}

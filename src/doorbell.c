/* SPDX-License-Identifier: MIT */
#if !defined(_GNU_SOURCE)
#define _GNU_SOURCE /* pipe2 */
#endif

#include "doorbell.h"

#include "error.h"
#include "selector/selector.h"

#include <fcntl.h>
#include <unistd.h>

void mio_close_own(const struct mio_config *config, int fd, const char *what)
{
    int saved = errno;
    if (fd >= 0 && close(fd) < 0)
        mio_log(config, mio_failed(saved), what);
}

#if MIO_PLATFORM == MIO_PLATFORM_LINUX

#include "linux_syscall.h"

#include <sys/eventfd.h>

int mio_doorbell_open(struct mio_doorbell *doorbell, const struct mio_config *config)
{
    (void)config;
    int saved = errno;
    int fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (fd < 0)
        return mio_failed(saved);
    doorbell->read_end = fd;
    doorbell->write_end = fd;
    return 0;
}

void mio_doorbell_close(struct mio_doorbell *doorbell, const struct mio_config *config)
{
    mio_close_own(config, doorbell->read_end, "closing the doorbell");
    doorbell->read_end = -1;
    doorbell->write_end = -1;
}

/* The counter would take 584 years of a ring a nanosecond to fill, so nobody has to read it. */
int mio_doorbell_ring(const struct mio_doorbell *doorbell)
{
    uint64_t one = 1;
    long written = mio_syscall4(SYS_write, doorbell->write_end, (long)&one, sizeof one, 0);
    return written < 0 ? (int)written : 0;
}

void mio_doorbell_silence(const struct mio_doorbell *doorbell)
{
    uint64_t rings;
    (void)mio_syscall4(SYS_read, doorbell->read_end, (long)&rings, sizeof rings, 0);
}

#else

#if MIO_PLATFORM == MIO_PLATFORM_APPLE || MIO_PLATFORM == MIO_PLATFORM_OTHER

static int set_flags(int fd)
{
    return fcntl(fd, F_SETFD, FD_CLOEXEC) < 0 ? -1 : fcntl(fd, F_SETFL, O_NONBLOCK);
}

static int open_pipe(int ends[2])
{
    if (pipe(ends) < 0)
        return -1;
    if (set_flags(ends[0]) == 0 && set_flags(ends[1]) == 0)
        return 0;
    int error = errno;
    close(ends[0]);
    close(ends[1]);
    errno = error;
    return -1;
}

#else

static int open_pipe(int ends[2])
{
    return pipe2(ends, O_CLOEXEC | O_NONBLOCK);
}

#endif

int mio_doorbell_open(struct mio_doorbell *doorbell, const struct mio_config *config)
{
    (void)config;
    int ends[2];
    int saved = errno;
    if (open_pipe(ends) < 0)
        return mio_failed(saved);
    doorbell->read_end = ends[0];
    doorbell->write_end = ends[1];
    return 0;
}

void mio_doorbell_close(struct mio_doorbell *doorbell, const struct mio_config *config)
{
    mio_close_own(config, doorbell->read_end, "closing the doorbell");
    mio_close_own(config, doorbell->write_end, "closing the doorbell");
    doorbell->read_end = -1;
    doorbell->write_end = -1;
}

void mio_doorbell_silence(const struct mio_doorbell *doorbell)
{
    char bytes[4096];
    int saved = errno;
    while (read(doorbell->read_end, bytes, sizeof bytes) > 0)
        ;
    errno = saved;
}

/* A full pipe gives no edge. What is in it was rung long ago, so it may go. Nobody but us has the
 * reading end, so that there can be no SIGPIPE. */
int mio_doorbell_ring(const struct mio_doorbell *doorbell)
{
    int saved = errno;
    while (write(doorbell->write_end, "", 1) < 0) {
        if (errno == EAGAIN)
            mio_doorbell_silence(doorbell);
        else if (errno != EINTR)
            return mio_failed(saved);
    }
    errno = saved;
    return 0;
}

#endif

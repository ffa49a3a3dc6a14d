/* SPDX-License-Identifier: MIT */
#if !defined(_GNU_SOURCE)
#define _GNU_SOURCE /* pipe2 */
#endif

#include "doorbell.h"

#include "error.h"

#include <mio/platform.h>

#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <unistd.h>

/* --- an eventfd --- */

#if MIO_PLATFORM == MIO_PLATFORM_LINUX

#include "linux_syscall.h"

#include <sys/eventfd.h>

static int open_eventfd(void)
{
    return mio_own_fd(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
}

static inline bool is_eventfd(const struct mio_doorbell *doorbell)
{
    return doorbell->read_end == doorbell->write_end;
}

/* The counter would take 584 years of a ring a nanosecond to fill, so nobody has to read it. */
static inline int ring_eventfd(const struct mio_doorbell *doorbell)
{
    uint64_t one = 1;
    long written = mio_syscall4(SYS_write, doorbell->write_end, (long)&one, sizeof one, 0);
    return written < 0 ? (int)written : 0;
}

static void silence_eventfd(const struct mio_doorbell *doorbell)
{
    uint64_t rings;
    (void)mio_syscall4(SYS_read, doorbell->read_end, (long)&rings, sizeof rings, 0);
}

/* From 5.5 on until 5.14 a write makes an edge for epoll only where the pipe was empty. */
enum { AN_EDGE_NEEDS_AN_EMPTY_PIPE = true };

#else

static int open_eventfd(void)
{
    errno = ENOSYS;
    return -1;
}

static inline bool is_eventfd(const struct mio_doorbell *doorbell)
{
    (void)doorbell;
    return false;
}

static inline int ring_eventfd(const struct mio_doorbell *doorbell)
{
    (void)doorbell;
    return -ENOSYS;
}

static void silence_eventfd(const struct mio_doorbell *doorbell)
{
    (void)doorbell;
}

enum { AN_EDGE_NEEDS_AN_EMPTY_PIPE = false };

#endif

/* --- a pipe --- */

#if MIO_PLATFORM == MIO_PLATFORM_APPLE || MIO_PLATFORM == MIO_PLATFORM_OTHER

static int set_flags(int fd)
{
    return fcntl(fd, F_SETFD, FD_CLOEXEC) < 0 ? -1 : fcntl(fd, F_SETFL, O_NONBLOCK);
}

static int open_ends(int ends[2])
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

static int open_ends(int ends[2])
{
    return pipe2(ends, O_CLOEXEC | O_NONBLOCK);
}

#endif

static int open_pipe(int ends[2])
{
    if (open_ends(ends) < 0)
        return -1;
    ends[0] = mio_own_fd(ends[0]);
    int error = errno;
    ends[1] = mio_own_fd(ends[1]);
    if (ends[0] >= 0 && ends[1] >= 0)
        return 0;
    if (ends[0] >= 0)
        error = errno;
    close(ends[0] >= 0 ? ends[0] : ends[1]);
    errno = error;
    return -1;
}

static void silence_pipe(const struct mio_doorbell *doorbell)
{
    char bytes[4096];
    int saved = errno;
    while (read(doorbell->read_end, bytes, sizeof bytes) > 0)
        ;
    errno = saved;
}

/* What is in the pipe was rung long ago, so it may go: a full pipe gives no edge. Nobody but us has
 * the reading end, so that there can be no SIGPIPE. */
static int ring_pipe(const struct mio_doorbell *doorbell)
{
    int saved = errno;
    if (AN_EDGE_NEEDS_AN_EMPTY_PIPE)
        silence_pipe(doorbell);
    while (write(doorbell->write_end, "", 1) < 0) {
        if (errno == EAGAIN)
            silence_pipe(doorbell);
        else if (errno != EINTR)
            return mio_failed(saved);
    }
    errno = saved;
    return 0;
}

/* --- whichever it is --- */

static bool means_shortage(int error)
{
    return error == EMFILE || error == ENFILE || error == ENOMEM;
}

int mio_doorbell_open(struct mio_doorbell *doorbell, const struct mio_config *config)
{
    (void)config;
    int saved = errno;
    int fd = open_eventfd();
    int ends[2] = {fd, fd};
    if (fd < 0 && (means_shortage(errno) || open_pipe(ends) < 0))
        return mio_failed(saved);
    errno = saved;
    *doorbell = (struct mio_doorbell){.read_end = ends[0], .write_end = ends[1]};
    return 0;
}

void mio_doorbell_close(struct mio_doorbell *doorbell, const struct mio_config *config)
{
    if (!is_eventfd(doorbell))
        mio_close_own(config, doorbell->write_end, "closing the doorbell");
    mio_close_own(config, doorbell->read_end, "closing the doorbell");
    *doorbell = (struct mio_doorbell){-1, -1};
}

int mio_doorbell_ring(const struct mio_doorbell *doorbell)
{
    return is_eventfd(doorbell) ? ring_eventfd(doorbell) : ring_pipe(doorbell);
}

void mio_doorbell_silence(const struct mio_doorbell *doorbell)
{
    if (is_eventfd(doorbell))
        silence_eventfd(doorbell);
    else
        silence_pipe(doorbell);
}

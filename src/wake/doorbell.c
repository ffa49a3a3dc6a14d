/* SPDX-License-Identifier: MIT */
#include "doorbell.h"

#include "../os/descriptor.h"

#include <mio/platform.h>

#include <stdbool.h>
#include <stdint.h>
#include <unistd.h>

/* --- an eventfd --- */

#if MIO_PLATFORM == MIO_PLATFORM_LINUX

#include "../os/syscall.h"

#include <sys/eventfd.h>

static int open_eventfd(void)
{
    return mio__own_fd(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
}

static inline bool is_eventfd(const struct mio__doorbell *doorbell)
{
    return doorbell->read_end == doorbell->write_end;
}

/* The counter would take 584 years of a ring a nanosecond to fill, so nobody has to read it. */
static inline int ring_eventfd(const struct mio__doorbell *doorbell)
{
    uint64_t one = 1;
    long written = mio__syscall4(SYS_write, doorbell->write_end, (long)&one, sizeof one, 0);
    return written < 0 ? (int)written : 0;
}

static void drain_eventfd(const struct mio__doorbell *doorbell)
{
    uint64_t rings;
    (void)mio__syscall4(SYS_read, doorbell->read_end, (long)&rings, sizeof rings, 0);
}

/* From 5.5 on until 5.14 a write makes an edge for epoll only where the pipe was empty. */
enum { AN_EDGE_NEEDS_AN_EMPTY_PIPE = true };

#else

static int open_eventfd(void)
{
    errno = ENOSYS;
    return -1;
}

static inline bool is_eventfd(const struct mio__doorbell *doorbell)
{
    (void)doorbell;
    return false;
}

static inline int ring_eventfd(const struct mio__doorbell *doorbell)
{
    (void)doorbell;
    return -ENOSYS;
}

static void drain_eventfd(const struct mio__doorbell *doorbell)
{
    (void)doorbell;
}

enum { AN_EDGE_NEEDS_AN_EMPTY_PIPE = false };

#endif

/* --- a pipe --- */

/* 0 or -errno. */
static int open_pipe(int ends[2])
{
    int error = mio__fd_pipe(ends, 0);
    if (error < 0)
        return error;
    for (int i = 0; i < 2; i++) {
        ends[i] = mio__own_fd(ends[i]);
        if (ends[i] < 0)
            return mio__fd_give_up(ends[1 - i], -errno);
    }
    return 0;
}

static void drain_pipe(const struct mio__doorbell *doorbell)
{
    char bytes[4096];
    int saved = errno;
    while (read(doorbell->read_end, bytes, sizeof bytes) > 0)
        ;
    errno = saved;
}

/* What is in the pipe was rung long ago, so it may go: a full pipe gives no edge. Nobody but us has
 * the reading end, so that there can be no SIGPIPE. */
static int ring_pipe(const struct mio__doorbell *doorbell)
{
    int saved = errno;
    if (AN_EDGE_NEEDS_AN_EMPTY_PIPE)
        drain_pipe(doorbell);
    while (write(doorbell->write_end, "", 1) < 0) {
        if (errno == EAGAIN)
            drain_pipe(doorbell);
        else if (errno != EINTR)
            return mio__failed(saved);
    }
    errno = saved;
    return 0;
}

/* --- whichever it is --- */

static bool means_shortage(int error)
{
    return error == EMFILE || error == ENFILE || error == ENOMEM;
}

int mio__doorbell_open(struct mio__doorbell *doorbell)
{
    int saved = errno;
    int fd = open_eventfd();
    int ends[2] = {fd, fd};
    int error = 0;
    if (fd < 0)
        error = means_shortage(errno) ? -errno : open_pipe(ends);
    errno = saved;
    if (error == 0)
        *doorbell = (struct mio__doorbell){.read_end = ends[0], .write_end = ends[1]};
    return error;
}

void mio__doorbell_close(struct mio__doorbell *doorbell, const struct mio__config *config)
{
    if (!is_eventfd(doorbell))
        mio__close_own(config, doorbell->write_end, "closing the doorbell");
    mio__close_own(config, doorbell->read_end, "closing the doorbell");
    *doorbell = (struct mio__doorbell){-1, -1};
}

int mio__doorbell_ring(const struct mio__doorbell *doorbell)
{
    return is_eventfd(doorbell) ? ring_eventfd(doorbell) : ring_pipe(doorbell);
}

void mio__doorbell_drain(const struct mio__doorbell *doorbell)
{
    if (is_eventfd(doorbell))
        drain_eventfd(doorbell);
    else
        drain_pipe(doorbell);
}

/* SPDX-License-Identifier: MIT */
/*
 * Writing to a pipe that may have lost its reader, without SIGPIPE.
 *
 * Three ways, the best that a system has:
 *   the descriptor   F_SETNOSIGPIPE (Apple, NetBSD): asked for once
 *   the write        RWF_NOSIGNAL of pwritev2() (Linux 6.18): costs nothing
 *   the thread       SIGPIPE is blocked around the write and taken back (os/sigpipe.h): 600 cycles,
 *                    where write and read of 64 bytes take 900
 */
#if !defined(_GNU_SOURCE)
#define _GNU_SOURCE /* S_ISSOCK under a strict -std= */
#endif

#include "pipe_write.h"

#include "../os/sigpipe.h"
#include "calls.h"
#include "iovec.h"

#include <fcntl.h>
#include <stdbool.h>
#include <sys/stat.h>

/* --- by the descriptor --- */

#if defined(F_SETNOSIGPIPE)

static bool is_silent(void)
{
    return true;
}

int mio__pipe_silence(mio_fd fd)
{
    int saved = errno;
    return fcntl(fd, F_SETNOSIGPIPE, 1) < 0 ? mio__failed(saved) : 0;
}

#else

static bool is_silent(void)
{
    return false;
}

int mio__pipe_silence(mio_fd fd)
{
    (void)fd;
    return 0;
}

#endif

/* --- by the write --- */

#if MIO_PLATFORM == MIO_PLATFORM_LINUX && defined(SYS_pwritev2) && !defined(MIO_SYSCALL_BY_LIBC)

enum { WRITE_NO_SIGNAL = 0x100 }; /* RWF_NOSIGNAL, which older headers lack */

atomic_bool mio__pipe_write_blocks_signal = false;

/* -1, -1: at the present position, which is a pipe's only one. */
static ptrdiff_t write_flagged(mio_fd fd, const struct iovec *parts, int count)
{
    ptrdiff_t result;
    do
        result = mio__syscall(SYS_pwritev2, fd, (long)parts, count, -1, -1, WRITE_NO_SIGNAL);
    while (result == -EINTR);
    return result;
}

#else

atomic_bool mio__pipe_write_blocks_signal = true;

static ptrdiff_t write_flagged(mio_fd fd, const struct iovec *parts, int count)
{
    (void)fd;
    (void)parts;
    (void)count;
    return -ENOSYS;
}

#endif

/* What kernels and sandboxes say to a call or a flag that they do not know. Should it be said of
 * the descriptor, the other way of writing says it again. */
static bool is_refusal(ptrdiff_t result)
{
    return result == -EOPNOTSUPP || result == -ENOSYS || result == -EPERM || result == -EACCES ||
           result == -EINVAL;
}

/* Some files take no flags whatever the kernel knows (/proc, terminals before 5.10): a refusal is
 * the kernel's when a pipe or a socket gets it. */
static bool is_the_kernels(mio_fd fd, ptrdiff_t refusal)
{
    struct stat status;
    int saved = errno;
    bool every_kernel_takes_flags =
        fstat(fd, &status) == 0 && (S_ISFIFO(status.st_mode) || S_ISSOCK(status.st_mode));
    errno = saved;
    return refusal == -ENOSYS || every_kernel_takes_flags;
}

/* --- by the thread --- */

static ptrdiff_t write_blocking_signal(mio_fd fd, const struct iovec *parts, int count)
{
    struct mio__sigpipe sigpipe;
    mio__sigpipe_block(&sigpipe);
    ptrdiff_t result = call_writev(fd, parts, count);
    mio__sigpipe_unblock(&sigpipe, result == -EPIPE);
    return result;
}

ptrdiff_t mio__pipe_write(mio_fd fd, const struct mio_iovec *parts, size_t count)
{
    const struct iovec *system_parts = iovec_of(parts);
    int system_count = iovec_count(count);
    if (is_silent())
        return call_writev(fd, system_parts, system_count);
    if (!atomic_load_explicit(&mio__pipe_write_blocks_signal, memory_order_relaxed)) {
        ptrdiff_t result = write_flagged(fd, system_parts, system_count);
        if (!is_refusal(result))
            return result;
        if (is_the_kernels(fd, result))
            atomic_store_explicit(&mio__pipe_write_blocks_signal, true, memory_order_relaxed);
    }
    return write_blocking_signal(fd, system_parts, system_count);
}

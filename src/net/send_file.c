/* SPDX-License-Identifier: MIT */
/*
 * From a file to a connection, inside the kernel where it can: sendfile(2) of Linux, of FreeBSD and
 * DragonFly, and of Apple, which agree on the name alone. What it refuses (a file that the kernel
 * makes as it is read, say), and every other system, is read and sent, a buffer at a time.
 *
 * BSD's and Apple's call fails with EAGAIN or EINTR and has sent something all the same: how much
 * is in another place than the result.
 *
 * sendfile(2) has no flag against SIGPIPE (Linux raises it); only Apple's sockets have an option.
 */
#if !defined(_GNU_SOURCE)
#define _GNU_SOURCE /* pread under a strict -std= */
#endif

#include "../os/descriptor.h"
#include "../os/sigpipe.h"
#include "../poll/io.h"
#include "calls.h"
#include "socket.h"

#include <mio/tcp.h>

#include <unistd.h>

#if MIO_PLATFORM == MIO_PLATFORM_LINUX

#include <sys/sendfile.h>

enum { HAS_SENDFILE = true, RAISES_SIGPIPE = true };

static ptrdiff_t send_file_once(mio_fd socket, mio_fd file, off_t offset, size_t size)
{
    int saved = errno;
    ssize_t result = sendfile(socket, file, &offset, size);
    return result < 0 ? mio__failed(saved) : result;
}

#elif MIO_PLATFORM == MIO_PLATFORM_FREEBSD || MIO_PLATFORM == MIO_PLATFORM_DRAGONFLY

enum { HAS_SENDFILE = true, RAISES_SIGPIPE = true };

static ptrdiff_t send_file_once(mio_fd socket, mio_fd file, off_t offset, size_t size)
{
    int saved = errno;
    off_t sent = 0;
    int result = sendfile(file, socket, offset, size, NULL, &sent, 0);
    int error = result < 0 ? mio__failed(saved) : 0;
    return sent > 0 ? (ptrdiff_t)sent : error;
}

#elif MIO_PLATFORM == MIO_PLATFORM_APPLE

enum { HAS_SENDFILE = true, RAISES_SIGPIPE = false }; /* SO_NOSIGPIPE */

static ptrdiff_t send_file_once(mio_fd socket, mio_fd file, off_t offset, size_t size)
{
    int saved = errno;
    off_t sent = (off_t)size;
    int result = sendfile(file, socket, offset, &sent, NULL, 0);
    int error = result < 0 ? mio__failed(saved) : 0;
    if (error < 0 && sent == (off_t)size)
        return error; /* nobody wrote how many it was: a call that fails has not sent all */
    return sent > 0 ? (ptrdiff_t)sent : error;
}

#else

enum { HAS_SENDFILE = false, RAISES_SIGPIPE = false };

static ptrdiff_t send_file_once(mio_fd socket, mio_fd file, off_t offset, size_t size)
{
    (void)socket;
    (void)file;
    (void)offset;
    (void)size;
    return -ENOSYS;
}

#endif

static ptrdiff_t send_within_kernel(mio_fd socket, mio_fd file, off_t offset, size_t size)
{
    struct mio__sigpipe sigpipe;
    ptrdiff_t result;
    if (RAISES_SIGPIPE)
        mio__sigpipe_block(&sigpipe);
    do
        result = send_file_once(socket, file, offset, size);
    while (result == -EINTR);
    if (RAISES_SIGPIPE)
        mio__sigpipe_unblock(&sigpipe, result == -EPIPE);
    return result;
}

/* What the file, or the connection, is no good for: whoever reads it finds out which. A sandbox
 * refuses the call itself. */
static bool must_be_copied(ptrdiff_t result)
{
    static const int refusals[] = {EINVAL, ENOSYS, EOPNOTSUPP, ENOTSUP, EPERM, EACCES, ENOTSOCK};
    return mio__is_one_of(result, refusals, sizeof refusals / sizeof refusals[0]);
}

/* One buffer a call: an error that comes after it is told by the next one. */
static ptrdiff_t copy_some(struct mio_source *stream, mio_fd file, off_t offset, size_t size)
{
    char buffer[16384];
    size_t wanted = size < sizeof buffer ? size : sizeof buffer;
    int saved = errno;
    ssize_t got;
    do
        got = pread(file, buffer, wanted, offset);
    while (got < 0 && errno == EINTR);
    if (got < 0)
        return mio__failed(saved);
    errno = saved;
    return got == 0 ? 0 : mio__socket_send(stream, buffer, (size_t)got);
}

ptrdiff_t mio_tcp_stream_send_file(struct mio_tcp_stream *stream, mio_fd file, int64_t offset,
                                   size_t size)
{
    if (!stream || offset < 0)
        return -EINVAL;
    if ((off_t)offset != offset)
        return -EOVERFLOW;
    size = call_size(size);
    if (size == 0)
        return 0;
    if (HAS_SENDFILE) {
        ptrdiff_t result = send_within_kernel(stream->source.fd, file, (off_t)offset, size);
        if (!must_be_copied(result))
            return mio__socket_after_send(&stream->source, result);
    }
    return copy_some(&stream->source, file, (off_t)offset, size);
}

/* SPDX-License-Identifier: MIT */
#if !defined(_GNU_SOURCE)
#define _GNU_SOURCE /* pipe2 */
#endif

#include "../error.h"
#include "../io.h"
#include "calls.h"
#include "descriptor.h"
#include "iovec.h"
#include "pipe_write.h"

#include <mio/pipe.h>

#include <fcntl.h>
#include <stdbool.h>
#include <unistd.h>

/* NetBSD's way to keep SIGPIPE away in the call itself. */
#if defined(O_NOSIGPIPE)
enum { NO_SIGPIPE_FLAG = O_NOSIGPIPE };
#else
enum { NO_SIGPIPE_FLAG = 0 };
#endif

#if MIO_PLATFORM != MIO_PLATFORM_APPLE && defined(O_CLOEXEC)

enum { BORN_READY = true };

static inline int make_pipe(int fds[2])
{
    return pipe2(fds, O_NONBLOCK | O_CLOEXEC | NO_SIGPIPE_FLAG);
}

#else

enum { BORN_READY = false };

static inline int make_pipe(int fds[2])
{
    return pipe(fds);
}

#endif

/* A source is the first member: a NULL end becomes a NULL source. */
static inline struct mio_source *sender_source(const struct mio_pipe_sender *sender)
{
    return (struct mio_source *)(uintptr_t)sender;
}

static inline struct mio_source *receiver_source(const struct mio_pipe_receiver *receiver)
{
    return (struct mio_source *)(uintptr_t)receiver;
}

/* What the call that made the descriptors could not do. */
static int finish_pipe(const int fds[2])
{
    int error = 0;
    if (!BORN_READY)
        error = mio_fd_prepare(fds[0]);
    if (!BORN_READY && error == 0)
        error = mio_fd_prepare(fds[1]);
    if (NO_SIGPIPE_FLAG == 0 && error == 0)
        error = mio_pipe_silence(fds[1]);
    return error;
}

int mio_pipe_new(struct mio_pipe_sender *sender, struct mio_pipe_receiver *receiver)
{
    if (!sender || !receiver)
        return -EINVAL;
    int saved = errno;
    int fds[2];
    if (make_pipe(fds) < 0)
        return mio_failed(saved);
    int error = finish_pipe(fds);
    if (error < 0) {
        (void)mio_fd_give_up(fds[0], error);
        return mio_fd_give_up(fds[1], error);
    }
    mio_source_init(&receiver->source, fds[0]);
    mio_source_init(&sender->source, fds[1]);
    return 0;
}

ptrdiff_t mio_pipe_sender_writev(struct mio_pipe_sender *sender, const struct mio_iovec *parts,
                                 size_t count)
{
    if (!sender)
        return -EINVAL;
    return mio_source_after_io(&sender->source, MIO_WRITABLE,
                               mio_pipe_write(sender->source.fd, parts, count));
}

ptrdiff_t mio_pipe_sender_write(struct mio_pipe_sender *sender, const void *buffer, size_t size)
{
    struct mio_iovec part = {.base = (void *)(uintptr_t)buffer, .len = call_size(size)};
    return mio_pipe_sender_writev(sender, &part, 1);
}

ptrdiff_t mio_pipe_receiver_read(struct mio_pipe_receiver *receiver, void *buffer, size_t size)
{
    if (!receiver)
        return -EINVAL;
    return mio_source_after_io(&receiver->source, MIO_INCOMING,
                               call_read(receiver->source.fd, buffer, size));
}

ptrdiff_t mio_pipe_receiver_readv(struct mio_pipe_receiver *receiver, const struct mio_iovec *parts,
                                  size_t count)
{
    if (!receiver)
        return -EINVAL;
    return mio_source_after_io(
        &receiver->source, MIO_INCOMING,
        call_readv(receiver->source.fd, iovec_of(parts), iovec_count(count)));
}

int mio_pipe_sender_set_nonblocking(struct mio_pipe_sender *sender, bool nonblocking)
{
    return sender ? mio_fd_set_nonblocking(sender->source.fd, nonblocking) : -EINVAL;
}

int mio_pipe_receiver_set_nonblocking(struct mio_pipe_receiver *receiver, bool nonblocking)
{
    return receiver ? mio_fd_set_nonblocking(receiver->source.fd, nonblocking) : -EINVAL;
}

int mio_pipe_sender_from_fd(mio_fd fd, struct mio_pipe_sender *sender)
{
    if (!sender)
        return -EINVAL;
    int error = mio_pipe_silence(fd);
    if (error == 0)
        error = mio_fd_set_nonblocking(fd, true);
    if (error < 0)
        return error;
    mio_source_init(&sender->source, fd);
    return 0;
}

int mio_pipe_receiver_from_fd(mio_fd fd, struct mio_pipe_receiver *receiver)
{
    if (!receiver)
        return -EINVAL;
    int error = mio_fd_set_nonblocking(fd, true);
    if (error < 0)
        return error;
    mio_source_init(&receiver->source, fd);
    return 0;
}

int mio_pipe_sender_into_fd(struct mio_pipe_sender *sender, mio_fd *fd)
{
    return mio_source_take_fd(sender_source(sender), fd);
}

int mio_pipe_receiver_into_fd(struct mio_pipe_receiver *receiver, mio_fd *fd)
{
    return mio_source_take_fd(receiver_source(receiver), fd);
}

int mio_pipe_sender_close(struct mio_pipe_sender *sender)
{
    return mio_source_close(sender_source(sender));
}

int mio_pipe_receiver_close(struct mio_pipe_receiver *receiver)
{
    return mio_source_close(receiver_source(receiver));
}

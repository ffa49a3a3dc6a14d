/* SPDX-License-Identifier: MIT */
#include "../os/descriptor.h"
#include "../poll/io.h"
#include "calls.h"
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

int mio_pipe_open(struct mio_pipe_sender *sender, struct mio_pipe_receiver *receiver)
{
    if (!sender || !receiver)
        return -EINVAL;
    mio_fd fds[2];
    int error = mio__fd_pipe(fds, NO_SIGPIPE_FLAG);
    if (error < 0)
        return error;
    if (NO_SIGPIPE_FLAG == 0)
        error = mio__pipe_silence(fds[1]);
    if (error < 0) {
        (void)mio__fd_give_up(fds[0], error);
        return mio__fd_give_up(fds[1], error);
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
    if (count == 0)
        return move_nothing(&sender->source);
    return after_parts(&sender->source, MIO_WRITABLE,
                       mio__pipe_write(sender->source.fd, parts, count), parts, count);
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
    return mio__source_after_part(&receiver->source, MIO_INCOMING,
                                  call_read(receiver->source.fd, buffer, size), size);
}

ptrdiff_t mio_pipe_receiver_readv(struct mio_pipe_receiver *receiver, const struct mio_iovec *parts,
                                  size_t count)
{
    if (!receiver)
        return -EINVAL;
    if (count == 0)
        return move_nothing(&receiver->source);
    return after_parts(&receiver->source, MIO_INCOMING,
                       call_readv(receiver->source.fd, iovec_of(parts), iovec_count(count)), parts,
                       count);
}

int mio_pipe_sender_set_nonblocking(struct mio_pipe_sender *sender, bool nonblocking)
{
    return sender ? mio__fd_set_nonblocking(sender->source.fd, nonblocking) : -EINVAL;
}

int mio_pipe_receiver_set_nonblocking(struct mio_pipe_receiver *receiver, bool nonblocking)
{
    return receiver ? mio__fd_set_nonblocking(receiver->source.fd, nonblocking) : -EINVAL;
}

int mio_pipe_sender_from_fd(mio_fd fd, struct mio_pipe_sender *sender)
{
    if (!sender)
        return -EINVAL;
    int error = mio__pipe_silence(fd);
    if (error == 0)
        error = mio__fd_adopt(fd);
    if (error < 0)
        return error;
    mio_source_init(&sender->source, fd);
    return 0;
}

int mio_pipe_receiver_from_fd(mio_fd fd, struct mio_pipe_receiver *receiver)
{
    if (!receiver)
        return -EINVAL;
    int error = mio__fd_adopt(fd);
    if (error < 0)
        return error;
    mio_source_init(&receiver->source, fd);
    return 0;
}

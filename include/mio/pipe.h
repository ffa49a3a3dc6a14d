/* SPDX-License-Identifier: MIT */
/*
 * Pipes: what the sender writes, the receiver reads. io.h tells what holds for reading and writing.
 * The ends are values, owned by the caller, as sockets are (socket.h): a struct mio_source and
 * nothing more, registered by mio_source_register(&sender.source, ...), and closed or given away by
 * mio_source_close() and mio_source_into_fd().
 *
 * Writing to a pipe whose receiver is gone gives -EPIPE and never the signal SIGPIPE, which has its
 * price where the kernel has no flag for it: Linux before 6.18, FreeBSD, OpenBSD and DragonFly. The
 * signal is blocked there, for the calling thread, around each write, and the one that the write
 * raised is taken back: two system calls more for a write, which a program with many small messages
 * can avoid by a socket pair. A SIGPIPE that was pending before stays pending.
 */
#ifndef MIO_PIPE_H
#define MIO_PIPE_H

#include <mio/io.h>

#include <stdbool.h>

MIO_BEGIN_DECLS

struct mio_pipe_sender {
    struct mio_source source;
};

struct mio_pipe_receiver {
    struct mio_source source;
};

/*
 * Makes a pipe, both ends non-blocking and closed on exec (on Apple not from the first moment).
 * -EINVAL: NULL. -EMFILE, -ENFILE.
 *
 * For a child: it inherits that its end does not block, and most programs do not expect a
 * non-blocking standard input or output, and fail at the first EAGAIN. Make the child's end
 * blocking, which leaves this process' end as it is, and give it by dup2(), which leaves it open on
 * exec. Its standard output is a sender, its standard input a receiver:
 *
 *   mio_pipe_sender_set_nonblocking(&sender, false);
 *   ... in the child: dup2(sender.source.fd, STDOUT_FILENO), and exec
 *   ... in the parent: mio_source_close(&sender.source), or the receiver never sees the end
 */
MIO_API int mio_pipe_open(struct mio_pipe_sender *sender, struct mio_pipe_receiver *receiver);

/* Writes some of `size` bytes; up to PIPE_BUF (512 at least) all or none, in one piece. -EAGAIN: no
 * room. -EPIPE: the receiver is closed. */
MIO_API ptrdiff_t mio_pipe_sender_write(struct mio_pipe_sender *sender, const void *buffer,
                                        size_t size);

/* Reads at most `size` bytes; 0: every sender is closed, and all is read. -EAGAIN: nothing there
 * yet. */
MIO_API ptrdiff_t mio_pipe_receiver_read(struct mio_pipe_receiver *receiver, void *buffer,
                                         size_t size);

/* Several parts in order, as if they were one; those after the 1024th are left for the next call.
 * No parts: 0. */
MIO_API ptrdiff_t mio_pipe_sender_writev(struct mio_pipe_sender *sender,
                                         const struct mio_iovec *parts, size_t count);
MIO_API ptrdiff_t mio_pipe_receiver_readv(struct mio_pipe_receiver *receiver,
                                          const struct mio_iovec *parts, size_t count);

/*
 * Makes an end blocking, or non-blocking again, for all who share the open file: that end's
 * duplicates, but not the other end. Edge-triggered interest needs it non-blocking.
 */
MIO_API int mio_pipe_sender_set_nonblocking(struct mio_pipe_sender *sender, bool nonblocking);
MIO_API int mio_pipe_receiver_set_nonblocking(struct mio_pipe_receiver *receiver, bool nonblocking);

/*
 * Takes an end made elsewhere, a child's stdin or stdout for instance, or anything that is written
 * and read as a pipe is: a FIFO, a terminal. It is made non-blocking, for all who share the open
 * file, and closed on exec, unless it is 0, 1 or 2, which are for children too. -EBADF, after which
 * (as after any error) the descriptor is the caller's still, and unchanged but for F_SETNOSIGPIPE,
 * which a sender may have by then on Apple and NetBSD.
 *
 * macOS never tells of the end of a FIFO: when the last writer or reader has gone no event comes,
 * edge or level, though a read gives 0 and a write -EPIPE. Of a device there, /dev/tty among them,
 * the kernel makes no second edge by itself: use MIO_LEVEL or MIO_ONESHOT, or open the terminal by
 * its own name (ttyname()).
 */
MIO_API int mio_pipe_sender_from_fd(mio_fd fd, struct mio_pipe_sender *sender);
MIO_API int mio_pipe_receiver_from_fd(mio_fd fd, struct mio_pipe_receiver *receiver);

MIO_END_DECLS

#endif

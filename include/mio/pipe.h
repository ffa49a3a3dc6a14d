/* SPDX-License-Identifier: MIT */
/*
 * Pipes: what the sender writes, the receiver reads. io.h says what holds for reading and writing.
 * The ends are values of the caller's, as sockets are (socket.h): a struct mio_source and nothing
 * more. Register them by mio_source_register(&sender.source, ...), close them by
 * mio_source_close(), give them away by mio_source_into_fd().
 *
 * Writing to a pipe whose receiver is closed gives -EPIPE, and never the signal SIGPIPE. Linux from
 * 6.18 on, NetBSD and Apple have a flag for that. Elsewhere each write blocks the signal for the
 * calling thread and takes back the one that it has raised, which costs two more system calls. A
 * program with many small messages can avoid that by a socket pair. A SIGPIPE that was pending
 * before stays pending.
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
 * Makes a pipe. Both ends are non-blocking and closed on exec (on Apple by calls that follow: a
 * fork and exec in between inherits them). -EINVAL: NULL. -EMFILE, -ENFILE. After an error nothing
 * is open, and the structs are as they were.
 *
 * A child's standard input or output should block: most programs fail at the first EAGAIN. Make the
 * child's end blocking, which leaves the other end as it is, and give it to the child by dup2(),
 * which leaves it open on exec. A sender becomes standard output, a receiver standard input:
 *
 *   mio_pipe_sender_set_nonblocking(&sender, false);
 *   ... in the child: dup2(sender.source.fd, STDOUT_FILENO), and exec
 *   ... in the parent: mio_source_close(&sender.source), or the receiver never sees the end
 */
MIO_API int mio_pipe_open(struct mio_pipe_sender *sender, struct mio_pipe_receiver *receiver);

/* Writes some of `size` bytes and returns how many. PIPE_BUF bytes (512 at least) and fewer are
 * written in one piece or not at all. -EAGAIN: there is no room. -EPIPE: the receiver is closed. */
MIO_API ptrdiff_t mio_pipe_sender_write(struct mio_pipe_sender *sender, const void *buffer,
                                        size_t size);

/* Reads at most `size` bytes and returns how many. 0: all is read, and every descriptor of the
 * sender is closed. -EAGAIN: there is nothing yet. */
MIO_API ptrdiff_t mio_pipe_receiver_read(struct mio_pipe_receiver *receiver, void *buffer,
                                         size_t size);

/* The same with `count` parts in order, as if they were one. Parts after the 1024th are left for
 * another call. No parts: 0. */
MIO_API ptrdiff_t mio_pipe_sender_writev(struct mio_pipe_sender *sender,
                                         const struct mio_iovec *parts, size_t count);
MIO_API ptrdiff_t mio_pipe_receiver_readv(struct mio_pipe_receiver *receiver,
                                          const struct mio_iovec *parts, size_t count);

/*
 * Makes an end non-blocking, or blocking, for everybody who shares its open file: for the
 * duplicates of this end, but not for the other end. With edge-triggered interest it has to be
 * non-blocking. -EINVAL: NULL. -EBADF.
 */
MIO_API int mio_pipe_sender_set_nonblocking(struct mio_pipe_sender *sender, bool nonblocking);
MIO_API int mio_pipe_receiver_set_nonblocking(struct mio_pipe_receiver *receiver, bool nonblocking);

/*
 * Takes over an end that was made elsewhere, or anything else that is written or read as a pipe is:
 * a FIFO, a terminal. The descriptor becomes the end's, non-blocking for everybody who shares its
 * open file, and closed on exec, but for 0, 1 and 2, which children need. -EINVAL: NULL. -EBADF: it
 * is closed. After an error the descriptor is still the caller's and as it was, but that a sender's
 * may have F_SETNOSIGPIPE by then on Apple and NetBSD.
 *
 * macOS never tells of the end of a FIFO (K21): no event comes when its last writer or reader has
 * gone, though a read gives 0 and a write -EPIPE. Of a character device such as /dev/tty it gives
 * one edge and no more, unless its end's calls have met -EAGAIN (K55).
 */
MIO_API int mio_pipe_sender_from_fd(mio_fd fd, struct mio_pipe_sender *sender);
MIO_API int mio_pipe_receiver_from_fd(mio_fd fd, struct mio_pipe_receiver *receiver);

MIO_END_DECLS

#endif

/* SPDX-License-Identifier: MIT */
/*
 * Reading and writing: what the functions of tcp.h, udp.h, unix.h and pipe.h have in common, and
 * how a program makes calls of its own on a source's descriptor.
 *
 * Results. The number of bytes moved, or a negative errno value. Reading 0 is the end of a stream,
 * or an empty datagram. -EAGAIN: not yet; wait for an event. -EBADF: the source is empty or closed.
 * -EINVAL: the socket or pipe is NULL. -EFAULT: the memory is not the program's. -EPIPE: the other
 * end is closed, or this direction was shut down; the signal SIGPIPE is never raised. Any other
 * error is the kernel's. The comments name those that a program has to know.
 *
 * One call moves INT_MAX bytes at most. After a signal (EINTR) it goes on. No call blocks while the
 * open file is non-blocking. That is a state of the open file, and another process that has
 * inherited a descriptor of it can end it. Then the calls block, but not reading and writing of
 * sockets on Linux.
 *
 * Cancellation. Accepting, connecting and closing are cancellation points of pthread_cancel(3).
 * Reading and writing are too, except on Linux on x86-64, aarch64 and riscv64, where the system
 * call is made directly. A thread that is cancelled in a call loses what the call would have
 * returned. With poll(2) do not cancel a thread in a call of a registered source.
 *
 * Events. Where the library makes the edges (mio_poll_makes_edges()), a call that gives -EAGAIN
 * asks for the next event of its source, and so does one of a stream or a pipe that moves less than
 * it was asked for. It does not know of a registration that was made with the
 * descriptor's number, by mio_registry_register(): register the source, or call
 * mio_registry_rearm() after each -EAGAIN. For a listener that several polls share give each of
 * them a source of its own, with a duplicate of the descriptor:
 *
 *   mio_tcp_listener_from_fd(fcntl(shared.source.fd, F_DUPFD_CLOEXEC, 0), &mine);
 *   mio_source_register(&mine.source, registry, token, MIO_READABLE | MIO_EXCLUSIVE);
 *
 * Threads. One thread may read while another writes. Several may read, or write, if the order of
 * the bytes does not matter. No thread may do so while another registers, reregisters, deregisters
 * or closes the source. But a thread that gets an event of a new registration may use the source at
 * once, though the registering call has not returned. No call is for a signal handler.
 */
#ifndef MIO_IO_H
#define MIO_IO_H

#include <mio/source.h>
#include <mio/types.h>

MIO_BEGIN_DECLS

/* A part of a vectored read or write. It has the members and the layout of POSIX's struct iovec, so
 * a pointer to one may be cast to the other. */
struct mio_iovec {
    void *base;
    size_t len;
};

/* Which directions of a connection to end. */
enum mio_shutdown {
    MIO_SHUTDOWN_READ,
    MIO_SHUTDOWN_WRITE, /* the peer reads what was written, and then 0 */
    MIO_SHUTDOWN_BOTH
};

/* An operation on a descriptor, which does not block. Returns a count (0 or more), or -errno. */
typedef ptrdiff_t mio_io_function(mio_fd fd, void *user);

/*
 * Calls operation(source->fd, user) and returns its result. When that is -EAGAIN, it asks the
 * selector for the next event of `direction` first: MIO_READABLE for an operation that reads or
 * accepts, MIO_WRITABLE for one that writes.
 *
 * It is for calls that the library does not have, such as recvmsg(2); the library's own ask by
 * themselves. Where the library makes the edges (poll(2), event ports), no event follows an EAGAIN
 * that the library has not seen. With epoll and kqueue the descriptor may be used directly.
 *
 *   static ptrdiff_t receive(mio_fd fd, void *user)
 *   {
 *       ssize_t n = recvmsg(fd, user, 0);
 *       return n < 0 ? -errno : n;
 *   }
 *   ...
 *   n = mio_source_try_io(&socket.source, MIO_READABLE, receive, &message);
 *
 * -EINVAL: `source` or `operation` is NULL, or there is no direction. -EBADF: the source is empty.
 * When asking for the next event fails (-ENOMEM), that error is returned in place of -EAGAIN, since
 * no event would come; the log is told too.
 *
 * For these nothing is asked, and -EAGAIN is returned: a source that is not registered, or not for
 * `direction`; a level-triggered one, which needs no asking; a one-shot one, which only
 * mio_source_reregister() arms; one whose descriptor the selector has forgotten; and in a child of
 * fork() one that the parent has registered.
 */
MIO_API ptrdiff_t mio_source_try_io(struct mio_source *source, mio_interest direction,
                                    mio_io_function *operation, void *user);

MIO_END_DECLS

#endif

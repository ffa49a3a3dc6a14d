/* SPDX-License-Identifier: MIT */
/*
 * Reading and writing: what the functions of tcp.h, udp.h, unix.h and pipe.h have in common, and
 * how a program's own call on a source's descriptor is made.
 *
 * Results. Bytes moved, 0 for the end of the stream (or an empty datagram), or a negative errno
 * value. -EAGAIN: not now; wait for an event. -EBADF: the source is closed. -EINVAL: a NULL socket.
 * -EFAULT: memory that is not the caller's. -EPIPE: the other end, or this direction, is closed;
 * never the signal SIGPIPE. The kernel's other errors are passed on, and named where they matter.
 *
 * No call is interrupted: after EINTR it is made again. None blocks while the open file is
 * non-blocking, which is a state that all its descriptors share: a process that has inherited one
 * can clear it. After that accepting and pipes block, and all calls except on Linux, where reading
 * and writing of sockets never does. At most INT_MAX bytes are moved by one call.
 *
 * Reading and writing are no cancellation points on Linux on x86-64, aarch64 and riscv64, where the
 * system calls are made directly. Elsewhere they are, and accepting, connecting and closing are
 * everywhere, as libc's calls are: a thread that is cancelled in one loses what it was about to
 * return. With poll(2) no thread may be cancelled in a call of a source that is registered.
 *
 * Threads. One thread may read while another writes, and several may do the same if the order of
 * their bytes is nobody's concern. None of it while the source is registered, reregistered,
 * deregistered or closed; but who gets an event of a registration may use the source at once, though
 * the call that made it has not returned.
 */
#ifndef MIO_IO_H
#define MIO_IO_H

#include <mio/source.h>
#include <mio/types.h>

MIO_BEGIN_DECLS

/*
 * A part of a vectored read or write: the members and layout of POSIX's struct iovec, so a pointer
 * to one may be cast to the other. (Windows' WSABUF has them in the other order.)
 */
struct mio_iovec {
    void *base;
    size_t len;
};

/* Which directions of a connection to end. */
enum mio_shutdown {
    MIO_SHUTDOWN_READ,
    MIO_SHUTDOWN_WRITE, /* the peer reads 0 after what was written */
    MIO_SHUTDOWN_BOTH
};

/* A call on a descriptor, not to block: returns its result (bytes, or anything from 0 up), or
 * -errno. */
typedef ptrdiff_t mio_io_function(mio_fd fd, void *user);

/*
 * Calls operation(source->fd, user) and returns its result, after noting a -EAGAIN: where the
 * library and not the kernel makes the edges, this asks for the next event in `direction`,
 * MIO_READABLE for what reads or accepts, MIO_WRITABLE for what writes. On epoll and kqueue
 * nothing has to be noted and plain calls on the descriptor do as well, but only with this does the
 * program run on every selector. The functions of the library do it themselves.
 *
 *   static ptrdiff_t receive(mio_fd fd, void *user)
 *   {
 *       ssize_t n = recvmsg(fd, user, 0);
 *       return n < 0 ? -errno : n;
 *   }
 *   ...
 *   n = mio_source_try_io(&socket.source, MIO_READABLE, receive, &message);
 *
 * -EINVAL: NULL, or no direction. -EBADF: the source is closed. When the next event cannot be asked
 * for (-ENOMEM), that error is returned in place of -EAGAIN, since nothing would end the waiting;
 * it is told to the log too. That the selector has already forgotten the descriptor (-ENOENT) is no
 * such error: -EAGAIN stays. Nor is a registration for MIO_LEVEL, which needs no asking, for
 * MIO_ONESHOT, which only mio_source_reregister() arms again, or one made by the parent before a
 * fork.
 */
MIO_API ptrdiff_t mio_source_try_io(const struct mio_source *source, mio_interest direction,
                                    mio_io_function *operation, void *user);

MIO_END_DECLS

#endif

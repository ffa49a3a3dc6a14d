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
 * Which events follow. A call asks for the next event of its own source, where that has to be
 * asked for. Of a socket whose number is registered in place of its source, by
 * mio_registry_register(), it knows nothing: with poll(2) that one is silent after its first
 * -EAGAIN. Register the source, or call mio_registry_rearm() after each -EAGAIN. A listener that
 * several polls share, by MIO_EXCLUSIVE or not, has a source in each, with a duplicate of the
 * descriptor:
 *
 *   mio_tcp_listener_from_fd(fcntl(shared.source.fd, F_DUPFD_CLOEXEC, 0), &mine);
 *   mio_source_register(&mine.source, registry, token, MIO_READABLE | MIO_EXCLUSIVE);
 *
 * Threads. One thread may read while another writes, and several may do the same if the order of
 * their bytes is nobody's concern. None of it while the source is registered, reregistered,
 * deregistered or closed; but who gets an event of a registration may use the source at once,
 * though the call that made it has not returned.
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
 * Calls operation(source->fd, user) and returns its result. When that is -EAGAIN, it first asks the
 * selector for the next event in `direction`: MIO_READABLE for an operation that reads or accepts,
 * MIO_WRITABLE for one that writes.
 *
 * Use it for calls that the library does not have, such as recvmsg(2); the library's own functions
 * do the same by themselves. With poll(2), where the library makes the edges, no event follows an
 * -EAGAIN that was not seen here. With epoll and kqueue the kernel makes them, and a plain call on
 * the descriptor does as well.
 *
 *   static ptrdiff_t receive(mio_fd fd, void *user)
 *   {
 *       ssize_t n = recvmsg(fd, user, 0);
 *       return n < 0 ? -errno : n;
 *   }
 *   ...
 *   n = mio_source_try_io(&socket.source, MIO_READABLE, receive, &message);
 *
 * -EINVAL: NULL, or no direction. -EBADF: the source is closed. When asking for the next event
 * fails (-ENOMEM), that error is returned in place of -EAGAIN, since no event would end the
 * waiting; the log is told too.
 *
 * Nothing is asked for, and -EAGAIN is returned, when the selector has forgotten the descriptor,
 * when the registration is level-triggered (it needs no asking) or one-shot (only
 * mio_source_reregister() arms it again), and in a child of fork() when the parent made it.
 */
MIO_API ptrdiff_t mio_source_try_io(struct mio_source *source, mio_interest direction,
                                    mio_io_function *operation, void *user);

MIO_END_DECLS

#endif

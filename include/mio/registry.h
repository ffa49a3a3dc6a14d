/* SPDX-License-Identifier: MIT */
/*
 * The registry of a poll: which descriptors it watches, for what, under which token. It takes raw
 * descriptors, of which it knows what the selector knows. A struct mio_source (mio/source.h) is
 * checked alike on every system; typed sockets and pipes are registered by theirs.
 *
 * Any thread may call any function while another waits, which takes effect on that wait. None is
 * for a signal handler. No function takes ownership of a descriptor, or makes it non-blocking, as a
 * descriptor with edge-triggered interest has to be.
 *
 * A descriptor is watched once in a poll. Deregister it before it is closed. The kernel forgets a
 * closed descriptor by itself, but epoll only with its last duplicate (E1), and poll(2) only in the
 * next wait (P2). mio_source_close() does both in the right order.
 *
 * Where the library makes the edges (mio_poll_makes_edges()), a registration by number gives one
 * event and then no other until mio_registry_rearm() is called. The calls of a typed socket rearm
 * its source, and do not know of a registration by its number:
 *
 *   mio_registry_register(registry, listener.source.fd, token, MIO_READABLE);
 *   ...
 *   n = mio_tcp_listener_accept(&listener, &stream, NULL);
 *   if (n == -EAGAIN)
 *       mio_registry_rearm(registry, listener.source.fd, MIO_READABLE);
 */
#ifndef MIO_REGISTRY_H
#define MIO_REGISTRY_H

#include <mio/interest.h>
#include <mio/types.h>

MIO_BEGIN_DECLS

struct mio_registry;

/*
 * Starts watching `fd`. If it is ready already, that gives an event.
 *
 * -EINVAL: NULL; an interest without readiness, or with unknown bits; MIO_LEVEL with MIO_ONESHOT;
 * MIO_EXCLUSIVE with MIO_ONESHOT, MIO_PRIORITY, MIO_READ_CLOSED or MIO_ERROR. -ENOTSUP: this
 * selector does not serve one of the bits. -EBADF: the descriptor is closed, or opened with O_PATH.
 * -EPERM: a regular file, a directory, or a device that this selector cannot watch, as epoll cannot
 * watch /dev/null (E3); not in a poll with MIO_OPTION_ALWAYS_READY_FILES.
 * -EEXIST: it is registered already. Two selectors do not notice that, and return 0:
 * - kqueue (K6): the token of the filters that both ask for is replaced, and the rest of the first
 *   registration stays, its mode too;
 * - poll(2), but for sockets and pipes on Linux, and event ports: the first registration is
 *   replaced, since nothing tells the file from another that has got its number.
 * -ENOMEM. -ENOSPC: too many with epoll (fs.epoll.max_user_watches). -EAGAIN: too many with event
 * ports (S11). -ECHILD: see mio_poll_wait(). Any other error is the kernel's, of a device, say, or
 * of a selector in a selector.
 *
 * After an error nothing is registered that was not before, and no thread that waits gets `token`.
 */
MIO_API int mio_registry_register(struct mio_registry *registry, mio_fd fd, mio_token token,
                                  mio_interest interest);

/*
 * Replaces token, interest and mode of a registration. If the descriptor is ready, that gives an
 * event again. A one-shot registration that has fired is armed by this.
 *
 * Errors as for registering, but for -EEXIST; and -ENOENT: not registered. After an error the old
 * registration is in place, with one exception: when the kernel refuses a change on kqueue, or one
 * from or to MIO_EXCLUSIVE, none may be left.
 */
MIO_API int mio_registry_reregister(struct mio_registry *registry, mio_fd fd, mio_token token,
                                    mio_interest interest);

/*
 * Stops watching. No wait that begins after this has returned delivers the registration's token.
 *
 * -EINVAL: NULL. -EBADF: the descriptor is closed. -ENOENT: it is not registered. -ECHILD: see
 * mio_poll_wait().
 *
 * On kqueue the kernel alone knows what is registered. -ENOENT there is also
 * - a pipe's writing end on FreeBSD, after the event of its reader's close, with which the kernel
 *   has ended the registration (K9);
 * - what was registered for MIO_AIO or MIO_LIO alone, of which the kernel was not told.
 * When a signal interrupts the system call there (K11), a descriptor that is not registered is not
 * noticed: the call is made again, and the first one may have removed the registration. So this
 * returns 0, and mio_registry_reregister() registers it.
 *
 * With poll(2) this blocks while another thread waits, until that thread has been woken and has
 * left the system call, which holds the file. That thread's wait goes on by itself.
 */
MIO_API int mio_registry_deregister(struct mio_registry *registry, mio_fd fd);

/*
 * Registers or reregisters, whether there was a registration or not; with an interest of 0,
 * deregisters. For programs that keep a mask for each descriptor, and not whether it is registered.
 * If the descriptor is ready, that gives an event. It costs one system call of the selector's, but
 * two with epoll for a descriptor that was not registered.
 *
 * Errors as for reregistering, or for deregistering, but for -ENOENT: with an interest of 0 the
 * result is 0 when nothing was registered. `token` is not read then. Not for the descriptor of a
 * struct mio_source, which has calls of its own.
 */
MIO_API int mio_registry_set(struct mio_registry *registry, mio_fd fd, mio_token token,
                             mio_interest interest);

/*
 * Asks for the next edge. Call it when an operation on a raw descriptor has given EAGAIN, or moved
 * less of a stream or a pipe than it was asked for, with the direction of the operation:
 * MIO_READABLE after reading or accepting, MIO_WRITABLE after writing.
 *
 * It is necessary where the library makes the edges (poll(2), event ports), and on macOS for a
 * character device such as /dev/tty, whose kernel gives one edge and no more (K55). Elsewhere it
 * does nothing and costs nothing, so a program that is to run on every system calls it always.
 * Typed sockets and pipes do so by themselves. On level-triggered and one-shot registrations it has
 * no effect.
 *
 * -EINVAL, -ENOTSUP, -ECHILD: as for registering. -ENOENT: not registered, with poll(2) and event
 * ports. Any other error is the kernel's.
 */
MIO_API int mio_registry_rearm(struct mio_registry *registry, mio_fd fd, mio_interest interest);

/* The call that a change of a batch stands for: mio_registry_register() and so on. */
enum mio_change_kind { MIO_REGISTER, MIO_REREGISTER, MIO_DEREGISTER };

/* One change of a batch. */
struct mio_change {
    enum mio_change_kind kind;
    mio_fd fd;
    mio_token token;       /* not read by MIO_DEREGISTER */
    mio_interest interest; /* not read by MIO_DEREGISTER */
    int result;            /* written: what the call would have returned */
    uintptr_t reserved;    /* 0, else the result is -EINVAL */
};

/*
 * Makes the `n` changes in order, each as its call would, and writes the result of each. One that
 * fails does not stop the next. kqueue makes some dozens of changes with one system call. Returns
 * how many have succeeded. -EINVAL: `registry` is NULL, or `changes` is and `n` is not 0. -ECHILD:
 * see mio_poll_wait(). After either nothing was tried and no result is written.
 */
MIO_API int mio_registry_apply(struct mio_registry *registry, struct mio_change *changes, size_t n);

/* Makes another handle to the same registry, to be freed by mio_registry_free(), before the poll is
 * freed or afterwards. -EINVAL: NULL. -ENOMEM. */
MIO_NODISCARD MIO_API int mio_registry_clone(struct mio_registry *registry,
                                             struct mio_registry **clone);

/* Frees a clone (or NULL). Does nothing to the registry of mio_poll_registry(), which is the
 * poll's. */
MIO_API void mio_registry_free(struct mio_registry *clone);

/*
 * The selector's descriptor, for a kernel interface that wants its number: aio(4)'s SIGEV_KEVENT,
 * /proc/self/fdinfo, a debugger. Returns the number. It stays the library's: do not close it, wait
 * on it, or change what it watches. No other event loop may watch it, since it may be silent when
 * a waker wakes; mio_poll_fd() is for that.
 *
 * -EINVAL: NULL. -ENOTSUP: the selector is no descriptor: poll(2), and libkqueue (K59). -ECHILD:
 * see mio_poll_wait().
 */
MIO_API int mio_registry_fd(const struct mio_registry *registry);

/* A number for the poll behind the registry: the same for all clones, never used twice in a
 * process, never 0. NULL: 0. */
MIO_API uint64_t mio_registry_id(const struct mio_registry *registry);

MIO_END_DECLS

#endif

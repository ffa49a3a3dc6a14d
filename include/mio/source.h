/* SPDX-License-Identifier: MIT */
/*
 * A source: a descriptor together with its registration. What every socket and pipe of the library,
 * and every source of a program's own, starts with.
 *
 *   struct my_timer { struct mio_source source; ... };
 *
 * It knows where it is registered, so double and missing registrations are errors on every system
 * and in every build. A registered source holds its poll's selector: deregister or close it, or the
 * selector stays open.
 *
 * Calls for one source must not overlap, with one exception: registering or reregistering hands the
 * source to the thread that waits. From the first event of the new registration on that thread may
 * do with it what it likes, close and free it too, though the call has not returned: a call that
 * succeeds touches the source no more once the kernel knows of the registration.
 *
 * In a child of fork() an inherited source is unregistered: the registration is the parent's. It
 * can be registered in a poll of the child's own; mio_source_close() closes the child's copy of the
 * descriptor.
 *
 * It knows of itself alone. A second source of the same descriptor is refused by a selector that
 * knows its descriptors (epoll, poll: -EEXIST); kqueue lets it replace what the first has
 * registered. Give the second a duplicate of the descriptor.
 */
#ifndef MIO_SOURCE_H
#define MIO_SOURCE_H

#include <mio/interest.h>
#include <mio/types.h>

MIO_BEGIN_DECLS

struct mio_addr; /* mio/addr.h */
struct mio_registry;
struct mio_selector;

struct mio_source {
    mio_fd fd;                     /* MIO_INVALID_FD when there is none */
    mio_interest interest;         /* of the registration; 0 when there is none */
    mio_token token;               /* of the registration */
    struct mio_selector *selector; /* where it is registered, held; NULL: nowhere */
    uintptr_t word;                /* the selector's own, of the registration */
};

/* Starts a source, unregistered. The descriptor becomes the source's: mio_source_close() closes it.
 */
MIO_API void mio_source_init(struct mio_source *source, mio_fd fd);

/*
 * As the calls of mio/registry.h, and checked: registering a registered source, wherever that is,
 * is -EEXIST; reregistering or deregistering an unregistered one -ENOENT, also when a parent
 * process has registered it. A source knows its registry, so that only registering asks for one.
 * -EINVAL: NULL. A failed reregistration leaves the old registration in place.
 *
 * A registration that the kernel has ended behind the source's back, since its descriptor was
 * closed or its number given to another file by dup2(), is over: where reregistering or
 * deregistering says so, -ENOENT or -EBADF, the source is unregistered from then on. Where the
 * library and not the kernel knows of it (kqueue), deregistering is 0, and reregistering takes what
 * is under the number now.
 */
MIO_API int mio_source_register(struct mio_source *source, struct mio_registry *registry,
                                mio_token token, mio_interest interest);
MIO_API int mio_source_reregister(struct mio_source *source, mio_token token,
                                  mio_interest interest);
MIO_API int mio_source_deregister(struct mio_source *source);

/*
 * Deregisters the source if it is registered and closes its descriptor, in the order that is right
 * on every system. The source is then empty, whatever happened: closing it again is -EBADF. Returns
 * close's error, if any; -EINVAL: NULL.
 */
MIO_API int mio_source_close(struct mio_source *source);

/*
 * Gives the descriptor to the caller, as it is: what the library has made or taken stays
 * non-blocking and closed on exec. The source is then empty. -EBUSY: it is registered; deregister
 * it first. -EBADF: it is empty. -EINVAL: NULL. After an error the source is as it was.
 */
MIO_API int mio_source_into_fd(struct mio_source *source, mio_fd *fd);

/*
 * --- what every socket can be asked ---
 *
 * For each source whose descriptor is a socket, of the types of mio/net.h or not. -ENOTSOCK: it is
 * something else, as a pipe is. -EBADF: it is closed. -EINVAL: NULL. Any thread may call them while
 * others read and write, but no signal handler.
 */

/*
 * The socket's own address, e.g. the port that port 0 became, and whom it is connected to:
 * -ENOTCONN when nobody, or no longer. An address that struct mio_addr cannot hold, and that of a
 * socket without one, is MIO_ADDR_UNNAMED. -ENOBUFS. After an error `addr` is as it was.
 */
MIO_API int mio_source_local_addr(const struct mio_source *source, struct mio_addr *addr);
MIO_API int mio_source_peer_addr(const struct mio_source *source, struct mio_addr *addr);

/*
 * The error that is pending at the socket (SO_ERROR) as -errno, which is then cleared; 0: none. The
 * failure of asking (-EBADF, -ENOTSOCK) is returned alike.
 *
 * An event in error is no proof of one: on Linux a healthy stream is writable, write-closed and in
 * error (EPOLLERR) while send timestamps or zerocopy completions wait in its error queue
 * (MSG_ERRQUEUE). This is 0 then.
 */
MIO_API int mio_source_take_error(struct mio_source *source);

MIO_END_DECLS

#endif

/* SPDX-License-Identifier: MIT */
/*
 * A source: a descriptor together with its registration. Every socket and pipe of the library
 * begins with one, and so does a program's own:
 *
 *   struct my_timer { struct mio_source source; ... };
 *
 * A source knows where it is registered. So registering it twice, or changing what is not
 * registered, is an error on every system. While it is registered it holds its poll's selector,
 * which stays open until the source is deregistered or closed.
 *
 * Calls for one source must not overlap, with one exception. Registering or reregistering hands the
 * source to the thread that waits: from the first event of the new registration on, that thread may
 * use, close and free it, though the call has not returned. A call that succeeds does not touch the
 * source once the kernel knows of the registration. No call is for a signal handler.
 *
 * In a child of fork() an inherited source is unregistered, since the registration is the parent's.
 * The child can register it in a poll of its own. mio_source_close() closes the child's copy of the
 * descriptor, and leaves the parent's registration alone.
 *
 * A source knows of itself alone. A second source of the same descriptor is what a second
 * registration of a raw descriptor is, which not every selector refuses (mio_registry_register()).
 * Give the second source a duplicate of the descriptor.
 */
#ifndef MIO_SOURCE_H
#define MIO_SOURCE_H

#include <mio/interest.h>
#include <mio/types.h>

MIO_BEGIN_DECLS

struct mio_addr; /* mio/addr.h */
struct mio_registry;
struct mio_selector;

/* The members may be read. The functions below write them. */
struct mio_source {
    mio_fd fd;                     /* MIO_INVALID_FD: none, the source is empty */
    mio_interest interest;         /* of the registration; 0: there is none */
    mio_token token;               /* of the registration */
    struct mio_selector *selector; /* where it is registered, held; NULL: nowhere */
    uintptr_t word;                /* what the selector keeps for the registration */
};

/* Makes a source of the descriptor, unregistered, whatever was in the struct. The descriptor is the
 * source's from now on: mio_source_close() closes it. NULL: does nothing. */
MIO_API void mio_source_init(struct mio_source *source, mio_fd fd);

/*
 * As the calls of mio/registry.h, with their errors, and these on every system. Registering is
 * -EEXIST when the source is registered, here or in another poll, and -EBADF when it is empty.
 * Reregistering and deregistering are -ENOENT when it is not registered, or only in a parent
 * process. After a failed reregistration the old registration is in place. A source knows its poll,
 * so only registering asks for a registry. With poll(2) deregistering and closing may block for a
 * moment, as mio_registry_deregister() says.
 *
 * The kernel ends a registration by itself when the descriptor is closed by its number, or the
 * number given to another file by dup2(). Where a call finds that, it is -ENOENT or -EBADF, and the
 * source is unregistered afterwards. kqueue does not find it: deregistering is 0, and reregistering
 * registers what has the number now.
 */
MIO_API int mio_source_register(struct mio_source *source, struct mio_registry *registry,
                                mio_token token, mio_interest interest);
MIO_API int mio_source_reregister(struct mio_source *source, mio_token token,
                                  mio_interest interest);
MIO_API int mio_source_deregister(struct mio_source *source);

/*
 * Deregisters the source if it is registered, and closes its descriptor, in the order that is right
 * on every system. The source is empty afterwards, even after an error. -EINVAL: NULL. -EBADF: it
 * was empty. Any other error is that of close(2).
 */
MIO_API int mio_source_close(struct mio_source *source);

/*
 * Gives the descriptor back to the caller, who closes it from now on. What the library has made or
 * taken stays non-blocking and closed on exec. The source is empty afterwards. -EBUSY: it is
 * registered; deregister it first. -EBADF: it is empty. -EINVAL: NULL. After an error the source is
 * as it was.
 */
MIO_API int mio_source_into_fd(struct mio_source *source, mio_fd *fd);

/*
 * --- what every socket can be asked ---
 *
 * For each source whose descriptor is a socket, one of the types of mio/net.h or not. -ENOTSOCK: it
 * is something else, such as a pipe. -EBADF: it is empty or closed. -EINVAL: NULL. They may be
 * called while other threads read and write.
 */

/*
 * The socket's own address, such as the port that it was given for port 0 (_local_addr), and the
 * address that it is connected to (_peer_addr). -ENOTCONN: it is not connected, or not any more.
 * -ENOBUFS. MIO_ADDR_UNNAMED stands for no address, and for one that struct mio_addr cannot hold.
 * After an error `addr` is as it was.
 */
MIO_API int mio_source_local_addr(const struct mio_source *source, struct mio_addr *addr);
MIO_API int mio_source_peer_addr(const struct mio_source *source, struct mio_addr *addr);

/*
 * Returns the error that is pending at the socket (SO_ERROR), as -errno, and clears it. 0: there is
 * none. When asking fails (-EBADF, -ENOTSOCK) that error is returned.
 *
 * An event in error may come without one. On Linux a healthy stream is in error, writable and
 * write-closed (EPOLLERR) while send timestamps or zerocopy completions wait in its error queue
 * (MSG_ERRQUEUE). The result is 0 then.
 */
MIO_API int mio_source_take_error(struct mio_source *source);

MIO_END_DECLS

#endif

/* SPDX-License-Identifier: MIT */
/* What sockets and pipes alike need of a descriptor. Everything returns 0 or -errno. */
#ifndef MIO_SRC_NET_DESCRIPTOR_H
#define MIO_SRC_NET_DESCRIPTOR_H

#include <mio/source.h>

#include <stdbool.h>

int mio_fd_set_nonblocking(mio_fd fd, bool nonblocking);

/* Non-blocking and closed on exec, where the call that made it could not say so. */
int mio_fd_prepare(mio_fd fd);

/* Takes over what was made elsewhere: non-blocking, and closed on exec unless it is one of the
 * standard three, which are for children too. After an error it is as it was. */
int mio_fd_adopt(mio_fd fd);

/* A pipe, to read from ends[0]. Both ends are non-blocking and closed on exec: from their first
 * moment where pipe2() is. `flags` are more for pipe2(). */
int mio_fd_pipe(mio_fd ends[2], int flags);

/* Closes what is of no use after an error, and returns the error. */
int mio_fd_give_up(mio_fd fd, int error);

/* Takes the descriptor out of an unregistered source, for a caller of _into_fd. */
int mio_source_take_fd(struct mio_source *source, mio_fd *fd);

#endif

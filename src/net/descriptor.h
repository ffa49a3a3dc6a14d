/* SPDX-License-Identifier: MIT */
/* What sockets and pipes alike need of a descriptor. Everything returns 0 or -errno. */
#ifndef MIO_SRC_NET_DESCRIPTOR_H
#define MIO_SRC_NET_DESCRIPTOR_H

#include <mio/source.h>

#include <stdbool.h>

int mio_fd_set_nonblocking(mio_fd fd, bool nonblocking);

/* Non-blocking and closed on exec, where the call that made it could not say so. */
int mio_fd_prepare(mio_fd fd);

/* Closes what is of no use after an error, and returns the error. */
int mio_fd_give_up(mio_fd fd, int error);

/* Takes the descriptor out of an unregistered source, for a caller of _into_fd. */
int mio_source_take_fd(struct mio_source *source, mio_fd *fd);

#endif

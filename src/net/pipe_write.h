/* SPDX-License-Identifier: MIT */
/* Writing without SIGPIPE. */
#ifndef MIO_SRC_NET_PIPE_WRITE_H
#define MIO_SRC_NET_PIPE_WRITE_H

#include <mio/io.h>

#include <stdatomic.h>

/* Keeps SIGPIPE away from all writing to the descriptor, where the system can. 0 or -errno. */
int mio__pipe_silence(mio_fd fd);

/* Bytes or -errno; never a SIGPIPE. At most MIO_MAX_PARTS parts are written. */
ptrdiff_t mio__pipe_write(mio_fd fd, const struct mio_iovec *parts, size_t count);

/* Whether this kernel has no flag for one write, and the signal has to be blocked around it. Found
 * out by the first write of the process; tests set it. */
extern atomic_bool mio__pipe_write_blocks_signal;

#endif

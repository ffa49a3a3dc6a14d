/* SPDX-License-Identifier: MIT */
/* Re-arming after an operation on a source that would have blocked. */
#ifndef MIO_SRC_IO_H
#define MIO_SRC_IO_H

#include <mio/io.h>

#include <errno.h>

/* Asks the selector of a registered source for its next event, after -EAGAIN; returns what the
 * operation then returns. */
ptrdiff_t mio_source_rearm(const struct mio_source *source);

/* Every operation's result goes through this. */
static inline ptrdiff_t mio_source_after_io(const struct mio_source *source, ptrdiff_t result)
{
    return result == -EAGAIN && source->selector ? mio_source_rearm(source) : result;
}

#endif

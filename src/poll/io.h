/* SPDX-License-Identifier: MIT */
/* Re-arming after an operation on a source that would have blocked. */
#ifndef MIO_SRC_POLL_IO_H
#define MIO_SRC_POLL_IO_H

#include <mio/io.h>

#include <errno.h>

/* What reading, receiving or accepting waits for when it gives -EAGAIN. */
#define MIO_INCOMING (MIO_READABLE | MIO_PRIORITY)

/* Asks the selector of a registered source for its next event in a direction, after -EAGAIN;
 * returns what the operation then returns. */
ptrdiff_t mio__source_rearm(const struct mio_source *source, mio_interest direction);

/* Tells the selector of a registered source that a hang-up or an error may be over: one was met. */
void mio__source_look(const struct mio_source *source);

/* Asks for the next event in a direction that an operation has drained without -EAGAIN: it moved
 * something, and less than it was asked for. Returns its result, whatever comes of asking. */
ptrdiff_t mio__source_drained(const struct mio_source *source, mio_interest direction,
                              ptrdiff_t result);

/* Every operation's result goes through this. Only the direction that would have blocked is asked
 * for: the other one has not been drained, and its event would be one too many. */
static inline ptrdiff_t mio__source_after_io(const struct mio_source *source,
                                             mio_interest direction, ptrdiff_t result)
{
    if (result > 0 || !source->selector)
        return result;
    if (result == -EAGAIN)
        return mio__source_rearm(source, direction);
    mio__source_look(source);
    return result;
}

/* The same of a stream or a pipe, where less than was asked for is all that there was. */
static inline ptrdiff_t mio__source_after_part(const struct mio_source *source,
                                               mio_interest direction, ptrdiff_t result,
                                               size_t asked)
{
    if (result > 0 && (size_t)result < asked && source->selector)
        return mio__source_drained(source, direction, result);
    return mio__source_after_io(source, direction, result);
}

#endif

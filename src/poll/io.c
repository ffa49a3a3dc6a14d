/* SPDX-License-Identifier: MIT */
#include "io.h"

#include "../selector/selector.h"

ptrdiff_t mio__source_rearm(const struct mio_source *source, mio_interest direction)
{
    struct mio_selector *selector = source->selector;
    mio_interest asked = direction & source->interest;
    if (!selector->ops->rearm || asked == 0 || (source->interest & (MIO_LEVEL | MIO_ONESHOT)) != 0)
        return -EAGAIN;
    if (mio__is_forked_copy(&selector->fork_guard))
        return -EAGAIN;
    int error = selector->ops->rearm(selector, source->fd, asked);
    if (error == 0 || error == -ENOENT)
        return -EAGAIN;
    mio__log(&selector->config, error, "asking for the next event of a source");
    return error;
}

ptrdiff_t mio__source_drained(const struct mio_source *source, mio_interest direction,
                              ptrdiff_t result)
{
    (void)mio__source_rearm(source, direction); /* which tells the log */
    return result;
}

void mio__source_look(const struct mio_source *source)
{
    struct mio_selector *selector = source->selector;
    if (selector->ops->rearm && !mio__is_forked_copy(&selector->fork_guard))
        (void)selector->ops->rearm(selector, source->fd, 0);
}

ptrdiff_t mio_source_try_io(struct mio_source *source, mio_interest direction,
                            mio_io_function *operation, void *user)
{
    if (!source || !operation || (direction & MIO_ALL_READINESS) == 0)
        return -EINVAL;
    if (source->fd == MIO_INVALID_FD)
        return -EBADF;
    return mio__source_after_io(source, direction, operation(source->fd, user));
}

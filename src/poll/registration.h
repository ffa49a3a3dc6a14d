/* SPDX-License-Identifier: MIT */
/*
 * Registering with a selector, or among the files that the library serves in its place
 * (ready_files.h). The registry's calls and the sources' go this way.
 */
#ifndef MIO_SRC_POLL_REGISTRATION_H
#define MIO_SRC_POLL_REGISTRATION_H

#include "../selector/selector.h"

/* The rest of the calls below, of a poll that serves files. */
int mio__register_file(struct mio_selector *selector, const struct mio__registration *wanted,
                       int refusal);
int mio__reregister_file(struct mio_selector *selector, const struct mio__registration *wanted,
                         const struct mio__registration *previous);
int mio__deregister_file(struct mio_selector *selector, mio_fd fd,
                         const struct mio__registration *previous);

/* As the selector's functions of these names. */
static inline int mio__register_fd(struct mio_selector *selector,
                                   const struct mio__registration *wanted)
{
    int error = selector->ops->register_fd(selector, wanted);
    return error < 0 && selector->ready_files ? mio__register_file(selector, wanted, error) : error;
}

static inline int mio__reregister_fd(struct mio_selector *selector,
                                     const struct mio__registration *wanted,
                                     const struct mio__registration *previous)
{
    return selector->ready_files ? mio__reregister_file(selector, wanted, previous)
                                 : selector->ops->reregister_fd(selector, wanted, previous);
}

static inline int mio__deregister_fd(struct mio_selector *selector, mio_fd fd,
                                     const struct mio__registration *previous)
{
    return selector->ready_files ? mio__deregister_file(selector, fd, previous)
                                 : selector->ops->deregister_fd(selector, fd, previous);
}

#endif

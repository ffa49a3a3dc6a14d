/* SPDX-License-Identifier: MIT */
#ifndef MIO_SRC_POLL_SOURCE_H
#define MIO_SRC_POLL_SOURCE_H

#include <mio/source.h>

/* A source that a child has inherited is registered by its parent, which is no registration here:
 * the child's copy knows of none from now on. Does nothing in the process that registered it. */
void mio__source_forget_the_parents(struct mio_source *source);

#endif

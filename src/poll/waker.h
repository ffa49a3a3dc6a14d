/* SPDX-License-Identifier: MIT */
#ifndef MIO_SRC_POLL_WAKER_H
#define MIO_SRC_POLL_WAKER_H

#include "../wake/wake_queue.h"

/* Releases the memory of an abandoned waker, known by its node. */
void mio__waker_release(struct mio_selector *selector, struct mio__wake_node *node);

#endif

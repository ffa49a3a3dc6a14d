/* SPDX-License-Identifier: MIT */
#ifndef MIO_SRC_WAKER_H
#define MIO_SRC_WAKER_H

#include "wake_queue.h"

/* Releases the memory of an abandoned waker, known by its node. */
void mio_waker_release(struct mio_selector *selector, struct mio_wake_node *node);

#endif

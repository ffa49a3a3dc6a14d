/* SPDX-License-Identifier: MIT */
/*
 * A descriptor that becomes readable when it is rung: an eventfd on Linux, a pipe elsewhere, and on
 * Linux too where a sandbox or an emulator has no eventfd. Both are close-on-exec and non-blocking.
 * What a selector without a wake-up of its own watches.
 */
#ifndef MIO_SRC_DOORBELL_H
#define MIO_SRC_DOORBELL_H

#include "own_fd.h"

#include <mio/options.h>

struct mio_doorbell {
    int read_end;  /* to be watched; -1 when not open */
    int write_end; /* the same descriptor for an eventfd, another for a pipe */
};

int mio_doorbell_open(struct mio_doorbell *doorbell, const struct mio_config *config);

/* Tells the log when closing fails. Takes one that is not open. */
void mio_doorbell_close(struct mio_doorbell *doorbell, const struct mio_config *config);

/* Makes a new edge, even if nobody has read since the last one. Async-signal-safe, never blocks. */
int mio_doorbell_ring(const struct mio_doorbell *doorbell);

/* Takes the readiness away. Only for those who watch the level; an edge needs no reading. */
void mio_doorbell_silence(const struct mio_doorbell *doorbell);

#endif

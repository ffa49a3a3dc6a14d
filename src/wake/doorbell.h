/* SPDX-License-Identifier: MIT */
/*
 * A descriptor that becomes readable when it is rung: an eventfd on Linux, a pipe elsewhere, and on
 * Linux too where a sandbox or an emulator has no eventfd. Both are close-on-exec and non-blocking.
 * What a selector without a wake-up of its own watches.
 */
#ifndef MIO_SRC_WAKE_DOORBELL_H
#define MIO_SRC_WAKE_DOORBELL_H

#include "../os/descriptor.h"

#include <mio/options.h>

struct mio__doorbell {
    int read_end;  /* to be watched; -1 when not open */
    int write_end; /* the same descriptor for an eventfd, another for a pipe */
};

/* 0 or -errno. */
int mio__doorbell_open(struct mio__doorbell *doorbell);

/* Tells the log when closing fails. Takes one that is not open. */
void mio__doorbell_close(struct mio__doorbell *doorbell, const struct mio__config *config);

/* Makes a new edge, even if nobody has read since the last one. Async-signal-safe, never blocks. */
int mio__doorbell_ring(const struct mio__doorbell *doorbell);

/* Takes the readiness away. Only for those who watch the level; an edge needs no reading. */
void mio__doorbell_drain(const struct mio__doorbell *doorbell);

#endif

/* SPDX-License-Identifier: MIT */
/*
 * A descriptor that becomes readable when it is rung: an eventfd on Linux, a pipe elsewhere. Both
 * are close-on-exec and non-blocking. What a selector without a wake-up of its own watches.
 */
#ifndef MIO_SRC_DOORBELL_H
#define MIO_SRC_DOORBELL_H

#include <mio/options.h>

struct mio_config;

struct mio_doorbell {
    int read_end;  /* to be watched; -1 when not open */
    int write_end; /* the same descriptor for an eventfd */
};

int mio_doorbell_open(struct mio_doorbell *doorbell, const struct mio_config *config);

/* Tells the log when closing fails. Takes one that is not open. */
void mio_doorbell_close(struct mio_doorbell *doorbell, const struct mio_config *config);

/* Makes a new edge, even if nobody has read since the last one. Async-signal-safe, never blocks. */
int mio_doorbell_ring(const struct mio_doorbell *doorbell);

/* Takes the readiness away. Only for those who watch the level; an edge needs no reading. */
void mio_doorbell_silence(const struct mio_doorbell *doorbell);

/* Closes a descriptor of the library's own; what fails is told to the log under this name. Takes
 * -1. */
void mio_close_own(const struct mio_config *config, int fd, const char *what);

#endif

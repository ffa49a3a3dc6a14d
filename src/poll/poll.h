/* SPDX-License-Identifier: MIT */
#ifndef MIO_SRC_POLL_POLL_H
#define MIO_SRC_POLL_POLL_H

#include "registry.h"

#include <mio/poll.h>

#include <stdatomic.h>

struct mio_poll {
    struct mio_registry registry; /* lent to the caller; holds the selector */
    /* Whether somebody is in mio_poll_wait(); kept only if wait.c looks for a second waiter. Not a
     * bool, whose exchange gcc before 14 leaves to libatomic on riscv64. */
    atomic_int waiting;
};

#endif

/* SPDX-License-Identifier: MIT */
#ifndef MIO_SRC_POLL_REGISTRY_H
#define MIO_SRC_POLL_REGISTRY_H

#include <mio/registry.h>

struct mio_selector;

struct mio_registry {
    struct mio_selector *selector; /* held */
    bool lent; /* the poll's own, not to be freed by who got it from mio_poll_registry() */
};

#endif

/* SPDX-License-Identifier: MIT */
#ifndef MIO_SRC_POLL_REGISTRY_H
#define MIO_SRC_POLL_REGISTRY_H

#include "../selector/selector.h"
#include "interest.h"

#include <mio/registry.h>

#include <errno.h>

struct mio_registry {
    struct mio_selector *selector; /* held */
    bool lent; /* the poll's own, not to be freed by who got it from mio_poll_registry() */
};

/* What every call that registers asks first: -EINVAL, or -ECHILD in a forked child. */
static inline int mio__registry_check(const struct mio_registry *registry)
{
    if (!registry)
        return -EINVAL;
    return mio__is_forked_copy(&registry->selector->fork_guard) ? -ECHILD : 0;
}

/* The same, and whether the interest may be registered here. */
static inline int mio__registry_check_interest(const struct mio_registry *registry,
                                               mio_interest interest)
{
    int error = mio__registry_check(registry);
    return error < 0 ? error : mio__interest_check(interest, registry->selector->ops->serves);
}

#endif

/* SPDX-License-Identifier: MIT */
/* What the kqueue model can be told to refuse. With a real kernel nothing is. */
#ifndef FUZZ_FAULT_H
#define FUZZ_FAULT_H

#include <mio/platform.h>

#include <errno.h>
#include <stdbool.h>

#if defined(FUZZ_KQMODEL)

#include "kqmodel.h"

enum { HAVE_FAULTS = 1 };

/* The n-th filter that is added from now on is refused, or (n is 0) the next call interrupted. */
static inline void fault_order(unsigned n)
{
    if (n > 0)
        kqmodel_refuse_change(n, ENOMEM);
    else
        kqmodel_fail_kevent(1, EINTR);
}

static inline void fault_clear(void)
{
    kqmodel_reset();
}

static inline const char *fault_flavour(void)
{
    return kqmodel_flavour();
}

#else

enum { HAVE_FAULTS = 0 };

static inline void fault_order(unsigned n)
{
    (void)n;
}

static inline void fault_clear(void)
{
}

/* The system's own kqueue. */
static inline const char *fault_flavour(void)
{
    static const char *const names[] = {
        [MIO_PLATFORM_FREEBSD] = "freebsd", [MIO_PLATFORM_NETBSD] = "netbsd",
        [MIO_PLATFORM_OPENBSD] = "openbsd", [MIO_PLATFORM_DRAGONFLY] = "dragonfly",
        [MIO_PLATFORM_APPLE] = "macos",
    };
    bool known = MIO_PLATFORM >= MIO_PLATFORM_FREEBSD && MIO_PLATFORM <= MIO_PLATFORM_APPLE;
    return known ? names[MIO_PLATFORM] : "unknown";
}

#endif

#endif

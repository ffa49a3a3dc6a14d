/* SPDX-License-Identifier: MIT */
/* What the kqueue model can be told to refuse. With a real kernel nothing is. */
#ifndef FUZZ_FAULT_H
#define FUZZ_FAULT_H

#include <errno.h>

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

static inline const char *fault_flavour(void)
{
    return "native";
}

#endif

#endif

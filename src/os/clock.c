/* SPDX-License-Identifier: MIT */
#if !defined(_GNU_SOURCE)
#define _GNU_SOURCE /* clock_gettime under a strict -std= */
#endif

#include "clock.h"

#include <mio/platform.h>
#include <mio/poll.h>

#include <time.h>

/* Which clock counts the time in which the system is suspended. Elsewhere none is known to. */
#if MIO_PLATFORM == MIO_PLATFORM_APPLE
enum { HAS_BOOT_CLOCK = true, BOOT_CLOCK = CLOCK_MONOTONIC };
#elif (MIO_PLATFORM == MIO_PLATFORM_LINUX || MIO_PLATFORM == MIO_PLATFORM_OPENBSD) && \
    defined(CLOCK_BOOTTIME)
enum { HAS_BOOT_CLOCK = true, BOOT_CLOCK = CLOCK_BOOTTIME };
#else
enum { HAS_BOOT_CLOCK = false, BOOT_CLOCK = CLOCK_MONOTONIC };
#endif

static inline int64_t read_clock(int clock)
{
    struct timespec now;
    clock_gettime((clockid_t)clock, &now);
    return (int64_t)now.tv_sec * MIO_NS_PER_S + now.tv_nsec;
}

int64_t mio_now(void)
{
    return read_clock(CLOCK_MONOTONIC);
}

bool mio__has_boot_clock(void)
{
    return HAS_BOOT_CLOCK;
}

int64_t mio__boot_now(void)
{
    return read_clock(BOOT_CLOCK);
}

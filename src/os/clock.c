/* SPDX-License-Identifier: MIT */
#if !defined(_GNU_SOURCE)
#define _GNU_SOURCE /* clock_gettime under a strict -std= */
#endif

#include "clock.h"

#include <mio/poll.h>

#include <time.h>

int64_t mio_now(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * MIO_NS_PER_S + now.tv_nsec;
}

/* SPDX-License-Identifier: MIT */
#ifndef MIO_SRC_OS_CLOCK_H
#define MIO_SRC_OS_CLOCK_H

#include <stdbool.h>
#include <stdint.h>

enum { MIO_NS_PER_MS = 1000000, MIO_NS_PER_S = 1000000000 };

/* Whether the system has a clock that counts the time in which it is suspended, and now on it. */
bool mio__has_boot_clock(void);
int64_t mio__boot_now(void);

#endif

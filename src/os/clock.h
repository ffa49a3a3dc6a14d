/* SPDX-License-Identifier: MIT */
#ifndef MIO_SRC_OS_CLOCK_H
#define MIO_SRC_OS_CLOCK_H

enum { MIO_NS_PER_MS = 1000000, MIO_NS_PER_S = 1000000000 };

#endif

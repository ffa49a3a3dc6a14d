/* SPDX-License-Identifier: MIT */
/* What is always true inside the library, checked in builds for debugging and by the sanitizers'
 * and the fuzzers'. Nothing under NDEBUG, not even an evaluation. */
#ifndef MIO_SRC_OS_ASSERT_H
#define MIO_SRC_OS_ASSERT_H

#if defined(NDEBUG)
#define MIO_ASSERT(condition) ((void)sizeof(!(condition)))
#else
#include <assert.h>
#define MIO_ASSERT(condition) assert(condition)
#endif

#endif

/* SPDX-License-Identifier: MIT */
/*
 * Where systems differ, as data with a reason. docs/contract.md shows the same rows to its readers.
 *
 * The selector under test is MIO_TEST_SELECTOR, such as "epoll" or "kqueue-netbsd".
 */
#ifndef CONTRACT_EXCEPTIONS_H
#define CONTRACT_EXCEPTIONS_H

#include <stdbool.h>
#include <stdint.h>

/* What this selector does in a situation on which systems differ: readiness bits, a negative errno
 * value, or 0 and 1. A situation that is not in the table fails the test. */
int64_t fact(const char *situation);

/* The same as readiness bits. */
uint32_t readiness_fact(const char *situation);

/* Skips the running test, with its reason, when the table says that it cannot apply here. Takes
 * __func__. */
void skip_if_excepted(const char *test);

/* Whether the selector under test is one of those named: words, each exact or ending in '*'. */
bool selector_is_one_of(const char *selectors);

#endif

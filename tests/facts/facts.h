/* SPDX-License-Identifier: MIT */
/*
 * Where systems differ, as data with a reason: the list is facts.def, of which the tables in docs/
 * are made too (scripts/check-facts.sh).
 *
 * A row is chosen by the selector under test, MIO_TEST_SELECTOR, such as "epoll" or
 * "kqueue-netbsd", and by the kernel below it: over the kqueue model sockets and their errors are
 * Linux's.
 */
#ifndef FACTS_H
#define FACTS_H

#include <stdint.h>

/* The backend under test, by the name that mio_options knows. */
extern const char test_backend[];

/* What this selector does in a situation on which systems differ: readiness bits, a negative errno
 * value, a number, or 0 and 1. A situation that is not in the list fails the test. */
int64_t fact(const char *situation);

/* The same as readiness bits. */
uint32_t readiness_fact(const char *situation);

/* Skips the running test, with its reason, when the list says that it cannot apply here. Takes
 * __func__. */
void skip_if_excepted(const char *test);

#endif

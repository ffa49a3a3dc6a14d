/* SPDX-License-Identifier: MIT */
/*
 * What systems answer differently about sockets and pipes, as data with a reason, beside the rows
 * of contract/exceptions.h, which hold here too (fact(), readiness_fact()).
 *
 * A row is chosen by the selector under test and by the kernel below it: with the kqueue model the
 * selector is kqueue, while sockets and their errors are Linux's.
 */
#ifndef NET_FACTS_H
#define NET_FACTS_H

#include <stdbool.h>
#include <stdint.h>

/* Readiness bits, a negative errno value, a number, or 0 and 1. A situation that is not in the
 * table fails the test. */
int64_t net_fact(const char *situation);

/* The same as readiness bits. */
uint32_t net_readiness(const char *situation);

/* Skips the running test, with its reason, when the table says that it cannot apply here. Takes
 * __func__. */
void net_skip_if_excepted(const char *test);

#endif

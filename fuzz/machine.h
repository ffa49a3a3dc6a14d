/* SPDX-License-Identifier: MIT */
/*
 * The machine runs programs: each operation against the library, and against the oracle.
 *
 * A program begins with a new poll and no descriptors, and ends with all of them gone, so that what
 * it does depends on nothing before it. Operations that make no sense where they stand (reading
 * from what is not open) do nothing and do not count.
 */
#ifndef FUZZ_MACHINE_H
#define FUZZ_MACHINE_H

#include "oracle.h"

#include <stdio.h>

struct machine;

/* Ends the process when the selector does not exist. `is_alone`: nobody else opens descriptors in
 * this process, so that those left open can be counted. */
struct machine *machine_new(const char *backend, bool is_alone);
void machine_free(struct machine *machine);

/* "epoll", "poll", "kqueue-freebsd". */
const char *machine_selector(const struct machine *machine);

/* Whether the library kept the contract; if not, machine_oracle() tells more. With `trace` each
 * operation and event is printed. */
bool machine_run(struct machine *machine, const struct program *program, FILE *trace);

const struct oracle *machine_oracle(const struct machine *machine);
/* Operations done since the machine was made. */
uint64_t machine_operations(const struct machine *machine);

#endif

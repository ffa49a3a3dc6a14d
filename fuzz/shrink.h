/* SPDX-License-Identifier: MIT */
/* Makes a failing program short: leaves out operations for as long as it fails in the same way. */
#ifndef FUZZ_SHRINK_H
#define FUZZ_SHRINK_H

#include "machine.h"

/* `program` has broken `rule`; it is left as short as it could be made. Returns how many programs
 * were run. */
unsigned shrink(struct machine *machine, struct program *program, enum rule rule);

#endif

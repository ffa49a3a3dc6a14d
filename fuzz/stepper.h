/* SPDX-License-Identifier: MIT */
/*
 * Something to be done in the midst of what this thread does, after any number of instructions: so
 * that it falls between two that follow each other, which another thread hits once in a million.
 */
#ifndef FUZZ_STEPPER_H
#define FUZZ_STEPPER_H

#include "helper.h"

#include <stdbool.h>

/* Whether this CPU and this build can. */
bool stepper_is_possible(void);

/* From now on this thread goes by single steps. After so many of them it runs the function in a
 * signal handler, or before its next system call, whichever comes first; then it goes on freely. */
void stepper_start(unsigned steps, helper_function *run, void *argument);

#endif

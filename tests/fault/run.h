/* SPDX-License-Identifier: MIT */
/* The run in progress, for what makes its steps. */
#ifndef FAULT_RUN_H
#define FAULT_RUN_H

#include <stdbool.h>

/* Tells what is wrong, with the scenario and its fault, a few times for each line. */
void complain(const char *message, const char *file, int line);

/* Nothing was complained of in this run, nor in an earlier one with a fault of the same call. */
bool run_is_sound(void);

/* The log of every poll of a scenario. */
void step_note_log(int error, const char *what, void *user);

/* An errno value's name and the like have to fit. */
enum { MESSAGE_SIZE = 512 };

#endif

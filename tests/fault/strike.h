/* SPDX-License-Identifier: MIT */
/* What the redirected calls ask. */
#ifndef FAULT_STRIKE_H
#define FAULT_STRIKE_H

#include "fault.h"

/* Notes one use. The errno value that it has to fail with, or 0. */
int strike(enum call call);

/* Around a call that may sleep; `endless`: in a wait that goes on until something comes. */
void sleep_begins(bool endless);
void sleep_ends(bool endless);

#endif

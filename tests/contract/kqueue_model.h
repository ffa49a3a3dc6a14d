/* SPDX-License-Identifier: MIT */
/*
 * The kqueue model of tests/kqueue, for tests that count calls, read changes back or order faults.
 * HAVE_MODEL is defined where the library is built over it; elsewhere such tests compile to
 * nothing.
 */
#ifndef CONTRACT_KQUEUE_MODEL_H
#define CONTRACT_KQUEUE_MODEL_H

#include "support.h"

#if defined(MIO_RECORD_KEVENT) && defined(__has_include)
#if __has_include(<kqmodel.h>)
#define HAVE_MODEL 1
#endif
#endif

#if defined(HAVE_MODEL)

#include <kqmodel.h>

/* A poll and a pair, with the model in its first state; and their end. */
struct loop model_open(int ends[2]);
void model_close(struct loop *loop, const int ends[2]);

/* Whether the kernel watches that descriptor with that filter. */
bool has_knote(const struct loop *loop, int fd, int filter);

/* How many calls of kevent() since the last question. */
unsigned calls(void);

#endif
#endif

/* SPDX-License-Identifier: MIT */
/* The other thread: it is handed one thing to do at a time. */
#ifndef FUZZ_HELPER_H
#define FUZZ_HELPER_H

typedef void helper_function(void *argument);

/* The thread begins; the first call makes it. */
void helper_start(helper_function *run, void *argument);
/* It has ended, and what it did is seen. */
void helper_join(void);
void helper_stop(void);

#endif

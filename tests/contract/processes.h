/* SPDX-License-Identifier: MIT */
/* What the tests of processes share. */
#ifndef CONTRACT_PROCESSES_H
#define CONTRACT_PROCESSES_H

#include "support.h"

#include <signal.h>

/* A child that ends when it is let go: with this exit code, or by a signal of its own. */
struct child {
    pid_t pid;
    int rope; /* closed to let it go */
};

struct child child_start(int code, int signo);
void child_let_go(const struct child *child);

/* Until it has ended, and can be waited for. */
void child_await(const struct child *child);

/* Whether it is there to be waited for; waits for it. */
bool child_is_zombie(pid_t pid);
void child_reap(pid_t pid);

/* The status that the process tells is this one: -1 and a signal, or a code and 0. */
void expect_status(struct mio_process *process, int code, int signo, struct where where);
#define EXPECT_STATUS(process, code, signo) expect_status((process), (code), (signo), HERE)

/* Whether the process has a descriptor. */
bool has_descriptor(const struct mio_process *process);

#endif

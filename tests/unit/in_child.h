/* SPDX-License-Identifier: MIT */
/* What changes a process for good is tried in a child. */
#ifndef UNIT_IN_CHILD_H
#define UNIT_IN_CHILD_H

#include "test.h"

#include <stdbool.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

/* Whether `run` was content, in a child. */
static inline bool is_content(bool (*run)(void))
{
    fflush(NULL);
    pid_t child = fork();
    REQUIRE(child >= 0);
    if (child == 0)
        _exit(run() ? 0 : 1);
    int status = 0;
    REQUIRE_EQ(waitpid(child, &status, 0), child);
    return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

#endif

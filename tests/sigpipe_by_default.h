/* SPDX-License-Identifier: MIT */
/* For tests of who raises SIGPIPE: it would end the program. */
#ifndef SIGPIPE_BY_DEFAULT_H
#define SIGPIPE_BY_DEFAULT_H

#include "test.h"

#include <pthread.h>
#include <signal.h>

/* Neither ignored nor blocked. */
static inline void sigpipe_by_default(void)
{
    struct sigaction action = {.sa_handler = SIG_DFL};
    sigset_t signals;
    sigemptyset(&signals);
    sigaddset(&signals, SIGPIPE);
    REQUIRE_EQ(sigaction(SIGPIPE, &action, NULL), 0);
    REQUIRE_EQ(pthread_sigmask(SIG_UNBLOCK, &signals, NULL), 0);
}

#endif

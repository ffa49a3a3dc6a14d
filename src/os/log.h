/* SPDX-License-Identifier: MIT */
/* What a poll was made with, and telling its log. */
#ifndef MIO_SRC_OS_LOG_H
#define MIO_SRC_OS_LOG_H

#include <mio/options.h>

#include <stdint.h>

/* mio_options with every default filled in. */
struct mio__config {
    struct mio_allocator allocator;
    mio_log_function *log;     /* NULL: nothing is told */
    mio_clock_function *clock; /* of timers; NULL: the system's */
    void *user;                /* of both */
    uint32_t flags;
    int64_t spin_ns; /* 0: a wait that has to sleep sleeps at once */
};

/* Reports a failure that no caller is told of; `what` was tried. Leaves errno alone. */
void mio__log(const struct mio__config *config, int error, const char *what);

#endif

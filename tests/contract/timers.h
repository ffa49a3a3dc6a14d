/* SPDX-License-Identifier: MIT */
/* A poll whose timers go by a clock that the test sets. */
#ifndef CONTRACT_TIMERS_H
#define CONTRACT_TIMERS_H

#include "support.h"

struct clocked {
    struct loop loop;
    int64_t now[2]; /* by MIO_CLOCK_...; set before the first wait, or between waits */
};

/* `clocked` stays where it is. Both clocks begin at a million seconds. */
void clocked_open(struct clocked *clocked, uint32_t flags, size_t capacity);
void clocked_close(struct clocked *clocked);

/* Lets time pass, on both clocks. */
void pass(struct clocked *clocked, int64_t ns);

/* What mio_poll_next_deadline() tells. */
int64_t next_of(struct clocked *clocked);

/* Waits without sleeping for exactly these timers, in this order; each has expired once. */
#define EXPECT_TIMERS(clocked, ...)                            \
    expect_timers((clocked), (const mio_token[]){__VA_ARGS__}, \
                  sizeof((const mio_token[]){__VA_ARGS__}) / sizeof(mio_token), HERE)

void expect_timers(struct clocked *clocked, const mio_token *tokens, size_t n, struct where where);

/* Waits without sleeping for one timer that has expired so many times. */
void expect_expirations(struct clocked *clocked, mio_token token, int64_t times,
                        struct where where);

#endif

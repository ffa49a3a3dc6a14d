/* SPDX-License-Identifier: MIT */
/*
 * Inside the oracle: what its files ask of a descriptor and of a registration.
 *
 *   oracle.c         descriptors, registrations and wakers, as the program changes them
 *   oracle_wait.c    what has to come, what may, and what has not come
 *   oracle_timers.c  timers and posts
 *   traits.c         where selectors differ
 */
#ifndef FUZZ_ORACLE_INSIDE_H
#define FUZZ_ORACLE_INSIDE_H

#include "oracle.h"

static inline bool is_gone(const struct oracle *oracle, int end)
{
    return !oracle->ends[end ^ 1].open;
}

/* Of a pipe, the even end reads. */
static inline bool is_pipe_end(const struct oracle *oracle, int end, enum direction direction)
{
    enum channel channel = oracle->ends[end].channel;
    return (channel == CHANNEL_PIPE || channel == CHANNEL_FIFO) && (end & 1) == (direction == OUT);
}

static inline bool is_at_end(const struct oracle *oracle, int end)
{
    const struct end *self = &oracle->ends[end];
    return self->channel != CHANNEL_UDP && (is_gone(oracle, end) || oracle->ends[end ^ 1].shut);
}

static inline bool is_gone_pipe(const struct oracle *oracle, int end)
{
    return oracle->ends[end].channel == CHANNEL_PIPE && is_pipe_end(oracle, end, OUT) &&
           is_gone(oracle, end);
}

static inline bool wants(const struct registration *registration, enum direction direction)
{
    return (registration->interest & (direction == IN ? MIO_READABLE : MIO_WRITABLE)) != 0;
}

/* What was due has not come: it had no room and has waited for less than some rounds, or the rule
 * is broken. */
void oracle_still_due(struct oracle *oracle, enum rule rule, const char *whose, int number,
                      int count, bool full, unsigned *passed_over);

#endif

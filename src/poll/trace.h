/* SPDX-License-Identifier: MIT */
/*
 * Seeing inside, for builds that ask for it. Without either option all of this is nothing.
 *
 * MIO_TRACE: polls write what they do to the file that the environment variable MIO_TRACE names.
 * MIO_USDT: static probes of the provider "libmio", for bpftrace, perf and gdb: an instruction that
 * does nothing each, until somebody attaches to it.
 */
#ifndef MIO_SRC_POLL_TRACE_H
#define MIO_SRC_POLL_TRACE_H

#include "../selector/selector.h"

#if defined(MIO_TRACE) || defined(MIO_USDT)

enum { MIO_TRACES = true };

/* A new poll's: from now on its changes are seen. 0 or -ENOMEM. */
int mio__trace_attach(struct mio_selector *selector);

void mio__trace_wait_begins(const struct mio_selector *selector, int64_t timeout_ns);
void mio__trace_wait_ended(const struct mio_selector *selector, const struct mio_events *events,
                           int count);

/* Also in a signal handler. */
void mio__trace_wake(const struct mio_selector *selector, mio_token token, int result);

#else

enum { MIO_TRACES = false };

static inline int mio__trace_attach(struct mio_selector *selector)
{
    (void)selector;
    return 0;
}

static inline void mio__trace_wait_begins(const struct mio_selector *selector, int64_t timeout_ns)
{
    (void)selector;
    (void)timeout_ns;
}

static inline void mio__trace_wait_ended(const struct mio_selector *selector,
                                         const struct mio_events *events, int count)
{
    (void)selector;
    (void)events;
    (void)count;
}

static inline void mio__trace_wake(const struct mio_selector *selector, mio_token token, int result)
{
    (void)selector;
    (void)token;
    (void)result;
}

#endif

#endif

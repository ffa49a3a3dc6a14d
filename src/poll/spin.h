/* SPDX-License-Identifier: MIT */
/*
 * Spinning before sleeping: a wait that would sleep looks again and again for a while first.
 *
 * Falling asleep and being woken costs a thread some microseconds, more than many answers take to
 * come. Who has a core to give may have them at once. The waiter stays awake as wakers see it, so a
 * wake rings no doorbell meanwhile.
 */
#ifndef MIO_SRC_POLL_SPIN_H
#define MIO_SRC_POLL_SPIN_H

#include "../selector/selector.h"

/* From now on, which is before the first wait, each wait that would sleep spins for `spin_ns`
 * first. */
void mio__spin_before_sleeping(struct mio_selector *selector, int64_t spin_ns);

#endif

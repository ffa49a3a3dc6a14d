/* SPDX-License-Identifier: MIT */
#include "spin.h"

#include <mio/poll.h>

/* A look is a system call on every selector, so nothing is gained by a pause between two. */
static int look_for_a_while(struct mio_selector *selector, struct mio_events *events, int64_t end)
{
    int count;
    do
        count = selector->ops->wait(selector, events, 0);
    while (count == 0 && mio_now() < end);
    return count;
}

/* One whose time ends may be over early, as any selector's: the poll's wait begins it again. */
static int wait_spinning(struct mio_selector *selector, struct mio_events *events,
                         int64_t timeout_ns)
{
    if (timeout_ns == 0)
        return selector->ops->wait(selector, events, 0);
    int64_t spin_ns = selector->config.spin_ns;
    int64_t now = mio_now();
    bool ends_spinning = timeout_ns != MIO_FOREVER && timeout_ns <= spin_ns;
    int count = look_for_a_while(selector, events, now + (ends_spinning ? timeout_ns : spin_ns));
    if (count != 0 || ends_spinning)
        return count;
    return selector->ops->wait(selector, events,
                               timeout_ns == MIO_FOREVER ? MIO_FOREVER : timeout_ns - spin_ns);
}

void mio__spin_before_sleeping(struct mio_selector *selector, int64_t spin_ns)
{
    selector->config.spin_ns = spin_ns;
    atomic_store_explicit(&selector->wait, wait_spinning, memory_order_relaxed);
}

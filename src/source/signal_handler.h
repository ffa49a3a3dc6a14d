/* SPDX-License-Identifier: MIT */
/*
 * The library's handler of signals, and who is told of them.
 *
 * There is one mechanism for all systems, since the kernels' own ones behave differently. A
 * signalfd takes a signal from everybody else, and only one that every thread blocks, which changes
 * the masks of a whole program and of its children. EVFILT_SIGNAL hears of a signal, but does not
 * keep its default action from happening, and tells of no sender. A handler interrupts a thread
 * for a moment, and leaves everything else to the program.
 *
 * The handler takes no lock: it reads a list of watchers whose links are atomic. It is counted
 * while it does so. Who removes a watcher unlinks it, and then waits until no handler is left that
 * may have seen it. The handler then does what the signal did before: it calls the program's own
 * handler, outside the count, since that may never return (siglongjmp).
 */
#ifndef MIO_SRC_SOURCE_SIGNAL_HANDLER_H
#define MIO_SRC_SOURCE_SIGNAL_HANDLER_H

#include "../os/fork_guard.h"

#include <signal.h>
#include <stdatomic.h>

struct mio__signal_watcher {
    _Atomic(struct mio__signal_watcher *) next;
    const struct mio__fork_guard *guard; /* of the process that is told; no child of it is */

    /* Called by the handler, whenever the signal comes: has to be async-signal-safe. */
    void (*tell)(struct mio__signal_watcher *watcher, const siginfo_t *info);
};

/* Watches a signal, with `guard` and `tell` set. 0, or -EINVAL of a signal that is not there or
 * cannot be watched. */
int mio__signal_watch(int signo, struct mio__signal_watcher *watcher);

/* Watches it no more. Afterwards nobody calls the watcher. */
void mio__signal_unwatch(int signo, struct mio__signal_watcher *watcher);

#endif

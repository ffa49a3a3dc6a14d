/* SPDX-License-Identifier: MIT */
/*
 * Watching a child by SIGCHLD, where the system has no descriptor of a process.
 *
 * One SIGCHLD may stand for the ends of several children, so at each of them every child that is
 * watched so is asked for (waitid(2), which leaves its status where it is).
 */
#ifndef MIO_SRC_SOURCE_CHILD_WATCH_H
#define MIO_SRC_SOURCE_CHILD_WATCH_H

#include "../selector/selector.h"

struct mio__child_watch;

/*
 * Watches a child: an event comes with the token when it has ended, or at once. 0, -ENOMEM, an
 * error of arming the selector, or one of mio__signal_watch(). Once this has returned 0 the event
 * may have been handed out. `watch` is written before that can be.
 */
int mio__child_watch_new(struct mio_selector *selector, mio_token token, int pid, void **watch);

void mio__child_watch_free(struct mio__child_watch *watch);

/* What there is to know of a child. */
enum mio__child_state {
    MIO_CHILD_RUNS,
    MIO_CHILD_HAS_ENDED,
    MIO_CHILD_IS_NONE /* no child of this process, or somebody has waited for it */
};
enum mio__child_state mio__child_ask(int pid);

#endif

/* SPDX-License-Identifier: MIT */
/*
 * When the poll(2) selector looks at what is muted, and what a look does to a registration. Why
 * there are looks is told in poll2.c. All of it is guarded by the selector's lock.
 */
#ifndef MIO_SRC_SELECTOR_POLL2_POLL2_LOOK_H
#define MIO_SRC_SELECTOR_POLL2_POLL2_LOOK_H

#include "poll2_set.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The waiter's next look. All 0 means: at once. */
struct poll_look {
    int64_t at;     /* on mio_now()'s clock; 0: in the next wait */
    int64_t period; /* how long after that to look again; 0: none was made since it was due */
};

/* The waiter is to look at what is muted at once, and then less and less often. */
void mio__poll2_look_soon(struct poll_look *look);

/*
 * Whether this wait looks, which makes its timeout 0. If not, the timeout is shortened to end with
 * the next look; it stays as it is when nothing of the set is to be looked at.
 */
bool mio__poll2_look_begin(struct poll_look *look, const struct poll_set *set, int64_t *timeout_ns);

/* Those of the `copied` ones of which a look has found nothing at all are as a new registration. */
void mio__poll2_look_refresh_quiet(struct poll_set *set, const struct poll_copy *copy,
                                   size_t copied);

/* A look at one registration, by the thread whose call may have ended a condition. The caller
 * settles it. */
void mio__poll2_look_at(struct poll_look *look, struct poll_set *set, size_t place, int fd);

#endif

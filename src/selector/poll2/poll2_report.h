/* SPDX-License-Identifier: MIT */
/*
 * What of that which poll(2) has found is news, and when there may be more: the edges of those
 * selectors that make them themselves, poll(2) and event ports. All of it is guarded by the
 * selector's lock.
 */
#ifndef MIO_SRC_SELECTOR_POLL2_POLL2_REPORT_H
#define MIO_SRC_SELECTOR_POLL2_POLL2_REPORT_H

#include "poll2_look.h"
#include "poll2_set.h"

#include <mio/event.h>

/*
 * Writes the records of what is new, and notes that it was told; with little room the directions
 * take turns. Returns how many. The caller settles the entry.
 */
int mio__poll2_report(struct poll_entry *entry, int fd, const struct mio__poll2_found *found,
                      struct mio_event *list, int room);

/*
 * Something was drained, or (`interest` is 0) a condition may have ended: what comes next is news.
 * Whether what poll(2) is to be asked has changed.
 */
bool mio__poll2_rearm(struct poll_look *look, struct poll_set *set, size_t place, int fd,
                      mio_interest interest);

#endif

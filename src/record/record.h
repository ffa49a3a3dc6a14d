/* SPDX-License-Identifier: MIT */
/* Records that the library writes itself, in this platform's layout. */
#ifndef MIO_SRC_RECORD_RECORD_H
#define MIO_SRC_RECORD_RECORD_H

#include <mio/event.h>
#include <mio/interest.h>

#include <stdbool.h>

/* A wake: readable, with the waker's token. */
void mio__record_wake(struct mio_event *record, mio_token token);

/* Whether this platform has a record for each direction of a descriptor, as kqueue has. */
#if defined(MIO_RECORD_KEVENT)
enum { MIO_RECORDS_BY_DIRECTION = true };
#else
enum { MIO_RECORDS_BY_DIRECTION = false };
#endif

/* What poll(2) says about each direction of a descriptor; the same of both unless it was asked for
 * each by itself. */
struct mio__poll2_found {
    short reading;
    short writing;
};

/*
 * Tells of what poll(2) has found about the directions in `*interest`: writes one record, or one a
 * direction where the platform has those, and at most `room` (1 or more). Returns how many, and
 * takes out of `*interest` the directions that found no room.
 */
int mio__record_poll(struct mio_event *list, int room, mio_fd fd, mio_token token,
                     mio_interest *interest, const struct mio__poll2_found *found);

#endif

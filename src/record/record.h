/* SPDX-License-Identifier: MIT */
/* Records that the library writes itself, in this platform's layout. */
#ifndef MIO_SRC_RECORD_RECORD_H
#define MIO_SRC_RECORD_RECORD_H

#include <mio/event.h>
#include <mio/interest.h>

#include <stdbool.h>

/* A wake: readable, with the waker's token. */
void mio__record_wake(struct mio_event *record, mio_token token);

/* A timer that has expired so many times, at most 0xffff. */
void mio__record_timer(struct mio_event *record, mio_token token, unsigned expirations);

/* Whether a record tells of one direction: a kevent does, since it names one filter. Elsewhere it
 * has a mask of both directions. A descriptor that is ready both ways gives two records or one. */
#if defined(MIO_RECORD_KEVENT)
enum { MIO_RECORDS_BY_DIRECTION = true };
#else
enum { MIO_RECORDS_BY_DIRECTION = false };
#endif

/* What poll(2) returned in `revents`. A descriptor is usually asked about once for both directions,
 * so both members are equal. They differ where each direction was asked about by itself. */
struct mio__poll2_found {
    short reading;
    short writing;
};

/*
 * Writes records of what poll(2) has found about the directions in `*interest`: one, or one for
 * each direction (MIO_RECORDS_BY_DIRECTION), and at most `room`, which is at least 1. Returns how
 * many, and removes from `*interest` the directions for which there was no room.
 */
int mio__record_poll(struct mio_event *list, int room, mio_fd fd, mio_token token,
                     mio_interest *interest, const struct mio__poll2_found *found);

#endif

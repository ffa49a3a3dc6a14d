/* SPDX-License-Identifier: MIT */
/* Records that the library writes itself, in this platform's layout. */
#ifndef MIO_SRC_RECORD_H
#define MIO_SRC_RECORD_H

#include <mio/event.h>
#include <mio/interest.h>

/* A wake: readable, with the waker's token. */
void mio_record_wake(struct mio_event *record, mio_token token);

/*
 * What poll(2) has found, `*revents`, about a descriptor of which `*interest` is to be told: writes
 * one record, or one a direction where the kernel's own records are so, and at most `room` (1 or
 * more). Returns how many; leaves in `*revents` what they report, and takes out of `*interest` the
 * directions that there was something to tell of and no room.
 */
int mio_record_poll(struct mio_event *list, int room, mio_fd fd, mio_token token,
                    mio_interest *interest, short *revents);

#endif

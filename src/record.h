/* SPDX-License-Identifier: MIT */
/* Records that the library writes itself, in this platform's layout. */
#ifndef MIO_SRC_RECORD_H
#define MIO_SRC_RECORD_H

#include <mio/event.h>

/* A wake: readable, with the waker's token. */
void mio_record_wake(struct mio_event *record, mio_token token);

#endif

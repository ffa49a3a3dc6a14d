/* SPDX-License-Identifier: MIT */
/* The system call of the poll(2) selector, and what systems make of it. */
#ifndef MIO_SRC_SELECTOR_POLL2_POLL2_CALL_H
#define MIO_SRC_SELECTOR_POLL2_POLL2_CALL_H

#include "../../record/record.h"

#include <mio/platform.h>

#include <poll.h>
#include <stdbool.h>
#include <stddef.h>

/* The bit of a half-close, which is seen by reading 0 where there is none. FreeBSD has it from 14
 * on alone, and is left at one answer; illumos has it, Solaris not. */
#if (MIO_PLATFORM == MIO_PLATFORM_LINUX || MIO_PLATFORM == MIO_PLATFORM_ILLUMOS) && \
    defined(POLLRDHUP)
enum { MIO_POLL_HALF_CLOSED = POLLRDHUP };
#else
enum { MIO_POLL_HALF_CLOSED = 0 };
#endif

/* The bits of poll(2) that tell of reading; a hang-up and an error, which cannot be masked. */
enum {
    MIO_POLL_READING = POLLIN | MIO_POLL_HALF_CLOSED | POLLPRI,
    MIO_POLL_CONDITIONS = POLLHUP | POLLERR
};

/*
 * Whether a hang-up is told to those who did not ask for the direction it closes. Apple's and
 * DragonFly's poll(2) are made of a kqueue: what is not asked for is not watched.
 */
#if MIO_PLATFORM == MIO_PLATFORM_APPLE || MIO_PLATFORM == MIO_PLATFORM_DRAGONFLY
enum { MIO_POLL_REPORTS_UNASKED = false };
#else
enum { MIO_POLL_REPORTS_UNASKED = true };
#endif

/*
 * Whether a hang-up ends the sleep of a poll(2) that asks for nothing. FreeBSD and NetBSD would
 * answer, but enter the sleeper into the list of what it has asked for and no other.
 */
#if MIO_PLATFORM == MIO_PLATFORM_LINUX || MIO_PLATFORM == MIO_PLATFORM_OPENBSD || \
    MIO_PLATFORM == MIO_PLATFORM_ILLUMOS
enum { MIO_POLL_WAKES_UNASKED = true };
#else
enum { MIO_POLL_WAKES_UNASKED = false };
#endif

/* Whether an error is POLLERR, for as long as nobody takes it. Elsewhere it is readiness. */
enum { MIO_POLL_SHOWS_ERRORS = MIO_PLATFORM == MIO_PLATFORM_LINUX };

/* Whether POLLNVAL may be said of an open descriptor: a pipe without reader on DragonFly. */
enum { MIO_POLL_MISTAKES_OPEN = !MIO_POLL_REPORTS_UNASKED };

/*
 * poll(2) with a timeout in nanoseconds, -1 for ever. May return 0 early. Where there are more
 * descriptors than the system takes at once (RLIMIT_NOFILE was lowered) it asks in parts, and is
 * late by 10 ms at most. -1 with errno; EMFILE when the system takes none at all.
 */
int mio__poll2_call(struct pollfd *fds, size_t count, int64_t timeout_ns);

/* What poll(2) says of one descriptor now, asked for each direction in `events`; false when it
 * fails. */
bool mio__poll2_ask(int fd, short events, struct mio__poll2_found *found);

#endif

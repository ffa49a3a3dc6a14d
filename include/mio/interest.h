/* SPDX-License-Identifier: MIT */
/*
 * What a registration asks for: kinds of readiness, or-ed together, and at most one mode.
 *
 *   MIO_READABLE | MIO_WRITABLE          both directions, edge-triggered
 *   MIO_READABLE | MIO_LEVEL             level-triggered
 *
 * Edge-triggered, when no mode is named: an event says that something changed, so the operation
 * must be repeated until it gives EAGAIN before the next event can be relied on.
 */
#ifndef MIO_INTEREST_H
#define MIO_INTEREST_H

#include <mio/types.h>

#include <stdbool.h>

MIO_BEGIN_DECLS

/*
 * All of them are unsigned numbers of one list, so that they may be joined with each other and with
 * ~ in C and in C++, and used by the preprocessor.
 */

/* --- readiness that can be asked for, at least one of it; an event may tell of each --- */

/*
 * Reading, or writing, is worth trying; the end of the direction is told too. More edges may come
 * than are promised: whatever changes a descriptor's state may be one, such as a read of the other
 * end (K37).
 *
 * What a system does not tell, and no library can: a FIFO on macOS does not tell of its end (K21),
 * and a pipe or FIFO that is watched in its wrong direction may never give an event (K24). On macOS
 * a terminal or another device is watched as one whose bytes cannot be counted (K20); /dev/tty is,
 * and poll(2) refuses it there.
 */
#define MIO_READABLE 0x01u
#define MIO_WRITABLE 0x02u

/*
 * Asynchronous requests of aio(4), and lists of them. No descriptor is told to the kernel: the
 * request itself names the poll, with SIGEV_KEVENT, mio_registry_fd() and the token in its
 * sigevent. FreeBSD; -ENOTSUP elsewhere.
 */
#define MIO_AIO 0x04u
#define MIO_LIO 0x08u

/*
 * Urgent (out-of-band) data. Linux; macOS, OpenBSD and DragonFly by EVFILT_EXCEPT (K35), where it
 * is always edge-triggered, and where the condition may outlast recv(MSG_OOB), which then gives
 * EAGAIN or EINVAL. -ENOTSUP on FreeBSD and NetBSD, whose kernels cannot tell.
 */
#define MIO_PRIORITY 0x10u

/* --- what only events say; see mio_event_readiness() --- */

#define MIO_ERROR        0x20u
#define MIO_READ_CLOSED  0x40u
#define MIO_WRITE_CLOSED 0x80u

/* --- modes --- */

/* An event at every wait for as long as the readiness lasts. With one exception: with kqueue the
 * writing end of a pipe may tell of its reader's close just once, on FreeBSD, and on NetBSD and
 * DragonFly when it was registered after the close (K9). */
#define MIO_LEVEL 0x100u

/* At most one wait delivers; then silence, hang-ups too, until mio_registry_reregister(). Not with
 * MIO_LEVEL. */
#define MIO_ONESHOT 0x200u

/*
 * Of several polls that watch the same descriptor, not all are woken by one event. Linux with epoll
 * alone (E5), for READABLE and WRITABLE, edge- or level-triggered; a half-close is then seen by
 * reading 0 and not as read-closed. -ENOTSUP elsewhere. One socket in several polls is registered
 * by its number, and re-armed by the program: see registry.h.
 */
#define MIO_EXCLUSIVE 0x400u

/* Every readiness that can be asked for, and every mode. */
#define MIO_ALL_READINESS (MIO_READABLE | MIO_WRITABLE | MIO_AIO | MIO_LIO | MIO_PRIORITY)
#define MIO_ALL_MODES     (MIO_LEVEL | MIO_ONESHOT | MIO_EXCLUSIVE)

/* `interest` with what `other` names as well. */
MIO_INLINE mio_interest mio_interest_add(mio_interest interest, mio_interest other)
{
    return interest | other;
}

/* `interest` without what `other` names; 0, which no registration accepts, when nothing is left. */
MIO_INLINE mio_interest mio_interest_remove(mio_interest interest, mio_interest other)
{
    return interest & ~other;
}

MIO_INLINE bool mio_interest_is_readable(mio_interest interest)
{
    return (interest & MIO_READABLE) != 0;
}

MIO_INLINE bool mio_interest_is_writable(mio_interest interest)
{
    return (interest & MIO_WRITABLE) != 0;
}

MIO_INLINE bool mio_interest_is_priority(mio_interest interest)
{
    return (interest & MIO_PRIORITY) != 0;
}

MIO_INLINE bool mio_interest_is_aio(mio_interest interest)
{
    return (interest & MIO_AIO) != 0;
}

MIO_INLINE bool mio_interest_is_lio(mio_interest interest)
{
    return (interest & MIO_LIO) != 0;
}

/*
 * Writes the interest by name, "READABLE|WRITABLE|LEVEL", unknown bits in hex, "(empty)" for 0.
 * Like snprintf: at most `size` bytes with the terminating 0 are written (`buffer` may be NULL when
 * size is 0), and the length of the whole text is returned.
 */
MIO_API int mio_interest_format(mio_interest interest, char *buffer, size_t size);

MIO_END_DECLS

#endif

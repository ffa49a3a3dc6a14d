/* SPDX-License-Identifier: MIT */
/*
 * What a registration asks for: one kind of readiness or several, or-ed together, and a mode.
 *
 *   MIO_READABLE | MIO_WRITABLE          both directions, edge-triggered
 *   MIO_READABLE | MIO_LEVEL             level-triggered
 *
 * Without a mode it is edge-triggered: an event says that something has changed. Repeat the
 * operation until it gives EAGAIN or, on a stream or a pipe, moves less than it was asked for. Only
 * then can the event of the next change be relied on. After an event of MIO_READ_CLOSED read to the
 * end, since no other follows.
 */
#ifndef MIO_INTEREST_H
#define MIO_INTEREST_H

#include <mio/types.h>

#include <stdbool.h>

MIO_BEGIN_DECLS

/*
 * All bits are unsigned, and none has two meanings. So they can be or-ed with each other and
 * inverted without a warning in C and C++, and used by the preprocessor.
 */

/* --- readiness: an interest has one bit of it at least, and events tell of it --- */

/*
 * Reading, or writing, is worth trying. The end of that direction gives an event too. More edges
 * may come than are promised: on kqueue whatever changes a descriptor's state may be one, such as a
 * read of the other end (K37).
 *
 * What kernels do not tell: on macOS a FIFO does not tell of its end (K21); a pipe or FIFO that is
 * watched in its wrong direction may never give an event (K24). Terminals and other character
 * devices can be watched on macOS by kqueue (K20), but not all of them by poll(2) (P7).
 */
#define MIO_READABLE 0x01u
#define MIO_WRITABLE 0x02u

/*
 * Asynchronous requests of aio(4), and lists of them. Registering tells the kernel nothing: each
 * request names the poll in its sigevent, by SIGEV_KEVENT, mio_registry_fd() and the token. FreeBSD
 * with kqueue; -ENOTSUP elsewhere.
 */
#define MIO_AIO 0x04u
#define MIO_LIO 0x08u

/*
 * Urgent (out-of-band) data. Linux, illumos and Solaris; and with kqueue macOS, OpenBSD and
 * DragonFly, by EVFILT_EXCEPT (K35). With kqueue it is edge-triggered, even beside MIO_LEVEL, and
 * may be told again after recv(MSG_OOB), which then gives EAGAIN or EINVAL. -ENOTSUP on FreeBSD and
 * NetBSD, whose kernels cannot tell, and with poll(2) on BSD and Apple.
 */
#define MIO_PRIORITY 0x10u

/*
 * MIO_READ_CLOSED: the peer will send no more. It is for those who want to know of a close and not
 * of data, of which MIO_LEVEL would tell at every wait until it is read. MIO_READABLE includes it.
 * Errors, and the end of both directions, are told as well.
 *
 * MIO_ERROR: a connection was refused or reset, or nobody took a datagram. Every other interest
 * tells of it too, as far as the system does. On Linux a hang-up is told as well: both directions
 * of a socket, or the other end of a pipe, are closed.
 *
 * With kqueue such an event is readable too: reading, were it tried, would not block. -ENOTSUP
 * where nothing tells them from data: both with poll(2) on BSD and macOS, and of macOS' character
 * devices with kqueue; errors with event ports. docs/contract.md (EV5) has what is told of each
 * kind of descriptor.
 */
#define MIO_ERROR       0x20u
#define MIO_READ_CLOSED 0x40u

/* --- what only an event says (mio_event_readiness()); -EINVAL in an interest --- */

#define MIO_WRITE_CLOSED 0x80u
#define MIO_TIMER        0x1000u

/* --- modes: one at most, but for MIO_EXCLUSIVE with MIO_LEVEL --- */

/*
 * An event at every wait for as long as the readiness lasts. With kqueue there is an exception: the
 * close of a pipe's reader may be told to the writing end just once. So it is on FreeBSD; on NetBSD
 * up to 10 and on DragonFly when the writing end was registered after that close (K9).
 */
#define MIO_LEVEL 0x100u

/* One wait delivers, and no other. Then nothing is told, not even a hang-up, until the descriptor
 * is reregistered. */
#define MIO_ONESHOT 0x200u

/*
 * Of several polls that watch the same file, one event wakes some and not all. Not beside
 * MIO_ONESHOT or MIO_PRIORITY (-EINVAL). With it a half-close is not told as read-closed: reading 0
 * tells (E5). Linux with epoll; -ENOTSUP elsewhere. How several polls share a listener is in io.h.
 */
#define MIO_EXCLUSIVE 0x400u

/* Every bit of readiness that can be asked for, and every mode. */
#define MIO_ALL_READINESS \
    (MIO_READABLE | MIO_WRITABLE | MIO_AIO | MIO_LIO | MIO_PRIORITY | MIO_ERROR | MIO_READ_CLOSED)
#define MIO_ALL_MODES (MIO_LEVEL | MIO_ONESHOT | MIO_EXCLUSIVE)

/* The bits of both. */
MIO_INLINE mio_interest mio_interest_add(mio_interest interest, mio_interest other)
{
    return interest | other;
}

/* `interest` without the bits of `other`. Nothing can be registered with what is left if it has no
 * readiness. */
MIO_INLINE mio_interest mio_interest_remove(mio_interest interest, mio_interest other)
{
    return interest & ~other;
}

/* Whether the bit of that name is there. */
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

MIO_INLINE bool mio_interest_is_error(mio_interest interest)
{
    return (interest & MIO_ERROR) != 0;
}

MIO_INLINE bool mio_interest_is_read_closed(mio_interest interest)
{
    return (interest & MIO_READ_CLOSED) != 0;
}

/*
 * Writes the interest as text: "READABLE|WRITABLE|LEVEL", unknown bits in hex, "(empty)" for 0.
 * Like snprintf it writes at most `size` bytes, the closing 0 among them, and returns the length of
 * the whole text. `buffer` may be NULL when `size` is 0. Cannot fail. Any thread, but no signal
 * handler.
 */
MIO_API int mio_interest_format(mio_interest interest, char *buffer, size_t size);

MIO_END_DECLS

#endif

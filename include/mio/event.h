/* SPDX-License-Identifier: MIT */
/*
 * What a wait delivers: a token, and what its descriptor is ready for.
 *
 * struct mio_event is the kernel's own record, which the kernel writes straight into the caller's
 * array. It has the layout of struct epoll_event on Linux, that of struct kevent on BSD and Apple
 * (on FreeBSD that of release 12 and later, without which the library does not compile), and
 * libmio's own elsewhere. It is a plain value, to be copied and kept. Read it by the functions
 * below: the members differ from system to system. mio/epoll.h and mio/kqueue.h read those.
 *
 * A kevent is of one direction: a descriptor that is ready both ways gives two events on BSD and
 * Apple. Elsewhere it gives one.
 *
 * Readable and writable promise that the operation is worth trying. It may still give EAGAIN.
 * Error, read-closed, write-closed and priority are hints. No system sets them in all cases, and
 * each sets them in cases of its own: epoll calls a refused UDP socket write-closed. After a hint
 * alone try the operation; what it returns decides. mio_event_may_read() and mio_event_may_write()
 * say what to try. docs/contract.md (EV2) has what each system tells in each situation.
 */
#ifndef MIO_EVENT_H
#define MIO_EVENT_H

#include <mio/interest.h>
#include <mio/types.h>

#include <stdbool.h>

MIO_BEGIN_DECLS

#if defined(MIO_RECORD_EPOLL)

/* epoll_event of the Linux ABI, which is packed on x86-64 alone (E11). i386 aligns a uint64_t to 4
 * bytes, so it has 12 bytes there too. It is packed by a pragma, since glibc takes all attributes
 * away from a compiler that does not call itself gcc. */
#if defined(__x86_64__)
#pragma pack(push, 1)
#endif
struct mio_event {
    uint32_t events;
    uint64_t data;
};
#if defined(__x86_64__)
#pragma pack(pop)
#endif

#elif defined(MIO_RECORD_KEVENT)

#if MIO_PLATFORM == MIO_PLATFORM_APPLE
#pragma pack(push, 4)
#endif
struct mio_event {
    uintptr_t ident;
#if MIO_PLATFORM == MIO_PLATFORM_NETBSD
    uint32_t filter;
    uint32_t flags;
#else
    int16_t filter;
    uint16_t flags;
#endif
    uint32_t fflags;
#if MIO_PLATFORM == MIO_PLATFORM_APPLE || MIO_PLATFORM == MIO_PLATFORM_DRAGONFLY || \
    MIO_PLATFORM == MIO_PLATFORM_KQUEUE_LIBRARY
    intptr_t data;
#else
    int64_t data;
#endif
    void *udata;
#if MIO_PLATFORM == MIO_PLATFORM_FREEBSD || \
    (MIO_PLATFORM == MIO_PLATFORM_NETBSD && MIO_NETBSD_RELEASE >= 11)
    uint64_t ext[4];
#endif
};
#if MIO_PLATFORM == MIO_PLATFORM_APPLE
#pragma pack(pop)
#endif

#else

struct mio_event {
    mio_token token;
    uint32_t readiness; /* as mio_event_readiness() returns it */
    int32_t error;      /* an errno value, or 0 */
};

#endif

/*
 * A compiler that lays the record out in another way fails here, compiling the library or a
 * program. The selectors compare each member with the system's own.
 */
#if defined(MIO_RECORD_EPOLL) && (defined(__x86_64__) || defined(__i386__))
#define MIO_RECORD_SIZE 12
#elif !defined(MIO_RECORD_KEVENT) || UINTPTR_MAX <= 0xffffffff
#define MIO_RECORD_SIZE sizeof(struct mio_event)
#elif MIO_PLATFORM == MIO_PLATFORM_FREEBSD
#define MIO_RECORD_SIZE 64
#elif MIO_PLATFORM == MIO_PLATFORM_NETBSD
#define MIO_RECORD_SIZE (MIO_NETBSD_RELEASE >= 11 ? 72 : 40)
#else
#define MIO_RECORD_SIZE 32
#endif
typedef char mio_event_is_the_kernels_record[sizeof(struct mio_event) == MIO_RECORD_SIZE ? 1 : -1];

/*
 * The kernel's constants that the functions below need. They are spelled here because a system
 * header would bring its macros into every program. The selectors compare each with the system's.
 */
#if defined(MIO_RECORD_EPOLL)

#define MIO_EPOLL_IN    0x1u
#define MIO_EPOLL_PRI   0x2u
#define MIO_EPOLL_OUT   0x4u
#define MIO_EPOLL_ERR   0x8u
#define MIO_EPOLL_HUP   0x10u
#define MIO_EPOLL_RDHUP 0x2000u
/* The library's own: a timer, with the number of its expirations in the upper half. No kernel gives
 * what a registration has not asked for, and none can ask for this. */
#define MIO_EPOLL_TIMER 0x8000u

#elif defined(MIO_RECORD_KEVENT)

#define MIO_KEVENT_ERROR 0x4000u
#define MIO_KEVENT_EOF   0x8000u
#if MIO_PLATFORM == MIO_PLATFORM_OPENBSD
#define MIO_KEVENT_OOB 0x4u
#elif MIO_PLATFORM == MIO_PLATFORM_APPLE || MIO_PLATFORM == MIO_PLATFORM_DRAGONFLY
#define MIO_KEVENT_OOB 0x2u
#else
#define MIO_KEVENT_OOB 0x0u
#endif

enum {
    /* In place of a filter that the system does not have. No event has it. */
    MIO_KEVENT_NONE = 0x7fff,
#if MIO_PLATFORM == MIO_PLATFORM_NETBSD
    MIO_KEVENT_READ = 0,
    MIO_KEVENT_WRITE = 1,
    MIO_KEVENT_AIO = 2,
    MIO_KEVENT_TIMER = 6,
    MIO_KEVENT_USER = 8,
#else
    MIO_KEVENT_READ = -1,
    MIO_KEVENT_WRITE = -2,
    MIO_KEVENT_AIO = -3,
    MIO_KEVENT_TIMER = -7,
#endif
#if MIO_PLATFORM == MIO_PLATFORM_FREEBSD
    MIO_KEVENT_LIO = -10,
#else
    MIO_KEVENT_LIO = MIO_KEVENT_NONE,
#endif
#if MIO_PLATFORM == MIO_PLATFORM_FREEBSD || MIO_PLATFORM == MIO_PLATFORM_KQUEUE_LIBRARY
    MIO_KEVENT_USER = -11,
#elif MIO_PLATFORM == MIO_PLATFORM_DRAGONFLY
    MIO_KEVENT_USER = -9,
#elif MIO_PLATFORM != MIO_PLATFORM_NETBSD
    MIO_KEVENT_USER = -10,
#endif
#if MIO_PLATFORM == MIO_PLATFORM_APPLE
    MIO_KEVENT_EXCEPT = -15
#elif MIO_PLATFORM == MIO_PLATFORM_OPENBSD
    MIO_KEVENT_EXCEPT = -9
#elif MIO_PLATFORM == MIO_PLATFORM_DRAGONFLY
    MIO_KEVENT_EXCEPT = -8
#else
    MIO_KEVENT_EXCEPT = MIO_KEVENT_NONE
#endif
};

#endif

#if defined(MIO_RECORD_EPOLL)

MIO_INLINE mio_token mio_event_token(const struct mio_event *event)
{
    return MIO_CAST(mio_token, event->data);
}

MIO_INLINE bool mio_event_is_readable(const struct mio_event *event)
{
    return (event->events & (MIO_EPOLL_IN | MIO_EPOLL_PRI)) != 0;
}

MIO_INLINE bool mio_event_is_writable(const struct mio_event *event)
{
    return (event->events & MIO_EPOLL_OUT) != 0;
}

MIO_INLINE bool mio_event_is_error(const struct mio_event *event)
{
    return (event->events & MIO_EPOLL_ERR) != 0;
}

MIO_INLINE bool mio_event_is_read_closed(const struct mio_event *event)
{
    return (event->events & (MIO_EPOLL_HUP | MIO_EPOLL_RDHUP)) != 0;
}

MIO_INLINE bool mio_event_is_write_closed(const struct mio_event *event)
{
    return (event->events & MIO_EPOLL_HUP) != 0 ||
           ((event->events & MIO_EPOLL_OUT) != 0 && (event->events & MIO_EPOLL_ERR) != 0) ||
           event->events == MIO_EPOLL_ERR;
}

MIO_INLINE bool mio_event_is_priority(const struct mio_event *event)
{
    return (event->events & MIO_EPOLL_PRI) != 0;
}

MIO_INLINE bool mio_event_is_aio(const struct mio_event *event)
{
    (void)event;
    return false;
}

MIO_INLINE bool mio_event_is_lio(const struct mio_event *event)
{
    (void)event;
    return false;
}

MIO_INLINE bool mio_event_is_timer(const struct mio_event *event)
{
    return (event->events & MIO_EPOLL_TIMER) != 0;
}

MIO_INLINE int64_t mio_event_expirations(const struct mio_event *event)
{
    return mio_event_is_timer(event) ? MIO_CAST(int64_t, event->events >> 16) : 0;
}

MIO_INLINE int mio_event_error(const struct mio_event *event)
{
    (void)event;
    return 0;
}

MIO_INLINE int64_t mio_event_amount(const struct mio_event *event)
{
    (void)event;
    return -1;
}

#elif defined(MIO_RECORD_KEVENT)

/* Whether it is an event of EVFILT_READ or EVFILT_WRITE, of which alone EV_EOF and fflags tell that
 * a side is closed. */
MIO_INLINE bool mio_kevent_is_of_descriptor(const struct mio_event *event)
{
    return event->filter == MIO_KEVENT_READ || event->filter == MIO_KEVENT_WRITE;
}

MIO_INLINE mio_token mio_event_token(const struct mio_event *event)
{
    return MIO_ADDRESS(event->udata);
}

/* With EV_EOF fflags are an errno value, which may have the bit of NOTE_OOB (K35). */
MIO_INLINE bool mio_event_is_priority(const struct mio_event *event)
{
    return event->filter == MIO_KEVENT_EXCEPT && (event->fflags & MIO_KEVENT_OOB) != 0 &&
           (event->flags & MIO_KEVENT_EOF) == 0;
}

MIO_INLINE bool mio_event_is_readable(const struct mio_event *event)
{
    return event->filter == MIO_KEVENT_READ || event->filter == MIO_KEVENT_USER ||
           mio_event_is_priority(event);
}

MIO_INLINE bool mio_event_is_writable(const struct mio_event *event)
{
    return event->filter == MIO_KEVENT_WRITE;
}

MIO_INLINE bool mio_event_is_error(const struct mio_event *event)
{
    return (event->flags & MIO_KEVENT_ERROR) != 0 ||
           ((event->flags & MIO_KEVENT_EOF) != 0 && event->fflags != 0 &&
            mio_kevent_is_of_descriptor(event));
}

MIO_INLINE bool mio_event_is_read_closed(const struct mio_event *event)
{
    return event->filter == MIO_KEVENT_READ && (event->flags & MIO_KEVENT_EOF) != 0;
}

MIO_INLINE bool mio_event_is_write_closed(const struct mio_event *event)
{
    return event->filter == MIO_KEVENT_WRITE && (event->flags & MIO_KEVENT_EOF) != 0;
}

MIO_INLINE bool mio_event_is_aio(const struct mio_event *event)
{
    return event->filter == MIO_KEVENT_AIO;
}

MIO_INLINE bool mio_event_is_lio(const struct mio_event *event)
{
    return event->filter == MIO_KEVENT_LIO;
}

MIO_INLINE bool mio_event_is_timer(const struct mio_event *event)
{
    return event->filter == MIO_KEVENT_TIMER;
}

MIO_INLINE int64_t mio_event_expirations(const struct mio_event *event)
{
    return mio_event_is_timer(event) ? MIO_CAST(int64_t, event->data) : 0;
}

MIO_INLINE int mio_event_error(const struct mio_event *event)
{
    if ((event->flags & MIO_KEVENT_ERROR) != 0)
        return event->data > 0 ? -MIO_CAST(int, event->data) : 0;
    return mio_event_is_error(event) ? -MIO_CAST(int, event->fflags) : 0;
}

MIO_INLINE int64_t mio_event_amount(const struct mio_event *event)
{
    return mio_kevent_is_of_descriptor(event) && event->data >= 0 ? MIO_CAST(int64_t, event->data)
                                                                  : -1;
}

#else

MIO_INLINE mio_token mio_event_token(const struct mio_event *event)
{
    return event->token;
}

MIO_INLINE bool mio_event_is_readable(const struct mio_event *event)
{
    return (event->readiness & (MIO_READABLE | MIO_PRIORITY)) != 0;
}

MIO_INLINE bool mio_event_is_writable(const struct mio_event *event)
{
    return (event->readiness & MIO_WRITABLE) != 0;
}

MIO_INLINE bool mio_event_is_error(const struct mio_event *event)
{
    return (event->readiness & MIO_ERROR) != 0;
}

MIO_INLINE bool mio_event_is_read_closed(const struct mio_event *event)
{
    return (event->readiness & MIO_READ_CLOSED) != 0;
}

MIO_INLINE bool mio_event_is_write_closed(const struct mio_event *event)
{
    return (event->readiness & MIO_WRITE_CLOSED) != 0;
}

MIO_INLINE bool mio_event_is_priority(const struct mio_event *event)
{
    return (event->readiness & MIO_PRIORITY) != 0;
}

MIO_INLINE bool mio_event_is_aio(const struct mio_event *event)
{
    return (event->readiness & MIO_AIO) != 0;
}

MIO_INLINE bool mio_event_is_lio(const struct mio_event *event)
{
    return (event->readiness & MIO_LIO) != 0;
}

MIO_INLINE bool mio_event_is_timer(const struct mio_event *event)
{
    return (event->readiness & MIO_TIMER) != 0;
}

MIO_INLINE int64_t mio_event_expirations(const struct mio_event *event)
{
    return mio_event_is_timer(event) ? event->error : 0;
}

MIO_INLINE int mio_event_error(const struct mio_event *event)
{
    return mio_event_is_timer(event) ? 0 : -event->error;
}

MIO_INLINE int64_t mio_event_amount(const struct mio_event *event)
{
    (void)event;
    return -1;
}

#endif

/*
 * What these functions say. `event` is never NULL. Any thread may call them, and a signal handler.
 *
 *   mio_event_token            the token given with the registration, the waker or the timer
 *   mio_event_is_readable      read or accept; or it is a wake. Urgent data counts too
 *   mio_event_is_writable      write; or a connect has ended, well or not
 *   mio_event_is_error         the descriptor has an error; mio_source_take_error() or the next
 *                              operation tells which
 *   mio_event_is_read_closed   the peer will send no more; what it sent may still have to be read
 *   mio_event_is_write_closed  nothing more can be written
 *   mio_event_is_priority      there is urgent data
 *   mio_event_is_aio, _is_lio  a request of aio(4), or a list of them, has ended
 *   mio_event_is_timer         a timer has expired (mio/timer.h); with kqueue, or one of the
 *                              program's own EVFILT_TIMER has
 *   mio_event_expirations      how many times it has since its last event: 1 for one that expires
 *                              once, at most 65,535; what is more comes with another event. 0: it
 *                              is no timer
 *   mio_event_error            the error that the event itself carries, as -errno, or 0. kqueue
 *                              tells that of a socket (-ECONNRESET); no other selector does
 *   mio_event_amount           bytes to read, bytes that can be written, or connections to accept.
 *                              kqueue tells it; with any other selector it is -1. It is a hint:
 *                              some kernels count a datagram's address in, or give a limit
 */

/* All of it as one number: MIO_READABLE, MIO_WRITABLE, MIO_PRIORITY, MIO_AIO, MIO_LIO, MIO_ERROR,
 * MIO_READ_CLOSED, MIO_WRITE_CLOSED and MIO_TIMER, or-ed together. */
MIO_INLINE uint32_t mio_event_readiness(const struct mio_event *event)
{
    return (mio_event_is_readable(event) ? MIO_READABLE : 0) |
           (mio_event_is_writable(event) ? MIO_WRITABLE : 0) |
           (mio_event_is_priority(event) ? MIO_PRIORITY : 0) |
           (mio_event_is_aio(event) ? MIO_AIO : 0) | (mio_event_is_lio(event) ? MIO_LIO : 0) |
           (mio_event_is_error(event) ? MIO_ERROR : 0) |
           (mio_event_is_read_closed(event) ? MIO_READ_CLOSED : 0) |
           (mio_event_is_write_closed(event) ? MIO_WRITE_CLOSED : 0) |
           (mio_event_is_timer(event) ? MIO_TIMER : 0);
}

/*
 * Whether reading (or writing) is worth trying: the descriptor is ready for it, or it has an end or
 * an error that the call will return. Most loops need no other question. The end of an empty pipe
 * on Linux, for one, is read-closed and not readable. An error counts for both directions.
 */
MIO_INLINE bool mio_event_may_read(const struct mio_event *event)
{
    return mio_event_is_readable(event) || mio_event_is_read_closed(event) ||
           mio_event_is_error(event);
}

MIO_INLINE bool mio_event_may_write(const struct mio_event *event)
{
    return mio_event_is_writable(event) || mio_event_is_write_closed(event) ||
           mio_event_is_error(event);
}

/*
 * Writes the record as text, with the kernel's names, and unknown bits in hex:
 *
 *   epoll_event { events: EPOLLIN|EPOLLRDHUP, data: 0x7 }
 *   kevent { ident: 7, filter: EVFILT_READ, flags: EV_ADD|EV_CLEAR, fflags: (empty), data: 5,
 *   udata: 0x7 }
 *
 * Like snprintf it writes at most `size` bytes, the closing 0 among them, and returns the length of
 * the whole text. `buffer` may be NULL when `size` is 0. -EINVAL: `event` is NULL. Any thread, but
 * no signal handler.
 */
MIO_API int mio_event_format(const struct mio_event *event, char *buffer, size_t size);

MIO_END_DECLS

#endif

/* SPDX-License-Identifier: MIT */
/*
 * What a wait delivers: a token and what its descriptor is ready for.
 *
 * struct mio_event is the kernel's own record, written by the kernel straight into the caller's
 * events: on Linux the layout of struct epoll_event, on BSD and Apple that of struct kevent,
 * elsewhere libmio's own. FreeBSD has today's struct kevent from release 12 on: on an earlier one
 * the library does not compile, and a program compiled there is refused by mio_events_new(). It is
 * a plain value: copy it, keep it, but read it through the functions below; the members differ from
 * system to system, and mio/epoll.h and mio/kqueue.h read them.
 *
 * One descriptor may give one event or one a direction. Readable and writable are promises that the
 * operation is worth trying (it may still give EAGAIN). Error, read-closed, write-closed and
 * priority are hints, in the kernel's own words: no system sets them in all cases, and each sets
 * them in cases of its own (epoll calls a refused UDP socket write-closed). After a hint alone, try
 * the operation: what it returns decides. docs/contract.md lists who says what when. To decide what
 * to try, mio_event_may_read() and mio_event_may_write() are enough.
 */
#ifndef MIO_EVENT_H
#define MIO_EVENT_H

#include <mio/interest.h>
#include <mio/types.h>

#include <stdbool.h>

MIO_BEGIN_DECLS

#if defined(MIO_RECORD_EPOLL)

/* epoll_event of the Linux ABI: packed on x86-64 alone, and of 12 bytes on i386 by its own
 * alignment. By a pragma, since glibc takes all attributes away from a compiler that is not like
 * gcc. */
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
 * A compiler that lays the record out otherwise is refused here, where programs are compiled too.
 * The selectors compare each member with the system's own.
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
 * The kernel's constants that the predicates need, spelled here because a system header would bring
 * its macros into every program. The selectors assert each of them against the system's own.
 */
#if defined(MIO_RECORD_EPOLL)

#define MIO_EPOLL_IN    0x1u
#define MIO_EPOLL_PRI   0x2u
#define MIO_EPOLL_OUT   0x4u
#define MIO_EPOLL_ERR   0x8u
#define MIO_EPOLL_HUP   0x10u
#define MIO_EPOLL_RDHUP 0x2000u

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
    /* A filter the system does not have is MIO_KEVENT_NONE, which no event carries. */
    MIO_KEVENT_NONE = 0x7fff,
#if MIO_PLATFORM == MIO_PLATFORM_NETBSD
    MIO_KEVENT_READ = 0,
    MIO_KEVENT_WRITE = 1,
    MIO_KEVENT_AIO = 2,
    MIO_KEVENT_USER = 8,
#else
    MIO_KEVENT_READ = -1,
    MIO_KEVENT_WRITE = -2,
    MIO_KEVENT_AIO = -3,
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
    return (event->events & MIO_EPOLL_HUP) != 0 ||
           ((event->events & MIO_EPOLL_IN) != 0 && (event->events & MIO_EPOLL_RDHUP) != 0);
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

/* Whether the event is of a descriptor's own filter: only there do EV_EOF and fflags tell of a
 * closed side. */
MIO_INLINE bool mio_kevent_is_of_descriptor(const struct mio_event *event)
{
    return event->filter == MIO_KEVENT_READ || event->filter == MIO_KEVENT_WRITE;
}

MIO_INLINE mio_token mio_event_token(const struct mio_event *event)
{
    return MIO_ADDRESS(event->udata);
}

/* At the end of a connection fflags are an errno value, whatever bits that has. */
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

MIO_INLINE int mio_event_error(const struct mio_event *event)
{
    if ((event->flags & MIO_KEVENT_ERROR) != 0)
        return -MIO_CAST(int, event->data);
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

MIO_INLINE int mio_event_error(const struct mio_event *event)
{
    return -event->error;
}

MIO_INLINE int64_t mio_event_amount(const struct mio_event *event)
{
    (void)event;
    return -1;
}

#endif

/*
 * What each predicate means. None takes NULL; each may be called from any thread.
 *
 *   mio_event_token            the token given with the registration, or with the waker
 *   mio_event_is_readable      reading, accepting, or a wake; urgent data counts too
 *   mio_event_is_writable      writing, or the end of a connect, good or bad
 *   mio_event_is_error         the descriptor has an error; SO_ERROR or the next operation tells
 *   mio_event_is_read_closed   the peer will send no more; what it sent may still have to be read
 *   mio_event_is_write_closed  nothing more can be written
 *   mio_event_is_priority      urgent data
 *   mio_event_is_aio, _is_lio  a request of aio(4), or a list of them, has ended
 *   mio_event_error            the negative errno value that the event itself carries, or 0. kqueue
 *                              tells it for sockets (-ECONNRESET); epoll never does
 *   mio_event_amount           bytes to read, free space to write, connections to accept, where the
 *                              kernel tells (kqueue), else -1. A hint: kernels count addresses in,
 *                              or report a bound
 */

/* All predicates at once: MIO_READABLE and its kin, MIO_ERROR, MIO_READ_CLOSED, MIO_WRITE_CLOSED
 * or-ed, for a switch. */
MIO_INLINE uint32_t mio_event_readiness(const struct mio_event *event)
{
    return (mio_event_is_readable(event) ? MIO_READABLE : 0) |
           (mio_event_is_writable(event) ? MIO_WRITABLE : 0) |
           (mio_event_is_priority(event) ? MIO_PRIORITY : 0) |
           (mio_event_is_aio(event) ? MIO_AIO : 0) | (mio_event_is_lio(event) ? MIO_LIO : 0) |
           (mio_event_is_error(event) ? MIO_ERROR : 0) |
           (mio_event_is_read_closed(event) ? MIO_READ_CLOSED : 0) |
           (mio_event_is_write_closed(event) ? MIO_WRITE_CLOSED : 0);
}

/*
 * Whether reading, or writing, is worth trying now: for readiness, or for the end or the error that
 * the call will tell of. What a loop asks that has no use for the difference: the end of a pipe,
 * for one, is read-closed and not readable on epoll and poll. An error is told to both directions.
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
 * Prints the kernel's record by name, as "epoll_event { events: EPOLLIN|EPOLLRDHUP, data: 0x7 }" or
 * "kevent { ident: 7, filter: EVFILT_READ, flags: EV_ADD|EV_CLEAR|EV_EOF, fflags: (empty), data: 5,
 * udata: 0x7 }"; unknown bits in hex. Like snprintf: at most `size` bytes with the terminating 0
 * are written (`buffer` may be NULL when size is 0), and the length of the whole text is returned.
 * -EINVAL for a NULL event.
 */
MIO_API int mio_event_format(const struct mio_event *event, char *buffer, size_t size);

MIO_END_DECLS

#endif

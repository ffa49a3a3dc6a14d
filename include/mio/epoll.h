/* SPDX-License-Identifier: MIT */
/*
 * The mask of an epoll event, for programs that are for Linux alone. It tells apart what the
 * functions of event.h merge, such as EPOLLIN and EPOLLPRI, or EPOLLHUP and EPOLLRDHUP. The poll(2)
 * selector writes the same bits on Linux. The constants are those of <sys/epoll.h>, which the
 * program includes, or MIO_EPOLL_IN and its kin of event.h.
 */
#ifndef MIO_EPOLL_H
#define MIO_EPOLL_H

#include <mio/event.h>

MIO_BEGIN_DECLS

#if defined(MIO_RECORD_EPOLL)

/* The mask as the kernel has written it: EPOLLIN and its kin; 0 of a timer. Not NULL; any thread. */
MIO_INLINE uint32_t mio_epoll_event_mask(const struct mio_event *event)
{
    return mio_event_is_timer(event) ? 0 : event->events;
}

#endif

MIO_END_DECLS

#endif

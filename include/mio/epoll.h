/* SPDX-License-Identifier: MIT */
/*
 * The raw bits of an epoll record, for programs that only target Linux: what the predicates of
 * event.h merge, such as EPOLLIN and EPOLLPRI, or EPOLLHUP and EPOLLRDHUP, is apart here. The
 * poll(2) selector writes the same bits on Linux. What a kqueue's event says is read with
 * mio/kqueue.h; where there is neither record, mio_event_readiness() is all there is.
 *
 * Constants come from the program's own <sys/epoll.h>; those that event.h needs have names there,
 * MIO_EPOLL_IN and so on.
 */
#ifndef MIO_EPOLL_H
#define MIO_EPOLL_H

#include <mio/event.h>

MIO_BEGIN_DECLS

#if defined(MIO_RECORD_EPOLL)

/* The mask that the kernel has written: EPOLLIN and its kin. Not NULL; any thread. */
MIO_INLINE uint32_t mio_epoll_event_mask(const struct mio_event *event)
{
    return event->events;
}

#endif

MIO_END_DECLS

#endif

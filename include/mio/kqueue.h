/* SPDX-License-Identifier: MIT */
/*
 * The raw access: any kqueue filter, and every field of a kevent, for programs that only target
 * kqueue.
 *
 * Constants come from the program's own <sys/event.h>. What is registered here is not the portable
 * interest's: it is up to the program to delete it, and descriptors' READ and WRITE filters are
 * better left to the registry.
 */
#ifndef MIO_KQUEUE_H
#define MIO_KQUEUE_H

#include <mio/event.h>

MIO_BEGIN_DECLS

struct mio_registry;

/*
 * Gives the kernel one change: a kevent of these members, with `token` as its udata. The call adds
 * EV_RECEIPT to `flags`; the caller gives EV_ADD, EV_DELETE, EV_CLEAR and the like.
 *
 * With EVFILT_USER the program chooses `ident`: the address of an object of its own, or any small
 * number. The library uses addresses of objects of its own, so the two never meet.
 *
 * Returns 0, or the kernel's error. -EINVAL: NULL. -ENOTSUP: the registry's selector is no kqueue.
 * -ECHILD: see mio_poll_wait().
 */
MIO_API int mio_kqueue_register(struct mio_registry *registry, uintptr_t ident, int filter,
                                uint32_t flags, uint32_t fflags, int64_t data, mio_token token);

#if defined(MIO_RECORD_KEVENT)

MIO_INLINE uintptr_t mio_kqueue_event_ident(const struct mio_event *event)
{
    return event->ident;
}

MIO_INLINE int mio_kqueue_event_filter(const struct mio_event *event)
{
    return MIO_CAST(int, event->filter);
}

MIO_INLINE uint32_t mio_kqueue_event_flags(const struct mio_event *event)
{
    return event->flags;
}

MIO_INLINE uint32_t mio_kqueue_event_fflags(const struct mio_event *event)
{
    return event->fflags;
}

MIO_INLINE int64_t mio_kqueue_event_data(const struct mio_event *event)
{
    return MIO_CAST(int64_t, event->data);
}

#endif

MIO_END_DECLS

#endif

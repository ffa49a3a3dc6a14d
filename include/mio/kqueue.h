/* SPDX-License-Identifier: MIT */
/*
 * The raw access to a kqueue: any filter, and every member of a kevent, for programs that are for
 * kqueue alone. The constants are those of <sys/event.h>, which the program includes.
 *
 * The registry does not know of what is registered here: the program deletes it. Leave EVFILT_READ
 * and EVFILT_WRITE of descriptors to the registry.
 */
#ifndef MIO_KQUEUE_H
#define MIO_KQUEUE_H

#include <mio/event.h>

MIO_BEGIN_DECLS

struct mio_registry;

/*
 * Gives the kernel one change: a kevent of these members, with `token` as its udata. `flags` are
 * EV_ADD, EV_DELETE, EV_CLEAR and the like; EV_RECEIPT is added. What `fflags` and `data` mean, and
 * in which unit, the kernel's manual says for each filter; those of EVFILT_TIMER differ (K65). The event comes from a wait, under
 * `token`.
 *
 * The `ident` of EVFILT_USER is the program's to choose: the address of an object of its own, or a
 * small number. The library uses the addresses of its own objects, so the two never meet.
 *
 * -EINVAL: NULL. -ENOTSUP: the registry's selector is no kqueue. -ECHILD: see mio_poll_wait(). Any
 * other error is the kernel's. Any thread, also while another waits.
 */
MIO_API int mio_kqueue_register(struct mio_registry *registry, uintptr_t ident, int filter,
                                uint32_t flags, uint32_t fflags, int64_t data, mio_token token);

#if defined(MIO_RECORD_KEVENT)

/* The members of the event's kevent, as the kernel has written them. Not NULL; any thread. */
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

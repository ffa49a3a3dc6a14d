/* SPDX-License-Identifier: MIT */
/* The raw access to a kqueue; -ENOTSUP on systems without one. */
#include <mio/kqueue.h>

#include "../selector/backends.h"
#include "../selector/selector.h"
#include "registry.h"

#include <errno.h>

#if MIO_HAVE_KQUEUE

#include "../selector/kqueue/kqueue.h"

extern inline uintptr_t mio_kqueue_event_ident(const struct mio_event *event);
extern inline int mio_kqueue_event_filter(const struct mio_event *event);
extern inline uint32_t mio_kqueue_event_flags(const struct mio_event *event);
extern inline uint32_t mio_kqueue_event_fflags(const struct mio_event *event);
extern inline int64_t mio_kqueue_event_data(const struct mio_event *event);

int mio_kqueue_register(struct mio_registry *registry, uintptr_t ident, int filter, uint32_t flags,
                        uint32_t fflags, int64_t data, mio_token token)
{
    if (!registry)
        return -EINVAL;
    if (registry->selector->ops->selector_new != mio__kqueue_ops.selector_new)
        return -ENOTSUP;
    if (mio__is_forked_copy(&registry->selector->fork_guard))
        return -ECHILD;
    struct kevent change = kqueue_change(ident, filter, flags, fflags, token);
    change.data = (kevent_data)data;
    return mio__kq_register_raw(kqueue_of(registry->selector), change);
}

#else

int mio_kqueue_register(struct mio_registry *registry, uintptr_t ident, int filter, uint32_t flags,
                        uint32_t fflags, int64_t data, mio_token token)
{
    (void)ident;
    (void)filter;
    (void)flags;
    (void)fflags;
    (void)data;
    (void)token;
    return registry ? -ENOTSUP : -EINVAL;
}

#endif

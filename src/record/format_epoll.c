/* SPDX-License-Identifier: MIT */
/* An epoll record by name. */
#include <mio/epoll.h>

#if defined(MIO_RECORD_EPOLL)

#include "text.h"

#include <errno.h>
#include <inttypes.h>
#include <sys/epoll.h>

extern inline uint32_t mio_epoll_event_mask(const struct mio_event *event);

/* EPOLLET and EPOLLONESHOT are never in a record, but a caller may format what it means to
 * register. */
static const struct mio__name event_names[] = {
    {"EPOLLIN", EPOLLIN},         {"EPOLLPRI", EPOLLPRI},         {"EPOLLOUT", EPOLLOUT},
    {"EPOLLRDNORM", EPOLLRDNORM}, {"EPOLLRDBAND", EPOLLRDBAND},   {"EPOLLWRNORM", EPOLLWRNORM},
    {"EPOLLWRBAND", EPOLLWRBAND}, {"EPOLLMSG", EPOLLMSG},         {"EPOLLERR", EPOLLERR},
    {"EPOLLHUP", EPOLLHUP},       {"EPOLLRDHUP", EPOLLRDHUP},     {"EPOLLEXCLUSIVE", 1u << 28},
    {"EPOLLWAKEUP", 1u << 29},    {"EPOLLONESHOT", EPOLLONESHOT}, {"EPOLLET", (uint32_t)EPOLLET},
};

int mio_event_format(const struct mio_event *event, char *buffer, size_t size)
{
    if (!event)
        return -EINVAL;
    struct mio__text text = {.buffer = buffer, .size = size, .length = 0};
    mio__text_add(&text, "epoll_event { events: ");
    if (mio_event_is_timer(event))
        mio__text_add(&text, "(timer), expirations: %u", (unsigned)mio_event_expirations(event));
    else
        mio__text_add_bits(&text, event->events, event_names,
                           sizeof event_names / sizeof event_names[0]);
    mio__text_add(&text, ", data: 0x%" PRIx64 " }", (uint64_t)event->data);
    return mio__text_result(&text);
}

#endif

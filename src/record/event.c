/* SPDX-License-Identifier: MIT */
/* External definitions of the inline predicates, and the formatting of libmio's own record. */
#include <mio/event.h>

#include "text.h"

#include <errno.h>

extern inline mio_token mio_event_token(const struct mio_event *event);
extern inline bool mio_event_is_readable(const struct mio_event *event);
extern inline bool mio_event_is_writable(const struct mio_event *event);
extern inline bool mio_event_is_error(const struct mio_event *event);
extern inline bool mio_event_is_read_closed(const struct mio_event *event);
extern inline bool mio_event_is_write_closed(const struct mio_event *event);
extern inline bool mio_event_is_priority(const struct mio_event *event);
extern inline bool mio_event_is_aio(const struct mio_event *event);
extern inline bool mio_event_is_lio(const struct mio_event *event);
extern inline bool mio_event_is_timer(const struct mio_event *event);
extern inline int64_t mio_event_expirations(const struct mio_event *event);
extern inline int mio_event_error(const struct mio_event *event);
extern inline int64_t mio_event_amount(const struct mio_event *event);
extern inline bool mio_event_may_read(const struct mio_event *event);
extern inline bool mio_event_may_write(const struct mio_event *event);
extern inline uint32_t mio_event_readiness(const struct mio_event *event);

#if defined(MIO_RECORD_KEVENT)

extern inline bool mio_kevent_is_of_descriptor(const struct mio_event *event);

#elif defined(MIO_RECORD_PLAIN)

static const struct mio__name readiness_names[] = {
    {"READABLE", MIO_READABLE},
    {"WRITABLE", MIO_WRITABLE},
    {"PRIORITY", MIO_PRIORITY},
    {"ERROR", MIO_ERROR},
    {"READ_CLOSED", MIO_READ_CLOSED},
    {"WRITE_CLOSED", MIO_WRITE_CLOSED},
    {"TIMER", MIO_TIMER},
};

int mio_event_format(const struct mio_event *event, char *buffer, size_t size)
{
    if (!event)
        return -EINVAL;
    struct mio__text text = {.buffer = buffer, .size = size, .length = 0};
    mio__text_add(&text, "mio_event { readiness: ");
    mio__text_add_bits(&text, event->readiness, readiness_names,
                       sizeof readiness_names / sizeof readiness_names[0]);
    const char *number = mio_event_is_timer(event) ? "expirations" : "error";
    mio__text_add(&text, ", %s: %d, token: 0x%lx }", number, (int)event->error,
                  (unsigned long)event->token);
    return mio__text_result(&text);
}

#endif

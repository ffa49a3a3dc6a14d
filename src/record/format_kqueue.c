/* SPDX-License-Identifier: MIT */
/*
 * A kqueue record by name.
 *
 * The names are those of the system's own header (kqueue_names.txt). The fflags of an event mean
 * something else for every filter: the table is chosen by it. Under EV_EOF the fflags of READ and
 * WRITE are an errno value, printed as a number.
 */
#include <mio/event.h>

#if defined(MIO_RECORD_KEVENT)

#include <sys/types.h>

#include <sys/event.h>
#include <sys/time.h>

#include "kqueue_names.h"
#include "text.h"

#include <errno.h>
#include <inttypes.h>

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))

static void add_filter(struct mio__text *text, int filter)
{
    for (size_t i = 0; i < COUNT(filter_names); i++) {
        if (filter_names[i].value == (uint32_t)filter) {
            mio__text_add(text, "%s", filter_names[i].name);
            return;
        }
    }
    mio__text_add(text, "%d", filter);
}

static void add_fflags(struct mio__text *text, const struct mio_event *event)
{
    if (event->fflags != 0 && mio_event_is_error(event)) {
        mio__text_add(text, "errno %u", (unsigned)event->fflags);
        return;
    }
    const struct mio__name *notes = NULL;
    size_t count = 0;
    for (size_t i = 0; i < COUNT(notes_of_filters); i++) {
        if (notes_of_filters[i].filter == (int)event->filter)
            notes = notes_of_filters[i].notes;
    }
    while (notes && notes[count].name)
        count++;
    mio__text_add_bits(text, event->fflags, notes, count);
}

int mio_event_format(const struct mio_event *event, char *buffer, size_t size)
{
    if (!event)
        return -EINVAL;
    struct mio__text text = {.buffer = buffer, .size = size, .length = 0};
    mio__text_add(&text, "kevent { ident: %" PRIuPTR ", filter: ", event->ident);
    add_filter(&text, (int)event->filter);
    mio__text_add(&text, ", flags: ");
    mio__text_add_bits(&text, event->flags, flag_names, COUNT(flag_names));
    mio__text_add(&text, ", fflags: ");
    add_fflags(&text, event);
    mio__text_add(&text, ", data: %" PRId64 ", udata: 0x%" PRIxPTR " }", (int64_t)event->data,
                  (uintptr_t)event->udata);
    return mio__text_result(&text);
}

#endif

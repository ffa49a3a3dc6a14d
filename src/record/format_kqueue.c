/* SPDX-License-Identifier: MIT */
/*
 * A kqueue record by name.
 *
 * The names are those of the system's own header; which it has differs from system to system and
 * from release to release, so each is asked for by itself. The fflags of an event mean something
 * else for every filter: the table is chosen by it. Under EV_EOF the fflags of READ and WRITE are
 * an errno value, printed as a number.
 */
#include <mio/event.h>

#if defined(MIO_RECORD_KEVENT)

#include <sys/types.h>

#include <sys/event.h>
#include <sys/time.h>

#include "text.h"

#include <errno.h>
#include <inttypes.h>

#define NAME(constant)                  \
    {                                   \
#constant, (uint32_t)(constant) \
    }
#define COUNT(table) (sizeof(table) / sizeof((table)[0]))

/* NAME is a list in braces, and so is each row: formatted by hand. */
/* clang-format off */

static const struct mio__name filter_names[] = {
    NAME(EVFILT_READ),
    NAME(EVFILT_WRITE),
#if defined(EVFILT_AIO)
    NAME(EVFILT_AIO),
#endif
#if defined(EVFILT_VNODE)
    NAME(EVFILT_VNODE),
#endif
#if defined(EVFILT_PROC)
    NAME(EVFILT_PROC),
#endif
#if defined(EVFILT_SIGNAL)
    NAME(EVFILT_SIGNAL),
#endif
#if defined(EVFILT_TIMER)
    NAME(EVFILT_TIMER),
#endif
#if defined(EVFILT_PROCDESC)
    NAME(EVFILT_PROCDESC),
#endif
#if defined(EVFILT_FS)
    NAME(EVFILT_FS),
#endif
#if defined(EVFILT_LIO)
    NAME(EVFILT_LIO),
#endif
#if defined(EVFILT_USER)
    NAME(EVFILT_USER),
#endif
#if defined(EVFILT_SENDFILE)
    NAME(EVFILT_SENDFILE),
#endif
#if defined(EVFILT_EMPTY)
    NAME(EVFILT_EMPTY),
#endif
#if defined(EVFILT_EXCEPT)
    NAME(EVFILT_EXCEPT),
#endif
#if defined(EVFILT_MACHPORT)
    NAME(EVFILT_MACHPORT),
#endif
#if defined(EVFILT_VM)
    NAME(EVFILT_VM),
#endif
#if defined(EVFILT_DEVICE)
    NAME(EVFILT_DEVICE),
#endif
#if defined(EVFILT_JAIL)
    NAME(EVFILT_JAIL),
#endif
#if defined(EVFILT_JAILDESC)
    NAME(EVFILT_JAILDESC),
#endif
#if defined(EVFILT_NETDEV)
    NAME(EVFILT_NETDEV),
#endif
};

/* EV_SYSFLAGS is left out: a mask over others, and not the same on all releases of OpenBSD. */
static const struct mio__name flag_names[] = {
    NAME(EV_ADD),
    NAME(EV_DELETE),
#if defined(EV_ENABLE)
    NAME(EV_ENABLE),
#endif
#if defined(EV_DISABLE)
    NAME(EV_DISABLE),
#endif
#if defined(EV_ONESHOT)
    NAME(EV_ONESHOT),
#endif
    NAME(EV_CLEAR),
#if defined(EV_RECEIPT)
    NAME(EV_RECEIPT),
#endif
#if defined(EV_DISPATCH)
    NAME(EV_DISPATCH),
#endif
#if defined(EV_UDATA_SPECIFIC)
    NAME(EV_UDATA_SPECIFIC),
#endif
#if defined(EV_FORCEONESHOT)
    NAME(EV_FORCEONESHOT),
#endif
#if defined(EV_KEEPUDATA)
    NAME(EV_KEEPUDATA),
#endif
#if defined(EV_VANISHED)
    NAME(EV_VANISHED),
#endif
#if defined(EV_DROP)
    NAME(EV_DROP),
#endif
#if defined(EV_ERROR)
    NAME(EV_ERROR),
#endif
#if defined(EV_EOF)
    NAME(EV_EOF),
#endif
#if defined(EV_NODATA)
    NAME(EV_NODATA),
#endif
#if defined(EV_HUP)
    NAME(EV_HUP),
#endif
#if defined(EV_OOBAND)
    NAME(EV_OOBAND),
#endif
#if defined(EV_POLL)
    NAME(EV_POLL),
#endif
#if defined(EV_FLAG1)
    NAME(EV_FLAG1),
#endif
#if defined(EV_FLAG0)
    NAME(EV_FLAG0),
#endif
};

/* Each table of notes ends with a name that is NULL. */

static const struct mio__name socket_notes[] = {
#if defined(NOTE_LOWAT)
    NAME(NOTE_LOWAT),
#endif
#if defined(NOTE_OOB)
    NAME(NOTE_OOB),
#endif
    {NULL, 0},
};

static const struct mio__name user_notes[] = {
#if defined(NOTE_TRIGGER)
    NAME(NOTE_TRIGGER),
#endif
#if defined(NOTE_FFCOPY)
    NAME(NOTE_FFCOPY),
#endif
#if defined(NOTE_FFAND)
    NAME(NOTE_FFAND),
#endif
#if defined(NOTE_FFOR)
    NAME(NOTE_FFOR),
#endif
#if defined(NOTE_FFCTRLMASK)
    NAME(NOTE_FFCTRLMASK),
#endif
#if defined(NOTE_FFLAGSMASK)
    NAME(NOTE_FFLAGSMASK),
#endif
    {NULL, 0},
};

static const struct mio__name vnode_notes[] = {
#if defined(NOTE_DELETE)
    NAME(NOTE_DELETE),
#endif
#if defined(NOTE_WRITE)
    NAME(NOTE_WRITE),
#endif
#if defined(NOTE_EXTEND)
    NAME(NOTE_EXTEND),
#endif
#if defined(NOTE_ATTRIB)
    NAME(NOTE_ATTRIB),
#endif
#if defined(NOTE_LINK)
    NAME(NOTE_LINK),
#endif
#if defined(NOTE_RENAME)
    NAME(NOTE_RENAME),
#endif
#if defined(NOTE_REVOKE)
    NAME(NOTE_REVOKE),
#endif
#if defined(NOTE_NONE)
    NAME(NOTE_NONE),
#endif
#if defined(NOTE_FUNLOCK)
    NAME(NOTE_FUNLOCK),
#endif
#if defined(NOTE_TRUNCATE)
    NAME(NOTE_TRUNCATE),
#endif
#if defined(NOTE_OPEN)
    NAME(NOTE_OPEN),
#endif
#if defined(NOTE_CLOSE)
    NAME(NOTE_CLOSE),
#endif
#if defined(NOTE_CLOSE_WRITE)
    NAME(NOTE_CLOSE_WRITE),
#endif
#if defined(NOTE_READ)
    NAME(NOTE_READ),
#endif
    {NULL, 0},
};

static const struct mio__name process_notes[] = {
#if defined(NOTE_EXIT)
    NAME(NOTE_EXIT),
#endif
#if defined(NOTE_FORK)
    NAME(NOTE_FORK),
#endif
#if defined(NOTE_EXEC)
    NAME(NOTE_EXEC),
#endif
#if defined(NOTE_SIGNAL)
    NAME(NOTE_SIGNAL),
#endif
#if defined(NOTE_REAP) && MIO_PLATFORM != MIO_PLATFORM_APPLE /* deprecated there */
    NAME(NOTE_REAP),
#endif
#if defined(NOTE_EXITSTATUS)
    NAME(NOTE_EXITSTATUS),
#endif
#if defined(NOTE_EXIT_DETAIL)
    NAME(NOTE_EXIT_DETAIL),
#endif
#if defined(NOTE_TRACK)
    NAME(NOTE_TRACK),
#endif
#if defined(NOTE_TRACKERR)
    NAME(NOTE_TRACKERR),
#endif
#if defined(NOTE_CHILD)
    NAME(NOTE_CHILD),
#endif
#if defined(NOTE_EXIT_DECRYPTFAIL)
    NAME(NOTE_EXIT_DECRYPTFAIL),
#endif
#if defined(NOTE_EXIT_MEMORY)
    NAME(NOTE_EXIT_MEMORY),
#endif
#if defined(NOTE_EXIT_CSERROR)
    NAME(NOTE_EXIT_CSERROR),
#endif
#if defined(NOTE_EXIT_DETAIL_MASK)
    NAME(NOTE_EXIT_DETAIL_MASK),
#endif
#if defined(NOTE_PDATAMASK)
    NAME(NOTE_PDATAMASK),
#endif
#if defined(NOTE_PCTRLMASK)
    NAME(NOTE_PCTRLMASK),
#endif
    {NULL, 0},
};

static const struct mio__name timer_notes[] = {
#if defined(NOTE_NSECONDS)
    NAME(NOTE_NSECONDS),
#endif
#if defined(NOTE_USECONDS)
    NAME(NOTE_USECONDS),
#endif
#if defined(NOTE_SECONDS)
    NAME(NOTE_SECONDS),
#endif
#if defined(NOTE_MSECONDS)
    NAME(NOTE_MSECONDS),
#endif
#if defined(NOTE_ABSTIME)
    NAME(NOTE_ABSTIME),
#endif
#if defined(NOTE_ABSOLUTE)
    NAME(NOTE_ABSOLUTE),
#endif
#if defined(NOTE_LEEWAY)
    NAME(NOTE_LEEWAY),
#endif
#if defined(NOTE_CRITICAL)
    NAME(NOTE_CRITICAL),
#endif
#if defined(NOTE_BACKGROUND)
    NAME(NOTE_BACKGROUND),
#endif
#if defined(NOTE_MACHTIME)
    NAME(NOTE_MACHTIME),
#endif
#if defined(NOTE_MACH_CONTINUOUS_TIME)
    NAME(NOTE_MACH_CONTINUOUS_TIME),
#endif
    {NULL, 0},
};

#if defined(EVFILT_VM)
static const struct mio__name memory_notes[] = {
#if defined(NOTE_VM_PRESSURE)
    NAME(NOTE_VM_PRESSURE),
#endif
#if defined(NOTE_VM_PRESSURE_TERMINATE)
    NAME(NOTE_VM_PRESSURE_TERMINATE),
#endif
#if defined(NOTE_VM_PRESSURE_SUDDEN_TERMINATE)
    NAME(NOTE_VM_PRESSURE_SUDDEN_TERMINATE),
#endif
#if defined(NOTE_VM_ERROR)
    NAME(NOTE_VM_ERROR),
#endif
    {NULL, 0},
};
#endif

static const struct filter_notes {
    int filter;
    const struct mio__name *notes;
} notes_of_filters[] = {
    {EVFILT_READ, socket_notes},
    {EVFILT_WRITE, socket_notes},
    {EVFILT_VNODE, vnode_notes},
    {EVFILT_PROC, process_notes},
    {EVFILT_TIMER, timer_notes},
#if defined(EVFILT_EXCEPT)
    {EVFILT_EXCEPT, socket_notes},
#endif
#if defined(EVFILT_USER)
    {EVFILT_USER, user_notes},
#endif
#if defined(EVFILT_PROCDESC)
    {EVFILT_PROCDESC, process_notes},
#endif
#if defined(EVFILT_VM)
    {EVFILT_VM, memory_notes},
#endif
};

/* clang-format on */

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

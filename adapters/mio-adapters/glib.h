/* SPDX-License-Identifier: MIT */
/*
 * A poll within GLib's main loop (2.36 and later): a GSource that waits on the poll's descriptor
 * and for its next timer, and hands each event to a function.
 *
 *   GSource *source;
 *   mio_glib_source_new(poll, 64, &source);
 *   g_source_set_callback(source, G_SOURCE_FUNC(on_event), &program, NULL);
 *   g_source_attach(source, context);       // NULL: the default context
 *   g_main_loop_run(loop);                  // GTK's and others' sources run beside it
 *
 *   static gboolean on_event(const struct mio_event *event, gpointer program)
 *
 * on_event() returns G_SOURCE_CONTINUE, or G_SOURCE_REMOVE, which removes the source; the events
 * that were left of that wait are lost. The program registers, sets timers and wakes as always, in
 * on_event(), in other callbacks of GLib's, and in other threads. It does not wait on the poll:
 * that is done here.
 *
 * A program whose own loop is the poll's has the reverse: each GLib library wants a running main
 * context, so run that in a thread of its own, and talk to the poll's thread by a waker.
 *
 * The poll is the program's. It is freed after the source, which g_source_destroy() and
 * g_source_unref() end. With poll(2) there is no descriptor: -ENOTSUP.
 */
#ifndef MIO_ADAPTERS_GLIB_H
#define MIO_ADAPTERS_GLIB_H

#include <mio/events.h>
#include <mio/poll.h>
#include <mio/timer.h>

#include <glib-unix.h>
#include <glib.h>

#include <errno.h>
#include <limits.h>

typedef gboolean mio_glib_function(const struct mio_event *event, gpointer user);

struct mio_glib_source {
    GSource base;
    struct mio_poll *poll;
    struct mio_events *events;
};

/* In milliseconds, not too early; 0: something is due. -1: no timer is set. */
static inline gint mio_glib_time_left(struct mio_poll *poll)
{
    int64_t deadline = MIO_FOREVER;
    if (mio_poll_next_deadline(poll, &deadline) < 0 || deadline == MIO_FOREVER)
        return -1;
    int64_t left = deadline - mio_now();
    if (left <= 0)
        return 0;
    return left / MIO_MS(1) < INT_MAX ? (gint)((left + MIO_MS(1) - 1) / MIO_MS(1)) : INT_MAX;
}

static inline gboolean mio_glib_prepare(GSource *base, gint *timeout)
{
    *timeout = mio_glib_time_left(((struct mio_glib_source *)(void *)base)->poll);
    return *timeout == 0;
}

/* That the descriptor is readable GLib knows by itself. */
static inline gboolean mio_glib_check(GSource *base)
{
    gint timeout;
    return mio_glib_prepare(base, &timeout);
}

/* What one wait leaves behind keeps the descriptor readable for the next turn. */
static inline gboolean mio_glib_dispatch(GSource *base, GSourceFunc callback, gpointer user)
{
    struct mio_glib_source *source = (struct mio_glib_source *)(void *)base;
    mio_glib_function *function = (mio_glib_function *)(void (*)(void))callback;
    int n = mio_poll_wait(source->poll, source->events, 0);
    if (!function || n < 0)
        return n == -EINTR || n >= 0 ? G_SOURCE_CONTINUE : G_SOURCE_REMOVE;
    mio_events_each(event, source->events) {
        if (!function(event, user))
            return G_SOURCE_REMOVE;
        if (g_source_is_destroyed(base))
            break;
    }
    return G_SOURCE_CONTINUE;
}

static inline void mio_glib_finalize(GSource *base)
{
    mio_events_free(((struct mio_glib_source *)(void *)base)->events);
}

static GSourceFuncs mio_glib_functions = {mio_glib_prepare,  mio_glib_check, mio_glib_dispatch,
                                          mio_glib_finalize, NULL,           NULL};

/* Makes the source, which hands out `capacity` events at most before it lets others have a turn.
 * Errors of mio_poll_fd() and mio_events_new(). */
static inline int mio_glib_source_new(struct mio_poll *poll, size_t capacity, GSource **result)
{
    struct mio_events *events;
    int fd = mio_poll_fd(poll);
    int error = fd < 0 ? fd : mio_events_new(capacity, NULL, &events);
    if (error < 0)
        return error;
    GSource *base = g_source_new(&mio_glib_functions, sizeof(struct mio_glib_source));
    struct mio_glib_source *source = (struct mio_glib_source *)(void *)base;
    source->poll = poll;
    source->events = events;
    g_source_add_unix_fd(base, fd, G_IO_IN);
    *result = base;
    return 0;
}

#endif

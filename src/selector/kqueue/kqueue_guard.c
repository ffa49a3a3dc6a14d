/* SPDX-License-Identifier: MIT */
/*
 * EVFILT_READ of a pipe's writing end, which tells what EVFILT_WRITE does not.
 *
 * When the reader of a full pipe goes (K53), OpenBSD (pipe_destroy()) and NetBSD up to 10
 * (pipeclose()) post the writer's knote before they mark the end. So the filter still finds a full
 * pipe. They never post it again, and the writer would sleep for ever. The filter of reading is
 * posted with the mark. So there a registration for writing alone has a knote of reading beside it,
 * a guard. A registration for both has such a knote by itself. The end that it tells is turned into
 * the end of writing, unless the kernel has told that as well. Where writing is level-triggered,
 * its knote is changed, which makes it look again.
 *
 * Such a knote goes with the number of its descriptor. So a silent one, added where there is none,
 * proves what an injected event waits for: that the descriptor is still the same.
 */
#include "../backends.h"

#if MIO_HAVE_KQUEUE

#include "kqueue.h"

enum kqueue_guard_kind mio__kq_guard_for(mio_interest interest)
{
    bool reads = mio__kq_reads(interest);
    if (!GUARDS_WRITERS)
        return GUARD_NONE;
    if ((interest & MIO_WRITABLE) != 0)
        return reads ? GUARD_SHARED : GUARD_KNOTE;
    return reads ? GUARD_READING : GUARD_NONE;
}

bool mio__kq_is_guarded(const struct kqueue_selector *self, int fd)
{
    const struct kqueue_descriptor *known = mio__kq_find(self, fd);
    return known && known->guard.kind == GUARD_KNOTE;
}

void mio__kq_set_guard(struct kqueue_selector *self, int fd, struct kqueue_guard guard)
{
    struct kqueue_descriptor *known = mio__kq_find(self, fd);
    if (known)
        known->guard = guard;
}

static int change(struct kqueue_selector *self, int fd, int filter, unsigned flags, mio_token token)
{
    struct kevent one = kqueue_change((uintptr_t)fd, filter, flags, 0, token);
    int error;
    (void)mio__kevent_register(self, &one, 1, &error);
    return error;
}

/* A change without an operation leaves the knote as it is, with its own token. */
static bool is_registered_for_reading(struct kqueue_selector *self, int fd, mio_token token)
{
    return change(self, fd, EVFILT_READ, 0, token) == 0;
}

enum kqueue_guard_kind mio__kq_join_guard(struct kqueue_selector *self, int fd,
                                          mio_interest interest)
{
    enum kqueue_guard_kind needed = mio__kq_guard_for(interest);
    const struct kqueue_descriptor *known = mio__kq_find(self, fd);
    struct kqueue_guard earlier = known ? known->guard : (struct kqueue_guard){.kind = GUARD_NONE};
    bool wrote = earlier.kind == GUARD_KNOTE || earlier.kind == GUARD_SHARED;
    bool read = earlier.kind == GUARD_READING || earlier.kind == GUARD_SHARED;
    if (needed == GUARD_READING && wrote)
        return GUARD_SHARED;
    if (needed == GUARD_KNOTE && read && is_registered_for_reading(self, fd, earlier.read_token))
        return GUARD_SHARED;
    return needed;
}

void mio__kq_give_up_guard(struct kqueue_selector *self, int fd, mio_token read_token)
{
    struct kqueue_descriptor *known = mio__kq_find(self, fd);
    if (!known || known->guard.kind != GUARD_KNOTE)
        return;
    known->guard.kind = GUARDS_WRITERS ? GUARD_SHARED : GUARD_NONE;
    known->guard.read_token = read_token;
    (void)change(self, fd, EVFILT_READ, EV_DELETE, 0);
}

int mio__kq_add_silent_guard(struct kqueue_selector *self, int fd)
{
    return change(self, fd, EVFILT_READ, EV_ADD | EV_DISABLE | EV_CLEAR, 0);
}

/* --- records --- */

/* Whether this fetch brings the kernel's own word of the end of writing. */
static bool is_reported_here(const struct mio_event *list, int count, uintptr_t ident)
{
    for (int i = 0; i < count; i++) {
        if (list[i].ident == ident && mio_event_is_write_closed(&list[i]))
            return true;
    }
    return false;
}

/* Makes the knote of writing look again, if there is one: the number may be another's by now. Never
 * of a one-shot, which may have fired. */
static void touch_writer(struct kqueue_selector *self, int fd, struct kqueue_guard guard)
{
    unsigned flags = mio__kq_mode_flags(guard.interest, &mio__kq_filters[WRITING]);
    if (change(self, fd, EVFILT_WRITE, EV_DISABLE, guard.token) == 0)
        (void)change(self, fd, EVFILT_WRITE, EV_ADD | EV_ENABLE | flags, guard.token);
}

/* The end of reading becomes that of writing, as its knote would have told it. */
static void report_writing_end(struct kqueue_selector *self, struct mio_event *record,
                               struct kqueue_guard guard)
{
    int fd = (int)record->ident;
    unsigned flags = mio__kq_mode_flags(guard.interest, &mio__kq_filters[WRITING]);
    record->filter = (kevent_filter)EVFILT_WRITE;
    record->flags = (kevent_flags)(EV_EOF | flags);
    record->fflags = 0;
    record->data = 0;
    record->udata = (void *)guard.token;
    if ((guard.interest & MIO_LEVEL) != 0)
        touch_writer(self, fd, guard);
    if ((guard.interest & MIO_ONESHOT) != 0)
        (void)change(self, fd, EVFILT_WRITE, EV_DISABLE, guard.token);
}

static bool pass_write(const struct mio_event *record, struct kqueue_guard *guard)
{
    bool is_last = (guard->interest & MIO_ONESHOT) != 0;
    if (!is_last && !mio_event_is_write_closed(record))
        return true;
    if (guard->told && (guard->interest & MIO_LEVEL) == 0)
        return false;
    guard->told = true;
    return true;
}

static bool pass_read(struct kqueue_selector *self, struct mio_event *list, int count, int i,
                      struct kqueue_guard *guard)
{
    struct mio_event *record = &list[i];
    bool tells = mio_event_is_read_closed(record) && !guard->told &&
                 !is_reported_here(list, count, record->ident);
    if (guard->kind == GUARD_SHARED) {
        if (tells && (guard->interest & MIO_ONESHOT) == 0)
            touch_writer(self, (int)record->ident, *guard);
        return true;
    }
    if (!tells)
        return false;
    guard->told = true;
    report_writing_end(self, record, *guard);
    return true;
}

bool mio__kq_pass_guard(struct kqueue_selector *self, struct mio_event *list, int count, int i)
{
    struct kqueue_descriptor *known = mio__kq_find(self, (int)list[i].ident);
    if (!known || (known->guard.kind != GUARD_KNOTE && known->guard.kind != GUARD_SHARED))
        return true;
    if ((int)list[i].filter == EVFILT_WRITE)
        return pass_write(&list[i], &known->guard);
    return pass_read(self, list, count, i, &known->guard);
}

#endif

/* SPDX-License-Identifier: MIT */
/*
 * Registrations that ask for the end of reading, or for errors, and not for data.
 *
 * No filter of these kernels tells of an end alone: EVFILT_READ fires for data too. A socket's has
 * a low-water mark, NOTE_LOWAT, and ends and errors ignore it: beyond every buffer it keeps data
 * silent. Not on macOS, which lowers it to the size of the buffer; and nobody's pipes, FIFOs and
 * terminals look at it. So the knote has EV_CLEAR whatever the mode, records of data are dropped,
 * and where they do come a level-triggered knote would never be silent.
 *
 * Level-triggered: once there is an end to tell the knote is made anew without EV_CLEAR, and so
 * reports at every wait; when it reports anything else, since an error was taken or a FIFO has a
 * new writer, it gets EV_CLEAR again. Which of the two it is the record's flags say.
 *
 * The error of a datagram socket is no end: the record has neither EV_EOF nor a value. Where the
 * mark is beyond reach nothing else makes such a record; on macOS a full buffer does, of which the
 * record counts the bytes. It is marked EV_ERROR, with a value of 0.
 */
#include "../backends.h"

#if MIO_HAVE_KQUEUE

#include "kqueue.h"

#include <limits.h>
#include <sys/socket.h>

enum { BEYOND_REACH = INT_MAX, MARK_HAS_A_LIMIT = MIO_PLATFORM == MIO_PLATFORM_APPLE };

static bool has_datagrams(int fd)
{
    int saved = errno;
    int type = 0;
    socklen_t size = sizeof type;
    bool is = getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &size) == 0 && type == SOCK_DGRAM;
    errno = saved;
    return is;
}

int mio__kq_end_add(struct kqueue_selector *self, int fd, mio_token token, mio_interest interest,
                    bool is_socket)
{
    int error = mio__kq_reserve(self, fd);
    if (error < 0)
        return error;
    mio__kq_at(self, fd)->end = (struct kqueue_end){.token = token,
                                                    .interest = interest,
                                                    .is_socket = is_socket,
                                                    .is_datagram = is_socket && has_datagrams(fd)};
    mio__kq_filter_from_now_on(self);
    return 0;
}

void mio__kq_end_set(struct kqueue_selector *self, int fd, struct kqueue_end end)
{
    struct kqueue_descriptor *known = mio__kq_find(self, fd);
    if (known)
        known->end = end;
}

bool mio__kq_is_of_end(const struct kqueue_selector *self, const struct mio_event *record)
{
    if ((int)record->filter != EVFILT_READ)
        return false;
    const struct kqueue_descriptor *known = mio__kq_find(self, (int)record->ident);
    return known && known->end.interest != 0 && known->end.token == mio_event_token(record);
}

void mio__kq_mark_end(struct kevent *change, bool is_socket)
{
    if (!is_socket || LOW_WATER_MARK == 0)
        return;
    change->fflags |= (kevent_fflags)LOW_WATER_MARK;
    change->data = BEYOND_REACH;
}

/* Whether the record tells what was asked for. */
static bool is_told(const struct kqueue_end *end, const struct mio_event *record)
{
    if ((record->flags & EV_EOF) != 0)
        return (end->interest & MIO_READ_CLOSED) != 0 || record->fflags != 0;
    return end->is_datagram && (!MARK_HAS_A_LIMIT || record->data == 0);
}

/* The delete tells whether the number is still the same descriptor. */
static void remake(struct kqueue_selector *self, int fd, const struct kqueue_end *end,
                   unsigned flags)
{
    struct kevent change = kqueue_change((uintptr_t)fd, EVFILT_READ, EV_DELETE, 0, end->token);
    int error;
    (void)mio__kevent_register(self, &change, 1, &error);
    if (error != 0)
        return;
    change = kqueue_change((uintptr_t)fd, EVFILT_READ, EV_ADD | flags, 0, end->token);
    mio__kq_mark_end(&change, end->is_socket);
    (void)mio__kevent_register(self, &change, 1, &error);
    if (error != 0)
        mio__log(&self->base.config, -error, "making a level-triggered registration anew");
}

bool mio__kq_pass_end(struct kqueue_selector *self, struct mio_event *record)
{
    if (!mio__kq_is_of_end(self, record))
        return true;
    int fd = (int)record->ident;
    const struct kqueue_end end = mio__kq_at(self, fd)->end; /* the table may move */
    bool is_edge = (record->flags & EV_CLEAR) != 0;
    bool passes = is_told(&end, record);
    if (passes && is_edge && (end.interest & MIO_LEVEL) != 0)
        remake(self, fd, &end, 0);
    if (!passes && !is_edge)
        remake(self, fd, &end, EV_CLEAR);
    if (passes && (record->flags & EV_EOF) == 0) {
        record->flags |= EV_ERROR;
        record->data = 0;
    }
    return passes;
}

#endif

/* SPDX-License-Identifier: MIT */
/*
 * A pipe whose reader is gone already (K9). Some kernels refuse to watch its writing end: with
 * EPIPE, NetBSD up to 10 with EBADF although the descriptor is open. It is the very event that was
 * asked for, so it is injected, beside a knote that proves that the number is still the same
 * descriptor.
 */
#include "../backends.h"

#if MIO_HAVE_KQUEUE

#include "kqueue_change.h"

#include "../../os/descriptor.h"

bool mio__kq_is_write_closed(const struct kevent *change, int error)
{
    if ((int)change->filter != EVFILT_WRITE)
        return false;
    if (error == EPIPE)
        return true;
    return MIO_PLATFORM == MIO_PLATFORM_NETBSD && error == EBADF &&
           mio__fd_is_open((int)change->ident);
}

/* Adds what the number of an injected event will be known by, unless it is there: 0 or -errno. */
static int add_proof(struct kqueue_selector *self, const struct operation *operation)
{
    struct kqueue_guard silent = {GUARD_KNOTE, true, operation->token, operation->interest, 0};
    int error = mio__kq_reserve(self, operation->fd);
    if (error == 0 && !mio__kq_is_guarded(self, operation->fd))
        error = -mio__kq_add_silent_guard(self, operation->fd);
    if (error == 0)
        mio__kq_set_guard(self, operation->fd, silent);
    return error;
}

int mio__kq_inject_write_closed(struct kqueue_selector *self, const struct operation *operation)
{
    bool reads = mio__kq_reads(operation->interest);
    int error = reads ? 0 : add_proof(self, operation);
    if (error < 0)
        return error;
    struct mio_event record;
    memset(&record, 0, sizeof record);
    record.ident = (uintptr_t)operation->fd;
    record.filter = EVFILT_WRITE;
    record.flags =
        (kevent_flags)(EV_EOF | mio__kq_mode_flags(operation->interest, &mio__kq_filters[WRITING]));
    record.udata = (void *)operation->token;
    return mio__kq_inject(self, operation->fd, &record, reads ? IDENTITY_READ : IDENTITY_GUARD,
                          true);
}

#endif

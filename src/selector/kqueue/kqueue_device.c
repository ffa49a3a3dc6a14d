/* SPDX-License-Identifier: MIT */
/*
 * Character devices on Apple's systems.
 *
 * A device whose driver cannot count bytes (K20), /dev/tty for one, is watched there by a filter
 * that hooks its knote to the driver only while nothing is ready. EV_CLEAR takes the knote off with
 * its first event, and nothing hooks it again (K55): every edge after the first would be lost. A
 * change of the knote asks the driver again, and hooks it. So on these systems mio_registry_rearm()
 * makes that change for a device that is watched for edges, after EAGAIN, when it finds nothing
 * ready.
 */
#include "../backends.h"

#if MIO_HAVE_KQUEUE

#include "kqueue_change.h"

#include <errno.h>

/* Neither EV_ADD, since the number may be another's by now, nor the mode, which is frozen. */
static void plan_touches(struct batch *batch, int fd, const struct kqueue_guard *device,
                         mio_interest interest)
{
    struct operation operation = {.fd = fd, .token = device->token, .is_device = true};
    for (size_t i = 0; i < mio__kq_filter_count; i++) {
        const struct kqueue_filter *filter = &mio__kq_filters[i];
        if ((interest & device->interest & filter->interest) != 0)
            mio__kq_add_change(batch, &operation, filter, EV_ENABLE);
    }
}

static int touch(struct kqueue_selector *self, int fd, const struct kqueue_guard *device,
                 mio_interest interest)
{
    struct batch batch;
    batch.count = 0;
    plan_touches(&batch, fd, device, interest);
    if (batch.count == 0)
        return 0;
    (void)mio__kevent_register(self, batch.changes, batch.count, batch.errors);
    for (size_t i = 0; i < batch.count; i++) {
        if (batch.errors[i] != 0 && batch.errors[i] != ENOENT && batch.errors[i] != EBADF)
            return -batch.errors[i];
    }
    return 0;
}

int mio__kq_rearm(struct mio_selector *selector, mio_fd fd, mio_interest interest)
{
    struct kqueue_selector *self = kqueue_of(selector);
    int error = 0;
    if (!atomic_load_explicit(&self->watches_devices, memory_order_relaxed))
        return 0;
    mio__lock_take(&self->lock);
    const struct kqueue_descriptor *known = mio__kq_find(self, fd);
    if (known && known->guard.kind == GUARD_DEVICE &&
        (known->guard.interest & (MIO_LEVEL | MIO_ONESHOT)) == 0)
        error = touch(self, fd, &known->guard, interest);
    mio__lock_give(&self->lock);
    return error;
}

#endif

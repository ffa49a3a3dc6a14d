/* SPDX-License-Identifier: MIT */
/*
 * Registering with a kqueue, a descriptor at a time.
 *
 * Every call goes the same way, alone or in a batch: prepare, plan the changes, submit them in one
 * kevent(2), finish from the receipts.
 */
#include "../backends.h"

#if MIO_HAVE_KQUEUE

#include "kqueue_change.h"

static int run_alone(struct mio_selector *selector, struct operation *operation)
{
    struct kqueue_selector *self = kqueue_of(selector);
    struct batch batch;
    batch.count = 0;
    mio__lock_take(&self->lock);
    int error = mio__kq_prepare(self, operation);
    if (error == 0) {
        mio__kq_plan(&batch, operation);
        if (operation->may_be_undone)
            mio__kq_look(self, KQUEUE_DOUBTS, 0);
        if (batch.count > 0)
            (void)mio__kevent_register(self, batch.changes, batch.count, batch.errors);
        error = mio__kq_finish(self, operation, &batch);
    }
    if (operation->may_be_undone)
        mio__kq_settle_refusals(self);
    mio__lock_give(&self->lock);
    return error;
}

int mio__kq_register(struct mio_selector *selector, const struct mio__registration *wanted)
{
    struct operation operation = {.kind = MIO_REGISTER,
                                  .fd = wanted->fd,
                                  .token = wanted->token,
                                  .interest = wanted->interest};
    return run_alone(selector, &operation);
}

int mio__kq_reregister(struct mio_selector *selector, const struct mio__registration *wanted,
                       const struct mio__registration *previous)
{
    struct operation operation = {.kind = MIO_REREGISTER,
                                  .fd = wanted->fd,
                                  .token = wanted->token,
                                  .interest = wanted->interest,
                                  .previous = previous};
    return run_alone(selector, &operation);
}

int mio__kq_set(struct mio_selector *selector, const struct mio__registration *wanted)
{
    struct operation operation = {.kind = MIO_REREGISTER,
                                  .may_be_new = true,
                                  .fd = wanted->fd,
                                  .token = wanted->token,
                                  .interest = wanted->interest};
    return run_alone(selector, &operation);
}

int mio__kq_deregister(struct mio_selector *selector, mio_fd fd,
                       const struct mio__registration *previous)
{
    struct operation operation = {.kind = MIO_DEREGISTER, .fd = fd, .previous = previous};
    return run_alone(selector, &operation);
}

#endif

/* SPDX-License-Identifier: MIT */
#include "registration.h"

#include "../os/descriptor.h"
#include "ready_files.h"

#include <errno.h>
#include <stddef.h>

/* What kernels say of a file or a device that they do not watch; libkqueue says EFAULT (K64). */
static bool is_refusal_of_file(int error)
{
    static const int refusals[] = {EPERM, EINVAL, ENODEV, ENXIO, ENOTSUP, EOPNOTSUPP, EFAULT};
    return mio__is_one_of(error, refusals, sizeof refusals / sizeof refusals[0]);
}

int mio__register_file(struct mio_selector *selector, const struct mio__registration *wanted,
                       int refusal)
{
    if (!is_refusal_of_file(refusal) || !mio__ready_files_can_serve(wanted->fd, wanted->interest))
        return refusal;
    int error = mio__selector_arm(selector);
    return error < 0 ? error : mio__ready_files_set(selector, wanted);
}

/* Of a file that would be served the refusal says that it is not registered. */
static int not_registered(int error, mio_fd fd)
{
    bool is_file = is_refusal_of_file(error) && mio__ready_files_can_serve(fd, MIO_READABLE);
    return is_file ? -ENOENT : error;
}

int mio__reregister_file(struct mio_selector *selector, const struct mio__registration *wanted,
                         const struct mio__registration *previous)
{
    if (!mio__ready_files_has(selector, wanted->fd))
        return not_registered(selector->ops->reregister_fd(selector, wanted, previous), wanted->fd);
    if (!mio__ready_files_can_serve(wanted->fd, wanted->interest))
        return -EPERM;
    return mio__ready_files_set(selector, wanted);
}

int mio__deregister_file(struct mio_selector *selector, mio_fd fd,
                         const struct mio__registration *previous)
{
    if (mio__ready_files_remove(selector, fd) == 0)
        return 0;
    return not_registered(selector->ops->deregister_fd(selector, fd, previous), fd);
}

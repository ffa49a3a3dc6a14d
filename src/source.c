/* SPDX-License-Identifier: MIT */
#include <mio/source.h>

#include "error.h"
#include "interest.h"
#include "registry.h"
#include "selector/selector.h"

#include <unistd.h>

static struct mio_registration registration_of(const struct mio_source *source)
{
    return (struct mio_registration){.token = source->token, .interest = source->interest};
}

static void forget(struct mio_source *source)
{
    struct mio_selector *selector = source->selector;
    source->selector = NULL;
    source->interest = 0;
    source->token = 0;
    mio_selector_release(selector);
}

/* What each registering call asks before the source's own state. */
static int check(const struct mio_source *source, const struct mio_registry *registry)
{
    if (!source || !registry)
        return -EINVAL;
    return mio_born_before_fork(&registry->selector->birth) ? -ECHILD : 0;
}

void mio_source_init(struct mio_source *source, mio_fd fd)
{
    if (source)
        *source = (struct mio_source){.fd = fd};
}

int mio_source_register(struct mio_source *source, struct mio_registry *registry, mio_token token,
                        mio_interest interest)
{
    int error = check(source, registry);
    if (error < 0)
        return error;
    struct mio_selector *selector = registry->selector;
    error = mio_interest_check(interest, selector->ops->serves);
    if (error < 0)
        return error;
    if (source->selector)
        return -EEXIST;
    if (source->fd == MIO_INVALID_FD)
        return -EBADF;
    error = selector->ops->register_fd(selector, source->fd, token, interest);
    if (error < 0)
        return error;
    source->selector = mio_selector_try_clone(selector);
    source->token = token;
    source->interest = interest;
    return 0;
}

int mio_source_reregister(struct mio_source *source, struct mio_registry *registry, mio_token token,
                          mio_interest interest)
{
    int error = check(source, registry);
    if (error < 0)
        return error;
    struct mio_selector *selector = registry->selector;
    error = mio_interest_check(interest, selector->ops->serves);
    if (error < 0)
        return error;
    if (source->selector != selector)
        return source->selector ? -EEXIST : -ENOENT;
    struct mio_registration previous = registration_of(source);
    error = selector->ops->reregister_fd(selector, source->fd, token, interest, &previous);
    if (error < 0)
        return error;
    source->token = token;
    source->interest = interest;
    return 0;
}

int mio_source_deregister(struct mio_source *source, struct mio_registry *registry)
{
    int error = check(source, registry);
    if (error < 0)
        return error;
    struct mio_selector *selector = registry->selector;
    if (source->selector != selector)
        return -ENOENT;
    struct mio_registration previous = registration_of(source);
    error = selector->ops->deregister_fd(selector, source->fd, &previous);
    if (error < 0)
        return error;
    forget(source);
    return 0;
}

int mio_source_close(struct mio_source *source)
{
    if (!source)
        return -EINVAL;
    if (source->fd == MIO_INVALID_FD)
        return -EBADF;
    struct mio_selector *selector = source->selector;
    if (selector) {
        /* In a forked child the registration is the parent's, and stays. Else there is nobody to
         * tell of a failure: the descriptor is gone next. */
        struct mio_registration previous = registration_of(source);
        if (!mio_is_forked_child(&selector->birth))
            (void)selector->ops->deregister_fd(selector, source->fd, &previous);
        forget(source);
    }
    mio_fd fd = source->fd;
    source->fd = MIO_INVALID_FD;
    int saved = errno;
    return close(fd) < 0 ? mio_failed(saved) : 0;
}

/* SPDX-License-Identifier: MIT */
#include "source.h"

#include "../os/descriptor.h"
#include "../selector/selector.h"
#include "interest.h"
#include "registry.h"

#include <unistd.h>

static struct mio__registration registration_of(const struct mio_source *source)
{
    return (struct mio__registration){.token = source->token, .interest = source->interest};
}

/*
 * The source knows of a registration before the kernel does. From then on an event may be delivered
 * to another thread, which may own the source by the program's own rules: read from it, close it,
 * free it. So a call that has succeeded touches the source no more.
 */
static void remember(struct mio_source *source, struct mio__registration registration)
{
    source->token = registration.token;
    source->interest = registration.interest;
}

static void forget(struct mio_source *source)
{
    struct mio_selector *selector = source->selector;
    source->selector = NULL;
    remember(source, (struct mio__registration){0});
    mio__selector_release(selector);
}

/* What each registering call asks before the source's own state. */
static int check_both(const struct mio_source *source, const struct mio_registry *registry)
{
    if (!source || !registry)
        return -EINVAL;
    return mio__is_forked_copy(&registry->selector->fork_guard) ? -ECHILD : 0;
}

void mio__source_forget_the_parents(struct mio_source *source)
{
    if (source->selector && mio__is_forked_child(&source->selector->fork_guard))
        forget(source);
}

static bool says_gone(int error)
{
    return error == -ENOENT || error == -EBADF;
}

/*
 * Whether a call failed because there is no registration any more: the number was closed behind the
 * source's back, or is another file's by now. Either error may have been about something else, so
 * that the selector is asked for the registration itself.
 */
static bool is_gone(struct mio_selector *selector, const struct mio_source *source, int error,
                    const struct mio__registration *previous)
{
    return says_gone(error) &&
           says_gone(selector->ops->reregister_fd(selector, source->fd, previous->token,
                                                  previous->interest, previous));
}

void mio_source_init(struct mio_source *source, mio_fd fd)
{
    if (source)
        *source = (struct mio_source){.fd = fd};
}

int mio_source_register(struct mio_source *source, struct mio_registry *registry, mio_token token,
                        mio_interest interest)
{
    int error = check_both(source, registry);
    if (error < 0)
        return error;
    struct mio_selector *selector = registry->selector;
    error = mio__interest_check(interest, selector->ops->serves);
    if (error < 0)
        return error;
    mio__source_forget_the_parents(source);
    if (source->selector)
        return -EEXIST;
    if (source->fd == MIO_INVALID_FD)
        return -EBADF;
    source->selector = mio__selector_try_clone(selector);
    remember(source, (struct mio__registration){.token = token, .interest = interest});
    error = selector->ops->register_fd(selector, source->fd, token, interest);
    if (error < 0)
        forget(source);
    return error;
}

int mio_source_reregister(struct mio_source *source, struct mio_registry *registry, mio_token token,
                          mio_interest interest)
{
    int error = check_both(source, registry);
    if (error < 0)
        return error;
    struct mio_selector *selector = registry->selector;
    error = mio__interest_check(interest, selector->ops->serves);
    if (error < 0)
        return error;
    if (source->selector != selector) {
        mio__source_forget_the_parents(source);
        return source->selector ? -EEXIST : -ENOENT;
    }
    struct mio__registration previous = registration_of(source);
    remember(source, (struct mio__registration){.token = token, .interest = interest});
    error = selector->ops->reregister_fd(selector, source->fd, token, interest, &previous);
    if (is_gone(selector, source, error, &previous))
        forget(source);
    else if (error < 0)
        remember(source, previous);
    return error;
}

int mio_source_deregister(struct mio_source *source, struct mio_registry *registry)
{
    int error = check_both(source, registry);
    if (error < 0)
        return error;
    struct mio_selector *selector = registry->selector;
    if (source->selector != selector)
        return -ENOENT;
    struct mio__registration previous = registration_of(source);
    error = selector->ops->deregister_fd(selector, source->fd, &previous);
    if (error == 0 || is_gone(selector, source, error, &previous))
        forget(source);
    return error;
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
        struct mio__registration previous = registration_of(source);
        if (!mio__is_forked_child(&selector->fork_guard))
            (void)selector->ops->deregister_fd(selector, source->fd, &previous);
        forget(source);
    }
    mio_fd fd = source->fd;
    source->fd = MIO_INVALID_FD;
    int saved = errno;
    return close(fd) < 0 ? mio__failed(saved) : 0;
}

int mio__source_take_fd(struct mio_source *source, mio_fd *fd)
{
    if (!source || !fd)
        return -EINVAL;
    if (source->fd == MIO_INVALID_FD)
        return -EBADF;
    mio__source_forget_the_parents(source);
    if (source->selector)
        return -EBUSY;
    *fd = source->fd;
    mio_source_init(source, MIO_INVALID_FD);
    return 0;
}

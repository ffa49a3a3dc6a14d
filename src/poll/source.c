/* SPDX-License-Identifier: MIT */
#include "source.h"

#include "../os/descriptor.h"
#include "registration.h"
#include "registry.h"

#include <unistd.h>

/*
 * The source knows of a registration before the kernel does. From then on an event may be delivered
 * to another thread, which may own the source by the program's own rules: read from it, close it,
 * free it. So a call that has succeeded touches the source no more.
 */
static struct mio__registration remember(struct mio_source *source, mio_token token,
                                         mio_interest interest)
{
    source->token = token;
    source->interest = interest;
    return (struct mio__registration){source->fd, interest, token, &source->word};
}

/* What the source is registered for, with a copy of its word. */
static struct mio__registration registration_of(const struct mio_source *source, uintptr_t *word)
{
    *word = source->word;
    return (struct mio__registration){source->fd, source->interest, source->token, word};
}

static void restore(struct mio_source *source, const struct mio__registration *previous)
{
    (void)remember(source, previous->token, previous->interest);
    source->word = *previous->word;
}

static void forget(struct mio_source *source)
{
    struct mio_selector *selector = source->selector;
    source->selector = NULL;
    source->word = 0;
    (void)remember(source, 0, 0);
    mio__selector_release(selector);
}

void mio__source_forget_the_parents(struct mio_source *source)
{
    if (source->selector && mio__is_forked_child(&source->selector->fork_guard))
        forget(source);
}

/* What is asked before a registration is changed or ended. A parent's is none. */
static int check_registered(struct mio_source *source)
{
    if (!source)
        return -EINVAL;
    if (source->selector && mio__is_forked_copy(&source->selector->fork_guard))
        mio__source_forget_the_parents(source);
    return source->selector ? 0 : -ENOENT;
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
static bool is_gone(struct mio_selector *selector, int error,
                    const struct mio__registration *previous)
{
    return says_gone(error) && says_gone(mio__reregister_fd(selector, previous, previous));
}

void mio_source_init(struct mio_source *source, mio_fd fd)
{
    if (source)
        *source = (struct mio_source){.fd = fd};
}

int mio_source_register(struct mio_source *source, struct mio_registry *registry, mio_token token,
                        mio_interest interest)
{
    int error = source ? mio__registry_check_interest(registry, interest) : -EINVAL;
    if (error < 0)
        return error;
    struct mio_selector *selector = registry->selector;
    mio__source_forget_the_parents(source);
    if (source->selector)
        return -EEXIST;
    if (source->fd == MIO_INVALID_FD)
        return -EBADF;
    source->selector = mio__selector_try_clone(selector);
    source->word = 0;
    const struct mio__registration wanted = remember(source, token, interest);
    error = mio__register_fd(selector, &wanted);
    if (error < 0)
        forget(source);
    return error;
}

int mio_source_reregister(struct mio_source *source, mio_token token, mio_interest interest)
{
    int error = check_registered(source);
    if (error < 0)
        return error;
    struct mio_selector *selector = source->selector;
    error = mio__interest_check(interest, selector->ops->serves);
    if (error < 0)
        return error;
    uintptr_t word;
    const struct mio__registration previous = registration_of(source, &word);
    const struct mio__registration wanted = remember(source, token, interest);
    error = mio__reregister_fd(selector, &wanted, &previous);
    if (is_gone(selector, error, &previous))
        forget(source);
    else if (error < 0)
        restore(source, &previous);
    return error;
}

int mio_source_deregister(struct mio_source *source)
{
    int error = check_registered(source);
    if (error < 0)
        return error;
    struct mio_selector *selector = source->selector;
    uintptr_t word;
    const struct mio__registration previous = registration_of(source, &word);
    error = mio__deregister_fd(selector, source->fd, &previous);
    if (error == 0 || is_gone(selector, error, &previous))
        forget(source);
    return error;
}

static int close_fd(mio_fd fd)
{
    int saved = errno;
    return close(fd) < 0 ? mio__failed(saved) : 0;
}

/* There is nobody to tell of a failed deregistration: the descriptor is gone next. */
static int close_registered(struct mio_selector *selector, const struct mio__registration *previous)
{
    if (selector->ops->close_fd)
        return selector->ops->close_fd(selector, previous);
    (void)mio__deregister_fd(selector, previous->fd, previous);
    return close_fd(previous->fd);
}

int mio_source_close(struct mio_source *source)
{
    if (!source)
        return -EINVAL;
    if (source->fd == MIO_INVALID_FD)
        return -EBADF;
    struct mio_selector *selector = source->selector;
    uintptr_t word;
    const struct mio__registration previous = registration_of(source, &word);
    /* In a forked child the registration is the parent's, and stays. */
    bool is_ours = selector && !mio__is_forked_child(&selector->fork_guard);
    int error = is_ours ? close_registered(selector, &previous) : close_fd(previous.fd);
    if (selector)
        forget(source);
    source->fd = MIO_INVALID_FD;
    return error;
}

int mio_source_into_fd(struct mio_source *source, mio_fd *fd)
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

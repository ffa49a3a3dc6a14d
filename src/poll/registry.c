/* SPDX-License-Identifier: MIT */
#include "registry.h"

#include "../os/memory.h"
#include "ready_files.h"
#include "registration.h"

/* Whether the selector may be called at once. */
static inline bool is_usual(const struct mio_registry *registry, mio_interest interest)
{
    return mio__interest_is_usual(interest) && mio__registry_check(registry) == 0 &&
           !registry->selector->ready_files && registry->selector->ops->register_usual;
}

__attribute__((noinline)) static int register_any(struct mio_registry *registry, mio_fd fd,
                                                  mio_token token, mio_interest interest)
{
    int error = mio__registry_check_interest(registry, interest);
    if (error < 0)
        return error;
    const struct mio__registration wanted = {fd, interest, token, NULL};
    return mio__register_fd(registry->selector, &wanted);
}

__attribute__((noinline)) static int reregister_any(struct mio_registry *registry, mio_fd fd,
                                                    mio_token token, mio_interest interest)
{
    int error = mio__registry_check_interest(registry, interest);
    if (error < 0)
        return error;
    const struct mio__registration wanted = {fd, interest, token, NULL};
    return mio__reregister_fd(registry->selector, &wanted, NULL);
}

int mio_registry_register(struct mio_registry *registry, mio_fd fd, mio_token token,
                          mio_interest interest)
{
    if (!is_usual(registry, interest))
        return register_any(registry, fd, token, interest);
    struct mio_selector *selector = registry->selector;
    return selector->ops->register_usual(selector, fd, token, interest);
}

int mio_registry_reregister(struct mio_registry *registry, mio_fd fd, mio_token token,
                            mio_interest interest)
{
    if (!is_usual(registry, interest))
        return reregister_any(registry, fd, token, interest);
    struct mio_selector *selector = registry->selector;
    return selector->ops->reregister_usual(selector, fd, token, interest);
}

int mio_registry_deregister(struct mio_registry *registry, mio_fd fd)
{
    int error = mio__registry_check(registry);
    if (error < 0)
        return error;
    return mio__deregister_fd(registry->selector, fd, NULL);
}

/* Another thread may register or deregister the descriptor between the two. */
static int set_in_two_steps(struct mio_selector *selector, const struct mio__registration *wanted)
{
    int error;
    do {
        error = mio__reregister_fd(selector, wanted, NULL);
        if (error == -ENOENT)
            error = mio__register_fd(selector, wanted);
    } while (error == -EEXIST);
    return error;
}

int mio_registry_set(struct mio_registry *registry, mio_fd fd, mio_token token,
                     mio_interest interest)
{
    if (interest == 0) {
        int removed = mio_registry_deregister(registry, fd);
        return removed == -ENOENT ? 0 : removed;
    }
    int error = mio__registry_check_interest(registry, interest);
    if (error < 0)
        return error;
    uintptr_t word = 0;
    const struct mio__registration wanted = {fd, interest, token, &word};
    const struct mio__selector_ops *ops = registry->selector->ops;
    bool in_one = ops->set_fd && !registry->selector->ready_files;
    return in_one ? ops->set_fd(registry->selector, &wanted)
                  : set_in_two_steps(registry->selector, &wanted);
}

int mio_registry_rearm(struct mio_registry *registry, mio_fd fd, mio_interest interest)
{
    int error = mio__registry_check_interest(registry, interest);
    if (error < 0)
        return error;
    struct mio_selector *selector = registry->selector;
    error = selector->ops->rearm ? selector->ops->rearm(selector, fd, interest) : 0;
    bool is_file = error == -ENOENT && selector->ready_files && mio__ready_files_has(selector, fd);
    return is_file ? 0 : error;
}

static int apply_one(struct mio_registry *registry, const struct mio_change *change)
{
    if (change->reserved != 0)
        return -EINVAL;
    switch (change->kind) {
    case MIO_REGISTER:
        return mio_registry_register(registry, change->fd, change->token, change->interest);
    case MIO_REREGISTER:
        return mio_registry_reregister(registry, change->fd, change->token, change->interest);
    case MIO_DEREGISTER:
        return mio_registry_deregister(registry, change->fd);
    }
    return -EINVAL;
}

static int check_change(const struct mio_registry *registry, const struct mio_change *change)
{
    if (change->reserved != 0)
        return -EINVAL;
    switch (change->kind) {
    case MIO_REGISTER:
    case MIO_REREGISTER:
        return mio__registry_check_interest(registry, change->interest);
    case MIO_DEREGISTER:
        return 0;
    }
    return -EINVAL;
}

/* Gives the selector each run of changes whose arguments are right. */
static void apply_batch(struct mio_registry *registry, struct mio_change *changes, size_t n)
{
    struct mio_selector *selector = registry->selector;
    size_t first = 0;
    for (size_t i = 0; i < n; i++) {
        changes[i].result = check_change(registry, &changes[i]);
        if (changes[i].result == 0)
            continue;
        if (i > first)
            selector->ops->apply(selector, changes + first, i - first);
        first = i + 1;
    }
    if (n > first)
        selector->ops->apply(selector, changes + first, n - first);
}

int mio_registry_apply(struct mio_registry *registry, struct mio_change *changes, size_t n)
{
    int error = mio__registry_check(registry);
    if (error < 0)
        return error;
    if (!changes && n > 0)
        return -EINVAL;
    if (registry->selector->ops->apply && !registry->selector->ready_files) {
        apply_batch(registry, changes, n);
    } else {
        for (size_t i = 0; i < n; i++)
            changes[i].result = apply_one(registry, &changes[i]);
    }
    int succeeded = 0;
    for (size_t i = 0; i < n; i++)
        succeeded += changes[i].result == 0;
    return succeeded;
}

int mio_registry_clone(struct mio_registry *registry, struct mio_registry **clone)
{
    if (!registry || !clone)
        return -EINVAL;
    struct mio_selector *selector = registry->selector;
    struct mio_registry *made = mio__allocate(&selector->config.allocator, sizeof *made);
    if (!made)
        return -ENOMEM;
    made->selector = mio__selector_try_clone(selector);
    *clone = made;
    return 0;
}

void mio_registry_free(struct mio_registry *clone)
{
    if (!clone || clone->lent)
        return;
    struct mio_selector *selector = clone->selector;
    mio__release(&selector->config.allocator, clone, sizeof *clone);
    mio__selector_release(selector);
}

int mio_registry_fd(const struct mio_registry *registry)
{
    int error = mio__registry_check(registry);
    return error < 0 ? error : registry->selector->ops->selector_fd(registry->selector);
}

uint64_t mio_registry_id(const struct mio_registry *registry)
{
    return registry ? registry->selector->id : 0;
}

/* SPDX-License-Identifier: MIT */
#include "poll.h"

#include "../os/clock.h"
#include "../os/memory.h"
#include "../timer/timers.h"
#include "choice.h"
#include "ready_files.h"
#include "spin.h"
#include "trace.h"

#include <errno.h>

static const uint32_t known_flags = MIO_OPTION_PIPE_WAKER | MIO_OPTION_MILLISECONDS |
                                    MIO_OPTION_ALWAYS_READY_FILES | MIO_OPTION_ONE_THREAD_TIMERS;

/* A sum with any time on the clock has to fit. */
static const int64_t longest_spin_ns = INT64_C(1000) * MIO_NS_PER_S;

static bool is_valid(const struct mio_options *options)
{
    uintptr_t reserved = options->reserved_bits;
    for (size_t i = 0; i < sizeof options->reserved / sizeof options->reserved[0]; i++)
        reserved |= options->reserved[i];
    return reserved == 0 && (options->flags & ~known_flags) == 0 && options->spin_ns >= 0 &&
           options->spin_ns <= longest_spin_ns && mio__allocator_is_valid(options->allocator);
}

static int open_selector(const char *backend, const struct mio__config *config,
                         struct mio_selector **selector)
{
    int error = mio__selector_open(backend, config, selector);
    if (error < 0 || (config->flags & MIO_OPTION_ALWAYS_READY_FILES) == 0)
        return error;
    error = mio__ready_files_open(*selector);
    if (error < 0)
        mio__selector_release(*selector);
    return error;
}

int mio_poll_new(const struct mio_options *options, struct mio_poll **poll)
{
    static const struct mio_options defaults;
    if (!options)
        options = &defaults;
    if (!poll || !is_valid(options))
        return -EINVAL;
    struct mio__config config = {
        .allocator = options->allocator ? *options->allocator : mio__default_allocator,
        .log = options->log,
        .clock = options->clock,
        .user = options->user,
        .flags = options->flags,
    };
    struct mio_poll *made = mio__allocate(&config.allocator, sizeof *made);
    if (!made)
        return -ENOMEM;
    int error = open_selector(options->backend, &config, &made->registry.selector);
    if (error < 0) {
        mio__release(&config.allocator, made, sizeof *made);
        return error;
    }
    error = mio__trace_attach(made->registry.selector);
    if (error < 0) {
        mio_poll_free(made);
        return error;
    }
    if (options->spin_ns > 0)
        mio__spin_before_sleeping(made->registry.selector, options->spin_ns);
    made->registry.lent = true;
    *poll = made;
    return 0;
}

void mio_poll_free(struct mio_poll *poll)
{
    if (!poll)
        return;
    struct mio_selector *selector = poll->registry.selector;
    mio__timers_close(selector);
    mio__release(&selector->config.allocator, poll, sizeof *poll);
    mio__selector_release(selector);
}

struct mio_registry *mio_poll_registry(struct mio_poll *poll)
{
    return poll ? &poll->registry : NULL;
}

const char *mio_poll_backend(const struct mio_poll *poll)
{
    return poll ? poll->registry.selector->ops->name : NULL;
}

bool mio_poll_supports(const struct mio_poll *poll, mio_interest interest)
{
    return poll && (interest & ~poll->registry.selector->ops->serves) == 0;
}

bool mio_poll_makes_edges(const struct mio_poll *poll)
{
    return poll && (poll->registry.selector->ops->traits & MIO_TRAIT_MAKES_EDGES) != 0;
}

int mio_poll_fd(struct mio_poll *poll)
{
    if (!poll)
        return -EINVAL;
    struct mio_selector *selector = poll->registry.selector;
    if (mio__is_forked_child(&selector->fork_guard))
        return -ECHILD;
    int fd = selector->ops->selector_fd(selector);
    if (fd < 0)
        return fd;
    /* There may be no doorbell yet: nobody wakes before there is one, and making it rings. */
    int error = mio__wake_queue_embed(&selector->wakes);
    struct mio__timers *timers = mio__timers_of(selector);
    if (error == 0 && timers)
        error = mio__timers_embed(timers);
    return error < 0 ? error : fd;
}

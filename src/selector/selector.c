/* SPDX-License-Identifier: MIT */
#if !defined(_GNU_SOURCE)
#define _GNU_SOURCE /* issetugid under a strict -std= */
#endif

#include "selector.h"

#include "backends.h"

#include "../memory.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#if defined(__linux__)
#include <sys/auxv.h>
#endif

const struct mio_selector_ops *const mio_selectors[] = {
#if MIO_HAVE_KQUEUE
    &mio_kqueue_ops,
#endif
#if MIO_HAVE_EPOLL
    &mio_epoll_ops,
#endif
#if MIO_HAVE_POLL
    &mio_poll_ops,
#endif
    NULL,
};

/* Whether the program runs with rights that whoever set its environment may lack: those of another
 * user or group, or on Linux a file's capabilities, which only the kernel knows of. */
#if defined(__linux__)

static bool has_lent_rights(void)
{
    return getauxval(AT_SECURE) != 0 || getuid() != geteuid() || getgid() != getegid();
}

#elif MIO_PLATFORM >= MIO_PLATFORM_FREEBSD && MIO_PLATFORM <= MIO_PLATFORM_APPLE

static bool has_lent_rights(void)
{
    return issetugid() != 0 || getuid() != geteuid() || getgid() != getegid();
}

#else

static bool has_lent_rights(void)
{
    return getuid() != geteuid() || getgid() != getegid();
}

#endif

static const char *backend_of_environment(void)
{
    if (has_lent_rights())
        return NULL;
    const char *name = getenv("MIO_BACKEND");
    return name && *name != '\0' ? name : NULL;
}

/*
 * The next id, of two halves, since not every CPU has atomic operations on 64 bits, and without a
 * lock, which a forked child might find taken for ever. The lower half rests at its end until the
 * upper one has been counted up.
 */
static uint64_t next_id(void)
{
    static _Atomic uint32_t upper;
    static _Atomic uint32_t lower;
    for (;;) {
        uint32_t high = atomic_load(&upper);
        uint32_t low = atomic_load(&lower);
        if (low < UINT32_MAX) {
            if (atomic_compare_exchange_weak(&lower, &low, low + 1))
                return (uint64_t)atomic_load(&upper) << 32 | (low + 1);
        } else if (atomic_compare_exchange_strong(&upper, &high, high + 1)) {
            atomic_compare_exchange_strong(&lower, &low, 0);
        }
    }
}

static int open_one(const struct mio_selector_ops *ops, const struct mio_config *config,
                    struct mio_selector **selector)
{
    struct mio_selector *made;
    struct mio_birth birth;
    int error = mio_birth_record(&birth);
    if (error < 0)
        return error;
    error = ops->selector_new(config, &made);
    if (error < 0)
        return error;
    made->config = *config;
    made->id = next_id();
    atomic_init(&made->owners, 1);
    made->birth = birth;
    atomic_init(&made->plain, made->birth.generation);
    mio_lock_init(&made->arming);
    *selector = made;
    return 0;
}

static const struct mio_selector_ops *find_ops(const char *name)
{
    size_t i = 0;
    while (mio_selectors[i] && strcmp(mio_selectors[i]->name, name) != 0)
        i++;
    return mio_selectors[i];
}

/* The next selector is tried when the kernel refuses one, not when the process has run out of
 * something. */
static bool is_shortage(int error)
{
    return error == -ENOMEM || error == -EMFILE || error == -ENFILE;
}

static int open_best(const struct mio_config *config, struct mio_selector **selector)
{
    int error = -ENOTSUP;
    for (size_t i = 0; mio_selectors[i]; i++) {
        error = open_one(mio_selectors[i], config, selector);
        if (error == 0 || is_shortage(error))
            break;
        mio_log(config, error, mio_selectors[i]->name);
    }
    return error;
}

int mio_selector_open(const char *backend, const struct mio_config *config,
                      struct mio_selector **selector)
{
    const char *name = backend ? backend : backend_of_environment();
    const struct mio_selector_ops *ops = name ? find_ops(name) : NULL;
    if (ops)
        return open_one(ops, config, selector);
    if (backend)
        return -ENOTSUP;
    /* The environment may speak of another system, of another program's library. */
    if (name)
        mio_log(config, -ENOTSUP, "MIO_BACKEND");
    return open_best(config, selector);
}

struct mio_selector *mio_selector_try_clone(struct mio_selector *selector)
{
    atomic_fetch_add_explicit(&selector->owners, 1, memory_order_relaxed);
    return selector;
}

void mio_selector_release(struct mio_selector *selector)
{
    if (atomic_fetch_sub_explicit(&selector->owners, 1, memory_order_acq_rel) != 1)
        return;
    mio_wake_queue_destroy(selector);
    mio_lock_destroy(&selector->arming);
    selector->ops->selector_free(selector);
}

int mio_selector_arm(struct mio_selector *selector)
{
    struct mio_wake_queue *queue = &selector->wakes;
    if (atomic_load(&queue->armed))
        return 0;
    int error = 0;
    mio_lock_take(&selector->arming);
    if (!atomic_load(&queue->armed)) {
        error = selector->ops->setup_waker(selector);
        if (error == 0) {
            mio_selector_pay_attention(selector);
            error = mio_wake_queue_ring(selector);
        }
        if (error == 0)
            atomic_store(&queue->armed, true);
    }
    mio_lock_give(&selector->arming);
    return error;
}

void mio_log(const struct mio_config *config, int error, const char *what)
{
    int saved = errno;
    if (config->log)
        config->log(config->log_user, error, what);
    errno = saved;
}

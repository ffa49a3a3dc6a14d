/* SPDX-License-Identifier: MIT */
#if !defined(_GNU_SOURCE)
#define _GNU_SOURCE /* secure_getenv */
#endif

#include "selector.h"

#include "backends.h"

#include "../memory.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

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

#if defined(__GLIBC__)
#define get_trusted_environment secure_getenv
#else
#define get_trusted_environment getenv
#endif

/* MIO_BACKEND, unless the program runs with rights that whoever set its environment may lack. */
static const char *backend_of_environment(void)
{
    if (getuid() != geteuid() || getgid() != getegid())
        return NULL;
    const char *name = get_trusted_environment("MIO_BACKEND");
    return name && *name != '\0' ? name : NULL;
}

static int open_one(const struct mio_selector_ops *ops, const struct mio_config *config,
                    struct mio_selector **selector)
{
    static atomic_uint_fast64_t last_id;
    struct mio_selector *made;
    struct mio_birth birth;
    int error = mio_birth_record(&birth);
    if (error < 0)
        return error;
    error = ops->selector_new(config, &made);
    if (error < 0)
        return error;
    made->config = *config;
    made->id = atomic_fetch_add(&last_id, 1) + 1;
    atomic_init(&made->owners, 1);
    made->birth = birth;
    atomic_init(&made->plain, made->birth.generation);
    mio_lock_init(&made->arming);
    *selector = made;
    return 0;
}

static int open_named(const char *name, const struct mio_config *config,
                      struct mio_selector **selector)
{
    for (size_t i = 0; mio_selectors[i]; i++) {
        if (strcmp(mio_selectors[i]->name, name) == 0)
            return open_one(mio_selectors[i], config, selector);
    }
    return -ENOTSUP;
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
    return name ? open_named(name, config, selector) : open_best(config, selector);
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
    if (config->log)
        config->log(config->log_user, error, what);
}

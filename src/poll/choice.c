/* SPDX-License-Identifier: MIT */
/* The selectors of this build, and which of them a poll gets. */
#if !defined(_GNU_SOURCE)
#define _GNU_SOURCE /* issetugid under a strict -std= */
#endif

#include "choice.h"

#include "../selector/backends.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#if defined(__linux__)
#include <sys/auxv.h>
#endif

const struct mio__selector_ops *const mio__selectors[] = {
#if MIO_HAVE_KQUEUE
    &mio__kqueue_ops,
#endif
#if MIO_HAVE_EPOLL
    &mio__epoll_ops,
#endif
#if MIO_HAVE_PORTS
    &mio__ports_ops,
#endif
#if MIO_HAVE_POLL
    &mio__poll2_ops,
#endif
    NULL,
};

#if defined(__linux__)

/* A file's capabilities are something that only the kernel knows of. */
bool mio__has_lent_rights(void)
{
    return getauxval(AT_SECURE) != 0 || getuid() != geteuid() || getgid() != getegid();
}

#elif MIO_PLATFORM >= MIO_PLATFORM_FREEBSD && MIO_PLATFORM <= MIO_PLATFORM_APPLE

bool mio__has_lent_rights(void)
{
    return issetugid() != 0 || getuid() != geteuid() || getgid() != getegid();
}

#else

bool mio__has_lent_rights(void)
{
    return getuid() != geteuid() || getgid() != getegid();
}

#endif

static const char *backend_of_environment(void)
{
    if (mio__has_lent_rights())
        return NULL;
    const char *name = getenv("MIO_BACKEND");
    return name && *name != '\0' ? name : NULL;
}

static const struct mio__selector_ops *find_ops(const char *name)
{
    size_t i = 0;
    while (mio__selectors[i] && strcmp(mio__selectors[i]->name, name) != 0)
        i++;
    return mio__selectors[i];
}

/* The next selector is tried when the kernel refuses one, not when the process has run out of
 * something. */
static bool is_shortage(int error)
{
    return error == -ENOMEM || error == -EMFILE || error == -ENFILE;
}

static int open_best(const struct mio__config *config, struct mio_selector **selector)
{
    int error = -ENOTSUP;
    for (size_t i = 0; mio__selectors[i]; i++) {
        error = mio__selector_make(mio__selectors[i], config, selector);
        if (error == 0 || is_shortage(error))
            break;
        mio__log(config, error, mio__selectors[i]->name);
    }
    return error;
}

int mio__selector_open(const char *backend, const struct mio__config *config,
                       struct mio_selector **selector)
{
    const char *name = backend ? backend : backend_of_environment();
    const struct mio__selector_ops *ops = name ? find_ops(name) : NULL;
    if (ops)
        return mio__selector_make(ops, config, selector);
    if (backend)
        return -ENOTSUP;
    /* The environment may speak of another system, of another program's library. */
    if (name)
        mio__log(config, -ENOTSUP, "MIO_BACKEND");
    return open_best(config, selector);
}

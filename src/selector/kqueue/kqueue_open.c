/* SPDX-License-Identifier: MIT */
/* A kqueue that is closed on exec: the selector's, and those that others need for themselves. */
#if !defined(_GNU_SOURCE)
#define _GNU_SOURCE /* for the sources that are compiled as one */
#endif

#include "../backends.h"

#if MIO_HAVE_KQUEUE

#include "kqueue.h"

#include "../../os/descriptor.h"

#include <fcntl.h>
#include <unistd.h>

#if defined(KQUEUE_CLOEXEC)

static int open_kqueue(void)
{
    return kqueuex(KQUEUE_CLOEXEC);
}

#elif MIO_PLATFORM == MIO_PLATFORM_NETBSD

static int open_kqueue(void)
{
    return kqueue1(O_CLOEXEC);
}

#else

/* Apple's kernel sets the flag itself; setting it again costs a call, but asks nothing of the
 * release. */
static int open_kqueue(void)
{
    int kq = kqueue();
    if (kq >= 0 && fcntl(kq, F_SETFD, FD_CLOEXEC) < 0) {
        int error = errno;
        close(kq);
        errno = error;
        return -1;
    }
    return kq;
}

#endif

int mio__kqueue_open(void)
{
    int saved = errno;
    int kq = mio__own_fd(open_kqueue());
    return kq < 0 ? mio__failed(saved) : kq;
}

#endif

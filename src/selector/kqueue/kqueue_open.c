/* SPDX-License-Identifier: MIT */
/* A kqueue that is closed on exec, the selector's or one that others need for themselves, and one
 * change of it. */
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

int mio__kqueue_apply(int kq, struct kevent change)
{
    static const struct timespec at_once;
    struct kevent receipt;
    kevent_count slots = IS_A_LIBRARY ? 0 : 1;
    int saved = errno;
    int count;
    if (IS_A_LIBRARY)
        change.flags &= (kevent_flags)~EV_RECEIPT;
    do {
        count = kevent(kq, &change, 1, &receipt, slots, &at_once);
    } while (count < 0 && errno == EINTR);
    if (count < 0)
        return mio__failed(saved);
    errno = saved;
    return count > 0 && (receipt.flags & EV_ERROR) != 0 ? -(int)receipt.data : 0;
}

#endif

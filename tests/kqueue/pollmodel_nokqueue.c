/* SPDX-License-Identifier: MIT */
/* A system's flavour without its kqueue, for programs that choose the selector "poll". */
#define _GNU_SOURCE

#include "kqmodel.h"

#include <sys/event.h>

#include <errno.h>
#include <stddef.h>
#include <time.h>

#if defined(KQMODEL_NETBSD)
typedef size_t count_type;
#else
typedef int count_type;
#endif

int kqueue1(int flags);
int kqueuex(unsigned int flags);

int kqueue(void)
{
    errno = ENOSYS;
    return -1;
}

int kqueue1(int flags)
{
    (void)flags;
    return kqueue();
}

int kqueuex(unsigned int flags)
{
    (void)flags;
    return kqueue();
}

int kevent(int kq, const struct kevent *changes, count_type count, struct kevent *events,
           count_type room, const struct timespec *timeout)
{
    (void)kq;
    (void)changes;
    (void)count;
    (void)events;
    (void)room;
    (void)timeout;
    errno = EBADF;
    return -1;
}

/* --- orders that a test gives to a kqueue model, if there is one --- */

void kqmodel_reset(void)
{
}

void kqmodel_refuse_change(unsigned n, int error)
{
    (void)n;
    (void)error;
}

/* SPDX-License-Identifier: MIT */
/* kqueue's calls in the library's objects. */
#define _GNU_SOURCE

#include "redirected_kqueue.h"

#include "strike.h"

#if defined(MIO_RECORD_KEVENT)

#include <errno.h>
#include <stddef.h>

#if MIO_PLATFORM == MIO_PLATFORM_NETBSD
typedef size_t kevent_count;
#else
typedef int kevent_count;
#endif

static int make_kqueue(enum call call, int (*make)(unsigned), unsigned flags)
{
    int saved = errno;
    int error = strike(call);
    errno = error;
    int result = error == 0 ? make(flags) : -1;
    if (result >= 0)
        errno = saved;
    return result;
}

static int plain_kqueue(unsigned flags)
{
    (void)flags;
    return kqueue();
}

int fault_kqueue(void);
int fault_kqueue(void)
{
    return make_kqueue(CALL_kqueue, plain_kqueue, 0);
}

#if MIO_PLATFORM == MIO_PLATFORM_NETBSD
static int kqueue_of_netbsd(unsigned flags)
{
    return kqueue1((int)flags);
}

int fault_kqueue1(int flags);
int fault_kqueue1(int flags)
{
    return make_kqueue(CALL_kqueue1, kqueue_of_netbsd, (unsigned)flags);
}
#endif

#if MIO_PLATFORM == MIO_PLATFORM_FREEBSD
int fault_kqueuex(unsigned flags);
int fault_kqueuex(unsigned flags)
{
    return make_kqueue(CALL_kqueuex, kqueuex, flags);
}
#endif

static enum call row_of(const struct kevent *changes, kevent_count count)
{
    if (count == 0)
        return CALL_kevent_wait;
#if defined(EVFILT_USER)
    if ((int)changes->filter == EVFILT_USER)
        return (changes->flags & EV_ADD) != 0 ? CALL_kevent_user_add : CALL_kevent_user_trigger;
#endif
    if ((int)changes->filter == EVFILT_PROC)
        return CALL_kevent_process;
    return CALL_kevent_change;
}

/* Has the model refuse one of the changes that add something, if that is the order. */
static void strike_receipts(const struct kevent *changes, kevent_count count)
{
    unsigned adds = 0;
    for (kevent_count i = 0; i < count; i++) {
        if ((changes[i].flags & EV_ADD) == 0)
            continue;
        adds++;
        int error = strike(CALL_kevent_receipt);
        if (error != 0)
            kqmodel_refuse_change(adds, error);
    }
}

/* What is made of the results of the next call. */
static void (*rewrite)(struct kevent *list, int count);

void fault_rewrite_results(void (*how)(struct kevent *list, int count))
{
    rewrite = how;
}

static void rewrite_results(struct kevent *list, int count)
{
    void (*how)(struct kevent * list, int count) = rewrite;
    rewrite = NULL;
    if (how)
        how(list, count);
}

int fault_kevent(int kq, const struct kevent *changes, kevent_count count, struct kevent *list,
                 kevent_count room, const struct timespec *timeout);
int fault_kevent(int kq, const struct kevent *changes, kevent_count count, struct kevent *list,
                 kevent_count room, const struct timespec *timeout)
{
    int saved = errno;
    enum call row = row_of(changes, count);
    int error = strike(row);
    /* DragonFly is asked to wait for a minute at a time. */
    bool endless = row == CALL_kevent_wait && (!timeout || timeout->tv_sec >= 60);
    if (error != 0 && (error != EINTR || row == CALL_kevent_wait)) {
        errno = error;
        return -1;
    }
    if (row == CALL_kevent_change)
        strike_receipts(changes, count);
    sleep_begins(endless);
    int result = kevent(kq, changes, count, list, room, timeout);
    sleep_ends(endless);
    int failure = errno;
    if ((row == CALL_kevent_change || row == CALL_kevent_wait) && result > 0)
        rewrite_results(list, result);
    if (row == CALL_kevent_change)
        kqmodel_refuse_change(0, 0); /* what the call did not come to is not left for the next */
    errno = result < 0 ? failure : saved;
    if (error == 0 || result < 0)
        return result;
    errno = error;
    return -1;
}

#endif

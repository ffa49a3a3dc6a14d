/* SPDX-License-Identifier: MIT */
#if !defined(_GNU_SOURCE)
#define _GNU_SOURCE /* sigtimedwait */
#endif

#include "sigpipe.h"

#include <mio/platform.h>

#include <errno.h>
#include <pthread.h>
#include <time.h>

static bool is_pending(void)
{
    sigset_t pending;
    return sigpending(&pending) == 0 && sigismember(&pending, SIGPIPE) == 1;
}

static void send_to_this_thread(void)
{
    (void)pthread_kill(pthread_self(), SIGPIPE);
}

#if MIO_PLATFORM == MIO_PLATFORM_APPLE || MIO_PLATFORM == MIO_PLATFORM_OPENBSD

/* Without sigtimedwait(). There is one to be taken, or this would sleep. */
static void take_one(const sigset_t *signals)
{
    int signal;
    if (is_pending())
        (void)sigwait(signals, &signal);
}

#else

static void take_one(const sigset_t *signals)
{
    static const struct timespec now = {0, 0};
    while (sigtimedwait(signals, NULL, &now) < 0 && errno == EINTR)
        continue;
}

#endif

/*
 * The one that is pending may be the process's, and another thread may take it at any moment: so
 * one of this thread's own is made, if it has none, and taken. Were two pending before, of the
 * thread and of the process, one is left: they were the same signal.
 */
static void take_back(const sigset_t *signals, bool was_pending)
{
    if (!is_pending())
        return;
    send_to_this_thread();
    take_one(signals);
    if (was_pending && !is_pending())
        send_to_this_thread();
}

void mio__sigpipe_block(struct mio__sigpipe *sigpipe)
{
    sigset_t mask;
    sigpipe->saved = errno;
    (void)sigemptyset(&sigpipe->signals);
    (void)sigaddset(&sigpipe->signals, SIGPIPE);
    (void)pthread_sigmask(SIG_BLOCK, &sigpipe->signals, &mask);
    sigpipe->was_blocked = sigismember(&mask, SIGPIPE) == 1;
    sigpipe->was_pending = sigpipe->was_blocked && is_pending();
}

void mio__sigpipe_unblock(const struct mio__sigpipe *sigpipe, bool raised)
{
    if (raised)
        take_back(&sigpipe->signals, sigpipe->was_pending);
    if (!sigpipe->was_blocked)
        (void)pthread_sigmask(SIG_UNBLOCK, &sigpipe->signals, NULL);
    errno = sigpipe->saved;
}

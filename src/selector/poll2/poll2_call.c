/* SPDX-License-Identifier: MIT */
#include "../backends.h"

#if MIO_HAVE_POLL

#if !defined(_GNU_SOURCE)
#define _GNU_SOURCE /* ppoll, POLLRDHUP */
#endif

#include "poll2_call.h"

#include "../../os/clock.h"

#include <errno.h>
#include <limits.h>
#include <time.h>

enum { PART_NS = 10 * MIO_NS_PER_MS };

/* NetBSD has it from release 10 on. */
#if MIO_PLATFORM == MIO_PLATFORM_APPLE || MIO_PLATFORM == MIO_PLATFORM_NETBSD || \
    MIO_PLATFORM == MIO_PLATFORM_OTHER || MIO_PLATFORM == MIO_PLATFORM_ILLUMOS
enum { HAVE_PPOLL = false };
static int poll_exactly(struct pollfd *fds, nfds_t count, const struct timespec *timeout)
{
    (void)fds;
    (void)count;
    (void)timeout;
    errno = ENOSYS;
    return -1;
}
#else
enum { HAVE_PPOLL = true };
static int poll_exactly(struct pollfd *fds, nfds_t count, const struct timespec *timeout)
{
    return ppoll(fds, count, timeout, NULL);
}
#endif

static int poll_at_once(struct pollfd *fds, size_t count, int64_t timeout_ns)
{
    if (HAVE_PPOLL && timeout_ns > 0) {
        int64_t seconds = timeout_ns / MIO_NS_PER_S;
        bool fits = seconds < INT_MAX;
        struct timespec timeout = {.tv_sec = fits ? (time_t)seconds : INT_MAX,
                                   .tv_nsec = fits ? (long)(timeout_ns % MIO_NS_PER_S) : 0};
        return poll_exactly(fds, (nfds_t)count, &timeout);
    }
    if (timeout_ns <= 0)
        return poll(fds, (nfds_t)count, (int)timeout_ns);
    int64_t milliseconds = timeout_ns / MIO_NS_PER_MS + (timeout_ns % MIO_NS_PER_MS != 0);
    return poll(fds, (nfds_t)count, milliseconds > INT_MAX ? INT_MAX : (int)milliseconds);
}

/* Looks at all of them, `part` at a time. */
static int look_in_parts(struct pollfd *fds, size_t count, size_t part)
{
    int ready = 0;
    for (size_t at = 0; at < count; at += part) {
        int found = poll(fds + at, (nfds_t)(count - at < part ? count - at : part), 0);
        if (found < 0)
            return -1;
        ready += found;
    }
    return ready;
}

/* The doorbell is in the first part, in which to sleep. */
static int poll_in_parts(struct pollfd *fds, size_t count, int64_t timeout_ns)
{
    size_t part = count;
    bool is_least;
    int ready;
    do {
        is_least = part <= 2;
        part = (part + 1) / 2;
        ready = look_in_parts(fds, count, part);
    } while (ready < 0 && errno == EINVAL && !is_least);
    if (ready < 0 && errno == EINVAL)
        errno = EMFILE;
    if (ready != 0 || timeout_ns == 0)
        return ready;
    bool is_long = timeout_ns < 0 || timeout_ns > PART_NS;
    return poll_at_once(fds, part, is_long ? PART_NS : timeout_ns);
}

int mio__poll2_call(struct pollfd *fds, size_t count, int64_t timeout_ns)
{
    int ready = poll_at_once(fds, count, timeout_ns);
    if (ready < 0 && errno == EINVAL)
        return poll_in_parts(fds, count, timeout_ns);
    return ready;
}

/*
 * Where records are by direction, so are the questions. Of one question for both, Apple's and
 * DragonFly's POLLHUP does not say which is meant: they say it of a mere half-close, and POLLOUT
 * then not at all.
 */
bool mio__poll2_ask(int fd, short events, struct mio__poll2_found *found)
{
    struct pollfd asked[2] = {{.fd = fd, .events = events}, {.fd = -1}};
    if (MIO_RECORDS_BY_DIRECTION) {
        short reading = (short)(events & MIO_POLL_READING);
        short writing = (short)(events & ~MIO_POLL_READING);
        asked[0] = (struct pollfd){.fd = reading != 0 ? fd : -1, .events = reading};
        asked[1] = (struct pollfd){.fd = writing != 0 ? fd : -1, .events = writing};
    }
    int saved = errno;
    bool answered = poll(asked, MIO_RECORDS_BY_DIRECTION ? 2 : 1, 0) >= 0;
    errno = saved;
    found->reading = asked[0].revents;
    found->writing = asked[MIO_RECORDS_BY_DIRECTION ? 1 : 0].revents;
    return answered;
}

#endif

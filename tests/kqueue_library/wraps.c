/* SPDX-License-Identifier: MIT */
/*
 * What the tests have to know of libkqueue beside their facts: calls of kqueue(), kevent() and
 * close() come here first (--wrap).
 *
 * - A kqueue has descriptors of the library's own, which a thread of the library's closes some time
 *   after the kqueue: close() waits for it, so that descriptors can be counted.
 * - libkqueue 2.3.1 cannot watch a descriptor both ways (EFAULT for the second): a test that wants
 *   it is skipped, there and then. Each test is a process of its own.
 */
#define _GNU_SOURCE

#include "test.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <sys/event.h>
#include <time.h>
#include <unistd.h>

enum { MOST = 1024, MOST_OWN = 16, TRIES = 5000 };

int __real_kqueue(void);
int __wrap_kqueue(void);
int __real_close(int fd);
int __wrap_close(int fd);
int __real_kevent(int kq, const struct kevent *changes, int change_count, struct kevent *events,
                  int event_count, const struct timespec *timeout);
int __wrap_kevent(int kq, const struct kevent *changes, int change_count, struct kevent *events,
                  int event_count, const struct timespec *timeout);

/* --- the library's own descriptors --- */

struct own {
    pid_t process; /* 0: that number is no kqueue */
    int count;
    int number[MOST_OWN];
};

static struct own owns[MOST];

static bool is_open(int fd)
{
    return fcntl(fd, F_GETFD) >= 0;
}

int __wrap_kqueue(void)
{
    bool before[MOST];
    for (int fd = 0; fd < MOST; fd++)
        before[fd] = is_open(fd);
    int kq = __real_kqueue();
    int error = errno;
    if (kq >= 0 && kq < MOST) {
        struct own *own = &owns[kq];
        *own = (struct own){.process = getpid()};
        for (int fd = 0; fd < MOST && own->count < MOST_OWN; fd++) {
            if (fd != kq && !before[fd] && is_open(fd))
                own->number[own->count++] = fd;
        }
    }
    errno = error;
    return kq;
}

static int count_open(const struct own *own)
{
    int count = 0;
    for (int i = 0; i < own->count; i++)
        count += is_open(own->number[i]);
    return count;
}

int __wrap_close(int fd)
{
    static const struct timespec moment = {.tv_nsec = 200000};
    int result = __real_close(fd);
    int error = errno;
    struct own *own = fd >= 0 && fd < MOST ? &owns[fd] : NULL;
    if (own && result == 0 && own->process == getpid()) {
        for (int i = 0; i < TRIES && count_open(own) > 0; i++)
            (void)nanosleep(&moment, NULL);
        own->process = 0;
    }
    errno = error;
    return result;
}

/* --- both ways --- */

static bool wants_both_ways(const struct kevent *change)
{
    return (change->flags & EV_ADD) != 0 && errno == EFAULT && is_open((int)change->ident) &&
           (change->filter == EVFILT_READ || change->filter == EVFILT_WRITE);
}

/* Whether it is watched the other way: there is something to delete. The test goes no further. */
static bool is_watched_otherwise(int kq, const struct kevent *refused)
{
    struct kevent other = *refused;
    other.filter = refused->filter == EVFILT_READ ? EVFILT_WRITE : EVFILT_READ;
    other.flags = EV_DELETE;
    return __real_kevent(kq, &other, 1, NULL, 0, NULL) == 0;
}

int __wrap_kevent(int kq, const struct kevent *changes, int change_count, struct kevent *events,
                  int event_count, const struct timespec *timeout)
{
    int result = __real_kevent(kq, changes, change_count, events, event_count, timeout);
    int error = errno;
    if (result < 0 && change_count == 1 && wants_both_ways(changes) &&
        is_watched_otherwise(kq, changes))
        test_skip_process("this libkqueue cannot watch a descriptor both ways (K57)");
    errno = error;
    return result;
}

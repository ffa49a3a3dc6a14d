/* SPDX-License-Identifier: MIT */
#if !defined(_GNU_SOURCE)
#define _GNU_SOURCE /* syscall, waitid */
#endif

#include "process_fd.h"

#include "../os/descriptor.h"

#include <poll.h>
#include <signal.h>
#include <stddef.h>
#include <sys/wait.h>

static int kill_by_number(int pid, int signo)
{
    int saved = errno;
    return kill(pid, signo) < 0 ? mio__failed(saved) : 0;
}

static int wait_by_id(int type, int id, siginfo_t *info, int options)
{
    int saved = errno;
    int result;
    do
        result = waitid((idtype_t)type, (id_t)id, info, options);
    while (result < 0 && errno == EINTR);
    if (result < 0)
        return mio__failed(saved);
    errno = saved;
    return 0;
}

/* Without taking from a kqueue what it has to report. */
bool mio__process_fd_has_ended(mio_fd fd)
{
    int saved = errno;
    struct pollfd asked = {.fd = fd, .events = POLLIN};
    bool has_ended = poll(&asked, 1, 0) == 1;
    errno = saved;
    return has_ended;
}

/* --- a pidfd --- */

#if MIO_PLATFORM == MIO_PLATFORM_LINUX

#include "../os/syscall.h"

/* Older headers have neither; the numbers are the same on every CPU that the library is built for.
 */
enum { PIDFD_OPEN = 434, PIDFD_SEND_SIGNAL = 424, BY_PIDFD = 3 };

/*
 * Before Linux 5.3 there is none. A sandbox says ENOSYS, EPERM or EACCES, and an emulator ENOSYS.
 * EINVAL: the number is a thread's. A descriptor to which the kernel gives the place of a standard
 * stream is moved, and keeps its flag.
 */
mio_fd mio__process_fd_open(int pid)
{
    static const int refusals[] = {ENOSYS, EPERM, EACCES};
    long fd = mio__syscall4(PIDFD_OPEN, pid, 0, 0, 0);
    if (mio__is_one_of(fd, refusals, sizeof refusals / sizeof refusals[0]))
        return -ENOTSUP;
    if (fd == -EINVAL)
        return -ESRCH;
    if (fd < 0)
        return (mio_fd)fd;
    int saved = errno;
    mio_fd own = mio__own_fd((int)fd);
    return own < 0 ? mio__failed(saved) : own;
}

/* Linux 5.3 does not wait by a pidfd yet. */
int mio__process_fd_wait(mio_fd fd, int pid, siginfo_t *info, int options)
{
    int result = -EINVAL;
    if (fd != MIO_INVALID_FD)
        result = wait_by_id(BY_PIDFD, fd, info, options);
    return result == -EINVAL ? wait_by_id(P_PID, pid, info, options) : result;
}

int mio__process_fd_kill(mio_fd fd, int pid, int signo)
{
    static const int refusals[] = {ENOSYS, EACCES};
    if (fd == MIO_INVALID_FD)
        return kill_by_number(pid, signo);
    long result = mio__syscall4(PIDFD_SEND_SIGNAL, fd, signo, (long)NULL, 0);
    if (mio__is_one_of(result, refusals, sizeof refusals / sizeof refusals[0]))
        return kill_by_number(pid, signo);
    return (int)result;
}

bool mio__process_fd_is_inherited(void)
{
    return true;
}

/* --- a kqueue --- */

#elif defined(MIO_RECORD_KEVENT) && MIO_PLATFORM != MIO_PLATFORM_KQUEUE_LIBRARY

#include "../selector/kqueue/kqueue.h"

#include <unistd.h>

/*
 * One kqueue a process: the kernel has no other descriptor of it (FreeBSD has, of what was made by
 * pdfork(2)). What it has to report is left in it, so that it stays readable.
 */
static int watch_exit(mio_fd kq, int pid)
{
    return mio__kqueue_apply(
        kq, kqueue_change((uintptr_t)pid, EVFILT_PROC, EV_ADD, (uint32_t)NOTE_EXIT, 0));
}

/* A kernel without kqueue has another selector. */
mio_fd mio__process_fd_open(int pid)
{
    mio_fd kq = mio__kqueue_open();
    if (kq < 0)
        return kq == -ENOSYS ? -ENOTSUP : kq;
    int error = watch_exit(kq, pid);
    return error < 0 ? mio__fd_give_up(kq, error) : kq;
}

bool mio__process_fd_is_inherited(void)
{
    return false;
}

/* --- neither --- */

#else

mio_fd mio__process_fd_open(int pid)
{
    (void)pid;
    return -ENOTSUP;
}

bool mio__process_fd_is_inherited(void)
{
    return true;
}

#endif

/* --- without a pidfd the number is all that names a process --- */

#if MIO_PLATFORM != MIO_PLATFORM_LINUX

int mio__process_fd_kill(mio_fd fd, int pid, int signo)
{
    (void)fd;
    return kill_by_number(pid, signo);
}

int mio__process_fd_wait(mio_fd fd, int pid, siginfo_t *info, int options)
{
    (void)fd;
    return wait_by_id(P_PID, pid, info, options);
}

#endif

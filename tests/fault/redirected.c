/* SPDX-License-Identifier: MIT */
/* The functions that stand in the library's objects in place of libc's. */
#define _GNU_SOURCE

#include "direct.h"
#include "strike.h"

#include <mio/platform.h>

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#if MIO_PLATFORM == MIO_PLATFORM_LINUX
#include <sys/sendfile.h>
#endif

/*
 * Defines fault_<name>, which fails when it is told to and else does as <name>. Calls that succeed
 * leave errno alone, as those of all kernels do but not those of the kqueue model.
 */
#define REDIRECTED(type, failure, name, parameters, arguments) \
    type fault_##name parameters;                              \
    type fault_##name parameters                               \
    {                                                          \
        int saved = errno;                                     \
        int error = strike(CALL_##name);                       \
        type result = failure;                                 \
        if (error == 0)                                        \
            result = name arguments;                           \
        else                                                   \
            errno = error;                                     \
        if (result != failure)                                 \
            errno = saved;                                     \
        return result;                                         \
    }

REDIRECTED(void *, NULL, malloc, (size_t size), (size))
REDIRECTED(int, -1, madvise, (void *at, size_t size, int advice), (at, size, advice))

/* Gives the error itself. */
int fault_pthread_atfork(void (*before)(void), void (*in_parent)(void), void (*in_child)(void));
int fault_pthread_atfork(void (*before)(void), void (*in_parent)(void), void (*in_child)(void))
{
    int error = strike(CALL_pthread_atfork);
    return error != 0 ? error : pthread_atfork(before, in_parent, in_child);
}

REDIRECTED(int, -1, epoll_create1, (int flags), (flags))
REDIRECTED(int, -1, eventfd, (unsigned value, int flags), (value, flags))

REDIRECTED(int, -1, pipe, (int ends[2]), (ends))
REDIRECTED(int, -1, pipe2, (int ends[2], int flags), (ends, flags))
REDIRECTED(ssize_t, -1, read, (int fd, void *buffer, size_t size), (fd, buffer, size))
REDIRECTED(ssize_t, -1, readv, (int fd, const struct iovec *parts, int count), (fd, parts, count))
REDIRECTED(ssize_t, -1, write, (int fd, const void *buffer, size_t size), (fd, buffer, size))
REDIRECTED(ssize_t, -1, writev, (int fd, const struct iovec *parts, int count), (fd, parts, count))
REDIRECTED(int, -1, sigaction,
           (int signo, const struct sigaction *action, struct sigaction *before),
           (signo, action, before))
REDIRECTED(int, -1, sigtimedwait,
           (const sigset_t *signals, siginfo_t *info, const struct timespec *timeout),
           (signals, info, timeout))

REDIRECTED(int, -1, socket, (int family, int type, int protocol), (family, type, protocol))
REDIRECTED(int, -1, socketpair, (int family, int type, int protocol, int ends[2]),
           (family, type, protocol, ends))
REDIRECTED(int, -1, bind, (int fd, const struct sockaddr *address, socklen_t size),
           (fd, address, size))
REDIRECTED(int, -1, listen, (int fd, int backlog), (fd, backlog))
REDIRECTED(int, -1, accept, (int fd, struct sockaddr *address, socklen_t *size),
           (fd, address, size))
REDIRECTED(int, -1, accept4, (int fd, struct sockaddr *address, socklen_t *size, int flags),
           (fd, address, size, flags))
REDIRECTED(int, -1, shutdown, (int fd, int how), (fd, how))
REDIRECTED(int, -1, getsockname, (int fd, struct sockaddr *address, socklen_t *size),
           (fd, address, size))
REDIRECTED(ssize_t, -1, recvmsg, (int fd, struct msghdr *message, int flags), (fd, message, flags))
REDIRECTED(ssize_t, -1, sendmsg, (int fd, const struct msghdr *message, int flags),
           (fd, message, flags))
REDIRECTED(int, -1, sendmmsg, (int fd, struct mmsghdr *messages, unsigned count, int flags),
           (fd, messages, count, flags))
REDIRECTED(int, -1, recvmmsg,
           (int fd, struct mmsghdr *messages, unsigned count, int flags, struct timespec *timeout),
           (fd, messages, count, flags, timeout))
REDIRECTED(ssize_t, -1, recvfrom,
           (int fd, void *buffer, size_t size, int flags, struct sockaddr *from, socklen_t *length),
           (fd, buffer, size, flags, from, length))
REDIRECTED(ssize_t, -1, pread, (int fd, void *buffer, size_t size, off_t offset),
           (fd, buffer, size, offset))
#if MIO_PLATFORM == MIO_PLATFORM_LINUX
REDIRECTED(ssize_t, -1, sendfile, (int to, int from, off_t *offset, size_t size),
           (to, from, offset, size))
#elif MIO_PLATFORM == MIO_PLATFORM_FREEBSD || MIO_PLATFORM == MIO_PLATFORM_DRAGONFLY
REDIRECTED(int, -1, sendfile,
           (int from, int to, off_t offset, size_t size, struct sf_hdtr *around, off_t *sent,
            int flags),
           (from, to, offset, size, around, sent, flags))
#elif MIO_PLATFORM == MIO_PLATFORM_APPLE
/* Writes how many bytes it sent, also when it fails. */
int fault_sendfile(int from, int to, off_t offset, off_t *size, struct sf_hdtr *around, int flags);
int fault_sendfile(int from, int to, off_t offset, off_t *size, struct sf_hdtr *around, int flags)
{
    int saved = errno;
    int error = strike(CALL_sendfile);
    errno = error;
    if (error != 0) {
        *size = 0;
        return -1;
    }
    int result = sendfile(from, to, offset, size, around, flags);
    if (result == 0)
        errno = saved;
    return result;
}
#endif
REDIRECTED(int, -1, fstat, (int fd, struct stat *status), (fd, status))
REDIRECTED(int, -1, stat, (const char *path, struct stat *status), (path, status))
REDIRECTED(int, -1, inotify_init1, (int flags), (flags))
REDIRECTED(int, -1, inotify_add_watch, (int fd, const char *path, uint32_t mask), (fd, path, mask))
REDIRECTED(int, -1, inotify_rm_watch, (int fd, int number), (fd, number))

/* The library makes no files. */
int fault_open(const char *path, int flags, ...);
int fault_open(const char *path, int flags, ...)
{
    int saved = errno;
    int error = strike(CALL_open);
    errno = error;
    int result = error == 0 ? open(path, flags) : -1;
    if (result >= 0)
        errno = saved;
    return result;
}

ssize_t fault_sendto(int fd, const void *buffer, size_t size, int flags, const struct sockaddr *to,
                     socklen_t length);
ssize_t fault_sendto(int fd, const void *buffer, size_t size, int flags, const struct sockaddr *to,
                     socklen_t length)
{
    int saved = errno;
    int error = strike(size == 0 ? CALL_sendto_nothing : CALL_sendto);
    errno = error;
    ssize_t result = error == 0 ? sendto(fd, buffer, size, flags, to, length) : -1;
    if (result >= 0)
        errno = saved;
    return result;
}

/* --- those that another kernel may answer --- */

static const struct kernel this_kernel = {
    .getpeername = getpeername, .getsockopt = getsockopt, .setsockopt = setsockopt};
static struct kernel present_kernel = {
    .getpeername = getpeername, .getsockopt = getsockopt, .setsockopt = setsockopt};

void fault_kernel(const struct kernel *kernel)
{
    present_kernel = this_kernel;
    if (!kernel)
        return;
    if (kernel->getpeername)
        present_kernel.getpeername = kernel->getpeername;
    if (kernel->getsockopt)
        present_kernel.getsockopt = kernel->getsockopt;
    if (kernel->setsockopt)
        present_kernel.setsockopt = kernel->setsockopt;
}

#define ANSWERED(name, parameters, arguments)                         \
    int fault_##name parameters;                                      \
    int fault_##name parameters                                       \
    {                                                                 \
        int saved = errno;                                            \
        int error = strike(CALL_##name);                              \
        errno = error;                                                \
        int result = error == 0 ? present_kernel.name arguments : -1; \
        if (result >= 0)                                              \
            errno = saved;                                            \
        return result;                                                \
    }

ANSWERED(getpeername, (int fd, struct sockaddr *address, socklen_t *size), (fd, address, size))
ANSWERED(getsockopt, (int fd, int level, int name, void *value, socklen_t *size),
         (fd, level, name, value, size))
ANSWERED(setsockopt, (int fd, int level, int name, const void *value, socklen_t size),
         (fd, level, name, value, size))

/* --- those that act although they fail --- */

int fault_close(int fd);
int fault_close(int fd)
{
    int saved = errno;
    int error = strike(CALL_close);
    int result = close(fd);
    if (error == 0 && result == 0)
        errno = saved;
    if (error == 0)
        return result;
    errno = error;
    return -1;
}

int fault_connect(int fd, const struct sockaddr *address, socklen_t size);
int fault_connect(int fd, const struct sockaddr *address, socklen_t size)
{
    int saved = errno;
    int error = strike(CALL_connect);
    if (error == 0 || error == EINTR || error == EINPROGRESS) {
        int result = connect(fd, address, size);
        /* What is refused at once can neither be interrupted nor on its way. */
        if (result < 0 && (error == 0 || errno != EINPROGRESS))
            return -1;
    }
    errno = error == 0 ? saved : error;
    return error == 0 ? 0 : -1;
}

/* --- those that sleep --- */

int fault_poll(struct pollfd *fds, nfds_t count, int timeout);
int fault_poll(struct pollfd *fds, nfds_t count, int timeout)
{
    int error = strike(CALL_poll);
    if (error != 0) {
        errno = error;
        return -1;
    }
    /* On macOS a hang-up that was told is looked at every now and then: no sleep is endless. */
    bool is_sleep = timeout != 0;
    sleep_begins(is_sleep);
    int result = poll(fds, count, timeout);
    sleep_ends(is_sleep);
    return result;
}

int fault_ppoll(struct pollfd *fds, nfds_t count, const struct timespec *timeout,
                const sigset_t *mask);
int fault_ppoll(struct pollfd *fds, nfds_t count, const struct timespec *timeout,
                const sigset_t *mask)
{
    int error = strike(CALL_ppoll);
    if (error == 0)
        return ppoll(fds, count, timeout, mask);
    errno = error;
    return -1;
}

int fault_epoll_pwait(int epoll, struct epoll_event *list, int room, int timeout,
                      const sigset_t *mask);
int fault_epoll_pwait(int epoll, struct epoll_event *list, int room, int timeout,
                      const sigset_t *mask)
{
    int error = strike(CALL_epoll_pwait);
    if (error != 0) {
        errno = error;
        return -1;
    }
    sleep_begins(timeout < 0);
    int result = epoll_pwait(epoll, list, room, timeout, mask);
    sleep_ends(timeout < 0);
    return result;
}

/* --- those that mean several things --- */

static enum call control_row(int operation)
{
    switch (operation) {
    case EPOLL_CTL_ADD:
        return CALL_epoll_ctl_add;
    case EPOLL_CTL_MOD:
        return CALL_epoll_ctl_mod;
    default:
        return CALL_epoll_ctl_del;
    }
}

int fault_epoll_ctl(int epoll, int operation, int fd, struct epoll_event *entry);
int fault_epoll_ctl(int epoll, int operation, int fd, struct epoll_event *entry)
{
    int error = strike(control_row(operation));
    if (error == 0)
        return epoll_ctl(epoll, operation, fd, entry);
    errno = error;
    return -1;
}

int fault_fcntl(int fd, int command, ...);
int fault_fcntl(int fd, int command, ...)
{
    int saved = errno;
    va_list list;
    va_start(list, command);
    int argument = va_arg(list, int);
    va_end(list);
    enum call row;
    switch (command) {
    case F_GETFD:
        row = CALL_fcntl_getfd;
        argument = 0;
        break;
    case F_SETFD:
        row = CALL_fcntl_setfd;
        break;
    case F_GETFL:
        row = CALL_fcntl_getfl;
        argument = 0;
        break;
    case F_SETFL:
        row = CALL_fcntl_setfl;
        break;
    default:
        fprintf(stderr, "fcntl(%d): give it a row in calls.def\n", command);
        abort();
    }
    int error = strike(row);
    errno = error;
    int result = error == 0 ? fcntl(fd, command, argument) : -1;
    if (result >= 0)
        errno = saved;
    return result;
}

/* --- system calls by number --- */

#if !defined(SYS_epoll_pwait2)
#define SYS_epoll_pwait2 441
#endif

enum { PIDFD_SEND_SIGNAL = 424, PIDFD_OPEN = 434 };

static const struct {
    long number;
    enum call row;
} numbers[] = {
    {SYS_epoll_pwait, CALL_epoll_pwait},
    {SYS_epoll_pwait2, CALL_epoll_pwait2},
    {SYS_readv, CALL_readv},
    {SYS_writev, CALL_writev},
    {SYS_pwritev2, CALL_pwritev2},
    {SYS_accept4, CALL_accept4},
    {SYS_recvfrom, CALL_recvfrom},
    {SYS_recvmsg, CALL_recvmsg},
    {SYS_sendto, CALL_sendto},
    {SYS_sendmsg, CALL_sendmsg},
    {SYS_recvmmsg, CALL_recvmmsg},
    {SYS_sendmmsg, CALL_sendmmsg},
    {PIDFD_OPEN, CALL_pidfd_open},
    {PIDFD_SEND_SIGNAL, CALL_pidfd_send_signal},
    {SYS_write, CALL_eventfd_write}, /* nothing else is written so */
};

/* The scenarios read from pipes, but never as much as an eventfd's counter is long. */
static enum call read_row(size_t size)
{
    return size == sizeof(uint64_t) ? CALL_eventfd_read : CALL_read;
}

static enum call syscall_row(long number, const long arguments[6])
{
    if (number == SYS_read)
        return read_row((size_t)arguments[2]);
    if (number == SYS_sendto && arguments[2] == 0)
        return CALL_sendto_nothing;
    if (number == SYS_epoll_ctl)
        return control_row((int)arguments[1]);
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
        if (numbers[i].number == number)
            return numbers[i].row;
    }
    fprintf(stderr, "syscall(%ld): give it a row in calls.def\n", number);
    abort();
}

static long call_by_number(long number, const long arguments[6])
{
    enum call row = syscall_row(number, arguments);
    int error = strike(row);
    if (error != 0) {
        errno = error;
        return -1;
    }
    bool endless = row == CALL_epoll_pwait && arguments[3] < 0;
    sleep_begins(endless);
    long result = syscall(number, arguments[0], arguments[1], arguments[2], arguments[3],
                          arguments[4], arguments[5]);
    sleep_ends(endless);
    return result;
}

/* Called with six longs, always (syscall.h). */
long fault_syscall(long number, ...);
long fault_syscall(long number, ...)
{
    long arguments[6];
    va_list list;
    va_start(list, number);
    for (int i = 0; i < 6; i++)
        arguments[i] = va_arg(list, long);
    va_end(list);
    return call_by_number(number, arguments);
}

long fault_direct_syscall(long number, const long arguments[6])
{
    int saved = errno;
    long result = call_by_number(number, arguments);
    if (result < 0)
        result = -errno;
    errno = saved;
    return result;
}

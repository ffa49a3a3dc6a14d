/* SPDX-License-Identifier: MIT */
/*
 * Around system calls. What a call is about to change has been told to the ports by then: in the
 * kernel an event is queued when the data arrives, and is still there when somebody has read them.
 */
#define _GNU_SOURCE

#include "portmodel_wraps.h"

#include "portmodel_inner.h"

#include "kqueue/pollmodel.h"

#include <errno.h>
#include <unistd.h>

static void look_first(void)
{
    sigset_t mask;
    if (!each_handle(NULL))
        return;
    model_lock(&mask);
    associations_look_all();
    model_unlock(&mask);
}

void pollmodel_before_asking(void)
{
    look_first();
}

/* --- numbers that go away --- */

/* A number goes, with what this process associated by it; or is one of a port. */
static void number_goes(int fd)
{
    int saved = errno;
    associations_look_all();
    associations_drop(fd);
    handle_number_closes(fd);
    errno = saved;
}

int __wrap_close(int fd)
{
    sigset_t mask;
    model_lock(&mask);
    if (fd_is_open(fd))
        number_goes(fd);
    int result = __real_close(fd);
    int error = errno;
    model_unlock(&mask);
    errno = error;
    return result;
}

static int replace(int from, int to, int flags, bool is_dup3)
{
    sigset_t mask;
    model_lock(&mask);
    struct handle *handle = handle_of(from);
    if (from != to && fd_is_open(from) && fd_is_open(to))
        number_goes(to);
    int result = is_dup3 ? __real_dup3(from, to, flags) : __real_dup2(from, to);
    int error = errno;
    if (result >= 0 && from != to && handle)
        handle_number_added(handle, to);
    model_unlock(&mask);
    errno = error;
    return result;
}

int __wrap_dup2(int from, int to)
{
    return replace(from, to, 0, false);
}

int __wrap_dup3(int from, int to, int flags)
{
    return replace(from, to, flags, true);
}

pid_t __wrap_fork(void)
{
    sigset_t mask;
    model_lock(&mask); /* so that the child's copies are whole */
    pid_t child = __real_fork();
    int error = errno;
    if (child == 0) {
        handles_after_fork();
        pthread_sigmask(SIG_SETMASK, &mask, NULL); /* the parent gives the lock back */
    } else {
        model_unlock(&mask);
    }
    errno = error;
    return child;
}

/* --- what changes readiness --- */

ssize_t __wrap_read(int fd, void *buffer, size_t size)
{
    look_first();
    return __real_read(fd, buffer, size);
}

ssize_t __wrap_readv(int fd, const struct iovec *parts, int count)
{
    look_first();
    return __real_readv(fd, parts, count);
}

ssize_t __wrap_write(int fd, const void *buffer, size_t size)
{
    look_first();
    return __real_write(fd, buffer, size);
}

ssize_t __wrap_writev(int fd, const struct iovec *parts, int count)
{
    look_first();
    return __real_writev(fd, parts, count);
}

ssize_t __wrap_recv(int fd, void *buffer, size_t size, int flags)
{
    look_first();
    return __real_recv(fd, buffer, size, flags);
}

ssize_t __wrap_recvfrom(int fd, void *buffer, size_t size, int flags, struct sockaddr *from,
                        socklen_t *length)
{
    look_first();
    return __real_recvfrom(fd, buffer, size, flags, from, length);
}

ssize_t __wrap_recvmsg(int fd, struct msghdr *message, int flags)
{
    look_first();
    return __real_recvmsg(fd, message, flags);
}

ssize_t __wrap_send(int fd, const void *buffer, size_t size, int flags)
{
    look_first();
    return __real_send(fd, buffer, size, flags);
}

ssize_t __wrap_sendto(int fd, const void *buffer, size_t size, int flags, const struct sockaddr *to,
                      socklen_t length)
{
    look_first();
    return __real_sendto(fd, buffer, size, flags, to, length);
}

ssize_t __wrap_sendmsg(int fd, const struct msghdr *message, int flags)
{
    look_first();
    return __real_sendmsg(fd, message, flags);
}

int __wrap_accept(int fd, struct sockaddr *address, socklen_t *length)
{
    look_first();
    return __real_accept(fd, address, length);
}

int __wrap_accept4(int fd, struct sockaddr *address, socklen_t *length, int flags)
{
    look_first();
    return __real_accept4(fd, address, length, flags);
}

int __wrap_shutdown(int fd, int how)
{
    look_first();
    return __real_shutdown(fd, how);
}

int __wrap_connect(int fd, const struct sockaddr *address, socklen_t length)
{
    look_first();
    return __real_connect(fd, address, length);
}

int __wrap_getsockopt(int fd, int level, int name, void *value, socklen_t *size)
{
    if (level == SOL_SOCKET && name == SO_ERROR)
        look_first(); /* it takes the error */
    return __real_getsockopt(fd, level, name, value, size);
}

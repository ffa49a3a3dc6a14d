/* SPDX-License-Identifier: MIT */
/* The system calls that the linker wraps (wraps.txt). */
#ifndef PORTMODEL_WRAPS_H
#define PORTMODEL_WRAPS_H

#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <time.h>

#define WRAPS(type, name, ...)       \
    type __real_##name(__VA_ARGS__); \
    type __wrap_##name(__VA_ARGS__);

WRAPS(int, close, int fd)
WRAPS(int, dup2, int from, int to)
WRAPS(int, dup3, int from, int to, int flags)
WRAPS(ssize_t, read, int fd, void *buffer, size_t size)
WRAPS(ssize_t, readv, int fd, const struct iovec *parts, int count)
WRAPS(ssize_t, write, int fd, const void *buffer, size_t size)
WRAPS(ssize_t, writev, int fd, const struct iovec *parts, int count)
WRAPS(ssize_t, recv, int fd, void *buffer, size_t size, int flags)
WRAPS(ssize_t, recvfrom, int fd, void *buffer, size_t size, int flags, struct sockaddr *from,
      socklen_t *length)
WRAPS(ssize_t, recvmsg, int fd, struct msghdr *message, int flags)
WRAPS(ssize_t, send, int fd, const void *buffer, size_t size, int flags)
WRAPS(ssize_t, sendto, int fd, const void *buffer, size_t size, int flags,
      const struct sockaddr *to, socklen_t length)
WRAPS(ssize_t, sendmsg, int fd, const struct msghdr *message, int flags)
WRAPS(int, accept, int fd, struct sockaddr *address, socklen_t *length)
WRAPS(int, accept4, int fd, struct sockaddr *address, socklen_t *length, int flags)
WRAPS(int, shutdown, int fd, int how)
WRAPS(int, connect, int fd, const struct sockaddr *address, socklen_t length)
WRAPS(int, getsockopt, int fd, int level, int name, void *value, socklen_t *size)
WRAPS(pid_t, fork, void)

int __real_ppoll(struct pollfd *fds, nfds_t count, const struct timespec *timeout,
                 const sigset_t *mask);

#endif

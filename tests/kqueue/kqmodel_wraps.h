/* SPDX-License-Identifier: MIT */
/*
 * The system calls that the linker wraps (wraps.txt), and what the files that wrap them share.
 *
 * kqmodel_io.c       numbers that go away; reading and writing
 * kqmodel_pipe.c     pipes: their capacity, what a read or a write posts
 * kqmodel_identity.c what fstat() says
 * kqmodel_connect.c  sockets: connections, their ends, their errors
 * kqmodel_unix.c     pairs of Unix sockets; what a close tells the other end
 * kqmodel_sockets.c  filters of what is accepted, and sendfile(2)
 */
#ifndef KQMODEL_WRAPS_H
#define KQMODEL_WRAPS_H

#include "kqmodel_inner.h"

#define WRAPS(type, name, ...)       \
    type __real_##name(__VA_ARGS__); \
    type __wrap_##name(__VA_ARGS__);

int __wrap_close(int fd);
int __wrap_connect(int fd, const struct sockaddr *address, socklen_t length);
int __wrap_getsockopt(int fd, int level, int name, void *value, socklen_t *size);
ssize_t __wrap_recv(int fd, void *buffer, size_t size, int flags);
WRAPS(int, dup2, int from, int to)
WRAPS(int, dup3, int from, int to, int flags)
WRAPS(ssize_t, read, int fd, void *buffer, size_t size)
WRAPS(ssize_t, readv, int fd, const struct iovec *parts, int count)
WRAPS(ssize_t, write, int fd, const void *buffer, size_t size)
WRAPS(ssize_t, writev, int fd, const struct iovec *parts, int count)
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
WRAPS(int, listen, int fd, int backlog)
WRAPS(int, socketpair, int domain, int type, int protocol, int ends[2])
WRAPS(int, pipe, int ends[2])
WRAPS(int, pipe2, int ends[2], int flags)
WRAPS(pid_t, fork, void)
int __wrap_fstat(int fd, struct stat *status);

enum object { OBJECT_OTHER, OBJECT_SOCKET, OBJECT_PIPE };

enum object object_of(int fd, struct file_id *id);
bool has_knotes(struct file_id id);

/* An option of SOL_SOCKET, or 0. */
int socket_option(int fd, int name);

/* With the lock held: looks at the knotes of this descriptor's file again. */
void tell_news(int fd);

/* A read of a pipe has ended with `result` and perhaps `error`; with the lock held. */
void pipe_was_read(int fd, struct file_id id, ssize_t result, int error);

/* Unix sockets; all with the lock held. A name listens; a client connects; it is accepted. */
bool is_unix_stream(int fd);
void unix_listens(int fd);
void unix_connected(int fd, const struct sockaddr *address, socklen_t length);
void unix_accepted(int listener, int fd);

/* A read or a write moved `result` bytes; a datagram was sent to an address. */
void unix_was_read(int fd, struct file_id id, ssize_t result);
void unix_was_written(int fd, struct file_id id, ssize_t result);
void unix_sent_to(int fd, struct file_id id);

/* Around the close of a number: what the other end has to be told, which Linux does not tell. */
struct farewell {
    bool told;
    bool stream;
    struct file_id peer;
};

void socket_closing(int fd, struct farewell *farewell);
void socket_closed(const struct farewell *farewell);

/* Descriptors in this message go to where nobody can follow them. */
void sockets_passed(const struct msghdr *message);

/* After fork: sockets that are open now may live on in the other process. */
void sockets_shared(void);

/* writev() of a pipe as far as the flavour's capacity goes; without the lock. */
ssize_t write_pipe(int fd, struct file_id id, const struct iovec *parts, int count);
size_t length_of(const struct iovec *parts, int count);

#endif

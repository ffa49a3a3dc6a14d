/* SPDX-License-Identifier: MIT */
/*
 * How sockets are made. What the kernel can do in the call that makes a descriptor is done there:
 * between that call and a later one another thread may fork and exec. Apple can do nothing in the
 * call; there three more follow, the last of which keeps SIGPIPE away for the socket's life.
 */
#if !defined(_GNU_SOURCE)
#define _GNU_SOURCE /* accept4 */
#endif

#include "socket.h"

#include "../os/descriptor.h"
#include "../poll/io.h"
#include "calls.h"
#include "sockaddr.h"

#include <unistd.h>

#if MIO_PLATFORM != MIO_PLATFORM_APPLE && defined(SOCK_NONBLOCK) && defined(SOCK_CLOEXEC)
enum { FLAGS_WHEN_MADE = SOCK_NONBLOCK | SOCK_CLOEXEC };
#else
enum { FLAGS_WHEN_MADE = 0 };
#endif

#if defined(MIO_DIRECT_CALLS)

static inline int accept_once(int fd, struct sockaddr *peer, socklen_t *size)
{
    return (int)mio__syscall4(SYS_accept4, fd, (long)peer, (long)size, FLAGS_WHEN_MADE);
}

#elif MIO_PLATFORM != MIO_PLATFORM_APPLE && defined(SOCK_NONBLOCK) && defined(SOCK_CLOEXEC)

static inline int accept_once(int fd, struct sockaddr *peer, socklen_t *size)
{
    int saved = errno;
    int result = accept4(fd, peer, size, FLAGS_WHEN_MADE);
    return result < 0 ? mio__failed(saved) : result;
}

#else

static inline int accept_once(int fd, struct sockaddr *peer, socklen_t *size)
{
    int saved = errno;
    int result = accept(fd, peer, size);
    return result < 0 ? mio__failed(saved) : result;
}

#endif

/* Elsewhere each sending call says MSG_NOSIGNAL (socket_io.c). */
#if MIO_PLATFORM == MIO_PLATFORM_APPLE && defined(SO_NOSIGPIPE)
enum { NO_SIGPIPE = SO_NOSIGPIPE };
#else
enum { NO_SIGPIPE = 0 };
#endif

/* As many as the system allows: where it takes -1 for that, its present limit and not the one that
 * this file was compiled with. */
#if MIO_PLATFORM == MIO_PLATFORM_LINUX || MIO_PLATFORM == MIO_PLATFORM_FREEBSD || \
    MIO_PLATFORM == MIO_PLATFORM_OPENBSD || MIO_PLATFORM == MIO_PLATFORM_APPLE
enum { LONGEST_BACKLOG = -1 };
#else
enum { LONGEST_BACKLOG = SOMAXCONN };
#endif

static const struct mio_socket_options no_options;

static bool is_local(enum mio__socket_kind kind)
{
    return kind >= MIO_KIND_UNIX_LISTENER;
}

static bool is_listener(enum mio__socket_kind kind)
{
    return kind == MIO_KIND_TCP_LISTENER || kind == MIO_KIND_UNIX_LISTENER;
}

static bool is_datagram(enum mio__socket_kind kind)
{
    return kind == MIO_KIND_UDP || kind == MIO_KIND_UNIX_DATAGRAM;
}

int mio__socket_address(enum mio__socket_kind kind, const struct mio_addr *addr,
                        struct mio__sockaddr *sockaddr)
{
    int error = mio__sockaddr_write(sockaddr, addr);
    if (error < 0)
        return error;
    return is_local(kind) == (sockaddr->as.any.sa_family == AF_UNIX) ? 0 : -EAFNOSUPPORT;
}

/* --- one descriptor --- */

static int keep_sigpipe_away(mio_fd fd)
{
    if (NO_SIGPIPE == 0)
        return 0;
    int saved = errno;
    int on = 1;
    return setsockopt(fd, SOL_SOCKET, NO_SIGPIPE, &on, sizeof on) < 0 ? mio__failed(saved) : 0;
}

/* What the call that made the descriptor could not do. Closes it when that fails. */
static int finish_making(mio_fd fd)
{
    int error = FLAGS_WHEN_MADE == 0 ? mio__fd_prepare(fd) : 0;
    if (error == 0)
        error = keep_sigpipe_away(fd);
    return error < 0 ? mio__fd_give_up(fd, error) : 0;
}

static int type_of(enum mio__socket_kind kind, const struct mio_socket_options *options)
{
    if (is_datagram(kind))
        return SOCK_DGRAM;
    return options->seqpacket ? SOCK_SEQPACKET : SOCK_STREAM;
}

/* Systems have several words for a type of socket that they lack. */
static int explain(int error, const struct mio_socket_options *options)
{
    bool unknown = error == -EPROTONOSUPPORT || error == -ESOCKTNOSUPPORT || error == -EPROTOTYPE ||
                   error == -EOPNOTSUPP;
    return options->seqpacket && unknown ? -ENOTSUP : error;
}

/* A new descriptor with its options, or -errno. */
static int open_socket(enum mio__socket_kind kind, int family,
                       const struct mio_socket_options *options)
{
    int error = mio__socket_check_options(kind, family == AF_INET6, options);
    if (error < 0)
        return error;
    int saved = errno;
    int fd = socket(family, type_of(kind, options) | FLAGS_WHEN_MADE, 0);
    if (fd < 0)
        return explain(mio__failed(saved), options);
    error = finish_making(fd);
    if (error < 0)
        return error;
    error = mio__socket_set_options(kind, fd, options);
    return error < 0 ? mio__fd_give_up(fd, error) : fd;
}

/* --- where public sockets come from --- */

int mio__socket_bind(enum mio__socket_kind kind, const struct mio_addr *addr,
                     const struct mio_socket_options *options, struct mio_source *source)
{
    if (!addr || !source)
        return -EINVAL;
    if (!options)
        options = &no_options;
    struct mio__sockaddr sockaddr;
    int error = mio__socket_address(kind, addr, &sockaddr);
    if (error < 0)
        return error;
    int fd = open_socket(kind, sockaddr.as.any.sa_family, options);
    if (fd < 0)
        return fd;
    int saved = errno;
    if (bind(fd, &sockaddr.as.any, sockaddr.size) < 0)
        return mio__fd_give_up(fd, mio__failed(saved));
    int backlog = options->backlog > 0 ? options->backlog : LONGEST_BACKLOG;
    if (is_listener(kind) && listen(fd, backlog) < 0)
        return mio__fd_give_up(fd, mio__failed(saved));
    error = options->defer_accept ? mio__socket_defer_accept(fd) : 0;
    if (error < 0)
        return mio__fd_give_up(fd, error);
    mio_source_init(source, fd);
    return 0;
}

/* An interrupted connect goes on by itself, and calling it again would be an error. */
static int connect_once(mio_fd fd, const struct mio__sockaddr *sockaddr)
{
    int saved = errno;
    if (connect(fd, &sockaddr->as.any, sockaddr->size) == 0)
        return 0;
    int error = mio__failed(saved);
    return error == -EINPROGRESS || error == -EINTR ? 0 : error;
}

int mio__socket_connect(enum mio__socket_kind kind, const struct mio_addr *addr,
                        const struct mio_socket_options *options, struct mio_source *source)
{
    if (!addr || !source)
        return -EINVAL;
    struct mio__sockaddr sockaddr;
    int error = mio__socket_address(kind, addr, &sockaddr);
    if (error < 0)
        return error;
    int fd = open_socket(kind, sockaddr.as.any.sa_family, options ? options : &no_options);
    if (fd < 0)
        return fd;
    error = connect_once(fd, &sockaddr);
    if (error < 0)
        return mio__fd_give_up(fd, error);
    mio_source_init(source, fd);
    return 0;
}

int mio__socket_open(enum mio__socket_kind kind, const struct mio_socket_options *options,
                     struct mio_source *source)
{
    if (!source)
        return -EINVAL;
    int fd = open_socket(kind, AF_UNIX, options ? options : &no_options);
    if (fd < 0)
        return fd;
    mio_source_init(source, fd);
    return 0;
}

static int finish_pair(enum mio__socket_kind kind, const struct mio_socket_options *options,
                       const int fds[2])
{
    for (int i = 0; i < 2; i++) {
        int error = finish_making(fds[i]);
        if (error < 0)
            return mio__fd_give_up(fds[1 - i], error);
        error = mio__socket_set_options(kind, fds[i], options);
        if (error < 0) {
            (void)mio__fd_give_up(fds[i], error);
            return mio__fd_give_up(fds[1 - i], error);
        }
    }
    return 0;
}

int mio__socket_pair(enum mio__socket_kind kind, const struct mio_socket_options *options,
                     struct mio_source *first, struct mio_source *second)
{
    if (!first || !second || first == second)
        return -EINVAL;
    if (!options)
        options = &no_options;
    int error = mio__socket_check_options(kind, false, options);
    if (error < 0)
        return error;
    int saved = errno;
    int fds[2];
    if (socketpair(AF_UNIX, type_of(kind, options) | FLAGS_WHEN_MADE, 0, fds) < 0)
        return explain(mio__failed(saved), options);
    error = finish_pair(kind, options, fds);
    if (error < 0)
        return error;
    mio_source_init(first, fds[0]);
    mio_source_init(second, fds[1]);
    return 0;
}

/* Apple lets nothing be set on a connection that has ended (EINVAL). Accepted sockets inherit the
 * listener's SO_NOSIGPIPE there, so that changes nothing. */
static int finish_accepted(mio_fd fd)
{
    int error = FLAGS_WHEN_MADE == 0 ? mio__fd_prepare(fd) : 0;
    if (error < 0)
        return mio__fd_give_up(fd, error);
    error = keep_sigpipe_away(fd);
    return error < 0 && error != -EINVAL ? mio__fd_give_up(fd, error) : 0;
}

/* The next connection, or -errno. `sockaddr` is NULL where nobody asks for the peer. */
static inline int accept_next(const struct mio_source *listener, struct mio__sockaddr *sockaddr)
{
    int fd;
    do {
        if (sockaddr)
            mio__sockaddr_prepare(sockaddr);
        fd = accept_once(listener->fd, sockaddr ? &sockaddr->as.any : NULL,
                         sockaddr ? &sockaddr->size : NULL);
    } while (fd == -EINTR);
    if (fd < 0)
        return (int)mio__source_after_io(listener, MIO_INCOMING, fd);
    int error = finish_accepted(fd);
    return error < 0 ? error : fd;
}

/* By itself, since neither then looks which of the two it is. */
static int accept_with_peer(const struct mio_source *listener, struct mio_source *source,
                            struct mio_addr *peer)
{
    struct mio__sockaddr sockaddr;
    int fd = accept_next(listener, &sockaddr);
    if (fd < 0)
        return fd;
    *source = (struct mio_source){.fd = fd};
    mio__sockaddr_read(&sockaddr, peer);
    return 0;
}

int mio__socket_accept(const struct mio_source *listener, struct mio_source *source,
                       struct mio_addr *peer)
{
    if (!listener || !source)
        return -EINVAL;
    if (peer)
        return accept_with_peer(listener, source, peer);
    int fd = accept_next(listener, NULL);
    if (fd < 0)
        return fd;
    *source = (struct mio_source){.fd = fd};
    return 0;
}

/* A connection that has ended takes no option on Apple. It may have this one already, as what this
 * library made has; without it, writing to it would raise the signal. */
static int keep_sigpipe_away_from_foreign(mio_fd fd)
{
    int error = keep_sigpipe_away(fd);
    if (error != -EINVAL || !mio__socket_is_over(fd))
        return error;
    const struct mio_source source = {.fd = fd};
    return mio__socket_get_int(&source, SOL_SOCKET, NO_SIGPIPE) > 0 ? 0 : -ENOTCONN;
}

int mio__socket_from_fd(enum mio__socket_kind kind, mio_fd fd, struct mio_source *source)
{
    if (!source)
        return -EINVAL;
    int saved = errno;
    int type = 0;
    socklen_t size = sizeof type;
    if (getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &size) < 0)
        return mio__failed(saved);
    bool fits = is_datagram(kind)
                    ? type == SOCK_DGRAM
                    : type == SOCK_STREAM || (is_local(kind) && type == SOCK_SEQPACKET);
    if (!fits)
        return -EPROTOTYPE;
    int error = keep_sigpipe_away_from_foreign(fd);
    if (error == 0)
        error = mio__fd_adopt(fd);
    if (error < 0)
        return error;
    mio_source_init(source, fd);
    return 0;
}

int mio__socket_set_peer_addr(enum mio__socket_kind kind, const struct mio_source *source,
                              const struct mio_addr *addr)
{
    if (!source)
        return -EINVAL;
    struct mio__sockaddr sockaddr;
    int error = mio__socket_address(kind, addr, &sockaddr);
    return error < 0 ? error : connect_once(source->fd, &sockaddr);
}

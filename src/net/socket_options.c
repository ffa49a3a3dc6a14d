/* SPDX-License-Identifier: MIT */
/* What sockets can be asked and told. */
#if !defined(_GNU_SOURCE)
#define _GNU_SOURCE /* SO_REUSEPORT, IPV6_UNICAST_HOPS */
#endif

#include "../os/descriptor.h"
#include "../poll/io.h"
#include "sockaddr.h"
#include "socket.h"

#include <netinet/tcp.h>

#if defined(SO_REUSEPORT)
enum { HAVE_REUSEPORT = 1, REUSEPORT = SO_REUSEPORT };
#else
enum { HAVE_REUSEPORT = 0, REUSEPORT = 0 };
#endif

/* How long Linux waits for the first bytes before it hands over who is silent. */
enum { DEFER_ACCEPT_S = 5 };

#if MIO_PLATFORM == MIO_PLATFORM_LINUX && defined(TCP_DEFER_ACCEPT)

enum { HAVE_DEFER_ACCEPT = 1 };

int mio__socket_defer_accept(mio_fd fd)
{
    int saved = errno;
    int seconds = DEFER_ACCEPT_S;
    return setsockopt(fd, IPPROTO_TCP, TCP_DEFER_ACCEPT, &seconds, sizeof seconds) < 0
               ? mio__failed(saved)
               : 0;
}

#elif defined(SO_ACCEPTFILTER)

enum { HAVE_DEFER_ACCEPT = 1 };

int mio__socket_defer_accept(mio_fd fd)
{
    int saved = errno;
    struct accept_filter_arg filter = {.af_name = "dataready"};
    if (setsockopt(fd, SOL_SOCKET, SO_ACCEPTFILTER, &filter, sizeof filter) == 0)
        return 0;
    int error = mio__failed(saved);
    return error == -ENOENT ? -ENOTSUP : error; /* it is not loaded */
}

#else

enum { HAVE_DEFER_ACCEPT = 0 };

int mio__socket_defer_accept(mio_fd fd)
{
    (void)fd;
    return -ENOTSUP;
}

#endif

/* --- at creation --- */

enum option_bits {
    OPTION_BACKLOG = 0x01,
    OPTION_BUFFERS = 0x02,
    OPTION_V6_ONLY = 0x04,
    OPTION_REUSE_ADDR = 0x08,
    OPTION_REUSE_PORT = 0x10,
    OPTION_KEEP_ALIVE = 0x20,
    OPTION_NO_DELAY = 0x40,
    OPTION_SEQPACKET = 0x80,
    OPTION_DEFER_ACCEPT = 0x100
};

static const unsigned meaningful[] = {
    [MIO_KIND_TCP_LISTENER] = OPTION_BACKLOG | OPTION_BUFFERS | OPTION_V6_ONLY | OPTION_REUSE_ADDR |
                              OPTION_REUSE_PORT | OPTION_KEEP_ALIVE | OPTION_NO_DELAY |
                              OPTION_DEFER_ACCEPT,
    [MIO_KIND_TCP_STREAM] = OPTION_BUFFERS | OPTION_V6_ONLY | OPTION_KEEP_ALIVE | OPTION_NO_DELAY,
    [MIO_KIND_UDP] = OPTION_BUFFERS | OPTION_V6_ONLY | OPTION_REUSE_ADDR | OPTION_REUSE_PORT,
    [MIO_KIND_UNIX_LISTENER] = OPTION_BACKLOG | OPTION_BUFFERS | OPTION_SEQPACKET,
    [MIO_KIND_UNIX_STREAM] = OPTION_BUFFERS | OPTION_SEQPACKET,
    [MIO_KIND_UNIX_DATAGRAM] = OPTION_BUFFERS,
};

static unsigned asked_for(const struct mio_socket_options *options)
{
    return (options->backlog != 0 ? OPTION_BACKLOG : 0u) |
           (options->send_buffer != 0 || options->receive_buffer != 0 ? OPTION_BUFFERS : 0u) |
           (options->v6_only != MIO_V6_ONLY_DEFAULT ? OPTION_V6_ONLY : 0u) |
           (options->reuse_addr ? OPTION_REUSE_ADDR : 0u) |
           (options->reuse_port ? OPTION_REUSE_PORT : 0u) |
           (options->keep_alive ? OPTION_KEEP_ALIVE : 0u) |
           (options->no_delay ? OPTION_NO_DELAY : 0u) |
           (options->seqpacket ? OPTION_SEQPACKET : 0u) |
           (options->defer_accept ? OPTION_DEFER_ACCEPT : 0u);
}

static bool sets_reserved(const struct mio_socket_options *options)
{
    for (size_t i = 0; i < sizeof options->reserved / sizeof options->reserved[0]; i++) {
        if (options->reserved[i] != 0)
            return true;
    }
    return false;
}

int mio__socket_check_options(enum mio__socket_kind kind, bool ipv6,
                              const struct mio_socket_options *options)
{
    unsigned asked = asked_for(options);
    if ((asked & ~meaningful[kind]) != 0 || ((asked & OPTION_V6_ONLY) != 0 && !ipv6))
        return -EINVAL;
    if (sets_reserved(options) || options->backlog < 0 || options->send_buffer < 0 ||
        options->receive_buffer < 0)
        return -EINVAL;
    switch (options->v6_only) {
    case MIO_V6_ONLY_DEFAULT:
    case MIO_V6_ONLY_YES:
    case MIO_V6_ONLY_NO:
        break;
    default:
        return -EINVAL;
    }
    bool is_lacking =
        (options->reuse_port && !HAVE_REUSEPORT) || (options->defer_accept && !HAVE_DEFER_ACCEPT);
    return is_lacking ? -ENOTSUP : 0;
}

int mio__socket_set_options(enum mio__socket_kind kind, mio_fd fd,
                            const struct mio_socket_options *options)
{
    const struct {
        bool asked;
        int level, name, value;
    } steps[] = {
        {kind == MIO_KIND_TCP_LISTENER || options->reuse_addr, SOL_SOCKET, SO_REUSEADDR, 1},
        {options->reuse_port, SOL_SOCKET, REUSEPORT, 1},
        {options->v6_only != MIO_V6_ONLY_DEFAULT, IPPROTO_IPV6, IPV6_V6ONLY,
         options->v6_only == MIO_V6_ONLY_YES},
        /* Before the connection: the window is agreed upon when it is made. */
        {options->send_buffer != 0, SOL_SOCKET, SO_SNDBUF, options->send_buffer},
        {options->receive_buffer != 0, SOL_SOCKET, SO_RCVBUF, options->receive_buffer},
        {options->keep_alive, SOL_SOCKET, SO_KEEPALIVE, 1},
        {options->no_delay, IPPROTO_TCP, TCP_NODELAY, 1},
    };
    int saved = errno;
    for (size_t i = 0; i < sizeof steps / sizeof steps[0]; i++) {
        if (!steps[i].asked)
            continue;
        int value = steps[i].value;
        if (setsockopt(fd, steps[i].level, steps[i].name, &value, sizeof value) < 0)
            return mio__failed(saved);
    }
    return 0;
}

/* --- later --- */

/* Apple sets nothing on a connection whose two directions have ended (EINVAL), and has no name for
 * its peer (EINVAL again). */
enum { ENDED_CONNECTIONS_ARE_INVALID = MIO_PLATFORM == MIO_PLATFORM_APPLE };

bool mio__socket_is_over(mio_fd fd)
{
    if (!ENDED_CONNECTIONS_ARE_INVALID)
        return false;
    struct mio__sockaddr sockaddr;
    mio__sockaddr_prepare(&sockaddr);
    int saved = errno;
    bool over = getpeername(fd, &sockaddr.as.any, &sockaddr.size) < 0 && errno == EINVAL;
    errno = saved;
    return over;
}

int mio__socket_set_int(const struct mio_source *source, int level, int name, int value)
{
    if (!source)
        return -EINVAL;
    int saved = errno;
    if (setsockopt(source->fd, level, name, &value, sizeof value) == 0)
        return 0;
    int error = mio__failed(saved);
    return error == -EINVAL && mio__socket_is_over(source->fd) ? 0 : error;
}

int mio__socket_get_int(const struct mio_source *source, int level, int name)
{
    if (!source)
        return -EINVAL;
    int saved = errno;
    int value = 0;
    socklen_t size = sizeof value;
    return getsockopt(source->fd, level, name, &value, &size) < 0 ? mio__failed(saved) : value;
}

/* Some systems answer with the option's bit and not with 1. */
int mio__socket_get_bool(const struct mio_source *source, int level, int name, bool *value)
{
    if (!value)
        return -EINVAL;
    int got = mio__socket_get_int(source, level, name);
    if (got < 0)
        return got;
    *value = got > 0;
    return 0;
}

int mio_source_take_error(struct mio_source *source)
{
    int error = mio__socket_get_int(source, SOL_SOCKET, SO_ERROR);
    if (error > 0 && source->selector)
        mio__source_look(source);
    return error > 0 ? -error : error;
}

/* getsockname() or getpeername(). */
static int ask_name(const struct mio_source *source, bool peer, struct mio_addr *addr)
{
    if (!source || !addr)
        return -EINVAL;
    struct mio__sockaddr sockaddr;
    mio__sockaddr_prepare(&sockaddr);
    int saved = errno;
    int result = peer ? getpeername(source->fd, &sockaddr.as.any, &sockaddr.size)
                      : getsockname(source->fd, &sockaddr.as.any, &sockaddr.size);
    if (result < 0)
        return mio__failed(saved);
    mio__sockaddr_read(&sockaddr, addr);
    return 0;
}

int mio_source_local_addr(const struct mio_source *source, struct mio_addr *addr)
{
    return ask_name(source, false, addr);
}

/* EINVAL of getpeername() is Apple's word for a connection that is over; there is no other reason
 * for it here. */
int mio_source_peer_addr(const struct mio_source *source, struct mio_addr *addr)
{
    if (!source || !addr)
        return -EINVAL;
    int error = ask_name(source, true, addr);
    return error == -EINVAL ? -ENOTCONN : error;
}

int mio__socket_shutdown(const struct mio_source *source, enum mio_shutdown how)
{
    static const int hows[] = {
        [MIO_SHUTDOWN_READ] = SHUT_RD,
        [MIO_SHUTDOWN_WRITE] = SHUT_WR,
        [MIO_SHUTDOWN_BOTH] = SHUT_RDWR,
    };
    if (!source || (unsigned)how >= sizeof hows / sizeof hows[0])
        return -EINVAL;
    int saved = errno;
    return shutdown(source->fd, hows[how]) < 0 ? mio__failed(saved) : 0;
}

/* --- time to live --- */

static int is_ipv6(const struct mio_source *source)
{
    struct mio_addr addr = {.kind = MIO_ADDR_UNNAMED};
    int error = mio_source_local_addr(source, &addr);
    return error < 0 ? error : addr.kind == MIO_ADDR_IPV6;
}

int mio__socket_set_ttl(const struct mio_source *source, uint32_t ttl)
{
    if (!source || ttl > UINT8_MAX)
        return -EINVAL;
    int ipv6 = is_ipv6(source);
    if (ipv6 < 0)
        return ipv6;
    if (!ipv6)
        return mio__socket_set_int(source, IPPROTO_IP, IP_TTL, (int)ttl);
    int error = mio__socket_set_int(source, IPPROTO_IPV6, IPV6_UNICAST_HOPS, (int)ttl);
    if (error < 0)
        return error;
    /* For the IPv4 packets of a socket that has both; most systems refuse it on an IPv6 socket. */
    (void)mio__socket_set_int(source, IPPROTO_IP, IP_TTL, (int)ttl);
    return 0;
}

/* BSD and Apple say -1 for a limit that was never set: each packet then takes what its interface
 * says, which is this unless a router or the administrator has changed it. */
enum { NOT_SET = -1, USUAL_HOP_LIMIT = 64 };

static int hop_limit(const struct mio_source *source)
{
    int limit = 0;
    socklen_t size = sizeof limit;
    int saved = errno;
    if (getsockopt(source->fd, IPPROTO_IPV6, IPV6_UNICAST_HOPS, &limit, &size) < 0)
        return mio__failed(saved);
    return limit == NOT_SET ? USUAL_HOP_LIMIT : limit;
}

int mio__socket_ttl(const struct mio_source *source, uint32_t *ttl)
{
    if (!ttl)
        return -EINVAL;
    int ipv6 = is_ipv6(source);
    if (ipv6 < 0)
        return ipv6;
    int got = ipv6 ? hop_limit(source) : mio__socket_get_int(source, IPPROTO_IP, IP_TTL);
    if (got < 0)
        return got;
    *ttl = (uint32_t)got;
    return 0;
}

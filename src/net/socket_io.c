/* SPDX-License-Identifier: MIT */
/* Sockets read by recv() and write by send(), which are cheaper than read() and write(), and can
 * be told to raise no SIGPIPE. */
#if !defined(_GNU_SOURCE)
#define _GNU_SOURCE
#endif

#include "../poll/io.h"
#include "calls.h"
#include "iovec.h"
#include "sockaddr.h"
#include "socket.h"

/* K52: Apple's word for a connection that is being torn down under the writer. */
enum { SAYS_EPROTOTYPE = MIO_PLATFORM == MIO_PLATFORM_APPLE };

ptrdiff_t mio__socket_after_send(const struct mio_source *source, ptrdiff_t result)
{
    if (SAYS_EPROTOTYPE && result == -EPROTOTYPE)
        return -ECONNRESET;
    return mio__source_after_io(source, MIO_WRITABLE, result);
}

/* Less than `asked` has drained it; 0: nothing says so, as of a datagram or a peek. */
static inline ptrdiff_t receive(const struct mio_source *source, void *buffer, size_t size,
                                int flags, size_t asked)
{
    if (!source)
        return -EINVAL;
    return mio__source_after_part(
        source, MIO_INCOMING,
        call_recvfrom(source->fd, buffer, size, flags | NO_WAITING, NULL, NULL), asked);
}

ptrdiff_t mio__socket_recv(const struct mio_source *source, void *buffer, size_t size)
{
    return receive(source, buffer, size, 0, 0);
}

ptrdiff_t mio__stream_recv(const struct mio_source *source, void *buffer, size_t size)
{
    return receive(source, buffer, size, 0, call_size(size));
}

ptrdiff_t mio__socket_peek(const struct mio_source *source, void *buffer, size_t size)
{
    return receive(source, buffer, size, MSG_PEEK, 0);
}

ptrdiff_t mio__socket_send(const struct mio_source *source, const void *buffer, size_t size)
{
    if (!source)
        return -EINVAL;
    ptrdiff_t result = call_sendto(source->fd, buffer, size, SEND_FLAGS, NULL, 0);
    if (result > 0) /* a datagram is sent wholly */
        return mio__source_after_part(source, MIO_WRITABLE, result, call_size(size));
    return mio__socket_after_send(source, result);
}

ptrdiff_t mio__socket_look(const struct mio_source *source)
{
    char byte;
    return call_recvfrom(source->fd, &byte, 1, MSG_PEEK | NO_WAITING, NULL, NULL);
}

ptrdiff_t mio__socket_send_nothing(const struct mio_source *source)
{
    return call_sendto(source->fd, "", 0, SEND_FLAGS, NULL, 0);
}

static ptrdiff_t receive_from(const struct mio_source *source, void *buffer, size_t size,
                              struct mio_addr *from, int flags)
{
    if (!source || !from)
        return receive(source, buffer, size, flags, 0);
    struct mio__sockaddr sockaddr;
    mio__sockaddr_prepare(&sockaddr);
    ptrdiff_t result = call_recvfrom(source->fd, buffer, size, flags | NO_WAITING, &sockaddr.as.any,
                                     &sockaddr.size);
    if (result >= 0)
        mio__sockaddr_read(&sockaddr, from);
    return mio__source_after_io(source, MIO_INCOMING, result);
}

ptrdiff_t mio__socket_recv_from(const struct mio_source *source, void *buffer, size_t size,
                                struct mio_addr *from)
{
    return receive_from(source, buffer, size, from, 0);
}

ptrdiff_t mio__socket_peek_from(const struct mio_source *source, void *buffer, size_t size,
                                struct mio_addr *from)
{
    return receive_from(source, buffer, size, from, MSG_PEEK);
}

ptrdiff_t mio__socket_send_to(enum mio__socket_kind kind, const struct mio_source *source,
                              const void *buffer, size_t size, const struct mio_addr *addr)
{
    if (!source)
        return -EINVAL;
    struct mio__sockaddr sockaddr;
    bool is_ip = kind == MIO_KIND_UDP && addr;
    sockaddr.size = is_ip ? mio__sockaddr_write_ip(&sockaddr.as.ip, addr) : 0;
    if (sockaddr.size == 0) {
        int error = mio__socket_address(kind, addr, &sockaddr);
        if (error < 0)
            return error;
    }
    return mio__socket_after_send(
        source, call_sendto(source->fd, buffer, size, SEND_FLAGS, &sockaddr.as.any, sockaddr.size));
}

/* The count is an int, a size_t or in between, as the system has it. */
static struct msghdr message_of(const struct mio_iovec *parts, size_t count)
{
    struct msghdr message = {.msg_iov = iovec_of(parts)};
    message.msg_iovlen = (__typeof__(message.msg_iovlen))count;
    return message;
}

ptrdiff_t mio__stream_recv_parts(const struct mio_source *source, const struct mio_iovec *parts,
                                 size_t count)
{
    if (!source)
        return -EINVAL;
    if (count == 0)
        return move_nothing(source);
    struct msghdr message = message_of(parts, count);
    return after_parts(source, MIO_INCOMING, call_recvmsg(source->fd, &message, NO_WAITING), parts,
                       count);
}

ptrdiff_t mio__stream_send_parts(const struct mio_source *source, const struct mio_iovec *parts,
                                 size_t count)
{
    if (!source)
        return -EINVAL;
    if (count == 0)
        return move_nothing(source);
    struct msghdr message = message_of(parts, count);
    ptrdiff_t result = call_sendmsg(source->fd, &message, SEND_FLAGS);
    if (result > 0)
        return after_parts(source, MIO_WRITABLE, result, parts, count);
    return mio__socket_after_send(source, result);
}

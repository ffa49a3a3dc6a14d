/* SPDX-License-Identifier: MIT */
#include "../os/descriptor.h"
#include "iovec.h"
#include "socket.h"

#include <mio/unix.h>

#include <errno.h>

/* A source is the first member: a NULL socket becomes a NULL source. */
static inline struct mio_source *unix_listener_source(const struct mio_unix_listener *listener)
{
    return (struct mio_source *)(uintptr_t)listener;
}

static inline struct mio_source *unix_source(const struct mio_unix_stream *stream)
{
    return (struct mio_source *)(uintptr_t)stream;
}

static inline struct mio_source *datagram_source(const struct mio_unix_datagram *socket)
{
    return (struct mio_source *)(uintptr_t)socket;
}

/* --- listeners --- */

int mio_unix_listener_bind(const struct mio_addr *addr, const struct mio_socket_options *options,
                           struct mio_unix_listener *listener)
{
    return mio__socket_bind(MIO_KIND_UNIX_LISTENER, addr, options, unix_listener_source(listener));
}

int mio_unix_listener_accept(struct mio_unix_listener *listener, struct mio_unix_stream *stream,
                             struct mio_addr *peer)
{
    return mio__socket_accept(unix_listener_source(listener), unix_source(stream), peer);
}

int mio_unix_listener_from_fd(mio_fd fd, struct mio_unix_listener *listener)
{
    return mio__socket_from_fd(MIO_KIND_UNIX_LISTENER, fd, unix_listener_source(listener));
}

/* --- connections --- */

int mio_unix_stream_connect(const struct mio_addr *addr, const struct mio_socket_options *options,
                            struct mio_unix_stream *stream)
{
    return mio__socket_connect(MIO_KIND_UNIX_STREAM, addr, options, unix_source(stream));
}

int mio_unix_stream_pair(const struct mio_socket_options *options, struct mio_unix_stream *first,
                         struct mio_unix_stream *second)
{
    return mio__socket_pair(MIO_KIND_UNIX_STREAM, options, unix_source(first), unix_source(second));
}

ptrdiff_t mio_unix_stream_read(struct mio_unix_stream *stream, void *buffer, size_t size)
{
    return mio__stream_recv(unix_source(stream), buffer, size);
}

ptrdiff_t mio_unix_stream_write(struct mio_unix_stream *stream, const void *buffer, size_t size)
{
    return mio__socket_send(unix_source(stream), buffer, size);
}

ptrdiff_t mio_unix_stream_readv(struct mio_unix_stream *stream, const struct mio_iovec *parts,
                                size_t count)
{
    if (count > MIO_MAX_PARTS)
        return -EMSGSIZE;
    return mio__stream_recv_parts(unix_source(stream), parts, count);
}

ptrdiff_t mio_unix_stream_writev(struct mio_unix_stream *stream, const struct mio_iovec *parts,
                                 size_t count)
{
    if (count > MIO_MAX_PARTS)
        return -EMSGSIZE;
    return mio__stream_send_parts(unix_source(stream), parts, count);
}

ptrdiff_t mio_unix_stream_peek(struct mio_unix_stream *stream, void *buffer, size_t size)
{
    return mio__socket_peek(unix_source(stream), buffer, size);
}

int mio_unix_stream_shutdown(struct mio_unix_stream *stream, enum mio_shutdown how)
{
    return mio__socket_shutdown(unix_source(stream), how);
}

int mio_unix_stream_from_fd(mio_fd fd, struct mio_unix_stream *stream)
{
    return mio__socket_from_fd(MIO_KIND_UNIX_STREAM, fd, unix_source(stream));
}

/* --- datagrams --- */

int mio_unix_datagram_bind(const struct mio_addr *addr, const struct mio_socket_options *options,
                           struct mio_unix_datagram *socket)
{
    return mio__socket_bind(MIO_KIND_UNIX_DATAGRAM, addr, options, datagram_source(socket));
}

int mio_unix_datagram_open(const struct mio_socket_options *options,
                           struct mio_unix_datagram *socket)
{
    return mio__socket_open(MIO_KIND_UNIX_DATAGRAM, options, datagram_source(socket));
}

int mio_unix_datagram_pair(const struct mio_socket_options *options,
                           struct mio_unix_datagram *first, struct mio_unix_datagram *second)
{
    return mio__socket_pair(MIO_KIND_UNIX_DATAGRAM, options, datagram_source(first),
                            datagram_source(second));
}

int mio_unix_datagram_set_peer_addr(struct mio_unix_datagram *socket, const struct mio_addr *addr)
{
    return mio__socket_set_peer_addr(MIO_KIND_UNIX_DATAGRAM, datagram_source(socket), addr);
}

ptrdiff_t mio_unix_datagram_send(struct mio_unix_datagram *socket, const void *buffer, size_t size)
{
    return mio__socket_send(datagram_source(socket), buffer, size);
}

ptrdiff_t mio_unix_datagram_send_to(struct mio_unix_datagram *socket, const void *buffer,
                                    size_t size, const struct mio_addr *addr)
{
    return mio__socket_send_to(MIO_KIND_UNIX_DATAGRAM, datagram_source(socket), buffer, size, addr);
}

ptrdiff_t mio_unix_datagram_recv(struct mio_unix_datagram *socket, void *buffer, size_t size)
{
    return mio__socket_recv(datagram_source(socket), buffer, size);
}

ptrdiff_t mio_unix_datagram_recv_from(struct mio_unix_datagram *socket, void *buffer, size_t size,
                                      struct mio_addr *from)
{
    return mio__socket_recv_from(datagram_source(socket), buffer, size, from);
}

ptrdiff_t mio_unix_datagram_peek(struct mio_unix_datagram *socket, void *buffer, size_t size)
{
    return mio__socket_peek(datagram_source(socket), buffer, size);
}

ptrdiff_t mio_unix_datagram_peek_from(struct mio_unix_datagram *socket, void *buffer, size_t size,
                                      struct mio_addr *from)
{
    return mio__socket_peek_from(datagram_source(socket), buffer, size, from);
}

int mio_unix_datagram_shutdown(struct mio_unix_datagram *socket, enum mio_shutdown how)
{
    return mio__socket_shutdown(datagram_source(socket), how);
}

int mio_unix_datagram_from_fd(mio_fd fd, struct mio_unix_datagram *socket)
{
    return mio__socket_from_fd(MIO_KIND_UNIX_DATAGRAM, fd, datagram_source(socket));
}

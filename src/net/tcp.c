/* SPDX-License-Identifier: MIT */
#include "../os/descriptor.h"
#include "../poll/io.h"
#include "iovec.h"
#include "socket.h"

#include <mio/tcp.h>

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>

/* A source is the first member: a NULL socket becomes a NULL source. */
static inline struct mio_source *tcp_listener_source(const struct mio_tcp_listener *listener)
{
    return (struct mio_source *)(uintptr_t)listener;
}

static inline struct mio_source *tcp_source(const struct mio_tcp_stream *stream)
{
    return (struct mio_source *)(uintptr_t)stream;
}

/* --- listeners --- */

int mio_tcp_listener_bind(const struct mio_addr *addr, const struct mio_socket_options *options,
                          struct mio_tcp_listener *listener)
{
    return mio__socket_bind(MIO_KIND_TCP_LISTENER, addr, options, tcp_listener_source(listener));
}

int mio_tcp_listener_accept(struct mio_tcp_listener *listener, struct mio_tcp_stream *stream,
                            struct mio_addr *peer)
{
    return mio__socket_accept(tcp_listener_source(listener), tcp_source(stream), peer);
}

int mio_tcp_listener_set_ttl(struct mio_tcp_listener *listener, uint32_t ttl)
{
    return mio__socket_set_ttl(tcp_listener_source(listener), ttl);
}

int mio_tcp_listener_ttl(const struct mio_tcp_listener *listener, uint32_t *ttl)
{
    return mio__socket_ttl(tcp_listener_source(listener), ttl);
}

int mio_tcp_listener_from_fd(mio_fd fd, struct mio_tcp_listener *listener)
{
    return mio__socket_from_fd(MIO_KIND_TCP_LISTENER, fd, tcp_listener_source(listener));
}

/* --- connections --- */

int mio_tcp_stream_connect(const struct mio_addr *addr, const struct mio_socket_options *options,
                           struct mio_tcp_stream *stream)
{
    return mio__socket_connect(MIO_KIND_TCP_STREAM, addr, options, tcp_source(stream));
}

/* The event that led here may have been the last: the next one is asked for. */
static int still_connecting(struct mio_tcp_stream *stream)
{
    ptrdiff_t armed = mio__source_after_io(tcp_source(stream), MIO_WRITABLE, -EAGAIN);
    return armed == -EAGAIN ? -EINPROGRESS : (int)armed;
}

/*
 * A stream whose peer has no name is being connected, has failed, or is over, and its error may
 * have been taken. Reading tells: what has failed or is over is at its end, or has data left.
 * Before that it would block, or (FreeBSD's soreceive_stream(), and what was never connected
 * anywhere) is not connected.
 */
static int without_peer(struct mio_tcp_stream *stream)
{
    struct mio_addr peer;
    ptrdiff_t seen = mio__socket_look(tcp_source(stream));
    if (seen == -EAGAIN || seen == -ENOTCONN)
        return still_connecting(stream);
    if (seen < 0)
        return (int)seen;
    /* It may have been made, and ended by the peer, since its name was asked for. */
    return seen > 0 ? 0 : mio_source_peer_addr(tcp_source(stream), &peer);
}

int mio_tcp_stream_finish_connect(struct mio_tcp_stream *stream)
{
    int error = mio_source_take_error(tcp_source(stream));
    if (error < 0)
        return error;
    struct mio_addr peer;
    error = mio_source_peer_addr(tcp_source(stream), &peer);
    return error == -ENOTCONN ? without_peer(stream) : error;
}

ptrdiff_t mio_tcp_stream_read(struct mio_tcp_stream *stream, void *buffer, size_t size)
{
    return mio__stream_recv(tcp_source(stream), buffer, size);
}

ptrdiff_t mio_tcp_stream_write(struct mio_tcp_stream *stream, const void *buffer, size_t size)
{
    return mio__socket_send(tcp_source(stream), buffer, size);
}

ptrdiff_t mio_tcp_stream_readv(struct mio_tcp_stream *stream, const struct mio_iovec *parts,
                               size_t count)
{
    return mio__stream_recv_parts(tcp_source(stream), parts, (size_t)iovec_count(count));
}

ptrdiff_t mio_tcp_stream_writev(struct mio_tcp_stream *stream, const struct mio_iovec *parts,
                                size_t count)
{
    return mio__stream_send_parts(tcp_source(stream), parts, (size_t)iovec_count(count));
}

ptrdiff_t mio_tcp_stream_peek(struct mio_tcp_stream *stream, void *buffer, size_t size)
{
    return mio__socket_peek(tcp_source(stream), buffer, size);
}

/*
 * Where the peer has acknowledged the end of writing, these kernels take a second one for the end
 * of reading too, and lose what comes later (tcp_usrclosed() in FIN_WAIT_2).
 */
enum {
    SECOND_END_ENDS_READING = MIO_PLATFORM == MIO_PLATFORM_FREEBSD ||
                              MIO_PLATFORM == MIO_PLATFORM_NETBSD ||
                              MIO_PLATFORM == MIO_PLATFORM_DRAGONFLY
};

/* A write of nothing is refused after the end, and the connection is there still. */
static bool has_ended_writing(const struct mio_source *source)
{
    struct mio_addr peer;
    return mio__socket_send_nothing(source) == -EPIPE && mio_source_peer_addr(source, &peer) == 0;
}

int mio_tcp_stream_shutdown(struct mio_tcp_stream *stream, enum mio_shutdown how)
{
    if (SECOND_END_ENDS_READING && stream && how == MIO_SHUTDOWN_WRITE &&
        has_ended_writing(tcp_source(stream)))
        return 0;
    return mio__socket_shutdown(tcp_source(stream), how);
}

int mio_tcp_stream_set_no_delay(struct mio_tcp_stream *stream, bool no_delay)
{
    return mio__socket_set_int(tcp_source(stream), IPPROTO_TCP, TCP_NODELAY, no_delay);
}

int mio_tcp_stream_no_delay(const struct mio_tcp_stream *stream, bool *no_delay)
{
    return mio__socket_get_bool(tcp_source(stream), IPPROTO_TCP, TCP_NODELAY, no_delay);
}

int mio_tcp_stream_set_ttl(struct mio_tcp_stream *stream, uint32_t ttl)
{
    return mio__socket_set_ttl(tcp_source(stream), ttl);
}

int mio_tcp_stream_ttl(const struct mio_tcp_stream *stream, uint32_t *ttl)
{
    return mio__socket_ttl(tcp_source(stream), ttl);
}

int mio_tcp_stream_from_fd(mio_fd fd, struct mio_tcp_stream *stream)
{
    return mio__socket_from_fd(MIO_KIND_TCP_STREAM, fd, tcp_source(stream));
}

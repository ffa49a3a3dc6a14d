/* SPDX-License-Identifier: MIT */
/* TCP: listeners and connections. socket.h tells what all sockets have in common, io.h what holds
 * for reading and writing. */
#ifndef MIO_TCP_H
#define MIO_TCP_H

#include <mio/socket.h>

MIO_BEGIN_DECLS

struct mio_tcp_listener {
    struct mio_source source;
};

struct mio_tcp_stream {
    struct mio_source source;
};

/* --- listeners --- */

/*
 * Listens at an IPv4 or IPv6 address; port 0 is any free one (mio_tcp_listener_local_addr() tells).
 * SO_REUSEADDR is set. Options: backlog, buffers, only_v6, reuse_port, keep_alive, nodelay.
 * -EADDRINUSE, -EADDRNOTAVAIL, -EACCES (a low port), -EMFILE, -ENFILE, -ENOBUFS, -ENOMEM.
 */
MIO_API int mio_tcp_listener_bind(const struct mio_addr *addr,
                                  const struct mio_socket_options *options,
                                  struct mio_tcp_listener *listener);

/*
 * Takes a connection that waits; with edge-triggered interest, accept until -EAGAIN. `peer` (or
 * NULL) receives its address; on BSD and Apple that can be MIO_ADDR_UNNAMED when the connection
 * ended while it waited.
 *
 * -EAGAIN: none waits. -EMFILE, -ENFILE, -ENOBUFS, -ENOMEM: it could not be taken and waits still,
 * of which an edge-triggered listener is not told again. -ECONNABORTED, and on Linux whatever ended
 * the connection (-EPROTO, -ENETDOWN, -EHOSTUNREACH, ...): that one is gone, try the next.
 */
MIO_API int mio_tcp_listener_accept(struct mio_tcp_listener *listener,
                                    struct mio_tcp_stream *stream, struct mio_addr *peer);

/* The time to live of its packets, or hop limit: see mio_tcp_stream_set_ttl(). Connections inherit
 * it. */
MIO_API int mio_tcp_listener_set_ttl(struct mio_tcp_listener *listener, uint32_t ttl);
MIO_API int mio_tcp_listener_ttl(const struct mio_tcp_listener *listener);

MIO_API int mio_tcp_listener_local_addr(const struct mio_tcp_listener *listener,
                                        struct mio_addr *addr);
MIO_API int mio_tcp_listener_take_error(struct mio_tcp_listener *listener);
MIO_API int mio_tcp_listener_from_fd(mio_fd fd, struct mio_tcp_listener *listener);
MIO_API int mio_tcp_listener_into_fd(struct mio_tcp_listener *listener, mio_fd *fd);
MIO_API int mio_tcp_listener_close(struct mio_tcp_listener *listener);

/* --- connections --- */

/*
 * Starts to connect to an IPv4 or IPv6 address. 0: the connection is being made; register it as
 * writable, and on each writable event ask mio_tcp_stream_connected(). Options: buffers, only_v6,
 * keep_alive, nodelay.
 *
 * What the system knows at once is returned: -ENETUNREACH, -EADDRNOTAVAIL (no free port), -EACCES
 * and -EPERM (a firewall), -ECONNREFUSED (BSD, of a local address), -EAGAIN (Linux: no free port),
 * -EMFILE, -ENFILE, -ENOBUFS, -ENOMEM.
 */
MIO_API int mio_tcp_stream_connect(const struct mio_addr *addr,
                                   const struct mio_socket_options *options,
                                   struct mio_tcp_stream *stream);

/*
 * Whether the connection is made: 0. -EINPROGRESS: not yet, wait for the next writable event
 * (events may be spurious, and come before the connection has begun). Anything else is why it
 * failed, -ECONNREFUSED or -ETIMEDOUT say, which is told once: close the stream. An error that a
 * connection met later is told in the same way.
 */
MIO_API int mio_tcp_stream_connected(struct mio_tcp_stream *stream);

/*
 * Reads at most `size` bytes; 0 is the end: the peer will send no more. A size of 0 gives 0 too.
 * -ECONNRESET, -ETIMEDOUT, -ENOTCONN.
 */
MIO_API ptrdiff_t mio_tcp_stream_read(struct mio_tcp_stream *stream, void *buffer, size_t size);

/* Writes some of `size` bytes, and returns how many. -EPIPE, -ECONNRESET, -ETIMEDOUT, -ENOTCONN.
 * (Apple's EPROTOTYPE, a socket that is being torn down, is told as -ECONNRESET.) */
MIO_API ptrdiff_t mio_tcp_stream_write(struct mio_tcp_stream *stream, const void *buffer,
                                       size_t size);

/* Into, or from, several parts in order, as if they were one; those after the 1024th are left for
 * the next call. -EINVAL on Apple for parts of more than INT_MAX bytes in all. */
MIO_API ptrdiff_t mio_tcp_stream_readv(struct mio_tcp_stream *stream, const struct mio_iovec *parts,
                                       size_t count);
MIO_API ptrdiff_t mio_tcp_stream_writev(struct mio_tcp_stream *stream,
                                        const struct mio_iovec *parts, size_t count);

/* Reads without taking: the next read gives the same bytes. */
MIO_API ptrdiff_t mio_tcp_stream_peek(struct mio_tcp_stream *stream, void *buffer, size_t size);

/* Ends one direction or both. -ENOTCONN: not connected, and on BSD and Apple no longer so.
 * -EINVAL: not a value of enum mio_shutdown. */
MIO_API int mio_tcp_stream_shutdown(struct mio_tcp_stream *stream, enum mio_shutdown how);

/* TCP_NODELAY: small writes are sent at once, and not gathered (Nagle). Asking gives 1, 0 or
 * -errno. Apple refuses to set it with -EINVAL once the connection is gone. */
MIO_API int mio_tcp_stream_set_nodelay(struct mio_tcp_stream *stream, bool nodelay);
MIO_API int mio_tcp_stream_nodelay(const struct mio_tcp_stream *stream);

/*
 * The time to live of outgoing packets: IP_TTL, and on an IPv6 socket the hop limit
 * (IPV6_UNICAST_HOPS), with IP_TTL for its IPv4 packets where the system has both. -EINVAL: above
 * 255, and on some systems 0. Asking gives 0 to 255 or -errno.
 */
MIO_API int mio_tcp_stream_set_ttl(struct mio_tcp_stream *stream, uint32_t ttl);
MIO_API int mio_tcp_stream_ttl(const struct mio_tcp_stream *stream);

MIO_API int mio_tcp_stream_local_addr(const struct mio_tcp_stream *stream, struct mio_addr *addr);
MIO_API int mio_tcp_stream_peer_addr(const struct mio_tcp_stream *stream, struct mio_addr *addr);
MIO_API int mio_tcp_stream_take_error(struct mio_tcp_stream *stream);
MIO_API int mio_tcp_stream_from_fd(mio_fd fd, struct mio_tcp_stream *stream);
MIO_API int mio_tcp_stream_into_fd(struct mio_tcp_stream *stream, mio_fd *fd);
MIO_API int mio_tcp_stream_close(struct mio_tcp_stream *stream);

MIO_END_DECLS

#endif

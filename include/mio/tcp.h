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
 * Listens at an IPv4 or IPv6 address; port 0 is any free one (mio_source_local_addr() tells).
 * SO_REUSEADDR is set. Options: backlog, buffers, v6_only, reuse_port, keep_alive, no_delay.
 * -EADDRINUSE, -EADDRNOTAVAIL, -EACCES (a low port), -EMFILE, -ENFILE, -ENOBUFS, -ENOMEM.
 *
 * A listener is ended by closing it. What shutdown(2) of one does has five answers: its reader is
 * told of an end (Linux), of an end with an error (FreeBSD), of nothing (OpenBSD, DragonFly), or
 * the call is refused with ENOTCONN (macOS); and Linux' accept() then fails with EINVAL for ever.
 */
MIO_API int mio_tcp_listener_bind(const struct mio_addr *addr,
                                  const struct mio_socket_options *options,
                                  struct mio_tcp_listener *listener);

/*
 * Accepts one connection into `stream`. With edge-triggered interest, accept until -EAGAIN. `peer`
 * (or NULL) receives the client's address; on BSD and Apple it is MIO_ADDR_UNNAMED when the client
 * left before it was accepted.
 *
 * -EAGAIN: no connection waits. -EINVAL: not a listener, or one that was shut down. -ECONNABORTED,
 * and on Linux whatever else ended the connection (-EPROTO, -ENETDOWN, -EHOSTUNREACH, ...): this
 * client is gone, accept the next.
 *
 * -EMFILE, -ENFILE, -ENOBUFS, -ENOMEM: there is no descriptor or memory for the connection. It goes
 * on waiting, and so do those behind it. (macOS drops it; those behind it wait.) No edge tells of
 * them again, even when there is room, so a program that does nothing leaves these clients hanging.
 * Do one of these:
 * - Remember the error, and accept again when a descriptor has been closed, or after a while.
 * - Keep a spare descriptor open, and turn clients away with it: close it, accept, close the
 *   connection, open the spare again; repeat until -EAGAIN.
 * - Register the listener with MIO_LEVEL, which tells at every wait. Deregister it until there is
 *   room, or the waits will spin.
 */
MIO_API int mio_tcp_listener_accept(struct mio_tcp_listener *listener,
                                    struct mio_tcp_stream *stream, struct mio_addr *peer);

/* The time to live of its packets, or hop limit: as mio_tcp_stream_set_ttl() has it. Connections
 * inherit it, except on DragonFly. */
MIO_API int mio_tcp_listener_set_ttl(struct mio_tcp_listener *listener, uint32_t ttl);
MIO_API int mio_tcp_listener_ttl(const struct mio_tcp_listener *listener, uint32_t *ttl);

/* As socket.h says; and it has to be listening before it is registered. NetBSD and the poll(2)
 * selector never tell of a connection when READABLE was asked for before listen(). */
MIO_API int mio_tcp_listener_from_fd(mio_fd fd, struct mio_tcp_listener *listener);

/* --- connections --- */

/*
 * Starts to connect to an IPv4 or IPv6 address. 0: the connection is being made; register it as
 * writable, and on each writable event call mio_tcp_stream_finish_connect(). Options: buffers,
 * v6_only, keep_alive, no_delay.
 *
 * What the system knows at once is returned: -ENETUNREACH, -EADDRNOTAVAIL (no free port), -EACCES
 * and -EPERM (a firewall), -ECONNREFUSED (BSD, of a local address), -EAGAIN (Linux: no free port),
 * -EMFILE, -ENFILE, -ENOBUFS, -ENOMEM.
 */
MIO_API int mio_tcp_stream_connect(const struct mio_addr *addr,
                                   const struct mio_socket_options *options,
                                   struct mio_tcp_stream *stream);

/*
 * Ends what mio_tcp_stream_connect() began. 0: the connection is made. -EINPROGRESS: not yet, wait
 * for the next writable event (events may be spurious, and come before the connection has begun).
 * Anything else is why it failed: close the stream. -ECONNREFUSED or -ETIMEDOUT, say, are told
 * once, here or by the first call that meets them (a read, mio_source_take_error()); from then on
 * it is -ENOTCONN.
 *
 * It may be called again at any time, and changes nothing about the connection. An error that a
 * connection met later is told in the same way, and one that has ended in both directions is
 * -ENOTCONN, once everything is read.
 */
MIO_API int mio_tcp_stream_finish_connect(struct mio_tcp_stream *stream);

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
 * the next call. No parts: 0. -EINVAL on Apple for parts of more than INT_MAX bytes in all. */
MIO_API ptrdiff_t mio_tcp_stream_readv(struct mio_tcp_stream *stream, const struct mio_iovec *parts,
                                       size_t count);
MIO_API ptrdiff_t mio_tcp_stream_writev(struct mio_tcp_stream *stream,
                                        const struct mio_iovec *parts, size_t count);

/* Reads without taking: the next read gives the same bytes. */
MIO_API ptrdiff_t mio_tcp_stream_peek(struct mio_tcp_stream *stream, void *buffer, size_t size);

/*
 * Ends one direction or both. -ENOTCONN: not connected (OpenBSD and DragonFly say 0, and the socket
 * is of no use afterwards), and on BSD and Apple no longer so; on macOS also a direction that has
 * ended already, by this end or the peer's. -EINVAL: not a value of enum mio_shutdown.
 *
 * Ending the writing a second time changes nothing. (FreeBSD, NetBSD and DragonFly would end
 * reading too and lose what comes: they are not asked, so do not call shutdown(2) yourself.) Data
 * that the peer sends after the end of reading is read all the same (Linux), dropped (OpenBSD,
 * DragonFly), or resets the connection (macOS).
 */
MIO_API int mio_tcp_stream_shutdown(struct mio_tcp_stream *stream, enum mio_shutdown how);

/* TCP_NODELAY: small writes are sent at once, and not gathered (Nagle). Once the connection is
 * over, setting it has no effect: 0, or -ECONNRESET on BSD. */
MIO_API int mio_tcp_stream_set_no_delay(struct mio_tcp_stream *stream, bool no_delay);
MIO_API int mio_tcp_stream_no_delay(const struct mio_tcp_stream *stream, bool *no_delay);

/*
 * The time to live of outgoing packets: IP_TTL, and on an IPv6 socket the hop limit
 * (IPV6_UNICAST_HOPS), with IP_TTL for its IPv4 packets where the system has both. -EINVAL: above
 * 255, and on some systems 0. For an IPv6 socket that was never given a limit, BSD and Apple do not
 * say which its packets will have, and this says 64.
 */
MIO_API int mio_tcp_stream_set_ttl(struct mio_tcp_stream *stream, uint32_t ttl);
MIO_API int mio_tcp_stream_ttl(const struct mio_tcp_stream *stream, uint32_t *ttl);

/* As socket.h says. */
MIO_API int mio_tcp_stream_from_fd(mio_fd fd, struct mio_tcp_stream *stream);

MIO_END_DECLS

#endif

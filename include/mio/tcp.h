/* SPDX-License-Identifier: MIT */
/* TCP: listeners and connections. socket.h says what all sockets have in common, io.h what holds
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
 * Makes a socket that listens at an IPv4 or IPv6 address. Port 0 is any free one, which
 * mio_source_local_addr() tells. SO_REUSEADDR is set. Options: backlog, buffers, v6_only,
 * reuse_port, keep_alive, no_delay. -EADDRINUSE, -EADDRNOTAVAIL, -EACCES (a low port), -EMFILE,
 * -ENFILE, -ENOBUFS, -ENOMEM.
 *
 * End a listener by closing it, not by shutdown(2): that is read-closed on Linux, where accepting
 * is -EINVAL from then on, and read-closed with an error on FreeBSD; it gives no event on OpenBSD
 * and DragonFly, and fails with ENOTCONN on macOS.
 */
MIO_API int mio_tcp_listener_bind(const struct mio_addr *addr,
                                  const struct mio_socket_options *options,
                                  struct mio_tcp_listener *listener);

/*
 * Accepts one connection, which is then `stream`. With edge-triggered interest accept until
 * -EAGAIN. `peer` (or NULL) receives the client's address. On BSD and Apple it is MIO_ADDR_UNNAMED
 * for a client that left before it was accepted.
 *
 * -EAGAIN: no connection waits. -EINVAL: NULL, not a listener, or one that was shut down.
 * -ECONNABORTED: this client has gone; accept the next. On Linux so are -EPROTO, -ENETDOWN,
 * -EHOSTUNREACH and whatever else has ended a connection.
 *
 * -EMFILE, -ENFILE, -ENOBUFS, -ENOMEM: there is no descriptor, or no memory, for the connection. It
 * goes on waiting, and so do those behind it. (macOS drops it, and those behind it wait.) No edge
 * tells of them again, even when there is a descriptor. A program that does nothing leaves these
 * clients hanging. Do one of these:
 * - Remember the error, and accept again when a descriptor has been closed, or after a while.
 * - Keep a spare descriptor open, and turn clients away with it: close it, accept, close the
 *   connection, open the spare again; repeat until -EAGAIN.
 * - Register the listener with MIO_LEVEL, which tells at every wait. Deregister it until there is
 *   a descriptor, or the waits will spin.
 */
MIO_API int mio_tcp_listener_accept(struct mio_tcp_listener *listener,
                                    struct mio_tcp_stream *stream, struct mio_addr *peer);

/* The time to live of its packets, as mio_tcp_stream_set_ttl() has it. Connections inherit it,
 * except on DragonFly. */
MIO_API int mio_tcp_listener_set_ttl(struct mio_tcp_listener *listener, uint32_t ttl);
MIO_API int mio_tcp_listener_ttl(const struct mio_tcp_listener *listener, uint32_t *ttl);

/* As socket.h says. The socket has to be listening before it is registered: NetBSD, and the poll(2)
 * selector, never tell of a connection if MIO_READABLE was registered before listen(2). */
MIO_API int mio_tcp_listener_from_fd(mio_fd fd, struct mio_tcp_listener *listener);

/* --- connections --- */

/*
 * Starts to connect to an IPv4 or IPv6 address. 0: the connection is being made. Register the
 * stream with MIO_WRITABLE, and call mio_tcp_stream_finish_connect() at each writable event.
 * Options: buffers, v6_only, keep_alive, no_delay.
 *
 * An error is what the system knows at once: -ENETUNREACH, -EADDRNOTAVAIL (no free port; on Linux
 * -EAGAIN too), -EACCES and -EPERM (a firewall), -ECONNREFUSED (a local address on BSD), -EMFILE,
 * -ENFILE, -ENOBUFS, -ENOMEM.
 */
MIO_API int mio_tcp_stream_connect(const struct mio_addr *addr,
                                   const struct mio_socket_options *options,
                                   struct mio_tcp_stream *stream);

/*
 * Says what has become of mio_tcp_stream_connect(). 0: the connection is made. -EINPROGRESS: not
 * yet; wait for the next writable event, since one may come too early. Any other error is the
 * reason why it failed, such as -ECONNREFUSED or -ETIMEDOUT: close the stream. The kernel gives the
 * reason once, here or to the first call that meets it, as a read or mio_source_take_error().
 * Afterwards the result is -ENOTCONN.
 *
 * It may be called at any time, and changes nothing about the connection. A later error of the
 * connection is returned in the same way. A connection that has ended in both directions is
 * -ENOTCONN, once everything has been read.
 */
MIO_API int mio_tcp_stream_finish_connect(struct mio_tcp_stream *stream);

/*
 * Reads at most `size` bytes and returns how many. 0 is the end: the peer will send no more. With a
 * size of 0 it is 0 too. -ECONNRESET, -ETIMEDOUT, -ENOTCONN.
 */
MIO_API ptrdiff_t mio_tcp_stream_read(struct mio_tcp_stream *stream, void *buffer, size_t size);

/* Writes some of `size` bytes and returns how many. -EPIPE, -ECONNRESET, -ETIMEDOUT, -ENOTCONN.
 * (Apple's EPROTOTYPE, of a connection that is being torn down, is -ECONNRESET here.) */
MIO_API ptrdiff_t mio_tcp_stream_write(struct mio_tcp_stream *stream, const void *buffer,
                                       size_t size);

/* The same with `count` parts in order, as if they were one. Parts after the 1024th are left for
 * another call. No parts: 0. -EINVAL, on Apple: the parts have more than INT_MAX bytes in all. */
MIO_API ptrdiff_t mio_tcp_stream_readv(struct mio_tcp_stream *stream, const struct mio_iovec *parts,
                                       size_t count);
MIO_API ptrdiff_t mio_tcp_stream_writev(struct mio_tcp_stream *stream,
                                        const struct mio_iovec *parts, size_t count);

/*
 * Writes some of the `size` bytes of a file from `offset` on, and returns how many; 0: the file has
 * none there. The file's own position is neither used nor moved, and the file stays the caller's.
 * On Linux, FreeBSD, DragonFly and Apple the bytes stay within the kernel (sendfile(2)); elsewhere,
 * and where it refuses the file, they are read and written, at most 16,384 a call. Go on until
 * -EAGAIN, as with any write, from where the bytes sent so far end. A file that is changed meanwhile
 * is sent as it is found.
 *
 * Errors of a write; and of the file: -EBADF, not open for reading; -ESPIPE, a pipe or socket;
 * -EISDIR; -EIO. Reading it blocks for as long as its disk takes. -EINVAL: a negative offset.
 * -EOVERFLOW: an offset beyond the off_t that the library was compiled with, where that has 32 bits.
 */
MIO_API ptrdiff_t mio_tcp_stream_send_file(struct mio_tcp_stream *stream, mio_fd file,
                                           int64_t offset, size_t size);

/* Reads, and leaves the bytes there: the next read gives them again. */
MIO_API ptrdiff_t mio_tcp_stream_peek(struct mio_tcp_stream *stream, void *buffer, size_t size);

/*
 * Ends one direction or both. -EINVAL: NULL, or not a value of enum mio_shutdown. -ENOTCONN: it is
 * not connected. (OpenBSD and DragonFly say 0, and the socket is of no use afterwards.) On BSD and
 * Apple it is -ENOTCONN, too, when the connection is over, and on macOS when the direction has
 * ended already, by this end or by the peer.
 *
 * Ending the writing a second time changes nothing. Do not do so by shutdown(2): on FreeBSD, NetBSD
 * and DragonFly that ends reading too, and what comes is lost. Data that the peer sends after the
 * end of reading can be read all the same on Linux, is dropped on OpenBSD and DragonFly, and resets
 * the connection on macOS.
 */
MIO_API int mio_tcp_stream_shutdown(struct mio_tcp_stream *stream, enum mio_shutdown how);

/* TCP_NODELAY: small writes are sent at once, and not gathered (Nagle's algorithm). Setting it has
 * no effect when the connection is over, and is 0, or -ECONNRESET on BSD. */
MIO_API int mio_tcp_stream_set_no_delay(struct mio_tcp_stream *stream, bool no_delay);
MIO_API int mio_tcp_stream_no_delay(const struct mio_tcp_stream *stream, bool *no_delay);

/*
 * The time to live of outgoing packets in hops, 1 to 255. It is IP_TTL; on an IPv6 socket it is the
 * hop limit (IPV6_UNICAST_HOPS), and IP_TTL for its IPv4 packets where the system allows that.
 * -EINVAL: above 255, and 0 on some systems. BSD and Apple do not tell the limit of an IPv6 socket
 * that was never given one; the answer is 64 then, which is the usual one.
 */
MIO_API int mio_tcp_stream_set_ttl(struct mio_tcp_stream *stream, uint32_t ttl);
MIO_API int mio_tcp_stream_ttl(const struct mio_tcp_stream *stream, uint32_t *ttl);

/* As socket.h says. */
MIO_API int mio_tcp_stream_from_fd(mio_fd fd, struct mio_tcp_stream *stream);

MIO_END_DECLS

#endif

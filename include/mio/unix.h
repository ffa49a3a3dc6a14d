/* SPDX-License-Identifier: MIT */
/*
 * Unix sockets: listeners and connections (streams, or records with the option `seqpacket`), and
 * datagrams. socket.h says what all sockets have in common, io.h what holds for reading and
 * writing.
 *
 * Binding to a path makes a file there, which stays when the socket is closed. Unlink it before
 * binding again, which else is -EADDRINUSE. An abstract name (Linux) goes with its socket.
 */
#ifndef MIO_UNIX_H
#define MIO_UNIX_H

#include <mio/socket.h>

MIO_BEGIN_DECLS

struct mio_unix_listener {
    struct mio_source source;
};

struct mio_unix_stream {
    struct mio_source source;
};

struct mio_unix_datagram {
    struct mio_source source;
};

/* --- listeners --- */

/*
 * Makes a socket that listens at a path or an abstract name. Options: backlog, buffers, seqpacket.
 * -EADDRINUSE: a socket has the name, or a file is at the path. -ENOENT, -ENOTDIR, -EACCES, -EROFS,
 * -ELOOP: the path. -EMFILE, -ENFILE, -ENOBUFS, -ENOMEM. When listening fails after the path was
 * bound, its file stays.
 */
MIO_API int mio_unix_listener_bind(const struct mio_addr *addr,
                                   const struct mio_socket_options *options,
                                   struct mio_unix_listener *listener);

/* As mio_tcp_listener_accept(), which says what to do about -EMFILE and its kin. `peer` (or NULL)
 * receives MIO_ADDR_UNNAMED, unless the peer was bound to a name before it connected. */
MIO_API int mio_unix_listener_accept(struct mio_unix_listener *listener,
                                     struct mio_unix_stream *stream, struct mio_addr *peer);

/* As mio_tcp_listener_from_fd(): it has to be listening before it is registered. */
MIO_API int mio_unix_listener_from_fd(mio_fd fd, struct mio_unix_listener *listener);

/* --- connections --- */

/*
 * Connects to a listener. 0: the connection is made. Options: buffers, seqpacket (-EPROTOTYPE: the
 * listener is of the other type). -ENOENT: there is no such path. -ECONNREFUSED: nobody listens
 * there. When too many connections wait to be accepted it is -EAGAIN on Linux, and -ECONNREFUSED on
 * BSD and Apple. No event tells when there are fewer: try again after a while. -EACCES, -EMFILE,
 * -ENFILE, -ENOBUFS, -ENOMEM.
 */
MIO_API int mio_unix_stream_connect(const struct mio_addr *addr,
                                    const struct mio_socket_options *options,
                                    struct mio_unix_stream *stream);

/* Makes two streams that are connected to each other, without names. Options: buffers, seqpacket.
 * -EINVAL: NULL, or the same struct twice. -EMFILE, -ENFILE, -ENOBUFS, -ENOMEM. A stream that is to
 * be a child's standard input or output should block (mio_pipe_open()): clear its O_NONBLOCK by
 * fcntl(2). */
MIO_API int mio_unix_stream_pair(const struct mio_socket_options *options,
                                 struct mio_unix_stream *first, struct mio_unix_stream *second);

/*
 * As those of a TCP stream, but for these. -EMSGSIZE: a record is longer than the socket's send
 * buffer, or there are more than 1024 parts, of which none is left out, lest a record be cut.
 * Without parts no record is read or written, and the result is 0. To write an empty record, _write
 * 0 bytes.
 *
 * When the peer closes without having read everything, Linux gives an event in error, and the first
 * call that meets it is -ECONNRESET. Elsewhere that is the end of the stream and no more.
 */
MIO_API ptrdiff_t mio_unix_stream_read(struct mio_unix_stream *stream, void *buffer, size_t size);
MIO_API ptrdiff_t mio_unix_stream_write(struct mio_unix_stream *stream, const void *buffer,
                                        size_t size);
MIO_API ptrdiff_t mio_unix_stream_readv(struct mio_unix_stream *stream,
                                        const struct mio_iovec *parts, size_t count);
MIO_API ptrdiff_t mio_unix_stream_writev(struct mio_unix_stream *stream,
                                         const struct mio_iovec *parts, size_t count);
MIO_API ptrdiff_t mio_unix_stream_peek(struct mio_unix_stream *stream, void *buffer, size_t size);
MIO_API int mio_unix_stream_shutdown(struct mio_unix_stream *stream, enum mio_shutdown how);

/* As socket.h says. */
MIO_API int mio_unix_stream_from_fd(mio_fd fd, struct mio_unix_stream *stream);

/* --- datagrams --- */

/* Makes a socket with a path or an abstract name (_bind), one without a name (_open), or two that
 * are connected to each other (_pair). Options: buffers. Errors as for listening; _pair is -EINVAL
 * for the same struct twice. */
MIO_API int mio_unix_datagram_bind(const struct mio_addr *addr,
                                   const struct mio_socket_options *options,
                                   struct mio_unix_datagram *socket);
MIO_API int mio_unix_datagram_open(const struct mio_socket_options *options,
                                   struct mio_unix_datagram *socket);
MIO_API int mio_unix_datagram_pair(const struct mio_socket_options *options,
                                   struct mio_unix_datagram *first,
                                   struct mio_unix_datagram *second);

/* Connects the socket, as connect(2) does: from now on it sends to `addr`, and receives from it
 * alone. It may be called again, for another peer. mio_source_peer_addr() tells the peer. -ENOENT,
 * -ECONNREFUSED: there is no such socket. -EPROTOTYPE: it is of another type. -EACCES, -ENOTDIR,
 * -ELOOP: the path. -EPERM, on Linux: that socket is connected to another one. */
MIO_API int mio_unix_datagram_set_peer_addr(struct mio_unix_datagram *socket,
                                            const struct mio_addr *addr);

/*
 * Sends one datagram of `size` bytes, to the connected address (_send) or to `addr` (_send_to).
 * Returns `size`.
 *
 * -EMSGSIZE: it is too long. -ENOTCONN on Linux, -EDESTADDRREQ elsewhere: _send, and the socket is
 * not connected. -ECONNREFUSED, -ECONNRESET: the receiver has gone. -ENOENT: there is no such path.
 * -EPIPE: sending was shut down, or on Linux the receiver's receiving. -EAGAIN on Linux: the
 * receiver's queue is full, and an event tells a connected socket when there is room. -ENOBUFS
 * elsewhere: it is full, and no event tells.
 *
 * A socket that is not connected is always writable for the kernel, whoever's queue is full. To
 * send again at each of its events is a busy loop. Connect it, or try again after a while.
 */
MIO_API ptrdiff_t mio_unix_datagram_send(struct mio_unix_datagram *socket, const void *buffer,
                                         size_t size);
MIO_API ptrdiff_t mio_unix_datagram_send_to(struct mio_unix_datagram *socket, const void *buffer,
                                            size_t size, const struct mio_addr *addr);

/* Receives one datagram into the `size` bytes at `buffer`; what does not fit is lost. `from` (or
 * NULL) receives the sender's name, or MIO_ADDR_UNNAMED. Returns how many bytes were received.
 * _peek leaves the datagram there, whole: the next call gives it again. -EAGAIN: there is none.
 * -ECONNRESET, on Linux: the peer has connected itself to another socket, and what it had not
 * received is lost. */
MIO_API ptrdiff_t mio_unix_datagram_recv(struct mio_unix_datagram *socket, void *buffer,
                                         size_t size);
MIO_API ptrdiff_t mio_unix_datagram_recv_from(struct mio_unix_datagram *socket, void *buffer,
                                              size_t size, struct mio_addr *from);
MIO_API ptrdiff_t mio_unix_datagram_peek(struct mio_unix_datagram *socket, void *buffer,
                                         size_t size);
MIO_API ptrdiff_t mio_unix_datagram_peek_from(struct mio_unix_datagram *socket, void *buffer,
                                              size_t size, struct mio_addr *from);

/* Ends one direction or both. -EINVAL: NULL, or not a value of enum mio_shutdown. -ENOTCONN, not on
 * Linux: it is not connected; and on macOS its peer has closed. */
MIO_API int mio_unix_datagram_shutdown(struct mio_unix_datagram *socket, enum mio_shutdown how);

/* As socket.h says. */
MIO_API int mio_unix_datagram_from_fd(mio_fd fd, struct mio_unix_datagram *socket);

MIO_END_DECLS

#endif

/* SPDX-License-Identifier: MIT */
/*
 * Unix sockets: listeners and connections (streams, or records with the option `seqpacket`), and
 * datagrams. socket.h tells what all sockets have in common, io.h what holds for reading and
 * writing.
 *
 * Binding to a path makes a file there, which stays when the socket is closed: unlink it before
 * binding again, or -EADDRINUSE is the answer. An abstract name (Linux) goes with its socket.
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
 * Listens at a path or an abstract name. Options: backlog, buffers, seqpacket. -EADDRINUSE: the
 * name, or a file of that name, exists. -ENOENT, -ENOTDIR, -EACCES, -EROFS, -ELOOP: the path.
 * -EMFILE, -ENFILE, -ENOBUFS, -ENOMEM. When listening fails after a path was bound, its file stays.
 */
MIO_API int mio_unix_listener_bind(const struct mio_addr *addr,
                                   const struct mio_socket_options *options,
                                   struct mio_unix_listener *listener);

/* As mio_tcp_listener_accept(), and what is to be done about -EMFILE and its kin stands there. The
 * peer's address is mostly unnamed, but a path or an abstract name when it was bound to one before
 * it connected. */
MIO_API int mio_unix_listener_accept(struct mio_unix_listener *listener,
                                     struct mio_unix_stream *stream, struct mio_addr *peer);

/* It has to be listening before it is registered, and is ended by closing it, not by shutdown(2):
 * see mio_tcp_listener_from_fd() and _bind(). */
MIO_API int mio_unix_listener_from_fd(mio_fd fd, struct mio_unix_listener *listener);

/* --- connections --- */

/*
 * Connects to a listener: made when this returns 0. Options: buffers, seqpacket (as the listener
 * has it, else -EPROTOTYPE). -ENOENT: no such path. -ECONNREFUSED: nobody listens there, or (BSD
 * and Apple) too many wait. -EAGAIN: on Linux, too many wait to be accepted: no event will tell,
 * try again later. -EACCES, -EMFILE, -ENFILE, -ENOBUFS, -ENOMEM.
 */
MIO_API int mio_unix_stream_connect(const struct mio_addr *addr,
                                    const struct mio_socket_options *options,
                                    struct mio_unix_stream *stream);

/* Two that are connected to each other, without names. Options: buffers, seqpacket. -EMFILE,
 * -ENFILE, -ENOBUFS, -ENOMEM. One that is for a child does not block there either: clear its
 * O_NONBLOCK by fcntl() first, for the reason that mio_pipe_open() gives. */
MIO_API int mio_unix_stream_pair(const struct mio_socket_options *options,
                                 struct mio_unix_stream *first, struct mio_unix_stream *second);

/*
 * As those of a TCP stream. A record that is longer than the buffer can hold is -EMSGSIZE; so is,
 * here, a count of parts above 1024, lest a record be cut. No parts: 0, and no record is read or
 * written; an empty record is a _write of 0 bytes.
 *
 * On Linux a peer that closed without reading everything is an event in error, and the first call
 * that meets it gives -ECONNRESET; elsewhere it is the end alone.
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

/* A socket with a path or an abstract name (_bind), without any (_open), or two connected to each
 * other (_pair). Options: buffers. Errors as for listening. */
MIO_API int mio_unix_datagram_bind(const struct mio_addr *addr,
                                   const struct mio_socket_options *options,
                                   struct mio_unix_datagram *socket);
MIO_API int mio_unix_datagram_open(const struct mio_socket_options *options,
                                   struct mio_unix_datagram *socket);
MIO_API int mio_unix_datagram_pair(const struct mio_socket_options *options,
                                   struct mio_unix_datagram *first,
                                   struct mio_unix_datagram *second);

/* Connects the socket, as connect(2) does: it sends to `addr`, and receives only from it, from now
 * on; again for another. mio_source_peer_addr() asks. -ENOENT, -ECONNREFUSED: there is no such
 * socket. -EPROTOTYPE: it is one of another type. -EACCES, -ENOTDIR, -ELOOP: the path. -EPERM
 * (Linux): it is connected to another one. */
MIO_API int mio_unix_datagram_set_peer_addr(struct mio_unix_datagram *socket,
                                            const struct mio_addr *addr);

/*
 * Sends one datagram. -EAGAIN: the receiver's queue is full; on BSD and Apple it is -ENOBUFS, of
 * which no event tells the end. -EMSGSIZE: too long. -ENOTCONN (_send, when not connected; BSD:
 * -EDESTADDRREQ), -ECONNREFUSED or -ECONNRESET: the receiver is gone. -ENOENT. -EPIPE: shut down.
 *
 * For -EAGAIN of a connected socket an event tells of room. One that is not connected is writable
 * as far as the kernel knows, whoever is full: following its events after _send_to is a busy loop,
 * on epoll too. Connect it, or try again after a while.
 */
MIO_API ptrdiff_t mio_unix_datagram_send(struct mio_unix_datagram *socket, const void *buffer,
                                         size_t size);
MIO_API ptrdiff_t mio_unix_datagram_send_to(struct mio_unix_datagram *socket, const void *buffer,
                                            size_t size, const struct mio_addr *addr);

/* Receives one datagram, of which what does not fit is lost, and for _from its sender in `from`
 * (or NULL): unnamed when it has no name. _peek leaves it to be received again, whole. -EAGAIN:
 * there is none. -ECONNRESET (Linux): the one that it is connected to has connected itself to
 * another, and has lost what it had not received. */
MIO_API ptrdiff_t mio_unix_datagram_recv(struct mio_unix_datagram *socket, void *buffer,
                                         size_t size);
MIO_API ptrdiff_t mio_unix_datagram_recv_from(struct mio_unix_datagram *socket, void *buffer,
                                              size_t size, struct mio_addr *from);
MIO_API ptrdiff_t mio_unix_datagram_peek(struct mio_unix_datagram *socket, void *buffer,
                                         size_t size);
MIO_API ptrdiff_t mio_unix_datagram_peek_from(struct mio_unix_datagram *socket, void *buffer,
                                              size_t size, struct mio_addr *from);

MIO_API int mio_unix_datagram_shutdown(struct mio_unix_datagram *socket, enum mio_shutdown how);

/* As socket.h says. */
MIO_API int mio_unix_datagram_from_fd(mio_fd fd, struct mio_unix_datagram *socket);

MIO_END_DECLS

#endif

/* SPDX-License-Identifier: MIT */
/*
 * What the typed sockets are made of. The functions take what the public ones were given, and check
 * it: a NULL source or address is -EINVAL. Those that make a socket write to `source` on success
 * alone; everything returns 0 (or what it says) or -errno.
 */
#ifndef MIO_SRC_NET_SOCKET_H
#define MIO_SRC_NET_SOCKET_H

#include <mio/socket.h>

enum mio__socket_kind {
    MIO_KIND_TCP_LISTENER,
    MIO_KIND_TCP_STREAM,
    MIO_KIND_UDP,
    MIO_KIND_UNIX_LISTENER,
    MIO_KIND_UNIX_STREAM,
    MIO_KIND_UNIX_DATAGRAM
};

/* --- making (socket.c) --- */

/* Bound, and listening if it is a listener. */
int mio__socket_bind(enum mio__socket_kind kind, const struct mio_addr *addr,
                     const struct mio_socket_options *options, struct mio_source *source);

/* Connected, or on the way. */
int mio__socket_connect(enum mio__socket_kind kind, const struct mio_addr *addr,
                        const struct mio_socket_options *options, struct mio_source *source);

/* Not bound and not connected. */
int mio__socket_open(enum mio__socket_kind kind, const struct mio_socket_options *options,
                     struct mio_source *source);
int mio__socket_pair(enum mio__socket_kind kind, const struct mio_socket_options *options,
                     struct mio_source *first, struct mio_source *second);
int mio__socket_accept(const struct mio_source *listener, struct mio_source *source,
                       struct mio_addr *peer);
int mio__socket_from_fd(enum mio__socket_kind kind, mio_fd fd, struct mio_source *source);

/* Connects a datagram socket, or connects it to another one. */
int mio__socket_set_peer_addr(enum mio__socket_kind kind, const struct mio_source *source,
                              const struct mio_addr *addr);

/* --- asking and setting (socket_options.c) --- */

/* Sets what is asked for and concerns the kind; the options have been checked. */
int mio__socket_set_options(enum mio__socket_kind kind, mio_fd fd,
                            const struct mio_socket_options *options);

/* Of a socket that listens: accepts none before its first bytes. */
int mio__socket_defer_accept(mio_fd fd);

/* Whether the options make sense for the kind, and for an IPv6 socket or not. */
int mio__socket_check_options(enum mio__socket_kind kind, bool ipv6,
                              const struct mio_socket_options *options);

/* An option that is an int; get_int returns its value, which has to be at least 0. */
int mio__socket_set_int(const struct mio_source *source, int level, int name, int value);
int mio__socket_get_int(const struct mio_source *source, int level, int name);
int mio__socket_get_bool(const struct mio_source *source, int level, int name, bool *value);

int mio__socket_set_ttl(const struct mio_source *source, uint32_t ttl);
int mio__socket_ttl(const struct mio_source *source, uint32_t *ttl);
int mio__socket_shutdown(const struct mio_source *source, enum mio_shutdown how);

/* Whether Apple's kernel calls it a connection whose two directions have ended: it lets nothing be
 * set there, and nothing that could be set would matter. */
bool mio__socket_is_over(mio_fd fd);

/* --- reading and writing (socket_io.c) --- */

ptrdiff_t mio__socket_recv(const struct mio_source *source, void *buffer, size_t size);
ptrdiff_t mio__socket_peek(const struct mio_source *source, void *buffer, size_t size);
ptrdiff_t mio__socket_send(const struct mio_source *source, const void *buffer, size_t size);

/* What a sending call returns to its caller. */
ptrdiff_t mio__socket_after_send(const struct mio_source *source, ptrdiff_t result);

/* What a peek at one byte, or a write of nothing, says now: no event is asked for. */
ptrdiff_t mio__socket_look(const struct mio_source *source);
ptrdiff_t mio__socket_send_nothing(const struct mio_source *source);
ptrdiff_t mio__socket_recv_from(const struct mio_source *source, void *buffer, size_t size,
                                struct mio_addr *from);
ptrdiff_t mio__socket_peek_from(const struct mio_source *source, void *buffer, size_t size,
                                struct mio_addr *from);
ptrdiff_t mio__socket_send_to(enum mio__socket_kind kind, const struct mio_source *source,
                              const void *buffer, size_t size, const struct mio_addr *addr);

/* Of streams, where a call that moves less than was asked for has drained its direction. */
ptrdiff_t mio__stream_recv(const struct mio_source *source, void *buffer, size_t size);
ptrdiff_t mio__stream_recv_parts(const struct mio_source *source, const struct mio_iovec *parts,
                                 size_t count);
ptrdiff_t mio__stream_send_parts(const struct mio_source *source, const struct mio_iovec *parts,
                                 size_t count);

/* --- addresses --- */

struct mio__sockaddr;

/* The address for a call on a socket of that kind, -EAFNOSUPPORT when it cannot have it. */
int mio__socket_address(enum mio__socket_kind kind, const struct mio_addr *addr,
                        struct mio__sockaddr *sockaddr);

#endif

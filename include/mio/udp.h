/* SPDX-License-Identifier: MIT */
/*
 * UDP. socket.h tells what all sockets have in common, io.h what holds for reading and writing.
 *
 * A datagram is sent and received whole. Of one that is longer than the receiver's buffer the rest
 * is lost (on Windows with -EMSGSIZE); an empty one is received as 0, which is not an end.
 */
#ifndef MIO_UDP_H
#define MIO_UDP_H

#include <mio/socket.h>

MIO_BEGIN_DECLS

struct mio_udp_socket {
    struct mio_source source;
};

/*
 * A socket at an IPv4 or IPv6 address; port 0 is any free one. Options: buffers, v6_only,
 * reuse_addr, reuse_port. -EADDRINUSE, -EADDRNOTAVAIL, -EACCES, -EMFILE, -ENFILE, -ENOBUFS,
 * -ENOMEM.
 */
MIO_API int mio_udp_socket_bind(const struct mio_addr *addr,
                                const struct mio_socket_options *options,
                                struct mio_udp_socket *socket);

/* Connects the socket, as connect(2) does: it sends to `addr`, and receives only from it, from now
 * on; again for another. Nothing is sent. mio_source_peer_addr() asks. -ENETUNREACH,
 * -EADDRNOTAVAIL, -EACCES (a broadcast address, which has to be allowed first). */
MIO_API int mio_udp_socket_set_peer_addr(struct mio_udp_socket *socket,
                                         const struct mio_addr *addr);

/*
 * Sends one datagram: to the connected address (_send), or to `addr` (_send_to).
 *
 * -EAGAIN: the socket's buffer is full; an event tells when it has room. -ENOBUFS, on BSD and
 * Apple: the network interface's queue is full, and no event tells when it has room; try later.
 * -EMSGSIZE: the datagram is too long. -EDESTADDRREQ: _send on a socket that is not connected.
 * -EISCONN: _send_to on one that is; but Linux sends the datagram to `addr`, and DragonFly drops it
 * and returns success. -ECONNREFUSED, -EHOSTUNREACH and the like: an earlier datagram failed, and
 * this one was not sent either.
 */
MIO_API ptrdiff_t mio_udp_socket_send(struct mio_udp_socket *socket, const void *buffer,
                                      size_t size);
MIO_API ptrdiff_t mio_udp_socket_send_to(struct mio_udp_socket *socket, const void *buffer,
                                         size_t size, const struct mio_addr *addr);

/*
 * Receives one datagram, and for _from its sender in `from` (or NULL). _peek leaves it to be
 * received again. -EAGAIN: there is none. -ECONNREFUSED: a datagram sent earlier was refused.
 */
MIO_API ptrdiff_t mio_udp_socket_recv(struct mio_udp_socket *socket, void *buffer, size_t size);
MIO_API ptrdiff_t mio_udp_socket_recv_from(struct mio_udp_socket *socket, void *buffer, size_t size,
                                           struct mio_addr *from);
MIO_API ptrdiff_t mio_udp_socket_peek(struct mio_udp_socket *socket, void *buffer, size_t size);
MIO_API ptrdiff_t mio_udp_socket_peek_from(struct mio_udp_socket *socket, void *buffer, size_t size,
                                           struct mio_addr *from);

/* SO_BROADCAST: without it, sending to a broadcast address is -EACCES. At first it is off. */
MIO_API int mio_udp_socket_set_broadcast_allowed(struct mio_udp_socket *socket, bool allowed);
MIO_API int mio_udp_socket_broadcast_allowed(const struct mio_udp_socket *socket, bool *allowed);

/* The time to live of unicast packets, as mio_tcp_stream_set_ttl() has it. */
MIO_API int mio_udp_socket_set_ttl(struct mio_udp_socket *socket, uint32_t ttl);
MIO_API int mio_udp_socket_ttl(const struct mio_udp_socket *socket, uint32_t *ttl);

/* IPV6_V6ONLY, which mio_socket_options chooses; the kernel's error for an IPv4 socket. */
MIO_API int mio_udp_socket_v6_only(const struct mio_udp_socket *socket, bool *v6_only);

/* --- multicast --- */

/*
 * Joins and leaves a group. `group` and `interface` are IPv4 addresses, whose ports are not looked
 * at; `interface` is one of this machine's, or NULL: the system chooses. For IPv6 the interface is
 * told by its index, 0: the system chooses.
 *
 * -EINVAL: not a group's address, or not of that kind. -EADDRINUSE: joined already (an IPv6 group
 * on FreeBSD: -EINVAL).
 * -EADDRNOTAVAIL: not joined. -ENODEV (Linux) or -EADDRNOTAVAIL: no such interface.
 * -ENOBUFS: too many groups.
 */
MIO_API int mio_udp_socket_join_multicast_v4(struct mio_udp_socket *socket,
                                             const struct mio_addr *group,
                                             const struct mio_addr *interface_addr);
MIO_API int mio_udp_socket_leave_multicast_v4(struct mio_udp_socket *socket,
                                              const struct mio_addr *group,
                                              const struct mio_addr *interface_addr);
MIO_API int mio_udp_socket_join_multicast_v6(struct mio_udp_socket *socket,
                                             const struct mio_addr *group,
                                             uint32_t interface_index);
MIO_API int mio_udp_socket_leave_multicast_v6(struct mio_udp_socket *socket,
                                              const struct mio_addr *group,
                                              uint32_t interface_index);

/* Whether this machine receives what the socket sends to a group it has joined; at first it does.
 * (Windows: of the receiving socket.) */
MIO_API int mio_udp_socket_set_multicast_loop_v4(struct mio_udp_socket *socket, bool loop);
MIO_API int mio_udp_socket_multicast_loop_v4(const struct mio_udp_socket *socket, bool *loop);
MIO_API int mio_udp_socket_set_multicast_loop_v6(struct mio_udp_socket *socket, bool loop);
MIO_API int mio_udp_socket_multicast_loop_v6(const struct mio_udp_socket *socket, bool *loop);

/* How many routers a datagram to an IPv4 group may pass: 0 to 255, at first 1, this network alone.
 * -EINVAL: above 255. */
MIO_API int mio_udp_socket_set_multicast_ttl_v4(struct mio_udp_socket *socket, uint32_t ttl);
MIO_API int mio_udp_socket_multicast_ttl_v4(const struct mio_udp_socket *socket, uint32_t *ttl);

/* As socket.h says. */
MIO_API int mio_udp_socket_from_fd(mio_fd fd, struct mio_udp_socket *socket);

MIO_END_DECLS

#endif

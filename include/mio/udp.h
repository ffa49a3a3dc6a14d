/* SPDX-License-Identifier: MIT */
/*
 * UDP. socket.h says what all sockets have in common, io.h what holds for reading and writing.
 *
 * A datagram is sent and received whole. What does not fit the receiver's buffer is lost. An empty
 * datagram is received as 0, which is not an end.
 */
#ifndef MIO_UDP_H
#define MIO_UDP_H

#include <mio/socket.h>

MIO_BEGIN_DECLS

struct mio_udp_socket {
    struct mio_source source;
};

/*
 * Makes a socket at an IPv4 or IPv6 address. Port 0 is any free one, which mio_source_local_addr()
 * tells. Options: buffers, v6_only, reuse_addr, reuse_port. -EADDRINUSE, -EADDRNOTAVAIL, -EACCES (a
 * low port), -EMFILE, -ENFILE, -ENOBUFS, -ENOMEM.
 */
MIO_API int mio_udp_socket_bind(const struct mio_addr *addr,
                                const struct mio_socket_options *options,
                                struct mio_udp_socket *socket);

/* Connects the socket, as connect(2) does: from now on it sends to `addr`, and receives from it
 * alone. Nothing is sent by this. It may be called again, for another peer. mio_source_peer_addr()
 * tells the peer. -ENETUNREACH, -EADDRNOTAVAIL, -EACCES (a broadcast address, which has to be
 * allowed first). */
MIO_API int mio_udp_socket_set_peer_addr(struct mio_udp_socket *socket,
                                         const struct mio_addr *addr);

/*
 * Sends one datagram of `size` bytes, to the connected address (_send) or to `addr` (_send_to).
 * Returns `size`.
 *
 * -EAGAIN: the socket's buffer is full. An event tells when it has room. -ENOBUFS, on BSD and
 * Apple: the queue of the network interface is full. No event tells when it has room: try again
 * after a while. -EMSGSIZE: the datagram is too long. -EDESTADDRREQ: _send, and the socket is not
 * connected. -EISCONN: _send_to, and it is connected; but Linux sends to `addr`, and DragonFly
 * drops the datagram and returns `size`. -ECONNREFUSED, -EHOSTUNREACH and the like: an earlier
 * datagram failed, and this one was not sent either.
 */
MIO_API ptrdiff_t mio_udp_socket_send(struct mio_udp_socket *socket, const void *buffer,
                                      size_t size);
MIO_API ptrdiff_t mio_udp_socket_send_to(struct mio_udp_socket *socket, const void *buffer,
                                         size_t size, const struct mio_addr *addr);

/*
 * Receives one datagram into the `size` bytes at `buffer`, and its sender's address into `from` (or
 * NULL). Returns how many bytes were received. _peek leaves the datagram there: the next call gives
 * it again. -EAGAIN: there is none. -ECONNREFUSED: a datagram that was sent earlier was refused.
 */
MIO_API ptrdiff_t mio_udp_socket_recv(struct mio_udp_socket *socket, void *buffer, size_t size);
MIO_API ptrdiff_t mio_udp_socket_recv_from(struct mio_udp_socket *socket, void *buffer, size_t size,
                                           struct mio_addr *from);
MIO_API ptrdiff_t mio_udp_socket_peek(struct mio_udp_socket *socket, void *buffer, size_t size);
MIO_API ptrdiff_t mio_udp_socket_peek_from(struct mio_udp_socket *socket, void *buffer, size_t size,
                                           struct mio_addr *from);

/* SO_BROADCAST. At first it is off, and sending to a broadcast address is -EACCES. */
MIO_API int mio_udp_socket_set_broadcast_allowed(struct mio_udp_socket *socket, bool allowed);
MIO_API int mio_udp_socket_broadcast_allowed(const struct mio_udp_socket *socket, bool *allowed);

/* The time to live of unicast packets, as mio_tcp_stream_set_ttl() has it. */
MIO_API int mio_udp_socket_set_ttl(struct mio_udp_socket *socket, uint32_t ttl);
MIO_API int mio_udp_socket_ttl(const struct mio_udp_socket *socket, uint32_t *ttl);

/* IPV6_V6ONLY, which is chosen by struct mio_socket_options. Of an IPv4 socket it is an error, the
 * kernel's own. */
MIO_API int mio_udp_socket_v6_only(const struct mio_udp_socket *socket, bool *v6_only);

/* --- multicast --- */

/*
 * Joins or leaves the group of that address, on one network interface of this machine. The port of
 * an address is not looked at. IPv4 names the interface by one of its own addresses, or NULL; IPv6
 * names it by its index, or 0. With NULL or 0 the system chooses.
 *
 * -EINVAL: NULL, not the address of a group, or not of that kind. -EADDRINUSE: it is joined already
 * (-EINVAL for an IPv6 group on FreeBSD). -EADDRNOTAVAIL: it is not joined. -ENODEV (Linux) or
 * -EADDRNOTAVAIL: there is no such interface. -ENOBUFS: too many groups.
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

/* Whether what the socket sends to a group is received on this machine too, by those who have
 * joined the group. At first it is. */
MIO_API int mio_udp_socket_set_multicast_loop_v4(struct mio_udp_socket *socket, bool loop);
MIO_API int mio_udp_socket_multicast_loop_v4(const struct mio_udp_socket *socket, bool *loop);
MIO_API int mio_udp_socket_set_multicast_loop_v6(struct mio_udp_socket *socket, bool loop);
MIO_API int mio_udp_socket_multicast_loop_v6(const struct mio_udp_socket *socket, bool *loop);

/* The time to live of datagrams to an IPv4 group: 0 to 255. At first it is 1: they do not leave
 * this network. -EINVAL: above 255. */
MIO_API int mio_udp_socket_set_multicast_ttl_v4(struct mio_udp_socket *socket, uint32_t ttl);
MIO_API int mio_udp_socket_multicast_ttl_v4(const struct mio_udp_socket *socket, uint32_t *ttl);

/* As socket.h says. */
MIO_API int mio_udp_socket_from_fd(mio_fd fd, struct mio_udp_socket *socket);

MIO_END_DECLS

#endif

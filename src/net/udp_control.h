/* SPDX-License-Identifier: MIT */
/*
 * What an IP header tells beside a datagram, as control messages of sendmsg() and recvmsg().
 *
 * Of IPv4 the systems agree on nothing but the names: the address that a datagram was sent to comes
 * in a struct in_pktinfo (Linux, Apple, NetBSD, illumos) or as an address (the other BSDs), and is
 * chosen for sending in the same form. What is sent with ECN takes an int or a byte, and is refused
 * by NetBSD (ENOPROTOOPT) and overlooked by OpenBSD. IPv6 is the same everywhere (RFC 3542).
 *
 * A datagram of IPv4 on an IPv6 socket has control messages of IPv4's kind when it is sent. Where
 * it is not known which it will be (a connected socket), ECN is written in both: each looks at its
 * own alone.
 */
#ifndef MIO_SRC_NET_UDP_CONTROL_H
#define MIO_SRC_NET_UDP_CONTROL_H

#include <mio/udp_batch.h>

#include <sys/socket.h>

enum { MIO_UDP_CONTROL_BYTES = 192 };

/* Room for all control messages of one datagram. */
struct mio__udp_control {
    _Alignas(struct cmsghdr) unsigned char bytes[MIO_UDP_CONTROL_BYTES];
};

/* Turns on for the socket what is wanted for receiving, and the rest off. Returns the MIO_UDP_ bits
 * that hold for it. */
uint32_t mio__udp_ask(mio_fd fd, int family, uint32_t wanted);

/* 0, or an error when the datagram's ECN or source is nothing that can be sent. */
int mio__udp_control_check(const struct mio_udp_batching *batching,
                           const struct mio_datagram *datagram);

/* Writes what goes with a datagram that has been checked, and with its segments of that size; 0:
 * there are none. Returns how many bytes there are. */
size_t mio__udp_control_write(struct mio__udp_control *control,
                              const struct mio_udp_batching *batching,
                              const struct mio_datagram *datagram, size_t segment);

/* Reads what came with a datagram, whose peer, size and unknowns have been written. */
void mio__udp_control_read(const struct msghdr *header, struct mio_datagram *datagram);

#endif

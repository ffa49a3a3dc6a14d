/* SPDX-License-Identifier: MIT */
/*
 * Many datagrams in one call, with what an IP header tells of each: for QUIC, DNS and the like.
 * socket.h, io.h and udp.h hold here too.
 *
 *   struct mio_udp_batching batching;
 *   int error = mio_udp_socket_prepare_batches(&socket, MIO_UDP_EVERYTHING, &batching);
 *   ...
 *   ptrdiff_t n = mio_udp_socket_recv_batch(&socket, &batching, datagrams, 32);
 *   if (n > 0)                                     answers each where it came from
 *       n = mio_udp_socket_send_batch(&socket, &batching, datagrams, n);
 *
 * The results are the same on every system and with every selector. Where a system has no call for
 * many datagrams the library makes one for each. Where it cannot cut a buffer into datagrams the
 * library does. What it cannot tell of a datagram is marked as not known.
 */
#ifndef MIO_UDP_BATCH_H
#define MIO_UDP_BATCH_H

#include <mio/udp.h>

MIO_BEGIN_DECLS

/* --- what a socket can do --- */

/*
 * The kernel, or the network interface, cuts what is sent into datagrams (UDP_SEGMENT). Without it
 * the library does, with the same result: left out of `wanted`, for a comparison, or for a network
 * interface that gets it wrong.
 */
#define MIO_UDP_SEND_SEGMENTS 0x01u
/* A datagram may be received together with those that follow it (UDP_GRO): `segment_size` tells.
 * Buffers should have MIO_UDP_SEGMENTS_BYTES then: what does not fit is lost. */
#define MIO_UDP_RECV_SEGMENTS 0x02u
/* `ecn` can be sent; `ecn` of what is received is known. */
#define MIO_UDP_SEND_ECN 0x04u
#define MIO_UDP_RECV_ECN 0x08u
/* `local` can be sent from; `local` of what is received is known. */
#define MIO_UDP_SEND_LOCAL 0x10u
#define MIO_UDP_RECV_LOCAL 0x20u
/* `interface_index` of what is received is known. */
#define MIO_UDP_RECV_INTERFACE 0x40u
#define MIO_UDP_EVERYTHING     0x7fu

/* A buffer of so many bytes takes everything that is received together. */
#define MIO_UDP_SEGMENTS_BYTES 65535

/*
 * What one socket can do in batches, and what the library has found out about it. It is the
 * caller's memory, and belongs to the socket for as long as that is open. It may be moved with it.
 */
struct mio_udp_batching {
    uint32_t can; /* those of the MIO_UDP_ bits that hold for this socket; to be read */

    /* The library's own. */
    uint32_t segment_limit; /* larger segments are cut by the library; 0: all */
    int32_t send_error;     /* 0, or what the next call returns */
    int32_t recv_error;
    uint32_t family;
    uint8_t bound[16]; /* the address that it is bound to; zeros: to none */
    uintptr_t reserved[4];
};

/*
 * Asks the kernel for what is wanted, the MIO_UDP_ bits or-ed together, and writes to `batching`
 * what this socket can do. Of the bits for receiving only those that are wanted are asked for: the
 * others are turned off. Bits for sending ECN and from `local` are set where it is possible,
 * whether wanted or not. What is wanted and not to be had is no error: its bit is missing in `can`.
 * It may be called again with other wishes, between batches. -EINVAL: NULL, other bits, or no
 * socket of IPv4 or IPv6.
 */
MIO_API int mio_udp_socket_prepare_batches(struct mio_udp_socket *socket, uint32_t wanted,
                                           struct mio_udp_batching *batching);

/* --- datagrams --- */

/* Explicit congestion notification. What is known has the two bits of the IP header as its last. */
enum mio_ecn {
    MIO_ECN_UNKNOWN = 0, /* received: not known; to be sent: as the socket has it */
    MIO_ECN_NOT_ECT = 4,
    MIO_ECN_ECT_1 = 5,
    MIO_ECN_ECT_0 = 6,
    MIO_ECN_CE = 7
};

/*
 * A datagram; or several that were sent by one to one, and are one behind the other in a buffer:
 * `segment_size` bytes each, the last of them may be shorter. Begin with zeros (`= {0}`). Later
 * versions will have members in place of the reserved ones, which mean nothing when they are 0.
 *
 * What was received can be sent as it is: it goes back to where it came from. (What was sent to a
 * group cannot be answered from the group's address: make `local` unnamed first.)
 */
struct mio_datagram {
    void *buffer;        /* the caller's */
    size_t capacity;     /* receiving: how many bytes there is room for. Sending: not looked at */
    size_t size;         /* how many bytes are in it */
    size_t segment_size; /* 0, or `size` and more: it is one datagram */

    /* Sending: how many of the bytes have been sent already, by a call that could not go on. The
     * library writes it, and makes it 0 when all are sent. The next call goes on from there. */
    size_t sent;

    /* Sending to: unnamed on a connected socket. Received from. */
    struct mio_addr peer;

    /* This machine's address, without a port. Sending from: unnamed leaves it to the system.
     * Received at: unnamed when it is not known. */
    struct mio_addr local;

    uint32_t interface_index;  /* received on; 0: not known. Sending: not looked at */
    uint8_t ecn;               /* enum mio_ecn. Sending: the rest of that byte of the header is 0 */
    bool truncated;            /* received: what did not fit the buffer is lost */
    uint8_t reserved_bytes[2]; /* 0 */
    uintptr_t reserved[2];     /* 0 */
};

/*
 * Sends `count` entries, in their order. Returns how many were sent wholly. Fewer than `count`: the
 * next one found the buffer full, or failed. Call again with what is left: it is sent, or the
 * reason is returned. After -EAGAIN an event tells when there is room. What was sent is not sent
 * again: an entry of several datagrams goes on at its `sent`.
 *
 * Neighbours go out in one call of the kernel where they may: those to the same address, with the
 * same ECN and source, whose sizes are the same, but for a shorter one at the end.
 *
 * Errors are those of mio_udp_socket_send() and _send_to(), returned when no entry was sent wholly.
 * An error that came after some is returned by the next call. -ENOTSUP: the system cannot send ECN
 * or from `local` (`can`). -EINVAL also: NULL for bytes, `sent` not below `size`, a reserved member
 * that is not 0, no enum mio_ecn. -EADDRNOTAVAIL, -EINVAL: `local` is not this machine's.
 * -EAFNOSUPPORT: an address that is no IPv4 or IPv6 address.
 */
MIO_API ptrdiff_t mio_udp_socket_send_batch(struct mio_udp_socket *socket,
                                            struct mio_udp_batching *batching,
                                            struct mio_datagram *datagrams, size_t count);

/*
 * Receives into at most `count` entries: `capacity` bytes at `buffer` each. Everything else of an
 * entry is written. Returns how many were filled. Fewer than `count`: that was all that there was,
 * and an event tells when more comes, as it does after -EAGAIN, which says that there was none. An
 * error that came after some is returned by the next call; it has no event of its own. Errors are
 * those of mio_udp_socket_recv().
 */
MIO_API ptrdiff_t mio_udp_socket_recv_batch(struct mio_udp_socket *socket,
                                            struct mio_udp_batching *batching,
                                            struct mio_datagram *datagrams, size_t count);

MIO_END_DECLS

#endif

/* SPDX-License-Identifier: MIT */
/*
 * What the typed sockets of tcp.h, udp.h and unix.h have in common.
 *
 * They are values, owned by the caller: a struct mio_source and nothing more, so nothing is
 * allocated and the descriptor is socket.source.fd. They are registered as any source is:
 *
 *   struct mio_tcp_stream stream;
 *   int error = mio_tcp_stream_connect(&addr, NULL, &stream);
 *   if (error == 0)
 *       error = mio_source_register(&stream.source, registry, token, MIO_READABLE | MIO_WRITABLE);
 *
 * A function that makes a socket (_bind, _connect, _accept, _open, _pair, _from_fd) writes to the
 * struct when it succeeds, without looking at what was in it, and leaves it untouched when it
 * fails; no descriptor is left open then. Every socket is non-blocking, closed on exec, and raises
 * no SIGPIPE; on Linux, FreeBSD, NetBSD, OpenBSD and DragonFly from its first moment, on Apple by
 * calls that follow (a fork and exec in between inherits it). A registered socket may be moved to
 * another struct by assignment, if the old one is not used again. A struct of zeros is no empty
 * socket but descriptor 0, which mio_source_close() would close: mio_source_init(&socket.source,
 * MIO_INVALID_FD) makes an empty one.
 *
 * What all of them have is the source's (mio/source.h), and stands at none of the types again:
 * mio_source_close(), _into_fd(), _local_addr(), _peer_addr() and _take_error().
 *
 *   mio_source_close(&stream.source);
 *
 * _from_fd takes a descriptor made elsewhere, and makes it non-blocking: the mode belongs to the
 * open file, which other processes may share. It is closed on exec from then on, unless it is 0, 1
 * or 2, which are for children too. What it is connected to or bound to is not looked at.
 * -EPROTOTYPE: a socket of another type; -ENOTSOCK, -EBADF. -ENOTCONN on Apple: a connection that
 * has ended in both directions, and does not have SO_NOSIGPIPE, which it can no longer be given.
 * After an error the descriptor is the caller's still, and unchanged but for SO_NOSIGPIPE, which
 * Apple's may have by then.
 *
 * What can be set is mio_..._set_x(&socket, value), and what can be asked mio_..._x(&socket,
 * &value), of the same type; both return 0 or -errno, and after an error the value is as it was.
 *
 * Every function gives -EINVAL for a NULL socket, address or place for an answer. An address of a
 * kind that the socket cannot have is -EAFNOSUPPORT, an unnamed one -EINVAL.
 */
#ifndef MIO_SOCKET_H
#define MIO_SOCKET_H

#include <mio/addr.h>
#include <mio/io.h>

MIO_BEGIN_DECLS

/* Whether an IPv6 socket is for IPv6 alone. One that is bound to another address than [::] is, on
 * Linux whatever is asked for. */
enum mio_v6_only {
    MIO_V6_ONLY_DEFAULT = 0, /* as the system has it: Linux and Apple NO, the BSDs YES */
    MIO_V6_ONLY_YES,
    MIO_V6_ONLY_NO /* IPv4 too, as ::ffff:a.b.c.d; OpenBSD cannot: -EINVAL */
};

/*
 * What can be asked for when a socket is made. A zeroed struct, or NULL, asks for nothing. What
 * makes no sense for the socket is -EINVAL (no_delay for UDP, a negative number, a reserved member
 * that is not 0); what the system lacks is -ENOTSUP. Begin with zeros, by `= {0}` or by naming the
 * members that are set: what a later version adds takes the place of what is reserved, and asks for
 * nothing when it is 0.
 */
struct mio_socket_options {
    /* Listeners: how many connections may wait to be accepted. 0: as many as the system allows. */
    int backlog;

    /* SO_SNDBUF and SO_RCVBUF in bytes; 0: the system's. Linux takes twice as much and says so. */
    int send_buffer;
    int receive_buffer;

    /* IPv6 sockets alone. */
    enum mio_v6_only v6_only;

    /* UDP: SO_REUSEADDR. A TCP listener always has it, so that it can be bound again at once while
     * old connections are dying. */
    bool reuse_addr;

    /*
     * TCP listeners and UDP: SO_REUSEPORT, several sockets with the same address. On Linux and
     * DragonFly each connection goes to one of them; on FreeBSD, OpenBSD, NetBSD and Apple all may
     * go to the last.
     */
    bool reuse_port;

    bool keep_alive; /* TCP: SO_KEEPALIVE; of a listener, its connections inherit it */
    bool no_delay;   /* TCP: TCP_NODELAY; of a listener, its connections inherit it */

    /*
     * Unix listeners, streams and pairs: SOCK_SEQPACKET in place of SOCK_STREAM. Each write is then
     * one record, and each read takes one; what does not fit is lost, and an empty record reads as
     * the end. -ENOTSUP on Apple.
     */
    bool seqpacket;

    uintptr_t reserved[4]; /* 0 */
};

MIO_END_DECLS

#endif

/* SPDX-License-Identifier: MIT */
/*
 * What the typed sockets of tcp.h, udp.h and unix.h have in common.
 *
 * They are values of the caller's: a struct mio_source and nothing more. Nothing is allocated, and
 * the descriptor is socket.source.fd. They are registered as any source is:
 *
 *   struct mio_tcp_stream stream;
 *   int error = mio_tcp_stream_connect(&addr, NULL, &stream);
 *   if (error == 0)
 *       error = mio_source_register(&stream.source, registry, token, MIO_READABLE | MIO_WRITABLE);
 *
 * A function that makes a socket (_bind, _connect, _accept, _open, _pair, _from_fd) writes the
 * struct whatever was in it. After an error the struct is as it was, and nothing is left open. A
 * struct of zeros is not an empty socket: it is that of descriptor 0, which mio_source_close()
 * would close. mio_source_init(&socket.source, MIO_INVALID_FD) makes an empty one. A registered
 * socket may be moved to another struct by assignment, if the old struct is not used again.
 *
 * Every socket is non-blocking and closed on exec, and never raises SIGPIPE. On Linux, FreeBSD,
 * NetBSD, OpenBSD and DragonFly it is so from its first moment; on Apple by calls that follow (a
 * fork and exec in between inherits it).
 *
 * What every socket can do is the source's: mio_source_close(), mio_source_into_fd(),
 * mio_source_local_addr(), mio_source_peer_addr() and mio_source_take_error().
 *
 *   mio_source_close(&stream.source);
 *
 * _from_fd takes over a descriptor that was made elsewhere, and makes it non-blocking for everybody
 * who shares its open file, and closed on exec, but for 0, 1 and 2, which children need. Whether it
 * is bound or connected is not looked at. -EPROTOTYPE: it is a socket of another type. -ENOTSOCK,
 * -EBADF. -ENOTCONN, on Apple: it is a connection that has ended in both directions and lacks
 * SO_NOSIGPIPE, which cannot be set any more (K52). After an error the descriptor is still the
 * caller's and as it was, but that it may have SO_NOSIGPIPE by then on Apple.
 *
 * An option that can be set has mio_..._set_x(&socket, value), and one that can be asked for
 * mio_..._x(&socket, &value). Both return 0 or -errno. After an error `value` is as it was.
 *
 * Every function returns -EINVAL for NULL (a socket, an address, the place for an answer), and for
 * an unnamed address, and -EBADF for an empty or closed socket. -EAFNOSUPPORT: the socket cannot
 * have an address of that kind, or the system lacks it. Threads and signals: see io.h.
 */
#ifndef MIO_SOCKET_H
#define MIO_SOCKET_H

#include <mio/addr.h>
#include <mio/io.h>

MIO_BEGIN_DECLS

/* Whether an IPv6 socket is for IPv6 alone. On Linux one that is bound to another address than [::]
 * always is. */
enum mio_v6_only {
    MIO_V6_ONLY_DEFAULT = 0, /* as the system has it: Linux and Apple NO, the BSDs YES */
    MIO_V6_ONLY_YES,
    MIO_V6_ONLY_NO /* IPv4 too, as ::ffff:a.b.c.d; -EINVAL on OpenBSD, which cannot */
};

/*
 * What can be asked for when a socket is made. A struct of zeros, or NULL, asks for nothing. The
 * comment of a function names the options that it takes. -EINVAL: another option, a negative
 * number, or a reserved member that is not 0. -ENOTSUP: the system lacks it. Begin with zeros, by
 * `= {0}` or by naming the members that are set: later versions will have members in place of the
 * reserved ones, which ask for nothing when they are 0.
 */
struct mio_socket_options {
    /* Listeners: how many connections may wait to be accepted. 0: as many as the system allows. */
    int backlog;

    /* SO_SNDBUF and SO_RCVBUF, "buffers" below, in bytes. 0: the system's. Linux doubles them. */
    int send_buffer;
    int receive_buffer;

    /* TCP and UDP: of an IPv6 socket alone, else -EINVAL. */
    enum mio_v6_only v6_only;

    /* UDP: SO_REUSEADDR. A TCP listener always has it, so that its address can be bound again at
     * once while old connections are dying. */
    bool reuse_addr;

    /*
     * TCP listeners and UDP: SO_REUSEPORT, several sockets with one address. On Linux and DragonFly
     * the connections are spread over the listeners. On FreeBSD, OpenBSD, NetBSD and Apple all may
     * go to the last one.
     */
    bool reuse_port;

    /* TCP: SO_KEEPALIVE and TCP_NODELAY. The connections of a listener inherit them. */
    bool keep_alive;
    bool no_delay;

    /*
     * Unix listeners, streams and pairs: SOCK_SEQPACKET in place of SOCK_STREAM. Each write is one
     * record then, and each read takes one. What does not fit the reader's buffer is lost. An empty
     * record reads as 0, as the end does. -ENOTSUP on Apple.
     */
    bool seqpacket;

    /*
     * TCP listeners: a connection waits to be accepted from the client's first bytes on, and not
     * before, so that a read right after accepting finds them. For protocols whose client speaks
     * first. Linux (TCP_DEFER_ACCEPT) also hands over who has said nothing for some seconds;
     * FreeBSD, NetBSD and DragonFly (SO_ACCEPTFILTER, "dataready") never do, unless the client ends
     * or resets the connection. -ENOTSUP on OpenBSD, Apple, illumos, and where the filter is not
     * loaded into the kernel (FreeBSD: accf_data).
     */
    bool defer_accept;

    uintptr_t reserved[4]; /* 0 */
};

MIO_END_DECLS

#endif

/* SPDX-License-Identifier: MIT */
/*
 * Addresses of sockets: IPv4, IPv6, and names of Unix sockets. A plain value: copy it, keep it,
 * compare it with mio_addr_equal(). Nothing here looks a name up or makes a system call, and every
 * function may be called from any thread and from a signal handler, but for the two that deal in
 * text.
 */
#ifndef MIO_ADDR_H
#define MIO_ADDR_H

#include <mio/types.h>

#include <stdbool.h>

MIO_BEGIN_DECLS

enum mio_addr_kind {
    /* No address: what a Unix socket has that was never bound, and a zeroed struct. */
    MIO_ADDR_UNNAMED = 0,
    MIO_ADDR_IPV4,
    MIO_ADDR_IPV6,
    /* A path in the file system. */
    MIO_ADDR_UNIX,
    /* A name in Linux's abstract namespace: bytes of any value, 0 too. */
    MIO_ADDR_UNIX_ABSTRACT
};

/* What the longest name and its closing 0 need, on any system (Linux: 108 bytes of name). */
#define MIO_ADDR_BYTES 112

/* Members may be read, and `port`, `scope` and `flow` changed; what `kind` does not use is 0. */
struct mio_addr {
    enum mio_addr_kind kind;
    uint16_t port;   /* IPv4 and IPv6: the port, as a number (host byte order) */
    uint16_t length; /* of `bytes` in use: 4, 16, or those of the name without a closing 0 */
    uint32_t scope;  /* IPv6: the index of the interface that a link-local address belongs to */
    uint32_t flow;   /* IPv6: sin6_flowinfo, as the system has it (network byte order) */
    /* The IP address in network order, or the name, followed by a 0 that is not part of it. */
    uint8_t bytes[MIO_ADDR_BYTES];
};

/* 192.0.2.1:80 is mio_addr_ipv4(192, 0, 2, 1, 80). */
MIO_API struct mio_addr mio_addr_ipv4(uint8_t a, uint8_t b, uint8_t c, uint8_t d, uint16_t port);

/* The 16 bytes in network order; NULL: the unspecified address, [::]. */
MIO_API struct mio_addr mio_addr_ipv6(const uint8_t *bytes, uint16_t port);

/*
 * A Unix socket's path: `length` bytes, which need no closing 0. -EINVAL: NULL, an empty path, or a
 * 0 among the bytes. -ENAMETOOLONG: more than this system's sockaddr_un has room for with a closing
 * 0 (Linux: 107 bytes, BSD and Apple: 103).
 */
MIO_API int mio_addr_unix(const char *path, size_t length, struct mio_addr *addr);

/*
 * A name in the abstract namespace: `length` bytes, each of which counts, 0 too. No 0 is put in
 * front or behind. -EINVAL: NULL or an empty name. -ENAMETOOLONG: more than 107 bytes. -ENOTSUP: on
 * any system but Linux.
 */
MIO_API int mio_addr_unix_abstract(const void *name, size_t length, struct mio_addr *addr);

/*
 * Reads an address, and nothing else, from the whole of a text:
 *
 *   127.0.0.1:80          four decimal numbers without superfluous zeros, and a port
 *   [2001:db8::1]:80      as RFC 4291 has it, the last 32 bits as an IPv4 address too
 *   [fe80::1%3]:80        with the index of an interface (not its name: names are not looked up)
 *   unix:/run/x.sock      the rest of the text is the path, which may be relative
 *   unix:@name            the rest of the text is a name in the abstract namespace
 *
 * A port is one to five decimal digits and at most 65535. -EINVAL: NULL, or anything else than the
 * above: spaces, signs, a missing port, a host name, something after the address.
 * -ENAMETOOLONG and -ENOTSUP as for mio_addr_unix() and mio_addr_unix_abstract().
 */
MIO_API int mio_addr_parse(const char *text, struct mio_addr *addr);

/*
 * Writes an address as mio_addr_parse() reads it, IPv6 in the form of RFC 5952; "(unnamed)" when
 * there is none. Bytes of a name that cannot be printed are written as \x00, for people: such a
 * text is not read back, nor is a name as only a kernel makes them (empty, or longer than fits).
 * Like snprintf: at most `size` bytes with the terminating 0 are written (`buffer` may be NULL when
 * size is 0), and the length of the whole text is returned, which is below MIO_ADDR_TEXT.
 * -EINVAL: NULL, or not an address.
 */
MIO_API int mio_addr_format(const struct mio_addr *addr, char *buffer, size_t size);

/* Room for any address as text: 108 bytes of four characters, "unix:@", and the closing 0. */
#define MIO_ADDR_TEXT 448

/*
 * Below, at or above 0, as `a` sorts before, with or after `b`: by kind, then IP address or name
 * byte by byte (a name before those it is the beginning of), then port, scope and flow. NULL sorts
 * first.
 */
MIO_API int mio_addr_compare(const struct mio_addr *a, const struct mio_addr *b);

/* Whether every part is the same. Two unnamed addresses are equal, which does not mean that their
 * sockets are one. */
MIO_API bool mio_addr_equal(const struct mio_addr *a, const struct mio_addr *b);

/* The port of an IPv4 or IPv6 address; 0 for any other, and for NULL. */
MIO_API uint16_t mio_addr_port(const struct mio_addr *addr);

/* The path of a Unix socket, as text that lives as long as `addr`; NULL for any other address. */
MIO_API const char *mio_addr_path(const struct mio_addr *addr);

/* Room for any sockaddr, as mio_addr_to_sockaddr() writes it. */
#define MIO_SOCKADDR_SIZE 128

/*
 * Writes the system's own struct (sockaddr_in, sockaddr_in6, sockaddr_un) to `sockaddr`, which
 * needs no alignment, and returns how many of the `size` bytes it takes: what bind() and its kin
 * want as the length. -EINVAL: NULL or an unnamed address. -ENOSPC: it takes more than `size`.
 * -ENAMETOOLONG, -ENOTSUP: this system has no such name.
 */
MIO_API int mio_addr_to_sockaddr(const struct mio_addr *addr, void *sockaddr, size_t size);

/*
 * Reads the system's own struct, `size` being the length that the system gave with it; a size of 0
 * is the unnamed address (what Linux gives for a datagram from a socket without a name). -EINVAL:
 * NULL, or too short for its family. -EAFNOSUPPORT: another family than IPv4, IPv6 and Unix.
 */
MIO_API int mio_addr_from_sockaddr(const void *sockaddr, size_t size, struct mio_addr *addr);

MIO_END_DECLS

#endif

/* SPDX-License-Identifier: MIT */
/*
 * Addresses of sockets: IPv4, IPv6, and the names of Unix sockets. An address is a plain value, to
 * be copied, kept, and compared with mio_addr_equal(). Nothing here looks a name up or makes a
 * system call. Any thread may call every function. A signal handler may too, except
 * mio_addr_parse() and mio_addr_format(). After an error the answer's place is as it was.
 */
#ifndef MIO_ADDR_H
#define MIO_ADDR_H

#include <mio/types.h>

#include <stdbool.h>

MIO_BEGIN_DECLS

enum mio_addr_kind {
    /* No address: that of a Unix socket that was never bound, and a struct of zeros. */
    MIO_ADDR_UNNAMED = 0,
    MIO_ADDR_IPV4,
    MIO_ADDR_IPV6,
    /* A path in the file system. */
    MIO_ADDR_UNIX,
    /* A name in Linux's abstract namespace: bytes of any value, 0 among them. */
    MIO_ADDR_UNIX_ABSTRACT
};

/* Enough for the longest name of any system with a closing 0. (Linux's has 108 bytes.) */
#define MIO_ADDR_BYTES 112

/* All members may be read; `port`, `scope` and `flow` may be changed. What `kind` does not use is
 * 0. */
struct mio_addr {
    enum mio_addr_kind kind;
    uint16_t port;   /* IPv4 and IPv6: the port, as a number (host byte order) */
    uint16_t length; /* how many of `bytes` are used: 4, 16, or the name without its closing 0 */
    uint32_t scope;  /* IPv6: the index of the interface that a link-local address belongs to */
    uint32_t flow;   /* IPv6: sin6_flowinfo, as the system has it (network byte order) */
    /* The IP address in network order; or the name, and then a 0 that is not part of it. */
    uint8_t bytes[MIO_ADDR_BYTES];
};

/* Returns the address: mio_addr_ipv4(192, 0, 2, 1, 80) is 192.0.2.1:80. The port is a number in
 * host byte order, here and everywhere. */
MIO_API struct mio_addr mio_addr_ipv4(uint8_t a, uint8_t b, uint8_t c, uint8_t d, uint16_t port);

/* Returns the address of 16 bytes in network order. `bytes` NULL: [::], the unspecified address. */
MIO_API struct mio_addr mio_addr_ipv6(const uint8_t *bytes, uint16_t port);

/*
 * The address of a Unix socket's path of `length` bytes, which need no closing 0. -EINVAL: NULL, an
 * empty path, or a 0 among the bytes. -ENAMETOOLONG: the path does not fit this system's
 * sockaddr_un with a closing 0 (Linux: above 107 bytes, BSD and Apple: above 103).
 */
MIO_API int mio_addr_unix(const char *path, size_t length, struct mio_addr *addr);

/*
 * The address of a name of `length` bytes in the abstract namespace. Every byte counts, and a 0
 * too; nothing is added. -EINVAL: NULL or an empty name. -ENAMETOOLONG: above 107 bytes. -ENOTSUP:
 * every system but Linux.
 */
MIO_API int mio_addr_unix_abstract(const void *name, size_t length, struct mio_addr *addr);

/*
 * Reads a text that is an address and nothing else:
 *
 *   127.0.0.1:80          four decimal numbers without zeros in front, and a port
 *   [2001:db8::1]:80      as RFC 4291 has it; the last 32 bits may be written as an IPv4 address
 *   [fe80::1%3]:80        with the index of an interface (names are not looked up)
 *   unix:/run/x.sock      the rest of the text is the path, which may be relative
 *   unix:@name            the rest of the text is a name in the abstract namespace
 *
 * A port is one to five decimal digits, and 65535 at most. -EINVAL: NULL, or any other text: with
 * spaces or signs, without a port, a host name, more than the address. -ENAMETOOLONG and -ENOTSUP:
 * as for mio_addr_unix() and mio_addr_unix_abstract().
 */
MIO_API int mio_addr_parse(const char *text, struct mio_addr *addr);

/*
 * Writes an address as mio_addr_parse() reads it, IPv6 in the form of RFC 5952, and "(unnamed)" for
 * MIO_ADDR_UNNAMED. Bytes of a name that cannot be printed are written as \x00. Such a text cannot
 * be read back; nor can the names that only a kernel gives, which are empty or of 108 bytes.
 *
 * Like snprintf it writes at most `size` bytes, the closing 0 among them, and returns the length of
 * the whole text, which is below MIO_ADDR_TEXT. `buffer` may be NULL when `size` is 0. -EINVAL:
 * `addr` is NULL, or not an address.
 */
MIO_API int mio_addr_format(const struct mio_addr *addr, char *buffer, size_t size);

/* Enough for any address as text: 108 bytes of four characters, "unix:@", and the closing 0. */
#define MIO_ADDR_TEXT 448

/*
 * Returns a number below 0 when `a` sorts before `b`, 0 when both are equal, and else one above 0.
 * The order is that of the kind, then of the bytes of the IP address or name (a beginning of a name
 * before the name), then of port, scope and flow. NULL comes first.
 */
MIO_API int mio_addr_compare(const struct mio_addr *a, const struct mio_addr *b);

/* Whether mio_addr_compare() is 0. Two unnamed addresses are equal, though they may be of two
 * sockets. */
MIO_API bool mio_addr_equal(const struct mio_addr *a, const struct mio_addr *b);

/* Returns the port of an IPv4 or IPv6 address; 0 for any other, and for NULL. */
MIO_API uint16_t mio_addr_port(const struct mio_addr *addr);

/* Returns the path of a Unix socket, which is a part of `addr`; NULL for any other address, and for
 * NULL. */
MIO_API const char *mio_addr_path(const struct mio_addr *addr);

/* Enough bytes for what mio_addr_to_sockaddr() writes. */
#define MIO_SOCKADDR_SIZE 128

/*
 * Writes the system's own struct (sockaddr_in, sockaddr_in6, sockaddr_un) to the `size` bytes at
 * `sockaddr`, which need no alignment. Returns its length in bytes, as bind() and its kin take it.
 * -EINVAL: NULL, an unnamed address, or a path that is empty or has a 0 in it. -ENOSPC: the struct
 * is longer than `size`. -ENAMETOOLONG, -ENOTSUP: this system has no such name.
 */
MIO_API int mio_addr_to_sockaddr(const struct mio_addr *addr, void *sockaddr, size_t size);

/*
 * Reads the system's own struct. `size` is the length in bytes that the system gave with it. A size
 * of 0 is the unnamed address: so Linux tells of a datagram from a socket without a name. -EINVAL:
 * NULL, or the length is too short for the family. -EAFNOSUPPORT: a family other than IPv4, IPv6
 * and Unix.
 */
MIO_API int mio_addr_from_sockaddr(const void *sockaddr, size_t size, struct mio_addr *addr);

MIO_END_DECLS

#endif

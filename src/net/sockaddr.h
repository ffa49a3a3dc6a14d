/* SPDX-License-Identifier: MIT */
/* An address as the system calls take it and give it. IP addresses are written and read inline:
 * that is done for each datagram. */
#ifndef MIO_SRC_NET_SOCKADDR_H
#define MIO_SRC_NET_SOCKADDR_H

#include <mio/addr.h>

#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

enum { MIO_IPV4_BYTES = 4, MIO_IPV6_BYTES = 16 };

/* Which member is in use its family tells. */
union mio__ip_sockaddr {
    struct sockaddr any;
    struct sockaddr_in ipv4;
    struct sockaddr_in6 ipv6;
};

struct mio__sockaddr {
    socklen_t size; /* of the member in use */
    union {
        struct sockaddr any;
        union mio__ip_sockaddr ip;
        struct sockaddr_un local;
        struct sockaddr_storage storage;
    } as;
};

/* BSD and Apple keep the length in the struct too. The kernel goes by that of the call. */
#if defined(SIN6_LEN)
static inline void mio__sockaddr_set_length(struct sockaddr *sockaddr, socklen_t size)
{
    sockaddr->sa_len = (unsigned char)size;
}
#else
static inline void mio__sockaddr_set_length(struct sockaddr *sockaddr, socklen_t size)
{
    (void)sockaddr;
    (void)size;
}
#endif

/* --- to the system --- */

/* Writes an IPv4 or IPv6 address and returns its size; 0 for any other. */
static inline socklen_t mio__sockaddr_write_ip(union mio__ip_sockaddr *sockaddr,
                                               const struct mio_addr *addr)
{
    socklen_t size = 0;
    if (addr->kind == MIO_ADDR_IPV4) {
        sockaddr->ipv4 = (struct sockaddr_in){.sin_family = AF_INET, .sin_port = htons(addr->port)};
        memcpy(&sockaddr->ipv4.sin_addr, addr->bytes, MIO_IPV4_BYTES);
        size = sizeof sockaddr->ipv4;
    } else if (addr->kind == MIO_ADDR_IPV6) {
        sockaddr->ipv6 = (struct sockaddr_in6){.sin6_family = AF_INET6,
                                               .sin6_port = htons(addr->port),
                                               .sin6_flowinfo = addr->flow,
                                               .sin6_scope_id = addr->scope};
        memcpy(&sockaddr->ipv6.sin6_addr, addr->bytes, MIO_IPV6_BYTES);
        size = sizeof sockaddr->ipv6;
    }
    if (size != 0)
        mio__sockaddr_set_length(&sockaddr->any, size);
    return size;
}

/* As mio_addr_to_sockaddr(), but returns 0. What lies beyond `size` stays undefined. */
int mio__sockaddr_write_name(struct mio__sockaddr *sockaddr, const struct mio_addr *addr);

static inline int mio__sockaddr_write(struct mio__sockaddr *sockaddr, const struct mio_addr *addr)
{
    if (!addr)
        return -EINVAL;
    sockaddr->size = mio__sockaddr_write_ip(&sockaddr->as.ip, addr);
    return sockaddr->size != 0 ? 0 : mio__sockaddr_write_name(sockaddr, addr);
}

/* --- from the system --- */

/* Ready to be filled by a system call. */
static inline void mio__sockaddr_prepare(struct mio__sockaddr *sockaddr)
{
    sockaddr->size = sizeof sockaddr->as;
    sockaddr->as.any.sa_family = AF_UNSPEC;
}

/* What of an address no IP address uses. In pieces: of a large one compilers make a string
 * instruction, which takes as long to begin as all the rest. */
static inline void mio__addr_clear_rest(struct mio_addr *addr)
{
    enum { PIECE = (MIO_ADDR_BYTES - MIO_IPV6_BYTES) / 3 };
    uint8_t *rest = addr->bytes + MIO_IPV6_BYTES;
    memset(rest, 0, PIECE);
    rest += PIECE;
    memset(rest, 0, PIECE);
    rest += PIECE;
    memset(rest, 0, PIECE);
}

/* Makes it unnamed. */
static inline void mio__addr_clear(struct mio_addr *addr)
{
    memset(addr, 0, offsetof(struct mio_addr, bytes) + MIO_IPV6_BYTES);
    mio__addr_clear_rest(addr);
}

/* Reads an IPv4 or IPv6 address; false, and nothing is written, for any other. */
static inline bool mio__sockaddr_read_ip(const union mio__ip_sockaddr *sockaddr, size_t size,
                                         struct mio_addr *addr)
{
    if (sockaddr->any.sa_family == AF_INET && size >= sizeof sockaddr->ipv4) {
        mio__addr_clear(addr);
        addr->kind = MIO_ADDR_IPV4;
        addr->length = MIO_IPV4_BYTES;
        addr->port = ntohs(sockaddr->ipv4.sin_port);
        memcpy(addr->bytes, &sockaddr->ipv4.sin_addr, MIO_IPV4_BYTES);
        return true;
    }
    if (sockaddr->any.sa_family == AF_INET6 && size >= sizeof sockaddr->ipv6) {
        addr->kind = MIO_ADDR_IPV6;
        addr->length = MIO_IPV6_BYTES;
        addr->port = ntohs(sockaddr->ipv6.sin6_port);
        addr->scope = sockaddr->ipv6.sin6_scope_id;
        addr->flow = sockaddr->ipv6.sin6_flowinfo;
        memcpy(addr->bytes, &sockaddr->ipv6.sin6_addr, MIO_IPV6_BYTES);
        mio__addr_clear_rest(addr);
        return true;
    }
    return false;
}

/* The same of a name; unnamed when it is nothing, or of a family without a mio_addr. */
void mio__sockaddr_read_name(const struct mio__sockaddr *sockaddr, struct mio_addr *addr);

/* What a system call filled in; unnamed when that is nothing, or of a family without a mio_addr. */
static inline void mio__sockaddr_read(const struct mio__sockaddr *sockaddr, struct mio_addr *addr)
{
    if (!mio__sockaddr_read_ip(&sockaddr->as.ip, sockaddr->size, addr))
        mio__sockaddr_read_name(sockaddr, addr);
}

#endif

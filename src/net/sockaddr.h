/* SPDX-License-Identifier: MIT */
/* An address as the system calls take it and give it. */
#ifndef MIO_SRC_NET_SOCKADDR_H
#define MIO_SRC_NET_SOCKADDR_H

#include <mio/addr.h>

#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>

struct mio__sockaddr {
    socklen_t size; /* of the member in use */
    union {
        struct sockaddr any;
        struct sockaddr_in ipv4;
        struct sockaddr_in6 ipv6;
        struct sockaddr_un local;
        struct sockaddr_storage storage;
    } as;
};

/* As mio_addr_to_sockaddr(), but returns 0. What lies beyond `size` stays undefined. */
int mio__sockaddr_write(struct mio__sockaddr *sockaddr, const struct mio_addr *addr);

/* Ready to be filled by a system call. */
static inline void mio__sockaddr_prepare(struct mio__sockaddr *sockaddr)
{
    sockaddr->size = sizeof sockaddr->as;
    sockaddr->as.any.sa_family = AF_UNSPEC;
}

/* What a system call filled in; unnamed when that is nothing, or of a family without a mio_addr. */
void mio__sockaddr_read(const struct mio__sockaddr *sockaddr, struct mio_addr *addr);

#endif

/* SPDX-License-Identifier: MIT */
#include "sockaddr.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>

enum {
    PATH_OFFSET = offsetof(struct sockaddr_un, sun_path),
    PATH_BYTES = sizeof(((struct sockaddr_un *)NULL)->sun_path)
};

#if MIO_PLATFORM == MIO_PLATFORM_LINUX
enum { HAVE_ABSTRACT = 1 };
#else
enum { HAVE_ABSTRACT = 0 };
#endif

_Static_assert(PATH_BYTES < MIO_ADDR_BYTES, "every name fits, with its closing 0");
_Static_assert(sizeof(((struct mio__sockaddr *)NULL)->as) <= MIO_SOCKADDR_SIZE,
               "MIO_SOCKADDR_SIZE suffices");

/* --- making addresses --- */

struct mio_addr mio_addr_ipv4(uint8_t a, uint8_t b, uint8_t c, uint8_t d, uint16_t port)
{
    return (struct mio_addr){
        .kind = MIO_ADDR_IPV4, .port = port, .length = MIO_IPV4_BYTES, .bytes = {a, b, c, d}};
}

struct mio_addr mio_addr_ipv6(const uint8_t *bytes, uint16_t port)
{
    struct mio_addr addr = {.kind = MIO_ADDR_IPV6, .port = port, .length = MIO_IPV6_BYTES};
    if (bytes)
        memcpy(addr.bytes, bytes, MIO_IPV6_BYTES);
    return addr;
}

static void set_name(struct mio_addr *addr, enum mio_addr_kind kind, const void *name,
                     size_t length)
{
    struct mio_addr made = {.kind = kind, .length = (uint16_t)length};
    if (length > 0)
        memcpy(made.bytes, name, length);
    *addr = made;
}

int mio_addr_unix(const char *path, size_t length, struct mio_addr *addr)
{
    if (!path || !addr || length == 0)
        return -EINVAL;
    if (length >= PATH_BYTES)
        return -ENAMETOOLONG;
    if (memchr(path, 0, length))
        return -EINVAL;
    set_name(addr, MIO_ADDR_UNIX, path, length);
    return 0;
}

int mio_addr_unix_abstract(const void *name, size_t length, struct mio_addr *addr)
{
    if (!name || !addr || length == 0)
        return -EINVAL;
    if (!HAVE_ABSTRACT)
        return -ENOTSUP;
    if (length >= PATH_BYTES)
        return -ENAMETOOLONG;
    set_name(addr, MIO_ADDR_UNIX_ABSTRACT, name, length);
    return 0;
}

/* --- looking at them --- */

uint16_t mio_addr_port(const struct mio_addr *addr)
{
    return addr ? addr->port : 0;
}

const char *mio_addr_path(const struct mio_addr *addr)
{
    return addr && addr->kind == MIO_ADDR_UNIX ? (const char *)addr->bytes : NULL;
}

static int order_of(uint32_t a, uint32_t b)
{
    return (a > b) - (a < b);
}

static int compare_bytes(const struct mio_addr *a, const struct mio_addr *b)
{
    int result = memcmp(a->bytes, b->bytes, a->length < b->length ? a->length : b->length);
    return result != 0 ? result : order_of(a->length, b->length);
}

int mio_addr_compare(const struct mio_addr *a, const struct mio_addr *b)
{
    if (!a || !b)
        return order_of(a != NULL, b != NULL);
    int result = order_of((uint32_t)a->kind, (uint32_t)b->kind);
    if (result == 0)
        result = compare_bytes(a, b);
    if (result == 0)
        result = order_of(a->port, b->port);
    if (result == 0)
        result = order_of(a->scope, b->scope);
    return result != 0 ? result : order_of(a->flow, b->flow);
}

bool mio_addr_equal(const struct mio_addr *a, const struct mio_addr *b)
{
    return mio_addr_compare(a, b) == 0;
}

/* --- to the system --- */

/* A name of Linux may be 108 bytes long, without a closing 0, when another program chose it. */
static int write_name(struct mio__sockaddr *sockaddr, const struct mio_addr *addr)
{
    bool abstract = addr->kind == MIO_ADDR_UNIX_ABSTRACT;
    if (abstract && !HAVE_ABSTRACT)
        return -ENOTSUP;
    size_t begin = abstract ? 1 : 0;
    if (begin + addr->length > PATH_BYTES)
        return -ENAMETOOLONG;
    if (!abstract && (addr->length == 0 || memchr(addr->bytes, 0, addr->length)))
        return -EINVAL;
    size_t end = begin + addr->length;
    if (!abstract && end < PATH_BYTES)
        end++;
    memset(&sockaddr->as.local, 0, PATH_OFFSET + end);
    sockaddr->as.local.sun_family = AF_UNIX;
    memcpy(sockaddr->as.local.sun_path + begin, addr->bytes, addr->length);
    sockaddr->size = (socklen_t)(PATH_OFFSET + end);
    return 0;
}

int mio__sockaddr_write_name(struct mio__sockaddr *sockaddr, const struct mio_addr *addr)
{
    if (addr->kind != MIO_ADDR_UNIX && addr->kind != MIO_ADDR_UNIX_ABSTRACT)
        return -EINVAL;
    int error = write_name(sockaddr, addr);
    if (error == 0)
        mio__sockaddr_set_length(&sockaddr->as.any, sockaddr->size);
    return error;
}

int mio_addr_to_sockaddr(const struct mio_addr *addr, void *sockaddr, size_t size)
{
    struct mio__sockaddr written;
    if (!sockaddr)
        return -EINVAL;
    int error = mio__sockaddr_write(&written, addr);
    if (error < 0)
        return error;
    if (written.size > size)
        return -ENOSPC;
    memcpy(sockaddr, &written.as, written.size);
    return (int)written.size;
}

/* --- from the system --- */

/*
 * The size tells a name's length on Linux, for an abstract name to the byte. Elsewhere it may
 * include zeros behind the name, and an unnamed socket's sockaddr may be all zeros.
 */
static void read_name(struct mio_addr *addr, const char *name, size_t length)
{
    if (length > PATH_BYTES)
        length = PATH_BYTES;
    if (HAVE_ABSTRACT && length > 0 && name[0] == 0) {
        set_name(addr, MIO_ADDR_UNIX_ABSTRACT, name + 1, length - 1);
        return;
    }
    const char *end = length > 0 ? memchr(name, 0, length) : NULL;
    if (end)
        length = (size_t)(end - name);
    set_name(addr, length > 0 ? MIO_ADDR_UNIX : MIO_ADDR_UNNAMED, name, length);
}

static int read_sockaddr(const struct mio__sockaddr *sockaddr, struct mio_addr *addr)
{
    size_t size = sockaddr->size;
    if (size < PATH_OFFSET)
        return -EINVAL;
    if (mio__sockaddr_read_ip(&sockaddr->as.ip, size, addr))
        return 0;
    switch (sockaddr->as.any.sa_family) {
    case AF_INET:
    case AF_INET6:
        return -EINVAL; /* too short */
    case AF_UNIX:
        read_name(addr, sockaddr->as.local.sun_path, size - PATH_OFFSET);
        return 0;
    default:
        return -EAFNOSUPPORT;
    }
}

int mio_addr_from_sockaddr(const void *sockaddr, size_t size, struct mio_addr *addr)
{
    if (!addr || (!sockaddr && size > 0))
        return -EINVAL;
    if (size == 0) {
        *addr = (struct mio_addr){.kind = MIO_ADDR_UNNAMED};
        return 0;
    }
    struct mio__sockaddr copy;
    if (size > sizeof copy.as)
        size = sizeof copy.as;
    copy.size = (socklen_t)size;
    memcpy(&copy.as, sockaddr, size);
    return read_sockaddr(&copy, addr);
}

void mio__sockaddr_read_name(const struct mio__sockaddr *sockaddr, struct mio_addr *addr)
{
    if (read_sockaddr(sockaddr, addr) < 0)
        *addr = (struct mio_addr){.kind = MIO_ADDR_UNNAMED};
}

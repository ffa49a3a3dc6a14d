/* SPDX-License-Identifier: MIT */
#if !defined(_GNU_SOURCE)
#define _GNU_SOURCE /* struct in_pktinfo, struct in6_pktinfo */
#endif
#if !defined(__APPLE_USE_RFC_3542)
#define __APPLE_USE_RFC_3542 1 /* IPV6_RECVPKTINFO */
#endif

#include "udp_control.h"

#include "../os/descriptor.h"
#include "sockaddr.h"

#include <netinet/udp.h>

enum { ECN_BITS = 3, ECN_KNOWN = MIO_ECN_NOT_ECT, MAPPED_AT = 12 };

/* In place of an option that the system lacks. */
static const int lacking = -1;

/* --- what the system has --- */

#if MIO_PLATFORM == MIO_PLATFORM_LINUX
/* Of <linux/udp.h>, which older C libraries do not have. */
enum { HAS_SEGMENTS = true, SEGMENT_OPTION = 103, GRO_OPTION = 104 };
#else
enum { HAS_SEGMENTS = false, SEGMENT_OPTION = -1, GRO_OPTION = -1 };
#endif

#if defined(IP_RECVTOS)
enum { RECV_TOS_OPTION = IP_RECVTOS };
#else
enum { RECV_TOS_OPTION = -1 };
#endif

#if MIO_PLATFORM == MIO_PLATFORM_NETBSD || MIO_PLATFORM == MIO_PLATFORM_OPENBSD || \
    MIO_PLATFORM == MIO_PLATFORM_DRAGONFLY
enum { SENDS_TOS = false };
#else
enum { SENDS_TOS = true };
#endif

#if MIO_PLATFORM == MIO_PLATFORM_FREEBSD
typedef unsigned char sent_tos;
#else
typedef int sent_tos;
#endif

/* --- IPv4's address of this machine --- */

#if defined(IP_PKTINFO)

#if defined(IP_RECVPKTINFO)
enum { RECV_LOCAL_OPTION = IP_RECVPKTINFO };
#else
enum { RECV_LOCAL_OPTION = IP_PKTINFO };
#endif
enum {
    RECV_LOCAL_CONTROL = IP_PKTINFO,
    SEND_LOCAL_CONTROL = IP_PKTINFO,
    SENDS_LOCAL_V4 = true,
    HAS_INTERFACE_V4 = true
};

typedef struct in_pktinfo local_v4;

static struct in_addr address_of(const local_v4 *local)
{
    return local->ipi_addr;
}

static uint32_t interface_of(const local_v4 *local)
{
    return (uint32_t)local->ipi_ifindex;
}

#if defined(__NetBSD__)
static local_v4 local_of(struct in_addr address)
{
    return (local_v4){.ipi_addr = address};
}
#else
static local_v4 local_of(struct in_addr address)
{
    return (local_v4){.ipi_spec_dst = address};
}
#endif

#else

#if defined(IP_RECVDSTADDR)
enum { RECV_LOCAL_OPTION = IP_RECVDSTADDR, RECV_LOCAL_CONTROL = IP_RECVDSTADDR };
#else
enum { RECV_LOCAL_OPTION = -1, RECV_LOCAL_CONTROL = -1 };
#endif
#if defined(IP_SENDSRCADDR)
enum { SEND_LOCAL_CONTROL = IP_SENDSRCADDR, SENDS_LOCAL_V4 = true };
#else
enum { SEND_LOCAL_CONTROL = -1, SENDS_LOCAL_V4 = false };
#endif
enum { HAS_INTERFACE_V4 = false };

typedef struct in_addr local_v4;

static struct in_addr address_of(const local_v4 *local)
{
    return *local;
}

static uint32_t interface_of(const local_v4 *local)
{
    (void)local;
    return 0;
}

static local_v4 local_of(struct in_addr address)
{
    return address;
}

#endif

/* --- asking --- */

static bool set_option(mio_fd fd, int level, int name, bool on)
{
    int saved = errno;
    int value = on;
    bool done = name != lacking && setsockopt(fd, level, name, &value, sizeof value) == 0;
    errno = saved;
    return done && on;
}

static bool has_segments(mio_fd fd)
{
    int saved = errno;
    int value = 0;
    socklen_t size = sizeof value;
    bool has = HAS_SEGMENTS && getsockopt(fd, IPPROTO_UDP, SEGMENT_OPTION, &value, &size) == 0;
    errno = saved;
    return has;
}

static uint32_t ask_v4(mio_fd fd, uint32_t wanted)
{
    const uint32_t where = wanted & (MIO_UDP_RECV_LOCAL | MIO_UDP_RECV_INTERFACE);
    uint32_t can = SENDS_TOS ? MIO_UDP_SEND_ECN : 0;
    if (SENDS_LOCAL_V4)
        can |= MIO_UDP_SEND_LOCAL;
    if (set_option(fd, IPPROTO_IP, RECV_TOS_OPTION, (wanted & MIO_UDP_RECV_ECN) != 0))
        can |= MIO_UDP_RECV_ECN;
    if (set_option(fd, IPPROTO_IP, RECV_LOCAL_OPTION, where != 0))
        can |= HAS_INTERFACE_V4 ? where : where & MIO_UDP_RECV_LOCAL;
    return can;
}

/* What comes by IPv4 is told as IPv6 has it, but for its ECN on Linux. */
static uint32_t ask_v6(mio_fd fd, uint32_t wanted)
{
    const uint32_t where = wanted & (MIO_UDP_RECV_LOCAL | MIO_UDP_RECV_INTERFACE);
    const bool ecn = (wanted & MIO_UDP_RECV_ECN) != 0;
    uint32_t can = MIO_UDP_SEND_LOCAL | MIO_UDP_SEND_ECN;
    if (set_option(fd, IPPROTO_IPV6, IPV6_RECVTCLASS, ecn))
        can |= MIO_UDP_RECV_ECN;
    (void)set_option(fd, IPPROTO_IP, RECV_TOS_OPTION, ecn);
    if (set_option(fd, IPPROTO_IPV6, IPV6_RECVPKTINFO, where != 0))
        can |= where;
    return can;
}

uint32_t mio__udp_ask(mio_fd fd, int family, uint32_t wanted)
{
    uint32_t can = family == AF_INET ? ask_v4(fd, wanted) : ask_v6(fd, wanted);
    if ((wanted & MIO_UDP_SEND_SEGMENTS) != 0 && has_segments(fd))
        can |= MIO_UDP_SEND_SEGMENTS;
    if (set_option(fd, IPPROTO_UDP, GRO_OPTION, (wanted & MIO_UDP_RECV_SEGMENTS) != 0))
        can |= MIO_UDP_RECV_SEGMENTS;
    return can;
}

/* --- sending --- */

static bool is_mapped(const struct mio_addr *addr)
{
    static const uint8_t prefix[MAPPED_AT] = {[10] = 0xff, [11] = 0xff};
    return addr->kind == MIO_ADDR_IPV6 && memcmp(addr->bytes, prefix, sizeof prefix) == 0;
}

static bool is_v4(const struct mio_addr *addr)
{
    return addr->kind == MIO_ADDR_IPV4 || is_mapped(addr);
}

/* Whether a datagram goes by IPv4, IPv6, or either. */
enum way { BY_IPV4, BY_IPV6, BY_EITHER };

static enum way way_of(const struct mio_udp_batching *batching, const struct mio_datagram *datagram)
{
    const struct mio_addr *addr =
        datagram->peer.kind != MIO_ADDR_UNNAMED ? &datagram->peer : &datagram->local;
    if (batching->family == AF_INET || is_v4(addr))
        return BY_IPV4;
    return addr->kind == MIO_ADDR_IPV6 ? BY_IPV6 : BY_EITHER;
}

int mio__udp_control_check(const struct mio_udp_batching *batching,
                           const struct mio_datagram *datagram)
{
    const struct mio_addr *local = &datagram->local;
    enum way way = way_of(batching, datagram);
    if (datagram->ecn != MIO_ECN_UNKNOWN) {
        if ((datagram->ecn & ~ECN_BITS) != ECN_KNOWN)
            return -EINVAL;
        if (way == BY_IPV4 && !SENDS_TOS)
            return -ENOTSUP;
    }
    if (local->kind == MIO_ADDR_UNNAMED)
        return 0;
    if (local->kind != MIO_ADDR_IPV4 && local->kind != MIO_ADDR_IPV6)
        return -EAFNOSUPPORT;
    if (is_v4(local) != (way == BY_IPV4))
        return -EINVAL;
    return way == BY_IPV4 && !SENDS_LOCAL_V4 ? -ENOTSUP : 0;
}

/* One more behind the `used` bytes; returns how many are used then. Zeros fill what lies between:
 * some C libraries have padding there that the kernel reads. */
static size_t put(struct mio__udp_control *control, size_t used, int level, int type,
                  const void *payload, size_t size)
{
    struct cmsghdr *header = (struct cmsghdr *)(void *)(control->bytes + used);
    memset(header, 0, CMSG_SPACE(size));
    header->cmsg_level = level;
    header->cmsg_type = type;
    header->cmsg_len = (__typeof__(header->cmsg_len))CMSG_LEN(size);
    memcpy(CMSG_DATA(header), payload, size);
    return used + CMSG_SPACE(size);
}

static size_t put_ecn(struct mio__udp_control *control, size_t used, enum way way, uint8_t ecn)
{
    const sent_tos tos = ecn & ECN_BITS;
    const int class = ecn & ECN_BITS;
    if (way != BY_IPV6 && SENDS_TOS)
        used = put(control, used, IPPROTO_IP, IP_TOS, &tos, sizeof tos);
    if (way != BY_IPV4)
        used = put(control, used, IPPROTO_IPV6, IPV6_TCLASS, &class, sizeof class);
    return used;
}

static size_t put_local(struct mio__udp_control *control, size_t used, enum way way,
                        const struct mio_addr *local)
{
    if (way == BY_IPV4) {
        struct in_addr address;
        memcpy(&address, local->bytes + (local->kind == MIO_ADDR_IPV4 ? 0 : MAPPED_AT),
               sizeof address);
        const local_v4 info = local_of(address);
        return put(control, used, IPPROTO_IP, SEND_LOCAL_CONTROL, &info, sizeof info);
    }
    struct in6_pktinfo info = {.ipi6_ifindex = local->scope};
    memcpy(&info.ipi6_addr, local->bytes, sizeof info.ipi6_addr);
    return put(control, used, IPPROTO_IPV6, IPV6_PKTINFO, &info, sizeof info);
}

/* FreeBSD refuses the address that a socket is bound to as one to send from. */
static bool is_bound_to(const struct mio_udp_batching *batching, const struct mio_addr *local)
{
    return memcmp(batching->bound, local->bytes, sizeof batching->bound) == 0;
}

size_t mio__udp_control_write(struct mio__udp_control *control,
                              const struct mio_udp_batching *batching,
                              const struct mio_datagram *datagram, size_t segment)
{
    size_t used = 0;
    if (datagram->ecn != MIO_ECN_UNKNOWN)
        used = put_ecn(control, used, way_of(batching, datagram), datagram->ecn);
    if (datagram->local.kind != MIO_ADDR_UNNAMED && !is_bound_to(batching, &datagram->local))
        used = put_local(control, used, way_of(batching, datagram), &datagram->local);
    if (segment != 0) {
        const uint16_t bytes = (uint16_t)segment;
        used = put(control, used, IPPROTO_UDP, SEGMENT_OPTION, &bytes, sizeof bytes);
    }
    return used;
}

/* --- receiving --- */

static void set_local(struct mio_datagram *datagram, enum mio_addr_kind kind, const void *bytes,
                      size_t size)
{
    datagram->local.kind = kind;
    datagram->local.length = (uint16_t)size;
    memcpy(datagram->local.bytes, bytes, size);
}

static void read_local_v4(struct mio_datagram *datagram, const unsigned char *payload, size_t size)
{
    local_v4 info;
    if (size < sizeof info)
        return;
    memcpy(&info, payload, sizeof info);
    const struct in_addr address = address_of(&info);
    set_local(datagram, MIO_ADDR_IPV4, &address, sizeof address);
    datagram->interface_index = interface_of(&info);
}

/* The interface is a part of a link-local address: it could not be sent from without. */
static void read_local_v6(struct mio_datagram *datagram, const unsigned char *payload, size_t size)
{
    struct in6_pktinfo info;
    if (size < sizeof info)
        return;
    memcpy(&info, payload, sizeof info);
    set_local(datagram, MIO_ADDR_IPV6, &info.ipi6_addr, sizeof info.ipi6_addr);
    datagram->interface_index = (uint32_t)info.ipi6_ifindex;
    if (IN6_IS_ADDR_LINKLOCAL(&info.ipi6_addr))
        datagram->local.scope = datagram->interface_index;
}

/* It is a byte, or an int, whatever the manual says. */
static void read_ecn(struct mio_datagram *datagram, const unsigned char *payload, size_t size)
{
    int value = 0;
    if (size >= sizeof value)
        memcpy(&value, payload, sizeof value);
    else if (size == 1)
        value = payload[0];
    else
        return;
    datagram->ecn = (uint8_t)(ECN_KNOWN | (value & ECN_BITS));
}

static void read_segment_size(struct mio_datagram *datagram, const unsigned char *payload,
                              size_t size)
{
    int value = 0;
    if (size >= sizeof value)
        memcpy(&value, payload, sizeof value);
    if (value > 0 && (size_t)value < datagram->size)
        datagram->segment_size = (size_t)value;
}

static void read_one(struct mio_datagram *datagram, const struct cmsghdr *header,
                     const unsigned char *payload, size_t size)
{
    int type = header->cmsg_type;
    if (header->cmsg_level == IPPROTO_IP) {
        if (type == IP_TOS || type == RECV_TOS_OPTION)
            read_ecn(datagram, payload, size);
        else if (type == RECV_LOCAL_CONTROL)
            read_local_v4(datagram, payload, size);
    } else if (header->cmsg_level == IPPROTO_IPV6) {
        if (type == IPV6_TCLASS)
            read_ecn(datagram, payload, size);
        else if (type == IPV6_PKTINFO)
            read_local_v6(datagram, payload, size);
    } else if (header->cmsg_level == IPPROTO_UDP && type == GRO_OPTION) {
        read_segment_size(datagram, payload, size);
    }
}

void mio__udp_control_read(const struct msghdr *header, struct mio_datagram *datagram)
{
    const unsigned char *bytes = header->msg_control;
    size_t left = header->msg_controllen;
    while (left >= CMSG_LEN(0)) {
        const struct cmsghdr *one = (const struct cmsghdr *)(const void *)bytes;
        size_t length = one->cmsg_len;
        if (length < CMSG_LEN(0) || length > left)
            return;
        read_one(datagram, one, bytes + CMSG_LEN(0), length - CMSG_LEN(0));
        size_t whole = CMSG_SPACE(length - CMSG_LEN(0));
        if (whole >= left)
            return;
        bytes += whole;
        left -= whole;
    }
}

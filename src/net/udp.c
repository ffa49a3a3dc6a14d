/* SPDX-License-Identifier: MIT */
#if !defined(_GNU_SOURCE)
#define _GNU_SOURCE /* struct ip_mreq */
#endif

#include "../os/descriptor.h"
#include "socket.h"

#include <mio/udp.h>

#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>

/* A source is the first member: a NULL socket becomes a NULL source. */
static inline struct mio_source *udp_source(const struct mio_udp_socket *socket)
{
    return (struct mio_source *)(uintptr_t)socket;
}

int mio_udp_socket_bind(const struct mio_addr *addr, const struct mio_socket_options *options,
                        struct mio_udp_socket *socket)
{
    return mio__socket_bind(MIO_KIND_UDP, addr, options, udp_source(socket));
}

int mio_udp_socket_set_peer_addr(struct mio_udp_socket *socket, const struct mio_addr *addr)
{
    return mio__socket_set_peer_addr(MIO_KIND_UDP, udp_source(socket), addr);
}

ptrdiff_t mio_udp_socket_send(struct mio_udp_socket *socket, const void *buffer, size_t size)
{
    return mio__socket_send(udp_source(socket), buffer, size);
}

ptrdiff_t mio_udp_socket_send_to(struct mio_udp_socket *socket, const void *buffer, size_t size,
                                 const struct mio_addr *addr)
{
    return mio__socket_send_to(MIO_KIND_UDP, udp_source(socket), buffer, size, addr);
}

ptrdiff_t mio_udp_socket_recv(struct mio_udp_socket *socket, void *buffer, size_t size)
{
    return mio__socket_recv(udp_source(socket), buffer, size);
}

ptrdiff_t mio_udp_socket_recv_from(struct mio_udp_socket *socket, void *buffer, size_t size,
                                   struct mio_addr *from)
{
    return mio__socket_recv_from(udp_source(socket), buffer, size, from);
}

ptrdiff_t mio_udp_socket_peek(struct mio_udp_socket *socket, void *buffer, size_t size)
{
    return mio__socket_peek(udp_source(socket), buffer, size);
}

ptrdiff_t mio_udp_socket_peek_from(struct mio_udp_socket *socket, void *buffer, size_t size,
                                   struct mio_addr *from)
{
    return mio__socket_peek_from(udp_source(socket), buffer, size, from);
}

int mio_udp_socket_set_broadcast_allowed(struct mio_udp_socket *socket, bool allowed)
{
    return mio__socket_set_int(udp_source(socket), SOL_SOCKET, SO_BROADCAST, allowed);
}

int mio_udp_socket_broadcast_allowed(const struct mio_udp_socket *socket, bool *allowed)
{
    return mio__socket_get_bool(udp_source(socket), SOL_SOCKET, SO_BROADCAST, allowed);
}

int mio_udp_socket_set_ttl(struct mio_udp_socket *socket, uint32_t ttl)
{
    return mio__socket_set_ttl(udp_source(socket), ttl);
}

int mio_udp_socket_ttl(const struct mio_udp_socket *socket, uint32_t *ttl)
{
    return mio__socket_ttl(udp_source(socket), ttl);
}

int mio_udp_socket_v6_only(const struct mio_udp_socket *socket, bool *v6_only)
{
    return mio__socket_get_bool(udp_source(socket), IPPROTO_IPV6, IPV6_V6ONLY, v6_only);
}

/* --- multicast --- */

static int change_group_v4(struct mio_udp_socket *socket, int name, const struct mio_addr *group,
                           const struct mio_addr *interface_addr)
{
    if (!socket || !group || group->kind != MIO_ADDR_IPV4)
        return -EINVAL;
    if (interface_addr && interface_addr->kind != MIO_ADDR_IPV4)
        return -EINVAL;
    struct ip_mreq request = {.imr_interface.s_addr = htonl(INADDR_ANY)};
    memcpy(&request.imr_multiaddr, group->bytes, sizeof request.imr_multiaddr);
    if (interface_addr)
        memcpy(&request.imr_interface, interface_addr->bytes, sizeof request.imr_interface);
    int saved = errno;
    int result = setsockopt(socket->source.fd, IPPROTO_IP, name, &request, sizeof request);
    return result < 0 ? mio__failed(saved) : 0;
}

static int change_group_v6(struct mio_udp_socket *socket, int name, const struct mio_addr *group,
                           uint32_t interface_index)
{
    if (!socket || !group || group->kind != MIO_ADDR_IPV6)
        return -EINVAL;
    struct ipv6_mreq request;
    memset(&request, 0, sizeof request);
    memcpy(&request.ipv6mr_multiaddr, group->bytes, sizeof request.ipv6mr_multiaddr);
    /* An int on Android, unsigned elsewhere. */
    request.ipv6mr_interface = (__typeof__(request.ipv6mr_interface))interface_index;
    int saved = errno;
    int result = setsockopt(socket->source.fd, IPPROTO_IPV6, name, &request, sizeof request);
    return result < 0 ? mio__failed(saved) : 0;
}

int mio_udp_socket_join_multicast_v4(struct mio_udp_socket *socket, const struct mio_addr *group,
                                     const struct mio_addr *interface_addr)
{
    return change_group_v4(socket, IP_ADD_MEMBERSHIP, group, interface_addr);
}

int mio_udp_socket_leave_multicast_v4(struct mio_udp_socket *socket, const struct mio_addr *group,
                                      const struct mio_addr *interface_addr)
{
    return change_group_v4(socket, IP_DROP_MEMBERSHIP, group, interface_addr);
}

int mio_udp_socket_join_multicast_v6(struct mio_udp_socket *socket, const struct mio_addr *group,
                                     uint32_t interface_index)
{
    return change_group_v6(socket, IPV6_JOIN_GROUP, group, interface_index);
}

int mio_udp_socket_leave_multicast_v6(struct mio_udp_socket *socket, const struct mio_addr *group,
                                      uint32_t interface_index)
{
    return change_group_v6(socket, IPV6_LEAVE_GROUP, group, interface_index);
}

/* IPv4's two multicast options are the one byte that BSD made them; Linux, Apple and most others
 * take an int too, OpenBSD nothing else. */
static int set_byte(struct mio_udp_socket *socket, int name, uint32_t value)
{
    if (!socket || value > UINT8_MAX)
        return -EINVAL;
    unsigned char byte = (unsigned char)value;
    int saved = errno;
    int result = setsockopt(socket->source.fd, IPPROTO_IP, name, &byte, sizeof byte);
    return result < 0 ? mio__failed(saved) : 0;
}

static int get_byte(const struct mio_udp_socket *socket, int name, uint32_t *value)
{
    if (!socket || !value)
        return -EINVAL;
    unsigned char byte = 0;
    socklen_t size = sizeof byte;
    int saved = errno;
    int result = getsockopt(socket->source.fd, IPPROTO_IP, name, &byte, &size);
    if (result < 0)
        return mio__failed(saved);
    *value = byte;
    return 0;
}

int mio_udp_socket_set_multicast_loop_v4(struct mio_udp_socket *socket, bool loop)
{
    return set_byte(socket, IP_MULTICAST_LOOP, loop);
}

int mio_udp_socket_multicast_loop_v4(const struct mio_udp_socket *socket, bool *loop)
{
    uint32_t byte = 0;
    int error = get_byte(socket, IP_MULTICAST_LOOP, loop ? &byte : NULL);
    if (error == 0)
        *loop = byte != 0;
    return error;
}

int mio_udp_socket_set_multicast_ttl_v4(struct mio_udp_socket *socket, uint32_t ttl)
{
    return set_byte(socket, IP_MULTICAST_TTL, ttl);
}

int mio_udp_socket_multicast_ttl_v4(const struct mio_udp_socket *socket, uint32_t *ttl)
{
    return get_byte(socket, IP_MULTICAST_TTL, ttl);
}

int mio_udp_socket_set_multicast_loop_v6(struct mio_udp_socket *socket, bool loop)
{
    return mio__socket_set_int(udp_source(socket), IPPROTO_IPV6, IPV6_MULTICAST_LOOP, loop);
}

int mio_udp_socket_multicast_loop_v6(const struct mio_udp_socket *socket, bool *loop)
{
    return mio__socket_get_bool(udp_source(socket), IPPROTO_IPV6, IPV6_MULTICAST_LOOP, loop);
}

int mio_udp_socket_from_fd(mio_fd fd, struct mio_udp_socket *socket)
{
    return mio__socket_from_fd(MIO_KIND_UDP, fd, udp_source(socket));
}

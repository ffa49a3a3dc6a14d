/* SPDX-License-Identifier: MIT */
/*
 * What a socket answers, in one expression: the value, or -errno. An error that touched the place
 * for the answer is told as WRITTEN.
 */
#ifndef NET_ASKED_H
#define NET_ASKED_H

#include <mio/net.h>

enum { WRITTEN = -9999, PATTERN = 0x5a5a };

static inline int asked_number(int error, uint32_t value)
{
    if (error < 0)
        return value == PATTERN ? error : WRITTEN;
    return (int)value;
}

static inline int asked_bool(int error, bool value)
{
    return error < 0 ? error : value;
}

static inline int asked_tcp_listener_ttl(const struct mio_tcp_listener *socket)
{
    uint32_t value = PATTERN;
    int error = mio_tcp_listener_ttl(socket, &value);
    return asked_number(error, value);
}

static inline int asked_tcp_stream_ttl(const struct mio_tcp_stream *socket)
{
    uint32_t value = PATTERN;
    int error = mio_tcp_stream_ttl(socket, &value);
    return asked_number(error, value);
}

static inline int asked_tcp_stream_no_delay(const struct mio_tcp_stream *socket)
{
    bool value = false;
    int error = mio_tcp_stream_no_delay(socket, &value);
    return asked_bool(error, value);
}

static inline int asked_udp_socket_ttl(const struct mio_udp_socket *socket)
{
    uint32_t value = PATTERN;
    int error = mio_udp_socket_ttl(socket, &value);
    return asked_number(error, value);
}

static inline int asked_udp_socket_broadcast_allowed(const struct mio_udp_socket *socket)
{
    bool value = false;
    int error = mio_udp_socket_broadcast_allowed(socket, &value);
    return asked_bool(error, value);
}

static inline int asked_udp_socket_v6_only(const struct mio_udp_socket *socket)
{
    bool value = false;
    int error = mio_udp_socket_v6_only(socket, &value);
    return asked_bool(error, value);
}

static inline int asked_udp_socket_multicast_loop_v4(const struct mio_udp_socket *socket)
{
    bool value = false;
    int error = mio_udp_socket_multicast_loop_v4(socket, &value);
    return asked_bool(error, value);
}

static inline int asked_udp_socket_multicast_loop_v6(const struct mio_udp_socket *socket)
{
    bool value = false;
    int error = mio_udp_socket_multicast_loop_v6(socket, &value);
    return asked_bool(error, value);
}

static inline int asked_udp_socket_multicast_ttl_v4(const struct mio_udp_socket *socket)
{
    uint32_t value = PATTERN;
    int error = mio_udp_socket_multicast_ttl_v4(socket, &value);
    return asked_number(error, value);
}

#endif

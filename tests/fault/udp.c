/* SPDX-License-Identifier: MIT */
/* The life of a UDP socket: bound, used, connected, asked, closed. */
#define _GNU_SOURCE

#include "typed.h"

struct datagrams {
    struct loop loop;
    struct mio_udp_socket socket;
    struct mio_udp_socket peer;
};

static void exchange(struct datagrams *udp)
{
    struct loop *loop = &udp->loop;
    struct mio_addr name;
    struct mio_addr from;
    char bytes[16];
    STEP(0, mio_source_local_addr(&udp->socket.source, &name));
    STEP(0, mio_source_register(&udp->socket.source, loop->registry, SERVER, MIO_READABLE));
    STEP(5, mio_udp_socket_send_to(&udp->peer, "hello", 5, &name));
    await(loop, SERVER, MIO_READABLE);
    STEP(5, mio_udp_socket_peek_from(&udp->socket, bytes, sizeof bytes, &from));
    STEP(5, mio_udp_socket_recv_from(&udp->socket, bytes, sizeof bytes, &from));
    STEP(-EAGAIN, mio_udp_socket_recv_from(&udp->socket, bytes, sizeof bytes, &from));
    STEP(0, mio_udp_socket_set_peer_addr(&udp->socket, &from));
    STEP(0, mio_source_peer_addr(&udp->socket.source, &from));
    STEP(0, mio_udp_socket_set_peer_addr(&udp->peer, &name));
    STEP(5, mio_udp_socket_send(&udp->peer, "hello", 5));
    await(loop, SERVER, MIO_READABLE);
    STEP(5, mio_udp_socket_peek(&udp->socket, bytes, sizeof bytes));
    STEP(5, mio_udp_socket_recv(&udp->socket, bytes, sizeof bytes));
    STEP(-EAGAIN, mio_udp_socket_recv(&udp->socket, bytes, sizeof bytes));
}

static void udp_ask_and_set(struct datagrams *udp)
{
    STEP(0, mio_udp_socket_set_broadcast_allowed(&udp->socket, true));
    STEP(1, asked_udp_socket_broadcast_allowed(&udp->socket));
    STEP(0, mio_udp_socket_set_ttl(&udp->socket, TTL));
    STEP(TTL, asked_udp_socket_ttl(&udp->socket));
    STEP(0, mio_source_take_error(&udp->socket.source));
}

static void multicast_v4(struct datagrams *udp)
{
    struct mio_addr group = mio_addr_ipv4(239, 1, 2, 3, 0);
    struct mio_addr here = mio_addr_ipv4(127, 0, 0, 1, 0);
    STEP(0, mio_udp_socket_set_multicast_loop_v4(&udp->socket, false));
    STEP(0, asked_udp_socket_multicast_loop_v4(&udp->socket));
    STEP(0, mio_udp_socket_set_multicast_ttl_v4(&udp->socket, TTL));
    STEP(TTL, asked_udp_socket_multicast_ttl_v4(&udp->socket));
    STEP(0, mio_udp_socket_join_multicast_v4(&udp->socket, &group, &here));
    STEP(0, mio_udp_socket_leave_multicast_v4(&udp->socket, &group, &here));
}

static void multicast_v6(struct datagrams *udp)
{
    static const uint8_t all[16] = {0xff, 0x01, [15] = 0x77};
    struct mio_addr group = mio_addr_ipv6(all, 0);
    STEP(0, mio_udp_socket_set_multicast_loop_v6(&udp->socket, false));
    STEP(0, asked_udp_socket_multicast_loop_v6(&udp->socket));
    STEP(1, asked_udp_socket_v6_only(&udp->socket));
    STEP(0, mio_udp_socket_join_multicast_v6(&udp->socket, &group, 1));
    STEP(0, mio_udp_socket_leave_multicast_v6(&udp->socket, &group, 1));
}

static void udp_between(struct mio_addr addr, struct mio_socket_options options)
{
    struct datagrams udp = {.loop = loop_open(0, 16)};
    MAKE(&udp.socket, mio_udp_socket_bind(&addr, &options, &udp.socket));
    MAKE(&udp.peer, mio_udp_socket_bind(&addr, NULL, &udp.peer));
    HOLDS(is_prepared(udp.socket.source.fd));
    exchange(&udp);
    udp_ask_and_set(&udp);
    if (addr.kind == MIO_ADDR_IPV4)
        multicast_v4(&udp);
    else
        multicast_v6(&udp);
    STEP(0, mio_source_deregister(&udp.socket.source));
    GIVE_AND_TAKE(udp_socket, &udp.socket);
    CLOSE(&udp.socket);
    CLOSE(&udp.peer);
    loop_close(&udp.loop);
}

static void udp_scenario(void)
{
    udp_between(mio_addr_ipv4(127, 0, 0, 1, 0), (struct mio_socket_options){
                                                    .send_buffer = BUFFER,
                                                    .receive_buffer = BUFFER,
                                                    .reuse_addr = true,
                                                    .reuse_port = true,
                                                });
}

TEST(udp)
{
    sweep("udp", udp_scenario, IN_PROCESS);
}

static void udp_v6_scenario(void)
{
    udp_between(loopback_v6(), (struct mio_socket_options){.v6_only = MIO_V6_ONLY_YES});
}

TEST(udp_v6)
{
    if (!has_ipv6())
        SKIP("no IPv6 here");
    sweep("udp_v6", udp_v6_scenario, IN_PROCESS);
}

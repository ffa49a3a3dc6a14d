/* SPDX-License-Identifier: MIT */
/* Addresses that a socket cannot have are refused before anything is made, and alike everywhere. */
#define _GNU_SOURCE

#include "support.h"

#include <errno.h>
#include <string.h>

static struct mio_udp_socket udp_taker;
static struct mio_unix_datagram datagram_taker;

/* Every function that takes an address, with that one. */
static int tcp_bind(const struct mio_addr *addr)
{
    struct mio_tcp_listener made;
    return mio_tcp_listener_bind(addr, NULL, &made);
}

static int tcp_connects(const struct mio_addr *addr)
{
    struct mio_tcp_stream made;
    return mio_tcp_stream_connect(addr, NULL, &made);
}

static int udp_bind(const struct mio_addr *addr)
{
    struct mio_udp_socket made;
    return mio_udp_socket_bind(addr, NULL, &made);
}

static int udp_connect(const struct mio_addr *addr)
{
    return mio_udp_socket_set_peer_addr(&udp_taker, addr);
}

static int udp_send_to(const struct mio_addr *addr)
{
    return (int)mio_udp_socket_send_to(&udp_taker, "a", 1, addr);
}

static int unix_bind(const struct mio_addr *addr)
{
    struct mio_unix_listener made;
    return mio_unix_listener_bind(addr, NULL, &made);
}

static int unix_connect(const struct mio_addr *addr)
{
    struct mio_unix_stream made;
    return mio_unix_stream_connect(addr, NULL, &made);
}

static int datagram_bind(const struct mio_addr *addr)
{
    struct mio_unix_datagram made;
    return mio_unix_datagram_bind(addr, NULL, &made);
}

static int datagram_connect(const struct mio_addr *addr)
{
    return mio_unix_datagram_set_peer_addr(&datagram_taker, addr);
}

static int datagram_send_to(const struct mio_addr *addr)
{
    return (int)mio_unix_datagram_send_to(&datagram_taker, "a", 1, addr);
}

static int (*const of_ip[])(const struct mio_addr *) = {tcp_bind, tcp_connects, udp_bind,
                                                        udp_connect, udp_send_to};
static int (*const of_unix[])(const struct mio_addr *) = {unix_bind, unix_connect, datagram_bind,
                                                          datagram_connect, datagram_send_to};

enum { TAKERS = sizeof of_ip / sizeof of_ip[0] };

static void check_all(const struct mio_addr *addr, int wanted_of_ip, int wanted_of_unix)
{
    int before = test_open_descriptors();
    errno = ELOOP;
    for (int i = 0; i < TAKERS; i++) {
        if (wanted_of_ip != 0)
            CHECK_EQ(of_ip[i](addr), wanted_of_ip);
        if (wanted_of_unix != 0)
            CHECK_EQ(of_unix[i](addr), wanted_of_unix);
    }
    CHECK_EQ(errno, ELOOP);
    CHECK_EQ(test_open_descriptors(), before);
}

TEST(net_addresses_that_cannot_be)
{
    struct mio_addr addr = loopback_v4();
    struct mio_addr v4 = mio_addr_ipv4(127, 0, 0, 1, 9);
    struct mio_addr v6 = mio_addr_ipv6(NULL, 9);
    struct mio_addr path = temporary_path();
    struct mio_addr unnamed = {.kind = MIO_ADDR_UNNAMED};
    struct mio_addr unknown = {.kind = (enum mio_addr_kind)99};
    REQUIRE_EQ(mio_udp_socket_bind(&addr, NULL, &udp_taker), 0);
    REQUIRE_EQ(mio_unix_datagram_open(NULL, &datagram_taker), 0);
    check_all(&path, -EAFNOSUPPORT, 0);
    check_all(&v4, 0, -EAFNOSUPPORT);
    check_all(&v6, 0, -EAFNOSUPPORT);
    check_all(&unnamed, -EINVAL, -EINVAL);
    check_all(&unknown, -EINVAL, -EINVAL);
    check_all(null(), -EINVAL, -EINVAL);
    CHECK_EQ(mio_source_close(&udp_taker.source), 0);
    CHECK_EQ(mio_source_close(&datagram_taker.source), 0);
}

/* A name made by hand, which no constructor would have made. */
TEST(net_addresses_made_wrongly)
{
    struct mio_addr with_0 = temporary_path();
    struct mio_addr empty = with_0;
    struct mio_addr endless = with_0;
    with_0.bytes[3] = 0;
    empty.length = 0;
    endless.length = MIO_ADDR_BYTES;
    REQUIRE_EQ(mio_unix_datagram_open(NULL, &datagram_taker), 0);
    check_all(&with_0, 0, -EINVAL);
    check_all(&empty, 0, -EINVAL);
    check_all(&endless, 0, -ENAMETOOLONG);
    CHECK_EQ(mio_source_close(&datagram_taker.source), 0);
}

/* The other version of IP: the kernel's word, and never a success. */
TEST(net_addresses_of_the_other_ip_version)
{
    struct mio_addr v6 = loopback_v6();
    struct mio_addr addr = loopback_v4();
    struct mio_addr got;
    v6.port = 9;
    REQUIRE_EQ(mio_udp_socket_bind(&addr, NULL, &udp_taker), 0);
    CHECK(mio_udp_socket_set_peer_addr(&udp_taker, &v6) < 0);
    CHECK(mio_udp_socket_send_to(&udp_taker, "a", 1, &v6) < 0);
    CHECK_EQ(mio_source_peer_addr(&udp_taker.source, &got), -ENOTCONN);
    CHECK_EQ(mio_source_close(&udp_taker.source), 0);
}

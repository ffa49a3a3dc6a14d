/* SPDX-License-Identifier: MIT */
/* What UDP sockets can be asked and told, and multicast. */
#define _GNU_SOURCE

#include "support.h"

#include <errno.h>
#include <net/if.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>

static struct mio_udp_socket udp_open_at(struct mio_addr addr)
{
    struct mio_udp_socket made;
    REQUIRE_EQ(mio_udp_socket_bind(&addr, NULL, &made), 0);
    return made;
}

/* --- options that are on or off, or a number --- */

TEST(net_udp_ttl)
{
    struct mio_udp_socket udp = udp_open_at(loopback_v4());
    int usual = asked_udp_socket_ttl(&udp);
    CHECK(usual > 0 && usual <= 255);
    CHECK_EQ(mio_udp_socket_set_ttl(&udp, 10), 0);
    CHECK_EQ(asked_udp_socket_ttl(&udp), 10);
    CHECK_EQ(mio_udp_socket_set_ttl(&udp, 256), -EINVAL);
    CHECK_EQ(mio_udp_socket_set_ttl(&udp, UINT32_MAX), -EINVAL);
    CHECK_EQ(asked_udp_socket_ttl(&udp), 10);
    CHECK_EQ(mio_source_close(&udp.source), 0);
    CHECK_EQ(asked_udp_socket_ttl(&udp), -EBADF);
}

TEST(net_udp_ttl_of_ipv6)
{
    struct mio_udp_socket udp = udp_open_at(loopback_v6());
    CHECK(asked_udp_socket_ttl(&udp) > 0);
    CHECK_EQ(mio_udp_socket_set_ttl(&udp, 10), 0);
    CHECK_EQ(asked_udp_socket_ttl(&udp), 10);
    CHECK_EQ(option_of(udp.source.fd, IPPROTO_IPV6, IPV6_UNICAST_HOPS), 10);
    CHECK_EQ(mio_source_close(&udp.source), 0);
}

TEST(net_udp_broadcast)
{
    struct mio_udp_socket udp = udp_open_at(mio_addr_ipv4(0, 0, 0, 0, 0));
    CHECK_EQ(asked_udp_socket_broadcast_allowed(&udp), 0);
    CHECK_EQ(mio_udp_socket_set_broadcast_allowed(&udp, true), 0);
    CHECK_EQ(asked_udp_socket_broadcast_allowed(&udp), 1);
    CHECK_EQ(mio_udp_socket_set_broadcast_allowed(&udp, false), 0);
    CHECK_EQ(asked_udp_socket_broadcast_allowed(&udp), 0);
    CHECK_EQ(mio_source_close(&udp.source), 0);
}

TEST(net_udp_multicast_loop_v4)
{
    struct mio_udp_socket udp = udp_open_at(loopback_v4());
    CHECK_EQ(asked_udp_socket_multicast_loop_v4(&udp), 1);
    CHECK_EQ(mio_udp_socket_set_multicast_loop_v4(&udp, false), 0);
    CHECK_EQ(asked_udp_socket_multicast_loop_v4(&udp), 0);
    CHECK_EQ(mio_udp_socket_set_multicast_loop_v4(&udp, true), 0);
    CHECK_EQ(asked_udp_socket_multicast_loop_v4(&udp), 1);
    CHECK_EQ(mio_source_close(&udp.source), 0);
}

TEST(net_udp_multicast_ttl_v4)
{
    struct mio_udp_socket udp = udp_open_at(loopback_v4());
    CHECK_EQ(asked_udp_socket_multicast_ttl_v4(&udp), 1);
    CHECK_EQ(mio_udp_socket_set_multicast_ttl_v4(&udp, 10), 0);
    CHECK_EQ(asked_udp_socket_multicast_ttl_v4(&udp), 10);
    CHECK_EQ(mio_udp_socket_set_multicast_ttl_v4(&udp, 0), 0);
    CHECK_EQ(asked_udp_socket_multicast_ttl_v4(&udp), 0);
    CHECK_EQ(mio_udp_socket_set_multicast_ttl_v4(&udp, 256), -EINVAL);
    CHECK_EQ(mio_source_close(&udp.source), 0);
}

TEST(net_udp_multicast_loop_v6)
{
    struct mio_udp_socket udp = udp_open_at(loopback_v6());
    CHECK_EQ(asked_udp_socket_multicast_loop_v6(&udp), 1);
    CHECK_EQ(mio_udp_socket_set_multicast_loop_v6(&udp, false), 0);
    CHECK_EQ(asked_udp_socket_multicast_loop_v6(&udp), 0);
    CHECK_EQ(mio_udp_socket_set_multicast_loop_v6(&udp, true), 0);
    CHECK_EQ(asked_udp_socket_multicast_loop_v6(&udp), 1);
    CHECK_EQ(mio_source_close(&udp.source), 0);
}

TEST(net_udp_v6_only)
{
    (void)loopback_v6();
    static const enum mio_v6_only choices[] = {MIO_V6_ONLY_YES, MIO_V6_ONLY_NO};
    struct mio_addr any = mio_addr_ipv6(NULL, 0);
    struct mio_udp_socket udp;
    for (int i = 0; i < 2; i++) {
        const struct mio_socket_options options = {.v6_only = choices[i]};
        int error = mio_udp_socket_bind(&any, &options, &udp);
        if (choices[i] == MIO_V6_ONLY_NO && error != 0) {
            CHECK_EQ(error, fact("both IP versions in one socket"));
            continue;
        }
        REQUIRE_EQ(error, 0);
        CHECK_EQ(asked_udp_socket_v6_only(&udp), choices[i] == MIO_V6_ONLY_YES);
        CHECK_EQ(mio_source_close(&udp.source), 0);
    }
    udp = udp_open_at(loopback_v4());
    CHECK(asked_udp_socket_v6_only(&udp) < 0);
    CHECK_EQ(mio_source_close(&udp.source), 0);
}

/* --- multicast --- */

TEST(net_udp_multicast_join_and_leave)
{
    struct mio_addr any = mio_addr_ipv4(0, 0, 0, 0, 0);
    struct mio_addr groups[2] = {mio_addr_ipv4(227, 1, 1, 100, 0),
                                 mio_addr_ipv4(227, 1, 1, 101, 0)};
    struct mio_addr loopback = loopback_v4();
    struct mio_addr target = loopback_v4();
    struct mio_addr nobody = mio_addr_ipv4(192, 0, 2, 77, 0);
    struct loop loop = loop_open();
    struct mio_udp_socket udp = udp_open_at(any);
    struct mio_udp_socket sender = udp_open_at(loopback);
    char text[16] = "";
    REQUIRE_EQ(mio_source_local_addr(&udp.source, &any), 0);
    target.port = any.port;
    for (int i = 0; i < 2; i++) {
        CHECK_EQ(mio_udp_socket_join_multicast_v4(&udp, &groups[i], &loopback), 0);
        CHECK_EQ(mio_udp_socket_join_multicast_v4(&udp, &groups[i], &loopback), -EADDRINUSE);
    }
    /* What is sent to the socket itself comes as before. */
    watch(&loop, &udp.source, CLIENT, MIO_READABLE);
    CHECK_EQ(mio_udp_socket_send_to(&sender, "hello world", 11, &target), 11);
    EXPECT_ONE(&loop, CLIENT, R);
    CHECK_EQ(mio_udp_socket_recv(&udp, text, sizeof text), 11);
    CHECK_STR(text, "hello world");

    for (int i = 0; i < 2; i++) {
        CHECK_EQ(mio_udp_socket_leave_multicast_v4(&udp, &groups[i], &loopback), 0);
        CHECK_EQ(mio_udp_socket_leave_multicast_v4(&udp, &groups[i], &loopback), -EADDRNOTAVAIL);
    }
    int error = mio_udp_socket_join_multicast_v4(&udp, &groups[0], &nobody);
    CHECK(error == -ENODEV || error == -EADDRNOTAVAIL);
    CHECK_EQ(mio_udp_socket_join_multicast_v4(&udp, &loopback, NULL), -EINVAL);
    CHECK_EQ(mio_udp_socket_join_multicast_v4(&udp, null(), NULL), -EINVAL);
    CHECK_EQ(mio_source_close(&udp.source), 0);
    CHECK_EQ(mio_source_close(&sender.source), 0);
    loop_close(&loop);
}

static int use_loopback(const struct mio_udp_socket *udp)
{
    struct in_addr interface = {.s_addr = htonl(INADDR_LOOPBACK)};
    return setsockopt(udp->source.fd, IPPROTO_IP, IP_MULTICAST_IF, &interface, sizeof interface);
}

TEST(net_udp_multicast_arrives)
{
    struct loop loop = loop_open();
    struct mio_addr any = mio_addr_ipv4(0, 0, 0, 0, 0);
    struct mio_addr loopback = loopback_v4();
    struct mio_addr group = mio_addr_ipv4(227, 1, 1, 102, 0);
    struct mio_udp_socket udp = udp_open_at(any);
    struct mio_udp_socket sender = udp_open_at(loopback);
    char text[16] = "";
    REQUIRE_EQ(use_loopback(&sender), 0);
    REQUIRE_EQ(mio_source_local_addr(&udp.source, &any), 0);
    group.port = any.port;
    REQUIRE_EQ(mio_udp_socket_join_multicast_v4(&udp, &group, &loopback), 0);
    watch(&loop, &udp.source, CLIENT, MIO_READABLE);
    ptrdiff_t result = mio_udp_socket_send_to(&sender, "to all", 6, &group);
    if (result == -ENETUNREACH || result == -EHOSTUNREACH || result == -EPERM)
        SKIP("no multicast over the loopback interface here");
    CHECK_EQ(result, 6);
    EXPECT_ONE(&loop, CLIENT, R);
    CHECK_EQ(mio_udp_socket_recv(&udp, text, sizeof text), 6);
    CHECK_EQ(mio_udp_socket_recv(&udp, text, sizeof text), -EAGAIN);

    /* Not when the group is left. (That the sender can keep it from its own machine shows on real
     * interfaces alone: whatever is sent over this one comes back.) */
    struct mio_addr direct = loopback;
    direct.port = any.port;
    CHECK_EQ(mio_udp_socket_leave_multicast_v4(&udp, &group, &loopback), 0);
    CHECK_EQ(mio_udp_socket_send_to(&sender, "to none", 7, &group), 7);
    CHECK_EQ(mio_udp_socket_send_to(&sender, "you", 3, &direct), 3);
    EXPECT_ONE(&loop, CLIENT, R);
    memset(text, 0, sizeof text);
    CHECK_EQ(mio_udp_socket_recv(&udp, text, sizeof text), 3);
    CHECK_STR(text, "you");
    CHECK_EQ(mio_udp_socket_recv(&udp, text, sizeof text), -EAGAIN);
    CHECK_EQ(mio_source_close(&udp.source), 0);
    CHECK_EQ(mio_source_close(&sender.source), 0);
    loop_close(&loop);
}

TEST(net_udp_multicast_v6)
{
    (void)loopback_v6();
    /* Of no scope: OpenBSD does not find one of this machine alone (ff01::) again to leave it. */
    static const uint8_t bytes[16] = {0xff, 0x0e, [15] = 0x77};
    struct mio_addr group = mio_addr_ipv6(bytes, 0);
    struct mio_addr v4 = mio_addr_ipv4(227, 1, 1, 103, 0);
    struct mio_udp_socket udp = udp_open_at(mio_addr_ipv6(NULL, 0));
    unsigned index = if_nametoindex("lo");
    if (index == 0)
        index = if_nametoindex("lo0");
    REQUIRE(index != 0);
    CHECK_EQ(mio_udp_socket_join_multicast_v6(&udp, &group, index), 0);
    CHECK_EQ(mio_udp_socket_join_multicast_v6(&udp, &group, index),
             fact("joining an IPv6 group again"));
    CHECK_EQ(mio_udp_socket_leave_multicast_v6(&udp, &group, index), 0);
    CHECK_EQ(mio_udp_socket_leave_multicast_v6(&udp, &group, index), -EADDRNOTAVAIL);
    CHECK_EQ(mio_udp_socket_join_multicast_v6(&udp, &v4, index), -EINVAL);
    CHECK_EQ(mio_udp_socket_join_multicast_v6(&udp, null(), index), -EINVAL);
    CHECK_EQ(mio_source_close(&udp.source), 0);
}

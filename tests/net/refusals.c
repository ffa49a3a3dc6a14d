/* SPDX-License-Identifier: MIT */
/* Arguments that are refused before the system is asked, and addresses that no mio_addr can
 * hold. */
#define _GNU_SOURCE

#include "support.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#if defined(__linux__) && defined(__has_include)
#if __has_include(<linux/netlink.h>)
#include <linux/netlink.h>
#endif
#endif

TEST(net_groups_and_their_interface_are_of_one_family)
{
    struct mio_addr v4 = mio_addr_ipv4(227, 1, 1, 104, 0);
    struct mio_addr v6 = mio_addr_ipv6(NULL, 0);
    struct mio_addr any = mio_addr_ipv4(0, 0, 0, 0, 0);
    struct mio_udp_socket udp;
    REQUIRE_EQ(mio_udp_socket_bind(&any, NULL, &udp), 0);
    CHECK_EQ(mio_udp_socket_join_multicast_v4(&udp, &v6, NULL), -EINVAL);
    CHECK_EQ(mio_udp_socket_join_multicast_v4(&udp, &v4, &v6), -EINVAL);
    CHECK_EQ(mio_udp_socket_leave_multicast_v4(&udp, &v4, &v6), -EINVAL);
    CHECK_EQ(mio_source_close(&udp.source), 0);
}

TEST(net_v6_only_is_one_of_three)
{
    struct mio_addr addr = loopback_v6();
    struct mio_socket_options options = {.v6_only = (enum mio_v6_only)3};
    struct mio_tcp_listener listener;
    CHECK_EQ(mio_tcp_listener_bind(&addr, &options, &listener), -EINVAL);
}

TEST(net_nowhere_to_write_an_address_or_a_descriptor)
{
    struct mio_unix_stream near_end;
    struct mio_unix_stream far_end;
    unix_pair(&near_end, &far_end);
    CHECK_EQ(mio_source_local_addr(&near_end.source, null()), -EINVAL);
    CHECK_EQ(mio_source_peer_addr(&near_end.source, null()), -EINVAL);
    CHECK_EQ(mio_source_into_fd(&near_end.source, null()), -EINVAL);
    CHECK_EQ(mio_unix_stream_pair(NULL, &near_end, null()), -EINVAL);
    CHECK_EQ(mio_source_close(&near_end.source), 0);
    CHECK_EQ(mio_source_close(&far_end.source), 0);
}

/* Made by hand, or come over the network from a machine that has such names. */
TEST(net_an_abstract_name_needs_the_namespace)
{
    struct mio_addr addr = {.kind = MIO_ADDR_UNIX_ABSTRACT, .length = 3, .bytes = "mio"};
    struct mio_unix_stream stream;
    bool has_them = fact("abstract names") != 0;
    CHECK_EQ(mio_unix_stream_connect(&addr, NULL, &stream), has_them ? -ECONNREFUSED : -ENOTSUP);
}

/* A family that mio_addr does not know is an unnamed socket. */
TEST(net_an_address_of_another_family_is_unnamed)
{
#if defined(NETLINK_ROUTE)
    struct mio_udp_socket other;
    struct mio_addr addr;
    int fd = socket(AF_NETLINK, SOCK_DGRAM, NETLINK_ROUTE);
    if (fd < 0)
        SKIP("no netlink here");
    memset(&addr, 0x5a, sizeof addr);
    REQUIRE_EQ(mio_udp_socket_from_fd(fd, &other), 0);
    CHECK_EQ(mio_source_local_addr(&other.source, &addr), 0);
    CHECK_EQ(addr.kind, MIO_ADDR_UNNAMED);
    CHECK_EQ(mio_source_close(&other.source), 0);
#else
    SKIP("no other family at hand");
#endif
}

/* After EAGAIN the next edge of that direction is asked for, if the source was registered for it:
 * what was not asked for does not come. */
TEST(net_eagain_of_a_direction_that_is_not_watched)
{
    struct loop loop = loop_open();
    struct mio_unix_stream near_end;
    struct mio_unix_stream far_end;
    char byte;
    unix_pair(&near_end, &far_end);
    watch(&loop, &near_end.source, CLIENT, MIO_WRITABLE);
    EXPECT_ONE(&loop, CLIENT, W);
    CHECK_EQ(mio_unix_stream_read(&near_end, &byte, 1), -EAGAIN);
    unix_put(&far_end, "x");
    CHECK_EQ(mio_unix_stream_read(&near_end, &byte, 1), 1);
    CHECK_EQ(mio_unix_stream_read(&near_end, &byte, 1), -EAGAIN);
    EXPECT_NOTHING(&loop);
    CHECK_EQ(mio_source_close(&near_end.source), 0);
    CHECK_EQ(mio_source_close(&far_end.source), 0);
    loop_close(&loop);
}

/* A child reads from what it has inherited; the registration is the parent's. */
static int read_nothing(void *argument)
{
    struct mio_unix_stream *stream = argument;
    char byte;
    return mio_unix_stream_read(stream, &byte, 1) == -EAGAIN ? 0 : 1;
}

TEST(net_eagain_in_a_child_leaves_the_parents_poll_alone)
{
    struct loop loop = loop_open();
    struct mio_unix_stream near_end;
    struct mio_unix_stream far_end;
    unix_pair(&near_end, &far_end);
    watch(&loop, &near_end.source, CLIENT, MIO_READABLE);
    EXPECT_NOTHING(&loop);
    CHECK_EQ(in_child(read_nothing, &near_end), 0);
    EXPECT_NOTHING(&loop);
    unix_put(&far_end, "x");
    EXPECT_ONE(&loop, CLIENT, R);
    CHECK_EQ(mio_source_close(&near_end.source), 0);
    CHECK_EQ(mio_source_close(&far_end.source), 0);
    loop_close(&loop);
}

/* SPDX-License-Identifier: MIT */
/* Control messages as other systems write them, and such as have been cut off. */
#define _GNU_SOURCE

#include "net/udp_control.h"
#include "test.h"

#include <netinet/in.h>
#include <string.h>

struct written {
    struct mio__udp_control control;
    size_t used;
};

/* One more, whose payload is cut off after `size` bytes. */
static void add(struct written *written, int level, int type, const void *payload, size_t size)
{
    struct cmsghdr *header = (struct cmsghdr *)(void *)(written->control.bytes + written->used);
    memset(header, 0, CMSG_SPACE(size));
    header->cmsg_level = level;
    header->cmsg_type = type;
    header->cmsg_len = (__typeof__(header->cmsg_len))CMSG_LEN(size);
    memcpy(CMSG_DATA(header), payload, size);
    written->used += CMSG_SPACE(size);
}

static struct mio_datagram read_written(struct written *written)
{
    struct mio_datagram datagram = {.size = 1000};
    struct msghdr header = {.msg_control = &written->control};
    header.msg_controllen = (__typeof__(header.msg_controllen))written->used;
    mio__udp_control_read(&header, &datagram);
    return datagram;
}

static const unsigned char ecn_byte = 0xff;
static const int ecn_int = 2;
static const struct in6_pktinfo link_local = {.ipi6_addr = {.s6_addr = {0xfe, 0x80, [15] = 1}},
                                              .ipi6_ifindex = 7};

TEST(udp_control_ecn_is_a_byte_or_an_int)
{
    struct written byte = {.used = 0};
    struct written number = {.used = 0};
    struct written nothing = {.used = 0};
    add(&byte, IPPROTO_IP, IP_TOS, &ecn_byte, 1);
    CHECK_EQ(read_written(&byte).ecn, MIO_ECN_CE);
    add(&number, IPPROTO_IP, IP_RECVTOS, &ecn_int, sizeof ecn_int);
    CHECK_EQ(read_written(&number).ecn, MIO_ECN_ECT_0);
    add(&nothing, IPPROTO_IP, IP_TOS, &ecn_byte, 0);
    CHECK_EQ(read_written(&nothing).ecn, MIO_ECN_UNKNOWN);
}

/* A link-local address could not be sent from without its interface. */
TEST(udp_control_link_local_address_has_its_interface)
{
    struct written written = {.used = 0};
    add(&written, IPPROTO_IPV6, IPV6_PKTINFO, &link_local, sizeof link_local);
    struct mio_datagram datagram = read_written(&written);
    CHECK_EQ(datagram.local.kind, MIO_ADDR_IPV6);
    CHECK_EQ(datagram.local.scope, 7);
    CHECK_EQ(datagram.interface_index, 7);
}

/* With what a program has asked for itself there may be no room for everything. */
TEST(udp_control_what_is_cut_off_is_not_known)
{
    static const struct in_pktinfo info = {.ipi_ifindex = 3};
    struct written written = {.used = 0};
    add(&written, IPPROTO_IPV6, IPV6_PKTINFO, &link_local, sizeof link_local - 1);
    add(&written, IPPROTO_IP, IP_PKTINFO, &info, sizeof info - 1);
    add(&written, IPPROTO_UDP, 104, &ecn_int, 1);
    struct mio_datagram datagram = read_written(&written);
    CHECK_EQ(datagram.local.kind, MIO_ADDR_UNNAMED);
    CHECK_EQ(datagram.interface_index, 0);
    CHECK_EQ(datagram.segment_size, 0);
}

TEST(udp_control_of_others_is_passed_over)
{
    static const int zero;
    static const int large = 1000;
    struct written written = {.used = 0};
    add(&written, SOL_SOCKET, IP_TOS, &ecn_byte, 1);
    add(&written, IPPROTO_IP, IP_TTL, &ecn_int, sizeof ecn_int);
    add(&written, IPPROTO_IPV6, IPV6_HOPLIMIT, &ecn_int, sizeof ecn_int);
    add(&written, IPPROTO_UDP, 1, &ecn_int, sizeof ecn_int);
    add(&written, IPPROTO_UDP, 104, &zero, sizeof zero);
    add(&written, IPPROTO_UDP, 104, &large, sizeof large);
    struct mio_datagram datagram = read_written(&written);
    CHECK_EQ(datagram.ecn, MIO_ECN_UNKNOWN);
    CHECK_EQ(datagram.local.kind, MIO_ADDR_UNNAMED);
    CHECK_EQ(datagram.segment_size, 0);
}

/* The reader stays within what there is, whatever a length says. */
TEST(udp_control_lengths_that_cannot_be)
{
    struct written written = {.used = 0};
    struct cmsghdr *header = (struct cmsghdr *)(void *)written.control.bytes;
    add(&written, IPPROTO_IP, IP_TOS, &ecn_byte, 1);
    header->cmsg_len = (__typeof__(header->cmsg_len))(written.used + 1);
    CHECK_EQ(read_written(&written).ecn, MIO_ECN_UNKNOWN);
    header->cmsg_len = (__typeof__(header->cmsg_len))(CMSG_LEN(0) - 1);
    CHECK_EQ(read_written(&written).ecn, MIO_ECN_UNKNOWN);
    written.used = CMSG_LEN(0) - 1;
    CHECK_EQ(read_written(&written).ecn, MIO_ECN_UNKNOWN);
}

/* IPv6 has IPv4's addresses as well: a datagram from one of them goes by IPv4. */
TEST(udp_control_a_mapped_address_is_sent_from_by_ipv4)
{
    static const unsigned char loopback[] = {127, 0, 0, 1};
    const struct mio_udp_batching batching = {.family = AF_INET6};
    struct mio_datagram datagram = {.size = 1};
    struct mio__udp_control control;
    datagram.local.kind = MIO_ADDR_IPV6;
    memset(datagram.local.bytes + 10, 0xff, 2);
    memcpy(datagram.local.bytes + 12, loopback, sizeof loopback);
    REQUIRE_EQ(mio__udp_control_check(&batching, &datagram), 0);
    REQUIRE(mio__udp_control_write(&control, &batching, &datagram, 0) > 0);
    const struct cmsghdr *header = (const struct cmsghdr *)(const void *)control.bytes;
    CHECK_EQ(header->cmsg_level, IPPROTO_IP);
    CHECK_EQ(header->cmsg_type, IP_PKTINFO);
    struct in_pktinfo info;
    memcpy(&info, CMSG_DATA(header), sizeof info);
    CHECK(memcmp(&info.ipi_spec_dst, loopback, sizeof loopback) == 0);
}

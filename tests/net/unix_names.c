/* SPDX-License-Identifier: MIT */
/*
 * Names in the abstract namespace: bytes with a length, of which no value is special. Where there
 * is no such namespace, each test asserts that it is refused.
 */
#define _GNU_SOURCE

#include "support.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>

struct name {
    const char *bytes;
    size_t length;
};

static const struct name names[] = {
    {"mio-net-plain", 13},
    {"\0mio-net-begins-with-0", 22},
    {"mio-net\0in-between", 18},
    {"mio-net-ends-with-0\0", 20},
    {"\0\0", 2},
    {"m", 1},
};

enum { NAMES = sizeof names / sizeof names[0], LONGEST_NAME = 107 };

static bool refused_here(void)
{
    struct mio_addr addr;
    if (fact("abstract names") != 0)
        return false;
    for (int i = 0; i < NAMES; i++)
        CHECK_EQ(mio_addr_unix_abstract(names[i].bytes, names[i].length, &addr), -ENOTSUP);
    return true;
}

/* Listens there, and is connected to from there. */
static void connect_by_name(const struct mio_addr *addr)
{
    struct mio_unix_listener listener;
    struct mio_unix_listener twice;
    struct mio_unix_stream client;
    struct mio_unix_stream server;
    struct mio_addr got;
    REQUIRE_EQ(mio_unix_listener_bind(addr, NULL, &listener), 0);
    REQUIRE_EQ(mio_source_local_addr(&listener.source, &got), 0);
    CHECK_ADDR(&got, addr);
    CHECK_EQ(got.length, addr->length);
    CHECK_EQ(mio_unix_listener_bind(addr, NULL, &twice), -EADDRINUSE);
    REQUIRE_EQ(mio_unix_stream_connect(addr, NULL, &client), 0);
    REQUIRE_EQ(mio_unix_listener_accept(&listener, &server, &got), 0);
    CHECK_EQ(got.kind, MIO_ADDR_UNNAMED);
    REQUIRE_EQ(mio_source_peer_addr(&client.source, &got), 0);
    CHECK_ADDR(&got, addr);
    CHECK_EQ(mio_source_close(&client.source), 0);
    CHECK_EQ(mio_source_close(&server.source), 0);
    CHECK_EQ(mio_source_close(&listener.source), 0);
    /* The name goes with its socket. */
    CHECK_EQ(mio_unix_stream_connect(addr, NULL, &client), -ECONNREFUSED);
}

TEST(net_unix_abstract_names_are_bytes_with_a_length)
{
    char longest[LONGEST_NAME];
    if (refused_here())
        return;
    for (int i = 0; i < NAMES; i++) {
        struct mio_addr addr = abstract_name(names[i].bytes, names[i].length);
        connect_by_name(&addr);
    }
    memset(longest, 'm', sizeof longest);
    struct mio_addr addr = abstract_name(longest, sizeof longest);
    connect_by_name(&addr);
    CHECK_EQ(mio_addr_unix_abstract(longest, LONGEST_NAME + 1, &addr), -ENAMETOOLONG);
    CHECK_EQ(mio_addr_unix_abstract(longest, 0, &addr), -EINVAL);
}

/* Names that differ in length alone are different sockets. */
TEST(net_unix_abstract_names_of_different_length_differ)
{
    static const char bytes[] = "mio-net-name\0\0";
    enum { SHORTEST = 12, COUNT = 3 };
    struct mio_unix_datagram sockets[COUNT];
    struct mio_addr addrs[COUNT];
    struct mio_unix_datagram sender;
    char text[8];
    if (refused_here())
        return;
    REQUIRE_EQ(mio_unix_datagram_open(NULL, &sender), 0);
    for (size_t i = 0; i < COUNT; i++) {
        addrs[i] = abstract_name(bytes, SHORTEST + i);
        REQUIRE_EQ(mio_unix_datagram_bind(&addrs[i], NULL, &sockets[i]), 0);
    }
    for (size_t i = 0; i < COUNT; i++) {
        CHECK_EQ(mio_unix_datagram_send_to(&sender, "abc", 3, &addrs[i]), 3);
        for (size_t j = 0; j < COUNT; j++)
            CHECK_EQ(mio_unix_datagram_recv(&sockets[j], text, sizeof text), i == j ? 3 : -EAGAIN);
    }
    for (size_t i = 0; i < COUNT; i++)
        CHECK_EQ(mio_source_close(&sockets[i].source), 0);
    CHECK_EQ(mio_source_close(&sender.source), 0);
}

TEST(net_unix_abstract_peer_of_a_stream)
{
    if (refused_here())
        return;
    struct mio_addr addr = abstract_name("mio-net-listener", 16);
    struct mio_unix_listener listener;
    REQUIRE_EQ(mio_unix_listener_bind(&addr, NULL, &listener), 0);
    for (int i = 0; i < NAMES; i++) {
        struct mio_addr own = abstract_name(names[i].bytes, names[i].length);
        struct mio_unix_stream client;
        struct mio_unix_stream server;
        struct mio_addr got;
        unsigned char sockaddr[MIO_SOCKADDR_SIZE];
        int fd = socket(AF_UNIX, SOCK_STREAM, 0);
        int size = mio_addr_to_sockaddr(&own, sockaddr, sizeof sockaddr);
        REQUIRE_EQ(bind(fd, (struct sockaddr *)(void *)sockaddr, (socklen_t)size), 0);
        size = mio_addr_to_sockaddr(&addr, sockaddr, sizeof sockaddr);
        REQUIRE_EQ(connect(fd, (struct sockaddr *)(void *)sockaddr, (socklen_t)size), 0);
        REQUIRE_EQ(mio_unix_stream_from_fd(fd, &client), 0);
        REQUIRE_EQ(mio_unix_listener_accept(&listener, &server, &got), 0);
        CHECK_ADDR(&got, &own);
        REQUIRE_EQ(mio_source_peer_addr(&server.source, &got), 0);
        CHECK_ADDR(&got, &own);
        REQUIRE_EQ(mio_source_local_addr(&client.source, &got), 0);
        CHECK_ADDR(&got, &own);
        CHECK_EQ(mio_source_close(&client.source), 0);
        CHECK_EQ(mio_source_close(&server.source), 0);
    }
    CHECK_EQ(mio_source_close(&listener.source), 0);
}

TEST(net_unix_abstract_sender_of_a_datagram)
{
    if (refused_here())
        return;
    struct mio_addr addr = abstract_name("mio-net-receiver", 16);
    struct mio_unix_datagram receiver;
    REQUIRE_EQ(mio_unix_datagram_bind(&addr, NULL, &receiver), 0);
    for (int i = 0; i < NAMES; i++) {
        struct mio_addr own = abstract_name(names[i].bytes, names[i].length);
        struct mio_unix_datagram sender;
        struct mio_addr got;
        char byte;
        REQUIRE_EQ(mio_unix_datagram_bind(&own, NULL, &sender), 0);
        CHECK_EQ(mio_unix_datagram_send_to(&sender, "a", 1, &addr), 1);
        CHECK_EQ(mio_unix_datagram_recv_from(&receiver, &byte, 1, &got), 1);
        CHECK_ADDR(&got, &own);
        /* And the answer finds it. */
        CHECK_EQ(mio_unix_datagram_send_to(&receiver, "b", 1, &got), 1);
        CHECK_EQ(mio_unix_datagram_recv(&sender, &byte, 1), 1);
        CHECK_EQ(mio_source_close(&sender.source), 0);
    }
    CHECK_EQ(mio_source_close(&receiver.source), 0);
}

TEST(net_unix_longest_path)
{
    struct mio_addr base = temporary_path();
    char path[MIO_ADDR_BYTES];
    struct mio_addr addr;
    size_t length = strlen(mio_addr_path(&base));
    memset(path, 'm', sizeof path);
    memcpy(path, mio_addr_path(&base), length);
    size_t longest = sizeof path;
    while (longest > 0 && mio_addr_unix(path, longest, &addr) == -ENAMETOOLONG)
        longest--;
    REQUIRE(longest >= 100);
    struct mio_unix_datagram receiver;
    struct mio_unix_datagram sender;
    struct mio_addr got;
    char byte;
    REQUIRE_EQ(mio_unix_datagram_bind(&addr, NULL, &receiver), 0);
    REQUIRE_EQ(mio_source_local_addr(&receiver.source, &got), 0);
    CHECK_ADDR(&got, &addr);
    REQUIRE_EQ(mio_unix_datagram_open(NULL, &sender), 0);
    CHECK_EQ(mio_unix_datagram_send_to(&sender, "a", 1, &addr), 1);
    CHECK_EQ(mio_unix_datagram_recv(&receiver, &byte, 1), 1);
    CHECK_EQ(mio_source_close(&sender.source), 0);
    CHECK_EQ(mio_source_close(&receiver.source), 0);
    remove_path(&addr);
}

/* SPDX-License-Identifier: MIT */
/* struct mio_socket_options: what is asked for is there, what makes no sense is refused. */
#define _GNU_SOURCE

#include "support.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

/* Before the socket is connected a kernel takes what it is told. Afterwards TCP rounds it to whole
 * segments (FreeBSD, OpenBSD), grows it (macOS) or takes the route's (DragonFly): it is asked
 * whether it was told at all. */
static void check_buffers(mio_fd fd, int send, int receive)
{
    int factor = fact("buffers are doubled") != 0 ? 2 : 1;
    CHECK_EQ(option_of(fd, SOL_SOCKET, SO_SNDBUF), send * factor);
    CHECK_EQ(option_of(fd, SOL_SOCKET, SO_RCVBUF), receive * factor);
}

static void check_buffers_of_a_connection(mio_fd fd, int send, int receive)
{
    if (fact("buffers of a connection stay as told") != 0) {
        check_buffers(fd, send, receive);
        return;
    }
    CHECK(option_of(fd, SOL_SOCKET, SO_SNDBUF) >= send);
    CHECK(option_of(fd, SOL_SOCKET, SO_RCVBUF) >= receive);
}

TEST(net_options_of_buffers)
{
    struct mio_addr addr;
    const struct mio_socket_options options = {.send_buffer = 20000, .receive_buffer = 30000};
    struct mio_tcp_listener listener;
    struct mio_tcp_stream stream;
    struct mio_udp_socket udp;
    struct mio_unix_stream first;
    struct mio_unix_stream second;
    struct mio_unix_datagram datagram;
    addr = loopback_v4();
    REQUIRE_EQ(mio_tcp_listener_bind(&addr, &options, &listener), 0);
    check_buffers(listener.source.fd, 20000, 30000);
    REQUIRE_EQ(mio_source_local_addr(&listener.source, &addr), 0);
    REQUIRE_EQ(mio_tcp_stream_connect(&addr, &options, &stream), 0);
    check_buffers_of_a_connection(stream.source.fd, 20000, 30000);
    CHECK_EQ(mio_source_close(&stream.source), 0);
    CHECK_EQ(mio_source_close(&listener.source), 0);

    addr = loopback_v4();
    REQUIRE_EQ(mio_udp_socket_bind(&addr, &options, &udp), 0);
    check_buffers(udp.source.fd, 20000, 30000);
    CHECK_EQ(mio_source_close(&udp.source), 0);
    REQUIRE_EQ(mio_unix_stream_pair(&options, &first, &second), 0);
    check_buffers(first.source.fd, 20000, 30000);
    check_buffers(second.source.fd, 20000, 30000);
    CHECK_EQ(mio_source_close(&first.source), 0);
    CHECK_EQ(mio_source_close(&second.source), 0);
    REQUIRE_EQ(mio_unix_datagram_open(&options, &datagram), 0);
    check_buffers(datagram.source.fd, 20000, 30000);
    CHECK_EQ(mio_source_close(&datagram.source), 0);
}

TEST(net_options_of_connections)
{
    struct mio_addr addr;
    const struct mio_socket_options options = {.keep_alive = true, .no_delay = true};
    const struct mio_socket_options none = {.backlog = 0};
    const struct mio_socket_options *const rows[] = {&options, &none, NULL};
    for (int i = 0; i < 3; i++) {
        bool asked = i == 0;
        struct mio_tcp_listener listener;
        struct mio_tcp_stream client;
        struct mio_tcp_stream server;
        addr = loopback_v4();
        REQUIRE_EQ(mio_tcp_listener_bind(&addr, rows[i], &listener), 0);
        REQUIRE_EQ(mio_source_local_addr(&listener.source, &addr), 0);
        REQUIRE_EQ(mio_tcp_stream_connect(&addr, rows[i], &client), 0);
        tcp_accept(&listener, &server);
        CHECK_EQ(asked_tcp_stream_no_delay(&client), asked);
        CHECK_EQ(asked_tcp_stream_no_delay(&server), asked); /* inherited */
        CHECK_EQ(option_of(client.source.fd, SOL_SOCKET, SO_KEEPALIVE) != 0, asked);
        CHECK_EQ(option_of(server.source.fd, SOL_SOCKET, SO_KEEPALIVE) != 0, asked);
        CHECK_EQ(mio_source_close(&client.source), 0);
        CHECK_EQ(mio_source_close(&server.source), 0);
        CHECK_EQ(mio_source_close(&listener.source), 0);
    }
}

/* --- one address for several sockets --- */

TEST(net_options_reuse_port_of_listeners)
{
    struct mio_addr addr;
    enum { CONNECTIONS = 16 };
    const struct mio_socket_options options = {.reuse_port = true};
    struct mio_tcp_listener listeners[2];
    struct mio_tcp_listener third;
    struct mio_tcp_stream clients[CONNECTIONS];
    struct mio_tcp_stream server;
    struct loop loop = loop_open();
    addr = loopback_v4();
    REQUIRE_EQ(mio_tcp_listener_bind(&addr, &options, &listeners[0]), 0);
    REQUIRE_EQ(mio_source_local_addr(&listeners[0].source, &addr), 0);
    REQUIRE_EQ(mio_tcp_listener_bind(&addr, &options, &listeners[1]), 0);
    CHECK_EQ(mio_tcp_listener_bind(&addr, NULL, &third), -EADDRINUSE);

    /* Every connection comes to one of them, wherever that is. */
    for (mio_token i = 0; i < 2; i++)
        watch(&loop, &listeners[i].source, i, MIO_READABLE);
    int accepted = 0;
    for (int i = 0; i < CONNECTIONS; i++)
        tcp_connect(&addr, &clients[i]);
    while (accepted < CONNECTIONS) {
        REQUIRE(loop_wait(&loop, 10 * SECOND) > 0);
        mio_events_each(event, loop.events) {
            REQUIRE(mio_event_token(event) < 2);
            struct mio_tcp_listener *ready = &listeners[mio_event_token(event)];
            int error;
            while ((error = mio_tcp_listener_accept(ready, &server, NULL)) == 0) {
                accepted++;
                CHECK_EQ(mio_source_close(&server.source), 0);
            }
            CHECK_EQ(error, -EAGAIN);
        }
    }
    EXPECT_NOTHING(&loop);
    for (int i = 0; i < CONNECTIONS; i++)
        CHECK_EQ(mio_source_close(&clients[i].source), 0);
    CHECK_EQ(mio_source_close(&listeners[0].source), 0);
    CHECK_EQ(mio_source_close(&listeners[1].source), 0);
    loop_close(&loop);
}

TEST(net_options_reuse_of_udp)
{
    struct mio_addr addr;
    const struct mio_socket_options rows[] = {{.reuse_port = true}, {.reuse_addr = true}};
    struct mio_udp_socket first;
    struct mio_udp_socket second;
    addr = loopback_v4();
    REQUIRE_EQ(mio_udp_socket_bind(&addr, NULL, &first), 0);
    REQUIRE_EQ(mio_source_local_addr(&first.source, &addr), 0);
    CHECK_EQ(option_of(first.source.fd, SOL_SOCKET, SO_REUSEADDR), 0);
    CHECK_EQ(mio_udp_socket_bind(&addr, NULL, &second), -EADDRINUSE);
    CHECK_EQ(mio_udp_socket_bind(&addr, &rows[0], &second), -EADDRINUSE);
    CHECK_EQ(mio_source_close(&first.source), 0);

    addr = loopback_v4();
    REQUIRE_EQ(mio_udp_socket_bind(&addr, &rows[0], &first), 0);
    REQUIRE_EQ(mio_source_local_addr(&first.source, &addr), 0);
    REQUIRE_EQ(mio_udp_socket_bind(&addr, &rows[0], &second), 0);
    CHECK_EQ(mio_source_close(&first.source), 0);
    CHECK_EQ(mio_source_close(&second.source), 0);

    addr = loopback_v4();
    REQUIRE_EQ(mio_udp_socket_bind(&addr, &rows[1], &first), 0);
    CHECK(option_of(first.source.fd, SOL_SOCKET, SO_REUSEADDR) != 0);
    CHECK_EQ(mio_source_close(&first.source), 0);
}

/* --- IPv6 alone, or IPv4 too --- */

/* The one that connects there is taken by that listener. */
static void connect_over_v4(struct mio_tcp_listener *listener, uint16_t port, struct mio_addr *peer)
{
    struct mio_addr target = mio_addr_ipv4(127, 0, 0, 1, port);
    struct mio_tcp_stream client;
    struct mio_tcp_stream server;
    tcp_connect(&target, &client);
    wait_until(client.source.fd, POLLOUT);
    CHECK_EQ(mio_tcp_stream_finish_connect(&client), 0);
    wait_until(listener->source.fd, POLLIN);
    REQUIRE_EQ(mio_tcp_listener_accept(listener, &server, peer), 0);
    CHECK_EQ(mio_source_close(&server.source), 0);
    CHECK_EQ(mio_source_close(&client.source), 0);
}

/* Two listeners at the port that is returned, of IPv6 alone and of IPv4. Nobody else may be at the
 * second. */
static uint16_t listen_apart(struct mio_tcp_listener *v6, struct mio_tcp_listener *v4)
{
    const struct mio_socket_options alone = {.v6_only = MIO_V6_ONLY_YES};
    for (;;) {
        struct mio_addr addr = mio_addr_ipv6(NULL, 0);
        REQUIRE_EQ(mio_tcp_listener_bind(&addr, &alone, v6), 0);
        REQUIRE_EQ(mio_source_local_addr(&v6->source, &addr), 0);
        struct mio_addr same = mio_addr_ipv4(127, 0, 0, 1, addr.port);
        int error = mio_tcp_listener_bind(&same, NULL, v4);
        if (error == 0)
            return addr.port;
        REQUIRE_EQ(error, -EADDRINUSE);
        CHECK_EQ(mio_source_close(&v6->source), 0);
    }
}

TEST(net_options_v6_only)
{
    static const uint8_t mapped[16] = {[10] = 0xff, 0xff, 127, 0, 0, 1};
    (void)loopback_v6();
    const struct mio_socket_options both = {.v6_only = MIO_V6_ONLY_NO};
    struct mio_tcp_listener listener;
    struct mio_tcp_listener other;
    struct mio_tcp_stream nothing;
    struct mio_addr peer;
    uint16_t port = listen_apart(&listener, &other);
    CHECK_EQ(option_of(listener.source.fd, IPPROTO_IPV6, IPV6_V6ONLY), 1);
    connect_over_v4(&other, port, &peer);
    CHECK_EQ(peer.kind, MIO_ADDR_IPV4);
    CHECK_EQ(mio_tcp_listener_accept(&listener, &nothing, NULL), -EAGAIN);
    CHECK_EQ(mio_source_close(&listener.source), 0);
    CHECK_EQ(mio_source_close(&other.source), 0);

    struct mio_addr addr = mio_addr_ipv6(NULL, 0);
    int error = mio_tcp_listener_bind(&addr, &both, &listener);
    CHECK_EQ(error, fact("both IP versions in one socket"));
    if (error < 0)
        return;
    CHECK_EQ(option_of(listener.source.fd, IPPROTO_IPV6, IPV6_V6ONLY), 0);
    REQUIRE_EQ(mio_source_local_addr(&listener.source, &addr), 0);
    connect_over_v4(&listener, addr.port, &peer);
    struct mio_addr wanted = mio_addr_ipv6(mapped, peer.port);
    CHECK_ADDR(&peer, &wanted);
    CHECK_EQ(mio_source_close(&listener.source), 0);
}

/* --- what makes no sense --- */

enum makers {
    LISTEN = 0x001,
    CONNECT = 0x002,
    UDP = 0x004,
    LOCAL_LISTEN = 0x008,
    LOCAL_CONNECT = 0x010,
    LOCAL_PAIR = 0x020,
    LOCAL_BIND = 0x040,
    LOCAL_OPEN = 0x080,
    LOCAL_DATA_PAIR = 0x100,
    LOCAL_STREAM = LOCAL_CONNECT | LOCAL_PAIR,
    LOCAL_DATA = LOCAL_BIND | LOCAL_OPEN | LOCAL_DATA_PAIR,
    ALL = 0x1ff
};

/* Everything that takes options. */
static int make(enum makers maker, const struct mio_socket_options *options)
{
    struct mio_addr target = loopback_v4();
    target.port = 1;
    struct mio_addr path = temporary_path();
    struct mio_addr any = loopback_v4();
    struct mio_tcp_listener listener;
    struct mio_tcp_stream stream;
    struct mio_udp_socket udp;
    struct mio_unix_listener local;
    struct mio_unix_stream pair[2];
    struct mio_unix_datagram datagrams[2];
    switch ((unsigned)maker) {
    case LISTEN:
        return mio_tcp_listener_bind(&any, options, &listener);
    case CONNECT:
        return mio_tcp_stream_connect(&target, options, &stream);
    case UDP:
        return mio_udp_socket_bind(&any, options, &udp);
    case LOCAL_LISTEN:
        return mio_unix_listener_bind(&path, options, &local);
    case LOCAL_CONNECT:
        return mio_unix_stream_connect(&path, options, &pair[0]);
    case LOCAL_PAIR:
        return mio_unix_stream_pair(options, &pair[0], &pair[1]);
    case LOCAL_BIND:
        return mio_unix_datagram_bind(&path, options, &datagrams[0]);
    case LOCAL_OPEN:
        return mio_unix_datagram_open(options, &datagrams[0]);
    case LOCAL_DATA_PAIR:
        return mio_unix_datagram_pair(options, &datagrams[0], &datagrams[1]);
    default:
        return 0;
    }
}

TEST(net_options_that_make_no_sense)
{
    static const struct {
        struct mio_socket_options options;
        unsigned refused_by;
    } rows[] = {
        {{.backlog = 1}, CONNECT | UDP | LOCAL_STREAM | LOCAL_DATA},
        {{.backlog = -1}, ALL},
        {{.send_buffer = -1}, ALL},
        {{.receive_buffer = -1}, ALL},
        {{.v6_only = MIO_V6_ONLY_YES}, ALL}, /* of IPv4 and Unix sockets */
        {{.v6_only = MIO_V6_ONLY_NO}, ALL},
        {{.v6_only = (enum mio_v6_only)9}, ALL},
        {{.reuse_addr = true}, CONNECT | LOCAL_LISTEN | LOCAL_STREAM | LOCAL_DATA},
        {{.reuse_port = true}, CONNECT | LOCAL_LISTEN | LOCAL_STREAM | LOCAL_DATA},
        {{.keep_alive = true}, UDP | LOCAL_LISTEN | LOCAL_STREAM | LOCAL_DATA},
        {{.no_delay = true}, UDP | LOCAL_LISTEN | LOCAL_STREAM | LOCAL_DATA},
        {{.seqpacket = true}, LISTEN | CONNECT | UDP | LOCAL_DATA},
        {{.defer_accept = true}, CONNECT | UDP | LOCAL_LISTEN | LOCAL_STREAM | LOCAL_DATA},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        for (unsigned maker = LISTEN; maker < ALL; maker <<= 1) {
            if ((rows[i].refused_by & maker) != 0)
                CHECK_EQ(make((enum makers)maker, &rows[i].options), -EINVAL);
        }
    }
}

/* Room for what later versions can be asked for: a program that asks for it is told that this one
 * does not know of it. */
TEST(net_options_that_are_reserved_are_refused_by_every_maker)
{
    const struct mio_socket_options none = {0};
    enum { ROOM = sizeof none.reserved / sizeof none.reserved[0] };
    for (size_t i = 0; i < ROOM; i++) {
        const uintptr_t values[] = {1, (uintptr_t)1 << (sizeof(uintptr_t) * 8 - 1), UINTPTR_MAX};
        for (size_t j = 0; j < sizeof values / sizeof values[0]; j++) {
            struct mio_socket_options options = {0};
            options.reserved[i] = values[j];
            for (unsigned maker = LISTEN; maker < ALL; maker <<= 1)
                CHECK_EQ(make((enum makers)maker, &options), -EINVAL);
        }
    }
}

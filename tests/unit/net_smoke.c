/* SPDX-License-Identifier: MIT */
/* Each type of socket and pipe once, and what making one may not do. */
#if !defined(_GNU_SOURCE)
#define _GNU_SOURCE
#endif

#include "poll/io.h"
#include "selector/selector.h"
#include "test.h"

#include <mio.h>
#include <mio/net.h>

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { SECOND = 1000000000 };

static struct mio_poll *poll_object;
static struct mio_registry *registry;
static struct mio_events *events;

static void open_poll(void)
{
    REQUIRE_EQ(mio_poll_new(NULL, &poll_object), 0);
    registry = mio_poll_registry(poll_object);
    REQUIRE_EQ(mio_events_new(16, &events), 0);
}

static void close_poll(void)
{
    mio_events_free(events);
    mio_poll_free(poll_object);
}

/* Waits for an event of the token with that readiness. */
static void await(mio_token token, uint32_t readiness)
{
    for (int i = 0; i < 100; i++) {
        int count = mio_poll_wait(poll_object, events, (int64_t)5 * SECOND);
        REQUIRE(count > 0);
        mio_events_each(event, events) {
            if (mio_event_token(event) == token && (mio_event_readiness(event) & readiness) != 0)
                return;
        }
    }
    CHECK_STR("no such event", "an event of the token");
    test_stop();
}

static void check_flags(mio_fd fd)
{
    CHECK((fcntl(fd, F_GETFL) & O_NONBLOCK) != 0);
    CHECK((fcntl(fd, F_GETFD) & FD_CLOEXEC) != 0);
}

static struct mio_addr loopback_v4(void)
{
    return mio_addr_ipv4(127, 0, 0, 1, 0);
}

static struct mio_addr loopback_v6(void)
{
    static const uint8_t bytes[16] = {[15] = 1};
    return mio_addr_ipv6(bytes, 0);
}

/* A path that nobody has. */
static struct mio_addr temporary_path(void)
{
    char path[] = "/tmp/mio-net-XXXXXX";
    int fd = mkstemp(path);
    REQUIRE(fd >= 0);
    REQUIRE_EQ(close(fd), 0);
    REQUIRE_EQ(unlink(path), 0);
    struct mio_addr addr;
    REQUIRE_EQ(mio_addr_unix(path, strlen(path), &addr), 0);
    return addr;
}

/* --- TCP --- */

enum { LISTENER = 1, CLIENT, SERVER };

static void tcp_smoke(struct mio_addr addr)
{
    open_poll();
    struct mio_tcp_listener listener;
    REQUIRE_EQ(mio_tcp_listener_bind(&addr, NULL, &listener), 0);
    check_flags(listener.source.fd);
    REQUIRE_EQ(mio_tcp_listener_local_addr(&listener, &addr), 0);
    CHECK(mio_addr_port(&addr) != 0);
    REQUIRE_EQ(mio_source_register(&listener.source, registry, LISTENER, MIO_READABLE), 0);

    struct mio_tcp_stream client;
    struct mio_tcp_stream server;
    memset(&server, 0x5a, sizeof server);
    struct mio_tcp_stream pattern = server;
    CHECK_EQ(mio_tcp_listener_accept(&listener, &server, NULL), -EAGAIN);
    CHECK(memcmp(&server, &pattern, sizeof server) == 0);

    REQUIRE_EQ(mio_tcp_stream_connect(&addr, NULL, &client), 0);
    check_flags(client.source.fd);
    REQUIRE_EQ(mio_source_register(&client.source, registry, CLIENT, MIO_READABLE | MIO_WRITABLE),
               0);
    await(LISTENER, MIO_READABLE);
    struct mio_addr peer;
    REQUIRE_EQ(mio_tcp_listener_accept(&listener, &server, &peer), 0);
    check_flags(server.source.fd);
    CHECK_EQ(mio_tcp_listener_take_error(&listener), 0);
    int connected;
    while ((connected = mio_tcp_stream_connected(&client)) == -EINPROGRESS)
        await(CLIENT, MIO_WRITABLE);
    CHECK_EQ(connected, 0);

    struct mio_addr name;
    REQUIRE_EQ(mio_tcp_stream_local_addr(&client, &name), 0);
    CHECK(mio_addr_equal(&name, &peer));
    REQUIRE_EQ(mio_tcp_stream_peer_addr(&client, &name), 0);
    CHECK(mio_addr_equal(&name, &addr));
    REQUIRE_EQ(mio_tcp_stream_peer_addr(&server, &name), 0);
    CHECK(mio_addr_equal(&name, &peer));

    char text[16] = "xxxxxxxxxxxxxxx";
    errno = ELOOP;
    CHECK_EQ(mio_tcp_stream_read(&client, text, sizeof text), -EAGAIN);
    CHECK_EQ(mio_tcp_stream_peek(&client, text, sizeof text), -EAGAIN);
    CHECK_EQ(errno, ELOOP);
    REQUIRE_EQ(mio_source_register(&server.source, registry, SERVER, MIO_READABLE), 0);
    CHECK_EQ(mio_tcp_stream_write(&client, "hello", 5), 5);
    await(SERVER, MIO_READABLE);
    CHECK_EQ(mio_tcp_stream_peek(&server, text, 2), 2);
    struct mio_iovec in[2] = {{text, 2}, {text + 4, 8}};
    CHECK_EQ(mio_tcp_stream_readv(&server, in, 2), 5);
    CHECK(memcmp(text, "hexxllox", 8) == 0);
    CHECK_EQ(mio_tcp_stream_readv(&server, in, 2), -EAGAIN);
    struct mio_iovec out[2] = {{"wor", 3}, {"ld", 2}};
    CHECK_EQ(mio_tcp_stream_writev(&server, out, 2), 5);
    await(CLIENT, MIO_READABLE);
    CHECK_EQ(mio_tcp_stream_read(&client, text, sizeof text), 5);
    CHECK(memcmp(text, "world", 5) == 0);

    CHECK_EQ(mio_tcp_stream_nodelay(&client), 0);
    CHECK_EQ(mio_tcp_stream_set_nodelay(&client, true), 0);
    CHECK_EQ(mio_tcp_stream_nodelay(&client), 1);
    CHECK_EQ(mio_tcp_stream_set_ttl(&client, 10), 0);
    CHECK_EQ(mio_tcp_stream_ttl(&client), 10);
    CHECK_EQ(mio_tcp_stream_set_ttl(&client, 256), -EINVAL);
    CHECK_EQ(mio_tcp_listener_set_ttl(&listener, 33), 0);
    CHECK_EQ(mio_tcp_listener_ttl(&listener), 33);

    CHECK_EQ(mio_tcp_stream_shutdown(&client, (enum mio_shutdown)3), -EINVAL);
    CHECK_EQ(mio_tcp_stream_shutdown(&client, MIO_SHUTDOWN_WRITE), 0);
    await(SERVER, MIO_READABLE);
    CHECK_EQ(mio_tcp_stream_read(&server, text, sizeof text), 0);

    mio_fd fd = MIO_INVALID_FD;
    CHECK_EQ(mio_tcp_stream_into_fd(&server, &fd), -EBUSY);
    REQUIRE_EQ(mio_source_deregister(&server.source, registry), 0);
    REQUIRE_EQ(mio_tcp_stream_into_fd(&server, &fd), 0);
    CHECK_EQ(mio_tcp_stream_into_fd(&server, &fd), -EBADF);
    CHECK_EQ(mio_tcp_stream_close(&server), -EBADF);
    REQUIRE_EQ(mio_tcp_stream_from_fd(fd, &server), 0);
    CHECK_EQ(server.source.fd, fd);

    REQUIRE_EQ(mio_tcp_stream_close(&server), 0);
    REQUIRE_EQ(mio_tcp_stream_close(&client), 0);
    REQUIRE_EQ(mio_tcp_listener_close(&listener), 0);
    CHECK_EQ(mio_tcp_stream_read(&client, text, 1), -EBADF);
    close_poll();
}

TEST(net_tcp_over_ipv4)
{
    tcp_smoke(loopback_v4());
}

TEST(net_tcp_over_ipv6)
{
    tcp_smoke(loopback_v6());
}

TEST(net_tcp_refused_connection_is_told_by_connected)
{
    struct mio_addr addr = loopback_v4();
    struct mio_tcp_listener listener;
    REQUIRE_EQ(mio_tcp_listener_bind(&addr, NULL, &listener), 0);
    REQUIRE_EQ(mio_tcp_listener_local_addr(&listener, &addr), 0);
    REQUIRE_EQ(mio_tcp_listener_close(&listener), 0);
    open_poll();
    struct mio_tcp_stream stream;
    int error = mio_tcp_stream_connect(&addr, NULL, &stream);
    if (error == 0) {
        REQUIRE_EQ(mio_source_register(&stream.source, registry, CLIENT, MIO_WRITABLE), 0);
        while ((error = mio_tcp_stream_connected(&stream)) == -EINPROGRESS)
            await(CLIENT, MIO_WRITABLE | MIO_ERROR);
        CHECK_EQ(mio_tcp_stream_take_error(&stream), 0);
        REQUIRE_EQ(mio_tcp_stream_close(&stream), 0);
    }
    CHECK_EQ(error, -ECONNREFUSED);
    close_poll();
}

TEST(net_tcp_unconnected_stream_is_in_progress)
{
    struct mio_tcp_stream stream;
    REQUIRE_EQ(mio_tcp_stream_from_fd(socket(AF_INET, SOCK_STREAM, 0), &stream), 0);
    CHECK((fcntl(stream.source.fd, F_GETFL) & O_NONBLOCK) != 0);
    CHECK_EQ(mio_tcp_stream_connected(&stream), -EINPROGRESS);
    REQUIRE_EQ(mio_tcp_stream_close(&stream), 0);
}

/* --- UDP --- */

static void udp_smoke(struct mio_addr addr)
{
    open_poll();
    struct mio_addr first_addr = addr;
    struct mio_addr second_addr = addr;
    struct mio_udp_socket first;
    struct mio_udp_socket second;
    REQUIRE_EQ(mio_udp_socket_bind(&addr, NULL, &first), 0);
    REQUIRE_EQ(mio_udp_socket_bind(&addr, NULL, &second), 0);
    check_flags(first.source.fd);
    REQUIRE_EQ(mio_udp_socket_local_addr(&first, &first_addr), 0);
    REQUIRE_EQ(mio_udp_socket_local_addr(&second, &second_addr), 0);
    REQUIRE_EQ(mio_source_register(&first.source, registry, SERVER, MIO_READABLE), 0);

    char text[16];
    struct mio_addr from = {.kind = MIO_ADDR_UNNAMED};
    CHECK_EQ(mio_udp_socket_recv_from(&first, text, sizeof text, &from), -EAGAIN);
    CHECK_EQ(from.kind, MIO_ADDR_UNNAMED);
    CHECK_EQ(mio_udp_socket_peer_addr(&first, &from), -ENOTCONN);
    CHECK(mio_udp_socket_send(&second, "abc", 3) < 0);
    CHECK_EQ(mio_udp_socket_send_to(&second, "hello", 5, &first_addr), 5);
    await(SERVER, MIO_READABLE);
    CHECK_EQ(mio_udp_socket_peek_from(&first, text, sizeof text, &from), 5);
    CHECK(mio_addr_equal(&from, &second_addr));
    CHECK_EQ(mio_udp_socket_peek(&first, text, sizeof text), 5);
    from.kind = MIO_ADDR_UNNAMED;
    CHECK_EQ(mio_udp_socket_recv_from(&first, text, 2, &from), 2);
    CHECK(mio_addr_equal(&from, &second_addr));
    CHECK_EQ(mio_udp_socket_recv(&first, text, sizeof text), -EAGAIN);

    REQUIRE_EQ(mio_udp_socket_connect(&second, &first_addr), 0);
    REQUIRE_EQ(mio_udp_socket_peer_addr(&second, &from), 0);
    CHECK(mio_addr_equal(&from, &first_addr));
    CHECK_EQ(mio_udp_socket_send(&second, "", 0), 0);
    await(SERVER, MIO_READABLE);
    CHECK_EQ(mio_udp_socket_recv_from(&first, text, sizeof text, NULL), 0);
    CHECK_EQ(mio_udp_socket_take_error(&first), 0);

    CHECK_EQ(mio_udp_socket_broadcast(&first), 0);
    CHECK_EQ(mio_udp_socket_set_broadcast(&first, true), 0);
    CHECK_EQ(mio_udp_socket_broadcast(&first), 1);
    CHECK_EQ(mio_udp_socket_set_ttl(&first, 10), 0);
    CHECK_EQ(mio_udp_socket_ttl(&first), 10);
    REQUIRE_EQ(mio_udp_socket_close(&first), 0);
    REQUIRE_EQ(mio_udp_socket_close(&second), 0);
    close_poll();
}

TEST(net_udp_over_ipv4)
{
    udp_smoke(loopback_v4());
}

TEST(net_udp_over_ipv6)
{
    udp_smoke(loopback_v6());
}

TEST(net_udp_multicast)
{
    struct mio_addr any = mio_addr_ipv4(0, 0, 0, 0, 0);
    struct mio_addr group = mio_addr_ipv4(227, 1, 1, 100, 0);
    struct mio_addr loopback = loopback_v4();
    struct mio_udp_socket udp;
    REQUIRE_EQ(mio_udp_socket_bind(&any, NULL, &udp), 0);
    CHECK_EQ(mio_udp_socket_join_multicast_v4(&udp, &group, &loopback), 0);
    CHECK_EQ(mio_udp_socket_join_multicast_v4(&udp, &group, &loopback), -EADDRINUSE);
    CHECK_EQ(mio_udp_socket_leave_multicast_v4(&udp, &group, &loopback), 0);
    CHECK_EQ(mio_udp_socket_leave_multicast_v4(&udp, &group, &loopback), -EADDRNOTAVAIL);
    CHECK_EQ(mio_udp_socket_join_multicast_v4(&udp, &loopback, NULL), -EINVAL);
    CHECK_EQ(mio_udp_socket_join_multicast_v4(&udp, NULL, NULL), -EINVAL);
    CHECK_EQ(mio_udp_socket_multicast_loop_v4(&udp), 1);
    CHECK_EQ(mio_udp_socket_set_multicast_loop_v4(&udp, false), 0);
    CHECK_EQ(mio_udp_socket_multicast_loop_v4(&udp), 0);
    CHECK_EQ(mio_udp_socket_multicast_ttl_v4(&udp), 1);
    CHECK_EQ(mio_udp_socket_set_multicast_ttl_v4(&udp, 200), 0);
    CHECK_EQ(mio_udp_socket_multicast_ttl_v4(&udp), 200);
    CHECK_EQ(mio_udp_socket_set_multicast_ttl_v4(&udp, 256), -EINVAL);
    CHECK(mio_udp_socket_only_v6(&udp) < 0);
    REQUIRE_EQ(mio_udp_socket_close(&udp), 0);

    static const uint8_t bytes[16] = {0xff, 0x02, [15] = 0x77};
    struct mio_addr group_v6 = mio_addr_ipv6(bytes, 0);
    any = mio_addr_ipv6(NULL, 0);
    const struct mio_socket_options only = {.only_v6 = MIO_ONLY_V6_YES};
    REQUIRE_EQ(mio_udp_socket_bind(&any, &only, &udp), 0);
    CHECK_EQ(mio_udp_socket_only_v6(&udp), 1);
    CHECK_EQ(mio_udp_socket_join_multicast_v6(&udp, &group_v6, 1), 0);
    CHECK_EQ(mio_udp_socket_join_multicast_v6(&udp, &group_v6, 1), -EADDRINUSE);
    CHECK_EQ(mio_udp_socket_leave_multicast_v6(&udp, &group_v6, 1), 0);
    CHECK_EQ(mio_udp_socket_join_multicast_v6(&udp, &group, 1), -EINVAL);
    CHECK_EQ(mio_udp_socket_multicast_loop_v6(&udp), 1);
    CHECK_EQ(mio_udp_socket_set_multicast_loop_v6(&udp, false), 0);
    CHECK_EQ(mio_udp_socket_multicast_loop_v6(&udp), 0);
    REQUIRE_EQ(mio_udp_socket_close(&udp), 0);
}

/* --- Unix --- */

static void unix_stream_smoke(struct mio_addr addr, const struct mio_socket_options *options)
{
    open_poll();
    struct mio_unix_listener listener;
    REQUIRE_EQ(mio_unix_listener_bind(&addr, options, &listener), 0);
    check_flags(listener.source.fd);
    struct mio_unix_listener twice;
    CHECK_EQ(mio_unix_listener_bind(&addr, options, &twice), -EADDRINUSE);
    struct mio_addr name;
    REQUIRE_EQ(mio_unix_listener_local_addr(&listener, &name), 0);
    CHECK(mio_addr_equal(&name, &addr));
    REQUIRE_EQ(mio_source_register(&listener.source, registry, LISTENER, MIO_READABLE), 0);
    struct mio_unix_stream client;
    struct mio_unix_stream server;
    REQUIRE_EQ(mio_unix_stream_connect(&addr, options, &client), 0);
    check_flags(client.source.fd);
    await(LISTENER, MIO_READABLE);
    REQUIRE_EQ(mio_unix_listener_accept(&listener, &server, &name), 0);
    check_flags(server.source.fd);
    CHECK_EQ(name.kind, MIO_ADDR_UNNAMED);
    CHECK_EQ(mio_unix_listener_accept(&listener, &client, NULL), -EAGAIN);
    CHECK_EQ(mio_unix_listener_take_error(&listener), 0);
    REQUIRE_EQ(mio_unix_stream_peer_addr(&client, &name), 0);
    CHECK(mio_addr_equal(&name, &addr));
    REQUIRE_EQ(mio_unix_stream_local_addr(&server, &name), 0);
    CHECK(mio_addr_equal(&name, &addr));

    REQUIRE_EQ(mio_source_register(&server.source, registry, SERVER, MIO_READABLE), 0);
    char text[16];
    CHECK_EQ(mio_unix_stream_read(&server, text, sizeof text), -EAGAIN);
    struct mio_iovec out[2] = {{"hel", 3}, {"lo", 2}};
    CHECK_EQ(mio_unix_stream_writev(&client, out, 2), 5);
    await(SERVER, MIO_READABLE);
    CHECK_EQ(mio_unix_stream_peek(&server, text, sizeof text), 5);
    struct mio_iovec in[2] = {{text, 1}, {text + 1, 8}};
    CHECK_EQ(mio_unix_stream_readv(&server, in, 2), 5);
    CHECK(memcmp(text, "hello", 5) == 0);
    CHECK_EQ(mio_unix_stream_take_error(&server), 0);
    CHECK_EQ(mio_unix_stream_shutdown(&client, MIO_SHUTDOWN_WRITE), 0);
    await(SERVER, MIO_READABLE);
    CHECK_EQ(mio_unix_stream_read(&server, text, sizeof text), 0);
    CHECK_EQ(mio_unix_stream_write(&client, "a", 1), -EPIPE);
    REQUIRE_EQ(mio_unix_stream_close(&client), 0);
    REQUIRE_EQ(mio_unix_stream_close(&server), 0);
    REQUIRE_EQ(mio_unix_listener_close(&listener), 0);
    close_poll();
}

TEST(net_unix_stream_at_a_path)
{
    struct mio_addr addr = temporary_path();
    unix_stream_smoke(addr, NULL);
    REQUIRE_EQ(unlink(mio_addr_path(&addr)), 0);
}

TEST(net_unix_seqpacket_at_a_path)
{
    struct mio_addr addr = temporary_path();
    const struct mio_socket_options options = {.seqpacket = true};
    unix_stream_smoke(addr, &options);
    REQUIRE_EQ(unlink(mio_addr_path(&addr)), 0);
}

TEST(net_unix_seqpacket_keeps_records_apart)
{
    const struct mio_socket_options options = {.seqpacket = true};
    struct mio_unix_stream first;
    struct mio_unix_stream second;
    REQUIRE_EQ(mio_unix_stream_pair(&options, &first, &second), 0);
    check_flags(first.source.fd);
    check_flags(second.source.fd);
    CHECK_EQ(mio_unix_stream_write(&first, "abc", 3), 3);
    CHECK_EQ(mio_unix_stream_write(&first, "de", 2), 2);
    char text[16];
    CHECK_EQ(mio_unix_stream_read(&second, text, sizeof text), 3);
    CHECK_EQ(mio_unix_stream_read(&second, text, sizeof text), 2);
    struct mio_iovec parts[1025] = {{NULL, 0}};
    CHECK_EQ(mio_unix_stream_writev(&first, parts, 1025), -EMSGSIZE);
    CHECK_EQ(mio_unix_stream_readv(&first, parts, 1025), -EMSGSIZE);
    CHECK_EQ(mio_unix_stream_pair(NULL, &first, &first), -EINVAL);
    REQUIRE_EQ(mio_unix_stream_close(&first), 0);
    REQUIRE_EQ(mio_unix_stream_close(&second), 0);
}

TEST(net_unix_datagram)
{
    struct mio_addr addr = temporary_path();
    struct mio_addr from;
    char text[16];
    struct mio_unix_datagram receiver;
    struct mio_unix_datagram sender;
    REQUIRE_EQ(mio_unix_datagram_bind(&addr, NULL, &receiver), 0);
    REQUIRE_EQ(mio_unix_datagram_unbound(NULL, &sender), 0);
    check_flags(receiver.source.fd);
    check_flags(sender.source.fd);
    REQUIRE_EQ(mio_unix_datagram_local_addr(&sender, &from), 0);
    CHECK_EQ(from.kind, MIO_ADDR_UNNAMED);
    CHECK_EQ(mio_unix_datagram_recv(&receiver, text, sizeof text), -EAGAIN);
    CHECK_EQ(mio_unix_datagram_send_to(&sender, "hello", 5, &addr), 5);
    memset(&from, 0x5a, sizeof from);
    CHECK_EQ(mio_unix_datagram_recv_from(&receiver, text, sizeof text, &from), 5);
    CHECK_EQ(from.kind, MIO_ADDR_UNNAMED);
    CHECK_EQ(from.length, 0);
    CHECK_EQ(mio_unix_datagram_send(&sender, "a", 1), -ENOTCONN);
    REQUIRE_EQ(mio_unix_datagram_connect(&sender, &addr), 0);
    REQUIRE_EQ(mio_unix_datagram_peer_addr(&sender, &from), 0);
    CHECK(mio_addr_equal(&from, &addr));
    CHECK_EQ(mio_unix_datagram_send(&sender, "abc", 3), 3);
    CHECK_EQ(mio_unix_datagram_recv(&receiver, text, 2), 2);
    CHECK_EQ(mio_unix_datagram_take_error(&receiver), 0);
    REQUIRE_EQ(mio_unix_datagram_close(&receiver), 0);
    REQUIRE_EQ(mio_unix_datagram_close(&sender), 0);
    REQUIRE_EQ(unlink(mio_addr_path(&addr)), 0);
}

#if MIO_PLATFORM == MIO_PLATFORM_LINUX

static struct mio_addr abstract_name(const void *name, size_t length)
{
    struct mio_addr addr;
    REQUIRE_EQ(mio_addr_unix_abstract(name, length, &addr), 0);
    return addr;
}

TEST(net_unix_abstract_names_are_kept_to_the_byte)
{
    unix_stream_smoke(abstract_name("mio-net-smoke", 13), NULL);
    unix_stream_smoke(abstract_name("\0mio\0net\0", 9), NULL);
    char longest[107];
    memset(longest, 'm', sizeof longest);
    unix_stream_smoke(abstract_name(longest, sizeof longest), NULL);
}

TEST(net_unix_abstract_peer_has_its_name)
{
    struct mio_addr addr = abstract_name("mio-net-server", 14);
    struct mio_addr own = abstract_name("mio-net-client\0", 15);
    struct mio_unix_listener listener;
    REQUIRE_EQ(mio_unix_listener_bind(&addr, NULL, &listener), 0);
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    unsigned char sockaddr[MIO_SOCKADDR_SIZE];
    int size = mio_addr_to_sockaddr(&own, sockaddr, sizeof sockaddr);
    REQUIRE_EQ(bind(fd, (struct sockaddr *)(void *)sockaddr, (socklen_t)size), 0);
    size = mio_addr_to_sockaddr(&addr, sockaddr, sizeof sockaddr);
    REQUIRE_EQ(connect(fd, (struct sockaddr *)(void *)sockaddr, (socklen_t)size), 0);
    struct mio_unix_stream server;
    struct mio_addr peer;
    REQUIRE_EQ(mio_unix_listener_accept(&listener, &server, &peer), 0);
    CHECK(mio_addr_equal(&peer, &own));
    REQUIRE_EQ(mio_unix_stream_close(&server), 0);
    REQUIRE_EQ(mio_unix_listener_close(&listener), 0);
    close(fd);

    struct mio_unix_datagram first;
    struct mio_unix_datagram second;
    REQUIRE_EQ(mio_unix_datagram_bind(&addr, NULL, &first), 0);
    REQUIRE_EQ(mio_unix_datagram_bind(&own, NULL, &second), 0);
    CHECK_EQ(mio_unix_datagram_send_to(&second, "a", 1, &addr), 1);
    char byte;
    CHECK_EQ(mio_unix_datagram_recv_from(&first, &byte, 1, &peer), 1);
    CHECK(mio_addr_equal(&peer, &own));
    REQUIRE_EQ(mio_unix_datagram_close(&first), 0);
    REQUIRE_EQ(mio_unix_datagram_close(&second), 0);
}

#endif

TEST(net_unnamed_and_foreign_addresses_are_refused)
{
    struct mio_addr unnamed = {.kind = MIO_ADDR_UNNAMED};
    struct mio_addr ip = loopback_v4();
    struct mio_addr path = temporary_path();
    struct mio_tcp_listener tcp;
    struct mio_tcp_stream stream;
    struct mio_udp_socket udp;
    struct mio_unix_listener listener;
    struct mio_unix_stream unix_stream;
    struct mio_unix_datagram datagram;
    CHECK_EQ(mio_tcp_listener_bind(&path, NULL, &tcp), -EAFNOSUPPORT);
    CHECK_EQ(mio_tcp_stream_connect(&path, NULL, &stream), -EAFNOSUPPORT);
    CHECK_EQ(mio_udp_socket_bind(&path, NULL, &udp), -EAFNOSUPPORT);
    CHECK_EQ(mio_unix_listener_bind(&ip, NULL, &listener), -EAFNOSUPPORT);
    CHECK_EQ(mio_unix_stream_connect(&ip, NULL, &unix_stream), -EAFNOSUPPORT);
    CHECK_EQ(mio_unix_datagram_bind(&ip, NULL, &datagram), -EAFNOSUPPORT);
    CHECK_EQ(mio_tcp_listener_bind(&unnamed, NULL, &tcp), -EINVAL);
    CHECK_EQ(mio_unix_listener_bind(&unnamed, NULL, &listener), -EINVAL);
    CHECK_EQ(mio_unix_stream_connect(&unnamed, NULL, &unix_stream), -EINVAL);
    CHECK_EQ(mio_unix_datagram_bind(&unnamed, NULL, &datagram), -EINVAL);
    CHECK_EQ(mio_tcp_listener_bind(NULL, NULL, &tcp), -EINVAL);
    CHECK_EQ(mio_tcp_listener_bind(&ip, NULL, NULL), -EINVAL);
}

/* --- options --- */

static int value_of(mio_fd fd, int level, int name)
{
    int value = -1;
    socklen_t size = sizeof value;
    REQUIRE_EQ(getsockopt(fd, level, name, &value, &size), 0);
    return value;
}

TEST(net_options_are_set)
{
    struct mio_addr addr = mio_addr_ipv6(NULL, 0);
    const struct mio_socket_options options = {
        .backlog = 3,
        .send_buffer = 20000,
        .receive_buffer = 30000,
        .only_v6 = MIO_ONLY_V6_NO,
        .reuse_port = true,
        .keep_alive = true,
        .nodelay = true,
    };
    struct mio_tcp_listener listener;
    REQUIRE_EQ(mio_tcp_listener_bind(&addr, &options, &listener), 0);
    mio_fd fd = listener.source.fd;
    CHECK(value_of(fd, SOL_SOCKET, SO_REUSEADDR) != 0);
    CHECK(value_of(fd, SOL_SOCKET, SO_REUSEPORT) != 0);
    CHECK(value_of(fd, SOL_SOCKET, SO_KEEPALIVE) != 0);
    CHECK(value_of(fd, SOL_SOCKET, SO_SNDBUF) >= 20000);
    CHECK(value_of(fd, SOL_SOCKET, SO_RCVBUF) >= 30000);
    CHECK_EQ(value_of(fd, IPPROTO_IPV6, IPV6_V6ONLY), 0);
    REQUIRE_EQ(mio_tcp_listener_local_addr(&listener, &addr), 0);
    struct mio_tcp_listener second;
    REQUIRE_EQ(mio_tcp_listener_bind(&addr, &options, &second), 0);
    REQUIRE_EQ(mio_tcp_listener_close(&second), 0);
    const struct mio_socket_options client_options = {.nodelay = true, .keep_alive = true};
    struct mio_tcp_stream stream;
    struct mio_addr target = loopback_v6();
    target.port = addr.port;
    REQUIRE_EQ(mio_tcp_stream_connect(&target, &client_options, &stream), 0);
    CHECK_EQ(mio_tcp_stream_nodelay(&stream), 1);
    REQUIRE_EQ(mio_tcp_stream_close(&stream), 0);
    REQUIRE_EQ(mio_tcp_listener_close(&listener), 0);
}

TEST(net_options_that_make_no_sense_are_refused)
{
    struct mio_addr addr = loopback_v4();
    static const struct mio_socket_options stream_rows[] = {
        {.backlog = 1},         {.reuse_port = true},         {.reuse_addr = true},
        {.seqpacket = true},    {.only_v6 = MIO_ONLY_V6_YES}, {.send_buffer = -1},
        {.receive_buffer = -1},
    };
    for (size_t i = 0; i < sizeof stream_rows / sizeof stream_rows[0]; i++) {
        struct mio_tcp_stream stream;
        CHECK_EQ(mio_tcp_stream_connect(&addr, &stream_rows[i], &stream), -EINVAL);
    }
    const struct mio_socket_options nodelay = {.nodelay = true};
    const struct mio_socket_options negative = {.backlog = -1};
    struct mio_udp_socket udp;
    struct mio_tcp_listener listener;
    struct mio_unix_stream first;
    struct mio_unix_stream second;
    CHECK_EQ(mio_udp_socket_bind(&addr, &nodelay, &udp), -EINVAL);
    CHECK_EQ(mio_tcp_listener_bind(&addr, &negative, &listener), -EINVAL);
    CHECK_EQ(mio_unix_stream_pair(&nodelay, &first, &second), -EINVAL);
}

TEST(net_from_fd_checks_the_type)
{
    int fds[2];
    REQUIRE_EQ(socketpair(AF_UNIX, SOCK_DGRAM, 0, fds), 0);
    struct mio_unix_stream stream;
    struct mio_unix_datagram datagram;
    struct mio_pipe_receiver receiver;
    CHECK_EQ(mio_unix_stream_from_fd(fds[0], &stream), -EPROTOTYPE);
    CHECK((fcntl(fds[0], F_GETFL) & O_NONBLOCK) == 0);
    CHECK_EQ(mio_unix_datagram_from_fd(fds[0], &datagram), 0);
    CHECK((fcntl(fds[0], F_GETFL) & O_NONBLOCK) != 0);
    CHECK_EQ(mio_unix_datagram_close(&datagram), 0);
    CHECK_EQ(close(fds[1]), 0);
    CHECK_EQ(mio_unix_stream_from_fd(fds[1], &stream), -EBADF);
    CHECK_EQ(mio_unix_stream_from_fd(MIO_INVALID_FD, &stream), -EBADF);
    CHECK_EQ(mio_pipe_receiver_from_fd(MIO_INVALID_FD, &receiver), -EBADF);
    REQUIRE_EQ(pipe(fds), 0);
    CHECK_EQ(mio_unix_stream_from_fd(fds[0], &stream), -ENOTSOCK);
    CHECK_EQ(close(fds[0]), 0);
    CHECK_EQ(close(fds[1]), 0);
}

/* --- pipes --- */

TEST(net_pipe)
{
    open_poll();
    struct mio_pipe_sender sender;
    struct mio_pipe_receiver receiver;
    REQUIRE_EQ(mio_pipe_new(&sender, &receiver), 0);
    check_flags(sender.source.fd);
    check_flags(receiver.source.fd);
    REQUIRE_EQ(mio_source_register(&receiver.source, registry, SERVER, MIO_READABLE), 0);
    char text[16];
    CHECK_EQ(mio_pipe_receiver_read(&receiver, text, sizeof text), -EAGAIN);
    CHECK_EQ(mio_pipe_sender_write(&sender, "hello", 5), 5);
    await(SERVER, MIO_READABLE);
    struct mio_iovec in[2] = {{text, 1}, {text + 1, 15}};
    CHECK_EQ(mio_pipe_receiver_readv(&receiver, in, 2), 5);
    CHECK(memcmp(text, "hello", 5) == 0);
    struct mio_iovec out[2] = {{"wor", 3}, {"ld", 2}};
    CHECK_EQ(mio_pipe_sender_writev(&sender, out, 2), 5);
    CHECK_EQ(mio_pipe_receiver_read(&receiver, text, sizeof text), 5);
    CHECK_EQ(mio_pipe_sender_set_nonblocking(&sender, false), 0);
    CHECK((fcntl(sender.source.fd, F_GETFL) & O_NONBLOCK) == 0);
    CHECK_EQ(mio_pipe_sender_set_nonblocking(&sender, true), 0);
    CHECK_EQ(mio_pipe_receiver_set_nonblocking(&receiver, true), 0);
    static char much[1 << 16];
    ptrdiff_t written;
    while ((written = mio_pipe_sender_write(&sender, much, sizeof much)) > 0)
        continue;
    CHECK_EQ(written, -EAGAIN);
    mio_fd fd;
    CHECK_EQ(mio_pipe_receiver_into_fd(&receiver, &fd), -EBUSY);
    CHECK_EQ(mio_pipe_sender_into_fd(&sender, &fd), 0);
    REQUIRE_EQ(mio_pipe_sender_from_fd(fd, &sender), 0);
    REQUIRE_EQ(mio_pipe_sender_close(&sender), 0);
    while (mio_pipe_receiver_read(&receiver, much, sizeof much) > 0)
        continue;
    CHECK_EQ(mio_pipe_receiver_read(&receiver, text, sizeof text), 0);
    REQUIRE_EQ(mio_pipe_receiver_close(&receiver), 0);
    CHECK_EQ(mio_pipe_new(NULL, &receiver), -EINVAL);
    CHECK_EQ(mio_pipe_new(&sender, NULL), -EINVAL);
    close_poll();
}

/* --- re-arming --- */

/* A selector that has to be asked for the next event. */
struct asked {
    struct mio_selector selector;
    int count;
    int answer;
    mio_interest interest;
};

static int count_rearm(struct mio_selector *selector, mio_fd fd, mio_interest interest)
{
    struct asked *asked = (struct asked *)selector;
    CHECK(fd >= 0);
    asked->count++;
    asked->interest = interest;
    return asked->answer;
}

static int logged;

static void log_error(void *user, int error, const char *what)
{
    (void)user;
    (void)what;
    logged = error;
}

static ptrdiff_t give_user(mio_fd fd, void *user)
{
    CHECK(fd >= 0);
    return *(ptrdiff_t *)user;
}

TEST(net_try_io_asks_for_the_next_event_after_eagain_alone)
{
    static const struct mio__selector_ops ops = {.name = "asked", .rearm = count_rearm};
    struct asked asked = {.selector = {.ops = &ops, .config = {.log = log_error}}};
    mio__fork_guard_set(&asked.selector.fork_guard);
    struct mio_pipe_sender sender;
    struct mio_pipe_receiver receiver;
    REQUIRE_EQ(mio_pipe_new(&sender, &receiver), 0);
    struct mio_source *source = &receiver.source;
    char byte;
    CHECK_EQ(mio_pipe_receiver_read(&receiver, &byte, 1), -EAGAIN);
    CHECK_EQ(asked.count, 0);

    source->selector = &asked.selector;
    source->interest = MIO_READABLE;
    CHECK_EQ(mio_pipe_receiver_read(&receiver, &byte, 1), -EAGAIN);
    CHECK_EQ(asked.count, 1);
    CHECK_EQ(asked.interest, MIO_READABLE);
    CHECK_EQ(mio_pipe_sender_write(&sender, "a", 1), 1);
    CHECK_EQ(mio_pipe_receiver_read(&receiver, &byte, 1), 1);
    CHECK_EQ(asked.count, 1);

    ptrdiff_t result = -EAGAIN;
    CHECK_EQ(mio_source_try_io(source, MIO_READABLE, give_user, &result), -EAGAIN);
    CHECK_EQ(asked.count, 2);
    result = -EPIPE;
    /* An error was met, which may be over: nothing is asked for, but the selector may look. */
    CHECK_EQ(mio_source_try_io(source, MIO_READABLE, give_user, &result), -EPIPE);
    CHECK_EQ(asked.count, 3);
    CHECK_EQ(asked.interest, 0);
    result = 7;
    CHECK_EQ(mio_source_try_io(source, MIO_READABLE, give_user, &result), 7);
    CHECK_EQ(asked.count, 3);

    result = -EAGAIN;
    asked.answer = -ENOENT;
    CHECK_EQ(mio_source_try_io(source, MIO_READABLE, give_user, &result), -EAGAIN);
    CHECK_EQ(logged, 0);
    asked.answer = -ENOMEM;
    CHECK_EQ(mio_source_try_io(source, MIO_READABLE, give_user, &result), -ENOMEM);
    CHECK_EQ(logged, -ENOMEM);
    CHECK_EQ(asked.count, 5);
    source->interest = MIO_READABLE | MIO_ONESHOT;
    CHECK_EQ(mio_source_try_io(source, MIO_READABLE, give_user, &result), -EAGAIN);
    source->interest = MIO_READABLE | MIO_LEVEL;
    CHECK_EQ(mio_source_try_io(source, MIO_READABLE, give_user, &result), -EAGAIN);
    CHECK_EQ(asked.count, 5);

    source->selector = NULL;
    source->interest = 0;
    CHECK_EQ(mio_source_try_io(NULL, MIO_READABLE, give_user, &result), -EINVAL);
    CHECK_EQ(mio_source_try_io(source, MIO_READABLE, NULL, &result), -EINVAL);
    REQUIRE_EQ(mio_pipe_receiver_close(&receiver), 0);
    REQUIRE_EQ(mio_pipe_sender_close(&sender), 0);
    CHECK_EQ(mio_source_try_io(source, MIO_READABLE, give_user, &result), -EBADF);
}

/* Every function with a NULL socket. */
TEST(net_null_is_refused)
{
    struct mio_addr addr = loopback_v4();
    mio_fd fd;
    char byte = 0;
    struct mio_iovec part = {&byte, 1};
    CHECK_EQ(mio_tcp_listener_accept(NULL, NULL, NULL), -EINVAL);
    CHECK_EQ(mio_tcp_listener_set_ttl(NULL, 1), -EINVAL);
    CHECK_EQ(mio_tcp_listener_ttl(NULL), -EINVAL);
    CHECK_EQ(mio_tcp_listener_local_addr(NULL, &addr), -EINVAL);
    CHECK_EQ(mio_tcp_listener_take_error(NULL), -EINVAL);
    CHECK_EQ(mio_tcp_listener_from_fd(0, NULL), -EINVAL);
    CHECK_EQ(mio_tcp_listener_into_fd(NULL, &fd), -EINVAL);
    CHECK_EQ(mio_tcp_listener_close(NULL), -EINVAL);
    CHECK_EQ(mio_tcp_stream_connect(&addr, NULL, NULL), -EINVAL);
    CHECK_EQ(mio_tcp_stream_connected(NULL), -EINVAL);
    CHECK_EQ(mio_tcp_stream_read(NULL, &byte, 1), -EINVAL);
    CHECK_EQ(mio_tcp_stream_write(NULL, &byte, 1), -EINVAL);
    CHECK_EQ(mio_tcp_stream_readv(NULL, &part, 1), -EINVAL);
    CHECK_EQ(mio_tcp_stream_writev(NULL, &part, 1), -EINVAL);
    CHECK_EQ(mio_tcp_stream_peek(NULL, &byte, 1), -EINVAL);
    CHECK_EQ(mio_tcp_stream_shutdown(NULL, MIO_SHUTDOWN_BOTH), -EINVAL);
    CHECK_EQ(mio_tcp_stream_set_nodelay(NULL, true), -EINVAL);
    CHECK_EQ(mio_tcp_stream_nodelay(NULL), -EINVAL);
    CHECK_EQ(mio_tcp_stream_peer_addr(NULL, &addr), -EINVAL);
    CHECK_EQ(mio_udp_socket_connect(NULL, &addr), -EINVAL);
    CHECK_EQ(mio_udp_socket_send_to(NULL, &byte, 1, &addr), -EINVAL);
    CHECK_EQ(mio_udp_socket_recv_from(NULL, &byte, 1, &addr), -EINVAL);
    CHECK_EQ(mio_udp_socket_set_multicast_ttl_v4(NULL, 1), -EINVAL);
    CHECK_EQ(mio_udp_socket_multicast_ttl_v4(NULL), -EINVAL);
    CHECK_EQ(mio_udp_socket_join_multicast_v4(NULL, &addr, NULL), -EINVAL);
    CHECK_EQ(mio_udp_socket_join_multicast_v6(NULL, &addr, 0), -EINVAL);
    CHECK_EQ(mio_unix_stream_pair(NULL, NULL, NULL), -EINVAL);
    CHECK_EQ(mio_unix_datagram_unbound(NULL, NULL), -EINVAL);
    CHECK_EQ(mio_pipe_sender_write(NULL, &byte, 1), -EINVAL);
    CHECK_EQ(mio_pipe_sender_writev(NULL, &part, 1), -EINVAL);
    CHECK_EQ(mio_pipe_receiver_read(NULL, &byte, 1), -EINVAL);
    CHECK_EQ(mio_pipe_receiver_readv(NULL, &part, 1), -EINVAL);
    CHECK_EQ(mio_pipe_sender_set_nonblocking(NULL, true), -EINVAL);
    CHECK_EQ(mio_pipe_receiver_set_nonblocking(NULL, true), -EINVAL);
    CHECK_EQ(mio_pipe_sender_from_fd(0, NULL), -EINVAL);
    CHECK_EQ(mio_pipe_receiver_from_fd(0, NULL), -EINVAL);
    CHECK_EQ(mio_pipe_sender_close(NULL), -EINVAL);
}

TEST(net_memory_that_is_not_the_caller_s_is_efault)
{
    struct mio_unix_stream first;
    struct mio_unix_stream second;
    REQUIRE_EQ(mio_unix_stream_pair(NULL, &first, &second), 0);
    CHECK_EQ(mio_unix_stream_write(&first, "abc", 3), 3);
    CHECK_EQ(mio_unix_stream_read(&second, NULL, 3), -EFAULT);
    CHECK_EQ(mio_unix_stream_write(&first, NULL, 3), -EFAULT);
    static char text[4]; /* not on the stack, beyond which addresses end */
    CHECK_EQ(mio_unix_stream_read(&second, text, SIZE_MAX), 3);
    REQUIRE_EQ(mio_unix_stream_close(&first), 0);
    REQUIRE_EQ(mio_unix_stream_close(&second), 0);
}

/* SPDX-License-Identifier: MIT */
/* The life of every typed socket and pipe: made, connected, accepted, used, closed. */
#define _GNU_SOURCE

#include "sweep.h"

#include "fault.h"

#include <mio/slab.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum {
    LISTENER = 1,
    CLIENT = 2,
    SERVER = 3,
    BOTH = MIO_READABLE | MIO_WRITABLE,
    BUFFER = 8192,
    BACKLOG = 16,
    TTL = 42
};

/* --- a descriptor given away and taken back --- */

/* As another library would make it. */
static void unprepare(int fd)
{
    HOLDS(fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) & ~O_NONBLOCK) == 0);
    HOLDS(fcntl(fd, F_SETFD, 0) == 0);
}

/* After an error the descriptor is the caller's still, and unchanged. */
static void expect_unprepared(int fd)
{
    HOLDS((fcntl(fd, F_GETFL) & O_NONBLOCK) == 0);
    HOLDS(fcntl(fd, F_GETFD) == 0);
}

#define GIVE_AND_TAKE(kind, object)                         \
    do {                                                    \
        int given = -1;                                     \
        STEP(0, mio_##kind##_into_fd((object), &given));    \
        HOLDS((object)->source.fd == MIO_INVALID_FD);       \
        unprepare(given);                                   \
        STEP_OR(0, mio_##kind##_from_fd(given, (object))) { \
            expect_unprepared(given);                       \
            HOLDS((object)->source.fd == MIO_INVALID_FD);   \
        }                                                   \
        HOLDS(is_prepared((object)->source.fd));            \
    } while (0)

#define CLOSE(kind, object)                       \
    do {                                          \
        STEP(0, mio_##kind##_close(object));      \
        STEP(-EBADF, mio_##kind##_close(object)); \
        HOLDS((object)->source.selector == NULL); \
    } while (0)

/* On Apple an accepted socket is made ready by calls that follow. When one of them fails, the
 * connection is gone, and another one has to be made. */
static bool connection_is_lost(void)
{
    switch (fault_ordered().call) {
    case CALL_fcntl_getfl:
    case CALL_fcntl_setfl:
    case CALL_fcntl_setfd:
        return true;
    default:
        return false;
    }
}

/* --- TCP --- */

static void tcp_between(struct mio_addr addr, struct mio_socket_options listening)
{
    struct loop loop = loop_open(0, 16);
    struct mio_socket_options connecting = {
        .send_buffer = BUFFER, .receive_buffer = BUFFER, .keep_alive = true, .nodelay = true};
    struct mio_tcp_listener both_listener;
    struct mio_tcp_stream both;
    struct mio_tcp_stream server;
    struct mio_addr name;
    char bytes[16];

    MAKE(&both_listener, mio_tcp_listener_bind(&addr, &listening, &both_listener));
    HOLDS(is_prepared(both_listener.source.fd));
    STEP(0, mio_tcp_listener_local_addr(&both_listener, &name));
    STEP(0, mio_tcp_listener_set_ttl(&both_listener, TTL));
    STEP(TTL, mio_tcp_listener_ttl(&both_listener));
    STEP(0, mio_tcp_listener_take_error(&both_listener));
    STEP(0, mio_source_register(&both_listener.source, loop.registry, LISTENER, MIO_READABLE));

    MAKE(&both, mio_tcp_stream_connect(&name, &connecting, &both));
    HOLDS(is_prepared(both.source.fd));
    STEP(0, mio_source_register(&both.source, loop.registry, CLIENT, BOTH));
    await(&loop, LISTENER, MIO_READABLE);
    MAKE_OR(&server, mio_tcp_listener_accept(&both_listener, &server, NULL)) {
        if (connection_is_lost()) {
            HOLDS(mio_tcp_stream_close(&both) == 0);
            HOLDS(mio_tcp_listener_accept(&both_listener, &server, NULL) == -EAGAIN);
            HOLDS(mio_tcp_stream_connect(&name, &connecting, &both) == 0);
            HOLDS(mio_source_register(&both.source, loop.registry, CLIENT, BOTH) == 0);
            loop.seen[CLIENT] = 0;
            await(&loop, LISTENER, MIO_READABLE);
        }
    }
    if (!HOLDS(is_prepared(server.source.fd)))
        prepare(server.source.fd);
    STEP(-EAGAIN, mio_tcp_listener_accept(&both_listener, &server, &name));
    STEP(0, mio_source_register(&server.source, loop.registry, SERVER, BOTH));
    await(&loop, CLIENT, MIO_WRITABLE);
    STEP(0, mio_tcp_stream_connected(&both));

    STEP(0, mio_tcp_stream_local_addr(&both, &name));
    STEP(0, mio_tcp_stream_peer_addr(&both, &name));
    STEP(0, mio_tcp_stream_set_nodelay(&both, true));
    STEP(1, mio_tcp_stream_nodelay(&both));
    STEP(0, mio_tcp_stream_set_ttl(&both, TTL));
    STEP(TTL, mio_tcp_stream_ttl(&both));
    STEP(0, mio_tcp_stream_take_error(&both));

    struct mio_iovec parts[] = {{.base = bytes, .len = 2}, {.base = bytes + 2, .len = 3}};
    STEP(5, mio_tcp_stream_write(&both, "hello", 5));
    await(&loop, SERVER, MIO_READABLE);
    STEP(5, mio_tcp_stream_peek(&server, bytes, sizeof bytes));
    STEP(5, mio_tcp_stream_read(&server, bytes, sizeof bytes));
    HOLDS(memcmp(bytes, "hello", 5) == 0);
    STEP(-EAGAIN, mio_tcp_stream_read(&server, bytes, sizeof bytes));
    STEP(5, mio_tcp_stream_writev(&both, parts, 2));
    await(&loop, SERVER, MIO_READABLE);
    STEP(5, mio_tcp_stream_readv(&server, parts, 2));
    HOLDS(memcmp(bytes, "hello", 5) == 0);
    STEP(-EAGAIN, mio_tcp_stream_readv(&server, parts, 2));
    STEP(0, mio_tcp_stream_shutdown(&both, MIO_SHUTDOWN_WRITE));
    await(&loop, SERVER, MIO_READ_CLOSED);
    STEP(0, mio_tcp_stream_read(&server, bytes, sizeof bytes));
    STEP(-EPIPE, mio_tcp_stream_write(&both, "late", 4));

    STEP(0, mio_source_deregister(&server.source, loop.registry));
    GIVE_AND_TAKE(tcp_stream, &server);
    STEP(0, mio_source_deregister(&both_listener.source, loop.registry));
    GIVE_AND_TAKE(tcp_listener, &both_listener);
    CLOSE(tcp_stream, &server);
    CLOSE(tcp_stream, &both);
    CLOSE(tcp_listener, &both_listener);
    silent(&loop);
    loop_close(&loop);
}

static void tcp_scenario(void)
{
    tcp_between(mio_addr_ipv4(127, 0, 0, 1, 0), (struct mio_socket_options){
                                                    .backlog = BACKLOG,
                                                    .send_buffer = BUFFER,
                                                    .receive_buffer = BUFFER,
                                                    .reuse_port = true,
                                                    .keep_alive = true,
                                                    .nodelay = true,
                                                });
}

TEST(tcp)
{
    sweep("tcp", tcp_scenario, IN_PROCESS);
}

static struct mio_addr loopback_v6(void)
{
    static const uint8_t one[16] = {[15] = 1};
    return mio_addr_ipv6(one, 0);
}

static bool has_ipv6(void)
{
    struct mio_addr addr = loopback_v6();
    struct mio_tcp_listener listener;
    fault_pause();
    bool has = mio_tcp_listener_bind(&addr, NULL, &listener) == 0;
    if (has)
        (void)mio_tcp_listener_close(&listener);
    fault_resume();
    return has;
}

static void tcp_v6_scenario(void)
{
    tcp_between(loopback_v6(), (struct mio_socket_options){.only_v6 = MIO_ONLY_V6_YES});
}

TEST(tcp_v6)
{
    if (!has_ipv6())
        SKIP("no IPv6 here");
    sweep("tcp_v6", tcp_v6_scenario, IN_PROCESS);
}

/* What fails anyway says so, whatever else fails on the way out. */
static void tcp_refusals_scenario(void)
{
    struct mio_addr addr = mio_addr_ipv4(127, 0, 0, 1, 0);
    struct mio_tcp_listener listener;
    struct mio_tcp_listener other;
    struct mio_tcp_stream stream;
    struct mio_addr name;
    MAKE(&listener, mio_tcp_listener_bind(&addr, NULL, &listener));
    STEP(0, mio_tcp_listener_local_addr(&listener, &name));
    STEP(-EADDRINUSE, mio_tcp_listener_bind(&name, NULL, &other));
    STEP(-EAGAIN, mio_tcp_listener_accept(&listener, &stream, NULL));
    CLOSE(tcp_listener, &listener);
    struct mio_addr nowhere = mio_addr_ipv4(255, 255, 255, 255, 9);
    STEP(-ENETUNREACH, mio_tcp_stream_connect(&nowhere, NULL, &stream));
    /* Nobody listens there. */
    struct mio_addr nobody = mio_addr_ipv4(127, 0, 0, 1, 1);
    MAKE(&stream, mio_tcp_stream_connect(&nobody, NULL, &stream));
    STEP(-ECONNREFUSED, mio_tcp_stream_connected(&stream));
    STEP(-ENOTCONN, mio_tcp_stream_connected(&stream));
    CLOSE(tcp_stream, &stream);
}

TEST(tcp_refusals)
{
    sweep("tcp_refusals", tcp_refusals_scenario, IN_PROCESS);
}

/* --- UDP --- */

static void udp_between(struct mio_addr addr, struct mio_socket_options options)
{
    struct loop loop = loop_open(0, 16);
    struct mio_udp_socket both;
    struct mio_udp_socket peer;
    struct mio_addr name;
    struct mio_addr from;
    char bytes[16];

    MAKE(&both, mio_udp_socket_bind(&addr, &options, &both));
    MAKE(&peer, mio_udp_socket_bind(&addr, NULL, &peer));
    HOLDS(is_prepared(both.source.fd));
    STEP(0, mio_udp_socket_local_addr(&both, &name));
    STEP(0, mio_source_register(&both.source, loop.registry, SERVER, MIO_READABLE));
    STEP(5, mio_udp_socket_send_to(&peer, "hello", 5, &name));
    await(&loop, SERVER, MIO_READABLE);
    STEP(5, mio_udp_socket_peek_from(&both, bytes, sizeof bytes, &from));
    STEP(5, mio_udp_socket_recv_from(&both, bytes, sizeof bytes, &from));
    STEP(-EAGAIN, mio_udp_socket_recv_from(&both, bytes, sizeof bytes, &from));
    STEP(0, mio_udp_socket_connect(&both, &from));
    STEP(0, mio_udp_socket_peer_addr(&both, &from));
    STEP(0, mio_udp_socket_connect(&peer, &name));
    STEP(5, mio_udp_socket_send(&peer, "hello", 5));
    await(&loop, SERVER, MIO_READABLE);
    STEP(5, mio_udp_socket_peek(&both, bytes, sizeof bytes));
    STEP(5, mio_udp_socket_recv(&both, bytes, sizeof bytes));
    STEP(-EAGAIN, mio_udp_socket_recv(&both, bytes, sizeof bytes));
    STEP(0, mio_udp_socket_set_broadcast(&both, true));
    STEP(1, mio_udp_socket_broadcast(&both));
    STEP(0, mio_udp_socket_set_ttl(&both, TTL));
    STEP(TTL, mio_udp_socket_ttl(&both));
    STEP(0, mio_udp_socket_take_error(&both));
    if (addr.kind == MIO_ADDR_IPV4) {
        STEP(0, mio_udp_socket_set_multicast_loop_v4(&both, false));
        STEP(0, mio_udp_socket_multicast_loop_v4(&both));
        STEP(0, mio_udp_socket_set_multicast_ttl_v4(&both, TTL));
        STEP(TTL, mio_udp_socket_multicast_ttl_v4(&both));
        struct mio_addr group = mio_addr_ipv4(239, 1, 2, 3, 0);
        struct mio_addr here = mio_addr_ipv4(127, 0, 0, 1, 0);
        STEP(0, mio_udp_socket_join_multicast_v4(&both, &group, &here));
        STEP(0, mio_udp_socket_leave_multicast_v4(&both, &group, &here));
    } else {
        STEP(0, mio_udp_socket_set_multicast_loop_v6(&both, false));
        STEP(0, mio_udp_socket_multicast_loop_v6(&both));
        STEP(1, mio_udp_socket_only_v6(&both));
        static const uint8_t all[16] = {0xff, 0x01, [15] = 0x77};
        struct mio_addr group = mio_addr_ipv6(all, 0);
        STEP(0, mio_udp_socket_join_multicast_v6(&both, &group, 1));
        STEP(0, mio_udp_socket_leave_multicast_v6(&both, &group, 1));
    }
    STEP(0, mio_source_deregister(&both.source, loop.registry));
    GIVE_AND_TAKE(udp_socket, &both);
    CLOSE(udp_socket, &both);
    CLOSE(udp_socket, &peer);
    loop_close(&loop);
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
    udp_between(loopback_v6(), (struct mio_socket_options){.only_v6 = MIO_ONLY_V6_YES});
}

TEST(udp_v6)
{
    if (!has_ipv6())
        SKIP("no IPv6 here");
    sweep("udp_v6", udp_v6_scenario, IN_PROCESS);
}

/* --- Unix --- */

/* A path of this process; nothing is there. */
static struct mio_addr fresh_path(char path[64], const char *name)
{
    struct mio_addr addr;
    snprintf(path, 64, "/tmp/mio-fault-%ld-%s", (long)getpid(), name);
    (void)unlink(path);
    HOLDS(mio_addr_unix(path, strlen(path), &addr) == 0);
    return addr;
}

static void unix_with(const struct mio_socket_options *records)
{
    struct loop loop = loop_open(0, 16);
    char path[64];
    struct mio_addr addr = fresh_path(path, "stream");
    struct mio_unix_listener listener;
    struct mio_unix_stream client;
    struct mio_unix_stream server;
    struct mio_addr name;
    char bytes[16];

    STEP(-ENOENT, mio_unix_stream_connect(&addr, records, &client));
    MAKE_OR(&listener, mio_unix_listener_bind(&addr, records, &listener)) {
        (void)unlink(path); /* unix.h: when listening fails, its file stays */
    }
    STEP(-EADDRINUSE, mio_unix_listener_bind(&addr, records, &listener));
    STEP(0, mio_source_register(&listener.source, loop.registry, LISTENER, MIO_READABLE));
    STEP(0, mio_unix_listener_local_addr(&listener, &name));
    STEP(0, mio_unix_listener_take_error(&listener));
    MAKE(&client, mio_unix_stream_connect(&addr, records, &client));
    await(&loop, LISTENER, MIO_READABLE);
    MAKE_OR(&server, mio_unix_listener_accept(&listener, &server, &name)) {
        if (connection_is_lost()) {
            HOLDS(mio_unix_stream_close(&client) == 0);
            HOLDS(mio_unix_stream_connect(&addr, records, &client) == 0);
        }
    }
    HOLDS(is_prepared(client.source.fd));
    if (!HOLDS(is_prepared(server.source.fd)))
        prepare(server.source.fd);
    STEP(-EAGAIN, mio_unix_listener_accept(&listener, &server, &name));
    STEP(0, mio_source_register(&server.source, loop.registry, SERVER, BOTH));

    struct mio_iovec parts[] = {{.base = bytes, .len = 2}, {.base = bytes + 2, .len = 3}};
    STEP(5, mio_unix_stream_write(&client, "hello", 5));
    await(&loop, SERVER, MIO_READABLE);
    STEP(5, mio_unix_stream_peek(&server, bytes, sizeof bytes));
    STEP(5, mio_unix_stream_read(&server, bytes, sizeof bytes));
    STEP(-EAGAIN, mio_unix_stream_read(&server, bytes, sizeof bytes));
    STEP(5, mio_unix_stream_writev(&client, parts, 2));
    await(&loop, SERVER, MIO_READABLE);
    STEP(5, mio_unix_stream_readv(&server, parts, 2));
    STEP(0, mio_unix_stream_local_addr(&server, &name));
    STEP(0, mio_unix_stream_peer_addr(&server, &name));
    STEP(0, mio_unix_stream_take_error(&server));
    STEP(0, mio_unix_stream_shutdown(&client, MIO_SHUTDOWN_BOTH));
    await(&loop, SERVER, MIO_READ_CLOSED);
    /* A peer that only shut down is written to on the BSDs and macOS: it is not asked. */
    CLOSE(unix_stream, &client);
    STEP(-EPIPE, mio_unix_stream_write(&server, "late", 4));
    STEP(0, mio_source_deregister(&server.source, loop.registry));
    GIVE_AND_TAKE(unix_stream, &server);
    CLOSE(unix_stream, &server);
    CLOSE(unix_listener, &listener);
    STEP(-ECONNREFUSED, mio_unix_stream_connect(&addr, records, &client));
    (void)unlink(path);
    loop_close(&loop);
}

static void unix_stream_scenario(void)
{
    unix_with(&(struct mio_socket_options){.send_buffer = BUFFER});
}

TEST(unix_stream)
{
    sweep("unix_stream", unix_stream_scenario, IN_PROCESS);
}

static void unix_records_scenario(void)
{
    unix_with(&(struct mio_socket_options){.seqpacket = true});
}

TEST(unix_records)
{
    sweep("unix_records", unix_records_scenario, IN_PROCESS);
}

static void unix_pair_scenario(void)
{
    struct loop loop = loop_open(0, 16);
    struct mio_socket_options records = {.seqpacket = true, .receive_buffer = BUFFER};
    struct mio_unix_stream pair[2];
    char bytes[16];
    STEP(0, mio_unix_stream_pair(&records, &pair[0], &pair[1]));
    CLOSE(unix_stream, &pair[0]);
    CLOSE(unix_stream, &pair[1]);
    STEP(0, mio_unix_stream_pair(NULL, &pair[0], &pair[1]));
    HOLDS(is_prepared(pair[0].source.fd) && is_prepared(pair[1].source.fd));
    STEP(0, mio_source_register(&pair[0].source, loop.registry, SERVER, BOTH | MIO_LEVEL));
    STEP(3, mio_unix_stream_write(&pair[1], "hey", 3));
    await(&loop, SERVER, BOTH);
    STEP(3, mio_unix_stream_read(&pair[0], bytes, sizeof bytes));
    CLOSE(unix_stream, &pair[1]);
    await(&loop, SERVER, MIO_READ_CLOSED);
    CLOSE(unix_stream, &pair[0]);
    loop_close(&loop);
}

TEST(unix_pair)
{
    sweep("unix_pair", unix_pair_scenario, IN_PROCESS);
}

static void unix_datagram_scenario(void)
{
    struct loop loop = loop_open(0, 16);
    char path[64];
    struct mio_addr addr = fresh_path(path, "datagram");
    struct mio_unix_datagram named;
    struct mio_unix_datagram other;
    struct mio_unix_datagram pair[2];
    struct mio_addr from;
    char bytes[16];
    MAKE(&named, mio_unix_datagram_bind(&addr, NULL, &named));
    MAKE(&other, mio_unix_datagram_unbound(NULL, &other));
    STEP(0, mio_source_register(&named.source, loop.registry, SERVER, MIO_READABLE));
    STEP(5, mio_unix_datagram_send_to(&other, "hello", 5, &addr));
    await(&loop, SERVER, MIO_READABLE);
    STEP(5, mio_unix_datagram_recv_from(&named, bytes, sizeof bytes, &from));
    STEP(-EAGAIN, mio_unix_datagram_recv_from(&named, bytes, sizeof bytes, &from));
    STEP(0, mio_unix_datagram_connect(&other, &addr));
    STEP(5, mio_unix_datagram_send(&other, "hello", 5));
    await(&loop, SERVER, MIO_READABLE);
    STEP(5, mio_unix_datagram_recv(&named, bytes, sizeof bytes));
    STEP(0, mio_unix_datagram_local_addr(&named, &from));
    STEP(0, mio_unix_datagram_peer_addr(&other, &from));
    STEP(0, mio_unix_datagram_take_error(&other));
    STEP(0, mio_unix_datagram_shutdown(&other, MIO_SHUTDOWN_BOTH));
    STEP(-EPIPE, mio_unix_datagram_send(&other, "late", 4));
    STEP(0, mio_unix_datagram_pair(NULL, &pair[0], &pair[1]));
    STEP(4, mio_unix_datagram_send(&pair[0], "pair", 4));
    STEP(4, mio_unix_datagram_recv(&pair[1], bytes, sizeof bytes));
    GIVE_AND_TAKE(unix_datagram, &pair[0]);
    CLOSE(unix_datagram, &pair[0]);
    CLOSE(unix_datagram, &pair[1]);
    CLOSE(unix_datagram, &other);
    CLOSE(unix_datagram, &named);
    (void)unlink(path);
    loop_close(&loop);
}

TEST(unix_datagram)
{
    sweep("unix_datagram", unix_datagram_scenario, IN_PROCESS);
}

/* --- pipes --- */

static void pipe_scenario(void)
{
    struct loop loop = loop_open(0, 16);
    struct mio_pipe_sender sender;
    struct mio_pipe_receiver receiver;
    char bytes[16];
    struct mio_iovec parts[] = {{.base = bytes, .len = 2}, {.base = bytes + 2, .len = 3}};
    STEP(0, mio_pipe_new(&sender, &receiver));
    HOLDS(is_prepared(sender.source.fd) && is_prepared(receiver.source.fd));
    STEP(0, mio_source_register(&receiver.source, loop.registry, SERVER, MIO_READABLE));
    STEP(0, mio_source_register(&sender.source, loop.registry, CLIENT, MIO_WRITABLE));
    STEP(5, mio_pipe_sender_write(&sender, "hello", 5));
    await(&loop, SERVER, MIO_READABLE);
    STEP(5, mio_pipe_receiver_read(&receiver, bytes, sizeof bytes));
    STEP(-EAGAIN, mio_pipe_receiver_read(&receiver, bytes, sizeof bytes));
    STEP(5, mio_pipe_sender_writev(&sender, parts, 2));
    await(&loop, SERVER, MIO_READABLE);
    STEP(5, mio_pipe_receiver_readv(&receiver, parts, 2));
    HOLDS(memcmp(bytes, "hello", 5) == 0);
    STEP(-EAGAIN, mio_pipe_receiver_readv(&receiver, parts, 2));
    STEP(0, mio_pipe_sender_set_nonblocking(&sender, false));
    STEP(0, mio_pipe_sender_set_nonblocking(&sender, true));
    STEP(0, mio_pipe_receiver_set_nonblocking(&receiver, true));
    STEP(0, mio_source_deregister(&receiver.source, loop.registry));
    GIVE_AND_TAKE(pipe_receiver, &receiver);
    STEP(0, mio_source_deregister(&sender.source, loop.registry));
    GIVE_AND_TAKE(pipe_sender, &sender);
    STEP(0, mio_source_register(&sender.source, loop.registry, CLIENT, MIO_WRITABLE));
    CLOSE(pipe_receiver, &receiver);
    await(&loop, CLIENT, MIO_WRITE_CLOSED);
    STEP(-EPIPE, mio_pipe_sender_write(&sender, "late", 4));
    CLOSE(pipe_sender, &sender);
    silent(&loop);
    loop_close(&loop);
}

TEST(pipes)
{
    sweep("pipes", pipe_scenario, APART);
}

/* --- what makes no system call --- */

static void values_scenario(void)
{
    struct mio_addr addr;
    char text[MIO_ADDR_TEXT];
    STEP(0, mio_addr_parse("[fe80::1%3]:80", &addr));
    STEP(14, mio_addr_format(&addr, text, sizeof text));
    struct mio_slab *slab;
    enum { OBJECTS = 40 };
    static int objects[OBJECTS];
    mio_token tokens[OBJECTS];
    MAKE(&slab, mio_slab_new(2, NULL, &slab));
    for (int i = 0; i < OBJECTS; i++) {
        MAKE_OR(&tokens[i], mio_slab_insert(slab, &objects[i], &tokens[i])) {
            HOLDS(mio_slab_len(slab) == (size_t)i);
        }
    }
    for (int i = 0; i < OBJECTS; i++)
        HOLDS(mio_slab_get(slab, tokens[i]) == &objects[i]);
    FREE(mio_slab_free(slab));
}

TEST(values)
{
    sweep("values", values_scenario, IN_PROCESS);
}

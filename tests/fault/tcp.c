/* SPDX-License-Identifier: MIT */
/* The life of a TCP connection: listened for, made, asked, used, closed. */
#define _GNU_SOURCE

#include "typed.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

struct connection {
    struct loop loop;
    struct mio_tcp_listener listener;
    struct mio_addr name; /* the listener's */
    struct mio_tcp_stream client;
    struct mio_tcp_stream server;
};

static const struct mio_socket_options connecting = {
    .send_buffer = BUFFER, .receive_buffer = BUFFER, .keep_alive = true, .no_delay = true};

static void listen_at(struct connection *tcp, struct mio_addr addr,
                      struct mio_socket_options listening)
{
    MAKE(&tcp->listener, mio_tcp_listener_bind(&addr, &listening, &tcp->listener));
    HOLDS(is_prepared(tcp->listener.source.fd));
    STEP(0, mio_source_local_addr(&tcp->listener.source, &tcp->name));
    STEP(0, mio_tcp_listener_set_ttl(&tcp->listener, TTL));
    STEP(TTL, asked_tcp_listener_ttl(&tcp->listener));
    STEP(0, mio_source_take_error(&tcp->listener.source));
    STEP(0, mio_source_register(&tcp->listener.source, tcp->loop.registry, LISTENER, MIO_READABLE));
}

/* In the place of one that was lost. */
static void connect_again(struct connection *tcp)
{
    struct loop *loop = &tcp->loop;
    HOLDS(mio_source_close(&tcp->client.source) == 0);
    HOLDS(mio_tcp_listener_accept(&tcp->listener, &tcp->server, NULL) == -EAGAIN);
    HOLDS(mio_tcp_stream_connect(&tcp->name, &connecting, &tcp->client) == 0);
    HOLDS(mio_source_register(&tcp->client.source, loop->registry, CLIENT, BOTH) == 0);
    loop->seen[CLIENT] = 0;
    await(loop, LISTENER, MIO_READABLE);
}

static void connect_and_accept(struct connection *tcp)
{
    struct loop *loop = &tcp->loop;
    struct mio_addr from;
    MAKE(&tcp->client, mio_tcp_stream_connect(&tcp->name, &connecting, &tcp->client));
    HOLDS(is_prepared(tcp->client.source.fd));
    STEP(0, mio_source_register(&tcp->client.source, loop->registry, CLIENT, BOTH));
    await(loop, LISTENER, MIO_READABLE);
    MAKE_OR(&tcp->server, mio_tcp_listener_accept(&tcp->listener, &tcp->server, NULL)) {
        if (connection_is_lost())
            connect_again(tcp);
    }
    if (!HOLDS(is_prepared(tcp->server.source.fd)))
        prepare(tcp->server.source.fd);
    STEP(-EAGAIN, mio_tcp_listener_accept(&tcp->listener, &tcp->server, &from));
    STEP(0, mio_source_register(&tcp->server.source, loop->registry, SERVER, BOTH));
    await(loop, CLIENT, MIO_WRITABLE);
    STEP(0, mio_tcp_stream_finish_connect(&tcp->client));
}

static void tcp_ask_and_set(struct connection *tcp)
{
    struct mio_addr name;
    STEP(0, mio_source_local_addr(&tcp->client.source, &name));
    STEP(0, mio_source_peer_addr(&tcp->client.source, &name));
    STEP(0, mio_tcp_stream_set_no_delay(&tcp->client, true));
    STEP(1, asked_tcp_stream_no_delay(&tcp->client));
    STEP(0, mio_tcp_stream_set_ttl(&tcp->client, TTL));
    STEP(TTL, asked_tcp_stream_ttl(&tcp->client));
    STEP(0, mio_source_take_error(&tcp->client.source));
}

static void transfer(struct connection *tcp)
{
    struct loop *loop = &tcp->loop;
    char bytes[16];
    struct mio_iovec parts[] = {{.base = bytes, .len = 2}, {.base = bytes + 2, .len = 3}};
    STEP(5, mio_tcp_stream_write(&tcp->client, "hello", 5));
    await(loop, SERVER, MIO_READABLE);
    STEP(5, mio_tcp_stream_peek(&tcp->server, bytes, sizeof bytes));
    STEP(5, mio_tcp_stream_read(&tcp->server, bytes, sizeof bytes));
    HOLDS(memcmp(bytes, "hello", 5) == 0);
    STEP(-EAGAIN, mio_tcp_stream_read(&tcp->server, bytes, sizeof bytes));
    STEP(5, mio_tcp_stream_writev(&tcp->client, parts, 2));
    await(loop, SERVER, MIO_READABLE);
    STEP(5, mio_tcp_stream_readv(&tcp->server, parts, 2));
    HOLDS(memcmp(bytes, "hello", 5) == 0);
    STEP(-EAGAIN, mio_tcp_stream_readv(&tcp->server, parts, 2));
    STEP(0, mio_tcp_stream_shutdown(&tcp->client, MIO_SHUTDOWN_WRITE));
    await(loop, SERVER, MIO_READ_CLOSED);
    STEP(0, mio_tcp_stream_read(&tcp->server, bytes, sizeof bytes));
    STEP(-EPIPE, mio_tcp_stream_write(&tcp->client, "late", 4));
}

/* Of a file, and of one that the kernel makes as it is read, which it does not send by itself. */
static void send_files(struct connection *tcp)
{
    static const char *const names[] = {"/proc/self/exe", "/proc/self/status"};
    struct loop *loop = &tcp->loop;
    char bytes[16];
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        int file = open(names[i], O_RDONLY | O_CLOEXEC);
        HOLDS(file >= 0);
        STEP(6, mio_tcp_stream_send_file(&tcp->client, file, 1, 6));
        await(loop, SERVER, MIO_READABLE);
        STEP(6, mio_tcp_stream_read(&tcp->server, bytes, sizeof bytes));
        STEP(-EAGAIN, mio_tcp_stream_read(&tcp->server, bytes, sizeof bytes));
        close(file);
    }
}

static void give_up(struct connection *tcp)
{
    STEP(0, mio_source_deregister(&tcp->server.source));
    GIVE_AND_TAKE(tcp_stream, &tcp->server);
    STEP(0, mio_source_deregister(&tcp->listener.source));
    GIVE_AND_TAKE(tcp_listener, &tcp->listener);
    CLOSE(&tcp->server);
    CLOSE(&tcp->client);
    CLOSE(&tcp->listener);
}

static void tcp_between(struct mio_addr addr, struct mio_socket_options listening)
{
    struct connection tcp = {.loop = loop_open(0, 16)};
    listen_at(&tcp, addr, listening);
    connect_and_accept(&tcp);
    tcp_ask_and_set(&tcp);
    send_files(&tcp);
    transfer(&tcp);
    give_up(&tcp);
    silent(&tcp.loop);
    loop_close(&tcp.loop);
}

static void tcp_scenario(void)
{
    tcp_between(mio_addr_ipv4(127, 0, 0, 1, 0), (struct mio_socket_options){
                                                    .backlog = BACKLOG,
                                                    .send_buffer = BUFFER,
                                                    .receive_buffer = BUFFER,
                                                    .reuse_port = true,
                                                    .keep_alive = true,
                                                    .no_delay = true,
                                                });
}

TEST(tcp)
{
    sweep("tcp", tcp_scenario, IN_PROCESS);
}

static void tcp_v6_scenario(void)
{
    tcp_between(loopback_v6(), (struct mio_socket_options){.v6_only = MIO_V6_ONLY_YES});
}

/* Its last option is set when it listens already. */
static void tcp_deferring_scenario(void)
{
    const struct mio_socket_options options = {.defer_accept = true};
    struct mio_addr addr = mio_addr_ipv4(127, 0, 0, 1, 0);
    struct mio_tcp_listener listener;
    MAKE(&listener, mio_tcp_listener_bind(&addr, &options, &listener));
    CLOSE(&listener);
}

TEST(tcp_deferring)
{
    struct mio_addr addr = mio_addr_ipv4(127, 0, 0, 1, 0);
    struct mio_tcp_listener listener;
    if (mio_tcp_listener_bind(&addr, &(struct mio_socket_options){.defer_accept = true},
                              &listener) == -ENOTSUP)
        SKIP("this system cannot defer what is accepted, and says so");
    CHECK_EQ(mio_source_close(&listener.source), 0);
    sweep("tcp_deferring", tcp_deferring_scenario, IN_PROCESS);
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
    STEP(0, mio_source_local_addr(&listener.source, &name));
    STEP(-EADDRINUSE, mio_tcp_listener_bind(&name, NULL, &other));
    STEP(-EAGAIN, mio_tcp_listener_accept(&listener, &stream, NULL));
    CLOSE(&listener);
    struct mio_addr nowhere = mio_addr_ipv4(255, 255, 255, 255, 9);
    STEP(-ENETUNREACH, mio_tcp_stream_connect(&nowhere, NULL, &stream));
    /* Nobody listens there. */
    struct mio_addr nobody = mio_addr_ipv4(127, 0, 0, 1, 1);
    MAKE(&stream, mio_tcp_stream_connect(&nobody, NULL, &stream));
    STEP(-ECONNREFUSED, mio_tcp_stream_finish_connect(&stream));
    STEP(-ENOTCONN, mio_tcp_stream_finish_connect(&stream));
    CLOSE(&stream);
}

TEST(tcp_refusals)
{
    sweep("tcp_refusals", tcp_refusals_scenario, IN_PROCESS);
}

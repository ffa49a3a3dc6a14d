/* SPDX-License-Identifier: MIT */
/* The life of Unix sockets: streams at a path and in pairs, datagrams. */
#define _GNU_SOURCE

#include "typed.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* A path of this process; nothing is there. */
static struct mio_addr fresh_path(char path[64], const char *name)
{
    struct mio_addr addr;
    snprintf(path, 64, "/tmp/mio-fault-%ld-%s", (long)getpid(), name);
    (void)unlink(path);
    HOLDS(mio_addr_unix(path, strlen(path), &addr) == 0);
    return addr;
}

struct unix_connection {
    struct loop loop;
    const struct mio_socket_options *records; /* or bytes */
    struct mio_addr addr;
    char path[64];
    struct mio_unix_listener listener;
    struct mio_unix_stream client;
    struct mio_unix_stream server;
};

static void listen_and_ask(struct unix_connection *local)
{
    struct mio_addr name;
    STEP(-ENOENT, mio_unix_stream_connect(&local->addr, local->records, &local->client));
    MAKE_OR(&local->listener,
            mio_unix_listener_bind(&local->addr, local->records, &local->listener)) {
        (void)unlink(local->path); /* unix.h: when listening fails, its file stays */
    }
    STEP(-EADDRINUSE, mio_unix_listener_bind(&local->addr, local->records, &local->listener));
    STEP(0, mio_source_register(&local->listener.source, local->loop.registry, LISTENER,
                                MIO_READABLE));
    STEP(0, mio_source_local_addr(&local->listener.source, &name));
    STEP(0, mio_source_take_error(&local->listener.source));
}

static void unix_connect_and_accept(struct unix_connection *local)
{
    struct loop *loop = &local->loop;
    struct mio_addr name;
    MAKE(&local->client, mio_unix_stream_connect(&local->addr, local->records, &local->client));
    await(loop, LISTENER, MIO_READABLE);
    MAKE_OR(&local->server, mio_unix_listener_accept(&local->listener, &local->server, &name)) {
        if (connection_is_lost()) {
            HOLDS(mio_source_close(&local->client.source) == 0);
            HOLDS(mio_unix_stream_connect(&local->addr, local->records, &local->client) == 0);
        }
    }
    HOLDS(is_prepared(local->client.source.fd));
    if (!HOLDS(is_prepared(local->server.source.fd)))
        prepare(local->server.source.fd);
    STEP(-EAGAIN, mio_unix_listener_accept(&local->listener, &local->server, &name));
    STEP(0, mio_source_register(&local->server.source, loop->registry, SERVER, BOTH));
}

static void unix_transfer(struct unix_connection *local)
{
    struct loop *loop = &local->loop;
    struct mio_addr name;
    char bytes[16];
    struct mio_iovec parts[] = {{.base = bytes, .len = 2}, {.base = bytes + 2, .len = 3}};
    STEP(5, mio_unix_stream_write(&local->client, "hello", 5));
    await(loop, SERVER, MIO_READABLE);
    STEP(5, mio_unix_stream_peek(&local->server, bytes, sizeof bytes));
    STEP(5, mio_unix_stream_read(&local->server, bytes, sizeof bytes));
    STEP(-EAGAIN, mio_unix_stream_read(&local->server, bytes, sizeof bytes));
    STEP(5, mio_unix_stream_writev(&local->client, parts, 2));
    await(loop, SERVER, MIO_READABLE);
    STEP(5, mio_unix_stream_readv(&local->server, parts, 2));
    STEP(0, mio_source_local_addr(&local->server.source, &name));
    STEP(0, mio_source_peer_addr(&local->server.source, &name));
    STEP(0, mio_source_take_error(&local->server.source));
    STEP(0, mio_unix_stream_shutdown(&local->client, MIO_SHUTDOWN_BOTH));
    await(loop, SERVER, MIO_READ_CLOSED);
}

static void unix_give_up(struct unix_connection *local)
{
    /* A peer that only shut down is written to on the BSDs and macOS: it is not asked. */
    CLOSE(&local->client);
    STEP(-EPIPE, mio_unix_stream_write(&local->server, "late", 4));
    STEP(0, mio_source_deregister(&local->server.source));
    GIVE_AND_TAKE(unix_stream, &local->server);
    CLOSE(&local->server);
    CLOSE(&local->listener);
    STEP(-ECONNREFUSED, mio_unix_stream_connect(&local->addr, local->records, &local->client));
    (void)unlink(local->path);
}

static void unix_with(const struct mio_socket_options *records)
{
    struct unix_connection local = {.loop = loop_open(0, 16), .records = records};
    local.addr = fresh_path(local.path, "stream");
    listen_and_ask(&local);
    unix_connect_and_accept(&local);
    unix_transfer(&local);
    unix_give_up(&local);
    loop_close(&local.loop);
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
    CLOSE(&pair[0]);
    CLOSE(&pair[1]);
    STEP(0, mio_unix_stream_pair(NULL, &pair[0], &pair[1]));
    HOLDS(is_prepared(pair[0].source.fd) && is_prepared(pair[1].source.fd));
    STEP(0, mio_source_register(&pair[0].source, loop.registry, SERVER, BOTH | MIO_LEVEL));
    STEP(3, mio_unix_stream_write(&pair[1], "hey", 3));
    await(&loop, SERVER, BOTH);
    STEP(3, mio_unix_stream_read(&pair[0], bytes, sizeof bytes));
    CLOSE(&pair[1]);
    await(&loop, SERVER, MIO_READ_CLOSED);
    CLOSE(&pair[0]);
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
    MAKE(&other, mio_unix_datagram_open(NULL, &other));
    STEP(0, mio_source_register(&named.source, loop.registry, SERVER, MIO_READABLE));
    STEP(5, mio_unix_datagram_send_to(&other, "hello", 5, &addr));
    await(&loop, SERVER, MIO_READABLE);
    STEP(5, mio_unix_datagram_recv_from(&named, bytes, sizeof bytes, &from));
    STEP(-EAGAIN, mio_unix_datagram_recv_from(&named, bytes, sizeof bytes, &from));
    STEP(0, mio_unix_datagram_set_peer_addr(&other, &addr));
    STEP(5, mio_unix_datagram_send(&other, "hello", 5));
    await(&loop, SERVER, MIO_READABLE);
    STEP(5, mio_unix_datagram_recv(&named, bytes, sizeof bytes));
    STEP(0, mio_source_local_addr(&named.source, &from));
    STEP(0, mio_source_peer_addr(&other.source, &from));
    STEP(0, mio_source_take_error(&other.source));
    STEP(0, mio_unix_datagram_shutdown(&other, MIO_SHUTDOWN_BOTH));
    STEP(-EPIPE, mio_unix_datagram_send(&other, "late", 4));
    STEP(0, mio_unix_datagram_pair(NULL, &pair[0], &pair[1]));
    STEP(4, mio_unix_datagram_send(&pair[0], "pair", 4));
    STEP(4, mio_unix_datagram_peek(&pair[1], bytes, sizeof bytes));
    STEP(4, mio_unix_datagram_peek_from(&pair[1], bytes, sizeof bytes, &from));
    STEP(4, mio_unix_datagram_recv(&pair[1], bytes, sizeof bytes));
    GIVE_AND_TAKE(unix_datagram, &pair[0]);
    CLOSE(&pair[0]);
    CLOSE(&pair[1]);
    CLOSE(&other);
    CLOSE(&named);
    (void)unlink(path);
    loop_close(&loop);
}

TEST(unix_datagram)
{
    sweep("unix_datagram", unix_datagram_scenario, IN_PROCESS);
}

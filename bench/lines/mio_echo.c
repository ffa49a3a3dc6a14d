/* SPDX-License-Identifier: MIT */
#include <mio.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { TCP = 1, UDP = 2 };

struct connection {
    struct mio_tcp_stream stream;
    struct mio_buffered *buffered;
    mio_token token;
};

static struct mio_registry *registry;
static struct mio_slab *connections;

static void check(int result, const char *what)
{
    if (result < 0) {
        fprintf(stderr, "%s: %s\n", what, strerror(-result));
        exit(EXIT_FAILURE);
    }
}

static void close_connection(struct connection *connection)
{
    mio_slab_remove(connections, connection->token);
    mio_source_close(&connection->stream.source);
    mio_buffered_free(connection->buffered);
    free(connection);
}

static void open_connection(struct mio_tcp_listener *listener)
{
    struct connection *connection = calloc(1, sizeof *connection);
    check(connection ? 0 : -ENOMEM, "connection");
    mio_source_init(&connection->stream.source, MIO_INVALID_FD);
    if (mio_tcp_listener_accept(listener, &connection->stream, NULL) < 0 ||
        mio_slab_insert(connections, connection, &connection->token) < 0 ||
        mio_buffered_new_tcp(&connection->stream, NULL, &connection->buffered) < 0 ||
        mio_source_register(&connection->stream.source, registry, connection->token,
                            MIO_READABLE | MIO_WRITABLE) < 0)
        close_connection(connection);
}

static void echo(const struct mio_event *event)
{
    const char *bytes;
    size_t length;
    struct connection *connection = mio_slab_get(connections, mio_event_token(event));
    if (!connection)
        return;
    struct mio_buffered *buffered = connection->buffered;
    int result = mio_buffered_event(buffered, event);
    while (result >= 0 && !mio_buffered_is_congested(buffered) &&
           (result = mio_buffered_some(buffered, &bytes, &length)) > 0)
        result = mio_buffered_write(buffered, bytes, length);
    if (result < 0 || (mio_buffered_has_ended(buffered) && mio_buffered_pending(buffered) == 0))
        close_connection(connection);
}

static void echo_datagram(struct mio_udp_socket *udp)
{
    char bytes[65536];
    struct mio_addr from;
    ptrdiff_t length = mio_udp_socket_recv_from(udp, bytes, sizeof bytes, &from);
    if (length >= 0)
        mio_udp_socket_send_to(udp, bytes, (size_t)length, &from);
}

int main(int argc, char **argv)
{
    struct mio_poll *poll;
    struct mio_events *events;
    struct mio_tcp_listener listener;
    struct mio_udp_socket udp;
    struct mio_addr addr = mio_addr_ipv4(127, 0, 0, 1, argc > 1 ? (uint16_t)atoi(argv[1]) : 7007);
    check(mio_poll_new(NULL, &poll), "poll");
    check(mio_events_new(256, NULL, &events), "events");
    check(mio_slab_new(256, NULL, &connections), "slab");
    registry = mio_poll_registry(poll);
    check(mio_tcp_listener_bind(&addr, NULL, &listener), "TCP");
    check(mio_udp_socket_bind(&addr, NULL, &udp), "UDP");
    check(mio_source_register(&listener.source, registry, TCP, MIO_READABLE | MIO_LEVEL), "TCP");
    check(mio_source_register(&udp.source, registry, UDP, MIO_READABLE | MIO_LEVEL), "UDP");
    for (;;) {
        check(mio_poll_wait_until(poll, events, MIO_FOREVER), "wait");
        mio_events_each(event, events) {
            if (mio_event_token(event) == TCP)
                open_connection(&listener);
            else if (mio_event_token(event) == UDP)
                echo_datagram(&udp);
            else
                echo(event);
        }
    }
}

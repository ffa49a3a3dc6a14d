/* SPDX-License-Identifier: MIT */
/*
 * An echo server on 127.0.0.1: `tcp_server [PORT]`; SIGINT or SIGTERM stops it. It has the shape of
 * every program over libmio: edge-triggered, each event followed by work in the directions it
 * names until nothing more is to be had, and tokens from a slab and not pointers, so that an event
 * for a connection that was closed a moment ago is noticed. server.h takes what connects.
 *
 * A read or a write that moves less than it was asked for has met the end of what there was, as one
 * that says EAGAIN has: a second call would be in vain. Only after an event that tells of the
 * client's end no other follows, so then reading goes on to the end.
 */
#include "server.h"

enum { BUFFER = 16384, EVENTS = 256, ROUNDS = 16 };

struct connection {
    struct mio_tcp_stream stream;
    mio_token token;
    bool readable, writable; /* since the last event, and not drained yet */
    bool is_ending;          /* no event will tell of more: read until 0 */
    size_t start, end;       /* of what has been read and not been written yet */
    char buffer[BUFFER];
};

static struct mio_slab *connections;
static unsigned long long accepted, bytes_in, bytes_out;

static void close_connection(struct connection *connection)
{
    mio_slab_remove(connections, connection->token); /* from now on its token names nobody */
    mio_source_close(&connection->stream.source);
    free(connection);
}

static int open_connection(const struct mio_tcp_stream *stream)
{
    struct connection *connection = calloc(1, sizeof *connection);
    if (!connection)
        return -ENOMEM;
    connection->stream = *stream;
    int error = mio_slab_insert(connections, connection, &connection->token);
    if (error == 0)
        error = mio_source_register(&connection->stream.source, registry, connection->token,
                                    MIO_READABLE | MIO_WRITABLE);
    if (error < 0) {
        mio_slab_remove(connections, connection->token);
        free(connection);
        return error;
    }
    accepted++;
    return 0;
}

/* Writes what is left, then reads more, and so on until either would block: a client that does not
 * read is not read from. Anything but 0 is the end of the connection. */
static int echo(struct connection *connection)
{
    for (int round = 0; round < ROUNDS; round++) {
        bool writing = connection->start < connection->end;
        if (writing ? !connection->writable : !connection->readable)
            return 0;
        ptrdiff_t n;
        if (writing)
            n = mio_tcp_stream_write(&connection->stream, connection->buffer + connection->start,
                                     connection->end - connection->start);
        else
            n = mio_tcp_stream_read(&connection->stream, connection->buffer, BUFFER);

        if (n == -EAGAIN) {
            *(writing ? &connection->writable : &connection->readable) = false;
        } else if (n <= 0) {
            return n < 0 ? (int)n : -ESHUTDOWN; /* the end, and all that came before is written */
        } else if (writing) {
            connection->start += (size_t)n;
            connection->writable = connection->start == connection->end;
            bytes_out += (size_t)n;
        } else {
            connection->start = 0;
            connection->end = (size_t)n;
            connection->readable = n == BUFFER || connection->is_ending;
            bytes_in += (size_t)n;
        }
    }
    /* The others' turn. There may be more: registering anew asks for what is ready now. */
    return mio_source_reregister(&connection->stream.source, connection->token,
                                 MIO_READABLE | MIO_WRITABLE);
}

static void serve(const struct mio_event *event)
{
    struct connection *connection = mio_slab_get(connections, mio_event_token(event));
    if (!connection)
        return; /* closed earlier in this batch */
    connection->readable |= mio_event_may_read(event);
    connection->writable |= mio_event_may_write(event);
    connection->is_ending |= mio_event_is_read_closed(event);
    if (echo(connection) != 0)
        close_connection(connection);
}

int main(int argc, char **argv)
{
    struct mio_poll *poll;
    struct mio_events *events;
    char address[MIO_ADDR_TEXT];
    check(mio_poll_new(NULL, &poll), "poll");
    check(mio_events_new(EVENTS, NULL, &events), "events");
    check(mio_slab_new(EVENTS, NULL, &connections), "slab");
    snprintf(address, sizeof address, "127.0.0.1:%s", argc > 1 ? argv[1] : "0");
    start_server(poll, address);
    run_server(poll, events, open_connection, serve);

    struct connection *connection;
    for (size_t place = 0; (connection = mio_slab_next(connections, &place, NULL)) != NULL;)
        close_connection(connection);
    printf("%s: %llu connections, %llu bytes in, %llu bytes out, %llu waits, %llu events\n",
           mio_poll_backend(poll), accepted, bytes_in, bytes_out, waits, event_count);
    stop_server();
    mio_slab_free(connections);
    mio_events_free(events);
    mio_poll_free(poll);
    return EXIT_SUCCESS;
}

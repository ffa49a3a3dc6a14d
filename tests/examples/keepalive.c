/* SPDX-License-Identifier: MIT */
/*
 * Holds many connections to an HTTP server at once: `keepalive ADDRESS CONNECTIONS ROUNDS`. All are
 * opened and stay open; in each round each sends a request for "/" and gets the whole response,
 * the same as everybody. At the end each must still be open. Prints figures; fails if any
 * connection was lost or any response wrong.
 *
 * So that ports suffice, connections come from 127.0.0.1, 127.0.0.2, ... in turn (Linux; elsewhere
 * these addresses may have to be set up, and all come from 127.0.0.1).
 */
#define _GNU_SOURCE

#include <mio.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>

enum { EVENTS = 1024, CONNECTING = 256, PER_ADDRESS = 4000, RESPONSE = 2048 };
enum { BOTH = MIO_READABLE | MIO_WRITABLE };

static const char request[] = "GET / HTTP/1.1\r\nHost: example\r\n\r\n";

struct connection {
    struct mio_tcp_stream stream;
    bool connected, lost;
    size_t got;    /* of the response that is awaited */
    size_t length; /* of the whole response; 0 until its head is there, and between rounds */
    char response[RESPONSE];
};

static struct mio_addr server;
static struct mio_poll *poll;
static struct mio_events *events;
static struct connection *connections;
static size_t count, connecting, connected, waiting, lost;
static unsigned long long responses;
static char expected[RESPONSE]; /* the first body, without which there is nothing to compare */

static void check(ptrdiff_t result, const char *what)
{
    if (result < 0) {
        fprintf(stderr, "keepalive: %s: %s\n", what, strerror((int)-result));
        exit(EXIT_FAILURE);
    }
}

static void lose(struct connection *connection, const char *why)
{
    if (lost++ < 10)
        fprintf(stderr, "keepalive: connection %td: %s\n", connection - connections, why);
    if (connection->connected)
        waiting--;
    else
        connecting--;
    connection->lost = true;
    mio_source_close(&connection->stream.source);
}

/* Connects from an address of our own, which mio_tcp_stream_connect() leaves to the system. */
static int connect_from(size_t index, struct mio_tcp_stream *stream)
{
    uint8_t bytes[2][MIO_SOCKADDR_SIZE];
    struct mio_addr own = mio_addr_ipv4(127, 0, 0, (uint8_t)(1 + index / PER_ADDRESS), 0);
    int own_size = mio_addr_to_sockaddr(&own, bytes[0], sizeof bytes[0]);
    int size = mio_addr_to_sockaddr(&server, bytes[1], sizeof bytes[1]);
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    if (fd < 0)
        return -errno;
    check(mio_tcp_stream_from_fd(fd, stream), "from_fd"); /* non-blocking from here on */
    (void)bind(fd, (void *)bytes[0], (socklen_t)own_size);
    if (connect(fd, (void *)bytes[1], (socklen_t)size) < 0 && errno != EINPROGRESS)
        return -errno;
    return 0;
}

static void connect_more(size_t *next)
{
    for (; *next < count && connecting < CONNECTING; (*next)++, connecting++) {
        struct connection *connection = &connections[*next];
        check(connect_from(*next, &connection->stream), "connect");
        check(mio_source_register(&connection->stream.source, mio_poll_registry(poll), *next, BOTH),
              "register");
    }
}

static void note_connected(struct connection *connection)
{
    int error = mio_tcp_stream_finish_connect(&connection->stream);
    if (error == -EINPROGRESS)
        return;
    if (error < 0) {
        lose(connection, strerror(-error));
        return;
    }
    connection->connected = true;
    connecting--;
    connected++;
}

/* Whether the response is there as a whole; compares it with the first. */
static bool is_complete(struct connection *connection)
{
    connection->response[connection->got] = '\0';
    char *body = strstr(connection->response, "\r\n\r\n");
    char *length = strstr(connection->response, "Content-Length: ");
    if (!body || !length)
        return false;
    body += 4;
    connection->length = (size_t)(body - connection->response) +
                         strtoul(length + strlen("Content-Length: "), NULL, 10);
    if (connection->got < connection->length)
        return false;
    if (!*expected)
        memcpy(expected, body, strlen(body) + 1);
    if (connection->got != connection->length || strcmp(body, expected) != 0 ||
        strncmp(connection->response, "HTTP/1.1 200 ", 13) != 0)
        lose(connection, "another response than expected");
    return true;
}

static void read_response(struct connection *connection)
{
    for (;;) {
        ptrdiff_t n =
            mio_tcp_stream_read(&connection->stream, connection->response + connection->got,
                                RESPONSE - 1 - connection->got);
        if (n == -EAGAIN)
            return;
        if (n <= 0) {
            lose(connection, n < 0 ? strerror((int)-n) : "closed by the server, or too much sent");
            return;
        }
        connection->got += (size_t)n;
        if (is_complete(connection)) {
            if (connection->lost)
                return;
            connection->got = 0;
            waiting--;
            responses++;
        }
    }
}

static void wait_once(void)
{
    int n = mio_poll_wait_until(poll, events, mio_now() + INT64_C(20000000000));
    check(n, "wait");
    if (n == 0)
        check(-ETIMEDOUT, "waiting for the server");
    mio_events_each(event, events) {
        struct connection *connection = &connections[mio_event_token(event)];
        if (connection->lost)
            continue;
        if (!connection->connected)
            note_connected(connection);
        else if (mio_event_is_readable(event))
            read_response(connection);
    }
}

static void do_round(void)
{
    for (size_t i = 0; i < count; i++) {
        if (connections[i].lost)
            continue;
        waiting++;
        ptrdiff_t n = mio_tcp_stream_write(&connections[i].stream, request, sizeof request - 1);
        if (n != (ptrdiff_t)(sizeof request - 1))
            lose(&connections[i], "the request cannot be sent");
    }
    while (waiting > 0)
        wait_once();
}

static double seconds_since(int64_t start)
{
    return (double)(mio_now() - start) / 1e9;
}

int main(int argc, char **argv)
{
    if (argc != 4)
        check(-EINVAL, "usage: keepalive ADDRESS CONNECTIONS ROUNDS");
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
        limit.rlim_cur = limit.rlim_max;
        setrlimit(RLIMIT_NOFILE, &limit);
    }
    check(mio_addr_parse(argv[1], &server), argv[1]);
    count = strtoul(argv[2], NULL, 10);
    unsigned long rounds = strtoul(argv[3], NULL, 10);
    connections = calloc(count, sizeof *connections);
    check(connections ? 0 : -ENOMEM, "memory");
    check(mio_poll_new(NULL, &poll), "poll");
    check(mio_events_new(EVENTS, NULL, &events), "events");

    int64_t start = mio_now();
    size_t next = 0;
    for (connect_more(&next); connecting > 0; connect_more(&next))
        wait_once();
    printf("%zu connections opened in %.2f s\n", connected, seconds_since(start));

    start = mio_now();
    for (unsigned long round = 0; round < rounds; round++)
        do_round();
    double seconds = seconds_since(start);
    printf("%llu responses in %.2f s, %.0f/s\n", responses, seconds, (double)responses / seconds);

    size_t open = 0;
    for (size_t i = 0; i < count; i++) {
        char byte;
        if (!connections[i].lost)
            open += mio_tcp_stream_read(&connections[i].stream, &byte, 1) == -EAGAIN;
        mio_source_close(&connections[i].stream.source);
    }
    printf("%zu open at the end, %zu lost\n", open, count - open);
    mio_events_free(events);
    mio_poll_free(poll);
    free(connections);
    return open == count && responses == count * rounds ? EXIT_SUCCESS : EXIT_FAILURE;
}

/* SPDX-License-Identifier: MIT */
#include <mio-adapters/openssl.h>
#include <mio.h>

#include <errno.h>
#include <openssl/err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LISTENER = 1 };

struct connection {
    struct mio_tcp_stream stream;
    struct mio_tls tls;
    struct mio_buffered *buffered;
    mio_token token;
};

static struct mio_registry *registry;
static struct mio_slab *connections;
static SSL_CTX *context;

static void check(int result, const char *what)
{
    if (result < 0) {
        fprintf(stderr, "%s: %s\n", what, strerror(-result));
        exit(EXIT_FAILURE);
    }
}

static SSL_CTX *new_context(const char *certificate, const char *key)
{
    SSL_CTX *context = SSL_CTX_new(TLS_server_method());
    if (!context || SSL_CTX_use_certificate_file(context, certificate, SSL_FILETYPE_PEM) != 1 ||
        SSL_CTX_use_PrivateKey_file(context, key, SSL_FILETYPE_PEM) != 1) {
        ERR_print_errors_fp(stderr);
        exit(EXIT_FAILURE);
    }
    return context;
}

static void close_connection(struct connection *connection)
{
    mio_slab_remove(connections, connection->token);
    mio_tls_free(&connection->tls);
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
        mio_tls_init_server(&connection->tls, context, &connection->stream) < 0 ||
        mio_buffered_new(&mio_tls_io, &connection->tls, NULL, &connection->buffered) < 0 ||
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
    int result = mio_tls_handshake(&connection->tls);
    if (result == -EAGAIN)
        return;
    if (result == 0)
        result = mio_buffered_event(buffered, event);
    while (result >= 0 && !mio_buffered_is_congested(buffered) &&
           (result = mio_buffered_some(buffered, &bytes, &length)) > 0)
        result = mio_buffered_write(buffered, bytes, length);
    if (result < 0) {
        close_connection(connection);
    } else if (mio_buffered_has_ended(buffered) && mio_buffered_pending(buffered) == 0) {
        mio_tls_shutdown(&connection->tls);
        close_connection(connection);
    }
}

int main(int argc, char **argv)
{
    if (argc != 4) {
        fprintf(stderr, "usage: %s PORT CERTIFICATE KEY\n", argv[0]);
        return EXIT_FAILURE;
    }
    context = new_context(argv[2], argv[3]);
    struct mio_poll *poll;
    struct mio_events *events;
    struct mio_tcp_listener listener;
    struct mio_addr addr = mio_addr_ipv4(127, 0, 0, 1, (uint16_t)atoi(argv[1]));
    check(mio_poll_new(NULL, &poll), "poll");
    check(mio_events_new(256, NULL, &events), "events");
    check(mio_slab_new(256, NULL, &connections), "slab");
    registry = mio_poll_registry(poll);
    check(mio_tcp_listener_bind(&addr, NULL, &listener), "listener");
    check(mio_source_register(&listener.source, registry, LISTENER, MIO_READABLE | MIO_LEVEL),
          "listener");
    for (;;) {
        check(mio_poll_wait_until(poll, events, MIO_FOREVER), "wait");
        mio_events_each(event, events) {
            if (mio_event_token(event) == LISTENER)
                open_connection(&listener);
            else
                echo(event);
        }
    }
}

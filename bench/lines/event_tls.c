/* SPDX-License-Identifier: MIT */
#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/bufferevent_ssl.h>
#include <event2/event.h>
#include <event2/listener.h>
#include <netinet/in.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

enum { MOST = 262144 }; /* bytes that wait to be written while more is read */

static SSL_CTX *context;

static void check(int is_well, const char *what)
{
    if (!is_well) {
        perror(what);
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

static void on_read(struct bufferevent *connection, void *argument)
{
    struct evbuffer *output = bufferevent_get_output(connection);
    if (bufferevent_read_buffer(connection, output) < 0)
        bufferevent_free(connection);
    else if (evbuffer_get_length(output) > MOST) /* a client that does not read is not read from */
        bufferevent_disable(connection, EV_READ);
}

static void on_write(struct bufferevent *connection, void *argument)
{
    bufferevent_enable(connection, EV_READ);
}

static void end(struct bufferevent *connection)
{
    SSL_shutdown(bufferevent_openssl_get_ssl(connection));
    bufferevent_free(connection);
}

static void on_last_write(struct bufferevent *connection, void *argument)
{
    end(connection);
}

static void on_event(struct bufferevent *connection, short what, void *argument)
{
    if (what & BEV_EVENT_CONNECTED)
        return;
    if (!(what & BEV_EVENT_EOF))
        bufferevent_free(connection);
    else if (evbuffer_get_length(bufferevent_get_output(connection)) == 0)
        end(connection);
    else
        bufferevent_setcb(connection, NULL, on_last_write, on_event, NULL);
}

static void on_connection(struct evconnlistener *listener, evutil_socket_t fd,
                          struct sockaddr *peer, int length, void *base)
{
    SSL *ssl = SSL_new(context);
    check(ssl != NULL, "TLS");
    struct bufferevent *connection = bufferevent_openssl_socket_new(
        base, fd, ssl, BUFFEREVENT_SSL_ACCEPTING, BEV_OPT_CLOSE_ON_FREE);
    check(connection != NULL, "connection");
    bufferevent_setcb(connection, on_read, on_write, on_event, NULL);
    if (bufferevent_enable(connection, EV_READ) < 0)
        bufferevent_free(connection);
}

int main(int argc, char **argv)
{
    if (argc != 4) {
        fprintf(stderr, "usage: %s PORT CERTIFICATE KEY\n", argv[0]);
        return EXIT_FAILURE;
    }
    context = new_context(argv[2], argv[3]);
    signal(SIGPIPE, SIG_IGN);
    struct sockaddr_in addr = {.sin_family = AF_INET};
    addr.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    addr.sin_port = htons((uint16_t)atoi(argv[1]));
    struct event_base *base = event_base_new();
    check(base != NULL, "base");
    check(evconnlistener_new_bind(base, on_connection, base,
                                  LEV_OPT_CLOSE_ON_FREE | LEV_OPT_CLOSE_ON_EXEC | LEV_OPT_REUSEABLE,
                                  1024, (struct sockaddr *)&addr, sizeof addr) != NULL,
          "listener");
    return event_base_dispatch(base);
}

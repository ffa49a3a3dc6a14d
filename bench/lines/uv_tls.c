/* SPDX-License-Identifier: MIT */
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <uv.h>

struct connection {
    uv_tcp_t tcp;
    uv_write_t write;
    SSL *ssl;
    BIO *incoming, *outgoing;
    bool has_ended;
    char bytes[65536];
};

static SSL_CTX *context;

static void check(int result, const char *what)
{
    if (result < 0) {
        fprintf(stderr, "%s: %s\n", what, uv_strerror(result));
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

static void on_close(uv_handle_t *handle)
{
    struct connection *connection = handle->data;
    SSL_free(connection->ssl);
    free(connection);
}

static void give_buffer(uv_handle_t *handle, size_t size, uv_buf_t *buffer)
{
    struct connection *connection = handle->data;
    *buffer = uv_buf_init(connection->bytes, sizeof connection->bytes);
}

static void on_read(uv_stream_t *stream, ssize_t length, const uv_buf_t *buffer);

static void on_write(uv_write_t *write, int status)
{
    struct connection *connection = write->handle->data;
    BIO_reset(connection->outgoing);
    if (status < 0 || connection->has_ended ||
        uv_read_start(write->handle, give_buffer, on_read) < 0)
        uv_close((uv_handle_t *)write->handle, on_close);
}

static void echo(struct connection *connection)
{
    char bytes[16384];
    int length;
    ERR_clear_error();
    do
        length = SSL_read(connection->ssl, bytes, sizeof bytes);
    while (length > 0 && SSL_write(connection->ssl, bytes, length) == length);
    int error = SSL_get_error(connection->ssl, length);
    if (error == SSL_ERROR_ZERO_RETURN)
        SSL_shutdown(connection->ssl);
    connection->has_ended = error != SSL_ERROR_WANT_READ;
}

static void on_read(uv_stream_t *stream, ssize_t length, const uv_buf_t *buffer)
{
    struct connection *connection = stream->data;
    if (length == 0)
        return;
    uv_read_stop(stream); /* a client that does not read is not read from */
    if (length < 0 || BIO_write(connection->incoming, buffer->base, (int)length) != length) {
        uv_close((uv_handle_t *)stream, on_close);
        return;
    }
    echo(connection);
    uv_buf_t bytes;
    bytes.len = (size_t)BIO_get_mem_data(connection->outgoing, &bytes.base);
    if (uv_write(&connection->write, stream, &bytes, 1, on_write) < 0)
        uv_close((uv_handle_t *)stream, on_close);
}

static void set_up_tls(struct connection *connection)
{
    connection->ssl = SSL_new(context);
    connection->incoming = BIO_new(BIO_s_mem());
    connection->outgoing = BIO_new(BIO_s_mem());
    check(connection->ssl && connection->incoming && connection->outgoing ? 0 : UV_ENOMEM, "TLS");
    SSL_set_bio(connection->ssl, connection->incoming, connection->outgoing);
    SSL_set_accept_state(connection->ssl);
}

static void on_connection(uv_stream_t *listener, int status)
{
    if (status < 0)
        return;
    struct connection *connection = calloc(1, sizeof *connection);
    check(connection ? 0 : UV_ENOMEM, "connection");
    check(uv_tcp_init(listener->loop, &connection->tcp), "connection");
    connection->tcp.data = connection;
    set_up_tls(connection);
    if (uv_accept(listener, (uv_stream_t *)&connection->tcp) < 0 ||
        uv_read_start((uv_stream_t *)&connection->tcp, give_buffer, on_read) < 0)
        uv_close((uv_handle_t *)&connection->tcp, on_close);
}

int main(int argc, char **argv)
{
    if (argc != 4) {
        fprintf(stderr, "usage: %s PORT CERTIFICATE KEY\n", argv[0]);
        return EXIT_FAILURE;
    }
    context = new_context(argv[2], argv[3]);
    signal(SIGPIPE, SIG_IGN);
    uv_loop_t *loop = uv_default_loop();
    uv_tcp_t tcp;
    struct sockaddr_in addr;
    check(uv_ip4_addr("127.0.0.1", atoi(argv[1]), &addr), "address");
    check(uv_tcp_init(loop, &tcp), "listener");
    check(uv_tcp_bind(&tcp, (const struct sockaddr *)&addr, 0), "listener");
    check(uv_listen((uv_stream_t *)&tcp, 1024, on_connection), "listener");
    return uv_run(loop, UV_RUN_DEFAULT);
}

/* SPDX-License-Identifier: MIT */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <uv.h>

struct connection {
    uv_tcp_t tcp;
    uv_write_t write;
    char bytes[65536];
};

static char datagram[65536];

static void check(int result, const char *what)
{
    if (result < 0) {
        fprintf(stderr, "%s: %s\n", what, uv_strerror(result));
        exit(EXIT_FAILURE);
    }
}

static void on_close(uv_handle_t *handle)
{
    free(handle->data);
}

static void give_buffer(uv_handle_t *handle, size_t size, uv_buf_t *buffer)
{
    struct connection *connection = handle->data;
    *buffer = uv_buf_init(connection->bytes, sizeof connection->bytes);
}

static void on_read(uv_stream_t *stream, ssize_t length, const uv_buf_t *buffer);

static void on_write(uv_write_t *write, int status)
{
    if (status < 0 || uv_read_start(write->handle, give_buffer, on_read) < 0)
        uv_close((uv_handle_t *)write->handle, on_close);
}

static void on_read(uv_stream_t *stream, ssize_t length, const uv_buf_t *buffer)
{
    struct connection *connection = stream->data;
    if (length == 0)
        return;
    uv_read_stop(stream); /* a client that does not read is not read from */
    uv_buf_t bytes = uv_buf_init(buffer->base, (unsigned)length);
    if (length < 0 || uv_write(&connection->write, stream, &bytes, 1, on_write) < 0)
        uv_close((uv_handle_t *)stream, on_close);
}

static void on_connection(uv_stream_t *listener, int status)
{
    if (status < 0)
        return;
    struct connection *connection = malloc(sizeof *connection);
    check(connection ? 0 : UV_ENOMEM, "connection");
    check(uv_tcp_init(listener->loop, &connection->tcp), "connection");
    connection->tcp.data = connection;
    if (uv_accept(listener, (uv_stream_t *)&connection->tcp) < 0 ||
        uv_read_start((uv_stream_t *)&connection->tcp, give_buffer, on_read) < 0)
        uv_close((uv_handle_t *)&connection->tcp, on_close);
}

static void give_datagram(uv_handle_t *handle, size_t size, uv_buf_t *buffer)
{
    *buffer = uv_buf_init(datagram, sizeof datagram);
}

static void on_datagram(uv_udp_t *udp, ssize_t length, const uv_buf_t *buffer,
                        const struct sockaddr *from, unsigned flags)
{
    if (length < 0 || !from)
        return;
    uv_buf_t bytes = uv_buf_init(buffer->base, (unsigned)length);
    uv_udp_try_send(udp, &bytes, 1, from);
}

int main(int argc, char **argv)
{
    signal(SIGPIPE, SIG_IGN);
    uv_loop_t *loop = uv_default_loop();
    uv_tcp_t tcp;
    uv_udp_t udp;
    struct sockaddr_in addr;
    check(uv_ip4_addr("127.0.0.1", argc > 1 ? atoi(argv[1]) : 7007, &addr), "address");
    check(uv_tcp_init(loop, &tcp), "TCP");
    check(uv_tcp_bind(&tcp, (const struct sockaddr *)&addr, 0), "TCP");
    check(uv_listen((uv_stream_t *)&tcp, 1024, on_connection), "TCP");
    check(uv_udp_init(loop, &udp), "UDP");
    check(uv_udp_bind(&udp, (const struct sockaddr *)&addr, 0), "UDP");
    check(uv_udp_recv_start(&udp, give_datagram, on_datagram), "UDP");
    return uv_run(loop, UV_RUN_DEFAULT);
}

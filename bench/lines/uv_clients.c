/* SPDX-License-Identifier: MIT */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <uv.h>

enum { CLIENTS = 200, SECONDS = 2 };

static char message[] = "one of two hundred";

struct client {
    uv_tcp_t tcp;
    uv_timer_t timer;
    uv_connect_t connect;
    uv_write_t write;
    size_t received;
    char bytes[sizeof message];
};

static struct client clients[CLIENTS];
static int replied, timed_out, failed;

static void check(int result, const char *what)
{
    if (result < 0) {
        fprintf(stderr, "%s: %s\n", what, uv_strerror(result));
        exit(EXIT_FAILURE);
    }
}

static void end(struct client *client, int *count)
{
    if (uv_is_closing((uv_handle_t *)&client->tcp))
        return;
    uv_close((uv_handle_t *)&client->tcp, NULL);
    uv_close((uv_handle_t *)&client->timer, NULL);
    ++*count;
}

static void on_timer(uv_timer_t *timer)
{
    end(timer->data, &timed_out);
}

static void give_buffer(uv_handle_t *handle, size_t size, uv_buf_t *buffer)
{
    struct client *client = handle->data;
    *buffer = uv_buf_init(client->bytes, sizeof client->bytes);
}

static void on_read(uv_stream_t *stream, ssize_t length, const uv_buf_t *buffer)
{
    struct client *client = stream->data;
    client->received += length > 0 ? (size_t)length : 0;
    if (client->received >= sizeof message)
        end(client, &replied);
    else if (length < 0)
        end(client, &failed);
}

static void on_write(uv_write_t *write, int status)
{
    if (status < 0)
        end(write->handle->data, &failed);
}

static void on_connect(uv_connect_t *connect, int status)
{
    struct client *client = connect->handle->data;
    uv_buf_t bytes = uv_buf_init(message, sizeof message);
    if (status < 0 || uv_write(&client->write, connect->handle, &bytes, 1, on_write) < 0 ||
        uv_read_start(connect->handle, give_buffer, on_read) < 0 ||
        uv_timer_start(&client->timer, on_timer, SECONDS * 1000, 0) < 0)
        end(client, &failed);
}

static void start(struct client *client, uv_loop_t *loop, const struct sockaddr_in *addr)
{
    check(uv_tcp_init(loop, &client->tcp), "client");
    check(uv_timer_init(loop, &client->timer), "timer");
    client->tcp.data = client->timer.data = client;
    if (uv_timer_start(&client->timer, on_timer, SECONDS * 1000, 0) < 0 ||
        uv_tcp_connect(&client->connect, &client->tcp, (const struct sockaddr *)addr, on_connect) <
            0)
        end(client, &failed);
}

int main(int argc, char **argv)
{
    struct sockaddr_in addr;
    signal(SIGPIPE, SIG_IGN);
    check(uv_ip4_addr("127.0.0.1", argc > 1 ? atoi(argv[1]) : 7007, &addr), "address");
    for (int i = 0; i < CLIENTS; i++)
        start(&clients[i], uv_default_loop(), &addr);
    uv_run(uv_default_loop(), UV_RUN_DEFAULT);
    printf("%d replied, %d timed out, %d failed\n", replied, timed_out, failed);
    return EXIT_SUCCESS;
}

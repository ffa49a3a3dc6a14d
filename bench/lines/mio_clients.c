/* SPDX-License-Identifier: MIT */
#include <mio.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { CLIENTS = 200, SECONDS = 2 };

struct client {
    struct mio_tcp_stream stream;
    struct mio_timer timer;
    size_t received;
    bool is_connected;
};

static const char message[] = "one of two hundred";
static struct client clients[CLIENTS];
static struct mio_registry *registry;
static int replied, timed_out, failed;

static void check(int result, const char *what)
{
    if (result < 0) {
        fprintf(stderr, "%s: %s\n", what, strerror(-result));
        exit(EXIT_FAILURE);
    }
}

static void end(struct client *client, int *count)
{
    mio_timer_cancel(&client->timer, registry);
    mio_source_close(&client->stream.source);
    ++*count;
}

static int set_timer(struct client *client)
{
    return mio_timer_set_after(&client->timer, registry, (mio_token)client, MIO_SECONDS(SECONDS));
}

static void start(struct client *client, const struct mio_addr *addr)
{
    mio_source_init(&client->stream.source, MIO_INVALID_FD);
    if (set_timer(client) < 0 || mio_tcp_stream_connect(addr, NULL, &client->stream) < 0 ||
        mio_source_register(&client->stream.source, registry, (mio_token)client,
                            MIO_READABLE | MIO_WRITABLE) < 0)
        end(client, &failed);
}

/* 1: the whole reply has come. 0: not yet. */
static int advance(struct client *client)
{
    char bytes[sizeof message];
    if (!client->is_connected) {
        int error = mio_tcp_stream_finish_connect(&client->stream);
        if (error < 0)
            return error == -EINPROGRESS ? 0 : error;
        client->is_connected = true;
        if (mio_tcp_stream_write(&client->stream, message, sizeof message) != sizeof message)
            return -EPIPE;
        return set_timer(client);
    }
    ptrdiff_t n = mio_tcp_stream_read(&client->stream, bytes, sizeof bytes);
    if (n <= 0)
        return n == -EAGAIN ? 0 : -EPIPE;
    client->received += (size_t)n;
    return client->received >= sizeof message;
}

static void handle(struct client *client, const struct mio_event *event)
{
    if (client->stream.source.fd == MIO_INVALID_FD)
        return; /* it ended earlier in this batch */
    int result = mio_event_is_timer(event) ? -ETIMEDOUT : advance(client);
    if (result != 0)
        end(client, result > 0 ? &replied : result == -ETIMEDOUT ? &timed_out : &failed);
}

int main(int argc, char **argv)
{
    struct mio_poll *poll;
    struct mio_events *events;
    struct mio_addr addr = mio_addr_ipv4(127, 0, 0, 1, argc > 1 ? (uint16_t)atoi(argv[1]) : 7007);
    check(mio_poll_new(NULL, &poll), "poll");
    check(mio_events_new(CLIENTS, NULL, &events), "events");
    registry = mio_poll_registry(poll);
    for (int i = 0; i < CLIENTS; i++)
        start(&clients[i], &addr);
    while (replied + timed_out + failed < CLIENTS) {
        check(mio_poll_wait_until(poll, events, MIO_FOREVER), "wait");
        mio_events_each(event, events)
            handle((struct client *)mio_event_token(event), event);
    }
    printf("%d replied, %d timed out, %d failed\n", replied, timed_out, failed);
    return EXIT_SUCCESS;
}

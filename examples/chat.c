/* SPDX-License-Identifier: MIT */
/*
 * A chat room: `chat [ADDRESS]`, by default 127.0.0.1:0, any free port. Each line that a client
 * sends goes to all the others. SIGINT or SIGTERM stops it.
 *
 * Nobody has to wait for a slow reader: what a client has not taken yet stands in a queue of its
 * own, of fixed size, and who lets it overflow is shown out. So memory is bounded by the number of
 * clients. A line longer than LINE is an offence too.
 */
#include "server.h"

enum { LINE = 4096, QUEUE = 262144, EVENTS = 256, ROUNDS = 16 };

struct client {
    struct mio_tcp_stream stream;
    mio_token token;
    bool readable, writable; /* since the last event, and no EAGAIN came yet */
    size_t line_len;         /* of the line that has no end yet */
    size_t head, queued;     /* the queue is a ring: `queued` bytes from `head` on */
    char line[LINE];
    char queue[QUEUE];
};

static struct mio_slab *clients;
static unsigned long long accepted, lines, bytes_out, shown_out;

static void close_client(struct client *client)
{
    mio_slab_remove(clients, client->token); /* from now on its token names nobody */
    mio_source_close(&client->stream.source);
    free(client);
}

static int open_client(const struct mio_tcp_stream *stream)
{
    struct client *client = calloc(1, sizeof *client);
    if (!client)
        return -ENOMEM;
    client->stream = *stream;
    int error = mio_slab_insert(clients, client, &client->token);
    if (error == 0)
        error = mio_source_register(&client->stream.source, registry, client->token,
                                    MIO_READABLE | MIO_WRITABLE);
    if (error < 0) {
        mio_slab_remove(clients, client->token);
        free(client);
        return error;
    }
    accepted++;
    return 0;
}

/* Sends from the queue, both parts of the ring at once, as long as the client takes it. */
static int flush_queue(struct client *client)
{
    while (client->queued > 0 && client->writable) {
        size_t to_end = QUEUE - client->head;
        size_t first = client->queued < to_end ? client->queued : to_end;
        struct mio_iovec parts[] = {{client->queue + client->head, first},
                                    {client->queue, client->queued - first}};
        ptrdiff_t n = mio_tcp_stream_writev(&client->stream, parts, 2);
        if (n == -EAGAIN)
            client->writable = false;
        else if (n < 0)
            return (int)n;
        else {
            client->head = (client->head + (size_t)n) % QUEUE;
            client->queued -= (size_t)n;
            bytes_out += (size_t)n;
        }
    }
    return 0;
}

static int enqueue(struct client *client, const char *text, size_t len)
{
    if (len > QUEUE - client->queued) {
        shown_out++;
        return -ENOBUFS;
    }
    size_t tail = (client->head + client->queued) % QUEUE;
    size_t first = len < QUEUE - tail ? len : QUEUE - tail;
    memcpy(client->queue + tail, text, first);
    memcpy(client->queue, text + first, len - first);
    client->queued += len;
    return 0;
}

static void broadcast(const struct client *sender, const char *text, size_t len)
{
    struct client *client;
    for (size_t place = 0; (client = mio_slab_next(clients, &place, NULL)) != NULL;) {
        if (client != sender && (enqueue(client, text, len) < 0 || flush_queue(client) < 0))
            close_client(client);
    }
}

/* Passes on what has come in whole lines. Anything but 0 is the end of the client. */
static int listen_to(struct client *client)
{
    for (int round = 0; round < ROUNDS; round++) {
        if (!client->readable)
            return 0;
        char *end = client->line + client->line_len;
        ptrdiff_t n = mio_tcp_stream_read(&client->stream, end, LINE - client->line_len);
        if (n == -EAGAIN) {
            client->readable = false;
            continue;
        }
        if (n <= 0)
            return n < 0 ? (int)n : -ESHUTDOWN;
        client->line_len += (size_t)n;
        size_t whole = 0; /* bytes up to the end of the last line that has one */
        for (size_t i = (size_t)(end - client->line); i < client->line_len; i++) {
            if (client->line[i] == '\n') {
                whole = i + 1;
                lines++;
            }
        }
        broadcast(client, client->line, whole);
        client->line_len -= whole;
        memmove(client->line, client->line + whole, client->line_len);
        if (client->line_len == LINE) {
            shown_out++;
            return -EMSGSIZE;
        }
    }
    /* The others' turn. No EAGAIN was reached: registering anew asks for what is ready now. */
    return mio_source_reregister(&client->stream.source, client->token,
                                 MIO_READABLE | MIO_WRITABLE);
}

static void serve(const struct mio_event *event)
{
    struct client *client = mio_slab_get(clients, mio_event_token(event));
    if (!client)
        return; /* closed earlier in this batch */
    client->readable |= mio_event_may_read(event);
    client->writable |= mio_event_may_write(event);
    if (flush_queue(client) < 0 || listen_to(client) < 0)
        close_client(client);
}

int main(int argc, char **argv)
{
    struct mio_poll *poll;
    struct mio_events *events;
    check(mio_poll_new(NULL, &poll), "poll");
    check(mio_events_new(EVENTS, NULL, &events), "events");
    check(mio_slab_new(EVENTS, NULL, &clients), "slab");
    start_server(poll, argc > 1 ? argv[1] : "127.0.0.1:0");
    run_server(poll, events, open_client, serve);

    struct client *client;
    for (size_t place = 0; (client = mio_slab_next(clients, &place, NULL)) != NULL;)
        close_client(client);
    printf("%s: %llu clients, %llu lines, %llu bytes out, %llu shown out\n", mio_poll_backend(poll),
           accepted, lines, bytes_out, shown_out);
    stop_server();
    mio_slab_free(clients);
    mio_events_free(events);
    mio_poll_free(poll);
    return EXIT_SUCCESS;
}

/* SPDX-License-Identifier: MIT */
/*
 * Serves the files below a directory: `http_server [DIRECTORY [ADDRESS [IDLE,HEAD,SEND]]]`, by
 * default the current one at 127.0.0.1:0, any free port. GET and HEAD, kept alive, pipelined; SIGINT
 * or SIGTERM stops it. Symbolic links are followed.
 *
 * The last are time limits in seconds, 60,30,60 unless they are given, 0 for none: between requests,
 * for a whole head from its first byte (or from the beginning) on, and for each LEAST_SENT bytes of
 * a response. Who is slower is closed, byte by byte or not. A connection has one timer for all
 * three, set when another one begins to count.
 *
 * A connection has room for one request's head and one response's, and never for a body: what the
 * client did not take is read from the file again.
 */
#define _FILE_OFFSET_BITS 64

#include "http_response.h"
#include "limits.h"
#include "server.h"

enum { EVENTS = 1024, ROUNDS = 32, MOST_OF_BODY = 256 << 10, BOTH = MIO_READABLE | MIO_WRITABLE };
enum { LEAST_SENT = 64 << 10 };

enum limit { IDLE, HEAD, SEND, LIMITS };

struct connection {
    struct mio_tcp_stream stream;
    mio_token token;
    struct mio_timer timer;
    enum limit limit;            /* the one that counts ... */
    unsigned long long answered; /* ... since so many requests were answered */
    unsigned long long limited, sent, sent_then;
    bool readable, writable; /* since the last event, and no EAGAIN came yet */
    bool responding;         /* a response is on its way */
    bool last;               /* after it, nothing more is answered */
    int file;                /* its body, or -1 */
    off_t offset, size;      /* of the body: sent, and in all */
    size_t head_sent, head_len;
    size_t start, end; /* of what has been read and is no answered request */
    char head[HTTP_RESPONSE];
    char in[HTTP_HEAD];
};

static struct mio_slab *connections;
static int directory;
static int64_t limits[LIMITS] = {MIO_SECONDS(60), MIO_SECONDS(30), MIO_SECONDS(60)};
static unsigned long long accepted, requests, bytes_out, too_slow;

static void close_connection(struct connection *connection)
{
    mio_slab_remove(connections, connection->token); /* from now on its token names nobody */
    mio_timer_cancel(&connection->timer, registry);
    mio_source_close(&connection->stream.source);
    if (connection->file >= 0)
        close(connection->file);
    free(connection);
}

/* Which limit counts, and since when; it goes on counting while that is so. */
static int limit_connection(struct connection *connection)
{
    bool in_head = connection->end > connection->start || connection->answered == 0;
    enum limit limit = connection->responding ? SEND : in_head && !connection->last ? HEAD : IDLE;
    if (limit == connection->limit && connection->answered == connection->limited)
        return 0;
    connection->limit = limit;
    connection->limited = connection->answered;
    connection->sent_then = connection->sent;
    return limit_time(&connection->timer, registry, connection->token, limits[limit]);
}

/* Whether a connection may go on: a client that takes what it gets has more time. */
static bool may_go_on(struct connection *connection)
{
    if (connection->limit != SEND || connection->sent - connection->sent_then < LEAST_SENT) {
        too_slow++;
        return false;
    }
    connection->sent_then = connection->sent;
    return limit_time(&connection->timer, registry, connection->token, limits[SEND]) == 0;
}

static int open_connection(const struct mio_tcp_stream *stream)
{
    struct connection *connection = calloc(1, sizeof *connection);
    if (!connection)
        return -ENOMEM;
    connection->file = -1;
    connection->stream = *stream;
    int error = mio_slab_insert(connections, connection, &connection->token);
    if (error == 0)
        error = limit_connection(connection);
    if (error == 0)
        error = mio_source_register(&connection->stream.source, registry, connection->token, BOTH);
    if (error < 0) {
        mio_timer_cancel(&connection->timer, registry);
        mio_slab_remove(connections, connection->token);
        free(connection);
        return error;
    }
    accepted++;
    return 0;
}

static void respond(struct connection *connection, const struct http_request *request)
{
    const char *path = request->path;
    connection->size = connection->offset = 0;
    int status = request->status;
    if (status == 200)
        status = http_open(directory, &path, &connection->file, &connection->size);
    connection->head_len = http_respond(request, status, path, connection->size, connection->head);
    connection->head_sent = 0;
    if (request->head_only)
        connection->size = 0;
    connection->responding = true;
    connection->last = !request->keep_alive;
    connection->answered++;
    requests++;
}

/* Answers the next request, if its head is there. */
static bool answer(struct connection *connection)
{
    static struct http_request request;
    connection->start +=
        http_empty_lines(connection->in + connection->start, connection->end - connection->start);
    const char *in = connection->in + connection->start;
    size_t len = connection->end - connection->start;
    size_t head = http_head_length(in, len);
    if (head > 0) {
        http_parse(in, head, &request);
        connection->start += head;
    } else if (len == sizeof connection->in) {
        request = (struct http_request){.status = 431};
    } else {
        return false;
    }
    respond(connection, &request);
    return true;
}

/* The head, with the body's beginning: what is small goes out in one packet. */
static ptrdiff_t send_head(struct connection *connection)
{
    static char body[16384];
    off_t left = connection->size - connection->offset;
    size_t wanted = left < (off_t)sizeof body ? (size_t)left : sizeof body;
    ssize_t got = wanted ? pread(connection->file, body, wanted, connection->offset) : 0;
    if (got < 0 || (wanted > 0 && got == 0))
        return -EIO; /* the file is shorter than was promised */
    size_t head = connection->head_len - connection->head_sent;
    struct mio_iovec parts[] = {{connection->head + connection->head_sent, head},
                                {body, (size_t)got}};
    ptrdiff_t n = mio_tcp_stream_writev(&connection->stream, parts, 2);
    if (n < 0)
        return n;
    size_t of_head = (size_t)n < head ? (size_t)n : head;
    connection->head_sent += of_head;
    connection->offset += (off_t)((size_t)n - of_head);
    return n;
}

/* What is left of the body stays within the kernel. */
static ptrdiff_t send_body(struct connection *connection)
{
    off_t left = connection->size - connection->offset;
    ptrdiff_t n =
        mio_tcp_stream_send_file(&connection->stream, connection->file, connection->offset,
                                 left < MOST_OF_BODY ? (size_t)left : MOST_OF_BODY);
    if (n > 0)
        connection->offset += (off_t)n;
    return n == 0 ? -EIO : n;
}

/* Sends as much as the client takes at once. */
static ptrdiff_t send_some(struct connection *connection)
{
    bool has_head = connection->head_sent < connection->head_len;
    ptrdiff_t n = has_head ? send_head(connection) : send_body(connection);
    if (n > 0) {
        bytes_out += (size_t)n;
        connection->sent += (size_t)n;
    }
    return n;
}

/* The response is sent. After the last one the connection is read to its end, or the kernel would
 * reset it, and the client might lose what it has not read. */
static int finish(struct connection *connection)
{
    if (connection->file >= 0)
        close(connection->file);
    connection->file = -1;
    connection->responding = false;
    return connection->last ? mio_tcp_stream_shutdown(&connection->stream, MIO_SHUTDOWN_WRITE) : 0;
}

static ptrdiff_t read_some(struct connection *connection)
{
    connection->end = connection->last ? 0 : connection->end - connection->start;
    memmove(connection->in, connection->in + connection->start, connection->end);
    connection->start = 0;
    ptrdiff_t n = mio_tcp_stream_read(&connection->stream, connection->in + connection->end,
                                      sizeof connection->in - connection->end);
    if (n > 0)
        connection->end += (size_t)n;
    return n == 0 ? -ESHUTDOWN : n;
}

/* Reads and answers until either would block. Anything but 0 is the end of the connection. */
static int work(struct connection *connection)
{
    for (int round = 0; round < ROUNDS; round++) {
        bool writing = connection->responding;
        if (!writing && !connection->last && answer(connection))
            continue;
        bool *ready = writing ? &connection->writable : &connection->readable;
        if (!*ready)
            return 0;
        ptrdiff_t n = writing ? send_some(connection) : read_some(connection);
        *ready = n != -EAGAIN;
        bool sent =
            connection->head_sent == connection->head_len && connection->offset == connection->size;
        if (writing && n >= 0 && sent)
            n = finish(connection);
        if (n < 0 && *ready)
            return (int)n;
    }
    /* The others' turn. No EAGAIN was reached: registering anew asks for what is ready now. */
    return mio_source_reregister(&connection->stream.source, connection->token, BOTH);
}

static void serve(const struct mio_event *event)
{
    struct connection *connection = mio_slab_get(connections, mio_event_token(event));
    if (!connection)
        return; /* closed earlier in this batch */
    if (mio_event_is_timer(event)) {
        if (!may_go_on(connection))
            close_connection(connection);
        return;
    }
    connection->readable |= mio_event_may_read(event);
    connection->writable |= mio_event_may_write(event);
    int error = work(connection);
    if (error == 0)
        error = limit_connection(connection);
    if (error != 0)
        close_connection(connection);
}

int main(int argc, char **argv)
{
    struct mio_poll *poll;
    struct mio_events *events;
    directory = open(argc > 1 ? argv[1] : ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    check(directory < 0 ? -errno : 0, "the directory");
    if (argc > 3)
        check(read_limits(argv[3], limits, LIMITS), argv[3]);
    struct mio_options options = {.flags = MIO_OPTION_ONE_THREAD_TIMERS};
    check(mio_poll_new(&options, &poll), "poll");
    check(mio_events_new(EVENTS, NULL, &events), "events");
    check(mio_slab_new(EVENTS, NULL, &connections), "slab");
    start_server(poll, argc > 2 ? argv[2] : "127.0.0.1:0");
    run_server(poll, events, open_connection, serve);

    printf(
        "%s: %llu connections, %zu open at the end, %llu requests, %llu bytes out, %llu too slow\n",
        mio_poll_backend(poll), accepted, mio_slab_len(connections), requests, bytes_out, too_slow);
    struct connection *connection;
    for (size_t place = 0; (connection = mio_slab_next(connections, &place, NULL)) != NULL;)
        close_connection(connection);
    stop_server();
    close(directory);
    mio_slab_free(connections);
    mio_events_free(events);
    mio_poll_free(poll);
    return EXIT_SUCCESS;
}

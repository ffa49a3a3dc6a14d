/* SPDX-License-Identifier: MIT */
/*
 * A proxy: `proxy LISTEN TARGET [CONNECT,IDLE]`, as in `proxy 127.0.0.1:8080 unix:/run/app.sock`.
 * Each connection to LISTEN gets one to TARGET, TCP or Unix, and bytes pass both ways. SIGINT or
 * SIGTERM stops it. The last are time limits in seconds, 10,300 unless they are given, 0 for none:
 * until TARGET answers, and between bytes, whichever way they go.
 *
 * A tunnel has one buffer for each direction and no more: what comes in is not read before what
 * came earlier has been written, so a slow receiver slows its sender down, through the proxy. The
 * end of one direction is passed on when its last byte is, and leaves the other as it is; the
 * tunnel ends with the second, or with the first error.
 */
#include "limits.h"
#include "server.h"

enum { BUFFER = 65536, EVENTS = 256, ROUNDS = 16, BOTH = MIO_READABLE | MIO_WRITABLE };

struct tunnel;

/* One side of a tunnel. Which of the types it is, its registration does not need to know. */
struct end {
    union {
        struct mio_source source; /* which is what the others are made of */
        struct mio_tcp_stream tcp;
        struct mio_unix_stream local;
    } as;
    bool is_unix;
    bool connecting;         /* until then neither readable nor writable */
    bool readable, writable; /* since the last event, and no EAGAIN came yet */
    mio_token token;
    struct tunnel *tunnel;
};

struct pipe {
    bool ended;    /* the sender will send no more */
    bool finished; /* and the receiver has been told */
    size_t first, last;
    char buffer[BUFFER]; /* bytes from `first` to `last` are to be written */
};

enum { CLIENT, TARGET };
enum { CONNECT, IDLE, LIMITS };

struct tunnel {
    struct end end[2];
    struct pipe pipe[2]; /* by the end that sends */
    struct mio_timer timer;
    bool moved; /* something, since the timer was set */
};

static struct mio_slab *ends;
static struct mio_addr target;
static int64_t limits[LIMITS] = {MIO_SECONDS(10), MIO_SECONDS(300)};
static unsigned long long tunnels, failures, too_idle, bytes[2];

static ptrdiff_t read_from(struct end *end, void *buffer, size_t size)
{
    return end->is_unix ? mio_unix_stream_read(&end->as.local, buffer, size)
                        : mio_tcp_stream_read(&end->as.tcp, buffer, size);
}

static ptrdiff_t write_to(struct end *end, const void *buffer, size_t size)
{
    return end->is_unix ? mio_unix_stream_write(&end->as.local, buffer, size)
                        : mio_tcp_stream_write(&end->as.tcp, buffer, size);
}

static int end_writing(struct end *end)
{
    return end->is_unix ? mio_unix_stream_shutdown(&end->as.local, MIO_SHUTDOWN_WRITE)
                        : mio_tcp_stream_shutdown(&end->as.tcp, MIO_SHUTDOWN_WRITE);
}

static int take_error(struct end *end)
{
    return end->is_unix ? mio_source_take_error(&end->as.local.source)
                        : mio_source_take_error(&end->as.tcp.source);
}

static void close_tunnel(struct tunnel *tunnel)
{
    mio_timer_cancel(&tunnel->timer, registry);
    for (int i = CLIENT; i <= TARGET; i++) {
        mio_slab_remove(ends, tunnel->end[i].token); /* from now on its token names nobody */
        mio_source_close(&tunnel->end[i].as.source); /* -EBADF when it was never opened */
    }
    free(tunnel);
}

static int watch(struct tunnel *tunnel, struct end *end)
{
    end->tunnel = tunnel;
    int error = mio_slab_insert(ends, end, &end->token);
    return error < 0 ? error : mio_source_register(&end->as.source, registry, end->token, BOTH);
}

static int connect_to_target(struct end *end)
{
    end->is_unix = target.kind == MIO_ADDR_UNIX || target.kind == MIO_ADDR_UNIX_ABSTRACT;
    end->connecting = !end->is_unix;
    struct mio_socket_options options = {.no_delay = !end->is_unix};
    return end->is_unix ? mio_unix_stream_connect(&target, &options, &end->as.local)
                        : mio_tcp_stream_connect(&target, &options, &end->as.tcp);
}

/* Until the target has answered one limit counts, and then another one, from the last byte on. The
 * timer's events have the token of the target's end. */
static int limit_tunnel(struct tunnel *tunnel)
{
    const struct end *end = &tunnel->end[TARGET];
    tunnel->moved = false;
    return limit_time(&tunnel->timer, registry, end->token,
                      limits[end->connecting ? CONNECT : IDLE]);
}

/* The target comes first: without a descriptor for it the client is given back, and waits. */
static int open_tunnel(const struct mio_tcp_stream *client)
{
    struct tunnel *tunnel = calloc(1, sizeof *tunnel);
    if (!tunnel)
        return -ENOMEM;
    struct end *ends_of = tunnel->end;
    mio_source_init(&ends_of[CLIENT].as.source, MIO_INVALID_FD);
    mio_source_init(&ends_of[TARGET].as.source, MIO_INVALID_FD);
    int error = connect_to_target(&ends_of[TARGET]);
    if (error == 0)
        error = watch(tunnel, &ends_of[TARGET]);
    if (error == 0) {
        ends_of[CLIENT].as.tcp = *client;
        error = watch(tunnel, &ends_of[CLIENT]);
    }
    if (error == 0)
        error = limit_tunnel(tunnel);
    if (error == 0) {
        tunnels++;
        return 0;
    }
    mio_source_init(&ends_of[CLIENT].as.source, MIO_INVALID_FD); /* it is not ours */
    close_tunnel(tunnel);
    if (!is_shortage(error)) {
        tunnels++;
        failures++;
    }
    return error;
}

/* Moves bytes from one end to the other until either would block. */
static int pump(struct tunnel *tunnel, int sender)
{
    struct end *from = &tunnel->end[sender], *to = &tunnel->end[!sender];
    struct pipe *pipe = &tunnel->pipe[sender];
    for (int round = 0; round < ROUNDS; round++) {
        bool writing = pipe->first < pipe->last;
        if (pipe->ended && !writing) {
            if (pipe->finished || to->connecting)
                return 0;
            pipe->finished = true;
            return end_writing(to);
        }
        bool *ready = writing ? &to->writable : &from->readable;
        if (!*ready)
            return 0;
        ptrdiff_t n = writing ? write_to(to, pipe->buffer + pipe->first, pipe->last - pipe->first)
                              : read_from(from, pipe->buffer, BUFFER);
        *ready = n != -EAGAIN;
        if (n < 0)
            return *ready ? (int)n : 0;
        tunnel->moved = true;
        pipe->first = writing ? pipe->first + (size_t)n : 0;
        if (writing) {
            bytes[sender] += (size_t)n;
        } else {
            pipe->last = (size_t)n;
            pipe->ended = n == 0;
        }
    }
    /* The others' turn. No EAGAIN was reached: registering anew asks for what is ready now. */
    int error = mio_source_reregister(&from->as.source, from->token, BOTH);
    return error < 0 ? error : mio_source_reregister(&to->as.source, to->token, BOTH);
}

/* 0, or why the tunnel has to be closed. */
static int serve_end(struct end *end, const struct mio_event *event)
{
    struct tunnel *tunnel = end->tunnel;
    int error = end->connecting ? mio_tcp_stream_finish_connect(&end->as.tcp) : 0;
    if (error < 0) {
        failures += error != -EINPROGRESS;
        return error == -EINPROGRESS ? 0 : error;
    }
    tunnel->moved |= end->connecting;
    end->connecting = false;
    end->readable |= mio_event_may_read(event);
    end->writable |= mio_event_may_write(event);
    error = pump(tunnel, CLIENT);
    if (error == 0)
        error = pump(tunnel, TARGET);
    /* A reset after the end that was read already: no read or write would meet it. */
    if (error == 0 && mio_event_is_error(event))
        error = take_error(end);
    if (error == 0 && tunnel->moved)
        error = limit_tunnel(tunnel);
    bool finished = tunnel->pipe[CLIENT].finished && tunnel->pipe[TARGET].finished;
    return error == 0 && finished ? -ESHUTDOWN : error;
}

static void serve(const struct mio_event *event)
{
    struct end *end = mio_slab_get(ends, mio_event_token(event));
    if (!end) /* closed earlier in this batch */
        return;
    if (mio_event_is_timer(event)) {
        failures += end->connecting;
        too_idle += !end->connecting;
        close_tunnel(end->tunnel);
    } else if (serve_end(end, event) != 0) {
        close_tunnel(end->tunnel);
    }
}

int main(int argc, char **argv)
{
    struct mio_poll *poll;
    struct mio_events *events;
    if (argc < 3 || argc > 4)
        check(-EINVAL, "usage: proxy LISTEN TARGET [CONNECT,IDLE]");
    if (argc > 3)
        check(read_limits(argv[3], limits, LIMITS), argv[3]);
    struct mio_options options = {.flags = MIO_OPTION_ONE_THREAD_TIMERS};
    check(mio_addr_parse(argv[2], &target), argv[2]);
    check(mio_poll_new(&options, &poll), "poll");
    check(mio_events_new(EVENTS, NULL, &events), "events");
    check(mio_slab_new(EVENTS, NULL, &ends), "slab");
    start_server(poll, argv[1]);
    run_server(poll, events, open_tunnel, serve);

    struct end *end;
    for (size_t place = 0; (end = mio_slab_next(ends, &place, NULL)) != NULL;)
        close_tunnel(end->tunnel);
    printf("%s: %llu tunnels, %llu bytes to the target, %llu from it, %llu not connected, "
           "%llu too idle\n",
           mio_poll_backend(poll), tunnels, bytes[CLIENT], bytes[TARGET], failures, too_idle);
    stop_server();
    mio_slab_free(ends);
    mio_events_free(events);
    mio_poll_free(poll);
    return EXIT_SUCCESS;
}

/* SPDX-License-Identifier: MIT */
/* libmio, as its programs use it: its own reading, its typed sockets, its wakers. A token is the
 * address of what it stands for. */
#include "mio.h"

#include <errno.h>
#include <stdlib.h>

enum { BATCH = 64 };

struct bench_loop {
    struct mio_poll *poll;
    struct mio_registry *registry;
    struct mio_events *events;
    struct mio_waker *waker;
    mio_interest mode;
    struct mio_pipe_receiver *receivers; /* by slot */
};

const char *bench_mio_version(void)
{
    return MIO_VERSION_STRING;
}

static struct bench_loop *open_with(const struct bench_options *options,
                                    const struct mio_options *poll_options, mio_interest mode)
{
    struct bench_loop *loop = bench_allocate(1, sizeof *loop);
    size_t capacity = options->capacity ? options->capacity : BENCH_CAPACITY;
    bench_need(mio_poll_new(poll_options, &loop->poll) == 0, "mio_poll_new");
    bench_need(mio_events_new(capacity, NULL, &loop->events) == 0, "mio_events_new");
    loop->registry = mio_poll_registry(loop->poll);
    loop->mode = mode | (options->level ? MIO_LEVEL : 0);
    loop->receivers = bench_allocate(options->descriptors, sizeof *loop->receivers);
    if (options->wakes)
        bench_need(mio_waker_new(loop->registry, 0, &loop->waker) == 0, "mio_waker_new");
    return loop;
}

struct bench_loop *bench_mio_open(const struct bench_options *options, const char *backend,
                                  mio_interest mode)
{
    struct mio_options poll_options = {.backend = backend};
    return open_with(options, &poll_options, mode);
}

void bench_mio_close(struct bench_loop *loop)
{
    mio_waker_free(loop->waker);
    mio_events_free(loop->events);
    mio_poll_free(loop->poll);
    free(loop->receivers);
    free(loop);
}

static mio_token token_of(struct bench_loop *loop, size_t slot)
{
    return (mio_token)&loop->receivers[slot];
}

void bench_mio_add(struct bench_loop *loop, size_t slot, int fd)
{
    mio_source_init(&loop->receivers[slot].source, fd);
    bench_need(mio_registry_register(loop->registry, fd, token_of(loop, slot),
                                     MIO_READABLE | loop->mode) == 0,
               "mio_registry_register");
}

void bench_mio_change(struct bench_loop *loop, size_t slot, int fd)
{
    bench_need(mio_registry_reregister(loop->registry, fd, token_of(loop, slot),
                                       MIO_READABLE | MIO_WRITABLE | loop->mode) == 0,
               "mio_registry_reregister");
}

void bench_mio_remove(struct bench_loop *loop, size_t slot, int fd)
{
    (void)slot;
    bench_need(mio_registry_deregister(loop->registry, fd) == 0, "mio_registry_deregister");
}

static void apply(struct bench_loop *loop, const int *fds, size_t n, enum mio_change_kind kind,
                  mio_interest interest)
{
    struct mio_change changes[BATCH];
    for (size_t i = 0; i < n; i++)
        changes[i] = (struct mio_change){
            .kind = kind, .fd = fds[i], .token = token_of(loop, i), .interest = interest};
    bench_need(mio_registry_apply(loop->registry, changes, n) == (int)n, "mio_registry_apply");
}

void bench_mio_add_many(struct bench_loop *loop, const int *fds, size_t n)
{
    apply(loop, fds, n, MIO_REGISTER, MIO_READABLE | loop->mode);
}

void bench_mio_change_many(struct bench_loop *loop, const int *fds, size_t n)
{
    apply(loop, fds, n, MIO_REREGISTER, MIO_READABLE | MIO_WRITABLE | loop->mode);
}

void bench_mio_remove_many(struct bench_loop *loop, const int *fds, size_t n)
{
    apply(loop, fds, n, MIO_DEREGISTER, 0);
}

static void wait_for(struct bench_loop *loop, int64_t timeout_ns)
{
    bench_need(mio_poll_wait(loop->poll, loop->events, timeout_ns) >= 0, "mio_poll_wait");
}

void bench_mio_look(struct bench_loop *loop)
{
    wait_for(loop, 0);
}

void bench_mio_dispatch(struct bench_loop *loop, long n)
{
    while (n > 0) {
        wait_for(loop, MIO_FOREVER);
        mio_events_each(event, loop->events) {
            if (mio_event_is_readable(event)) {
                uint64_t value;
                struct mio_pipe_receiver *receiver =
                    (struct mio_pipe_receiver *)mio_event_token(event);
                bench_need(mio_pipe_receiver_read(receiver, &value, sizeof value) == sizeof value,
                           "mio_pipe_receiver_read");
                n--;
            }
        }
    }
}

void bench_mio_wake(struct bench_loop *loop)
{
    bench_need(mio_waker_wake(loop->waker) == 0, "mio_waker_wake");
}

void bench_mio_await_wake(struct bench_loop *loop)
{
    wait_for(loop, MIO_FOREVER);
}

/* --- the server --- */

enum { MOST_CONNECTIONS = 20000 };

struct serving {
    struct bench_server *server;
    struct bench_loop *loop;
    struct mio_tcp_listener listener;
    struct mio_tcp_stream *streams; /* by descriptor; unregistered where there is none */
};

static void end_connection(struct mio_tcp_stream *stream)
{
    bench_linger(stream->source.fd);
    mio_source_close(&stream->source);
}

enum outcome { ANSWERED, NOTHING_YET, AT_END };

static enum outcome answer(struct mio_tcp_stream *stream)
{
    char buffer[BENCH_BUFFER];
    ptrdiff_t size = mio_tcp_stream_read(stream, buffer, sizeof buffer);
    if (size == -EAGAIN)
        return NOTHING_YET;
    return size > 0 && mio_tcp_stream_write(stream, buffer, (size_t)size) == size ? ANSWERED
                                                                                  : AT_END;
}

static void watch(struct serving *serving, const struct mio_tcp_stream *accepted)
{
    bench_need(accepted->source.fd < MOST_CONNECTIONS, "a small descriptor number");
    struct mio_tcp_stream *made = &serving->streams[accepted->source.fd];
    *made = *accepted;
    bench_need(mio_source_register(&made->source, serving->loop->registry, (mio_token)made,
                                   MIO_READABLE | serving->loop->mode) == 0,
               "mio_source_register");
}

/* The request of a connection that was just accepted, if it is there: true when it is the last. */
static bool answer_or_watch(struct serving *serving, struct mio_tcp_stream *stream)
{
    enum outcome outcome = answer(stream);
    bool stop = outcome == ANSWERED && bench_answered(serving->server);
    if (outcome == NOTHING_YET || (outcome == ANSWERED && !serving->server->once))
        watch(serving, stream);
    else
        end_connection(stream);
    return stop;
}

static bool accept_event(struct serving *serving)
{
    struct mio_tcp_stream stream;
    enum bench_accepting accepting = serving->server->accepting;
    while (mio_tcp_listener_accept(&serving->listener, &stream, NULL) == 0) {
        if (accepting == BENCH_ACCEPT_AND_READ)
            return answer_or_watch(serving, &stream);
        watch(serving, &stream);
        if (accepting == BENCH_ACCEPT_ONE)
            break;
    }
    return false;
}

static bool serve_event(struct serving *serving, const struct mio_event *event)
{
    if (mio_event_token(event) == (mio_token)serving)
        return accept_event(serving);
    struct mio_tcp_stream *stream = (struct mio_tcp_stream *)mio_event_token(event);
    enum outcome outcome = answer(stream);
    bool stop = outcome == ANSWERED && bench_answered(serving->server);
    if (outcome == AT_END || (outcome == ANSWERED && serving->server->once))
        end_connection(stream);
    return stop;
}

void bench_mio_serve(struct bench_server *server, const char *backend, mio_interest mode)
{
    struct bench_options options = {.level = server->level};
    struct mio_options poll_options = {.backend = backend, .spin_ns = server->spin_ns};
    struct serving serving = {.server = server, .loop = open_with(&options, &poll_options, mode)};
    mio_interest how = server->accepting == BENCH_ACCEPT_ALL ? serving.loop->mode : MIO_LEVEL;
    serving.streams = bench_allocate(MOST_CONNECTIONS, sizeof *serving.streams);
    bench_need(mio_tcp_listener_from_fd(server->listener, &serving.listener) == 0,
               "mio_tcp_listener_from_fd");
    bench_need(mio_source_register(&serving.listener.source, serving.loop->registry,
                                   (mio_token)&serving, MIO_READABLE | how) == 0,
               "mio_source_register");
    for (bool stop = false; !stop;) {
        wait_for(serving.loop, MIO_FOREVER);
        mio_events_each(event, serving.loop->events) {
            stop = serve_event(&serving, event);
            if (stop)
                break;
        }
    }
    for (size_t i = 0; i < MOST_CONNECTIONS; i++) {
        if (serving.streams[i].source.selector)
            end_connection(&serving.streams[i]);
    }
    free(serving.streams);
    mio_source_deregister(&serving.listener.source);
    bench_mio_close(serving.loop);
}

/* --- timers --- */

struct mio_timers {
    struct mio_poll *poll;
    struct mio_registry *registry;
    struct mio_events *events;
    struct mio_timer *timers;
    int64_t now;
};

static void *open_timers(size_t n, bool shared)
{
    struct mio_timers *opened = bench_allocate(1, sizeof *opened);
    struct mio_options options = {.flags = shared ? 0 : MIO_OPTION_ONE_THREAD_TIMERS};
    bench_need(mio_poll_new(&options, &opened->poll) == 0, "mio_poll_new");
    bench_need(mio_events_new(BENCH_CAPACITY, NULL, &opened->events) == 0, "mio_events_new");
    opened->registry = mio_poll_registry(opened->poll);
    opened->timers = bench_allocate(n, sizeof *opened->timers);
    opened->now = mio_now();
    return opened;
}

static void close_timers(void *timers)
{
    struct mio_timers *opened = timers;
    mio_poll_free(opened->poll);
    mio_events_free(opened->events);
    free(opened->timers);
    free(opened);
}

static void set_timer(void *timers, size_t slot, int64_t after_ns)
{
    struct mio_timers *opened = timers;
    bench_need(
        mio_timer_set(&opened->timers[slot], opened->registry, slot, opened->now + after_ns) == 0,
        "mio_timer_set");
}

static void cancel_timer(void *timers, size_t slot)
{
    struct mio_timers *opened = timers;
    bench_need(mio_timer_cancel(&opened->timers[slot], opened->registry) == 1, "mio_timer_cancel");
}

static void look_for_timers(void *timers)
{
    struct mio_timers *opened = timers;
    opened->now = mio_now();
    bench_need(mio_poll_wait(opened->poll, opened->events, 0) >= 0, "mio_poll_wait");
}

static const struct bench_timers mio_timers = {open_timers, close_timers, set_timer, cancel_timer,
                                               look_for_timers};

/* --- the table --- */

static struct bench_loop *open_epoll(const struct bench_options *options)
{
    return bench_mio_open(options, "epoll", 0);
}

static void serve_epoll(struct bench_server *server)
{
    bench_mio_serve(server, "epoll", 0);
}

const struct bench_peer bench_mio = {
    .name = "libmio",
    .what = "libmio, epoll selector",
    .open = open_epoll,
    .serve = serve_epoll,
    .serves_as_asked = true,
    .timers = &mio_timers,
    BENCH_MIO_FUNCTIONS,
};

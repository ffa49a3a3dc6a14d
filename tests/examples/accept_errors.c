/* SPDX-License-Identifier: MIT */
/*
 * The servers' loop under each error that accepting and opening a connection can end with. The
 * errors are made here, in place of mio_tcp_listener_accept(), while a real client waits. Each
 * trial has a process of its own, which has to end by itself.
 */
#include <mio.h>

static int scripted_accept(struct mio_tcp_listener *from, struct mio_tcp_stream *stream,
                           struct mio_addr *peer);

/* clang-format off */
#define mio_tcp_listener_accept scripted_accept
/* clang-format on */
#include "../../examples/server.h"
#undef mio_tcp_listener_accept

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

enum { EVENTS = 8, ALWAYS = 1 << 30, LIMIT_S = 20 };

/* How a trial ends: the client is served, the server ends with an error (by exit(EXIT_FAILURE)), it
 * ends by SIGTERM, the client is closed; or it has called too often. */
enum outcome { SERVED, FAILED = EXIT_FAILURE, STOPPED, CLOSED, SPUN };

struct trial {
    int accept_error, accept_failures; /* so many times */
    int open_error, open_failures;
    enum outcome wanted;
};

static const struct trial trials[] = {
    /* Of the one connection: the next is taken. */
    {ECONNABORTED, 2, 0, 0, SERVED},
    {EPROTO, 2, 0, 0, SERVED},
    {EPERM, 2, 0, 0, SERVED},
    {ENETDOWN, 2, 0, 0, SERVED},
    {ENOPROTOOPT, 2, 0, 0, SERVED},
    {EHOSTDOWN, 2, 0, 0, SERVED},
    {ENONET, 2, 0, 0, SERVED},
    {EHOSTUNREACH, 2, 0, 0, SERVED},
    {EOPNOTSUPP, 2, 0, 0, SERVED},
    {ENETUNREACH, 2, 0, 0, SERVED},
    {EAGAIN, 2, 0, 0, SERVED}, /* who waited has gone */
    /* Something is short: it is tried again, and not at once. */
    {EMFILE, 2, 0, 0, SERVED},
    {ENFILE, 2, 0, 0, SERVED},
    {ENOBUFS, 2, 0, 0, SERVED},
    {ENOMEM, 2, 0, 0, SERVED},
    {0, 0, EMFILE, 2, SERVED}, /* accepted already, and kept */
    {0, 0, ENOMEM, 2, SERVED},
    {EMFILE, 1, EMFILE, 1, SERVED},
    /* Another reason not to serve a client is that client's affair. */
    {0, 0, ECONNREFUSED, 1, CLOSED},
    /* The listener's own: there is nothing to wait for. */
    {EINVAL, 1, 0, 0, FAILED},
    {EBADF, 1, 0, 0, FAILED},
    {ENOTSOCK, 1, 0, 0, FAILED},
    {EACCES, 1, 0, 0, FAILED},
    /* SIGTERM is obeyed whatever happens. */
    {EMFILE, ALWAYS, 0, 0, STOPPED},
    {ECONNABORTED, ALWAYS, 0, 0, STOPPED},
};

static struct trial left; /* what is still to fail */
static int accept_calls, open_calls;

static int scripted_accept(struct mio_tcp_listener *from, struct mio_tcp_stream *stream,
                           struct mio_addr *peer)
{
    accept_calls++;
    if (left.accept_failures == 0)
        return mio_tcp_listener_accept(from, stream, peer);
    left.accept_failures--;
    if (left.wanted == STOPPED && accept_calls == 3)
        raise(SIGTERM);
    return -left.accept_error;
}

static int open_stream(const struct mio_tcp_stream *stream)
{
    struct mio_tcp_stream copy = *stream;
    open_calls++;
    if (left.open_failures == 0) {
        mio_tcp_stream_write(&copy, "hello", 5);
        mio_source_close(&copy.source);
        return mio_waker_wake(stop_waker);
    }
    left.open_failures--;
    if (left.wanted == CLOSED)
        mio_waker_wake(stop_waker);
    return -left.open_error;
}

static void serve(const struct mio_event *event)
{
    (void)event;
    abort(); /* nothing else is registered */
}

/* What the client has got from the server that ended. */
static enum outcome outcome_for(struct mio_tcp_stream *client)
{
    char text[8];
    ptrdiff_t n;
    do
        n = mio_tcp_stream_read(client, text, sizeof text);
    while (n == -EAGAIN && left.wanted != STOPPED);
    return n == 5 ? SERVED : n == -EAGAIN ? STOPPED : CLOSED;
}

/* Runs a server that one client waits for. */
static enum outcome run_trial(const struct trial *trial)
{
    struct mio_poll *poll;
    struct mio_events *events;
    struct mio_addr addr;
    struct mio_tcp_stream client;
    left = *trial;
    check(mio_poll_new(NULL, &poll), "poll");
    check(mio_events_new(EVENTS, NULL, &events), "events");
    start_server(poll, "127.0.0.1:0");
    check(mio_source_local_addr(&listener.source, &addr), "address");
    check(mio_tcp_stream_connect(&addr, NULL, &client), "connect");
    run_server(poll, events, open_stream, serve);
    enum outcome outcome = outcome_for(&client);
    stop_server();
    mio_source_close(&client.source);
    mio_events_free(events);
    mio_poll_free(poll);
    bool spun = trial->accept_failures < ALWAYS && accept_calls > trial->accept_failures + 1;
    return spun || open_calls > trial->open_failures + 1 ? SPUN : outcome;
}

static void in_child(const struct trial *trial)
{
    int null = open("/dev/null", O_WRONLY);
    dup2(null, STDOUT_FILENO);
    dup2(null, STDERR_FILENO);
    alarm(LIMIT_S);
    _exit((int)run_trial(trial));
}

int main(void)
{
    size_t wrong = 0, count = sizeof trials / sizeof *trials;
    for (const struct trial *trial = trials; trial < trials + count; trial++) {
        int status = 0;
        pid_t child = fork();
        if (child == 0)
            in_child(trial);
        if (child < 0 || waitpid(child, &status, 0) != child)
            return EXIT_FAILURE;
        if (WIFEXITED(status) && WEXITSTATUS(status) == (int)trial->wanted)
            continue;
        wrong++;
        printf("accept %s, open %s: status %#x, outcome %d was wanted\n",
               strerror(trial->accept_error), strerror(trial->open_error), (unsigned)status,
               (int)trial->wanted);
    }
    printf("%zu trials, %zu wrong\n", count, wrong);
    return wrong == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

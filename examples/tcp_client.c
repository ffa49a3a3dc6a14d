/* SPDX-License-Identifier: MIT */
/*
 * Sends standard input to a server and writes what comes back to standard output: `tcp_client
 * ADDRESS`. The end of the input becomes a half-close, the server's end that of the program. Input
 * and output may be files, so they are read and written as such, and may block.
 */
#include <mio.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { SERVER = 1, BUFFER = 65536, EVENTS = 4 };

static struct mio_tcp_stream stream;
static bool connected, readable, writable; /* since the last event, and no EAGAIN came yet */
static bool input_ended, shut;
static char out[BUFFER]; /* what is still to be sent: from `start` to `end` */
static size_t start, end;

static void check(ptrdiff_t result, const char *what)
{
    if (result < 0) {
        fprintf(stderr, "tcp_client: %s: %s\n", what, strerror((int)-result));
        exit(EXIT_FAILURE);
    }
}

static void read_input(void)
{
    ssize_t n;
    do
        n = read(STDIN_FILENO, out, sizeof out);
    while (n < 0 && errno == EINTR);
    check(n < 0 ? -errno : 0, "standard input");
    input_ended = n == 0;
    start = 0;
    end = (size_t)n;
}

/* Until the server takes no more, or all is sent. */
static void send_input(void)
{
    while (writable && !shut) {
        if (start == end && !input_ended)
            read_input();
        if (input_ended) {
            check(mio_tcp_stream_shutdown(&stream, MIO_SHUTDOWN_WRITE), "shutdown");
            shut = true;
            return;
        }
        ptrdiff_t n = mio_tcp_stream_write(&stream, out + start, end - start);
        writable = n != -EAGAIN;
        check(writable ? n : 0, "write");
        start += writable ? (size_t)n : 0;
    }
}

/* Some of what has come. Returns true at the end. */
static bool receive(void)
{
    static char in[BUFFER];
    ptrdiff_t n = mio_tcp_stream_read(&stream, in, sizeof in);
    readable = n != -EAGAIN;
    check(readable ? n : 0, "read");
    if (n > 0 && fwrite(in, 1, (size_t)n, stdout) < (size_t)n)
        check(-errno, "standard output");
    return n == 0;
}

/* Sends and receives by turns: a server that waits to be read must not be waited for. */
static bool work(void)
{
    do {
        if (readable && receive())
            return true;
        send_input();
    } while (readable);
    return false;
}

int main(int argc, char **argv)
{
    struct mio_poll *poll;
    struct mio_events *events;
    struct mio_addr addr;
    check(argc == 2 ? 0 : -EINVAL, "usage: tcp_client ADDRESS");
    check(mio_addr_parse(argv[1], &addr), argv[1]);
    check(mio_poll_new(NULL, &poll), "poll");
    check(mio_events_new(EVENTS, NULL, &events), "events");
    check(mio_tcp_stream_connect(&addr, NULL, &stream), argv[1]);
    check(mio_source_register(&stream.source, mio_poll_registry(poll), SERVER,
                              MIO_READABLE | MIO_WRITABLE),
          "register");
    for (bool done = false; !done;) {
        check(mio_poll_wait_until(poll, events, MIO_FOREVER), "wait");
        mio_events_each(event, events) {
            readable |= mio_event_may_read(event);
            writable |= mio_event_may_write(event);
        }
        int error = connected ? 0 : mio_tcp_stream_finish_connect(&stream);
        if (error == -EINPROGRESS)
            continue;
        check(error, argv[1]);
        connected = true;
        done = work();
    }
    check(fflush(stdout) == 0 ? 0 : -errno, "standard output");
    mio_source_close(&stream.source);
    mio_events_free(events);
    mio_poll_free(poll);
    return shut ? EXIT_SUCCESS : EXIT_FAILURE; /* the server has ended too early */
}

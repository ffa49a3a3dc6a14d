/* SPDX-License-Identifier: MIT */
/*
 * Sources of a program's own: `custom_source [MESSAGES]` sends so many messages (by default 10) of
 * a byte, one every ten milliseconds, through a pipe to itself; SIGINT or SIGTERM stops it.
 *
 * ticker.h is a source with a descriptor that the library knows nothing of. `struct channel` has no
 * descriptor of its own: it is made of a pipe's two ends, and passes registering on to both, or to
 * none.
 */
#include "ticker.h"

#include <mio.h>

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { TICKER, CHANNEL, STOP }; /* tokens */
enum { EVENTS = 8, INTERVAL_NS = 10000000 };

struct channel {
    struct mio_pipe_sender sender;
    struct mio_pipe_receiver receiver;
};

/* Both ends give events with the same token; the readiness tells which it is. */
static int channel_register(struct channel *channel, struct mio_registry *registry, mio_token token)
{
    int error = mio_source_register(&channel->receiver.source, registry, token, MIO_READABLE);
    if (error < 0)
        return error;
    error = mio_source_register(&channel->sender.source, registry, token, MIO_WRITABLE);
    if (error < 0)
        mio_source_deregister(&channel->receiver.source, registry);
    return error;
}

static int channel_deregister(struct channel *channel, struct mio_registry *registry)
{
    int first = mio_source_deregister(&channel->sender.source, registry);
    int second = mio_source_deregister(&channel->receiver.source, registry);
    return first < 0 ? first : second;
}

/* --- the program --- */

static struct mio_waker *stop_waker;

static void check(int result, const char *what)
{
    if (result < 0) {
        fprintf(stderr, "custom_source: %s: %s\n", what, strerror(-result));
        exit(EXIT_FAILURE);
    }
}

static void on_signal(int number)
{
    (void)number;
    mio_waker_wake(stop_waker); /* allowed here, and it leaves errno alone */
}

int main(int argc, char **argv)
{
    unsigned long long wanted = argc > 1 ? strtoull(argv[1], NULL, 10) : 10;
    unsigned long long due = 0, sent = 0, received = 0;
    struct ticker ticker = {.timer = NULL};
    struct channel channel;
    struct mio_poll *poll;
    struct mio_events *events;
    check(mio_poll_new(NULL, &poll), "poll");
    check(mio_events_new(EVENTS, &events), "events");
    struct mio_registry *registry = mio_poll_registry(poll);
    check(mio_waker_new(registry, STOP, &stop_waker), "waker");
    signal(SIGINT, on_signal);
    signal(SIGTERM, on_signal);
    check(ticker_new(INTERVAL_NS, &ticker), "ticker");
    check(mio_pipe_new(&channel.sender, &channel.receiver), "channel");
    check(mio_source_register(&ticker.source, registry, TICKER, MIO_READABLE), "ticker");
    check(channel_register(&channel, registry, CHANNEL), "channel");

    printf("sending %llu messages, one every %d ms\n", wanted, INTERVAL_NS / 1000000);
    fflush(stdout);
    while (received < wanted) {
        check(mio_poll_wait_until(poll, events, MIO_FOREVER), "wait");
        mio_events_each(event, events) {
            if (mio_event_token(event) == STOP)
                wanted = received; /* and no more */
            uint64_t ticks;
            while (mio_event_token(event) == TICKER && ticker_read(&ticker, &ticks) == 0)
                due += ticks;
        }
        char message[64] = "";
        while (sent < due && mio_pipe_sender_write(&channel.sender, message, 1) == 1)
            sent++;
        for (ptrdiff_t n; (n = mio_pipe_receiver_read(&channel.receiver, message, 64)) > 0;)
            received += (unsigned long long)n;
    }

    check(channel_deregister(&channel, registry), "channel");
    printf("%s: %llu ticks, %llu messages sent, %llu received\n", mio_poll_backend(poll), due, sent,
           received);
    mio_pipe_sender_close(&channel.sender);
    mio_pipe_receiver_close(&channel.receiver);
    ticker_close(&ticker);
    signal(SIGINT, SIG_DFL); /* the waker is going */
    signal(SIGTERM, SIG_DFL);
    mio_waker_free(stop_waker);
    mio_events_free(events);
    mio_poll_free(poll);
    return EXIT_SUCCESS;
}

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
enum { EVENTS = 8, INTERVAL_NS = MIO_MS(10) };

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
        mio_source_deregister(&channel->receiver.source);
    return error;
}

static int channel_deregister(struct channel *channel)
{
    int first = mio_source_deregister(&channel->sender.source);
    int second = mio_source_deregister(&channel->receiver.source);
    return first < 0 ? first : second;
}

/* --- the program --- */

struct program {
    struct mio_poll *poll;
    struct mio_events *events;
    struct ticker ticker;
    struct channel channel;
    unsigned long long due, sent, received; /* messages */
};

static struct mio_waker *stop_waker; /* where the signal handler finds it */

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

static void program_open(struct program *program)
{
    check(mio_poll_new(NULL, &program->poll), "poll");
    check(mio_events_new(EVENTS, NULL, &program->events), "events");
    struct mio_registry *registry = mio_poll_registry(program->poll);
    check(mio_waker_new(registry, STOP, &stop_waker), "waker");
    signal(SIGINT, on_signal);
    signal(SIGTERM, on_signal);
    check(ticker_new(INTERVAL_NS, &program->ticker), "ticker");
    check(mio_pipe_open(&program->channel.sender, &program->channel.receiver), "channel");
    check(mio_source_register(&program->ticker.source, registry, TICKER, MIO_READABLE), "ticker");
    check(channel_register(&program->channel, registry, CHANNEL), "channel");
}

static void program_close(struct program *program)
{
    check(channel_deregister(&program->channel), "channel");
    mio_source_close(&program->channel.sender.source);
    mio_source_close(&program->channel.receiver.source);
    ticker_close(&program->ticker);
    signal(SIGINT, SIG_DFL); /* the waker is going */
    signal(SIGTERM, SIG_DFL);
    mio_waker_free(stop_waker);
    mio_events_free(program->events);
    mio_poll_free(program->poll);
}

/* Sends what is due and receives what is there, each until it would block. */
static void transfer(struct program *program)
{
    char message[64] = "";
    while (program->sent < program->due &&
           mio_pipe_sender_write(&program->channel.sender, message, 1) == 1)
        program->sent++;
    for (ptrdiff_t n;
         (n = mio_pipe_receiver_read(&program->channel.receiver, message, sizeof message)) > 0;)
        program->received += (unsigned long long)n;
}

static void run(struct program *program, unsigned long long wanted)
{
    while (program->received < wanted) {
        check(mio_poll_wait_until(program->poll, program->events, MIO_FOREVER), "wait");
        mio_events_each(event, program->events) {
            if (mio_event_token(event) == STOP)
                wanted = program->received; /* and no more */
            uint64_t ticks;
            while (mio_event_token(event) == TICKER && ticker_read(&program->ticker, &ticks) == 0)
                program->due += ticks;
        }
        transfer(program);
    }
}

int main(int argc, char **argv)
{
    unsigned long long wanted = argc > 1 ? strtoull(argv[1], NULL, 10) : 10;
    struct program program = {.poll = NULL};
    program_open(&program);
    printf("sending %llu messages, one every %d ms\n", wanted, INTERVAL_NS / (int)MIO_MS(1));
    fflush(stdout);
    run(&program, wanted);
    printf("%s: %llu ticks, %llu messages sent, %llu received\n", mio_poll_backend(program.poll),
           program.due, program.sent, program.received);
    program_close(&program);
    return EXIT_SUCCESS;
}

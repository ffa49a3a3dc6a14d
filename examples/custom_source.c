/* SPDX-License-Identifier: MIT */
/*
 * Sources of a program's own: `custom_source [MESSAGES]` sends so many messages (by default 10),
 * of a byte, one every ten milliseconds, through a pipe to itself; SIGINT or SIGTERM stops it.
 *
 * `struct ticker` is a descriptor that the library knows nothing of: it starts with a struct
 * mio_source, which brings the registration, and reads by mio_source_try_io(), which works with
 * every selector. On Linux it is a timerfd, elsewhere a pipe that a thread writes to.
 *
 * `struct channel` has no descriptor of its own: it is made of two pipes' ends, and passes
 * registering on to both, or to none.
 */
#include <mio.h>
#include <mio/net.h>

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#if !defined(HAVE_TIMERFD) && defined(__linux__)
#define HAVE_TIMERFD 1
#endif

enum { TICKER, CHANNEL, STOP }; /* tokens */
enum { INTERVAL_NS = 10000000, EVENTS = 8 };

struct ticker {
    struct mio_source source; /* readable when time has passed */
    struct timer *timer;      /* what else there is to it */
};

#if HAVE_TIMERFD

#include <sys/timerfd.h>

static int ticker_new(struct ticker *ticker)
{
    struct itimerspec every = {{0, INTERVAL_NS}, {0, INTERVAL_NS}};
    int fd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
    if (fd < 0)
        return -errno;
    timerfd_settime(fd, 0, &every, NULL);
    mio_source_init(&ticker->source, fd);
    return 0;
}

static void ticker_close(struct ticker *ticker)
{
    mio_source_close(&ticker->source);
}

static ptrdiff_t read_ticks(mio_fd fd, void *user)
{
    uint64_t *ticks = user;
    return read(fd, ticks, sizeof *ticks) < 0 ? -errno : 0;
}

#else

#include <pthread.h>
#include <time.h>

struct timer {
    struct mio_pipe_sender sender;
    pthread_t thread;
};

/* Writes a byte a tick, until the other end is closed. */
static void *tick(void *user)
{
    struct timer *timer = user;
    struct timespec interval = {0, INTERVAL_NS};
    do
        nanosleep(&interval, NULL);
    while (mio_pipe_sender_write(&timer->sender, "", 1) != -EPIPE);
    return NULL;
}

static int ticker_new(struct ticker *ticker)
{
    struct mio_pipe_receiver receiver;
    struct timer *timer = malloc(sizeof *timer);
    int error = timer ? mio_pipe_new(&timer->sender, &receiver) : -ENOMEM;
    if (error == 0 && (error = -pthread_create(&timer->thread, NULL, tick, timer)) < 0) {
        mio_pipe_sender_close(&timer->sender);
        mio_pipe_receiver_close(&receiver);
    }
    if (error < 0) {
        free(timer);
        return error;
    }
    ticker->source = receiver.source;
    ticker->timer = timer;
    return 0;
}

static void ticker_close(struct ticker *ticker)
{
    mio_source_close(&ticker->source);
    pthread_join(ticker->timer->thread, NULL);
    mio_pipe_sender_close(&ticker->timer->sender);
    free(ticker->timer);
}

static ptrdiff_t read_ticks(mio_fd fd, void *user)
{
    char bytes[64];
    ssize_t n = read(fd, bytes, sizeof bytes);
    *(uint64_t *)user = n < 0 ? 0 : (uint64_t)n;
    return n < 0 ? -errno : 0;
}

#endif

/* How often the time has passed since it was asked last; -EAGAIN: not once. */
static int ticker_read(struct ticker *ticker, uint64_t *ticks)
{
    return (int)mio_source_try_io(&ticker->source, read_ticks, ticks);
}

/* --- a source made of sources --- */

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
    check(ticker_new(&ticker), "ticker");
    check(mio_pipe_new(&channel.sender, &channel.receiver), "channel");
    check(mio_source_register(&ticker.source, registry, TICKER, MIO_READABLE), "ticker");
    check(channel_register(&channel, registry, CHANNEL), "channel");

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

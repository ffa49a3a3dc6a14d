/* SPDX-License-Identifier: MIT */
/*
 * A source that the library does not have: a ticker, which becomes readable again and again. It
 * starts with a struct mio_source, which brings registering and closing, and is read by
 * mio_source_try_io(), which works with every selector. On Linux it is a timerfd, elsewhere a pipe
 * that a thread writes to.
 */
#ifndef EXAMPLES_TICKER_H
#define EXAMPLES_TICKER_H

#include <mio.h>

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#if !defined(HAVE_TIMERFD)
#if defined(__linux__)
#define HAVE_TIMERFD 1
#else
#define HAVE_TIMERFD 0
#endif
#endif

struct ticker {
    struct mio_source source; /* readable when time has passed */
    struct timer *timer;      /* what else there is to it */
};

#if HAVE_TIMERFD

#include <sys/timerfd.h>

static inline int ticker_new(long interval_ns, struct ticker *ticker)
{
    struct itimerspec every = {{0, interval_ns}, {0, interval_ns}};
    int fd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
    if (fd < 0)
        return -errno;
    timerfd_settime(fd, 0, &every, NULL);
    mio_source_init(&ticker->source, fd);
    return 0;
}

static inline void ticker_close(struct ticker *ticker)
{
    mio_source_close(&ticker->source);
}

static inline ptrdiff_t read_ticks(mio_fd fd, void *user)
{
    uint64_t *ticks = user;
    return read(fd, ticks, sizeof *ticks) < 0 ? -errno : 0;
}

#else

#include <pthread.h>
#include <time.h>

struct timer {
    struct timespec interval;
    struct mio_pipe_sender sender;
    pthread_t thread;
};

/* Writes a byte a tick, until the other end is closed. */
static inline void *tick(void *user)
{
    struct timer *timer = user;
    do
        nanosleep(&timer->interval, NULL);
    while (mio_pipe_sender_write(&timer->sender, "", 1) != -EPIPE);
    return NULL;
}

static inline int ticker_new(long interval_ns, struct ticker *ticker)
{
    struct mio_pipe_receiver receiver;
    struct timer *timer = malloc(sizeof *timer);
    int error = timer ? mio_pipe_open(&timer->sender, &receiver) : -ENOMEM;
    if (error == 0)
        timer->interval = (struct timespec){0, interval_ns};
    if (error == 0 && (error = -pthread_create(&timer->thread, NULL, tick, timer)) < 0) {
        mio_source_close(&timer->sender.source);
        mio_source_close(&receiver.source);
    }
    if (error < 0) {
        free(timer);
        return error;
    }
    ticker->source = receiver.source;
    ticker->timer = timer;
    return 0;
}

static inline void ticker_close(struct ticker *ticker)
{
    mio_source_close(&ticker->source);
    pthread_join(ticker->timer->thread, NULL);
    mio_source_close(&ticker->timer->sender.source);
    free(ticker->timer);
}

static inline ptrdiff_t read_ticks(mio_fd fd, void *user)
{
    char bytes[64];
    ssize_t n = read(fd, bytes, sizeof bytes);
    *(uint64_t *)user = n < 0 ? 0 : (uint64_t)n;
    return n < 0 ? -errno : 0;
}

#endif

/* How often the time has passed since it was asked last; -EAGAIN: not once. */
static inline int ticker_read(struct ticker *ticker, uint64_t *ticks)
{
    return (int)mio_source_try_io(&ticker->source, MIO_READABLE, read_ticks, ticks);
}

#endif

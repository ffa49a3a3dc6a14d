/* SPDX-License-Identifier: MIT */
/* What the tests of signals share. */
#ifndef CONTRACT_SIGNALS_H
#define CONTRACT_SIGNALS_H

#include "support.h"

#include <signal.h>

/* A set that watches these signals, up to a 0. */
struct mio_signals *watch_signals(struct loop *loop, mio_token token, const int *signos);

/* Sends the signal to this thread, which has got it when this returns. */
void raise_signal(int signo);

/* What the set has to tell next: this signal, sent so often by this process; nothing. */
void expect_signal(struct mio_signals *signals, int signo, unsigned count, struct where where);
void expect_no_signal(struct mio_signals *signals, struct where where);
#define EXPECT_SIGNAL(signals, signo, count) expect_signal((signals), (signo), (count), HERE)
#define EXPECT_NO_SIGNAL(signals)            expect_no_signal((signals), HERE)

/* The event of the set's token, and one signal of one count, and nothing more. */
#define EXPECT_ONE_SIGNAL(loop, token, signals, signo) \
    do {                                               \
        EXPECT_ONE((loop), (token), MIO_READABLE);     \
        EXPECT_SIGNAL((signals), (signo), 1);          \
        EXPECT_NO_SIGNAL(signals);                     \
    } while (0)

/* Sets a disposition, which is checked. Returns the one before. */
struct sigaction set_handler(int signo, void (*handler)(int), int flags);
void set_action(int signo, const struct sigaction *action);
struct sigaction action_of(int signo);

#endif

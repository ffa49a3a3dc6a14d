/* SPDX-License-Identifier: MIT */
/* Sets of signals: made, heard, and gone again. */
#define _GNU_SOURCE

#include "sweep.h"

#include <signal.h>

static bool is_default(int signo)
{
    struct sigaction action;
    return sigaction(signo, NULL, &action) == 0 && action.sa_handler == SIG_DFL;
}

static void take_signal(struct mio_signals *signals, int signo)
{
    struct mio_signal signal;
    STEP(1, mio_signals_next(signals, &signal));
    HOLDS(signal.signo == signo && signal.count == 1);
    STEP(0, mio_signals_next(signals, &signal));
}

static void signals_scenario(void)
{
    struct loop loop = loop_open(0, 16);
    struct mio_signals *signals;
    MAKE(&signals, mio_signals_new(loop.registry, ONE, &signals));
    STEP_OR(0, mio_signals_add(signals, SIGWINCH)) {
        HOLDS(is_default(SIGWINCH));
    }
    STEP(0, mio_signals_add(signals, SIGURG));
    HOLDS(raise(SIGWINCH) == 0);
    await(&loop, ONE, MIO_READABLE);
    take_signal(signals, SIGWINCH);
    STEP(0, mio_signals_remove(signals, SIGWINCH));
    HOLDS(raise(SIGURG) == 0);
    await(&loop, ONE, MIO_READABLE);
    take_signal(signals, SIGURG);
    silent(&loop);
    FREE(mio_signals_free(signals));
    /* A handler that could not be taken back is there, and nobody hears it. */
    HOLDS(raise(SIGURG) == 0 && raise(SIGWINCH) == 0);
    HOLDS(is_default(SIGURG) && is_default(SIGWINCH));
    silent(&loop);
    loop_close(&loop);
}

TEST(signals)
{
    sweep("signals", signals_scenario, IN_PROCESS);
}

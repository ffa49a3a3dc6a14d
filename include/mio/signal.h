/* SPDX-License-Identifier: MIT */
/*
 * Signals as events: a set of signals is a source with a token. When one of them comes the wait
 * delivers a readable event with that token, among the others, on every system in the same way.
 * Then the set is asked which it was:
 *
 *   struct mio_signals *signals;
 *   mio_signals_new(registry, 3, &signals);
 *   mio_signals_add(signals, SIGTERM);
 *   ...
 *   struct mio_signal signal;
 *   while (mio_signals_next(signals, &signal) > 0) // the token was 3
 *       ... signal.signo, signal.count, signal.pid
 *
 * Several sets may watch one signal, in one poll or in several: each hears of it. A wait that a
 * watched signal interrupts returns its event, and not -EINTR.
 *
 * HANDLERS. While a set in the process watches a signal the library has a handler for it. What the
 * signal did before it still does: a handler of the program's is called, with its mask and flags,
 * and an ignored signal has no further effect. But the default action, such as the end of the
 * program, does not happen. With the last set that watches the signal the old disposition is put
 * back. Do not change the disposition of a watched signal. A handler that the program puts in the
 * library's place takes the signal away from all sets, unless it calls the one that was there, and
 * is left in place.
 *
 * MASKS are left alone. A signal that every thread blocks stays pending, and is told of when a
 * thread unblocks it.
 *
 * FORKS AND EXEC. The child of a fork has the handler too. There it calls the program's, and
 * tells the parent's sets nothing. Where the signal had its default action, that happens in the
 * child. A program that is executed gets the default action, as of any handled signal, or an
 * ignored signal ignored, where the child sets it so.
 *
 * Any thread may call these functions. Calls for one set must not overlap. None is for a signal
 * handler.
 */
#ifndef MIO_SIGNAL_H
#define MIO_SIGNAL_H

#include <mio/types.h>

MIO_BEGIN_DECLS

struct mio_registry;
struct mio_signals;

/* What has come of one signal. */
struct mio_signal {
    int32_t signo;
    uint32_t count; /* how often it came; what the system merges it has merged before */
    int32_t pid;    /* of the process that sent the last one; 0: the system does not tell */
    uint32_t uid;   /* of that process's user, if `pid` is not 0 */
    int32_t code;   /* si_code of the last one, which tells why: SI_USER, CLD_EXITED ... */
    int32_t reserved[3];
};

/*
 * Makes an empty set of the registry's poll, to be freed by mio_signals_free(), before the poll is
 * freed or afterwards. It uses the doorbell of the poll's wakers (mio/waker.h).
 *
 * -EINVAL: NULL. -ENOMEM, and the errors of mio_waker_new(). -ECHILD: see mio_poll_wait(). After an
 * error no set is made.
 */
MIO_NODISCARD MIO_API int mio_signals_new(struct mio_registry *registry, mio_token token,
                                          struct mio_signals **signals);

/*
 * Watches a signal. -EEXIST: the set watches it. -EINVAL: NULL; there is no such signal; it cannot
 * be handled (SIGKILL, SIGSTOP); or it tells a thread of its own fault, and a handler that returns
 * would cause it again (SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGSYS). -ENOMEM. -ECHILD: see
 * mio_poll_wait().
 */
MIO_NODISCARD MIO_API int mio_signals_add(struct mio_signals *signals, int signo);

/* Watches a signal no more. What has come of it and has not been taken is dropped. An event of the
 * set may still come. -ENOENT: the set does not watch it. -EINVAL: NULL. -ECHILD. */
MIO_API int mio_signals_remove(struct mio_signals *signals, int signo);

/*
 * Takes what has come of one of the signals. Returns 1, or 0 when there is nothing more. Take all:
 * there is no other event for what is left. The signals of a set take turns. Of several senders at
 * one moment any may be the last.
 *
 * -EINVAL: NULL. -ECHILD: see mio_poll_wait().
 */
MIO_NODISCARD MIO_API int mio_signals_next(struct mio_signals *signals, struct mio_signal *signal);

/* Watches nothing any more, and frees the set (or NULL). No wait that begins after this has
 * returned delivers its token. A forked child may free its copy of the set. */
MIO_API void mio_signals_free(struct mio_signals *signals);

MIO_END_DECLS

#endif

/* SPDX-License-Identifier: MIT */
/*
 * A waker ends a wait from outside: from another thread or from a signal handler.
 *
 * Each waker has its own token, and a poll may have many. A wake is never lost, however it falls;
 * several wakes of one waker before a wait become one event, which is readable. While the poll is
 * awake a wake costs a few instructions and no system call: the wait hands it over itself.
 * docs/architecture.md shows the protocol and the model that checks it.
 */
#ifndef MIO_WAKER_H
#define MIO_WAKER_H

#include <mio/types.h>

MIO_BEGIN_DECLS

struct mio_registry;
struct mio_waker;

/*
 * Makes a waker of the registry's poll. All wakers of a poll share one doorbell, the kernel object
 * that ends a sleeping wait, and the first waker opens it. It is an eventfd on Linux (one
 * descriptor), EVFILT_USER on kqueue (none), and a pipe where there is neither (two).
 *
 * -EINVAL: NULL. -ENOMEM, -EMFILE, -ENFILE. -ECHILD: see mio_poll_wait(). The first waker of a
 * poll may also fail with any other error that the kernel has for making the doorbell, or for
 * ringing it, which happens once. After an error no waker is made.
 */
MIO_NODISCARD MIO_API int mio_waker_new(struct mio_registry *registry, mio_token token,
                                        struct mio_waker **waker);

/*
 * Makes the wait in progress, or the next one, deliver an event with the waker's token. What was
 * written before is seen by the thread that gets the event. Async-signal-safe; never blocks. After
 * the poll is freed it does nothing. -EINVAL: NULL. -ECHILD: see mio_poll_wait(). Any other error
 * is the kernel's, after which the wake is remembered but may not have ended the wait in progress;
 * waking again tries again.
 */
MIO_API int mio_waker_wake(struct mio_waker *waker);

/* Frees a waker (or NULL). No wait that begins after this has returned delivers its token. Nobody
 * may be waking it. */
MIO_API void mio_waker_free(struct mio_waker *waker);

MIO_END_DECLS

#endif

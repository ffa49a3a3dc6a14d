/* SPDX-License-Identifier: MIT */
/*
 * A waker ends a wait from another thread, or from a signal handler.
 *
 * A poll may have many wakers, each with its own token. A wake is never lost, whenever it comes.
 * Several wakes of one waker before a wait become one event, which is readable. While no thread
 * sleeps in the poll's wait a wake costs a few instructions and no system call: the next wait
 * delivers it. docs/architecture.md shows how.
 */
#ifndef MIO_WAKER_H
#define MIO_WAKER_H

#include <mio/types.h>

MIO_BEGIN_DECLS

struct mio_registry;
struct mio_waker;

/*
 * Makes a waker of the registry's poll, to be freed by mio_waker_free(), before the poll is freed
 * or afterwards.
 *
 * All wakers of a poll share one doorbell, the kernel's object that ends a sleep. It is an eventfd
 * on Linux (one descriptor), EVFILT_USER on kqueue (K27) and port_send() on event ports (none), and
 * a pipe where there is none of these (two descriptors). The first waker makes it and rings it
 * once; with poll(2) mio_poll_new() has made it.
 *
 * -EINVAL: NULL. -ENOMEM, -EMFILE, -ENFILE. -ECHILD: see mio_poll_wait(). Any other error is the
 * kernel's, of making or ringing the doorbell. After an error no waker is made.
 */
MIO_NODISCARD MIO_API int mio_waker_new(struct mio_registry *registry, mio_token token,
                                        struct mio_waker **waker);

/*
 * Makes the wait in progress, or the next one, deliver an event with the waker's token. The thread
 * that gets the event sees whatever this thread wrote before the call. Any thread; async-signal-
 * safe; never blocks. When the poll has been freed nothing happens.
 *
 * -EINVAL: NULL. -ECHILD: see mio_poll_wait(). Any other error is the kernel's: the next wait will
 * deliver the event, but a thread that sleeps may not have been told. Waking again tries again.
 */
MIO_API int mio_waker_wake(struct mio_waker *waker);

/* Frees a waker (or NULL). No wait that begins after this has returned delivers its token. No
 * thread may be in mio_waker_wake() of it. */
MIO_API void mio_waker_free(struct mio_waker *waker);

MIO_END_DECLS

#endif

/* SPDX-License-Identifier: MIT */
/*
 * A poll: one selector of the kernel's (an epoll set, a kqueue), and the wait on it.
 *
 *   struct mio_poll *poll;
 *   struct mio_events *events;
 *   mio_poll_new(NULL, &poll);
 *   mio_events_new(256, NULL, &events);
 *   mio_registry_register(mio_poll_registry(poll), fd, 1, MIO_READABLE);
 *   mio_poll_wait(poll, events, MIO_FOREVER);
 *
 * One thread waits on a poll at a time. Meanwhile any thread may register, wake and clone, which
 * takes effect on the wait in progress.
 *
 * "poll" without (2) is this object. "poll(2)" is the system call, or the selector over it.
 */
#ifndef MIO_POLL_H
#define MIO_POLL_H

#include <mio/events.h>
#include <mio/options.h>
#include <mio/types.h>

MIO_BEGIN_DECLS

struct mio_poll;
struct mio_registry;

/*
 * ALL TIMES ARE NANOSECONDS. mio_poll_wait(poll, events, 1000) waits for a microsecond;
 * MIO_MS(1000) is a second. A timeout is a length of time. A deadline is a moment:
 * mio_now() + MIO_SECONDS(5).
 */
#define MIO_US(n)      MIO_CAST(int64_t, (n)*INT64_C(1000))
#define MIO_MS(n)      MIO_CAST(int64_t, (n)*INT64_C(1000000))
#define MIO_SECONDS(n) MIO_CAST(int64_t, (n)*INT64_C(1000000000))

/* The timeout that never ends, and the deadline that never comes. */
#define MIO_FOREVER INT64_C(-1)

/*
 * Makes a poll, to be freed by mio_poll_free(). `options` may be NULL.
 *
 * With its wakers a poll has one to three descriptors (docs/contract.md, LIFE1). All are closed on
 * exec: from their first moment on Linux, FreeBSD 14, NetBSD and Apple, elsewhere by a second call
 * (K46).
 *
 * -EINVAL: `poll` is NULL, an option's bit is unknown, a reserved member is not 0, or the allocator
 * lacks a function. -ENOTSUP: this system does not have the selector that the options name.
 * -ENOMEM. -EMFILE, -ENFILE: no descriptor is left. Any other error is the kernel's: it refused the
 * selector that was named, or the last one that was tried.
 */
MIO_NODISCARD MIO_API int mio_poll_new(const struct mio_options *options, struct mio_poll **poll);

/*
 * Frees a poll (or NULL). Clones of its registry, its wakers and its registered sources may be
 * freed before or after it: the kernel's selector is closed with the last of them. Registered
 * descriptors stay open.
 *
 * Nobody may be waiting on it: wake the thread and join it first. Not every kernel ends a wait on
 * what is closed (K43). A child of fork() may free its copy, which leaves the parent's poll alone;
 * but one that shares the parent's table of descriptors (CLONE_FILES) closes the parent's.
 */
MIO_API void mio_poll_free(struct mio_poll *poll);

/* The poll's registry, which belongs to the poll and lives as long as it. NULL: NULL. */
MIO_API struct mio_registry *mio_poll_registry(struct mio_poll *poll);

/* The selector's name: "kqueue", "epoll", "ports" or "poll". It stays for as long as the program
 * runs. NULL: NULL. */
MIO_API const char *mio_poll_backend(const struct mio_poll *poll);

/* Whether this poll's selector serves every bit of `interest`. If not, registering with it is
 * -ENOTSUP. It does not say whether the bits make sense together. NULL: false. */
MIO_API bool mio_poll_supports(const struct mio_poll *poll, mio_interest interest);

/*
 * Whether the library makes the edges, since the kernel does not: with poll(2) and event ports. An
 * edge-triggered registration gives its next event then only when the library has been told of an
 * EAGAIN, or of less than was asked for: by a call of a typed socket or pipe, by
 * mio_source_try_io() (EAGAIN alone), or by mio_registry_rearm().
 * A program that makes its own system calls and does none of this asks for MIO_LEVEL where this is
 * true. NULL: false.
 */
MIO_API bool mio_poll_makes_edges(const struct mio_poll *poll);

/*
 * The selector's own descriptor, for another event loop to watch. Returns the number. It is
 * readable when a wait would deliver something, and now and then when a wait would not
 * (docs/contract.md, WAKE1). It stays the poll's: do not close it. Asking for it opens nothing: the
 * doorbell is made with the first waker. From this call on every wake makes a system call, since
 * the library cannot know who sleeps. mio_registry_fd() has no such price, and is for those who
 * need the number alone, as for aio(4).
 *
 * Watch it for reading alone: kqueues refuse anything else (K25). Watch it level-triggered, or, if
 * by edges, wait on the poll again and again until a wait brings nothing: there is no new edge for
 * what a full array of events has left behind. Do not register it in its own poll. Some kernels
 * refuse that, and on the others it is of no use.
 *
 * Not while another thread waits on the poll. -EINVAL: NULL. -ENOTSUP: the selector is no
 * descriptor: poll(2), and libkqueue (K59). -ECHILD: see mio_poll_wait(). Any other error is the
 * kernel's, when a wake is pending and the descriptor could not be made readable for it.
 */
MIO_API int mio_poll_fd(struct mio_poll *poll);

/*
 * Empties `events`, waits until something is ready, and fills them. Returns how many there are; 0
 * only when the time is up. `timeout_ns` is how long to wait at most, in nanoseconds. 0 only looks.
 * MIO_FOREVER waits until something comes.
 *
 * A wait allocates nothing and makes one system call, or two when it first looks and then has to
 * sleep. Now and then it makes one more, as when all that the kernel gave was for the library
 * itself. docs/contract.md (WAIT2) has the whole list.
 *
 * The kernel's records for the library itself (that a waker has rung; on macOS ordinary data told
 * by EVFILT_EXCEPT) take up room in `events` until they are removed. So a wait with little room may
 * deliver less than is ready. The next one delivers the rest.
 *
 * A timeout never ends early. It is as fine as the kernel's; epoll without epoll_pwait2 rounds up
 * to milliseconds (E9).
 *
 * A wait takes no signal mask, as ppoll() and epoll_pwait() do. That serves a program that must not
 * miss a signal between its last look and the sleep. Here a waker serves it: the signal's handler
 * sets a flag and calls mio_waker_wake(), which is async-signal-safe and never lost. The signal
 * need not be blocked. mio/signal.h does that for whole sets of signals.
 *
 * -EINTR: a signal came. Nothing is lost; wait again. -EINVAL: NULL, or a negative timeout other
 * than MIO_FOREVER. -ECHILD: the poll was made before a fork, and this is the child, which has to
 * make its own. A child that was not made by fork() may not be noticed (docs/contract.md, LIFE3).
 * -EBUSY: another thread is waiting on this poll, which is a mistake. It is noticed only in a
 * library built without NDEBUG. -EMFILE: with poll(2), RLIMIT_NOFILE is 0. Any other error is the
 * kernel's, such as -ENOMEM with poll(2).
 *
 * With epoll a wait is no cancellation point of pthread_cancel(3), since the system call is made
 * directly. With another selector do not cancel a thread that waits, or that registers.
 */
MIO_NODISCARD MIO_API int mio_poll_wait(struct mio_poll *poll, struct mio_events *events,
                                        int64_t timeout_ns);

/*
 * Waits as mio_poll_wait() does, but until `deadline` on the clock of mio_now(), or MIO_FOREVER,
 * and goes on after signals: it is never -EINTR. With a deadline that has passed it only looks.
 */
MIO_NODISCARD MIO_API int mio_poll_wait_until(struct mio_poll *poll, struct mio_events *events,
                                              int64_t deadline);

/*
 * Now, in nanoseconds, on the clock of deadlines: CLOCK_MONOTONIC, which counts from a moment that
 * is not told. Cannot fail. Any thread, and a signal handler.
 *
 * While the system is suspended this clock stands still on Linux and FreeBSD, and runs on OpenBSD
 * and macOS. The kernel's timers, which end a sleep, stand still on Linux, FreeBSD and macOS. So a
 * wait may end late by as long as the system was suspended, but never early. Nothing is known of
 * NetBSD and DragonFly. For a time of day use the time of day.
 */
MIO_API int64_t mio_now(void);

MIO_END_DECLS

#endif

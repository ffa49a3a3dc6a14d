/* SPDX-License-Identifier: MIT */
/*
 * A poll: one kernel selector, and the wait on it.
 *
 *   struct mio_poll *poll;
 *   struct mio_events *events;
 *   mio_poll_new(NULL, &poll);
 *   mio_events_new(256, NULL, &events);
 *   mio_registry_register(mio_poll_registry(poll), fd, 1, MIO_READABLE);
 *   mio_poll_wait(poll, events, MIO_FOREVER);
 *
 * One thread waits at a time; everything else (registering, waking, cloning) may be done by any
 * thread meanwhile and takes effect on the wait in progress.
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
 * MIO_MS(1000) is a second. A deadline is a moment, mio_now() + MIO_SECONDS(5), and no duration.
 */
#define MIO_US(n)      MIO_CAST(int64_t, (n)*INT64_C(1000))
#define MIO_MS(n)      MIO_CAST(int64_t, (n)*INT64_C(1000000))
#define MIO_SECONDS(n) MIO_CAST(int64_t, (n)*INT64_C(1000000000))

/* A timeout that never ends. */
#define MIO_FOREVER INT64_C(-1)

/*
 * Makes a poll; `options` may be NULL. Costs one or two descriptors, three with a pipe waker; all
 * are close-on-exec, from the first moment where the kernel can (FreeBSD 14, NetBSD, Apple, Linux),
 * else by a second call.
 *
 * -EINVAL: `poll` is NULL, an unknown option bit, a reserved member that is not 0, or an allocator
 * without a function. -ENOTSUP: the selector asked for by name does
 * not exist on this system. -ENOMEM. -EMFILE, -ENFILE: no descriptor is left. Any other error is
 * the kernel's refusal of the selector asked for, or of the last one there was to try.
 */
MIO_NODISCARD MIO_API int mio_poll_new(const struct mio_options *options, struct mio_poll **poll);

/*
 * Frees a poll (or NULL). Nobody may be waiting on it. Clones of its registry, its wakers and its
 * registered sources may be freed before or after: the kernel's selector is closed with the last of
 * them. Registered descriptors are not closed. On a kqueue closing does not wake a waiter on every
 * system (K43): wake it and join its thread first. A child that shares the table of descriptors
 * with its parent (CLONE_FILES) closes the parent's by freeing its copy.
 */
MIO_API void mio_poll_free(struct mio_poll *poll);

/* The poll's registry, which belongs to the poll and lives as long. */
MIO_API struct mio_registry *mio_poll_registry(struct mio_poll *poll);

/* The selector's name, "kqueue", "epoll", "ports" or "poll". Static storage. */
MIO_API const char *mio_poll_backend(const struct mio_poll *poll);

/* Whether this poll can serve all that `interest` names: whether a registration with it could be
 * other than -ENOTSUP. */
MIO_API bool mio_poll_supports(const struct mio_poll *poll, mio_interest interest);

/*
 * Whether the library and not the kernel makes the edges, as with poll(2): an edge-triggered
 * registration then gives its next event only after the library has heard of an EAGAIN. Typed
 * sockets and pipes tell it, mio_source_try_io() does, and mio_registry_rearm(). A program that
 * makes system calls of its own and tells nobody asks for MIO_LEVEL where this is true, as it would
 * with poll(2) itself; elsewhere it may use edges. NULL: false. Any thread.
 */
MIO_API bool mio_poll_makes_edges(const struct mio_poll *poll);

/*
 * The selector's own descriptor, for embedding in another event loop (readable when a wait would
 * deliver; also for nothing in those rare cases). It stays the poll's: do not close it. From this
 * call on every wake makes a system call, since the library cannot know who sleeps; where the
 * number alone is wanted, as for aio(4), mio_registry_fd() gives it without that price.
 *
 * In another event loop watch it for reading alone: kqueues refuse anything else (K25). Watch it
 * level-triggered, or wait until a wait brings nothing: an edge is not told again for what a wait
 * with little room has left. Do not register it in its own poll: kernels take or refuse that, and
 * none of them makes sense of it.
 *
 * Not while another thread waits on the poll. -EINVAL: NULL. -ENOTSUP where the selector is no
 * descriptor. -ECHILD: see mio_poll_wait(). Else the error of ringing for a wake that is pending.
 */
MIO_API int mio_poll_fd(struct mio_poll *poll);

/*
 * Empties `events`, waits until something is ready, and fills them with what is. Returns how many
 * there are; 0 only when the time is up. `timeout_ns` is how long to wait at most, in nanoseconds:
 * 0 only looks, and MIO_FOREVER has no end.
 *
 * A wait allocates nothing and makes one system call, or two when the first only looked, found
 * nothing, and the wait has to sleep. Now and then it makes one more: when all that the kernel gave
 * was of no use to the caller, such as the doorbell of a wake that an earlier wait has delivered,
 * or when kqueue delivers a one-shot registration of both directions. docs/contract.md (WAIT2) has
 * the whole list.
 *
 * The kernel's records for the library itself (a rung doorbell; on macOS EVFILT_EXCEPT for ordinary
 * data) take up room in `events` until they are removed. With little room a wait may therefore
 * deliver less than is ready; the next one delivers the rest.
 *
 * Timeouts never end early. They are exact to the kernel's own granularity; epoll without
 * epoll_pwait2 rounds up to milliseconds.
 *
 * There is no signal mask for the time of a wait, as ppoll() and epoll_pwait() have one. What that
 * is for, a signal that must not be missed between a look and the sleep, a waker does: its handler
 * sets a flag and calls mio_waker_wake(), which is async-signal-safe and never lost. Signals need
 * not be blocked then.
 *
 * -EINTR: a signal came; nothing is lost, wait again. -EINVAL: NULL, or a negative timeout other
 * than MIO_FOREVER. -ECHILD: the poll was made before a fork and this is the child, which must make
 * its own; a child that was made by other means than fork() may not be noticed (docs/contract.md,
 * LIFE3). -EBUSY: another thread is waiting on this poll, a programming error that is noticed only
 * in a library built without NDEBUG. -EMFILE: with poll(2), RLIMIT_NOFILE is 0, which leaves it
 * nothing to ask.
 *
 * With epoll no cancellation point of pthread_cancel(3): the system call is made directly. A thread
 * that waits on another selector, or changes its registrations, must not be cancelled meanwhile.
 */
MIO_NODISCARD MIO_API int mio_poll_wait(struct mio_poll *poll, struct mio_events *events,
                                        int64_t timeout_ns);

/*
 * Waits like mio_poll_wait(), but until `deadline` on the clock of mio_now(), or MIO_FOREVER, and
 * goes on after signals: never -EINTR. A deadline that has passed only looks.
 */
MIO_NODISCARD MIO_API int mio_poll_wait_until(struct mio_poll *poll, struct mio_events *events,
                                              int64_t deadline);

/*
 * The monotonic clock that deadlines are measured on (CLOCK_MONOTONIC), in nanoseconds from a fixed
 * but unnamed moment.
 *
 * While the system is suspended this clock stands still on Linux and FreeBSD, and goes on on
 * OpenBSD and macOS. A wait that sleeps is ended by the kernel's timers, which stand still on
 * Linux, FreeBSD and macOS: after a suspension it may end late by as long, also where the clock
 * went on, and never early. Nothing is known of NetBSD and DragonFly. For a moment of the day use
 * the time of day.
 */
MIO_API int64_t mio_now(void);

MIO_END_DECLS

#endif

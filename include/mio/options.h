/* SPDX-License-Identifier: MIT */
/*
 * What can be chosen when a poll is made. A struct of zeros, or NULL, is the default.
 *
 * Structs that a caller fills have members called `reserved`, in place of which later versions will
 * have others. They must be 0, as an initializer leaves what it does not name. If not: -EINVAL.
 *
 *   struct mio_options options = {.backend = "poll", .log = tell, .user = &program};
 */
#ifndef MIO_OPTIONS_H
#define MIO_OPTIONS_H

#include <mio/types.h>

MIO_BEGIN_DECLS

/*
 * Where memory comes from. A function that takes an allocator copies the struct. NULL is malloc and
 * free. -EINVAL: one of the two functions is NULL, or a reserved member is not 0. Any thread that
 * calls the library may call a poll's allocator, until the poll, the clones of its registry, its
 * wakers and its registered sources are all gone.
 */
struct mio_allocator {
    /* `size` bytes (never 0) aligned as by malloc, or NULL. */
    void *(*allocate)(size_t size, void *user);
    /* Takes back what allocate() gave, with the size that was asked for. Never called with NULL. */
    void (*release)(void *block, size_t size, void *user);
    void *user; /* handed to both */
    uintptr_t reserved[2];
};

/*
 * Is told of errors that no call can return: the kernel refused a selector and the next one was
 * taken, MIO_BACKEND names no selector of this system, a descriptor of the library's own could not
 * be closed, a registration could not be put back. `error` is a negative errno value. `what` says
 * what was tried ("closing the kqueue"), and is valid during the call. `user` is that of the
 * options. Any thread that calls the library may call it. It must not call the library.
 */
typedef void mio_log_function(int error, const char *what, void *user);

/*
 * The time, for the timers of a poll alone (mio/timer.h): now on `clock`, one of MIO_CLOCK_, in
 * nanoseconds, which is not negative and does not go back. For tests, which set it as they like. A
 * wait still sleeps in the kernel, by the system's time, for as long as this clock says that is
 * left; who sets it ahead meanwhile wakes the wait. mio_now() and the timeouts of a wait have no
 * part in it. Any thread that calls the library may call it. It must not call the library, and
 * must not block: a lock is held.
 */
typedef int64_t mio_clock_function(uint32_t clock, void *user);

/* Bits of mio_options.flags. The first two leave out a kernel's feature and take what the library
 * takes where there is none. */

/* kqueue: wake by a pipe, without EVFILT_USER (K27). */
#define MIO_OPTION_PIPE_WAKER 0x1u
/* epoll: round timeouts up to milliseconds, without epoll_pwait2 (E9). */
#define MIO_OPTION_MILLISECONDS 0x2u
/*
 * Regular files and directories, and devices that the kernel does not watch (such as /dev/null with
 * epoll), are registered and always ready, where else they are -EPERM: for programs that watch
 * descriptors of others, a standard input that may be a file, and would have to keep such
 * descriptors in a list of their own. An option of the poll and no mode of a registration: who knows
 * that a descriptor is a file has no need to register it, and who does not would have to ask for it
 * with each.
 *
 * What such a registration asks for of MIO_READABLE and MIO_WRITABLE is ready: with MIO_LEVEL at
 * every wait, so that none sleeps; with MIO_ONESHOT once; edge-triggered once, since nothing ever
 * changes: read to the end then. The end is told by reading 0 alone. Neither of the two asked for:
 * -EPERM. Each report costs an fstat(2), by which a number that was closed is noticed. Where the
 * kernel serves such a file itself its own events come. A batch of changes is taken one by one.
 */
#define MIO_OPTION_ALWAYS_READY_FILES 0x4u
/* The poll's timers are set, moved and cancelled by one thread alone, the one that waits. So no lock
 * is taken, which is most of what these calls cost. Another loop that sleeps for these timers asks
 * mio_poll_next_deadline() before each sleep. */
#define MIO_OPTION_ONE_THREAD_TIMERS 0x8u

/* Read by mio_poll_new() alone, which keeps nothing of it but `log`, `clock`, `user` and a copy of
 * the allocator. */
struct mio_options {
    /*
     * The selector: "kqueue", "epoll", "ports" or "poll". NULL: the best that the kernel lets the
     * program have, or the one that the environment variable MIO_BACKEND names. A name there that
     * this system does not have is passed over, and told to the log. A program that runs with
     * another user's rights does not read the variable.
     */
    const char *backend;

    /* NULL: malloc and free. */
    const struct mio_allocator *allocator;

    /* NULL: nobody is told. */
    mio_log_function *log;

    /* The MIO_OPTION_ bits, or-ed together. Those of other selectors mean nothing. */
    uint32_t flags;

    uint32_t reserved_bits; /* 0 */

    /*
     * How long a wait that would sleep looks again and again first, in nanoseconds; 0, never. At
     * most 1,000 seconds; more, or less than 0, is -EINVAL. For programs that have a core to give:
     * what comes meanwhile is had some microseconds sooner, and a wake costs no system call; but
     * each wait that sleeps in the end has kept the core busy for so long. A good time is that in
     * which most answers come, some 20 to 100 microseconds. On a machine with one core, or where
     * the peer needs this one, it only costs. A signal does not end a wait that still spins.
     */
    int64_t spin_ns;

    uintptr_t reserved[3]; /* 0 */

    /* NULL: the system's. */
    mio_clock_function *clock;

    /* Handed to `log` and `clock`. */
    void *user;
};

MIO_END_DECLS

#endif

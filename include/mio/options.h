/* SPDX-License-Identifier: MIT */
/*
 * What can be chosen when a poll is created. All of it may be left out: a zeroed struct, or NULL,
 * is the default.
 *
 * Structs that a caller fills have members called `reserved`, for what later versions add. They
 * must be 0, which they are where an initializer leaves them out; what is not is -EINVAL.
 *
 *   struct mio_options options = {.backend = "poll", .log = tell, .user = &program};
 */
#ifndef MIO_OPTIONS_H
#define MIO_OPTIONS_H

#include <mio/types.h>

MIO_BEGIN_DECLS

/*
 * Where memory comes from. Whoever takes an allocator takes NULL for malloc and free, copies the
 * struct, and returns -EINVAL when a function is NULL. Both functions may be called from any
 * thread, also after the call that was given the allocator has returned: it is in use until the
 * poll, its registry clones, its wakers and its registered sources are all gone.
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
 * Told of what happened inside the library and has no caller to return to: a selector that the
 * kernel refused before the next one was taken, a MIO_BACKEND that names none of this system's, a
 * descriptor of the library's own whose closing failed, a registration that could not be put back.
 * `error` is a negative errno value, and `what` says what was tried ("closing the kqueue"), valid
 * during the call; `user` is that of the options. May be called from any thread that calls into the
 * library; must not call back into it.
 */
typedef void mio_log_function(int error, const char *what, void *user);

/* Bits of mio_options.flags: the ways around a missing kernel feature, taken even where the feature
 * is there. */

/* kqueue: wake through a pipe and not EVFILT_USER (K27). */
#define MIO_OPTION_PIPE_WAKER 0x1u
/* epoll: timeouts are rounded up to milliseconds, and no wait is made with epoll_pwait2 (E9). */
#define MIO_OPTION_MILLISECONDS 0x2u

struct mio_options {
    /*
     * The selector by name: "kqueue", "epoll", "ports", "poll". NULL: the environment variable
     * MIO_BACKEND when it names one of this system's and the program does not run with another
     * user's rights (a name that means nothing here is told to the log); else the best that the
     * kernel accepts.
     */
    const char *backend;

    /* NULL: malloc and free. */
    const struct mio_allocator *allocator;

    /* NULL: nothing is told. */
    mio_log_function *log;

    /* MIO_OPTION_ bits. */
    uint32_t flags;

    uint32_t reserved_bits;
    uintptr_t reserved[4];

    /* Handed to `log`. */
    void *user;
};

MIO_END_DECLS

#endif

/* SPDX-License-Identifier: MIT */
/*
 * The scalars that all headers use, and the rules that hold for every function of the library.
 *
 * Results. A function that can fail returns 0, a count, or a negative errno value (-EEXIST); errno
 * itself is left as it was. On failure nothing has changed and out-parameters are untouched, unless
 * the function says otherwise.
 *
 * Ownership. mio_x_new() makes an object that its caller frees with mio_x_free(), which takes NULL
 * and cannot fail.
 *
 * NULL. An object, or the place for an answer, must not be NULL unless the function says what that
 * means. A function that can fail returns -EINVAL for it.
 *
 * Threads. Any function may be called from any thread. Which calls for one object must not overlap
 * is said at the function, or at the top of its header. A signal handler may call mio_waker_wake(),
 * mio_post() and mio_now(), the inline functions of mio/event.h, and most of mio/addr.h. Nothing
 * else.
 *
 * Only a wait sleeps. A function that can block otherwise says so.
 */
#ifndef MIO_TYPES_H
#define MIO_TYPES_H

#include <mio/platform.h>

#include <stddef.h>
#include <stdint.h>

/* For the headers alone: a cast between numbers, and one from a pointer to a number, which neither
 * C nor C++ compilers warn of. */
#ifdef __cplusplus
#define MIO_CAST(type, value) (static_cast<type>(value))
#define MIO_ADDRESS(pointer)  (reinterpret_cast<uintptr_t>(pointer))
#else
#define MIO_CAST(type, value) ((type)(value))
#define MIO_ADDRESS(pointer)  ((uintptr_t)(pointer))
#endif

/*
 * For the headers alone: marks a function that tells the library how the program was compiled. It
 * is compiled into the program, and never taken from the library.
 */
#ifdef __cplusplus
#define MIO_PROGRAMS_OWN MIO_INLINE
#else
#define MIO_PROGRAMS_OWN static inline
#endif

/* A value of the caller's, given with a registration and handed back with each of its events. Any
 * value will do; the library does not look at it. */
typedef uintptr_t mio_token;

/* A descriptor. */
#if MIO_PLATFORM == MIO_PLATFORM_WINDOWS
typedef uintptr_t mio_fd;
#define MIO_INVALID_FD UINTPTR_MAX
#else
typedef int mio_fd;
#define MIO_INVALID_FD (-1)
#endif

/* The bits of interest.h, or-ed together. */
typedef uint32_t mio_interest;

#endif

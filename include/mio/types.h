/* SPDX-License-Identifier: MIT */
/*
 * The scalars that every other header speaks of, and the rules that hold for every function of the
 * library.
 *
 * Results. A function that can fail returns 0, a count, or a negative errno value (-EEXIST); errno
 * itself is left as it was. On failure nothing has changed and out-parameters are untouched, unless
 * the function says otherwise.
 *
 * Ownership. mio_x_new() makes an object that its caller frees with mio_x_free(), which takes NULL
 * and cannot fail.
 *
 * Threads. Any function may be called from any thread. Which calls for one object must not overlap
 * is said at the function, or at the top of its header. A signal handler may call mio_waker_wake(),
 * and of the other functions only those of which their header says so (most of mio/addr.h).
 *
 * Only a wait sleeps. What else can block says so at the function.
 */
#ifndef MIO_TYPES_H
#define MIO_TYPES_H

#include <mio/platform.h>

#include <stddef.h>
#include <stdint.h>

/* A conversion of numbers, and a pointer as a number, without a warning in C and in C++. */
#ifdef __cplusplus
#define MIO_CAST(type, value) (static_cast<type>(value))
#define MIO_ADDRESS(pointer)  (reinterpret_cast<uintptr_t>(pointer))
#else
#define MIO_CAST(type, value) ((type)(value))
#define MIO_ADDRESS(pointer)  ((uintptr_t)(pointer))
#endif

/*
 * A function of a header that is compiled into the program and never taken from the library, since
 * it tells the library how the program was compiled.
 */
#ifdef __cplusplus
#define MIO_PROGRAMS_OWN MIO_INLINE
#else
#define MIO_PROGRAMS_OWN static inline
#endif

/* The caller's own value, given with a registration and handed back with each of its events. Never
 * interpreted. */
typedef uintptr_t mio_token;

/* What is watched: a descriptor (on Windows a SOCKET). */
#if MIO_PLATFORM == MIO_PLATFORM_WINDOWS
typedef uintptr_t mio_fd;
#define MIO_INVALID_FD UINTPTR_MAX
#else
typedef int mio_fd;
#define MIO_INVALID_FD (-1)
#endif

/* Bits of interest.h, or-ed together. */
typedef uint32_t mio_interest;

#endif

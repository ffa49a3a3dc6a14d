/* SPDX-License-Identifier: MIT */
/*
 * Which system this is, by the compiler's predefined macros alone, and the few attributes that the
 * headers need. To build against another system's interface, define MIO_PLATFORM to one of the
 * names below, for the library and for every program.
 */
#ifndef MIO_PLATFORM_H
#define MIO_PLATFORM_H

#define MIO_PLATFORM_OTHER     1
#define MIO_PLATFORM_LINUX     2
#define MIO_PLATFORM_FREEBSD   3
#define MIO_PLATFORM_NETBSD    4
#define MIO_PLATFORM_OPENBSD   5
#define MIO_PLATFORM_DRAGONFLY 6
#define MIO_PLATFORM_APPLE     7
/*
 * A kqueue that is a library and not a kernel's: libkqueue. What a program has to know of its
 * release 2.3.1:
 * - A descriptor can be watched one way alone. Registering it for both is -EFAULT (K57).
 * - When the reader of a pipe has gone, its writer is writable and not write-closed (K60).
 * - The pending error of a socket is in the event, and nowhere else afterwards (K61).
 * - No thread may deregister or reregister while another waits on the poll. The wait would use
 *   memory that has been freed (K62).
 */
#define MIO_PLATFORM_KQUEUE_LIBRARY 8
#define MIO_PLATFORM_WINDOWS        9
#define MIO_PLATFORM_ILLUMOS        10 /* and Solaris */

#ifndef MIO_PLATFORM
#if defined(__APPLE__)
#define MIO_PLATFORM MIO_PLATFORM_APPLE
#elif defined(__DragonFly__)
#define MIO_PLATFORM MIO_PLATFORM_DRAGONFLY
#elif defined(__FreeBSD__)
#define MIO_PLATFORM MIO_PLATFORM_FREEBSD
#elif defined(__NetBSD__)
#define MIO_PLATFORM MIO_PLATFORM_NETBSD
#elif defined(__OpenBSD__)
#define MIO_PLATFORM MIO_PLATFORM_OPENBSD
#elif defined(_WIN32)
#define MIO_PLATFORM MIO_PLATFORM_WINDOWS
#elif defined(__linux__)
#define MIO_PLATFORM MIO_PLATFORM_LINUX
#elif defined(__sun)
#define MIO_PLATFORM MIO_PLATFORM_ILLUMOS
#else
#define MIO_PLATFORM MIO_PLATFORM_OTHER
#endif
#endif

#if MIO_PLATFORM == MIO_PLATFORM_WINDOWS
#error "libmio has no selector for Windows: it needs a POSIX system with epoll, kqueue or poll(2)"
#endif

/*
 * The release of NetBSD, which no predefined macro tells. Release 11 appended ext[4] to struct
 * kevent (K15): define this as 11 there, as the installed libmio.pc and CMake package do. With a
 * wrong value the library does not compile, and mio_events_new() refuses the program.
 */
#if !defined(MIO_NETBSD_RELEASE)
#define MIO_NETBSD_RELEASE 10
#endif

/* Which record struct mio_event is: the kernel's own, or the library's (event.h). */
#if MIO_PLATFORM == MIO_PLATFORM_LINUX
#define MIO_RECORD_EPOLL 1
#elif MIO_PLATFORM >= MIO_PLATFORM_FREEBSD && MIO_PLATFORM <= MIO_PLATFORM_KQUEUE_LIBRARY
#define MIO_RECORD_KEVENT 1
#else
#define MIO_RECORD_PLAIN 1
#endif

/*
 * Exported by libmio's own shared library alone. A library or plugin that holds the archive does
 * not export libmio's functions: of two such plugins in one program, both would call those of the
 * first.
 */
#if defined(MIO_BUILDING_SHARED) && defined(__GNUC__)
#define MIO_API __attribute__((visibility("default")))
#else
#define MIO_API
#endif

/*
 * The small functions of the headers are C99 inline functions. The library holds an external
 * definition of each, for other languages and for a compiler that chooses not to inline. A C++
 * object that needs one holds it itself, and does not export it.
 */
#if defined(__cplusplus) && defined(__GNUC__)
#define MIO_INLINE __attribute__((visibility("hidden"))) inline
#elif defined(__cplusplus) || !defined(__GNUC_GNU_INLINE__)
#define MIO_INLINE MIO_API inline
#else
#define MIO_INLINE MIO_API extern inline
#endif

/*
 * MIO_NODISCARD: the compiler warns who ignores what the function returns. MIO_DEPRECATED: the
 * function is going to be replaced, by what the message says. Both stand before MIO_API. Where the
 * language has attributes for this they are used: (void) silences those with every compiler.
 */
#if (defined(__cplusplus) && __cplusplus >= 201703L) || \
    (defined(__STDC_VERSION__) && __STDC_VERSION__ >= 202311L)
#define MIO_NODISCARD           [[nodiscard]]
#define MIO_DEPRECATED(message) [[deprecated(message)]]
#elif defined(__GNUC__)
#define MIO_NODISCARD           __attribute__((warn_unused_result))
#define MIO_DEPRECATED(message) __attribute__((deprecated(message)))
#else
#define MIO_NODISCARD
#define MIO_DEPRECATED(message)
#endif

/* Around the declarations of each header. C++ compilers do not warn of its casts, which are C. */
#if defined(__cplusplus) && defined(__GNUC__)
#define MIO_BEGIN_DECLS                                                   \
    _Pragma("GCC diagnostic push")                                        \
        _Pragma("GCC diagnostic ignored \"-Wold-style-cast\"") extern "C" \
    {
#define MIO_END_DECLS \
    }                 \
    _Pragma("GCC diagnostic pop")
#elif defined(__cplusplus)
#define MIO_BEGIN_DECLS extern "C" {
#define MIO_END_DECLS   }
#else
#define MIO_BEGIN_DECLS
#define MIO_END_DECLS
#endif

#endif

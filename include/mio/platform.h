/* SPDX-License-Identifier: MIT */
/*
 * Which system this is, told from the compiler's predefined macros alone, and the few attributes
 * the headers need. Defining MIO_PLATFORM (to one of the names below) overrides it, for building
 * against another system's interface.
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
 * A kqueue that is a library and not a kernel's: libkqueue. Of its release 2.3.1 a program has to
 * know that a descriptor can be watched one way at a time, and registering both is -EFAULT (K57);
 * that the end of a pipe's reader is writable, not write-closed (K60); that the error of a socket is
 * mio_event_error()'s alone (K61); and that no thread may deregister or reregister while another
 * waits on the poll: the wait would use what has been freed (K62).
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
 * NetBSD's release is in no predefined macro. Release 11 appended ext[4] to struct kevent: there,
 * define MIO_NETBSD_RELEASE as 11 (the installed libmio.pc and CMake package do); a static
 * assertion notices a wrong value.
 */
#if !defined(MIO_NETBSD_RELEASE)
#define MIO_NETBSD_RELEASE 10
#endif

/* The layout of struct mio_event: the kernel's own record, see event.h. */
#if MIO_PLATFORM == MIO_PLATFORM_LINUX
#define MIO_RECORD_EPOLL 1
#elif MIO_PLATFORM >= MIO_PLATFORM_FREEBSD && MIO_PLATFORM <= MIO_PLATFORM_KQUEUE_LIBRARY
#define MIO_RECORD_KEVENT 1
#else
#define MIO_RECORD_PLAIN 1
#endif

/*
 * Exported by libmio's own shared library alone. Whoever links the archive into a library or plugin
 * of their own does not export libmio with it: two of them in one program would both call the
 * first.
 */
#if defined(MIO_BUILDING_SHARED) && defined(__GNUC__)
#define MIO_API __attribute__((visibility("default")))
#else
#define MIO_API
#endif

/*
 * The small functions of the headers are C99 inline functions; the library holds an external
 * definition of each, for other languages and for a compiler that chooses not to inline. In C++
 * each object that needs one holds it, and does not export it either.
 */
#if defined(__cplusplus) && defined(__GNUC__)
#define MIO_INLINE __attribute__((visibility("hidden"))) inline
#elif defined(__cplusplus) || !defined(__GNUC_GNU_INLINE__)
#define MIO_INLINE MIO_API inline
#else
#define MIO_INLINE MIO_API extern inline
#endif

/*
 * MIO_NODISCARD: whoever ignores what the function returns has a bug, and is told. MIO_DEPRECATED:
 * the function is going to be replaced, by what the message says. Both stand before MIO_API. The
 * language's own words where it has them, since (void) silences those with every compiler.
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

/* The headers are C, and compile as C++ without a warning of how casts are written there. */
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

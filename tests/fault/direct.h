/* SPDX-License-Identifier: MIT */
/*
 * In place of src/os/syscall.h (its guard is taken) when the library is compiled with this file
 * included first: all that it does by direct system calls stays as users get it, and the calls
 * themselves can fail.
 */
#ifndef MIO_SRC_OS_SYSCALL_H
#define MIO_SRC_OS_SYSCALL_H

/* As every source that needs it does, but this file is included before them. */
#if !defined(_GNU_SOURCE)
#define _GNU_SOURCE
#endif

#include <errno.h>
#include <sys/syscall.h>
#include <unistd.h>

/* A result or -errno; errno is left alone. */
long fault_direct_syscall(long number, const long arguments[6]);

static inline long mio__syscall(long number, long a, long b, long c, long d, long e, long f)
{
    return fault_direct_syscall(number, (const long[6]){a, b, c, d, e, f});
}

static inline long mio__syscall4(long number, long a, long b, long c, long d)
{
    return mio__syscall(number, a, b, c, d, 0, 0);
}

static inline long mio__syscall5(long number, long a, long b, long c, long d, long e)
{
    return mio__syscall(number, a, b, c, d, e, 0);
}

#endif

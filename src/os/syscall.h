/* SPDX-License-Identifier: MIT */
/*
 * System calls made directly: in a program with threads libc's wrappers of waiting calls cost 45 to
 * 75 cycles for cancellation points. Everything here returns a count or -errno and leaves errno
 * alone.
 *
 * On other CPUs, and under sanitizers that watch memory or order through libc's wrappers, libc
 * makes the call.
 */
#ifndef MIO_SRC_OS_SYSCALL_H
#define MIO_SRC_OS_SYSCALL_H

#include "descriptor.h"

#include <sys/syscall.h>
#include <unistd.h>

#if defined(__has_feature)
#if __has_feature(thread_sanitizer) || __has_feature(memory_sanitizer)
#define MIO_SYSCALL_WATCHED 1
#endif
#endif
#if defined(__SANITIZE_THREAD__)
#define MIO_SYSCALL_WATCHED 1
#endif
#if defined(MIO_SYSCALL_WATCHED) || defined(__ILP32__)
#define MIO_SYSCALL_BY_LIBC 1
#endif

#if defined(__x86_64__) && !defined(MIO_SYSCALL_BY_LIBC)

static inline long mio__syscall(long number, long a, long b, long c, long d, long e, long f)
{
    long result;
    register long r10 __asm__("r10") = d;
    register long r8 __asm__("r8") = e;
    register long r9 __asm__("r9") = f;
    __asm__ volatile("syscall"
                     : "=a"(result)
                     : "a"(number), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9)
                     : "rcx", "r11", "memory");
    return result;
}

/* Fewer arguments need fewer registers loaded. */
static inline long mio__syscall4(long number, long a, long b, long c, long d)
{
    long result;
    register long r10 __asm__("r10") = d;
    __asm__ volatile("syscall"
                     : "=a"(result)
                     : "a"(number), "D"(a), "S"(b), "d"(c), "r"(r10)
                     : "rcx", "r11", "memory");
    return result;
}

static inline long mio__syscall5(long number, long a, long b, long c, long d, long e)
{
    long result;
    register long r10 __asm__("r10") = d;
    register long r8 __asm__("r8") = e;
    __asm__ volatile("syscall"
                     : "=a"(result)
                     : "a"(number), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8)
                     : "rcx", "r11", "memory");
    return result;
}

#elif defined(__aarch64__) && !defined(MIO_SYSCALL_BY_LIBC)

static inline long mio__syscall(long number, long a, long b, long c, long d, long e, long f)
{
    register long x8 __asm__("x8") = number;
    register long x0 __asm__("x0") = a;
    register long x1 __asm__("x1") = b;
    register long x2 __asm__("x2") = c;
    register long x3 __asm__("x3") = d;
    register long x4 __asm__("x4") = e;
    register long x5 __asm__("x5") = f;
    __asm__ volatile("svc 0"
                     : "+r"(x0)
                     : "r"(x8), "r"(x1), "r"(x2), "r"(x3), "r"(x4), "r"(x5)
                     : "memory");
    return x0;
}

static inline long mio__syscall4(long number, long a, long b, long c, long d)
{
    return mio__syscall(number, a, b, c, d, 0, 0);
}

static inline long mio__syscall5(long number, long a, long b, long c, long d, long e)
{
    return mio__syscall(number, a, b, c, d, e, 0);
}

#elif defined(__riscv) && __riscv_xlen == 64 && !defined(MIO_SYSCALL_BY_LIBC)

static inline long mio__syscall(long number, long a, long b, long c, long d, long e, long f)
{
    register long a7 __asm__("a7") = number;
    register long a0 __asm__("a0") = a;
    register long a1 __asm__("a1") = b;
    register long a2 __asm__("a2") = c;
    register long a3 __asm__("a3") = d;
    register long a4 __asm__("a4") = e;
    register long a5 __asm__("a5") = f;
    __asm__ volatile("ecall"
                     : "+r"(a0)
                     : "r"(a7), "r"(a1), "r"(a2), "r"(a3), "r"(a4), "r"(a5)
                     : "memory");
    return a0;
}

static inline long mio__syscall4(long number, long a, long b, long c, long d)
{
    return mio__syscall(number, a, b, c, d, 0, 0);
}

static inline long mio__syscall5(long number, long a, long b, long c, long d, long e)
{
    return mio__syscall(number, a, b, c, d, e, 0);
}

#else

static inline long mio__syscall(long number, long a, long b, long c, long d, long e, long f)
{
    int saved = errno;
    long result = syscall(number, a, b, c, d, e, f);
    return result < 0 ? mio__failed(saved) : result;
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

#endif

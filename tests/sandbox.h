/* SPDX-License-Identifier: MIT */
/* A sandbox that refuses system calls, where the kernel and its headers have one: HAVE_SANDBOX. */
#ifndef TEST_SANDBOX_H
#define TEST_SANDBOX_H

#include <mio/platform.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The kernel's own headers, which another libc may come without. */
#if MIO_PLATFORM == MIO_PLATFORM_LINUX && defined(__has_include)
#if __has_include(<linux/seccomp.h>)
#define HAVE_SANDBOX 1
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#endif
#endif

#if defined(HAVE_SANDBOX)

/* From now on these calls (the list ends with -1) fail with this error, as a sandbox has it. */
static inline bool forbid(const long *calls, unsigned error)
{
    struct sock_filter filter[16] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr))};
    unsigned short length = 1;
    for (; *calls >= 0 && length < 14; calls++) {
        filter[length++] =
            (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)*calls, 0, 1);
        filter[length++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | error);
    }
    filter[length++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
    struct sock_fprog program = {length, filter};
    return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
           prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0;
}

#define FORBID(error, ...) forbid((const long[]){__VA_ARGS__, -1}, (error))

#endif

#endif

/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE

#include "stepper.h"

#include <mio/platform.h>

#include <signal.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#if defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define HANDLERS_ARE_LATE 1
#endif
#endif
#if defined(__SANITIZE_THREAD__)
#define HANDLERS_ARE_LATE 1
#endif

/* The model of a kqueue takes locks, which a signal handler must not. */
#if defined(__x86_64__) && defined(__linux__) && MIO_PLATFORM == MIO_PLATFORM_LINUX && \
    !defined(HANDLERS_ARE_LATE)

#include <sys/syscall.h>
#include <ucontext.h>

static helper_function *what;
static void *what_argument;
static unsigned steps_left;

/* The trap flag of the processor: a signal after each instruction. */
enum { TRAP_FLAG = 1 << 8 };

/* Asking for the time does not count, which is a system call on some machines. */
static bool is_before_system_call(const mcontext_t *at)
{
    static const unsigned char code[] = {0x0f, 0x05};
    /* An address, which the context has as a number. */
    const void *next = (const void *)at->gregs[REG_RIP];
    return memcmp(next, code, sizeof code) == 0 && at->gregs[REG_RAX] != SYS_clock_gettime;
}

static void step(int number, siginfo_t *info, void *context)
{
    ucontext_t *interrupted = context;
    (void)number;
    (void)info;
    if (steps_left > 0 && !is_before_system_call(&interrupted->uc_mcontext)) {
        steps_left--;
        return;
    }
    interrupted->uc_mcontext.gregs[REG_EFL] &= ~(greg_t)TRAP_FLAG;
    what(what_argument);
}

bool stepper_is_possible(void)
{
    return true;
}

void stepper_start(unsigned steps, helper_function *run, void *argument)
{
    struct sigaction action;
    memset(&action, 0, sizeof action);
    action.sa_sigaction = step;
    action.sa_flags = SA_SIGINFO | SA_RESTART;
    if (sigaction(SIGTRAP, &action, NULL) != 0)
        abort();
    what = run;
    what_argument = argument;
    steps_left = steps;
    /* Below what the compiler may keep beneath the stack's end. */
    __asm__ volatile("lea -128(%%rsp), %%rsp\n\t"
                     "pushfq\n\t"
                     "orq %0, (%%rsp)\n\t"
                     "popfq\n\t"
                     "lea 128(%%rsp), %%rsp"
                     :
                     : "i"(TRAP_FLAG)
                     : "memory", "cc");
}

#else

bool stepper_is_possible(void)
{
    return false;
}

void stepper_start(unsigned steps, helper_function *run, void *argument)
{
    (void)steps;
    run(argument);
}

#endif

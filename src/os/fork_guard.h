/* SPDX-License-Identifier: MIT */
/*
 * Telling a forked child from its parent without a system call.
 *
 * The process has a number, of its generation. A selector remembers the number it was made under,
 * and finds another one in a child. On Linux 4.14 and later the kernel wipes the number in every
 * child that has a copy of the memory (MADV_WIPEONFORK), in those of _Fork() and a bare clone(2)
 * too. Elsewhere fork() changes it (pthread_atfork). A child that shares the parent's memory
 * (vfork(), CLONE_VM) cannot be told, and what it makes and frees leaves the parent's alone.
 */
#ifndef MIO_SRC_OS_FORK_GUARD_H
#define MIO_SRC_OS_FORK_GUARD_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

struct mio__fork_guard {
    const _Atomic uint32_t *number; /* of the running process */
    uint32_t generation;            /* the number at the time of mio__fork_guard_set() */
    int process;                    /* getpid() at that time */
};

/* 0 or -ENOMEM. */
int mio__fork_guard_set(struct mio__fork_guard *guard);

static inline bool mio__is_forked_copy(const struct mio__fork_guard *guard)
{
    return atomic_load_explicit(guard->number, memory_order_relaxed) != guard->generation;
}

/* The same by a system call, which knows everywhere; for calls that are seldom made. */
bool mio__is_forked_child(const struct mio__fork_guard *guard);

#endif

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
#ifndef MIO_SRC_BIRTH_H
#define MIO_SRC_BIRTH_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

struct mio_birth {
    const _Atomic uint32_t *number; /* of the running process */
    uint32_t generation;            /* the number at the time of mio_birth_record() */
    int process;                    /* getpid() at that time */
};

/* 0 or -ENOMEM. */
int mio_birth_record(struct mio_birth *birth);

static inline bool mio_born_before_fork(const struct mio_birth *birth)
{
    return atomic_load_explicit(birth->number, memory_order_relaxed) != birth->generation;
}

/* The same by a system call, which knows everywhere; for calls that are seldom made. */
bool mio_is_forked_child(const struct mio_birth *birth);

#endif

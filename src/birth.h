/* SPDX-License-Identifier: MIT */
/*
 * Telling a forked child from its parent without a system call.
 *
 * The process has a number, of its generation. A selector remembers the number it was made under,
 * and finds another one in a child: fork() wipes it there (pthread_atfork), and on Linux 4.14 and
 * later so does the kernel (MADV_WIPEONFORK), in children made by _Fork() or a bare clone(2) too.
 * A child that shares the parent's memory (vfork()) cannot be told.
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

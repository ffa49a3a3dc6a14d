/* SPDX-License-Identifier: MIT */
/*
 * Telling a forked child from its parent without a system call.
 *
 * One page of the process is wiped by the kernel when it forks (Linux 4.14, MADV_WIPEONFORK). It
 * holds the number of the process's generation; a selector remembers the number it was made under,
 * and finds another one in the child. Where the kernel cannot wipe, the number never changes: a
 * kqueue needs no more, since its descriptor is not inherited and every call on it gives EBADF.
 */
#ifndef MIO_SRC_BIRTH_H
#define MIO_SRC_BIRTH_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

struct mio_birth {
    const _Atomic uint32_t *page; /* the number of the running process */
    uint32_t generation;          /* the number at the time of mio_birth_record() */
    int process;                  /* getpid() at that time */
};

void mio_birth_record(struct mio_birth *birth);

static inline bool mio_born_before_fork(const struct mio_birth *birth)
{
    return atomic_load_explicit(birth->page, memory_order_relaxed) != birth->generation;
}

/* The same by a system call, which knows everywhere; for calls that are seldom made. */
bool mio_is_forked_child(const struct mio_birth *birth);

#endif

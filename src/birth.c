/* SPDX-License-Identifier: MIT */
#if !defined(_GNU_SOURCE)
#define _GNU_SOURCE /* MAP_ANONYMOUS, madvise */
#endif

#include "birth.h"

#include <mio/platform.h>

#include <stddef.h>
#include <unistd.h>

#if MIO_PLATFORM == MIO_PLATFORM_LINUX
#include <errno.h>
#include <sys/mman.h>
#if !defined(MADV_WIPEONFORK)
#define MADV_WIPEONFORK 18 /* older headers; the kernel refuses what it does not know */
#endif
#endif

/* Stands in for the page where there is none: of the first generation for ever. */
static _Atomic uint32_t unwiped = 1;

/* The page of the process, made once and kept: it is inherited and serves the children too. */
static _Atomic(_Atomic uint32_t *) wiped_page;

/* Survives a fork, so that a child's generation differs from every ancestor's. */
static _Atomic uint32_t last_generation;

#if MIO_PLATFORM == MIO_PLATFORM_LINUX

static _Atomic uint32_t *make_page(void)
{
    int saved = errno;
    size_t size = (size_t)sysconf(_SC_PAGESIZE);
    void *page = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (page != MAP_FAILED && madvise(page, size, MADV_WIPEONFORK) != 0) {
        munmap(page, size);
        page = MAP_FAILED;
    }
    _Atomic uint32_t *made = page == MAP_FAILED ? &unwiped : (_Atomic uint32_t *)page;
    _Atomic uint32_t *first = NULL;
    if (!atomic_compare_exchange_strong(&wiped_page, &first, made)) {
        if (page != MAP_FAILED)
            munmap(page, size);
        made = first;
    }
    errno = saved;
    return made;
}

#else

static _Atomic uint32_t *make_page(void)
{
    return &unwiped;
}

#endif

void mio_birth_record(struct mio_birth *birth)
{
    _Atomic uint32_t *page = atomic_load(&wiped_page);
    if (!page)
        page = make_page();
    uint32_t generation = atomic_load(page);
    if (generation == 0) {
        uint32_t next = atomic_fetch_add(&last_generation, 1) + 1;
        if (atomic_compare_exchange_strong(page, &generation, next))
            generation = next;
    }
    birth->page = page;
    birth->generation = generation;
    birth->process = (int)getpid();
}

bool mio_is_forked_child(const struct mio_birth *birth)
{
    return mio_born_before_fork(birth) || birth->process != (int)getpid();
}

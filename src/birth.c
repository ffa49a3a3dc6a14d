/* SPDX-License-Identifier: MIT */
#if !defined(_GNU_SOURCE)
#define _GNU_SOURCE /* MAP_ANONYMOUS, madvise */
#endif

#include "birth.h"

#include <mio/platform.h>

#include <errno.h>
#include <pthread.h>
#include <stddef.h>
#include <unistd.h>

#if MIO_PLATFORM == MIO_PLATFORM_LINUX
#include <sys/mman.h>
#if !defined(MADV_WIPEONFORK)
#define MADV_WIPEONFORK 18 /* older headers; the kernel refuses what it does not know */
#endif
#endif

/* Where the number stands: a page that the kernel wipes, or this. Made once and kept, since it is
 * inherited and serves the children too. */
static _Atomic uint32_t unwiped;
static _Atomic(_Atomic uint32_t *) birth_number;

/* The process that the number is of. */
static _Atomic int numbered_process;

/* Survives a fork, so that a child's generation differs from every ancestor's. */
static _Atomic uint32_t last_generation;

#if MIO_PLATFORM == MIO_PLATFORM_LINUX

static _Atomic uint32_t *make_page(size_t size)
{
    void *page = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (page == MAP_FAILED)
        return &unwiped;
    if (madvise(page, size, MADV_WIPEONFORK) == 0)
        return page;
    munmap(page, size);
    return &unwiped;
}

static void drop_page(_Atomic uint32_t *made, size_t size)
{
    if (made != &unwiped)
        munmap((void *)made, size);
}

#else

static _Atomic uint32_t *make_page(size_t size)
{
    (void)size;
    return &unwiped;
}

static void drop_page(_Atomic uint32_t *made, size_t size)
{
    (void)made;
    (void)size;
}

#endif

/* Once in each child: a fork handler of the program's own may have made a poll there before. */
static void wipe_in_child(void)
{
    _Atomic uint32_t *place = atomic_load(&birth_number);
    int process = (int)getpid();
    if (place && atomic_exchange(&numbered_process, process) != process)
        atomic_store(place, 0);
}

/* NULL where nothing would tell a child: there is no memory for it. */
static _Atomic uint32_t *make_number(void)
{
    int saved = errno;
    size_t size = (size_t)sysconf(_SC_PAGESIZE);
    _Atomic uint32_t *made = make_page(size);
    _Atomic uint32_t *first = NULL;
    /* Before others can rely on it. Twice, by threads that do this at once, is as good as once. */
    if (pthread_atfork(NULL, NULL, wipe_in_child) != 0 && made == &unwiped) {
        errno = saved;
        return NULL;
    }
    atomic_store(&numbered_process, (int)getpid());
    if (!atomic_compare_exchange_strong(&birth_number, &first, made)) {
        drop_page(made, size);
        made = first;
    }
    errno = saved;
    return made;
}

int mio_birth_record(struct mio_birth *birth)
{
    _Atomic uint32_t *place = atomic_load(&birth_number);
    if (!place)
        place = make_number();
    if (!place)
        return -ENOMEM;
    wipe_in_child();
    uint32_t generation = atomic_load(place);
    if (generation == 0) {
        uint32_t next = atomic_fetch_add(&last_generation, 1) + 1;
        if (atomic_compare_exchange_strong(place, &generation, next))
            generation = next;
    }
    birth->number = place;
    birth->generation = generation;
    birth->process = (int)getpid();
    return 0;
}

bool mio_is_forked_child(const struct mio_birth *birth)
{
    return mio_born_before_fork(birth) || birth->process != (int)getpid();
}

/* SPDX-License-Identifier: MIT */
/*
 * Where the number stands is in the library's own data, so that it goes when the library goes
 * (dlclose). glibc, FreeBSD and OpenBSD forget a library's fork handlers then; where nobody does,
 * the library must stay loaded.
 */
#if !defined(_GNU_SOURCE)
#define _GNU_SOURCE /* madvise */
#endif

#include "fork_guard.h"

#include <mio/platform.h>

#include <errno.h>
#include <pthread.h>
#include <stddef.h>
#include <unistd.h>

/* Survives a fork, so that a child's generation differs from every ancestor's. Never 0 in
 * between. */
static _Atomic uint32_t last_generation;

static uint32_t next_generation(void)
{
    uint32_t next;
    do
        next = atomic_fetch_add(&last_generation, 1) + 1;
    while (next == 0);
    return next;
}

/* The number in use: on a page that the kernel wipes, or `unwiped`; NULL before the first poll.
 * Found once and kept, since it is inherited and serves the children too. */
static _Atomic(_Atomic uint32_t *) number_in_use;

/* --- a page that the kernel wipes --- */

#if MIO_PLATFORM == MIO_PLATFORM_LINUX

#include <sys/mman.h>

#if !defined(MADV_WIPEONFORK)
#define MADV_WIPEONFORK 18 /* older headers; the kernel refuses what it does not know */
#endif

enum { UNKNOWN_ADVICE = -1 };

/* The largest page that Linux has on a CPU of this kind. */
#if defined(__x86_64__) || defined(__i386__) || defined(__s390x__) || defined(__riscv)
enum { LARGEST_PAGE = 4096 };
#else
enum { LARGEST_PAGE = 65536 };
#endif

/* Somewhere in it is a page that nothing else is on, which is all that it costs. */
static _Atomic uint32_t room_for_a_page[LARGEST_PAGE / sizeof(uint32_t) * 2];

static _Atomic uint32_t *find_wiped(void)
{
    size_t size = (size_t)sysconf(_SC_PAGESIZE);
    if (size > LARGEST_PAGE)
        return NULL;
    size_t before = (size - (uintptr_t)room_for_a_page % size) % size;
    _Atomic uint32_t *page = room_for_a_page + before / sizeof *page;
    /* An emulator (qemu-user 7.2) takes any advice and does nothing: who takes what no kernel knows
     * is not believed. */
    bool is_wiped = madvise((void *)page, size, MADV_WIPEONFORK) == 0 &&
                    madvise((void *)page, size, UNKNOWN_ADVICE) != 0;
    return is_wiped ? page : NULL;
}

#else

static _Atomic uint32_t *find_wiped(void)
{
    return NULL;
}

#endif

/* --- a number that fork() changes --- */

static _Atomic uint32_t unwiped; /* not 0 once it is in use */

/* Forks that have begun and not ended, in the parent; and its process. More than none in a child
 * only for as long as its fork handlers run. */
static atomic_int forks;
static atomic_int forking_process;

/* What `unwiped` was when the last fork began. */
static _Atomic uint32_t number_before_fork;

static void before_fork(void)
{
    atomic_store(&forking_process, (int)getpid());
    atomic_store(&number_before_fork, atomic_load(&unwiped));
    atomic_fetch_add(&forks, 1);
}

static void in_parent(void)
{
    atomic_fetch_sub(&forks, 1);
}

/* Once in each child, whatever its number of a process: two may both be 1, each of its
 * namespace. */
static void renumber(void)
{
    uint32_t before = atomic_load(&number_before_fork);
    atomic_compare_exchange_strong(&unwiped, &before, next_generation());
}

static void in_child(void)
{
    renumber();
    atomic_store(&forks, 0);
}

/* A fork handler of the program's own that makes a poll may run in the child before ours. */
static void renumber_during_fork(void)
{
    if (atomic_load(&forks) > 0 && atomic_load(&forking_process) != (int)getpid())
        renumber();
}

/* NULL where nothing would tell a child: there is no memory for it. Twice, by threads that do this
 * at once, is as good as once. */
static _Atomic uint32_t *find_unwiped(void)
{
    uint32_t none = 0;
    if (pthread_atfork(before_fork, in_parent, in_child) != 0)
        return NULL;
    atomic_compare_exchange_strong(&unwiped, &none, next_generation());
    return &unwiped;
}

/* --- either --- */

static _Atomic uint32_t *find_number(void)
{
    int saved = errno;
    _Atomic uint32_t *found = find_wiped();
    _Atomic uint32_t *first = NULL;
    if (!found)
        found = find_unwiped();
    errno = saved;
    if (found && !atomic_compare_exchange_strong(&number_in_use, &first, found))
        found = first;
    return found;
}

int mio__fork_guard_set(struct mio__fork_guard *guard)
{
    _Atomic uint32_t *number = atomic_load(&number_in_use);
    if (!number)
        number = find_number();
    if (!number)
        return -ENOMEM;
    if (number == &unwiped)
        renumber_during_fork();
    /* Wiped: the first poll of a process numbers it. */
    uint32_t generation = atomic_load(number);
    if (generation == 0) {
        uint32_t next = next_generation();
        if (atomic_compare_exchange_strong(number, &generation, next))
            generation = next;
    }
    guard->number = number;
    guard->generation = generation;
    guard->process = (int)getpid();
    return 0;
}

bool mio__is_forked_child(const struct mio__fork_guard *guard)
{
    return mio__is_forked_copy(guard) || guard->process != (int)getpid();
}

/* SPDX-License-Identifier: MIT */
/* LIFE3 in children that only Linux makes: with memory in common, with two threads at their first
 * poll, with the parent's number of a process; each where the kernel wipes a page for the library,
 * where it refuses, and where it takes any advice and follows none. */
#if !defined(_GNU_SOURCE)
#define _GNU_SOURCE
#endif

#include "test.h"

#include <mio.h>

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#if MIO_PLATFORM == MIO_PLATFORM_LINUX && defined(__has_include)
#if __has_include(<linux/seccomp.h>) && !defined(__SANITIZE_THREAD__)
#define HAVE_CHILDREN 1
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#endif
#endif

#if defined(HAVE_CHILDREN)

enum { WIPE_ON_FORK = 18, STACK_SIZE = 65536, FORKS = 300, UNABLE = 77 };

enum wiping { WIPES, REFUSES, PROMISES, WIPINGS };

/* From now on madvise() returns without doing anything: with -EINVAL for MADV_WIPEONFORK, as before
 * Linux 4.14; or with 0 for whatever it is asked, as an emulator's. */
static bool forbid_wiping(enum wiping wiping)
{
    uint32_t others = wiping == PROMISES ? SECCOMP_RET_ERRNO : SECCOMP_RET_ALLOW;
    uint32_t answer = SECCOMP_RET_ERRNO | (wiping == PROMISES ? 0 : EINVAL);
    struct sock_filter filter[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)SYS_madvise, 0, 4),
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args[2])),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, WIPE_ON_FORK, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, answer),
        BPF_STMT(BPF_RET | BPF_K, others),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    struct sock_fprog program = {sizeof filter / sizeof filter[0], filter};
    return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
           prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0;
}

static int exit_status(pid_t child)
{
    int status = -1;
    while (waitpid(child, &status, 0) < 0 && errno == EINTR)
        continue;
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128;
}

/* `run` in a child that has made no poll before, and what it returned. */
static int in_new_process(int (*run)(void), enum wiping wiping)
{
    fflush(NULL);
    pid_t child = fork();
    REQUIRE(child >= 0);
    if (child == 0)
        _exit(wiping == WIPES || forbid_wiping(wiping) ? run() : UNABLE);
    return exit_status(child);
}

static void expect_content(int (*run)(void))
{
    CHECK_EQ(in_new_process(run, WIPES), 0);
    for (enum wiping wiping = REFUSES; wiping < WIPINGS; wiping++) {
        int result = in_new_process(run, wiping);
        if (result == UNABLE)
            SKIP("no system call can be forbidden here");
        CHECK_EQ(result, 0);
    }
}

/* --- memory in common --- */

static int make_and_free_a_poll(void *unused)
{
    struct mio_poll *poll;
    (void)unused;
    if (mio_poll_new(NULL, &poll) != 0)
        return 1;
    mio_poll_free(poll);
    return 0;
}

static int share_memory(void)
{
    static char stack[STACK_SIZE];
    struct mio_poll *poll;
    struct mio_events *events;
    struct mio_waker *waker;
    if (mio_poll_new(NULL, &poll) != 0 || mio_events_new(4, NULL, &events) != 0)
        return 1;
    if (mio_waker_new(mio_poll_registry(poll), 1, &waker) != 0)
        return 2;
    int child = clone(make_and_free_a_poll, stack + sizeof stack, CLONE_VM | SIGCHLD, NULL);
    if (child < 0 || exit_status(child) != 0)
        return 3;
    if (mio_waker_wake(waker) != 0 || mio_poll_wait(poll, events, 0) != 1)
        return 4;
    return 0;
}

/* --- two first polls at once, in a child that no handler knows of --- */

static pthread_barrier_t barrier;
static atomic_int unusable;

static void *use_a_poll(void *unused)
{
    struct mio_poll *poll = NULL;
    struct mio_events *events = NULL;
    (void)unused;
    pthread_barrier_wait(&barrier);
    bool made = mio_poll_new(NULL, &poll) == 0 && mio_events_new(4, NULL, &events) == 0;
    pthread_barrier_wait(&barrier);
    if (!made || mio_poll_wait(poll, events, 0) != 0)
        atomic_fetch_add(&unusable, 1);
    return NULL;
}

static int use_two_polls(void)
{
    pthread_t threads[2];
    pthread_barrier_init(&barrier, NULL, 2);
    for (int i = 0; i < 2; i++) {
        if (pthread_create(&threads[i], NULL, use_a_poll, NULL) != 0)
            return 1;
    }
    for (int i = 0; i < 2; i++)
        pthread_join(threads[i], NULL);
    return atomic_load(&unusable) == 0 ? 0 : 2;
}

#if defined(__GLIBC__)
#if __GLIBC_PREREQ(2, 34)
#define HAVE_QUIET_FORK 1
#endif
#endif

#if defined(HAVE_QUIET_FORK)

static pid_t fork_quietly(void)
{
    return _Fork();
}

#else

static pid_t fork_quietly(void)
{
    return fork();
}

#endif

static int fork_before_two_first_polls(void)
{
    struct mio_poll *poll;
    if (mio_poll_new(NULL, &poll) != 0)
        return 1;
    for (int i = 0; i < FORKS; i++) {
        pid_t child = fork_quietly();
        if (child == 0)
            _exit(use_two_polls());
        if (child < 0 || exit_status(child) != 0)
            return 2;
    }
    return 0;
}

/* --- parent and child both number 1 of their namespaces --- */

static int look_as_number_1(struct mio_poll *parents, struct mio_events *events, int fd)
{
    struct mio_poll *own;
    if (getpid() != 1)
        return UNABLE;
    if (mio_poll_wait(parents, events, 0) != -ECHILD)
        return 1;
    if (mio_registry_register(mio_poll_registry(parents), fd, 1, MIO_READABLE) != -ECHILD)
        return 2;
    if (mio_poll_new(NULL, &own) != 0 || mio_poll_wait(own, events, 0) != 0)
        return 3;
    return mio_poll_wait(parents, events, 0) == -ECHILD ? 0 : 4;
}

static int fork_as_number_1(void)
{
    struct mio_poll *poll;
    struct mio_events *events;
    int ends[2];
    if (getpid() != 1 || unshare(CLONE_NEWPID) != 0)
        return UNABLE;
    if (mio_poll_new(NULL, &poll) != 0 || mio_events_new(4, NULL, &events) != 0 || pipe(ends) != 0)
        return 10;
    pid_t child = fork();
    if (child == 0)
        _exit(look_as_number_1(poll, events, ends[0]));
    if (child < 0)
        return UNABLE;
    int result = exit_status(child);
    return result == 0 && mio_poll_wait(poll, events, 0) != 0 ? 11 : result;
}

static int become_number_1(void)
{
    if (unshare(CLONE_NEWPID) != 0)
        return UNABLE;
    pid_t child = fork();
    if (child == 0)
        _exit(fork_as_number_1());
    return child < 0 ? UNABLE : exit_status(child);
}

#endif

TEST(life3_a_child_with_memory_in_common_leaves_its_parents_poll_alone)
{
#if defined(HAVE_CHILDREN)
    expect_content(share_memory);
#else
    SKIP("Linux's alone, and not under ThreadSanitizer");
#endif
}

TEST(life3_two_threads_of_a_child_make_their_first_polls_at_once)
{
#if defined(HAVE_CHILDREN)
    expect_content(fork_before_two_first_polls);
#else
    SKIP("Linux's alone, and not under ThreadSanitizer");
#endif
}

TEST(life3_a_child_with_its_parents_number_is_noticed)
{
#if defined(HAVE_CHILDREN)
    int result = in_new_process(become_number_1, true);
    if (result == UNABLE)
        SKIP("no namespace can be made here");
    CHECK_EQ(result, 0);
    expect_content(become_number_1);
#else
    SKIP("Linux's alone, and not under ThreadSanitizer");
#endif
}

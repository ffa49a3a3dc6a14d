/* SPDX-License-Identifier: MIT */
/* What surrounds a program when it makes a poll: MIO_BACKEND, rights that it was lent, a sandbox.
 * Children change these for themselves. */
#if !defined(_GNU_SOURCE)
#define _GNU_SOURCE
#endif

#include "test.h"

#include <mio.h>

#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

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

enum { NOBODY = 65534 };

/* Whether `run` was content, in a child. */
static bool is_content(bool (*run)(void))
{
    fflush(NULL);
    pid_t child = fork();
    REQUIRE(child >= 0);
    if (child == 0)
        _exit(run() ? 0 : 1);
    int status = 0;
    REQUIRE_EQ(waitpid(child, &status, 0), child);
    return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

static bool chooses(const char *name)
{
    struct mio_poll *poll;
    if (mio_poll_new(NULL, &poll) != 0)
        return false;
    bool same = strcmp(mio_poll_backend(poll), name) == 0;
    mio_poll_free(poll);
    return same;
}

/* --- MIO_BACKEND --- */

static bool empty_is_unset(void)
{
    char best[16];
    struct mio_poll *poll;
    unsetenv("MIO_BACKEND");
    if (mio_poll_new(NULL, &poll) != 0)
        return false;
    snprintf(best, sizeof best, "%s", mio_poll_backend(poll));
    mio_poll_free(poll);
    setenv("MIO_BACKEND", "", 1);
    return chooses(best);
}

TEST(environment_empty_is_as_good_as_unset)
{
    CHECK(is_content(empty_is_unset));
}

#if MIO_PLATFORM == MIO_PLATFORM_LINUX

/* As a set-user-ID program is, or a set-group-ID one: MIO_BACKEND is whoever started it's. */
static bool ignored_as_another_user(void)
{
    setenv("MIO_BACKEND", "poll", 1);
    return chooses("poll") && setreuid(NOBODY, (uid_t)-1) == 0 && chooses("epoll");
}

static bool ignored_as_another_group(void)
{
    setenv("MIO_BACKEND", "poll", 1);
    return setregid(NOBODY, (gid_t)-1) == 0 && chooses("epoll");
}

#endif

TEST(environment_is_not_trusted_with_lent_rights)
{
#if MIO_PLATFORM == MIO_PLATFORM_LINUX
    if (geteuid() != 0)
        SKIP("only root can be somebody else");
    CHECK(is_content(ignored_as_another_user));
    CHECK(is_content(ignored_as_another_group));
#else
    SKIP("names Linux's selectors");
#endif
}

/* --- a sandbox --- */

#if defined(HAVE_SANDBOX)

/* From now on these two calls are unknown to the kernel, which is what a sandbox says. */
static bool forbid(long first, long second)
{
    struct sock_filter filter[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)first, 1, 0),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)second, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOSYS),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    struct sock_fprog program = {sizeof filter / sizeof filter[0], filter};
    return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
           prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0;
}

static bool can_forbid(void)
{
    return forbid(SYS_epoll_create1, SYS_eventfd2);
}

static unsigned told;
static int last_told;

static void note(void *user, int error, const char *what)
{
    (void)user;
    (void)what;
    told++;
    last_told = error;
}

static bool epoll_is_forbidden(void)
{
    struct mio_options options = {.log = note};
    struct mio_poll *poll;
    unsetenv("MIO_BACKEND");
    if (!forbid(SYS_epoll_create1, SYS_epoll_create1))
        return false;
    if (mio_poll_new(&options, &poll) != 0)
        return false;
    bool right = strcmp(mio_poll_backend(poll), "poll") == 0 && told == 1 && last_told == -ENOSYS;
    mio_poll_free(poll);
    return right && chooses("poll"); /* without a log too */
}

static bool everything_is_forbidden(void)
{
    struct mio_options options = {.log = note};
    struct mio_poll *poll = NULL;
    unsetenv("MIO_BACKEND");
    return forbid(SYS_epoll_create1, SYS_eventfd2) && mio_poll_new(&options, &poll) == -ENOSYS &&
           !poll && told == 2 && last_told == -ENOSYS;
}

#endif

TEST(environment_sandbox_without_epoll)
{
#if defined(HAVE_SANDBOX)
    if (!is_content(can_forbid))
        SKIP("no system call can be forbidden here");
    CHECK(is_content(epoll_is_forbidden));
#else
    SKIP("built without Linux's sandbox");
#endif
}

TEST(environment_sandbox_without_any_selector)
{
#if defined(HAVE_SANDBOX)
    if (!is_content(can_forbid))
        SKIP("no system call can be forbidden here");
    CHECK(is_content(everything_is_forbidden));
#else
    SKIP("built without Linux's sandbox");
#endif
}

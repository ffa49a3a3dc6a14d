/* SPDX-License-Identifier: MIT */
/* What surrounds a program when it makes a poll: MIO_BACKEND, rights that it was lent, a sandbox.
 * Children change these for themselves. */
#if !defined(_GNU_SOURCE)
#define _GNU_SOURCE
#endif

#include "in_child.h"
#include "sandbox.h"
#include "test.h"

#include <mio.h>
#include <mio/pipe.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { NOBODY = 65534 };

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

static bool can_forbid(void)
{
    return FORBID(ENOSYS, SYS_epoll_create1);
}

static unsigned told;
static int last_told;

static void note(int error, const char *what, void *user)
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
    if (!FORBID(ENOSYS, SYS_epoll_create1))
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
    return FORBID(ENOSYS, SYS_epoll_create1, SYS_eventfd2, SYS_pipe2) &&
           mio_poll_new(&options, &poll) == -ENOSYS && !poll && told == 2 && last_told == -ENOSYS;
}

/* A poll of that name hands over a wake, a readiness, and the end of a time that is no whole number
 * of milliseconds. */
static bool serves(const char *backend)
{
    struct mio_options options = {.backend = backend};
    struct mio_poll *poll;
    struct mio_events *events;
    struct mio_waker *waker;
    struct mio_pipe_sender sender;
    struct mio_pipe_receiver receiver;
    int64_t end = mio_now() + 1500000;
    if (mio_poll_new(&options, &poll) != 0 || mio_events_new(4, NULL, &events) != 0)
        return false;
    bool right = mio_poll_wait(poll, events, 1500000) == 0 && mio_now() >= end;
    right = right && mio_waker_new(mio_poll_registry(poll), 1, &waker) == 0;
    for (int i = 0; i < 3 && right; i++) {
        right = mio_waker_wake(waker) == 0 && mio_poll_wait(poll, events, MIO_FOREVER) == 1 &&
                mio_event_token(mio_events_get(events, 0)) == 1 &&
                mio_poll_wait(poll, events, 1000) == 0;
    }
    right = right && mio_pipe_open(&sender, &receiver) == 0 &&
            mio_source_register(&receiver.source, mio_poll_registry(poll), 2, MIO_READABLE) == 0 &&
            mio_pipe_sender_write(&sender, "x", 1) == 1 &&
            mio_poll_wait(poll, events, MIO_FOREVER) == 1 &&
            mio_event_token(mio_events_get(events, 0)) == 2 &&
            mio_source_close(&receiver.source) == 0 &&
            mio_pipe_sender_write(&sender, "x", 1) == -EPIPE;
    return right;
}

static bool serves_both_ways(void)
{
    return serves("epoll") && serves("poll");
}

static const unsigned refusals[] = {EPERM, EACCES, ENOSYS, EOPNOTSUPP};
static unsigned refusal;

#if defined(SYS_epoll_wait)

static bool serves_without_epoll_wait(void)
{
    return FORBID(refusal, SYS_epoll_wait) && serves_both_ways();
}

#else

static bool serves_without_epoll_wait(void)
{
    return serves_both_ways();
}

#endif

#if !defined(SYS_epoll_pwait2)
#define SYS_epoll_pwait2 441
#endif

static bool serves_without_epoll_pwait2(void)
{
    return FORBID(refusal, SYS_epoll_pwait2) && serves_both_ways();
}

static bool serves_without_eventfd(void)
{
    return FORBID(refusal, SYS_eventfd2) && serves_both_ways();
}

#if defined(SYS_pwritev2)

static bool serves_without_pwritev2(void)
{
    return FORBID(refusal, SYS_pwritev2) && serves_both_ways();
}

static bool serves_with_pwritev2_that_finds_fault(void)
{
    return FORBID(EINVAL, SYS_pwritev2) && serves_both_ways();
}

#else

static bool serves_without_pwritev2(void)
{
    return serves_both_ways();
}

static bool serves_with_pwritev2_that_finds_fault(void)
{
    return serves_both_ways();
}

#endif

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

/* What newer kernels have, and what older ways do as well, may be refused with any error. */
TEST(environment_sandbox_without_one_call)
{
#if defined(HAVE_SANDBOX)
    if (!is_content(can_forbid))
        SKIP("no system call can be forbidden here");
    for (size_t i = 0; i < sizeof refusals / sizeof refusals[0]; i++) {
        refusal = refusals[i];
        CHECK(is_content(serves_without_epoll_wait));
        CHECK(is_content(serves_without_epoll_pwait2));
        CHECK(is_content(serves_without_eventfd));
        CHECK(is_content(serves_without_pwritev2));
    }
    CHECK(is_content(serves_with_pwritev2_that_finds_fault));
#else
    SKIP("built without Linux's sandbox");
#endif
}

/* SPDX-License-Identifier: MIT */
/* Making a kqueue: what its descriptor is like (K45, K46). */
#include "test_support.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#if defined(KQMODEL_FREEBSD) || defined(KQMODEL_NETBSD) || defined(KQMODEL_OPENBSD) || \
    defined(__NetBSD__) || defined(__OpenBSD__)
#define HAVE_KQUEUE1 1
#else
#define HAVE_KQUEUE1   0
#define kqueue1(flags) ((void)(flags), -1)
#endif

#ifdef KQUEUE_CLOEXEC
#define HAVE_KQUEUEX 1
#else
#define HAVE_KQUEUEX   0
#define KQUEUE_CLOEXEC 0U
#define kqueuex(flags) ((void)(flags), -1)
#endif

static bool is_close_on_exec(int fd)
{
    return (fcntl(fd, F_GETFD) & FD_CLOEXEC) != 0;
}

TEST(kqueue_and_exec)
{
    NEED_STATED(expected.close_on_exec);
    int kq = open_kqueue();
    CHECK_EQ(is_close_on_exec(kq), expected.close_on_exec);
    CHECK(fcntl(kq, F_SETFD, FD_CLOEXEC) >= 0);
    CHECK(is_close_on_exec(kq));
    close(kq);
}

TEST(k46_kqueue1_with_cloexec)
{
    if (!HAVE_KQUEUE1)
        SKIP("this system has no kqueue1()");
    int kq = kqueue1(O_CLOEXEC);
    REQUIRE(kq >= 0);
    CHECK(is_close_on_exec(kq));
    CHECK_EQ(ask(kq, IDENT, EVFILT_USER, EV_ADD | EV_CLEAR, TOKEN), 0);
    CHECK_EQ(trigger(kq, IDENT, TOKEN), 0);
    CHECK(!quiet(kq));
    close(kq);
    kq = kqueue1(0);
    REQUIRE(kq >= 0);
    CHECK(!is_close_on_exec(kq));
    close(kq);
}

TEST(k46_flags_that_kqueue1_does_not_know)
{
    NEED_STATED(expected.kqueue1_unknown_flag);
    int kq = kqueue1(O_APPEND);
    int error = kq < 0 ? errno : 0;
    CHECK_EQ(error, expected.kqueue1_unknown_flag);
    if (kq >= 0)
        close(kq);
    kq = kqueue1(O_NONBLOCK);
    CHECK(kq >= 0);
    close(kq);
}

TEST(k46_freebsd_kqueuex)
{
    if (!HAVE_KQUEUEX)
        SKIP("only FreeBSD from 14 on has kqueuex()");
    int kq = kqueuex(KQUEUE_CLOEXEC);
    REQUIRE(kq >= 0);
    CHECK(is_close_on_exec(kq));
    CHECK(quiet(kq));
    close(kq);
    errno = 0;
    CHECK_EQ(kqueuex(0x100), -1);
    CHECK_EQ(errno, EINVAL);
}

TEST(two_kqueues_are_independent)
{
    int first = open_kqueue();
    int second = open_kqueue();
    CHECK_EQ(ask(first, IDENT, EVFILT_USER, EV_ADD | EV_CLEAR, TOKEN), 0);
    CHECK_EQ(trigger(second, IDENT, TOKEN), ENOENT);
    CHECK_EQ(trigger(first, IDENT, TOKEN), 0);
    CHECK(quiet(second));
    CHECK(!quiet(first));
    close(first);
    CHECK(quiet(second));
    close(second);
}

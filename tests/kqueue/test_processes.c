/* SPDX-License-Identifier: MIT */
/* EVFILT_PROC: the end of a process (K49). */
#include "test_support.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

/* A child that ends when it is let go: by this code, or by a signal of its own. */
struct child {
    pid_t pid;
    int rope; /* closed to let it go */
};

static struct child start_child(int code, int signo)
{
    int ends[2];
    REQUIRE_EQ(pipe(ends), 0);
    struct child child = {.pid = fork(), .rope = ends[1]};
    REQUIRE(child.pid >= 0);
    if (child.pid == 0) {
        char byte;
        close(ends[1]);
        while (read(ends[0], &byte, 1) < 0 && errno == EINTR)
            continue;
        if (signo != 0)
            kill(getpid(), signo);
        _exit(code);
    }
    close(ends[0]);
    return child;
}

static void let_go(const struct child *child)
{
    CHECK_EQ(close(child->rope), 0);
}

/* Until it is a zombie. */
static void await_zombie(const struct child *child)
{
    siginfo_t info;
    REQUIRE_EQ(waitid(P_PID, (id_t)child->pid, &info, WEXITED | WNOWAIT), 0);
}

/* Its wait status. */
static int reap(const struct child *child)
{
    int status = 0;
    CHECK_EQ(waitpid(child->pid, &status, 0), child->pid);
    return status;
}

static int watch_exit(int kq, const struct child *child, uint32_t fflags)
{
    return ask_with(kq, (uintptr_t)child->pid, EVFILT_PROC, EV_ADD, fflags, 0, TOKEN);
}

TEST(k49_the_end_of_a_process_is_told_once)
{
    static const int signos[] = {0, SIGKILL};
    int kq = open_kqueue();
    for (int i = 0; i < 2; i++) {
        struct child child = start_child(3, signos[i]);
        struct kevent event;
        REQUIRE_EQ(watch_exit(kq, &child, NOTE_EXIT), 0);
        CHECK(quiet(kq));
        let_go(&child);
        REQUIRE(await(kq, &event));
        CHECK_EQ(event.ident, child.pid);
        CHECK_EQ(event.filter, EVFILT_PROC);
        CHECK_EQ((uint32_t)event.fflags & (uint32_t)NOTE_EXIT, (uint32_t)NOTE_EXIT);
        CHECK_EQ(event.flags & (EV_EOF | EV_ONESHOT), EV_EOF | EV_ONESHOT);
        CHECK_EQ(token_of(&event), TOKEN);
        await_zombie(&child);
        int status = reap(&child);
        CHECK_EQ(event.data, expected.exit_has_status ? status : 0);
        CHECK(quiet(kq));
        CHECK_EQ(ask(kq, child.pid, EVFILT_PROC, EV_DELETE, TOKEN), ENOENT);
    }
    close(kq);
}

TEST(k49_a_process_that_is_not_there)
{
    int kq = open_kqueue();
    struct child child = start_child(0, 0);
    let_go(&child);
    reap(&child);
    CHECK_EQ(watch_exit(kq, &child, NOTE_EXIT), ESRCH);
    CHECK_EQ(ask(kq, child.pid, EVFILT_PROC, EV_DELETE, TOKEN), ENOENT);
    close(kq);
}

TEST(k49_a_zombie)
{
    int kq = open_kqueue();
    struct child child = start_child(7, 0);
    struct kevent event;
    let_go(&child);
    await_zombie(&child);
    CHECK_EQ(watch_exit(kq, &child, NOTE_EXIT), expected.zombie_error);
    if (expected.zombie_error == 0) {
        REQUIRE(await(kq, &event));
        CHECK_EQ(event.ident, child.pid);
    }
    CHECK(quiet(kq));
    reap(&child);
    close(kq);
}

TEST(k49_the_end_is_told_whether_asked_for_or_not)
{
    NEED_STATED(expected.exit_is_told_unasked);
    int kq = open_kqueue();
    struct child child = start_child(0, 0);
    REQUIRE_EQ(watch_exit(kq, &child, 0), 0);
    let_go(&child);
    await_zombie(&child);
    CHECK_EQ(!quiet(kq), expected.exit_is_told_unasked);
    reap(&child);
    close(kq);
}

TEST(k49_a_deleted_knote_is_silent)
{
    int kq = open_kqueue();
    struct child child = start_child(0, 0);
    REQUIRE_EQ(watch_exit(kq, &child, NOTE_EXIT), 0);
    CHECK_EQ(ask(kq, child.pid, EVFILT_PROC, EV_DELETE, TOKEN), 0);
    let_go(&child);
    await_zombie(&child);
    CHECK(quiet(kq));
    reap(&child);
    close(kq);
}

TEST(k49_several_kqueues_hear_of_one_process)
{
    int kqs[2] = {open_kqueue(), open_kqueue()};
    struct child child = start_child(0, 0);
    struct kevent event;
    for (int i = 0; i < 2; i++)
        REQUIRE_EQ(watch_exit(kqs[i], &child, NOTE_EXIT), 0);
    let_go(&child);
    for (int i = 0; i < 2; i++) {
        REQUIRE(await(kqs[i], &event));
        CHECK_EQ(event.ident, child.pid);
        close(kqs[i]);
    }
    reap(&child);
}

/* What mio/process.h is made of: a kqueue of its own, in another kqueue and under poll(2). */
TEST(k49_the_kqueue_of_a_process_is_readable_at_its_end)
{
    int inner = open_kqueue();
    int outer = open_kqueue();
    struct child child = start_child(0, 0);
    struct pollfd asked = {.fd = inner, .events = POLLIN};
    struct kevent event;
    REQUIRE_EQ(watch_exit(inner, &child, NOTE_EXIT), 0);
    REQUIRE_EQ(ask(outer, inner, EVFILT_READ, EV_ADD | EV_DISPATCH, OTHER_TOKEN), 0);
    CHECK_EQ(poll(&asked, 1, 0), 0);
    CHECK(quiet(outer));
    let_go(&child);
    REQUIRE(await(outer, &event));
    CHECK_EQ(token_of(&event), OTHER_TOKEN);
    CHECK_EQ(poll(&asked, 1, 0), 1);
    CHECK(quiet(outer));
    reap(&child);
    CHECK_EQ(poll(&asked, 1, 0), 1);
    REQUIRE(fetch_one(inner, &event));
    CHECK_EQ(event.ident, child.pid);
    close(outer);
    close(inner);
}

/* SPDX-License-Identifier: MIT */
/* PROC1 to PROC4 and PROC7 where the kernel gives no pidfd: children are watched by SIGCHLD. */
#if !defined(_GNU_SOURCE)
#define _GNU_SOURCE
#endif

#include "in_child.h"
#include "sandbox.h"
#include "test.h"

#include <mio.h>

#include <errno.h>
#include <signal.h>
#include <unistd.h>

#if defined(HAVE_SANDBOX)

enum { PIDFD_OPEN = 434, CHILDREN = 5 };

static const char *backend_without;

struct watched {
    struct mio_poll *poll;
    struct mio_registry *registry;
    struct mio_events *events;
};

static bool watched_open(struct watched *watched)
{
    struct mio_options options = {.backend = backend_without};
    if (mio_poll_new(&options, &watched->poll) != 0 ||
        mio_events_new(16, NULL, &watched->events) != 0)
        return false;
    watched->registry = mio_poll_registry(watched->poll);
    return true;
}

static void watched_close(struct watched *watched)
{
    mio_events_free(watched->events);
    mio_poll_free(watched->poll);
}

static int wait_on(struct watched *watched)
{
    int count;
    do
        count = mio_poll_wait(watched->poll, watched->events, MIO_SECONDS(10));
    while (count == -EINTR);
    return count;
}

/* A process that ends by a signal alone. */
static pid_t sleeper(void)
{
    pid_t pid = fork();
    if (pid == 0) {
        for (;;)
            pause();
    }
    return pid;
}

static bool ends_are_told(struct watched *watched, struct mio_process *processes)
{
    for (int left = CHILDREN; left > 0;) {
        int count = wait_on(watched);
        if (count <= 0)
            return false;
        mio_events_each(event, watched->events) {
            struct mio_exit_status status;
            if (mio_process_status(&processes[mio_event_token(event)], &status) != 0 ||
                status.signo != SIGKILL)
                return false;
        }
        left -= count;
    }
    return mio_poll_wait(watched->poll, watched->events, 0) == 0;
}

static bool children_are_watched(void)
{
    struct watched watched;
    struct mio_process processes[CHILDREN];
    struct mio_exit_status status;
    if (!FORBID(ENOSYS, PIDFD_OPEN) || !watched_open(&watched))
        return false;
    for (size_t i = 0; i < CHILDREN; i++) {
        pid_t pid = sleeper();
        if (mio_process_watch_child(&processes[i], watched.registry, i, (int32_t)pid) != 0 ||
            processes[i].source.fd != MIO_INVALID_FD ||
            mio_process_status(&processes[i], &status) != -EAGAIN)
            return false;
    }
    for (size_t i = 0; i < CHILDREN; i++) {
        if (mio_process_kill(&processes[i], SIGKILL) != 0)
            return false;
    }
    if (!ends_are_told(&watched, processes))
        return false;
    for (size_t i = 0; i < CHILDREN; i++) {
        if (mio_process_close(&processes[i]) != 0)
            return false;
    }
    watched_close(&watched);
    struct sigaction action;
    return waitpid(-1, NULL, WNOHANG) < 0 && sigaction(SIGCHLD, NULL, &action) == 0 &&
           action.sa_handler == SIG_DFL;
}

static bool others_are_not_watched(void)
{
    struct watched watched;
    struct mio_process process;
    if (!FORBID(EPERM, PIDFD_OPEN) || !watched_open(&watched))
        return false;
    bool is_refused =
        mio_process_watch(&process, watched.registry, 1, (int32_t)getppid()) == -ENOTSUP;
    watched_close(&watched);
    return is_refused;
}

static bool programs_are_started(void)
{
    struct watched watched;
    struct mio_process process;
    struct mio_exit_status status;
    const struct mio_spawn_options options = {.program = "false"};
    if (!FORBID(ENOSYS, PIDFD_OPEN) || !watched_open(&watched))
        return false;
    bool is_told = mio_process_spawn(&process, watched.registry, 1, &options) == 0 &&
                   wait_on(&watched) == 1 && mio_process_status(&process, &status) == 0 &&
                   status.exit_code == 1 && mio_process_close(&process) == 0;
    watched_close(&watched);
    return is_told;
}

static bool can_forbid_pidfd(void)
{
    return FORBID(ENOSYS, PIDFD_OPEN);
}

/* In children, which the sandbox is for; with both selectors. */
static void check_without(bool (*run)(void))
{
    static const char *const backends[] = {"epoll", "poll"};
    if (!is_content(can_forbid_pidfd))
        SKIP("this kernel has no seccomp filters");
    for (int i = 0; i < 2; i++) {
        backend_without = backends[i];
        CHECK(is_content(run));
    }
}

#define TRY_WITHOUT(scene) check_without(scene)
#else
#define TRY_WITHOUT(scene) SKIP("built without Linux's sandbox")
#endif

TEST(without_pidfd_children_are_watched)
{
    TRY_WITHOUT(children_are_watched);
}

TEST(without_pidfd_other_processes_are_not_watched)
{
    TRY_WITHOUT(others_are_not_watched);
}

TEST(without_pidfd_programs_are_started)
{
    TRY_WITHOUT(programs_are_started);
}

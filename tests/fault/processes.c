/* SPDX-License-Identifier: MIT */
/* Processes: watched, killed, asked how they ended, and started. */
#define _GNU_SOURCE

#include "fault.h"
#include "sweep.h"

#include <mio/pipe.h>

#include <errno.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#if defined(MIO_RECORD_KEVENT)
enum { PROCESSES_BY_KQUEUE = true };
#else
enum { PROCESSES_BY_KQUEUE = false };
#endif

/* It ends by a signal alone. */
static pid_t start_sleeper(void)
{
    pid_t pid = fork();
    if (pid == 0) {
        for (;;)
            pause();
    }
    return pid;
}

static bool has_no_child(void)
{
    return waitpid(-1, NULL, WNOHANG) < 0 && errno == ECHILD;
}

/* Until it has ended. SIGCHLD has come by then, and not in the middle of a step. */
static bool has_ended(pid_t pid)
{
    siginfo_t info;
    int result;
    do
        result = waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT);
    while (result < 0 && errno == EINTR);
    return result == 0;
}

/* A handler that could not be taken back is there, and goes when nobody hears it. */
static void leave_no_handler(void)
{
    HOLDS(raise(SIGCHLD) == 0);
}

static void processes_scenario(void)
{
    struct loop loop = loop_open(0, 16);
    struct mio_process process;
    struct mio_exit_status status;
    pid_t pid = start_sleeper();
    HOLDS(pid > 0);
    MAKE(&process, mio_process_watch_child(&process, loop.registry, ONE, pid));
    silent(&loop);
    STEP(0, mio_process_kill(&process, SIGKILL));
    HOLDS(has_ended(pid));
    await(&loop, ONE, MIO_READABLE);
    MAKE(&status, mio_process_status(&process, &status));
    HOLDS(status.signo == SIGKILL);
    HOLDS(has_no_child());
    STEP(0, mio_process_close(&process));
    leave_no_handler();
    silent(&loop);
    loop_close(&loop);
}

TEST(processes)
{
    sweep("processes", processes_scenario, IN_PROCESS);
}

/* It ends when its input does, so that what the library does is the same in each run. After a
 * failure it does not run, or has been killed. */
static void start_and_end(struct loop *loop, mio_token token, const char *program)
{
    const char *argv[] = {"cat", NULL};
    struct mio_process process;
    struct mio_exit_status status;
    struct mio_pipe_sender input;
    const struct mio_spawn_options options = {.program = program,
                                              .argv = argv,
                                              .input = MIO_SPAWN_PIPE,
                                              .output = MIO_SPAWN_NULL,
                                              .error = MIO_SPAWN_OUTPUT,
                                              .input_pipe = &input};
    MAKE_OR(&process, mio_process_spawn(&process, loop->registry, token, &options)) {
        HOLDS(has_no_child());
    }
    HOLDS(is_prepared(input.source.fd));
    STEP(0, mio_source_close(&input.source));
    HOLDS(has_ended(process.pid));
    await(loop, token, MIO_READABLE);
    MAKE(&status, mio_process_status(&process, &status));
    HOLDS(status.exit_code == 0);
    STEP(0, mio_process_close(&process));
    leave_no_handler();
    HOLDS(has_no_child());
}

static void spawning_scenario(void)
{
    struct loop loop = loop_open(0, 16);
    start_and_end(&loop, ONE, "cat");
    start_and_end(&loop, TWO, "/bin/cat");
    silent(&loop);
    loop_close(&loop);
}

TEST(spawning)
{
    sweep("spawning", spawning_scenario, IN_PROCESS);
}

/* There is no number left for the process's descriptor when the program runs: it is ended. */
TEST(spawning_what_cannot_be_watched)
{
    const struct mio_spawn_options options = {.program = "/bin/cat", .input = MIO_SPAWN_NULL};
    const struct mio_options poll_options = {.backend = swept_backend()};
    struct mio_process process;
    struct mio_poll *poll;
    struct rlimit usual;
    struct rlimit lower;
    if (PROCESSES_BY_KQUEUE && sweeps("poll"))
        SKIP("without kqueue a process has no descriptor");
    REQUIRE_EQ(mio_poll_new(&poll_options, &poll), 0);
    REQUIRE_EQ(getrlimit(RLIMIT_NOFILE, &usual), 0);
    lower = usual;
    int lowest = dup(STDERR_FILENO);
    REQUIRE(lowest >= 0 && close(lowest) == 0);
    lower.rlim_cur = (rlim_t)lowest;
    REQUIRE_EQ(setrlimit(RLIMIT_NOFILE, &lower), 0);
    fault_order((struct fault){CALL_waitpid, 1, EINTR});
    CHECK_EQ(mio_process_spawn(&process, mio_poll_registry(poll), ONE, &options), -EMFILE);
    CHECK(fault_struck());
    fault_order((struct fault){.nth = 0});
    REQUIRE_EQ(setrlimit(RLIMIT_NOFILE, &usual), 0);
    CHECK(has_no_child());
    mio_poll_free(poll);
}

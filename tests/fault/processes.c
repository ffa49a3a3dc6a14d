/* SPDX-License-Identifier: MIT */
/* Processes: watched, killed, asked how they ended, and started. */
#define _GNU_SOURCE

#include "sweep.h"

#include <mio/pipe.h>

#include <errno.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

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

static void processes_scenario(void)
{
    struct loop loop = loop_open(0, 16);
    struct mio_process process;
    struct mio_process_status status;
    pid_t pid = start_sleeper();
    HOLDS(pid > 0);
    MAKE(&process, mio_process_watch_child(&process, loop.registry, ONE, pid));
    silent(&loop);
    STEP(0, mio_process_kill(&process, SIGKILL));
    await(&loop, ONE, MIO_READABLE);
    MAKE(&status, mio_process_status(&process, &status));
    HOLDS(status.signo == SIGKILL);
    HOLDS(has_no_child());
    STEP(0, mio_process_close(&process));
    silent(&loop);
    loop_close(&loop);
}

TEST(processes)
{
    sweep("processes", processes_scenario, THREADED);
}

/* After a failure the program does not run, or has been killed. */
static void spawning_scenario(void)
{
    const char *argv[] = {"cat", NULL};
    struct loop loop = loop_open(0, 16);
    struct mio_process process;
    struct mio_process_status status;
    struct mio_pipe_sender input;
    const struct mio_spawn_options options = {.program = "cat",
                                              .argv = argv,
                                              .input = MIO_SPAWN_PIPE,
                                              .output = MIO_SPAWN_NULL,
                                              .error = MIO_SPAWN_OUTPUT,
                                              .input_pipe = &input};
    const struct mio_spawn_options shell = {.program = "/bin/true"};
    MAKE_OR(&process, mio_process_spawn(&process, loop.registry, ONE, &options)) {
        HOLDS(has_no_child());
    }
    HOLDS(is_prepared(input.source.fd));
    STEP(0, mio_source_close(&input.source));
    await(&loop, ONE, MIO_READABLE);
    MAKE(&status, mio_process_status(&process, &status));
    HOLDS(status.exit_code == 0);
    STEP(0, mio_process_close(&process));
    MAKE_OR(&process, mio_process_spawn(&process, loop.registry, TWO, &shell)) {
        HOLDS(has_no_child());
    }
    await(&loop, TWO, MIO_READABLE);
    MAKE(&status, mio_process_status(&process, &status));
    STEP(0, mio_process_close(&process));
    HOLDS(has_no_child());
    loop_close(&loop);
}

TEST(spawning)
{
    /* A program ends when it likes: one wait more or less. */
    sweep("spawning", spawning_scenario, THREADED);
}

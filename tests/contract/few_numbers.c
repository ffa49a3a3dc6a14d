/* SPDX-License-Identifier: MIT */
/*
 * A program that has no numbers left for descriptors, or none but those of the standard streams,
 * where nothing of the library's stays. Each test is a child, whose limit is lowered.
 */
#define _GNU_SOURCE

#include "support.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

static struct rlimit usual_numbers;

static void lower_limit(int most)
{
    struct rlimit lower;
    REQUIRE_EQ(getrlimit(RLIMIT_NOFILE, &usual_numbers), 0);
    lower = usual_numbers;
    lower.rlim_cur = (rlim_t)most;
    REQUIRE_EQ(setrlimit(RLIMIT_NOFILE, &lower), 0);
}

static void raise_limit(void)
{
    REQUIRE_EQ(setrlimit(RLIMIT_NOFILE, &usual_numbers), 0);
}

/* The first `places` of the standard streams are free, and no other number is. */
static void leave_places(int places)
{
    for (int fd = 0; fd < places; fd++)
        (void)close(fd);
    lower_limit(STDERR_FILENO + 1);
}

/* Takes the limit back. Whether these places are free as before. */
static bool places_are_free(int places)
{
    bool are_free = true;
    for (int fd = 0; fd < places; fd++)
        are_free = are_free && fcntl(fd, F_GETFD) < 0;
    raise_limit();
    return are_free;
}

static int wake_without_places(void *flags)
{
    struct loop loop = loop_open_flags(*(const uint32_t *)flags);
    struct mio_waker *waker = NULL;
    leave_places(3);
    int result = mio_waker_new(loop.registry, 7, &waker);
    if (!places_are_free(3) || (result < 0) != (waker == NULL))
        return 1;
    if (result < 0 && mio_waker_new(loop.registry, 7, &waker) != 0)
        return 2;
    if (mio_waker_wake(waker) != 0 || loop_wait(&loop, 10 * SECOND) != 1)
        return 3;
    mio_waker_free(waker);
    loop_close(&loop);
    return 0;
}

TEST(wake4_a_doorbell_takes_no_standard_streams_place)
{
    for (int i = 0; i < WAKER_KINDS; i++) {
        uint32_t flags = waker_kinds[i];
        CHECK_EQ(in_child(wake_without_places, &flags), 0);
    }
}

static int spawn_with_places(const struct mio_spawn_options *options, int places)
{
    struct loop loop = loop_open();
    struct mio_process process;
    leave_places(places);
    int result = mio_process_spawn(&process, loop.registry, 7, options);
    bool are_free = places_are_free(places);
    loop_close(&loop);
    return result < 0 && are_free && waitpid(-1, NULL, 0) < 0 && errno == ECHILD ? 0 : 1;
}

static int spawn_with_pipe(void *unused)
{
    struct mio_pipe_sender input;
    const struct mio_spawn_options options = {
        .program = "/bin/cat", .input = MIO_SPAWN_PIPE, .input_pipe = &input};
    (void)unused;
    return spawn_with_places(&options, 3);
}

static int spawn_with_standard_stream(void *unused)
{
    const struct mio_spawn_options options = {
        .program = "/bin/cat", .output = MIO_SPAWN_FD, .output_fd = STDERR_FILENO};
    (void)unused;
    return spawn_with_places(&options, 2);
}

TEST(proc8_a_pipe_takes_no_standard_streams_place)
{
    CHECK_EQ(in_child(spawn_with_pipe, NULL), 0);
}

TEST(proc8_a_standard_stream_that_cannot_be_lifted_is_an_error)
{
    CHECK_EQ(in_child(spawn_with_standard_stream, NULL), 0);
}

/* Where a process has a descriptor. */
static int watch_a_child(void *unused)
{
    struct loop loop = loop_open();
    struct mio_process process;
    (void)unused;
    pid_t child = fork();
    if (child == 0) {
        for (;;)
            (void)pause();
    }
    leave_places(3);
    int result = mio_process_watch_child(&process, loop.registry, 7, (int32_t)child);
    bool are_free = places_are_free(3);
    if (result == 0)
        CHECK_EQ(mio_process_close(&process), 0);
    CHECK_EQ(kill(child, SIGKILL), 0);
    CHECK_EQ(waitpid(child, NULL, 0), child);
    loop_close(&loop);
    return are_free ? 0 : 1;
}

TEST(proc1_a_process_takes_no_standard_streams_place)
{
    CHECK_EQ(in_child(watch_a_child, NULL), 0);
}

/* The program runs by the time there is no number for it: it is ended, and leaves nothing though
 * nobody may wait for it. */
static int spawn_ignoring_children(void *unused)
{
    struct loop loop = loop_open();
    struct mio_process process;
    const struct mio_spawn_options options = {.program = "/bin/cat", .input = MIO_SPAWN_NULL};
    (void)unused;
    (void)signal(SIGCHLD, SIG_IGN);
    int lowest = closed_descriptor();
    lower_limit(lowest);
    int result = mio_process_spawn(&process, loop.registry, 7, &options);
    raise_limit();
    if (result == 0) /* where processes have no descriptors */
        CHECK_EQ(mio_process_close(&process), 0);
    loop_close(&loop);
    return waitpid(-1, NULL, 0) < 0 && errno == ECHILD ? 0 : 1;
}

TEST(proc8_without_a_number_nothing_runs)
{
    CHECK_EQ(in_child(spawn_ignoring_children, NULL), 0);
}

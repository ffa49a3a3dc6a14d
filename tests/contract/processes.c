/* SPDX-License-Identifier: MIT */
/* PROC1 to PROC5: the end of a process, how it ended, whose it is to wait for, and killing it. */
#define _GNU_SOURCE

#include "processes.h"
#include "facts/facts.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { MANY_CHILDREN = 20 };

/* --- tools --- */

struct child child_start(int code, int signo)
{
    int ends[2];
    open_pipe(ends);
    struct child child = {.pid = fork(), .rope = ends[FAR]};
    REQUIRE(child.pid >= 0);
    if (child.pid == 0) {
        char byte;
        int flags = fcntl(ends[NEAR], F_GETFL);
        fcntl(ends[NEAR], F_SETFL, flags & ~O_NONBLOCK);
        close(ends[FAR]);
        while (read(ends[NEAR], &byte, 1) < 0 && errno == EINTR)
            continue;
        if (signo != 0)
            kill(getpid(), signo);
        _exit(code);
    }
    CHECK_EQ(close(ends[NEAR]), 0);
    return child;
}

void child_let_go(const struct child *child)
{
    CHECK_EQ(close(child->rope), 0);
}

void child_await(const struct child *child)
{
    siginfo_t info;
    int result;
    do
        result = waitid(P_PID, (id_t)child->pid, &info, WEXITED | WNOWAIT);
    while (result < 0 && errno == EINTR);
    REQUIRE_EQ(result, 0);
}

bool child_is_zombie(pid_t pid)
{
    siginfo_t info = {.si_pid = 0};
    return waitid(P_PID, (id_t)pid, &info, WEXITED | WNOHANG | WNOWAIT) == 0 && info.si_pid == pid;
}

void child_reap(pid_t pid)
{
    int result;
    do
        result = waitpid(pid, NULL, 0);
    while (result < 0 && errno == EINTR);
    CHECK_EQ(result, pid);
}

void expect_status(struct mio_process *process, int code, int signo, struct where where)
{
    struct mio_exit_status status;
    memset(&status, 0x5a, sizeof status);
    test_check_eq(mio_process_status(process, &status), 0, "status", "0", where.file, where.line);
    test_check_eq(status.exit_code, code, "exit code", "code", where.file, where.line);
    test_check_eq(status.signo, signo, "signal", "signo", where.file, where.line);
}

bool has_descriptor(const struct mio_process *process)
{
    return process->source.fd != MIO_INVALID_FD;
}

/* Where somebody has waited for it by then, Linux tells of a hang-up besides. */
static void await_ending(struct loop *loop, mio_token token)
{
    REQUIRE_EQ(loop_wait(loop, BOUND_SECONDS * SECOND), 1);
    const struct mio_event *event = mio_events_get(loop->events, 0);
    CHECK_EQ(mio_event_token(event), token);
    CHECK(mio_event_is_readable(event));
    EXPECT_NOTHING(loop);
}

static void expect_running(struct mio_process *process)
{
    struct mio_exit_status status = {.exit_code = 17};
    CHECK_EQ(mio_process_status(process, &status), -EAGAIN);
    CHECK_EQ(status.exit_code, 17);
}

/* --- PROC1: the end is told --- */

TEST(proc1_the_end_of_a_child_is_told_once)
{
    static const int signos[] = {0, SIGTERM, SIGKILL};
    struct loop loop = loop_open();

    for (int i = 0; i < 3; i++) {
        struct child child = child_start(i, signos[i]);
        struct mio_process process;
        memset(&process, 0x5a, sizeof process);
        REQUIRE_EQ(mio_process_watch_child(&process, loop.registry, 7, child.pid), 0);
        EXPECT_NOTHING(&loop);
        expect_running(&process);
        child_let_go(&child);
        AWAIT_EVENTS(&loop, {7, MIO_READABLE});
        EXPECT_STATUS(&process, signos[i] ? -1 : i, signos[i]);
        EXPECT_NOTHING(&loop);
        CHECK_EQ(mio_process_close(&process), 0);
        EXPECT_NOTHING(&loop);
    }

    loop_close(&loop);
}

TEST(proc1_a_child_that_has_ended_already_is_told_at_once)
{
    struct loop loop = loop_open();
    struct mio_process process;
    struct child child = child_start(9, 0);

    child_let_go(&child);
    child_await(&child);
    REQUIRE_EQ(mio_process_watch_child(&process, loop.registry, 7, child.pid), 0);
    EXPECT_ONE(&loop, 7, MIO_READABLE);
    EXPECT_STATUS(&process, 9, 0);
    CHECK_EQ(mio_process_close(&process), 0);

    loop_close(&loop);
}

TEST(proc1_the_end_of_a_child_ends_a_wait)
{
    struct loop loop = loop_open();
    struct mio_process process;
    struct child child = child_start(0, 0);

    REQUIRE_EQ(mio_process_watch_child(&process, loop.registry, 7, child.pid), 0);
    pthread_t thread = thread_start(wait_for_one, &loop);
    sleep_for(5 * MILLISECOND);
    child_let_go(&child);
    thread_join(thread);
    EXPECT_STATUS(&process, 0, 0);
    CHECK_EQ(mio_process_close(&process), 0);

    loop_close(&loop);
}

/* Many ends at once, of which one SIGCHLD may tell. */
TEST(proc1_every_child_is_told_of)
{
    struct loop loop = loop_open();
    struct child children[MANY_CHILDREN];
    struct mio_process processes[MANY_CHILDREN];
    bool told[MANY_CHILDREN] = {false};
    int left = MANY_CHILDREN;

    for (size_t i = 0; i < MANY_CHILDREN; i++) {
        children[i] = child_start((int)i, 0);
        REQUIRE_EQ(mio_process_watch_child(&processes[i], loop.registry, i, children[i].pid), 0);
    }
    for (size_t i = 0; i < MANY_CHILDREN; i++)
        child_let_go(&children[i * 7 % MANY_CHILDREN]);
    while (left > 0) {
        REQUIRE(loop_wait(&loop, BOUND_SECONDS * SECOND) > 0);
        mio_events_each(event, loop.events) {
            size_t index = (size_t)mio_event_token(event);
            CHECK(!told[index]);
            told[index] = true;
            EXPECT_STATUS(&processes[index], (int)index, 0);
            left--;
        }
    }
    EXPECT_NOTHING(&loop);
    for (size_t i = 0; i < MANY_CHILDREN; i++) {
        CHECK(!child_is_zombie(children[i].pid));
        CHECK_EQ(mio_process_close(&processes[i]), 0);
    }

    loop_close(&loop);
}

TEST(proc1_several_polls_hear_of_one_process)
{
    struct loop loops[2] = {loop_open(), loop_open()};
    struct mio_process processes[2];
    struct child child = child_start(5, 0);

    REQUIRE_EQ(mio_process_watch_child(&processes[0], loops[0].registry, 1, child.pid), 0);
    REQUIRE_EQ(mio_process_watch(&processes[1], loops[1].registry, 2, child.pid), 0);
    child_let_go(&child);
    AWAIT_EVENTS(&loops[1], {2, MIO_READABLE});
    EXPECT_STATUS(&processes[1], 5, 0);
    AWAIT_EVENTS(&loops[0], {1, MIO_READABLE});
    EXPECT_STATUS(&processes[0], 5, 0);
    for (int i = 0; i < 2; i++) {
        CHECK_EQ(mio_process_close(&processes[i]), 0);
        loop_close(&loops[i]);
    }
}

/* --- PROC2: what is told of it, and who waits for it --- */

TEST(proc2_a_child_that_was_given_leaves_no_zombie)
{
    struct loop loop = loop_open();
    struct mio_process process;
    struct mio_exit_status status;
    struct child child = child_start(3, 0);

    REQUIRE_EQ(mio_process_watch_child(&process, loop.registry, 7, child.pid), 0);
    child_let_go(&child);
    AWAIT_EVENTS(&loop, {7, MIO_READABLE});
    child_await(&child);
    CHECK(child_is_zombie(child.pid));
    REQUIRE_EQ(mio_process_status(&process, &status), 0);
    CHECK_EQ(status.exit_code, 3);
    CHECK(!child_is_zombie(child.pid));
    for (int i = 0; i < 3; i++)
        EXPECT_STATUS(&process, 3, 0);
    CHECK_EQ(mio_process_close(&process), 0);

    loop_close(&loop);
}

/* The status may be asked for before the event has come. */
TEST(proc2_the_status_does_not_take_the_event)
{
    struct loop loop = loop_open();
    struct mio_process process;
    struct child child = child_start(3, 0);

    REQUIRE_EQ(mio_process_watch_child(&process, loop.registry, 7, child.pid), 0);
    child_let_go(&child);
    child_await(&child);
    EXPECT_STATUS(&process, 3, 0);
    await_ending(&loop, 7);
    EXPECT_STATUS(&process, 3, 0);
    CHECK_EQ(mio_process_close(&process), 0);

    loop_close(&loop);
}

TEST(proc2_a_child_that_is_only_watched_is_the_programs_to_wait_for)
{
    struct loop loop = loop_open();
    struct mio_process process;
    struct mio_exit_status status;
    struct child child = child_start(4, 0);

    REQUIRE_EQ(mio_process_watch(&process, loop.registry, 7, child.pid), 0);
    child_let_go(&child);
    AWAIT_EVENTS(&loop, {7, MIO_READABLE});
    for (int i = 0; i < 2; i++)
        EXPECT_STATUS(&process, 4, 0);
    CHECK(child_is_zombie(child.pid));
    child_reap(child.pid);
    CHECK_EQ(mio_process_status(&process, &status), -ESRCH);
    CHECK_EQ(mio_process_close(&process), 0);

    loop_close(&loop);
}

TEST(proc2_other_children_are_left_alone)
{
    struct loop loop = loop_open();
    struct mio_process process;
    struct child own = child_start(1, 0);
    struct child other = child_start(2, 0);

    REQUIRE_EQ(mio_process_watch_child(&process, loop.registry, 7, own.pid), 0);
    child_let_go(&other);
    child_await(&other);
    EXPECT_NOTHING(&loop);
    expect_running(&process);
    child_let_go(&own);
    AWAIT_EVENTS(&loop, {7, MIO_READABLE});
    EXPECT_STATUS(&process, 1, 0);
    CHECK_EQ(mio_process_close(&process), 0);
    CHECK(child_is_zombie(other.pid));
    child_reap(other.pid);

    loop_close(&loop);
}

TEST(proc2_a_child_that_was_not_asked_for_is_the_programs_again)
{
    struct loop loop = loop_open();
    struct mio_process process;
    struct child child = child_start(1, 0);

    REQUIRE_EQ(mio_process_watch_child(&process, loop.registry, 7, child.pid), 0);
    CHECK_EQ(mio_process_close(&process), 0);
    child_let_go(&child);
    child_await(&child);
    EXPECT_NOTHING(&loop);
    child_reap(child.pid);

    loop_close(&loop);
}

/* --- PROC3: other processes --- */

/* A grandchild, whose parent has ended: its number, and what lets it go. */
static struct child orphan_start(void)
{
    int ends[2];
    struct child orphan;
    open_pipe(ends);
    REQUIRE_EQ(fcntl(ends[NEAR], F_SETFL, 0), 0);
    int rope[2];
    open_pipe(rope);
    pid_t parent = fork();
    REQUIRE(parent >= 0);
    if (parent == 0) {
        pid_t pid = fork();
        if (pid == 0) {
            char byte;
            fcntl(rope[NEAR], F_SETFL, 0);
            close(rope[FAR]);
            close(ends[FAR]);
            while (read(rope[NEAR], &byte, 1) < 0 && errno == EINTR)
                continue;
            _exit(0);
        }
        _exit(write(ends[FAR], &pid, sizeof pid) == (ssize_t)sizeof pid ? 0 : 1);
    }
    child_reap(parent);
    REQUIRE_EQ(read(ends[NEAR], &orphan.pid, sizeof orphan.pid), sizeof orphan.pid);
    CHECK_EQ(close(ends[NEAR]), 0);
    CHECK_EQ(close(ends[FAR]), 0);
    CHECK_EQ(close(rope[NEAR]), 0);
    orphan.rope = rope[FAR];
    return orphan;
}

TEST(proc3_a_process_that_is_no_child)
{
    struct loop loop = loop_open();
    struct mio_process process;
    struct mio_exit_status status;
    struct child orphan = orphan_start();

    CHECK_EQ(mio_process_watch_child(&process, loop.registry, 7, orphan.pid), -ESRCH);
    int result = mio_process_watch(&process, loop.registry, 7, orphan.pid);
    CHECK_EQ(result, fact("a process that is no child is watched"));
    if (result == 0) {
        EXPECT_NOTHING(&loop);
        CHECK_EQ(mio_process_status(&process, &status), -ESRCH);
        CHECK_EQ(mio_process_kill(&process, 0), 0);
        child_let_go(&orphan);
        await_ending(&loop, 7);
        CHECK_EQ(mio_process_status(&process, &status), -ESRCH);
        CHECK_EQ(mio_process_close(&process), 0);
    } else {
        child_let_go(&orphan);
    }

    loop_close(&loop);
}

TEST(proc3_a_process_that_is_not_there)
{
    struct loop loop = loop_open();
    struct mio_process process;
    struct child child = child_start(0, 0);

    child_let_go(&child);
    child_reap(child.pid);
    memset(&process, 0x5a, sizeof process);
    CHECK_EQ(mio_process_watch(&process, loop.registry, 7, child.pid), -ESRCH);
    CHECK_EQ(mio_process_watch_child(&process, loop.registry, 7, child.pid), -ESRCH);
    CHECK_EQ(process.pid, 0x5a5a5a5a);
    EXPECT_NOTHING(&loop);

    loop_close(&loop);
}

/* Somebody else has waited for it. */
TEST(proc3_a_status_that_somebody_has_taken)
{
    struct loop loop = loop_open();
    struct mio_process process;
    struct mio_exit_status status;
    struct child child = child_start(0, 0);

    REQUIRE_EQ(mio_process_watch_child(&process, loop.registry, 7, child.pid), 0);
    child_let_go(&child);
    child_reap(child.pid);
    await_ending(&loop, 7);
    CHECK_EQ(mio_process_status(&process, &status), -ESRCH);
    CHECK_EQ(mio_process_close(&process), 0);

    loop_close(&loop);
}

/* --- PROC4: killing --- */

TEST(proc4_a_process_is_sent_a_signal)
{
    struct loop loop = loop_open();
    struct mio_process process;
    struct child child = child_start(0, 0);

    REQUIRE_EQ(mio_process_watch_child(&process, loop.registry, 7, child.pid), 0);
    CHECK_EQ(mio_process_kill(&process, 0), 0);
    CHECK_EQ(mio_process_kill(&process, 1000), -EINVAL);
    EXPECT_NOTHING(&loop);
    CHECK_EQ(mio_process_kill(&process, SIGTERM), 0);
    AWAIT_EVENTS(&loop, {7, MIO_READABLE});
    EXPECT_STATUS(&process, -1, SIGTERM);
    CHECK_EQ(mio_process_kill(&process, SIGTERM), -ESRCH);
    CHECK_EQ(mio_process_kill(&process, 0), -ESRCH);
    CHECK_EQ(mio_process_close(&process), 0);
    child_let_go(&child);

    loop_close(&loop);
}

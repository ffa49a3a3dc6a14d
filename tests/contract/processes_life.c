/* SPDX-License-Identifier: MIT */
/* PROC5 and PROC6: misuse, memory, and the life of processes, polls and forks. */
#define _GNU_SOURCE

#include "processes.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

TEST(proc5_misuse_is_an_error)
{
    struct loop loop = loop_open();
    struct mio_process process;
    struct mio_exit_status status;
    struct child child = child_start(0, 0);

    memset(&process, 0, sizeof process);
    CHECK_EQ(mio_process_watch(null(), loop.registry, 7, child.pid), -EINVAL);
    CHECK_EQ(mio_process_watch(&process, null(), 7, child.pid), -EINVAL);
    CHECK_EQ(mio_process_watch(&process, loop.registry, 7, 0), -EINVAL);
    CHECK_EQ(mio_process_watch(&process, loop.registry, 7, -child.pid), -EINVAL);
    CHECK_EQ(mio_process_watch_child(null(), loop.registry, 7, child.pid), -EINVAL);
    CHECK_EQ(mio_process_watch_child(&process, null(), 7, child.pid), -EINVAL);
    CHECK_EQ(mio_process_watch_child(&process, loop.registry, 7, 0), -EINVAL);
    CHECK_EQ(mio_process_watch_child(&process, loop.registry, 7, getpid()), -ESRCH);
    CHECK_EQ(mio_process_status(&process, &status), -EINVAL);
    CHECK_EQ(mio_process_kill(&process, 0), -EINVAL);
    CHECK_EQ(mio_process_close(&process), -EBADF);
    REQUIRE_EQ(mio_process_watch_child(&process, loop.registry, 7, child.pid), 0);
    CHECK_EQ(mio_process_status(null(), &status), -EINVAL);
    CHECK_EQ(mio_process_status(&process, null()), -EINVAL);
    CHECK_EQ(mio_process_kill(null(), 0), -EINVAL);
    CHECK_EQ(mio_process_close(null()), -EINVAL);
    CHECK_EQ(mio_process_close(&process), 0);
    CHECK_EQ(mio_process_close(&process), -EBADF);
    CHECK_EQ(mio_process_status(&process, &status), -EINVAL);
    child_let_go(&child);
    child_reap(child.pid);

    loop_close(&loop);
}

/* Each allocation of the call fails once. */
TEST(proc5_without_memory_nothing_is_watched)
{
    struct loop loop = loop_open();
    struct child child = child_start(2, 0);
    int error = -ENOMEM;

    for (long n = 1; error == -ENOMEM; n++) {
        struct mio_process process;
        int descriptors = test_open_descriptors();
        test_fail_allocation(n);
        error = mio_process_watch_child(&process, loop.registry, 7, child.pid);
        test_fail_allocation(0);
        CHECK(error == 0 || error == -ENOMEM);
        if (error == 0)
            CHECK_EQ(mio_process_close(&process), 0);
        else
            CHECK_EQ(test_open_descriptors(), descriptors);
    }
    EXPECT_NOTHING(&loop);
    child_let_go(&child);
    child_reap(child.pid);
    EXPECT_NOTHING(&loop);

    loop_close(&loop);
}

TEST(proc5_without_descriptors_nothing_is_watched)
{
    struct loop loop = loop_open();
    struct mio_process process;
    struct child child = child_start(2, 0);

    REQUIRE_EQ(mio_process_watch_child(&process, loop.registry, 7, child.pid), 0);
    bool uses_one = has_descriptor(&process);
    CHECK_EQ(mio_process_close(&process), 0);
    if (uses_one) {
        struct rlimit limit;
        REQUIRE_EQ(getrlimit(RLIMIT_NOFILE, &limit), 0);
        struct rlimit lower = {.rlim_cur = 3, .rlim_max = limit.rlim_max};
        REQUIRE_EQ(setrlimit(RLIMIT_NOFILE, &lower), 0);
        CHECK_EQ(mio_process_watch_child(&process, loop.registry, 7, child.pid), -EMFILE);
        REQUIRE_EQ(setrlimit(RLIMIT_NOFILE, &limit), 0);
    }
    child_let_go(&child);
    child_reap(child.pid);
    EXPECT_NOTHING(&loop);

    loop_close(&loop);
}

TEST(proc6_a_poll_may_be_freed_before_its_processes)
{
    struct loop loop = loop_open();
    struct mio_process process;
    struct child child = child_start(6, 0);

    REQUIRE_EQ(mio_process_watch_child(&process, loop.registry, 7, child.pid), 0);
    loop_close(&loop);
    child_let_go(&child);
    child_await(&child);
    EXPECT_STATUS(&process, 6, 0);
    CHECK_EQ(mio_process_close(&process), 0);
}

struct heir {
    struct loop *loop;
    struct mio_process *process;
    struct child *child;
};

/* The number of the step that was wrong, or 0. */
static int use_parents_process(void *argument)
{
    struct heir *heir = argument;
    struct mio_exit_status status;
    struct mio_process made;
    struct loop *loop = heir->loop;
    pid_t pid = heir->child->pid;
    close(heir->child->rope);
    if (mio_process_watch(&made, loop->registry, 1, pid) != -ECHILD ||
        mio_process_watch_child(&made, loop->registry, 1, pid) != -ECHILD)
        return 1;
    if (mio_process_status(heir->process, &status) != -ECHILD ||
        mio_process_kill(heir->process, SIGTERM) != -ECHILD)
        return 2;
    /* Of a descriptor that this process has not got the number may be another's. */
    int other = open("/dev/null", O_RDONLY);
    if (mio_process_close(heir->process) != 0)
        return 3;
    if (fcntl(other, F_GETFD) < 0)
        return 4;
    close(other);
    loop_close(loop);
    return 0;
}

TEST(proc6_a_forked_child_has_no_processes)
{
    struct loop loop = loop_open();
    struct mio_process process;
    struct child child = child_start(6, 0);
    struct heir heir = {.loop = &loop, .process = &process, .child = &child};

    REQUIRE_EQ(mio_process_watch_child(&process, loop.registry, 7, child.pid), 0);
    CHECK_EQ(in_child(use_parents_process, &heir), 0);
    EXPECT_NOTHING(&loop);
    child_let_go(&child);
    AWAIT_EVENTS(&loop, {7, MIO_READABLE});
    EXPECT_STATUS(&process, 6, 0);
    CHECK_EQ(mio_process_close(&process), 0);

    loop_close(&loop);
}

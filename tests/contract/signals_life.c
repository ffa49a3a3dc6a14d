/* SPDX-License-Identifier: MIT */
/* SIG5, SIG6, SIG7: forks, misuse, threads. */
#define _GNU_SOURCE

#include "signals.h"

#include <errno.h>
#include <stdatomic.h>
#include <unistd.h>

enum { RAISERS = 2, ROUNDS_OF_RAISER = 2000 };

/* --- SIG5: in the child of a fork --- */

struct parent {
    struct loop loop;
    struct mio_signals *signals;
};

static struct parent parent_open(int signo)
{
    struct parent parent = {.loop = loop_open()};
    parent.signals = watch_signals(&parent.loop, 7, (int[]){signo, SIGWINCH, 0});
    return parent;
}

/* It has heard nothing, and hears its own signals. */
static void parent_close(struct parent *parent, int signo)
{
    EXPECT_NOTHING(&parent->loop);
    EXPECT_NO_SIGNAL(parent->signals);
    raise_signal(signo);
    EXPECT_ONE_SIGNAL(&parent->loop, 7, parent->signals, signo);
    mio_signals_free(parent->signals);
    loop_close(&parent->loop);
}

/* The number of the step that was wrong, or 0. */
static int use_parents_set(void *argument)
{
    struct parent *parent = argument;
    struct mio_signals *made = NULL;
    struct mio_signal signal;
    raise(SIGWINCH);
    if (mio_signals_new(parent->loop.registry, 1, &made) != -ECHILD || made)
        return 1;
    if (mio_signals_add(parent->signals, SIGUSR1) != -ECHILD ||
        mio_signals_remove(parent->signals, SIGTERM) != -ECHILD ||
        mio_signals_next(parent->signals, &signal) != -ECHILD)
        return 2;
    mio_signals_free(parent->signals);
    if (action_of(SIGTERM).sa_handler != SIG_DFL)
        return 3;
    loop_close(&parent->loop);
    return 0;
}

TEST(sig5_a_child_has_no_sets_and_may_free_them)
{
    struct parent parent = parent_open(SIGTERM);

    CHECK_EQ(in_child(use_parents_set, &parent), 0);

    parent_close(&parent, SIGTERM);
}

static int end_by_signal(void *argument)
{
    (void)argument;
    raise(SIGTERM);
    return 1;
}

TEST(sig5_the_default_action_happens_in_a_child)
{
    struct parent parent = parent_open(SIGTERM);

    CHECK_EQ(in_child(end_by_signal, &parent), 128 + SIGTERM);

    parent_close(&parent, SIGTERM);
}

static int watch_in_child(void *argument)
{
    struct parent *parent = argument;
    struct loop loop = loop_open();
    struct mio_signals *signals = watch_signals(&loop, 8, (int[]){SIGTERM, 0});
    struct mio_signal signal;
    raise(SIGTERM);
    if (loop_wait(&loop, 0) != 1 || mio_signals_next(signals, &signal) != 1)
        return 1;
    mio_signals_free(parent->signals);
    raise(SIGTERM);
    if (loop_wait(&loop, 0) != 1 || mio_signals_next(signals, &signal) != 1)
        return 2;
    mio_signals_free(signals);
    loop_close(&loop);
    raise(SIGTERM);
    return 3;
}

TEST(sig5_a_child_may_watch_by_a_set_of_its_own)
{
    struct parent parent = parent_open(SIGTERM);

    CHECK_EQ(in_child(watch_in_child, &parent), 128 + SIGTERM);

    parent_close(&parent, SIGTERM);
}

/* After its default action has been put back by a signal that nobody heard. */
static int watch_after_a_signal(void *argument)
{
    (void)argument;
    raise(SIGWINCH);
    struct loop loop = loop_open();
    struct mio_signals *signals = watch_signals(&loop, 8, (int[]){SIGWINCH, 0});
    struct mio_signal signal;
    raise(SIGWINCH);
    if (loop_wait(&loop, 0) != 1 || mio_signals_next(signals, &signal) != 1)
        return 1;
    mio_signals_free(signals);
    loop_close(&loop);
    return 0;
}

TEST(sig5_a_child_may_watch_what_it_did_not_hear)
{
    struct parent parent = parent_open(SIGTERM);

    CHECK_EQ(in_child(watch_after_a_signal, NULL), 0);

    parent_close(&parent, SIGTERM);
}

static volatile sig_atomic_t calls_in_family;

static void count_in_family(int signo)
{
    (void)signo;
    calls_in_family = calls_in_family + 1;
}

static int call_programs_handler(void *argument)
{
    (void)argument;
    calls_in_family = 0;
    raise(SIGUSR1);
    raise(SIGUSR1);
    return calls_in_family;
}

TEST(sig5_the_programs_handler_is_called_in_a_child)
{
    struct sigaction before = set_handler(SIGUSR1, count_in_family, 0);
    struct parent parent = parent_open(SIGUSR1);

    CHECK_EQ(in_child(call_programs_handler, NULL), 2);

    parent_close(&parent, SIGUSR1);
    set_action(SIGUSR1, &before);
}

static int execute(void *argument)
{
    (void)argument;
    execl("/bin/sh", "sh", "-c", "kill -TERM $$; exit 1", (char *)NULL);
    return 2;
}

TEST(sig5_a_program_that_is_executed_has_the_default_action)
{
    struct parent parent = parent_open(SIGTERM);

    CHECK_EQ(in_child(execute, NULL), 128 + SIGTERM);

    parent_close(&parent, SIGTERM);
}

/* --- SIG6: misuse --- */

TEST(sig6_misuse_is_an_error)
{
    static const int refused[] = {SIGKILL, SIGSTOP, SIGSEGV, SIGBUS, SIGFPE, SIGILL,
                                  SIGTRAP, SIGSYS,  0,       -1,     1000,   INT32_MAX};
    struct loop loop = loop_open();
    struct mio_signals *signals = watch_signals(&loop, 7, (int[]){SIGUSR1, SIGUSR2, 0});
    struct mio_signal signal;

    CHECK_EQ(mio_signals_new(null(), 1, &signals), -EINVAL);
    CHECK_EQ(mio_signals_new(loop.registry, 1, null()), -EINVAL);
    CHECK_EQ(mio_signals_add(null(), SIGUSR1), -EINVAL);
    CHECK_EQ(mio_signals_remove(null(), SIGUSR1), -EINVAL);
    CHECK_EQ(mio_signals_next(null(), &signal), -EINVAL);
    CHECK_EQ(mio_signals_next(signals, null()), -EINVAL);
    mio_signals_free(null());
    for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++) {
        CHECK_EQ(mio_signals_add(signals, refused[i]), -EINVAL);
        CHECK_EQ(mio_signals_remove(signals, refused[i]), -ENOENT);
    }
    CHECK_EQ(mio_signals_add(signals, SIGUSR2), -EEXIST);
    CHECK_EQ(mio_signals_remove(signals, SIGHUP), -ENOENT);
    CHECK_EQ(mio_signals_remove(signals, SIGUSR2), 0);
    CHECK_EQ(mio_signals_remove(signals, SIGUSR2), -ENOENT);
    raise_signal(SIGUSR1);
    EXPECT_ONE_SIGNAL(&loop, 7, signals, SIGUSR1);

    mio_signals_free(signals);
    loop_close(&loop);
}

TEST(sig6_without_memory_nothing_is_watched)
{
    struct loop loop = loop_open();
    struct mio_signals *signals = NULL;

    test_fail_allocation(1);
    CHECK_EQ(mio_signals_new(loop.registry, 7, &signals), -ENOMEM);
    test_fail_allocation(0);
    CHECK(!signals);
    signals = watch_signals(&loop, 7, (int[]){0});
    test_fail_allocation(1);
    CHECK_EQ(mio_signals_add(signals, SIGTERM), -ENOMEM);
    test_fail_allocation(0);
    CHECK(action_of(SIGTERM).sa_handler == SIG_DFL);
    EXPECT_NO_SIGNAL(signals);
    CHECK_EQ(mio_signals_add(signals, SIGTERM), 0);
    raise_signal(SIGTERM);
    EXPECT_ONE_SIGNAL(&loop, 7, signals, SIGTERM);

    mio_signals_free(signals);
    loop_close(&loop);
}

/* --- SIG7: nothing is lost, and nothing is used that was freed --- */

static atomic_uint raised;
static atomic_bool storm_is_over;

static void *raise_many(void *argument)
{
    (void)argument;
    for (int i = 0; i < ROUNDS_OF_RAISER; i++) {
        raise_signal(SIGUSR1);
        atomic_fetch_add(&raised, 1);
    }
    return NULL;
}

/* Sets that come and go. */
static void *watch_and_stop(void *argument)
{
    struct loop *loop = argument;
    while (!atomic_load(&storm_is_over)) {
        struct mio_signals *signals = watch_signals(loop, 8, (int[]){SIGUSR1, 0});
        struct mio_signal signal;
        CHECK(mio_signals_next(signals, &signal) >= 0);
        mio_signals_free(signals);
    }
    return NULL;
}

static unsigned take_all(struct mio_signals *signals)
{
    struct mio_signal signal;
    unsigned count = 0;
    while (mio_signals_next(signals, &signal) == 1) {
        CHECK_EQ(signal.pid, getpid());
        CHECK_EQ(signal.uid, getuid());
        count += signal.count;
    }
    return count;
}

TEST(sig7_a_storm_of_signals_loses_none_while_sets_come_and_go)
{
    struct loop loop = loop_open();
    struct loop other = loop_open();
    struct mio_signals *signals = watch_signals(&loop, 7, (int[]){SIGUSR1, 0});
    pthread_t raisers[RAISERS];
    unsigned counted = 0;
    int64_t start = test_now();

    atomic_store(&raised, 0);
    atomic_store(&storm_is_over, false);
    pthread_t watcher = thread_start(watch_and_stop, &other);
    for (int i = 0; i < RAISERS; i++)
        raisers[i] = thread_start(raise_many, NULL);
    while (counted < RAISERS * ROUNDS_OF_RAISER && !time_is_up(start, 30 * SECOND)) {
        CHECK(loop_wait(&loop, 10 * SECOND) > 0);
        counted += take_all(signals);
    }
    for (int i = 0; i < RAISERS; i++)
        thread_join(raisers[i]);
    atomic_store(&storm_is_over, true);
    thread_join(watcher);
    CHECK_EQ(counted, atomic_load(&raised));
    CHECK_EQ(take_all(signals), 0);

    mio_signals_free(signals);
    loop_close(&other);
    loop_close(&loop);
}

/* The default action of SIGUSR1 would end the test: one that is raised while it is watched is never
 * left to it, and one that comes when it is watched no more calls the program's handler. */
TEST(sig7_a_signal_that_comes_while_the_last_watcher_goes_calls_the_program)
{
    struct loop loop = loop_open();
    struct sigaction before = set_handler(SIGUSR1, count_in_family, 0);

    atomic_store(&storm_is_over, false);
    pthread_t watcher = thread_start(watch_and_stop, &loop);
    calls_in_family = 0;
    for (int i = 0; i < ROUNDS_OF_RAISER; i++)
        raise_signal(SIGUSR1);
    atomic_store(&storm_is_over, true);
    thread_join(watcher);
    CHECK_EQ(calls_in_family, ROUNDS_OF_RAISER);

    set_action(SIGUSR1, &before);
    loop_close(&loop);
}

/* SPDX-License-Identifier: MIT */
/* SIG1, SIG2, SIG4: what a set of signals tells, to whom, and when. */
#define _GNU_SOURCE

#include "signals.h"

#include <errno.h>
#include <string.h>
#include <sys/time.h>
#include <unistd.h>

/* --- tools --- */

struct mio_signals *watch_signals(struct loop *loop, mio_token token, const int *signos)
{
    struct mio_signals *signals = NULL;
    REQUIRE_EQ(mio_signals_new(loop->registry, token, &signals), 0);
    for (; *signos != 0; signos++)
        REQUIRE_EQ(mio_signals_add(signals, *signos), 0);
    return signals;
}

void raise_signal(int signo)
{
    CHECK_EQ(raise(signo), 0);
}

void expect_signal(struct mio_signals *signals, int signo, unsigned count, struct where where)
{
    struct mio_signal signal;
    memset(&signal, 0x5a, sizeof signal);
    bool is_there = mio_signals_next(signals, &signal) == 1;
    test_check(is_there, "a signal is told", where.file, where.line);
    if (!is_there)
        return;
    test_check_eq(signal.signo, signo, "signal", "the one", where.file, where.line);
    test_check_eq(signal.count, count, "count", "so often", where.file, where.line);
    test_check_eq(signal.pid, getpid(), "sender", "this process", where.file, where.line);
    test_check_eq(signal.uid, getuid(), "user", "this one", where.file, where.line);
    test_check(!signal.reserved[0] && !signal.reserved[1] && !signal.reserved[2], "zeros",
               where.file, where.line);
}

void expect_no_signal(struct mio_signals *signals, struct where where)
{
    struct mio_signal signal = {.signo = 17};
    test_check_eq(mio_signals_next(signals, &signal), 0, "nothing more", "0", where.file,
                  where.line);
    test_check_eq(signal.signo, 17, "untouched", "17", where.file, where.line);
}

/* --- SIG1: what is told --- */

TEST(sig1_a_signal_is_told_with_its_sender)
{
    struct loop loop = loop_open();
    struct mio_signals *signals = watch_signals(&loop, 7, (int[]){SIGTERM, 0});
    struct mio_signal signal;

    EXPECT_NOTHING(&loop);
    EXPECT_NO_SIGNAL(signals);
    raise_signal(SIGTERM);
    EXPECT_ONE_SIGNAL(&loop, 7, signals, SIGTERM);
    REQUIRE_EQ(kill(getpid(), SIGTERM), 0);
    AWAIT_EVENTS(&loop, {7, MIO_READABLE});
    REQUIRE_EQ(mio_signals_next(signals, &signal), 1);
    CHECK_EQ(signal.code, SI_USER);
    CHECK_EQ(signal.pid, getpid());

    mio_signals_free(signals);
    loop_close(&loop);
}

TEST(sig1_signals_that_were_not_taken_are_counted)
{
    struct loop loop = loop_open();
    struct mio_signals *signals = watch_signals(&loop, 7, (int[]){SIGUSR1, 0});

    for (int i = 0; i < 5; i++)
        raise_signal(SIGUSR1);
    EXPECT_ONE(&loop, 7, MIO_READABLE);
    for (int i = 0; i < 2; i++)
        raise_signal(SIGUSR1);
    EXPECT_SIGNAL(signals, SIGUSR1, 7);
    EXPECT_NO_SIGNAL(signals);
    AWAIT_EVENTS(&loop, {7, MIO_READABLE});
    EXPECT_NO_SIGNAL(signals);

    mio_signals_free(signals);
    loop_close(&loop);
}

TEST(sig1_the_signals_of_a_set_take_turns)
{
    struct loop loop = loop_open();
    struct mio_signals *signals =
        watch_signals(&loop, 7, (int[]){SIGUSR1, SIGUSR2, SIGHUP, SIGWINCH, 0});

    raise_signal(SIGWINCH);
    raise_signal(SIGUSR2);
    raise_signal(SIGUSR1);
    raise_signal(SIGUSR2);
    EXPECT_ONE(&loop, 7, MIO_READABLE);
    EXPECT_SIGNAL(signals, SIGUSR1, 1);
    raise_signal(SIGUSR1);
    EXPECT_SIGNAL(signals, SIGUSR2, 2);
    EXPECT_SIGNAL(signals, SIGWINCH, 1);
    EXPECT_SIGNAL(signals, SIGUSR1, 1);
    EXPECT_NO_SIGNAL(signals);

    mio_signals_free(signals);
    loop_close(&loop);
}

#if defined(SIGRTMIN)
TEST(sig1_signals_with_a_value_are_told_too)
{
    struct loop loop = loop_open();
    int signos[] = {SIGRTMIN, SIGRTMAX, 0};
    struct mio_signals *signals = watch_signals(&loop, 7, signos);
    struct mio_signal signal;

    REQUIRE_EQ(sigqueue(getpid(), SIGRTMAX, (union sigval){.sival_int = 5}), 0);
    AWAIT_EVENTS(&loop, {7, MIO_READABLE});
    REQUIRE_EQ(mio_signals_next(signals, &signal), 1);
    CHECK_EQ(signal.signo, SIGRTMAX);
    CHECK_EQ(signal.code, SI_QUEUE);
    CHECK_EQ(signal.pid, getpid());
    raise_signal(SIGRTMIN);
    EXPECT_ONE_SIGNAL(&loop, 7, signals, SIGRTMIN);

    mio_signals_free(signals);
    loop_close(&loop);
}
#endif

static int end_at_once(void *argument)
{
    (void)argument;
    return 3;
}

TEST(sig1_the_end_of_a_child_is_told_with_its_number)
{
    struct loop loop = loop_open();
    struct mio_signals *signals = watch_signals(&loop, 7, (int[]){SIGCHLD, 0});
    struct mio_signal signal;

    CHECK_EQ(in_child(end_at_once, NULL), 3);
    AWAIT_EVENTS(&loop, {7, MIO_READABLE});
    REQUIRE_EQ(mio_signals_next(signals, &signal), 1);
    CHECK_EQ(signal.signo, SIGCHLD);
    CHECK_EQ(signal.code, CLD_EXITED);
    CHECK(signal.pid > 0 && signal.pid != getpid());

    mio_signals_free(signals);
    loop_close(&loop);
}

/* A signal that no process sends. */
TEST(sig1_without_a_sender_none_is_told)
{
    struct loop loop = loop_open();
    struct mio_signals *signals = watch_signals(&loop, 7, (int[]){SIGALRM, 0});
    struct mio_signal signal;

    struct itimerval soon = {.it_value = {.tv_usec = 1000}};
    REQUIRE_EQ(setitimer(ITIMER_REAL, &soon, NULL), 0);
    AWAIT_EVENTS(&loop, {7, MIO_READABLE});
    REQUIRE_EQ(mio_signals_next(signals, &signal), 1);
    CHECK_EQ(signal.pid, 0);
    CHECK_EQ(signal.uid, 0);

    mio_signals_free(signals);
    loop_close(&loop);
}

/* --- SIG1: waits --- */

struct sender {
    pthread_t to;
    int signo;
};

static void *send_late(void *argument)
{
    struct sender *sender = argument;
    sleep_for(5 * MILLISECOND);
    CHECK_EQ(pthread_kill(sender->to, sender->signo), 0);
    return NULL;
}

TEST(sig1_a_wait_that_the_signal_interrupts_tells_of_it)
{
    static const int64_t timeouts[] = {MIO_FOREVER, 10 * SECOND};
    struct loop loop = loop_open();
    struct mio_signals *signals = watch_signals(&loop, 7, (int[]){SIGUSR1, 0});
    struct sender sender = {.to = pthread_self(), .signo = SIGUSR1};

    for (int i = 0; i < 4; i++) {
        pthread_t thread = thread_start(send_late, &sender);
        CHECK_EQ(mio_poll_wait(loop.poll, loop.events, timeouts[i % 2]), 1);
        CHECK_EQ(mio_event_token(mio_events_get(loop.events, 0)), 7);
        thread_join(thread);
        EXPECT_SIGNAL(signals, SIGUSR1, 1);
    }

    mio_signals_free(signals);
    loop_close(&loop);
}

TEST(sig1_a_signal_of_another_thread_ends_the_wait)
{
    struct loop loop = loop_open();
    struct mio_signals *signals = watch_signals(&loop, 7, (int[]){SIGUSR1, 0});

    pthread_t thread = thread_start(wait_for_one, &loop);
    sleep_for(5 * MILLISECOND);
    raise_signal(SIGUSR1);
    thread_join(thread);
    EXPECT_SIGNAL(signals, SIGUSR1, 1);

    mio_signals_free(signals);
    loop_close(&loop);
}

/* The first set is made while a thread waits directly. */
TEST(sig1_the_first_set_is_made_during_the_wait)
{
    struct loop loop = loop_open();

    pthread_t thread = thread_start(wait_for_one, &loop);
    sleep_for(5 * MILLISECOND);
    struct mio_signals *signals = watch_signals(&loop, 7, (int[]){SIGUSR1, 0});
    raise_signal(SIGUSR1);
    thread_join(thread);
    EXPECT_SIGNAL(signals, SIGUSR1, 1);

    mio_signals_free(signals);
    loop_close(&loop);
}

TEST(sig1_a_signal_that_is_removed_is_told_no_more)
{
    struct loop loop = loop_open();
    struct mio_signals *signals = watch_signals(&loop, 7, (int[]){SIGUSR1, SIGWINCH, SIGUSR2, 0});

    raise_signal(SIGWINCH);
    raise_signal(SIGUSR2);
    CHECK_EQ(mio_signals_remove(signals, SIGWINCH), 0);
    raise_signal(SIGWINCH);
    EXPECT_ONE_SIGNAL(&loop, 7, signals, SIGUSR2);
    raise_signal(SIGWINCH);
    EXPECT_NOTHING(&loop);
    CHECK_EQ(mio_signals_remove(signals, SIGUSR2), 0);
    CHECK_EQ(mio_signals_remove(signals, SIGUSR1), 0);
    REQUIRE_EQ(mio_signals_add(signals, SIGWINCH), 0);
    raise_signal(SIGWINCH);
    EXPECT_ONE_SIGNAL(&loop, 7, signals, SIGWINCH);

    mio_signals_free(signals);
    loop_close(&loop);
}

TEST(sig1_a_set_that_is_freed_gives_no_event)
{
    struct loop loop = loop_open();
    struct mio_signals *signals = watch_signals(&loop, 7, (int[]){SIGWINCH, 0});

    raise_signal(SIGWINCH);
    mio_signals_free(signals);
    raise_signal(SIGWINCH);
    EXPECT_NOTHING(&loop);

    loop_close(&loop);
}

TEST(sig1_a_poll_may_be_freed_before_its_sets)
{
    struct loop loop = loop_open();
    struct mio_signals *signals = watch_signals(&loop, 7, (int[]){SIGUSR1, 0});

    raise_signal(SIGUSR1);
    loop_close(&loop);
    raise_signal(SIGUSR1);
    EXPECT_SIGNAL(signals, SIGUSR1, 2);
    mio_signals_free(signals);
}

/* --- SIG2: everybody hears it --- */

TEST(sig2_every_set_of_every_poll_hears_a_signal)
{
    struct loop loops[2] = {loop_open(), loop_open()};
    struct mio_signals *sets[4];

    for (size_t i = 0; i < 4; i++)
        sets[i] = watch_signals(&loops[i / 2], i, (int[]){SIGUSR1, SIGWINCH, 0});
    raise_signal(SIGUSR1);
    for (size_t i = 0; i < 2; i++)
        EXPECT_EVENTS(&loops[i], {2 * i, MIO_READABLE}, {2 * i + 1, MIO_READABLE});
    for (size_t i = 0; i < 4; i++)
        EXPECT_SIGNAL(sets[i], SIGUSR1, 1);
    /* In any order of going, the others go on to hear it. */
    CHECK_EQ(mio_signals_remove(sets[1], SIGUSR1), 0);
    mio_signals_free(sets[3]);
    raise_signal(SIGUSR1);
    EXPECT_ONE_SIGNAL(&loops[0], 0, sets[0], SIGUSR1);
    EXPECT_ONE_SIGNAL(&loops[1], 2, sets[2], SIGUSR1);
    mio_signals_free(sets[0]);
    raise_signal(SIGUSR1);
    EXPECT_ONE_SIGNAL(&loops[1], 2, sets[2], SIGUSR1);
    raise_signal(SIGWINCH);
    EXPECT_ONE_SIGNAL(&loops[0], 1, sets[1], SIGWINCH);

    mio_signals_free(sets[1]);
    mio_signals_free(sets[2]);
    for (size_t i = 0; i < 2; i++)
        loop_close(&loops[i]);
}

/* --- SIG4: masks --- */

TEST(sig4_a_blocked_signal_stays_pending)
{
    struct loop loop = loop_open();
    struct mio_signals *signals = watch_signals(&loop, 7, (int[]){SIGUSR1, 0});
    sigset_t blocked;
    sigset_t before;
    sigset_t now;

    sigemptyset(&blocked);
    sigaddset(&blocked, SIGUSR1);
    REQUIRE_EQ(pthread_sigmask(SIG_BLOCK, &blocked, &before), 0);
    raise_signal(SIGUSR1);
    EXPECT_NOTHING(&loop);
    EXPECT_NO_SIGNAL(signals);
    CHECK_EQ(mio_signals_add(signals, SIGUSR2), 0);
    CHECK_EQ(mio_signals_remove(signals, SIGUSR2), 0);
    REQUIRE_EQ(pthread_sigmask(SIG_SETMASK, &before, &now), 0);
    CHECK_EQ(sigismember(&now, SIGUSR1), 1);
    CHECK_EQ(sigismember(&now, SIGUSR2), 0);
    EXPECT_ONE_SIGNAL(&loop, 7, signals, SIGUSR1);

    mio_signals_free(signals);
    loop_close(&loop);
}

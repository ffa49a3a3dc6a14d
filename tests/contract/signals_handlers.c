/* SPDX-License-Identifier: MIT */
/* SIG3: what a signal did before it still does, and does again afterwards. */
#define _GNU_SOURCE

#include "signals.h"

#include <errno.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static volatile sig_atomic_t calls;
static volatile sig_atomic_t last_code;
static volatile sig_atomic_t blocked_inside;

static void count_call(int signo)
{
    (void)signo;
    calls = calls + 1;
    errno = EDOM;
}

static void count_informed(int signo, siginfo_t *info, void *context)
{
    sigset_t mask;
    sigprocmask(SIG_BLOCK, NULL, &mask);
    blocked_inside = sigismember(&mask, SIGUSR2) + 2 * sigismember(&mask, signo);
    last_code = info->si_pid == getpid() && context ? info->si_signo : -1;
    calls = calls + 1;
}

struct sigaction action_of(int signo)
{
    struct sigaction action;
    REQUIRE_EQ(sigaction(signo, NULL, &action), 0);
    return action;
}

void set_action(int signo, const struct sigaction *action)
{
    REQUIRE_EQ(sigaction(signo, action, NULL), 0);
}

struct sigaction set_handler(int signo, void (*handler)(int), int flags)
{
    struct sigaction before = action_of(signo);
    struct sigaction action;
    memset(&action, 0, sizeof action);
    action.sa_handler = handler;
    action.sa_flags = flags;
    sigemptyset(&action.sa_mask);
    set_action(signo, &action);
    calls = 0;
    return before;
}

TEST(sig3_the_programs_handler_is_called)
{
    struct loop loop = loop_open();
    struct sigaction before = set_handler(SIGUSR1, count_call, 0);
    struct mio_signals *signals = watch_signals(&loop, 7, (int[]){SIGUSR1, 0});

    errno = ERANGE;
    raise_signal(SIGUSR1);
    CHECK_EQ(errno, ERANGE);
    CHECK_EQ(calls, 1);
    EXPECT_ONE_SIGNAL(&loop, 7, signals, SIGUSR1);
    mio_signals_free(signals);
    struct sigaction after = action_of(SIGUSR1);
    CHECK(after.sa_handler == count_call && (after.sa_flags & SA_SIGINFO) == 0);
    raise_signal(SIGUSR1);
    CHECK_EQ(calls, 2);

    set_action(SIGUSR1, &before);
    loop_close(&loop);
}

static void needs_masks_of_handlers(void)
{
#if defined(__SANITIZE_THREAD__)
    SKIP("ThreadSanitizer calls handlers from one of its own, in which all signals are blocked");
#endif
}

TEST(sig3_the_programs_handler_has_its_mask_and_what_is_told)
{
    needs_masks_of_handlers();
    struct loop loop = loop_open();
    struct sigaction before = action_of(SIGUSR1);
    struct sigaction action;
    static const int flags[] = {SA_SIGINFO | SA_RESTART, SA_SIGINFO | SA_NODEFER};

    for (int i = 0; i < 2; i++) {
        memset(&action, 0, sizeof action);
        action.sa_sigaction = count_informed;
        action.sa_flags = flags[i];
        sigemptyset(&action.sa_mask);
        sigaddset(&action.sa_mask, SIGUSR2);
        set_action(SIGUSR1, &action);
        calls = 0;
        struct mio_signals *signals = watch_signals(&loop, 7, (int[]){SIGUSR1, 0});
        raise_signal(SIGUSR1);
        CHECK_EQ(calls, 1);
        CHECK_EQ(last_code, SIGUSR1);
        CHECK_EQ(blocked_inside, i == 0 ? 3 : 1);
        EXPECT_ONE_SIGNAL(&loop, 7, signals, SIGUSR1);
        mio_signals_free(signals);
        struct sigaction after = action_of(SIGUSR1);
        CHECK(after.sa_sigaction == count_informed);
        CHECK_EQ(after.sa_flags & flags[i], flags[i]);
        CHECK_EQ(sigismember(&after.sa_mask, SIGUSR2), 1);
    }

    set_action(SIGUSR1, &before);
    loop_close(&loop);
}

/* SA_RESETHAND. */
TEST(sig3_a_handler_for_once_is_called_once)
{
    struct loop loop = loop_open();
    struct sigaction before = set_handler(SIGUSR1, count_call, (int)SA_RESETHAND);
    struct mio_signals *signals = watch_signals(&loop, 7, (int[]){SIGUSR1, 0});

    for (int i = 0; i < 3; i++)
        raise_signal(SIGUSR1);
    CHECK_EQ(calls, 1);
    EXPECT_ONE(&loop, 7, MIO_READABLE);
    EXPECT_SIGNAL(signals, SIGUSR1, 3);
    mio_signals_free(signals);
    CHECK(action_of(SIGUSR1).sa_handler == SIG_DFL);
    /* And one that is not called remains. */
    set_handler(SIGUSR1, count_call, (int)SA_RESETHAND);
    signals = watch_signals(&loop, 7, (int[]){SIGUSR1, 0});
    mio_signals_free(signals);
    struct sigaction after = action_of(SIGUSR1);
    CHECK(after.sa_handler == count_call && (after.sa_flags & (int)SA_RESETHAND) != 0);

    set_action(SIGUSR1, &before);
    loop_close(&loop);
}

/* Linux leaves SA_SIGINFO behind when such a handler has been called. */
static int raise_after_a_handler_for_once(void *unused)
{
    (void)unused;
    struct sigaction action;
    memset(&action, 0, sizeof action);
    action.sa_sigaction = count_informed;
    action.sa_flags = SA_SIGINFO | (int)SA_RESETHAND;
    sigemptyset(&action.sa_mask);
    set_action(SIGTERM, &action);
    raise_signal(SIGTERM);
    struct loop loop = loop_open();
    struct mio_signals *signals = watch_signals(&loop, 7, (int[]){SIGTERM, 0});
    struct sigaction ours = action_of(SIGTERM);
    raise_signal(SIGTERM);
    EXPECT_ONE_SIGNAL(&loop, 7, signals, SIGTERM);
    mio_signals_free(signals);
    loop_close(&loop);
    if ((ours.sa_flags & SA_RESTART) == 0)
        return 1;
    raise_signal(SIGTERM);
    return 2;
}

TEST(sig3_a_handler_for_once_that_was_called_is_none)
{
    CHECK_EQ(in_child(raise_after_a_handler_for_once, NULL), 128 + SIGTERM);
}

TEST(sig3_the_default_action_does_not_happen_and_is_put_back)
{
    struct loop loop = loop_open();
    struct mio_signals *sets[2];

    CHECK(action_of(SIGTERM).sa_handler == SIG_DFL);
    for (size_t i = 0; i < 2; i++)
        sets[i] = watch_signals(&loop, i, (int[]){SIGTERM, 0});
    raise_signal(SIGTERM);
    mio_signals_free(sets[0]);
    raise_signal(SIGTERM);
    AWAIT_EVENTS(&loop, {1, MIO_READABLE});
    EXPECT_SIGNAL(sets[1], SIGTERM, 2);
    CHECK_EQ(mio_signals_remove(sets[1], SIGTERM), 0);
    CHECK(action_of(SIGTERM).sa_handler == SIG_DFL);
    /* And once more. */
    REQUIRE_EQ(mio_signals_add(sets[1], SIGTERM), 0);
    raise_signal(SIGTERM);
    EXPECT_ONE_SIGNAL(&loop, 1, sets[1], SIGTERM);
    mio_signals_free(sets[1]);
    CHECK(action_of(SIGTERM).sa_handler == SIG_DFL);

    loop_close(&loop);
}

TEST(sig3_an_ignored_signal_is_told)
{
    struct loop loop = loop_open();
    struct sigaction before = set_handler(SIGUSR1, SIG_IGN, 0);
    struct mio_signals *signals = watch_signals(&loop, 7, (int[]){SIGUSR1, 0});

    raise_signal(SIGUSR1);
    EXPECT_ONE_SIGNAL(&loop, 7, signals, SIGUSR1);
    mio_signals_free(signals);
    CHECK(action_of(SIGUSR1).sa_handler == SIG_IGN);

    set_action(SIGUSR1, &before);
    loop_close(&loop);
}

/* Who ignores SIGCHLD has no children to wait for, whoever watches it. */
TEST(sig3_children_of_who_ignores_them_leave_nothing)
{
    struct loop loop = loop_open();
    struct sigaction before = set_handler(SIGCHLD, SIG_IGN, 0);
    struct mio_signals *signals = watch_signals(&loop, 7, (int[]){SIGCHLD, 0});

    pid_t child = fork();
    REQUIRE(child >= 0);
    if (child == 0)
        _exit(3);
    AWAIT_EVENTS(&loop, {7, MIO_READABLE});
    int waited;
    do
        waited = waitpid(child, NULL, 0);
    while (waited < 0 && errno == EINTR);
    CHECK(waited < 0 && errno == ECHILD);
    mio_signals_free(signals);

    set_action(SIGCHLD, &before);
    loop_close(&loop);
}

/* --- handlers that the program sets meanwhile --- */

static struct sigaction covered;

static void call_covered(int signo, siginfo_t *info, void *context)
{
    calls = calls + 1;
    if ((covered.sa_flags & SA_SIGINFO) != 0)
        covered.sa_sigaction(signo, info, context);
}

static void cover(int signo)
{
    struct sigaction action;
    memset(&action, 0, sizeof action);
    action.sa_sigaction = call_covered;
    action.sa_flags = SA_SIGINFO;
    sigemptyset(&action.sa_mask);
    REQUIRE_EQ(sigaction(signo, &action, &covered), 0);
    calls = 0;
}

/* The program's calls ours, which is heard, and never the other way round. */
TEST(sig3_a_handler_that_was_put_in_its_place_is_left_there)
{
    struct loop loop = loop_open();
    struct mio_signals *signals = watch_signals(&loop, 7, (int[]){SIGUSR1, 0});

    cover(SIGUSR1);
    raise_signal(SIGUSR1);
    CHECK_EQ(calls, 1);
    EXPECT_ONE_SIGNAL(&loop, 7, signals, SIGUSR1);
    struct mio_signals *other = watch_signals(&loop, 8, (int[]){SIGUSR1, 0});
    raise_signal(SIGUSR1);
    CHECK_EQ(calls, 2);
    EXPECT_EVENTS(&loop, {7, MIO_READABLE}, {8, MIO_READABLE});
    mio_signals_free(signals);
    mio_signals_free(other);
    CHECK(action_of(SIGUSR1).sa_sigaction == call_covered);
    /* Nobody watches: the program's handler is all that is done. */
    raise_signal(SIGUSR1);
    CHECK_EQ(calls, 3);
    signals = watch_signals(&loop, 7, (int[]){SIGUSR1, 0});
    raise_signal(SIGUSR1);
    CHECK_EQ(calls, 4);
    EXPECT_ONE_SIGNAL(&loop, 7, signals, SIGUSR1);
    mio_signals_free(signals);

    set_handler(SIGUSR1, SIG_DFL, 0);
    loop_close(&loop);
}

TEST(sig3_a_disposition_set_meanwhile_is_left_and_served_again)
{
    struct loop loop = loop_open();
    struct mio_signals *signals = watch_signals(&loop, 7, (int[]){SIGUSR1, 0});

    struct sigaction ours = set_handler(SIGUSR1, SIG_IGN, 0);
    CHECK((ours.sa_flags & SA_SIGINFO) != 0);
    raise_signal(SIGUSR1);
    EXPECT_NOTHING(&loop);
    /* A further watcher puts the handler where there is none. */
    struct mio_signals *other = watch_signals(&loop, 8, (int[]){SIGUSR1, 0});
    raise_signal(SIGUSR1);
    EXPECT_EVENTS(&loop, {7, MIO_READABLE}, {8, MIO_READABLE});
    mio_signals_free(other);
    set_handler(SIGUSR1, SIG_DFL, 0);
    mio_signals_free(signals);
    CHECK(action_of(SIGUSR1).sa_handler == SIG_DFL);
    /* What is set when nobody watches is called again. */
    struct sigaction before = set_handler(SIGUSR1, count_call, 0);
    signals = watch_signals(&loop, 7, (int[]){SIGUSR1, 0});
    raise_signal(SIGUSR1);
    CHECK_EQ(calls, 1);
    EXPECT_ONE_SIGNAL(&loop, 7, signals, SIGUSR1);
    mio_signals_free(signals);

    set_action(SIGUSR1, &before);
    loop_close(&loop);
}

/* Ours is put over a handler that does not call it, though it was beneath another one that did. */
TEST(sig3_another_handler_set_when_nobody_watches_is_served_too)
{
    struct loop loop = loop_open();
    struct mio_signals *signals = watch_signals(&loop, 7, (int[]){SIGUSR1, 0});

    cover(SIGUSR1);
    mio_signals_free(signals);
    CHECK(action_of(SIGUSR1).sa_sigaction == call_covered);
    set_handler(SIGUSR1, count_call, 0);
    signals = watch_signals(&loop, 7, (int[]){SIGUSR1, 0});
    raise_signal(SIGUSR1);
    CHECK_EQ(calls, 1);
    EXPECT_ONE_SIGNAL(&loop, 7, signals, SIGUSR1);
    mio_signals_free(signals);
    CHECK(action_of(SIGUSR1).sa_handler == count_call);

    set_handler(SIGUSR1, SIG_DFL, 0);
    loop_close(&loop);
}

/* --- handlers that the program has taken back while they run --- */

static void ignore_and_call_covered(int signo, siginfo_t *info, void *context)
{
    (void)signal(signo, SIG_IGN);
    call_covered(signo, info, context);
}

/* Nobody hears the signal that the program's handler passes on. */
static void raise_with_nobody(int signo, void (*handler)(int, siginfo_t *, void *), int flags)
{
    struct loop loop = loop_open();
    struct mio_signals *signals = watch_signals(&loop, 7, (int[]){signo, 0});
    struct sigaction action;
    memset(&action, 0, sizeof action);
    action.sa_sigaction = handler;
    action.sa_flags = SA_SIGINFO | flags;
    sigemptyset(&action.sa_mask);
    REQUIRE_EQ(sigaction(signo, &action, &covered), 0);
    calls = 0;
    mio_signals_free(signals);
    loop_close(&loop);
    raise_signal(signo);
}

static int raise_by_default(void *unused)
{
    (void)unused;
    raise_with_nobody(SIGTERM, call_covered, (int)SA_RESETHAND);
    return 1;
}

TEST(sig3_the_default_action_happens_when_a_handler_for_once_passes_it_on)
{
    CHECK_EQ(in_child(raise_by_default, NULL), 128 + SIGTERM);
    /* Which may be none. */
    raise_with_nobody(SIGURG, call_covered, (int)SA_RESETHAND);
    CHECK_EQ(calls, 1);
    CHECK(action_of(SIGURG).sa_handler == SIG_DFL);
}

TEST(sig3_nothing_happens_when_a_handler_ignores_what_it_passes_on)
{
    struct sigaction before = action_of(SIGTERM);

    raise_with_nobody(SIGTERM, ignore_and_call_covered, 0);
    CHECK_EQ(calls, 1);
    CHECK(action_of(SIGTERM).sa_handler == SIG_IGN);

    set_action(SIGTERM, &before);
}

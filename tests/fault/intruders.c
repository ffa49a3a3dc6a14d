/* SPDX-License-Identifier: MIT */
/* What another thread does between two steps of a call: here it is done by the call itself, so that
 * it always falls where it matters. */
#define _GNU_SOURCE

#include "fault.h"
#include "redirected_kqueue.h"
#include "sweep.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

/* --- the first poll of a process, made by two threads at once --- */

enum { NOBODY_CAME = 77 };

static struct mio_poll *made_first;

static struct mio_poll *another_poll(void)
{
    struct mio_options options = {.backend = swept_backend()};
    struct mio_poll *poll = NULL;
    return mio_poll_new(&options, &poll) == 0 ? poll : NULL;
}

static void make_first(void)
{
    made_first = another_poll();
}

static bool is_usable(struct mio_poll *poll)
{
    struct mio_events *events;
    if (!poll || mio_events_new(1, NULL, &events) != 0)
        return false;
    bool usable = mio_poll_wait(poll, events, 0) == 0;
    mio_events_free(events);
    return usable;
}

static int make_second(void)
{
    fault_meanwhile(CALL_pthread_atfork, make_first);
    struct mio_poll *second = another_poll();
    fault_meanwhile(CALLS, NULL);
    bool usable = is_usable(second) && (!made_first || is_usable(made_first));
    bool came = made_first != NULL;
    mio_poll_free(made_first);
    mio_poll_free(second);
    return usable ? came ? 0 : NOBODY_CAME : 1;
}

/* In a child, so that this process has made no poll yet for the test that follows either. */
static void check_in_child(int (*run)(void))
{
    int status;
    fflush(NULL);
    pid_t child = fork();
    REQUIRE(child >= 0);
    if (child == 0)
        _exit(run());
    REQUIRE_EQ(waitpid(child, &status, 0), child);
    REQUIRE(WIFEXITED(status));
    if (WEXITSTATUS(status) == NOBODY_CAME)
        SKIP("this process has made polls before, or the kernel wipes a page of its children");
    CHECK_EQ(WEXITSTATUS(status), 0);
}

TEST(intruder_makes_the_first_poll)
{
    check_in_child(make_second);
}

/* And the kernel wipes a page for it, which it refused to this thread. */
static int make_second_without_a_page(void)
{
    fault_order((struct fault){CALL_madvise, 1, EINVAL});
    return make_second();
}

TEST(intruder_makes_the_first_page)
{
    check_in_child(make_second_without_a_page);
}

/* --- a registration that changes while its event is on the way --- */

static struct {
    struct loop loop;
    int ends[2];
} victim;

static void deregister(void)
{
    CHECK_EQ(mio_registry_deregister(victim.loop.registry, victim.ends[NEAR]), 0);
}

static void reregister(void)
{
    CHECK_EQ(mio_registry_reregister(victim.loop.registry, victim.ends[NEAR], TWO, MIO_READABLE),
             0);
}

static void begin(void)
{
    victim.loop.poll = another_poll();
    REQUIRE(victim.loop.poll != NULL);
    victim.loop.registry = mio_poll_registry(victim.loop.poll);
    REQUIRE_EQ(mio_events_new(4, NULL, &victim.loop.events), 0);
    open_pair(victim.ends);
    put(victim.ends[FAR], "x");
}

static void end(void)
{
    close_ends(victim.ends);
    mio_events_free(victim.loop.events);
    mio_poll_free(victim.loop.poll);
}

TEST(intruder_deregisters_during_poll)
{
    if (!sweeps("poll"))
        SKIP("of the selector over poll(2)");
    begin();
    CHECK_EQ(mio_registry_register(victim.loop.registry, victim.ends[NEAR], ONE, MIO_READABLE), 0);
    fault_meanwhile(CALL_poll, deregister);
    CHECK_EQ(mio_poll_wait(victim.loop.poll, victim.loop.events, 0), 0);
    CHECK_EQ(mio_poll_wait(victim.loop.poll, victim.loop.events, 0), 0);
    end();
}

TEST(intruder_reregisters_during_poll)
{
    if (!sweeps("poll"))
        SKIP("of the selector over poll(2)");
    begin();
    CHECK_EQ(mio_registry_register(victim.loop.registry, victim.ends[NEAR], ONE, MIO_READABLE), 0);
    fault_meanwhile(CALL_poll, reregister);
    CHECK_EQ(mio_poll_wait(victim.loop.poll, victim.loop.events, 0), 0);
    CHECK_EQ(mio_poll_wait(victim.loop.poll, victim.loop.events, 0), 1);
    CHECK_EQ(mio_event_token(mio_events_get(victim.loop.events, 0)), TWO);
    end();
}

static char intruders_path[64];

/* The end of a FIFO's writers stands when it is asked for anew, and is over when poll(2) looks. */
static void rearm_and_open_writer(void)
{
    CHECK_EQ(mio_registry_rearm(victim.loop.registry, victim.ends[NEAR], MIO_READABLE), 0);
    victim.ends[FAR] = open(intruders_path, O_WRONLY | O_NONBLOCK | O_CLOEXEC);
    CHECK(victim.ends[FAR] >= 0);
}

TEST(intruder_rearms_during_a_look)
{
    if (!sweeps("poll"))
        SKIP("of the selector over poll(2)");
    begin();
    close_ends(victim.ends);
    snprintf(intruders_path, sizeof intruders_path, "/tmp/mio-intruder-%ld", (long)getpid());
    REQUIRE_EQ(mkfifo(intruders_path, 0600), 0);
    victim.ends[NEAR] = open(intruders_path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    victim.ends[FAR] = open(intruders_path, O_WRONLY | O_NONBLOCK | O_CLOEXEC);
    CHECK_EQ(mio_registry_register(victim.loop.registry, victim.ends[NEAR], ONE, MIO_READABLE), 0);
    CHECK_EQ(close(victim.ends[FAR]), 0);
    CHECK(mio_poll_wait(victim.loop.poll, victim.loop.events, 0) >= 0); /* not every system tells */
    fault_meanwhile(CALL_poll, rearm_and_open_writer);
    CHECK_EQ(mio_poll_wait(victim.loop.poll, victim.loop.events, 0), 0);
    put(victim.ends[FAR], "x");
    CHECK_EQ(mio_poll_wait(victim.loop.poll, victim.loop.events, INT64_C(10000000000)), 1);
    CHECK_EQ(mio_event_token(mio_events_get(victim.loop.events, 0)), ONE);
    CHECK_EQ(unlink(intruders_path), 0);
    end();
}

/* --- more descriptors than poll(2) takes at once, since the limit was lowered --- */

/* They are asked in parts, of which one may be refused. */
TEST(intruder_lowers_the_limit)
{
    struct rlimit usual;
    struct rlimit lower;
    if (!sweeps("poll"))
        SKIP("of the selector over poll(2)");
    begin();
    CHECK_EQ(mio_registry_register(victim.loop.registry, victim.ends[NEAR], ONE, MIO_READABLE), 0);
    REQUIRE_EQ(getrlimit(RLIMIT_NOFILE, &usual), 0);
    lower = usual;
    lower.rlim_cur = 1;
    REQUIRE_EQ(setrlimit(RLIMIT_NOFILE, &lower), 0);
    for (unsigned nth = 2; nth < 4; nth++) {
        fault_order((struct fault){CALL_poll, nth, ENOMEM});
        CHECK_EQ(mio_poll_wait(victim.loop.poll, victim.loop.events, 0), -ENOMEM);
        CHECK(fault_struck());
    }
    fault_order((struct fault){.nth = 0});
    CHECK_EQ(mio_poll_wait(victim.loop.poll, victim.loop.events, 0), 1);
    REQUIRE_EQ(setrlimit(RLIMIT_NOFILE, &usual), 0);
    end();
}

/* --- the first waker of a poll that another thread waits with --- */

static struct mio_waker *made_waker;

static void make_first_waker(void)
{
    CHECK_EQ(mio_waker_new(victim.loop.registry, TWO, &made_waker), 0);
}

/* What the wait calls, if it is not to sleep for ever. */
static enum call wait_row(bool sleeps)
{
    if (sweeps("kqueue"))
        return CALL_kevent_wait;
    if (sweeps("epoll"))
        return CALL_epoll_pwait;
    return sleeps && MIO_PLATFORM == MIO_PLATFORM_LINUX ? CALL_ppoll : CALL_poll;
}

static void expect_one(mio_token token)
{
    CHECK_EQ(mio_poll_wait(victim.loop.poll, victim.loop.events, INT64_C(10000000000)), 1);
    mio_events_each(event, victim.loop.events) {
        CHECK_EQ(mio_event_token(event), token);
    }
    CHECK_EQ(mio_poll_wait(victim.loop.poll, victim.loop.events, 0), 0);
    CHECK_EQ(mio_poll_wait(victim.loop.poll, victim.loop.events, 1000000), 0);
}

TEST(intruder_makes_the_first_waker_during_a_wait)
{
    for (int sleeps = 0; sleeps < 2; sleeps++) {
        int64_t timeout = sleeps * INT64_C(10000000000);
        begin();
        CHECK_EQ(mio_registry_register(victim.loop.registry, victim.ends[NEAR], ONE, MIO_READABLE),
                 0);
        made_waker = NULL;
        fault_meanwhile(wait_row(sleeps), make_first_waker);
        CHECK_EQ(mio_poll_wait(victim.loop.poll, victim.loop.events, timeout), 1);
        REQUIRE(made_waker != NULL);
        CHECK_EQ(mio_event_token(mio_events_get(victim.loop.events, 0)), ONE);
        CHECK_EQ(mio_waker_wake(made_waker), 0);
        expect_one(TWO);
        drain(victim.ends[NEAR]);
        CHECK_EQ(mio_registry_rearm(victim.loop.registry, victim.ends[NEAR], MIO_READABLE), 0);
        put(victim.ends[FAR], "y");
        expect_one(ONE);
        mio_waker_free(made_waker);
        end();
    }
}

/* --- a descriptor that is closed while its registration changes --- */

static int intruders_logged;

static void count_log_of_intruders(int error, const char *what, void *user)
{
    (void)error;
    (void)what;
    (void)user;
    intruders_logged++;
}

static void close_near(void)
{
    CHECK_EQ(close(victim.ends[NEAR]), 0);
}

TEST(intruder_closes_an_exclusive_source_that_is_changed)
{
    struct mio_options options = {.backend = swept_backend(), .log = count_log_of_intruders};
    struct mio_source source;
    if (!sweeps("epoll"))
        SKIP("MIO_EXCLUSIVE is epoll's");
    begin();
    mio_poll_free(victim.loop.poll);
    REQUIRE_EQ(mio_poll_new(&options, &victim.loop.poll), 0);
    mio_source_init(&source, victim.ends[NEAR]);
    CHECK_EQ(mio_source_register(&source, mio_poll_registry(victim.loop.poll), ONE, EXCLUSIVE), 0);
    intruders_logged = 0;
    fault_meanwhile(CALL_epoll_ctl_add, close_near);
    CHECK_EQ(mio_source_reregister(&source, TWO, EXCLUSIVE | MIO_WRITABLE), -EBADF);
    CHECK_EQ(intruders_logged, 1);
    victim.ends[NEAR] = dup(victim.ends[FAR]);
    end();
}

#if defined(MIO_RECORD_KEVENT)

enum { ONCE = MIO_READABLE | MIO_WRITABLE | MIO_ONESHOT };

static void replace(struct kevent *list, int count)
{
    (void)list;
    CHECK_EQ(count, 2);
    CHECK_EQ(mio_registry_reregister(victim.loop.registry, victim.ends[NEAR], TWO, ONCE), 0);
}

#endif

/* The events of the old registration may still come, once; the new one delivers all the same. */
TEST(intruder_replaces_a_one_shot_after_the_fetch)
{
#if defined(MIO_RECORD_KEVENT)
    if (!sweeps("kqueue"))
        SKIP("a kqueue's one-shots are of two filters");
    begin();
    CHECK_EQ(mio_registry_register(victim.loop.registry, victim.ends[NEAR], ONE, ONCE), 0);
    fault_rewrite_results(replace);
    CHECK_EQ(mio_poll_wait(victim.loop.poll, victim.loop.events, 0), 2);
    mio_events_each(event, victim.loop.events) {
        CHECK_EQ(mio_event_token(event), ONE);
    }
    CHECK_EQ(mio_poll_wait(victim.loop.poll, victim.loop.events, 0), 2);
    mio_events_each(event, victim.loop.events) {
        CHECK_EQ(mio_event_token(event), TWO);
    }
    CHECK_EQ(mio_poll_wait(victim.loop.poll, victim.loop.events, 0), 0);
    end();
#else
    SKIP("a kqueue's one-shots are of two filters");
#endif
}

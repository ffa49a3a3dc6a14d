/* SPDX-License-Identifier: MIT */
/* LIFE3: what a forked child may and may not do with what its parent made. */
#define _GNU_SOURCE

#include "facts/facts.h"
#include "support.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/select.h>
#include <unistd.h>

struct family {
    struct loop loop;
    struct mio_waker *waker;
    struct mio_registry *clone;
    struct mio_source source;
    int ends[2];
    int other[2];
    int number; /* of the poll's descriptor */
};

static struct family family_open(void)
{
    struct family family = {.loop = loop_open()};
    open_pair(family.ends);
    open_pair(family.other);
    mio_source_init(&family.source, family.ends[NEAR]);
    REQUIRE_EQ(mio_waker_new(family.loop.registry, 9, &family.waker), 0);
    REQUIRE_EQ(mio_registry_clone(family.loop.registry, &family.clone), 0);
    REQUIRE_EQ(mio_source_register(&family.source, family.loop.registry, 1, MIO_READABLE), 0);
    REQUIRE_EQ(mio_registry_register(family.loop.registry, family.other[NEAR], 2, MIO_READABLE), 0);
    return family;
}

static void family_check(struct family *family)
{
    EXPECT_NOTHING(&family->loop);
    put(family->ends[FAR], "x");
    put(family->other[FAR], "x");
    CHECK_EQ(mio_waker_wake(family->waker), 0);
    EXPECT_EVENTS(&family->loop, {1, MIO_READABLE}, {2, MIO_READABLE}, {9, MIO_READABLE});
}

static void family_close(struct family *family)
{
    mio_waker_free(family->waker);
    mio_registry_free(family->clone);
    CHECK_EQ(mio_source_close(&family->source), 0);
    CHECK_EQ(close(family->ends[FAR]), 0);
    close_pair(family->other);
    loop_close(&family->loop);
}

/* What a child may not do; the number of the step that was wrong, or 0. */
static int use_parents_poll(void *argument)
{
    struct family *family = argument;
    struct loop *loop = &family->loop;
    struct mio_registry *clone = NULL;
    struct mio_waker *waker = NULL;
    int fd = family->other[FAR];
    struct mio_change change = {.kind = MIO_REGISTER, .fd = fd, .interest = MIO_READABLE};

    if (mio_poll_wait(loop->poll, loop->events, 0) != -ECHILD)
        return 1;
    if (mio_poll_wait(loop->poll, loop->events, MIO_FOREVER) != -ECHILD)
        return 2;
    if (mio_poll_wait_until(loop->poll, loop->events, MIO_FOREVER) != -ECHILD)
        return 3;
    if (mio_registry_register(loop->registry, fd, 3, MIO_READABLE) != -ECHILD)
        return 4;
    if (mio_registry_reregister(loop->registry, family->other[NEAR], 3, BOTH) != -ECHILD)
        return 5;
    if (mio_registry_deregister(loop->registry, family->other[NEAR]) != -ECHILD)
        return 6;
    if (mio_registry_apply(family->clone, &change, 1) != -ECHILD)
        return 7;
    if (mio_waker_new(loop->registry, 4, &waker) != -ECHILD || waker)
        return 8;
    if (mio_source_reregister(&family->source, 5, BOTH) != -ENOENT)
        return 9;
    if (mio_source_deregister(&family->source) != -ENOENT)
        return 10;
    if (mio_source_register(&family->source, loop->registry, 5, BOTH) != -ECHILD)
        return 13;
    if (mio_poll_fd(loop->poll) != -ECHILD)
        return 11;
    if (mio_registry_fd(loop->registry) != -ECHILD)
        return 12;
    if (mio_registry_clone(loop->registry, &clone) != 0)
        return 13;
    mio_registry_free(clone);
    return 0;
}

TEST(life3_the_parents_poll_is_refused_in_the_child)
{
    struct family family = family_open();

    CHECK_EQ(in_child(use_parents_poll, &family), 0);
    family_check(&family);
    family_close(&family);
}

static int free_parents_things(void *argument)
{
    struct family *family = argument;

    /* The child's own copy of the descriptor is closed; that of the parent stays. */
    (void)mio_source_close(&family->source);
    if (family->source.fd != MIO_INVALID_FD)
        return 1;
    if (mio_waker_wake(family->waker) != -ECHILD)
        return 2;
    mio_waker_free(family->waker);
    mio_registry_free(family->clone);
    mio_events_free(family->loop.events);
    mio_poll_free(family->loop.poll);
    return 0;
}

TEST(life3_the_child_may_free_what_it_inherited)
{
    struct family family = family_open();

    CHECK_EQ(in_child(free_parents_things, &family), 0);
    family_check(&family);
    family_close(&family);
}

/* K45: where a poll's descriptor is not inherited its number may be another file's by now. */
static int free_with_the_number_taken(void *argument)
{
    struct family *family = argument;
    int number = family->number;

    bool inherited = fcntl(number, F_GETFD) >= 0;
    if (!inherited && dup2(family->other[FAR], number) != number)
        return 1;
    mio_waker_free(family->waker);
    mio_registry_free(family->clone);
    (void)mio_source_close(&family->source);
    mio_events_free(family->loop.events);
    mio_poll_free(family->loop.poll);
    return !inherited && fcntl(number, F_GETFD) < 0 ? 2 : 0;
}

TEST(life3_the_child_closes_no_number_that_it_has_given_away)
{
    struct family family = family_open();

    family.number = mio_poll_fd(family.loop.poll);
    CHECK_EQ(family.number >= 0, fact("a poll is a descriptor"));
    if (family.number >= 0)
        CHECK_EQ(in_child(free_with_the_number_taken, &family), 0);
    family_check(&family);
    family_close(&family);
}

static int wake_parents_poll(void *argument)
{
    struct family *family = argument;
    int result = mio_waker_wake(family->waker);
    mio_waker_free(family->waker);
    return result == -ECHILD ? 0 : 1;
}

/* The parent gets no event of it, its own or another. */
TEST(life3_a_wake_in_the_child_does_not_reach_the_parent)
{
    for (int embedded = 0; embedded < 2; embedded++) {
        struct family family = family_open();

        /* With the descriptor in other hands, a wake may not rely on anybody being awake. */
        if (embedded)
            CHECK_EQ(mio_poll_fd(family.loop.poll) >= 0, fact("a poll is a descriptor"));
        EXPECT_NOTHING(&family.loop);
        CHECK_EQ(in_child(wake_parents_poll, &family), 0);
        EXPECT_NOTHING(&family.loop);
        CHECK_EQ(mio_poll_wait(family.loop.poll, family.loop.events, MILLISECOND), 0);
        family_check(&family);
        family_close(&family);
    }
}

static int make_own_poll(void *argument)
{
    struct family *family = argument;
    struct mio_poll *poll = NULL;
    struct mio_events *events = NULL;
    struct mio_waker *waker = NULL;
    int ends[2];

    if (mio_poll_new(NULL, &poll) != 0 || mio_events_new(8, NULL, &events) != 0)
        return 1;
    struct mio_registry *registry = mio_poll_registry(poll);
    if (mio_waker_new(registry, 1, &waker) != 0 || mio_waker_wake(waker) != 0)
        return 2;
    if (mio_poll_wait(poll, events, 10 * SECOND) != 1)
        return 3;
    if (pipe(ends) != 0 || mio_registry_register(registry, ends[0], 2, MIO_READABLE) != 0)
        return 4;
    if (write(ends[1], "x", 1) != 1 || mio_poll_wait(poll, events, 10 * SECOND) != 1)
        return 5;
    if (mio_event_token(mio_events_get(events, 0)) != 2)
        return 6;
    if (mio_registry_id(registry) == mio_registry_id(family->loop.registry))
        return 7;
    /* Its own does not make the parent's usable, whatever numbers the descriptors have got. */
    int misuse = use_parents_poll(family);
    if (misuse != 0)
        return 100 + misuse;
    mio_waker_free(waker);
    mio_events_free(events);
    mio_poll_free(poll);
    return 0;
}

TEST(life3_child_must_make_its_own_poll)
{
    struct family family = family_open();

    CHECK_EQ(in_child(make_own_poll, &family), 0);
    family_check(&family);
    family_close(&family);
}

/* The parent's registration is none of the child's. */
static int take_parents_source(void *argument)
{
    struct family *family = argument;
    struct mio_source *source = &family->source;
    struct loop loop = loop_open();

    if (mio_source_reregister(source, 2, MIO_READABLE) != -ENOENT)
        return 1;
    if (mio_source_deregister(source) != -ENOENT)
        return 2;
    if (mio_source_register(source, loop.registry, 2, MIO_READABLE) != 0)
        return 3;
    if (mio_source_register(source, loop.registry, 2, MIO_READABLE) != -EEXIST)
        return 4;
    put(family->ends[FAR], "x");
    if (loop_wait(&loop, 10 * SECOND) != 1)
        return 5;
    if (mio_event_token(mio_events_get(loop.events, 0)) != 2)
        return 6;
    if (drain(source->fd) != 1)
        return 7;
    if (mio_source_deregister(source) != 0)
        return 8;
    if (mio_source_register(source, family->loop.registry, 2, MIO_READABLE) != -ECHILD)
        return 9;
    loop_close(&loop);
    return 0;
}

static int register_parents_source(void *argument)
{
    struct family *family = argument;
    struct loop loop = loop_open();

    if (mio_source_register(&family->source, loop.registry, 2, MIO_READABLE) != 0)
        return 1;
    loop_close(&loop);
    return 0;
}

TEST(life3_the_child_takes_an_inherited_source_into_its_own_poll)
{
    struct family family = family_open();

    CHECK_EQ(in_child(register_parents_source, &family), 0);
    CHECK_EQ(in_child(take_parents_source, &family), 0);
    /* The parent has not seen that byte, but is told of it where it watches the same file. */
    CHECK(loop_wait(&family.loop, 0) >= 0);
    again(&family.loop, family.source.fd, MIO_READABLE);
    family_check(&family);
    family_close(&family);
}

/* --- a fork while a thread waits for another one --- */

static int handler_began[2];
static int handler_may_end[2];

/*
 * Keeps the waiting thread from returning from its wait. Gives up after a second: the signal may
 * have come while the thread had the selector's lock, which the others need before they let it go.
 */
static void hold_up(int number)
{
    enum { TRIES = 100, PAUSE_MICROSECONDS = 10000 };
    char byte;
    int saved = errno;
    (void)number;
    (void)!write(handler_began[FAR], "", 1);
    for (int i = 0; i < TRIES && read(handler_may_end[NEAR], &byte, 1) < 0; i++) {
        struct timeval pause = {.tv_sec = 0, .tv_usec = PAUSE_MICROSECONDS};
        (void)select(0, NULL, NULL, NULL, &pause);
    }
    errno = saved;
}

struct waiting {
    struct family *family;
    atomic_bool has_begun;
    atomic_bool is_over;
};

static void *go_on_waiting(void *argument)
{
    struct waiting *waiting = argument;
    struct loop *loop = &waiting->family->loop;
    atomic_store(&waiting->has_begun, true);
    while (!atomic_load(&waiting->is_over)) {
        int count = mio_poll_wait(loop->poll, loop->events, MIO_FOREVER);
        CHECK(count >= 0 || count == -EINTR);
    }
    return NULL;
}

struct leaving {
    struct family *family;
    atomic_bool is_over;
};

static void *leave(void *argument)
{
    struct leaving *leaving = argument;
    struct family *family = leaving->family;
    CHECK_EQ(mio_registry_deregister(family->loop.registry, family->other[NEAR]), 0);
    atomic_store(&leaving->is_over, true);
    return NULL;
}

static int free_all(void *argument)
{
    struct family *family = argument;
    alarm(10);
    mio_waker_free(family->waker);
    mio_registry_free(family->clone);
    int result = mio_source_close(&family->source);
    loop_close(&family->loop);
    return result == 0 ? 0 : 1;
}

/* The thread that deregisters is done, or waits for the one that is held up: with poll. */
static void await_leaving(struct leaving *leaving)
{
    struct family *family = leaving->family;
    while (!atomic_load(&leaving->is_over) &&
           mio_registry_rearm(family->loop.registry, family->other[NEAR], MIO_READABLE) == 0)
        (void)sched_yield();
}

/* Some time of the waiting thread's is spent in its wait. */
static void free_in_child_meanwhile(struct family *family, pthread_t waiter)
{
    struct leaving leaving = {.family = family};
    char byte;

    REQUIRE_EQ(pthread_kill(waiter, SIGUSR1), 0);
    REQUIRE_EQ(read(handler_began[NEAR], &byte, 1), 1);
    pthread_t leaver = thread_start(leave, &leaving);
    await_leaving(&leaving);
    CHECK_EQ(in_child(free_all, family), 0);
    REQUIRE_EQ(write(handler_may_end[FAR], "x", 1), 1);
    thread_join(leaver);
    REQUIRE_EQ(mio_registry_register(family->loop.registry, family->other[NEAR], 2, MIO_READABLE),
               0);
}

/* ThreadSanitizer keeps a signal that comes just before the wait's system call, and runs its
 * handler only after the thread's sleep, which nothing but the handler would end. */
#if defined(__SANITIZE_THREAD__)
enum { SIGNALS_MAY_BE_KEPT = true };
#else
enum { SIGNALS_MAY_BE_KEPT = false };
#endif

TEST(life3_a_child_frees_what_its_parents_threads_wait_in)
{
    if (SIGNALS_MAY_BE_KEPT)
        SKIP("ThreadSanitizer may keep a signal while a thread sleeps");
    enum { TIMES = 10 };
    struct family family = family_open();
    struct waiting waiting = {.family = &family};
    struct sigaction action;
    struct sigaction before;

    memset(&action, 0, sizeof action);
    action.sa_handler = hold_up;
    sigemptyset(&action.sa_mask);
    REQUIRE_EQ(sigaction(SIGUSR1, &action, &before), 0);
    REQUIRE_EQ(pipe(handler_began), 0);
    REQUIRE_EQ(pipe(handler_may_end), 0);
    REQUIRE_EQ(fcntl(handler_may_end[NEAR], F_SETFL, O_NONBLOCK), 0);
    pthread_t waiter = thread_start(go_on_waiting, &waiting);
    /* Not in the making of the thread, where it may hold a lock that the next thread needs. */
    while (!atomic_load(&waiting.has_begun))
        (void)sched_yield();
    for (int i = 0; i < TIMES; i++)
        free_in_child_meanwhile(&family, waiter);
    atomic_store(&waiting.is_over, true);
    CHECK_EQ(mio_waker_wake(family.waker), 0);
    thread_join(waiter);
    REQUIRE_EQ(sigaction(SIGUSR1, &before, NULL), 0);
    close_pair(handler_began);
    close_pair(handler_may_end);
    CHECK(loop_wait(&family.loop, 0) >= 0); /* the waker may not have come yet */
    family_check(&family);
    family_close(&family);
}

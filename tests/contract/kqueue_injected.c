/* SPDX-License-Identifier: MIT */
/*
 * Events that the library delivers itself, over a model that refuses EVFILT_WRITE as FreeBSD,
 * NetBSD and DragonFly do of a pipe without reader (K9): whom they reach, what they silence, and
 * what they cost.
 */
#define _GNU_SOURCE

#include "kqueue_model.h"

#if defined(HAVE_MODEL)

#include <errno.h>
#include <fcntl.h>
#include <mio/kqueue.h>
#include <poll.h>
#include <unistd.h>

enum { TOKEN = 7 };

static int register_refused(struct loop *loop, int fd, mio_token token, mio_interest interest)
{
    kqmodel_refuse_filter(EVFILT_WRITE, EPIPE);
    int result = mio_registry_register(loop->registry, fd, token, interest);
    kqmodel_refuse_filter(EVFILT_WRITE, 0);
    return result;
}

/* --- REG9: the number of a closed descriptor is used again --- */

/* A duplicate of the same open file: device and inode are those of before. */
static int give_to_duplicate(int fd)
{
    int copy = dup(fd);
    REQUIRE(copy >= 0);
    CHECK_EQ(close(fd), 0);
    REQUIRE_EQ(dup2(copy, fd), fd);
    CHECK_EQ(close(copy), 0);
    return fd;
}

static int give_to_pipe(int fd)
{
    int ends[2];
    CHECK_EQ(close(fd), 0);
    open_pipe(ends);
    if (ends[FAR] != fd) {
        REQUIRE_EQ(dup2(ends[FAR], fd), fd);
        CHECK_EQ(close(ends[FAR]), 0);
    }
    CHECK_EQ(close(ends[NEAR]), 0);
    return fd;
}

static int give_to_nobody(int fd)
{
    CHECK_EQ(close(fd), 0);
    return fd;
}

static int (*const strangers[])(int fd) = {give_to_duplicate, give_to_pipe, give_to_nobody};
enum { STRANGERS = sizeof strangers / sizeof strangers[0] };

static int open_refused(struct loop *loop, mio_interest interest)
{
    int ends[2];
    open_pipe(ends);
    CHECK_EQ(close(ends[NEAR]), 0);
    REQUIRE_EQ(register_refused(loop, ends[FAR], TOKEN, interest), 0);
    return ends[FAR];
}

TEST(reg9_an_injected_event_never_reaches_a_stranger)
{
    static const mio_interest interests[] = {MIO_WRITABLE, BOTH, MIO_WRITABLE | MIO_LEVEL,
                                             BOTH | MIO_ONESHOT};
    for (size_t i = 0; i < STRANGERS * sizeof interests / sizeof interests[0]; i++) {
        kqmodel_reset();
        struct loop loop = loop_open();
        int fd = open_refused(&loop, interests[i / STRANGERS]);
        strangers[i % STRANGERS](fd);
        EXPECT_NOTHING(&loop);
        if (i % STRANGERS != 2)
            CHECK_EQ(close(fd), 0);
        loop_close(&loop);
    }
}

/* It is not registered either, whether the event was delivered before or not. */
TEST(reg9_the_stranger_is_not_registered)
{
    for (int i = 0; i < 2 * STRANGERS; i++) {
        kqmodel_reset();
        struct loop loop = loop_open();
        int fd = open_refused(&loop, MIO_WRITABLE);
        bool is_closed = i / 2 == 2;
        if (i % 2 == 1)
            EXPECT_ONE(&loop, TOKEN, MIO_WRITABLE | MIO_WRITE_CLOSED);
        strangers[i / 2](fd);
        CHECK_EQ(mio_registry_deregister(loop.registry, fd), is_closed ? -EBADF : -ENOENT);
        EXPECT_NOTHING(&loop);
        if (!is_closed)
            CHECK_EQ(close(fd), 0);
        loop_close(&loop);
    }
}

/* What proves that the number is the same descriptor does not stand in the way of reading. */
TEST(reg3_reading_is_registered_beside_an_injected_event)
{
    enum { BY_RAW, BY_SECOND, BY_REREGISTERING, WAYS };
    for (int way = 0; way < WAYS; way++) {
        int ends[2];
        struct loop loop = model_open(ends);
        struct mio_registry *registry = loop.registry;
        uintptr_t ident = (uintptr_t)ends[NEAR];

        REQUIRE_EQ(register_refused(&loop, ends[NEAR], TOKEN, MIO_WRITABLE), 0);
        EXPECT_ONE(&loop, TOKEN, MIO_WRITABLE | MIO_WRITE_CLOSED);
        put(ends[FAR], "x");
        EXPECT_NOTHING(&loop);
        if (way == BY_RAW)
            REQUIRE_EQ(mio_kqueue_register(registry, ident, EVFILT_READ, EV_ADD, 0, 0, 2), 0);
        else if (way == BY_SECOND)
            REQUIRE_EQ(mio_registry_register(registry, ends[NEAR], 2, MIO_READABLE | MIO_LEVEL), 0);
        else
            REQUIRE_EQ(mio_registry_reregister(registry, ends[NEAR], 2, MIO_READABLE | MIO_LEVEL),
                       0);
        AWAIT_EVENTS(&loop, {2, MIO_READABLE});
        AWAIT_EVENTS(&loop, {2, MIO_READABLE});
        CHECK_EQ(mio_registry_deregister(registry, ends[NEAR]), 0);
        CHECK_EQ(mio_registry_deregister(registry, ends[NEAR]), -ENOENT);
        model_close(&loop, ends);
    }
}

/* The same while the event is not delivered yet: asking for the proof silences nobody else. */
TEST(reg3_reading_is_registered_before_an_injected_event_is_delivered)
{
    int ends[2];
    struct loop loop = model_open(ends);

    REQUIRE_EQ(register_refused(&loop, ends[NEAR], TOKEN, MIO_WRITABLE), 0);
    REQUIRE_EQ(
        mio_kqueue_register(loop.registry, (uintptr_t)ends[NEAR], EVFILT_READ, EV_ADD, 0, 0, 2), 0);
    EXPECT_ONE(&loop, TOKEN, MIO_WRITABLE | MIO_WRITE_CLOSED);
    put(ends[FAR], "x");
    AWAIT_EVENTS(&loop, {2, MIO_READABLE});
    AWAIT_EVENTS(&loop, {2, MIO_READABLE});
    CHECK_EQ(mio_registry_deregister(loop.registry, ends[NEAR]), 0);
    model_close(&loop, ends);
}

/* The caller has no knote of reading to delete or to touch: the proof is not his. */
TEST(ev4_an_injected_event_outlives_raw_changes_of_reading)
{
    static const unsigned changes[] = {EV_DELETE, EV_DISABLE, EV_ENABLE};
    for (size_t i = 0; i < sizeof changes / sizeof changes[0]; i++) {
        int ends[2];
        struct loop loop = model_open(ends);
        uintptr_t ident = (uintptr_t)ends[NEAR];

        REQUIRE_EQ(register_refused(&loop, ends[NEAR], TOKEN, MIO_WRITABLE), 0);
        CHECK_EQ(mio_kqueue_register(loop.registry, ident, EVFILT_READ, changes[i], 0, 0, 2),
                 -ENOENT);
        EXPECT_ONE(&loop, TOKEN, MIO_WRITABLE | MIO_WRITE_CLOSED);
        put(ends[FAR], "x");
        EXPECT_NOTHING(&loop);
        CHECK_EQ(mio_registry_deregister(loop.registry, ends[NEAR]), 0);
        model_close(&loop, ends);
    }
}

/* A source that was refused goes on as any other. */
TEST(ev4_a_refused_source_is_reregistered_and_deregistered)
{
    static const mio_interest interests[] = {MIO_READABLE, MIO_WRITABLE, BOTH, BOTH | MIO_LEVEL};
    for (size_t i = 0; i < sizeof interests / sizeof interests[0]; i++) {
        int ends[2];
        struct loop loop = model_open(ends);
        struct mio_source source;
        mio_source_init(&source, ends[NEAR]);
        kqmodel_refuse_filter(EVFILT_WRITE, EPIPE);
        REQUIRE_EQ(mio_source_register(&source, loop.registry, 1, MIO_WRITABLE), 0);
        kqmodel_refuse_filter(EVFILT_WRITE, 0);
        REQUIRE_EQ(mio_source_reregister(&source, TOKEN, interests[i]), 0);
        put(ends[FAR], "x");
        AWAIT_EVENTS(&loop, {TOKEN, (uint32_t)interests[i] & BOTH});
        CHECK_EQ(mio_source_deregister(&source), 0);
        EXPECT_NOTHING(&loop);
        CHECK_EQ(mio_registry_deregister(loop.registry, ends[NEAR]), -ENOENT);
        model_close(&loop, ends);
    }
}

/* --- EV3 --- */

/* What is ready when one direction is injected comes with it. */
TEST(ev3_an_injected_event_takes_along_what_is_ready)
{
    for (int waits = 0; waits < 2; waits++) {
        int ends[2];
        struct loop loop = model_open(ends);
        struct mio_waker *waker = waker_open(&loop, 9);
        /* Whose turn it is to be first changes with each wait that has events of both. */
        for (int i = 0; i < waits; i++) {
            CHECK_EQ(mio_waker_wake(waker), 0);
            EXPECT_ONE(&loop, 9, MIO_READABLE);
        }
        put(ends[FAR], "x");
        REQUIRE_EQ(register_refused(&loop, ends[NEAR], TOKEN, BOTH | MIO_ONESHOT), 0);
        CHECK_EQ(loop_wait(&loop, 10 * SECOND), 2);
        put(ends[FAR], "x");
        EXPECT_NOTHING(&loop);
        EXPECT_NOTHING(&loop);
        REQUIRE_EQ(mio_registry_reregister(loop.registry, ends[NEAR], 8, BOTH | MIO_ONESHOT), 0);
        EXPECT_ONE(&loop, 8, BOTH);
        EXPECT_NOTHING(&loop);
        mio_waker_free(waker);
        model_close(&loop, ends);
    }
}

/* --- WAIT2 --- */

/* An injected event is asked for once, when it is delivered, and never again. */
TEST(kqueue2_delivered_events_cost_later_waits_nothing)
{
    enum { MANY = 40 };
    int ends[2];
    int dead[MANY];
    struct loop loop = model_open(ends);

    for (int i = 0; i < MANY; i++)
        dead[i] = open_refused(&loop, MIO_WRITABLE);
    calls();
    int delivered = 0;
    while (delivered < MANY) {
        REQUIRE(loop_wait(&loop, 0) > 0);
        delivered += (int)mio_events_len(loop.events);
    }
    CHECK(calls() <= MANY + MANY / 10);

    /* Others come, and ordinary registrations. */
    for (int i = 0; i < MANY; i++) {
        int fd = open_refused(&loop, MIO_WRITABLE);
        CHECK_EQ(loop_wait(&loop, 0), 1);
        CHECK(calls() <= 4);
        CHECK_EQ(mio_registry_register(loop.registry, ends[NEAR], 1, MIO_READABLE), 0);
        CHECK_EQ(mio_registry_deregister(loop.registry, ends[NEAR]), 0);
        CHECK_EQ(calls(), 2);
        CHECK_EQ(close(fd), 0);
    }
    for (int i = 0; i < MANY; i++)
        CHECK_EQ(close(dead[i]), 0);
    model_close(&loop, ends);
}

/* --- WAKE1: an event of the library's own, before anybody has made a waker --- */

/* Asking for the poll's descriptor opens nothing; the event makes the doorbell, and rings it. */
TEST(wake1_an_injected_event_is_told_by_the_polls_descriptor)
{
    for (int i = 0; i < WAKER_KINDS; i++) {
        kqmodel_reset();
        struct loop loop = loop_open_flags(waker_kinds[i]);
        int before = test_open_descriptors();
        struct pollfd waiting = {.fd = mio_poll_fd(loop.poll), .events = POLLIN};

        REQUIRE(waiting.fd >= 0);
        CHECK_EQ(test_open_descriptors(), before);
        CHECK_EQ(poll(&waiting, 1, 0), 0);
        for (int round = 0; round < 3; round++) {
            int fd = open_refused(&loop, MIO_WRITABLE);
            CHECK_EQ(poll(&waiting, 1, 0), 1);
            EXPECT_ONE(&loop, TOKEN, MIO_WRITABLE | MIO_WRITE_CLOSED);
            CHECK_EQ(poll(&waiting, 1, 0), 0);
            CHECK_EQ(mio_registry_deregister(loop.registry, fd), 0);
            CHECK_EQ(close(fd), 0);
        }
        loop_close(&loop);
    }
}

#endif

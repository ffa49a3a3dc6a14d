/* SPDX-License-Identifier: MIT */
/*
 * REG4, WAIT4 and WAKE4 under faults that the model makes to order: half registrations, signals in
 * changes, refused wakes. Compiled to nothing without the model.
 */
#define _GNU_SOURCE

#include "kqueue_model.h"

#if defined(HAVE_MODEL)

#include <errno.h>

/* --- REG4, K10: half a registration is undone --- */

TEST(kqueue4_half_a_registration_is_undone)
{
    static const mio_interest modes[] = {0, MIO_LEVEL, MIO_ONESHOT};
    static const int errors[] = {ENOMEM, EINVAL, ENOSPC};

    for (size_t i = 0; i < 9; i++) {
        for (unsigned nth = 1; nth <= 2; nth++) {
            int ends[2];
            struct loop loop = model_open(ends);
            CHECK(mio_poll_fd(loop.poll) >= 0);
            kqmodel_refuse_change(nth, errors[i % 3]);
            CHECK_EQ(mio_registry_register(loop.registry, ends[NEAR], 1, BOTH | modes[i / 3]),
                     -errors[i % 3]);
            CHECK(!has_knote(&loop, ends[NEAR], EVFILT_READ));
            CHECK(!has_knote(&loop, ends[NEAR], EVFILT_WRITE));
            CHECK_EQ(mio_registry_deregister(loop.registry, ends[NEAR]), -ENOENT);
            EXPECT_NOTHING(&loop);
            /* Nothing stands in the way of a second try. */
            CHECK_EQ(mio_registry_register(loop.registry, ends[NEAR], 2, MIO_WRITABLE), 0);
            EXPECT_ONE(&loop, 2, MIO_WRITABLE);
            model_close(&loop, ends);
        }
    }
}

TEST(kqueue4_a_filter_that_is_refused_takes_the_other_with_it)
{
    static const int filters[] = {EVFILT_READ, EVFILT_WRITE};

    for (int i = 0; i < 2; i++) {
        int ends[2];
        struct loop loop = model_open(ends);
        kqmodel_refuse_filter(filters[i], EINVAL);
        CHECK_EQ(mio_registry_register(loop.registry, ends[NEAR], 1, BOTH), -EINVAL);
        kqmodel_refuse_filter(filters[i], 0);
        CHECK(!has_knote(&loop, ends[NEAR], EVFILT_READ));
        CHECK(!has_knote(&loop, ends[NEAR], EVFILT_WRITE));
        EXPECT_NOTHING(&loop);
        model_close(&loop, ends);
    }
}

/* A source whose reregistration fails keeps what it had: token, interest and mode. */
TEST(kqueue4_a_failed_reregistration_of_a_source_is_undone)
{
    static const mio_interest modes[] = {0, MIO_LEVEL};
    static const mio_interest others[] = {MIO_WRITABLE, BOTH, BOTH | MIO_ONESHOT,
                                          MIO_WRITABLE | MIO_LEVEL};

    for (size_t i = 0; i < 8; i++) {
        for (unsigned nth = 1; nth <= 2; nth++) {
            int ends[2];
            struct loop loop = model_open(ends);
            struct mio_source source;
            mio_interest mode = modes[i % 2];

            mio_source_init(&source, ends[NEAR]);
            REQUIRE_EQ(mio_source_register(&source, loop.registry, 1, MIO_READABLE | mode), 0);
            CHECK(mio_poll_fd(loop.poll) >= 0);
            kqmodel_refuse_change(nth, ENOMEM);
            int result = mio_source_reregister(&source, 2, others[i / 2]);
            kqmodel_refuse_change(0, 0);
            CHECK(result == -ENOMEM || result == 0);
            if (result < 0) {
                CHECK(has_knote(&loop, ends[NEAR], EVFILT_READ));
                CHECK(!has_knote(&loop, ends[NEAR], EVFILT_WRITE));
                EXPECT_NOTHING(&loop);
                put(ends[FAR], "x");
                AWAIT_EVENTS(&loop, {1, MIO_READABLE});
                if (mode == MIO_LEVEL)
                    AWAIT_EVENTS(&loop, {1, MIO_READABLE});
                else
                    EXPECT_NOTHING(&loop);
            } else {
                CHECK(nth == 2);
            }
            CHECK_EQ(mio_source_deregister(&source), 0);
            model_close(&loop, ends);
        }
    }
}

static int told;

static void count_log(int error, const char *what, void *user)
{
    (void)user;
    (void)what;
    told += error == -ENOMEM;
}

/* What the refusal did not touch is not deleted, so that nothing can keep it from coming back. */
TEST(kqueue4_a_refused_touch_leaves_the_knote)
{
    for (unsigned nth = 1; nth <= 2; nth++) {
        int ends[2];
        struct loop loop = model_open(ends);
        struct mio_source source;

        mio_source_init(&source, ends[NEAR]);
        REQUIRE_EQ(mio_source_register(&source, loop.registry, 1, MIO_READABLE), 0);
        CHECK(mio_poll_fd(loop.poll) >= 0);
        kqmodel_refuse_change(nth, ENOMEM);
        kqmodel_fail_kevent(2, ENOMEM);
        CHECK_EQ(mio_source_reregister(&source, 2, BOTH), -ENOMEM);
        CHECK(has_knote(&loop, ends[NEAR], EVFILT_READ));
        CHECK(!has_knote(&loop, ends[NEAR], EVFILT_WRITE));
        put(ends[FAR], "x");
        EXPECT_ONE(&loop, 1, MIO_READABLE);
        CHECK_EQ(mio_source_deregister(&source), 0);
        model_close(&loop, ends);
    }
}

/* What cannot be put back is told to the log, since the caller hears of another error. */
TEST(kqueue4_what_cannot_be_put_back_is_told)
{
    struct mio_options options = {.log = count_log};
    int ends[2];
    struct mio_source source;

    kqmodel_reset();
    struct loop loop = loop_open_with(&options, DEFAULT_CAPACITY);
    open_pair(ends);
    mio_source_init(&source, ends[NEAR]);
    REQUIRE_EQ(mio_source_register(&source, loop.registry, 1, MIO_READABLE), 0);
    told = 0;
    kqmodel_refuse_filter(EVFILT_READ, ENOMEM);
    CHECK_EQ(mio_source_reregister(&source, 2, MIO_READABLE | MIO_LEVEL), -ENOMEM);
    CHECK_EQ(told, 1);
    CHECK(!has_knote(&loop, ends[NEAR], EVFILT_READ));
    CHECK_EQ(mio_source_deregister(&source), 0);

    model_close(&loop, ends);
}

/* The kernel has no records that are only to be dropped: they would take the room of others. */
static void expect_room_for(struct loop *loop, int fd)
{
    struct mio_events *few;
    REQUIRE_EQ(mio_events_new(2, NULL, &few), 0);
    REQUIRE_EQ(mio_registry_register(loop->registry, fd, 9, MIO_WRITABLE), 0);
    REQUIRE_EQ(mio_poll_wait(loop->poll, few, 0), 1);
    CHECK_EQ(mio_event_token(mio_events_get(few, 0)), 9);
    CHECK_EQ(mio_registry_deregister(loop->registry, fd), 0);
    mio_events_free(few);
}

/* What has fired is put back as it was: silent, and registered. */
TEST(kqueue4_a_spent_one_shot_of_a_source_stays_spent)
{
    static const mio_interest others[] = {MIO_READABLE | MIO_LEVEL, MIO_READABLE | MIO_ONESHOT,
                                          BOTH | MIO_ONESHOT, BOTH};

    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
        int ends[2];
        struct loop loop = model_open(ends);
        struct mio_source source;

        mio_source_init(&source, ends[NEAR]);
        REQUIRE_EQ(mio_source_register(&source, loop.registry, 1, BOTH | MIO_ONESHOT), 0);
        EXPECT_ONE(&loop, 1, MIO_WRITABLE);
        put(ends[FAR], "x");
        kqmodel_refuse_change(1, ENOMEM);
        CHECK_EQ(mio_source_reregister(&source, 2, others[i]), -ENOMEM);
        expect_room_for(&loop, ends[FAR]);
        EXPECT_NOTHING(&loop);
        CHECK(has_knote(&loop, ends[NEAR], EVFILT_READ));
        CHECK(has_knote(&loop, ends[NEAR], EVFILT_WRITE));
        CHECK_EQ(mio_source_reregister(&source, 3, BOTH | MIO_ONESHOT), 0);
        EXPECT_ONE(&loop, 3, BOTH);
        EXPECT_NOTHING(&loop);

        CHECK_EQ(mio_source_deregister(&source), 0);
        model_close(&loop, ends);
    }
}

/* One that has not fired is put back as one of both directions, and once fired stays so. */
TEST(kqueue4_a_failed_reregistration_keeps_a_one_shot_whole)
{
    int ends[2];
    struct loop loop = model_open(ends);
    struct mio_source source;

    mio_source_init(&source, ends[NEAR]);
    REQUIRE_EQ(mio_source_register(&source, loop.registry, 1, BOTH | MIO_ONESHOT), 0);
    kqmodel_refuse_change(1, ENOMEM);
    CHECK_EQ(mio_source_reregister(&source, 2, MIO_READABLE), -ENOMEM);
    EXPECT_ONE(&loop, 1, MIO_WRITABLE);
    put(ends[FAR], "x");
    EXPECT_NOTHING(&loop);
    for (int i = 0; i < 2; i++) {
        kqmodel_refuse_change(1, ENOMEM);
        CHECK_EQ(mio_source_reregister(&source, 2, MIO_READABLE), -ENOMEM);
        EXPECT_NOTHING(&loop);
    }

    CHECK_EQ(mio_source_deregister(&source), 0);
    model_close(&loop, ends);
}

/* EV3: the other direction cannot be silenced, and must not be heard. */
TEST(kqueue4_a_one_shot_that_cannot_be_silenced_delivers_once)
{
    int ends[2];
    struct loop loop = model_open(ends);

    REQUIRE_EQ(mio_registry_register(loop.registry, ends[NEAR], 1, BOTH | MIO_ONESHOT), 0);
    CHECK(mio_poll_fd(loop.poll) >= 0);
    kqmodel_fail_kevent(2, ENOMEM);
    EXPECT_ONE(&loop, 1, MIO_WRITABLE);
    put(ends[FAR], "x");
    EXPECT_NOTHING(&loop);
    CHECK_EQ(mio_registry_reregister(loop.registry, ends[NEAR], 1, BOTH | MIO_ONESHOT), 0);
    EXPECT_ONE(&loop, 1, BOTH);
    EXPECT_NOTHING(&loop);

    model_close(&loop, ends);
}

TEST(kqueue4_a_batch_undoes_halves)
{
    int ends[2];
    struct loop loop = model_open(ends);
    struct mio_change changes[] = {
        {.kind = MIO_REGISTER, .fd = ends[NEAR], .token = 1, .interest = BOTH},
        {.kind = MIO_REGISTER, .fd = ends[FAR], .token = 2, .interest = BOTH},
    };

    CHECK(mio_poll_fd(loop.poll) >= 0);
    kqmodel_refuse_change(2, ENOMEM);
    CHECK_EQ(mio_registry_apply(loop.registry, changes, 2), 1);
    CHECK_EQ(changes[0].result, -ENOMEM);
    CHECK_EQ(changes[1].result, 0);
    CHECK(!has_knote(&loop, ends[NEAR], EVFILT_READ));
    CHECK(!has_knote(&loop, ends[NEAR], EVFILT_WRITE));
    EXPECT_ONE(&loop, 2, MIO_WRITABLE);

    model_close(&loop, ends);
}

TEST(kqueue4_a_call_that_fails_leaves_nothing)
{
    int ends[2];
    struct loop loop = model_open(ends);
    struct mio_change change = {
        .kind = MIO_REGISTER, .fd = ends[NEAR], .token = 1, .interest = BOTH};

    CHECK(mio_poll_fd(loop.poll) >= 0);
    kqmodel_fail_kevent(1, ENOMEM);
    CHECK_EQ(mio_registry_register(loop.registry, ends[NEAR], 1, BOTH), -ENOMEM);
    kqmodel_fail_kevent(1, ENOMEM);
    CHECK_EQ(mio_registry_apply(loop.registry, &change, 1), 0);
    CHECK_EQ(change.result, -ENOMEM);
    CHECK(!has_knote(&loop, ends[NEAR], EVFILT_READ));
    CHECK(!has_knote(&loop, ends[NEAR], EVFILT_WRITE));
    EXPECT_NOTHING(&loop);

    model_close(&loop, ends);
}

/* --- K11: a signal in a changes-only call --- */

TEST(kqueue4_an_interrupted_change_is_made)
{
    int ends[2];
    struct loop loop = model_open(ends);
    struct mio_change change = {
        .kind = MIO_REGISTER, .fd = ends[NEAR], .token = 3, .interest = BOTH};

    put(ends[FAR], "x");
    kqmodel_fail_kevent(1, EINTR);
    CHECK_EQ(mio_registry_register(loop.registry, ends[NEAR], 1, BOTH), 0);
    EXPECT_ONE(&loop, 1, BOTH);
    kqmodel_fail_kevent(1, EINTR);
    CHECK_EQ(mio_registry_reregister(loop.registry, ends[NEAR], 2, BOTH), 0);
    EXPECT_ONE(&loop, 2, BOTH);
    kqmodel_fail_kevent(1, EINTR);
    CHECK_EQ(mio_registry_deregister(loop.registry, ends[NEAR]), 0);
    CHECK_EQ(mio_registry_deregister(loop.registry, ends[NEAR]), -ENOENT);
    kqmodel_fail_kevent(1, EINTR);
    CHECK_EQ(mio_registry_apply(loop.registry, &change, 1), 1);
    EXPECT_ONE(&loop, 3, BOTH);
    change.kind = MIO_DEREGISTER;
    kqmodel_fail_kevent(1, EINTR);
    CHECK_EQ(mio_registry_apply(loop.registry, &change, 1), 1);
    EXPECT_NOTHING(&loop);

    model_close(&loop, ends);
}

TEST(kqueue4_an_interrupted_wait_says_so)
{
    int ends[2];
    struct loop loop = model_open(ends);

    put(ends[FAR], "x");
    REQUIRE_EQ(mio_registry_register(loop.registry, ends[NEAR], 1, MIO_READABLE), 0);
    kqmodel_fail_kevent(1, EINTR);
    CHECK_EQ(mio_poll_wait(loop.poll, loop.events, SECOND), -EINTR);
    CHECK(mio_events_is_empty(loop.events));
    kqmodel_fail_kevent(1, ENOMEM);
    CHECK_EQ(mio_poll_wait(loop.poll, loop.events, SECOND), -ENOMEM);
    CHECK(mio_events_is_empty(loop.events));
    EXPECT_ONE(&loop, 1, MIO_READABLE);

    model_close(&loop, ends);
}

/* The time is up, or what has no end goes on. */
TEST(kqueue4_a_wait_that_the_kernel_calls_timed_out)
{
    int ends[2];
    struct loop loop = model_open(ends);

    REQUIRE_EQ(mio_registry_register(loop.registry, ends[NEAR], 1, MIO_READABLE), 0);
    kqmodel_fail_kevent(1, ETIMEDOUT);
    CHECK_EQ(mio_poll_wait(loop.poll, loop.events, 0), 0);
    int64_t begun = test_now();
    kqmodel_fail_kevent(1, ETIMEDOUT);
    CHECK_EQ(mio_poll_wait(loop.poll, loop.events, 20 * MILLISECOND), 0);
    CHECK(test_now() - begun >= 20 * MILLISECOND);
    put(ends[FAR], "x");
    kqmodel_fail_kevent(1, ETIMEDOUT);
    CHECK_EQ(mio_poll_wait(loop.poll, loop.events, MIO_FOREVER), 1);

    model_close(&loop, ends);
}

/* --- wakers --- */

TEST(kqueue4_an_interrupted_wake_arrives)
{
    int ends[2];
    struct loop loop = model_open(ends);
    struct mio_waker *waker;

    kqmodel_fail_kevent(1, EINTR);
    REQUIRE_EQ(mio_waker_new(loop.registry, 5, &waker), 0);
    /* From now on every wake is a call. */
    CHECK(mio_poll_fd(loop.poll) >= 0);
    kqmodel_fail_kevent(1, EINTR);
    CHECK_EQ(mio_waker_wake(waker), 0);
    EXPECT_ONE(&loop, 5, MIO_READABLE);

    mio_waker_free(waker);
    model_close(&loop, ends);
}

TEST(kqueue4_a_refused_wake_is_remembered)
{
    int ends[2];
    struct loop loop = model_open(ends);
    struct mio_waker *waker;

    REQUIRE_EQ(mio_waker_new(loop.registry, 5, &waker), 0);
    CHECK(mio_poll_fd(loop.poll) >= 0);
    kqmodel_fail_kevent(1, ENOMEM);
    CHECK_EQ(mio_waker_wake(waker), -ENOMEM);
    EXPECT_ONE(&loop, 5, MIO_READABLE);
    kqmodel_fail_kevent(1, ENOMEM);
    CHECK_EQ(mio_waker_wake(waker), -ENOMEM);
    CHECK_EQ(mio_waker_wake(waker), 0);
    EXPECT_ONE(&loop, 5, MIO_READABLE);

    mio_waker_free(waker);
    model_close(&loop, ends);
}

TEST(wake4_without_the_user_filter_a_pipe_serves)
{
    kqmodel_reset();
    kqmodel_set_user_filter(false);
    struct loop loop = loop_open();
    struct mio_waker *one;
    struct mio_waker *two;
    struct late_wake late;
    int before = test_open_descriptors();

    REQUIRE_EQ(mio_waker_new(loop.registry, 1, &one), 0);
    REQUIRE_EQ(mio_waker_new(loop.registry, 2, &two), 0);
    CHECK_EQ(test_open_descriptors() - before, 2);
    for (int round = 0; round < 3; round++) {
        CHECK_EQ(mio_waker_wake(one), 0);
        CHECK_EQ(mio_waker_wake(one), 0);
        CHECK_EQ(mio_waker_wake(two), 0);
        EXPECT_EVENTS(&loop, {1, MIO_READABLE}, {2, MIO_READABLE});
        late_wake_start(&late, two);
        CHECK_EQ(loop_wait(&loop, MIO_FOREVER), 1);
        CHECK_EQ(mio_event_token(mio_events_get(loop.events, 0)), 2);
        late_wake_join(&late);
        EXPECT_NOTHING(&loop);
    }

    mio_waker_free(one);
    mio_waker_free(two);
    loop_close(&loop);
    kqmodel_reset();
}

TEST(wake4_a_refused_user_filter_is_reported_or_replaced)
{
    static const int errors[] = {ENOMEM, EINVAL, EOPNOTSUPP};

    for (size_t i = 0; i < sizeof errors / sizeof errors[0]; i++) {
        int ends[2];
        struct loop loop = model_open(ends);
        struct mio_waker *waker = NULL;
        int descriptors = test_open_descriptors();

        kqmodel_refuse_filter(EVFILT_USER, errors[i]);
        int result = mio_waker_new(loop.registry, 1, &waker);
        CHECK(result == 0 || result == -errors[i]);
        kqmodel_refuse_filter(EVFILT_USER, 0);
        if (result == 0) {
            CHECK_EQ(mio_waker_wake(waker), 0);
            EXPECT_ONE(&loop, 1, MIO_READABLE);
        } else {
            CHECK(waker == NULL);
            CHECK_EQ(test_open_descriptors(), descriptors);
        }
        mio_waker_free(waker);
        model_close(&loop, ends);
    }
}

#endif

/* SPDX-License-Identifier: MIT */
/*
 * What the selector keeps beside the caller's registrations, when the caller or the kernel gets in
 * its way: knotes that stand guard over a pipe, ends that are watched by hand, one-shots that are
 * still to be silenced.
 */
#define _GNU_SOURCE

#include "kqueue_model.h"

#if defined(HAVE_MODEL)

#include <errno.h>
#include <mio/kqueue.h>
#include <sys/socket.h>
#include <unistd.h>

enum { WATCHED = 7, HIGH_NUMBER = 900 };

/* --- the writing end of a pipe --- */

static struct loop open_writer(int ends[2])
{
    kqmodel_reset();
    struct loop loop = loop_open();
    open_pipe(ends);
    return loop;
}

/* The guard tells of the end, but the knote that would tell it is no longer wanted. */
TEST(kqueue4_writing_that_was_deleted_by_hand_stays_deleted)
{
    int ends[2];
    struct loop loop = open_writer(ends);
    uintptr_t ident = (uintptr_t)ends[FAR];

    REQUIRE_EQ(mio_registry_register(loop.registry, ends[FAR], WATCHED, BOTH), 0);
    AWAIT_EVENTS(&loop, {WATCHED, MIO_WRITABLE});
    fill(ends[FAR]);
    REQUIRE_EQ(mio_kqueue_register(loop.registry, ident, EVFILT_WRITE, EV_DELETE, 0, 0, 0), 0);
    CHECK_EQ(close(ends[NEAR]), 0);
    while (loop_wait(&loop, 0) > 0) {
        mio_events_each(event, loop.events) {
            CHECK(!mio_event_is_write_closed(event));
        }
    }
    CHECK(!has_knote(&loop, ends[FAR], EVFILT_WRITE));

    CHECK_EQ(close(ends[FAR]), 0);
    loop_close(&loop);
}

TEST(kqueue4_reading_of_a_closed_writer_cannot_be_deleted_by_hand)
{
    int ends[2];
    struct loop loop = open_writer(ends);

    REQUIRE_EQ(mio_registry_register(loop.registry, ends[FAR], WATCHED, MIO_WRITABLE), 0);
    close_pair(ends);
    int error = mio_kqueue_register(loop.registry, (uintptr_t)ends[FAR], EVFILT_READ, EV_DELETE, 0,
                                    0, WATCHED);
    CHECK(error == -EBADF || error == -ENOENT); /* macOS */

    loop_close(&loop);
}

/* No kernel has urgent data of a pipe, and nothing of the attempt is left. */
TEST(kqueue4_a_pipe_has_no_urgent_data)
{
    int ends[2];
    struct loop loop = open_writer(ends);

    for (int i = 0; i < 2; i++) {
        CHECK(mio_registry_register(loop.registry, ends[i], WATCHED, MIO_PRIORITY) < 0);
        CHECK_EQ(mio_registry_deregister(loop.registry, ends[i]), -ENOENT);
    }

    close_pair(ends);
    loop_close(&loop);
}

/* Reading is refused, also when its knote is asked for as a guard: writing goes on. */
TEST(kqueue4_a_writer_is_put_back_without_its_guard)
{
    int ends[2];
    struct loop loop = open_writer(ends);
    struct mio_source source;

    mio_source_init(&source, ends[FAR]);
    REQUIRE_EQ(mio_source_register(&source, loop.registry, WATCHED, MIO_WRITABLE), 0);
    EXPECT_ONE(&loop, WATCHED, MIO_WRITABLE);
    kqmodel_refuse_filter(EVFILT_READ, ENOMEM);
    CHECK_EQ(mio_source_reregister(&source, 8, BOTH), -ENOMEM);
    kqmodel_refuse_filter(EVFILT_READ, 0);
    EXPECT_ONE(&loop, WATCHED, MIO_WRITABLE);
    CHECK(!has_knote(&loop, ends[FAR], EVFILT_READ));
    CHECK_EQ(mio_source_deregister(&source), 0);

    close_pair(ends);
    loop_close(&loop);
}

/* --- the end of reading alone --- */

static int shortages;

static void count_shortage(int error, const char *what, void *user)
{
    (void)user;
    (void)what;
    shortages += error == -ENOMEM;
}

static struct loop open_half_closed(int ends[2], mio_interest interest)
{
    struct mio_options options = {.log = count_shortage};
    kqmodel_reset();
    shortages = 0;
    struct loop loop = loop_open_with(&options, DEFAULT_CAPACITY);
    open_pair(ends);
    REQUIRE_EQ(mio_registry_register(loop.registry, ends[NEAR], WATCHED, interest), 0);
    EXPECT_NOTHING(&loop);
    CHECK_EQ(shutdown(ends[FAR], SHUT_WR), 0);
    return loop;
}

static void expect_read_closed(struct loop *loop)
{
    REQUIRE_EQ(loop_wait(loop, 0), 1);
    CHECK_EQ(mio_event_token(mio_events_get(loop->events, 0)), WATCHED);
    CHECK(mio_event_is_read_closed(mio_events_get(loop->events, 0)));
}

/* The end is told, whatever becomes of the knote; what is watched no more the log is told. */
TEST(kqueue4_an_end_that_cannot_be_watched_on_is_told)
{
    for (int adds = 0; adds < 2; adds++) {
        int ends[2];
        struct loop loop = open_half_closed(ends, MIO_READ_CLOSED | MIO_LEVEL);
        if (adds)
            kqmodel_refuse_change(1, ENOMEM);
        else
            kqmodel_fail_kevent(2, ENOMEM); /* after the fetch */
        expect_read_closed(&loop);
        CHECK_EQ(shortages, adds);
        CHECK_EQ(has_knote(&loop, ends[NEAR], EVFILT_READ), !adds);
        REQUIRE_EQ(
            mio_registry_set(loop.registry, ends[NEAR], WATCHED, MIO_READ_CLOSED | MIO_LEVEL), 0);
        for (int round = 0; round < 3; round++)
            expect_read_closed(&loop);
        CHECK_EQ(mio_registry_deregister(loop.registry, ends[NEAR]), 0);
        model_close(&loop, ends);
    }
}

/* What is remembered of one number is not looked for beyond the last of them. */
TEST(kqueue4_a_number_of_which_nothing_is_remembered)
{
    int ends[2];
    struct loop loop = model_open(ends);
    int high = dup2(ends[FAR], HIGH_NUMBER);

    REQUIRE_EQ(high, HIGH_NUMBER);
    REQUIRE_EQ(mio_registry_register(loop.registry, ends[NEAR], 1, MIO_READ_CLOSED), 0);
    REQUIRE_EQ(mio_registry_register(loop.registry, high, WATCHED, MIO_READABLE), 0);
    put(ends[NEAR], "x");
    EXPECT_ONE(&loop, WATCHED, MIO_READABLE);

    CHECK_EQ(close(high), 0);
    model_close(&loop, ends);
}

/* --- a one-shot that has fired in a wait which had no room to fetch --- */

static int register_without_writing(struct loop *loop, int fd, mio_interest interest)
{
    kqmodel_refuse_filter(EVFILT_WRITE, EPIPE);
    int result = mio_registry_register(loop->registry, fd, WATCHED, interest);
    kqmodel_refuse_filter(EVFILT_WRITE, 0);
    return result;
}

/* The next wait would silence it. */
static struct loop open_to_silence(int ends[2])
{
    kqmodel_reset();
    struct loop loop = loop_open_with(NULL, 1);
    open_pair(ends);
    /* Whose turn it is to be first changes with each wait that has events of both. */
    struct mio_waker *waker = waker_open(&loop, 9);
    CHECK_EQ(mio_waker_wake(waker), 0);
    EXPECT_ONE(&loop, 9, MIO_READABLE);
    mio_waker_free(waker);
    REQUIRE_EQ(register_without_writing(&loop, ends[NEAR], BOTH | MIO_ONESHOT), 0);
    REQUIRE_EQ(loop_wait(&loop, 0), 1);
    CHECK_EQ(mio_event_token(mio_events_get(loop.events, 0)), WATCHED);
    CHECK(has_knote(&loop, ends[NEAR], EVFILT_READ));
    return loop;
}

TEST(ev3_a_one_shot_that_was_deregistered_is_not_silenced)
{
    int ends[2];
    struct loop loop = open_to_silence(ends);

    CHECK_EQ(mio_registry_deregister(loop.registry, ends[NEAR]), 0);
    put(ends[FAR], "x");
    EXPECT_NOTHING(&loop);

    model_close(&loop, ends);
}

TEST(ev3_a_one_shot_that_was_made_anew_is_not_silenced_for_the_last)
{
    static const mio_interest interests[] = {BOTH | MIO_ONESHOT, MIO_READ_CLOSED | MIO_ONESHOT};
    for (size_t i = 0; i < 2; i++) {
        int ends[2];
        struct loop loop = open_to_silence(ends);

        REQUIRE_EQ(mio_registry_reregister(loop.registry, ends[NEAR], 8, interests[i]), 0);
        if (i == 0)
            EXPECT_ONE(&loop, 8, MIO_WRITABLE);
        else
            EXPECT_NOTHING(&loop);
        CHECK_EQ(shutdown(ends[FAR], SHUT_WR), 0);
        if (i == 0)
            EXPECT_NOTHING(&loop);
        else
            CHECK_EQ(loop_wait(&loop, 0), 1);

        model_close(&loop, ends);
    }
}

#endif

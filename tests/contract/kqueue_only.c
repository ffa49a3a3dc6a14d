/* SPDX-License-Identifier: MIT */
/*
 * What can be seen and done only where the kernel is the model of tests/kqueue: calls are counted,
 * changes are read back, faults are ordered. Compiled to nothing elsewhere.
 */
#define _GNU_SOURCE

#include "kqueue_model.h"

#if defined(HAVE_MODEL)

#include "facts/facts.h"

#include <errno.h>
#include <fcntl.h>
#include <mio/kqueue.h>
#include <string.h>
#include <unistd.h>

enum { COUNT = 50, MOST_CHANGES = 64 };

#if defined(EVFILT_LIO)
enum { FILTER_LIO = EVFILT_LIO };
#else
enum { FILTER_LIO = 0 };
#endif

/* --- WAIT2, WAKE3: calls --- */

TEST(kqueue2_a_wait_is_one_call)
{
    int ends[2];
    struct loop loop = model_open(ends);

    put(ends[FAR], "x");
    REQUIRE_EQ(mio_registry_register(loop.registry, ends[NEAR], 1, MIO_READABLE | MIO_LEVEL), 0);
    calls();
    for (int i = 0; i < COUNT; i++)
        CHECK_EQ(loop_wait(&loop, i % 2 == 0 ? MIO_FOREVER : SECOND), 1);
    CHECK_EQ(calls(), COUNT);
    drain(ends[NEAR]);
    for (int i = 0; i < COUNT; i++)
        CHECK_EQ(loop_wait(&loop, 0), 0);
    CHECK_EQ(calls(), COUNT);
    put(ends[FAR], "x");
    CHECK_EQ(loop_wait(&loop, 0), 1);
    drain(ends[NEAR]);
    calls();
    CHECK_EQ(loop_wait(&loop, MILLISECOND), 0);
    CHECK(calls() <= 2);

    model_close(&loop, ends);
}

TEST(kqueue2_an_operation_is_one_call)
{
    int ends[2];
    struct loop loop = model_open(ends);
    struct mio_source source;

    calls();
    CHECK_EQ(mio_registry_register(loop.registry, ends[NEAR], 1, BOTH), 0);
    CHECK_EQ(calls(), 1);
    CHECK_EQ(mio_registry_reregister(loop.registry, ends[NEAR], 2, MIO_READABLE), 0);
    CHECK_EQ(calls(), 1);
    CHECK_EQ(mio_registry_reregister(loop.registry, ends[NEAR], 2, BOTH | MIO_LEVEL), 0);
    CHECK_EQ(calls(), 1);
    CHECK_EQ(mio_registry_rearm(loop.registry, ends[NEAR], BOTH | MIO_LEVEL), 0);
    CHECK_EQ(calls(), 0);
    CHECK_EQ(mio_registry_set(loop.registry, ends[NEAR], 2, MIO_WRITABLE), 0);
    CHECK_EQ(calls(), 1);
    CHECK_EQ(mio_registry_set(loop.registry, ends[NEAR], 2, 0), 0);
    CHECK_EQ(calls(), 1);
    CHECK_EQ(mio_registry_set(loop.registry, ends[NEAR], 2, BOTH), 0);
    CHECK_EQ(calls(), 1);
    CHECK_EQ(mio_registry_deregister(loop.registry, ends[NEAR]), 0);
    CHECK_EQ(calls(), 1);
    mio_source_init(&source, ends[NEAR]);
    CHECK_EQ(mio_source_register(&source, loop.registry, 1, BOTH), 0);
    CHECK_EQ(mio_source_reregister(&source, 1, MIO_READABLE), 0);
    CHECK_EQ(mio_source_deregister(&source), 0);
    CHECK_EQ(calls(), 3);

    model_close(&loop, ends);
}

/* WAIT3: what the kernel is asked for is what every kernel takes, and this one bears. */
TEST(kqueue3_a_wait_is_no_longer_than_the_kernel_takes)
{
    int ends[2];
    struct loop loop = model_open(ends);

    REQUIRE_EQ(mio_registry_register(loop.registry, ends[NEAR], 1, MIO_WRITABLE | MIO_LEVEL), 0);
    CHECK_EQ(mio_poll_wait(loop.poll, loop.events, INT64_MAX), 1);
    CHECK_EQ(kqmodel_last_timeout(), fact("a wait is cut to these seconds"));
    CHECK_EQ(mio_poll_wait(loop.poll, loop.events, MIO_FOREVER), 1);
    CHECK_EQ(kqmodel_last_timeout(),
             fact("a wait for ever is cut") != 0 ? fact("a wait is cut to these seconds") : -1);

    model_close(&loop, ends);
}

TEST(kqueue2_a_busy_poll_looks_first_where_that_pays)
{
    int ends[2];
    struct loop loop = model_open(ends);

    put(ends[FAR], "x");
    REQUIRE_EQ(mio_registry_register(loop.registry, ends[NEAR], 1, MIO_READABLE), 0);
    CHECK_EQ(loop_wait(&loop, SECOND), 1);
    calls();
    CHECK_EQ(loop_wait(&loop, MILLISECOND), 0);
    CHECK_EQ(calls(), 1 + fact("a busy poll looks before it waits with a time"));

    model_close(&loop, ends);
}

/* Changes of different descriptors; those of one may take a call each (K12). */
TEST(kqueue2_a_batch_is_one_call)
{
    enum { PAIRS = 6 };
    int ends[2];
    int pairs[PAIRS][2];
    struct loop loop = model_open(ends);
    struct mio_change changes[2 * PAIRS];

    for (int i = 0; i < PAIRS; i++)
        open_pair(pairs[i]);
    for (int i = 0; i < 2 * PAIRS; i++) {
        changes[i] = (struct mio_change){.kind = MIO_REGISTER,
                                         .fd = pairs[i / 2][i % 2],
                                         .token = (mio_token)i,
                                         .interest = i == 0 ? MIO_WRITABLE : MIO_READABLE};
    }
    calls();
    CHECK_EQ(mio_registry_apply(loop.registry, changes, 2 * PAIRS), 2 * PAIRS);
    CHECK_EQ(calls(), 1);
    EXPECT_ONE(&loop, 0, MIO_WRITABLE);
    for (int i = 0; i < 2 * PAIRS; i++)
        changes[i].kind = MIO_DEREGISTER;
    calls();
    CHECK_EQ(mio_registry_apply(loop.registry, changes, 2 * PAIRS), 2 * PAIRS);
    CHECK_EQ(calls(), 1);

    for (int i = 0; i < PAIRS; i++)
        close_pair(pairs[i]);
    model_close(&loop, ends);
}

TEST(kqueue3_waking_who_is_awake_costs_no_call)
{
    int ends[2];
    struct loop loop = model_open(ends);
    struct mio_waker *waker;

    REQUIRE_EQ(mio_waker_new(loop.registry, 1, &waker), 0);
    calls();
    for (int i = 0; i < COUNT; i++)
        CHECK_EQ(mio_waker_wake(waker), 0);
    CHECK_EQ(calls(), 0);
    EXPECT_ONE(&loop, 1, MIO_READABLE);

    mio_waker_free(waker);
    model_close(&loop, ends);
}

/* --- what is asked of the kernel --- */

/* The change of that filter among the last ones; all zero when there is none. */
static struct kevent last_change(int filter)
{
    struct kevent changes[MOST_CHANGES];
    struct kevent found;
    int count = kqmodel_last_changes(changes, MOST_CHANGES);

    memset(&found, 0, sizeof found);
    for (int i = 0; i < count && i < MOST_CHANGES; i++) {
        if ((int)changes[i].filter == filter && (changes[i].flags & EV_ADD) != 0)
            found = changes[i];
    }
    return found;
}

TEST(kqueue5_modes_are_flags)
{
    static const struct {
        mio_interest mode;
        uint32_t flags;
    } modes[] = {{0, EV_CLEAR}, {MIO_LEVEL, 0}, {MIO_ONESHOT, EV_DISPATCH}};
    int ends[2];
    struct loop loop = model_open(ends);

    for (size_t i = 0; i < sizeof modes / sizeof modes[0]; i++) {
        mio_token token = 70 + i;
        REQUIRE_EQ(mio_registry_register(loop.registry, ends[NEAR], token, BOTH | modes[i].mode),
                   0);
        for (int direction = 0; direction < 2; direction++) {
            struct kevent change =
                last_change(direction == 0 ? (int)EVFILT_READ : (int)EVFILT_WRITE);
            uint32_t mode = change.flags & (EV_CLEAR | EV_DISPATCH | EV_ONESHOT);
            CHECK_EQ(change.ident, ends[NEAR]);
            CHECK_EQ((mio_token)change.udata, token);
            CHECK((change.flags & EV_RECEIPT) != 0);
            CHECK_EQ(mode, modes[i].flags);
        }
        REQUIRE_EQ(mio_registry_deregister(loop.registry, ends[NEAR]), 0);
        CHECK(!has_knote(&loop, ends[NEAR], EVFILT_READ));
        CHECK(!has_knote(&loop, ends[NEAR], EVFILT_WRITE));
    }

    model_close(&loop, ends);
}

TEST(kqueue5_reregistering_leaves_only_what_is_asked_for)
{
    int ends[2];
    struct loop loop = model_open(ends);

    REQUIRE_EQ(mio_registry_register(loop.registry, ends[NEAR], 1, MIO_READABLE), 0);
    CHECK(has_knote(&loop, ends[NEAR], EVFILT_READ));
    CHECK(!has_knote(&loop, ends[NEAR], EVFILT_WRITE));
    REQUIRE_EQ(mio_registry_reregister(loop.registry, ends[NEAR], 1, MIO_WRITABLE), 0);
    CHECK(!has_knote(&loop, ends[NEAR], EVFILT_READ));
    CHECK(has_knote(&loop, ends[NEAR], EVFILT_WRITE));
    REQUIRE_EQ(mio_registry_reregister(loop.registry, ends[NEAR], 1, BOTH | MIO_ONESHOT), 0);
    CHECK(has_knote(&loop, ends[NEAR], EVFILT_READ));
    CHECK(has_knote(&loop, ends[NEAR], EVFILT_WRITE));

    model_close(&loop, ends);
}

/* --- EV4, K9: kernels of either age --- */

TEST(kqueue4_pipes_without_reader_on_kernels_of_either_age)
{
    for (int older = 0; older < 2; older++) {
        kqmodel_reset();
        kqmodel_set_older(older != 0);
        struct loop loop = loop_open();
        int ends[2];

        open_pipe(ends);
        CHECK_EQ(close(ends[NEAR]), 0);
        REQUIRE_EQ(mio_registry_register(loop.registry, ends[FAR], 1, MIO_WRITABLE), 0);
        EXPECT_ONE(&loop, 1, MIO_WRITABLE | MIO_WRITE_CLOSED);
        REQUIRE_EQ(mio_registry_reregister(loop.registry, ends[FAR], 2, MIO_WRITABLE), 0);
        EXPECT_ONE(&loop, 2, MIO_WRITABLE | MIO_WRITE_CLOSED);
        (void)mio_registry_deregister(loop.registry, ends[FAR]);
        EXPECT_NOTHING(&loop);

        CHECK_EQ(close(ends[FAR]), 0);
        loop_close(&loop);
    }
    kqmodel_reset();
}

/* A registration that is gone takes its injected event along. */
TEST(kqueue4_an_injected_event_is_withdrawn)
{
    for (int older = 0; older < 2; older++) {
        kqmodel_reset();
        kqmodel_set_older(older != 0);
        struct loop loop = loop_open();
        struct mio_source source;
        int ends[2];

        open_pipe(ends);
        CHECK_EQ(close(ends[NEAR]), 0);
        mio_source_init(&source, ends[FAR]);
        REQUIRE_EQ(mio_source_register(&source, loop.registry, 1, MIO_WRITABLE), 0);
        CHECK_EQ(mio_source_deregister(&source), 0);
        EXPECT_NOTHING(&loop);
        REQUIRE_EQ(mio_source_register(&source, loop.registry, 2, MIO_WRITABLE), 0);
        CHECK_EQ(mio_source_close(&source), 0);
        EXPECT_NOTHING(&loop);
        loop_close(&loop);
    }
    kqmodel_reset();
}

/* --- creation --- */

TEST(kqueue1_creation_passes_errors_on)
{
    static const int errors[] = {EMFILE, ENFILE, ENOMEM};
    struct mio_poll *poll = NULL;

    kqmodel_reset();
    for (size_t i = 0; i < sizeof errors / sizeof errors[0]; i++) {
        kqmodel_fail_kqueue(1, errors[i]);
        CHECK_EQ(mio_poll_new(NULL, &poll), -errors[i]);
        CHECK(poll == NULL);
    }
    kqmodel_reset();
}

/* --- K20 --- */

TEST(kqueue4_character_devices_are_asked_for_with_a_low_water_mark)
{
    skip_if_excepted(__func__);

    kqmodel_reset();
    struct loop loop = loop_open();
    int null_device = open("/dev/null", O_RDWR | O_CLOEXEC);

    REQUIRE(null_device >= 0);
    CHECK_EQ(mio_registry_register(loop.registry, null_device, 1, MIO_READABLE), 0);
    struct kevent change = last_change(EVFILT_READ);
    CHECK_EQ(change.fflags, NOTE_LOWAT);
    CHECK_EQ(change.data, 1);
    CHECK_EQ(mio_registry_deregister(loop.registry, null_device), 0);

    CHECK_EQ(close(null_device), 0);
    loop_close(&loop);
}

/* --- aio --- */

TEST(kqueue1_finished_requests_are_events)
{
    int ends[2];
    struct loop loop = model_open(ends);
    mio_interest served = (mio_interest)fact("served_interests");

    if (fact("requests of aio are events in the model") != 0) {
        CHECK((served & MIO_AIO) != 0);
        CHECK_EQ(kqmodel_post_aio(mio_poll_fd(loop.poll), EVFILT_AIO, 0x1000, (void *)21), 0);
        EXPECT_ONE(&loop, 21, MIO_AIO);
        CHECK_EQ(mio_registry_register(loop.registry, ends[NEAR], 1, MIO_AIO), 0);
        CHECK(!has_knote(&loop, ends[NEAR], EVFILT_READ));
    }
    if ((served & MIO_LIO) != 0) {
        CHECK_EQ(kqmodel_post_aio(mio_poll_fd(loop.poll), FILTER_LIO, 0x2000, (void *)22), 0);
        EXPECT_ONE(&loop, 22, MIO_LIO);
    }

    model_close(&loop, ends);
}

/* --- the raw access --- */

TEST(kqueue1_the_raw_door_registers_any_filter)
{
    int ends[2];
    struct loop loop = model_open(ends);
    struct mio_registry *registry = loop.registry;
    const uintptr_t ident = 77;

    CHECK_EQ(mio_kqueue_register(registry, ident, EVFILT_USER, 0, NOTE_TRIGGER, 0, 5), -ENOENT);
    REQUIRE_EQ(mio_kqueue_register(registry, ident, EVFILT_USER, EV_ADD | EV_CLEAR, 0, 0, 5), 0);
    EXPECT_NOTHING(&loop);
    REQUIRE_EQ(mio_kqueue_register(registry, ident, EVFILT_USER, 0, NOTE_TRIGGER, 0, 5), 0);
    CHECK_EQ(loop_wait(&loop, 10 * SECOND), 1);
    const struct mio_event *event = mio_events_get(loop.events, 0);
    CHECK_EQ(mio_event_token(event), 5);
    CHECK_EQ(mio_kqueue_event_ident(event), ident);
    CHECK_EQ(mio_kqueue_event_filter(event), EVFILT_USER);
    CHECK((mio_kqueue_event_flags(event) & EV_CLEAR) != 0);
    EXPECT_NOTHING(&loop);
    REQUIRE_EQ(mio_kqueue_register(registry, ident, EVFILT_USER, EV_DELETE, 0, 0, 5), 0);
    CHECK_EQ(mio_kqueue_register(registry, ident, EVFILT_USER, EV_DELETE, 0, 0, 5), -ENOENT);
    CHECK_EQ(mio_kqueue_register(null(), ident, EVFILT_USER, EV_ADD, 0, 0, 5), -EINVAL);

    model_close(&loop, ends);
}

TEST(kqueue1_a_timer_of_the_kernel_s_is_an_event)
{
    struct loop loop = loop_open();
    const uintptr_t ident = 78;

    REQUIRE_EQ(
        mio_kqueue_register(loop.registry, ident, EVFILT_TIMER, EV_ADD | EV_ONESHOT, 0, 1, 6), 0);
    CHECK_EQ(loop_wait(&loop, 10 * SECOND), 1);
    const struct mio_event *event = mio_events_get(loop.events, 0);
    CHECK_EQ(mio_event_token(event), 6);
    CHECK_EQ(mio_event_readiness(event), MIO_TIMER);
    CHECK_EQ(mio_event_expirations(event), 1);
    CHECK_EQ(mio_kqueue_event_ident(event), ident);
    CHECK_EQ(mio_kqueue_event_data(event), 1);
    EXPECT_NOTHING(&loop);
    CHECK_EQ(mio_kqueue_register(loop.registry, ident, EVFILT_TIMER, EV_DELETE, 0, 0, 6), -ENOENT);

    loop_close(&loop);
}

#endif

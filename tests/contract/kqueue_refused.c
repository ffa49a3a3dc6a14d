/* SPDX-License-Identifier: MIT */
/*
 * REG4 while another thread waits, where the model refuses a filter to order: the event of a filter
 * that was taken before the refusal is not handed over, and what is put back is heard.
 */
#define _GNU_SOURCE

#include "kqueue_model.h"

#if defined(HAVE_MODEL)

#include <errno.h>
#include <mio/kqueue.h>
#include <sched.h>
#include <stdatomic.h>

enum { TRIES = 500, LAST = 1, REFUSED = 2, KEPT = 3, TOKENS = 4 };

static atomic_int seen[TOKENS];
static struct loop loop;

static void *wait_for_last(void *unused)
{
    while (atomic_load(&seen[LAST]) == 0) {
        if (loop_wait(&loop, 100 * SECOND) <= 0)
            break;
        mio_events_each(event, loop.events) {
            mio_token token = mio_event_token(event);
            atomic_fetch_add(&seen[token < TOKENS ? token : 0], 1);
        }
    }
    return unused;
}

static pthread_t start(int ends[2])
{
    for (int i = 0; i < TOKENS; i++)
        atomic_store(&seen[i], 0);
    loop = model_open(ends);
    return thread_start(wait_for_last, NULL);
}

static void stop(pthread_t thread, int ends[2])
{
    int others[2];
    open_pair(others);
    kqmodel_reset();
    CHECK_EQ(mio_registry_register(loop.registry, others[NEAR], LAST, MIO_WRITABLE), 0);
    (void)thread_join(thread);
    CHECK_EQ(atomic_load(&seen[REFUSED]), 0);
    close_pair(others);
    model_close(&loop, ends);
}

static void await_kept(int before)
{
    int64_t begun = test_now();
    while (atomic_load(&seen[KEPT]) == before && !time_is_up(begun, 100 * SECOND))
        sched_yield();
    CHECK(atomic_load(&seen[KEPT]) > before);
}

TEST(reg4_the_token_of_half_a_registration_is_not_delivered_meanwhile)
{
    static const int filters[] = {EVFILT_READ, EVFILT_WRITE};
    for (int i = 0; i < 2; i++) {
        int ends[2];
        pthread_t thread = start(ends);
        put(ends[FAR], "x");
        kqmodel_refuse_filter(filters[i], ENOMEM);
        for (int try = 0; try < TRIES; try++)
            CHECK_EQ(mio_registry_register(loop.registry, ends[NEAR], REFUSED, BOTH), -ENOMEM);
        stop(thread, ends);
    }
}

/* A source of a level registration, which is heard all the time, is asked for a second filter. */
TEST(reg4_a_source_keeps_its_token_while_its_change_is_refused_meanwhile)
{
    static const mio_interest modes[] = {0, MIO_LEVEL, MIO_ONESHOT};
    for (size_t i = 0; i < 9; i++) {
        int ends[2];
        struct mio_source source;
        pthread_t thread = start(ends);
        put(ends[FAR], "x");
        mio_source_init(&source, ends[NEAR]);
        REQUIRE_EQ(mio_source_register(&source, loop.registry, KEPT, MIO_READABLE | modes[i % 3]),
                   0);
        for (int try = 0; try < TRIES / 20; try++) {
            kqmodel_refuse_filter(EVFILT_WRITE, ENOMEM);
            CHECK_EQ(mio_source_reregister(&source, REFUSED, BOTH | modes[i / 3]), -ENOMEM);
            kqmodel_refuse_filter(EVFILT_WRITE, 0);
            if (modes[i % 3] != MIO_LEVEL)
                continue;
            await_kept(atomic_load(&seen[KEPT]));
        }
        /* It is heard of what comes, also when what was refused had been fetched in its place. */
        if (modes[i % 3] == 0) {
            int before = atomic_load(&seen[KEPT]);
            put(ends[FAR], "x");
            await_kept(before);
        }
        CHECK_EQ(mio_source_deregister(&source), 0);
        stop(thread, ends);
    }
}

/* Every kqueue refuses EVFILT_WRITE of a kqueue. */
TEST(reg4_the_token_of_a_poll_in_a_poll_is_not_delivered_meanwhile)
{
    int ends[2];
    pthread_t thread = start(ends);
    struct loop inner = loop_open();
    int inner_fd = mio_poll_fd(inner.poll);

    REQUIRE_EQ(mio_registry_register(inner.registry, ends[FAR], 9, MIO_WRITABLE | MIO_LEVEL), 0);
    for (int try = 0; try < TRIES; try++)
        CHECK(mio_registry_register(loop.registry, inner_fd, REFUSED, BOTH) < 0);
    loop_close(&inner);
    stop(thread, ends);
}

/* What another thread has fetched before the change is not the refused one's, if the token is. */
TEST(reg4_a_batch_drops_only_what_was_refused_meanwhile)
{
    int ends[2];
    int others[2];
    pthread_t thread = start(ends);
    open_pair(others);
    put(ends[FAR], "x");
    for (int try = 0; try < TRIES / 4; try++) {
        struct mio_change changes[] = {
            {.kind = MIO_REGISTER, .fd = ends[NEAR], .token = REFUSED, .interest = BOTH},
            {.kind = MIO_REGISTER, .fd = others[NEAR], .token = KEPT, .interest = BOTH},
        };
        int before = atomic_load(&seen[KEPT]);
        kqmodel_refuse_change(2, ENOMEM);
        CHECK_EQ(mio_registry_apply(loop.registry, changes, 2), 1);
        CHECK_EQ(changes[0].result, -ENOMEM);
        await_kept(before);
        CHECK_EQ(mio_registry_deregister(loop.registry, others[NEAR]), 0);
    }
    close_pair(others);
    stop(thread, ends);
}

/* --- one thread: the table of what was refused --- */

/* Nobody waits meanwhile: what is registered again with the same token is heard. */
TEST(kqueue4_a_token_may_be_used_again_after_its_refusal)
{
    enum { PAIRS = 40 };
    int ends[2];
    int pairs[PAIRS][2];
    struct loop own = model_open(ends);

    for (int i = 0; i < PAIRS; i++) {
        open_pair(pairs[i]);
        kqmodel_refuse_change(2, ENOMEM);
        CHECK_EQ(mio_registry_register(own.registry, pairs[i][NEAR], KEPT, BOTH), -ENOMEM);
    }
    for (int i = 0; i < PAIRS; i++) {
        REQUIRE_EQ(mio_registry_register(own.registry, pairs[i][NEAR], KEPT, MIO_WRITABLE), 0);
        EXPECT_ONE(&own, KEPT, MIO_WRITABLE);
        REQUIRE_EQ(mio_registry_reregister(own.registry, pairs[i][NEAR], LAST, MIO_WRITABLE), 0);
        EXPECT_ONE(&own, LAST, MIO_WRITABLE);
        REQUIRE_EQ(mio_registry_deregister(own.registry, pairs[i][NEAR]), 0);
        close_pair(pairs[i]);
    }

    model_close(&own, ends);
}

/* Numbers that the table puts into the same place. */
TEST(kqueue4_refusals_of_like_numbers_are_told_apart)
{
    enum { APART = 64, OF_ONE_PLACE = 3 };
    int ends[2];
    struct loop own = model_open(ends);
    struct mio_change changes[OF_ONE_PLACE];

    for (int i = 0; i < OF_ONE_PLACE; i++) {
        int fd = i == 0 ? ends[NEAR] : dup2(ends[NEAR], ends[NEAR] + i * APART);
        REQUIRE(fd >= 0);
        kqmodel_refuse_change(2, ENOMEM);
        CHECK_EQ(mio_registry_register(own.registry, fd, REFUSED, BOTH), -ENOMEM);
        changes[i] = (struct mio_change){.kind = MIO_REGISTER,
                                         .fd = fd,
                                         .token = (mio_token)(KEPT + i),
                                         .interest = MIO_WRITABLE};
    }
    CHECK_EQ(mio_registry_apply(own.registry, changes, OF_ONE_PLACE), OF_ONE_PLACE);
    EXPECT_EVENTS(&own, {KEPT, MIO_WRITABLE}, {KEPT + 1, MIO_WRITABLE}, {KEPT + 2, MIO_WRITABLE});
    for (int i = 1; i < OF_ONE_PLACE; i++)
        CHECK_EQ(close(changes[i].fd), 0);
    model_close(&own, ends);
}

/* The ident of an event of the program's own is no descriptor. */
TEST(kqueue4_a_refusal_is_of_a_descriptor)
{
    int ends[2];
    struct loop own = model_open(ends);
    uintptr_t ident = (uintptr_t)ends[NEAR];

    REQUIRE_EQ(mio_kqueue_register(own.registry, ident, EVFILT_USER, EV_ADD | EV_CLEAR, 0, 0, LAST),
               0);
    kqmodel_refuse_change(2, ENOMEM);
    CHECK_EQ(mio_registry_register(own.registry, ends[NEAR], REFUSED, BOTH), -ENOMEM);
    REQUIRE_EQ(mio_kqueue_register(own.registry, ident, EVFILT_USER, 0, NOTE_TRIGGER, 0, LAST), 0);
    EXPECT_ONE(&own, LAST, MIO_READABLE);
    model_close(&own, ends);
}

/* No memory for it: refused before the kernel is told. */
TEST(kqueue4_a_refusal_always_has_a_place)
{
    enum { PAIRS = 40 };
    int ends[2];
    int pairs[PAIRS][2];
    struct loop own = model_open(ends);
    int without_memory = 0;

    for (int i = 0; i < PAIRS; i++) {
        open_pair(pairs[i]);
        kqmodel_refuse_filter(EVFILT_WRITE, EINVAL);
        test_fail_allocation(1);
        int result = mio_registry_register(own.registry, pairs[i][NEAR], REFUSED, BOTH);
        test_fail_allocation(0);
        CHECK(result == -EINVAL || result == -ENOMEM);
        without_memory += result == -ENOMEM;
        CHECK(!kqmodel_has_knote(mio_poll_fd(own.poll), (uintptr_t)pairs[i][NEAR], EVFILT_READ));
    }
    CHECK(without_memory > 0);
    for (int i = 0; i < PAIRS; i++)
        close_pair(pairs[i]);

    model_close(&own, ends);
}

#endif

/* SPDX-License-Identifier: MIT */
/* What a program tries after an event, and how long it waits for one. */
#define _GNU_SOURCE

#include "facts/facts.h"
#include "support.h"

#include <mio/epoll.h>

#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

enum { READS = 1, WRITES = 2 };

/* What all events of the next wait say is worth trying. */
static int tried(struct loop *loop)
{
    int directions = 0;
    CHECK(loop_wait(loop, 10 * SECOND) > 0);
    mio_events_each(event, loop->events) {
        directions |= mio_event_may_read(event) ? READS : 0;
        directions |= mio_event_may_write(event) ? WRITES : 0;
    }
    return directions;
}

TEST(ev2_data_and_room_are_worth_trying)
{
    struct loop loop = loop_open();
    int ends[2];

    open_pair(ends);
    put(ends[FAR], "x");
    REQUIRE_EQ(mio_registry_register(loop.registry, ends[NEAR], 1, MIO_READABLE), 0);
    CHECK_EQ(tried(&loop), READS);
    REQUIRE_EQ(mio_registry_reregister(loop.registry, ends[NEAR], 1, MIO_WRITABLE), 0);
    CHECK_EQ(tried(&loop), WRITES);

    close_pair(ends);
    loop_close(&loop);
}

/* epoll and poll(2) tell of it as a hang-up alone. */
TEST(ev2_the_end_of_a_pipe_is_worth_reading)
{
    struct loop loop = loop_open();
    int ends[2];

    open_pipe(ends);
    CHECK_EQ(close(ends[FAR]), 0);
    REQUIRE_EQ(mio_registry_register(loop.registry, ends[NEAR], 1, MIO_READABLE), 0);
    CHECK((tried(&loop) & READS) != 0);

    CHECK_EQ(close(ends[NEAR]), 0);
    loop_close(&loop);
}

/* Whatever a kernel calls it: an error, a hang-up, the end. */
TEST(ev2_the_end_of_a_pipes_reader_is_worth_writing)
{
    struct loop loop = loop_open();
    int ends[2];

    open_pipe(ends);
    REQUIRE_EQ(mio_registry_register(loop.registry, ends[FAR], 1, MIO_WRITABLE), 0);
    CHECK_EQ(tried(&loop), WRITES);
    CHECK_EQ(close(ends[NEAR]), 0);
    CHECK((tried(&loop) & WRITES) != 0);

    CHECK_EQ(close(ends[FAR]), 0);
    loop_close(&loop);
}

#if defined(MIO_RECORD_EPOLL)

static const bool has_mask = true;

static void expect_mask(struct loop *loop, uint32_t mask)
{
    REQUIRE_EQ(loop_wait(loop, 10 * SECOND), 1);
    CHECK_EQ(mio_epoll_event_mask(mio_events_get(loop->events, 0)), mask);
}

#else

enum { MIO_EPOLL_IN, MIO_EPOLL_RDHUP };

static const bool has_mask = false;

static void expect_mask(struct loop *loop, uint32_t mask)
{
    (void)loop;
    (void)mask;
}

#endif

/* What the predicates merge is apart in the record. */
TEST(ev2_the_kernels_own_mask_can_be_read)
{
    if (!has_mask)
        SKIP("another record");
    struct loop loop = loop_open();
    int ends[2];

    open_pair(ends);
    put(ends[FAR], "x");
    REQUIRE_EQ(mio_registry_register(loop.registry, ends[NEAR], 1, MIO_READABLE), 0);
    expect_mask(&loop, MIO_EPOLL_IN);
    REQUIRE_EQ(shutdown(ends[FAR], SHUT_WR), 0);
    REQUIRE_EQ(mio_registry_reregister(loop.registry, ends[NEAR], 1, MIO_READABLE), 0);
    expect_mask(&loop, MIO_EPOLL_IN | MIO_EPOLL_RDHUP);

    close_pair(ends);
    loop_close(&loop);
}

TEST(wait3_units_are_nanoseconds)
{
    static const int64_t rest = MIO_SECONDS(2) + MIO_MS(3) + MIO_US(4) + 5;
    enum { FITS = MIO_MS(100) };
    int hours = 24 * 365;
    uint32_t many = 4294967295u;

    CHECK_EQ(rest, INT64_C(2003004005));
    CHECK_EQ(FITS, 100000000);
    CHECK_EQ(sizeof MIO_MS((short)1), sizeof(int64_t));
    /* Wider than an int, as soon as there is a unit. */
    CHECK_EQ(MIO_SECONDS(hours * 3600), INT64_C(31536000000000000));
    CHECK_EQ(MIO_SECONDS(many), INT64_C(4294967295000000000));
    CHECK_EQ(MIO_SECONDS(1 + 1), 2 * SECOND);
    CHECK_EQ(MIO_MS(0.5), 500000);

    struct loop loop = loop_open();
    int64_t begin = test_now();
    CHECK_EQ(mio_poll_wait(loop.poll, loop.events, MIO_MS(2)), 0);
    CHECK(test_now() - begin >= 2 * MILLISECOND);
    begin = test_now();
    CHECK_EQ(mio_poll_wait_until(loop.poll, loop.events, mio_now() + MIO_US(1500)), 0);
    CHECK(test_now() - begin >= MILLISECOND * 3 / 2);
    loop_close(&loop);
}

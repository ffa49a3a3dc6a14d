/* SPDX-License-Identifier: MIT */
/* A ring's completions as events, where the kernel lets the test have a ring. */
#include <mio-adapters/liburing.h>

#include "loop.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { RING = 5, MANY = 100 };

struct setting {
    struct loop loop;
    struct io_uring ring;
    struct mio_uring uring;
};

static void setting_open(struct setting *setting)
{
    char reason[96];
    int error = io_uring_queue_init(MANY, &setting->ring, 0);
    if (error < 0) {
        snprintf(reason, sizeof reason, "the kernel gives no ring: %s", strerror(-error));
        test_skip_process(reason);
    }
    loop_open(&setting->loop);
    REQUIRE_EQ(mio_uring_open(&setting->uring, &setting->ring, setting->loop.registry, RING), 0);
}

static void setting_close(struct setting *setting)
{
    mio_uring_close(&setting->uring);
    io_uring_queue_exit(&setting->ring);
    loop_close(&setting->loop);
}

TEST(uring_completions_are_events)
{
    struct setting setting;
    struct mio_uring_completion completion;
    int taken = 0;
    setting_open(&setting);
    for (int i = 0; i < MANY; i++) {
        struct io_uring_sqe *sqe = io_uring_get_sqe(&setting.ring);
        REQUIRE(sqe != NULL);
        io_uring_prep_nop(sqe);
        sqe->user_data = (unsigned)i;
    }
    CHECK_EQ(io_uring_submit(&setting.ring), MANY);
    while (taken < MANY) {
        loop_wait(&setting.loop);
        mio_events_each(event, setting.loop.events)
            REQUIRE(mio_uring_is_event(&setting.uring, event));
        for (int i = 0; i < 7 && mio_uring_next(&setting.uring, &completion); i++) /* in parts */
            CHECK_EQ(completion.user_data, taken++);
    }
    CHECK(!mio_uring_next(&setting.uring, &completion));
    CHECK_EQ(mio_poll_wait(setting.loop.poll, setting.loop.events, 0), 0);
    setting_close(&setting);
}

TEST(uring_completion_ends_a_wait)
{
    struct setting setting;
    struct mio_uring_completion completion = {0};
    int ends[2];
    char byte = 0;
    setting_open(&setting);
    REQUIRE(pipe(ends) == 0);
    io_uring_prep_read(io_uring_get_sqe(&setting.ring), ends[0], &byte, 1, 0);
    CHECK_EQ(io_uring_submit(&setting.ring), 1);
    CHECK_EQ(mio_poll_wait(setting.loop.poll, setting.loop.events, 0), 0);
    CHECK_EQ(write(ends[1], "x", 1), 1);
    loop_wait(&setting.loop);
    REQUIRE(mio_uring_next(&setting.uring, &completion));
    CHECK_EQ(completion.res, 1);
    CHECK_EQ(byte, 'x');
    close(ends[0]);
    close(ends[1]);
    setting_close(&setting);
}

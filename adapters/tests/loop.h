/* SPDX-License-Identifier: MIT */
/* A poll with its events, and waits that end: a test that hangs fails. */
#ifndef ADAPTERS_TESTS_LOOP_H
#define ADAPTERS_TESTS_LOOP_H

#include <mio.h>

#include "test.h"

#include <stdlib.h>

struct loop {
    struct mio_poll *poll;
    struct mio_registry *registry;
    struct mio_events *events;
    int64_t deadline; /* of the whole test */
};

static inline void loop_open(struct loop *loop)
{
    REQUIRE_EQ(mio_poll_new(NULL, &loop->poll), 0);
    REQUIRE_EQ(mio_events_new(64, NULL, &loop->events), 0);
    loop->registry = mio_poll_registry(loop->poll);
    loop->deadline = mio_now() + MIO_SECONDS(20);
}

static inline void loop_close(struct loop *loop)
{
    mio_events_free(loop->events);
    mio_poll_free(loop->poll);
}

static inline void loop_wait(struct loop *loop)
{
    REQUIRE(mio_poll_wait_until(loop->poll, loop->events, loop->deadline) > 0);
}

#endif

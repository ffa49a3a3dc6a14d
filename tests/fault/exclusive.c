/* SPDX-License-Identifier: MIT */
/* A source's exclusive registration: epoll changes it by deleting and adding, and adds the old one
 * again when the new one is refused. */
#define _GNU_SOURCE

#include "sweep.h"

#include <unistd.h>

static void expect_still(struct loop *loop, const int ends[2], const struct mio_source *source,
                         mio_token token, mio_interest interest)
{
    HOLDS(source->token == token && source->interest == interest);
    put(ends[FAR], "?");
    await(loop, token, MIO_READABLE);
    drain(ends[NEAR]);
}

static void exclusive_source_scenario(void)
{
    struct loop loop = loop_open(0, 16);
    int ends[2];
    struct mio_source source;
    open_pair(ends);
    mio_source_init(&source, ends[NEAR]);
    STEP(0, mio_source_register(&source, loop.registry, ONE, EXCLUSIVE));
    STEP_OR(0, mio_source_reregister(&source, TWO, EXCLUSIVE | MIO_WRITABLE)) {
        expect_still(&loop, ends, &source, ONE, EXCLUSIVE);
    }
    await(&loop, TWO, MIO_WRITABLE);
    STEP_OR(0, mio_source_reregister(&source, THREE, MIO_READABLE)) {
        expect_still(&loop, ends, &source, TWO, EXCLUSIVE | MIO_WRITABLE);
    }
    expect_still(&loop, ends, &source, THREE, MIO_READABLE);
    silent(&loop);
    STEP(0, mio_source_close(&source));
    HOLDS(close(ends[FAR]) == 0);
    loop_close(&loop);
}

TEST(exclusive_source)
{
    if (!sweeps("epoll"))
        SKIP("MIO_EXCLUSIVE is epoll's");
    sweep("exclusive_source", exclusive_source_scenario, IN_PROCESS);
}

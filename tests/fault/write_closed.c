/* SPDX-License-Identifier: MIT */
/* The writing end of a pipe without reader: what kqueues refuse to watch, and the library
 * injects. */
#define _GNU_SOURCE

#include "sweep.h"

#include <errno.h>
#include <unistd.h>

static void watch_write_closed(bool embedded)
{
    struct loop loop = loop_open(0, 16);
    int ends[2];
    open_pipe(ends);
    HOLDS(close(ends[0]) == 0);
    if (embedded)
        STEP(ANY_COUNT, mio_poll_fd(loop.poll));
    struct mio_source source;
    mio_source_init(&source, ends[1]);
    STEP_OR(0, mio_source_register(&source, loop.registry, ONE, MIO_WRITABLE)) {
        expect_unregistered(&loop, ends[1]);
        silent(&loop);
    }
    await(&loop, ONE, MIO_WRITE_CLOSED);
    silent(&loop);
    STEP_OR(0, mio_source_reregister(&source, TWO, BOTH | MIO_ONESHOT)) {
        HOLDS(source.token == ONE);
    }
    await(&loop, TWO, MIO_WRITE_CLOSED);
    silent(&loop);
    STEP(0, mio_source_deregister(&source));
    STEP_OR(0, mio_source_register(&source, loop.registry, THREE, MIO_WRITABLE)) {
        silent(&loop);
    }
    STEP(0, mio_source_close(&source));
    silent(&loop);
    loop_close(&loop);
}

static void write_closed_scenario(void)
{
    watch_write_closed(false);
}

TEST(write_closed)
{
    sweep("write_closed", write_closed_scenario, IN_PROCESS);
}

static void embedded_write_closed_scenario(void)
{
    watch_write_closed(true);
}

TEST(embedded_write_closed)
{
    if (sweeps("poll"))
        SKIP("poll has no descriptor");
    sweep("embedded_write_closed", embedded_write_closed_scenario, IN_PROCESS);
}

/* SPDX-License-Identifier: MIT */
/* REG9: a registration is of a file, and goes with it; its number may soon be another file's. */
#define _GNU_SOURCE

#include "exceptions.h"
#include "support.h"

#include <errno.h>
#include <unistd.h>

enum { WAYS = 2 };

/* Closes a registered descriptor and opens another file under its number; on another device, or
 * on the same. */
static int replace(struct loop *loop, int way)
{
    int old[2];
    int new[2];
    open_pair(old);
    REQUIRE_EQ(mio_registry_register(loop->registry, old[NEAR], 1, MIO_READABLE), 0);
    if (way == 0)
        open_pair(new);
    else
        open_pipe(new);
    REQUIRE_EQ(dup2(new[NEAR], old[NEAR]), old[NEAR]);
    close_pair(new);
    CHECK_EQ(close(old[FAR]), 0);
    return old[NEAR];
}

TEST(reg9_a_number_that_is_used_again_is_not_registered)
{
    struct loop loop = loop_open();

    for (int way = 0; way < WAYS; way++) {
        int fd = replace(&loop, way);
        CHECK_EQ(mio_registry_deregister(loop.registry, fd), -ENOENT);
        CHECK_EQ(close(fd), 0);
        fd = replace(&loop, way);
        CHECK_EQ(mio_registry_reregister(loop.registry, fd, 2, MIO_READABLE), -ENOENT);
        CHECK_EQ(mio_registry_register(loop.registry, fd, 3, MIO_READABLE), 0);
        CHECK_EQ(mio_registry_deregister(loop.registry, fd), 0);
        CHECK_EQ(close(fd), 0);
    }

    loop_close(&loop);
}

/* Told where the selector has to know; elsewhere the call does nothing. */
TEST(ev1_asking_again_for_what_is_not_registered)
{
    struct loop loop = loop_open();
    int ends[2];

    open_pair(ends);
    CHECK_EQ(mio_registry_rearm(loop.registry, ends[NEAR], MIO_READABLE),
             fact("edges have to be asked for after EAGAIN") ? -ENOENT : 0);

    close_pair(ends);
    loop_close(&loop);
}

TEST(reg1_a_batch_of_nothing)
{
    struct loop loop = loop_open();

    CHECK_EQ(mio_registry_apply(loop.registry, null(), 0), 0);

    loop_close(&loop);
}

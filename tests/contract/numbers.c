/* SPDX-License-Identifier: MIT */
/* REG9: a registration is of a file, and goes with it; its number may soon be another file's. */
#define _GNU_SOURCE

#include "facts/facts.h"
#include "support.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
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

/* A FIFO that is opened again has the same numbers for fstat(), as on Linux all eventfds have:
 * where nothing tells the files apart, the number belongs to what was registered last. */
TEST(reg9_a_number_that_is_used_again_by_the_same_file)
{
    char directory[] = "/tmp/mio-contract-XXXXXX";
    char name[sizeof directory + 8];
    struct loop loop = loop_open();

    REQUIRE(mkdtemp(directory) != NULL);
    snprintf(name, sizeof name, "%s/fifo", directory);
    REQUIRE_EQ(mkfifo(name, 0600), 0);
    int old = open(name, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    REQUIRE(old >= 0);
    REQUIRE_EQ(mio_registry_register(loop.registry, old, 1, MIO_READABLE), 0);
    CHECK_EQ(close(old), 0);
    int reader = open(name, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    REQUIRE_EQ(reader, old);
    REQUIRE_EQ(mio_registry_register(loop.registry, reader, 2, MIO_READABLE), 0);
    int writer = open(name, O_WRONLY | O_NONBLOCK | O_CLOEXEC);
    REQUIRE(writer >= 0);
    put(writer, "x");
    EXPECT_ONE(&loop, 2, MIO_READABLE);
    CHECK_EQ(mio_registry_deregister(loop.registry, reader), 0);
    CHECK_EQ(mio_registry_deregister(loop.registry, reader), -ENOENT);

    CHECK_EQ(close(reader), 0);
    CHECK_EQ(close(writer), 0);
    CHECK_EQ(unlink(name), 0);
    CHECK_EQ(rmdir(directory), 0);
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

/* SPDX-License-Identifier: MIT */
/* REG3 and REG4 for struct mio_source, which is checked alike on every system. */
#define _GNU_SOURCE

#include "facts/facts.h"
#include "support.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

static void open_source(struct mio_source *source, int ends[2])
{
    open_pair(ends);
    mio_source_init(source, ends[NEAR]);
}

TEST(reg3_a_source_starts_unregistered)
{
    struct loop loop = loop_open();
    struct mio_source source;
    int ends[2];

    open_source(&source, ends);
    CHECK_EQ(source.fd, ends[NEAR]);
    CHECK_EQ(mio_source_reregister(&source, 1, MIO_READABLE), -ENOENT);
    CHECK_EQ(mio_source_deregister(&source), -ENOENT);
    EXPECT_NOTHING(&loop);

    CHECK_EQ(mio_source_close(&source), 0);
    CHECK_EQ(close(ends[FAR]), 0);
    loop_close(&loop);
}

TEST(reg3_a_source_registers_once)
{
    struct loop loop = loop_open();
    struct mio_source source;
    int ends[2];

    open_source(&source, ends);
    CHECK_EQ(mio_source_register(&source, loop.registry, 1, MIO_READABLE), 0);
    CHECK_EQ(mio_source_register(&source, loop.registry, 2, MIO_READABLE), -EEXIST);
    CHECK_EQ(mio_source_register(&source, loop.registry, 1, MIO_WRITABLE), -EEXIST);
    put(ends[FAR], "x");
    EXPECT_ONE(&loop, 1, MIO_READABLE);
    CHECK_EQ(mio_source_deregister(&source), 0);
    CHECK_EQ(mio_source_deregister(&source), -ENOENT);
    CHECK_EQ(mio_source_reregister(&source, 1, MIO_READABLE), -ENOENT);
    EXPECT_NOTHING(&loop);
    CHECK_EQ(mio_source_register(&source, loop.registry, 3, MIO_READABLE), 0);
    EXPECT_ONE(&loop, 3, MIO_READABLE);

    CHECK_EQ(mio_source_close(&source), 0);
    CHECK_EQ(close(ends[FAR]), 0);
    loop_close(&loop);
}

TEST(reg3_a_source_belongs_to_one_registry)
{
    struct loop loop = loop_open();
    struct loop other = loop_open();
    struct mio_source source;
    int ends[2];

    open_source(&source, ends);
    CHECK_EQ(mio_source_register(&source, loop.registry, 1, MIO_READABLE), 0);
    CHECK_EQ(mio_source_register(&source, other.registry, 2, MIO_READABLE), -EEXIST);
    put(ends[FAR], "x");
    EXPECT_ONE(&loop, 1, MIO_READABLE);
    EXPECT_NOTHING(&other);

    /* All of that left the first registration usable. */
    CHECK_EQ(mio_source_reregister(&source, 3, MIO_READABLE), 0);
    EXPECT_ONE(&loop, 3, MIO_READABLE);
    CHECK_EQ(mio_source_deregister(&source), 0);
    CHECK_EQ(mio_source_register(&source, other.registry, 4, MIO_READABLE), 0);
    EXPECT_ONE(&other, 4, MIO_READABLE);
    EXPECT_NOTHING(&loop);

    CHECK_EQ(mio_source_close(&source), 0);
    CHECK_EQ(close(ends[FAR]), 0);
    loop_close(&loop);
    loop_close(&other);
}

TEST(reg3_a_source_takes_a_clone_for_its_registry)
{
    struct loop loop = loop_open();
    struct mio_registry *clone = NULL;
    struct mio_source source;
    int ends[2];

    REQUIRE_EQ(mio_registry_clone(loop.registry, &clone), 0);
    open_source(&source, ends);
    CHECK_EQ(mio_source_register(&source, clone, 1, MIO_WRITABLE), 0);
    CHECK_EQ(mio_source_reregister(&source, 2, MIO_WRITABLE), 0);
    mio_registry_free(clone);
    EXPECT_ONE(&loop, 2, MIO_WRITABLE);
    CHECK_EQ(mio_source_deregister(&source), 0);

    CHECK_EQ(mio_source_close(&source), 0);
    CHECK_EQ(close(ends[FAR]), 0);
    loop_close(&loop);
}

TEST(reg4_a_source_that_was_refused_is_unregistered)
{
    struct loop loop = loop_open();
    struct mio_source source;
    char name[] = "/tmp/mio-contract-XXXXXX";
    int file = mkstemp(name);

    REQUIRE(file >= 0);
    CHECK_EQ(unlink(name), 0);
    mio_source_init(&source, file);
    for (int i = 0; i < 2; i++) {
        CHECK_EQ(mio_source_register(&source, loop.registry, 1, MIO_READABLE), -EPERM);
        CHECK_EQ(mio_source_register(&source, loop.registry, 1, 0), -EINVAL);
        CHECK_EQ(mio_source_deregister(&source), -ENOENT);
    }
    CHECK_EQ(mio_source_close(&source), 0);

    int ends[2];
    open_source(&source, ends);
    CHECK_EQ(close(ends[NEAR]), 0);
    CHECK_EQ(mio_source_register(&source, loop.registry, 1, MIO_READABLE), -EBADF);
    CHECK_EQ(mio_source_deregister(&source), -ENOENT);
    CHECK_EQ(mio_source_close(&source), -EBADF);

    CHECK_EQ(close(ends[FAR]), 0);
    loop_close(&loop);
}

TEST(reg4_a_refused_reregistration_leaves_the_old_one)
{
    struct loop loop = loop_open();
    struct mio_source source;
    int ends[2];
    mio_interest served = (mio_interest)fact("served_interests");

    open_source(&source, ends);
    CHECK_EQ(mio_source_register(&source, loop.registry, 1, MIO_READABLE), 0);
    CHECK_EQ(mio_source_reregister(&source, 2, 0), -EINVAL);
    CHECK_EQ(mio_source_reregister(&source, 2, MIO_WRITABLE | 0x80000000u), -EINVAL);
    if ((served & MIO_LIO) == 0)
        CHECK_EQ(mio_source_reregister(&source, 2, BOTH | MIO_LIO), -ENOTSUP);
    if ((served & MIO_EXCLUSIVE) == 0) {
        CHECK_EQ(mio_source_reregister(&source, 2, MIO_WRITABLE | MIO_EXCLUSIVE), -ENOTSUP);
    }
    EXPECT_NOTHING(&loop);
    put(ends[FAR], "x");
    EXPECT_ONE(&loop, 1, MIO_READABLE);
    CHECK_EQ(mio_source_deregister(&source), 0);

    CHECK_EQ(mio_source_close(&source), 0);
    CHECK_EQ(close(ends[FAR]), 0);
    loop_close(&loop);
}

TEST(reg5_a_source_changes_its_mode)
{
    static const mio_interest modes[] = {0, MIO_LEVEL, MIO_ONESHOT, 0, MIO_ONESHOT, MIO_LEVEL, 0};
    struct loop loop = loop_open();
    struct mio_source source;
    int ends[2];

    open_source(&source, ends);
    put(ends[FAR], "x");
    CHECK_EQ(mio_source_register(&source, loop.registry, 1, MIO_READABLE), 0);
    EXPECT_ONE(&loop, 1, MIO_READABLE);
    for (size_t i = 0; i < sizeof modes / sizeof modes[0]; i++) {
        mio_token token = 10 + i;
        CHECK_EQ(mio_source_reregister(&source, token, MIO_READABLE | modes[i]), 0);
        AWAIT_EVENTS(&loop, {token, MIO_READABLE});
        if (modes[i] == MIO_LEVEL)
            AWAIT_EVENTS(&loop, {token, MIO_READABLE});
        else
            EXPECT_NOTHING(&loop);
    }

    CHECK_EQ(mio_source_close(&source), 0);
    CHECK_EQ(close(ends[FAR]), 0);
    loop_close(&loop);
}

/* A one-shot source that has fired is still registered. */
TEST(ev3_a_spent_source_is_still_registered)
{
    struct loop loop = loop_open();
    struct mio_source source;
    int ends[2];

    open_source(&source, ends);
    CHECK_EQ(mio_source_register(&source, loop.registry, 1, BOTH | MIO_ONESHOT), 0);
    EXPECT_ONE(&loop, 1, MIO_WRITABLE);
    CHECK_EQ(mio_source_register(&source, loop.registry, 2, MIO_READABLE), -EEXIST);
    CHECK_EQ(mio_source_reregister(&source, 2, MIO_WRITABLE | MIO_ONESHOT), 0);
    EXPECT_ONE(&loop, 2, MIO_WRITABLE);
    CHECK_EQ(mio_source_deregister(&source), 0);

    CHECK_EQ(mio_source_close(&source), 0);
    CHECK_EQ(close(ends[FAR]), 0);
    loop_close(&loop);
}

TEST(reg9_closing_a_source_empties_it)
{
    struct loop loop = loop_open();
    struct mio_source source;
    int ends[2];
    char byte;

    open_source(&source, ends);
    CHECK_EQ(mio_source_register(&source, loop.registry, 1, MIO_READABLE), 0);
    CHECK_EQ(mio_source_close(&source), 0);
    CHECK_EQ(source.fd, MIO_INVALID_FD);
    CHECK_EQ(mio_source_close(&source), -EBADF);
    CHECK_EQ(mio_source_register(&source, loop.registry, 1, MIO_READABLE), -EBADF);
    CHECK_EQ(mio_source_reregister(&source, 1, MIO_READABLE), -ENOENT);
    CHECK_EQ(mio_source_deregister(&source), -ENOENT);
    CHECK_EQ(read(ends[FAR], &byte, 1), 0);
    EXPECT_NOTHING(&loop);

    CHECK_EQ(close(ends[FAR]), 0);
    loop_close(&loop);
}

TEST(reg9_a_source_whose_descriptor_was_closed_can_be_closed)
{
    struct loop loop = loop_open();
    struct mio_source source;
    int ends[2];

    open_source(&source, ends);
    CHECK_EQ(mio_source_register(&source, loop.registry, 1, MIO_READABLE), 0);
    CHECK_EQ(close(ends[NEAR]), 0);
    CHECK_EQ(mio_source_close(&source), -EBADF);
    CHECK_EQ(source.fd, MIO_INVALID_FD);
    CHECK_EQ(mio_source_close(&source), -EBADF);
    EXPECT_NOTHING(&loop);

    CHECK_EQ(close(ends[FAR]), 0);
    loop_close(&loop);
}

TEST(reg3_sources_check_their_arguments)
{
    struct loop loop = loop_open();
    struct mio_source source;
    int ends[2];

    open_source(&source, ends);
    CHECK_EQ(mio_source_register(null(), loop.registry, 1, MIO_READABLE), -EINVAL);
    CHECK_EQ(mio_source_register(&source, null(), 1, MIO_READABLE), -EINVAL);
    CHECK_EQ(mio_source_reregister(null(), 1, MIO_READABLE), -EINVAL);
    CHECK_EQ(mio_source_deregister(null()), -EINVAL);
    CHECK_EQ(mio_source_close(null()), -EINVAL);

    CHECK_EQ(mio_source_close(&source), 0);
    CHECK_EQ(close(ends[FAR]), 0);
    loop_close(&loop);
}

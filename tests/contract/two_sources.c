/* SPDX-License-Identifier: MIT */
/* REG3: two sources of one descriptor, as a reading and a writing half of a program would be. */
#define _GNU_SOURCE

#include "facts/facts.h"
#include "support.h"

TEST(reg3_a_second_source_of_a_descriptor_is_told)
{
    skip_if_excepted(__func__);

    struct loop loop = loop_open();
    struct mio_source first;
    struct mio_source second;
    int ends[2];

    open_pair(ends);
    mio_source_init(&first, ends[NEAR]);
    mio_source_init(&second, ends[NEAR]);
    REQUIRE_EQ(mio_source_register(&first, loop.registry, 1, MIO_READABLE), 0);
    int result = mio_source_register(&second, loop.registry, 2, MIO_READABLE | MIO_WRITABLE);
    CHECK_EQ(result, fact("second registration of a raw descriptor"));
    put(ends[FAR], "x");
    if (result < 0) {
        EXPECT_ONE(&loop, 1, MIO_READABLE);
    } else {
        AWAIT_EVENTS(&loop, {2, MIO_READABLE | MIO_WRITABLE});
        CHECK_EQ(mio_source_deregister(&second), 0);
    }
    CHECK_EQ(mio_source_deregister(&first), 0);
    EXPECT_NOTHING(&loop);

    close_pair(ends);
    loop_close(&loop);
}

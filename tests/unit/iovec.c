/* SPDX-License-Identifier: MIT */
/* Sizes of parts that no address space holds. */
#define _GNU_SOURCE

#include "net/iovec.h"
#include "test.h"

#include <stdint.h>

TEST(iovec_sizes_add_up_to_the_largest_there_is)
{
    char byte;
    const struct mio_iovec parts[] = {{&byte, 3}, {&byte, SIZE_MAX - 4}, {&byte, 2}, {&byte, 1}};
    CHECK_EQ(iovec_size(parts, 0), 0);
    CHECK_EQ(iovec_size(parts, 1), 3);
    CHECK_EQ(iovec_size(parts, 2) == SIZE_MAX - 1, true);
    CHECK_EQ(iovec_size(parts, 3) == SIZE_MAX, true);
    CHECK_EQ(iovec_size(parts, 4) == SIZE_MAX, true);
}

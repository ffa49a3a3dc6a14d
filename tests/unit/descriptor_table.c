/* SPDX-License-Identifier: MIT */
/* The table of descriptors that selectors remember by. */
#include "test.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "os/memory.h"
#include "selector/descriptor_table.h"

struct remembered {
    int number;
    bool known;
};

static void *refuse_allocation(size_t size, void *user)
{
    (void)size;
    (void)user;
    return NULL;
}

TEST(descriptor_table_has_an_entry_for_each_reserved_number)
{
    struct mio__descriptor_table table;
    mio__descriptor_table_init(&table, &mio__default_allocator, sizeof(struct remembered));
    CHECK(mio__descriptor_table_find(&table, 0) == NULL);
    CHECK(mio__descriptor_table_find(&table, -1) == NULL);
    for (int fd = 0; fd < 200; fd++) {
        REQUIRE_EQ(mio__descriptor_table_reserve(&table, fd), 0);
        struct remembered *entry = mio__descriptor_table_find(&table, fd);
        REQUIRE(entry != NULL);
        CHECK(!entry->known);
        *entry = (struct remembered){.number = fd, .known = true};
    }
    for (int fd = 0; fd < 200; fd++) {
        const struct remembered *entry = mio__descriptor_table_find(&table, fd);
        CHECK_EQ(entry->number, fd);
    }
    CHECK(mio__descriptor_table_find(&table, (int)table.capacity) == NULL);
    CHECK(mio__descriptor_table_find(&table, -1) == NULL);
    mio__descriptor_table_release(&table);
    CHECK(mio__descriptor_table_find(&table, 0) == NULL);
}

TEST(descriptor_table_is_as_it_was_when_memory_is_refused)
{
    struct mio_allocator allocator = mio__default_allocator;
    struct mio__descriptor_table table;
    mio__descriptor_table_init(&table, &allocator, sizeof(struct remembered));
    REQUIRE_EQ(mio__descriptor_table_reserve(&table, 3), 0);
    struct remembered *entry = mio__descriptor_table_find(&table, 3);
    entry->number = 3;
    allocator.allocate = refuse_allocation;
    CHECK_EQ(mio__descriptor_table_reserve(&table, 1000), -ENOMEM);
    entry = mio__descriptor_table_find(&table, 3);
    CHECK_EQ(entry->number, 3);
    CHECK(mio__descriptor_table_find(&table, 1000) == NULL);
    mio__descriptor_table_release(&table);
}

TEST(descriptor_table_knows_a_duplicate_and_a_closed_number)
{
    int one[2];
    struct mio__file_id ids[2];
    REQUIRE_EQ(pipe(one), 0);
    int duplicate = dup(one[0]);
    REQUIRE_EQ(mio__file_id_of(one[0], &ids[0]), 0);
    REQUIRE_EQ(mio__file_id_of(duplicate, &ids[1]), 0);
    CHECK(mio__file_id_equals(ids[0], ids[1]));
    /* Not that two pipes differ: on some systems all of them are device 0 and inode 0. */
    CHECK_EQ(close(duplicate), 0);
    errno = 0;
    CHECK_EQ(mio__file_id_of(duplicate, &ids[1]), -EBADF);
    CHECK_EQ(errno, 0);
    CHECK_EQ(close(one[0]), 0);
    CHECK_EQ(close(one[1]), 0);
}

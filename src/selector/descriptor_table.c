/* SPDX-License-Identifier: MIT */
#if !defined(_FILE_OFFSET_BITS) && !defined(__LP64__)
#define _FILE_OFFSET_BITS 64 /* else fstat() of a large file or inode fails on 32 bits */
#endif

#include "descriptor_table.h"

#include "../os/descriptor.h"
#include "../os/memory.h"

#include <sys/stat.h>

void mio__descriptor_table_init(struct mio__descriptor_table *table,
                                const struct mio_allocator *allocator, size_t entry_size)
{
    *table = (struct mio__descriptor_table){.allocator = allocator, .entry_size = entry_size};
}

void mio__descriptor_table_release(struct mio__descriptor_table *table)
{
    mio__release(table->allocator, table->entries, table->capacity * table->entry_size);
    table->entries = NULL;
    table->capacity = 0;
}

int mio__descriptor_table_reserve(struct mio__descriptor_table *table, mio_fd fd)
{
    MIO_ASSERT(fd >= 0);
    return mio__grow(table->allocator, &table->entries, &table->capacity, (size_t)fd + 1,
                     table->entry_size);
}

int mio__file_id_of(mio_fd fd, struct mio__file_id *id)
{
    struct stat status;
    int saved = errno;
    if (fstat(fd, &status) < 0)
        return mio__failed(saved);
    id->device = (uint64_t)status.st_dev;
    id->inode = (uint64_t)status.st_ino;
    return 0;
}

/* SPDX-License-Identifier: MIT */
/*
 * The file behind a descriptor, for the poll(2) selector: whether it can be watched, and whether it
 * is still the one that was registered.
 */
#ifndef MIO_SRC_SELECTOR_POLL2_POLL2_FILE_H
#define MIO_SRC_SELECTOR_POLL2_POLL2_FILE_H

#include <stdbool.h>
#include <stdint.h>

struct mio__poll2_file {
    uint64_t device;
    uint64_t inode;
    bool is_unique; /* no other file that is open has these numbers */
};

/* 0, or -EBADF when the number is closed. Never says that the numbers are unique. */
int mio__poll2_file_of(int fd, struct mio__poll2_file *file);

/* The same for a registration: -EPERM for what poll(2) cannot watch, -EBADF for what is no more
 * than the name of a file (O_PATH). */
int mio__poll2_file_admit(int fd, struct mio__poll2_file *file);

/* Whether they may be one file; if not, they surely are two. */
static inline bool mio__poll2_file_may_be(const struct mio__poll2_file *file,
                                          const struct mio__poll2_file *other)
{
    return file->device == other->device && file->inode == other->inode;
}

#endif

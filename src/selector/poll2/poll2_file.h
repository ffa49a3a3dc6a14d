/* SPDX-License-Identifier: MIT */
/*
 * The file behind a descriptor, for the poll(2) selector: whether it can be watched, and whether it
 * is still the one that was registered.
 */
#ifndef MIO_SRC_SELECTOR_POLL2_POLL2_FILE_H
#define MIO_SRC_SELECTOR_POLL2_POLL2_FILE_H

#include "../descriptor_table.h"

#include <stdbool.h>

struct mio__poll2_file {
    struct mio__file_id id;
    bool is_unique; /* no other file that is open has these numbers */
};

/* What is to be registered: 0, -EBADF when the number is closed, -EPERM for what poll(2) cannot
 * watch, -EBADF for what is no more than the name of a file (O_PATH). */
int mio__poll2_file_admit(int fd, struct mio__poll2_file *file);

#endif

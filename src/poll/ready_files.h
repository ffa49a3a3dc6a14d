/* SPDX-License-Identifier: MIT */
/*
 * Files that no kernel's selector watches, served by the library where a program has asked for it
 * (MIO_OPTION_ALWAYS_READY_FILES): regular files, directories, and devices such as /dev/null, which
 * can always be read and written. A program's standard input and output may be one of them, and who
 * is handed descriptors does not want to keep a list of those that are.
 *
 * Their registrations are a set of their own, as that of the poll(2) selector, which makes the
 * same edges, one-shots and turns of them: what it is told of a file is that all is ready. The
 * set's node stands in the wake queue for as long as there is something to tell. So with a level-
 * triggered registration the poll never sleeps, and asks the kernel for the others' events all the
 * same.
 *
 * A close tells nobody. Before a file is reported it is asked whether its number is still the same
 * file; if not, the registration goes. One fstat(2) each, which nobody else pays for.
 */
#ifndef MIO_SRC_POLL_READY_FILES_H
#define MIO_SRC_POLL_READY_FILES_H

#include "../selector/selector.h"

/* Lets the selector serve files, until it is freed: 0 or -ENOMEM. The calls below are for such a
 * selector. */
int mio__ready_files_open(struct mio_selector *selector);

/* Whether the descriptor has a registration here, and is the file it was made for. */
bool mio__ready_files_has(struct mio_selector *selector, mio_fd fd);

/* Whether the descriptor is such a file, and the interest one that it can be ready for. */
bool mio__ready_files_can_serve(mio_fd fd, mio_interest interest);

/* Registers it, or replaces its registration. The selector is armed. 0, -EBADF, -ENOMEM, or the
 * error of ringing. */
int mio__ready_files_set(struct mio_selector *selector, const struct mio__registration *wanted);

/* Nothing of the descriptor is told any more; 0, or -ENOENT. */
int mio__ready_files_remove(struct mio_selector *selector, mio_fd fd);

#endif

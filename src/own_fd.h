/* SPDX-License-Identifier: MIT */
/* Descriptors of the library's own: the selector's, the doorbell's. */
#ifndef MIO_SRC_OWN_FD_H
#define MIO_SRC_OWN_FD_H

struct mio_config;

/*
 * Moves a new descriptor out of the places of standard input, output and error, which are free in a
 * program that was started with one of them closed: there it would be taken for that stream. Costs
 * nothing elsewhere. Takes the result of the call that made it: -1 is passed on with its errno; -1
 * is also given, and the descriptor closed, when there is no other place.
 */
int mio_own_fd(int fd);

/* Closes one; what fails is told to the log under this name. Takes -1. */
void mio_close_own(const struct mio_config *config, int fd, const char *what);

#endif

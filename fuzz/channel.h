/* SPDX-License-Identifier: MIT */
/*
 * The descriptors of a program: pipes and pairs of sockets, both ends in this process.
 *
 * Making them is dear, so pairs that a program leaves whole and empty serve the next one.
 */
#ifndef FUZZ_CHANNEL_H
#define FUZZ_CHANNEL_H

#include "oracle.h"

/* A new pair, non-blocking and close-on-exec; of a pipe, ends[0] reads. Ends the process when the
 * system refuses. */
void channel_open(enum channel channel, int ends[2]);

/* Makes a descriptor (or -1) non-blocking and close-on-exec, and returns it. */
int channel_ready(int fd);

/* For the next program: whole and empty. */
void channel_give_back(enum channel channel, const int ends[2]);

/* A closed end again, under the name it had; `other` is the descriptor of its other end, and
 * `reads` says which end of a FIFO. -1 when the name is not to be had. */
int channel_reopen(enum channel channel, int other, bool reads);

/* The last descriptor of a pair is about to be closed: its name goes. */
void channel_forget(enum channel channel, int fd);

/* Closes an end whose other end is closed: without the two minutes that TCP remembers an end. */
void channel_close_last(enum channel channel, int fd);

/* As read(2) and write(2), with -errno, and without SIGPIPE. */
long channel_read(int fd, size_t size);
long channel_write(enum channel channel, int fd, size_t size);

/* Descriptors that are kept: in the stock, and the listener. */
int channel_kept(void);

/* Closes what is kept. */
void channel_close_all(void);

#endif

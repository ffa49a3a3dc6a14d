/* SPDX-License-Identifier: MIT */
/* Pairs of descriptors, and what goes through them. All are non-blocking and close-on-exec. */
#ifndef CONTRACT_DESCRIPTORS_H
#define CONTRACT_DESCRIPTORS_H

#include "bytes.h"
#include "expected.h"

#include <mio.h>

#include <stddef.h>
#include <stdint.h>

enum { NEAR, FAR }; /* the two ends of a pair; of a pipe: where to read, where to write */

void open_pair(int ends[2]); /* a Unix stream */
void open_pipe(int ends[2]);
void open_tcp(int ends[2]);
int open_listener(uint16_t *port);
void refuse_datagrams(int fd); /* a UDP socket then keeps its port, and takes none but its own */
int open_tcp_socket(void);

/*
 * A port of the loopback that refuses. It has no socket at all: one that is bound and does not
 * listen refuses nobody on macOS, OpenBSD and NetBSD, whose kernels drop the SYN. It is one of
 * those below 1024 that no system gives out by itself, so nobody comes to listen there meanwhile.
 */
uint16_t port_of_nobody(void);

/* What connect() to that port of the loopback says: 0 or -errno. */
int connect_to(int fd, uint16_t port);
/* The next connection, waiting for it. */
int accept_one(int listener);
void close_pair(const int ends[2]);
void close_with_reset(int fd);
void set_nonblocking(int fd);

size_t fill(int fd); /* writes until EAGAIN; how many bytes */

/* After EAGAIN: asks for the next edge, where the library makes the edges itself. */
void again(struct loop *loop, int fd, mio_interest interest);

/* drain() and again(). */
size_t drain_again(struct loop *loop, int fd, mio_interest interest);

/* A loop and a pair with nothing to read, whose near end is registered with token 1. */
struct loop open_registered(int ends[2], mio_interest interest);
void close_registered(struct loop *loop, const int ends[2]);

/* A descriptor number that is closed. */
int closed_descriptor(void);

#endif

/* SPDX-License-Identifier: MIT */
/*
 * What the fragments of guide and manual pages are compiled with: the names that they use and do
 * not declare. They are compiled, and never run.
 */
#ifndef TESTS_DOCS_FRAGMENT_H
#define TESTS_DOCS_FRAGMENT_H

#include <mio.h>

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { LISTENER = 1, STOP = 2 };

struct connection {
    struct mio_tcp_stream stream;
    struct mio_timer idle;
    mio_token token;
    uint32_t ready;
    int references;
};

extern struct mio_poll *poll_;
extern struct mio_registry *registry;
extern struct mio_events *events;
extern const struct mio_event *event;
extern struct mio_slab *slab;
extern struct mio_waker *waker;
extern struct mio_timer timer;
extern struct connection *connection;
extern struct mio_source source;
extern struct mio_tcp_listener listener;
extern struct mio_tcp_stream stream;
extern struct mio_udp_socket udp_socket;
extern struct mio_udp_batching batching;
extern struct mio_datagram datagrams[32];
extern struct mio_addr addr;
extern mio_token token;
extern int fd;
extern int error;
extern ptrdiff_t n;
extern char buffer[4096];
extern size_t size;

int run(void);
int handle(struct connection *which);
void close_connection(struct connection *which);

#endif

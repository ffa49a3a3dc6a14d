/* SPDX-License-Identifier: MIT */
/*
 * What the tests of event ports share. Calls give 0, a count or a negative errno value. Waits end
 * with what they wait for; no test is decided by a time, except that one must not end early.
 */
#ifndef PORTMODEL_TEST_SUPPORT_H
#define PORTMODEL_TEST_SUPPORT_H

#define _GNU_SOURCE

#include "bytes.h"
#include "portmodel.h"
#include "test.h"

#include <port.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { USER = 71, OTHER = 72 }; /* cookies */

enum { NEAR, FAR }; /* the two ends of a pair; of a pipe: where to read, where to write */

int open_port(void);
int associate(int port, int fd, int events, uintptr_t user);
int dissociate(int port, int fd);
int send_user(int port, int events, uintptr_t user);

/* What is there now, at most `max`. */
int fetch(int port, port_event_t *list, unsigned max);

/* The next event, waiting for it. */
port_event_t await(int port);

/* Nothing is there. */
bool quiet(int port);

/* port_getn() with a time limit: the result, and `nget` as it is afterwards. */
int getn(int port, port_event_t *list, unsigned max, unsigned *nget, int64_t timeout_ns);

/* There is one event, of this descriptor, with these bits and this cookie, and no other. */
#define EXPECT_FD(port, fd, events, user) \
    expect_fd((port), (fd), (events), (user), __FILE__, __LINE__)
void expect_fd(int port, int fd, int events, uintptr_t user, const char *file, int line);

void open_pair(int ends[2]); /* a Unix stream; non-blocking, as all of these */
void open_pipe(int ends[2]);
void open_tcp(int ends[2]);
void close_pair(const int ends[2]);
size_t fill(int fd);
int closed_descriptor(void);

/* Runs in a child; what it returned (0 to 100). */
int in_child(int (*run)(void *), void *argument);

#endif

/* SPDX-License-Identifier: MIT */
/*
 * What the sweeps of typed sockets and pipes share: a descriptor given away and taken back,
 * closing, and what a connection may come to.
 */
#ifndef FAULT_TYPED_H
#define FAULT_TYPED_H

#include "fault.h"
#include "net/asked.h"
#include "sweep.h"

#include <mio.h>

#include <errno.h>

enum { LISTENER = 1, CLIENT = 2, SERVER = 3, BUFFER = 8192, BACKLOG = 16, TTL = 42 };

/* As another library would make a descriptor; and that it still is so, since after an error it is
 * the caller's still, and unchanged. */
void unprepare(int fd);
void expect_unprepared(int fd);

#define GIVE_AND_TAKE(kind, object)                             \
    do {                                                        \
        int given = -1;                                         \
        STEP(0, mio_source_into_fd(&(object)->source, &given)); \
        HOLDS((object)->source.fd == MIO_INVALID_FD);           \
        unprepare(given);                                       \
        STEP_OR(0, mio_##kind##_from_fd(given, (object))) {     \
            expect_unprepared(given);                           \
            HOLDS((object)->source.fd == MIO_INVALID_FD);       \
        }                                                       \
        HOLDS(is_prepared((object)->source.fd));                \
    } while (0)

#define CLOSE(object)                                      \
    do {                                                   \
        STEP(0, mio_source_close(&(object)->source));      \
        STEP(-EBADF, mio_source_close(&(object)->source)); \
        HOLDS((object)->source.selector == NULL);          \
    } while (0)

/* On Apple an accepted socket is made ready by calls that follow. When one of them fails, the
 * connection is gone, and another one has to be made. */
bool connection_is_lost(void);

struct mio_addr loopback_v6(void);
bool has_ipv6(void);

#endif

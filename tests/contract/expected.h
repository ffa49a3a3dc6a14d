/* SPDX-License-Identifier: MIT */
/*
 * A poll with everything a test needs, and what is expected of its waits.
 *
 * An expectation is exact. It names for each token the readiness that has to come, all of it and
 * nothing else; an event of another token, a bit that is not named, and an event that repeats what
 * has come already fail the test. Waits have a bound of ten seconds, so that a failing test ends;
 * no test is decided by a time, except that a timeout must not end early.
 */
#ifndef CONTRACT_EXPECTED_H
#define CONTRACT_EXPECTED_H

#include "test.h"

#include <mio.h>

#include <stddef.h>

#define MILLISECOND INT64_C(1000000)
#define SECOND      INT64_C(1000000000)

enum { DEFAULT_CAPACITY = 64, BOUND_SECONDS = 10, BOTH = MIO_READABLE | MIO_WRITABLE };

/* --- a poll with everything a test needs --- */

struct loop {
    struct mio_poll *poll;
    struct mio_registry *registry; /* the poll's */
    struct mio_events *events;
    uint64_t acknowledged; /* bit t: token t has written to TCP */
};

struct loop loop_open(void);
struct loop loop_open_with(const struct mio_options *options, size_t capacity);
struct loop loop_open_flags(uint32_t flags);
void loop_close(struct loop *loop);

/* A wait that goes on after signals. */
int loop_wait(struct loop *loop, int64_t timeout_ns);

/* --- expectations --- */

struct expected {
    mio_token token;
    uint32_t readiness; /* as mio_event_readiness() */
};

struct where {
    const char *file;
    int line;
};

#define HERE ((struct where){__FILE__, __LINE__})

/* Waits until exactly these have come; a level-triggered registration may then report again. */
#define AWAIT_EVENTS(loop, ...)                                  \
    await_events((loop), (const struct expected[]){__VA_ARGS__}, \
                 sizeof((const struct expected[]){__VA_ARGS__}) / sizeof(struct expected), HERE)

/* As AWAIT_EVENTS, and nothing more is ready afterwards. */
#define EXPECT_EVENTS(loop, ...)                                  \
    expect_events((loop), (const struct expected[]){__VA_ARGS__}, \
                  sizeof((const struct expected[]){__VA_ARGS__}) / sizeof(struct expected), HERE)

#define EXPECT_ONE(loop, token, readiness) \
    expect_events((loop), &(const struct expected){(token), (readiness)}, 1, HERE)

#define EXPECT_NOTHING(loop) expect_nothing((loop), HERE)

void await_events(struct loop *loop, const struct expected *list, size_t n, struct where where);
void expect_events(struct loop *loop, const struct expected *list, size_t n, struct where where);
void expect_nothing(struct loop *loop, struct where where);

/* The token has written to TCP: where an acknowledgement is a change, its writable may come again
 * at any time from now on, and is left out of what is expected. */
void wrote_to_tcp(struct loop *loop, mio_token token);

#endif

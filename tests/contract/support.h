/* SPDX-License-Identifier: MIT */
/*
 * What the contract's tests share: a poll with its events, pairs of descriptors, and expectations.
 *
 * An expectation is exact. It names for each token the readiness that has to come, all of it and
 * nothing else; an event of another token, a bit that is not named, and an event that repeats what
 * has come already fail the test. Waits have a bound of ten seconds, so that a failing test ends;
 * no test is decided by a time, except that a timeout must not end early.
 */
#ifndef CONTRACT_SUPPORT_H
#define CONTRACT_SUPPORT_H

#include "test.h"

#include <mio.h>

#include <pthread.h>
#include <stddef.h>
#include <sys/types.h>

#define MILLISECOND INT64_C(1000000)
#define SECOND      INT64_C(1000000000)

enum { DEFAULT_CAPACITY = 64 };

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

/* --- descriptors: all of them non-blocking and close-on-exec --- */

enum { NEAR, FAR }; /* the two ends of a pair; of a pipe: where to read, where to write */

void open_pair(int ends[2]); /* a Unix stream */
void open_pipe(int ends[2]);
void open_tcp(int ends[2]);
int open_listener(uint16_t *port);
void refuse_datagrams(int fd); /* a UDP socket then keeps its port, and takes none but its own */
int open_tcp_socket(void);

/*
 * A port of the loopback that refuses. It has no socket at all: one that is bound and does not
 * listen refuses nobody on macOS, OpenBSD and NetBSD, whose kernels drop the SYN. It is one of those
 * below 1024 that no system gives out by itself, so nobody comes to listen there meanwhile.
 */
uint16_t port_of_nobody(void);

/* What connect() to that port of the loopback says: 0 or -errno. */
int connect_to(int fd, uint16_t port);
/* The next connection, waiting for it. */
int accept_one(int listener);
void close_pair(const int ends[2]);
void close_with_reset(int fd);
void set_nonblocking(int fd);

void put(int fd, const char *text);
size_t drain(int fd); /* reads until EAGAIN, an error or the end; how many bytes */
size_t fill(int fd);  /* writes until EAGAIN; how many bytes */

/* After EAGAIN: asks for the next edge, where the library makes the edges itself. */
void again(struct loop *loop, int fd, mio_interest interest);

/* drain() and again(). */
size_t drain_again(struct loop *loop, int fd, mio_interest interest);

/* A descriptor number that is closed. */
int closed_descriptor(void);

/* A NULL that the compiler does not know of: functions may promise not to take it. */
void *null(void);

/* --- threads, children, signals --- */

pthread_t thread_start(void *(*run)(void *), void *argument);
void *thread_join(pthread_t thread);

/* Each test of wakers runs with the best waker of the system and with the one that stands in where
 * that is missing: flags of mio_options. */
enum { WAKER_KINDS = 2 };
extern const uint32_t waker_kinds[WAKER_KINDS];

struct mio_waker *waker_open(struct loop *loop, mio_token token);

/* Wakes after a moment in which the caller has most likely gone to sleep. */
struct late_wake {
    struct mio_waker *waker;
    pthread_t thread;
};
void late_wake_start(struct late_wake *late, struct mio_waker *waker);
void late_wake_join(struct late_wake *late);

/* Runs `run` in a child; what it returned (0 to 100), or 128 and more when it died of a signal. */
int in_child(int (*run)(void *), void *argument);

/* SIGALRM every `interval` nanoseconds from now on, with a handler and without SA_RESTART. */
void signals_start(int64_t interval);
void signals_stop(void);
int signals_seen(void);

void sleep_for(int64_t nanoseconds);

/* A clock that the library has no part in. */
bool time_is_up(int64_t since, int64_t limit);

#endif

/* SPDX-License-Identifier: MIT */
/*
 * What the tests of kqueue share: changes, receipts, fetching, and pairs of connected descriptors.
 *
 * Every change here carries EV_RECEIPT and has a slot for its receipt: without a slot one kernel
 * writes behind the list (rule 1). Waits end with the event that they wait for; the bound is only
 * there so that a failing test ends, and no test is decided by a time.
 */
#ifndef TEST_SUPPORT_H
#define TEST_SUPPORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <sys/types.h>

#include <sys/event.h>
#include <sys/socket.h>

#include "bytes.h"
#include "expected.h"
#include "test.h"

/* A name for what some systems do not have, so that no function needs an #ifdef. */
#ifdef EVFILT_EXCEPT
enum { HAVE_EXCEPT = 1, FILTER_EXCEPT = EVFILT_EXCEPT, OOB = NOTE_OOB };
#else
enum { HAVE_EXCEPT = 0, FILTER_EXCEPT = -1000, OOB = 0 };
#endif

enum { MANY = 64 };

enum { TOKEN = 11, OTHER_TOKEN = 12, THIRD_TOKEN = 13, IDENT = 7 };
enum { EDGE = EV_ADD | EV_CLEAR, PIPE_LOW_WATER = 512 };

/* Compares unless the row says that nobody knows. */
#define CHECK_STATED(got, want)  \
    do {                         \
        if ((want) != UNSTATED)  \
            CHECK_EQ(got, want); \
    } while (0)

/* Leaves the test when its only row is not known for this system. Before anything is opened. */
#define NEED_STATED(row)                        \
    do {                                        \
        if ((row) == UNSTATED)                  \
            SKIP("not stated for this system"); \
    } while (0)

/* --- changes --- */

/* A change, zeroed first: the types and the number of fields differ from system to system (K15). */
struct kevent change(uintptr_t ident, int filter, uint32_t flags, uint32_t fflags, int64_t data,
                     uintptr_t udata);

uintptr_t token_of(const struct kevent *event);

int kevent_call(int kq, const struct kevent *changes, int count, struct kevent *events, int room,
                const struct timespec *timeout);

/* As kevent_call with a zero timeout. */
int apply(int kq, const struct kevent *changes, int count, struct kevent *events, int room);

/* One change with EV_RECEIPT: the errno in its receipt (0: done), or -1 when there was no receipt.
 */
int ask(int kq, int ident, int filter, uint32_t flags, uintptr_t udata);
int ask_with(int kq, uintptr_t ident, int filter, uint32_t flags, uint32_t fflags, int64_t data,
             uintptr_t udata);

/* Wakes an EVFILT_USER knote as rule 7 tells: EV_RECEIPT and NOTE_TRIGGER, no other flag. */
int trigger(int kq, uintptr_t ident, uintptr_t udata);

/* --- events --- */

/* What is ready now, without waiting: how many, or -1. */
int fetch(int kq, struct kevent *events, int room);

/* One event without waiting; `event` is zeroed when there is none. */
bool fetch_one(int kq, struct kevent *event);

/* Nothing is ready. */
bool quiet(int kq);

/* The next event, waiting for it. */
bool await(int kq, struct kevent *event);

/* The next event whose flags have EV_EOF; those before it are dropped. */
bool await_eof(int kq, struct kevent *event);

/* How many events came for each filter, and the last of each. For knotes that do not report again
 * by themselves. */
struct tally {
    int reads;
    int writes;
    int others;
    struct kevent read;
    struct kevent write;
    struct kevent other;
};

/* Adds what is ready now. */
void collect(int kq, struct tally *tally);

/* Waits until that many events of each filter have come. */
bool collect_until(int kq, struct tally *tally, int reads, int writes);

/* Waits until the last event of the filters that are asked for has EV_EOF. */
bool collect_eof(int kq, struct tally *tally, bool read, bool write);

/* --- descriptors --- */

int open_kqueue(void);
void open_pipe(int ends[2]);           /* both ends non-blocking */
void open_unix(int ends[2], int type); /* a socket pair, non-blocking */
void open_tcp(int ends[2]);            /* ends[1] is the accepted one; both non-blocking */
void open_udp(int ends[2]);            /* connected to each other */
/* Two sockets that hold a port where connect() is refused: one end of a connection has it. (A port
 * that is bound and does not listen drops the SYN in silence on OpenBSD, NetBSD and macOS.) */
void hold_refusing_port(int holders[2], struct sockaddr_storage *address, socklen_t *length);
/* A socket that holds a port. */
int bind_to_loopback(int type, struct sockaddr_storage *address, socklen_t *length);
void refuse_datagrams(int fd); /* a UDP socket then keeps its port, and takes none but its own */
int open_listener(struct sockaddr_storage *address, socklen_t *length);
int open_tcp_socket(void);
int connect_to(const struct sockaddr_storage *address, socklen_t length);
void close_both(const int ends[2]);

size_t take(int fd, size_t size); /* waits for that many bytes and reads them */
size_t fill(int fd);              /* writes until EAGAIN: how many bytes */
void close_with_reset(int fd);
int take_error(int fd); /* SO_ERROR, which clears it */

/* --- descriptors that are watched --- */

/* A kqueue that watches with one filter, edge-triggered or with these flags. */
int watch(int fd, int filter);
int watch_reading(int fd, uint32_t flags);

/* Both filters, edge-triggered, with the first WRITE already fetched. */
int watch_connected(int fd);

/* One kqueue and one pair of descriptors, with a READ knote on the first. */
struct fixture {
    int kq;
    int ends[2];
};

struct fixture open_on_unix(uint32_t flags);
struct fixture open_on_pipe(uint32_t flags);
void close_fixture(struct fixture f);

/* --- names --- */

/* A directory of one's own, with one name in it. */
struct place {
    char directory[64];
    char path[80];
};

struct place make_place(void);
void remove_place(const struct place *place);

#endif

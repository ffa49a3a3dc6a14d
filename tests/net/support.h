/* SPDX-License-Identifier: MIT */
/*
 * What the tests of sockets and pipes share, beyond contract/support.h: addresses, connections, and
 * the checks of what a descriptor is made with.
 *
 * Expectations are exact, as in the contract's tests. Where an event has to have happened before
 * the next step, the test waits for it with poll(2), of which the library knows nothing.
 */
#ifndef NET_SUPPORT_H
#define NET_SUPPORT_H

#include "asked.h"
#include "contract/support.h"
#include "facts/facts.h"

#include <poll.h>
#include <unistd.h>

enum {
    R = MIO_READABLE,
    W = MIO_WRITABLE,
    E = MIO_ERROR,
    RC = MIO_READ_CLOSED,
    WC = MIO_WRITE_CLOSED,
    P = MIO_PRIORITY
};

/* Tokens, and the places of a pair's ends. */
enum { CLIENT, SERVER, LISTENER, THIRD };

/* As EXPECT_ONE, or EXPECT_NOTHING when there is no readiness to expect. */
#define EXPECT_ONE_IF(loop, token, readiness) expect_one_if((loop), (token), (readiness), HERE)
void expect_one_if(struct loop *loop, mio_token token, uint32_t readiness, struct where where);

/* --- addresses --- */

struct mio_addr loopback_v4(void); /* port 0 */

/* Skips the test when this machine has no [::1]. */
struct mio_addr loopback_v6(void);

/* A path that nobody has; remove_path() takes away what was bound to it. */
struct mio_addr temporary_path(void);
void remove_path(const struct mio_addr *addr);

/* A name in the abstract namespace, which the system has to have. */
struct mio_addr abstract_name(const void *name, size_t length);

void check_same_addr(const struct mio_addr *got, const struct mio_addr *want, struct where where);
#define CHECK_ADDR(got, want) check_same_addr((got), (want), HERE)

/* --- descriptors --- */

/* Non-blocking and closed on exec. */
void check_flags(mio_fd fd, struct where where);
#define CHECK_FLAGS(fd) check_flags((fd), HERE)

/* Waits until poll(2) says so. */
void wait_until(mio_fd fd, short events);

int option_of(mio_fd fd, int level, int name);

/* From now on no more descriptors than `more` can be opened; and as many as before. */
void descriptors_limit(int more);
void descriptors_unlimit(void);

/* --- sources --- */

void watch(struct loop *loop, struct mio_source *source, mio_token token, mio_interest interest);

/* --- TCP --- */

/* A listener at that address, whose port 0 becomes the one it got. */
void tcp_listen(struct mio_addr *addr, struct mio_tcp_listener *listener);
void tcp_connect(const struct mio_addr *addr, struct mio_tcp_stream *stream);

/* The next connection, waiting for it. */
void tcp_accept(struct mio_tcp_listener *listener, struct mio_tcp_stream *stream);

/* A connection over IPv4. */
void tcp_pair(struct mio_tcp_stream *client, struct mio_tcp_stream *server);

/* A port of 127.0.0.1 that refuses connections. */
struct mio_addr tcp_nobody(void);

/* To a peer that has closed: the answer to the first write is a reset, which later ones meet. */
ptrdiff_t tcp_write_until_it_fails(struct mio_tcp_stream *stream);

/* Reads what is there, which has to be that text, and then -EAGAIN. */
void tcp_expect_text(struct mio_tcp_stream *stream, const char *text, struct where where);
#define TCP_EXPECT_TEXT(stream, text) tcp_expect_text((stream), (text), HERE)
void tcp_put(struct mio_tcp_stream *stream, const char *text);

/* Closes with a reset. */
void tcp_reset(struct mio_tcp_stream *stream);

/* --- Unix --- */

void unix_pair(struct mio_unix_stream *first, struct mio_unix_stream *second);
void unix_put(struct mio_unix_stream *stream, const char *text);
void unix_expect_text(struct mio_unix_stream *stream, const char *text, struct where where);
#define UNIX_EXPECT_TEXT(stream, text) unix_expect_text((stream), (text), HERE)

/* --- long transfers --- */

enum { TRANSFER = 16 << 20 };

/* What byte number `position` of a transfer is. */
uint8_t transfer_byte(size_t position);
void transfer_fill(uint8_t *buffer, size_t size, size_t position);
bool transfer_matches(const uint8_t *buffer, size_t size, size_t position);

#endif

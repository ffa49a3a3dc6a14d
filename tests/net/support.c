/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE

#include "support.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

enum { BOUND_MS = 10000 };

void expect_one_if(struct loop *loop, mio_token token, uint32_t readiness, struct where where)
{
    expect_events(loop, &(const struct expected){token, readiness}, readiness != 0, where);
}

/* --- addresses --- */

struct mio_addr loopback_v4(void)
{
    return mio_addr_ipv4(127, 0, 0, 1, 0);
}

struct mio_addr loopback_v6(void)
{
    static const uint8_t bytes[16] = {[15] = 1};
    struct mio_addr addr = mio_addr_ipv6(bytes, 0);
    struct mio_udp_socket probe;
    if (mio_udp_socket_bind(&addr, NULL, &probe) < 0)
        SKIP("this machine has no [::1]");
    REQUIRE_EQ(mio_source_close(&probe.source), 0);
    return addr;
}

struct mio_addr temporary_path(void)
{
    char path[] = "/tmp/mio-net-XXXXXX";
    struct mio_addr addr;
    int fd = mkstemp(path);
    REQUIRE(fd >= 0);
    REQUIRE_EQ(close(fd), 0);
    REQUIRE_EQ(unlink(path), 0);
    REQUIRE_EQ(mio_addr_unix(path, strlen(path), &addr), 0);
    return addr;
}

void remove_path(const struct mio_addr *addr)
{
    CHECK_EQ(unlink(mio_addr_path(addr)), 0);
}

struct mio_addr abstract_name(const void *name, size_t length)
{
    struct mio_addr addr;
    REQUIRE_EQ(mio_addr_unix_abstract(name, length, &addr), 0);
    return addr;
}

void check_same_addr(const struct mio_addr *got, const struct mio_addr *want, struct where where)
{
    char got_text[MIO_ADDR_TEXT];
    char want_text[MIO_ADDR_TEXT];
    if (mio_addr_equal(got, want))
        return;
    mio_addr_format(got, got_text, sizeof got_text);
    mio_addr_format(want, want_text, sizeof want_text);
    test_check_str(got_text, want_text, "an address", where.file, where.line);
    test_check(false, "equal addresses", where.file, where.line);
}

/* --- descriptors --- */

void check_flags(mio_fd fd, struct where where)
{
    test_check((fcntl(fd, F_GETFL) & O_NONBLOCK) != 0, "non-blocking", where.file, where.line);
    test_check((fcntl(fd, F_GETFD) & FD_CLOEXEC) != 0, "closed on exec", where.file, where.line);
}

void wait_until(mio_fd fd, short events)
{
    struct pollfd waiting = {.fd = fd, .events = events};
    int count;
    do {
        count = poll(&waiting, 1, BOUND_MS);
    } while (count < 0 && errno == EINTR);
    CHECK_EQ(count, 1); /* threads wait too, and cannot end the test */
}

int option_of(mio_fd fd, int level, int name)
{
    int value = -1;
    socklen_t size = sizeof value;
    REQUIRE_EQ(getsockopt(fd, level, name, &value, &size), 0);
    return value;
}

static struct rlimit usual_limit;

void descriptors_limit(int more)
{
    enum { MANY = 64 };
    int fds[MANY] = {0};
    REQUIRE(more >= 0 && more < MANY);
    REQUIRE_EQ(getrlimit(RLIMIT_NOFILE, &usual_limit), 0);
    for (int i = 0; i <= more; i++)
        fds[i] = fcntl(STDERR_FILENO, F_DUPFD, 0);
    struct rlimit limit = usual_limit;
    limit.rlim_cur = (rlim_t)fds[more];
    for (int i = 0; i <= more; i++) {
        REQUIRE(fds[i] >= 0);
        REQUIRE_EQ(close(fds[i]), 0);
    }
    REQUIRE_EQ(setrlimit(RLIMIT_NOFILE, &limit), 0);
}

void descriptors_unlimit(void)
{
    REQUIRE_EQ(setrlimit(RLIMIT_NOFILE, &usual_limit), 0);
}

/* --- sources --- */

void watch(struct loop *loop, struct mio_source *source, mio_token token, mio_interest interest)
{
    REQUIRE_EQ(mio_source_register(source, loop->registry, token, interest), 0);
}

/* --- TCP --- */

void tcp_listen(struct mio_addr *addr, struct mio_tcp_listener *listener)
{
    REQUIRE_EQ(mio_tcp_listener_bind(addr, NULL, listener), 0);
    REQUIRE_EQ(mio_source_local_addr(&listener->source, addr), 0);
    REQUIRE(mio_addr_port(addr) != 0);
}

void tcp_connect(const struct mio_addr *addr, struct mio_tcp_stream *stream)
{
    REQUIRE_EQ(mio_tcp_stream_connect(addr, NULL, stream), 0);
}

void tcp_accept(struct mio_tcp_listener *listener, struct mio_tcp_stream *stream)
{
    wait_until(listener->source.fd, POLLIN);
    REQUIRE_EQ(mio_tcp_listener_accept(listener, stream, NULL), 0);
}

void tcp_pair(struct mio_tcp_stream *client, struct mio_tcp_stream *server)
{
    struct mio_addr addr = loopback_v4();
    struct mio_tcp_listener listener;
    tcp_listen(&addr, &listener);
    tcp_connect(&addr, client);
    tcp_accept(&listener, server);
    wait_until(client->source.fd, POLLOUT);
    REQUIRE_EQ(mio_tcp_stream_finish_connect(client), 0);
    REQUIRE_EQ(mio_source_close(&listener.source), 0);
}

struct mio_addr tcp_nobody(void)
{
    struct mio_addr addr = loopback_v4();
    addr.port = ntohs(port_of_nobody());
    return addr;
}

ptrdiff_t tcp_write_until_it_fails(struct mio_tcp_stream *stream)
{
    int64_t start = test_now();
    ptrdiff_t result;
    do {
        result = mio_tcp_stream_write(stream, "abc", 3);
    } while ((result > 0 || result == -EAGAIN) && !time_is_up(start, BOUND_MS * MILLISECOND));
    return result;
}

void tcp_put(struct mio_tcp_stream *stream, const char *text)
{
    size_t size = strlen(text);
    REQUIRE_EQ(mio_tcp_stream_write(stream, text, size), (ptrdiff_t)size);
}

void tcp_expect_text(struct mio_tcp_stream *stream, const char *text, struct where where)
{
    char got[256] = "";
    size_t have = 0;
    ptrdiff_t count;
    wait_until(stream->source.fd, POLLIN);
    while ((count = mio_tcp_stream_read(stream, got + have, sizeof got - 1 - have)) > 0)
        have += (size_t)count;
    test_check_eq(count, -EAGAIN, "the last read", "-EAGAIN", where.file, where.line);
    test_check_str(got, text, "what was read", where.file, where.line);
}

void tcp_reset(struct mio_tcp_stream *stream)
{
    struct linger at_close = {.l_onoff = 1, .l_linger = 0};
    REQUIRE_EQ(setsockopt(stream->source.fd, SOL_SOCKET, SO_LINGER, &at_close, sizeof at_close), 0);
    REQUIRE_EQ(mio_source_close(&stream->source), 0);
}

/* --- Unix --- */

void unix_pair(struct mio_unix_stream *first, struct mio_unix_stream *second)
{
    REQUIRE_EQ(mio_unix_stream_pair(NULL, first, second), 0);
}

void unix_put(struct mio_unix_stream *stream, const char *text)
{
    size_t size = strlen(text);
    REQUIRE_EQ(mio_unix_stream_write(stream, text, size), (ptrdiff_t)size);
}

void unix_expect_text(struct mio_unix_stream *stream, const char *text, struct where where)
{
    char got[256] = "";
    size_t have = 0;
    ptrdiff_t count;
    wait_until(stream->source.fd, POLLIN);
    while ((count = mio_unix_stream_read(stream, got + have, sizeof got - 1 - have)) > 0)
        have += (size_t)count;
    test_check_eq(count, -EAGAIN, "the last read", "-EAGAIN", where.file, where.line);
    test_check_str(got, text, "what was read", where.file, where.line);
}

/* --- long transfers --- */

/* Neither a power of two nor a buffer's size repeats it. */
uint8_t transfer_byte(size_t position)
{
    return (uint8_t)(position % 251);
}

void transfer_fill(uint8_t *buffer, size_t size, size_t position)
{
    for (size_t i = 0; i < size; i++)
        buffer[i] = transfer_byte(position + i);
}

bool transfer_matches(const uint8_t *buffer, size_t size, size_t position)
{
    for (size_t i = 0; i < size; i++) {
        if (buffer[i] != transfer_byte(position + i))
            return false;
    }
    return true;
}

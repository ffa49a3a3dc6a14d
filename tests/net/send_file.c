/* SPDX-License-Identifier: MIT */
/* Files sent to a connection: the bytes that were asked for, in parts, without SIGPIPE. */
#define _GNU_SOURCE

#include "sigpipe_by_default.h"
#include "support.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

enum { LARGE_FILE = 4 << 20, SMALL_FILE = 1000 };

static struct mio_tcp_stream sending, receiving;

/* A file without a name that holds the first bytes of a transfer. */
static int make_file_to_send(size_t size)
{
    static uint8_t block[64 << 10];
    char name[] = "/tmp/mio-test.XXXXXX";
    int fd = mkstemp(name);
    REQUIRE(fd >= 0);
    REQUIRE_EQ(unlink(name), 0);
    for (size_t done = 0; done < size;) {
        size_t part = size - done < sizeof block ? size - done : sizeof block;
        transfer_fill(block, part, done);
        REQUIRE_EQ(write(fd, block, part), (ptrdiff_t)part);
        done += part;
    }
    return fd;
}

/* Reads what was sent, which has to be `size` bytes of the transfer from `position` on. */
static void expect_sent(size_t position, size_t size)
{
    static uint8_t buffer[64 << 10];
    size_t end = position + size;
    while (position < end) {
        size_t left = end - position;
        wait_until(receiving.source.fd, POLLIN);
        ptrdiff_t n =
            mio_tcp_stream_read(&receiving, buffer, left < sizeof buffer ? left : sizeof buffer);
        REQUIRE(n > 0);
        REQUIRE(transfer_matches(buffer, (size_t)n, position));
        position += (size_t)n;
    }
}

static void close_sent(int file)
{
    CHECK_EQ(close(file), 0);
    CHECK_EQ(mio_source_close(&sending.source), 0);
    CHECK_EQ(mio_source_close(&receiving.source), 0);
}

TEST(net_send_file_sends_what_is_asked_for)
{
    static const struct {
        int64_t offset;
        size_t size, sent;
    } rows[] = {
        {0, SMALL_FILE, SMALL_FILE},
        {0, 1, 1},
        {SMALL_FILE - 1, 1, 1},
        {10, 100, 100},
        {900, SMALL_FILE, 100},
        {SMALL_FILE, 1, 0},
        {SMALL_FILE, 0, 0},
        {SMALL_FILE + 5, 10, 0},
        {0, 0, 0},
        {1, INT32_MAX, 999},
    };
    tcp_pair(&sending, &receiving);
    int file = make_file_to_send(SMALL_FILE);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        CHECK_EQ(mio_tcp_stream_send_file(&sending, file, rows[i].offset, rows[i].size),
                 (ptrdiff_t)rows[i].sent);
        expect_sent((size_t)rows[i].offset, rows[i].sent);
    }
    CHECK_EQ(lseek(file, 0, SEEK_CUR), SMALL_FILE); /* where the writing had left it */
    close_sent(file);
}

/* Leaves the connection no room for a large file. */
static void keep_buffers_small(void)
{
    const int size = 64 << 10;
    REQUIRE_EQ(setsockopt(sending.source.fd, SOL_SOCKET, SO_SNDBUF, &size, sizeof size), 0);
    REQUIRE_EQ(setsockopt(receiving.source.fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof size), 0);
}

/* Sends from there on until EAGAIN, or the end. */
static size_t send_until_full(int file, size_t sent)
{
    ptrdiff_t n;
    while ((n = mio_tcp_stream_send_file(&sending, file, (int64_t)sent, LARGE_FILE - sent)) > 0)
        sent += (size_t)n;
    REQUIRE_EQ(n, sent == LARGE_FILE ? 0 : -EAGAIN);
    return sent;
}

/* Whatever finds no room is sent after the event that tells of room. */
TEST(net_send_file_goes_on_after_an_event)
{
    struct loop loop = loop_open();
    tcp_pair(&sending, &receiving);
    keep_buffers_small();
    watch(&loop, &sending.source, CLIENT, MIO_WRITABLE);
    EXPECT_ONE(&loop, CLIENT, W);
    int file = make_file_to_send(LARGE_FILE);
    size_t sent = send_until_full(file, 0);
    size_t read = 0;
    CHECK(sent < LARGE_FILE);
    while (sent < LARGE_FILE) {
        expect_sent(read, sent - read);
        read = sent;
        REQUIRE(loop_wait(&loop, 10 * SECOND) > 0);
        sent = send_until_full(file, sent);
    }
    expect_sent(read, sent - read);
    close_sent(file);
    loop_close(&loop);
}

TEST(net_send_file_raises_no_sigpipe)
{
    sigpipe_by_default();
    tcp_pair(&sending, &receiving);
    int file = make_file_to_send(SMALL_FILE);
    CHECK_EQ(mio_tcp_stream_shutdown(&sending, MIO_SHUTDOWN_WRITE), 0);
    CHECK_EQ(mio_tcp_stream_send_file(&sending, file, 0, SMALL_FILE), -EPIPE);
    CHECK_EQ(mio_tcp_stream_send_file(&sending, file, 0, SMALL_FILE), -EPIPE);
    sigset_t pending;
    CHECK_EQ(sigpending(&pending), 0);
    CHECK_EQ(sigismember(&pending, SIGPIPE), 0);
    close_sent(file);
}

/* The kernel's own way refuses such a file on Linux: its bytes come by the other. */
TEST(net_send_file_of_a_file_that_is_made_as_it_is_read)
{
    char text[256] = "";
    char got[256] = "";
    int file = open("/proc/sys/kernel/ostype", O_RDONLY);
    if (file < 0)
        SKIP("there is no file that the kernel makes");
    ssize_t size = pread(file, text, sizeof text, 0);
    REQUIRE(size > 0);
    tcp_pair(&sending, &receiving);
    CHECK_EQ(mio_tcp_stream_send_file(&sending, file, 0, sizeof text), size);
    wait_until(receiving.source.fd, POLLIN);
    CHECK_EQ(mio_tcp_stream_read(&receiving, got, sizeof got - 1), size);
    CHECK_STR(got, text);
    CHECK_EQ(mio_tcp_stream_send_file(&sending, file, size, sizeof text), 0);
    close_sent(file);
}

TEST(net_send_file_tells_errors_of_the_file)
{
    int ends[2];
    tcp_pair(&sending, &receiving);
    int file = make_file_to_send(SMALL_FILE);
    int folder = open("/", O_RDONLY);
    int unreadable = open("/dev/null", O_WRONLY);
    REQUIRE(folder >= 0 && unreadable >= 0);
    REQUIRE_EQ(pipe(ends), 0);
    errno = 77;
    CHECK_EQ(mio_tcp_stream_send_file(NULL, file, 0, 1), -EINVAL);
    CHECK_EQ(mio_tcp_stream_send_file(&sending, file, -1, 1), -EINVAL);
    CHECK_EQ(mio_tcp_stream_send_file(&sending, -1, 0, 1), -EBADF);
    CHECK_EQ(mio_tcp_stream_send_file(&sending, unreadable, 0, 1), -EBADF);
    CHECK_EQ(mio_tcp_stream_send_file(&sending, ends[0], 0, 1), -ESPIPE);
    CHECK_EQ(mio_tcp_stream_send_file(&sending, folder, 0, 1), -EISDIR);
    CHECK_EQ(errno, 77);
    close(folder);
    close(unreadable);
    close(ends[0]);
    close(ends[1]);
    close_sent(file);
}

TEST(net_send_file_to_a_peer_that_has_gone)
{
    tcp_pair(&sending, &receiving);
    int file = make_file_to_send(SMALL_FILE);
    tcp_reset(&receiving);
    wait_until(sending.source.fd, POLLIN);
    ptrdiff_t first = mio_tcp_stream_send_file(&sending, file, 0, SMALL_FILE);
    CHECK(first == -ECONNRESET || first == -EPIPE);
    CHECK_EQ(mio_tcp_stream_send_file(&sending, file, 0, SMALL_FILE), -EPIPE);
    CHECK_EQ(close(file), 0);
    CHECK_EQ(mio_source_close(&sending.source), 0);
}

/* SPDX-License-Identifier: MIT */
/*
 * EV1 beside conditions: errors that stand and are taken, writers that leave and come back. While
 * one stands it is no news; what comes after it is.
 */
#define _GNU_SOURCE

#include "facts/facts.h"
#include "support.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

enum { REPEATS = 100 };

/* --- a UDP socket and a peer that refuses what it sends --- */

static struct sockaddr_in name_of(int fd)
{
    struct sockaddr_in address;
    socklen_t length = sizeof address;
    REQUIRE_EQ(getsockname(fd, (struct sockaddr *)&address, &length), 0);
    return address;
}

static void connect_datagrams(int from, int to)
{
    struct sockaddr_in address = name_of(to);
    REQUIRE_EQ(connect(from, (struct sockaddr *)&address, sizeof address), 0);
}

static void open_refused(int ends[2])
{
    for (int i = 0; i < 2; i++) {
        struct sockaddr_in address;
        memset(&address, 0, sizeof address);
        address.sin_family = AF_INET;
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        ends[i] = socket(AF_INET, SOCK_DGRAM, 0);
        REQUIRE(ends[i] >= 0);
        set_nonblocking(ends[i]);
        REQUIRE_EQ(bind(ends[i], (struct sockaddr *)&address, sizeof address), 0);
    }
    refuse_datagrams(ends[FAR]);
    connect_datagrams(ends[NEAR], ends[FAR]);
}

/* Waits for an event of token 1 that has these bits; other events of it may come before. */
static void await_bits(struct loop *loop, uint32_t bits)
{
    int64_t since = test_now();
    uint32_t seen = 0;
    while ((seen & bits) != bits && !time_is_up(since, BOUND_SECONDS * SECOND)) {
        CHECK(loop_wait(loop, SECOND) >= 0);
        mio_events_each(event, loop->events) {
            CHECK_EQ(mio_event_token(event), 1);
            seen |= mio_event_readiness(event);
        }
    }
    CHECK_EQ(seen & bits, bits);
}

/* Waits without caring for what comes, until something does. */
static void await_something(struct loop *loop)
{
    CHECK(loop_wait(loop, BOUND_SECONDS * SECOND) > 0);
}

static int take_error(int fd)
{
    int error = 0;
    socklen_t length = sizeof error;
    REQUIRE_EQ(getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &length), 0);
    return error;
}

static void take_by_option(int fd)
{
    CHECK_EQ(take_error(fd), ECONNREFUSED);
}

static void take_by_reading(int fd)
{
    char byte;
    CHECK(read(fd, &byte, 1) < 0 && errno == ECONNREFUSED);
}

static void take_by_sending(int fd)
{
    CHECK(send(fd, "y", 1, 0) < 0 && errno == ECONNREFUSED);
}

static void (*const takers[])(int fd) = {take_by_option, take_by_reading, take_by_sending};

TEST(ev1_data_after_an_error_that_was_taken)
{
    skip_if_excepted(__func__);

    for (size_t i = 0; i < 2 * sizeof takers / sizeof takers[0]; i++) {
        struct loop loop = loop_open();
        int ends[2];
        open_refused(ends);
        mio_interest interest = i % 2 == 0 ? MIO_READABLE : BOTH;
        REQUIRE_EQ(mio_registry_register(loop.registry, ends[NEAR], 1, interest), 0);
        if (interest == BOTH)
            EXPECT_ONE(&loop, 1, MIO_WRITABLE);
        put(ends[NEAR], "x");
        await_something(&loop);
        takers[i / 2](ends[NEAR]);
        drain_again(&loop, ends[NEAR], MIO_READABLE);

        connect_datagrams(ends[FAR], ends[NEAR]);
        put(ends[FAR], "data");
        await_bits(&loop, MIO_READABLE);
        CHECK_EQ(drain(ends[NEAR]), 4);

        close_pair(ends);
        loop_close(&loop);
    }
}

/* The sockets' own calls take it, and ask for what comes next. */
TEST(ev1_data_after_an_error_that_a_source_took)
{
    skip_if_excepted(__func__);

    struct loop loop = loop_open();
    struct mio_udp_socket near_end;
    int ends[2];
    char text[8];

    open_refused(ends);
    REQUIRE_EQ(mio_udp_socket_from_fd(ends[NEAR], &near_end), 0);
    REQUIRE_EQ(mio_source_register(&near_end.source, loop.registry, 1, MIO_READABLE), 0);
    for (int way = 0; way < 2; way++) {
        refuse_datagrams(ends[FAR]);
        CHECK_EQ(mio_udp_socket_send(&near_end, "x", 1), 1);
        await_something(&loop);
        if (way == 0)
            CHECK_EQ(mio_source_take_error(&near_end.source), -ECONNREFUSED);
        else
            CHECK_EQ(mio_udp_socket_send(&near_end, "y", 1), -ECONNREFUSED);
        connect_datagrams(ends[FAR], ends[NEAR]);
        put(ends[FAR], "data");
        await_bits(&loop, MIO_READABLE);
        CHECK_EQ(mio_udp_socket_recv(&near_end, text, sizeof text), 4);
        CHECK_EQ(mio_udp_socket_recv(&near_end, text, sizeof text), -EAGAIN);
    }

    CHECK_EQ(mio_source_close(&near_end.source), 0);
    CHECK_EQ(close(ends[FAR]), 0);
    loop_close(&loop);
}

/* Each refusal is an event of its own, once the one before was taken. */
TEST(ev1_an_error_after_an_error_that_was_taken)
{
    skip_if_excepted(__func__);

    struct loop loop = loop_open();
    int ends[2];

    open_refused(ends);
    REQUIRE_EQ(mio_registry_register(loop.registry, ends[NEAR], 1, MIO_READABLE), 0);
    for (int i = 0; i < REPEATS; i++) {
        put(ends[NEAR], "x");
        await_something(&loop);
        take_by_option(ends[NEAR]);
        drain_again(&loop, ends[NEAR], MIO_READABLE);
    }
    EXPECT_NOTHING(&loop);

    close_pair(ends);
    loop_close(&loop);
}

/* --- what stands --- */

TEST(ev1_a_hang_up_that_stands_is_told_once)
{
    skip_if_excepted(__func__);

    struct loop loop = loop_open();
    int ends[2];

    open_pipe(ends);
    REQUIRE_EQ(mio_registry_register(loop.registry, ends[NEAR], 1, MIO_READABLE), 0);
    CHECK_EQ(close(ends[FAR]), 0);
    EXPECT_ONE(&loop, 1, readiness_fact("pipe without writer"));
    for (int i = 0; i < REPEATS; i++) {
        again(&loop, ends[NEAR], MIO_READABLE);
        EXPECT_NOTHING(&loop);
    }

    CHECK_EQ(close(ends[NEAR]), 0);
    loop_close(&loop);
}

#if defined(IP_RECVERR)
static bool keep_errors(int fd)
{
    int on = 1;
    return setsockopt(fd, IPPROTO_IP, IP_RECVERR, &on, sizeof on) == 0;
}
#else
static bool keep_errors(int fd)
{
    (void)fd;
    return false;
}
#endif

/* An error in the queue that nobody reads stays, whatever is read of the socket. */
TEST(ev1_an_error_that_stands_is_told_once)
{
    skip_if_excepted(__func__);

    struct loop loop = loop_open();
    int ends[2];

    open_refused(ends);
    REQUIRE(keep_errors(ends[NEAR]));
    REQUIRE_EQ(mio_registry_register(loop.registry, ends[NEAR], 1, MIO_READABLE), 0);
    put(ends[NEAR], "x");
    AWAIT_EVENTS(&loop, {1, MIO_ERROR | MIO_WRITE_CLOSED});
    (void)take_error(ends[NEAR]);
    for (int i = 0; i < REPEATS; i++) {
        drain_again(&loop, ends[NEAR], MIO_READABLE);
        EXPECT_NOTHING(&loop);
    }
    /* The socket is well, and its data is told. */
    connect_datagrams(ends[FAR], ends[NEAR]);
    put(ends[FAR], "data");
    await_bits(&loop, MIO_READABLE);

    close_pair(ends);
    loop_close(&loop);
}

/* --- a FIFO, whose writers come and go --- */

static int open_fifo(const char *name, int flags)
{
    int fd = open(name, flags | O_NONBLOCK | O_CLOEXEC);
    REQUIRE(fd >= 0);
    return fd;
}

/* One writer: what it writes, and that it leaves. */
static void write_and_leave(struct loop *loop, const char *name, int reader)
{
    int writer = open_fifo(name, O_WRONLY);
    put(writer, "data");
    await_bits(loop, MIO_READABLE);
    CHECK_EQ(drain_again(loop, reader, MIO_READABLE), 4);
    CHECK_EQ(close(writer), 0);
    if (fact("a FIFO tells that its writer left") != 0)
        await_bits(loop, MIO_READ_CLOSED);
    CHECK_EQ(drain(reader), 0);
}

TEST(ev1_a_fifo_tells_of_the_next_writer)
{
    char directory[] = "/tmp/mio-contract-XXXXXX";
    char name[sizeof directory + 8];
    struct loop loop = loop_open();

    REQUIRE(mkdtemp(directory) != NULL);
    snprintf(name, sizeof name, "%s/fifo", directory);
    REQUIRE_EQ(mkfifo(name, 0600), 0);
    int reader = open_fifo(name, O_RDONLY);
    REQUIRE_EQ(mio_registry_register(loop.registry, reader, 1, MIO_READABLE), 0);
    for (int i = 0; i < 5; i++)
        write_and_leave(&loop, name, reader);
    int writer = open_fifo(name, O_WRONLY);
    put(writer, "last");
    CHECK_EQ(close(writer), 0);
    if (fact("a FIFO tells of a writer that came and left") != 0)
        await_bits(&loop, MIO_READABLE);
    CHECK_EQ(drain(reader), 4);

    CHECK_EQ(close(reader), 0);
    CHECK_EQ(unlink(name), 0);
    CHECK_EQ(rmdir(directory), 0);
    loop_close(&loop);
}

/* SPDX-License-Identifier: MIT */
/*
 * EV5: the end of reading alone, and errors alone. Unread data makes neither ready, and with
 * MIO_LEVEL it does not make a wait spin.
 */
#define _GNU_SOURCE

#include "ends.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

/* --- data is neither --- */

TEST(ev5_data_is_no_end)
{
    if (!serves_or_refuses(MIO_READ_CLOSED))
        return;
    for (int i = 0; i < END_OPENERS * END_MODES; i++) {
        int ends[2];
        end_openers[i / END_MODES](ends);
        put(ends[FAR], "before");
        struct loop loop = watch_end(ends, MIO_READ_CLOSED | end_modes[i % END_MODES]);
        EXPECT_NOTHING(&loop);
        for (int round = 0; round < 3; round++) {
            put(ends[FAR], "more");
            EXPECT_NOTHING(&loop);
        }
        CHECK_EQ(drain(ends[NEAR]), strlen("before") + 3 * strlen("more"));
        EXPECT_NOTHING(&loop);
        close_pair(ends);
        loop_close(&loop);
    }
}

/* Where a mark keeps data silent it cannot be beyond the whole buffer on all systems. */
TEST(ev5_a_full_buffer_is_no_end)
{
    if (!serves_or_refuses(MIO_READ_CLOSED))
        return;
    for (int i = 0; i < END_OPENERS * END_MODES; i++) {
        int ends[2];
        end_openers[i / END_MODES](ends);
        struct loop loop = watch_end(ends, MIO_READ_CLOSED | end_modes[i % END_MODES]);
        CHECK(fill(ends[FAR]) > 0);
        EXPECT_NOTHING(&loop);
        EXPECT_NOTHING(&loop);
        CHECK_EQ(close(ends[FAR]), 0);
        if (end_openers[i / END_MODES] != open_tcp) /* whose end comes behind the data */
            AWAIT_EVENTS(&loop, {1, readiness_fact("peer closed, asked for read-closed")});
        CHECK_EQ(close(ends[NEAR]), 0);
        loop_close(&loop);
    }
}

TEST(ev5_data_is_no_error)
{
    if (!serves_or_refuses(MIO_ERROR))
        return;
    for (int i = 0; i < END_OPENERS * END_MODES; i++) {
        int ends[2];
        end_openers[i / END_MODES](ends);
        put(ends[FAR], "before");
        struct loop loop = watch_end(ends, MIO_ERROR | end_modes[i % END_MODES]);
        EXPECT_NOTHING(&loop);
        put(ends[FAR], "more");
        EXPECT_NOTHING(&loop);
        close_pair(ends);
        loop_close(&loop);
    }
}

/* --- the end of reading --- */

TEST(ev5_without_memory_nothing_is_registered)
{
    enum { LAST_TO_FAIL = 20 };
    if (!serves_or_refuses(MIO_READ_CLOSED))
        return;
    struct loop loop = loop_open();
    int ends[2];
    int result = -ENOMEM;

    open_pair(ends);
    for (long n = 1; n < LAST_TO_FAIL && result < 0; n++) {
        test_fail_allocation(n);
        result = mio_registry_register(loop.registry, ends[NEAR], 1, MIO_READ_CLOSED);
        test_fail_allocation(0);
        CHECK(result == 0 || result == -ENOMEM);
        if (result < 0)
            CHECK_EQ(mio_registry_deregister(loop.registry, ends[NEAR]), -ENOENT);
    }
    CHECK_EQ(close(ends[FAR]), 0);
    CHECK_EQ(loop_wait(&loop, 10 * SECOND), 1);
    CHECK(mio_event_is_read_closed(mio_events_get(loop.events, 0)));
    CHECK_EQ(close(ends[NEAR]), 0);
    loop_close(&loop);
}

TEST(ev5_a_half_close_is_an_end)
{
    if (!serves_or_refuses(MIO_READ_CLOSED))
        return;
    for (int i = 0; i < 2 * 2; i++) {
        int ends[2];
        end_openers[i / 2](ends);
        struct loop loop = watch_end(ends, MIO_READ_CLOSED);
        if (i % 2 == 1)
            put(ends[FAR], "unread");
        EXPECT_NOTHING(&loop);
        CHECK_EQ(shutdown(ends[FAR], SHUT_WR), 0);
        EXPECT_ONE(&loop, 1, readiness_fact("peer stopped sending, asked for read-closed"));
        drain(ends[NEAR]);
        EXPECT_NOTHING(&loop);
        close_pair(ends);
        loop_close(&loop);
    }
}

TEST(ev5_an_end_before_registering_is_told)
{
    if (!serves_or_refuses(MIO_READ_CLOSED))
        return;
    for (int i = 0; i < 2 * END_MODES; i++) {
        int ends[2];
        end_openers[i / END_MODES](ends);
        put(ends[FAR], "unread");
        CHECK_EQ(shutdown(ends[FAR], SHUT_WR), 0);
        struct loop loop = watch_end(ends, MIO_READ_CLOSED | end_modes[i % END_MODES]);
        AWAIT_EVENTS(&loop, {1, end_half_closed()});
        close_pair(ends);
        loop_close(&loop);
    }
}

TEST(ev5_a_peer_that_closes_is_an_end)
{
    if (!serves_or_refuses(MIO_READ_CLOSED))
        return;
    static const int kinds[] = {0, 2}; /* a Unix stream, a pipe */
    for (int i = 0; i < 2 * 2; i++) {
        int ends[2];
        end_openers[kinds[i / 2]](ends);
        struct loop loop = watch_end(ends, MIO_READ_CLOSED);
        if (i == 3) /* a Unix stream that closes after it was written to is reset on Linux */
            put(ends[FAR], "unread");
        EXPECT_NOTHING(&loop);
        CHECK_EQ(close(ends[FAR]), 0);
        AWAIT_EVENTS(&loop, {1, readiness_fact("peer closed, asked for read-closed")});
        CHECK_EQ(close(ends[NEAR]), 0);
        loop_close(&loop);
    }
}

TEST(ev5_a_level_end_lasts)
{
    if (!serves_or_refuses(MIO_READ_CLOSED))
        return;
    for (int i = 0; i < 2; i++) {
        int ends[2];
        end_openers[i](ends);
        struct loop loop = watch_end(ends, MIO_READ_CLOSED | MIO_LEVEL);
        put(ends[FAR], "unread");
        EXPECT_NOTHING(&loop);
        CHECK_EQ(shutdown(ends[FAR], SHUT_WR), 0);
        for (int round = 0; round < 4; round++)
            AWAIT_EVENTS(&loop, {1, end_half_closed()});
        drain(ends[NEAR]);
        for (int round = 0; round < 4; round++)
            AWAIT_EVENTS(&loop, {1, end_half_closed()});
        CHECK_EQ(mio_registry_deregister(loop.registry, ends[NEAR]), 0);
        EXPECT_NOTHING(&loop);
        CHECK_EQ(mio_registry_deregister(loop.registry, ends[NEAR]), -ENOENT);
        close_pair(ends);
        loop_close(&loop);
    }
}

TEST(ev5_a_one_shot_end_is_told_once)
{
    if (!serves_or_refuses(MIO_READ_CLOSED))
        return;
    for (int i = 0; i < 2; i++) {
        int ends[2];
        mio_interest interest = MIO_READ_CLOSED | MIO_ONESHOT;
        end_openers[i](ends);
        struct loop loop = watch_end(ends, interest);
        put(ends[FAR], "unread");
        EXPECT_NOTHING(&loop);
        CHECK_EQ(shutdown(ends[FAR], SHUT_WR), 0);
        EXPECT_ONE(&loop, 1, end_half_closed());
        CHECK_EQ(close(ends[FAR]), 0);
        EXPECT_NOTHING(&loop);
        REQUIRE_EQ(mio_registry_reregister(loop.registry, ends[NEAR], 2, interest), 0);
        CHECK(loop_wait(&loop, 0) > 0);
        EXPECT_NOTHING(&loop);
        CHECK_EQ(close(ends[NEAR]), 0);
        loop_close(&loop);
    }
}

/* --- a FIFO, whose end is over when somebody opens it again --- */

static void make_named_fifo(char path[64])
{
    snprintf(path, 64, "/tmp/mio-ev5-%ld", (long)getpid());
    (void)unlink(path);
    REQUIRE_EQ(mkfifo(path, 0600), 0);
}

static int open_fifo_end(const char *path, int how)
{
    int fd = open(path, how | O_NONBLOCK | O_CLOEXEC);
    REQUIRE(fd >= 0);
    return fd;
}

TEST(ev5_a_fifo_whose_writer_leaves_and_comes_back)
{
    if (!serves_or_refuses(MIO_READ_CLOSED))
        return;
    bool tells = fact("a FIFO tells that its writer left") != 0;
    uint32_t end = readiness_fact("peer closed, asked for read-closed");
    char path[64];

    for (int i = 0; i < 2; i++) {
        bool is_level = i == 1;
        make_named_fifo(path);
        int ends[2];
        ends[NEAR] = open_fifo_end(path, O_RDONLY);
        ends[FAR] = open_fifo_end(path, O_WRONLY);
        struct loop loop = watch_end(ends, MIO_READ_CLOSED | (is_level ? MIO_LEVEL : 0));
        for (int round = 0; round < 3; round++) {
            put(ends[FAR], "data");
            EXPECT_NOTHING(&loop);
            CHECK_EQ(close(ends[FAR]), 0);
            if (tells)
                AWAIT_EVENTS(&loop, {1, end});
            if (tells && is_level)
                AWAIT_EVENTS(&loop, {1, end});
            drain(ends[NEAR]);
            ends[FAR] = open_fifo_end(path, O_WRONLY);
            while (loop_wait(&loop, 200 * MILLISECOND) > 0) /* what poll(2) looks at is late */
                CHECK(!is_level);
            EXPECT_NOTHING(&loop);
        }
        close_pair(ends);
        CHECK_EQ(unlink(path), 0);
        loop_close(&loop);
    }
}

/* --- a terminal --- */

TEST(ev5_a_terminal_whose_slave_leaves)
{
    if (!serves_or_refuses(MIO_READ_CLOSED))
        return;
    int ends[2];

    ends[NEAR] = posix_openpt(O_RDWR | O_NOCTTY);
    REQUIRE(ends[NEAR] >= 0);
    REQUIRE_EQ(grantpt(ends[NEAR]), 0);
    REQUIRE_EQ(unlockpt(ends[NEAR]), 0);
    set_nonblocking(ends[NEAR]);
    ends[FAR] = open(ptsname(ends[NEAR]), O_RDWR | O_NOCTTY | O_CLOEXEC);
    REQUIRE(ends[FAR] >= 0);
    struct loop loop = loop_open();
    int answer = (int)fact("a terminal is watched for its end");
    CHECK_EQ(mio_registry_register(loop.registry, ends[NEAR], 1, MIO_READ_CLOSED | MIO_LEVEL),
             answer);
    put(ends[FAR], "unread");
    EXPECT_NOTHING(&loop);
    CHECK_EQ(close(ends[FAR]), 0);
    bool is_told = answer == 0 && fact("a terminal tells that its slave left");
    for (int round = 0; round < 2 && is_told; round++)
        AWAIT_EVENTS(&loop, {1, readiness_fact("peer closed, asked for read-closed")});

    CHECK_EQ(close(ends[NEAR]), 0);
    loop_close(&loop);
}

/* --- errors --- */

static void check_reset_end(mio_interest interest, uint32_t told)
{
    int ends[2];

    open_tcp(ends);
    struct loop loop = watch_end(ends, interest);
    EXPECT_NOTHING(&loop);
    close_with_reset(ends[FAR]);
    AWAIT_EVENTS(&loop, {1, told});
    if ((interest & MIO_LEVEL) != 0)
        AWAIT_EVENTS(&loop, {1, told});
    else
        EXPECT_NOTHING(&loop);

    CHECK_EQ(close(ends[NEAR]), 0);
    loop_close(&loop);
}

TEST(ev5_a_reset_is_an_end_and_an_error)
{
    for (int i = 0; i < END_MODES; i++) {
        if (serves_or_refuses(MIO_READ_CLOSED))
            check_reset_end(MIO_READ_CLOSED | end_modes[i],
                            readiness_fact("TCP reset, asked for read-closed"));
        if (serves_or_refuses(MIO_ERROR))
            check_reset_end(MIO_ERROR | end_modes[i],
                            readiness_fact("TCP reset, asked for errors"));
    }
}

TEST(ev5_a_refused_connection_is_an_error)
{
    if (!serves_or_refuses(MIO_ERROR))
        return;
    struct loop loop = loop_open();
    int fd = open_tcp_socket();

    CHECK_EQ(connect_to(fd, port_of_nobody()), -EINPROGRESS);
    REQUIRE_EQ(mio_registry_register(loop.registry, fd, 1, MIO_ERROR), 0);
    AWAIT_EVENTS(&loop, {1, readiness_fact("TCP reset, asked for errors")});

    CHECK_EQ(close(fd), 0);
    loop_close(&loop);
}

TEST(ev5_a_half_close_is_no_error)
{
    if (!serves_or_refuses(MIO_ERROR))
        return;
    for (int i = 0; i < 2 * END_MODES; i++) {
        int ends[2];
        end_openers[i / END_MODES](ends);
        struct loop loop = watch_end(ends, MIO_ERROR | end_modes[i % END_MODES]);
        CHECK_EQ(shutdown(ends[FAR], SHUT_WR), 0);
        EXPECT_NOTHING(&loop);
        close_pair(ends);
        loop_close(&loop);
    }
}

TEST(ev5_a_close_is_no_error)
{
    if (!serves_or_refuses(MIO_ERROR))
        return;
    uint32_t told = readiness_fact("peer closed, asked for errors");
    int ends[2];

    open_pair(ends);
    struct loop loop = watch_end(ends, MIO_ERROR);
    CHECK_EQ(close(ends[FAR]), 0);
    if (told)
        EXPECT_ONE(&loop, 1, told);
    else
        EXPECT_NOTHING(&loop);

    CHECK_EQ(close(ends[NEAR]), 0);
    loop_close(&loop);
}

static void open_refusable(int ends[2])
{
    struct sockaddr_in addresses[2];
    for (int i = 0; i < 2; i++) {
        socklen_t length = sizeof addresses[i];
        memset(&addresses[i], 0, sizeof addresses[i]);
        addresses[i].sin_family = AF_INET;
        addresses[i].sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        ends[i] = socket(AF_INET, SOCK_DGRAM, 0);
        REQUIRE(ends[i] >= 0);
        set_nonblocking(ends[i]);
        REQUIRE_EQ(bind(ends[i], (struct sockaddr *)&addresses[i], length), 0);
        REQUIRE_EQ(getsockname(ends[i], (struct sockaddr *)&addresses[i], &length), 0);
    }
    for (int i = 0; i < 2; i++)
        REQUIRE_EQ(connect(ends[i], (struct sockaddr *)&addresses[1 - i], sizeof addresses[0]), 0);
}

TEST(ev5_a_refused_datagram_is_an_error)
{
    if (!serves_or_refuses(MIO_ERROR))
        return;
    uint32_t told = readiness_fact("UDP refused, asked for errors");
    for (int i = 0; i < END_MODES; i++) {
        int ends[2];
        int error = 0;
        socklen_t size = sizeof error;
        open_refusable(ends);
        struct loop loop = watch_end(ends, MIO_ERROR | end_modes[i]);
        put(ends[FAR], "data");
        EXPECT_NOTHING(&loop);
        CHECK_EQ(drain(ends[NEAR]), 4);
        refuse_datagrams(ends[FAR]);
        put(ends[NEAR], "x");
        AWAIT_EVENTS(&loop, {1, told});
        if (end_modes[i] == MIO_LEVEL)
            AWAIT_EVENTS(&loop, {1, told});
        else
            EXPECT_NOTHING(&loop);
        CHECK_EQ(getsockopt(ends[NEAR], SOL_SOCKET, SO_ERROR, &error, &size), 0);
        CHECK_EQ(error, ECONNREFUSED);
        EXPECT_NOTHING(&loop);
        close_pair(ends);
        loop_close(&loop);
    }
}

/* Where a mark keeps data silent a full buffer passes it all the same, and is no error. */
TEST(ev5_a_buffer_full_of_datagrams_is_no_error)
{
    static char bytes[60000];
    static const size_t sizes[] = {sizeof bytes, 1024};
    if (!serves_or_refuses(MIO_ERROR))
        return;
    for (int i = 0; i < END_MODES; i++) {
        int ends[2];
        open_refusable(ends);
        struct loop loop = watch_end(ends, MIO_ERROR | end_modes[i]);
        for (size_t j = 0; j < 2; j++) {
            for (size_t sent = 0; sent < 8 * sizeof bytes; sent += sizes[j])
                (void)send(ends[FAR], bytes, sizes[j], 0); /* too large, or no room for it */
        }
        EXPECT_NOTHING(&loop);
        EXPECT_NOTHING(&loop);
        close_pair(ends);
        loop_close(&loop);
    }
}

/* SPDX-License-Identifier: MIT */
/* EV2 and EV4: what a wait says when the other side goes away, scenario by scenario. */
#define _GNU_SOURCE

#include "facts/facts.h"
#include "support.h"

#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { MOST_WAITS = 6 };

/* --- Unix streams --- */

TEST(ev2_peer_closed)
{
    struct loop loop = loop_open();
    int ends[2];
    char byte;

    open_pair(ends);
    REQUIRE_EQ(mio_registry_register(loop.registry, ends[NEAR], 1, MIO_READABLE), 0);
    CHECK_EQ(close(ends[FAR]), 0);
    EXPECT_ONE(&loop, 1, readiness_fact("peer closed, asked for readable"));
    CHECK_EQ(read(ends[NEAR], &byte, 1), 0);
    EXPECT_NOTHING(&loop);

    CHECK_EQ(close(ends[NEAR]), 0);
    loop_close(&loop);
}

TEST(ev2_peer_closed_both_ways)
{
    struct loop loop = loop_open();
    int ends[2];

    open_pair(ends);
    REQUIRE_EQ(mio_registry_register(loop.registry, ends[NEAR], 1, BOTH), 0);
    EXPECT_ONE(&loop, 1, MIO_WRITABLE);
    CHECK_EQ(close(ends[FAR]), 0);
    EXPECT_ONE(&loop, 1, readiness_fact("peer closed, asked for both"));

    CHECK_EQ(close(ends[NEAR]), 0);
    loop_close(&loop);
}

TEST(ev2_data_outlives_the_peer)
{
    struct loop loop = loop_open();
    int ends[2];

    open_pair(ends);
    REQUIRE_EQ(mio_registry_register(loop.registry, ends[NEAR], 1, MIO_READABLE), 0);
    put(ends[FAR], "last words");
    CHECK_EQ(close(ends[FAR]), 0);
    EXPECT_ONE(&loop, 1, readiness_fact("peer closed, asked for readable"));
    CHECK_EQ(drain(ends[NEAR]), 10);
    EXPECT_NOTHING(&loop);

    CHECK_EQ(close(ends[NEAR]), 0);
    loop_close(&loop);
}

TEST(ev2_peer_stops_sending)
{
    struct loop loop = loop_open();
    int ends[2];

    open_pair(ends);
    REQUIRE_EQ(mio_registry_register(loop.registry, ends[NEAR], 1, MIO_READABLE), 0);
    CHECK_EQ(shutdown(ends[FAR], SHUT_WR), 0);
    EXPECT_ONE(&loop, 1, readiness_fact("peer stopped sending, asked for readable"));
    /* Half closed is half open. */
    put(ends[NEAR], "x");
    CHECK_EQ(drain(ends[FAR]), 1);

    close_pair(ends);
    loop_close(&loop);
}

TEST(ev2_own_end_of_sending)
{
    struct loop loop = loop_open();
    int ends[2];

    open_pair(ends);
    REQUIRE_EQ(mio_registry_register(loop.registry, ends[NEAR], 1, BOTH), 0);
    EXPECT_ONE(&loop, 1, MIO_WRITABLE);
    CHECK_EQ(shutdown(ends[NEAR], SHUT_WR), 0);
    uint32_t told = readiness_fact("own end of sending, asked for both");
    if (told != 0)
        EXPECT_ONE(&loop, 1, told);
    else
        EXPECT_NOTHING(&loop);

    close_pair(ends);
    loop_close(&loop);
}

/* --- TCP --- */

TEST(ev2_tcp_peer_closed)
{
    struct loop loop = loop_open();
    int ends[2];
    char byte;

    open_tcp(ends);
    REQUIRE_EQ(mio_registry_register(loop.registry, ends[NEAR], 1, MIO_READABLE), 0);
    EXPECT_NOTHING(&loop);
    CHECK_EQ(close(ends[FAR]), 0);
    EXPECT_ONE(&loop, 1, readiness_fact("peer stopped sending, asked for readable"));
    CHECK_EQ(read(ends[NEAR], &byte, 1), 0);

    CHECK_EQ(close(ends[NEAR]), 0);
    loop_close(&loop);
}

/* With room for one event the directions take turns, whatever the kernel's records are, and an
 * edge comes once for each. */
static void hear_both_with_little_room(const char *backend, mio_interest mode)
{
    struct loop loop = loop_open_with(&(struct mio_options){.backend = backend}, 1);
    uint32_t level = MIO_READABLE | readiness_fact("writable stays when the peer has closed");
    uint32_t wanted = readiness_fact("peer closed, asked for both") | (mode != 0 ? level : 0);
    uint32_t seen = 0;
    int ends[2];

    open_pair(ends);
    REQUIRE_EQ(mio_registry_register(loop.registry, ends[NEAR], 1, BOTH | mode), 0);
    AWAIT_EVENTS(&loop, {1, MIO_WRITABLE});
    put(ends[FAR], "x");
    CHECK_EQ(close(ends[FAR]), 0);
    for (int i = 0; i < MOST_WAITS && (seen & wanted) != wanted; i++) {
        REQUIRE_EQ(mio_poll_wait(loop.poll, loop.events, 10 * SECOND), 1);
        seen |= mio_event_readiness(mio_events_get(loop.events, 0));
    }
    CHECK_EQ(seen & wanted, wanted);
    if (mode == 0) {
        /* The other of two, if both came in one. */
        CHECK(mio_poll_wait(loop.poll, loop.events, 0) >= 0);
        EXPECT_NOTHING(&loop);
    }

    CHECK_EQ(close(ends[NEAR]), 0);
    loop_close(&loop);
}

TEST(wait1_both_directions_are_heard_with_little_room)
{
    hear_both_with_little_room(NULL, 0);
    hear_both_with_little_room(NULL, MIO_LEVEL);
}

/* Also beside another selector, whose records it then makes. */
TEST(wait1_both_directions_are_heard_by_poll_with_little_room)
{
    hear_both_with_little_room("poll", 0);
    hear_both_with_little_room("poll", MIO_LEVEL);
}

/* One direction was told of, and has news again before the other has had its turn. */
TEST(wait1_a_direction_that_has_nothing_gives_up_its_turn)
{
    struct mio_options options = {.backend = "poll"};
    struct loop loop = loop_open_with(&options, 1);
    int ends[2];
    char byte;

    open_pair(ends);
    put(ends[FAR], "x");
    REQUIRE_EQ(mio_registry_register(loop.registry, ends[NEAR], 1, BOTH), 0);
    REQUIRE_EQ(mio_poll_wait(loop.poll, loop.events, 10 * SECOND), 1);
    CHECK(mio_event_is_writable(mio_events_get(loop.events, 0)));
    CHECK_EQ(read(ends[NEAR], &byte, 1), 1);
    CHECK_EQ(mio_registry_rearm(loop.registry, ends[NEAR], MIO_WRITABLE), 0);
    REQUIRE_EQ(mio_poll_wait(loop.poll, loop.events, 10 * SECOND), 1);
    CHECK(mio_event_is_writable(mio_events_get(loop.events, 0)));

    close_pair(ends);
    loop_close(&loop);
}

TEST(ev2_tcp_half_closed)
{
    struct loop loop = loop_open();
    int ends[2];

    open_tcp(ends);
    REQUIRE_EQ(mio_registry_register(loop.registry, ends[NEAR], 1, BOTH), 0);
    EXPECT_ONE(&loop, 1, MIO_WRITABLE);
    CHECK_EQ(shutdown(ends[FAR], SHUT_WR), 0);
    EXPECT_ONE(&loop, 1, readiness_fact("peer stopped sending, asked for both"));
    put(ends[NEAR], "x");

    close_pair(ends);
    loop_close(&loop);
}

TEST(ev2_tcp_reset)
{
    struct loop loop = loop_open();
    int ends[2];
    char byte;

    open_tcp(ends);
    REQUIRE_EQ(mio_registry_register(loop.registry, ends[NEAR], 1, BOTH), 0);
    EXPECT_ONE(&loop, 1, MIO_WRITABLE);
    close_with_reset(ends[FAR]);
    EXPECT_ONE(&loop, 1, readiness_fact("TCP reset, asked for both"));
    CHECK(read(ends[NEAR], &byte, 1) < 0 && errno == ECONNRESET);

    CHECK_EQ(close(ends[NEAR]), 0);
    loop_close(&loop);
}

TEST(ev2_tcp_connects)
{
    struct loop loop = loop_open();
    uint16_t port;
    int listener = open_listener(&port);
    int client = open_tcp_socket();
    int result = connect_to(client, port);

    REQUIRE(result == 0 || result == -EINPROGRESS);
    REQUIRE_EQ(mio_registry_register(loop.registry, client, 1, BOTH), 0);
    EXPECT_ONE(&loop, 1, MIO_WRITABLE);

    CHECK_EQ(close(client), 0);
    CHECK_EQ(close(listener), 0);
    loop_close(&loop);
}

TEST(ev2_tcp_refused)
{
    struct loop loop = loop_open();
    uint16_t port = port_of_nobody();
    int client = open_tcp_socket();
    int error = 0;
    socklen_t length = sizeof error;
    int result = connect_to(client, port);

    if (result == -EINPROGRESS) {
        REQUIRE_EQ(mio_registry_register(loop.registry, client, 1, BOTH), 0);
        EXPECT_ONE(&loop, 1, readiness_fact("TCP refused, asked for both"));
        CHECK_EQ(getsockopt(client, SOL_SOCKET, SO_ERROR, &error, &length), 0);
        result = -error;
    }
    CHECK_EQ(result, -ECONNREFUSED); /* BSD may know it at once */

    CHECK_EQ(close(client), 0);
    loop_close(&loop);
}

TEST(ev2_tcp_registered_before_connecting)
{
    struct loop loop = loop_open();
    uint16_t port;
    int listener = open_listener(&port);
    int client = open_tcp_socket();
    uint32_t at_once = readiness_fact("TCP before connect, asked for both");

    REQUIRE_EQ(mio_registry_register(loop.registry, client, 1, BOTH), 0);
    EXPECT_ONE(&loop, 1, at_once);
    int result = connect_to(client, port);
    REQUIRE(result == 0 || result == -EINPROGRESS);
    again(&loop, client, BOTH);
    EXPECT_ONE(&loop, 1, MIO_WRITABLE);

    CHECK_EQ(close(client), 0);
    CHECK_EQ(close(listener), 0);
    loop_close(&loop);
}

/* --- UDP --- */

TEST(ev2_udp_refused)
{
    struct loop loop = loop_open();
    struct sockaddr_in address;
    socklen_t length = sizeof address;
    int fd = socket(AF_INET, SOCK_DGRAM, 0);
    int other = socket(AF_INET, SOCK_DGRAM, 0);
    char byte;

    REQUIRE(fd >= 0 && other >= 0);
    set_nonblocking(fd);
    memset(&address, 0, sizeof address);
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    REQUIRE_EQ(bind(other, (struct sockaddr *)&address, sizeof address), 0);
    REQUIRE_EQ(getsockname(other, (struct sockaddr *)&address, &length), 0);
    refuse_datagrams(other);
    REQUIRE_EQ(connect(fd, (struct sockaddr *)&address, sizeof address), 0);

    REQUIRE_EQ(mio_registry_register(loop.registry, fd, 1, BOTH), 0);
    EXPECT_ONE(&loop, 1, MIO_WRITABLE);
    put(fd, "x");
    AWAIT_EVENTS(&loop, {1, readiness_fact("UDP refused, asked for both")});
    CHECK(read(fd, &byte, 1) < 0 && errno == ECONNREFUSED);

    CHECK_EQ(close(fd), 0);
    CHECK_EQ(close(other), 0);
    loop_close(&loop);
}

/* --- pipes, EV4 --- */

TEST(ev2_pipe_writer_closed)
{
    struct loop loop = loop_open();
    int ends[2];
    char byte;

    open_pipe(ends);
    REQUIRE_EQ(mio_registry_register(loop.registry, ends[NEAR], 1, MIO_READABLE), 0);
    CHECK_EQ(close(ends[FAR]), 0);
    EXPECT_ONE(&loop, 1, readiness_fact("pipe without writer"));
    CHECK_EQ(read(ends[NEAR], &byte, 1), 0);

    CHECK_EQ(close(ends[NEAR]), 0);
    loop_close(&loop);
}

TEST(ev2_pipe_writer_closed_with_data_left)
{
    struct loop loop = loop_open();
    int ends[2];

    open_pipe(ends);
    REQUIRE_EQ(mio_registry_register(loop.registry, ends[NEAR], 1, MIO_READABLE), 0);
    put(ends[FAR], "x");
    CHECK_EQ(close(ends[FAR]), 0);
    EXPECT_ONE(&loop, 1, readiness_fact("pipe without writer, data left"));
    CHECK_EQ(drain(ends[NEAR]), 1);

    CHECK_EQ(close(ends[NEAR]), 0);
    loop_close(&loop);
}

TEST(ev4_pipe_reader_closed)
{
    struct loop loop = loop_open();
    int ends[2];

    open_pipe(ends);
    REQUIRE_EQ(mio_registry_register(loop.registry, ends[FAR], 1, MIO_WRITABLE), 0);
    EXPECT_ONE(&loop, 1, MIO_WRITABLE);
    CHECK_EQ(close(ends[NEAR]), 0);
    EXPECT_ONE(&loop, 1, readiness_fact("pipe without reader"));

    CHECK_EQ(close(ends[FAR]), 0);
    loop_close(&loop);
}

static void register_without_reader(mio_interest mode)
{
    struct loop loop = loop_open();
    int ends[2];

    open_pipe(ends);
    CHECK_EQ(close(ends[NEAR]), 0);
    REQUIRE_EQ(mio_registry_register(loop.registry, ends[FAR], 1, MIO_WRITABLE | mode), 0);
    AWAIT_EVENTS(&loop, {1, readiness_fact("pipe without reader")});
    if (mode != MIO_LEVEL)
        EXPECT_NOTHING(&loop);

    CHECK_EQ(close(ends[FAR]), 0);
    loop_close(&loop);
}

TEST(ev4_pipe_registered_after_its_reader_closed)
{
    register_without_reader(0);
}

TEST(ev4_pipe_registered_for_one_shot_after_its_reader_closed)
{
    register_without_reader(MIO_ONESHOT);
}

TEST(ev4_pipe_registered_for_level_after_its_reader_closed)
{
    register_without_reader(MIO_LEVEL);
}

/* Those that a wait has no room for come with the next ones. */
TEST(ev4_pipes_without_readers_come_with_little_room_too)
{
    enum { PIPES = 3 };
    struct loop loop = loop_open_with(NULL, 1);
    int ends[PIPES][2];
    unsigned seen = 0;

    for (mio_token i = 0; i < PIPES; i++) {
        open_pipe(ends[i]);
        CHECK_EQ(close(ends[i][NEAR]), 0);
        REQUIRE_EQ(mio_registry_register(loop.registry, ends[i][FAR], i, MIO_WRITABLE), 0);
    }
    for (int i = 0; i < PIPES; i++) {
        REQUIRE_EQ(mio_poll_wait(loop.poll, loop.events, 10 * SECOND), 1);
        const struct mio_event *event = mio_events_get(loop.events, 0);
        CHECK_EQ(mio_event_readiness(event), readiness_fact("pipe without reader"));
        seen |= 1U << mio_event_token(event);
    }
    CHECK_EQ(seen, (1U << PIPES) - 1);
    EXPECT_NOTHING(&loop);

    for (int i = 0; i < PIPES; i++)
        CHECK_EQ(close(ends[i][FAR]), 0);
    loop_close(&loop);
}

TEST(ev4_pipe_reregistered_after_its_reader_closed)
{
    struct loop loop = loop_open();
    struct mio_source source;
    int ends[2];

    open_pipe(ends);
    mio_source_init(&source, ends[FAR]);
    REQUIRE_EQ(mio_source_register(&source, loop.registry, 1, MIO_WRITABLE), 0);
    EXPECT_ONE(&loop, 1, MIO_WRITABLE);
    CHECK_EQ(close(ends[NEAR]), 0);
    EXPECT_ONE(&loop, 1, readiness_fact("pipe without reader"));
    for (mio_token token = 2; token < 5; token++) {
        REQUIRE_EQ(mio_source_reregister(&source, token, MIO_WRITABLE), 0);
        EXPECT_ONE(&loop, token, readiness_fact("pipe without reader"));
    }

    CHECK_EQ(mio_source_close(&source), 0);
    loop_close(&loop);
}

TEST(ev4_raw_pipe_reregistered_after_its_reader_closed)
{
    struct loop loop = loop_open();
    int ends[2];

    open_pipe(ends);
    REQUIRE_EQ(mio_registry_register(loop.registry, ends[FAR], 1, MIO_WRITABLE), 0);
    EXPECT_ONE(&loop, 1, MIO_WRITABLE);
    CHECK_EQ(close(ends[NEAR]), 0);
    EXPECT_ONE(&loop, 1, readiness_fact("pipe without reader"));
    REQUIRE_EQ(mio_registry_reregister(loop.registry, ends[FAR], 2, MIO_WRITABLE), 0);
    EXPECT_ONE(&loop, 2, readiness_fact("pipe without reader"));
    CHECK_EQ(mio_registry_deregister(loop.registry, ends[FAR]), 0);
    EXPECT_NOTHING(&loop);

    CHECK_EQ(close(ends[FAR]), 0);
    loop_close(&loop);
}

TEST(ev4_raw_pipe_deregistered_after_its_reader_closed)
{
    struct loop loop = loop_open();
    int ends[2];

    open_pipe(ends);
    REQUIRE_EQ(mio_registry_register(loop.registry, ends[FAR], 1, MIO_WRITABLE), 0);
    EXPECT_ONE(&loop, 1, MIO_WRITABLE);
    CHECK_EQ(close(ends[NEAR]), 0);
    EXPECT_ONE(&loop, 1, readiness_fact("pipe without reader"));
    CHECK_EQ(mio_registry_deregister(loop.registry, ends[FAR]),
             fact("deregistration of a raw pipe without reader"));
    EXPECT_NOTHING(&loop);
    /* However that was answered, it can be registered anew, and tells again. */
    REQUIRE_EQ(mio_registry_register(loop.registry, ends[FAR], 3, MIO_WRITABLE), 0);
    EXPECT_ONE(&loop, 3, readiness_fact("pipe without reader"));
    CHECK_EQ(mio_registry_deregister(loop.registry, ends[FAR]), 0);
    EXPECT_NOTHING(&loop);

    CHECK_EQ(close(ends[FAR]), 0);
    loop_close(&loop);
}

TEST(ev4_a_source_without_reader_is_registered)
{
    struct loop loop = loop_open();
    struct mio_source source;
    int ends[2];

    open_pipe(ends);
    CHECK_EQ(close(ends[NEAR]), 0);
    mio_source_init(&source, ends[FAR]);
    REQUIRE_EQ(mio_source_register(&source, loop.registry, 1, MIO_WRITABLE), 0);
    EXPECT_ONE(&loop, 1, readiness_fact("pipe without reader"));
    /* It is a registration like another one. */
    CHECK_EQ(mio_source_register(&source, loop.registry, 1, MIO_WRITABLE), -EEXIST);
    REQUIRE_EQ(mio_source_reregister(&source, 2, MIO_WRITABLE), 0);
    EXPECT_ONE(&loop, 2, readiness_fact("pipe without reader"));
    CHECK_EQ(mio_source_deregister(&source), 0);
    EXPECT_NOTHING(&loop);
    CHECK_EQ(mio_source_close(&source), 0);
    loop_close(&loop);
}

/* SPDX-License-Identifier: MIT */
/* What the events of descriptors say of ends and errors, and that poll(2) says the same. */
#include "test_support.h"

#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

enum { BOTH = POLLIN | POLLOUT };

/* Both ask for `events`; the association is fresh. */
#define EXPECT_BITS(port, fd, events, wanted) \
    expect_bits((port), (fd), (events), (wanted), __FILE__, __LINE__)

static void expect_bits(int port, int fd, int events, int wanted, const char *file, int line)
{
    struct pollfd asked = {.fd = fd, .events = (short)events};
    test_check_eq(poll(&asked, 1, 0), wanted != 0, "poll()", "how many", file, line);
    test_check_eq(asked.revents, wanted, "revents", "the bits", file, line);
    test_check_eq(associate(port, fd, events, USER), 0, "port_associate()", "0", file, line);
    if (wanted != 0)
        expect_fd(port, fd, wanted, USER, file, line);
    else
        test_check(quiet(port), "quiet", file, line);
}

TEST(s14_a_half_close_is_pollrdhup_to_those_who_ask)
{
    int port = open_port();
    int ends[2];
    open_tcp(ends);
    shutdown(ends[FAR], SHUT_WR);
    CHECK_EQ(associate(port, ends[NEAR], POLLIN, USER), 0);
    CHECK_EQ(await(port).portev_events, POLLIN);
    EXPECT_BITS(port, ends[NEAR], POLLIN | POLLRDHUP, POLLIN | POLLRDHUP);
    EXPECT_BITS(port, ends[NEAR], 0, 0);
    close_pair(ends);
    close(port);
}

TEST(s14_a_connection_that_has_ended_both_ways_is_pollhup_without_pollout)
{
    int port = open_port();
    int ends[2];
    open_pair(ends);
    close(ends[FAR]);
    EXPECT_BITS(port, ends[NEAR], BOTH, POLLIN | POLLHUP);
    EXPECT_BITS(port, ends[NEAR], 0, POLLHUP);
    close(ends[NEAR]);
    close(port);
}

TEST(s14_an_error_of_a_socket_is_readiness_and_hides_the_hang_up)
{
    int port = open_port();
    int ends[2];
    const struct linger now = {.l_onoff = 1, .l_linger = 0};
    int error = 0;
    socklen_t size = sizeof error;
    open_tcp(ends);
    setsockopt(ends[FAR], SOL_SOCKET, SO_LINGER, &now, sizeof now);
    close(ends[FAR]);
    CHECK_EQ(associate(port, ends[NEAR], POLLIN, USER), 0);
    CHECK_EQ(await(port).portev_events, POLLIN);
    EXPECT_BITS(port, ends[NEAR], BOTH, BOTH);
    CHECK_EQ(getsockopt(ends[NEAR], SOL_SOCKET, SO_ERROR, &error, &size), 0);
    CHECK_EQ(error, ECONNRESET);
    EXPECT_BITS(port, ends[NEAR], BOTH, POLLIN | POLLHUP);
    close(ends[NEAR]);
    close(port);
}

TEST(s14_the_end_of_a_pipe_is_pollhup_alone)
{
    int port = open_port();
    int ends[2];
    open_pipe(ends);
    put(ends[FAR], "x");
    close(ends[FAR]);
    EXPECT_BITS(port, ends[NEAR], POLLIN, POLLIN | POLLHUP);
    drain(ends[NEAR]);
    EXPECT_BITS(port, ends[NEAR], POLLIN, POLLHUP);
    close(ends[NEAR]);
    open_pipe(ends);
    close(ends[NEAR]);
    EXPECT_BITS(port, ends[FAR], POLLOUT, POLLHUP);
    close(ends[FAR]);
    close(port);
}

TEST(s14_a_hang_up_ends_a_sleep_that_asked_for_nothing)
{
    int port = open_port();
    int ends[2];
    open_pair(ends);
    CHECK_EQ(associate(port, ends[NEAR], 0, USER), 0);
    CHECK(quiet(port));
    close(ends[FAR]);
    CHECK_EQ(await(port).portev_events, POLLHUP);
    close(ends[NEAR]);
    close(port);
}

TEST(s14_urgent_data_is_pollpri)
{
    int port = open_port();
    int ends[2];
    open_tcp(ends);
    CHECK_EQ(associate(port, ends[NEAR], POLLPRI, USER), 0);
    CHECK_EQ(send(ends[FAR], "!", 1, MSG_OOB), 1);
    CHECK_EQ(await(port).portev_events, POLLPRI);
    close_pair(ends);
    close(port);
}

TEST(s14_a_socket_that_was_never_connected_is_not_ready)
{
    int port = open_port();
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    EXPECT_BITS(port, fd, BOTH, 0);
    close(fd);
    close(port);
}

TEST(a_pipe_that_was_full_is_writable_when_it_is_read)
{
    int port = open_port();
    int ends[2];
    open_pipe(ends);
    fill(ends[FAR]);
    EXPECT_BITS(port, ends[FAR], POLLOUT, 0);
    drain(ends[NEAR]);
    EXPECT_FD(port, ends[FAR], POLLOUT, USER);
    close_pair(ends);
    close(port);
}

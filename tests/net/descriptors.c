/* SPDX-License-Identifier: MIT */
/*
 * Descriptors: each is non-blocking and closed on exec, and after an error there are as many as
 * before and the caller's struct is untouched. (The runner compares the open descriptors after
 * every test; here it is done after each step.)
 */
#define _GNU_SOURCE

#include "support.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* Everything that makes descriptors, with room for what it makes. */
struct made {
    struct mio_source sources[2];
};

static struct mio_addr tcp_listening;
static struct mio_tcp_listener tcp_listener;
static struct mio_addr local_listening;
static struct mio_unix_listener local_listener;
static struct mio_addr fresh_path;

static int tcp_listener_bind(struct made *made)
{
    struct mio_addr addr = loopback_v4();
    return mio_tcp_listener_bind(&addr, NULL, (struct mio_tcp_listener *)made);
}

static int tcp_stream_connect(struct made *made)
{
    return mio_tcp_stream_connect(&tcp_listening, NULL, (struct mio_tcp_stream *)made);
}

static int tcp_listener_accept(struct made *made)
{
    return mio_tcp_listener_accept(&tcp_listener, (struct mio_tcp_stream *)made, NULL);
}

static int udp_socket_bind(struct made *made)
{
    struct mio_addr addr = loopback_v4();
    return mio_udp_socket_bind(&addr, NULL, (struct mio_udp_socket *)made);
}

static int unix_listener_bind(struct made *made)
{
    return mio_unix_listener_bind(&fresh_path, NULL, (struct mio_unix_listener *)made);
}

static int unix_stream_connect(struct made *made)
{
    return mio_unix_stream_connect(&local_listening, NULL, (struct mio_unix_stream *)made);
}

static int unix_listener_accept(struct made *made)
{
    return mio_unix_listener_accept(&local_listener, (struct mio_unix_stream *)made, NULL);
}

static int unix_stream_pair(struct made *made)
{
    return mio_unix_stream_pair(NULL, (struct mio_unix_stream *)&made->sources[0],
                                (struct mio_unix_stream *)&made->sources[1]);
}

static int unix_datagram_bind(struct made *made)
{
    return mio_unix_datagram_bind(&fresh_path, NULL, (struct mio_unix_datagram *)made);
}

static int unix_datagram_open(struct made *made)
{
    return mio_unix_datagram_open(NULL, (struct mio_unix_datagram *)made);
}

static int unix_datagram_pair(struct made *made)
{
    return mio_unix_datagram_pair(NULL, (struct mio_unix_datagram *)&made->sources[0],
                                  (struct mio_unix_datagram *)&made->sources[1]);
}

static int pipe_open(struct made *made)
{
    return mio_pipe_open((struct mio_pipe_sender *)&made->sources[0],
                         (struct mio_pipe_receiver *)&made->sources[1]);
}

static const struct maker {
    const char *name;
    int (*make)(struct made *made);
    int count;
    bool binds_path;
} makers[] = {
    {"tcp_listener_bind", tcp_listener_bind, 1, false},
    {"tcp_stream_connect", tcp_stream_connect, 1, false},
    {"tcp_listener_accept", tcp_listener_accept, 1, false}, /* of the connection just made */
    {"udp_socket_bind", udp_socket_bind, 1, false},
    {"unix_listener_bind", unix_listener_bind, 1, true},
    {"unix_stream_connect", unix_stream_connect, 1, false},
    {"unix_listener_accept", unix_listener_accept, 1, false},
    {"unix_stream_pair", unix_stream_pair, 2, false},
    {"unix_datagram_bind", unix_datagram_bind, 1, true},
    {"unix_datagram_open", unix_datagram_open, 1, false},
    {"unix_datagram_pair", unix_datagram_pair, 2, false},
    {"pipe_open", pipe_open, 2, false},
};

enum { MAKERS = sizeof makers / sizeof makers[0] };

static void open_listeners(void)
{
    tcp_listening = loopback_v4();
    tcp_listen(&tcp_listening, &tcp_listener);
    local_listening = temporary_path();
    REQUIRE_EQ(mio_unix_listener_bind(&local_listening, NULL, &local_listener), 0);
    fresh_path = temporary_path();
}

static void close_listeners(void)
{
    CHECK_EQ(mio_source_close(&tcp_listener.source), 0);
    CHECK_EQ(mio_source_close(&local_listener.source), 0);
    remove_path(&local_listening);
}

static void unmake(const struct maker *maker, struct made *made)
{
    for (int i = 0; i < maker->count; i++)
        CHECK_EQ(mio_source_close(&made->sources[i]), 0);
    if (maker->binds_path)
        remove_path(&fresh_path);
}

/* What is to be accepted has to come first. */
static void await_connection(int maker)
{
    if (makers[maker].make == tcp_listener_accept)
        wait_until(tcp_listener.source.fd, POLLIN);
    if (makers[maker].make == unix_listener_accept)
        wait_until(local_listener.source.fd, POLLIN);
}

static bool accepts(int maker)
{
    return makers[maker].make == tcp_listener_accept || makers[maker].make == unix_listener_accept;
}

/* Where a connection that could not be accepted is dropped, there has to be another one. */
static void connect_another(int maker)
{
    struct made client;
    if (!accepts(maker) || fact("a connection waits after accepting without descriptors") != 0)
        return;
    REQUIRE_EQ(makers[maker - 1].make(&client), 0);
    await_connection(maker);
    unmake(&makers[maker - 1], &client);
}

TEST(net_descriptors_are_nonblocking_and_closed_on_exec)
{
    struct made made;
    open_listeners();
    for (int i = 0; i < MAKERS; i++) {
        await_connection(i);
        int before = test_open_descriptors();
        memset(&made, 0x5a, sizeof made);
        errno = ELOOP;
        REQUIRE_EQ(makers[i].make(&made), 0);
        CHECK_EQ(errno, ELOOP);
        CHECK_EQ(test_open_descriptors(), before + makers[i].count);
        for (int j = 0; j < makers[i].count; j++) {
            CHECK_FLAGS(made.sources[j].fd);
            CHECK(made.sources[j].selector == NULL && made.sources[j].interest == 0);
        }
        unmake(&makers[i], &made);
    }
    close_listeners();
}

TEST(net_without_descriptors_nothing_is_made)
{
    struct made made;
    struct made pattern;
    memset(&pattern, 0x5a, sizeof pattern);
    open_listeners();
    for (int i = 0; i < MAKERS; i++) {
        await_connection(i);
        for (int more = 0; more < makers[i].count; more++) {
            int before = test_open_descriptors();
            made = pattern;
            descriptors_limit(more);
            errno = ELOOP;
            int error = makers[i].make(&made);
            int number = errno;
            descriptors_unlimit();
            if (error != -EMFILE || number != ELOOP)
                test_check_str(makers[i].name, "-EMFILE, and errno left alone", "outcome", __FILE__,
                               __LINE__);
            CHECK(memcmp(&made, &pattern, sizeof made) == 0);
            CHECK_EQ(test_open_descriptors(), before);
        }
        connect_another(i);
        /* With as many as it needs it works, and takes what waited. */
        descriptors_limit(makers[i].count);
        int error = makers[i].make(&made);
        descriptors_unlimit();
        REQUIRE_EQ(error, 0);
        unmake(&makers[i], &made);
    }
    close_listeners();
}

/* Refused after the descriptor was made. */
TEST(net_a_refused_socket_is_closed)
{
    struct mio_addr nowhere;
    struct mio_addr not_mine = mio_addr_ipv4(192, 0, 2, 77, 0);
    struct mio_tcp_listener tcp;
    struct mio_udp_socket udp;
    struct mio_unix_listener local;
    struct mio_unix_stream stream;
    struct mio_unix_datagram datagram;
    static const char path[] = "/tmp/mio-net-no-such-folder/socket";
    REQUIRE_EQ(mio_addr_unix(path, sizeof path - 1, &nowhere), 0);
    open_listeners();
    int before = test_open_descriptors();
    errno = ELOOP;
    CHECK_EQ(mio_tcp_listener_bind(&tcp_listening, NULL, &tcp), -EADDRINUSE);
    CHECK_EQ(mio_tcp_listener_bind(&not_mine, NULL, &tcp), -EADDRNOTAVAIL);
    CHECK_EQ(mio_udp_socket_bind(&not_mine, NULL, &udp), -EADDRNOTAVAIL);
    CHECK_EQ(mio_unix_listener_bind(&local_listening, NULL, &local), -EADDRINUSE);
    CHECK_EQ(mio_unix_listener_bind(&nowhere, NULL, &local), -ENOENT);
    CHECK_EQ(mio_unix_datagram_bind(&nowhere, NULL, &datagram), -ENOENT);
    CHECK_EQ(mio_unix_datagram_bind(&local_listening, NULL, &datagram), -EADDRINUSE);
    CHECK_EQ(mio_unix_stream_connect(&nowhere, NULL, &stream), -ENOENT);
    CHECK_EQ(errno, ELOOP);
    CHECK_EQ(test_open_descriptors(), before);
    close_listeners();
}

/* A descriptor that is not taken is the caller's still, blocking as it was. */
static void check_untaken(int fd, int error, int wanted)
{
    CHECK_EQ(error, wanted);
    CHECK_EQ(fcntl(fd, F_GETFL) & O_NONBLOCK, 0);
}

TEST(net_from_fd_of_the_wrong_type)
{
    int datagrams[2];
    int streams[2];
    int ends[2];
    struct mio_tcp_listener tcp;
    struct mio_tcp_stream tcp_stream;
    struct mio_udp_socket udp;
    struct mio_unix_listener local;
    struct mio_unix_stream stream;
    struct mio_unix_datagram datagram;
    REQUIRE_EQ(socketpair(AF_UNIX, SOCK_DGRAM, 0, datagrams), 0);
    REQUIRE_EQ(socketpair(AF_UNIX, SOCK_STREAM, 0, streams), 0);
    REQUIRE_EQ(pipe(ends), 0);
    errno = ELOOP;
    check_untaken(datagrams[0], mio_tcp_listener_from_fd(datagrams[0], &tcp), -EPROTOTYPE);
    check_untaken(datagrams[0], mio_tcp_stream_from_fd(datagrams[0], &tcp_stream), -EPROTOTYPE);
    check_untaken(datagrams[0], mio_unix_listener_from_fd(datagrams[0], &local), -EPROTOTYPE);
    check_untaken(datagrams[0], mio_unix_stream_from_fd(datagrams[0], &stream), -EPROTOTYPE);
    check_untaken(streams[0], mio_udp_socket_from_fd(streams[0], &udp), -EPROTOTYPE);
    check_untaken(streams[0], mio_unix_datagram_from_fd(streams[0], &datagram), -EPROTOTYPE);
    check_untaken(ends[0], mio_tcp_stream_from_fd(ends[0], &tcp_stream), -ENOTSOCK);
    check_untaken(ends[0], mio_udp_socket_from_fd(ends[0], &udp), -ENOTSOCK);
    CHECK_EQ(errno, ELOOP);
    close_pair(datagrams);
    close_pair(streams);
    close_pair(ends);
}

/* A socket or pipe that is taken over is what one that was made here is. */
TEST(net_from_fd_is_nonblocking_and_closed_on_exec)
{
    int udp_fd = socket(AF_INET, SOCK_DGRAM, 0);
    int tcp_fd = socket(AF_INET, SOCK_STREAM, 0);
    int ends[2];
    struct mio_udp_socket udp;
    struct mio_tcp_stream stream;
    struct mio_pipe_receiver receiver;
    struct mio_pipe_sender sender;
    REQUIRE(udp_fd >= 0 && tcp_fd >= 0);
    REQUIRE_EQ(pipe(ends), 0);
    errno = ELOOP;
    REQUIRE_EQ(mio_udp_socket_from_fd(udp_fd, &udp), 0);
    REQUIRE_EQ(mio_tcp_stream_from_fd(tcp_fd, &stream), 0);
    REQUIRE_EQ(mio_pipe_receiver_from_fd(ends[0], &receiver), 0);
    REQUIRE_EQ(mio_pipe_sender_from_fd(ends[1], &sender), 0);
    CHECK_EQ(errno, ELOOP);
    CHECK_FLAGS(udp_fd);
    CHECK_FLAGS(tcp_fd);
    CHECK_FLAGS(ends[0]);
    CHECK_FLAGS(ends[1]);
    CHECK_EQ(mio_source_close(&udp.source), 0);
    CHECK_EQ(mio_source_close(&stream.source), 0);
    CHECK_EQ(mio_source_close(&receiver.source), 0);
    CHECK_EQ(mio_source_close(&sender.source), 0);
}

/* Standard input, output and error are for children too. */
static int take_standard_output(void *argument)
{
    int ends[2];
    mio_fd fd;
    struct mio_pipe_sender sender;
    (void)argument;
    if (pipe(ends) < 0 || dup2(ends[1], STDOUT_FILENO) < 0)
        return 1;
    if (mio_pipe_sender_from_fd(STDOUT_FILENO, &sender) < 0)
        return 2;
    if (mio_source_into_fd(&sender.source, &fd) < 0 || fd != STDOUT_FILENO)
        return 3;
    return (fcntl(fd, F_GETFL) & O_NONBLOCK) != 0 && fcntl(fd, F_GETFD) == 0 ? 0 : 4;
}

TEST(net_from_fd_leaves_standard_descriptors_to_children)
{
    CHECK_EQ(in_child(take_standard_output, NULL), 0);
}

/* Somebody who shares the open file has made it blocking. */
static void make_blocking(mio_fd fd)
{
    REQUIRE_EQ(fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) & ~O_NONBLOCK), 0);
}

TEST(net_no_call_of_a_socket_blocks)
{
    static char block[65536];
    struct mio_iovec part = {block, sizeof block};
    struct mio_unix_stream near_end;
    struct mio_unix_stream far_end;
    struct mio_addr from;
    struct mio_addr addr = loopback_v4();
    struct mio_udp_socket udp;
    if (fact("calls on a blocking socket come back") == 0)
        SKIP("MSG_DONTWAIT does not wait for another thread's call either");
    unix_pair(&near_end, &far_end);
    REQUIRE_EQ(mio_udp_socket_bind(&addr, NULL, &udp), 0);
    make_blocking(near_end.source.fd);
    make_blocking(udp.source.fd);
    CHECK_EQ(mio_unix_stream_read(&near_end, block, 1), -EAGAIN);
    CHECK_EQ(mio_unix_stream_peek(&near_end, block, 1), -EAGAIN);
    CHECK_EQ(mio_unix_stream_readv(&near_end, &part, 1), -EAGAIN);
    CHECK_EQ(mio_udp_socket_recv_from(&udp, block, 1, &from), -EAGAIN);
    ptrdiff_t result;
    while ((result = mio_unix_stream_write(&near_end, block, sizeof block)) > 0)
        continue;
    CHECK_EQ(result, -EAGAIN);
    CHECK_EQ(mio_unix_stream_writev(&near_end, &part, 1), -EAGAIN);
    CHECK_EQ(mio_source_close(&udp.source), 0);
    CHECK_EQ(mio_source_close(&near_end.source), 0);
    CHECK_EQ(mio_source_close(&far_end.source), 0);
}

TEST(net_from_fd_of_nothing)
{
    int fds[2] = {closed_descriptor(), MIO_INVALID_FD};
    for (int i = 0; i < 2; i++) {
        struct mio_tcp_listener tcp;
        struct mio_tcp_stream tcp_stream;
        struct mio_udp_socket udp;
        struct mio_unix_listener local;
        struct mio_unix_stream stream;
        struct mio_unix_datagram datagram;
        struct mio_pipe_sender sender;
        struct mio_pipe_receiver receiver;
        CHECK_EQ(mio_tcp_listener_from_fd(fds[i], &tcp), -EBADF);
        CHECK_EQ(mio_tcp_stream_from_fd(fds[i], &tcp_stream), -EBADF);
        CHECK_EQ(mio_udp_socket_from_fd(fds[i], &udp), -EBADF);
        CHECK_EQ(mio_unix_listener_from_fd(fds[i], &local), -EBADF);
        CHECK_EQ(mio_unix_stream_from_fd(fds[i], &stream), -EBADF);
        CHECK_EQ(mio_unix_datagram_from_fd(fds[i], &datagram), -EBADF);
        CHECK_EQ(mio_pipe_sender_from_fd(fds[i], &sender), -EBADF);
        CHECK_EQ(mio_pipe_receiver_from_fd(fds[i], &receiver), -EBADF);
    }
}

/* Many connections, one after the other: the runner counts what is left. */
TEST(net_many_connections_leave_nothing)
{
    struct loop loop = loop_open();
    open_listeners();
    watch(&loop, &tcp_listener.source, LISTENER, MIO_READABLE);
    int before = test_open_descriptors();
    for (int i = 0; i < 200; i++) {
        struct mio_tcp_stream client;
        struct mio_tcp_stream server;
        tcp_connect(&tcp_listening, &client);
        AWAIT_EVENTS(&loop, {LISTENER, R});
        REQUIRE_EQ(mio_tcp_listener_accept(&tcp_listener, &server, NULL), 0);
        CHECK_EQ(mio_tcp_listener_accept(&tcp_listener, &server, NULL), -EAGAIN);
        watch(&loop, &client.source, CLIENT, MIO_READABLE);
        watch(&loop, &server.source, SERVER, MIO_READABLE | MIO_WRITABLE);
        EXPECT_ONE(&loop, SERVER, W);
        CHECK_EQ(mio_source_close(&server.source), 0);
        EXPECT_ONE(&loop, CLIENT, readiness_fact("peer stopped sending, asked for readable"));
        CHECK_EQ(mio_source_close(&client.source), 0);
    }
    CHECK_EQ(test_open_descriptors(), before);
    close_listeners();
    loop_close(&loop);
}

/* SPDX-License-Identifier: MIT */
/* What other kernels answer where Linux cannot be made to, and what the headers promise then. */
#define _GNU_SOURCE

#include "fault.h"
#include "net/asked.h"
#include "sweep.h"

#include <mio.h>

#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdatomic.h>
#include <unistd.h>

static struct mio_tcp_stream client;
static struct mio_tcp_stream server;

static void wait_for(mio_fd fd, short events)
{
    struct pollfd waiting = {.fd = fd, .events = events};
    REQUIRE_EQ(poll(&waiting, 1, 10000), 1);
}

static void open_connection(void)
{
    struct mio_addr addr = mio_addr_ipv4(127, 0, 0, 1, 0);
    struct mio_tcp_listener listener;
    REQUIRE_EQ(mio_tcp_listener_bind(&addr, NULL, &listener), 0);
    REQUIRE_EQ(mio_source_local_addr(&listener.source, &addr), 0);
    REQUIRE_EQ(mio_tcp_stream_connect(&addr, NULL, &client), 0);
    wait_for(listener.source.fd, POLLIN);
    REQUIRE_EQ(mio_tcp_listener_accept(&listener, &server, NULL), 0);
    REQUIRE_EQ(mio_source_close(&listener.source), 0);
}

static void close_connection(void)
{
    fault_kernel(NULL);
    CHECK_EQ(mio_source_close(&client.source), 0);
    if (server.source.fd != MIO_INVALID_FD)
        CHECK_EQ(mio_source_close(&server.source), 0);
}

static void count_from_here(void)
{
    fault_order((struct fault){.nth = 0});
}

/* --- Apple: a connection whose two directions have ended --- */

static int no_peer(int fd, struct sockaddr *address, socklen_t *size)
{
    (void)fd;
    (void)address;
    (void)size;
    errno = EINVAL;
    return -1;
}

static int set_nothing(int fd, int level, int name, const void *value, socklen_t size)
{
    (void)fd;
    (void)level;
    (void)name;
    (void)value;
    (void)size;
    errno = EINVAL;
    return -1;
}

static const struct kernel ended = {.getpeername = no_peer, .setsockopt = set_nothing};

TEST(a_connection_that_is_over_has_no_peer)
{
    struct mio_addr addr;
    open_connection();
    fault_kernel(&ended);
    errno = ELOOP;
    CHECK_EQ(mio_source_peer_addr(&client.source, &addr), -ENOTCONN);
    CHECK_EQ(errno, ELOOP);
    close_connection();
}

TEST(what_is_set_on_a_connection_that_is_over_is_forgiven)
{
    bool apple = MIO_PLATFORM == MIO_PLATFORM_APPLE;
    open_connection();
    fault_kernel(&ended);
    errno = ELOOP;
    CHECK_EQ(mio_tcp_stream_set_no_delay(&client, true), apple ? 0 : -EINVAL);
    CHECK_EQ(mio_tcp_stream_set_ttl(&client, 10), apple ? 0 : -EINVAL);

    /* And nothing else is. */
    fault_kernel(&(const struct kernel){.setsockopt = set_nothing});
    CHECK_EQ(mio_tcp_stream_set_no_delay(&client, true), -EINVAL);
    CHECK_EQ(errno, ELOOP);
    close_connection();
    REQUIRE_EQ(mio_tcp_stream_from_fd(socket(AF_INET, SOCK_STREAM, 0), &client), 0);
    fault_kernel(&(const struct kernel){.setsockopt = set_nothing});
    CHECK_EQ(mio_tcp_stream_set_no_delay(&client, true), -EINVAL);
    close_connection();
}

TEST(connected_tells_what_is_over_from_what_is_in_progress)
{
    static const struct kernel nameless = {.getpeername = no_peer};
    char byte;
    open_connection();
    fault_kernel(&nameless);
    errno = ELOOP;
    CHECK_EQ(mio_tcp_stream_finish_connect(&client), -EINPROGRESS);

    /* Data that is left can be read: the connection was made. */
    CHECK_EQ(mio_tcp_stream_write(&server, "x", 1), 1);
    CHECK_EQ(mio_source_close(&server.source), 0);
    wait_for(client.source.fd, POLLIN);
    CHECK_EQ(mio_tcp_stream_finish_connect(&client), 0);
    CHECK_EQ(mio_tcp_stream_read(&client, &byte, 1), 1);
    CHECK_EQ(mio_tcp_stream_finish_connect(&client), -ENOTCONN);

    /* The peer has ended it between the two questions. */
    fault_kernel(NULL);
    CHECK_EQ(mio_tcp_stream_finish_connect(&client), 0);
    CHECK_EQ(errno, ELOOP);
    close_connection();
}

static int names_asked;

static int no_peer_at_first(int fd, struct sockaddr *address, socklen_t *size)
{
    if (names_asked++ > 0)
        return getpeername(fd, address, size);
    errno = ENOTCONN;
    return -1;
}

TEST(connected_sees_a_connection_that_was_made_and_ended_meanwhile)
{
    open_connection();
    CHECK_EQ(mio_source_close(&server.source), 0);
    wait_for(client.source.fd, POLLIN);
    names_asked = 0;
    fault_kernel(&(const struct kernel){.getpeername = no_peer_at_first});
    CHECK_EQ(mio_tcp_stream_finish_connect(&client), 0);
    CHECK_EQ(names_asked, 2);
    close_connection();
}

/* --- BSD and Apple: a hop limit that was never set --- */

static int hop_limit_not_set(int fd, int level, int name, void *value, socklen_t *size)
{
    if (level != IPPROTO_IPV6 || name != IPV6_UNICAST_HOPS)
        return getsockopt(fd, level, name, value, size);
    *(int *)value = -1;
    return 0;
}

TEST(a_hop_limit_that_was_never_set_is_the_usual_one)
{
    static const uint8_t one[16] = {[15] = 1};
    struct mio_addr addr = mio_addr_ipv6(one, 0);
    struct mio_tcp_listener listener;
    struct mio_udp_socket udp;
    if (mio_udp_socket_bind(&addr, NULL, &udp) < 0)
        SKIP("no IPv6 here");
    REQUIRE_EQ(mio_tcp_listener_bind(&addr, NULL, &listener), 0);
    fault_kernel(&(const struct kernel){.getsockopt = hop_limit_not_set});
    CHECK_EQ(asked_udp_socket_ttl(&udp), 64);
    CHECK_EQ(asked_tcp_listener_ttl(&listener), 64);
    fault_kernel(NULL);
    CHECK_EQ(mio_source_close(&udp.source), 0);
    CHECK_EQ(mio_source_close(&listener.source), 0);
}

/* --- FreeBSD, NetBSD, DragonFly: a second end of writing --- */

TEST(writing_is_ended_once)
{
    /* Beside the poll(2) of macOS the sockets are Linux's. */
    int again = MIO_PLATFORM == MIO_PLATFORM_APPLE && sweeps("kqueue") ? -ENOTCONN : 0;
    bool once = MIO_PLATFORM == MIO_PLATFORM_FREEBSD || MIO_PLATFORM == MIO_PLATFORM_NETBSD ||
                MIO_PLATFORM == MIO_PLATFORM_DRAGONFLY;
    char text[8];
    open_connection();
    count_from_here();
    for (int i = 0; i < 3; i++)
        CHECK_EQ(mio_tcp_stream_shutdown(&client, MIO_SHUTDOWN_WRITE), i > 0 ? again : 0);
    CHECK_EQ(fault_uses(CALL_shutdown), once ? 1 : 3);
    CHECK_EQ(mio_tcp_stream_write(&client, "x", 1), -EPIPE);
    CHECK_EQ(mio_tcp_stream_write(&server, "hello", 5), 5);
    wait_for(client.source.fd, POLLIN);
    CHECK_EQ(mio_tcp_stream_read(&client, text, sizeof text), 5);

    /* The other direction, and both, are ended when asked for. */
    count_from_here();
    CHECK_EQ(mio_tcp_stream_shutdown(&client, MIO_SHUTDOWN_READ), 0);
    CHECK_EQ(mio_tcp_stream_shutdown(&client, MIO_SHUTDOWN_BOTH), again);
    CHECK_EQ(fault_uses(CALL_shutdown), 2);
    close_connection();
}

TEST(what_is_over_is_not_taken_for_an_end_of_writing)
{
    const struct linger at_close = {.l_onoff = 1, .l_linger = 0};
    open_connection();
    REQUIRE_EQ(setsockopt(server.source.fd, SOL_SOCKET, SO_LINGER, &at_close, sizeof at_close), 0);
    CHECK_EQ(mio_source_close(&server.source), 0);
    wait_for(client.source.fd, POLLIN);
    CHECK_EQ(mio_source_take_error(&client.source), -ECONNRESET);
    CHECK_EQ(mio_tcp_stream_write(&client, "x", 1), -EPIPE);
    CHECK_EQ(mio_tcp_stream_shutdown(&client, MIO_SHUTDOWN_WRITE), -ENOTCONN);
    close_connection();
}

/* --- Apple, NetBSD, OpenBSD: errors for no parts at all --- */

TEST(no_parts_are_no_call)
{
    struct mio_unix_stream pair[2];
    struct mio_pipe_sender sender;
    struct mio_pipe_receiver receiver;
    struct mio_iovec part = {NULL, 0};
    open_connection();
    REQUIRE_EQ(mio_unix_stream_pair(NULL, &pair[0], &pair[1]), 0);
    REQUIRE_EQ(mio_pipe_open(&sender, &receiver), 0);
    count_from_here();
    CHECK_EQ(mio_tcp_stream_readv(&client, &part, 0), 0);
    CHECK_EQ(mio_tcp_stream_writev(&client, &part, 0), 0);
    CHECK_EQ(mio_unix_stream_readv(&pair[0], NULL, 0), 0);
    CHECK_EQ(mio_unix_stream_writev(&pair[0], NULL, 0), 0);
    CHECK_EQ(mio_pipe_receiver_readv(&receiver, NULL, 0), 0);
    CHECK_EQ(mio_pipe_sender_writev(&sender, NULL, 0), 0);
    for (int call = 0; call < CALLS; call++)
        CHECK_EQ(fault_uses((enum call)call), 0);
    CHECK_EQ(mio_source_close(&pair[0].source), 0);
    CHECK_EQ(mio_source_close(&pair[1].source), 0);
    CHECK_EQ(mio_source_close(&sender.source), 0);
    CHECK_EQ(mio_source_close(&receiver.source), 0);
    close_connection();

    CHECK_EQ(mio_tcp_stream_writev(&client, &part, 0), -EBADF);
    CHECK_EQ(mio_unix_stream_readv(&pair[0], &part, 0), -EBADF);
    CHECK_EQ(mio_pipe_receiver_readv(&receiver, &part, 0), -EBADF);
    CHECK_EQ(mio_pipe_sender_writev(&sender, &part, 0), -EBADF);
}

/* --- FreeBSD, NetBSD, DragonFly: a filter that is not loaded --- */

#if defined(SO_ACCEPTFILTER)

static int no_accept_filter(int fd, int level, int name, const void *value, socklen_t size)
{
    if (level != SOL_SOCKET || name != SO_ACCEPTFILTER)
        return setsockopt(fd, level, name, value, size);
    errno = ENOENT;
    return -1;
}

#endif

TEST(deferring_without_the_filter_is_not_served)
{
#if defined(SO_ACCEPTFILTER)
    const struct mio_socket_options deferring = {.defer_accept = true};
    struct mio_addr addr = mio_addr_ipv4(127, 0, 0, 1, 0);
    struct mio_tcp_listener listener;
    fault_kernel(&(const struct kernel){.setsockopt = no_accept_filter});
    CHECK_EQ(mio_tcp_listener_bind(&addr, &deferring, &listener), -ENOTSUP);
    fault_kernel(NULL);
#else
    SKIP("this system has no such filters");
#endif
}

/* --- everywhere: an EPIPE that raised no signal, while one comes for the process --- */

extern atomic_bool mio__pipe_write_blocks_signal;

static volatile sig_atomic_t signals_heard;

static void hear(int number)
{
    (void)number;
    signals_heard++;
}

static void tell_the_process(void)
{
    REQUIRE_EQ(kill(getpid(), SIGPIPE), 0);
}

TEST(a_signal_of_the_process_is_not_taken_for_the_writes)
{
    struct mio_pipe_sender sender;
    struct mio_pipe_receiver receiver;
    struct sigaction action = {.sa_handler = hear};
    REQUIRE_EQ(sigaction(SIGPIPE, &action, NULL), 0);
    REQUIRE_EQ(mio_pipe_open(&sender, &receiver), 0);
    atomic_store(&mio__pipe_write_blocks_signal, true);
    for (int raised = 0; raised < 2; raised++) {
        signals_heard = 0;
        if (raised)
            CHECK_EQ(mio_source_close(&receiver.source), 0);
        fault_order((struct fault){CALL_writev, raised ? 0 : 1, EPIPE});
        fault_meanwhile(CALL_writev, tell_the_process);
        CHECK_EQ(mio_pipe_sender_write(&sender, "x", 1), -EPIPE);
        CHECK_EQ(signals_heard, 1);
    }
    CHECK_EQ(mio_source_close(&sender.source), 0);
}

/* SPDX-License-Identifier: MIT */
/* What a source can be asked when its descriptor is a socket, whatever made that. */
#define _GNU_SOURCE

#include "support.h"

#include <errno.h>
#include <sys/socket.h>

TEST(net_source_questions_refuse_null)
{
    struct mio_source empty;
    struct mio_addr addr;
    mio_fd fd;
    mio_source_init(&empty, MIO_INVALID_FD);
    CHECK_EQ(mio_source_local_addr(null(), &addr), -EINVAL);
    CHECK_EQ(mio_source_local_addr(&empty, null()), -EINVAL);
    CHECK_EQ(mio_source_peer_addr(null(), &addr), -EINVAL);
    CHECK_EQ(mio_source_peer_addr(&empty, null()), -EINVAL);
    CHECK_EQ(mio_source_take_error(null()), -EINVAL);
    CHECK_EQ(mio_source_into_fd(null(), &fd), -EINVAL);
    CHECK_EQ(mio_source_into_fd(&empty, null()), -EINVAL);
}

TEST(net_source_questions_of_an_empty_source_are_ebadf)
{
    struct mio_source empty;
    struct mio_addr addr = mio_addr_ipv4(1, 2, 3, 4, 5);
    struct mio_addr before = addr;
    mio_fd fd = 12345;
    mio_source_init(&empty, MIO_INVALID_FD);
    CHECK_EQ(mio_source_local_addr(&empty, &addr), -EBADF);
    CHECK_EQ(mio_source_peer_addr(&empty, &addr), -EBADF);
    CHECK_EQ(mio_source_take_error(&empty), -EBADF);
    CHECK_EQ(mio_source_into_fd(&empty, &fd), -EBADF);
    CHECK_ADDR(&addr, &before);
    CHECK_EQ(fd, 12345);
}

TEST(net_source_questions_of_a_pipe_are_enotsock)
{
    struct mio_pipe_sender sender;
    struct mio_pipe_receiver receiver;
    struct mio_addr addr = mio_addr_ipv4(1, 2, 3, 4, 5);
    struct mio_addr before = addr;
    REQUIRE_EQ(mio_pipe_open(&sender, &receiver), 0);
    const int saved = errno = ELOOP;
    CHECK_EQ(mio_source_local_addr(&sender.source, &addr), -ENOTSOCK);
    CHECK_EQ(mio_source_peer_addr(&sender.source, &addr), -ENOTSOCK);
    CHECK_EQ(mio_source_take_error(&sender.source), -ENOTSOCK);
    CHECK_EQ(mio_source_local_addr(&receiver.source, &addr), -ENOTSOCK);
    CHECK_EQ(mio_source_peer_addr(&receiver.source, &addr), -ENOTSOCK);
    CHECK_EQ(mio_source_take_error(&receiver.source), -ENOTSOCK);
    CHECK_EQ(errno, saved);
    CHECK_ADDR(&addr, &before);
    CHECK_EQ(mio_source_close(&sender.source), 0);
    CHECK_EQ(mio_source_close(&receiver.source), 0);
}

/* A socket that the program has made, of a type that the library has no struct for. */
TEST(net_source_questions_serve_a_socket_of_the_programs_own)
{
    struct mio_addr addr = loopback_v4();
    struct mio_tcp_listener listener;
    struct mio_source own;
    unsigned char sockaddr[MIO_SOCKADDR_SIZE];
    tcp_listen(&addr, &listener);
    int size = mio_addr_to_sockaddr(&addr, sockaddr, sizeof sockaddr);
    REQUIRE(size > 0);
    mio_source_init(&own, socket(AF_INET, SOCK_STREAM, 0));
    struct mio_addr name;
    CHECK_EQ(mio_source_peer_addr(&own, &name), -ENOTCONN);
    REQUIRE_EQ(connect(own.fd, (struct sockaddr *)(void *)sockaddr, (socklen_t)size), 0);
    CHECK_EQ(mio_source_peer_addr(&own, &name), 0);
    CHECK_ADDR(&name, &addr);
    CHECK_EQ(mio_source_local_addr(&own, &name), 0);
    CHECK_EQ(name.kind, MIO_ADDR_IPV4);
    CHECK_EQ(mio_source_take_error(&own), 0);
    CHECK_EQ(mio_source_close(&own), 0);
    CHECK_EQ(mio_source_close(&listener.source), 0);
}

/* Refused while it is registered, and then as it was. */
TEST(net_source_into_fd_empties_an_unregistered_source)
{
    struct loop loop = loop_open();
    struct mio_unix_stream near_end;
    struct mio_unix_stream far_end;
    mio_fd fd = MIO_INVALID_FD;
    unix_pair(&near_end, &far_end);
    const mio_fd given = near_end.source.fd;
    watch(&loop, &near_end.source, CLIENT, MIO_READABLE);
    CHECK_EQ(mio_source_into_fd(&near_end.source, &fd), -EBUSY);
    CHECK_EQ(fd, MIO_INVALID_FD);
    CHECK_EQ(near_end.source.fd, given);
    unix_put(&far_end, "x");
    EXPECT_ONE(&loop, CLIENT, R);
    REQUIRE_EQ(mio_source_deregister(&near_end.source), 0);
    REQUIRE_EQ(mio_source_into_fd(&near_end.source, &fd), 0);
    CHECK_EQ(fd, given);
    CHECK_FLAGS(fd);
    CHECK_EQ(near_end.source.fd, MIO_INVALID_FD);
    CHECK_EQ(mio_source_close(&near_end.source), -EBADF);
    CHECK_EQ(close(fd), 0);
    CHECK_EQ(mio_source_close(&far_end.source), 0);
    loop_close(&loop);
}

/* --- questions with one answer --- */

TEST(net_questions_refuse_null)
{
    bool on;
    uint32_t number;
    CHECK_EQ(mio_tcp_listener_ttl(null(), &number), -EINVAL);
    CHECK_EQ(mio_tcp_stream_ttl(null(), &number), -EINVAL);
    CHECK_EQ(mio_tcp_stream_no_delay(null(), &on), -EINVAL);
    CHECK_EQ(mio_udp_socket_ttl(null(), &number), -EINVAL);
    CHECK_EQ(mio_udp_socket_broadcast_allowed(null(), &on), -EINVAL);
    CHECK_EQ(mio_udp_socket_v6_only(null(), &on), -EINVAL);
    CHECK_EQ(mio_udp_socket_multicast_loop_v4(null(), &on), -EINVAL);
    CHECK_EQ(mio_udp_socket_multicast_loop_v6(null(), &on), -EINVAL);
    CHECK_EQ(mio_udp_socket_multicast_ttl_v4(null(), &number), -EINVAL);
}

TEST(net_questions_need_a_place_for_the_answer)
{
    struct mio_addr addr = loopback_v4();
    struct mio_tcp_listener listener;
    struct mio_tcp_stream client;
    struct mio_udp_socket udp;
    tcp_listen(&addr, &listener);
    tcp_connect(&addr, &client);
    addr.port = 0;
    REQUIRE_EQ(mio_udp_socket_bind(&addr, NULL, &udp), 0);
    CHECK_EQ(mio_tcp_listener_ttl(&listener, null()), -EINVAL);
    CHECK_EQ(mio_tcp_stream_ttl(&client, null()), -EINVAL);
    CHECK_EQ(mio_tcp_stream_no_delay(&client, null()), -EINVAL);
    CHECK_EQ(mio_udp_socket_ttl(&udp, null()), -EINVAL);
    CHECK_EQ(mio_udp_socket_broadcast_allowed(&udp, null()), -EINVAL);
    CHECK_EQ(mio_udp_socket_v6_only(&udp, null()), -EINVAL);
    CHECK_EQ(mio_udp_socket_multicast_loop_v4(&udp, null()), -EINVAL);
    CHECK_EQ(mio_udp_socket_multicast_loop_v6(&udp, null()), -EINVAL);
    CHECK_EQ(mio_udp_socket_multicast_ttl_v4(&udp, null()), -EINVAL);
    CHECK_EQ(mio_source_close(&client.source), 0);
    CHECK_EQ(mio_source_close(&listener.source), 0);
    CHECK_EQ(mio_source_close(&udp.source), 0);
}

TEST(net_questions_that_fail_leave_the_answer)
{
    struct mio_udp_socket udp;
    bool on[2] = {true, false};
    mio_source_init(&udp.source, MIO_INVALID_FD);
    for (int i = 0; i < 2; i++) {
        const bool before = on[i];
        CHECK_EQ(mio_udp_socket_broadcast_allowed(&udp, &on[i]), -EBADF);
        CHECK_EQ(mio_udp_socket_v6_only(&udp, &on[i]), -EBADF);
        CHECK_EQ(mio_udp_socket_multicast_loop_v4(&udp, &on[i]), -EBADF);
        CHECK_EQ(mio_udp_socket_multicast_loop_v6(&udp, &on[i]), -EBADF);
        CHECK_EQ(on[i], before);
    }
    CHECK_EQ(asked_udp_socket_ttl(&udp), -EBADF);
    CHECK_EQ(asked_udp_socket_multicast_ttl_v4(&udp), -EBADF);
}

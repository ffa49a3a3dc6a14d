/* SPDX-License-Identifier: MIT */
/* NULL for a socket, a pipe, or memory that should be the caller's is an error and no crash. */
#include "test.h"

#include <mio.h>
#include <mio/net.h>

#include <errno.h>
#include <stdint.h>

static char byte;
static const struct mio_iovec part = {&byte, 1};

static struct mio_addr loopback(void)
{
    return mio_addr_ipv4(127, 0, 0, 1, 0);
}

TEST(net_null_tcp_listener_is_refused)
{
    struct mio_addr addr = loopback();
    mio_fd fd;
    uint32_t number;
    CHECK_EQ(mio_tcp_listener_bind(&addr, NULL, NULL), -EINVAL);
    CHECK_EQ(mio_tcp_listener_accept(NULL, NULL, NULL), -EINVAL);
    CHECK_EQ(mio_tcp_listener_set_ttl(NULL, 1), -EINVAL);
    CHECK_EQ(mio_tcp_listener_ttl(NULL, &number), -EINVAL);
    CHECK_EQ(mio_source_local_addr(NULL, &addr), -EINVAL);
    CHECK_EQ(mio_source_take_error(NULL), -EINVAL);
    CHECK_EQ(mio_tcp_listener_from_fd(0, NULL), -EINVAL);
    CHECK_EQ(mio_source_into_fd(NULL, &fd), -EINVAL);
    CHECK_EQ(mio_source_close(NULL), -EINVAL);
}

TEST(net_null_tcp_stream_is_refused)
{
    struct mio_addr addr = loopback();
    bool on;
    CHECK_EQ(mio_tcp_stream_connect(&addr, NULL, NULL), -EINVAL);
    CHECK_EQ(mio_tcp_stream_finish_connect(NULL), -EINVAL);
    CHECK_EQ(mio_tcp_stream_read(NULL, &byte, 1), -EINVAL);
    CHECK_EQ(mio_tcp_stream_write(NULL, &byte, 1), -EINVAL);
    CHECK_EQ(mio_tcp_stream_readv(NULL, &part, 1), -EINVAL);
    CHECK_EQ(mio_tcp_stream_writev(NULL, &part, 1), -EINVAL);
    CHECK_EQ(mio_tcp_stream_peek(NULL, &byte, 1), -EINVAL);
    CHECK_EQ(mio_tcp_stream_shutdown(NULL, MIO_SHUTDOWN_BOTH), -EINVAL);
    CHECK_EQ(mio_tcp_stream_set_no_delay(NULL, true), -EINVAL);
    CHECK_EQ(mio_tcp_stream_no_delay(NULL, &on), -EINVAL);
    CHECK_EQ(mio_source_peer_addr(NULL, &addr), -EINVAL);
}

TEST(net_null_udp_socket_is_refused)
{
    struct mio_addr addr = loopback();
    uint32_t number;
    CHECK_EQ(mio_udp_socket_set_peer_addr(NULL, &addr), -EINVAL);
    CHECK_EQ(mio_udp_socket_send_to(NULL, &byte, 1, &addr), -EINVAL);
    CHECK_EQ(mio_udp_socket_recv_from(NULL, &byte, 1, &addr), -EINVAL);
    CHECK_EQ(mio_udp_socket_set_multicast_ttl_v4(NULL, 1), -EINVAL);
    CHECK_EQ(mio_udp_socket_multicast_ttl_v4(NULL, &number), -EINVAL);
    CHECK_EQ(mio_udp_socket_join_multicast_v4(NULL, &addr, NULL), -EINVAL);
    CHECK_EQ(mio_udp_socket_join_multicast_v6(NULL, &addr, 0), -EINVAL);
}

TEST(net_null_unix_socket_is_refused)
{
    struct mio_unix_stream twice;
    CHECK_EQ(mio_unix_stream_pair(NULL, NULL, NULL), -EINVAL);
    CHECK_EQ(mio_unix_datagram_open(NULL, NULL), -EINVAL);
    CHECK_EQ(mio_unix_stream_pair(NULL, &twice, &twice), -EINVAL);
}

TEST(net_null_pipe_is_refused)
{
    struct mio_pipe_sender sender;
    struct mio_pipe_receiver receiver;
    CHECK_EQ(mio_pipe_open(NULL, &receiver), -EINVAL);
    CHECK_EQ(mio_pipe_open(&sender, NULL), -EINVAL);
    CHECK_EQ(mio_pipe_sender_write(NULL, &byte, 1), -EINVAL);
    CHECK_EQ(mio_pipe_sender_writev(NULL, &part, 1), -EINVAL);
    CHECK_EQ(mio_pipe_receiver_read(NULL, &byte, 1), -EINVAL);
    CHECK_EQ(mio_pipe_receiver_readv(NULL, &part, 1), -EINVAL);
    CHECK_EQ(mio_pipe_sender_set_nonblocking(NULL, true), -EINVAL);
    CHECK_EQ(mio_pipe_receiver_set_nonblocking(NULL, true), -EINVAL);
    CHECK_EQ(mio_pipe_sender_from_fd(0, NULL), -EINVAL);
    CHECK_EQ(mio_pipe_receiver_from_fd(0, NULL), -EINVAL);
}

TEST(net_memory_that_is_not_the_caller_s_is_efault)
{
    struct mio_unix_stream first;
    struct mio_unix_stream second;
    REQUIRE_EQ(mio_unix_stream_pair(NULL, &first, &second), 0);
    CHECK_EQ(mio_unix_stream_write(&first, "abc", 3), 3);
    CHECK_EQ(mio_unix_stream_read(&second, NULL, 3), -EFAULT);
    CHECK_EQ(mio_unix_stream_write(&first, NULL, 3), -EFAULT);
    static char text[4]; /* not on the stack, beyond which addresses end */
    CHECK_EQ(mio_unix_stream_read(&second, text, SIZE_MAX), 3);
    REQUIRE_EQ(mio_source_close(&first.source), 0);
    REQUIRE_EQ(mio_source_close(&second.source), 0);
}

/* SPDX-License-Identifier: MIT */
/* Records in place of a stream: Unix sockets with the option `seqpacket`. */
#define _GNU_SOURCE

#include "support.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>

static const struct mio_socket_options records = {.seqpacket = true};
static struct mio_unix_stream near_end;
static struct mio_unix_stream far_end;
static char text[64];

/* False after asserting that this system, as documented, has none. */
static bool open_records(void)
{
    int error = mio_unix_stream_pair(&records, &near_end, &far_end);
    CHECK_EQ(error, fact("records"));
    return error == 0;
}

static void close_records(void)
{
    CHECK_EQ(mio_source_close(&near_end.source), 0);
    CHECK_EQ(mio_source_close(&far_end.source), 0);
}

TEST(net_seqpacket_keeps_records_apart)
{
    struct mio_iovec parts[2] = {{"ab", 2}, {"cd", 2}};
    if (!open_records())
        return;
    CHECK_FLAGS(near_end.source.fd);
    CHECK_FLAGS(far_end.source.fd);
    CHECK_EQ(option_of(near_end.source.fd, SOL_SOCKET, SO_TYPE), SOCK_SEQPACKET);
    CHECK_EQ(mio_unix_stream_write(&near_end, "abc", 3), 3);
    CHECK_EQ(mio_unix_stream_writev(&near_end, parts, 2), 4);
    CHECK_EQ(mio_unix_stream_write(&near_end, "long one", 8), 8);
    CHECK_EQ(mio_unix_stream_write(&near_end, "x", 1), 1);
    CHECK_EQ(mio_unix_stream_peek(&far_end, text, sizeof text), 3);
    CHECK_EQ(mio_unix_stream_read(&far_end, text, sizeof text), 3);
    CHECK_EQ(mio_unix_stream_read(&far_end, text, sizeof text), 4);
    CHECK(memcmp(text, "abcd", 4) == 0);
    CHECK_EQ(mio_unix_stream_read(&far_end, text, 4), 4); /* what does not fit is lost */
    CHECK(memcmp(text, "long", 4) == 0);
    struct mio_iovec in[2] = {{text, 1}, {text + 1, 8}};
    CHECK_EQ(mio_unix_stream_readv(&far_end, in, 2), 1);
    CHECK_EQ(mio_unix_stream_read(&far_end, text, sizeof text), -EAGAIN);
    close_records();
}

TEST(net_seqpacket_events)
{
    struct loop loop = loop_open();
    if (!open_records()) {
        loop_close(&loop);
        return;
    }
    watch(&loop, &near_end.source, CLIENT, MIO_READABLE | MIO_WRITABLE);
    EXPECT_ONE(&loop, CLIENT, W);
    for (int i = 0; i < 2; i++) {
        CHECK_EQ(mio_unix_stream_write(&far_end, "abc", 3), 3);
        EXPECT_ONE(&loop, CLIENT, readiness_fact("data came, asked for both"));
        CHECK_EQ(mio_unix_stream_read(&near_end, text, sizeof text), 3);
        CHECK_EQ(mio_unix_stream_read(&near_end, text, sizeof text), -EAGAIN);
        EXPECT_NOTHING(&loop);
    }
    CHECK_EQ(mio_unix_stream_shutdown(&far_end, MIO_SHUTDOWN_WRITE), 0);
    EXPECT_ONE(&loop, CLIENT, readiness_fact("peer stopped sending, asked for both"));
    CHECK_EQ(mio_unix_stream_read(&near_end, text, sizeof text), 0);
    CHECK_EQ(mio_unix_stream_write(&far_end, "a", 1), -EPIPE);
    close_records();
    loop_close(&loop);
}

TEST(net_seqpacket_too_long_a_record)
{
    static char much[1 << 20];
    static struct mio_iovec parts[1025];
    if (!open_records())
        return;
    CHECK_EQ(mio_unix_stream_write(&near_end, much, sizeof much), -EMSGSIZE);
    CHECK_EQ(mio_unix_stream_writev(&near_end, parts, 1025), -EMSGSIZE);
    CHECK_EQ(mio_unix_stream_read(&far_end, text, sizeof text), -EAGAIN);
    close_records();
}

TEST(net_seqpacket_listener)
{
    struct loop loop = loop_open();
    struct mio_addr addr = temporary_path();
    struct mio_unix_listener listener;
    if (!open_records()) {
        CHECK_EQ(mio_unix_listener_bind(&addr, &records, &listener), -ENOTSUP);
        CHECK_EQ(mio_unix_stream_connect(&addr, &records, &near_end), -ENOTSUP);
        loop_close(&loop);
        return;
    }
    close_records();
    REQUIRE_EQ(mio_unix_listener_bind(&addr, &records, &listener), 0);
    watch(&loop, &listener.source, LISTENER, MIO_READABLE);
    EXPECT_NOTHING(&loop);
    CHECK_EQ(mio_unix_stream_connect(&addr, NULL, &near_end), -EPROTOTYPE);
    REQUIRE_EQ(mio_unix_stream_connect(&addr, &records, &near_end), 0);
    EXPECT_ONE(&loop, LISTENER, R);
    REQUIRE_EQ(mio_unix_listener_accept(&listener, &far_end, NULL), 0);
    CHECK_FLAGS(far_end.source.fd);
    CHECK_EQ(mio_unix_stream_write(&near_end, "abc", 3), 3);
    CHECK_EQ(mio_unix_stream_write(&near_end, "de", 2), 2);
    CHECK_EQ(mio_unix_stream_read(&far_end, text, sizeof text), 3);
    CHECK_EQ(mio_unix_stream_read(&far_end, text, sizeof text), 2);

    /* Such a descriptor is taken from elsewhere too. */
    mio_fd fd;
    REQUIRE_EQ(mio_source_into_fd(&near_end.source, &fd), 0);
    REQUIRE_EQ(mio_unix_stream_from_fd(fd, &near_end), 0);
    close_records();
    CHECK_EQ(mio_source_close(&listener.source), 0);
    remove_path(&addr);
    loop_close(&loop);
}

TEST(net_seqpacket_is_for_unix_streams_alone)
{
    struct mio_addr addr = loopback_v4();
    struct mio_addr path = temporary_path();
    struct mio_tcp_listener listener;
    struct mio_tcp_stream stream;
    struct mio_udp_socket udp;
    struct mio_unix_datagram datagram;
    CHECK_EQ(mio_tcp_listener_bind(&addr, &records, &listener), -EINVAL);
    CHECK_EQ(mio_tcp_stream_connect(&addr, &records, &stream), -EINVAL);
    CHECK_EQ(mio_udp_socket_bind(&addr, &records, &udp), -EINVAL);
    CHECK_EQ(mio_unix_datagram_bind(&path, &records, &datagram), -EINVAL);
    CHECK_EQ(mio_unix_datagram_open(&records, &datagram), -EINVAL);
}

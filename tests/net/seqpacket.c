/* SPDX-License-Identifier: MIT */
/* Records in place of a stream: Unix sockets with the option `seqpacket`. */
#define _GNU_SOURCE

#include "support.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>

static const struct mio_socket_options record_options = {.seqpacket = true};
static struct mio_unix_stream record_near;
static struct mio_unix_stream record_far;
static char record_text[64];

/* False after asserting that this system, as documented, has none. */
static bool open_records(void)
{
    int error = mio_unix_stream_pair(&record_options, &record_near, &record_far);
    CHECK_EQ(error, fact("records"));
    return error == 0;
}

static void close_records(void)
{
    CHECK_EQ(mio_source_close(&record_near.source), 0);
    CHECK_EQ(mio_source_close(&record_far.source), 0);
}

TEST(net_seqpacket_keeps_records_apart)
{
    struct mio_iovec parts[2] = {{"ab", 2}, {"cd", 2}};
    if (!open_records())
        return;
    CHECK_FLAGS(record_near.source.fd);
    CHECK_FLAGS(record_far.source.fd);
    CHECK_EQ(option_of(record_near.source.fd, SOL_SOCKET, SO_TYPE), SOCK_SEQPACKET);
    CHECK_EQ(mio_unix_stream_write(&record_near, "abc", 3), 3);
    CHECK_EQ(mio_unix_stream_writev(&record_near, parts, 2), 4);
    CHECK_EQ(mio_unix_stream_write(&record_near, "long one", 8), 8);
    CHECK_EQ(mio_unix_stream_write(&record_near, "x", 1), 1);
    CHECK_EQ(mio_unix_stream_peek(&record_far, record_text, sizeof record_text), 3);
    CHECK_EQ(mio_unix_stream_read(&record_far, record_text, sizeof record_text), 3);
    CHECK_EQ(mio_unix_stream_read(&record_far, record_text, sizeof record_text), 4);
    CHECK(memcmp(record_text, "abcd", 4) == 0);
    CHECK_EQ(mio_unix_stream_read(&record_far, record_text, 4), 4); /* what does not fit is lost */
    CHECK(memcmp(record_text, "long", 4) == 0);
    struct mio_iovec in[2] = {{record_text, 1}, {record_text + 1, 8}};
    CHECK_EQ(mio_unix_stream_readv(&record_far, in, 2), 1);
    CHECK_EQ(mio_unix_stream_read(&record_far, record_text, sizeof record_text), -EAGAIN);
    close_records();
}

TEST(net_seqpacket_events)
{
    struct loop loop = loop_open();
    if (!open_records()) {
        loop_close(&loop);
        return;
    }
    watch(&loop, &record_near.source, CLIENT, MIO_READABLE | MIO_WRITABLE);
    EXPECT_ONE(&loop, CLIENT, W);
    for (int i = 0; i < 2; i++) {
        CHECK_EQ(mio_unix_stream_write(&record_far, "abc", 3), 3);
        EXPECT_ONE(&loop, CLIENT, readiness_fact("data came, asked for both"));
        CHECK_EQ(mio_unix_stream_read(&record_near, record_text, sizeof record_text), 3);
        CHECK_EQ(mio_unix_stream_read(&record_near, record_text, sizeof record_text), -EAGAIN);
        EXPECT_NOTHING(&loop);
    }
    CHECK_EQ(mio_unix_stream_shutdown(&record_far, MIO_SHUTDOWN_WRITE), 0);
    EXPECT_ONE(&loop, CLIENT, readiness_fact("peer stopped sending, asked for both"));
    CHECK_EQ(mio_unix_stream_read(&record_near, record_text, sizeof record_text), 0);
    CHECK_EQ(mio_unix_stream_write(&record_far, "a", 1), -EPIPE);
    close_records();
    loop_close(&loop);
}

TEST(net_seqpacket_too_long_a_record)
{
    static char much[1 << 20];
    static struct mio_iovec parts[1025];
    if (!open_records())
        return;
    CHECK_EQ(mio_unix_stream_write(&record_near, much, sizeof much), -EMSGSIZE);
    CHECK_EQ(mio_unix_stream_writev(&record_near, parts, 1025), -EMSGSIZE);
    CHECK_EQ(mio_unix_stream_read(&record_far, record_text, sizeof record_text), -EAGAIN);
    close_records();
}

TEST(net_seqpacket_listener)
{
    struct loop loop = loop_open();
    struct mio_addr addr = temporary_path();
    struct mio_unix_listener listener;
    if (!open_records()) {
        CHECK_EQ(mio_unix_listener_bind(&addr, &record_options, &listener), -ENOTSUP);
        CHECK_EQ(mio_unix_stream_connect(&addr, &record_options, &record_near), -ENOTSUP);
        loop_close(&loop);
        return;
    }
    close_records();
    REQUIRE_EQ(mio_unix_listener_bind(&addr, &record_options, &listener), 0);
    watch(&loop, &listener.source, LISTENER, MIO_READABLE);
    EXPECT_NOTHING(&loop);
    CHECK_EQ(mio_unix_stream_connect(&addr, NULL, &record_near), -EPROTOTYPE);
    REQUIRE_EQ(mio_unix_stream_connect(&addr, &record_options, &record_near), 0);
    EXPECT_ONE(&loop, LISTENER, R);
    REQUIRE_EQ(mio_unix_listener_accept(&listener, &record_far, NULL), 0);
    CHECK_FLAGS(record_far.source.fd);
    CHECK_EQ(mio_unix_stream_write(&record_near, "abc", 3), 3);
    CHECK_EQ(mio_unix_stream_write(&record_near, "de", 2), 2);
    CHECK_EQ(mio_unix_stream_read(&record_far, record_text, sizeof record_text), 3);
    CHECK_EQ(mio_unix_stream_read(&record_far, record_text, sizeof record_text), 2);

    /* Such a descriptor is taken from elsewhere too. */
    mio_fd fd;
    REQUIRE_EQ(mio_source_into_fd(&record_near.source, &fd), 0);
    REQUIRE_EQ(mio_unix_stream_from_fd(fd, &record_near), 0);
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
    CHECK_EQ(mio_tcp_listener_bind(&addr, &record_options, &listener), -EINVAL);
    CHECK_EQ(mio_tcp_stream_connect(&addr, &record_options, &stream), -EINVAL);
    CHECK_EQ(mio_udp_socket_bind(&addr, &record_options, &udp), -EINVAL);
    CHECK_EQ(mio_unix_datagram_bind(&path, &record_options, &datagram), -EINVAL);
    CHECK_EQ(mio_unix_datagram_open(&record_options, &datagram), -EINVAL);
}

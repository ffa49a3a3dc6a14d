/* SPDX-License-Identifier: MIT */
/* Several parts in one call: in order, exactly as many bytes, and nothing beside. */
#define _GNU_SOURCE

#include "support.h"

#include <errno.h>
#include <string.h>

typedef ptrdiff_t transfer_function(void *end, const struct mio_iovec *parts, size_t count);

static ptrdiff_t tcp_writev(void *end, const struct mio_iovec *parts, size_t count)
{
    return mio_tcp_stream_writev(end, parts, count);
}

static ptrdiff_t tcp_readv(void *end, const struct mio_iovec *parts, size_t count)
{
    return mio_tcp_stream_readv(end, parts, count);
}

static ptrdiff_t unix_writev(void *end, const struct mio_iovec *parts, size_t count)
{
    return mio_unix_stream_writev(end, parts, count);
}

static ptrdiff_t unix_readv(void *end, const struct mio_iovec *parts, size_t count)
{
    return mio_unix_stream_readv(end, parts, count);
}

static ptrdiff_t pipe_writev(void *end, const struct mio_iovec *parts, size_t count)
{
    return mio_pipe_sender_writev(end, parts, count);
}

static ptrdiff_t pipe_readv(void *end, const struct mio_iovec *parts, size_t count)
{
    return mio_pipe_receiver_readv(end, parts, count);
}

/* Where a transfer goes from and to; both are sources. */
struct way {
    transfer_function *write, *read;
    struct mio_source *from, *to;
};

static void check_parts(const struct way *way)
{
    struct loop loop = loop_open();
    char text[16] = "xxxxxxxxxxxxxxx";
    struct mio_iovec out[] = {{"he", 2}, {NULL, 0}, {"ll", 2}, {"o", 1}};
    struct mio_iovec in[] = {{text, 1}, {text + 2, 3}, {text + 6, 4}};
    watch(&loop, way->to, SERVER, MIO_READABLE);
    errno = ELOOP;
    CHECK_EQ(way->read(way->to, in, 3), -EAGAIN);
    CHECK_EQ(way->write(way->from, out, 4), 5);
    EXPECT_ONE(&loop, SERVER, R);
    CHECK_EQ(way->read(way->to, in, 3), 5);
    CHECK_STR(text, "hxellxoxxxxxxxx");
    CHECK_EQ(way->read(way->to, in, 3), -EAGAIN);
    CHECK_EQ(errno, ELOOP);
    EXPECT_NOTHING(&loop);

    /* No parts, empty parts. */
    CHECK_EQ(way->write(way->from, out, 0), 0);
    CHECK_EQ(way->read(way->to, in, 0), 0);
    CHECK_EQ(way->write(way->from, out + 1, 1), 0);
    EXPECT_NOTHING(&loop);
    REQUIRE_EQ(mio_source_deregister(way->to), 0);
    loop_close(&loop);
}

/* What is beyond the 1024th part is left for the next call. */
static void check_many_parts(const struct way *way, size_t most)
{
    enum { MORE = 1030 };
    static char bytes[MORE];
    static struct mio_iovec parts[MORE];
    static char got[MORE];
    for (size_t i = 0; i < MORE; i++) {
        bytes[i] = (char)transfer_byte(i);
        parts[i] = (struct mio_iovec){&bytes[i], 1};
    }
    CHECK_EQ(way->write(way->from, parts, MORE), most);
    wait_until(way->to->fd, POLLIN);
    for (size_t i = 0; i < MORE; i++)
        parts[i] = (struct mio_iovec){&got[i], 1};
    CHECK_EQ(way->read(way->to, parts, MORE), most);
    CHECK(memcmp(got, bytes, most) == 0);
    CHECK_EQ(way->read(way->to, parts, MORE), -EAGAIN);
}

TEST(net_vectored_tcp)
{
    struct mio_tcp_stream client;
    struct mio_tcp_stream server;
    tcp_pair(&client, &server);
    const struct way way = {tcp_writev, tcp_readv, &client.source, &server.source};
    check_parts(&way);
    check_many_parts(&way, 1024);
    CHECK_EQ(mio_source_close(&client.source), 0);
    CHECK_EQ(mio_source_close(&server.source), 0);
}

TEST(net_vectored_unix)
{
    struct mio_unix_stream first;
    struct mio_unix_stream second;
    static struct mio_iovec parts[1025];
    unix_pair(&first, &second);
    const struct way way = {unix_writev, unix_readv, &first.source, &second.source};
    check_parts(&way);
    CHECK_EQ(mio_unix_stream_writev(&first, parts, 1025), -EMSGSIZE);
    CHECK_EQ(mio_unix_stream_readv(&second, parts, 1025), -EMSGSIZE);
    CHECK_EQ(mio_source_close(&first.source), 0);
    CHECK_EQ(mio_source_close(&second.source), 0);
}

TEST(net_vectored_pipe)
{
    struct mio_pipe_sender sender;
    struct mio_pipe_receiver receiver;
    REQUIRE_EQ(mio_pipe_open(&sender, &receiver), 0);
    const struct way way = {pipe_writev, pipe_readv, &sender.source, &receiver.source};
    check_parts(&way);
    check_many_parts(&way, (size_t)fact("parts of one call on a pipe"));
    CHECK_EQ(mio_source_close(&sender.source), 0);
    CHECK_EQ(mio_source_close(&receiver.source), 0);
}

/* A write that does not fit whole is made in part, and the rest is the caller's. */
TEST(net_vectored_write_in_part)
{
    static uint8_t much[1 << 20];
    static uint8_t got[1 << 20];
    struct mio_unix_stream first;
    struct mio_unix_stream second;
    transfer_fill(much, sizeof much, 0);
    unix_pair(&first, &second);
    size_t written = 0;
    size_t have = 0;
    while (written < sizeof much) {
        size_t half = (sizeof much - written) / 2;
        struct mio_iovec out[2] = {{much + written, half},
                                   {much + written + half, sizeof much - written - half}};
        ptrdiff_t count = mio_unix_stream_writev(&first, out, 2);
        if (count != -EAGAIN) {
            REQUIRE(count > 0);
            written += (size_t)count;
        }
        while ((count = mio_unix_stream_read(&second, got + have, sizeof got - have)) > 0)
            have += (size_t)count;
    }
    CHECK_EQ(have, sizeof much);
    CHECK(memcmp(got, much, sizeof much) == 0);
    CHECK_EQ(mio_source_close(&first.source), 0);
    CHECK_EQ(mio_source_close(&second.source), 0);
}

/* SPDX-License-Identifier: MIT */
/* EV1 of the library's own calls: less than was asked for is all that there was, and the next
 * change gives an event. */
#define _GNU_SOURCE

#include "support.h"

#include <stdlib.h>
#include <string.h>

enum { SHORT_ROUNDS = 5, MORE_THAN_FITS = 64 << 20 };

/* Both ends as sources, and what reads and writes them. */
struct link {
    struct mio_source *reader, *writer;
    ptrdiff_t (*read)(void *stream, void *buffer, size_t size);
    ptrdiff_t (*readv)(void *stream, const struct mio_iovec *parts, size_t count);
    ptrdiff_t (*write)(void *stream, const void *buffer, size_t size);
    ptrdiff_t (*writev)(void *stream, const struct mio_iovec *parts, size_t count);
};

#define CALLS(kind, reading, writing)                                                    \
    static ptrdiff_t short_##kind##_read(void *stream, void *buffer, size_t size)        \
    {                                                                                    \
        return mio_##reading##_read(stream, buffer, size);                               \
    }                                                                                    \
    static ptrdiff_t short_##kind##_readv(void *stream, const struct mio_iovec *parts,   \
                                          size_t count)                                  \
    {                                                                                    \
        return mio_##reading##_readv(stream, parts, count);                              \
    }                                                                                    \
    static ptrdiff_t short_##kind##_write(void *stream, const void *buffer, size_t size) \
    {                                                                                    \
        return mio_##writing##_write(stream, buffer, size);                              \
    }                                                                                    \
    static ptrdiff_t short_##kind##_writev(void *stream, const struct mio_iovec *parts,  \
                                           size_t count)                                 \
    {                                                                                    \
        return mio_##writing##_writev(stream, parts, count);                             \
    }

CALLS(pipe, pipe_receiver, pipe_sender)
CALLS(tcp, tcp_stream, tcp_stream)
CALLS(unix, unix_stream, unix_stream)

static void typed_read_short(const struct link *link)
{
    struct loop loop = loop_open();
    char bytes[16];
    const struct mio_iovec parts[] = {{bytes, 4}, {bytes + 4, 4}};

    watch(&loop, link->reader, CLIENT, MIO_READABLE);
    for (int i = 0; i < SHORT_ROUNDS; i++) {
        REQUIRE_EQ(link->write(link->writer, "hello", 5), 5);
        EXPECT_ONE(&loop, CLIENT, R);
        if (i % 2 == 0)
            CHECK_EQ(link->read(link->reader, bytes, sizeof bytes), 5);
        else
            CHECK_EQ(link->readv(link->reader, parts, 2), 5);
        EXPECT_NOTHING(&loop);
    }
    CHECK_EQ(mio_source_deregister(link->reader), 0);
    loop_close(&loop);
}

static void typed_write_short(const struct link *link)
{
    struct loop loop = loop_open();
    char *bytes = calloc(1, MORE_THAN_FITS);
    REQUIRE(bytes);
    const struct mio_iovec parts[] = {{bytes, MORE_THAN_FITS / 2},
                                      {bytes + MORE_THAN_FITS / 2, MORE_THAN_FITS / 2}};

    watch(&loop, link->writer, SERVER, MIO_WRITABLE);
    EXPECT_ONE(&loop, SERVER, W);
    for (int i = 0; i < SHORT_ROUNDS; i++) {
        ptrdiff_t written = i % 2 == 0 ? link->write(link->writer, bytes, MORE_THAN_FITS)
                                       : link->writev(link->writer, parts, 2);
        REQUIRE(written > 0 && written < MORE_THAN_FITS);
        for (ptrdiff_t taken = 0; taken < written;) {
            ptrdiff_t n = link->read(link->reader, bytes, MORE_THAN_FITS);
            taken += n > 0 ? n : 0;
        }
        AWAIT_EVENTS(&loop, {SERVER, W});
        while (loop_wait(&loop, 0) > 0) /* each read of the peer may be a change */
            continue;
    }
    CHECK_EQ(mio_source_deregister(link->writer), 0);
    free(bytes);
    loop_close(&loop);
}

static void read_and_write(const struct link *link)
{
    typed_read_short(link);
    typed_write_short(link);
    CHECK_EQ(mio_source_close(link->reader), 0);
    CHECK_EQ(mio_source_close(link->writer), 0);
}

TEST(net_short_reads_and_writes_of_a_pipe_are_edges)
{
    struct mio_pipe_sender sender;
    struct mio_pipe_receiver receiver;
    REQUIRE_EQ(mio_pipe_open(&sender, &receiver), 0);
    read_and_write(&(const struct link){&receiver.source, &sender.source, short_pipe_read,
                                        short_pipe_readv, short_pipe_write, short_pipe_writev});
}

TEST(net_short_reads_and_writes_of_a_tcp_stream_are_edges)
{
    struct mio_tcp_stream reader, writer;
    tcp_pair(&reader, &writer);
    read_and_write(&(const struct link){&reader.source, &writer.source, short_tcp_read,
                                        short_tcp_readv, short_tcp_write, short_tcp_writev});
}

TEST(net_short_reads_and_writes_of_a_unix_stream_are_edges)
{
    struct mio_unix_stream reader, writer;
    unix_pair(&reader, &writer);
    read_and_write(&(const struct link){&reader.source, &writer.source, short_unix_read,
                                        short_unix_readv, short_unix_write, short_unix_writev});
}

/* A datagram that is shorter than the room says nothing about the next one. */
TEST(net_a_short_datagram_has_not_drained)
{
    struct mio_unix_datagram reader, writer;
    struct loop loop = loop_open();
    char bytes[16];
    REQUIRE_EQ(mio_unix_datagram_pair(NULL, &reader, &writer), 0);
    REQUIRE_EQ(mio_unix_datagram_send(&writer, "one", 3), 3);
    REQUIRE_EQ(mio_unix_datagram_send(&writer, "two", 3), 3);
    watch(&loop, &reader.source, CLIENT, MIO_READABLE);
    EXPECT_ONE(&loop, CLIENT, R);
    CHECK_EQ(mio_unix_datagram_recv(&reader, bytes, sizeof bytes), 3);
    EXPECT_NOTHING(&loop);
    CHECK_EQ(mio_unix_datagram_recv(&reader, bytes, sizeof bytes), 3);
    CHECK_EQ(mio_source_close(&reader.source), 0);
    CHECK_EQ(mio_source_close(&writer.source), 0);
    loop_close(&loop);
}

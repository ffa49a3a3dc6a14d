/* SPDX-License-Identifier: MIT */
/* EV1 of streams and pipes: who was given less than he asked for need not ask again for EAGAIN. */
#define _GNU_SOURCE

#include "facts/facts.h"
#include "support.h"

#include <stdlib.h>
#include <unistd.h>

enum { SHORT_ROUNDS = 5, MORE_THAN_FITS = 64 << 20 };

static const struct stream_kind {
    const char *name;
    void (*open)(int ends[2]);
    int reader, writer;
} stream_kinds[] = {
    {"pipe", open_pipe, NEAR, FAR},
    {"Unix stream", open_pair, NEAR, FAR},
    {"TCP", open_tcp, NEAR, FAR},
};

enum { STREAM_KINDS = sizeof stream_kinds / sizeof stream_kinds[0] };

static void read_short(const struct stream_kind *kind)
{
    struct loop loop = loop_open();
    int ends[2];
    char bytes[16];

    kind->open(ends);
    int reader = ends[kind->reader];
    REQUIRE_EQ(mio_registry_register(loop.registry, reader, 1, MIO_READABLE), 0);
    for (int i = 0; i < SHORT_ROUNDS; i++) {
        put(ends[kind->writer], "hello");
        EXPECT_ONE(&loop, 1, MIO_READABLE);
        CHECK_EQ(read(reader, bytes, sizeof bytes), 5);
        again(&loop, reader, MIO_READABLE);
        EXPECT_NOTHING(&loop);
    }
    close_pair(ends);
    loop_close(&loop);
}

TEST(ev1_a_short_read_has_drained)
{
    for (size_t i = 0; i < STREAM_KINDS; i++)
        read_short(&stream_kinds[i]);
}

/* One write that finds no room for all. */
static void write_short(const struct stream_kind *kind)
{
    struct loop loop = loop_open();
    int ends[2];
    char *bytes = calloc(1, MORE_THAN_FITS);

    REQUIRE(bytes);
    kind->open(ends);
    int writer = ends[kind->writer];
    REQUIRE_EQ(mio_registry_register(loop.registry, writer, 1, MIO_WRITABLE), 0);
    EXPECT_ONE(&loop, 1, MIO_WRITABLE);
    for (int i = 0; i < SHORT_ROUNDS; i++) {
        ssize_t written = write(writer, bytes, MORE_THAN_FITS);
        REQUIRE(written > 0 && written < MORE_THAN_FITS);
        again(&loop, writer, MIO_WRITABLE);
        for (ssize_t taken = 0; taken < written;) {
            ssize_t n = read(ends[kind->reader], bytes, MORE_THAN_FITS);
            taken += n > 0 ? n : 0;
        }
        AWAIT_EVENTS(&loop, {1, MIO_WRITABLE});
        while (loop_wait(&loop, 0) > 0) /* each read of the peer may be a change */
            continue;
    }
    free(bytes);
    close_pair(ends);
    loop_close(&loop);
}

TEST(ev1_a_short_write_has_filled)
{
    for (size_t i = 0; i < STREAM_KINDS; i++)
        write_short(&stream_kinds[i]);
}

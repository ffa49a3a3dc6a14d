/* SPDX-License-Identifier: MIT */
/* 16 MiB through edges alone: who drains to EAGAIN is told of all that comes. */
#define _GNU_SOURCE

#include "support.h"

#include <errno.h>
#include <stdatomic.h>

enum { CHUNK = 64 << 10 };

/* One end of a transfer; counts are what has been moved. */
struct end {
    struct mio_tcp_stream stream;
    size_t to_write, to_read; /* in all */
    size_t written, read;
    bool peeks;
    uint8_t buffer[CHUNK];
};

static void write_all_there_is_room_for(struct end *end)
{
    while (end->written < end->to_write) {
        size_t left = end->to_write - end->written;
        size_t size = left < CHUNK ? left : CHUNK;
        transfer_fill(end->buffer, size, end->written);
        ptrdiff_t count = mio_tcp_stream_write(&end->stream, end->buffer, size);
        if (count == -EAGAIN)
            return;
        REQUIRE(count > 0);
        end->written += (size_t)count;
    }
}

/* False after EAGAIN. */
static bool peek_once(struct end *end)
{
    ptrdiff_t count = mio_tcp_stream_peek(&end->stream, end->buffer, 1);
    if (count == -EAGAIN)
        return false;
    REQUIRE_EQ(count, 1);
    CHECK_EQ(end->buffer[0], transfer_byte(end->read));
    return true;
}

static void read_all_there_is(struct end *end)
{
    for (;;) {
        if (end->peeks && !peek_once(end))
            return;
        ptrdiff_t count = mio_tcp_stream_read(&end->stream, end->buffer, CHUNK);
        if (count == -EAGAIN)
            return;
        REQUIRE(count > 0);
        REQUIRE(transfer_matches(end->buffer, (size_t)count, end->read));
        end->read += (size_t)count;
        REQUIRE(end->read <= end->to_read);
    }
}

static bool is_done(const struct end *end)
{
    return end->written == end->to_write && end->read == end->to_read;
}

static void serve(struct end *end, const struct mio_event *event)
{
    CHECK(!mio_event_is_error(event) && !mio_event_is_read_closed(event) &&
          !mio_event_is_write_closed(event));
    if (mio_event_is_readable(event))
        read_all_there_is(end);
    if (mio_event_is_writable(event))
        write_all_there_is_room_for(end);
}

static void watch_end(struct loop *loop, struct end *end, mio_token token)
{
    mio_interest interest = 0;
    if (end->to_read > 0)
        interest |= MIO_READABLE;
    if (end->to_write > 0)
        interest |= MIO_WRITABLE;
    watch(loop, &end->stream.source, token, interest);
}

static void transfer(struct end ends[2])
{
    struct loop loop = loop_open();
    tcp_pair(&ends[0].stream, &ends[1].stream);
    watch_end(&loop, &ends[0], 0);
    watch_end(&loop, &ends[1], 1);
    while (!is_done(&ends[0]) || !is_done(&ends[1])) {
        REQUIRE(loop_wait(&loop, 10 * SECOND) > 0);
        mio_events_each(event, loop.events) {
            REQUIRE(mio_event_token(event) <= 1);
            serve(&ends[mio_event_token(event)], event);
        }
    }
    CHECK_EQ(mio_source_close(&ends[0].stream.source), 0);
    CHECK_EQ(mio_source_close(&ends[1].stream.source), 0);
    loop_close(&loop);
}

static struct end ends[2];

static void transfer_one_way(size_t from, bool peeks)
{
    ends[from] = (struct end){.to_write = TRANSFER};
    ends[1 - from] = (struct end){.to_read = TRANSFER, .peeks = peeks};
    transfer(ends);
}

TEST(net_tcp_read_16_mib_through_edges)
{
    transfer_one_way(1, false);
}

TEST(net_tcp_write_16_mib_through_edges)
{
    transfer_one_way(0, false);
}

TEST(net_tcp_peek_16_mib_through_edges)
{
    transfer_one_way(1, true);
}

TEST(net_tcp_both_directions_16_mib_through_edges)
{
    ends[0] = (struct end){.to_write = TRANSFER, .to_read = TRANSFER};
    ends[1] = (struct end){.to_write = TRANSFER, .to_read = TRANSFER};
    transfer(ends);
}

/* --- one thread reads while another writes --- */

enum { SHARED = 1 << 20 };

static void *write_in_a_thread(void *argument)
{
    struct mio_tcp_stream *stream = argument;
    static uint8_t buffer[CHUNK];
    for (size_t done = 0; done < SHARED;) {
        size_t size = SHARED - done < CHUNK ? SHARED - done : CHUNK;
        transfer_fill(buffer, size, done);
        ptrdiff_t count = mio_tcp_stream_write(stream, buffer, size);
        if (count == -EAGAIN)
            wait_until(stream->source.fd, POLLOUT);
        else if (CHECK(count > 0))
            done += (size_t)count;
        else
            break;
    }
    return NULL;
}

static void *read_in_a_thread(void *argument)
{
    struct mio_tcp_stream *stream = argument;
    static uint8_t buffer[CHUNK];
    for (size_t done = 0; done < SHARED;) {
        ptrdiff_t count = mio_tcp_stream_read(stream, buffer, CHUNK);
        if (count == -EAGAIN) {
            wait_until(stream->source.fd, POLLIN);
            continue;
        }
        if (!CHECK(count > 0) || !CHECK(transfer_matches(buffer, (size_t)count, done)))
            break;
        done += (size_t)count;
    }
    return NULL;
}

/* The far end sends back what it gets. */
static void *echo_in_a_thread(void *argument)
{
    struct mio_tcp_stream *stream = argument;
    static uint8_t buffer[CHUNK];
    for (;;) {
        ptrdiff_t size = mio_tcp_stream_read(stream, buffer, CHUNK);
        if (size == -EAGAIN) {
            wait_until(stream->source.fd, POLLIN);
            continue;
        }
        if (!CHECK(size >= 0) || size == 0)
            return NULL;
        for (ptrdiff_t done = 0; done < size;) {
            ptrdiff_t count = mio_tcp_stream_write(stream, buffer + done, (size_t)(size - done));
            if (count == -EAGAIN)
                wait_until(stream->source.fd, POLLOUT);
            else if (CHECK(count > 0))
                done += count;
            else
                return NULL;
        }
    }
}

TEST(net_tcp_one_thread_reads_while_another_writes)
{
    struct loop loop = loop_open();
    struct mio_tcp_stream client;
    struct mio_tcp_stream server;
    tcp_pair(&client, &server);
    /* Registered, so that both threads ask for edges where that is needed. */
    watch(&loop, &client.source, CLIENT, MIO_READABLE | MIO_WRITABLE);
    pthread_t echo = thread_start(echo_in_a_thread, &server);
    pthread_t reader = thread_start(read_in_a_thread, &client);
    pthread_t writer = thread_start(write_in_a_thread, &client);
    thread_join(writer);
    thread_join(reader);
    CHECK_EQ(mio_tcp_stream_shutdown(&client, MIO_SHUTDOWN_WRITE), 0);
    thread_join(echo);
    CHECK_EQ(mio_source_close(&client.source), 0);
    CHECK_EQ(mio_source_close(&server.source), 0);
    loop_close(&loop);
}

/* SPDX-License-Identifier: MIT */
/*
 * Two queues of bytes and what is known of the stream: whether reading and writing are worth
 * trying, which an event says and a drained call takes back, and how each direction has ended.
 *
 * What a taking call points at stays in the queue until the next call, so that it is there for as
 * long as is promised.
 */
#include <mio/buffered.h>

#include "../os/memory.h"
#include "byte_queue.h"

#include <errno.h>
#include <string.h>

enum { CHUNK = 4096 }; /* room that is made for a read, at least, within the bound */

struct mio_buffered {
    struct mio_buffered_io io;
    void *stream;
    struct mio_allocator allocator;
    size_t most_incoming;
    size_t most_outgoing;
    size_t high_mark;
    size_t low_mark;

    struct mio__byte_queue incoming;
    size_t given;      /* of its first bytes, what the last call has pointed at */
    size_t searched;   /* of the bytes behind those, what has no end of a line */
    bool may_read;     /* there may be something to read */
    bool reads_to_end; /* the peer has ended its half: no short read has drained the stream */
    bool has_ended;    /* reading has come to the end */
    bool has_too_few;  /* the last call found too few bytes */
    int read_error;    /* 0, or what reading has come to */

    struct mio__byte_queue outgoing;
    bool may_write;
    bool is_congested;
    int write_error;
};

/* --- making and freeing --- */

static const struct mio_buffered_options default_options = {
    .most_incoming = 65536,
    .most_outgoing = 1048576,
    .high_mark = 262144,
    .low_mark = 65536,
};

static size_t no_more_than(size_t value, size_t bound)
{
    return value < bound ? value : bound;
}

/* Puts the defaults in, and looks whether the bounds fit together. */
static int choose_bounds(struct mio_buffered *made, const struct mio_buffered_options *options)
{
    const struct mio_buffered_options *defaults = &default_options;
    const size_t most = PTRDIFF_MAX / 2; /* sums of two do not overflow */
    if (!options)
        options = defaults;
    if (options->reserved[0] != 0 || options->reserved[1] != 0 ||
        !mio__allocator_is_valid(options->allocator))
        return -EINVAL;
    made->allocator = options->allocator ? *options->allocator : mio__default_allocator;
    made->most_incoming =
        options->most_incoming > 0 ? options->most_incoming : defaults->most_incoming;
    made->most_outgoing =
        options->most_outgoing > 0 ? options->most_outgoing : defaults->most_outgoing;
    made->high_mark = options->high_mark > 0
                          ? options->high_mark
                          : no_more_than(defaults->high_mark, made->most_outgoing);
    made->low_mark = options->low_mark > 0 ? options->low_mark
                                           : no_more_than(defaults->low_mark, made->high_mark);
    bool fits = made->most_incoming <= most && made->most_outgoing <= most &&
                made->high_mark <= made->most_outgoing && made->low_mark <= made->high_mark;
    return fits ? 0 : -EINVAL;
}

int mio_buffered_new(const struct mio_buffered_io *io, void *stream,
                     const struct mio_buffered_options *options, struct mio_buffered **buffered)
{
    if (!io || !io->read || !io->write || io->reserved[0] != 0 || io->reserved[1] != 0 || !buffered)
        return -EINVAL;
    struct mio_buffered chosen = {.io = *io, .stream = stream, .may_read = true, .may_write = true};
    int error = choose_bounds(&chosen, options);
    if (error < 0)
        return error;
    struct mio_buffered *made = mio__allocate(&chosen.allocator, sizeof *made);
    if (!made)
        return -ENOMEM;
    *made = chosen;
    *buffered = made;
    return 0;
}

static ptrdiff_t read_tcp(void *stream, void *buffer, size_t size)
{
    return mio_tcp_stream_read(stream, buffer, size);
}

static ptrdiff_t write_tcp(void *stream, const void *buffer, size_t size)
{
    return mio_tcp_stream_write(stream, buffer, size);
}

int mio_buffered_new_tcp(struct mio_tcp_stream *stream, const struct mio_buffered_options *options,
                         struct mio_buffered **buffered)
{
    const struct mio_buffered_io io = {.read = read_tcp, .write = write_tcp};
    return stream ? mio_buffered_new(&io, stream, options, buffered) : -EINVAL;
}

static ptrdiff_t read_unix(void *stream, void *buffer, size_t size)
{
    return mio_unix_stream_read(stream, buffer, size);
}

static ptrdiff_t write_unix(void *stream, const void *buffer, size_t size)
{
    return mio_unix_stream_write(stream, buffer, size);
}

int mio_buffered_new_unix(struct mio_unix_stream *stream,
                          const struct mio_buffered_options *options,
                          struct mio_buffered **buffered)
{
    const struct mio_buffered_io io = {.read = read_unix, .write = write_unix};
    return stream ? mio_buffered_new(&io, stream, options, buffered) : -EINVAL;
}

void mio_buffered_free(struct mio_buffered *buffered)
{
    if (!buffered)
        return;
    struct mio_allocator allocator = buffered->allocator;
    mio__bytes_free(&buffered->incoming, &allocator);
    mio__bytes_free(&buffered->outgoing, &allocator);
    mio__release(&allocator, buffered, sizeof *buffered);
}

/* --- reading --- */

/* What the last call has pointed at is gone. */
static void drop_given(struct mio_buffered *buffered)
{
    mio__bytes_consume(&buffered->incoming, buffered->given);
    buffered->given = 0;
}

/* Reads once, with room for `wanted` bytes at least. 0 or an error, which may be one of reading. */
static int read_once(struct mio_buffered *buffered, size_t wanted)
{
    size_t room = buffered->most_incoming - buffered->incoming.len;
    int error = mio__bytes_reserve(&buffered->incoming, &buffered->allocator,
                                   wanted > CHUNK ? wanted : no_more_than(CHUNK, room),
                                   buffered->most_incoming);
    if (error < 0)
        return error;
    char *end = mio__bytes_end(&buffered->incoming, &room);
    ptrdiff_t result = buffered->io.read(buffered->stream, end, room);
    if (result > 0) {
        buffered->incoming.len += (size_t)result;
        bool is_drained = (size_t)result < room && !buffered->io.may_be_short;
        buffered->may_read = !is_drained || buffered->reads_to_end;
        return 0;
    }
    buffered->may_read = false;
    buffered->has_ended = result == 0;
    if (result < 0 && result != -EAGAIN)
        buffered->read_error = (int)result;
    return buffered->read_error;
}

/* Nothing more can be taken for now. */
static int come_up_short(struct mio_buffered *buffered)
{
    mio__bytes_trim(&buffered->incoming, &buffered->allocator);
    buffered->has_too_few = true;
    return buffered->read_error;
}

/* Reads until there are `size` bytes, as nearly as may be. */
static int fill(struct mio_buffered *buffered, size_t size)
{
    int error = 0;
    while (error == 0 && buffered->may_read && buffered->incoming.len < size)
        error = read_once(buffered, size - buffered->incoming.len);
    return error == buffered->read_error ? 0 : error;
}

static int give(struct mio_buffered *buffered, size_t count, const char **bytes)
{
    buffered->has_too_few = false;
    buffered->given = count;
    buffered->searched = 0;
    *bytes = mio__bytes_first(&buffered->incoming);
    return 1;
}

/* The length of a line whose end is behind so many bytes. */
static size_t length_of_line(const char *bytes, size_t before_end)
{
    return before_end > 0 && bytes[before_end - 1] == '\r' ? before_end - 1 : before_end;
}

/* A line that is there, with its end: 1 or 0. */
static int find_line(struct mio_buffered *buffered, const char **line, size_t *length)
{
    const char *first = mio__bytes_first(&buffered->incoming);
    size_t len = buffered->incoming.len;
    const char *end = len > buffered->searched
                          ? memchr(first + buffered->searched, '\n', len - buffered->searched)
                          : NULL;
    buffered->searched = len;
    if (!end)
        return 0;
    *length = length_of_line(first, (size_t)(end - first));
    return give(buffered, (size_t)(end - first) + 1, line);
}

int mio_buffered_line(struct mio_buffered *buffered, const char **line, size_t *length)
{
    if (!buffered || !line || !length)
        return -EINVAL;
    drop_given(buffered);
    int found = find_line(buffered, line, length);
    while (found == 0 && buffered->may_read && buffered->incoming.len < buffered->most_incoming) {
        int error = read_once(buffered, 1);
        if (error < 0 && error != buffered->read_error)
            return error;
        found = find_line(buffered, line, length);
    }
    if (found > 0)
        return found;
    size_t rest = buffered->incoming.len;
    if (rest == buffered->most_incoming) /* the end is found where there is room for more */
        return -EMSGSIZE;
    if (buffered->has_ended && rest > 0) {
        *length = rest;
        return give(buffered, rest, line);
    }
    return come_up_short(buffered);
}

int mio_buffered_take(struct mio_buffered *buffered, size_t size, const char **bytes)
{
    if (!buffered || !bytes || size == 0)
        return -EINVAL;
    drop_given(buffered);
    if (size > buffered->most_incoming)
        return -EMSGSIZE;
    int error = fill(buffered, size);
    if (error < 0)
        return error;
    return buffered->incoming.len >= size ? give(buffered, size, bytes) : come_up_short(buffered);
}

int mio_buffered_some(struct mio_buffered *buffered, const char **bytes, size_t *length)
{
    if (!buffered || !bytes || !length)
        return -EINVAL;
    drop_given(buffered);
    int error = fill(buffered, 1);
    if (error < 0)
        return error;
    if (buffered->incoming.len == 0)
        return come_up_short(buffered);
    *length = buffered->incoming.len;
    return give(buffered, *length, bytes);
}

bool mio_buffered_has_ended(const struct mio_buffered *buffered)
{
    return buffered && buffered->has_ended &&
           (buffered->has_too_few || buffered->incoming.len == buffered->given);
}

/* --- writing --- */

/* Writes once. How many bytes are gone. */
static size_t write_once(struct mio_buffered *buffered, const char *bytes, size_t size)
{
    ptrdiff_t result = buffered->io.write(buffered->stream, bytes, size);
    size_t gone = result > 0 ? (size_t)result : 0;
    if (result <= 0 || (gone < size && !buffered->io.may_be_short))
        buffered->may_write = false;
    if (result < 0 && result != -EAGAIN)
        buffered->write_error = (int)result;
    return gone;
}

static void mark_congestion(struct mio_buffered *buffered)
{
    size_t waiting = buffered->outgoing.len;
    buffered->is_congested =
        waiting >= (buffered->is_congested ? buffered->low_mark + 1 : buffered->high_mark);
}

static void flush_outgoing(struct mio_buffered *buffered)
{
    struct mio__byte_queue *queue = &buffered->outgoing;
    while (queue->len > 0 && buffered->may_write) /* not after an error */
        mio__bytes_consume(queue, write_once(buffered, mio__bytes_first(queue), queue->len));
    mio__bytes_trim(queue, &buffered->allocator);
    mark_congestion(buffered);
}

int mio_buffered_write(struct mio_buffered *buffered, const void *bytes, size_t size)
{
    if (!buffered || (!bytes && size > 0))
        return -EINVAL;
    if (buffered->write_error != 0)
        return buffered->write_error;
    /* Before anything is written: then it is all or nothing. */
    struct mio__byte_queue *queue = &buffered->outgoing;
    int error = mio__bytes_reserve(queue, &buffered->allocator, size, buffered->most_outgoing);
    if (error < 0)
        return error;
    const char *rest = bytes;
    while (size > 0 && queue->len == 0 && buffered->may_write) {
        size_t gone = write_once(buffered, rest, size);
        rest += gone;
        size -= gone;
    }
    if (size > 0 && buffered->write_error == 0) {
        size_t room;
        memcpy(mio__bytes_end(queue, &room), rest, size);
        queue->len += size;
    }
    mio__bytes_trim(queue, &buffered->allocator);
    mark_congestion(buffered);
    return buffered->write_error;
}

size_t mio_buffered_pending(const struct mio_buffered *buffered)
{
    return buffered ? buffered->outgoing.len : 0;
}

bool mio_buffered_is_congested(const struct mio_buffered *buffered)
{
    return buffered && buffered->is_congested;
}

/* --- events --- */

int mio_buffered_event(struct mio_buffered *buffered, const struct mio_event *event)
{
    if (!buffered || !event)
        return -EINVAL;
    if (mio_event_may_read(event) && !buffered->has_ended && buffered->read_error == 0) {
        buffered->may_read = true;
        buffered->reads_to_end =
            buffered->reads_to_end || mio_event_is_read_closed(event) || mio_event_is_error(event);
    }
    if (mio_event_may_write(event) && buffered->write_error == 0) {
        buffered->may_write = true;
        flush_outgoing(buffered);
    }
    return buffered->write_error;
}

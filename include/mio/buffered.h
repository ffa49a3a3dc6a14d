/* SPDX-License-Identifier: MIT */
/*
 * A buffered stream: keeps what cannot be written yet and writes it when there is room, and cuts
 * what comes into lines or records of a known length.
 *
 *   mio_tcp_listener_accept(listener, &connection->stream, NULL);
 *   mio_source_register(&connection->stream.source, registry, token, MIO_READABLE | MIO_WRITABLE);
 *   mio_buffered_new_tcp(&connection->stream, NULL, &connection->buffered);
 *   ...
 *   int error = mio_buffered_event(connection->buffered, event);
 *   while ((error = mio_buffered_line(connection->buffered, &line, &length)) > 0)
 *       error = mio_buffered_write(connection->buffered, answer, size);
 *   if (error < 0 || mio_buffered_has_ended(connection->buffered))
 *       ... close the stream, and mio_buffered_free()
 *
 * The stream is the program's: it registers it, closes it, and may be asked anything. It must stay
 * where it is. Register it edge-triggered for both directions, once, and give each of its events to
 * mio_buffered_event(). Level-triggered it works too, with MIO_READABLE alone while nothing waits
 * to be written (mio_buffered_pending()).
 *
 * A stream that is connecting has neither: make this when mio_tcp_stream_finish_connect() is 0.
 *
 * READING. A call that takes bytes reads from the stream when it has too few of them, for as long
 * as the stream has any. So take until a call returns 0; the next event says that there is more. Who
 * stops earlier loses nothing, but no event reminds of what is there already.
 *
 * MEMORY is bounded by the options, allocated when it is needed, and given back when a direction is
 * empty: a connection that is idle holds some 200 bytes.
 *
 * Calls for one buffered stream must not overlap. No call is for a signal handler.
 */
#ifndef MIO_BUFFERED_H
#define MIO_BUFFERED_H

#include <mio/event.h>
#include <mio/options.h>
#include <mio/tcp.h>
#include <mio/unix.h>

#include <stdbool.h>

MIO_BEGIN_DECLS

struct mio_buffered;

/*
 * How the bytes of a stream are moved, for what is neither TCP nor a Unix stream: TLS, for one.
 * Both are non-blocking and return a count, which may be less than was asked for, -EAGAIN when
 * nothing can be moved now, or another negative errno value. Reading 0 is the end. `stream` is what
 * mio_buffered_new() was given. Neither is called with a size of 0.
 */
struct mio_buffered_io {
    ptrdiff_t (*read)(void *stream, void *buffer, size_t size);
    ptrdiff_t (*write)(void *stream, const void *buffer, size_t size);
    /*
     * A short read or write may have left something: after it the call is made again until
     * -EAGAIN. false: it has drained the stream, as that of a socket has (EV1 in docs/contract.md).
     */
    bool may_be_short;
    uintptr_t reserved[2]; /* 0 */
};

/* Bounds, in bytes. 0 is the default, which is named. NULL for the struct: all defaults. */
struct mio_buffered_options {
    size_t most_incoming; /* the longest line or record; 65,536 */
    size_t most_outgoing; /* what may wait to be written; 1,048,576 */
    /* The marks of mio_buffered_is_congested(): 262,144 and 65,536, or less where most_outgoing is
     * less. Neither above most_outgoing, and low_mark not above high_mark. */
    size_t high_mark;
    size_t low_mark;
    const struct mio_allocator *allocator; /* NULL: malloc and free */
    uintptr_t reserved[2];                 /* 0 */
};

/*
 * Makes a buffered stream over any kind (_new), over TCP, and over a Unix stream. It is freed by
 * mio_buffered_free(). `io` is copied. -EINVAL: NULL (`stream` of _new may be), a bound that does
 * not fit with the others, an allocator that is wrong, or a reserved member that is not 0. -ENOMEM.
 */
MIO_NODISCARD MIO_API int mio_buffered_new(const struct mio_buffered_io *io, void *stream,
                                           const struct mio_buffered_options *options,
                                           struct mio_buffered **buffered);
MIO_NODISCARD MIO_API int mio_buffered_new_tcp(struct mio_tcp_stream *stream,
                                               const struct mio_buffered_options *options,
                                               struct mio_buffered **buffered);
MIO_NODISCARD MIO_API int mio_buffered_new_unix(struct mio_unix_stream *stream,
                                                const struct mio_buffered_options *options,
                                                struct mio_buffered **buffered);

/* Frees it (or NULL), and what waits in it. The stream is left alone. */
MIO_API void mio_buffered_free(struct mio_buffered *buffered);

/*
 * Takes an event of the stream's: writes what waits to be written, and remembers that there may be
 * something to read. 0, or the error of writing. -EINVAL: NULL.
 */
MIO_API int mio_buffered_event(struct mio_buffered *buffered, const struct mio_event *event);

/* --- reading --- */

/*
 * The next line (_line) without its end, which is "\n" or "\r\n"; the next `size` bytes (_take); or
 * whatever there is, at least a byte (_some). The bytes are valid until the next call for the
 * buffered stream, and are not ended by a 0. Returns 1; or 0 when they have not come yet, or the
 * stream has ended before them.
 *
 * The last line of a stream may lack its end. What a stream that has ended leaves short of a record
 * is taken by _some.
 *
 * -EMSGSIZE: the line, or `size`, is longer than most_incoming; nothing is lost, and _some takes it
 * in parts. -EINVAL: NULL, or a size of 0. -ENOMEM: try again. Any other error is that of reading.
 * It is returned once all that was read before it has been taken, and again by each later call.
 */
MIO_NODISCARD MIO_API int mio_buffered_line(struct mio_buffered *buffered, const char **line,
                                            size_t *length);
MIO_NODISCARD MIO_API int mio_buffered_take(struct mio_buffered *buffered, size_t size,
                                            const char **bytes);
MIO_NODISCARD MIO_API int mio_buffered_some(struct mio_buffered *buffered, const char **bytes,
                                            size_t *length);

/* Whether the peer has ended its half and all that it sent has been taken. NULL: false. */
MIO_API bool mio_buffered_has_ended(const struct mio_buffered *buffered);

/* --- writing --- */

/*
 * Writes, or keeps until there is room: all of it, or nothing after an error. What is kept is
 * written by mio_buffered_event(). -ENOBUFS: more than most_outgoing would wait. -EINVAL: NULL.
 * -ENOMEM. -EPIPE, -ECONNRESET and the like: the stream is broken; each later call returns it
 * again.
 */
MIO_NODISCARD MIO_API int mio_buffered_write(struct mio_buffered *buffered, const void *bytes,
                                             size_t size);

/* How many bytes wait to be written. NULL: 0. Close a stream when that is 0, or they are lost. */
MIO_API size_t mio_buffered_pending(const struct mio_buffered *buffered);

/* Whether too much waits: true from high_mark on, until it is low_mark or less. Who takes nothing
 * from a peer meanwhile keeps one that does not read from filling the memory. NULL: false. */
MIO_API bool mio_buffered_is_congested(const struct mio_buffered *buffered);

MIO_END_DECLS

#endif

/* SPDX-License-Identifier: MIT */
/*
 * Pipes and FIFOs as the flavour has them.
 *
 * A BSD pipe holds a number of bytes, not of pages, and most kernels post the knotes of both ends
 * at every read and write, whatever changed. So a write stops where the flavour's pipe is full,
 * though Linux has room, and each finished call posts what that flavour posts.
 */
#define _GNU_SOURCE

#include "kqmodel_inner.h"
#include "kqmodel_wraps.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <time.h>

#include <sys/ioctl.h>

enum { PIPE_ATOMIC = 512, GROWN = 65536, PAGES_FOR_BYTES = 4 };

/* --- sizes --- */

/* A larger pipe is known by what Linux holds for it, so that a child knows it too. */
int64_t pipe_capacity(int fd, bool fifo)
{
    if (fifo)
        return flavour.fifo_capacity;
    bool grown = flavour.pipe_growth != GROWTH_NEVER &&
                 fcntl(fd, F_GETPIPE_SZ) >= (int)GROWN * PAGES_FOR_BYTES;
    return grown ? GROWN : flavour.pipe_capacity;
}

static int64_t unread_in_pipe(int fd)
{
    int unread = 0;
    return ioctl(fd, FIONREAD, &unread) == 0 ? unread : 0;
}

/* Linux counts pages, not bytes: four times the bytes holds them however it is filled. */
static void widen(int fd, int64_t size)
{
    int error = errno;
    fcntl(fd, F_SETPIPE_SZ, (int)size * PAGES_FOR_BYTES);
    errno = error;
}

static void grow(int fd, int64_t length)
{
    int64_t unread = unread_in_pipe(fd);
    bool crowded = unread + length > flavour.pipe_capacity;
    bool grows = flavour.pipe_growth == GROWTH_EMPTY
                     ? unread == 0 && crowded
                     : flavour.pipe_growth == GROWTH_CROWDED && crowded;
    if (grows && pipe_capacity(fd, false) < GROWN)
        widen(fd, GROWN);
}

/* --- what a finished call posts, whether it changed anything or not --- */

struct posting {
    bool read;
    bool write;
    bool backward; /* knotes in the wrong direction */
};

static void post_pipe(struct file_id id, struct posting posting)
{
    file_catch_up(id);
    for (struct knote *knote = knotes_of_file(id); knote; knote = next_of_file(knote)) {
        bool writing = knote->kind == KIND_WRITE;
        bool forward = writing ? knote->seen.writes : knote->seen.reads;
        knote_news(knote, !forward ? posting.backward : writing ? posting.write : posting.read);
        kq_settle(knote->kq);
    }
}

static bool is_fifo(struct file_id id)
{
    const struct knote *knote = knotes_of_file(id);
    return knote && knote->seen.kind == FILE_FIFO;
}

void pipe_was_read(int fd, struct file_id id, ssize_t result, int error)
{
    bool fifo = is_fifo(id);
    bool socket = fifo && flavour.fifo_is_socket;
    if (result < 0 && (socket || !flavour.pipe_failed_read_posts || error != EAGAIN))
        return;
    for (struct knote *knote = knotes_of_file(id); knote; knote = next_of_file(knote))
        knote->seen.arrivals -= result > 0 ? result : 0;
    int64_t free_space = pipe_capacity(fd, fifo) - unread_in_pipe(fd);
    bool posts_read =
        older_release() ? flavour.older_pipe_read_posts_read : flavour.pipe_read_posts_read;
    int64_t freed = fifo ? flavour.fifo_write_mark : flavour.pipe_read_posts_write;
    post_pipe(id, (struct posting){
                      .read = !socket && posts_read && free_space >= flavour.pipe_read_posts_from,
                      .write = socket ? result > 0 : free_space >= freed,
                  });
}

/* A call that found no room proves that there was none, whatever there is by now. */
static void pipe_was_full(struct file_id id)
{
    for (struct knote *knote = knotes_of_file(id); knote; knote = next_of_file(knote))
        knote->seen.space = 0;
}

static bool failed_write_posts(bool had_room)
{
    return flavour.pipe_failed_write_posts == FAILED_POSTS ||
           (flavour.pipe_failed_write_posts == FAILED_POSTS_WITH_ROOM && had_room);
}

static void pipe_was_written(struct file_id id, ssize_t result, int error, bool had_room)
{
    bool failed = result < 0;
    bool socket = is_fifo(id) && flavour.fifo_is_socket;
    if (failed && error == EAGAIN)
        pipe_was_full(id);
    if (failed && (error != EAGAIN || socket || !failed_write_posts(had_room)))
        return;
    bool posts_write =
        older_release() ? flavour.older_pipe_write_posts_write : flavour.pipe_write_posts_write;
    post_pipe(id, (struct posting){
                      .read = true,
                      .write = posts_write && !failed && !socket,
                      .backward = flavour.pipe_write_posts_backward && !failed && !socket,
                  });
}

size_t length_of(const struct iovec *parts, int count)
{
    size_t length = 0;
    for (int i = 0; i < count; i++)
        length += parts[i].iov_len;
    return length;
}

/* The first `limit` bytes of the parts, after `skip`. */
static int cut(const struct iovec *parts, int count, size_t skip, size_t limit, struct iovec *piece)
{
    enum { MAX_PARTS = 64 };
    int used = 0;
    for (int i = 0; i < count && used < MAX_PARTS && limit > 0; i++) {
        if (skip >= parts[i].iov_len) {
            skip -= parts[i].iov_len;
            continue;
        }
        size_t here = parts[i].iov_len - skip;
        here = here < limit ? here : limit;
        piece[used++] = (struct iovec){(char *)parts[i].iov_base + skip, here};
        limit -= here;
        skip = 0;
    }
    return used;
}

/* One attempt, as far as the flavour's capacity allows. */
static ssize_t try_pipe(int fd, struct file_id id, const struct iovec *parts, int count,
                        size_t skip, size_t length, int *error)
{
    enum { MAX_PARTS = 64 };
    struct iovec piece[MAX_PARTS];
    struct pollfd peer = {.fd = fd, .events = POLLOUT};
    bool gone = poll(&peer, 1, 0) > 0 && (peer.revents & POLLERR);
    bool fifo = !pipe_is_unnamed(fd);
    if (!fifo)
        grow(fd, (int64_t)length);
    int64_t space = pipe_capacity(fd, fifo) - unread_in_pipe(fd);
    size_t room = space > 0 ? (size_t)space : 0;
    ssize_t result = -1;
    *error = EAGAIN;
    if (gone || (room > 0 && (length <= room || length > PIPE_ATOMIC))) {
        size_t limit = gone || length < room ? length : room;
        result = __real_writev(fd, piece, cut(parts, count, skip, limit, piece));
        *error = errno;
    }
    pipe_was_written(id, result, *error, room > 0);
    return result;
}

ssize_t write_pipe(int fd, struct file_id id, const struct iovec *parts, int count)
{
    const struct timespec pause = {.tv_nsec = 1000000};
    size_t length = length_of(parts, count);
    size_t written = 0;
    bool waits = !(fcntl(fd, F_GETFL) & O_NONBLOCK);
    for (;;) {
        sigset_t mask;
        int error;
        model_lock(&mask);
        ssize_t result = try_pipe(fd, id, parts, count, written, length - written, &error);
        model_unlock(&mask);
        if (result > 0)
            written += (size_t)result;
        if (written == length || (result > 0 && !waits))
            return (ssize_t)written;
        if (result < 0 && (error != EAGAIN || !waits)) {
            errno = error;
            return written > 0 ? (ssize_t)written : -1;
        }
        if (result <= 0 && nanosleep(&pause, NULL) != 0)
            return written > 0 ? (ssize_t)written : -1;
    }
}

/* --- making pipes --- */

static void pipe_made(int fd)
{
    if (flavour.pipe_capacity > PIPE_MARK * 32)
        widen(fd, flavour.pipe_capacity);
    identity_pipe_made(fd);
}

int __wrap_pipe(int ends[2])
{
    int result = __real_pipe(ends);
    if (result == 0)
        pipe_made(ends[0]);
    return result;
}

int __wrap_pipe2(int ends[2], int flags)
{
    int result = __real_pipe2(ends, flags);
    if (result == 0)
        pipe_made(ends[0]);
    return result;
}

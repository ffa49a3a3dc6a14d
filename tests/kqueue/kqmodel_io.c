/* SPDX-License-Identifier: MIT */
/*
 * The wrapped system calls: what the program does to its descriptors, told to the model.
 *
 * Each forwards to the real call and then tells what it did, because Linux is silent where a BSD
 * posts a knote (a read that leaves bytes in a pipe), posts where a BSD is silent, or forgets late
 * (an epoll keeps a closed number while a duplicate lives). Arrivals are told from the program's
 * own reads by subtracting the latter from what the knotes had seen; so the order of a read and the
 * news of an arrival does not matter, and nothing is lost between threads.
 *
 * A write to a pipe stops at the flavour's capacity, not at Linux's.
 */
#define _GNU_SOURCE

#include "kqmodel_inner.h"
#include "kqmodel_wraps.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <sys/ioctl.h>
#include <sys/stat.h>

enum object object_of(int fd, struct file_id *id)
{
    struct stat st;
    if (__real_fstat(fd, &st) != 0)
        return OBJECT_OTHER;
    *id = (struct file_id){.device = st.st_dev, .inode = st.st_ino};
    return S_ISSOCK(st.st_mode) ? OBJECT_SOCKET : S_ISFIFO(st.st_mode) ? OBJECT_PIPE : OBJECT_OTHER;
}

bool has_knotes(struct file_id id)
{
    return knotes_of_file(id) != NULL;
}

void tell_news(int fd)
{
    struct file_id id;
    if (object_of(fd, &id) == OBJECT_SOCKET)
        file_news(id);
}

/* --- numbers that go away --- */

/* An end of a pipe or FIFO that was opened again is seen before it goes, or its going would be no
 * news. */
static void see_pipe_end(int fd)
{
    struct file_id id;
    if (knotes_alive() > 0 && object_of(fd, &id) == OBJECT_PIPE && has_knotes(id))
        file_news(id);
}

int __wrap_close(int fd)
{
    sigset_t mask;
    struct farewell farewell;
    model_lock(&mask);
    see_pipe_end(fd);
    socket_closing(fd, &farewell);
    descriptor_closing(fd);
    identity_closing(fd);
    int result = __real_close(fd);
    int error = errno;
    socket_closed(&farewell);
    model_unlock(&mask);
    errno = error;
    return result;
}

int __wrap_dup2(int from, int to)
{
    sigset_t mask;
    model_lock(&mask);
    if (from != to && fcntl(from, F_GETFD) >= 0)
        descriptor_closing(to);
    int result = __real_dup2(from, to);
    int error = errno;
    model_unlock(&mask);
    errno = error;
    return result;
}

int __wrap_dup3(int from, int to, int flags)
{
    sigset_t mask;
    model_lock(&mask);
    if (from != to && fcntl(from, F_GETFD) >= 0)
        descriptor_closing(to);
    int result = __real_dup3(from, to, flags);
    int error = errno;
    model_unlock(&mask);
    errno = error;
    return result;
}

pid_t __wrap_fork(void)
{
    sigset_t mask;
    model_lock(&mask);
    pid_t child = __real_fork();
    int error = errno;
    if (child == 0)
        kq_forked();
    if (child >= 0)
        sockets_shared();
    model_unlock(&mask);
    errno = error;
    return child;
}

/* --- reading --- */

/* What arrived before this read is an edge even if the read takes it all. An error that Linux no
 * longer knows of comes when there is nothing left to read. */
static int error_before_read(int fd)
{
    struct pollfd data = {.fd = fd, .events = POLLIN};
    struct file_id id;
    enum object object = object_of(fd, &id);
    if (object != OBJECT_OTHER && has_knotes(id))
        file_news(id);
    if (object != OBJECT_SOCKET)
        return 0;
    const struct record *record = record_find(id);
    if (!record || record->error == 0)
        return 0;
    return poll(&data, 1, 0) > 0 && (data.revents & POLLIN) ? 0 : record_take_error(fd);
}

/* The urgent byte was looked at. Linux forgets a mark whose byte was taken, a BSD does not; some
 * end the condition if the reader stands at the mark. */
static void urgent_was_read(int fd, struct file_id id, int flags)
{
    struct look now;
    if (!file_look(fd, &now) || !now.tcp)
        return;
    if (now.at_mark)
        record_make(id)->mark_taken = true;
    else if (!now.urgent && !(flags & MSG_PEEK))
        record_make(id)->urgent_ahead = true;
    if (!file_look(fd, &now))
        return;
    for (struct knote *knote = knotes_of_file(id); knote; knote = next_of_file(knote))
        knote->seen.urgent = knote->seen.urgent && now.urgent;
}

static void socket_was_read(int fd, struct file_id id, ssize_t result)
{
    struct look now;
    if (!file_look(fd, &now))
        return;
    int64_t taken = now.counts_all ? 0 : now.kind == FILE_DATAGRAM ? 1 : result;
    for (struct knote *knote = knotes_of_file(id); knote; knote = next_of_file(knote)) {
        if (knote->kind == KIND_WRITE)
            continue;
        knote->seen.arrivals -= taken;
        knote->seen.urgent = knote->seen.urgent && now.urgent;
    }
}

/* Terminals: they may count nothing, so whatever comes next is new. */
static void other_was_read(struct file_id id, ssize_t result)
{
    for (struct knote *knote = knotes_of_file(id); knote; knote = next_of_file(knote)) {
        knote->seen.arrivals -= result;
        knote->seen.mark = 0;
    }
}

/* Afterwards. May turn the result into the error that was kept. */
static ssize_t after_read(int fd, ssize_t result, int flags, int *error)
{
    struct file_id id;
    enum object object = object_of(fd, &id);
    if (object == OBJECT_PIPE && has_knotes(id))
        pipe_was_read(fd, id, result, *error);
    if (object == OBJECT_OTHER && result > 0 && has_knotes(id))
        other_was_read(id, result);
    if (object != OBJECT_SOCKET)
        return result;
    if (result > 0 && (flags & MSG_OOB))
        urgent_was_read(fd, id, flags);
    bool took = result >= 0 && !(flags & (MSG_PEEK | MSG_OOB | MSG_ERRQUEUE));
    if (took && has_knotes(id))
        socket_was_read(fd, id, result);
    if (took)
        unix_was_read(fd, id, result);
    if (result < 0 && *error == EPIPE)
        *error = ECONNRESET; /* Linux, of a reset after the peer's FIN */
    int kept = result == 0 || (result < 0 && *error == EAGAIN) ? record_take_error(fd) : 0;
    if (kept == 0)
        return result;
    *error = kept;
    return -1;
}

/* A Unix client whose listener closed before it accepted. */
static bool has_waited_in_vain(int fd)
{
    sigset_t mask;
    struct file_id id;
    model_lock(&mask);
    const struct record *record = file_identify(fd, &id) ? record_find(id) : NULL;
    bool waited = record && record->ticket != 0 && flavour.unaccepted_error != 0;
    model_unlock(&mask);
    return waited;
}

/* Linux tells the owner of a Unix stream that the peer left data unread; a BSD just ends the
 * stream. */
static bool invented_reset(int fd, ssize_t result)
{
    int error = errno;
    int domain = 0;
    int type = 0;
    socklen_t size = sizeof domain;
    if (result >= 0 || error != ECONNRESET)
        return false;
    __real_getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &size);
    __real_getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &size);
    bool invented = domain == AF_UNIX && type != SOCK_DGRAM && !has_waited_in_vain(fd);
    errno = error;
    return invented;
}

/* The own end of reading, where Linux was not told of it or undid it. */
static bool is_at_own_end(int fd)
{
    struct file_id id;
    int unread = 0;
    if (object_of(fd, &id) != OBJECT_SOCKET)
        return false;
    const struct record *record = record_find(id);
    if (!record || !(record->shut_read || record->aborted))
        return false;
    if (record->aborted)
        return true;
    if (is_unix_stream(fd))
        return ioctl(fd, FIONREAD, &unread) == 0 && unread == 0;
    struct look now; /* throws away what has come since */
    file_look(fd, &now);
    return now.tcp;
}

/* Whether the call needs not be made: what it returns, with errno, is in `result` then. */
static bool is_settled(int fd, ssize_t *result)
{
    sigset_t mask;
    int before = errno;
    model_lock(&mask);
    int error = error_before_read(fd);
    bool ended = error == 0 && is_at_own_end(fd);
    model_unlock(&mask);
    errno = error != 0 ? error : before;
    *result = error != 0 ? -1 : 0;
    return error != 0 || ended;
}

static ssize_t finish_read(int fd, ssize_t result, int flags)
{
    int error = errno;
    sigset_t mask;
    model_lock(&mask);
    result = after_read(fd, result, flags, &error);
    model_unlock(&mask);
    errno = error;
    return result;
}

ssize_t __wrap_read(int fd, void *buffer, size_t size)
{
    ssize_t result;
    if (is_settled(fd, &result))
        return result;
    result = __real_read(fd, buffer, size);
    if (invented_reset(fd, result))
        result = __real_read(fd, buffer, size);
    return finish_read(fd, result, 0);
}

ssize_t __wrap_readv(int fd, const struct iovec *parts, int count)
{
    ssize_t result;
    if (is_settled(fd, &result))
        return result;
    result = __real_readv(fd, parts, count);
    if (invented_reset(fd, result))
        result = __real_readv(fd, parts, count);
    return finish_read(fd, result, 0);
}

ssize_t __wrap_recv(int fd, void *buffer, size_t size, int flags)
{
    ssize_t result;
    if (is_settled(fd, &result))
        return result;
    result = __real_recv(fd, buffer, size, flags);
    if (invented_reset(fd, result))
        result = __real_recv(fd, buffer, size, flags);
    return finish_read(fd, result, flags);
}

ssize_t __wrap_recvfrom(int fd, void *buffer, size_t size, int flags, struct sockaddr *from,
                        socklen_t *length)
{
    ssize_t result;
    if (is_settled(fd, &result))
        return result;
    result = __real_recvfrom(fd, buffer, size, flags, from, length);
    if (invented_reset(fd, result))
        result = __real_recvfrom(fd, buffer, size, flags, from, length);
    return finish_read(fd, result, flags);
}

ssize_t __wrap_recvmsg(int fd, struct msghdr *message, int flags)
{
    ssize_t result;
    if (is_settled(fd, &result))
        return result;
    result = __real_recvmsg(fd, message, flags);
    if (invented_reset(fd, result))
        result = __real_recvmsg(fd, message, flags);
    return finish_read(fd, result, flags);
}

/* --- writing --- */

/* A refused datagram is told to the next send; a stream that ended just says EPIPE. */
static bool refuse_send(int fd)
{
    int type = 0;
    socklen_t size = sizeof type;
    if (__real_getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &size) != 0 || type != SOCK_DGRAM)
        return false;
    sigset_t mask;
    model_lock(&mask);
    int error = record_take_error(fd);
    model_unlock(&mask);
    if (error != 0)
        errno = error;
    return error != 0;
}

/* TCP: the acknowledgement posts the writer; over a loopback it comes at once. Where the write
 * itself does, too, the acknowledgement is the news after that. */
static void post_acknowledgement(struct knote *knote)
{
    knote_news(knote, true);
    knote->ack_due = flavour.own_write_posts_write;
    knote->kq->acks_due = knote->kq->acks_due || knote->ack_due;
    kq_settle(knote->kq);
}

/* A call that met a full buffer proves that there was no space, whatever there is by now. */
static void socket_was_written(int fd, struct file_id id, ssize_t result, bool met_full)
{
    struct look now;
    if (result > 0)
        unix_was_written(fd, id, result);
    if (!has_knotes(id) || !file_look(fd, &now))
        return;
    for (struct knote *knote = knotes_of_file(id); knote; knote = next_of_file(knote)) {
        if (knote->kind != KIND_WRITE)
            continue;
        knote->seen.writable = knote->seen.writable && now.writable && !met_full;
        knote->seen.in_flight = now.in_flight;
        if (now.tcp && result > 0 && !met_full)
            post_acknowledgement(knote);
    }
}

/* A full queue of datagrams is no reason to wait: no event tells of room. One whose peer has closed
 * is not connected any more. */
static int send_error(int fd, struct file_id id, int error)
{
    int type = 0;
    socklen_t size = sizeof type;
    const struct record *record = record_find(id);
    if (__real_getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &size) != 0 || type != SOCK_DGRAM)
        return error;
    bool alone = record && record->peer_closed && (error == ECONNREFUSED || error == ENOTCONN);
    return error == EAGAIN ? ENOBUFS : alone ? EDESTADDRREQ : error;
}

static void note_full(struct file_id id, bool met_full)
{
    struct record *record = met_full ? record_find(id) : NULL;
    if (record)
        record->met_full = true;
}

static ssize_t finish_send(int fd, ssize_t result, size_t wanted, bool addressed)
{
    int error = errno;
    sigset_t mask;
    struct file_id id;
    model_lock(&mask);
    enum object object = object_of(fd, &id);
    bool met_full = result < 0 ? error == EAGAIN : (size_t)result < wanted;
    if (object == OBJECT_SOCKET)
        note_full(id, met_full);
    if (object == OBJECT_SOCKET)
        socket_was_written(fd, id, result, met_full);
    if (object == OBJECT_SOCKET && addressed && result >= 0)
        unix_sent_to(fd, id);
    if (object == OBJECT_SOCKET && result < 0)
        error = send_error(fd, id, error);
    else if (object == OBJECT_OTHER && result > 0 && has_knotes(id))
        file_news(id);
    model_unlock(&mask);
    errno = error;
    return result;
}

static bool is_pipe_end(int fd, struct file_id *id)
{
    int error = errno;
    bool pipe = object_of(fd, id) == OBJECT_PIPE && (fcntl(fd, F_GETFL) & O_ACCMODE) != O_RDONLY;
    errno = error;
    return pipe;
}

ssize_t __wrap_write(int fd, const void *buffer, size_t size)
{
    struct file_id id;
    struct iovec part = {(void *)(uintptr_t)buffer, size};
    if (size > 0 && is_pipe_end(fd, &id))
        return write_pipe(fd, id, &part, 1);
    return refuse_send(fd) ? -1 : finish_send(fd, __real_write(fd, buffer, size), size, false);
}

ssize_t __wrap_writev(int fd, const struct iovec *parts, int count)
{
    struct file_id id;
    if (count > 0 && length_of(parts, count) > 0 && is_pipe_end(fd, &id))
        return write_pipe(fd, id, parts, count);
    if (refuse_send(fd))
        return -1;
    return finish_send(fd, __real_writev(fd, parts, count), count > 0 ? length_of(parts, count) : 0,
                       false);
}

ssize_t __wrap_send(int fd, const void *buffer, size_t size, int flags)
{
    return refuse_send(fd) ? -1
                           : finish_send(fd, __real_send(fd, buffer, size, flags), size, false);
}

ssize_t __wrap_sendto(int fd, const void *buffer, size_t size, int flags, const struct sockaddr *to,
                      socklen_t length)
{
    if (refuse_send(fd))
        return -1;
    return finish_send(fd, __real_sendto(fd, buffer, size, flags, to, length), size, to != NULL);
}

static void tell_passed(const struct msghdr *message)
{
    sigset_t mask;
    model_lock(&mask);
    sockets_passed(message);
    model_unlock(&mask);
}

ssize_t __wrap_sendmsg(int fd, const struct msghdr *message, int flags)
{
    if (refuse_send(fd))
        return -1;
    size_t wanted = length_of(message->msg_iov, (int)message->msg_iovlen);
    if (message->msg_controllen > 0)
        tell_passed(message);
    return finish_send(fd, __real_sendmsg(fd, message, flags), wanted, message->msg_name != NULL);
}

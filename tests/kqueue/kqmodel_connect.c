/* SPDX-License-Identifier: MIT */
/*
 * Sockets: connections, their ends, their errors.
 *
 * What Linux forgets or does otherwise is put into the socket's record here: which side its owner
 * shut down, that it was a listener, how many connections wait at a Unix listener, and the error
 * that the model had to take to see it.
 */
#define _GNU_SOURCE 1

#include "kqmodel_inner.h"
#include "kqmodel_wraps.h"

#include <errno.h>
#include <poll.h>
#include <string.h>

#include <sys/un.h>

static void connection_taken(int listener)
{
    struct file_id id;
    if (object_of(listener, &id) != OBJECT_SOCKET)
        return;
    struct record *record = record_find(id);
    if (record && record->backlog > 0)
        record->backlog--;
    for (struct knote *knote = knotes_of_file(id); knote; knote = next_of_file(knote)) {
        if (knote->kind == KIND_WRITE)
            continue;
        knote->seen.arrivals--;
        knote_news(knote, flavour.accept_posts_read);
        kq_settle(knote->kq);
    }
}

static int finish_accept(int listener, int fd)
{
    int error = errno;
    sigset_t mask;
    if (fd >= 0) {
        model_lock(&mask);
        connection_taken(listener);
        model_unlock(&mask);
    }
    errno = error;
    return fd;
}

/* As before a read: a connection that came is an edge even if it is taken at once. */
static void before_accept(int fd)
{
    sigset_t mask;
    model_lock(&mask);
    tell_news(fd);
    model_unlock(&mask);
}

int __wrap_accept(int fd, struct sockaddr *address, socklen_t *length)
{
    before_accept(fd);
    return finish_accept(fd, __real_accept(fd, address, length));
}

int __wrap_accept4(int fd, struct sockaddr *address, socklen_t *length, int flags)
{
    before_accept(fd);
    return finish_accept(fd, __real_accept4(fd, address, length, flags));
}

int __wrap_listen(int fd, int backlog)
{
    int result = __real_listen(fd, backlog);
    int error = errno;
    sigset_t mask;
    model_lock(&mask);
    tell_news(fd);
    model_unlock(&mask);
    errno = error;
    return result;
}

/* A connection made to a Unix listener of this process is counted there: Linux tells no length. */
static void count_connection(const struct sockaddr *address, socklen_t length)
{
    struct sockaddr_un own;
    for (struct kq *kq = kq_each(NULL); kq; kq = kq_each(kq)) {
        for (const struct knote *knote = kq->list; knote; knote = knote->by_kq.next) {
            socklen_t size = sizeof own;
            if (knote->kind == KIND_READ && knote->seen.kind == FILE_LISTENER &&
                getsockname((int)knote->ident, (struct sockaddr *)&own, &size) == 0 &&
                size == length && memcmp(&own, address, size) == 0) {
                record_make(knote->seen.id)->backlog++;
                return;
            }
        }
    }
}

int __wrap_connect(int fd, const struct sockaddr *address, socklen_t length)
{
    int result = __real_connect(fd, address, length);
    int error = errno;
    sigset_t mask;
    model_lock(&mask);
    if (result == 0 && address->sa_family == AF_UNIX)
        count_connection(address, length);
    if (result < 0 && error == ECONNABORTED) { /* the reason was taken before */
        int kept = record_take_error(fd);
        error = kept ? kept : error;
    }
    tell_news(fd);
    model_unlock(&mask);
    errno = error;
    return result;
}

static int socket_option(int fd, int name)
{
    int value = 0;
    socklen_t size = sizeof value;
    return __real_getsockopt(fd, SOL_SOCKET, name, &value, &size) == 0 ? value : 0;
}

/* Linux refuses the shutdown of such a socket too, but marks it as ended all the same. */
static bool is_unconnected(int fd)
{
    struct pollfd state = {.fd = fd, .events = POLLRDHUP};
    struct sockaddr_storage peer;
    socklen_t size = sizeof peer;
    return socket_option(fd, SO_TYPE) == SOCK_STREAM && !socket_option(fd, SO_ACCEPTCONN) &&
           getpeername(fd, (struct sockaddr *)&peer, &size) != 0 && errno == ENOTCONN &&
           poll(&state, 1, 0) > 0 && (state.revents & (POLLRDHUP | POLLHUP)) == POLLHUP;
}

/* A BSD throws away what was not read. */
static void discard_unread(int fd)
{
    char waste[4096];
    while (__real_recv(fd, waste, sizeof waste, MSG_DONTWAIT) > 0)
        continue;
}

static void note_shutdown(int fd, int how, bool listener)
{
    struct file_id id;
    if (object_of(fd, &id) != OBJECT_SOCKET)
        return;
    struct record *record = record_make(id);
    record->was_listener = record->was_listener || listener;
    record->shut_read = record->shut_read || how != SHUT_WR;
    record->shut_write = record->shut_write || how != SHUT_RD;
}

int __wrap_shutdown(int fd, int how)
{
    bool listener = socket_option(fd, SO_ACCEPTCONN) != 0;
    if (is_unconnected(fd) || (listener && flavour.listener_end_refused)) {
        errno = ENOTCONN;
        return -1;
    }
    int result = __real_shutdown(fd, how);
    int error = errno;
    sigset_t mask;
    model_lock(&mask);
    if (result == 0 && how != SHUT_WR && socket_option(fd, SO_TYPE) == SOCK_STREAM)
        discard_unread(fd);
    if (result == 0)
        note_shutdown(fd, how, listener);
    tell_news(fd);
    model_unlock(&mask);
    errno = error;
    return result;
}

int __wrap_getsockopt(int fd, int level, int name, void *value, socklen_t *size)
{
    int result = __real_getsockopt(fd, level, name, value, size);
    if (result != 0 || level != SOL_SOCKET || name != SO_ERROR || *size < sizeof(int))
        return result;
    int error;
    memcpy(&error, value, sizeof error);
    sigset_t mask;
    model_lock(&mask);
    int kept = record_take_error(fd);
    model_unlock(&mask);
    if (error == 0)
        memcpy(value, &kept, sizeof kept);
    return result;
}

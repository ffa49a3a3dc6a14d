/* SPDX-License-Identifier: MIT */
/*
 * Sockets: connections, their ends, their errors.
 *
 * What Linux forgets or does otherwise is put into the socket's record here: which side its owner
 * shut down, that it was a listener, how many connections wait at a Unix listener, and the error
 * that the model had to take to see it.
 */
#define _GNU_SOURCE

#include "kqmodel_inner.h"
#include "kqmodel_wraps.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/ioctl.h>

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

static int tcp_state(int fd)
{
    unsigned char state = 0;
    socklen_t size = sizeof state;
    return __real_getsockopt(fd, IPPROTO_TCP, TCP_INFO, &state, &size) == 0 ? state : 0;
}

/* A connection that was reset while it waited: some hand it over, as Linux does. */
static bool is_aborted(int fd)
{
    return flavour.reset_refuses_accept && tcp_state(fd) == STATE_CLOSE;
}

static int finish_accept(int listener, int fd)
{
    int error = errno;
    sigset_t mask;
    if (fd >= 0) {
        model_lock(&mask);
        connection_taken(listener);
        unix_accepted(listener, fd);
        if (is_aborted(fd)) {
            __real_close(fd);
            fd = -1;
            error = ECONNABORTED;
        }
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
    int flags = fcntl(fd, F_GETFL);
    before_accept(fd);
    int accepted = finish_accept(fd, __real_accept(fd, address, length));
    if (accepted >= 0 && flags >= 0 && (flags & O_NONBLOCK)) /* it is passed on by all five */
        fcntl(accepted, F_SETFL, fcntl(accepted, F_GETFL) | O_NONBLOCK);
    return accepted;
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
    if (result == 0)
        unix_listens(fd);
    tell_news(fd);
    model_unlock(&mask);
    errno = error;
    return result;
}

int socket_option(int fd, int name)
{
    int value = 0;
    socklen_t size = sizeof value;
    return __real_getsockopt(fd, SOL_SOCKET, name, &value, &size) == 0 ? value : 0;
}

static void post_writers_of_datagrams(int fd)
{
    struct file_id id;
    if (!flavour.udp_connect_posts_write || socket_option(fd, SO_TYPE) != SOCK_DGRAM ||
        object_of(fd, &id) != OBJECT_SOCKET)
        return;
    for (struct knote *knote = knotes_of_file(id); knote; knote = next_of_file(knote)) {
        if (knote->kind != KIND_WRITE)
            continue;
        knote_news(knote, true);
        kq_settle(knote->kq);
    }
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

/* A socket that was shut down before it was connected never can be. */
static bool is_dead(int fd)
{
    sigset_t mask;
    struct file_id id;
    model_lock(&mask);
    const struct record *record =
        flavour.unconnected_shutdown_error == 0 && object_of(fd, &id) == OBJECT_SOCKET
            ? record_find(id)
            : NULL;
    bool dead = record && record->shut_read && record->shut_write && is_unconnected(fd);
    model_unlock(&mask);
    return dead;
}

int __wrap_connect(int fd, const struct sockaddr *address, socklen_t length)
{
    if (is_dead(fd)) {
        errno = EINVAL;
        return -1;
    }
    int result = __real_connect(fd, address, length);
    int error = errno;
    sigset_t mask;
    model_lock(&mask);
    if (result == 0 && address->sa_family == AF_UNIX)
        unix_connected(fd, address, length);
    if (result == 0)
        post_writers_of_datagrams(fd);
    if (result < 0 && error == ECONNABORTED) { /* the reason was taken before */
        int kept = record_take_error(fd);
        error = kept ? kept : error;
    }
    tell_news(fd);
    model_unlock(&mask);
    errno = error;
    return result;
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

/* Each side that is named has ended already, by whomever. */
static bool is_over(const struct look *now, int how)
{
    return (how == SHUT_WR || now->read_ended) && (how == SHUT_RD || now->write_ended);
}

/* A second end of sending, after the peer has acknowledged the first, ends receiving as well: the
 * kernel takes the connection for one that nobody reads any more. */
static bool ends_reading(int fd, int how)
{
    struct file_id id;
    if (!flavour.second_shutdown_ends_reading || how != SHUT_WR ||
        object_of(fd, &id) != OBJECT_SOCKET)
        return false;
    const struct record *record = record_find(id);
    /* Linux's acknowledgement may be on its way yet, a BSD's loopback has brought it. */
    int state = tcp_state(fd);
    int unsent = 0;
    bool alone = ioctl(fd, TIOCOUTQ, &unsent) == 0 && unsent <= 1;
    return record && record->shut_write &&
           (state == STATE_FIN_WAIT_2 || (state == STATE_FIN_WAIT_1 && alone));
}

/* 0 or the errno of a refusal. */
static int refuse_shutdown(int fd, int how, bool listener)
{
    struct look now;
    if (listener)
        return flavour.listener_end_refused ? ENOTCONN : 0;
    if (!flavour.second_shutdown_refused || !file_look(fd, &now))
        return 0;
    const struct record *record = record_find(now.id);
    bool alone = now.kind == FILE_DATAGRAM && record && record->peer_closed;
    return alone || (now.kind == FILE_STREAM && is_over(&now, how)) ? ENOTCONN : 0;
}

/* Linux tells the peer of a Unix stream that nobody reads what it writes, and resets a TCP
 * connection of which both directions have ended when data comes. A BSD does neither: the record
 * alone knows of the end of reading. */
static int shut_down(int fd, int how, bool listener)
{
    struct sockaddr_storage peer;
    socklen_t size = sizeof peer;
    if (listener || (unsigned)how > SHUT_RDWR || socket_option(fd, SO_TYPE) == SOCK_DGRAM ||
        getpeername(fd, (struct sockaddr *)&peer, &size) != 0)
        return __real_shutdown(fd, how);
    return how == SHUT_RD ? 0 : __real_shutdown(fd, SHUT_WR);
}

static int end_directions(int fd, int how, bool listener)
{
    int error = refuse_shutdown(fd, how, listener);
    if (error == 0 && is_unconnected(fd) && !listener) {
        error = flavour.unconnected_shutdown_error;
        if (error == 0)
            note_shutdown(fd, how, false);
    } else if (error == 0) {
        how = ends_reading(fd, how) ? SHUT_RDWR : how;
        error = shut_down(fd, how, listener) == 0 ? 0 : errno;
        /* A BSD throws away what was not read. */
        if (error == 0 && how != SHUT_WR && !listener)
            file_discard_unread(fd);
        if (error == 0)
            note_shutdown(fd, how, listener);
    }
    tell_news(fd);
    return error;
}

int __wrap_shutdown(int fd, int how)
{
    int before = errno;
    sigset_t mask;
    model_lock(&mask);
    int error = end_directions(fd, how, socket_option(fd, SO_ACCEPTCONN) != 0);
    model_unlock(&mask);
    errno = error != 0 ? error : before;
    return error != 0 ? -1 : 0;
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

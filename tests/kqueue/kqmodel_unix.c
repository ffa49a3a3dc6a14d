/* SPDX-License-Identifier: MIT */
/*
 * Who is connected with whom, and what a close tells the other end.
 *
 * A BSD posts the writer of a Unix socket when its peer reads, and both ends when one closes,
 * whatever was told before. Linux does neither, so pairs that are made in this process are known:
 * from socketpair(), and from connect() and accept(), which meet in the listener's order. A peer
 * in another process stays unknown; then Linux's own news has to do.
 *
 * A close with data unread is a reset on Linux alone: it is read away first. That must not be done
 * to a socket that lives on elsewhere, so numbers that a child may have inherited are left alone.
 */
#define _GNU_SOURCE

#include "kqmodel_inner.h"
#include "kqmodel_wraps.h"
#include "open_descriptors.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>
#include <unistd.h>

#include <sys/ioctl.h>
#include <sys/un.h>

static unsigned long tickets;
static bool shared[MAX_DESCRIPTORS_SEEN]; /* the number was open when this process forked */

bool is_unix_stream(int fd)
{
    int type = socket_option(fd, SO_TYPE);
    return (type == SOCK_STREAM || type == SOCK_SEQPACKET) &&
           socket_option(fd, SO_DOMAIN) == AF_UNIX;
}

static void pair(struct file_id a, struct file_id b)
{
    struct record *one = record_make(a);
    one->paired = true;
    one->peer = b;
    one->ticket = 0;
    struct record *other = record_make(b);
    other->paired = true;
    other->peer = a;
}

int __wrap_socketpair(int domain, int type, int protocol, int ends[2])
{
    int result = __real_socketpair(domain, type, protocol, ends);
    int error = errno;
    sigset_t mask;
    struct file_id ids[2];
    model_lock(&mask);
    if (result == 0 && file_identify(ends[0], &ids[0]) && file_identify(ends[1], &ids[1]))
        pair(ids[0], ids[1]);
    model_unlock(&mask);
    errno = error;
    return result;
}

/* --- names of Unix listeners --- */

static uint64_t hash_name(const struct sockaddr *address, socklen_t length)
{
    enum { OFFSET = offsetof(struct sockaddr_un, sun_path) };
    const char *path = (const char *)address + OFFSET;
    size_t size = length > OFFSET ? length - OFFSET : 0;
    if (size > 0 && path[0] != '\0')
        size = strnlen(path, size);
    uint64_t hash = 1469598103934665603U;
    for (size_t i = 0; i < size; i++)
        hash = (hash ^ (unsigned char)path[i]) * 1099511628211U;
    return hash;
}

static struct record *listener_named(uint64_t name)
{
    struct record *record = record_each(NULL);
    while (record && record->name != name)
        record = record_each(record);
    return record;
}

void unix_listens(int fd)
{
    struct sockaddr_un own;
    socklen_t size = sizeof own;
    struct file_id id;
    if (socket_option(fd, SO_DOMAIN) != AF_UNIX || !file_identify(fd, &id) ||
        getsockname(fd, (struct sockaddr *)&own, &size) != 0)
        return;
    uint64_t name = hash_name((struct sockaddr *)&own, size);
    struct record *older = listener_named(name);
    if (older)
        older->name = 0;
    record_make(id)->name = name;
}

void unix_connected(int fd, const struct sockaddr *address, socklen_t length)
{
    struct record *listener = listener_named(hash_name(address, length));
    struct file_id id;
    if (!listener || !file_identify(fd, &id))
        return;
    struct file_id place = listener->id;
    record_find(place)->backlog++;
    struct record *client = record_make(id);
    client->listener = place;
    client->ticket = ++tickets;
    client->outstanding = 0;
}

static bool is_from_here(int fd)
{
    struct ucred credentials;
    socklen_t size = sizeof credentials;
    return __real_getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &credentials, &size) == 0 &&
           credentials.pid == getpid();
}

void unix_accepted(int listener, int fd)
{
    struct file_id place;
    struct file_id id;
    struct record *first = NULL;
    if (!is_unix_stream(fd) || !is_from_here(fd) || !file_identify(listener, &place) ||
        !file_identify(fd, &id))
        return;
    for (struct record *record = record_each(NULL); record; record = record_each(record)) {
        if (record->ticket != 0 && file_same(record->listener, place) &&
            (!first || record->ticket < first->ticket))
            first = record;
    }
    if (first)
        pair(first->id, id);
}

/* --- what a read and a write tell the peer --- */

static void post_writers(struct file_id id)
{
    for (struct knote *knote = knotes_of_file(id); knote; knote = next_of_file(knote)) {
        if (knote->kind != KIND_WRITE)
            continue;
        knote_news(knote, true);
        kq_settle(knote->kq);
    }
}

void unix_was_read(int fd, struct file_id id, ssize_t result)
{
    int unread = 1;
    const struct record *record = record_find(id);
    if (!record || !record->paired)
        return;
    struct file_id writer = record->peer;
    struct record *peer = record_find(writer);
    bool stream = is_unix_stream(fd);
    if (peer && stream)
        peer->outstanding -= result;
    /* The rest of a record that was cut off is gone, too. */
    if (peer && socket_option(fd, SO_TYPE) == SOCK_SEQPACKET && ioctl(fd, FIONREAD, &unread) == 0 &&
        unread == 0)
        peer->outstanding = 0;
    if ((stream && result > 0) || (!stream && flavour.unix_receive_posts_peer))
        post_writers(writer);
}

void unix_was_written(int fd, struct file_id id, ssize_t result)
{
    struct record *record = record_find(id);
    if (record && (record->paired || record->ticket != 0) && is_unix_stream(fd))
        record->outstanding += result;
}

/* The kernel connects the socket for the call, which posts its writers. */
void unix_sent_to(int fd, struct file_id id)
{
    if (flavour.unix_sendto_posts_write && socket_option(fd, SO_DOMAIN) == AF_UNIX &&
        socket_option(fd, SO_TYPE) == SOCK_DGRAM)
        post_writers(id);
}

/* --- closing --- */

/* Somebody else may read and write it from now on: what was counted means nothing any more. */
static void forget_pair(struct record *record)
{
    record->paired = false;
    record->ticket = 0;
}

static void forget_passed(int fd)
{
    struct file_id id;
    struct record *record = file_identify(fd, &id) ? record_find(id) : NULL;
    struct record *peer = record && record->paired ? record_find(record->peer) : NULL;
    if (fd < MAX_DESCRIPTORS_SEEN)
        shared[fd] = true;
    if (record)
        forget_pair(record);
    if (peer)
        forget_pair(peer);
}

/* musl's macro mixes signed and unsigned numbers. */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wsign-conversion"
static struct cmsghdr *next_part(struct msghdr *message, struct cmsghdr *part)
{
    return CMSG_NXTHDR(message, part);
}
#pragma GCC diagnostic pop

void sockets_passed(const struct msghdr *message)
{
    struct msghdr copy = *message;
    for (struct cmsghdr *part = CMSG_FIRSTHDR(&copy); part; part = next_part(&copy, part)) {
        size_t bytes = part->cmsg_len - CMSG_LEN(0);
        for (size_t at = 0; part->cmsg_type == SCM_RIGHTS && at + sizeof(int) <= bytes;
             at += sizeof(int)) {
            int fd;
            memcpy(&fd, CMSG_DATA(part) + at, sizeof fd);
            forget_passed(fd);
        }
    }
}

void sockets_shared(void)
{
    for (struct record *record = record_each(NULL); record; record = record_each(record))
        forget_pair(record);
    struct open_descriptors open;
    open_descriptors_look(&open);
    for (int fd = 0; fd < MAX_DESCRIPTORS_SEEN; fd++)
        shared[fd] = fd >= OPEN_DESCRIPTORS_AT_MOST;
    for (int i = 0; i < open.count; i++)
        shared[open.numbers[i]] = true;
}

static bool is_last(int fd, struct file_id id)
{
    struct open_descriptors open;
    if (fd < MAX_DESCRIPTORS_SEEN && shared[fd])
        return false;
    open_descriptors_look(&open);
    for (int i = 0; i < open.count; i++) {
        int other = open.numbers[i];
        struct file_id found;
        if (other != fd && object_of(other, &found) == OBJECT_SOCKET && file_same(found, id))
            return false;
    }
    return true;
}

static bool closes_with_reset(int fd)
{
    struct linger linger = {0, 0};
    socklen_t size = sizeof linger;
    return __real_getsockopt(fd, SOL_SOCKET, SO_LINGER, &linger, &size) == 0 &&
           linger.l_onoff != 0 && linger.l_linger == 0;
}

static bool has_unread_tcp(int fd)
{
    int unread = 0;
    return socket_option(fd, SO_TYPE) == SOCK_STREAM && socket_option(fd, SO_DOMAIN) != AF_UNIX &&
           !socket_option(fd, SO_ACCEPTCONN) && ioctl(fd, FIONREAD, &unread) == 0 && unread > 0;
}

/* Whether the peer cannot learn of this close from Linux: it has ended its own side as well, or
 * is no stream. */
static bool has_to_be_told(int fd, const struct record *peer)
{
    return peer->shut_write || !is_unix_stream(fd);
}

void socket_closing(int fd, struct farewell *farewell)
{
    struct file_id id;
    *farewell = (struct farewell){.told = false};
    if (object_of(fd, &id) == OBJECT_SOCKET) {
        const struct record *record = record_find(id);
        struct record *peer = record && record->paired ? record_find(record->peer) : NULL;
        farewell->stream = peer && is_unix_stream(fd);
        farewell->told = peer && has_to_be_told(fd, peer) && is_last(fd, id);
        farewell->peer = peer ? peer->id : id;
        if (has_unread_tcp(fd) && !closes_with_reset(fd) && is_last(fd, id))
            file_discard_unread(fd);
    }
    if (fd >= 0 && fd < MAX_DESCRIPTORS_SEEN)
        shared[fd] = false;
}

/* The error of a datagram socket whose peer has closed is no event: it is met at the next touch. */
static void leave_error(struct record *peer)
{
    peer->error = flavour.unix_datagram_end_error;
    for (struct knote *knote = knotes_of_file(peer->id); knote; knote = next_of_file(knote))
        knote->seen.error = peer->error;
}

void socket_closed(const struct farewell *farewell)
{
    struct record *peer = farewell->told ? record_find(farewell->peer) : NULL;
    if (!peer)
        return;
    peer->peer_closed = true;
    if (farewell->stream)
        file_news(farewell->peer);
    else
        leave_error(peer);
}

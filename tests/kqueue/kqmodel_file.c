/* SPDX-License-Identifier: MIT */
/*
 * What Linux tells about a descriptor, in the figures of the flavour.
 *
 * Nothing is cached: file_look() asks poll(2), FIONREAD, TIOCOUTQ, TCP_INFO and SO_ACCEPTCONN each
 * time, so what a filter sees is always the true state. What Linux does not keep as a BSD does is
 * in the socket's record (kqmodel_record.c).
 */
#define _GNU_SOURCE

#include "kqmodel_inner.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>

enum { PIPEFS = 0x50495045, DATAGRAM_MARK = 2048, MAX_COUNTED_DATAGRAMS = 4096 };

/* The kernel's struct tcp_info as far as it is read here; libcs have shorter ones. */
struct tcp_figures {
    uint8_t state;
    uint8_t small[7];
    uint32_t words[24];
    uint64_t pacing[2];
    uint64_t bytes_acked;
    uint64_t bytes_received;
};

enum { WORD_UNACKED = 4 }; /* of a listener: its completed connections */

/* --- small questions --- */

static short poll_now(int fd)
{
    struct pollfd ask = {.fd = fd, .events = POLLIN | POLLOUT | POLLPRI | POLLRDHUP};
    return poll(&ask, 1, 0) > 0 ? ask.revents : 0;
}

static int option(int fd, int level, int name)
{
    int value = 0;
    socklen_t size = sizeof value;
    return __real_getsockopt(fd, level, name, &value, &size) == 0 ? value : 0;
}

static int64_t bytes_unread(int fd)
{
    int count = 0;
    return ioctl(fd, FIONREAD, &count) == 0 ? count : 0;
}

static int64_t bytes_unsent(int fd)
{
    int count = 0;
    return ioctl(fd, TIOCOUTQ, &count) == 0 ? count : 0;
}

static int64_t at_least(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

bool file_same(struct file_id a, struct file_id b)
{
    return a.inode == b.inode && a.device == b.device;
}

bool file_identify(int fd, struct file_id *id)
{
    struct stat st;
    if (__real_fstat(fd, &st) != 0)
        return false;
    struct kq *kq = (st.st_mode & S_IFMT) == 0 ? kq_of(fd) : NULL;
    *id = kq ? kq_id(kq) : (struct file_id){.device = st.st_dev, .inode = st.st_ino};
    return true;
}

/* --- sockets --- */

/* A Unix stream whose peer left data unread has no error on the BSDs. One that was never accepted
 * has, on some. */
static int unix_stream_error(struct file_id id)
{
    const struct record *record = record_find(id);
    return record && record->ticket != 0 ? flavour.unaccepted_error : 0;
}

/* Linux says EPIPE of a reset after the peer's FIN. */
static void keep_error(int fd, struct file_id id, bool unix_stream)
{
    int error = option(fd, SOL_SOCKET, SO_ERROR);
    if (error != 0 && unix_stream)
        error = unix_stream_error(id);
    if (error != 0)
        record_make(id)->error = error == EPIPE ? ECONNRESET : error;
}

static int64_t address_bytes(int fd)
{
    switch (option(fd, SOL_SOCKET, SO_DOMAIN)) {
    case AF_INET:
        return flavour.udp4_address;
    case AF_INET6:
        return flavour.udp6_address;
    default:
        return flavour.unix_address;
    }
}

/* Walks the queue by peeking at growing offsets; nothing is taken from it. */
static void count_datagrams(int fd, struct look *look, bool readable)
{
    char byte;
    int offset = 0;
    int64_t datagrams = 0;
    while (datagrams < MAX_COUNTED_DATAGRAMS) {
        if (setsockopt(fd, SOL_SOCKET, SO_PEEK_OFF, &offset, sizeof offset) != 0)
            break;
        ssize_t size = __real_recv(fd, &byte, 1, MSG_PEEK | MSG_TRUNC | MSG_DONTWAIT);
        if (size < 0 && errno != EAGAIN)
            record_make(look->id)->error = errno;
        if (size < 0)
            break;
        datagrams++;
        if (size == 0)
            break; /* an empty one cannot be stepped over */
        offset += (int)size;
    }
    const int off = -1;
    setsockopt(fd, SOL_SOCKET, SO_PEEK_OFF, &off, sizeof off);
    if (datagrams == 0 && readable)
        datagrams = 1;
    look->arrivals = datagrams;
    look->unread = offset + datagrams * address_bytes(fd);
}

/* FIONREAD stops at the urgent mark; a BSD counts on. */
static int64_t peek_past_mark(int fd, struct file_id id)
{
    enum { ALL = 1 << 30 };
    ssize_t size = __real_recv(fd, NULL, ALL, MSG_PEEK | MSG_TRUNC | MSG_DONTWAIT);
    if (size < 0 && errno != EAGAIN)
        record_make(id)->error = errno;
    return size > 0 ? size : 0;
}

/* False where an emulator in the kernel's place has less of it, or none. */
static bool tcp_figures(int fd, struct tcp_figures *info)
{
    socklen_t size = sizeof *info;
    return __real_getsockopt(fd, IPPROTO_TCP, TCP_INFO, info, &size) == 0 && size == sizeof *info;
}

static bool has_peer(int fd)
{
    struct sockaddr_storage peer;
    socklen_t size = sizeof peer;
    return getpeername(fd, (struct sockaddr *)&peer, &size) == 0;
}

static bool has_shut_write(const struct look *look)
{
    const struct record *record = record_find(look->id);
    return record && record->shut_write;
}

void file_discard_unread(int fd)
{
    char waste[4096];
    while (__real_recv(fd, waste, sizeof waste, MSG_DONTWAIT) > 0)
        continue;
}

/* What comes after the own end of reading is thrown away, or ends the connection with a reset. */
static void refuse_arrivals(int fd, struct record *record)
{
    const struct sockaddr nobody = {.sa_family = AF_UNSPEC};
    if (bytes_unread(fd) == 0)
        return;
    if (!flavour.data_after_end_resets) {
        file_discard_unread(fd);
    } else if (__real_connect(fd, &nobody, sizeof nobody) == 0) {
        option(fd, SOL_SOCKET, SO_ERROR); /* Linux tells the one who asked for it, too */
        record->aborted = true;
    }
}

static void look_at_state(const struct tcp_figures *info, struct look *look, bool hung_up)
{
    switch (info->state) {
    case STATE_ESTABLISHED:
    case STATE_CLOSE_WAIT:
        look->connected = true;
        look->write_ended = hung_up;
        break;
    case STATE_FIN_WAIT_1:
    case STATE_FIN_WAIT_2:
    case STATE_CLOSING:
    case STATE_LAST_ACK:
    case STATE_TIME_WAIT:
        look->connected = true;
        look->write_ended = true;
        break;
    default:
        /* closed: a fresh socket hangs up without an end of reading, a finished one has both. */
        look->write_ended = hung_up;
        break;
    }
}

/* The urgent condition: from the arrival of the byte until ordinary data behind it is read. */
static void look_for_mark(int fd, short events, struct look *look)
{
    struct record *record = record_find(look->id);
    bool at_mark = sockatmark(fd) == 1;
    if (record && at_mark)
        record->urgent_ahead = false;
    if (record && !at_mark)
        record->mark_taken = false;
    bool over = record && record->mark_taken && flavour.mark_ends_when_taken;
    look->urgent =
        ((events & POLLPRI) || at_mark || (record && record->urgent_ahead)) && !(at_mark && over);
    look->at_mark = at_mark;
    if (at_mark)
        look->unread = peek_past_mark(fd, look->id);
}

static void look_tcp(int fd, short events, struct look *look)
{
    struct tcp_figures info;
    bool ended = (events & POLLRDHUP) != 0;
    bool hung_up = ended && (events & POLLHUP);
    look->tcp = true;
    look->read_ended = ended;
    if (tcp_figures(fd, &info)) {
        look_at_state(&info, look, hung_up);
        look->arrivals = (int64_t)info.bytes_received;
        look->counts_all = true;
    } else {
        look->connected = has_peer(fd);
        look->write_ended = hung_up || has_shut_write(look);
    }
    struct record *record = record_find(look->id);
    bool refused = record && record->error == ECONNREFUSED;
    look->space = refused ? flavour.tcp_space_unconnected : flavour.tcp_space;
    look->space -= look->connected ? bytes_unsent(fd) : 0;
    look_for_mark(fd, events, look);
    if (!record)
        return;
    if (look->connected && record->shut_read) {
        refuse_arrivals(fd, record);
        look->unread = 0;
    }
    look->read_ended = look->read_ended || record->shut_read || record->aborted;
    look->write_ended = look->write_ended || record->shut_write || record->aborted;
}

/* Linux hangs up when both directions have ended, whoever ended them. */
static void look_unix(int fd, short events, struct look *look)
{
    struct record *record = record_find(look->id);
    const struct record *peer = record && record->paired ? record_find(record->peer) : NULL;
    bool ended = (events & POLLRDHUP) != 0;
    bool shut_write = record && record->shut_write;
    look->connected = has_peer(fd);
    look->peer_gone =
        (record && record->peer_closed) || (ended && (events & POLLHUP) && !shut_write);
    look->read_ended = ended || (record && record->shut_read);
    look->write_ended = shut_write || look->peer_gone;
    look->counted = record && (record->paired || record->ticket != 0);
    look->in_flight = look->counted ? record->outstanding : bytes_unsent(fd);
    look->space = flavour.unix_space - look->in_flight;
    if (flavour.unix_space_unless_full && look->counted)
        look->space = look->space > 0 ? flavour.unix_space : 0;
    if (peer && peer->shut_read && flavour.unix_shut_read_stops_peer)
        look->space = 0;
    if (record && look->writable)
        record->met_full = false;
    if (look->counted) /* Linux is sure to have room, but says so late */
        look->writable = !record->met_full;
}

static void look_listener(int fd, short events, struct look *look)
{
    look->kind = FILE_LISTENER;
    struct tcp_figures info;
    struct record *record = record_find(look->id);
    if (option(fd, SOL_SOCKET, SO_DOMAIN) != AF_UNIX && tcp_figures(fd, &info))
        look->unread = info.words[WORD_UNACKED];
    else if (events & POLLIN)
        look->unread = at_least(1, record ? record->backlog : 0);
    look->arrivals = look->unread;
}

static void look_socket(int fd, struct look *look)
{
    short events = poll_now(fd);
    int type = option(fd, SOL_SOCKET, SO_TYPE);
    bool stream = type == SOCK_STREAM || type == SOCK_SEQPACKET;
    bool internet = option(fd, SOL_SOCKET, SO_DOMAIN) != AF_UNIX;
    if (events & POLLERR)
        keep_error(fd, look->id, stream && !internet);

    look->writable = (events & POLLOUT) != 0;
    look->mark = option(fd, SOL_SOCKET, SO_RCVLOWAT);
    if (option(fd, SOL_SOCKET, SO_ACCEPTCONN)) {
        look_listener(fd, events, look);
    } else if (stream) {
        look->kind = FILE_STREAM;
        look->arrivals = look->unread = bytes_unread(fd);
        if (internet)
            look_tcp(fd, events, look);
        else
            look_unix(fd, events, look);
        look->writable = look->writable && look->connected && !look->write_ended;
    } else {
        look->kind = FILE_DATAGRAM;
        look->connected = true;
        look->writable = true;
        look->space = internet ? flavour.datagram_space : flavour.unix_datagram_space;
        count_datagrams(fd, look, (events & POLLIN) && !(events & POLLERR));
    }
    look->send_mark = !stream ? DATAGRAM_MARK : internet ? flavour.tcp_mark : flavour.unix_mark;
    /* Linux has larger buffers and a mark of its own: when it would take data the flavour's mark is
     * free too. */
    if (!look->counted && look->kind != FILE_DATAGRAM)
        look->space = at_least(look->space, look->writable ? look->send_mark : 0);
    struct record *record = record_find(look->id);
    if (record && look->kind == FILE_DATAGRAM) {
        look->read_ended = record->shut_read;
        look->write_ended = record->shut_write;
    }
    look->error = record ? record->error : 0;
    look->was_listener = record && record->was_listener;
}

/* --- the others --- */

bool pipe_is_unnamed(int fd)
{
    struct statfs fs;
    return fstatfs(fd, &fs) == 0 && fs.f_type == PIPEFS;
}

static void look_pipe(int fd, struct look *look)
{
    look->kind = pipe_is_unnamed(fd) ? FILE_PIPE : FILE_FIFO;
    int mode = fcntl(fd, F_GETFL) & O_ACCMODE;
    look->reads = mode != O_WRONLY;
    look->writes = mode != O_RDONLY;
    short events = poll_now(fd);
    look->peer_gone = look->writes ? (events & POLLERR) != 0 : (events & POLLHUP) != 0;
    look->arrivals = look->unread = bytes_unread(fd);
    look->space = at_least(0, pipe_capacity(fd, look->kind == FILE_FIFO) - look->unread);
}

static void look_regular(int fd, int64_t size, struct look *look)
{
    look->kind = FILE_REGULAR;
    look->arrivals = look->unread = size - lseek(fd, 0, SEEK_CUR);
    look->writable = true;
    look->space = flavour.file_write_data;
}

enum { PTY_MASTER = 5, PTY_MASTER_MINOR = 2, FIRST_PTY = 136, LAST_PTY = 143 };

static bool is_pty_master(dev_t number)
{
    return major(number) == PTY_MASTER && minor(number) == PTY_MASTER_MINOR;
}

static bool is_pty_slave(dev_t number)
{
    return major(number) >= FIRST_PTY && major(number) <= LAST_PTY;
}

/* Linux tells of a slave that has gone, but not of one that never came: one that comes and goes
 * makes up for it. */
void file_prepare(int fd)
{
    struct stat st;
    bool asks = flavour.pty_fresh_ends && __real_fstat(fd, &st) == 0 && S_ISCHR(st.st_mode) &&
                is_pty_master(st.st_rdev);
    int slave = asks ? ioctl(fd, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC) : -1;
    if (slave >= 0)
        __real_close(slave);
}

static void look_device(int fd, dev_t number, struct look *look)
{
    short events = poll_now(fd);
    look->kind = FILE_DEVICE;
    look->pty_master = is_pty_master(number);
    look->pty = look->pty_master || is_pty_slave(number);
    look->arrivals = look->unread = bytes_unread(fd);
    look->mark = (events & POLLIN) ? 1 : 0; /* devices: readable, whatever they count */
    look->writable = (events & POLLOUT) != 0;
    look->read_ended = look->write_ended = (events & POLLHUP) != 0;
    if (look->pty_master && look->read_ended && !flavour.pty_ends) {
        look->read_ended = look->write_ended = false;
        look->mark = 0;
    }
}

static void look_kqueue(struct kq *inner, struct look *look)
{
    look->kind = FILE_KQUEUE;
    kq_harvest(inner);
    kq_raise(inner);
    look->unread = inner->queued;
    look->arrivals = inner->joined;
}

bool file_look(int fd, struct look *look)
{
    struct stat st;
    *look = (struct look){.kind = FILE_FOREIGN};
    if (__real_fstat(fd, &st) != 0)
        return false;
    look->id = (struct file_id){.device = st.st_dev, .inode = st.st_ino};
    switch (st.st_mode & S_IFMT) {
    case S_IFSOCK:
        look_socket(fd, look);
        break;
    case S_IFIFO:
        look_pipe(fd, look);
        break;
    case S_IFREG:
        look_regular(fd, st.st_size, look);
        break;
    case S_IFDIR:
        look_regular(fd, st.st_size, look);
        look->kind = FILE_DIRECTORY;
        break;
    case S_IFCHR:
        look_device(fd, st.st_rdev, look);
        break;
    default: {
        struct kq *inner = kq_of(fd);
        if (inner) {
            look->id = kq_id(inner);
            look_kqueue(inner, look);
        }
        break;
    }
    }
    return true;
}

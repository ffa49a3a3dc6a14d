/* SPDX-License-Identifier: MIT */
/* The tools of the kqueue tests; test_support.h says what each is for. */
#include "test_support.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static const struct timespec at_once = {0, 0};
static const struct timespec at_most = {10, 0}; /* a bound for failing tests, never a measure */

/* --- changes --- */

struct kevent change(uintptr_t ident, int filter, uint32_t flags, uint32_t fflags, int64_t data,
                     uintptr_t udata)
{
    struct kevent result;
    memset(&result, 0, sizeof result);
    result.ident = ident;
    result.filter = (__typeof__(result.filter))filter;
    result.flags = (__typeof__(result.flags))flags;
    result.fflags = fflags;
    result.data = (__typeof__(result.data))data;
    result.udata = (__typeof__(result.udata))udata;
    return result;
}

uintptr_t token_of(const struct kevent *event)
{
    return (uintptr_t)event->udata;
}

#ifdef KQMODEL_NETBSD
typedef size_t list_length;
#elif defined(__NetBSD__)
typedef size_t list_length;
#else
typedef int list_length;
#endif

int kevent_call(int kq, const struct kevent *changes, int count, struct kevent *events, int room,
                const struct timespec *timeout)
{
    return kevent(kq, changes, (list_length)count, events, (list_length)room, timeout);
}

int apply(int kq, const struct kevent *changes, int count, struct kevent *events, int room)
{
    return kevent_call(kq, changes, count, events, room, &at_once);
}

int ask_with(int kq, uintptr_t ident, int filter, uint32_t flags, uint32_t fflags, int64_t data,
             uintptr_t udata)
{
    struct kevent asked = change(ident, filter, flags | EV_RECEIPT, fflags, data, udata);
    struct kevent receipt;
    int count = apply(kq, &asked, 1, &receipt, 1);
    if (count != 1 || (receipt.flags & EV_ERROR) == 0)
        return -1;
    return (int)receipt.data;
}

int ask(int kq, int ident, int filter, uint32_t flags, uintptr_t udata)
{
    return ask_with(kq, (uintptr_t)ident, filter, flags, 0, 0, udata);
}

int trigger(int kq, uintptr_t ident, uintptr_t udata)
{
    return ask_with(kq, ident, EVFILT_USER, 0, NOTE_TRIGGER, 0, udata);
}

/* --- events --- */

int fetch(int kq, struct kevent *events, int room)
{
    return apply(kq, NULL, 0, events, room);
}

bool fetch_one(int kq, struct kevent *event)
{
    memset(event, 0, sizeof *event);
    return fetch(kq, event, 1) == 1;
}

bool quiet(int kq)
{
    struct kevent event;
    return fetch(kq, &event, 1) == 0;
}

/* Several events, waiting for the first; retried when a signal of another test comes in between. */
static int await_some(int kq, struct kevent *events, int room)
{
    int count;
    do {
        count = kevent_call(kq, NULL, 0, events, room, &at_most);
    } while (count < 0 && errno == EINTR);
    return count;
}

bool await(int kq, struct kevent *event)
{
    memset(event, 0, sizeof *event);
    return await_some(kq, event, 1) == 1;
}

bool await_eof(int kq, struct kevent *event)
{
    while (await(kq, event)) {
        if (event->flags & EV_EOF)
            return true;
    }
    return false;
}

static void add_to_tally(struct tally *tally, const struct kevent *event)
{
    if (event->filter == EVFILT_READ) {
        tally->reads++;
        tally->read = *event;
    } else if (event->filter == EVFILT_WRITE) {
        tally->writes++;
        tally->write = *event;
    } else {
        tally->others++;
        tally->other = *event;
    }
}

void collect(int kq, struct tally *tally)
{
    struct kevent events[MANY];
    int count = fetch(kq, events, MANY);
    CHECK(count >= 0);
    for (int i = 0; i < count; i++)
        add_to_tally(tally, &events[i]);
}

static bool collect_more(int kq, struct tally *tally)
{
    struct kevent events[MANY];
    int count = await_some(kq, events, MANY);
    for (int i = 0; i < count; i++)
        add_to_tally(tally, &events[i]);
    return count > 0;
}

bool collect_until(int kq, struct tally *tally, int reads, int writes)
{
    while (tally->reads < reads || tally->writes < writes) {
        if (!collect_more(kq, tally))
            return false;
    }
    return true;
}

bool collect_eof(int kq, struct tally *tally, bool read, bool write)
{
    while ((read && !(tally->read.flags & EV_EOF)) || (write && !(tally->write.flags & EV_EOF))) {
        if (!collect_more(kq, tally))
            return false;
    }
    return true;
}

/* --- descriptors --- */

static void set_nonblocking(int fd)
{
    REQUIRE_EQ(fcntl(fd, F_SETFL, O_NONBLOCK), 0);
}

int open_kqueue(void)
{
    int kq = kqueue();
    REQUIRE(kq >= 0);
    return kq;
}

void open_pipe(int ends[2])
{
    REQUIRE_EQ(pipe(ends), 0);
    set_nonblocking(ends[0]);
    set_nonblocking(ends[1]);
}

void open_unix(int ends[2], int type)
{
    REQUIRE_EQ(socketpair(AF_UNIX, type, 0, ends), 0);
    set_nonblocking(ends[0]);
    set_nonblocking(ends[1]);
}

int bind_to_loopback(int type, struct sockaddr_storage *address, socklen_t *length)
{
    int fd = socket(AF_INET, type, 0);
    REQUIRE(fd >= 0);
    struct sockaddr_in loopback;
    memset(&loopback, 0, sizeof loopback);
    loopback.sin_family = AF_INET;
    loopback.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    REQUIRE_EQ(bind(fd, (struct sockaddr *)&loopback, sizeof loopback), 0);
    *length = sizeof *address;
    REQUIRE_EQ(getsockname(fd, (struct sockaddr *)address, length), 0);
    return fd;
}

int open_listener(struct sockaddr_storage *address, socklen_t *length)
{
    int fd = bind_to_loopback(SOCK_STREAM, address, length);
    set_nonblocking(fd);
    REQUIRE_EQ(listen(fd, 16), 0);
    return fd;
}

int open_tcp_socket(void)
{
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    REQUIRE(fd >= 0);
    return fd;
}

int connect_to(const struct sockaddr_storage *address, socklen_t length)
{
    int fd = open_tcp_socket();
    REQUIRE_EQ(connect(fd, (const struct sockaddr *)address, length), 0);
    set_nonblocking(fd);
    return fd;
}

void hold_refusing_port(int holders[2], struct sockaddr_storage *address, socklen_t *length)
{
    struct sockaddr_storage listening;
    socklen_t size;
    holders[0] = open_listener(&listening, &size);
    /* Bound first: Linux gives the port of connect() to others who connect, even to itself. */
    holders[1] = bind_to_loopback(SOCK_STREAM, address, length);
    REQUIRE_EQ(connect(holders[1], (struct sockaddr *)&listening, size), 0);
}

/* accept() on a non-blocking listener, when the connection may still be on its way. */
static int accept_next(int listener)
{
    struct pollfd waiting = {.fd = listener, .events = POLLIN};
    REQUIRE_EQ(poll(&waiting, 1, 10000), 1);
    int fd = accept(listener, NULL, NULL);
    REQUIRE(fd >= 0);
    return fd;
}

void open_tcp(int ends[2])
{
    struct sockaddr_storage address;
    socklen_t length;
    int listener = open_listener(&address, &length);
    ends[0] = connect_to(&address, length);
    ends[1] = accept_next(listener);
    set_nonblocking(ends[1]);
    close(listener);
}

void open_udp(int ends[2])
{
    struct sockaddr_storage address[2];
    socklen_t length[2];
    for (int i = 0; i < 2; i++) {
        ends[i] = bind_to_loopback(SOCK_DGRAM, &address[i], &length[i]);
        set_nonblocking(ends[i]);
    }
    REQUIRE_EQ(connect(ends[0], (struct sockaddr *)&address[1], length[1]), 0);
    REQUIRE_EQ(connect(ends[1], (struct sockaddr *)&address[0], length[0]), 0);
}

void refuse_datagrams(int fd)
{
    struct sockaddr_storage own;
    socklen_t length = sizeof own;
    REQUIRE_EQ(getsockname(fd, (struct sockaddr *)&own, &length), 0);
    REQUIRE_EQ(connect(fd, (struct sockaddr *)&own, length), 0);
}

void close_both(const int ends[2])
{
    CHECK_EQ(close(ends[0]), 0);
    CHECK_EQ(close(ends[1]), 0);
}

size_t take(int fd, size_t size)
{
    char buffer[256];
    size_t taken = 0;
    while (taken < size) {
        struct pollfd waiting = {.fd = fd, .events = POLLIN};
        if (poll(&waiting, 1, 10000) != 1)
            break;
        size_t rest = size - taken;
        ssize_t count = read(fd, buffer, rest < sizeof buffer ? rest : sizeof buffer);
        if (count <= 0)
            break;
        taken += (size_t)count;
    }
    CHECK_EQ(taken, size);
    return taken;
}

size_t fill(int fd)
{
    static const char block[4096];
    size_t total = 0;
    ssize_t count;
    while ((count = write(fd, block, sizeof block)) > 0)
        total += (size_t)count;
    while ((count = write(fd, block, 1)) > 0)
        total += (size_t)count;
    return total;
}

void close_with_reset(int fd)
{
    struct linger at_close = {.l_onoff = 1, .l_linger = 0};
    CHECK_EQ(setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_close, sizeof at_close), 0);
    CHECK_EQ(close(fd), 0);
}

int take_error(int fd)
{
    int error = -1;
    socklen_t length = sizeof error;
    CHECK_EQ(getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &length), 0);
    return error;
}

/* --- descriptors that are watched --- */

int watch(int fd, int filter)
{
    int kq = open_kqueue();
    CHECK_EQ(ask(kq, fd, filter, EDGE, TOKEN), 0);
    return kq;
}

int watch_reading(int fd, uint32_t flags)
{
    int kq = open_kqueue();
    CHECK_EQ(ask(kq, fd, EVFILT_READ, flags, TOKEN), 0);
    return kq;
}

int watch_connected(int fd)
{
    int kq = watch(fd, EVFILT_READ);
    struct kevent first;
    CHECK_EQ(ask(kq, fd, EVFILT_WRITE, EDGE, TOKEN), 0);
    REQUIRE(await(kq, &first));
    CHECK_EQ(first.filter, EVFILT_WRITE);
    return kq;
}

struct fixture open_on_unix(uint32_t flags)
{
    struct fixture f = {.kq = open_kqueue()};
    open_unix(f.ends, SOCK_STREAM);
    REQUIRE_EQ(ask(f.kq, f.ends[0], EVFILT_READ, flags, TOKEN), 0);
    return f;
}

struct fixture open_on_pipe(uint32_t flags)
{
    struct fixture f = {.kq = open_kqueue()};
    open_pipe(f.ends);
    REQUIRE_EQ(ask(f.kq, f.ends[0], EVFILT_READ, flags, TOKEN), 0);
    return f;
}

void close_fixture(struct fixture f)
{
    close(f.kq);
    close_both(f.ends);
}

/* --- names --- */

struct place make_place(void)
{
    struct place place;
    snprintf(place.directory, sizeof place.directory, "/tmp/kqueue-test-XXXXXX");
    REQUIRE(mkdtemp(place.directory) != NULL);
    snprintf(place.path, sizeof place.path, "%s/name", place.directory);
    return place;
}

void remove_place(const struct place *place)
{
    unlink(place->path);
    CHECK_EQ(rmdir(place->directory), 0);
}

/* SPDX-License-Identifier: MIT */
#include "facts.h"

#include "support.h"

#include "contract/exceptions.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#if defined(__linux__)
#define KERNEL "linux"
#elif defined(__APPLE__)
#define KERNEL "macos"
#elif defined(__FreeBSD__)
#define KERNEL "freebsd"
#elif defined(__NetBSD__)
#define KERNEL "netbsd"
#elif defined(__OpenBSD__)
#define KERNEL "openbsd"
#elif defined(__DragonFly__)
#define KERNEL "dragonfly"
#else
#define KERNEL "unknown"
#endif

struct row {
    const char *situation; /* or the name of a test */
    const char *selectors; /* words, each exact or ending in '*' */
    const char *kernels;   /* words, or "*" */
    int64_t answer;
    const char *reason;
};

/* The first row that fits counts. */
static const struct row facts[] = {
    /* --- events --- */
    {"connection refused, asked for writable", "epoll poll", "*", W | E | RC | WC,
     "EPOLLHUP comes unasked and speaks of both directions (E4)"},
    {"connection refused, asked for writable", "poll-netbsd", "*", W, "no POLLHUP of sockets"},
    {"connection refused, asked for writable", "poll-*", "*", W | WC, "no POLLERR of sockets"},
    {"connection refused, asked for writable", "*", "*", W | E | WC, "EV_EOF of EVFILT_WRITE"},
    {"connection reset, asked for readable", "epoll poll", "*", R | E | RC | WC,
     "EPOLLHUP speaks of both directions (E4)"},
    {"connection reset, asked for readable", "poll-netbsd", "*", R, "no POLLHUP of sockets"},
    {"connection reset, asked for readable", "poll-*", "*", R | RC, "no POLLERR of sockets"},
    {"connection reset, asked for readable", "*", "*", R | E | RC, "EV_EOF of EVFILT_READ"},
    {"own end of receiving, asked for both", "epoll", "*", R | W | RC,
     "one record a descriptor: writable is shown again"},
    {"own end of receiving, asked for both", "poll-freebsd poll-netbsd poll-openbsd poll-dragonfly",
     "*", R, "no POLLRDHUP"},
    {"own end of receiving, asked for both", "*", "*", R | RC, "it is news for reading alone"},
    {"peer closed, data unread, readable told",
     "poll-freebsd poll-netbsd poll-openbsd poll-dragonfly", "*", 0,
     "no POLLRDHUP: reading to the end tells"},
    {"peer closed, data unread, readable told", "*", "*", R | RC, "the end is a change"},
    {"a datagram was sent, asked for writable", "epoll", "linux", W,
     "the buffer that it frees on its way is a change"},
    {"a datagram was sent, asked for writable", "*", "*", 0, "there was room all the time"},
    {"the Unix peer read, asked for writable", "poll poll-*", "*", 0, "writable has been reported"},
    {"the Unix peer read, asked for writable", "*", "*", W, "more room is a change"},
    {"own write to a pipe, asked for writable",
     "kqueue-freebsd kqueue-netbsd kqueue-openbsd kqueue-macos", "*", W,
     "writing posts both ends of a pipe there (K37)"},
    {"own write to a pipe, asked for writable", "*", "*", 0, "there is room still"},
    {"a Unix datagram was sent to an address, asked for writable",
     "kqueue-freebsd kqueue-netbsd kqueue-openbsd kqueue-macos", "*", W,
     "the kernel connects the socket for the call, which is a change"},
    {"a Unix datagram was sent to an address, asked for writable", "*", "*", 0,
     "there was room all the time"},
    {"a Unix datagram was received by the peer, asked for writable", "epoll kqueue-macos", "*", W,
     "more room is a change"},
    {"a Unix datagram was received by the peer, asked for writable", "*", "*", 0,
     "there was room all the time"},
    {"a Unix datagram was received, asked for writable", "epoll", "*", W, "more room is a change"},
    {"a Unix datagram was received, asked for writable", "*", "*", 0,
     "there was room all the time"},
    {"received after the own end of receiving",
     "poll-freebsd poll-netbsd poll-openbsd poll-dragonfly", "linux", R,
     "asked for again after an EAGAIN that poll(2) contradicts"},
    {"received after the own end of receiving", "poll poll-*", "linux", R | RC,
     "asked for again after an EAGAIN that poll(2) contradicts"},
    {"received after the own end of receiving", "*", "*", 0, "nothing has changed"},
    {"own end of datagrams, asked for both", "epoll poll", "*", R | W | RC | WC,
     "both directions have ended: EPOLLHUP"},
    {"own end of datagrams, asked for both", "poll-netbsd", "*", 0,
     "no POLLHUP of sockets; both directions have been reported"},
    {"own end of datagrams, asked for both", "poll-macos", "*", W | WC,
     "the end of receiving has been reported"},
    {"own end of datagrams, asked for both", "poll-*", "*", R | W | RC | WC,
     "both directions have ended: POLLHUP"},
    {"own end of datagrams, asked for both", "*", "*", W | WC, "EV_EOF of EVFILT_WRITE"},
    {"data came after the own end of sending", "epoll", "*", R | W, "one record a descriptor"},
    {"data came after the own end of sending", "*", "*", R, "a record a direction"},
    {"room came, data unread, asked for both", "epoll", "*", R | W,
     "one record a descriptor: a change of one direction shows the other too"},
    {"room came, data unread, asked for both", "*", "*", W, "a record a direction"},
    {"closed with data unread, asked for both", "poll-netbsd", "linux", R,
     "no POLLHUP of sockets; writable has been reported"},
    {"closed with data unread, asked for both", "poll-*", "linux", R | W | RC | WC,
     "no POLLERR of sockets"},
    {"closed with data unread, asked for both", "epoll poll", "linux", R | W | E | RC | WC,
     "Linux resets the connection for the data that is lost"},
    {"closed with data unread, asked for both", "epoll poll", "*", R | W | RC,
     "one record a descriptor: writable is shown again"},
    {"closed with data unread, asked for both", "*", "*", R | RC,
     "the peer sends a FIN; the reset comes when more arrives"},
    {"Unix peer closed with data unread", "epoll poll", "*", R | E | RC | WC,
     "EPOLLERR of the data that was lost, and EPOLLHUP"},
    {"Unix peer closed with data unread", "poll-netbsd", "*", R, "no POLLHUP of sockets"},
    {"Unix peer closed with data unread", "*", "*", R | RC, "EV_EOF of EVFILT_READ"},

    /* --- addresses --- */
    {"abstract names", "epoll poll", "linux", 1, "Linux has them"},
    {"abstract names", "*", "*", 0, "a name of another system is a path: -ENOTSUP"},

    /* --- errors of the kernel --- */
    {"UDP send without an address", "*", "*", -EDESTADDRREQ, "sosend() looks before the protocol"},
    {"UDP send_to when connected", "*", "linux", 0, "the address given counts, for that datagram"},
    {"UDP send_to when connected", "*", "dragonfly", 0,
     "sending is asynchronous: the datagram is lost, and EISCONN told to nobody"},
    {"UDP send_to when connected", "*", "*", -EISCONN, "4.4BSD"},
    {"joining an IPv6 group again", "*", "freebsd", -EINVAL,
     "a second join is taken for a change of its source filter"},
    {"joining an IPv6 group again", "*", "*", -EADDRINUSE, "4.4BSD"},
    {"ending a connection's writing again", "kqueue-macos", "*", -ENOTCONN,
     "a side that has ended"},
    {"ending a connection's writing again", "*", "macos", -ENOTCONN, "a side that has ended"},
    {"ending a connection's writing again", "*", "*", 0, "nothing changes"},
    {"a connection has the TTL of its listener", "*", "dragonfly", 0, "it is given the usual one"},
    {"a connection has the TTL of its listener", "*", "*", 1, "options are inherited"},
    {"a connection waits after accepting without descriptors", "*", "macos", 0,
     "the kernel drops it (accept(), uipc_syscalls.c)"},
    {"a connection waits after accepting without descriptors", "*", "*", 1,
     "the descriptor is made before the connection is taken"},
    {"Unix datagram send without an address", "*", "linux", -ENOTCONN, "its own word"},
    {"Unix datagram send without an address", "*", "*", -EDESTADDRREQ, "4.4BSD"},
    {"reading when the peer closed with data unread", "epoll poll poll-*", "linux", -ECONNRESET,
     "Linux resets the connection for the data that is lost"},
    {"reading when the peer closed with data unread", "*", "*", 0, "the end of the stream"},
    {"shutdown of a Unix datagram whose peer is gone", "kqueue-macos", "*", -ENOTCONN,
     "the peer's close has disconnected it"},
    {"shutdown of a Unix datagram whose peer is gone", "*", "macos", -ENOTCONN,
     "the peer's close has disconnected it"},
    {"shutdown of a Unix datagram whose peer is gone", "*", "*", 0, "the end of sending"},
    {"shutdown of an unconnected TCP stream", "kqueue-openbsd kqueue-dragonfly", "*", 0,
     "the kernel does not look whether it was connected"},
    {"shutdown of an unconnected TCP stream", "*", "openbsd dragonfly", 0,
     "the kernel does not look whether it was connected"},
    {"shutdown of an unconnected TCP stream", "*", "*", -ENOTCONN, "POSIX"},
    {"reading when the Unix peer closed with data unread", "epoll poll poll-*", "linux",
     -ECONNRESET, "Linux tells the writer that its data was lost"},
    {"reading when the Unix peer closed with data unread", "*", "*", 0, "the end of the stream"},
    {"Unix listener is full", "*", "linux", -EAGAIN, "its word for try again later"},
    {"Unix listener is full", "*", "*", -ECONNREFUSED, "4.4BSD"},
    {"accepting a connection that was reset", "kqueue-openbsd", "*", -ECONNABORTED, "POSIX"},
    {"accepting a connection that was reset", "*", "linux dragonfly macos", 0,
     "handed over; reading tells"},
    {"accepting a connection that was reset", "*", "*", -ECONNABORTED, "POSIX"},
    {"both IP versions in one socket", "*", "openbsd", -EINVAL, "two sockets are needed there"},
    {"both IP versions in one socket", "*", "*", 0, "IPv4 as ::ffff:a.b.c.d"},
    {"the queue of Unix datagrams is full", "epoll poll poll-*", "linux", -EAGAIN,
     "an event tells of room"},
    {"the queue of Unix datagrams is full", "*", "*", -ENOBUFS, "no event tells of room"},
    {"receiving datagrams after the own end of it", "*", "linux", -EAGAIN,
     "the end is told to blocking sockets alone"},
    {"receiving datagrams after the own end of it", "*", "*", 0, "the end"},
    {"records", "*", "macos", -ENOTSUP, "no SOCK_SEQPACKET of Unix sockets"},
    {"records", "*", "*", 0, "SOCK_SEQPACKET"},
    {"parts of one call on a pipe", "kqueue-*", "linux", 64, "the model takes no more at once"},
    {"parts of one call on a pipe", "*", "*", 1024, "IOV_MAX"},
    {"calls on a blocking socket come back", "epoll poll", "linux", 1, "MSG_DONTWAIT"},
    {"calls on a blocking socket come back", "*", "*", 0,
     "MSG_DONTWAIT does not wait for another thread's call either, and is not used"},
    {"buffers are doubled", "*", "linux", 1, "half of it is for bookkeeping"},
    {"buffers are doubled", "*", "*", 0, "taken as said"},
    {"buffers of a connection stay as told", "*", "linux", 1, "nothing else decides"},
    {"buffers of a connection stay as told", "*", "*", 0,
     "rounded up to segments (FreeBSD, OpenBSD), the route's (DragonFly), grown (macOS)"},
};

static const struct row exceptions[] = {
    {"net_connected_waits_for_a_full_backlog", "*", "freebsd netbsd openbsd dragonfly macos", 0,
     "how many wait beyond the backlog, and what the next is told, is not stated there"},
};

static bool has_word(const char *words, const char *wanted)
{
    size_t length = strlen(wanted);
    if (strcmp(words, "*") == 0)
        return true;
    for (const char *word = words; *word;) {
        size_t end = strcspn(word, " ");
        if (end == length && strncmp(word, wanted, length) == 0)
            return true;
        word += end;
        word += strspn(word, " ");
    }
    return false;
}

static bool fits(const struct row *row, const char *situation)
{
    return strcmp(row->situation, situation) == 0 && selector_is_one_of(row->selectors) &&
           has_word(row->kernels, KERNEL);
}

int64_t net_fact(const char *situation)
{
    for (size_t i = 0; i < sizeof facts / sizeof facts[0]; i++) {
        if (fits(&facts[i], situation))
            return facts[i].answer;
    }
    char message[200];
    snprintf(message, sizeof message, "a fact about \"%s\" for %s on %s", situation,
             MIO_TEST_SELECTOR, KERNEL);
    test_check(false, message, __FILE__, __LINE__);
    test_stop();
}

uint32_t net_readiness(const char *situation)
{
    return (uint32_t)net_fact(situation);
}

void net_skip_if_excepted(const char *test)
{
    for (size_t i = 0; i < sizeof exceptions / sizeof exceptions[0]; i++) {
        if (fits(&exceptions[i], test))
            SKIP(exceptions[i].reason);
    }
}

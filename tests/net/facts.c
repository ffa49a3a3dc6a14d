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
    {"connection refused, asked for writable", "*", "*", W | E | WC, "EV_EOF of EVFILT_WRITE"},
    {"connection reset, asked for readable", "epoll poll", "*", R | E | RC | WC,
     "EPOLLHUP speaks of both directions (E4)"},
    {"connection reset, asked for readable", "*", "*", R | E | RC, "EV_EOF of EVFILT_READ"},
    {"own end of receiving, asked for both", "epoll poll", "*", R | W | RC,
     "one record a descriptor: writable is shown again"},
    {"own end of receiving, asked for both", "*", "*", R | RC, "a record a direction"},
    {"the end came behind undrained data", "poll", "*", RC,
     "readable has been reported, and is asked for again after EAGAIN"},
    {"the end came behind undrained data", "*", "*", R | RC, "the end is a change"},
    {"own end of both, asked for both", "*", "*", R | W | RC | WC, "the same everywhere"},

    /* --- addresses --- */
    {"abstract names", "epoll poll", "linux", 1, "Linux has them"},
    {"abstract names", "*", "*", 0, "a name of another system is a path: -ENOTSUP"},

    /* --- errors of the kernel --- */
    {"UDP send without an address", "*", "linux freebsd openbsd macos", -EDESTADDRREQ, "POSIX"},
    {"UDP send without an address", "*", "*", -ENOTCONN, "BSD of old"},
    {"UDP send_to when connected", "*", "linux", 0, "the address given counts, for that datagram"},
    {"UDP send_to when connected", "*", "*", -EISCONN, "4.4BSD"},
    {"Unix datagram send without an address", "*", "linux netbsd", -ENOTCONN, "its own word"},
    {"Unix datagram send without an address", "*", "*", -EDESTADDRREQ, "4.4BSD"},
    {"Unix peer closed with data unread", "epoll poll", "linux", -ECONNRESET,
     "Linux tells the writer that its data was lost"},
    {"Unix peer closed with data unread", "*", "*", 0, "the end of the stream"},
    {"accepting a connection that was reset", "*", "linux", 0,
     "handed over; reading tells"},
    {"accepting a connection that was reset", "*", "*", -ECONNABORTED, "POSIX"},
    {"buffers are doubled", "*", "linux", 1, "half of it is for bookkeeping"},
    {"buffers are doubled", "*", "*", 0, "taken as said"},
    {"connections beyond the backlog", "*", "linux", 1,
     "as many as were asked for and one more; others are left without an answer"},
    {"connections beyond the backlog", "*", "*", -1, "half as many more, or refused"},
    {"data of a local stream's own shutdown stays", "epoll poll", "linux", 1,
     "shutdown(SHUT_RD) leaves what has arrived"},
    {"data of a local stream's own shutdown stays", "*", "*", 0, "it is thrown away"},
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

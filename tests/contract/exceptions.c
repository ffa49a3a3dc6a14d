/* SPDX-License-Identifier: MIT */
/* The tables: what differs between systems, and why. docs/contract.md shows them to readers. */
#include "exceptions.h"

#include "support.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

enum {
    R = MIO_READABLE,
    W = MIO_WRITABLE,
    E = MIO_ERROR,
    RC = MIO_READ_CLOSED,
    WC = MIO_WRITE_CLOSED,
    MODES = MIO_LEVEL | MIO_ONESHOT
};

struct fact {
    const char *situation;
    const char *selectors; /* words, each exact or ending in '*' */
    int64_t answer;
    const char *reason;
};

/* The first row that fits counts. */
static const struct fact facts[] = {
    /* --- what can be asked for --- */
    {"served_interests", "epoll", R | W | MIO_PRIORITY | MODES | MIO_EXCLUSIVE,
     "EPOLLPRI and EPOLLEXCLUSIVE are Linux's"},
    {"served_interests", "poll", R | W | MIO_PRIORITY | MODES, "POLLPRI"},
    {"served_interests", "poll-*", R | W | MODES,
     "no record of urgent data on all of these systems"},
    {"served_interests", "kqueue-freebsd", R | W | MIO_AIO | MIO_LIO | MODES,
     "no EVFILT_EXCEPT: nothing tells urgent data"},
    {"served_interests", "kqueue-netbsd", R | W | MODES, "no EVFILT_EXCEPT, and no EVFILT_AIO"},
    {"served_interests", "kqueue-openbsd", R | W | MIO_PRIORITY | MODES,
     "EVFILT_AIO is named and refused"},
    {"served_interests", "kqueue-dragonfly", R | W | MIO_PRIORITY | MODES,
     "EVFILT_AIO is named and refused: the kernel has no aio(4) any more"},
    {"served_interests", "kqueue-library", R | W | MODES, "libkqueue has neither filter"},
    {"served_interests", "kqueue-macos", R | W | MIO_PRIORITY | MODES,
     "EVFILT_AIO is named and refused"},

    /* --- REG3: raw descriptors on kqueue --- */
    {"second registration of a raw descriptor", "kqueue-*", 0,
     "EV_ADD of what is there replaces it, silently"},
    {"second registration of a raw descriptor", "poll-*", 0,
     "sockets have no inode number there: nothing tells two files apart"},
    {"second registration of a raw descriptor", "*", -EEXIST, "the rule"},
    {"the name of a file is registered", "epoll poll", -EBADF, "O_PATH: no file to watch"},
    {"the name of a file is registered", "*", 0, "refused, with whatever the file's kind gives"},
    {"a file that the kernel makes is registered", "epoll poll", 0,
     "procfs, sysfs and control groups have changes to tell"},
    {"a file that the kernel makes is registered", "*", -EPERM, "a regular file"},
    {"deregistration of a raw pipe without reader", "kqueue-freebsd", -ENOENT,
     "the kernel ended the registration when it reported the close (EV_ONESHOT)"},
    {"deregistration of a raw pipe without reader", "*", 0,
     "a registration lasts until it is ended"},

    /* --- REG9 --- */
    {"a duplicate keeps a closed registration", "epoll", 1,
     "epoll watches the open file, which lives as long as its last duplicate (E1)"},
    {"a duplicate keeps a closed registration", "*", 0, "the registration ends with its number"},

    /* --- WAKE1 --- */
    {"a silenced direction makes the poll's descriptor readable once",
     "kqueue-freebsd kqueue-netbsd kqueue-openbsd kqueue-dragonfly", 1,
     "EV_DISABLE leaves an event in the queue, where only the next kevent() drops it"},
    {"a silenced direction makes the poll's descriptor readable once", "*", 0,
     "the descriptor is readable when a wait would deliver"},

    /* --- EV1 --- */
    {"a partial read of a pipe is a change",
     "kqueue-freebsd kqueue-netbsd kqueue-openbsd kqueue-macos", 1,
     "reading wakes both ends of a pipe there"},
    {"a partial read of a pipe is a change", "*", 0, "only arrivals are changes"},
    {"a write that failed is a change for the reader", "kqueue-openbsd kqueue-macos", 1,
     "each call on a pipe wakes both ends there, one that gives EAGAIN too"},
    {"a write that failed is a change for the reader", "epoll", -1,
     "Linux wakes the readers of a pipe that was polled at each write, from 5.15 on"},
    {"a write that failed is a change for the reader", "*", 0, "only arrivals are changes"},
    {"own data that is acknowledged is a change", "kqueue-*", 1,
     "each acknowledgement wakes the writers of a TCP stream; on DragonFly the own write does, "
     "too"},
    {"own data that is acknowledged is a change", "*", 0, "there was room all the time"},
    {"edges have to be asked for after EAGAIN", "poll poll-*", 1,
     "poll(2) knows no edges: the library takes out what it has reported"},
    {"edges have to be asked for after EAGAIN", "*", 0, "the kernel makes the edges"},
    {"more data came, undrained", "poll poll-*", 0, "the next edge is asked for after EAGAIN"},
    {"more data came, undrained", "*", R, "each arrival is a change"},
    {"data came again, asked for both", "epoll poll poll-*", R | W,
     "one record a descriptor, or both directions asked for again"},
    {"data came again, asked for both", "*", R, "a record a direction"},
    {"data came, asked for both", "epoll", R | W,
     "one record a descriptor: a change of one direction shows the other too"},
    {"data came, asked for both", "*", R, "a record a direction"},

    {"a FIFO tells that its writer left", "kqueue-macos poll-macos", 0,
     "fifo_vnops.c posts reads and writes, and no close"},
    {"a FIFO tells that its writer left", "poll-netbsd poll-dragonfly", 0,
     "it is readable, without POLLHUP"},
    {"a FIFO tells of a writer that came and left", "poll-*", 0,
     "POLLIN is its end too, and was there before"},
    {"a FIFO tells of a writer that came and left", "*", 1, "data is a change"},
    {"a FIFO tells that its writer left", "*", 1, "the end of what there is to read"},

    /* --- EV1, EV3: room in a pipe that was full --- */
    {"a pipe that was full is writable when a quarter is free", "kqueue-dragonfly", 0,
     "the writer's filter is asked again when a read leaves the pipe at most half full"},
    {"a pipe that was full is writable when a quarter is free", "*", 1,
     "512 bytes are enough, or a page"},

    /* --- EV2: how many, and what they carry --- */
    {"events of a descriptor ready both ways", "kqueue-* poll-*", 2, "a record a direction"},
    {"events of a descriptor ready both ways", "*", 1, "one record a descriptor"},
    {"events carry the error", "kqueue-*", 1, "fflags holds it beside EV_EOF"},
    {"events carry the error", "*", 0, "EPOLLERR says only that there is one"},
    {"events carry a count", "kqueue-*", 1, "data holds it"},
    {"events carry a count", "*", 0, "the record has no room for one"},

    /* --- EV2: hints, scenario by scenario --- */
    {"peer closed, asked for readable", "epoll poll", R | RC | WC,
     "EPOLLHUP comes unasked and speaks of both directions (E4)"},
    {"peer closed, asked for readable", "poll-netbsd", R, "no POLLHUP of sockets"},
    {"peer closed, asked for readable", "*", R | RC, "only what was asked for"},
    {"peer closed, asked for both", "poll-netbsd", R, "no POLLHUP of sockets"},
    {"peer closed, asked for both", "*", R | W | RC | WC, "the same everywhere"},
    {"peer stopped sending, asked for both", "epoll", R | W | RC,
     "one record a descriptor: writable is shown again"},
    {"peer stopped sending, asked for both", "poll-freebsd poll-netbsd poll-openbsd poll-dragonfly",
     R, "no POLLRDHUP: reading 0 tells"},
    {"peer stopped sending, asked for both", "*", R | RC, "it is news for reading alone"},
    {"peer stopped sending, asked for readable",
     "poll-freebsd poll-netbsd poll-openbsd poll-dragonfly", R, "no POLLRDHUP: reading 0 tells"},
    {"peer stopped sending, asked for readable", "*", R | RC, "the end of what there is to read"},
    {"TCP reset, asked for both", "poll-netbsd", R,
     "no POLLHUP and no POLLERR of sockets; writable has been reported"},
    {"TCP reset, asked for both", "poll-*", R | W | RC | WC, "no POLLERR of sockets"},
    {"TCP reset, asked for both", "*", R | W | E | RC | WC, "the same everywhere"},
    {"TCP refused, asked for both", "poll-netbsd", R | W, "no POLLHUP and no POLLERR of sockets"},
    {"TCP refused, asked for both", "poll-*", R | W | RC | WC, "no POLLERR of sockets"},
    {"TCP refused, asked for both", "*", R | W | E | RC | WC, "the same everywhere"},
    {"own end of sending, asked for both", "epoll", W,
     "epoll does not tell a descriptor of its own shutdown; it only looks again"},
    {"own end of sending, asked for both", "poll poll-*", 0, "writable has been reported"},
    {"own end of sending, asked for both", "*", W | WC, "EV_EOF of EVFILT_WRITE"},
    {"TCP before connect, asked for both", "epoll poll", W | RC | WC,
     "an unconnected socket is hung up for Linux: register after connect()"},
    {"TCP before connect, asked for both", "*", 0, "nothing is ready yet"},
    {"UDP refused, asked for both", "epoll poll", W | E | WC,
     "EPOLLOUT|EPOLLERR is read as write-closed; a datagram socket is only in error"},
    {"UDP refused, asked for both", "poll-*", R,
     "an error is readiness, without POLLERR; writable has been reported"},
    {"UDP refused, asked for both", "*", R | W, "an error without EV_EOF is not in the record"},
    {"pipe without writer", "epoll poll", RC | WC,
     "an empty pipe gives EPOLLHUP alone: read_closed says it, readable does not"},
    {"pipe without writer", "poll-dragonfly", R, "no POLLHUP: reading 0 tells"},
    {"pipe without writer", "*", R | RC, "EV_EOF of EVFILT_READ"},
    {"pipe without writer, data left", "epoll poll", R | RC | WC,
     "EPOLLHUP speaks of both directions"},
    {"pipe without writer, data left", "poll-dragonfly", R, "no POLLHUP: reading 0 tells"},
    {"pipe without writer, data left", "*", R | RC, "EV_EOF of EVFILT_READ"},
    {"pipe without reader", "epoll poll", W | E | WC, "EPOLLERR is how Linux says it"},
    {"full pipe without reader", "epoll poll", E | WC, "EPOLLOUT needs room"},
    {"full pipe without reader", "*", W | WC, "EV_EOF of EVFILT_WRITE"},
    {"pipe without reader", "*", W | WC, "EV_EOF of EVFILT_WRITE, or the injected event (K9)"},

    /* --- LIFE1, WAIT2 --- */
    {"descriptors of a poll with wakers", "epoll", 2, "the epoll set and an eventfd"},
    {"descriptors of a poll with wakers", "poll", 1, "the doorbell: an eventfd"},
    {"a poll is a descriptor", "poll poll-*", 0, "poll(2) is a call, not an object: -ENOTSUP"},
    {"a poll is a descriptor", "*", 1, "the kernel's own object"},
    {"descriptors of a poll with wakers", "poll-*", 2, "the doorbell: a pipe"},
    {"descriptors of a poll with wakers", "kqueue-*", 1, "EVFILT_USER needs none"},
    {"requests of aio are events in the model", "kqueue-freebsd", 1,
     "EVFILT_AIO is posted by the kernel"},
    {"requests of aio are events in the model", "*", 0,
     "the system, or its model, has no such event"},
    {"a wait is cut to these seconds", "kqueue-dragonfly", 60,
     "one call that wakes a million times for nothing panics the kernel (kern.kq_checkloop)"},
    {"a wait is cut to these seconds", "*", 100000000, "what the strictest kernel takes (K40)"},
    {"a wait for ever is cut", "kqueue-dragonfly", 1, "the same"},
    {"a wait for ever is cut", "*", 0, "it sleeps until something comes"},
    {"a busy poll looks before it waits with a time", "kqueue-macos", 0,
     "a call that brings nothing costs 12 microseconds"},
    {"a busy poll looks before it waits with a time", "*", 1, "a timer costs 200 cycles"},
    {"the kernel allocates in the process", "kqueue-* poll-*", 1,
     "the kernel of the tests is a model in the same process"},
    {"the kernel allocates in the process", "*", 0, "a kernel has memory of its own"},
};

struct exception {
    const char *test;
    const char *selectors;
    const char *reason;
};

static const struct exception exceptions[] = {
    {"ev2_urgent_data_is_priority", "kqueue-freebsd kqueue-netbsd poll-*",
     "nothing tells of urgent data: MIO_PRIORITY is -ENOTSUP"},
    {"ev2_plain_data_is_no_priority", "kqueue-freebsd kqueue-netbsd poll-*",
     "nothing tells of urgent data: MIO_PRIORITY is -ENOTSUP"},
    {"ev2_priority_is_dropped_with_its_registration", "kqueue-freebsd kqueue-netbsd poll-*",
     "nothing tells of urgent data: MIO_PRIORITY is -ENOTSUP"},
    {"ev3_exclusive_reregistration_of_the_unknown_is_told", "kqueue-* poll poll-*",
     "MIO_EXCLUSIVE is -ENOTSUP: only epoll has it"},
    {"ev1_a_hang_up_that_stands_is_told_once", "poll-*",
     "the end is POLLIN there: who asks again without EAGAIN is told again"},
    {"ev1_an_error_that_stands_is_told_once", "kqueue-* poll-*",
     "no queue of errors that a socket keeps until it is read: IP_RECVERR is Linux's"},
    {"wake1_the_polls_descriptor_becomes_readable", "poll poll-*", "mio_poll_fd() is -ENOTSUP"},
    {"wake1_the_polls_descriptor_is_quiet_when_nothing_is_ready", "poll poll-*",
     "mio_poll_fd() is -ENOTSUP"},
    {"wake1_the_polls_descriptor_tells_of_an_earlier_wake", "poll poll-*",
     "mio_poll_fd() is -ENOTSUP"},
    {"wake1_the_polls_descriptor_can_be_polled", "poll poll-*", "mio_poll_fd() is -ENOTSUP"},
    {"wake1_the_polls_descriptor_after_a_spent_oneshot", "poll poll-*",
     "mio_poll_fd() is -ENOTSUP"},
    {"wake1_the_polls_descriptor_was_asked_for_before_the_first_waker", "poll poll-*",
     "mio_poll_fd() is -ENOTSUP"},
    {"wake3_the_registrys_descriptor_makes_no_wake_dearer", "poll poll-*",
     "mio_registry_fd() is -ENOTSUP: poll(2) is a call, not an object"},
    {"options_the_log_tells_what_has_no_caller", "poll poll-*",
     "nothing of its own can be closed behind its back"},
    {"kqueue4_character_devices_are_asked_for_with_a_low_water_mark",
     "kqueue-freebsd kqueue-netbsd kqueue-openbsd kqueue-dragonfly",
     "only Apple's kernels refuse a character device without NOTE_LOWAT (K20)"},
    {"wait2_a_wait_is_one_system_call", "poll-*", "the poll(2) of the tests is made of many calls"},
    {"wait2_a_wait_is_one_system_call", "kqueue-*",
     "calls of kevent are counted by the model: see kqueue2_a_wait_is_one_call"},
    {"wake3_waking_who_is_awake_costs_no_system_call", "poll-*",
     "the poll(2) of the tests is made of many calls"},
    {"wake3_waking_who_is_awake_costs_no_system_call", "kqueue-*",
     "calls of kevent are counted by the model: see kqueue3_waking_who_is_awake_costs_no_call"},
};

static bool word_matches(const char *word, size_t length)
{
    const char *selector = MIO_TEST_SELECTOR;
    if (length > 0 && word[length - 1] == '*')
        return strncmp(word, selector, length - 1) == 0;
    return strlen(selector) == length && strncmp(word, selector, length) == 0;
}

bool selector_is_one_of(const char *selectors)
{
    while (*selectors) {
        size_t length = strcspn(selectors, " ");
        if (word_matches(selectors, length))
            return true;
        selectors += length;
        selectors += strspn(selectors, " ");
    }
    return false;
}

int64_t fact(const char *situation)
{
    for (size_t i = 0; i < sizeof facts / sizeof facts[0]; i++) {
        if (strcmp(facts[i].situation, situation) == 0 && selector_is_one_of(facts[i].selectors))
            return facts[i].answer;
    }
    char message[200];
    snprintf(message, sizeof message, "a fact about \"%s\" for %s", situation, MIO_TEST_SELECTOR);
    test_check(false, message, __FILE__, __LINE__);
    test_stop();
}

uint32_t readiness_fact(const char *situation)
{
    return (uint32_t)fact(situation);
}

void skip_if_excepted(const char *test)
{
    for (size_t i = 0; i < sizeof exceptions / sizeof exceptions[0]; i++) {
        if (strcmp(exceptions[i].test, test) == 0 && selector_is_one_of(exceptions[i].selectors))
            SKIP(exceptions[i].reason);
    }
}

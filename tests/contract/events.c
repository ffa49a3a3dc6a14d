/* SPDX-License-Identifier: MIT */
/* EV2: events as values, what they say, and how they print. */
#define _GNU_SOURCE

#include "facts/facts.h"
#include "support.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { TEXT_SIZE = 256 };

/* --- the container --- */

TEST(events_are_empty_at_first)
{
    struct mio_events *events;

    REQUIRE_EQ(mio_events_new(16, NULL, &events), 0);
    CHECK_EQ(mio_events_capacity(events), 16);
    CHECK_EQ(mio_events_len(events), 0);
    CHECK(mio_events_is_empty(events));
    CHECK(mio_events_get(events, 0) == NULL);
    mio_events_each(event, events) {
        CHECK(event == NULL);
    }
    mio_events_clear(events);
    CHECK(mio_events_is_empty(events));
    mio_events_free(events);
    mio_events_free(NULL);
}

/* --- room that no event has filled is not touched --- */

enum { UNTOUCHED = 0x3c, ROOM = 5000 };

struct filled {
    unsigned char *block; /* the largest so far */
    size_t size;
};

static void *allocate_filled(size_t size, void *user)
{
    struct filled *filled = user;
    void *block = malloc(size);
    if (block)
        memset(block, UNTOUCHED, size);
    if (block && size > filled->size)
        *filled = (struct filled){.block = block, .size = size};
    return block;
}

static void release_filled(void *block, size_t size, void *user)
{
    (void)size;
    (void)user;
    free(block);
}

static size_t count_untouched(const struct filled *filled)
{
    size_t count = 0;
    for (size_t i = 0; i < filled->size; i++)
        count += filled->block[i] == UNTOUCHED;
    return count;
}

TEST(events_that_have_not_come_cost_no_memory)
{
    struct filled filled = {.size = 0};
    struct mio_allocator allocator = {
        .allocate = allocate_filled, .release = release_filled, .user = &filled};
    struct mio_events *events;

    REQUIRE_EQ(mio_events_new(ROOM, &allocator, &events), 0);
    CHECK_EQ(filled.size, ROOM * sizeof(struct mio_event));
    CHECK_EQ(count_untouched(&filled), filled.size);
    mio_events_free(events);
}

TEST(events_can_be_counted_indexed_and_cleared)
{
    struct loop loop = loop_open();
    struct mio_waker *wakers[3];
    size_t looped = 0;
    mio_token sum = 0;

    for (size_t i = 0; i < 3; i++) {
        REQUIRE_EQ(mio_waker_new(loop.registry, (mio_token)1 << i, &wakers[i]), 0);
        CHECK_EQ(mio_waker_wake(wakers[i]), 0);
    }
    CHECK_EQ(loop_wait(&loop, 10 * SECOND), 3);
    CHECK_EQ(mio_events_len(loop.events), 3);
    CHECK(!mio_events_is_empty(loop.events));
    mio_events_each(event, loop.events) {
        CHECK(event == mio_events_get(loop.events, looped));
        sum += mio_event_token(event);
        looped++;
    }
    CHECK_EQ(looped, 3);
    CHECK_EQ(sum, 7);
    CHECK(mio_events_get(loop.events, 3) == NULL);
    CHECK(mio_events_get(loop.events, SIZE_MAX) == NULL);
    mio_events_clear(loop.events);
    CHECK(mio_events_is_empty(loop.events));
    CHECK(mio_events_get(loop.events, 0) == NULL);
    CHECK_EQ(mio_events_capacity(loop.events), DEFAULT_CAPACITY);

    for (size_t i = 0; i < 3; i++)
        mio_waker_free(wakers[i]);
    loop_close(&loop);
}

/* An event outlives the wait, the events, the poll and the descriptor: it is a value. */
TEST(ev2_events_are_values)
{
    struct loop loop = loop_open();
    int ends[2];
    char before[TEXT_SIZE];
    char after[TEXT_SIZE];

    open_pair(ends);
    put(ends[FAR], "x");
    REQUIRE_EQ(mio_registry_register(loop.registry, ends[NEAR], 77, MIO_READABLE), 0);
    REQUIRE_EQ(loop_wait(&loop, 10 * SECOND), 1);
    struct mio_event copy = *mio_events_get(loop.events, 0);
    mio_event_format(&copy, before, sizeof before);
    close_pair(ends);
    loop_close(&loop);

    CHECK_EQ(mio_event_token(&copy), 77);
    CHECK_EQ(mio_event_readiness(&copy), MIO_READABLE);
    mio_event_format(&copy, after, sizeof after);
    CHECK_STR(after, before);
}

/* --- predicates --- */

static void check_predicates(const struct mio_event *event, uint32_t readiness)
{
    CHECK_EQ(mio_event_readiness(event), readiness);
    CHECK_EQ(mio_event_is_readable(event), (readiness & MIO_READABLE) != 0);
    CHECK_EQ(mio_event_is_writable(event), (readiness & MIO_WRITABLE) != 0);
    CHECK_EQ(mio_event_is_error(event), (readiness & MIO_ERROR) != 0);
    CHECK_EQ(mio_event_is_read_closed(event), (readiness & MIO_READ_CLOSED) != 0);
    CHECK_EQ(mio_event_is_write_closed(event), (readiness & MIO_WRITE_CLOSED) != 0);
    CHECK_EQ(mio_event_is_priority(event), (readiness & MIO_PRIORITY) != 0);
    CHECK_EQ(mio_event_is_aio(event), (readiness & MIO_AIO) != 0);
    CHECK_EQ(mio_event_is_lio(event), (readiness & MIO_LIO) != 0);
    CHECK_EQ(mio_event_is_timer(event), (readiness & MIO_TIMER) != 0);
    CHECK_EQ(mio_event_expirations(event), 0);
}

TEST(ev2_predicates_agree_with_readiness)
{
    struct loop loop = loop_open();
    int ends[2];

    open_pair(ends);
    put(ends[FAR], "x");
    REQUIRE_EQ(mio_registry_register(loop.registry, ends[NEAR], 1, MIO_READABLE), 0);
    REQUIRE_EQ(loop_wait(&loop, 10 * SECOND), 1);
    check_predicates(mio_events_get(loop.events, 0), MIO_READABLE);
    REQUIRE_EQ(mio_registry_reregister(loop.registry, ends[NEAR], 1, MIO_WRITABLE), 0);
    REQUIRE_EQ(loop_wait(&loop, 10 * SECOND), 1);
    check_predicates(mio_events_get(loop.events, 0), MIO_WRITABLE);
    drain(ends[NEAR]);
    CHECK_EQ(close(ends[FAR]), 0);
    REQUIRE_EQ(mio_registry_reregister(loop.registry, ends[NEAR], 1, MIO_READABLE), 0);
    REQUIRE_EQ(loop_wait(&loop, 10 * SECOND), 1);
    check_predicates(mio_events_get(loop.events, 0),
                     readiness_fact("peer closed, asked for readable"));

    CHECK_EQ(close(ends[NEAR]), 0);
    loop_close(&loop);
}

TEST(ev2_one_descriptor_gives_one_event_or_one_a_direction)
{
    struct loop loop = loop_open();
    int ends[2];

    open_pair(ends);
    put(ends[FAR], "x");
    REQUIRE_EQ(mio_registry_register(loop.registry, ends[NEAR], 1, BOTH), 0);
    CHECK_EQ(loop_wait(&loop, 10 * SECOND), fact("events of a descriptor ready both ways"));
    uint32_t all = 0;
    mio_events_each(event, loop.events) {
        CHECK_EQ(all & mio_event_readiness(event), 0);
        all |= mio_event_readiness(event);
    }
    CHECK_EQ(all, BOTH);

    close_pair(ends);
    loop_close(&loop);
}

/* Promises: what is called readable can be read, and what is called writable written. */
TEST(ev2_readable_and_writable_are_promises)
{
    struct loop loop = loop_open();
    int ends[2];
    char byte;

    open_tcp(ends);
    put(ends[FAR], "x");
    REQUIRE_EQ(mio_registry_register(loop.registry, ends[NEAR], 1, BOTH), 0);
    AWAIT_EVENTS(&loop, {1, BOTH});
    CHECK_EQ(read(ends[NEAR], &byte, 1), 1);
    CHECK_EQ(write(ends[NEAR], &byte, 1), 1);

    close_pair(ends);
    loop_close(&loop);
}

TEST(ev2_events_without_error_carry_none)
{
    struct loop loop = loop_open();
    int ends[2];

    open_pair(ends);
    put(ends[FAR], "x");
    REQUIRE_EQ(mio_registry_register(loop.registry, ends[NEAR], 1, BOTH), 0);
    CHECK(loop_wait(&loop, 10 * SECOND) >= 1);
    mio_events_each(event, loop.events) {
        CHECK_EQ(mio_event_error(event), 0);
        CHECK(!mio_event_is_error(event));
    }

    close_pair(ends);
    loop_close(&loop);
}

TEST(ev2_the_error_of_a_reset_is_told_where_known)
{
    skip_if_excepted(__func__);

    struct loop loop = loop_open();
    int ends[2];
    int error = 0;

    open_tcp(ends);
    REQUIRE_EQ(mio_registry_register(loop.registry, ends[NEAR], 1, MIO_READABLE), 0);
    close_with_reset(ends[FAR]);
    REQUIRE_EQ(loop_wait(&loop, 10 * SECOND), 1);
    const struct mio_event *event = mio_events_get(loop.events, 0);
    CHECK_EQ(mio_event_is_error(event),
             (readiness_fact("TCP reset, asked for both") & MIO_ERROR) != 0);
    CHECK_EQ(mio_event_error(event), fact("events carry the error") ? -ECONNRESET : 0);
    /* The event took nothing away: SO_ERROR tells on every system. */
    socklen_t length = sizeof error;
    CHECK_EQ(getsockopt(ends[NEAR], SOL_SOCKET, SO_ERROR, &error, &length), 0);
    CHECK_EQ(error, ECONNRESET);

    CHECK_EQ(close(ends[NEAR]), 0);
    loop_close(&loop);
}

TEST(ev2_the_amount_counts_bytes_where_known)
{
    struct loop loop = loop_open();
    int ends[2];
    bool known = fact("events carry a count") != 0;

    open_pair(ends);
    put(ends[FAR], "12345");
    REQUIRE_EQ(mio_registry_register(loop.registry, ends[NEAR], 1, MIO_READABLE), 0);
    REQUIRE_EQ(loop_wait(&loop, 10 * SECOND), 1);
    CHECK_EQ(mio_event_amount(mio_events_get(loop.events, 0)), known ? 5 : -1);
    REQUIRE_EQ(mio_registry_reregister(loop.registry, ends[NEAR], 1, MIO_WRITABLE), 0);
    REQUIRE_EQ(loop_wait(&loop, 10 * SECOND), 1);
    int64_t room = mio_event_amount(mio_events_get(loop.events, 0));
    CHECK(known ? room > 0 : room == -1);

    close_pair(ends);
    loop_close(&loop);
}

TEST(ev2_the_amount_counts_connections_where_known)
{
    struct loop loop = loop_open();
    uint16_t port;
    int listener = open_listener(&port);
    int client = open_tcp_socket();
    int result = connect_to(client, port);

    REQUIRE(result == 0 || result == -EINPROGRESS);
    REQUIRE_EQ(mio_registry_register(loop.registry, listener, 1, MIO_READABLE), 0);
    REQUIRE_EQ(loop_wait(&loop, 10 * SECOND), 1);
    CHECK_EQ(mio_event_amount(mio_events_get(loop.events, 0)),
             fact("events carry a count") ? 1 : -1);

    CHECK_EQ(close(client), 0);
    CHECK_EQ(close(listener), 0);
    loop_close(&loop);
}

/* --- printing --- */

struct event_text {
    struct mio_event event;
    const char *text;
};

#if defined(MIO_RECORD_EPOLL)

static const struct event_text event_texts[] = {
    {{.events = 0x2001, .data = 7}, "epoll_event { events: EPOLLIN|EPOLLRDHUP, data: 0x7 }"},
    {{.events = 0x1d, .data = 0},
     "epoll_event { events: EPOLLIN|EPOLLOUT|EPOLLERR|EPOLLHUP, data: 0x0 }"},
    {{.events = 0x2, .data = 0xffffffff}, "epoll_event { events: EPOLLPRI, data: 0xffffffff }"},
    {{.events = 0, .data = 1}, "epoll_event { events: (empty), data: 0x1 }"},
    {{.events = 0x800001, .data = 1}, "epoll_event { events: EPOLLIN|0x800000, data: 0x1 }"},
};

#elif defined(MIO_RECORD_KEVENT)

enum { ADD = 0x1, ONESHOT = 0x10, CLEAR = 0x20, RECEIPT = 0x40, DISPATCH = 0x80, END = 0x8000 };

static const struct event_text event_texts[] = {
    {{.ident = 7,
      .filter = MIO_KEVENT_READ,
      .flags = ADD | CLEAR | END,
      .data = 5,
      .udata = (void *)7},
     "kevent { ident: 7, filter: EVFILT_READ, flags: EV_ADD|EV_CLEAR|EV_EOF, fflags: (empty), "
     "data: 5, udata: 0x7 }"},
    {{.ident = 8, .filter = MIO_KEVENT_WRITE, .flags = RECEIPT | DISPATCH, .udata = (void *)16},
     "kevent { ident: 8, filter: EVFILT_WRITE, flags: EV_RECEIPT|EV_DISPATCH, fflags: (empty), "
     "data: 0, udata: 0x10 }"},
    {{.ident = 9, .filter = MIO_KEVENT_USER, .flags = CLEAR, .udata = (void *)1},
     "kevent { ident: 9, filter: EVFILT_USER, flags: EV_CLEAR, fflags: (empty), data: 0, "
     "udata: 0x1 }"},
};

#else

static const struct event_text event_texts[] = {
    {{.token = 7, .readiness = MIO_READABLE, .error = 0},
     "mio_event { readiness: READABLE, error: 0, token: 0x7 }"},
};

#endif

TEST(ev2_events_print_by_name)
{
    char text[TEXT_SIZE];

    for (size_t i = 0; i < sizeof event_texts / sizeof event_texts[0]; i++) {
        CHECK_EQ(mio_event_format(&event_texts[i].event, text, sizeof text),
                 strlen(event_texts[i].text));
        CHECK_STR(text, event_texts[i].text);
    }
    CHECK_EQ(mio_event_format(null(), text, sizeof text), -EINVAL);
}

TEST(ev2_the_event_of_a_timer_prints_its_expirations)
{
    struct loop loop = loop_open();
    struct mio_timer timer = MIO_TIMER_INIT;
    char text[TEXT_SIZE];

    REQUIRE_EQ(mio_timer_set(&timer, loop.registry, 7, 1), 0);
    REQUIRE_EQ(loop_wait(&loop, 10 * SECOND), 1);
    const struct mio_event *event = mio_events_get(loop.events, 0);
    CHECK_EQ(mio_event_error(event), 0);
    CHECK(mio_event_format(event, text, sizeof text) > 0);
    CHECK(strstr(text, "expirations: 1") || strstr(text, "EVFILT_TIMER"));
    CHECK(strstr(text, ": 0x7 }") != NULL);

    loop_close(&loop);
}

TEST(ev2_printing_cuts_like_snprintf)
{
    const struct event_text *one = &event_texts[0];
    int whole = (int)strlen(one->text);
    char text[TEXT_SIZE];

    CHECK_EQ(mio_event_format(&one->event, NULL, 0), whole);
    for (size_t size = 1; size <= (size_t)whole + 1; size++) {
        memset(text, '#', sizeof text);
        CHECK_EQ(mio_event_format(&one->event, text, size), whole);
        CHECK_EQ(strlen(text), size - 1);
        CHECK_EQ(strncmp(text, one->text, size - 1), 0);
        CHECK_EQ(text[size], '#');
    }
}

/* What came from a kernel prints without unnamed bits, and names the direction. */
TEST(ev2_real_events_print_without_unknown_bits)
{
    struct loop loop = loop_open();
    int ends[2];
    char text[TEXT_SIZE];

    open_pair(ends);
    put(ends[FAR], "x");
    REQUIRE_EQ(mio_registry_register(loop.registry, ends[NEAR], 0x1234, BOTH), 0);
    CHECK(loop_wait(&loop, 10 * SECOND) >= 1);
    mio_events_each(event, loop.events) {
        int length = mio_event_format(event, text, sizeof text);
        CHECK(length > 0 && length < TEXT_SIZE);
        CHECK(strstr(text, "0x1234 }") != NULL);
        CHECK(strstr(text, "|0x") == NULL && strstr(text, ": 0x8") == NULL);
        if (mio_event_is_readable(event))
            CHECK(strstr(text, "EVFILT_READ") || strstr(text, "EPOLLIN") ||
                  strstr(text, "READABLE"));
        if (mio_event_is_writable(event))
            CHECK(strstr(text, "EVFILT_WRITE") || strstr(text, "EPOLLOUT") ||
                  strstr(text, "WRITABLE"));
    }

    close_pair(ends);
    loop_close(&loop);
}

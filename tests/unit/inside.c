/* SPDX-License-Identifier: MIT */
/* What only a look inside the library, or a caller that makes its structs by hand, can bring about.
 */
#if !defined(_GNU_SOURCE)
#define _GNU_SOURCE
#endif

#include "test.h"

#include <mio.h>

#include <errno.h>
#include <limits.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "memory.h"
#include "registry.h"
#include "selector/selector.h"

enum { TOKEN = 7, NEAR = 0, FAR = 1 };

/* --- a selector that refuses to be asked for the next event --- */

static int refuse(struct mio_selector *selector, mio_fd fd, mio_interest interest)
{
    (void)selector;
    (void)fd;
    (void)interest;
    return -ENOMEM;
}

/* A stream on its way waits for an event that will not come: that is told at once. */
TEST(inside_connected_tells_that_nothing_more_will_come)
{
    static const struct mio_selector_ops ops = {.name = "refusing", .rearm = refuse};
    struct mio_selector selector = {.ops = &ops};
    struct mio_tcp_stream stream;
    mio_birth_record(&selector.birth);
    REQUIRE_EQ(mio_tcp_stream_from_fd(socket(AF_INET, SOCK_STREAM, 0), &stream), 0);
    stream.source.selector = &selector;
    stream.source.interest = MIO_WRITABLE;
    CHECK_EQ(mio_tcp_stream_connected(&stream), -ENOMEM);
    stream.source.selector = NULL;
    CHECK_EQ(mio_tcp_stream_connected(&stream), -EINPROGRESS);
    CHECK_EQ(mio_tcp_stream_close(&stream), 0);
}

/* --- more room than epoll takes in one call --- */

TEST(inside_a_wait_with_room_for_more_than_epoll_takes)
{
    struct mio_options options = {.backend = "epoll"};
    size_t capacity = INT_MAX / sizeof(struct mio_event) + 1;
    size_t size = capacity * sizeof(struct mio_event);
    struct mio_poll *poll;
    int ends[2];
    if (mio_poll_new(&options, &poll) != 0)
        SKIP("no epoll here");
    struct mio_event *list = mmap(NULL, size, PROT_READ | PROT_WRITE,
                                  MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (list == MAP_FAILED) {
        mio_poll_free(poll);
        SKIP("no address space for it");
    }
    struct mio_events events = {.capacity = capacity, .list = list};
    REQUIRE_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends), 0);
    CHECK_EQ(write(ends[FAR], "x", 1), 1);
    CHECK_EQ(mio_registry_register(mio_poll_registry(poll), ends[NEAR], TOKEN, MIO_READABLE), 0);
    /* An emulator may lack the memory for a second array as large. */
    int count = mio_poll_wait(poll, &events, MIO_FOREVER);
    CHECK(count == 1 || count == -ENOMEM);
    if (count == 1)
        CHECK_EQ(mio_event_token(list), TOKEN);
    CHECK_EQ(close(ends[NEAR]), 0);
    CHECK_EQ(close(ends[FAR]), 0);
    CHECK_EQ(munmap(list, size), 0);
    mio_poll_free(poll);
}

/* --- a table that no address space holds --- */

TEST(inside_a_table_that_is_too_large)
{
    void *table = NULL;
    size_t room = 0;
    CHECK_EQ(mio_grow(&mio_default_allocator, &table, &room, SIZE_MAX / 2, 4), -ENOMEM);
    CHECK(!table && room == 0);
}

/* --- a token that is the doorbell's --- */

/* The token of the doorbell's record is an address of the library's own; a record with more to say
 * than the doorbell has is the program's all the same. */
TEST(inside_an_event_with_the_doorbells_token)
{
    struct mio_options options = {.backend = "epoll"};
    struct mio_poll *poll;
    struct mio_events *events;
    struct mio_waker *waker;
    int ends[2];
    if (mio_poll_new(&options, &poll) != 0)
        SKIP("no epoll here");
    struct mio_registry *registry = mio_poll_registry(poll);
    REQUIRE_EQ(mio_events_new(4, &events), 0);
    REQUIRE_EQ(mio_waker_new(registry, TOKEN, &waker), 0);
    REQUIRE_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends), 0);
    CHECK_EQ(
        mio_registry_register(registry, ends[NEAR], (uintptr_t)registry->selector, MIO_WRITABLE),
        0);
    CHECK_EQ(mio_poll_wait(poll, events, MIO_FOREVER), 1);
    CHECK(mio_event_is_writable(mio_events_get(events, 0)));
    CHECK_EQ(close(ends[NEAR]), 0);
    CHECK_EQ(close(ends[FAR]), 0);
    mio_waker_free(waker);
    mio_events_free(events);
    mio_poll_free(poll);
}

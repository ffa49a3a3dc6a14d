/* SPDX-License-Identifier: MIT */
/* What only a look inside the library, or a caller that makes its structs by hand, can bring about.
 */
#if !defined(_GNU_SOURCE)
#define _GNU_SOURCE
#endif

#include "epoll_tokens.h"
#include "test.h"

#include <mio.h>

#include <errno.h>
#include <limits.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "os/memory.h"
#include "poll/io.h"
#include "poll/registry.h"
#include "selector/selector.h"
#include "source/watch.h"
#include "timer/wheel.h"

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
    static const struct mio__selector_ops ops = {.name = "refusing", .rearm = refuse};
    struct mio_selector selector = {.ops = &ops};
    struct mio_tcp_stream stream;
    mio__fork_guard_set(&selector.fork_guard);
    REQUIRE_EQ(mio_tcp_stream_from_fd(socket(AF_INET, SOCK_STREAM, 0), &stream), 0);
    stream.source.selector = &selector;
    stream.source.interest = MIO_WRITABLE;
    CHECK_EQ(mio_tcp_stream_finish_connect(&stream), -ENOMEM);
    stream.source.selector = NULL;
    CHECK_EQ(mio_tcp_stream_finish_connect(&stream), -EINPROGRESS);
    CHECK_EQ(mio_source_close(&stream.source), 0);
}

/* Nor will anything more be told of files. */
TEST(inside_a_watch_tells_that_nothing_more_will_come)
{
    static const struct mio__selector_ops ops = {.name = "refusing", .rearm = refuse};
    struct mio_selector selector = {.ops = &ops};
    struct mio_watch_event happened;
    struct mio_poll *poll;
    struct mio_watch *watch;
    mio__fork_guard_set(&selector.fork_guard);
    REQUIRE_EQ(mio_poll_new(NULL, &poll), 0);
    int error = mio_watch_new(mio_poll_registry(poll), 1, &watch);
    if (error < 0) {
        mio_poll_free(poll);
        SKIP("nothing tells of files here");
    }
    struct mio_selector *real = watch->source.selector;
    watch->source.selector = &selector;
    CHECK_EQ(mio_watch_next(watch, &happened), -ENOMEM);
    watch->source.selector = real;
    CHECK_EQ(mio_watch_next(watch, &happened), 0);
    mio_watch_free(watch);
    mio_poll_free(poll);
}

static int looks;

static int count_look(struct mio_selector *selector, mio_fd fd, mio_interest interest)
{
    (void)selector;
    (void)fd;
    looks += interest == 0;
    return 0;
}

/* LIFE3: what a child does to a source's file is nothing for its parent's selector. */
TEST(inside_a_child_does_not_make_its_parents_selector_look)
{
    static const struct mio__selector_ops ops = {.name = "looking", .rearm = count_look};
    struct mio_selector selector = {.ops = &ops};
    struct mio_source source;
    int status;
    mio__fork_guard_set(&selector.fork_guard);
    mio_source_init(&source, MIO_INVALID_FD);
    source.selector = &selector;
    looks = 0;
    mio__source_look(&source);
    CHECK_EQ(looks, 1);
    pid_t child = fork();
    REQUIRE(child >= 0);
    if (child == 0) {
        mio__source_look(&source);
        _exit(looks);
    }
    REQUIRE_EQ(waitpid(child, &status, 0), child);
    CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 1);
    source.selector = NULL;
}

/* --- a wheel without timers, whose first nobody asks for --- */

TEST(inside_an_empty_wheel_has_no_first)
{
    static struct mio__wheel wheel;
    CHECK(mio__wheel_is_empty(&wheel));
    CHECK(mio__wheel_first(&wheel) == NULL);
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
    CHECK_EQ(mio__grow(&mio__default_allocator, &table, &room, SIZE_MAX / 2, 4), -ENOMEM);
    CHECK(!table && room == 0);
}

/* --- a token that is the doorbell's --- */

#if MIO_PLATFORM == MIO_PLATFORM_LINUX && UINTPTR_MAX > UINT32_MAX

struct marked {
    struct mio_poll *poll;
    struct mio_registry *registry;
    struct mio_events *events;
    struct mio_waker *waker;
    int ends[2];
    mio_token mark; /* the doorbell's */
};

static struct marked marked_open(void)
{
    struct mio_options options = {.backend = "epoll"};
    struct marked marked = {0};
    if (mio_poll_new(&options, &marked.poll) != 0)
        SKIP("no epoll here");
    marked.registry = mio_poll_registry(marked.poll);
    REQUIRE_EQ(mio_events_new(4, NULL, &marked.events), 0);
    REQUIRE_EQ(mio_waker_new(marked.registry, TOKEN, &marked.waker), 0);
    REQUIRE_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, marked.ends), 0);
    marked.mark = epoll_token_of_other(mio_registry_fd(marked.registry), &marked.ends[NEAR], 1);
    return marked;
}

static void marked_close(struct marked *marked)
{
    CHECK_EQ(close(marked->ends[NEAR]), 0);
    CHECK_EQ(close(marked->ends[FAR]), 0);
    mio_waker_free(marked->waker);
    mio_events_free(marked->events);
    mio_poll_free(marked->poll);
}

static void expect_readable(struct marked *marked, mio_token token)
{
    CHECK_EQ(mio_poll_wait(marked->poll, marked->events, INT64_C(10000000000)), 1);
    const struct mio_event *event = mio_events_get(marked->events, 0);
    CHECK(event && mio_event_token(event) == token && mio_event_is_readable(event));
    CHECK_EQ(mio_poll_wait(marked->poll, marked->events, 0), 0);
}

static void register_the_doorbells_token(void)
{
    for (int again = 0; again < 2; again++) {
        struct marked marked = marked_open();
        if (marked.mark == 0) {
            marked_close(&marked);
            SKIP("/proc does not tell");
        }
        CHECK_EQ(write(marked.ends[FAR], "x", 1), 1);
        /* Making the waker has rung, so that a record of the doorbell is under way. */
        if (again) {
            CHECK_EQ(mio_registry_register(marked.registry, marked.ends[NEAR], 1, MIO_WRITABLE), 0);
            CHECK_EQ(mio_registry_reregister(marked.registry, marked.ends[NEAR], marked.mark,
                                             MIO_READABLE),
                     0);
        } else {
            CHECK_EQ(mio_registry_register(marked.registry, marked.ends[NEAR], marked.mark,
                                           MIO_READABLE),
                     0);
        }
        mio_token next =
            epoll_token_of_other(mio_registry_fd(marked.registry), &marked.ends[NEAR], 1);
        CHECK(next != 0 && next != marked.mark);
        expect_readable(&marked, marked.mark);
        for (int i = 0; i < 3; i++) {
            CHECK_EQ(mio_poll_fd(marked.poll) >= 0, true); /* from now on each wake rings */
            CHECK_EQ(mio_waker_wake(marked.waker), 0);
            expect_readable(&marked, TOKEN);
        }
        marked_close(&marked);
    }
}

static void compare_the_doorbells_tokens(void)
{
    struct marked one = marked_open();
    struct marked other = marked_open();
    if (one.mark != 0) {
        CHECK(one.mark > UINTPTR_MAX / 2 && other.mark > UINTPTR_MAX / 2);
        CHECK(one.mark != other.mark);
    }
    marked_close(&one);
    marked_close(&other);
}

#else

static void register_the_doorbells_token(void)
{
    SKIP("the doorbell has a token where there is epoll, and pointers of 64 bits");
}

static void compare_the_doorbells_tokens(void)
{
    SKIP("the doorbell has a token where there is epoll, and pointers of 64 bits");
}

#endif

TEST(inside_the_doorbells_token_can_be_registered)
{
    register_the_doorbells_token();
}

/* No address, nor a small number, but another one in each poll. */
TEST(inside_the_doorbells_token_is_nobodys)
{
    compare_the_doorbells_tokens();
}

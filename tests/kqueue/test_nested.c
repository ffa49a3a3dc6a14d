/* SPDX-License-Identifier: MIT */
/* A kqueue in a kqueue (K25). */
#include "test_support.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <unistd.h>

enum { MAX_DEPTH = 10 };

/* An inner kqueue with that many user knotes, and an outer one that watches it. */
struct nest {
    int outer;
    int inner;
};

static struct nest open_nest(uint32_t flags, int knotes)
{
    struct nest nest = {.outer = open_kqueue(), .inner = open_kqueue()};
    REQUIRE_EQ(ask(nest.outer, nest.inner, EVFILT_READ, flags, TOKEN), 0);
    for (int i = 0; i < knotes; i++)
        REQUIRE_EQ(ask(nest.inner, i, EVFILT_USER, EV_ADD | EV_CLEAR, TOKEN), 0);
    return nest;
}

static void close_nest(struct nest nest)
{
    close(nest.outer);
    close(nest.inner);
}

TEST(nested_kqueue_is_readable_when_it_has_events)
{
    struct nest nest = open_nest(EV_ADD, 1);
    CHECK(quiet(nest.outer));
    CHECK_EQ(trigger(nest.inner, 0, TOKEN), 0);
    struct kevent event;
    REQUIRE(await(nest.outer, &event));
    CHECK_EQ(event.ident, nest.inner);
    CHECK_EQ(event.filter, EVFILT_READ);
    CHECK_EQ(event.flags & (EV_EOF | EV_ERROR), 0);
    CHECK(!quiet(nest.outer)); /* level: until the inner one is fetched */
    REQUIRE(fetch_one(nest.inner, &event));
    CHECK_EQ(event.filter, EVFILT_USER);
    CHECK(quiet(nest.outer));
    close_nest(nest);
}

TEST(nested_data_is_the_number_of_queued_knotes)
{
    NEED_STATED(expected.nested_counts);
    struct nest nest = open_nest(EV_ADD, 3);
    for (int i = 0; i < 3; i++)
        CHECK_EQ(trigger(nest.inner, (uintptr_t)i, TOKEN), 0);
    struct kevent event;
    do
        REQUIRE(await(nest.outer, &event));
    while (event.data < 3); /* the news travels in a task of its own on some systems */
    CHECK_EQ(event.data, 3);
    CHECK(fetch_one(nest.inner, &event));
    REQUIRE(await(nest.outer, &event));
    CHECK_EQ(event.data, 2);
    close_nest(nest);
}

TEST(nested_data_is_stale_until_the_inner_one_is_fetched)
{
    NEED_STATED(expected.nested_stale);
    int ends[2];
    open_unix(ends, SOCK_STREAM);
    struct nest nest = open_nest(EV_ADD, 0);
    CHECK_EQ(ask(nest.inner, ends[0], EVFILT_READ, EV_ADD | EV_CLEAR, TOKEN), 0);
    put(ends[1], "x");
    struct kevent event;
    REQUIRE(await(nest.outer, &event));
    take(ends[0], 1);
    CHECK_EQ(!quiet(nest.outer), expected.nested_stale);
    CHECK(quiet(nest.inner));
    CHECK(quiet(nest.outer));
    close_nest(nest);
    close_both(ends);
}

TEST(k25_write_on_a_kqueue_is_refused)
{
    struct nest nest = open_nest(EV_ADD, 0);
    CHECK_EQ(ask(nest.outer, nest.inner, EVFILT_WRITE, EV_ADD, TOKEN), expected.nested_write);
    CHECK_EQ(ask(nest.outer, nest.inner, EVFILT_WRITE, EV_DELETE, TOKEN), ENOENT);
    CHECK_EQ(ask(nest.outer, nest.inner, EVFILT_READ, EV_DELETE, TOKEN), 0);
    close_nest(nest);
}

TEST(k10_refused_write_leaves_the_read_knote_of_the_same_call)
{
    struct nest nest = {.outer = open_kqueue(), .inner = open_kqueue()};
    uint32_t flags = EV_ADD | EV_CLEAR | EV_RECEIPT;
    struct kevent list[2] = {
        change((uintptr_t)nest.inner, EVFILT_WRITE, flags, 0, 0, TOKEN),
        change((uintptr_t)nest.inner, EVFILT_READ, flags, 0, 0, TOKEN),
    };
    REQUIRE_EQ(apply(nest.outer, list, 2, list, 2), 2);
    CHECK_EQ(list[0].data, expected.nested_write);
    CHECK_EQ(list[1].data, 0);
    CHECK_EQ(ask(nest.outer, nest.inner, EVFILT_READ, EV_DELETE, TOKEN),
             0); /* half a registration */
    close_nest(nest);
}

TEST(k25_kqueue_in_itself)
{
    NEED_STATED(expected.nested_itself);
    int kq = open_kqueue();
    CHECK_EQ(ask(kq, kq, EVFILT_READ, EV_ADD, TOKEN), expected.nested_itself);
    if (expected.nested_itself_is_silent == 1)
        CHECK(quiet(kq));
    close(kq);
}

TEST(k25_two_kqueues_in_each_other)
{
    NEED_STATED(expected.nested_cycle);
    struct nest nest = open_nest(EV_ADD, 0);
    CHECK_EQ(ask(nest.inner, nest.outer, EVFILT_READ, EV_ADD, TOKEN), expected.nested_cycle);
    close_nest(nest);
}

TEST(macos_kqueues_nest_ten_deep)
{
    if (!expected.nested_depth_limited)
        SKIP("not stated for this system");
    int chain[MAX_DEPTH + 3];
    int refused = 0;
    chain[0] = open_kqueue();
    for (int i = 1; i < MAX_DEPTH + 3; i++) {
        chain[i] = open_kqueue();
        int error = ask(chain[i], chain[i - 1], EVFILT_READ, EV_ADD, TOKEN);
        CHECK(error == 0 || error == EINVAL);
        refused += error == EINVAL;
    }
    CHECK(refused > 0);
    for (int i = 0; i < MAX_DEPTH + 3; i++)
        close(chain[i]);
}

TEST(macos_nested_clear_needs_an_empty_queue)
{
    if (!expected.nested_clear_needs_empty)
        SKIP("not stated for this system");
    struct nest nest = open_nest(EV_ADD | EV_CLEAR, 2);
    CHECK_EQ(trigger(nest.inner, 0, TOKEN), 0);
    CHECK(!quiet(nest.outer));
    CHECK_EQ(trigger(nest.inner, 1, TOKEN), 0);
    CHECK(quiet(nest.outer)); /* the inner queue was not empty: no edge */
    struct kevent events[4];
    CHECK_EQ(fetch(nest.inner, events, 4), 2);
    CHECK_EQ(trigger(nest.inner, 0, TOKEN), 0);
    CHECK(!quiet(nest.outer));
    close_nest(nest);
}

static void *trigger_inner(void *argument)
{
    const struct nest *nest = argument;
    CHECK_EQ(trigger(nest->inner, 0, TOKEN), 0);
    return NULL;
}

TEST(trigger_of_the_inner_kqueue_wakes_a_wait_on_the_outer)
{
    struct nest nest = open_nest(EV_ADD | EV_CLEAR, 1);
    pthread_t thread;
    REQUIRE_EQ(pthread_create(&thread, NULL, trigger_inner, &nest), 0);
    struct kevent event;
    CHECK(await(nest.outer, &event));
    CHECK_EQ(event.ident, nest.inner);
    pthread_join(thread, NULL);
    close_nest(nest);
}

TEST(descriptor_event_of_the_inner_kqueue_reaches_the_outer)
{
    int ends[2];
    open_unix(ends, SOCK_STREAM);
    struct nest nest = open_nest(EV_ADD | EV_CLEAR, 0);
    CHECK_EQ(ask(nest.inner, ends[0], EVFILT_READ, EV_ADD | EV_CLEAR, TOKEN), 0);
    put(ends[1], "x");
    struct kevent event;
    REQUIRE(await(nest.outer, &event));
    REQUIRE(fetch_one(nest.inner, &event));
    CHECK_EQ(event.ident, ends[0]);
    close_nest(nest);
    close_both(ends);
}

TEST(closing_the_inner_kqueue_drops_its_knote)
{
    struct nest nest = open_nest(EV_ADD, 1);
    CHECK_EQ(trigger(nest.inner, 0, TOKEN), 0);
    close(nest.inner);
    CHECK(quiet(nest.outer));
    close(nest.outer);
}

/* What an outer kqueue is told of an inner knote that was disabled while it was queued. */
TEST(nested_data_counts_what_was_disabled_since)
{
    NEED_STATED(expected.nested_counts_disabled);
    struct nest nest = open_nest(EV_ADD, 1);
    CHECK_EQ(trigger(nest.inner, 0, TOKEN), 0);
    struct kevent event;
    REQUIRE(await(nest.outer, &event));
    CHECK_EQ(ask(nest.inner, 0, EVFILT_USER, EV_DISABLE, TOKEN), 0);
    CHECK_EQ(fetch_one(nest.outer, &event), expected.nested_counts_disabled);
    CHECK_EQ(event.data, expected.nested_counts_disabled);
    CHECK(quiet(nest.inner)); /* the fetch takes it out */
    CHECK(quiet(nest.outer));
    close_nest(nest);
}

TEST(nested_data_forgets_what_was_deleted)
{
    struct nest nest = open_nest(EV_ADD, 1);
    CHECK_EQ(trigger(nest.inner, 0, TOKEN), 0);
    struct kevent event;
    REQUIRE(await(nest.outer, &event));
    CHECK_EQ(ask(nest.inner, 0, EVFILT_USER, EV_DELETE, TOKEN), 0);
    CHECK(quiet(nest.outer));
    close_nest(nest);
}

TEST(nested_clear_and_a_second_knote_that_joins_the_queue)
{
    NEED_STATED(expected.nested_join_is_edge);
    struct nest nest = open_nest(EV_ADD | EV_CLEAR, 2);
    CHECK_EQ(trigger(nest.inner, 0, TOKEN), 0);
    CHECK(!quiet(nest.outer));
    CHECK_EQ(trigger(nest.inner, 0, TOKEN), 0);
    CHECK(quiet(nest.outer)); /* news of one that is in it */
    CHECK_EQ(trigger(nest.inner, 1, TOKEN), 0);
    CHECK_EQ(!quiet(nest.outer), expected.nested_join_is_edge);
    close_nest(nest);
}

TEST(nested_clear_and_a_fetch_that_leaves_level_events)
{
    NEED_STATED(expected.nested_put_back_is_edge);
    int ends[2];
    open_unix(ends, SOCK_STREAM);
    struct nest nest = open_nest(EV_ADD | EV_CLEAR, 0);
    CHECK_EQ(ask(nest.inner, ends[0], EVFILT_READ, EV_ADD, TOKEN), 0);
    put(ends[1], "x");
    struct kevent event;
    REQUIRE(await(nest.outer, &event));
    CHECK(quiet(nest.outer));
    REQUIRE(fetch_one(nest.inner, &event));
    CHECK_EQ(!quiet(nest.outer), expected.nested_put_back_is_edge);
    close_nest(nest);
    close_both(ends);
}

TEST(k25_kqueue_with_events_is_readable_for_poll)
{
    int kq = open_kqueue();
    struct pollfd asked = {.fd = kq, .events = POLLIN};
    CHECK_EQ(ask(kq, IDENT, EVFILT_USER, EV_ADD | EV_CLEAR, TOKEN), 0);
    CHECK_EQ(poll(&asked, 1, 0), 0);
    CHECK_EQ(trigger(kq, IDENT, TOKEN), 0);
    CHECK_EQ(poll(&asked, 1, 0), 1);
    CHECK(asked.revents & POLLIN);
    CHECK(!quiet(kq));
    CHECK_EQ(poll(&asked, 1, 0), 0);
    close(kq);
}

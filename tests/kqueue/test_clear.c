/* SPDX-License-Identifier: MIT */
/* EV_CLEAR, level-triggered knotes, and changes of a knote that exists. */
#include "test_support.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

TEST(clear_add_reports_data_already_there)
{
    int ends[2];
    open_pipe(ends);
    int kq = open_kqueue();
    put(ends[1], "hello");
    CHECK_EQ(ask(kq, ends[0], EVFILT_READ, EV_ADD | EV_CLEAR, TOKEN), 0);
    struct kevent event;
    REQUIRE(fetch_one(kq, &event));
    CHECK_EQ(event.ident, ends[0]);
    CHECK_EQ(event.filter, EVFILT_READ);
    CHECK_EQ(event.data, 5);
    CHECK_EQ(token_of(&event), TOKEN);
    CHECK(quiet(kq)); /* unread data is no new edge */
    close(kq);
    close_both(ends);
}

TEST(clear_new_data_reports_the_total)
{
    struct fixture f = open_on_unix(EV_ADD | EV_CLEAR);
    struct kevent event;
    CHECK(quiet(f.kq));
    put(f.ends[1], "hello");
    REQUIRE(await(f.kq, &event));
    CHECK_EQ(event.data, 5);
    CHECK(quiet(f.kq));
    put(f.ends[1], "abc");
    REQUIRE(await(f.kq, &event));
    CHECK_EQ(event.data, 8);
    CHECK(quiet(f.kq));
    close_fixture(f);
}

TEST(clear_two_writes_are_one_event)
{
    struct fixture f = open_on_unix(EV_ADD | EV_CLEAR);
    put(f.ends[1], "hello");
    put(f.ends[1], "abc");
    struct kevent events[4];
    REQUIRE_EQ(fetch(f.kq, events, 4), 1);
    CHECK_EQ(events[0].data, 8);
    CHECK(quiet(f.kq));
    close_fixture(f);
}

TEST(clear_written_and_read_before_the_poll_is_nothing)
{
    struct fixture f = open_on_unix(EV_ADD | EV_CLEAR);
    put(f.ends[1], "hello");
    take(f.ends[0], 5);
    CHECK(quiet(f.kq));
    close_fixture(f);

    f = open_on_pipe(EV_ADD | EV_CLEAR);
    put(f.ends[1], "hello");
    take(f.ends[0], 5);
    CHECK(quiet(f.kq));
    put(f.ends[1], "x"); /* and the knote still lives */
    CHECK(!quiet(f.kq));
    close_fixture(f);
}

TEST(rule12_partial_read_of_a_unix_socket_is_no_edge)
{
    struct fixture f = open_on_unix(EV_ADD | EV_CLEAR);
    put(f.ends[1], "hello");
    CHECK(!quiet(f.kq));
    take(f.ends[0], 2);
    CHECK(quiet(f.kq));
    close_fixture(f);
}

TEST(rule12_partial_read_of_a_tcp_socket_is_no_edge)
{
    int kq = open_kqueue();
    int ends[2];
    open_tcp(ends);
    CHECK_EQ(ask(kq, ends[0], EVFILT_READ, EV_ADD | EV_CLEAR, TOKEN), 0);
    put(ends[1], "hello");
    struct kevent event;
    REQUIRE(await(kq, &event));
    CHECK_EQ(event.data, 5);
    take(ends[0], 2);
    CHECK(quiet(kq));
    put(ends[1], "abc");
    REQUIRE(await(kq, &event));
    CHECK_EQ(event.data, 6);
    close(kq);
    close_both(ends);
}

TEST(rule12_partial_read_of_a_pipe)
{
    struct fixture f = open_on_pipe(EV_ADD | EV_CLEAR);
    put(f.ends[1], "12345678");
    struct kevent event;
    REQUIRE(fetch_one(f.kq, &event));
    CHECK_EQ(event.data, 8);
    take(f.ends[0], 4);
    CHECK_STATED(fetch_one(f.kq, &event), expected.pipe_partial_read_fires);
    if (expected.pipe_partial_read_fires == 1)
        CHECK_EQ(event.data, 4);
    take(f.ends[0], 4);
    CHECK(quiet(f.kq));
    close_fixture(f);
}

TEST(k6_add_again_reports_what_is_ready)
{
    struct fixture f = open_on_unix(EV_ADD | EV_CLEAR);
    put(f.ends[1], "hello");
    struct kevent event;
    REQUIRE(await(f.kq, &event));
    CHECK(quiet(f.kq));
    CHECK_EQ(ask(f.kq, f.ends[0], EVFILT_READ, EV_ADD | EV_CLEAR, OTHER_TOKEN), 0);
    REQUIRE(fetch_one(f.kq, &event));
    CHECK_EQ(event.data, 5);
    CHECK_EQ(token_of(&event), OTHER_TOKEN);
    CHECK(quiet(f.kq));
    close_fixture(f);
}

TEST(k6_add_again_when_nothing_is_ready_reports_nothing)
{
    struct fixture f = open_on_unix(EV_ADD | EV_CLEAR);
    CHECK_EQ(ask(f.kq, f.ends[0], EVFILT_READ, EV_ADD | EV_CLEAR, OTHER_TOKEN), 0);
    CHECK(quiet(f.kq));
    close_fixture(f);
}

TEST(rule5_flags_are_frozen_at_the_first_add)
{
    struct fixture f = open_on_unix(EV_ADD | EV_CLEAR);
    struct kevent event;
    CHECK_EQ(ask(f.kq, f.ends[0], EVFILT_READ, EV_ADD, TOKEN), 0);
    put(f.ends[1], "x");
    REQUIRE(await(f.kq, &event));
    CHECK_EQ(event.flags, expected_echo(EV_ADD | EV_CLEAR | EV_RECEIPT));
    CHECK(quiet(f.kq)); /* still an edge */
    CHECK_EQ(ask(f.kq, f.ends[0], EVFILT_READ, EV_ADD | EV_ONESHOT | EV_DISPATCH, TOKEN), 0);
    REQUIRE(await(f.kq, &event));
    CHECK_EQ(event.flags & (EV_ONESHOT | EV_DISPATCH), 0);
    put(f.ends[1], "x");
    CHECK(await(f.kq, &event)); /* neither gone nor disabled */
    close_fixture(f);

    f = open_on_unix(EV_ADD);
    CHECK_EQ(ask(f.kq, f.ends[0], EVFILT_READ, EV_ADD | EV_CLEAR, TOKEN), 0);
    put(f.ends[1], "x");
    CHECK(await(f.kq, &event));
    CHECK(!quiet(f.kq)); /* still level */
    close_fixture(f);
}

TEST(rule5_mode_changes_by_delete_and_add)
{
    struct fixture f = open_on_unix(EV_ADD | EV_CLEAR);
    put(f.ends[1], "x");
    CHECK(!quiet(f.kq));
    CHECK(quiet(f.kq));
    struct kevent list[2] = {
        change((uintptr_t)f.ends[0], EVFILT_READ, EV_DELETE | EV_RECEIPT, 0, 0, TOKEN),
        change((uintptr_t)f.ends[0], EVFILT_READ, EV_ADD | EV_RECEIPT, 0, 0, OTHER_TOKEN),
    };
    REQUIRE_EQ(apply(f.kq, list, 2, list, 2), 2);
    CHECK_EQ(list[0].data, 0);
    CHECK_EQ(list[1].data, 0);
    struct kevent event;
    for (int i = 0; i < 3; i++) {
        REQUIRE(fetch_one(f.kq, &event));
        CHECK_EQ(token_of(&event), OTHER_TOKEN);
    }
    close_fixture(f);
}

TEST(rule5_add_never_enables)
{
    struct fixture f = open_on_unix(EV_ADD | EV_CLEAR);
    CHECK_EQ(ask(f.kq, f.ends[0], EVFILT_READ, EV_DISABLE, TOKEN), 0);
    put(f.ends[1], "x");
    CHECK(quiet(f.kq));
    CHECK_EQ(ask(f.kq, f.ends[0], EVFILT_READ, EV_ADD | EV_CLEAR, TOKEN), 0);
    CHECK(quiet(f.kq));
    CHECK_EQ(ask(f.kq, f.ends[0], EVFILT_READ, EV_ENABLE, TOKEN), 0);
    struct kevent event;
    REQUIRE(fetch_one(f.kq, &event));
    CHECK_EQ(event.data, 1);
    CHECK(quiet(f.kq));
    close_fixture(f);
}

TEST(enable_reports_pending_data_with_clear_too)
{
    struct fixture f = open_on_unix(EV_ADD | EV_CLEAR);
    put(f.ends[1], "x");
    CHECK(!quiet(f.kq)); /* the edge is used up */
    CHECK_EQ(ask(f.kq, f.ends[0], EVFILT_READ, EV_DISABLE, TOKEN), 0);
    CHECK(quiet(f.kq));
    CHECK_EQ(ask(f.kq, f.ends[0], EVFILT_READ, EV_ENABLE, TOKEN), 0);
    CHECK_EQ(!quiet(f.kq), 1);
    close_fixture(f);
}

TEST(enable_reports_nothing_when_the_condition_is_gone)
{
    struct fixture f = open_on_unix(EV_ADD | EV_CLEAR);
    CHECK_EQ(ask(f.kq, f.ends[0], EVFILT_READ, EV_DISABLE, TOKEN), 0);
    put(f.ends[1], "x");
    take(f.ends[0], 1);
    CHECK_EQ(ask(f.kq, f.ends[0], EVFILT_READ, EV_ENABLE, TOKEN), 0);
    CHECK(quiet(f.kq));
    close_fixture(f);
}

TEST(k12_disable_withdraws_a_queued_event)
{
    struct fixture f = open_on_unix(EV_ADD | EV_CLEAR);
    put(f.ends[1], "x");
    CHECK_EQ(ask(f.kq, f.ends[0], EVFILT_READ, EV_DISABLE, TOKEN), 0);
    CHECK(quiet(f.kq));
    CHECK_EQ(ask(f.kq, f.ends[0], EVFILT_READ, EV_ENABLE, TOKEN), 0);
    CHECK(!quiet(f.kq));
    close_fixture(f);
}

TEST(k12_delete_withdraws_a_queued_event)
{
    struct fixture f = open_on_unix(EV_ADD | EV_CLEAR);
    put(f.ends[1], "x");
    CHECK_EQ(ask(f.kq, f.ends[0], EVFILT_READ, EV_DELETE, TOKEN), 0);
    CHECK(quiet(f.kq));
    put(f.ends[1], "x");
    CHECK(quiet(f.kq));
    close_fixture(f);
}

TEST(add_with_disable_makes_a_disabled_knote)
{
    struct fixture f = open_on_unix(EV_ADD | EV_CLEAR | EV_DISABLE);
    put(f.ends[1], "x");
    CHECK(quiet(f.kq));
    CHECK_EQ(ask(f.kq, f.ends[0], EVFILT_READ, EV_ENABLE, TOKEN), 0);
    CHECK(!quiet(f.kq));
    close_fixture(f);
}

/* The token an event carries after a bare change has offered another one. */
static uintptr_t token_after(uint32_t flags)
{
    struct fixture f = open_on_unix(EV_ADD);
    put(f.ends[1], "x");
    CHECK_EQ(ask(f.kq, f.ends[0], EVFILT_READ, flags, OTHER_TOKEN), 0);
    if (flags == EV_DISABLE)
        CHECK_EQ(ask(f.kq, f.ends[0], EVFILT_READ, EV_ENABLE, OTHER_TOKEN), 0);
    struct kevent event;
    CHECK(fetch_one(f.kq, &event));
    close_fixture(f);
    return token_of(&event);
}

TEST(k7_every_touch_overwrites_the_token)
{
    uintptr_t touched = expected.enable_sets_udata ? OTHER_TOKEN : TOKEN;
    CHECK_EQ(token_after(EV_ADD), OTHER_TOKEN);
    CHECK_EQ(token_after(EV_ADD | EV_ENABLE), OTHER_TOKEN);
    CHECK_EQ(token_after(EV_ENABLE), touched);
    CHECK_EQ(token_after(EV_DISABLE), touched);
    CHECK_EQ(token_after(0), touched);
}

TEST(k7_a_touch_without_token_loses_it)
{
    struct fixture f = open_on_unix(EV_ADD);
    put(f.ends[1], "x");
    CHECK_EQ(ask(f.kq, f.ends[0], EVFILT_READ, EV_ADD, 0), 0);
    struct kevent event;
    REQUIRE(fetch_one(f.kq, &event));
    CHECK_EQ(token_of(&event), 0);
    close_fixture(f);
}

TEST(change_with_flags_zero)
{
    NEED_STATED(expected.flags0_reports_again);
    struct fixture f = open_on_unix(EV_ADD | EV_CLEAR);
    put(f.ends[1], "x");
    CHECK(!quiet(f.kq));
    CHECK_EQ(ask(f.kq, f.ends[0], EVFILT_READ, 0, TOKEN), 0);
    CHECK_EQ(!quiet(f.kq), expected.flags0_reports_again);
    close_fixture(f);
}

TEST(level_reports_at_every_fetch_until_read)
{
    struct fixture f = open_on_unix(EV_ADD);
    CHECK(quiet(f.kq));
    put(f.ends[1], "hello");
    struct kevent event;
    for (int i = 0; i < 3; i++) {
        REQUIRE(await(f.kq, &event));
        CHECK_EQ(event.data, 5);
        CHECK_EQ(event.flags, expected_echo(EV_ADD | EV_RECEIPT));
    }
    take(f.ends[0], 2);
    REQUIRE(fetch_one(f.kq, &event));
    CHECK_EQ(event.data, 3);
    take(f.ends[0], 3);
    CHECK(quiet(f.kq));
    close_fixture(f);
}

TEST(read_and_write_come_as_two_events)
{
    int kq = open_kqueue();
    int ends[2];
    open_unix(ends, SOCK_STREAM);
    put(ends[1], "x");
    CHECK_EQ(ask(kq, ends[0], EVFILT_WRITE, EV_ADD | EV_CLEAR, TOKEN), 0);
    CHECK_EQ(ask(kq, ends[0], EVFILT_READ, EV_ADD | EV_CLEAR, OTHER_TOKEN), 0);
    struct tally tally = {0};
    struct kevent events[4];
    REQUIRE_EQ(fetch(kq, events, 4), 2);
    for (int i = 0; i < 2; i++) {
        bool read = events[i].filter == EVFILT_READ;
        CHECK_EQ(token_of(&events[i]), read ? OTHER_TOKEN : TOKEN);
        CHECK(events[i].data > 0);
        CHECK_EQ(events[i].ident, ends[0]);
    }
    CHECK(events[0].filter != events[1].filter);
    collect(kq, &tally);
    CHECK_EQ(tally.reads + tally.writes, 0);
    close(kq);
    close_both(ends);
}

TEST(both_filters_in_one_call_return_with_write)
{
    int kq = open_kqueue();
    int ends[2];
    open_unix(ends, SOCK_STREAM);
    uint32_t flags = EV_ADD | EV_CLEAR;
    struct kevent asked[2] = {
        change((uintptr_t)ends[0], EVFILT_READ, flags, 0, 0, TOKEN),
        change((uintptr_t)ends[0], EVFILT_WRITE, flags, 0, 0, OTHER_TOKEN),
    };
    struct kevent events[4];
    REQUIRE_EQ(kevent_call(kq, asked, 2, events, 4, NULL), 1);
    CHECK_EQ(events[0].filter, EVFILT_WRITE);
    CHECK_EQ(token_of(&events[0]), OTHER_TOKEN);
    CHECK(events[0].data > 0);
    CHECK_EQ(events[0].flags, expected_echo(flags));
    close(kq);
    close_both(ends);
}

TEST(k42_level_events_rotate_through_a_short_list)
{
    enum { PAIRS = 30, ROOM = 8 };
    int kq = open_kqueue();
    int ends[PAIRS][2];
    for (int i = 0; i < PAIRS; i++) {
        open_pipe(ends[i]);
        put(ends[i][1], "x");
        CHECK_EQ(ask(kq, ends[i][0], EVFILT_READ, EV_ADD, (uintptr_t)i), 0);
    }
    int next = 0;
    for (int call = 0; call < 15; call++) { /* 120 events: each four times, in the order of ADD */
        struct kevent events[ROOM];
        REQUIRE_EQ(fetch(kq, events, ROOM), ROOM);
        for (int i = 0; i < ROOM; i++, next = (next + 1) % PAIRS)
            CHECK_EQ(token_of(&events[i]), next);
    }
    close(kq);
    for (int i = 0; i < PAIRS; i++)
        close_both(ends[i]);
}

TEST(a_knote_comes_once_in_a_call)
{
    struct fixture f = open_on_unix(EV_ADD);
    put(f.ends[1], "x");
    struct kevent events[8];
    CHECK_EQ(fetch(f.kq, events, 8), 1);
    close_fixture(f);
}

TEST(room_for_one_leaves_the_rest_for_the_next_fetch)
{
    int kq = open_kqueue();
    int ends[3][2];
    for (int i = 0; i < 3; i++) {
        open_pipe(ends[i]);
        CHECK_EQ(ask(kq, ends[i][0], EVFILT_READ, EV_ADD | EV_CLEAR, (uintptr_t)i), 0);
        put(ends[i][1], "x");
    }
    int seen[3] = {0, 0, 0};
    struct kevent event;
    for (int i = 0; i < 3; i++) {
        REQUIRE(fetch_one(kq, &event));
        seen[token_of(&event)]++;
    }
    CHECK(quiet(kq));
    for (int i = 0; i < 3; i++) {
        CHECK_EQ(seen[i], 1);
        close_both(ends[i]);
    }
    close(kq);
}

TEST(one_descriptor_in_two_kqueues_fires_in_both)
{
    struct fixture f = open_on_unix(EV_ADD | EV_CLEAR);
    int other = open_kqueue();
    CHECK_EQ(ask(other, f.ends[0], EVFILT_READ, EV_ADD | EV_CLEAR, OTHER_TOKEN), 0);
    put(f.ends[1], "x");
    struct kevent event;
    REQUIRE(await(f.kq, &event));
    CHECK_EQ(token_of(&event), TOKEN);
    REQUIRE(await(other, &event));
    CHECK_EQ(token_of(&event), OTHER_TOKEN);
    CHECK(quiet(f.kq) && quiet(other));
    close(other);
    close_fixture(f);
}

/* Unread data that was reported, and a change of the enabled knote: whether it is reported again.
 */
static bool reports_again(uint32_t flags)
{
    struct fixture f = open_on_unix(EV_ADD | EV_CLEAR);
    put(f.ends[1], "x");
    CHECK(!quiet(f.kq));
    CHECK_EQ(ask(f.kq, f.ends[0], EVFILT_READ, flags, TOKEN), 0);
    bool again = !quiet(f.kq);
    close_fixture(f);
    return again;
}

TEST(enable_of_an_enabled_knote)
{
    NEED_STATED(expected.enable_of_enabled_reports_again);
    CHECK_EQ(reports_again(EV_ENABLE), expected.enable_of_enabled_reports_again);
}

TEST(rule5_add_and_enable_of_an_enabled_knote_reports)
{
    CHECK(reports_again(EV_ADD | EV_ENABLE));
}

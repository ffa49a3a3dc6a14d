/* SPDX-License-Identifier: MIT */
/* EV_DISPATCH and EV_ONESHOT: one report, and how to ask for the next. */
#include "test_support.h"

#include <errno.h>
#include <unistd.h>

static int read_knote(struct fixture f, uint32_t flags)
{
    return ask(f.kq, f.ends[0], EVFILT_READ, flags, TOKEN);
}

TEST(rule6_dispatch_reports_once_then_is_disabled)
{
    struct fixture f = open_on_unix(EV_ADD | EV_DISPATCH);
    put(f.ends[1], "x");
    struct kevent event;
    REQUIRE(await(f.kq, &event));
    CHECK_EQ(event.flags, expected_echo(EV_ADD | EV_DISPATCH | EV_RECEIPT));
    CHECK_EQ(event.flags & EV_DISPATCH, 0x80);
    CHECK(quiet(f.kq));
    put(f.ends[1], "x");
    CHECK(quiet(f.kq));
    CHECK_EQ(read_knote(f, EV_DELETE), 0); /* disabled, not gone */
    close_fixture(f);
}

TEST(rule6_dispatch_swallows_the_end_until_enabled)
{
    struct fixture f = open_on_unix(EV_ADD | EV_DISPATCH);
    put(f.ends[1], "x");
    CHECK(!quiet(f.kq));
    CHECK_EQ(close(f.ends[1]), 0);
    CHECK(quiet(f.kq));
    CHECK_EQ(read_knote(f, EV_ADD | EV_DISPATCH | EV_ENABLE), 0);
    struct kevent event;
    REQUIRE(await(f.kq, &event));
    CHECK(event.flags & EV_EOF);
    CHECK_EQ(event.data, 1);
    CHECK(quiet(f.kq));
    close(f.kq);
    close(f.ends[0]);
}

TEST(enable_alone_rearms_dispatch_and_reports_pending_data)
{
    struct fixture f = open_on_unix(EV_ADD | EV_DISPATCH);
    put(f.ends[1], "x");
    CHECK(!quiet(f.kq));
    CHECK_EQ(read_knote(f, EV_ENABLE), 0); /* NetBSD 7 stayed silent here, 10 does not */
    struct kevent event;
    REQUIRE(fetch_one(f.kq, &event));
    CHECK_EQ(event.data, 1);
    CHECK_EQ(token_of(&event), TOKEN);
    CHECK(quiet(f.kq));
    close_fixture(f);
}

TEST(mode_flags_in_a_rearming_change_do_no_harm)
{
    struct fixture f = open_on_unix(EV_ADD | EV_DISPATCH);
    put(f.ends[1], "x");
    CHECK(!quiet(f.kq));
    CHECK_EQ(read_knote(f, EV_ENABLE | EV_DISPATCH), 0);
    CHECK(!quiet(f.kq));
    CHECK(quiet(f.kq));
    close_fixture(f);
}

TEST(enable_of_dispatch_with_clear_reports_pending_data)
{
    struct fixture f = open_on_unix(EV_ADD | EV_DISPATCH | EV_CLEAR);
    put(f.ends[1], "x");
    CHECK(!quiet(f.kq));
    CHECK(quiet(f.kq));
    CHECK_EQ(read_knote(f, EV_ENABLE), 0);
    CHECK(!quiet(f.kq));
    close_fixture(f);
}

TEST(rule6_clear_may_win_over_dispatch)
{
    struct fixture f = open_on_unix(EV_ADD | EV_DISPATCH | EV_CLEAR);
    put(f.ends[1], "x");
    CHECK(!quiet(f.kq));
    put(f.ends[1], "x");
    CHECK_EQ(!quiet(f.kq), expected.clear_overrides_dispatch);
    close_fixture(f);
}

TEST(rule5_rearm_of_dispatch_is_add_and_enable)
{
    struct fixture f = open_on_unix(EV_ADD | EV_DISPATCH);
    struct kevent event;
    put(f.ends[1], "x");
    for (int i = 0; i < 3; i++) {
        REQUIRE(fetch_one(f.kq, &event));
        CHECK(quiet(f.kq));
        CHECK_EQ(read_knote(f, EV_ADD | EV_DISPATCH), 0);
        CHECK(quiet(f.kq)); /* ADD alone does not enable */
        CHECK_EQ(read_knote(f, EV_ADD | EV_DISPATCH | EV_ENABLE), 0);
    }
    CHECK(!quiet(f.kq));
    close_fixture(f);
}

TEST(rearm_replaces_the_token)
{
    struct fixture f = open_on_unix(EV_ADD | EV_DISPATCH);
    put(f.ends[1], "x");
    CHECK(!quiet(f.kq));
    uint32_t flags = EV_ADD | EV_DISPATCH | EV_ENABLE;
    CHECK_EQ(ask(f.kq, f.ends[0], EVFILT_READ, flags, OTHER_TOKEN), 0);
    struct kevent event;
    REQUIRE(fetch_one(f.kq, &event));
    CHECK_EQ(token_of(&event), OTHER_TOKEN);
    close_fixture(f);
}

TEST(rearm_reports_nothing_when_the_data_is_gone)
{
    struct fixture f = open_on_unix(EV_ADD | EV_DISPATCH);
    put(f.ends[1], "x");
    CHECK(!quiet(f.kq));
    take(f.ends[0], 1);
    CHECK_EQ(read_knote(f, EV_ADD | EV_DISPATCH | EV_ENABLE), 0);
    CHECK(quiet(f.kq));
    put(f.ends[1], "x");
    CHECK(!quiet(f.kq));
    CHECK(quiet(f.kq));
    close_fixture(f);
}

TEST(dispatch_is_rechecked_at_the_fetch)
{
    struct fixture f = open_on_unix(EV_ADD | EV_DISPATCH);
    put(f.ends[1], "x");
    take(f.ends[0], 1);
    CHECK(quiet(f.kq));
    put(f.ends[1], "x"); /* and the knote was not used up */
    CHECK(!quiet(f.kq));
    close_fixture(f);
}

TEST(dispatch_on_write)
{
    int kq = open_kqueue();
    int ends[2];
    open_unix(ends, SOCK_STREAM);
    CHECK_EQ(ask(kq, ends[0], EVFILT_WRITE, EV_ADD | EV_DISPATCH, TOKEN), 0);
    struct kevent event;
    REQUIRE(fetch_one(kq, &event));
    CHECK_EQ(event.filter, EVFILT_WRITE);
    CHECK(quiet(kq));
    CHECK_EQ(ask(kq, ends[0], EVFILT_WRITE, EV_ADD | EV_DISPATCH | EV_ENABLE, TOKEN), 0);
    CHECK(fetch_one(kq, &event));
    CHECK(quiet(kq));
    close(kq);
    close_both(ends);
}

TEST(delete_of_a_disabled_knote_is_immediate)
{
    struct fixture f = open_on_unix(EV_ADD | EV_DISPATCH);
    put(f.ends[1], "x");
    CHECK(!quiet(f.kq));
    CHECK_EQ(read_knote(f, EV_DELETE), 0);
    CHECK_EQ(read_knote(f, EV_ENABLE), ENOENT);
    CHECK(quiet(f.kq));
    close_fixture(f);
}

TEST(oneshot_is_reported_and_gone)
{
    struct fixture f = open_on_unix(EV_ADD | EV_ONESHOT);
    put(f.ends[1], "hello");
    struct kevent event;
    REQUIRE(await(f.kq, &event));
    CHECK_EQ(event.flags, expected_echo(EV_ADD | EV_ONESHOT | EV_RECEIPT));
    CHECK_EQ(event.flags & EV_ONESHOT, 0x10);
    CHECK_EQ(event.data, 5);
    CHECK(quiet(f.kq));
    CHECK_EQ(read_knote(f, EV_ENABLE), ENOENT);
    CHECK_EQ(read_knote(f, EV_DELETE), ENOENT);
    close_fixture(f);
}

TEST(k38_oneshot_may_be_stale)
{
    struct fixture f = open_on_unix(EV_ADD | EV_ONESHOT);
    put(f.ends[1], "x");
    take(f.ends[0], 1);
    CHECK_EQ(quiet(f.kq), expected.oneshot_rechecked);
    CHECK_EQ(read_knote(f, EV_DELETE), expected.oneshot_rechecked ? 0 : ENOENT);
    close_fixture(f);
}

TEST(oneshot_added_again_after_it_fired)
{
    struct fixture f = open_on_unix(EV_ADD | EV_ONESHOT);
    put(f.ends[1], "x");
    CHECK(!quiet(f.kq));
    CHECK_EQ(read_knote(f, EV_ADD | EV_ONESHOT), 0);
    CHECK(!quiet(f.kq));
    CHECK(quiet(f.kq));
    close_fixture(f);
}

TEST(oneshot_with_clear_fires_once)
{
    struct fixture f = open_on_unix(EV_ADD | EV_ONESHOT | EV_CLEAR);
    put(f.ends[1], "x");
    CHECK(!quiet(f.kq));
    put(f.ends[1], "x");
    CHECK(quiet(f.kq));
    CHECK_EQ(read_knote(f, EV_DELETE), ENOENT);
    close_fixture(f);
}

TEST(oneshot_that_was_added_disabled_waits)
{
    struct fixture f = open_on_unix(EV_ADD | EV_ONESHOT | EV_DISABLE);
    put(f.ends[1], "x");
    CHECK(quiet(f.kq));
    CHECK_EQ(read_knote(f, EV_ENABLE), 0);
    struct kevent event;
    REQUIRE(fetch_one(f.kq, &event));
    CHECK_EQ(event.flags, expected_echo(EV_ADD | EV_ONESHOT | EV_DISABLE | EV_RECEIPT));
    CHECK_EQ(read_knote(f, EV_DELETE), ENOENT);
    close_fixture(f);
}

TEST(disable_and_enable_of_a_oneshot_keep_it)
{
    struct fixture f = open_on_unix(EV_ADD | EV_ONESHOT);
    CHECK_EQ(read_knote(f, EV_DISABLE), 0);
    put(f.ends[1], "x");
    CHECK(quiet(f.kq));
    CHECK_EQ(read_knote(f, EV_ENABLE), 0);
    CHECK(!quiet(f.kq));
    CHECK_EQ(read_knote(f, EV_DELETE), ENOENT);
    close_fixture(f);
}

TEST(k38_stale_oneshot_keeps_the_figures_of_its_last_posting)
{
    NEED_STATED(expected.stale_oneshot_data);
    struct fixture f = open_on_unix(EV_ADD | EV_ONESHOT);
    put(f.ends[1], "abcd");
    take(f.ends[0], 3);
    struct kevent event;
    REQUIRE(fetch_one(f.kq, &event));
    CHECK_EQ(event.data, expected.stale_oneshot_data);
    close_fixture(f);

    f = open_on_unix(EV_ADD | EV_ONESHOT);
    put(f.ends[1], "abcd");
    take(f.ends[0], 4);
    REQUIRE(fetch_one(f.kq, &event));
    CHECK_EQ(event.data, expected.stale_oneshot_data);
    close_fixture(f);
}

TEST(k38_stale_oneshot_on_a_pipe)
{
    NEED_STATED(expected.stale_oneshot_data_of_pipe);
    int ends[2];
    open_pipe(ends);
    int kq = open_kqueue();
    CHECK_EQ(ask(kq, ends[0], EVFILT_READ, EV_ADD | EV_ONESHOT, TOKEN), 0);
    put(ends[1], "abcd");
    take(ends[0], 4);
    struct kevent event;
    REQUIRE(fetch_one(kq, &event));
    CHECK_EQ(event.data, expected.stale_oneshot_data_of_pipe);
    close(kq);
    close_both(ends);
}

TEST(oneshot_with_dispatch_is_a_oneshot)
{
    NEED_STATED(expected.oneshot_beats_dispatch);
    struct fixture f = open_on_unix(EV_ADD | EV_ONESHOT | EV_DISPATCH);
    put(f.ends[1], "x");
    CHECK(!quiet(f.kq));
    CHECK_EQ(read_knote(f, EV_ENABLE), expected.oneshot_beats_dispatch ? ENOENT : 0);
    close_fixture(f);
}

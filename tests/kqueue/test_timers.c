/* SPDX-License-Identifier: MIT */
/* EVFILT_TIMER, for who uses a kqueue itself (K65). */
#include "test_support.h"

#include <errno.h>
#include <poll.h>
#include <unistd.h>

enum { TIMER = 7, SOON = 1, NEVER_IN_A_TEST = 1000 * 1000, TWO_UNITS = 3, UNKNOWN_BIT = 0x80 };

/* In milliseconds. */
static int set_timer(int kq, uint32_t flags, int64_t after)
{
    return ask_with(kq, TIMER, EVFILT_TIMER, flags, 0, after, TOKEN);
}

static int delete_timer(int kq)
{
    return ask(kq, TIMER, EVFILT_TIMER, EV_DELETE, TOKEN);
}

static void expect_expirations(int kq, int64_t least)
{
    struct kevent event;
    REQUIRE(await(kq, &event));
    CHECK_EQ(event.ident, TIMER);
    CHECK_EQ(event.filter, EVFILT_TIMER);
    CHECK_EQ(event.flags & EV_CLEAR, EV_CLEAR);
    CHECK_EQ(event.fflags, 0);
    CHECK(event.data >= least);
    CHECK_EQ(token_of(&event), TOKEN);
}

TEST(k65_timer_that_is_a_oneshot_comes_once)
{
    int kq = open_kqueue();
    REQUIRE_EQ(set_timer(kq, EV_ADD | EV_ONESHOT, SOON), 0);
    expect_expirations(kq, 1);
    CHECK_EQ(delete_timer(kq), ENOENT);
    CHECK(quiet(kq));
    close(kq);
}

TEST(k65_timer_with_a_period_comes_again_and_counts)
{
    int kq = open_kqueue();
    REQUIRE_EQ(set_timer(kq, EV_ADD, SOON), 0);
    for (int i = 0; i < 3; i++)
        expect_expirations(kq, 1);
    CHECK_EQ(delete_timer(kq), 0);
    CHECK_EQ(delete_timer(kq), ENOENT);
    CHECK(quiet(kq));
    close(kq);
}

TEST(k65_timer_that_has_expired_makes_its_kqueue_readable)
{
    int kq = open_kqueue();
    struct pollfd ask = {.fd = kq, .events = POLLIN};
    REQUIRE_EQ(set_timer(kq, EV_ADD | EV_ONESHOT, SOON), 0);
    CHECK_EQ(poll(&ask, 1, 10000), 1);
    expect_expirations(kq, 1);
    CHECK_EQ(poll(&ask, 1, 0), 0);
    close(kq);
}

TEST(k65_timer_counts_while_it_is_disabled)
{
    int kq = open_kqueue();
    int other = open_kqueue();
    REQUIRE_EQ(set_timer(kq, EV_ADD | EV_DISABLE, SOON), 0);
    /* Longer than its period, as another one tells. */
    REQUIRE_EQ(set_timer(other, EV_ADD | EV_ONESHOT, 30 * SOON), 0);
    expect_expirations(other, 1);
    CHECK(quiet(kq));
    REQUIRE_EQ(set_timer(kq, EV_ENABLE, SOON), 0);
    expect_expirations(kq, 1);
    close(other);
    close(kq);
}

TEST(k65_timer_that_is_enabled_starts_anew_where_any_change_does_that)
{
    int kq = open_kqueue();
    REQUIRE_EQ(set_timer(kq, EV_ADD, NEVER_IN_A_TEST), 0);
    REQUIRE_EQ(set_timer(kq, EV_ENABLE, SOON), 0);
    if (expected.timer_enable_restarts)
        expect_expirations(kq, 1);
    else
        CHECK(quiet(kq));
    close(kq);
}

TEST(k65_timer_that_is_added_again_starts_anew)
{
    int kq = open_kqueue();
    REQUIRE_EQ(set_timer(kq, EV_ADD, NEVER_IN_A_TEST), 0);
    REQUIRE_EQ(set_timer(kq, EV_ADD, SOON), 0);
    if (expected.timer_add_restarts)
        expect_expirations(kq, 1);
    else
        CHECK(quiet(kq));
    REQUIRE_EQ(set_timer(kq, EV_ADD, NEVER_IN_A_TEST), 0);
    CHECK_EQ(delete_timer(kq), 0);
    close(kq);
}

TEST(k65_timer_of_no_time_or_less)
{
    int kq = open_kqueue();
    CHECK_EQ(set_timer(kq, EV_ADD, 0), expected.timer_zero_error);
    if (expected.timer_zero_error == 0) {
        expect_expirations(kq, 1);
        if (expected.timer_zero_repeats)
            expect_expirations(kq, 1);
        else
            CHECK(quiet(kq));
        CHECK_EQ(delete_timer(kq), 0);
    }
    if (expected.timer_negative_error != UNSTATED) {
        CHECK_EQ(set_timer(kq, EV_ADD, -1), expected.timer_negative_error);
        if (expected.timer_negative_error == 0)
            expect_expirations(kq, 1);
    }
    close(kq);
}

TEST(k65_timer_of_more_time_than_there_is)
{
    int kq = open_kqueue();
    if (expected.timer_huge_error == UNSTATED)
        SKIP("not known of this system");
    CHECK_EQ(set_timer(kq, EV_ADD, INT64_MAX), expected.timer_huge_error);
    CHECK_EQ(delete_timer(kq), expected.timer_huge_error == 0 ? 0 : ENOENT);
    close(kq);
}

static int set_in_units(int kq, uint32_t units)
{
    return ask_with(kq, TIMER, EVFILT_TIMER, EV_ADD | EV_ONESHOT, units, SOON, TOKEN);
}

TEST(k65_timer_of_two_units_or_of_none)
{
    int kq = open_kqueue();
    CHECK_EQ(set_in_units(kq, TWO_UNITS), expected.timer_two_units_error);
    if (expected.timer_two_units_error == 0)
        expect_expirations(kq, 1);
    CHECK_EQ(set_in_units(kq, UNKNOWN_BIT), expected.timer_unknown_bit_error);
    if (expected.timer_unknown_bit_error == 0)
        expect_expirations(kq, 1);
    CHECK(quiet(kq));
    close(kq);
}

/* SPDX-License-Identifier: MIT */
/* Changes at the edge of what makes sense: odd numbers, odd flags, odd counts, and many at once. */
#include "test_support.h"

#include <errno.h>
#include <limits.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

enum { CHANGES = 20, BAD = 5 };

static bool has_user(int kq, int ident)
{
    return ask(kq, ident, EVFILT_USER, EV_DISABLE, 0) == 0;
}

/* --- numbers --- */

TEST(descriptor_number_above_the_limit)
{
    struct rlimit limit;
    REQUIRE_EQ(getrlimit(RLIMIT_NOFILE, &limit), 0);
    int kq = open_kqueue();
    uintptr_t ident = (uintptr_t)limit.rlim_cur;
    CHECK_EQ(ask_with(kq, ident, EVFILT_READ, EV_ADD, 0, 0, TOKEN), EBADF);
    CHECK_EQ(ask_with(kq, ident, EVFILT_READ, EV_DELETE, 0, 0, TOKEN), expected.delete_after_close);
    close(kq);
}

TEST(number_above_int_max)
{
    NEED_STATED(expected.ident_above_int_max);
    int kq = open_kqueue();
    uintptr_t ident = (uintptr_t)INT_MAX + 1;
    CHECK_EQ(ask_with(kq, ident, EVFILT_READ, EV_ADD, 0, 0, TOKEN), expected.ident_above_int_max);
    close(kq);
}

TEST(open_descriptor_above_a_limit_that_was_lowered)
{
    NEED_STATED(expected.open_above_limit);
    int ends[2];
    struct rlimit limit;
    open_pipe(ends);
    REQUIRE_EQ(getrlimit(RLIMIT_NOFILE, &limit), 0);
    const struct rlimit lowered = {.rlim_cur = (rlim_t)ends[0], .rlim_max = limit.rlim_max};
    int kq = open_kqueue();
    REQUIRE_EQ(setrlimit(RLIMIT_NOFILE, &lowered), 0);
    int added = ask(kq, ends[0], EVFILT_READ, EV_ADD, TOKEN);
    REQUIRE_EQ(setrlimit(RLIMIT_NOFILE, &limit), 0);
    CHECK_EQ(added, expected.open_above_limit);
    close(kq);
    close_both(ends);
}

TEST(filter_minus_14)
{
    NEED_STATED(expected.filter_minus_14);
    int ends[2];
    open_pipe(ends);
    int kq = open_kqueue();
    CHECK_EQ(ask(kq, ends[0], -14, EV_ADD, TOKEN), expected.filter_minus_14);
    close(kq);
    close_both(ends);
}

/* --- flags --- */

TEST(k18_flag_0x200_in_an_add)
{
    NEED_STATED(expected.flag_0x200);
    int kq = open_kqueue();
    uint32_t flags = EV_ADD | EV_RECEIPT | 0x200;
    struct kevent asked = change(IDENT, EVFILT_USER, flags, 0, 0, TOKEN);
    struct kevent receipt;
    REQUIRE_EQ(apply(kq, &asked, 1, &receipt, 1), 1);
    CHECK_EQ(receipt.flags, expected.receipt_echoes_flags ? (flags | EV_ERROR) : EV_ERROR);
    CHECK_EQ(receipt.data, expected.flag_0x200);
    CHECK_EQ(has_user(kq, IDENT), expected.flag_0x200 == 0);
    close(kq);
}

TEST(event_of_a_knote_that_was_added_disabled_keeps_the_bit)
{
    int kq = open_kqueue();
    CHECK_EQ(ask(kq, IDENT, EVFILT_USER, EV_ADD | EV_DISABLE, TOKEN), 0);
    CHECK_EQ(trigger(kq, IDENT, TOKEN), 0);
    CHECK(quiet(kq));
    CHECK_EQ(ask(kq, IDENT, EVFILT_USER, EV_ENABLE, TOKEN), 0);
    struct kevent event;
    for (int i = 0; i < 2; i++) {
        REQUIRE(fetch_one(kq, &event));
        CHECK_EQ(event.flags, expected_echo(EV_ADD | EV_DISABLE | EV_RECEIPT));
    }
    close(kq);
}

TEST(k13_new_knote_with_enable_and_disable)
{
    int kq = open_kqueue();
    uint32_t flags = EV_ADD | EV_ENABLE | EV_DISABLE | EV_DISPATCH;
    bool refused = expected.enable_disable == BOTH_REFUSED;
    CHECK_EQ(ask(kq, IDENT, EVFILT_USER, flags, TOKEN), refused ? EINVAL : 0);
    CHECK_EQ(trigger(kq, IDENT, TOKEN), refused ? ENOENT : 0);
    struct kevent event;
    CHECK_EQ(fetch_one(kq, &event), expected.enable_disable == BOTH_ENABLE);
    if (expected.enable_disable == BOTH_ENABLE && expected.event_keeps_enable_disable == 1)
        CHECK_EQ(event.flags, flags | EV_RECEIPT);
    close(kq);
}

TEST(receipts_of_contradictions_show_what_was_done)
{
    if (!expected.receipt_echoes_flags)
        SKIP("receipts of this system have EV_ERROR alone");
    int kq = open_kqueue();
    CHECK_EQ(ask(kq, IDENT, EVFILT_USER, EV_ADD, TOKEN), 0);
    static const uint32_t asked[2] = {EV_ENABLE | EV_DISABLE, EV_ADD | EV_DELETE};
    static const uint32_t done[2] = {EV_DISABLE, EV_DELETE};
    for (int i = 0; i < 2; i++) {
        struct kevent both = change(IDENT, EVFILT_USER, asked[i] | EV_RECEIPT, 0, 0, TOKEN);
        struct kevent receipt;
        REQUIRE_EQ(apply(kq, &both, 1, &receipt, 1), 1);
        CHECK_EQ(receipt.flags, done[i] | EV_RECEIPT | EV_ERROR);
        CHECK_EQ(receipt.data, 0);
    }
    close(kq);
}

/* --- without a receipt --- */

TEST(change_of_a_known_knote_without_receipt_answers_zero)
{
    static const uint32_t flags[4] = {EV_ENABLE, EV_DISABLE, 0, EV_ADD | EV_ENABLE};
    int kq = open_kqueue();
    CHECK_EQ(ask(kq, IDENT, EVFILT_USER, EV_ADD | EV_CLEAR, TOKEN), 0);
    for (int i = 0; i < 4; i++) {
        struct kevent asked = change(IDENT, EVFILT_USER, flags[i], 0, 0, TOKEN);
        struct kevent event;
        CHECK_EQ(apply(kq, &asked, 1, &event, 1), 0);
    }
    CHECK_EQ(trigger(kq, IDENT, TOKEN), 0);
    CHECK(!quiet(kq));
    close(kq);
}

/* Twenty changes, of which one must fail. */
static void fill_changes(struct kevent *list)
{
    for (int i = 0; i < CHANGES; i++)
        list[i] = change((uintptr_t)i, EVFILT_USER, i == BAD ? EV_DELETE : EV_ADD, 0, 0,
                         (uintptr_t)(TOKEN + i));
}

TEST(k1_failure_without_receipt_and_without_list_ends_the_call)
{
    int kq = open_kqueue();
    struct kevent list[CHANGES];
    fill_changes(list);
    errno = 0;
    CHECK_EQ(apply(kq, list, CHANGES, NULL, 0), -1);
    CHECK_EQ(errno, ENOENT);
    for (int i = 0; i < CHANGES; i++)
        CHECK_EQ(has_user(kq, i), i < BAD);
    close(kq);
}

TEST(failure_without_receipt_in_one_array_stops_nothing)
{
    int kq = open_kqueue();
    struct kevent list[CHANGES];
    fill_changes(list);
    REQUIRE_EQ(apply(kq, list, CHANGES, list, CHANGES), 1);
    CHECK_EQ(list[0].ident, BAD);
    CHECK(list[0].flags & EV_ERROR);
    CHECK_EQ(list[0].data, ENOENT);
    CHECK_EQ(token_of(&list[0]), TOKEN + BAD);
    for (int i = 0; i < CHANGES; i++)
        CHECK_EQ(has_user(kq, i), i != BAD);
    close(kq);
}

/* --- counts --- */

TEST(k1_room_for_two_and_the_third_fails)
{
    if (expected.short_list == SHORT_OVERRUNS)
        SKIP("this system writes behind the end of the list (k1_dragonfly_overruns_the_list)");
    int kq = open_kqueue();
    struct kevent asked[3] = {
        change(1, EVFILT_USER, EV_ADD | EV_RECEIPT, 0, 0, TOKEN),
        change(2, EVFILT_USER, EV_ADD | EV_RECEIPT, 0, 0, TOKEN),
        change(3, EVFILT_USER, EV_DELETE | EV_RECEIPT, 0, 0, TOKEN),
    };
    struct kevent list[3];
    memset(list, 0, sizeof list);
    errno = 0;
    CHECK_EQ(apply(kq, asked, 3, list, 2), -1);
    CHECK_EQ(errno, ENOENT);
    CHECK(list[1].flags & EV_ERROR);
    CHECK(has_user(kq, 1) && has_user(kq, 2));
    close(kq);
}

TEST(rule1_eighty_changes_in_one_array)
{
    enum { EIGHTY = 80 }; /* kernels take the changes by 8 or by 32 */
    int kq = open_kqueue();
    struct kevent list[EIGHTY];
    for (int i = 0; i < EIGHTY; i++)
        list[i] = change((uintptr_t)i, EVFILT_USER, EV_ADD | EV_RECEIPT, 0, 0, (uintptr_t)i);
    REQUIRE_EQ(apply(kq, list, EIGHTY, list, EIGHTY), EIGHTY);
    for (int i = 0; i < EIGHTY; i++) {
        CHECK_EQ(list[i].ident, i);
        CHECK_EQ(list[i].data, 0);
        CHECK_EQ(token_of(&list[i]), i);
    }
    close(kq);
}

TEST(k14_negative_nchanges_is_none)
{
    NEED_STATED(expected.negative_changes);
    int kq = open_kqueue();
    struct kevent asked = change(IDENT, EVFILT_USER, EV_ADD | EV_RECEIPT, 0, 0, TOKEN);
    struct kevent event;
    CHECK_EQ(apply(kq, &asked, -1, &event, 1), expected.negative_changes);
    CHECK(!has_user(kq, IDENT));
    close(kq);
}

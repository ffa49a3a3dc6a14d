/* SPDX-License-Identifier: MIT */
/* What a change answers: receipts, refusals, and lists that are too short. */
#include "test_support.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static bool has_knote(int kq, int ident, int filter)
{
    return ask(kq, ident, filter, EV_DISABLE, 0) == 0;
}

TEST(k4_receipt_is_judged_by_error_flag_and_data)
{
    int ends[2];
    open_pipe(ends);
    int kq = open_kqueue();
    uint32_t flags = EV_ADD | EV_CLEAR | EV_RECEIPT;
    struct kevent asked = change((uintptr_t)ends[0], EVFILT_READ, flags, 0, 0, TOKEN);
    struct kevent receipt = change(0, 0, 0, 7, 7, 7);
    REQUIRE_EQ(apply(kq, &asked, 1, &receipt, 1), 1);
    CHECK_EQ(receipt.ident, ends[0]);
    CHECK_EQ(receipt.filter, EVFILT_READ);
    CHECK_EQ(receipt.flags, expected.receipt_echoes_flags ? (flags | EV_ERROR) : EV_ERROR);
    CHECK_EQ(receipt.fflags, 0);
    CHECK_EQ(receipt.data, 0);
    CHECK_EQ(token_of(&receipt), TOKEN);
    close(kq);
    close_both(ends);
}

TEST(rule2_receipt_of_a_failure_keeps_ident_filter_and_token)
{
    int ends[2];
    open_pipe(ends);
    int kq = open_kqueue();
    uint32_t flags = EV_DELETE | EV_RECEIPT;
    struct kevent asked = change((uintptr_t)ends[0], EVFILT_READ, flags, 0, 0, TOKEN);
    struct kevent receipt;
    REQUIRE_EQ(apply(kq, &asked, 1, &receipt, 1), 1);
    CHECK_EQ(receipt.ident, ends[0]);
    CHECK_EQ(receipt.filter, EVFILT_READ);
    CHECK_EQ(receipt.flags, expected.receipt_echoes_flags ? (flags | EV_ERROR) : EV_ERROR);
    CHECK_EQ(receipt.data, ENOENT);
    CHECK_EQ(token_of(&receipt), TOKEN);
    close(kq);
    close_both(ends);
}

TEST(receipt_fflags_of_new_and_known_knotes_and_of_a_failed_trigger)
{
    int kq = open_kqueue();
    uint32_t add = EV_ADD | EV_CLEAR | EV_RECEIPT;
    struct kevent asked = change(5, EVFILT_USER, add, 3, 0, TOKEN);
    struct kevent receipt;
    REQUIRE_EQ(apply(kq, &asked, 1, &receipt, 1), 1);
    CHECK_EQ(receipt.data, 0);
    CHECK_EQ(receipt.fflags, expected.receipt_fflags_new);

    asked = change(5, EVFILT_USER, EV_RECEIPT, NOTE_TRIGGER | 3, 0, TOKEN);
    REQUIRE_EQ(apply(kq, &asked, 1, &receipt, 1), 1);
    CHECK_EQ(receipt.data, 0);
    CHECK_STATED(receipt.fflags, expected.receipt_fflags_known);

    asked = change(6, EVFILT_USER, EV_RECEIPT, NOTE_TRIGGER, 0, TOKEN);
    REQUIRE_EQ(apply(kq, &asked, 1, &receipt, 1), 1);
    CHECK_EQ(receipt.data, ENOENT);
    CHECK_STATED(receipt.fflags, expected.receipt_fflags_failed);
    close(kq);
}

TEST(k8_change_of_an_absent_filter_is_enoent)
{
    int ends[2];
    open_pipe(ends);
    int kq = open_kqueue();
    CHECK_EQ(ask(kq, ends[0], EVFILT_READ, EV_DELETE, 0), ENOENT);
    CHECK_EQ(ask(kq, ends[0], EVFILT_READ, EV_ENABLE, 0), ENOENT);
    CHECK_EQ(ask(kq, ends[0], EVFILT_READ, EV_DISABLE, 0), ENOENT);
    CHECK_EQ(ask(kq, ends[0], EVFILT_READ, 0, 0), ENOENT);
    /* The key is descriptor and filter: READ does not stand in for WRITE. */
    CHECK_EQ(ask(kq, ends[1], EVFILT_READ, EV_ADD, 0), 0);
    CHECK_EQ(ask(kq, ends[1], EVFILT_WRITE, EV_DELETE, 0), ENOENT);
    CHECK_EQ(ask(kq, ends[1], EVFILT_READ, EV_DELETE, 0), 0);
    CHECK_EQ(ask(kq, ends[1], EVFILT_READ, EV_DELETE, 0), ENOENT);
    close(kq);
    close_both(ends);
}

TEST(k8_closed_descriptor)
{
    int ends[2];
    open_pipe(ends);
    int kq = open_kqueue();
    close_both(ends);
    CHECK_EQ(ask(kq, ends[0], EVFILT_READ, EV_ADD | EV_CLEAR, 0), EBADF);
    CHECK_EQ(ask(kq, ends[0], EVFILT_READ, EV_DELETE, 0), expected.delete_after_close);
    CHECK_EQ(ask(kq, ends[0], EVFILT_READ, EV_ENABLE, 0), expected.delete_after_close);
    close(kq);
}

TEST(unknown_filter_is_einval)
{
    int ends[2];
    open_pipe(ends);
    int kq = open_kqueue();
    CHECK_EQ(ask(kq, ends[0], -100, EV_ADD, 0), EINVAL);
    CHECK_EQ(ask(kq, ends[0], 100, EV_ADD, 0), EINVAL);
    CHECK_EQ(ask(kq, ends[0], expected.first_unknown_filter, EV_ADD, 0), EINVAL);
    CHECK_STATED(ask(kq, ends[0], EVFILT_AIO, EV_ADD, 0), expected.filter_aio);
    close(kq);
    close_both(ends);
}

TEST(k13_filter_zero)
{
    int ends[2];
    open_pipe(ends);
    int kq = open_kqueue();
    put(ends[1], "x");
    struct kevent asked[2] = {
        change((uintptr_t)ends[0], 0, EV_ADD | EV_CLEAR | EV_RECEIPT, 0, 0, TOKEN),
        change((uintptr_t)ends[1], EVFILT_WRITE, EV_ADD | EV_CLEAR | EV_RECEIPT, 0, 0, TOKEN),
    };
    struct kevent receipts[2];
    int count = apply(kq, asked, 2, receipts, 2);
    /* FreeBSD takes it for "no change" and writes no receipt; on NetBSD it is EVFILT_READ. */
    CHECK_EQ(count, expected.filter_zero == SKIPPED_CHANGE ? 1 : 2);
    if (expected.filter_zero == SKIPPED_CHANGE)
        CHECK_EQ(receipts[0].ident, ends[1]);
    else
        CHECK_EQ(receipts[0].data, expected.filter_zero);
    CHECK_EQ(receipts[count == 2].data, 0);
    CHECK_EQ(has_knote(kq, ends[0], EVFILT_READ), expected.filter_zero == 0);
    close(kq);
    close_both(ends);
}

TEST(k13_enable_and_disable_in_one_change)
{
    int kq = open_kqueue();
    CHECK_EQ(ask(kq, 1, EVFILT_USER, EV_ADD | EV_CLEAR, TOKEN), 0);
    int both = ask(kq, 1, EVFILT_USER, EV_ENABLE | EV_DISABLE, TOKEN);
    CHECK_EQ(both, expected.enable_disable == BOTH_REFUSED ? EINVAL : 0);
    CHECK_EQ(trigger(kq, 1, TOKEN), 0);
    CHECK_EQ(quiet(kq), expected.enable_disable == BOTH_DISABLE);
    close(kq);
}

TEST(add_and_delete_in_one_change)
{
    int ends[2];
    open_pipe(ends);
    int kq = open_kqueue();
    if (expected.add_delete_new != ADD_DELETE_UNSTATED) {
        int fresh = ask(kq, ends[0], EVFILT_READ, EV_ADD | EV_DELETE, TOKEN);
        CHECK_EQ(fresh, expected.add_delete_new == DELETE_WINS ? ENOENT : 0);
        CHECK_EQ(has_knote(kq, ends[0], EVFILT_READ), expected.add_delete_new != DELETE_WINS);
    }
    CHECK_EQ(ask(kq, ends[1], EVFILT_WRITE, EV_ADD, TOKEN), 0);
    CHECK_EQ(ask(kq, ends[1], EVFILT_WRITE, EV_ADD | EV_DELETE, TOKEN), 0);
    CHECK_EQ(has_knote(kq, ends[1], EVFILT_WRITE), expected.add_delete_known == ADD_WINS);
    close(kq);
    close_both(ends);
}

TEST(input_bits_of_the_system_are_masked)
{
    int ends[2];
    open_pipe(ends);
    int kq = open_kqueue();
    put(ends[1], "x");
    uint32_t flags = EV_ADD | EV_CLEAR;
    CHECK_EQ(ask(kq, ends[0], EVFILT_READ, flags | EV_EOF | EV_ERROR | 0x3000, TOKEN), 0);
    struct kevent event;
    REQUIRE(fetch_one(kq, &event));
    CHECK_EQ(event.flags, expected_echo(flags | EV_RECEIPT));
    CHECK_EQ(event.data, 1);
    close(kq);
    close_both(ends);
}

TEST(input_bit_that_only_some_systems_reserve)
{
    NEED_STATED(expected.bit_11_kept);
    int ends[2];
    open_pipe(ends);
    int kq = open_kqueue();
    put(ends[1], "x");
    CHECK_EQ(ask(kq, ends[0], EVFILT_READ, EV_ADD | EV_CLEAR | 0x800, TOKEN), 0);
    struct kevent event;
    REQUIRE(fetch_one(kq, &event));
    CHECK_EQ((event.flags & 0x800) != 0, expected.bit_11_kept);
    close(kq);
    close_both(ends);
}

TEST(rule1_one_array_as_both_lists)
{
    enum { COUNT = 20 };
    int kq = open_kqueue();
    struct kevent list[COUNT];
    for (int i = 0; i < COUNT; i++) {
        uint32_t flags = (i % 3 == 2 ? EV_DELETE : EV_ADD) | EV_RECEIPT;
        list[i] = change((uintptr_t)(100 + i), EVFILT_USER, flags, 0, 0, (uintptr_t)(1000 + i));
    }
    REQUIRE_EQ(apply(kq, list, COUNT, list, COUNT), COUNT);
    for (int i = 0; i < COUNT; i++) {
        CHECK_EQ(list[i].ident, 100 + i);
        CHECK(list[i].flags & EV_ERROR);
        CHECK_EQ(list[i].data, i % 3 == 2 ? ENOENT : 0);
        CHECK_EQ(token_of(&list[i]), 1000 + i);
    }
    close(kq);
}

TEST(k2_receipt_suppresses_events_and_the_wait)
{
    int ends[2];
    open_pipe(ends);
    int kq = open_kqueue();
    put(ends[1], "x");
    CHECK_EQ(ask(kq, ends[0], EVFILT_READ, EV_ADD, TOKEN), 0);
    struct kevent asked =
        change((uintptr_t)ends[1], EVFILT_WRITE, EV_ADD | EV_RECEIPT, 0, 0, OTHER_TOKEN);
    struct kevent events[4];
    REQUIRE_EQ(kevent_call(kq, &asked, 1, events, 4, NULL), 1);
    CHECK_EQ(events[0].ident, ends[1]);
    CHECK(events[0].flags & EV_ERROR);
    CHECK_EQ(fetch(kq, events, 4), 2);
    close(kq);
    close_both(ends);
}

TEST(k3_error_without_receipt_flag_suppresses_the_wait)
{
    int ends[2];
    open_pipe(ends);
    int kq = open_kqueue();
    put(ends[1], "x");
    struct kevent asked[2] = {
        change((uintptr_t)ends[0], EVFILT_WRITE, EV_DELETE, 0, 0, TOKEN),
        change((uintptr_t)ends[0], EVFILT_READ, EV_ADD, 0, 0, OTHER_TOKEN),
    };
    struct kevent events[4];
    /* The failure is an entry of the list, the change after it is applied, and nothing is fetched.
     */
    REQUIRE_EQ(kevent_call(kq, asked, 2, events, 4, NULL), 1);
    CHECK_EQ(events[0].flags, expected.receipt_echoes_flags ? (EV_DELETE | EV_ERROR) : EV_ERROR);
    CHECK_EQ(events[0].data, ENOENT);
    CHECK_EQ(token_of(&events[0]), TOKEN);
    REQUIRE_EQ(fetch(kq, events, 4), 1);
    CHECK_EQ(events[0].filter, EVFILT_READ);
    CHECK_EQ(token_of(&events[0]), OTHER_TOKEN);
    close(kq);
    close_both(ends);
}

TEST(change_without_receipt_fetches_in_the_same_call)
{
    int ends[2];
    open_pipe(ends);
    int kq = open_kqueue();
    put(ends[1], "abc");
    struct kevent asked = change((uintptr_t)ends[0], EVFILT_READ, EV_ADD | EV_CLEAR, 0, 0, TOKEN);
    struct kevent event;
    REQUIRE_EQ(kevent_call(kq, &asked, 1, &event, 1, NULL), 1);
    CHECK_EQ(event.flags, expected_echo(EV_ADD | EV_CLEAR));
    CHECK_EQ(event.data, 3);
    close(kq);
    close_both(ends);
}

TEST(failure_without_room_is_the_errno_of_the_call)
{
    int ends[2];
    open_pipe(ends);
    int kq = open_kqueue();
    struct kevent asked = change((uintptr_t)ends[0], EVFILT_READ, EV_DELETE, 0, 0, TOKEN);
    errno = 0;
    CHECK_EQ(apply(kq, &asked, 1, NULL, 0), -1);
    CHECK_EQ(errno, ENOENT);
    close(kq);
    close_both(ends);
}

TEST(k1_receipt_without_room)
{
    if (expected.short_list == SHORT_OVERRUNS)
        SKIP("this system writes behind the end of the list (k1_dragonfly_overruns_the_list)");
    int kq = open_kqueue();
    struct kevent asked[4];
    for (int i = 0; i < 4; i++)
        asked[i] = change((uintptr_t)i, EVFILT_USER, EV_ADD | EV_RECEIPT, 0, 0, TOKEN);
    struct kevent list[5];
    memset(list, 0, sizeof list);
    int count = apply(kq, asked, 4, list, 1);
    CHECK_EQ(list[0].ident, 0);
    CHECK(list[0].flags & EV_ERROR);
    CHECK_EQ(list[1].flags, 0);
    CHECK(has_knote(kq, 1, EVFILT_USER)); /* the change without room is applied */
    CHECK_EQ(count, expected.short_list == SHORT_STOPS ? 0 : 1);
    CHECK_EQ(has_knote(kq, 2, EVFILT_USER), expected.short_list == SHORT_DROPS);
    CHECK_EQ(has_knote(kq, 3, EVFILT_USER), expected.short_list == SHORT_DROPS);
    close(kq);
}

/* In a child, because a model of the system may well end the program here, and loudly. */
static void overrun(void)
{
    int kq = kqueue();
    struct kevent asked[4];
    for (int i = 0; i < 4; i++)
        asked[i] = change((uintptr_t)i, EVFILT_USER, EV_ADD | EV_RECEIPT, 0, 0, TOKEN);
    struct kevent list[5];
    memset(list, 0, sizeof list);
    int count = apply(kq, asked, 4, list, 1);
    _exit(count == 4 && (list[3].flags & EV_ERROR) ? 0 : 1);
}

TEST(k1_dragonfly_overruns_the_list)
{
    if (expected.short_list != SHORT_OVERRUNS)
        SKIP("this system counts the room (k1_receipt_without_room)");
    pid_t child = fork();
    REQUIRE(child >= 0);
    if (child == 0)
        overrun();
    int status = -1;
    CHECK_EQ(waitpid(child, &status, 0), child);
    bool written = WIFEXITED(status) && WEXITSTATUS(status) == 0;
    bool ended_loudly = WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT;
    CHECK(written || ended_loudly);
}

TEST(k1_receipt_with_no_list_at_all)
{
    int kq = open_kqueue();
    struct kevent asked[2] = {
        change(1, EVFILT_USER, EV_ADD | EV_RECEIPT, 0, 0, TOKEN),
        change(2, EVFILT_USER, EV_ADD | EV_RECEIPT, 0, 0, TOKEN),
    };
    errno = EXDEV;
    int count = apply(kq, asked, 2, NULL, 0);
    CHECK_EQ(count, expected.short_list == SHORT_OVERRUNS ? -1 : 0);
    CHECK_EQ(errno, EXDEV); /* not even where the result is -1 */
    CHECK(has_knote(kq, 1, EVFILT_USER));
    CHECK_EQ(has_knote(kq, 2, EVFILT_USER), expected.short_list == SHORT_DROPS);
    close(kq);
}

TEST(k1_failure_without_room_ends_the_call)
{
    if (!expected.failure_stops_short_list)
        SKIP("this system writes behind the end of the list (k1_receipt_without_room)");
    int kq = open_kqueue();
    struct kevent asked[3] = {
        change(1, EVFILT_USER, EV_ADD | EV_RECEIPT, 0, 0, TOKEN),
        change(9, EVFILT_USER, EV_DELETE | EV_RECEIPT, 0, 0, TOKEN),
        change(2, EVFILT_USER, EV_ADD | EV_RECEIPT, 0, 0, TOKEN),
    };
    struct kevent list[3];
    memset(list, 0, sizeof list);
    errno = 0;
    CHECK_EQ(apply(kq, asked, 3, list, 1), -1);
    CHECK_EQ(errno, ENOENT);
    CHECK(list[0].flags & EV_ERROR); /* earlier receipts are already written */
    CHECK(has_knote(kq, 1, EVFILT_USER));
    CHECK(!has_knote(kq, 2, EVFILT_USER));
    close(kq);
}

TEST(failures_with_room_do_not_stop_the_rest)
{
    int kq = open_kqueue();
    struct kevent asked[3] = {
        change(1, EVFILT_USER, EV_ADD | EV_RECEIPT, 0, 0, TOKEN),
        change(9, EVFILT_USER, EV_DELETE | EV_RECEIPT, 0, 0, TOKEN),
        change(2, EVFILT_USER, EV_ADD | EV_RECEIPT, 0, 0, TOKEN),
    };
    struct kevent list[3];
    REQUIRE_EQ(apply(kq, asked, 3, list, 3), 3);
    CHECK_EQ(list[0].data, 0);
    CHECK_EQ(list[1].data, ENOENT);
    CHECK_EQ(list[2].data, 0);
    close(kq);
}

TEST(k5_receipt_sticks_to_the_knote)
{
    int ends[2];
    open_pipe(ends);
    int kq = open_kqueue();
    CHECK_EQ(ask(kq, ends[0], EVFILT_READ, EV_ADD | EV_CLEAR, TOKEN), 0);
    struct kevent event;
    for (int i = 0; i < 2; i++) {
        put(ends[1], "x");
        REQUIRE(await(kq, &event));
        CHECK_EQ(event.flags & EV_RECEIPT, EV_RECEIPT);
    }
    close(kq);
    close_both(ends);
}

TEST(rule10_registration_bits_come_back_in_events)
{
    int ends[2];
    open_pipe(ends);
    int kq = open_kqueue();
    put(ends[1], "x");
    uint32_t flags = EV_ADD | EV_ENABLE | EV_CLEAR;
    CHECK_EQ(ask(kq, ends[0], EVFILT_READ, flags, TOKEN), 0);
    struct kevent event;
    REQUIRE(fetch_one(kq, &event));
    CHECK_EQ(event.flags, expected_echo(flags | EV_RECEIPT));
    CHECK_EQ(event.flags & EV_ADD, expected.event_echoes_add ? EV_ADD : 0);
    CHECK_EQ(event.fflags, 0);
    CHECK_EQ(token_of(&event), TOKEN);
    close(kq);
    close_both(ends);
}

TEST(rule3_changes_of_a_known_knote_answer_zero)
{
    int ends[2];
    open_pipe(ends);
    int kq = open_kqueue();
    CHECK_EQ(ask(kq, ends[0], EVFILT_READ, EV_ADD | EV_CLEAR, TOKEN), 0);
    CHECK_EQ(ask(kq, ends[0], EVFILT_READ, EV_ADD | EV_CLEAR, TOKEN), 0);
    CHECK_EQ(ask(kq, ends[0], EVFILT_READ, EV_DISABLE, TOKEN), 0);
    CHECK_EQ(ask(kq, ends[0], EVFILT_READ, EV_ENABLE, TOKEN), 0);
    CHECK_EQ(ask(kq, ends[0], EVFILT_READ, 0, TOKEN), 0);
    CHECK_EQ(ask(kq, ends[0], EVFILT_READ, EV_DELETE, TOKEN), 0);
    close(kq);
    close_both(ends);
}

TEST(kevent_on_a_closed_kqueue_is_ebadf)
{
    int kq = open_kqueue();
    close(kq);
    errno = 0;
    CHECK_EQ(fetch(kq, &(struct kevent){0}, 1), -1);
    CHECK_EQ(errno, EBADF);
}

TEST(kevent_on_what_is_no_kqueue)
{
    NEED_STATED(expected.not_a_kqueue);
    int ends[2];
    open_pipe(ends);
    errno = 0;
    CHECK_EQ(fetch(ends[0], &(struct kevent){0}, 1), -1);
    CHECK_EQ(errno, expected.not_a_kqueue);
    close_both(ends);
}

TEST(k1_three_changes_one_slot_two_applied)
{
    if (expected.short_list != SHORT_STOPS)
        SKIP("this system goes on (k1_receipt_without_room)");
    int ends[2];
    open_pipe(ends);
    int kq = open_kqueue();
    struct kevent asked[3] = {
        change((uintptr_t)ends[1], EVFILT_WRITE, EV_ADD | EV_RECEIPT, 0, 0, TOKEN),
        change((uintptr_t)ends[0], EVFILT_READ, EV_ADD | EV_RECEIPT, 0, 0, TOKEN),
        change(1, EVFILT_USER, EV_ADD | EV_RECEIPT, 0, 0, TOKEN),
    };
    struct kevent receipt;
    CHECK_EQ(apply(kq, asked, 3, &receipt, 1), 0);
    CHECK(has_knote(kq, ends[1], EVFILT_WRITE));
    CHECK(has_knote(kq, ends[0], EVFILT_READ));
    CHECK(!has_knote(kq, 1, EVFILT_USER));
    close(kq);
    close_both(ends);
}

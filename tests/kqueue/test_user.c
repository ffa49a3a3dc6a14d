/* SPDX-License-Identifier: MIT */
/* EVFILT_USER: what wakes, what is lost, and what an event of it carries. */
#include "test_support.h"

#include <errno.h>
#include <unistd.h>

static int open_user(uint32_t flags)
{
    int kq = open_kqueue();
    REQUIRE_EQ(ask(kq, IDENT, EVFILT_USER, flags, TOKEN), 0);
    return kq;
}

/* The token an event carries when the last touch offered that one. */
static uintptr_t touched(uintptr_t offered)
{
    return expected.user_keeps_first_udata ? TOKEN : offered;
}

TEST(user_add_alone_does_not_fire)
{
    int kq = open_user(EV_ADD | EV_CLEAR);
    CHECK(quiet(kq));
    close(kq);
}

TEST(rule7_trigger_fires_once)
{
    int kq = open_user(EV_ADD | EV_CLEAR);
    CHECK_EQ(trigger(kq, IDENT, TOKEN), 0);
    struct kevent event;
    REQUIRE(fetch_one(kq, &event));
    CHECK_EQ(event.ident, IDENT);
    CHECK_EQ(event.filter, EVFILT_USER);
    CHECK_EQ(event.flags, expected_echo(EV_ADD | EV_CLEAR | EV_RECEIPT));
    CHECK_EQ(event.fflags, 0);
    CHECK_EQ(event.data, 0);
    CHECK_EQ(token_of(&event), TOKEN);
    CHECK(quiet(kq));
    CHECK_EQ(trigger(kq, IDENT, TOKEN), 0);
    CHECK(!quiet(kq)); /* and again */
    close(kq);
}

TEST(trigger_with_flags_zero_fires_in_the_same_call)
{
    int kq = open_user(EV_ADD | EV_CLEAR);
    struct kevent asked = change(IDENT, EVFILT_USER, 0, NOTE_TRIGGER, 0, TOKEN);
    struct kevent event;
    REQUIRE_EQ(kevent_call(kq, &asked, 1, &event, 1, NULL), 1);
    CHECK_EQ(event.flags & EV_ERROR, 0);
    CHECK_EQ(token_of(&event), TOKEN);
    close(kq);
}

TEST(trigger_with_add_fires)
{
    int kq = open_user(EV_ADD | EV_CLEAR);
    CHECK_EQ(ask_with(kq, IDENT, EVFILT_USER, EV_ADD, NOTE_TRIGGER, 0, OTHER_TOKEN), 0);
    struct kevent event;
    REQUIRE(fetch_one(kq, &event));
    CHECK_EQ(token_of(&event), touched(OTHER_TOKEN));
    CHECK(quiet(kq));
    close(kq);
}

TEST(k28_trigger_with_clear_is_lost)
{
    int kq = open_user(EV_ADD | EV_CLEAR);
    CHECK_EQ(ask_with(kq, IDENT, EVFILT_USER, EV_CLEAR, NOTE_TRIGGER, 0, TOKEN), 0);
    CHECK_EQ(!quiet(kq), expected.trigger_with_clear_fires);
    uint32_t flags = EV_ADD | EV_CLEAR;
    CHECK_EQ(ask_with(kq, IDENT, EVFILT_USER, flags, NOTE_TRIGGER, 0, TOKEN), 0);
    CHECK_EQ(!quiet(kq), expected.trigger_with_clear_fires);
    close(kq);
}

TEST(k28_trigger_with_clear_cancels_a_pending_one)
{
    NEED_STATED(expected.trigger_with_clear_cancels);
    int kq = open_user(EV_ADD | EV_CLEAR);
    CHECK_EQ(trigger(kq, IDENT, TOKEN), 0);
    CHECK_EQ(ask_with(kq, IDENT, EVFILT_USER, EV_CLEAR, NOTE_TRIGGER, 0, TOKEN), 0);
    CHECK_EQ(quiet(kq), expected.trigger_with_clear_cancels);
    close(kq);
}

TEST(k28_add_and_trigger_in_one_change_on_a_new_knote)
{
    int kq = open_kqueue();
    uint32_t flags = EV_ADD | EV_CLEAR;
    CHECK_EQ(ask_with(kq, IDENT, EVFILT_USER, flags, NOTE_TRIGGER, 0, TOKEN), 0);
    struct kevent event;
    CHECK_EQ(fetch_one(kq, &event), expected.trigger_in_add_fires);
    if (expected.trigger_in_add_fires)
        CHECK_STATED(event.fflags, expected.trigger_in_add_fflags);
    CHECK_EQ(trigger(kq, IDENT, TOKEN), 0); /* the knote works all the same */
    REQUIRE(fetch_one(kq, &event));
    CHECK_STATED(event.fflags, expected.trigger_in_add_fflags);
    CHECK(quiet(kq));
    close(kq);
}

TEST(k28_add_and_trigger_as_two_changes_of_one_call_fire)
{
    int kq = open_kqueue();
    struct kevent list[2] = {
        change(IDENT, EVFILT_USER, EV_ADD | EV_CLEAR | EV_RECEIPT, 0, 0, TOKEN),
        change(IDENT, EVFILT_USER, EV_RECEIPT, NOTE_TRIGGER, 0, TOKEN),
    };
    REQUIRE_EQ(apply(kq, list, 2, list, 2), 2);
    CHECK_EQ(list[0].data, 0);
    CHECK_EQ(list[1].data, 0);
    CHECK(!quiet(kq));
    close(kq);
}

TEST(trigger_of_an_absent_ident_is_enoent)
{
    int kq = open_kqueue();
    CHECK_EQ(trigger(kq, IDENT, TOKEN), ENOENT);
    CHECK_EQ(ask(kq, IDENT, EVFILT_USER, EV_ADD | EV_CLEAR, TOKEN), 0);
    CHECK_EQ(trigger(kq, IDENT + 1, TOKEN), ENOENT);
    CHECK_EQ(ask(kq, IDENT, EVFILT_USER, EV_DELETE, TOKEN), 0);
    CHECK_EQ(trigger(kq, IDENT, TOKEN), ENOENT); /* a deregistered waker is not resurrected */
    CHECK(quiet(kq));
    close(kq);
}

TEST(k7_trigger_overwrites_the_token)
{
    int kq = open_user(EV_ADD | EV_CLEAR);
    struct kevent event;
    CHECK_EQ(trigger(kq, IDENT, OTHER_TOKEN), 0);
    REQUIRE(fetch_one(kq, &event));
    CHECK_EQ(token_of(&event), touched(OTHER_TOKEN));
    CHECK_EQ(trigger(kq, IDENT, 0), 0); /* with NULL too */
    REQUIRE(fetch_one(kq, &event));
    CHECK_EQ(token_of(&event), touched(0));
    close(kq);
}

TEST(rule4_dragonfly_user_knote_keeps_its_first_token)
{
    int kq = open_user(EV_ADD | EV_CLEAR);
    struct kevent event;
    CHECK_EQ(ask(kq, IDENT, EVFILT_USER, EV_ADD | EV_CLEAR, OTHER_TOKEN), 0);
    CHECK_EQ(trigger(kq, IDENT, OTHER_TOKEN), 0);
    REQUIRE(fetch_one(kq, &event));
    CHECK_EQ(token_of(&event), touched(OTHER_TOKEN));
    /* Delete and add changes it everywhere. */
    CHECK_EQ(ask(kq, IDENT, EVFILT_USER, EV_DELETE, OTHER_TOKEN), 0);
    CHECK_EQ(ask(kq, IDENT, EVFILT_USER, EV_ADD | EV_CLEAR, OTHER_TOKEN), 0);
    CHECK_EQ(trigger(kq, IDENT, OTHER_TOKEN), 0);
    REQUIRE(fetch_one(kq, &event));
    CHECK_EQ(token_of(&event), OTHER_TOKEN);
    close(kq);
}

TEST(three_triggers_are_one_event_with_the_last_values)
{
    int kq = open_user(EV_ADD | EV_CLEAR);
    CHECK_EQ(ask_with(kq, IDENT, EVFILT_USER, 0, NOTE_TRIGGER, 1, TOKEN), 0);
    CHECK_EQ(ask_with(kq, IDENT, EVFILT_USER, 0, NOTE_TRIGGER, 2, OTHER_TOKEN), 0);
    CHECK_EQ(ask_with(kq, IDENT, EVFILT_USER, 0, NOTE_TRIGGER, 3, THIRD_TOKEN), 0);
    struct kevent events[4];
    REQUIRE_EQ(fetch(kq, events, 4), 1);
    CHECK_EQ(events[0].data, 3);
    CHECK_EQ(token_of(&events[0]), touched(THIRD_TOKEN));
    CHECK(quiet(kq));
    close(kq);
}

TEST(k29_idents_come_in_the_order_of_their_triggers)
{
    int kq = open_kqueue();
    for (int i = 0; i < 3; i++)
        CHECK_EQ(ask(kq, i, EVFILT_USER, EV_ADD | EV_CLEAR, (uintptr_t)(100 + i)), 0);
    static const uintptr_t order[3] = {2, 0, 1};
    for (int i = 0; i < 3; i++)
        CHECK_EQ(trigger(kq, order[i], 100 + order[i]), 0);
    struct kevent events[4];
    REQUIRE_EQ(fetch(kq, events, 4), 3);
    for (int i = 0; i < 3; i++) {
        CHECK_EQ(events[i].ident, order[i]);
        CHECK_EQ(token_of(&events[i]), 100 + order[i]);
    }
    close(kq);
}

TEST(k29_ident_does_not_collide_with_a_descriptor)
{
    int ends[2];
    open_pipe(ends);
    int kq = open_kqueue();
    CHECK_EQ(ask(kq, ends[0], EVFILT_USER, EV_ADD | EV_CLEAR, TOKEN), 0);
    CHECK_EQ(ask(kq, ends[0], EVFILT_READ, EV_ADD | EV_CLEAR, OTHER_TOKEN), 0);
    CHECK_EQ(trigger(kq, (uintptr_t)ends[0], TOKEN), 0);
    struct kevent event;
    REQUIRE(fetch_one(kq, &event));
    CHECK_EQ(event.filter, EVFILT_USER);
    CHECK(quiet(kq));
    /* Closing the descriptor of that number takes the READ knote only. */
    close_both(ends);
    CHECK_EQ(trigger(kq, (uintptr_t)ends[0], TOKEN), 0);
    CHECK(!quiet(kq));
    close(kq);
}

TEST(any_ident_of_the_size_of_a_pointer)
{
    int kq = open_kqueue();
    CHECK_EQ(ask_with(kq, UINTPTR_MAX, EVFILT_USER, EV_ADD | EV_CLEAR, 0, 0, TOKEN), 0);
    CHECK_EQ(trigger(kq, UINTPTR_MAX, TOKEN), 0);
    struct kevent event;
    REQUIRE(fetch_one(kq, &event));
    CHECK(event.ident == UINTPTR_MAX);
    close(kq);
}

TEST(user_ffcopy_in_a_trigger_is_reported)
{
    int kq = open_user(EV_ADD | EV_CLEAR);
    uint32_t fflags = NOTE_TRIGGER | NOTE_FFCOPY | 0x5;
    CHECK_EQ(ask_with(kq, IDENT, EVFILT_USER, 0, fflags, 0, TOKEN), 0);
    struct kevent event;
    REQUIRE(fetch_one(kq, &event));
    CHECK_EQ(event.fflags, 0x5);
    CHECK_EQ(trigger(kq, IDENT, TOKEN), 0);
    REQUIRE(fetch_one(kq, &event));
    CHECK_EQ(event.fflags, expected.fflags_survive_clear ? 0x5 : 0);
    close(kq);
}

TEST(user_ff_operations)
{
    int kq = open_user(EV_ADD | EV_CLEAR);
    static const uint32_t operations[3] = {NOTE_FFCOPY | 0xc, NOTE_FFOR | 0x3, NOTE_FFAND | 0xa};
    for (int i = 0; i < 3; i++)
        CHECK_EQ(ask_with(kq, IDENT, EVFILT_USER, 0, operations[i], 0, TOKEN), 0);
    CHECK(quiet(kq)); /* none of them was a trigger */
    CHECK_EQ(trigger(kq, IDENT, TOKEN), 0);
    struct kevent event;
    REQUIRE(fetch_one(kq, &event));
    CHECK_EQ(event.fflags, 0xa);
    close(kq);
}

TEST(rule7_level_user_knote_fires_until_deleted)
{
    int kq = open_user(EV_ADD);
    CHECK(quiet(kq));
    CHECK_EQ(trigger(kq, IDENT, TOKEN), 0);
    for (int i = 0; i < 3; i++)
        CHECK(!quiet(kq));
    CHECK_EQ(ask(kq, IDENT, EVFILT_USER, EV_DELETE, TOKEN), 0);
    CHECK(quiet(kq));
    close(kq);
}

TEST(level_user_knote_ends_with_a_change_that_has_clear)
{
    NEED_STATED(expected.clear_ends_level);
    int kq = open_user(EV_ADD);
    CHECK_EQ(trigger(kq, IDENT, TOKEN), 0);
    CHECK(!quiet(kq));
    CHECK_EQ(ask(kq, IDENT, EVFILT_USER, EV_CLEAR, TOKEN), 0);
    CHECK_EQ(quiet(kq), expected.clear_ends_level);
    close(kq);
}

/* The fflags of the event of a plain trigger, after an ADD with those. */
static uint32_t fflags_after_add(uint32_t fflags)
{
    int kq = open_kqueue();
    CHECK_EQ(ask_with(kq, IDENT, EVFILT_USER, EV_ADD | EV_CLEAR, fflags, 0, TOKEN), 0);
    CHECK_EQ(trigger(kq, IDENT, TOKEN), 0);
    struct kevent event;
    CHECK(fetch_one(kq, &event));
    close(kq);
    return event.fflags;
}

TEST(user_fflags_of_the_add)
{
    NEED_STATED(expected.fflags_of_add);
    CHECK_EQ(fflags_after_add(3), expected.fflags_of_add);
    CHECK_EQ(fflags_after_add(NOTE_FFCOPY | 3), expected.fflags_of_add_with_copy);
}

TEST(user_oneshot_whose_trigger_was_cancelled)
{
    NEED_STATED(expected.user_oneshot_rechecked);
    int kq = open_user(EV_ADD | EV_ONESHOT);
    CHECK_EQ(trigger(kq, IDENT, TOKEN), 0);
    CHECK_EQ(ask(kq, IDENT, EVFILT_USER, EV_CLEAR, TOKEN), 0);
    CHECK_EQ(quiet(kq), expected.user_oneshot_rechecked);
    close(kq);
}

TEST(k28_add_in_a_trigger_resurrects_a_level_knote)
{
    int kq = open_user(EV_ADD | EV_CLEAR);
    CHECK_EQ(ask(kq, IDENT, EVFILT_USER, EV_DELETE, TOKEN), 0);
    CHECK_EQ(ask_with(kq, IDENT, EVFILT_USER, EV_ADD, NOTE_TRIGGER, 0, TOKEN), 0);
    CHECK_EQ(trigger(kq, IDENT, TOKEN), 0); /* no ENOENT any more, and it spins */
    CHECK(!quiet(kq) && !quiet(kq));
    close(kq);
}

TEST(trigger_while_disabled_is_kept)
{
    int kq = open_user(EV_ADD | EV_CLEAR);
    CHECK_EQ(ask(kq, IDENT, EVFILT_USER, EV_DISABLE, TOKEN), 0);
    CHECK_EQ(ask_with(kq, IDENT, EVFILT_USER, 0, NOTE_TRIGGER, 9, TOKEN), 0);
    CHECK(quiet(kq));
    CHECK_EQ(ask(kq, IDENT, EVFILT_USER, EV_ENABLE, OTHER_TOKEN), 0);
    struct kevent event;
    REQUIRE(fetch_one(kq, &event));
    CHECK_EQ(token_of(&event), touched(OTHER_TOKEN));
    CHECK_STATED(event.data, expected.data_after_enable);
    CHECK(quiet(kq));
    close(kq);
}

TEST(add_again_keeps_a_pending_trigger)
{
    NEED_STATED(expected.add_keeps_trigger);
    int kq = open_user(EV_ADD | EV_CLEAR);
    CHECK_EQ(trigger(kq, IDENT, TOKEN), 0);
    CHECK_EQ(ask(kq, IDENT, EVFILT_USER, EV_ADD | EV_CLEAR, OTHER_TOKEN), 0);
    CHECK_EQ(!quiet(kq), expected.add_keeps_trigger);
    close(kq);
}

TEST(k12_delete_withdraws_a_trigger)
{
    int kq = open_user(EV_ADD | EV_CLEAR);
    CHECK_EQ(trigger(kq, IDENT, TOKEN), 0);
    CHECK_EQ(ask(kq, IDENT, EVFILT_USER, EV_DELETE, TOKEN), 0);
    CHECK(quiet(kq));
    CHECK_EQ(ask(kq, IDENT, EVFILT_USER, EV_ADD | EV_CLEAR, TOKEN), 0);
    CHECK(quiet(kq)); /* a new knote knows nothing of it */
    close(kq);
}

TEST(k39_dispatch_without_clear_fires_the_old_trigger_again)
{
    int kq = open_user(EV_ADD | EV_DISPATCH);
    CHECK_EQ(trigger(kq, IDENT, TOKEN), 0);
    CHECK(!quiet(kq));
    CHECK(quiet(kq));
    CHECK_EQ(ask(kq, IDENT, EVFILT_USER, EV_ENABLE, TOKEN), 0);
    CHECK(!quiet(kq));
    CHECK(quiet(kq));
    close(kq);
}

TEST(dispatch_with_clear_does_not_fire_the_old_trigger_again)
{
    int kq = open_user(EV_ADD | EV_DISPATCH | EV_CLEAR);
    CHECK_EQ(trigger(kq, IDENT, TOKEN), 0);
    CHECK(!quiet(kq));
    CHECK_EQ(ask(kq, IDENT, EVFILT_USER, EV_ENABLE, TOKEN), 0);
    CHECK(quiet(kq));
    close(kq);
}

TEST(user_oneshot)
{
    int kq = open_user(EV_ADD | EV_ONESHOT);
    uint32_t fflags = NOTE_TRIGGER | NOTE_FFCOPY | 0x5;
    CHECK_EQ(ask_with(kq, IDENT, EVFILT_USER, 0, fflags, 9, TOKEN), 0);
    struct kevent event;
    REQUIRE(fetch_one(kq, &event));
    CHECK(event.flags & EV_ONESHOT);
    CHECK_STATED(event.fflags, expected.oneshot_fflags);
    CHECK_STATED(event.data, expected.oneshot_data);
    CHECK_EQ(trigger(kq, IDENT, TOKEN), ENOENT);
    close(kq);
}

TEST(openbsd_limit_of_user_knotes)
{
    enum { ENOUGH = 1100 }; /* where memory is the only limit */
    int limit = expected.user_limit ? expected.user_limit : ENOUGH;
    int kq = open_kqueue();
    for (int i = 0; i < limit; i++)
        REQUIRE_EQ(ask(kq, i, EVFILT_USER, EV_ADD | EV_CLEAR, TOKEN), 0);
    int beyond = ask(kq, limit, EVFILT_USER, EV_ADD | EV_CLEAR, TOKEN);
    CHECK_EQ(beyond, expected.user_limit ? ENOMEM : 0);
    CHECK_EQ(ask(kq, 0, EVFILT_USER, EV_DELETE, TOKEN), 0);
    CHECK_EQ(ask(kq, limit, EVFILT_USER, EV_ADD | EV_CLEAR, TOKEN), 0);
    close(kq);
    kq = open_kqueue(); /* closing the kqueue gave them all back */
    CHECK_EQ(ask(kq, 1, EVFILT_USER, EV_ADD | EV_CLEAR, TOKEN), 0);
    close(kq);
}

TEST(k27_probe_of_the_user_filter)
{
    int kq = open_kqueue();
    CHECK_EQ(ask(kq, IDENT, EVFILT_USER, EV_ADD | EV_CLEAR, TOKEN), 0);
    CHECK_EQ(trigger(kq, IDENT, TOKEN), 0);
    struct kevent event;
    REQUIRE(fetch_one(kq, &event));
    CHECK_EQ(event.filter, EVFILT_USER);
    CHECK_EQ(ask(kq, IDENT, EVFILT_USER, EV_DELETE, TOKEN), 0);
    close(kq);
}

TEST(add_without_clear_keeps_a_pending_trigger)
{
    NEED_STATED(expected.bare_add_keeps_trigger);
    int kq = open_user(EV_ADD | EV_CLEAR);
    CHECK_EQ(trigger(kq, IDENT, TOKEN), 0);
    CHECK_EQ(ask(kq, IDENT, EVFILT_USER, EV_ADD, OTHER_TOKEN), 0);
    struct kevent event;
    CHECK_EQ(fetch_one(kq, &event), expected.bare_add_keeps_trigger);
    CHECK_EQ(token_of(&event), touched(OTHER_TOKEN));
    close(kq);
}

TEST(openbsd_limit_counts_the_knotes_of_all_kqueues)
{
    if (!expected.user_limit)
        SKIP("memory is the only limit of this system");
    int first = open_kqueue();
    int second = open_kqueue();
    for (int i = 0; i < expected.user_limit; i++)
        REQUIRE_EQ(ask(i % 2 ? first : second, i, EVFILT_USER, EV_ADD, TOKEN), 0);
    CHECK_EQ(ask(first, IDENT + expected.user_limit, EVFILT_USER, EV_ADD, TOKEN), ENOMEM);
    close(second);
    CHECK_EQ(ask(first, IDENT + expected.user_limit, EVFILT_USER, EV_ADD, TOKEN), 0);
    close(first);
}

TEST(enable_and_disable_keep_a_pending_trigger)
{
    int kq = open_user(EV_ADD | EV_CLEAR);
    CHECK_EQ(ask_with(kq, IDENT, EVFILT_USER, 0, NOTE_TRIGGER, 9, TOKEN), 0);
    CHECK_EQ(ask(kq, IDENT, EVFILT_USER, EV_ENABLE, TOKEN), 0);
    struct kevent event;
    REQUIRE(fetch_one(kq, &event));
    CHECK_STATED(event.data, expected.data_after_enable);
    CHECK_EQ(trigger(kq, IDENT, TOKEN), 0);
    CHECK_EQ(ask(kq, IDENT, EVFILT_USER, EV_DISABLE, TOKEN), 0);
    CHECK(quiet(kq));
    CHECK_EQ(ask(kq, IDENT, EVFILT_USER, EV_ENABLE, TOKEN), 0);
    CHECK(!quiet(kq));
    CHECK(quiet(kq));
    close(kq);
}

TEST(trigger_with_enable_fires)
{
    int kq = open_user(EV_ADD | EV_CLEAR);
    CHECK_EQ(ask_with(kq, IDENT, EVFILT_USER, EV_ENABLE, NOTE_TRIGGER, 3, OTHER_TOKEN), 0);
    struct kevent event;
    REQUIRE(fetch_one(kq, &event));
    CHECK_EQ(event.data, 3);
    CHECK_EQ(token_of(&event), touched(OTHER_TOKEN));
    CHECK(quiet(kq));
    close(kq);
}

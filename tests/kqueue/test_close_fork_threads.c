/* SPDX-License-Identifier: MIT */
/* Closing, duplicates and fork (rules 13 and 15). */
#include "test_support.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

TEST(rule13_close_drops_the_knote)
{
    int ends[2];
    open_unix(ends, SOCK_STREAM);
    int kq = watch_reading(ends[0], EV_ADD);
    put(ends[1], "x");
    CHECK(!quiet(kq));
    CHECK_EQ(close(ends[0]), 0);
    CHECK(quiet(kq));
    CHECK_EQ(ask(kq, ends[0], EVFILT_READ, EV_DELETE, TOKEN), expected.delete_after_close);
    close(kq);
    close(ends[1]);
}

TEST(rule13_close_drops_the_knote_while_a_duplicate_lives)
{
    int ends[2];
    open_unix(ends, SOCK_STREAM);
    int copy = dup(ends[0]);
    REQUIRE(copy >= 0);
    int kq = watch_reading(ends[0], EV_ADD | EV_CLEAR);
    CHECK_EQ(close(ends[0]), 0);
    put(ends[1], "x");
    CHECK(quiet(kq));
    CHECK_EQ(ask(kq, copy, EVFILT_READ, EV_ADD | EV_CLEAR, OTHER_TOKEN), 0);
    struct kevent event;
    REQUIRE(await(kq, &event));
    CHECK_EQ(event.ident, copy);
    CHECK_EQ(token_of(&event), OTHER_TOKEN);
    close(kq);
    close(copy);
    close(ends[1]);
}

TEST(rule13_close_withdraws_a_queued_event)
{
    int ends[2];
    open_pipe(ends);
    int copy = dup(ends[0]);
    int kq = watch_reading(ends[0], EV_ADD | EV_CLEAR);
    put(ends[1], "x");
    CHECK_EQ(close(ends[0]), 0);
    CHECK(quiet(kq));
    close(kq);
    close(copy);
    close(ends[1]);
}

TEST(rule13_close_drops_oneshot_and_dispatch_too)
{
    for (int i = 0; i < 2; i++) {
        int ends[2];
        open_pipe(ends);
        int kq = watch_reading(ends[0], EV_ADD | (i == 0 ? EV_ONESHOT : EV_DISPATCH));
        put(ends[1], "x");
        CHECK_EQ(close(ends[0]), 0);
        CHECK(quiet(kq));
        close(kq);
        close(ends[1]);
    }
}

TEST(reused_number_starts_clean)
{
    int ends[2];
    open_pipe(ends);
    int kq = watch_reading(ends[0], EV_ADD);
    put(ends[1], "x");
    CHECK_EQ(close(ends[0]), 0);
    int fresh[2];
    open_pipe(fresh);
    int reused = fresh[0] == ends[0] ? fresh[0] : fresh[1];
    CHECK_EQ(reused, ends[0]);
    CHECK(quiet(kq));
    CHECK_EQ(ask(kq, fresh[0], EVFILT_READ, EV_DELETE, TOKEN), ENOENT);
    put(fresh[1], "x");
    CHECK(quiet(kq));
    close(kq);
    close_both(fresh);
    close(ends[1]);
}

TEST(dup2_onto_a_descriptor_drops_its_knote)
{
    int ends[2];
    int other[2];
    open_pipe(ends);
    open_pipe(other);
    int kq = watch_reading(ends[0], EV_ADD);
    put(ends[1], "x");
    put(other[1], "x");
    CHECK(!quiet(kq));
    CHECK_EQ(dup2(other[0], ends[0]), ends[0]);
    CHECK(quiet(kq));
    CHECK_EQ(ask(kq, ends[0], EVFILT_READ, EV_DELETE, TOKEN), ENOENT);
    close(kq);
    close_both(ends);
    close_both(other);
}

TEST(knotes_of_two_duplicates_are_independent)
{
    int ends[2];
    open_unix(ends, SOCK_STREAM);
    int copy = dup(ends[0]);
    REQUIRE(copy >= 0);
    int kq = watch_reading(ends[0], EV_ADD | EV_CLEAR);
    CHECK_EQ(ask(kq, copy, EVFILT_READ, EV_ADD | EV_CLEAR, OTHER_TOKEN), 0);
    put(ends[1], "x");
    struct kevent events[4];
    REQUIRE_EQ(fetch(kq, events, 4), 2);
    CHECK(events[0].ident != events[1].ident);
    CHECK_EQ(token_of(&events[0]) + token_of(&events[1]), TOKEN + OTHER_TOKEN);
    CHECK_EQ(close(copy), 0);
    put(ends[1], "x");
    REQUIRE_EQ(fetch(kq, events, 4), 1);
    CHECK_EQ(events[0].ident, ends[0]);
    close(kq);
    close_both(ends);
}

TEST(close_drops_the_knote_in_every_kqueue)
{
    int ends[2];
    open_pipe(ends);
    int first = watch_reading(ends[0], EV_ADD);
    int second = watch_reading(ends[0], EV_ADD);
    put(ends[1], "x");
    CHECK(!quiet(first) && !quiet(second));
    CHECK_EQ(close(ends[0]), 0);
    CHECK(quiet(first) && quiet(second));
    close(first);
    close(second);
    close(ends[1]);
}

TEST(closing_a_kqueue_leaves_the_descriptor_usable)
{
    int ends[2];
    open_pipe(ends);
    close(watch_reading(ends[0], EV_ADD | EV_CLEAR));
    int kq = watch_reading(ends[0], EV_ADD | EV_CLEAR);
    put(ends[1], "x");
    CHECK(!quiet(kq));
    close(kq);
    close_both(ends);
}

TEST(rule15_kqueue_does_not_survive_fork)
{
    int kq = open_kqueue();
    CHECK_EQ(ask(kq, IDENT, EVFILT_USER, EV_ADD | EV_CLEAR, TOKEN), 0);
    pid_t child = fork();
    REQUIRE(child >= 0);
    if (child == 0) {
        struct kevent event;
        int count = fetch(kq, &event, 1);
        _exit(count == -1 && errno == EBADF ? 0 : 1);
    }
    int status = -1;
    CHECK_EQ(waitpid(child, &status, 0), child);
    CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    CHECK_EQ(trigger(kq, IDENT, TOKEN), 0); /* the parent's is untouched */
    CHECK(!quiet(kq));
    close(kq);
}

TEST(rule15_child_makes_its_own_kqueue)
{
    int ends[2];
    open_pipe(ends);
    int kq = watch_reading(ends[0], EV_ADD | EV_CLEAR);
    pid_t child = fork();
    REQUIRE(child >= 0);
    if (child == 0) {
        int own = kqueue();
        struct kevent asked =
            change((uintptr_t)ends[0], EVFILT_READ, EV_ADD | EV_CLEAR, 0, 0, OTHER_TOKEN);
        struct kevent event;
        bool added = own >= 0 && apply(own, &asked, 1, &event, 1) == 0;
        bool written = write(ends[1], "x", 1) == 1;
        bool seen = fetch(own, &event, 1) == 1 && token_of(&event) == OTHER_TOKEN;
        _exit(added && written && seen ? 0 : 1);
    }
    int status = -1;
    CHECK_EQ(waitpid(child, &status, 0), child);
    CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    struct kevent event;
    REQUIRE(await(kq, &event)); /* the child's byte, seen by the parent */
    CHECK_EQ(token_of(&event), TOKEN);
    close(kq);
    close_both(ends);
}

TEST(k43_close_without_a_waiter_leaves_a_duplicate_of_the_kqueue_alone)
{
    int kq = open_kqueue();
    int copy = dup(kq);
    REQUIRE(copy >= 0);
    CHECK_EQ(ask(kq, IDENT, EVFILT_USER, EV_ADD | EV_CLEAR, TOKEN), 0);
    close(kq);
    CHECK_EQ(trigger(copy, IDENT, TOKEN), 0);
    CHECK(!quiet(copy));
    close(copy);
}

TEST(rule15_the_number_is_free_in_the_child)
{
    int kq = open_kqueue();
    pid_t child = fork();
    REQUIRE(child >= 0);
    if (child == 0) {
        bool closed = fcntl(kq, F_GETFD) == -1 && errno == EBADF;
        _exit(closed && kqueue() <= kq ? 0 : 1); /* the lowest number that is free */
    }
    int status = -1;
    CHECK_EQ(waitpid(child, &status, 0), child);
    CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    close(kq);
}

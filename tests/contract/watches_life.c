/* SPDX-License-Identifier: MIT */
/* FILE4 and FILE5: events that were lost, misuse, and the life of a watch. */
#define _GNU_SOURCE

#include "facts/facts.h"
#include "watches.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* --- FILE4 --- */

/* How many events Linux keeps; 0: not told. */
static long events_kept(void)
{
    long kept = 0;
    FILE *file = fopen("/proc/sys/fs/inotify/max_queued_events", "re");
    if (!file)
        return 0;
    if (fscanf(file, "%ld", &kept) != 1)
        kept = 0;
    CHECK_EQ(fclose(file), 0);
    return kept;
}

/* Of two files in turns, since the same event twice is kept once. */
static void write_in_turns(const struct watching *watching, long times)
{
    int fds[2];
    for (mio_token i = 0; i < 2; i++) {
        const char *name = i == 0 ? "one" : "two";
        fds[i] = openat(watching->others, name, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
        REQUIRE(fds[i] >= 0);
        REQUIRE_EQ(
            mio_watch_add(watching->watch, entry_of(watching, name), MIO_WATCH_WRITTEN, 1 + i), 0);
    }
    for (long i = 0; i < times; i++)
        CHECK_EQ(pwrite(fds[i % 2], "x", 1, 0), 1);
    CHECK_EQ(close(fds[0]), 0);
    CHECK_EQ(close(fds[1]), 0);
}

TEST(file4_lost_events_are_told)
{
    enum { MOST_KEPT = 100000 };
    struct watching watching;
    struct mio_watch_event happened;
    uint32_t what = 0;
    if (!watching_open(&watching))
        return;

    bool may_lose = fact("events of files may be lost") != 0;
    long kept = may_lose ? events_kept() : 100;
    if (kept == 0 || kept > MOST_KEPT) {
        watching_close(&watching);
        SKIP("the system does not say how many events it keeps, or keeps too many");
    }
    write_in_turns(&watching, kept + 10);
    EXPECT_ONE(&watching.loop, WATCH_TOKEN, MIO_READABLE);
    while (mio_watch_next(watching.watch, &happened) > 0) {
        CHECK(happened.what != MIO_WATCH_OVERFLOW || (happened.id == 0 && !happened.name));
        what |= happened.what;
    }
    CHECK_EQ(what, MIO_WATCH_WRITTEN | (may_lose ? MIO_WATCH_OVERFLOW : 0));
    /* And it goes on. */
    append_to(&watching, "one", "more");
    TAKE_TOLD(&watching);
    EXPECT_TOLD(&watching, 1, MIO_WATCH_WRITTEN);

    watching_close(&watching);
}

/* --- FILE5: misuse --- */

TEST(file5_misuse_is_an_error)
{
    struct watching watching;
    struct mio_watch *made = null();
    struct mio_watch_event happened = {.id = 17};
    if (!watching_open(&watching))
        return;
    struct mio_watch *watch = watching.watch;

    CHECK_EQ(mio_watch_new(null(), 1, &made), -EINVAL);
    CHECK_EQ(mio_watch_new(watching.loop.registry, 1, null()), -EINVAL);
    CHECK(made == NULL);
    CHECK_EQ(mio_watch_add(null(), "/", MIO_WATCH_ENTRIES, 1), -EINVAL);
    CHECK_EQ(mio_watch_add(watch, null(), MIO_WATCH_ENTRIES, 1), -EINVAL);
    CHECK_EQ(mio_watch_add(watch, "/", 0, 1), -EINVAL);
    CHECK_EQ(mio_watch_add(watch, "/", MIO_WATCH_ALL | MIO_WATCH_CREATED, 1), -EINVAL);
    CHECK_EQ(mio_watch_remove(null(), 1), -EINVAL);
    CHECK_EQ(mio_watch_remove(watch, 1), -ENOENT);
    CHECK_EQ(mio_watch_next(null(), &happened), -EINVAL);
    CHECK_EQ(mio_watch_next(watch, null()), -EINVAL);
    CHECK_EQ(mio_watch_next(watch, &happened), 0);
    CHECK_EQ(happened.id, 17);
    mio_watch_free(NULL);
    EXPECT_NOTHING(&watching.loop);

    watching_close(&watching);
}

TEST(file5_what_cannot_be_watched_is_refused)
{
    struct watching watching;
    struct mio_watch_event happened;
    if (!watching_open(&watching))
        return;
    struct mio_watch *watch = watching.watch;

    make_entry(&watching, "one", "first");
    CHECK_EQ(mio_watch_add(watch, entry_of(&watching, "none"), MIO_WATCH_ALL, 1), -ENOENT);
    CHECK_EQ(mio_watch_add(watch, "", MIO_WATCH_ALL, 1), -ENOENT);
    CHECK_EQ(mio_watch_add(watch, entry_of(&watching, "one/two"), MIO_WATCH_ALL, 1), -ENOTDIR);
    CHECK_EQ(mio_watch_add(watch, entry_of(&watching, "one"), MIO_WATCH_ENTRIES, 1), -ENOTDIR);
    CHECK_EQ(mio_watch_add(watch, watching.directory, MIO_WATCH_WRITTEN, 1), -EISDIR);
    CHECK_EQ(mio_watch_add(watch, "/dev/null", MIO_WATCH_ALL, 1), -ENOTSUP);
    CHECK_EQ(mkfifo(entry_of(&watching, "two"), 0600), 0);
    CHECK_EQ(mio_watch_add(watch, entry_of(&watching, "two"), MIO_WATCH_ALL, 1), -ENOTSUP);
    /* The id is free all the same. */
    REQUIRE_EQ(mio_watch_add(watch, entry_of(&watching, "one"), MIO_WATCH_ALL, 1), 0);
    CHECK_EQ(mio_watch_add(watch, watching.directory, MIO_WATCH_ALL, 1), -EEXIST);
    CHECK_EQ(mio_watch_remove(watch, 1), 0);
    append_to(&watching, "one", "more");
    CHECK_EQ(mio_watch_next(watch, &happened), 0);

    watching_close(&watching);
}

TEST(file5_a_symbolic_link_is_followed)
{
    struct watching watching;
    if (!watching_open(&watching))
        return;

    make_entry(&watching, "one", "first");
    CHECK_EQ(symlink("one", entry_of(&watching, "two")), 0);
    REQUIRE_EQ(mio_watch_add(watching.watch, entry_of(&watching, "two"), MIO_WATCH_WRITTEN, 1), 0);
    append_to(&watching, "one", "more");
    TAKE_TOLD(&watching);
    EXPECT_TOLD(&watching, 1, MIO_WATCH_WRITTEN);

    watching_close(&watching);
}

/* --- FILE5: its life --- */

TEST(file5_a_poll_may_be_freed_before_its_watch)
{
    struct watching watching;
    struct mio_watch_event happened;
    if (!watching_open(&watching))
        return;

    make_entry(&watching, "one", "first");
    REQUIRE_EQ(mio_watch_add(watching.watch, entry_of(&watching, "one"), MIO_WATCH_WRITTEN, 1), 0);
    loop_close(&watching.loop);
    append_to(&watching, "one", "more");
    REQUIRE_EQ(mio_watch_next(watching.watch, &happened), 1);
    CHECK_EQ(happened.id, 1);
    CHECK_EQ(mio_watch_next(watching.watch, &happened), 0);
    watching.loop = loop_open();

    watching_close(&watching);
}

TEST(file5_a_freed_watch_is_silent)
{
    struct watching watching;
    if (!watching_open(&watching))
        return;

    make_entry(&watching, "one", "first");
    REQUIRE_EQ(mio_watch_add(watching.watch, entry_of(&watching, "one"), MIO_WATCH_ALL, 1), 0);
    append_to(&watching, "one", "more");
    mio_watch_free(watching.watch);
    EXPECT_NOTHING(&watching.loop);
    append_to(&watching, "one", "more");
    EXPECT_NOTHING(&watching.loop);
    watching.watch = NULL;

    watching_close(&watching);
}

TEST(file5_a_watch_of_a_clones_and_several_of_a_poll)
{
    struct watching watching;
    struct mio_registry *clone = NULL;
    struct mio_watch *other = NULL;
    struct mio_watch_event happened;
    if (!watching_open(&watching))
        return;

    make_entry(&watching, "one", "first");
    REQUIRE_EQ(mio_registry_clone(watching.loop.registry, &clone), 0);
    REQUIRE_EQ(mio_watch_new(clone, 6, &other), 0);
    mio_registry_free(clone);
    REQUIRE_EQ(mio_watch_add(other, entry_of(&watching, "one"), MIO_WATCH_ALL, 1), 0);
    REQUIRE_EQ(mio_watch_add(watching.watch, entry_of(&watching, "one"), MIO_WATCH_ALL, 2), 0);
    append_to(&watching, "one", "more");
    EXPECT_EVENTS(&watching.loop, {WATCH_TOKEN, MIO_READABLE}, {6, MIO_READABLE});
    REQUIRE_EQ(mio_watch_next(other, &happened), 1);
    CHECK_EQ(happened.id, 1);
    REQUIRE_EQ(mio_watch_next(watching.watch, &happened), 1);
    CHECK_EQ(happened.id, 2);
    mio_watch_free(other);

    watching_close(&watching);
}

/* The number of the step that was wrong, or 0. */
static int use_watch_in_child(void *argument)
{
    struct watching *watching = argument;
    struct mio_watch *made = NULL;
    struct mio_watch_event happened;
    if (mio_watch_new(watching->loop.registry, 1, &made) != -ECHILD)
        return 1;
    if (mio_watch_add(watching->watch, "/", MIO_WATCH_ALL, 9) != -ECHILD)
        return 2;
    if (mio_watch_remove(watching->watch, 1) != -ECHILD ||
        mio_watch_next(watching->watch, &happened) != -ECHILD)
        return 3;
    mio_watch_free(watching->watch);
    loop_close(&watching->loop);
    return 0;
}

TEST(file5_a_child_has_no_watch)
{
    struct watching watching;
    if (!watching_open(&watching))
        return;

    make_entry(&watching, "one", "first");
    REQUIRE_EQ(mio_watch_add(watching.watch, entry_of(&watching, "one"), MIO_WATCH_WRITTEN, 1), 0);
    CHECK_EQ(in_child(use_watch_in_child, &watching), 0);
    append_to(&watching, "one", "more");
    TAKE_TOLD(&watching);
    EXPECT_TOLD(&watching, 1, MIO_WATCH_WRITTEN);

    watching_close(&watching);
}

TEST(file5_without_memory_nothing_is_watched)
{
    struct watching watching;
    struct mio_watch *made = null();
    if (!watching_open(&watching))
        return;

    test_fail_allocation(1);
    CHECK_EQ(mio_watch_new(watching.loop.registry, 1, &made), -ENOMEM);
    CHECK(made == NULL);
    test_fail_allocation(1);
    CHECK_EQ(mio_watch_add(watching.watch, "/tmp", MIO_WATCH_ENTRIES, 1), -ENOMEM);
    test_fail_allocation(0);
    CHECK_EQ(mio_watch_remove(watching.watch, 1), -ENOENT);
    REQUIRE_EQ(mio_watch_add(watching.watch, watching.directory, MIO_WATCH_ENTRIES, 1), 0);
    make_entry(&watching, "one", "first");
    TAKE_TOLD(&watching);
    EXPECT_TOLD(&watching, 1, MIO_WATCH_ENTRIES | MIO_WATCH_CREATED);

    watching_close(&watching);
}

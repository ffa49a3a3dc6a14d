/* SPDX-License-Identifier: MIT */
/* FILE1 to FILE3: what a watch tells of files and directories. */
#define _GNU_SOURCE

#include "watches.h"
#include "facts/facts.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* --- a watch and its directory --- */

bool watching_open(struct watching *watching)
{
    memset(watching, 0, sizeof *watching);
    watching->loop = loop_open();
    int result = mio_watch_new(watching->loop.registry, WATCH_TOKEN, &watching->watch);
    if (fact("files can be watched") == 0 || fact("the tests have a kqueue for files") == 0) {
        CHECK_EQ(result, -ENOTSUP);
        CHECK(watching->watch == NULL);
        loop_close(&watching->loop);
        return false;
    }
    REQUIRE_EQ(result, 0);
    strcpy(watching->directory, "/tmp/mio-watch-XXXXXX");
    REQUIRE(mkdtemp(watching->directory) != NULL);
    watching->others = open(watching->directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    REQUIRE(watching->others >= 0);
    return true;
}

void watching_close(struct watching *watching)
{
    static const char *const names[] = {"one", "two", "settings", "settings.new"};
    mio_watch_free(watching->watch);
    loop_close(&watching->loop);
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        (void)unlinkat(watching->others, names[i], 0);
    (void)unlinkat(watching->others, "inner", AT_REMOVEDIR);
    CHECK_EQ(close(watching->others), 0);
    CHECK(rmdir(watching->directory) == 0 || errno == ENOENT);
}

const char *entry_of(const struct watching *watching, const char *name)
{
    static char paths[2][64];
    static int turn;
    turn = !turn;
    snprintf(paths[turn], sizeof paths[turn], "%s/%s", watching->directory, name);
    return paths[turn];
}

static void write_entry(const struct watching *watching, const char *name, const char *text,
                        int flags)
{
    int fd = openat(watching->others, name, O_WRONLY | O_CLOEXEC | flags, 0600);
    REQUIRE(fd >= 0);
    CHECK_EQ(write(fd, text, strlen(text)), strlen(text));
    CHECK_EQ(close(fd), 0);
}

void make_entry(const struct watching *watching, const char *name, const char *text)
{
    write_entry(watching, name, text, O_CREAT | O_EXCL);
}

void append_to(const struct watching *watching, const char *name, const char *text)
{
    write_entry(watching, name, text, O_APPEND);
}

static void add_watch(struct watching *watching, const char *name, uint32_t what, mio_token id)
{
    REQUIRE_EQ(mio_watch_add(watching->watch, entry_of(watching, name), what, id), 0);
}

/* --- what is told --- */

void take_told(struct watching *watching, struct where where)
{
    struct mio_watch_event happened;
    int result;
    watching->count = 0;
    expect_events(&watching->loop, &(const struct expected){WATCH_TOKEN, MIO_READABLE}, 1, where);
    while ((result = mio_watch_next(watching->watch, &happened)) > 0) {
        REQUIRE(watching->count < MOST_TOLD);
        struct told_of_file *told = &watching->told[watching->count++];
        *told = (struct told_of_file){happened.id, happened.what, happened.rename, ""};
        if (happened.name)
            snprintf(told->name, sizeof told->name, "%s", happened.name);
    }
    test_check_eq(result, 0, "mio_watch_next()", "0", where.file, where.line);
}

/* What some systems alone tell. */
static uint32_t told_here(uint32_t what)
{
    if (fact("entries are told by name") == 0)
        what &= ~(MIO_WATCH_CREATED | MIO_WATCH_DELETED);
    return what;
}

void expect_told(const struct watching *watching, mio_token id, uint32_t what, struct where where)
{
    uint32_t told = 0;
    for (size_t i = 0; i < watching->count; i++)
        told |= watching->told[i].id == id ? watching->told[i].what : 0;
    test_check_eq(told, told_here(what), "what was told", "what happened", where.file, where.line);
}

const struct told_of_file *told_of(const struct watching *watching, mio_token id, const char *name,
                                   uint32_t what)
{
    if (fact("entries are told by name") == 0)
        name = "";
    for (size_t i = 0; i < watching->count; i++) {
        const struct told_of_file *told = &watching->told[i];
        if (told->id == id && strcmp(told->name, name) == 0 &&
            (told->what & told_here(what)) == told_here(what))
            return told;
    }
    return NULL;
}

/* --- FILE1: of files --- */

TEST(file1_a_write_is_told)
{
    struct watching watching;
    if (!watching_open(&watching))
        return;

    make_entry(&watching, "one", "first");
    add_watch(&watching, "one", MIO_WATCH_WRITTEN, 3);
    EXPECT_NOTHING(&watching.loop);
    for (int round = 0; round < 3; round++) {
        append_to(&watching, "one", "more");
        append_to(&watching, "one", "and more");
        TAKE_TOLD(&watching);
        EXPECT_TOLD(&watching, 3, MIO_WATCH_WRITTEN);
        EXPECT_NOTHING(&watching.loop);
    }
    watching_close(&watching);
}

TEST(file1_setting_the_size_is_a_write)
{
    struct watching watching;
    if (!watching_open(&watching))
        return;

    make_entry(&watching, "one", "first");
    add_watch(&watching, "one", MIO_WATCH_WRITTEN, 3);
    CHECK_EQ(truncate(entry_of(&watching, "one"), 2), 0);
    TAKE_TOLD(&watching);
    EXPECT_TOLD(&watching, 3, MIO_WATCH_WRITTEN);
    CHECK_EQ(truncate(entry_of(&watching, "one"), 100), 0);
    TAKE_TOLD(&watching);
    EXPECT_TOLD(&watching, 3, MIO_WATCH_WRITTEN);

    watching_close(&watching);
}

TEST(file1_attributes_are_told)
{
    struct watching watching;
    if (!watching_open(&watching))
        return;

    make_entry(&watching, "one", "first");
    add_watch(&watching, "one", MIO_WATCH_ATTRIBUTES, 3);
    CHECK_EQ(chmod(entry_of(&watching, "one"), 0644), 0);
    TAKE_TOLD(&watching);
    EXPECT_TOLD(&watching, 3, MIO_WATCH_ATTRIBUTES);
    CHECK_EQ(link(entry_of(&watching, "one"), entry_of(&watching, "two")), 0);
    TAKE_TOLD(&watching);
    EXPECT_TOLD(&watching, 3, MIO_WATCH_ATTRIBUTES);
    /* One name of two. */
    CHECK_EQ(unlink(entry_of(&watching, "one")), 0);
    TAKE_TOLD(&watching);
    EXPECT_TOLD(&watching, 3, MIO_WATCH_ATTRIBUTES);
    CHECK_EQ(mio_watch_remove(watching.watch, 3), 0);

    watching_close(&watching);
}

TEST(file1_a_renamed_file_is_watched_on)
{
    struct watching watching;
    if (!watching_open(&watching))
        return;

    make_entry(&watching, "one", "first");
    add_watch(&watching, "one", MIO_WATCH_RENAMED | MIO_WATCH_WRITTEN, 3);
    CHECK_EQ(rename(entry_of(&watching, "one"), entry_of(&watching, "two")), 0);
    TAKE_TOLD(&watching);
    EXPECT_TOLD(&watching, 3, MIO_WATCH_RENAMED);
    append_to(&watching, "two", "more");
    TAKE_TOLD(&watching);
    EXPECT_TOLD(&watching, 3, MIO_WATCH_WRITTEN);
    /* What comes under its old name is another file. */
    make_entry(&watching, "one", "new");
    append_to(&watching, "one", "more");
    EXPECT_NOTHING(&watching.loop);

    watching_close(&watching);
}

TEST(file1_a_removed_file_has_ended)
{
    struct watching watching;
    if (!watching_open(&watching))
        return;

    for (int round = 0; round < 2; round++) {
        make_entry(&watching, "one", "first");
        add_watch(&watching, "one", MIO_WATCH_REMOVED, 3);
        CHECK_EQ(unlink(entry_of(&watching, "one")), 0);
        TAKE_TOLD(&watching);
        EXPECT_TOLD(&watching, 3, MIO_WATCH_REMOVED | MIO_WATCH_ENDED);
        CHECK_EQ(mio_watch_remove(watching.watch, 3), -ENOENT);
        EXPECT_NOTHING(&watching.loop);
    }
    watching_close(&watching);
}

/* The end of one is told unasked. */
TEST(file1_only_what_was_asked_for_is_told)
{
    struct watching watching;
    if (!watching_open(&watching))
        return;

    make_entry(&watching, "one", "first");
    add_watch(&watching, "one", MIO_WATCH_RENAMED, 3);
    append_to(&watching, "one", "more");
    CHECK_EQ(chmod(entry_of(&watching, "one"), 0644), 0);
    EXPECT_NOTHING(&watching.loop);
    CHECK_EQ(unlink(entry_of(&watching, "one")), 0);
    TAKE_TOLD(&watching);
    EXPECT_TOLD(&watching, 3, MIO_WATCH_ENDED);

    watching_close(&watching);
}

/* --- FILE1: of directories --- */

TEST(file1_entries_that_come_and_go_are_told)
{
    struct watching watching;
    if (!watching_open(&watching))
        return;
    const uint32_t came = MIO_WATCH_ENTRIES | MIO_WATCH_CREATED;
    const uint32_t went = MIO_WATCH_ENTRIES | MIO_WATCH_DELETED;

    add_watch(&watching, ".", MIO_WATCH_ENTRIES, 0);
    make_entry(&watching, "one", "first");
    TAKE_TOLD(&watching);
    EXPECT_TOLD(&watching, 0, came);
    CHECK(told_of(&watching, 0, "one", came) != NULL);
    /* What happens to the file is no matter of its directory's. */
    append_to(&watching, "one", "more");
    CHECK_EQ(chmod(entry_of(&watching, "one"), 0644), 0);
    EXPECT_NOTHING(&watching.loop);
    CHECK_EQ(mkdir(entry_of(&watching, "inner"), 0700), 0);
    TAKE_TOLD(&watching);
    EXPECT_TOLD(&watching, 0, came);
    CHECK(told_of(&watching, 0, "inner", came) != NULL);
    CHECK_EQ(unlink(entry_of(&watching, "one")), 0);
    TAKE_TOLD(&watching);
    EXPECT_TOLD(&watching, 0, went);
    CHECK(told_of(&watching, 0, "one", went) != NULL);

    watching_close(&watching);
}

TEST(file1_a_rename_within_a_directory_is_told_as_both)
{
    struct watching watching;
    if (!watching_open(&watching))
        return;
    const uint32_t came = MIO_WATCH_ENTRIES | MIO_WATCH_CREATED;
    const uint32_t went = MIO_WATCH_ENTRIES | MIO_WATCH_DELETED;

    make_entry(&watching, "one", "first");
    add_watch(&watching, ".", MIO_WATCH_ALL, 1);
    CHECK_EQ(rename(entry_of(&watching, "one"), entry_of(&watching, "two")), 0);
    TAKE_TOLD(&watching);
    EXPECT_TOLD(&watching, 1, came | went);
    const struct told_of_file *from = told_of(&watching, 1, "one", went);
    const struct told_of_file *to = told_of(&watching, 1, "two", came);
    REQUIRE(from != NULL && to != NULL);
    CHECK_EQ(from->rename, to->rename);
    CHECK_EQ(from->rename != 0, fact("entries are told by name"));

    watching_close(&watching);
}

TEST(file1_a_directory_is_told_of_itself)
{
    struct watching watching;
    if (!watching_open(&watching))
        return;

    CHECK_EQ(mkdir(entry_of(&watching, "inner"), 0700), 0);
    add_watch(&watching, "inner", MIO_WATCH_ALL, 7);
    CHECK_EQ(chmod(entry_of(&watching, "inner"), 0755), 0);
    TAKE_TOLD(&watching);
    EXPECT_TOLD(&watching, 7, MIO_WATCH_ATTRIBUTES);
    CHECK_EQ(rename(entry_of(&watching, "inner"), entry_of(&watching, "outer")), 0);
    TAKE_TOLD(&watching);
    EXPECT_TOLD(&watching, 7, MIO_WATCH_RENAMED);
    CHECK_EQ(rmdir(entry_of(&watching, "outer")), 0);
    TAKE_TOLD(&watching);
    EXPECT_TOLD(&watching, 7, MIO_WATCH_REMOVED | MIO_WATCH_ENDED);

    watching_close(&watching);
}

/* What happens to a file in it may wake the poll, and is not told. */
TEST(file1_a_directory_is_not_told_of_its_entries_attributes)
{
    struct watching watching;
    struct mio_watch_event happened;
    if (!watching_open(&watching))
        return;

    CHECK_EQ(mkdir(entry_of(&watching, "inner"), 0700), 0);
    make_entry(&watching, "inner/file", "");
    add_watch(&watching, "inner", MIO_WATCH_ATTRIBUTES, 7);
    CHECK_EQ(chmod(entry_of(&watching, "inner/file"), 0400), 0);
    (void)loop_wait(&watching.loop, 0);
    CHECK_EQ(mio_watch_next(watching.watch, &happened), 0);
    CHECK_EQ(chmod(entry_of(&watching, "inner"), 0755), 0);
    TAKE_TOLD(&watching);
    EXPECT_TOLD(&watching, 7, MIO_WATCH_ATTRIBUTES);
    CHECK_EQ(unlink(entry_of(&watching, "inner/file")), 0);
    CHECK_EQ(rmdir(entry_of(&watching, "inner")), 0);

    watching_close(&watching);
}

/* --- FILE2: a file that is replaced --- */

static void save_by_rename(const struct watching *watching, const char *text)
{
    make_entry(watching, "settings.new", text);
    CHECK_EQ(rename(entry_of(watching, "settings.new"), entry_of(watching, "settings")), 0);
}

/* As mio/watch.h shows it. */
TEST(file2_a_file_that_is_saved_by_rename)
{
    enum { DIRECTORY_ID, FILE_ID };
    struct watching watching;
    if (!watching_open(&watching))
        return;

    make_entry(&watching, "settings", "first");
    add_watch(&watching, ".", MIO_WATCH_ENTRIES, DIRECTORY_ID);
    add_watch(&watching, "settings", MIO_WATCH_WRITTEN, FILE_ID);
    for (int round = 0; round < 3; round++) {
        save_by_rename(&watching, "second");
        TAKE_TOLD(&watching);
        CHECK(told_of(&watching, DIRECTORY_ID, "settings", MIO_WATCH_ENTRIES | MIO_WATCH_CREATED) !=
              NULL);
        EXPECT_TOLD(&watching, FILE_ID, MIO_WATCH_ENDED);
        CHECK_EQ(mio_watch_remove(watching.watch, FILE_ID), -ENOENT);
        add_watch(&watching, "settings", MIO_WATCH_WRITTEN, FILE_ID);
        append_to(&watching, "settings", "in place");
        TAKE_TOLD(&watching);
        EXPECT_TOLD(&watching, FILE_ID, MIO_WATCH_WRITTEN);
        EXPECT_TOLD(&watching, DIRECTORY_ID, 0);
    }
    watching_close(&watching);
}

/* --- FILE3: ids --- */

TEST(file3_one_file_under_several_ids)
{
    struct watching watching;
    if (!watching_open(&watching))
        return;

    make_entry(&watching, "one", "first");
    CHECK_EQ(link(entry_of(&watching, "one"), entry_of(&watching, "two")), 0);
    add_watch(&watching, "one", MIO_WATCH_WRITTEN, 1);
    add_watch(&watching, "two", MIO_WATCH_WRITTEN | MIO_WATCH_ATTRIBUTES, 2);
    add_watch(&watching, "one", MIO_WATCH_RENAMED, UINTPTR_MAX);
    append_to(&watching, "two", "more");
    TAKE_TOLD(&watching);
    EXPECT_TOLD(&watching, 1, MIO_WATCH_WRITTEN);
    EXPECT_TOLD(&watching, 2, MIO_WATCH_WRITTEN);
    EXPECT_TOLD(&watching, UINTPTR_MAX, 0);
    CHECK_EQ(mio_watch_remove(watching.watch, 2), 0);
    append_to(&watching, "one", "more");
    TAKE_TOLD(&watching);
    EXPECT_TOLD(&watching, 1, MIO_WATCH_WRITTEN);
    EXPECT_TOLD(&watching, 2, 0);
    CHECK_EQ(unlink(entry_of(&watching, "one")), 0);
    CHECK_EQ(unlink(entry_of(&watching, "two")), 0);
    TAKE_TOLD(&watching);
    EXPECT_TOLD(&watching, 1, MIO_WATCH_ENDED);
    EXPECT_TOLD(&watching, UINTPTR_MAX, MIO_WATCH_ENDED);

    watching_close(&watching);
}

TEST(file3_a_removed_id_is_silent)
{
    struct watching watching;
    struct mio_watch_event happened;
    if (!watching_open(&watching))
        return;

    make_entry(&watching, "one", "first");
    make_entry(&watching, "two", "first");
    add_watch(&watching, "one", MIO_WATCH_WRITTEN, 1);
    add_watch(&watching, "two", MIO_WATCH_WRITTEN, 2);
    append_to(&watching, "one", "more");
    CHECK_EQ(mio_watch_remove(watching.watch, 1), 0);
    CHECK_EQ(mio_watch_remove(watching.watch, 1), -ENOENT);
    CHECK_EQ(mio_watch_next(watching.watch, &happened), 0);
    append_to(&watching, "one", "more");
    append_to(&watching, "two", "more");
    /* Its number may be another's. */
    add_watch(&watching, "one", MIO_WATCH_ATTRIBUTES, 1);
    AWAIT_EVENTS(&watching.loop, {WATCH_TOKEN, MIO_READABLE});
    REQUIRE_EQ(mio_watch_next(watching.watch, &happened), 1);
    CHECK_EQ(happened.id, 2);
    CHECK_EQ(mio_watch_next(watching.watch, &happened), 0);

    watching_close(&watching);
}

/* More than one read brings, and more than the table has room for at first. */
TEST(file3_many_files)
{
    enum { MANY_WATCHED = 40 };
    struct watching watching;
    char name[16];
    if (!watching_open(&watching))
        return;

    for (mio_token id = 0; id < MANY_WATCHED; id++) {
        snprintf(name, sizeof name, "many-%d", (int)id);
        make_entry(&watching, name, "first");
        add_watch(&watching, name, MIO_WATCH_ALL, id * 1000);
    }
    for (mio_token id = 0; id < MANY_WATCHED; id += 3)
        CHECK_EQ(mio_watch_remove(watching.watch, id * 1000), 0);
    for (mio_token id = 0; id < MANY_WATCHED; id++) {
        snprintf(name, sizeof name, "many-%d", (int)id);
        append_to(&watching, name, "more");
    }
    TAKE_TOLD(&watching);
    for (mio_token id = 0; id < MANY_WATCHED; id++) {
        EXPECT_TOLD(&watching, id * 1000, id % 3 == 0 ? 0 : MIO_WATCH_WRITTEN);
        snprintf(name, sizeof name, "many-%d", (int)id);
        CHECK_EQ(unlinkat(watching.others, name, 0), 0);
    }
    watching_close(&watching);
}

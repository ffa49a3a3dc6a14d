/* SPDX-License-Identifier: MIT */
/* EVFILT_VNODE: what is noted of files and directories (K51). */
#define _GNU_SOURCE

#include "test_support.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    ALL_NOTES =
        NOTE_DELETE | NOTE_WRITE | NOTE_EXTEND | NOTE_ATTRIB | NOTE_LINK | NOTE_RENAME | NOTE_REVOKE
};

/* A file with a name, and a kqueue with a knote of it. */
struct noted {
    struct place place;
    char second[96]; /* another name in the directory; nothing is there at first */
    int fd;
    int kq;
};

static struct noted open_noted(uint32_t flags)
{
    struct noted noted = {.place = make_place()};
    char *end = noted.second;
    for (const char *from = noted.place.path; *from; from++)
        *end++ = *from;
    *end++ = '2';
    noted.fd = open(noted.place.path, O_RDWR | O_CREAT | O_EXCL, 0600);
    REQUIRE(noted.fd >= 0);
    put(noted.fd, "hello");
    noted.kq = open_kqueue();
    CHECK_EQ(ask_with(noted.kq, (uintptr_t)noted.fd, EVFILT_VNODE, flags, ALL_NOTES, 0, TOKEN), 0);
    CHECK(quiet(noted.kq));
    return noted;
}

static void close_noted(struct noted *noted)
{
    close(noted->kq);
    close(noted->fd);
    (void)unlink(noted->second);
    remove_place(&noted->place);
}

/* The notes of the one event that is ready, or 0. */
static uint32_t notes_now(const struct noted *noted)
{
    struct kevent event;
    if (!fetch_one(noted->kq, &event))
        return 0;
    CHECK_EQ(event.ident, noted->fd);
    CHECK_EQ((int)event.filter, (int)EVFILT_VNODE);
    CHECK_EQ(token_of(&event), TOKEN);
    CHECK(quiet(noted->kq));
    return event.fflags;
}

TEST(vnode_writes_are_noted_and_gather)
{
    struct noted noted = open_noted(EDGE);
    put(noted.fd, " more");
    CHECK_EQ(notes_now(&noted), NOTE_WRITE | NOTE_EXTEND);
    CHECK_EQ(pwrite(noted.fd, "H", 1, 0), 1);
    CHECK_EQ(notes_now(&noted), NOTE_WRITE);
    put(noted.fd, "more");
    CHECK_EQ(fchmod(noted.fd, 0644), 0);
    CHECK_EQ(notes_now(&noted), NOTE_WRITE | NOTE_EXTEND | NOTE_ATTRIB);
    CHECK(quiet(noted.kq));
    close_noted(&noted);
}

TEST(k51_a_file_that_gets_shorter_is_no_write)
{
    struct noted noted = open_noted(EDGE);
    CHECK_EQ(ftruncate(noted.fd, 2), 0);
    CHECK_EQ(notes_now(&noted) & (NOTE_WRITE | NOTE_ATTRIB), NOTE_ATTRIB);
    close_noted(&noted);
}

TEST(k51_names_that_come_and_go)
{
    struct noted noted = open_noted(EDGE);
    CHECK_EQ(link(noted.place.path, noted.second), 0);
    CHECK_EQ(notes_now(&noted), NOTE_LINK);
    CHECK_EQ(unlink(noted.second), 0);
    CHECK_EQ(notes_now(&noted), expected.vnode_notes_of_one_name);
    CHECK_EQ(rename(noted.place.path, noted.second), 0);
    CHECK_EQ(notes_now(&noted), NOTE_RENAME);
    CHECK_EQ(unlink(noted.second), 0);
    CHECK_EQ(notes_now(&noted), expected.vnode_notes_of_last_name);
    close_noted(&noted);
}

TEST(k51_a_file_that_is_replaced_is_deleted)
{
    struct noted noted = open_noted(EDGE);
    int other = open(noted.second, O_WRONLY | O_CREAT | O_EXCL, 0600);
    REQUIRE(other >= 0);
    CHECK_EQ(rename(noted.second, noted.place.path), 0);
    CHECK_EQ(notes_now(&noted), expected.vnode_notes_of_last_name);
    close(other);
    close_noted(&noted);
}

TEST(k51_a_directory_is_written_to)
{
    struct noted noted = open_noted(EDGE);
    int directory = open(noted.place.directory, O_RDONLY);
    REQUIRE(directory >= 0);
    struct kevent event;
    CHECK_EQ(ask_with(noted.kq, (uintptr_t)directory, EVFILT_VNODE, EDGE, NOTE_WRITE | NOTE_DELETE,
                      0, OTHER_TOKEN),
             0);
    CHECK_EQ(link(noted.place.path, noted.second), 0);
    for (int i = 0; i < 2; i++) {
        REQUIRE(fetch_one(noted.kq, &event));
        CHECK_EQ(event.fflags, token_of(&event) == OTHER_TOKEN ? NOTE_WRITE : NOTE_LINK);
    }
    /* What is written into its files is not. */
    put(noted.fd, "more");
    CHECK_EQ(notes_now(&noted), NOTE_WRITE | NOTE_EXTEND);
    CHECK_EQ(unlink(noted.second), 0);
    remove_place(&noted.place);
    bool deleted = false;
    while (fetch_one(noted.kq, &event))
        deleted |= token_of(&event) == OTHER_TOKEN && (event.fflags & NOTE_DELETE) != 0;
    CHECK(deleted);
    close(directory);
    noted.place = make_place();
    close_noted(&noted);
}

TEST(vnode_only_what_was_asked_for_is_noted)
{
    struct noted noted = open_noted(EDGE);
    CHECK_EQ(
        ask_with(noted.kq, (uintptr_t)noted.fd, EVFILT_VNODE, EDGE, NOTE_RENAME, 0, OTHER_TOKEN),
        0);
    put(noted.fd, "more");
    CHECK_EQ(fchmod(noted.fd, 0644), 0);
    CHECK(quiet(noted.kq));
    CHECK_EQ(ask(noted.kq, noted.fd, EVFILT_VNODE, EV_DELETE, 0), 0);
    CHECK_EQ(rename(noted.place.path, noted.second), 0);
    CHECK(quiet(noted.kq));
    close_noted(&noted);
}

TEST(vnode_notes_stay_without_clear)
{
    struct noted noted = open_noted(EV_ADD);
    struct kevent event;
    put(noted.fd, "more");
    for (int i = 0; i < 2; i++) {
        REQUIRE(fetch_one(noted.kq, &event));
        CHECK_EQ(event.fflags, NOTE_WRITE | NOTE_EXTEND);
    }
    close_noted(&noted);
}

TEST(vnode_refusals)
{
    int kq = open_kqueue();
    int ends[2];
    open_unix(ends, SOCK_STREAM);
    CHECK_EQ(ask_with(kq, (uintptr_t)ends[0], EVFILT_VNODE, EDGE, NOTE_WRITE, 0, TOKEN), EINVAL);
    close_both(ends);
    CHECK_EQ(ask_with(kq, (uintptr_t)ends[0], EVFILT_VNODE, EDGE, NOTE_WRITE, 0, TOKEN), EBADF);
    close(kq);
}

TEST(rule13_close_drops_the_knote_of_a_file)
{
    struct noted noted = open_noted(EDGE);
    put(noted.fd, "more");
    close(noted.fd);
    CHECK(quiet(noted.kq));
    noted.fd = open(noted.place.path, O_RDWR);
    put(noted.fd, "more");
    CHECK(quiet(noted.kq));
    close_noted(&noted);
}

TEST(vnode_makes_its_kqueue_readable_for_another)
{
    struct noted noted = open_noted(EDGE);
    int outer = open_kqueue();
    struct kevent event;
    CHECK_EQ(ask(outer, noted.kq, EVFILT_READ, EDGE, OTHER_TOKEN), 0);
    CHECK(quiet(outer));
    for (int round = 0; round < 2; round++) {
        put(noted.fd, "more");
        REQUIRE(await(outer, &event));
        CHECK_EQ(token_of(&event), OTHER_TOKEN);
        CHECK_EQ(notes_now(&noted), NOTE_WRITE | NOTE_EXTEND);
    }
    close(outer);
    close_noted(&noted);
}

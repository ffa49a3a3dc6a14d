/* SPDX-License-Identifier: MIT */
/* FIFOs, regular files and devices: what a system refuses, and what it never tells (K20 to K22). */
#include "test_support.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { TOKEN = 121 };

#ifdef NOTE_EOF
enum { HAVE_NOTE_EOF = 1, EOF_TOO = NOTE_EOF };
#else
enum { HAVE_NOTE_EOF = 0, EOF_TOO = 0 };
#endif

/* A directory of one's own, with one name in it. */
struct place {
    char directory[64];
    char path[80];
};

static struct place make_place(void)
{
    struct place place;
    snprintf(place.directory, sizeof place.directory, "/tmp/kqueue-test-XXXXXX");
    REQUIRE(mkdtemp(place.directory) != NULL);
    snprintf(place.path, sizeof place.path, "%s/name", place.directory);
    return place;
}

static void remove_place(const struct place *place)
{
    unlink(place->path);
    CHECK_EQ(rmdir(place->directory), 0);
}

/* Both ends of a FIFO whose name is already gone from the file system. */
static void open_fifo(int ends[2])
{
    struct place place = make_place();
    REQUIRE_EQ(mkfifo(place.path, 0600), 0);
    ends[0] = open(place.path, O_RDONLY | O_NONBLOCK);
    ends[1] = open(place.path, O_WRONLY | O_NONBLOCK);
    remove_place(&place);
    REQUIRE(ends[0] >= 0 && ends[1] >= 0);
}

static int open_file(const char *content)
{
    struct place place = make_place();
    int fd = open(place.path, O_RDWR | O_CREAT | O_EXCL, 0600);
    remove_place(&place);
    REQUIRE(fd >= 0);
    put(fd, content);
    return fd;
}

TEST(fifo_reports_data_and_space)
{
    int ends[2];
    open_fifo(ends);
    int kq = open_kqueue();
    CHECK_EQ(ask(kq, ends[0], EVFILT_READ, EV_ADD | EV_CLEAR, TOKEN), 0);
    CHECK_EQ(ask(kq, ends[1], EVFILT_WRITE, EV_ADD | EV_CLEAR, TOKEN), 0);
    struct tally tally = {0};
    REQUIRE(collect_until(kq, &tally, 0, 1));
    CHECK(tally.write.data > 0);
    CHECK_EQ(tally.reads, 0);
    put(ends[1], "hello");
    REQUIRE(collect_until(kq, &tally, 1, 0));
    CHECK_EQ(tally.read.data, 5);
    CHECK_EQ(tally.read.flags & EV_EOF, 0);
    close(kq);
    close_both(ends);
}

TEST(k21_fifo_whose_last_writer_left)
{
    NEED_STATED(expected.fifo_eof);
    int ends[2];
    open_fifo(ends);
    int kq = open_kqueue();
    CHECK_EQ(ask(kq, ends[0], EVFILT_READ, EV_ADD | EV_CLEAR, TOKEN), 0);
    CHECK(quiet(kq));
    CHECK_EQ(close(ends[1]), 0);
    struct kevent event;
    CHECK_EQ(fetch_one(kq, &event), expected.fifo_eof);
    CHECK_EQ((event.flags & EV_EOF) != 0, expected.fifo_eof);
    close(kq);
    close(ends[0]);
}

TEST(fifo_opened_in_the_other_direction)
{
    NEED_STATED(expected.fifo_wrong_direction);
    int ends[2];
    open_fifo(ends);
    int kq = open_kqueue();
    CHECK_EQ(ask(kq, ends[1], EVFILT_READ, EV_ADD, TOKEN), expected.fifo_wrong_direction);
    CHECK_EQ(ask(kq, ends[0], EVFILT_WRITE, EV_ADD, TOKEN), expected.fifo_wrong_direction);
    close(kq);
    close_both(ends);
}

TEST(except_on_a_fifo)
{
    NEED_STATED(expected.except_on_fifo);
    int ends[2];
    open_fifo(ends);
    int kq = open_kqueue();
    CHECK_EQ(ask_with(kq, (uintptr_t)ends[0], FILTER_EXCEPT, EV_ADD, OOB, 0, TOKEN),
             expected.except_on_fifo);
    close(kq);
    close_both(ends);
}

TEST(k22_regular_file_is_readable_until_its_end)
{
    int fd = open_file("hello");
    CHECK_EQ(lseek(fd, 0, SEEK_SET), 0);
    int kq = open_kqueue();
    CHECK_EQ(ask(kq, fd, EVFILT_READ, EV_ADD, TOKEN), 0);
    struct kevent event;
    REQUIRE(fetch_one(kq, &event));
    CHECK_EQ(event.data, 5);
    CHECK_EQ(event.flags & EV_EOF, 0);
    take(fd, 3);
    REQUIRE(fetch_one(kq, &event));
    CHECK_EQ(event.data, 2);
    take(fd, 2);
    CHECK(quiet(kq)); /* not ready at the end, where poll(2) says ready */
    close(kq);
    close(fd);
}

TEST(k36_openbsd_note_eof_makes_a_file_ready_at_its_end)
{
    if (!HAVE_NOTE_EOF)
        SKIP("this system has no NOTE_EOF");
    int fd = open_file("hello"); /* written: the offset is the end */
    int kq = open_kqueue();
    CHECK_EQ(ask(kq, fd, EVFILT_READ, EV_ADD, TOKEN), 0);
    CHECK(quiet(kq));
    CHECK_EQ(ask_with(kq, (uintptr_t)fd, EVFILT_READ, EV_ADD, EOF_TOO, 0, TOKEN), 0);
    CHECK(!quiet(kq));
    close(kq);
    close(fd);
}

TEST(k22_regular_file_is_always_writable)
{
    int fd = open_file("hello");
    int kq = open_kqueue();
    CHECK_EQ(ask(kq, fd, EVFILT_WRITE, EV_ADD, TOKEN), 0);
    struct kevent event;
    for (int i = 0; i < 2; i++) {
        REQUIRE(fetch_one(kq, &event));
        CHECK_STATED(event.data, expected.file_write_data);
    }
    close(kq);
    close(fd);
}

TEST(k22_macos_refuses_a_directory)
{
    NEED_STATED(expected.directory);
    int fd = open("/tmp", O_RDONLY);
    REQUIRE(fd >= 0);
    int kq = open_kqueue();
    CHECK_EQ(ask(kq, fd, EVFILT_READ, EV_ADD, TOKEN), expected.directory);
    close(kq);
    close(fd);
}

TEST(k20_device_without_counts)
{
    NEED_STATED(expected.null_device);
    int fd = open("/dev/null", O_RDWR);
    REQUIRE(fd >= 0);
    int kq = open_kqueue();
    CHECK_EQ(ask(kq, fd, EVFILT_READ, EV_ADD, TOKEN), expected.null_device);
    CHECK_EQ(ask(kq, fd, EVFILT_WRITE, EV_ADD, TOKEN), expected.null_device);
    struct tally tally = {0};
    collect(kq, &tally);
    CHECK_EQ(tally.reads, expected.null_device == 0);
    CHECK_EQ(tally.writes, expected.null_device == 0);
    close(kq);
    close(fd);
}

TEST(k20_macos_device_with_note_lowat_and_one)
{
    if (expected.null_device != EINVAL)
        SKIP("this system does not ask for NOTE_LOWAT on a device");
    int fd = open("/dev/null", O_RDWR);
    REQUIRE(fd >= 0);
    int kq = open_kqueue();
    CHECK_EQ(ask_with(kq, (uintptr_t)fd, EVFILT_READ, EV_ADD, NOTE_LOWAT, 1, TOKEN), 0);
    CHECK_EQ(ask_with(kq, (uintptr_t)fd, EVFILT_READ, EV_DELETE, 0, 0, TOKEN), 0);
    close(kq);
    close(fd);
}

/* SPDX-License-Identifier: MIT */
/* Regular files and devices: what a system refuses, and what it never tells (K20, K22). */
#include "test_support.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#ifdef NOTE_EOF
enum { HAVE_NOTE_EOF = 1, EOF_TOO = NOTE_EOF };
#else
enum { HAVE_NOTE_EOF = 0, EOF_TOO = 0 };
#endif

static int open_file(const char *content)
{
    struct place place = make_place();
    int fd = open(place.path, O_RDWR | O_CREAT | O_EXCL, 0600);
    remove_place(&place);
    REQUIRE(fd >= 0);
    put(fd, content);
    return fd;
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
    struct kevent event;
    REQUIRE(fetch_one(kq, &event));
    CHECK_EQ(event.data, 0);
    CHECK_EQ(event.fflags, EOF_TOO);
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

TEST(null_device_is_an_edge_once)
{
    if (expected.null_device != 0)
        SKIP("this system refuses /dev/null, or nobody saw that it does not");
    int fd = open("/dev/null", O_RDWR);
    REQUIRE(fd >= 0);
    int kq = open_kqueue();
    CHECK_EQ(ask(kq, fd, EVFILT_READ, EV_ADD | EV_CLEAR, TOKEN), 0);
    CHECK_EQ(ask(kq, fd, EVFILT_WRITE, EV_ADD | EV_CLEAR, TOKEN), 0);
    struct tally tally = {0};
    collect(kq, &tally);
    CHECK_EQ(tally.read.data, 0);
    CHECK_EQ(tally.write.data, 0);
    CHECK(quiet(kq));
    CHECK_EQ(tally.reads, 1);
    CHECK_EQ(tally.writes, 1);
    close(kq);
    close(fd);
}

TEST(except_on_the_null_device)
{
    NEED_STATED(expected.except_on_null_device);
    int fd = open("/dev/null", O_RDWR);
    REQUIRE(fd >= 0);
    int kq = open_kqueue();
    CHECK_EQ(ask_with(kq, (uintptr_t)fd, FILTER_EXCEPT, EV_ADD, OOB, 0, TOKEN),
             expected.except_on_null_device);
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

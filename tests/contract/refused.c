/* SPDX-License-Identifier: MIT */
/* REG1, REG3, REG4 and REG8: what is refused, and that a refusal leaves nothing behind. */
#define _GNU_SOURCE

#include "facts/facts.h"
#include "support.h"

#include <errno.h>
#include <fcntl.h>
#include <mio/kqueue.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* --- REG1 --- */

static const mio_interest invalid_interests[] = {
    0,
    MIO_LEVEL,
    MIO_ONESHOT,
    MIO_EXCLUSIVE,
    0x80000000u,
    MIO_READABLE | MIO_WRITE_CLOSED,
    MIO_READABLE | 0x800u,
    MIO_READABLE | 0x80000000u,
    MIO_READABLE | MIO_LEVEL | MIO_ONESHOT,
    MIO_READABLE | MIO_EXCLUSIVE | MIO_ONESHOT,
    MIO_READABLE | MIO_PRIORITY | MIO_EXCLUSIVE,
    MIO_READ_CLOSED | MIO_EXCLUSIVE,
    MIO_READABLE | MIO_ERROR | MIO_EXCLUSIVE,
};

TEST(reg1_invalid_interests_are_refused)
{
    struct loop loop = loop_open();
    int ends[2];

    open_pair(ends);
    for (size_t i = 0; i < sizeof invalid_interests / sizeof invalid_interests[0]; i++) {
        mio_interest interest = invalid_interests[i];
        CHECK_EQ(mio_registry_register(loop.registry, ends[NEAR], 1, interest), -EINVAL);
        CHECK_EQ(mio_registry_deregister(loop.registry, ends[NEAR]), -ENOENT);
    }
    EXPECT_NOTHING(&loop);

    close_pair(ends);
    loop_close(&loop);
}

TEST(reg1_invalid_interests_leave_a_registration_alone)
{
    struct loop loop = loop_open();
    int ends[2];

    open_pair(ends);
    REQUIRE_EQ(mio_registry_register(loop.registry, ends[NEAR], 1, MIO_READABLE), 0);
    for (size_t i = 0; i < sizeof invalid_interests / sizeof invalid_interests[0]; i++) {
        mio_interest interest = invalid_interests[i];
        CHECK_EQ(mio_registry_reregister(loop.registry, ends[NEAR], 2, interest), -EINVAL);
    }
    put(ends[FAR], "x");
    EXPECT_ONE(&loop, 1, MIO_READABLE);

    close_pair(ends);
    loop_close(&loop);
}

TEST(reg1_what_cannot_be_served_is_refused)
{
    struct loop loop = loop_open();
    int ends[2];
    mio_interest served = (mio_interest)fact("served_interests");

    open_tcp(ends);
    for (mio_interest bit = 1; bit < MIO_EXCLUSIVE << 1; bit <<= 1) {
        bool is_mode = (bit & MIO_ALL_MODES) != 0;
        mio_interest interest = is_mode ? bit | MIO_READABLE : bit;
        if ((bit & (MIO_ALL_READINESS | MIO_ALL_MODES)) == 0)
            continue;
        bool can = (served & bit) != 0;
        CHECK_EQ(mio_poll_supports(loop.poll, interest), can);
        CHECK_EQ(mio_registry_register(loop.registry, ends[NEAR], 1, interest), can ? 0 : -ENOTSUP);
        if (can)
            mio_registry_deregister(loop.registry, ends[NEAR]);
    }

    close_pair(ends);
    loop_close(&loop);
}

/* One bit that cannot be served spoils the others. */
TEST(reg1_partly_served_is_refused)
{
    struct loop loop = loop_open();
    int ends[2];
    mio_interest unserved = (mio_interest)(MIO_ALL_READINESS & ~(uint32_t)fact("served_interests"));

    open_pair(ends);
    if (unserved != 0) {
        CHECK_EQ(mio_registry_register(loop.registry, ends[NEAR], 1, MIO_READABLE | unserved),
                 -ENOTSUP);
        CHECK(!mio_poll_supports(loop.poll, MIO_READABLE | unserved));
    }
    CHECK(mio_poll_supports(loop.poll, BOTH));
    CHECK(mio_poll_supports(loop.poll, BOTH | MIO_LEVEL));
    CHECK(mio_poll_supports(loop.poll, BOTH | MIO_ONESHOT));
    EXPECT_NOTHING(&loop);

    close_pair(ends);
    loop_close(&loop);
}

TEST(reg1_arguments_are_checked)
{
    struct loop loop = loop_open();
    struct mio_registry *clone = NULL;

    CHECK_EQ(mio_registry_register(null(), 0, 1, MIO_READABLE), -EINVAL);
    CHECK_EQ(mio_registry_reregister(null(), 0, 1, MIO_READABLE), -EINVAL);
    CHECK_EQ(mio_registry_deregister(null(), 0), -EINVAL);
    CHECK_EQ(mio_registry_rearm(null(), 0, MIO_READABLE), -EINVAL);
    CHECK_EQ(mio_registry_clone(null(), &clone), -EINVAL);
    CHECK_EQ(mio_registry_clone(loop.registry, null()), -EINVAL);
    CHECK(clone == NULL);
    mio_registry_free(NULL);

    loop_close(&loop);
}

/* --- REG3 --- */

TEST(reg3_a_closed_descriptor_is_refused)
{
    struct loop loop = loop_open();
    int fd = closed_descriptor();

    CHECK_EQ(mio_registry_register(loop.registry, fd, 1, MIO_READABLE), -EBADF);
    CHECK_EQ(mio_registry_register(loop.registry, fd, 1, BOTH | MIO_ONESHOT), -EBADF);
    CHECK_EQ(mio_registry_reregister(loop.registry, fd, 1, MIO_WRITABLE), -EBADF);
    CHECK_EQ(mio_registry_deregister(loop.registry, fd), -EBADF);
    CHECK_EQ(mio_registry_register(loop.registry, MIO_INVALID_FD, 1, MIO_READABLE), -EBADF);
    CHECK_EQ(mio_registry_reregister(loop.registry, MIO_INVALID_FD, 1, MIO_READABLE), -EBADF);
    CHECK_EQ(mio_registry_deregister(loop.registry, MIO_INVALID_FD), -EBADF);
    EXPECT_NOTHING(&loop);

    loop_close(&loop);
}

/* With a raw descriptor, kqueue replaces the first registration by the second. */
TEST(reg3_a_second_registration_is_told)
{
    struct loop loop = loop_open();
    int ends[2];
    int64_t answer = fact("second registration of a raw descriptor");

    open_pair(ends);
    REQUIRE_EQ(mio_registry_register(loop.registry, ends[NEAR], 1, MIO_READABLE), 0);
    CHECK_EQ(mio_registry_register(loop.registry, ends[NEAR], 2, MIO_READABLE), answer);
    put(ends[FAR], "x");
    EXPECT_ONE(&loop, answer == 0 ? 2 : 1, MIO_READABLE);

    close_pair(ends);
    loop_close(&loop);
}

TEST(reg3_reregistering_the_unknown_is_told)
{
    static const mio_interest modes[] = {0, MIO_LEVEL, MIO_ONESHOT};
    struct loop loop = loop_open();
    int ends[2];

    open_pair(ends);
    put(ends[FAR], "x");
    for (size_t i = 0; i < sizeof modes / sizeof modes[0]; i++) {
        CHECK_EQ(mio_registry_reregister(loop.registry, ends[NEAR], 1, BOTH | modes[i]), -ENOENT);
        CHECK_EQ(mio_registry_reregister(loop.registry, ends[NEAR], 1, MIO_READABLE | modes[i]),
                 -ENOENT);
        EXPECT_NOTHING(&loop);
        CHECK_EQ(mio_registry_deregister(loop.registry, ends[NEAR]), -ENOENT);
    }
    REQUIRE_EQ(mio_registry_register(loop.registry, ends[NEAR], 2, MIO_READABLE), 0);
    EXPECT_ONE(&loop, 2, MIO_READABLE);

    close_pair(ends);
    loop_close(&loop);
}

TEST(reg3_deregistering_the_unknown_is_told)
{
    struct loop loop = loop_open();
    int ends[2];

    open_pair(ends);
    CHECK_EQ(mio_registry_deregister(loop.registry, ends[NEAR]), -ENOENT);
    REQUIRE_EQ(mio_registry_register(loop.registry, ends[NEAR], 1, MIO_READABLE), 0);
    CHECK_EQ(mio_registry_deregister(loop.registry, ends[NEAR]), 0);
    CHECK_EQ(mio_registry_deregister(loop.registry, ends[NEAR]), -ENOENT);
    CHECK_EQ(mio_registry_deregister(loop.registry, ends[FAR]), -ENOENT);

    close_pair(ends);
    loop_close(&loop);
}

TEST(reg3_errno_is_left_alone)
{
    struct loop loop = loop_open();
    int fd = closed_descriptor();

    errno = ELOOP;
    CHECK_EQ(mio_registry_register(loop.registry, fd, 1, MIO_READABLE), -EBADF);
    CHECK_EQ(errno, ELOOP);
    CHECK_EQ(mio_registry_deregister(loop.registry, fd), -EBADF);
    CHECK_EQ(errno, ELOOP);
    signals_start(MILLISECOND);
    errno = ELOOP;
    CHECK_EQ(mio_poll_wait(loop.poll, loop.events, 10 * SECOND), -EINTR);
    CHECK_EQ(errno, ELOOP);
    signals_stop();

    loop_close(&loop);
}

/* --- REG4 --- */

TEST(reg4_a_failed_registration_leaves_nothing)
{
    struct loop loop = loop_open();
    char name[] = "/tmp/mio-contract-XXXXXX";
    int file = mkstemp(name);

    REQUIRE(file >= 0);
    CHECK_EQ(unlink(name), 0);
    CHECK_EQ(mio_registry_register(loop.registry, file, 1, BOTH), -EPERM);
    CHECK(mio_registry_deregister(loop.registry, file) < 0);
    EXPECT_NOTHING(&loop);
    CHECK_EQ(close(file), 0);

    /* Nor does it stand in the way of another descriptor of the same number. */
    int ends[2];
    open_pair(ends);
    put(ends[FAR], "x");
    CHECK_EQ(mio_registry_register(loop.registry, ends[NEAR], 2, MIO_READABLE), 0);
    EXPECT_ONE(&loop, 2, MIO_READABLE);

    close_pair(ends);
    loop_close(&loop);
}

TEST(reg4_a_refused_mode_leaves_nothing)
{
    struct loop loop = loop_open();
    int ends[2];

    open_pair(ends);
    if (!mio_poll_supports(loop.poll, MIO_READABLE | MIO_EXCLUSIVE)) {
        CHECK_EQ(mio_registry_register(loop.registry, ends[NEAR], 1, MIO_READABLE | MIO_EXCLUSIVE),
                 -ENOTSUP);
    }
    CHECK_EQ(mio_registry_register(loop.registry, ends[NEAR], 1, 0), -EINVAL);
    CHECK_EQ(mio_registry_deregister(loop.registry, ends[NEAR]), -ENOENT);

    close_pair(ends);
    loop_close(&loop);
}

/* --- REG8 --- */

TEST(reg8_files_and_directories_are_refused)
{
    static const mio_interest interests[] = {MIO_READABLE, MIO_WRITABLE, BOTH,
                                             MIO_READABLE | MIO_LEVEL, BOTH | MIO_ONESHOT};
    struct loop loop = loop_open();
    char name[] = "/tmp/mio-contract-XXXXXX";
    int file = mkstemp(name);
    int directory = open("/tmp", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    REQUIRE(file >= 0 && directory >= 0);
    CHECK_EQ(unlink(name), 0);
    for (size_t i = 0; i < sizeof interests / sizeof interests[0]; i++) {
        CHECK_EQ(mio_registry_register(loop.registry, file, 1, interests[i]), -EPERM);
        CHECK_EQ(mio_registry_register(loop.registry, directory, 1, interests[i]), -EPERM);
    }
    EXPECT_NOTHING(&loop);

    CHECK_EQ(close(file), 0);
    CHECK_EQ(close(directory), 0);
    loop_close(&loop);
}

#if defined(O_PATH)
static int open_name(const char *name)
{
    return open(name, O_PATH | O_CLOEXEC);
}
#else
static int open_name(const char *name)
{
    (void)name;
    return -1;
}
#endif

/* O_PATH: nothing can be read or written by it, and it is no descriptor to select(2) and its
 * kin. */
TEST(reg3_the_name_of_a_file_is_refused)
{
    static const char *const names[] = {"/tmp", "/etc/passwd", "/dev/null"};
    struct loop loop = loop_open();

    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        int fd = open_name(names[i]);
        if (fd < 0)
            continue;
        int64_t answer = fact("the name of a file is registered");
        int result = mio_registry_register(loop.registry, fd, 1, MIO_READABLE);
        CHECK(answer != 0 ? result == answer : result < 0);
        CHECK_EQ(close(fd), 0);
    }
    EXPECT_NOTHING(&loop);

    loop_close(&loop);
}

/* Linux makes some files as they are read, and tells of their change. */
TEST(reg8_files_of_the_kernel)
{
    struct loop loop = loop_open();
    int file = open("/proc/self/mounts", O_RDONLY | O_CLOEXEC);

    if (file >= 0) {
        int64_t answer = fact("a file that the kernel makes is registered");
        CHECK_EQ(mio_registry_register(loop.registry, file, 1, MIO_READABLE), answer);
        CHECK_EQ(close(file), 0);
    }
    EXPECT_NOTHING(&loop);

    loop_close(&loop);
}

/* --- the raw access leads nowhere else --- */

TEST(reg1_the_raw_door_is_kqueues)
{
    struct loop loop = loop_open();

    CHECK_EQ(mio_kqueue_register(null(), 1, 1, 1, 0, 0, 1), -EINVAL);
    if (strcmp(mio_poll_backend(loop.poll), "kqueue") != 0)
        CHECK_EQ(mio_kqueue_register(loop.registry, 1, 1, 1, 0, 0, 1), -ENOTSUP);
    EXPECT_NOTHING(&loop);

    loop_close(&loop);
}

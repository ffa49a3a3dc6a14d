/* SPDX-License-Identifier: MIT */
/* REG10: files that are always ready, for a poll that was asked_of_files to serve them. */
#define _GNU_SOURCE

#include "facts/facts.h"
#include "support.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { FILE_TOKEN = 7 };

static struct loop open_serving(size_t capacity)
{
    struct mio_options options = {.flags = MIO_OPTION_ALWAYS_READY_FILES};
    return loop_open_with(&options, capacity);
}

static int open_ready_file(void)
{
    char path[] = "/tmp/mio-reg10-XXXXXX";
    int fd = mkstemp(path);
    REQUIRE(fd >= 0);
    CHECK_EQ(unlink(path), 0);
    return fd;
}

static int open_root_directory(void)
{
    int fd = open("/", O_RDONLY | O_CLOEXEC);
    REQUIRE(fd >= 0);
    return fd;
}

static int open_null_device(void)
{
    int fd = open("/dev/null", O_RDWR | O_CLOEXEC);
    REQUIRE(fd >= 0);
    return fd;
}

static int (*const file_openers[])(void) = {open_ready_file, open_root_directory, open_null_device};
enum { FILE_OPENERS = sizeof file_openers / sizeof file_openers[0] };

static const mio_interest asked_of_files[] = {MIO_READABLE, MIO_WRITABLE, BOTH};
enum { ASKED_OF_FILES = sizeof asked_of_files / sizeof asked_of_files[0] };

TEST(reg10_a_level_file_is_ready_at_every_wait)
{
    for (int i = 0; i < FILE_OPENERS * ASKED_OF_FILES; i++) {
        struct loop loop = open_serving(DEFAULT_CAPACITY);
        int fd = file_openers[i / ASKED_OF_FILES]();
        mio_interest interest = asked_of_files[i % ASKED_OF_FILES];
        REQUIRE_EQ(mio_registry_register(loop.registry, fd, FILE_TOKEN, interest | MIO_LEVEL), 0);
        for (int round = 0; round < 3; round++) {
            AWAIT_EVENTS(&loop, {FILE_TOKEN, interest});
            CHECK(mio_poll_wait(loop.poll, loop.events, MIO_FOREVER) > 0);
        }
        CHECK_EQ(mio_registry_deregister(loop.registry, fd), 0);
        EXPECT_NOTHING(&loop);
        CHECK_EQ(mio_registry_deregister(loop.registry, fd), -ENOENT);
        CHECK_EQ(mio_registry_reregister(loop.registry, fd, FILE_TOKEN, interest), -ENOENT);
        CHECK_EQ(close(fd), 0);
        loop_close(&loop);
    }
}

TEST(reg10_an_edge_is_told_once)
{
    static const mio_interest two_modes[] = {0, MIO_ONESHOT};
    for (int i = 0; i < FILE_OPENERS * ASKED_OF_FILES * 2; i++) {
        struct loop loop = open_serving(DEFAULT_CAPACITY);
        int fd = file_openers[i / 2 / ASKED_OF_FILES]();
        mio_interest interest = asked_of_files[i / 2 % ASKED_OF_FILES];
        mio_interest whole = interest | two_modes[i % 2];
        REQUIRE_EQ(mio_registry_register(loop.registry, fd, FILE_TOKEN, whole), 0);
        EXPECT_ONE(&loop, FILE_TOKEN, interest);
        for (mio_token token = FILE_TOKEN + 1; token < FILE_TOKEN + 4; token++) {
            REQUIRE_EQ(mio_registry_reregister(loop.registry, fd, token, whole), 0);
            EXPECT_ONE(&loop, token, interest);
        }
        CHECK_EQ(mio_registry_deregister(loop.registry, fd), 0);
        CHECK_EQ(close(fd), 0);
        loop_close(&loop);
    }
}

TEST(reg10_without_the_option_a_file_is_refused)
{
    struct loop loop = loop_open();
    int fd = open_ready_file();

    CHECK_EQ(mio_registry_register(loop.registry, fd, FILE_TOKEN, MIO_READABLE), -EPERM);
    CHECK_EQ(close(fd), 0);
    loop_close(&loop);
}

/* What a file cannot be ready for is refused, and changes nothing. */
TEST(reg10_neither_reading_nor_writing_is_refused)
{
    struct loop loop = open_serving(DEFAULT_CAPACITY);
    int fd = open_ready_file();

    if (mio_poll_supports(loop.poll, MIO_PRIORITY)) {
        CHECK_EQ(mio_registry_register(loop.registry, fd, FILE_TOKEN, MIO_PRIORITY), -EPERM);
        CHECK_EQ(mio_registry_deregister(loop.registry, fd), -ENOENT);
        REQUIRE_EQ(mio_registry_register(loop.registry, fd, 1, MIO_READABLE | MIO_LEVEL), 0);
        CHECK_EQ(mio_registry_reregister(loop.registry, fd, 2, MIO_PRIORITY), -EPERM);
        AWAIT_EVENTS(&loop, {1, MIO_READABLE});
    }
    CHECK_EQ(close(fd), 0);
    loop_close(&loop);
}

/* What its kernel refuses of another descriptor is refused with its error. */
TEST(reg10_what_is_no_file_is_refused_as_ever)
{
    struct loop usual = loop_open();
    struct loop loop = open_serving(DEFAULT_CAPACITY);
    int fd = mio_registry_fd(loop.registry);
    int usual_fd = mio_registry_fd(usual.registry);

    /* A port in itself is nothing that the model of ports knows. */
    if (fd >= 0 && strcmp(mio_poll_backend(loop.poll), "ports") != 0) {
        int error = mio_registry_register(usual.registry, usual_fd, 1, MIO_READABLE);
        CHECK_EQ(mio_registry_register(loop.registry, fd, 1, MIO_READABLE), error);
        CHECK_EQ(mio_registry_reregister(loop.registry, fd, 2, MIO_READABLE),
                 mio_registry_reregister(usual.registry, usual_fd, 2, MIO_READABLE));
        CHECK_EQ(mio_registry_deregister(loop.registry, fd),
                 mio_registry_deregister(usual.registry, usual_fd));
    }
    EXPECT_NOTHING(&loop);
    loop_close(&usual);
    loop_close(&loop);
}

TEST(reg10_rearming_tells_what_is_not_registered_as_ever)
{
    struct loop usual = loop_open();
    struct loop loop = open_serving(DEFAULT_CAPACITY);
    int ends[2];

    open_pair(ends);
    CHECK_EQ(mio_registry_rearm(loop.registry, ends[NEAR], MIO_READABLE),
             mio_registry_rearm(usual.registry, ends[NEAR], MIO_READABLE));
    close_pair(ends);
    loop_close(&usual);
    loop_close(&loop);
}

TEST(reg10_setting_and_batches)
{
    struct loop loop = open_serving(DEFAULT_CAPACITY);
    int ends[2];
    int fd = open_ready_file();

    open_pair(ends);
    for (mio_token token = 1; token < 4; token++) {
        REQUIRE_EQ(mio_registry_set(loop.registry, fd, token, MIO_READABLE), 0);
        EXPECT_ONE(&loop, token, MIO_READABLE);
        REQUIRE_EQ(mio_registry_set(loop.registry, ends[NEAR], token, MIO_WRITABLE), 0);
        EXPECT_ONE(&loop, token, MIO_WRITABLE);
    }
    CHECK_EQ(mio_registry_set(loop.registry, fd, 0, 0), 0);
    CHECK_EQ(mio_registry_set(loop.registry, ends[NEAR], 0, 0), 0);
    struct mio_change changes[] = {
        {.kind = MIO_REGISTER, .fd = fd, .token = 1, .interest = MIO_READABLE},
        {.kind = MIO_REGISTER, .fd = ends[NEAR], .token = 2, .interest = MIO_WRITABLE},
        {.kind = MIO_DEREGISTER, .fd = fd},
        {.kind = MIO_DEREGISTER, .fd = fd},
    };
    CHECK_EQ(mio_registry_apply(loop.registry, changes, 4), 3);
    CHECK_EQ(changes[3].result, -ENOENT);
    EXPECT_ONE(&loop, 2, MIO_WRITABLE);
    CHECK_EQ(mio_registry_rearm(loop.registry, ends[NEAR], MIO_WRITABLE), 0);
    CHECK_EQ(mio_registry_set(loop.registry, fd, 3, MIO_READABLE), 0);
    CHECK_EQ(mio_registry_rearm(loop.registry, fd, MIO_READABLE), 0);

    CHECK_EQ(close(fd), 0);
    close_pair(ends);
    loop_close(&loop);
}

TEST(reg10_a_source_of_a_file)
{
    struct loop loop = open_serving(DEFAULT_CAPACITY);
    struct mio_source source;
    int fd = open_ready_file();

    mio_source_init(&source, fd);
    REQUIRE_EQ(mio_source_register(&source, loop.registry, 1, MIO_READABLE | MIO_LEVEL), 0);
    CHECK_EQ(mio_source_register(&source, loop.registry, 1, MIO_READABLE), -EEXIST);
    AWAIT_EVENTS(&loop, {1, MIO_READABLE});
    REQUIRE_EQ(mio_source_reregister(&source, 2, MIO_WRITABLE), 0);
    EXPECT_ONE(&loop, 2, MIO_WRITABLE);
    CHECK_EQ(mio_source_deregister(&source), 0);
    CHECK_EQ(mio_source_deregister(&source), -ENOENT);
    REQUIRE_EQ(mio_source_register(&source, loop.registry, 3, MIO_READABLE | MIO_LEVEL), 0);
    CHECK_EQ(mio_source_close(&source), 0);
    EXPECT_NOTHING(&loop);

    loop_close(&loop);
}

/* --- beside others --- */

TEST(reg10_files_and_sockets_take_turns)
{
    enum { FILES = 3, ROUNDS = 40 };
    for (size_t capacity = 1; capacity < 4; capacity++) {
        struct loop loop = open_serving(capacity);
        int ends[2];
        int fds[FILES];
        unsigned seen[FILES + 1] = {0};
        open_pair(ends);
        for (int i = 0; i < FILES; i++) {
            fds[i] = open_ready_file();
            REQUIRE_EQ(mio_registry_register(loop.registry, fds[i], (mio_token)i, BOTH | MIO_LEVEL),
                       0);
        }
        put(ends[FAR], "data");
        REQUIRE_EQ(
            mio_registry_register(loop.registry, ends[NEAR], FILES, MIO_READABLE | MIO_LEVEL), 0);
        for (int round = 0; round < ROUNDS; round++) {
            CHECK(mio_poll_wait(loop.poll, loop.events, MIO_FOREVER) > 0);
            mio_events_each(event, loop.events) {
                REQUIRE(mio_event_token(event) <= FILES);
                seen[mio_event_token(event)] |= mio_event_readiness(event);
            }
        }
        for (int i = 0; i < FILES; i++) {
            CHECK_EQ(seen[i], BOTH);
            CHECK_EQ(close(fds[i]), 0);
        }
        CHECK_EQ(seen[FILES], MIO_READABLE);
        close_pair(ends);
        loop_close(&loop);
    }
}

TEST(reg10_each_file_comes_once_in_a_wait)
{
    enum { FILES = 5 };
    struct loop loop = open_serving(DEFAULT_CAPACITY);
    int fds[FILES];

    for (int i = 0; i < FILES; i++) {
        fds[i] = open_ready_file();
        REQUIRE_EQ(
            mio_registry_register(loop.registry, fds[i], (mio_token)i, MIO_READABLE | MIO_LEVEL),
            0);
    }
    for (int round = 0; round < 4; round++) {
        unsigned seen = 0;
        CHECK_EQ(mio_poll_wait(loop.poll, loop.events, MIO_FOREVER), FILES);
        mio_events_each(event, loop.events)
            seen |= 1u << mio_event_token(event);
        CHECK_EQ(seen, (1u << FILES) - 1);
    }
    for (int i = 0; i < FILES; i++)
        CHECK_EQ(close(fds[i]), 0);
    loop_close(&loop);
}

TEST(reg10_an_edge_that_was_told_does_not_come_along_with_others)
{
    struct loop loop = open_serving(DEFAULT_CAPACITY);
    int fds[2] = {open_ready_file(), open_ready_file()};

    REQUIRE_EQ(mio_registry_register(loop.registry, fds[0], 1, MIO_READABLE), 0);
    EXPECT_ONE(&loop, 1, MIO_READABLE);
    for (mio_token token = 2; token < 5; token++) {
        REQUIRE_EQ(mio_registry_set(loop.registry, fds[1], token, MIO_READABLE), 0);
        EXPECT_ONE(&loop, token, MIO_READABLE);
    }

    CHECK_EQ(close(fds[0]), 0);
    CHECK_EQ(close(fds[1]), 0);
    loop_close(&loop);
}

struct late_file {
    struct loop *loop;
    int fd;
};

static void *register_file_late(void *argument)
{
    const struct late_file *late = argument;
    sleep_for(20 * MILLISECOND);
    CHECK_EQ(mio_registry_register(late->loop->registry, late->fd, 2, MIO_READABLE | MIO_LEVEL), 0);
    return NULL;
}

/* Whether the wait had begun or not. */
TEST(reg10_a_file_is_registered_while_another_thread_waits)
{
    struct loop loop = open_serving(DEFAULT_CAPACITY);
    struct late_file late = {&loop, open_ready_file()};

    pthread_t thread = thread_start(register_file_late, &late);
    AWAIT_EVENTS(&loop, {2, MIO_READABLE});
    (void)thread_join(thread);

    CHECK_EQ(close(late.fd), 0);
    loop_close(&loop);
}

TEST(reg10_the_polls_descriptor_tells_of_a_file)
{
    struct loop loop = open_serving(DEFAULT_CAPACITY);
    struct pollfd waiting = {.fd = mio_poll_fd(loop.poll), .events = POLLIN};
    int fd = open_ready_file();

    if (waiting.fd >= 0) {
        REQUIRE_EQ(mio_registry_register(loop.registry, fd, 1, MIO_READABLE | MIO_LEVEL), 0);
        for (int round = 0; round < 3; round++) {
            CHECK_EQ(poll(&waiting, 1, 0), 1);
            AWAIT_EVENTS(&loop, {1, MIO_READABLE});
        }
        CHECK_EQ(mio_registry_deregister(loop.registry, fd), 0);
        EXPECT_NOTHING(&loop);
        CHECK_EQ(poll(&waiting, 1, 0), 0);
    }
    CHECK_EQ(close(fd), 0);
    loop_close(&loop);
}

/* --- closed while registered --- */

TEST(reg10_a_closed_file_is_forgotten)
{
    struct loop loop = open_serving(DEFAULT_CAPACITY);
    int fd = open_ready_file();

    REQUIRE_EQ(mio_registry_register(loop.registry, fd, 1, MIO_READABLE | MIO_LEVEL), 0);
    AWAIT_EVENTS(&loop, {1, MIO_READABLE});
    CHECK_EQ(close(fd), 0);
    EXPECT_NOTHING(&loop);
    CHECK_EQ(mio_registry_deregister(loop.registry, fd), -EBADF);
    CHECK_EQ(mio_registry_register(loop.registry, fd, 1, MIO_READABLE), -EBADF);
    EXPECT_NOTHING(&loop);

    loop_close(&loop);
}

TEST(reg10_the_number_of_a_file_is_used_again)
{
    for (int way = 0; way < 2; way++) {
        struct loop loop = open_serving(DEFAULT_CAPACITY);
        int fd = open_ready_file();
        int ends[2];
        open_pair(ends);
        REQUIRE_EQ(mio_registry_register(loop.registry, fd, 1, MIO_READABLE | MIO_LEVEL), 0);
        REQUIRE_EQ(dup2(ends[NEAR], fd), fd);
        if (way == 0) {
            CHECK_EQ(mio_registry_deregister(loop.registry, fd), -ENOENT);
            EXPECT_NOTHING(&loop);
        }
        REQUIRE_EQ(mio_registry_register(loop.registry, fd, 2, MIO_READABLE), 0);
        EXPECT_NOTHING(&loop);
        put(ends[FAR], "data");
        EXPECT_ONE(&loop, 2, MIO_READABLE);
        CHECK_EQ(mio_registry_deregister(loop.registry, fd), 0);
        CHECK_EQ(close(fd), 0);
        close_pair(ends);
        loop_close(&loop);
    }
}

/* --- without memory --- */

static int make_serving_poll(void)
{
    struct mio_options options = {.flags = MIO_OPTION_ALWAYS_READY_FILES};
    struct mio_poll *poll = NULL;
    int result = mio_poll_new(&options, &poll);
    if (result < 0)
        CHECK(poll == NULL);
    mio_poll_free(poll);
    return result;
}

TEST(reg10_without_memory_nothing_is_made)
{
    enum { LAST_TO_FAIL = 40 };
    int result = -ENOMEM;

    for (long n = 1; n < LAST_TO_FAIL && result < 0; n++) {
        long blocks = test_live_blocks();
        test_fail_allocation(n);
        result = make_serving_poll();
        test_fail_allocation(0);
        CHECK(result == 0 || result == -ENOMEM);
        CHECK_EQ(test_live_blocks(), blocks);
    }
    CHECK_EQ(result, 0);
}

TEST(reg10_without_memory_nothing_is_registered)
{
    enum { LAST_TO_FAIL = 40 };
    struct loop loop = open_serving(DEFAULT_CAPACITY);
    int fd = open_ready_file();
    int result = -ENOMEM;

    for (long n = 1; n < LAST_TO_FAIL && result < 0; n++) {
        test_fail_allocation(n);
        result = mio_registry_register(loop.registry, fd, 1, MIO_READABLE);
        test_fail_allocation(0);
        CHECK(result == 0 || result == -ENOMEM);
        if (result < 0)
            EXPECT_NOTHING(&loop);
    }
    EXPECT_ONE(&loop, 1, MIO_READABLE);

    CHECK_EQ(close(fd), 0);
    loop_close(&loop);
}

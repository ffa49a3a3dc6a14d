/* SPDX-License-Identifier: MIT */
/* Pipes, and the pipes of a child. */
#define _GNU_SOURCE

#include "support.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static struct loop pipe_loop;
static struct mio_pipe_sender pipe_sender;
static struct mio_pipe_receiver pipe_receiver;
static char pipe_text[64];

enum { SENDER, RECEIVER };

static void open_pipe_ends(void)
{
    pipe_loop = loop_open();
    REQUIRE_EQ(mio_pipe_open(&pipe_sender, &pipe_receiver), 0);
    CHECK_FLAGS(pipe_sender.source.fd);
    CHECK_FLAGS(pipe_receiver.source.fd);
}

static void pipe_expect_text(const char *wanted)
{
    memset(pipe_text, 0, sizeof pipe_text);
    CHECK_EQ(mio_pipe_receiver_read(&pipe_receiver, pipe_text, sizeof pipe_text),
             (ptrdiff_t)strlen(wanted));
    CHECK_STR(pipe_text, wanted);
}

TEST(net_pipe)
{
    open_pipe_ends();
    watch(&pipe_loop, &pipe_sender.source, SENDER, MIO_WRITABLE);
    watch(&pipe_loop, &pipe_receiver.source, RECEIVER, MIO_READABLE);
    EXPECT_ONE(&pipe_loop, SENDER, W);
    errno = ELOOP;
    CHECK_EQ(mio_pipe_receiver_read(&pipe_receiver, pipe_text, sizeof pipe_text), -EAGAIN);
    CHECK_EQ(errno, ELOOP);
    CHECK_EQ(mio_pipe_sender_write(&pipe_sender, "hello", 5), 5);
    AWAIT_EVENTS(&pipe_loop, {RECEIVER, R},
                 {SENDER, readiness_fact("own write to a pipe, asked for writable")});
    pipe_expect_text("hello");
    CHECK_EQ(mio_pipe_receiver_read(&pipe_receiver, pipe_text, sizeof pipe_text), -EAGAIN);
    CHECK_EQ(mio_source_close(&pipe_sender.source), 0);
    CHECK_EQ(mio_source_close(&pipe_sender.source), -EBADF);
    CHECK_EQ(mio_pipe_sender_write(&pipe_sender, "a", 1), -EBADF);
    CHECK_EQ(mio_pipe_receiver_read(&pipe_receiver, pipe_text, sizeof pipe_text), 0);
    CHECK_EQ(mio_source_close(&pipe_receiver.source), 0);
    loop_close(&pipe_loop);
}

TEST(net_pipe_sender_is_closed)
{
    open_pipe_ends();
    watch(&pipe_loop, &pipe_receiver.source, RECEIVER, MIO_READABLE);
    EXPECT_NOTHING(&pipe_loop);
    CHECK_EQ(mio_source_close(&pipe_sender.source), 0);
    EXPECT_ONE(&pipe_loop, RECEIVER, readiness_fact("pipe without writer"));
    CHECK_EQ(mio_pipe_receiver_read(&pipe_receiver, pipe_text, sizeof pipe_text), 0);
    CHECK_EQ(mio_source_close(&pipe_receiver.source), 0);
    loop_close(&pipe_loop);
}

TEST(net_pipe_sender_is_closed_behind_data)
{
    open_pipe_ends();
    CHECK_EQ(mio_pipe_sender_write(&pipe_sender, "left", 4), 4);
    CHECK_EQ(mio_source_close(&pipe_sender.source), 0);
    watch(&pipe_loop, &pipe_receiver.source, RECEIVER, MIO_READABLE);
    EXPECT_ONE(&pipe_loop, RECEIVER, readiness_fact("pipe without writer, data left"));
    pipe_expect_text("left");
    CHECK_EQ(mio_pipe_receiver_read(&pipe_receiver, pipe_text, sizeof pipe_text), 0);
    CHECK_EQ(mio_source_close(&pipe_receiver.source), 0);
    loop_close(&pipe_loop);
}

TEST(net_pipe_receiver_is_closed)
{
    open_pipe_ends();
    watch(&pipe_loop, &pipe_sender.source, SENDER, MIO_WRITABLE);
    EXPECT_ONE(&pipe_loop, SENDER, W);
    CHECK_EQ(mio_source_close(&pipe_receiver.source), 0);
    EXPECT_ONE(&pipe_loop, SENDER, readiness_fact("pipe without reader"));
    CHECK_EQ(mio_pipe_sender_write(&pipe_sender, "a", 1), -EPIPE);
    CHECK_EQ(mio_source_deregister(&pipe_sender.source), 0);
    /* Registered when it is gone already (K9). */
    watch(&pipe_loop, &pipe_sender.source, THIRD, MIO_WRITABLE);
    EXPECT_ONE(&pipe_loop, THIRD, readiness_fact("pipe without reader"));
    CHECK_EQ(mio_source_close(&pipe_sender.source), 0);
    EXPECT_NOTHING(&pipe_loop);
    loop_close(&pipe_loop);
}

/* Full, and writable again when it was emptied. */
TEST(net_pipe_room_comes_back)
{
    static char block[4096];
    open_pipe_ends();
    watch(&pipe_loop, &pipe_sender.source, SENDER, MIO_WRITABLE);
    EXPECT_ONE(&pipe_loop, SENDER, W);
    for (int round = 0; round < 2; round++) {
        ptrdiff_t result;
        size_t written = 0;
        while ((result = mio_pipe_sender_write(&pipe_sender, block, sizeof block)) > 0)
            written += (size_t)result;
        CHECK_EQ(result, -EAGAIN);
        while ((result = mio_pipe_receiver_read(&pipe_receiver, block, sizeof block)) > 0)
            written -= (size_t)result;
        CHECK_EQ(result, -EAGAIN);
        CHECK_EQ(written, 0);
        AWAIT_EVENTS(&pipe_loop, {SENDER, W});
    }
    CHECK_EQ(mio_source_close(&pipe_sender.source), 0);
    CHECK_EQ(mio_source_close(&pipe_receiver.source), 0);
    loop_close(&pipe_loop);
}

enum { MUCH = 1 << 20, PIECE = 5000 }; /* of no power of two, so that pages are read in part */

static size_t drain_pipe(size_t have)
{
    static uint8_t buffer[PIECE];
    ptrdiff_t count;
    while ((count = mio_pipe_receiver_read(&pipe_receiver, buffer, sizeof buffer)) > 0) {
        REQUIRE(transfer_matches(buffer, (size_t)count, have));
        have += (size_t)count;
    }
    REQUIRE_EQ(count, -EAGAIN);
    return have;
}

static size_t fill_pipe(size_t written)
{
    static uint8_t buffer[PIECE];
    ptrdiff_t count = 0;
    while (written < MUCH) {
        size_t size = MUCH - written < PIECE ? MUCH - written : PIECE;
        transfer_fill(buffer, size, written);
        count = mio_pipe_sender_write(&pipe_sender, buffer, size);
        if (count < 0)
            break;
        written += (size_t)count;
    }
    REQUIRE(written == MUCH || count == -EAGAIN);
    return written;
}

TEST(net_pipe_1_mib_through_edges)
{
    size_t written = 0;
    size_t have = 0;
    open_pipe_ends();
    watch(&pipe_loop, &pipe_sender.source, SENDER, MIO_WRITABLE);
    watch(&pipe_loop, &pipe_receiver.source, RECEIVER, MIO_READABLE);
    while (have < MUCH) {
        REQUIRE(loop_wait(&pipe_loop, 10 * SECOND) > 0);
        mio_events_each(event, pipe_loop.events) {
            CHECK_EQ(mio_event_readiness(event),
                     mio_event_token(event) == SENDER ? MIO_WRITABLE : MIO_READABLE);
            if (mio_event_token(event) == SENDER)
                written = fill_pipe(written);
            else
                have = drain_pipe(have);
        }
    }
    CHECK_EQ(written, MUCH);
    CHECK_EQ(mio_source_close(&pipe_sender.source), 0);
    CHECK_EQ(mio_source_close(&pipe_receiver.source), 0);
    loop_close(&pipe_loop);
}

TEST(net_pipe_gives_its_descriptors)
{
    mio_fd fds[2] = {MIO_INVALID_FD, MIO_INVALID_FD};
    open_pipe_ends();
    watch(&pipe_loop, &pipe_sender.source, SENDER, MIO_WRITABLE);
    watch(&pipe_loop, &pipe_receiver.source, RECEIVER, MIO_READABLE);
    CHECK_EQ(mio_source_into_fd(&pipe_sender.source, &fds[0]), -EBUSY);
    CHECK_EQ(mio_source_into_fd(&pipe_receiver.source, &fds[1]), -EBUSY);
    REQUIRE_EQ(mio_source_deregister(&pipe_sender.source), 0);
    REQUIRE_EQ(mio_source_deregister(&pipe_receiver.source), 0);
    REQUIRE_EQ(mio_source_into_fd(&pipe_sender.source, &fds[0]), 0);
    REQUIRE_EQ(mio_source_into_fd(&pipe_receiver.source, &fds[1]), 0);
    CHECK_EQ(mio_source_into_fd(&pipe_sender.source, &fds[0]), -EBADF);
    CHECK_EQ(mio_source_close(&pipe_receiver.source), -EBADF);
    REQUIRE_EQ(mio_pipe_sender_from_fd(fds[0], &pipe_sender), 0);
    REQUIRE_EQ(mio_pipe_receiver_from_fd(fds[1], &pipe_receiver), 0);
    CHECK_EQ(mio_pipe_sender_write(&pipe_sender, "hi", 2), 2);
    pipe_expect_text("hi");
    CHECK_EQ(mio_source_close(&pipe_sender.source), 0);
    CHECK_EQ(mio_source_close(&pipe_receiver.source), 0);
    loop_close(&pipe_loop);
}

/* --- a child's pipes --- */

/* Starts cat with pipes in place of its stdin and stdout; the other ends are the library's. */
static pid_t start_cat(void)
{
    int in[2];
    int out[2];
    REQUIRE_EQ(pipe(in), 0);
    REQUIRE_EQ(pipe(out), 0);
    REQUIRE_EQ(mio_pipe_sender_from_fd(in[1], &pipe_sender), 0);
    REQUIRE_EQ(mio_pipe_receiver_from_fd(out[0], &pipe_receiver), 0);
    pid_t child = fork();
    REQUIRE(child >= 0);
    if (child == 0) {
        dup2(in[0], STDIN_FILENO);
        dup2(out[1], STDOUT_FILENO);
        for (int fd = STDERR_FILENO + 1; fd < 64; fd++)
            close(fd);
        execlp("cat", "cat", (char *)NULL);
        _exit(127);
    }
    REQUIRE_EQ(close(in[0]), 0);
    REQUIRE_EQ(close(out[1]), 0);
    return child;
}

static void end_cat(pid_t child)
{
    int status = -1;
    CHECK_EQ(waitpid(child, &status, 0), child);
    CHECK_EQ(status, 0);
}

TEST(net_pipe_of_a_child)
{
    pipe_loop = loop_open();
    pid_t child = start_cat();
    CHECK((fcntl(pipe_sender.source.fd, F_GETFL) & O_NONBLOCK) != 0);
    CHECK((fcntl(pipe_receiver.source.fd, F_GETFL) & O_NONBLOCK) != 0);
    watch(&pipe_loop, &pipe_sender.source, SENDER, MIO_WRITABLE);
    EXPECT_ONE(&pipe_loop, SENDER, W);
    REQUIRE_EQ(mio_source_deregister(&pipe_sender.source), 0);
    watch(&pipe_loop, &pipe_receiver.source, RECEIVER, MIO_READABLE);
    EXPECT_NOTHING(&pipe_loop);
    CHECK_EQ(mio_pipe_sender_write(&pipe_sender, "hello", 5), 5);
    EXPECT_ONE(&pipe_loop, RECEIVER, R);
    pipe_expect_text("hello");
    CHECK_EQ(mio_pipe_receiver_read(&pipe_receiver, pipe_text, sizeof pipe_text), -EAGAIN);
    CHECK_EQ(mio_source_close(&pipe_sender.source), 0);
    EXPECT_ONE(&pipe_loop, RECEIVER, readiness_fact("pipe without writer"));
    CHECK_EQ(mio_pipe_receiver_read(&pipe_receiver, pipe_text, sizeof pipe_text), 0);
    CHECK_EQ(mio_source_close(&pipe_receiver.source), 0);
    end_cat(child);
    loop_close(&pipe_loop);
}

/* The mode is that of an end, and of its duplicates: what dup2() gives to a child. */
TEST(net_pipe_end_for_a_child_blocks_alone)
{
    REQUIRE_EQ(mio_pipe_open(&pipe_sender, &pipe_receiver), 0);
    const int duplicates[] = {dup(pipe_sender.source.fd), dup(pipe_receiver.source.fd)};
    CHECK_EQ(mio_pipe_sender_set_nonblocking(&pipe_sender, false), 0);
    CHECK((fcntl(duplicates[0], F_GETFL) & O_NONBLOCK) == 0);
    CHECK((fcntl(duplicates[1], F_GETFL) & O_NONBLOCK) != 0);
    CHECK_EQ(mio_pipe_receiver_read(&pipe_receiver, pipe_text, sizeof pipe_text), -EAGAIN);
    CHECK_EQ(mio_pipe_sender_set_nonblocking(&pipe_sender, true), 0);
    CHECK_EQ(mio_pipe_receiver_set_nonblocking(&pipe_receiver, false), 0);
    CHECK((fcntl(duplicates[0], F_GETFL) & O_NONBLOCK) != 0);
    CHECK((fcntl(duplicates[1], F_GETFL) & O_NONBLOCK) == 0);
    for (int i = 0; i < 2; i++)
        CHECK_EQ(close(duplicates[i]), 0);
    CHECK_EQ(mio_source_close(&pipe_sender.source), 0);
    CHECK_EQ(mio_source_close(&pipe_receiver.source), 0);
}

TEST(net_pipe_of_a_child_blocking_or_not)
{
    pipe_loop = loop_open();
    pid_t child = start_cat();
    CHECK_EQ(mio_pipe_receiver_read(&pipe_receiver, pipe_text, sizeof pipe_text), -EAGAIN);
    CHECK_EQ(mio_pipe_receiver_set_nonblocking(&pipe_receiver, false), 0);
    CHECK((fcntl(pipe_receiver.source.fd, F_GETFL) & O_NONBLOCK) == 0);
    CHECK_EQ(mio_pipe_sender_set_nonblocking(&pipe_sender, false), 0);
    CHECK((fcntl(pipe_sender.source.fd, F_GETFL) & O_NONBLOCK) == 0);
    CHECK_EQ(mio_pipe_sender_write(&pipe_sender, "hello", 5), 5);
    pipe_expect_text("hello"); /* has to wait for it */
    CHECK_EQ(mio_pipe_receiver_set_nonblocking(&pipe_receiver, true), 0);
    CHECK_EQ(mio_pipe_receiver_read(&pipe_receiver, pipe_text, sizeof pipe_text), -EAGAIN);
    CHECK_EQ(mio_source_close(&pipe_sender.source), 0);
    CHECK_EQ(mio_pipe_sender_set_nonblocking(&pipe_sender, true), -EBADF);
    CHECK_EQ(mio_pipe_receiver_set_nonblocking(&pipe_receiver, false), 0);
    CHECK_EQ(mio_pipe_receiver_read(&pipe_receiver, pipe_text, sizeof pipe_text), 0);
    CHECK_EQ(mio_source_close(&pipe_receiver.source), 0);
    end_cat(child);
    loop_close(&pipe_loop);
}

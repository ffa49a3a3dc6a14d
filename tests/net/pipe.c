/* SPDX-License-Identifier: MIT */
/* Pipes, and the pipes of a child. */
#define _GNU_SOURCE

#include "support.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static struct loop loop;
static struct mio_pipe_sender sender;
static struct mio_pipe_receiver receiver;
static char text[64];

enum { SENDER, RECEIVER };

static void open_pipe_ends(void)
{
    loop = loop_open();
    REQUIRE_EQ(mio_pipe_open(&sender, &receiver), 0);
    CHECK_FLAGS(sender.source.fd);
    CHECK_FLAGS(receiver.source.fd);
}

static void expect_text(const char *wanted)
{
    memset(text, 0, sizeof text);
    CHECK_EQ(mio_pipe_receiver_read(&receiver, text, sizeof text), (ptrdiff_t)strlen(wanted));
    CHECK_STR(text, wanted);
}

TEST(net_pipe)
{
    open_pipe_ends();
    watch(&loop, &sender.source, SENDER, MIO_WRITABLE);
    watch(&loop, &receiver.source, RECEIVER, MIO_READABLE);
    EXPECT_ONE(&loop, SENDER, W);
    errno = ELOOP;
    CHECK_EQ(mio_pipe_receiver_read(&receiver, text, sizeof text), -EAGAIN);
    CHECK_EQ(errno, ELOOP);
    CHECK_EQ(mio_pipe_sender_write(&sender, "hello", 5), 5);
    AWAIT_EVENTS(&loop, {RECEIVER, R},
                 {SENDER, readiness_fact("own write to a pipe, asked for writable")});
    expect_text("hello");
    CHECK_EQ(mio_pipe_receiver_read(&receiver, text, sizeof text), -EAGAIN);
    CHECK_EQ(mio_source_close(&sender.source), 0);
    CHECK_EQ(mio_source_close(&sender.source), -EBADF);
    CHECK_EQ(mio_pipe_sender_write(&sender, "a", 1), -EBADF);
    CHECK_EQ(mio_pipe_receiver_read(&receiver, text, sizeof text), 0);
    CHECK_EQ(mio_source_close(&receiver.source), 0);
    loop_close(&loop);
}

TEST(net_pipe_sender_is_closed)
{
    open_pipe_ends();
    watch(&loop, &receiver.source, RECEIVER, MIO_READABLE);
    EXPECT_NOTHING(&loop);
    CHECK_EQ(mio_source_close(&sender.source), 0);
    EXPECT_ONE(&loop, RECEIVER, readiness_fact("pipe without writer"));
    CHECK_EQ(mio_pipe_receiver_read(&receiver, text, sizeof text), 0);
    CHECK_EQ(mio_source_close(&receiver.source), 0);
    loop_close(&loop);
}

TEST(net_pipe_sender_is_closed_behind_data)
{
    open_pipe_ends();
    CHECK_EQ(mio_pipe_sender_write(&sender, "left", 4), 4);
    CHECK_EQ(mio_source_close(&sender.source), 0);
    watch(&loop, &receiver.source, RECEIVER, MIO_READABLE);
    EXPECT_ONE(&loop, RECEIVER, readiness_fact("pipe without writer, data left"));
    expect_text("left");
    CHECK_EQ(mio_pipe_receiver_read(&receiver, text, sizeof text), 0);
    CHECK_EQ(mio_source_close(&receiver.source), 0);
    loop_close(&loop);
}

TEST(net_pipe_receiver_is_closed)
{
    open_pipe_ends();
    watch(&loop, &sender.source, SENDER, MIO_WRITABLE);
    EXPECT_ONE(&loop, SENDER, W);
    CHECK_EQ(mio_source_close(&receiver.source), 0);
    EXPECT_ONE(&loop, SENDER, readiness_fact("pipe without reader"));
    CHECK_EQ(mio_pipe_sender_write(&sender, "a", 1), -EPIPE);
    CHECK_EQ(mio_source_deregister(&sender.source), 0);
    /* Registered when it is gone already (K9). */
    watch(&loop, &sender.source, THIRD, MIO_WRITABLE);
    EXPECT_ONE(&loop, THIRD, readiness_fact("pipe without reader"));
    CHECK_EQ(mio_source_close(&sender.source), 0);
    EXPECT_NOTHING(&loop);
    loop_close(&loop);
}

/* Full, and writable again when it was emptied. */
TEST(net_pipe_room_comes_back)
{
    static char block[4096];
    open_pipe_ends();
    watch(&loop, &sender.source, SENDER, MIO_WRITABLE);
    EXPECT_ONE(&loop, SENDER, W);
    for (int round = 0; round < 2; round++) {
        ptrdiff_t result;
        size_t written = 0;
        while ((result = mio_pipe_sender_write(&sender, block, sizeof block)) > 0)
            written += (size_t)result;
        CHECK_EQ(result, -EAGAIN);
        while ((result = mio_pipe_receiver_read(&receiver, block, sizeof block)) > 0)
            written -= (size_t)result;
        CHECK_EQ(result, -EAGAIN);
        CHECK_EQ(written, 0);
        AWAIT_EVENTS(&loop, {SENDER, W});
    }
    CHECK_EQ(mio_source_close(&sender.source), 0);
    CHECK_EQ(mio_source_close(&receiver.source), 0);
    loop_close(&loop);
}

enum { MUCH = 1 << 20, CHUNK = 5000 }; /* of no power of two, so that pages are read in part */

static size_t read_all_there_is(size_t have)
{
    static uint8_t buffer[CHUNK];
    ptrdiff_t count;
    while ((count = mio_pipe_receiver_read(&receiver, buffer, sizeof buffer)) > 0) {
        REQUIRE(transfer_matches(buffer, (size_t)count, have));
        have += (size_t)count;
    }
    REQUIRE_EQ(count, -EAGAIN);
    return have;
}

static size_t write_all_there_is_room_for(size_t written)
{
    static uint8_t buffer[CHUNK];
    ptrdiff_t count = 0;
    while (written < MUCH) {
        size_t size = MUCH - written < CHUNK ? MUCH - written : CHUNK;
        transfer_fill(buffer, size, written);
        count = mio_pipe_sender_write(&sender, buffer, size);
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
    watch(&loop, &sender.source, SENDER, MIO_WRITABLE);
    watch(&loop, &receiver.source, RECEIVER, MIO_READABLE);
    while (have < MUCH) {
        REQUIRE(loop_wait(&loop, 10 * SECOND) > 0);
        mio_events_each(event, loop.events) {
            CHECK_EQ(mio_event_readiness(event),
                     mio_event_token(event) == SENDER ? MIO_WRITABLE : MIO_READABLE);
            if (mio_event_token(event) == SENDER)
                written = write_all_there_is_room_for(written);
            else
                have = read_all_there_is(have);
        }
    }
    CHECK_EQ(written, MUCH);
    CHECK_EQ(mio_source_close(&sender.source), 0);
    CHECK_EQ(mio_source_close(&receiver.source), 0);
    loop_close(&loop);
}

TEST(net_pipe_gives_its_descriptors)
{
    mio_fd fds[2] = {MIO_INVALID_FD, MIO_INVALID_FD};
    open_pipe_ends();
    watch(&loop, &sender.source, SENDER, MIO_WRITABLE);
    watch(&loop, &receiver.source, RECEIVER, MIO_READABLE);
    CHECK_EQ(mio_source_into_fd(&sender.source, &fds[0]), -EBUSY);
    CHECK_EQ(mio_source_into_fd(&receiver.source, &fds[1]), -EBUSY);
    REQUIRE_EQ(mio_source_deregister(&sender.source), 0);
    REQUIRE_EQ(mio_source_deregister(&receiver.source), 0);
    REQUIRE_EQ(mio_source_into_fd(&sender.source, &fds[0]), 0);
    REQUIRE_EQ(mio_source_into_fd(&receiver.source, &fds[1]), 0);
    CHECK_EQ(mio_source_into_fd(&sender.source, &fds[0]), -EBADF);
    CHECK_EQ(mio_source_close(&receiver.source), -EBADF);
    REQUIRE_EQ(mio_pipe_sender_from_fd(fds[0], &sender), 0);
    REQUIRE_EQ(mio_pipe_receiver_from_fd(fds[1], &receiver), 0);
    CHECK_EQ(mio_pipe_sender_write(&sender, "hi", 2), 2);
    expect_text("hi");
    CHECK_EQ(mio_source_close(&sender.source), 0);
    CHECK_EQ(mio_source_close(&receiver.source), 0);
    loop_close(&loop);
}

/* --- a child's pipes --- */

/* Starts cat with pipes in place of its stdin and stdout; the other ends are the library's. */
static pid_t start_cat(void)
{
    int in[2];
    int out[2];
    REQUIRE_EQ(pipe(in), 0);
    REQUIRE_EQ(pipe(out), 0);
    REQUIRE_EQ(mio_pipe_sender_from_fd(in[1], &sender), 0);
    REQUIRE_EQ(mio_pipe_receiver_from_fd(out[0], &receiver), 0);
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
    loop = loop_open();
    pid_t child = start_cat();
    CHECK((fcntl(sender.source.fd, F_GETFL) & O_NONBLOCK) != 0);
    CHECK((fcntl(receiver.source.fd, F_GETFL) & O_NONBLOCK) != 0);
    watch(&loop, &sender.source, SENDER, MIO_WRITABLE);
    EXPECT_ONE(&loop, SENDER, W);
    REQUIRE_EQ(mio_source_deregister(&sender.source), 0);
    watch(&loop, &receiver.source, RECEIVER, MIO_READABLE);
    EXPECT_NOTHING(&loop);
    CHECK_EQ(mio_pipe_sender_write(&sender, "hello", 5), 5);
    EXPECT_ONE(&loop, RECEIVER, R);
    expect_text("hello");
    CHECK_EQ(mio_pipe_receiver_read(&receiver, text, sizeof text), -EAGAIN);
    CHECK_EQ(mio_source_close(&sender.source), 0);
    EXPECT_ONE(&loop, RECEIVER, readiness_fact("pipe without writer"));
    CHECK_EQ(mio_pipe_receiver_read(&receiver, text, sizeof text), 0);
    CHECK_EQ(mio_source_close(&receiver.source), 0);
    end_cat(child);
    loop_close(&loop);
}

/* The mode is that of an end, and of its duplicates: what dup2() gives to a child. */
TEST(net_pipe_end_for_a_child_blocks_alone)
{
    REQUIRE_EQ(mio_pipe_open(&sender, &receiver), 0);
    const int duplicates[] = {dup(sender.source.fd), dup(receiver.source.fd)};
    CHECK_EQ(mio_pipe_sender_set_nonblocking(&sender, false), 0);
    CHECK((fcntl(duplicates[0], F_GETFL) & O_NONBLOCK) == 0);
    CHECK((fcntl(duplicates[1], F_GETFL) & O_NONBLOCK) != 0);
    CHECK_EQ(mio_pipe_receiver_read(&receiver, text, sizeof text), -EAGAIN);
    CHECK_EQ(mio_pipe_sender_set_nonblocking(&sender, true), 0);
    CHECK_EQ(mio_pipe_receiver_set_nonblocking(&receiver, false), 0);
    CHECK((fcntl(duplicates[0], F_GETFL) & O_NONBLOCK) != 0);
    CHECK((fcntl(duplicates[1], F_GETFL) & O_NONBLOCK) == 0);
    for (int i = 0; i < 2; i++)
        CHECK_EQ(close(duplicates[i]), 0);
    CHECK_EQ(mio_source_close(&sender.source), 0);
    CHECK_EQ(mio_source_close(&receiver.source), 0);
}

TEST(net_pipe_of_a_child_blocking_or_not)
{
    loop = loop_open();
    pid_t child = start_cat();
    CHECK_EQ(mio_pipe_receiver_read(&receiver, text, sizeof text), -EAGAIN);
    CHECK_EQ(mio_pipe_receiver_set_nonblocking(&receiver, false), 0);
    CHECK((fcntl(receiver.source.fd, F_GETFL) & O_NONBLOCK) == 0);
    CHECK_EQ(mio_pipe_sender_set_nonblocking(&sender, false), 0);
    CHECK((fcntl(sender.source.fd, F_GETFL) & O_NONBLOCK) == 0);
    CHECK_EQ(mio_pipe_sender_write(&sender, "hello", 5), 5);
    expect_text("hello"); /* has to wait for it */
    CHECK_EQ(mio_pipe_receiver_set_nonblocking(&receiver, true), 0);
    CHECK_EQ(mio_pipe_receiver_read(&receiver, text, sizeof text), -EAGAIN);
    CHECK_EQ(mio_source_close(&sender.source), 0);
    CHECK_EQ(mio_pipe_sender_set_nonblocking(&sender, true), -EBADF);
    CHECK_EQ(mio_pipe_receiver_set_nonblocking(&receiver, false), 0);
    CHECK_EQ(mio_pipe_receiver_read(&receiver, text, sizeof text), 0);
    CHECK_EQ(mio_source_close(&receiver.source), 0);
    end_cat(child);
    loop_close(&loop);
}

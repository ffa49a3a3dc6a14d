/* SPDX-License-Identifier: MIT */
/* A program's own calls on a source's descriptor: through mio_source_try_io() they make edges on
 * every selector, and without it where the kernel makes them. */
#define _GNU_SOURCE

#include "support.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

struct message {
    char text[16];
    int calls;
};

static ptrdiff_t receive_message(mio_fd fd, void *user)
{
    struct message *message = user;
    struct iovec part = {message->text, sizeof message->text};
    struct msghdr header = {.msg_iov = &part, .msg_iovlen = 1};
    message->calls++;
    ssize_t count = recvmsg(fd, &header, 0);
    return count < 0 ? -errno : count;
}

static ptrdiff_t write_block(mio_fd fd, void *user)
{
    static const char block[4096];
    (void)user;
    ssize_t count = send(fd, block, sizeof block, 0);
    return count < 0 ? -errno : count;
}

static ptrdiff_t accept_one_raw(mio_fd fd, void *user)
{
    int *accepted = user;
    int made = accept(fd, NULL, NULL);
    if (made < 0)
        return -errno;
    *accepted = made;
    return 0;
}

static ptrdiff_t say(mio_fd fd, void *user)
{
    CHECK(fd >= 0);
    return *(const ptrdiff_t *)user;
}

TEST(net_try_io_makes_edges)
{
    struct loop loop = loop_open();
    struct message message = {.calls = 0};
    struct mio_unix_stream near_end;
    struct mio_unix_stream far_end;
    unix_pair(&near_end, &far_end);
    watch(&loop, &near_end.source, CLIENT, MIO_READABLE | MIO_WRITABLE);
    EXPECT_ONE(&loop, CLIENT, W);
    for (int i = 0; i < 3; i++) {
        unix_put(&far_end, "hello");
        EXPECT_ONE(&loop, CLIENT, readiness_fact("data came, asked for both"));
        CHECK_EQ(mio_source_try_io(&near_end.source, MIO_READABLE, receive_message, &message), 5);
        CHECK(memcmp(message.text, "hello", 5) == 0);
        EXPECT_NOTHING(&loop);
        CHECK_EQ(mio_source_try_io(&near_end.source, MIO_READABLE, receive_message, &message),
                 -EAGAIN);
        EXPECT_NOTHING(&loop); /* nothing of the other direction either */
    }
    CHECK_EQ(message.calls, 6); /* once each */
    CHECK_EQ(mio_source_close(&near_end.source), 0);
    CHECK_EQ(mio_source_close(&far_end.source), 0);
    loop_close(&loop);
}

TEST(net_try_io_is_needed_where_the_library_makes_the_edges)
{
    struct loop loop = loop_open();
    struct message message = {.calls = 0};
    struct mio_unix_stream near_end;
    struct mio_unix_stream far_end;
    unix_pair(&near_end, &far_end);
    watch(&loop, &near_end.source, CLIENT, MIO_READABLE);
    unix_put(&far_end, "one");
    EXPECT_ONE(&loop, CLIENT, R);
    CHECK_EQ(receive_message(near_end.source.fd, &message), 3);
    CHECK_EQ(receive_message(near_end.source.fd, &message), -EAGAIN);
    unix_put(&far_end, "two");
    bool library = fact("edges have to be asked for after EAGAIN") != 0;
    EXPECT_ONE_IF(&loop, CLIENT, library ? 0 : R);
    CHECK_EQ(mio_registry_rearm(loop.registry, near_end.source.fd, MIO_READABLE), 0);
    EXPECT_ONE_IF(&loop, CLIENT, library ? R : 0);
    CHECK_EQ(mio_source_close(&near_end.source), 0);
    CHECK_EQ(mio_source_close(&far_end.source), 0);
    loop_close(&loop);
}

TEST(net_try_io_of_writing)
{
    static char sink[65536];
    struct loop loop = loop_open();
    struct mio_unix_stream near_end;
    struct mio_unix_stream far_end;
    unix_pair(&near_end, &far_end);
    watch(&loop, &near_end.source, CLIENT, MIO_WRITABLE);
    EXPECT_ONE(&loop, CLIENT, W);
    for (int i = 0; i < 2; i++) {
        ptrdiff_t result;
        while ((result = mio_source_try_io(&near_end.source, MIO_WRITABLE, write_block, NULL)) > 0)
            continue;
        CHECK_EQ(result, -EAGAIN);
        EXPECT_NOTHING(&loop);
        while ((result = mio_unix_stream_read(&far_end, sink, sizeof sink)) > 0)
            continue;
        CHECK_EQ(result, -EAGAIN);
        AWAIT_EVENTS(&loop, {CLIENT, W});
    }
    CHECK_EQ(mio_source_close(&near_end.source), 0);
    CHECK_EQ(mio_source_close(&far_end.source), 0);
    loop_close(&loop);
}

TEST(net_try_io_of_accepting)
{
    struct loop loop = loop_open();
    struct mio_addr addr = loopback_v4();
    struct mio_tcp_listener listener;
    tcp_listen(&addr, &listener);
    watch(&loop, &listener.source, LISTENER, MIO_READABLE);
    for (int i = 0; i < 2; i++) {
        struct mio_tcp_stream client;
        int fd = -1;
        tcp_connect(&addr, &client);
        EXPECT_ONE(&loop, LISTENER, R);
        CHECK_EQ(mio_source_try_io(&listener.source, MIO_READABLE, accept_one_raw, &fd), 0);
        CHECK_EQ(mio_source_try_io(&listener.source, MIO_READABLE, accept_one_raw, &fd), -EAGAIN);
        CHECK_EQ(close(fd), 0);
        CHECK_EQ(mio_source_close(&client.source), 0);
    }
    CHECK_EQ(mio_source_close(&listener.source), 0);
    loop_close(&loop);
}

TEST(net_try_io_passes_results_on)
{
    struct loop loop = loop_open();
    struct mio_unix_stream near_end;
    struct mio_unix_stream far_end;
    static const ptrdiff_t results[] = {0, 7, PTRDIFF_MAX, -EPIPE, -ECONNRESET, -EINTR, -EAGAIN};
    unix_pair(&near_end, &far_end);
    for (int registered = 0; registered < 2; registered++) {
        for (size_t i = 0; i < sizeof results / sizeof results[0]; i++) {
            ptrdiff_t result = results[i];
            CHECK_EQ(mio_source_try_io(&near_end.source, MIO_READABLE, say, &result), result);
        }
        if (!registered)
            watch(&loop, &near_end.source, CLIENT, MIO_READABLE);
    }
    EXPECT_NOTHING(&loop);
    ptrdiff_t result = 1;
    CHECK_EQ(mio_source_try_io(null(), MIO_READABLE, say, &result), -EINVAL);
    CHECK_EQ(mio_source_try_io(&near_end.source, MIO_READABLE, NULL, &result), -EINVAL);
    CHECK_EQ(mio_source_try_io(&near_end.source, 0, say, &result), -EINVAL);
    CHECK_EQ(mio_source_try_io(&near_end.source, MIO_LEVEL, say, &result), -EINVAL);
    CHECK_EQ(mio_source_close(&near_end.source), 0);
    CHECK_EQ(mio_source_try_io(&near_end.source, MIO_READABLE, say, &result), -EBADF);
    CHECK_EQ(mio_source_close(&far_end.source), 0);
    loop_close(&loop);
}

/* The modes that need no asking: nothing is changed by it. */
TEST(net_try_io_in_other_modes)
{
    struct loop loop = loop_open();
    struct message message = {.calls = 0};
    struct mio_unix_stream near_end;
    struct mio_unix_stream far_end;
    unix_pair(&near_end, &far_end);
    watch(&loop, &near_end.source, CLIENT, MIO_READABLE | MIO_ONESHOT);
    unix_put(&far_end, "one");
    EXPECT_ONE(&loop, CLIENT, R);
    CHECK_EQ(mio_source_try_io(&near_end.source, MIO_READABLE, receive_message, &message), 3);
    CHECK_EQ(mio_source_try_io(&near_end.source, MIO_READABLE, receive_message, &message), -EAGAIN);
    unix_put(&far_end, "two");
    EXPECT_NOTHING(&loop);
    REQUIRE_EQ(mio_source_reregister(&near_end.source, THIRD, MIO_READABLE | MIO_LEVEL), 0);
    AWAIT_EVENTS(&loop, {THIRD, R});
    AWAIT_EVENTS(&loop, {THIRD, R});
    CHECK_EQ(mio_source_try_io(&near_end.source, MIO_READABLE, receive_message, &message), 3);
    CHECK_EQ(mio_source_try_io(&near_end.source, MIO_READABLE, receive_message, &message), -EAGAIN);
    EXPECT_NOTHING(&loop);
    CHECK_EQ(mio_source_close(&near_end.source), 0);
    CHECK_EQ(mio_source_close(&far_end.source), 0);
    loop_close(&loop);
}

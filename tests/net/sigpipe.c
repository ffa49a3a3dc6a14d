/* SPDX-License-Identifier: MIT */
/*
 * LIFE2 for writers: whoever is gone, writing to it is an error and never the signal, which has its
 * default disposition here and would end the program. tests/unit/sigpipe.c looks at the masks and
 * at both ways of writing to a pipe; this runs on every selector, with registered sources that have
 * been told of the end.
 */
#define _GNU_SOURCE

#include "sigpipe_by_default.h"
#include "support.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>

static struct loop sigpipe_loop;
static const struct mio_iovec three_bytes = {"abc", 3};

static void prepare(void)
{
    sigpipe_by_default();
    sigpipe_loop = loop_open();
}

static void finish(void)
{
    sigset_t pending;
    sigemptyset(&pending);
    CHECK_EQ(sigpending(&pending), 0);
    CHECK_EQ(sigismember(&pending, SIGPIPE), 0);
    loop_close(&sigpipe_loop);
}

TEST(net_no_sigpipe_from_a_pipe)
{
    struct mio_pipe_sender sender;
    struct mio_pipe_receiver receiver;
    prepare();
    REQUIRE_EQ(mio_pipe_open(&sender, &receiver), 0);
    watch(&sigpipe_loop, &sender.source, CLIENT, MIO_WRITABLE);
    EXPECT_ONE(&sigpipe_loop, CLIENT, W);
    CHECK_EQ(mio_source_close(&receiver.source), 0);
    EXPECT_ONE(&sigpipe_loop, CLIENT, readiness_fact("pipe without reader"));
    for (int i = 0; i < 2; i++) {
        CHECK_EQ(mio_pipe_sender_write(&sender, "abc", 3), -EPIPE);
        CHECK_EQ(mio_pipe_sender_writev(&sender, &three_bytes, 1), -EPIPE);
    }
    CHECK_EQ(mio_source_close(&sender.source), 0);
    finish();
}

/* How many are pending, of the thread and of the process; none is afterwards. */
static int take_pending(const sigset_t *signals)
{
    sigset_t pending;
    int count = 0;
    int signal;
    while (sigpending(&pending) == 0 && sigismember(&pending, SIGPIPE) == 1) {
        REQUIRE_EQ(sigwait(signals, &signal), 0);
        count++;
    }
    return count;
}

static void write_with_one_pending(bool of_the_process)
{
    struct mio_pipe_sender sender;
    struct mio_pipe_receiver receiver;
    sigset_t signals;
    sigemptyset(&signals);
    sigaddset(&signals, SIGPIPE);
    REQUIRE_EQ(pthread_sigmask(SIG_BLOCK, &signals, NULL), 0);
    REQUIRE_EQ(mio_pipe_open(&sender, &receiver), 0);
    CHECK_EQ(mio_source_close(&receiver.source), 0);
    REQUIRE_EQ(of_the_process ? kill(getpid(), SIGPIPE) : pthread_kill(pthread_self(), SIGPIPE), 0);
    for (int i = 0; i < 2; i++)
        CHECK_EQ(mio_pipe_sender_write(&sender, "abc", 3), -EPIPE);
    CHECK_EQ(take_pending(&signals), 1);
    CHECK_EQ(mio_pipe_sender_write(&sender, "abc", 3), -EPIPE);
    CHECK_EQ(take_pending(&signals), 0);
    CHECK_EQ(mio_source_close(&sender.source), 0);
    REQUIRE_EQ(pthread_sigmask(SIG_UNBLOCK, &signals, NULL), 0);
}

/* Whomever it was sent to, the one that was pending stays, and is one. */
TEST(net_sigpipe_that_was_pending_stays_pending)
{
    prepare();
    write_with_one_pending(false);
    write_with_one_pending(true);
    finish();
}

static void unix_stream(const struct mio_socket_options *options, bool peer_closes)
{
    struct mio_unix_stream near_end;
    struct mio_unix_stream far_end;
    int error = mio_unix_stream_pair(options, &near_end, &far_end);
    if (options)
        CHECK_EQ(error, fact("records"));
    if (error < 0)
        return;
    watch(&sigpipe_loop, &near_end.source, CLIENT, MIO_READABLE | MIO_WRITABLE);
    EXPECT_ONE(&sigpipe_loop, CLIENT, W);
    if (peer_closes) {
        CHECK_EQ(mio_source_close(&far_end.source), 0);
        EXPECT_ONE(&sigpipe_loop, CLIENT, readiness_fact("peer closed, asked for both"));
    } else {
        CHECK_EQ(mio_unix_stream_shutdown(&near_end, MIO_SHUTDOWN_BOTH), 0);
        EXPECT_ONE(&sigpipe_loop, CLIENT, readiness_fact("peer closed, asked for both"));
    }
    for (int i = 0; i < 2; i++) {
        CHECK_EQ(mio_unix_stream_write(&near_end, "abc", 3), -EPIPE);
        CHECK_EQ(mio_unix_stream_writev(&near_end, &three_bytes, 1), -EPIPE);
    }
    if (!peer_closes)
        CHECK_EQ(mio_source_close(&far_end.source), 0);
    CHECK_EQ(mio_source_close(&near_end.source), 0);
}

TEST(net_no_sigpipe_from_a_unix_stream)
{
    const struct mio_socket_options records = {.seqpacket = true};
    prepare();
    for (int peer_closes = 0; peer_closes < 2; peer_closes++) {
        unix_stream(NULL, peer_closes != 0);
        unix_stream(&records, peer_closes != 0);
    }
    finish();
}

TEST(net_no_sigpipe_from_a_unix_datagram)
{
    struct mio_unix_datagram near_end;
    struct mio_unix_datagram far_end;
    prepare();
    REQUIRE_EQ(mio_unix_datagram_pair(NULL, &near_end, &far_end), 0);
    CHECK_EQ(mio_source_close(&far_end.source), 0);
    CHECK(mio_unix_datagram_send(&near_end, "abc", 3) < 0);
    int error = mio_unix_datagram_shutdown(&near_end, MIO_SHUTDOWN_WRITE);
    CHECK_EQ(error, fact("shutdown of a Unix datagram whose peer is gone"));
    ptrdiff_t result = mio_unix_datagram_send(&near_end, "abc", 3);
    CHECK(error == 0 ? result == -EPIPE : result < 0);
    CHECK_EQ(mio_source_close(&near_end.source), 0);
    finish();
}

TEST(net_no_sigpipe_from_a_tcp_stream)
{
    struct mio_tcp_stream client;
    struct mio_tcp_stream server;
    prepare();
    for (int accepted = 0; accepted < 2; accepted++) {
        tcp_pair(&client, &server);
        struct mio_tcp_stream *writer = accepted ? &server : &client;
        struct mio_tcp_stream *peer = accepted ? &client : &server;
        watch(&sigpipe_loop, &writer->source, CLIENT, MIO_READABLE | MIO_WRITABLE);
        EXPECT_ONE(&sigpipe_loop, CLIENT, W);
        tcp_reset(peer);
        EXPECT_ONE(&sigpipe_loop, CLIENT, readiness_fact("TCP reset, asked for both"));
        ptrdiff_t result = mio_tcp_stream_write(writer, "abc", 3);
        CHECK(result == -EPIPE || result == -ECONNRESET);
        CHECK_EQ(mio_tcp_stream_write(writer, "abc", 3), -EPIPE);
        CHECK_EQ(mio_tcp_stream_writev(writer, &three_bytes, 1), -EPIPE);
        CHECK_EQ(mio_source_close(&writer->source), 0);
    }
    tcp_pair(&client, &server);
    CHECK_EQ(mio_tcp_stream_shutdown(&client, MIO_SHUTDOWN_WRITE), 0);
    CHECK_EQ(mio_tcp_stream_write(&client, "abc", 3), -EPIPE);
    CHECK_EQ(mio_source_close(&client.source), 0);
    CHECK_EQ(mio_source_close(&server.source), 0);
    finish();
}

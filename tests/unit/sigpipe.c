/* SPDX-License-Identifier: MIT */
/* LIFE2: writing to whoever has gone gives -EPIPE, or another error, and never a signal. SIGPIPE
 * has its default disposition here, so the first one would end the program. */
#if !defined(_GNU_SOURCE)
#define _GNU_SOURCE
#endif

#include "net/pipe_write.h"
#include "sigpipe_by_default.h"
#include "test.h"

#include <mio/net.h>

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static bool sigpipe_is_blocked(void)
{
    sigset_t mask;
    pthread_sigmask(SIG_SETMASK, NULL, &mask);
    return sigismember(&mask, SIGPIPE) == 1;
}

static bool sigpipe_is_pending(void)
{
    sigset_t pending;
    sigpending(&pending);
    return sigismember(&pending, SIGPIPE) == 1;
}

static void write_to_closed_pipe(void)
{
    struct mio_pipe_sender sender;
    struct mio_pipe_receiver receiver;
    REQUIRE_EQ(mio_pipe_open(&sender, &receiver), 0);
    CHECK_EQ(mio_pipe_sender_write(&sender, "abc", 3), 3);
    CHECK_EQ(mio_source_close(&receiver.source), 0);
    struct mio_iovec parts[2] = {{"a", 1}, {"b", 1}};
    errno = ELOOP;
    CHECK_EQ(mio_pipe_sender_write(&sender, "abc", 3), -EPIPE);
    CHECK_EQ(mio_pipe_sender_writev(&sender, parts, 2), -EPIPE);
    CHECK_EQ(errno, ELOOP);
    CHECK_EQ(mio_source_close(&sender.source), 0);
}

/* Both ways of a Linux kernel, and the one way of others. */
static void on_each_way(void (*test)(void))
{
    bool found = atomic_load(&mio__pipe_write_blocks_signal);
    test();
    atomic_store(&mio__pipe_write_blocks_signal, true);
    test();
    atomic_store(&mio__pipe_write_blocks_signal, found);
}

static void closed_pipe(void)
{
    sigpipe_by_default();
    write_to_closed_pipe();
    CHECK(!sigpipe_is_blocked());
    CHECK(!sigpipe_is_pending());
}

TEST(sigpipe_never_from_a_pipe)
{
    on_each_way(closed_pipe);
}

static void closed_pipe_with_signal_blocked(void)
{
    sigpipe_by_default();
    sigset_t signals;
    sigemptyset(&signals);
    sigaddset(&signals, SIGPIPE);
    REQUIRE_EQ(pthread_sigmask(SIG_BLOCK, &signals, NULL), 0);
    write_to_closed_pipe();
    CHECK(sigpipe_is_blocked());
    CHECK(!sigpipe_is_pending());
    REQUIRE_EQ(pthread_sigmask(SIG_UNBLOCK, &signals, NULL), 0);
}

TEST(sigpipe_blocked_by_the_caller_stays_blocked)
{
    on_each_way(closed_pipe_with_signal_blocked);
}

static void closed_pipe_with_signal_pending(void)
{
    sigpipe_by_default();
    sigset_t signals;
    sigemptyset(&signals);
    sigaddset(&signals, SIGPIPE);
    REQUIRE_EQ(pthread_sigmask(SIG_BLOCK, &signals, NULL), 0);
    REQUIRE_EQ(pthread_kill(pthread_self(), SIGPIPE), 0);
    write_to_closed_pipe();
    CHECK(sigpipe_is_pending());
    int signal = 0;
    REQUIRE_EQ(sigwait(&signals, &signal), 0);
    CHECK_EQ(signal, SIGPIPE);
    CHECK(!sigpipe_is_pending());
    REQUIRE_EQ(pthread_sigmask(SIG_UNBLOCK, &signals, NULL), 0);
}

TEST(sigpipe_that_was_pending_stays_pending)
{
    on_each_way(closed_pipe_with_signal_pending);
}

/* The process's own is another than the one that the write raises in this thread. */
static void closed_pipe_with_signal_pending_for_the_process(void)
{
    sigpipe_by_default();
    sigset_t signals;
    int signal = 0;
    sigemptyset(&signals);
    sigaddset(&signals, SIGPIPE);
    REQUIRE_EQ(pthread_sigmask(SIG_BLOCK, &signals, NULL), 0);
    REQUIRE_EQ(kill(getpid(), SIGPIPE), 0);
    write_to_closed_pipe();
    CHECK(sigpipe_is_pending());
    REQUIRE_EQ(sigwait(&signals, &signal), 0);
    CHECK_EQ(signal, SIGPIPE);
    CHECK(!sigpipe_is_pending());
    REQUIRE_EQ(pthread_sigmask(SIG_UNBLOCK, &signals, NULL), 0);
}

TEST(sigpipe_that_was_pending_for_the_process_stays_pending)
{
    on_each_way(closed_pipe_with_signal_pending_for_the_process);
}

#if MIO_PLATFORM == MIO_PLATFORM_LINUX

static void write_to_an_odd_descriptor(void)
{
    struct mio_pipe_sender sender;
    struct mio_pipe_sender odd;
    struct mio_pipe_receiver receiver;
    REQUIRE_EQ(mio_pipe_open(&sender, &receiver), 0);
    CHECK_EQ(mio_pipe_sender_write(&sender, "a", 1), 1);
    bool found = atomic_load(&mio__pipe_write_blocks_signal);
    int fd = open("/proc/self/comm", O_WRONLY | O_CLOEXEC);
    REQUIRE_EQ(mio_source_close(&sender.source), 0);
    REQUIRE_EQ(mio_source_close(&receiver.source), 0);
    if (fd < 0)
        SKIP("no /proc here");
    REQUIRE_EQ(mio_pipe_sender_from_fd(fd, &odd), 0);
    CHECK_EQ(mio_pipe_sender_write(&odd, "unit", 4), 4);
    CHECK_EQ(atomic_load(&mio__pipe_write_blocks_signal), found);
    REQUIRE_EQ(mio_source_close(&odd.source), 0);
}

#else

static void write_to_an_odd_descriptor(void)
{
    SKIP("the call that takes no SIGPIPE is Linux's");
}

#endif

/* A file that takes no flags says nothing of the kernel. */
TEST(sigpipe_an_odd_descriptor_makes_no_pipe_slower)
{
    write_to_an_odd_descriptor();
}

static void closed_pipe_with_signal_ignored(void)
{
    sigpipe_by_default();
    struct sigaction ignored = {.sa_handler = SIG_IGN};
    REQUIRE_EQ(sigaction(SIGPIPE, &ignored, NULL), 0);
    write_to_closed_pipe();
    CHECK(!sigpipe_is_blocked());
    CHECK(!sigpipe_is_pending());
    sigpipe_by_default();
}

TEST(sigpipe_ignored_by_the_caller)
{
    on_each_way(closed_pipe_with_signal_ignored);
}

static void *write_to_pipes(void *unused)
{
    (void)unused;
    for (int i = 0; i < 50; i++)
        write_to_closed_pipe();
    return NULL;
}

static void closed_pipes_in_threads(void)
{
    sigpipe_by_default();
    pthread_t threads[4];
    for (int i = 0; i < 4; i++)
        REQUIRE_EQ(pthread_create(&threads[i], NULL, write_to_pipes, NULL), 0);
    for (int i = 0; i < 4; i++)
        REQUIRE_EQ(pthread_join(threads[i], NULL), 0);
}

TEST(sigpipe_never_in_several_threads)
{
    on_each_way(closed_pipes_in_threads);
}

TEST(sigpipe_never_from_a_pipe_made_elsewhere)
{
    sigpipe_by_default();
    int fds[2];
    REQUIRE_EQ(pipe(fds), 0);
    struct mio_pipe_sender sender;
    REQUIRE_EQ(mio_pipe_sender_from_fd(fds[1], &sender), 0);
    REQUIRE_EQ(close(fds[0]), 0);
    CHECK_EQ(mio_pipe_sender_write(&sender, "a", 1), -EPIPE);
    REQUIRE_EQ(mio_source_close(&sender.source), 0);
}

static void closed_socket_as_a_pipe(void)
{
    sigpipe_by_default();
    int fds[2];
    REQUIRE_EQ(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
    struct mio_pipe_sender sender;
    REQUIRE_EQ(mio_pipe_sender_from_fd(fds[1], &sender), 0);
    REQUIRE_EQ(close(fds[0]), 0);
    CHECK_EQ(mio_pipe_sender_write(&sender, "a", 1), -EPIPE);
    REQUIRE_EQ(mio_source_close(&sender.source), 0);
}

TEST(sigpipe_never_from_a_socket_used_as_a_pipe)
{
    on_each_way(closed_socket_as_a_pipe);
}

/* --- sockets --- */

static void write_until_it_fails(struct mio_unix_stream *stream)
{
    ptrdiff_t result = 0;
    struct mio_iovec part = {"abc", 3};
    for (int i = 0; i < 3; i++)
        result = mio_unix_stream_write(stream, "abc", 3);
    CHECK_EQ(result, -EPIPE);
    CHECK_EQ(mio_unix_stream_writev(stream, &part, 1), -EPIPE);
}

TEST(sigpipe_never_from_a_unix_stream)
{
    sigpipe_by_default();
    const struct mio_socket_options records = {.seqpacket = true};
    const struct mio_socket_options *const options[] = {NULL, &records};
    for (int i = 0; i < 2; i++) {
        struct mio_unix_stream first;
        struct mio_unix_stream second;
        REQUIRE_EQ(mio_unix_stream_pair(options[i], &first, &second), 0);
        REQUIRE_EQ(mio_source_close(&second.source), 0);
        write_until_it_fails(&first);
        REQUIRE_EQ(mio_source_close(&first.source), 0);

        REQUIRE_EQ(mio_unix_stream_pair(options[i], &first, &second), 0);
        REQUIRE_EQ(mio_unix_stream_shutdown(&first, MIO_SHUTDOWN_WRITE), 0);
        write_until_it_fails(&first);
        REQUIRE_EQ(mio_source_close(&second.source), 0);
        REQUIRE_EQ(mio_source_close(&first.source), 0);
    }
}

TEST(sigpipe_never_from_a_unix_datagram)
{
    sigpipe_by_default();
    struct mio_unix_datagram first;
    struct mio_unix_datagram second;
    REQUIRE_EQ(mio_unix_datagram_pair(NULL, &first, &second), 0);
    REQUIRE_EQ(mio_unix_datagram_shutdown(&first, MIO_SHUTDOWN_WRITE), 0);
    CHECK_EQ(mio_unix_datagram_send(&first, "abc", 3), -EPIPE);
    REQUIRE_EQ(mio_source_close(&second.source), 0);
    CHECK(mio_unix_datagram_send(&first, "abc", 3) < 0);
    REQUIRE_EQ(mio_source_close(&first.source), 0);
}

static void await(mio_fd fd, short events)
{
    struct pollfd poll_fd = {.fd = fd, .events = events};
    REQUIRE_EQ(poll(&poll_fd, 1, 5000), 1);
}

TEST(sigpipe_never_from_a_tcp_stream)
{
    sigpipe_by_default();
    struct mio_addr addr = mio_addr_ipv4(127, 0, 0, 1, 0);
    struct mio_tcp_listener listener;
    REQUIRE_EQ(mio_tcp_listener_bind(&addr, NULL, &listener), 0);
    REQUIRE_EQ(mio_source_local_addr(&listener.source, &addr), 0);
    struct mio_tcp_stream client;
    struct mio_tcp_stream server;
    REQUIRE_EQ(mio_tcp_stream_connect(&addr, NULL, &client), 0);
    await(listener.source.fd, POLLIN);
    REQUIRE_EQ(mio_tcp_listener_accept(&listener, &server, NULL), 0);
    await(client.source.fd, POLLOUT);
    CHECK_EQ(mio_tcp_stream_finish_connect(&client), 0);

    /* The peer resets it. */
    const struct linger at_close = {.l_onoff = 1, .l_linger = 0};
    REQUIRE_EQ(setsockopt(server.source.fd, SOL_SOCKET, SO_LINGER, &at_close, sizeof at_close), 0);
    REQUIRE_EQ(mio_source_close(&server.source), 0);
    await(client.source.fd, POLLIN);
    CHECK(mio_tcp_stream_write(&client, "abc", 3) < 0);
    struct mio_iovec part = {"abc", 3};
    for (int i = 0; i < 3; i++)
        CHECK_EQ(mio_tcp_stream_writev(&client, &part, 1), -EPIPE);
    REQUIRE_EQ(mio_source_close(&client.source), 0);

    /* Both accepted and own direction shut down. */
    REQUIRE_EQ(mio_tcp_stream_connect(&addr, NULL, &client), 0);
    await(listener.source.fd, POLLIN);
    REQUIRE_EQ(mio_tcp_listener_accept(&listener, &server, NULL), 0);
    REQUIRE_EQ(mio_tcp_stream_shutdown(&server, MIO_SHUTDOWN_WRITE), 0);
    CHECK_EQ(mio_tcp_stream_write(&server, "abc", 3), -EPIPE);
    REQUIRE_EQ(mio_source_close(&server.source), 0);
    REQUIRE_EQ(mio_source_close(&client.source), 0);
    REQUIRE_EQ(mio_source_close(&listener.source), 0);
}

/* SPDX-License-Identifier: MIT */
/* The life of a pipe's two ends: made, used, given away, closed. */
#define _GNU_SOURCE

#include "typed.h"

#include <stdatomic.h>
#include <string.h>
#include <unistd.h>

static void pipe_scenario(void)
{
    struct loop loop = loop_open(0, 16);
    struct mio_pipe_sender sender;
    struct mio_pipe_receiver receiver;
    char bytes[16];
    struct mio_iovec parts[] = {{.base = bytes, .len = 2}, {.base = bytes + 2, .len = 3}};
    STEP(0, mio_pipe_open(&sender, &receiver));
    HOLDS(is_prepared(sender.source.fd) && is_prepared(receiver.source.fd));
    STEP(0, mio_source_register(&receiver.source, loop.registry, SERVER, MIO_READABLE));
    STEP(0, mio_source_register(&sender.source, loop.registry, CLIENT, MIO_WRITABLE));
    STEP(5, mio_pipe_sender_write(&sender, "hello", 5));
    await(&loop, SERVER, MIO_READABLE);
    STEP(5, mio_pipe_receiver_read(&receiver, bytes, sizeof bytes));
    STEP(-EAGAIN, mio_pipe_receiver_read(&receiver, bytes, sizeof bytes));
    STEP(5, mio_pipe_sender_writev(&sender, parts, 2));
    await(&loop, SERVER, MIO_READABLE);
    STEP(5, mio_pipe_receiver_readv(&receiver, parts, 2));
    HOLDS(memcmp(bytes, "hello", 5) == 0);
    STEP(-EAGAIN, mio_pipe_receiver_readv(&receiver, parts, 2));
    STEP(0, mio_pipe_sender_set_nonblocking(&sender, false));
    STEP(0, mio_pipe_sender_set_nonblocking(&sender, true));
    STEP(0, mio_pipe_receiver_set_nonblocking(&receiver, true));
    STEP(0, mio_source_deregister(&receiver.source));
    GIVE_AND_TAKE(pipe_receiver, &receiver);
    STEP(0, mio_source_deregister(&sender.source));
    GIVE_AND_TAKE(pipe_sender, &sender);
    STEP(0, mio_source_register(&sender.source, loop.registry, CLIENT, MIO_WRITABLE));
    CLOSE(&receiver);
    await(&loop, CLIENT, MIO_WRITE_CLOSED);
    STEP(-EPIPE, mio_pipe_sender_write(&sender, "late", 4));
    CLOSE(&sender);
    silent(&loop);
    loop_close(&loop);
}

TEST(pipes)
{
    sweep("pipes", pipe_scenario, APART);
}

extern atomic_bool mio__pipe_write_blocks_signal;

/* A socket takes the flag on every kernel that has it. */
TEST(pipes_a_refusal_of_a_socket_is_the_kernels)
{
    struct mio_pipe_sender sender;
    int ends[2];
    open_pair(ends);
    REQUIRE_EQ(mio_pipe_sender_from_fd(ends[NEAR], &sender), 0);
    atomic_store(&mio__pipe_write_blocks_signal, false);
    fault_order((struct fault){CALL_pwritev2, 1, EOPNOTSUPP});
    CHECK_EQ(mio_pipe_sender_write(&sender, "x", 1), 1);
    bool struck = fault_struck(); /* not where the library does without the call */
    CHECK_EQ(mio_pipe_sender_write(&sender, "x", 1), 1);
    CHECK_EQ(fault_uses(CALL_pwritev2), struck ? 1 : 0);
    CHECK_EQ(mio_source_close(&sender.source), 0);
    CHECK_EQ(close(ends[FAR]), 0);
}

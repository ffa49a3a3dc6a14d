/* SPDX-License-Identifier: MIT */
/* What happens once in a process: each run is a process of its own. */
#define _GNU_SOURCE

#include "sweep.h"

#include <errno.h>

static void first_poll_scenario(void)
{
    struct mio_options options = loop_options(0);
    struct mio_poll *poll;
    int ends[2];
    open_pair(ends);
    MAKE(&poll, mio_poll_new(&options, &poll));
    struct mio_registry *registry = mio_poll_registry(poll);
    STEP(0, mio_registry_register(registry, ends[NEAR], 1, MIO_READABLE));
    STEP(0, mio_registry_deregister(registry, ends[NEAR]));
    FREE(mio_poll_free(poll));
    close_ends(ends);
}

TEST(first_poll)
{
    sweep("first_poll", first_poll_scenario, APART);
}

/* The first write to a pipe finds out whether the kernel has a flag against SIGPIPE. */
static void first_pipe_scenario(void)
{
    struct mio_pipe_sender sender;
    struct mio_pipe_receiver receiver;
    char bytes[16];
    STEP(0, mio_pipe_open(&sender, &receiver));
    STEP(5, mio_pipe_sender_write(&sender, "hello", 5));
    STEP(5, mio_pipe_sender_write(&sender, "again", 5));
    STEP(10, mio_pipe_receiver_read(&receiver, bytes, sizeof bytes));
    STEP(0, mio_source_close(&receiver.source));
    STEP(-EPIPE, mio_pipe_sender_write(&sender, "gone", 4));
    STEP(0, mio_source_close(&sender.source));
}

TEST(first_pipe)
{
    sweep("first_pipe", first_pipe_scenario, APART);
}

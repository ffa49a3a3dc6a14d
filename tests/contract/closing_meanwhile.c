/* SPDX-License-Identifier: MIT */
/* REG9, while another thread sleeps in a wait: what is deregistered and closed is closed at once,
 * for the peer and for the next owner of the address. */
#define _GNU_SOURCE

#include "support.h"

#include <errno.h>
#include <stdatomic.h>
#include <unistd.h>

enum { CLOSES = 1000, WAKE = 99 };

struct sleeper {
    struct loop loop;
    struct mio_waker *waker;
    pthread_t thread;
    atomic_bool is_over;
};

static void *sleep_on(void *argument)
{
    struct sleeper *sleeper = argument;
    while (!atomic_load(&sleeper->is_over))
        CHECK(loop_wait(&sleeper->loop, MIO_FOREVER) >= 0);
    return NULL;
}

static void sleeper_start(struct sleeper *sleeper)
{
    sleeper->loop = loop_open();
    sleeper->waker = waker_open(&sleeper->loop, WAKE);
    atomic_init(&sleeper->is_over, false);
    sleeper->thread = thread_start(sleep_on, sleeper);
}

static void sleeper_stop(struct sleeper *sleeper)
{
    atomic_store(&sleeper->is_over, true);
    CHECK_EQ(mio_waker_wake(sleeper->waker), 0);
    thread_join(sleeper->thread);
    mio_waker_free(sleeper->waker);
    loop_close(&sleeper->loop);
}

TEST(reg9_the_peer_of_a_pipe_sees_the_close_of_a_source)
{
    struct sleeper sleeper;

    sleeper_start(&sleeper);
    for (int i = 0; i < CLOSES; i++) {
        struct mio_pipe_sender sender;
        struct mio_pipe_receiver receiver;
        REQUIRE_EQ(mio_pipe_open(&sender, &receiver), 0);
        REQUIRE_EQ(mio_source_register(&receiver.source, sleeper.loop.registry, 1, MIO_READABLE),
                   0);
        CHECK_EQ(mio_source_close(&receiver.source), 0);
        CHECK_EQ(mio_pipe_sender_write(&sender, "lost", 4), -EPIPE);
        CHECK_EQ(mio_source_close(&sender.source), 0);
    }
    sleeper_stop(&sleeper);
}

TEST(reg9_an_address_is_free_when_its_source_is_closed)
{
    struct sleeper sleeper;
    struct mio_addr addr = mio_addr_ipv4(127, 0, 0, 1, 0);

    sleeper_start(&sleeper);
    for (int i = 0; i < CLOSES; i++) {
        struct mio_tcp_listener listener;
        REQUIRE_EQ(mio_tcp_listener_bind(&addr, NULL, &listener), 0);
        REQUIRE_EQ(mio_source_local_addr(&listener.source, &addr), 0);
        REQUIRE_EQ(mio_source_register(&listener.source, sleeper.loop.registry, 1, MIO_READABLE),
                   0);
        CHECK_EQ(mio_source_close(&listener.source), 0);
    }
    sleeper_stop(&sleeper);
}

TEST(reg9_the_peer_sees_the_close_of_what_was_deregistered)
{
    struct sleeper sleeper;
    char byte;

    sleeper_start(&sleeper);
    for (int i = 0; i < CLOSES; i++) {
        int ends[2];
        open_pair(ends);
        REQUIRE_EQ(mio_registry_register(sleeper.loop.registry, ends[NEAR], 1, MIO_READABLE), 0);
        CHECK_EQ(mio_registry_deregister(sleeper.loop.registry, ends[NEAR]), 0);
        CHECK_EQ(close(ends[NEAR]), 0);
        CHECK_EQ(read(ends[FAR], &byte, 1), 0);
        CHECK_EQ(close(ends[FAR]), 0);
    }
    sleeper_stop(&sleeper);
}

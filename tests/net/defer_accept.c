/* SPDX-License-Identifier: MIT */
/* Listeners that hand over connections with their first bytes. */
#define _GNU_SOURCE

#include "support.h"

#include <errno.h>
#include <sys/socket.h>

static const struct mio_socket_options deferring = {.defer_accept = true};

/* Whether the system has a way to do it at all, loaded or not. */
static bool is_known(void)
{
    return MIO_PLATFORM == MIO_PLATFORM_LINUX || MIO_PLATFORM == MIO_PLATFORM_FREEBSD ||
           MIO_PLATFORM == MIO_PLATFORM_NETBSD || MIO_PLATFORM == MIO_PLATFORM_DRAGONFLY;
}

static void listen_deferring(struct mio_addr *addr, struct mio_tcp_listener *listener)
{
    *addr = loopback_v4();
    int error = mio_tcp_listener_bind(addr, &deferring, listener);
    if (error == -ENOTSUP && is_known())
        SKIP("the filter is not loaded into the kernel");
    REQUIRE_EQ(error, is_known() ? 0 : -ENOTSUP);
    if (error < 0)
        SKIP("this system cannot defer what is accepted, and says so");
    REQUIRE_EQ(mio_source_local_addr(&listener->source, addr), 0);
}

TEST(net_defer_accept_waits_for_the_first_bytes)
{
    struct mio_addr addr;
    struct mio_tcp_listener listener;
    struct mio_tcp_stream client, server;
    listen_deferring(&addr, &listener);
    struct loop loop = loop_open();
    watch(&loop, &listener.source, LISTENER, MIO_READABLE);
    tcp_connect(&addr, &client);
    wait_until(client.source.fd, POLLOUT);
    CHECK_EQ(mio_tcp_stream_finish_connect(&client), 0);
    EXPECT_NOTHING(&loop);
    CHECK_EQ(mio_tcp_listener_accept(&listener, &server, NULL), -EAGAIN);
    tcp_put(&client, "hello");
    EXPECT_ONE(&loop, LISTENER, R);
    REQUIRE_EQ(mio_tcp_listener_accept(&listener, &server, NULL), 0);
    TCP_EXPECT_TEXT(&server, "hello");
    CHECK_EQ(mio_source_close(&client.source), 0);
    CHECK_EQ(mio_source_close(&server.source), 0);
    CHECK_EQ(mio_source_close(&listener.source), 0);
    loop_close(&loop);
}

/* Many at once: each that has spoken is accepted, and its bytes are there. */
TEST(net_defer_accept_hands_over_who_has_spoken)
{
    enum { CLIENTS = 8 };
    struct mio_addr addr;
    struct mio_tcp_listener listener;
    struct mio_tcp_stream clients[CLIENTS], server;
    listen_deferring(&addr, &listener);
    for (int i = 0; i < CLIENTS; i++) {
        tcp_connect(&addr, &clients[i]);
        wait_until(clients[i].source.fd, POLLOUT);
        if (i % 2 == 0)
            tcp_put(&clients[i], "x");
    }
    for (int i = 0; i < CLIENTS; i += 2) {
        tcp_accept(&listener, &server);
        TCP_EXPECT_TEXT(&server, "x");
        CHECK_EQ(mio_source_close(&server.source), 0);
    }
    CHECK_EQ(mio_tcp_listener_accept(&listener, &server, NULL), -EAGAIN);
    for (int i = 0; i < CLIENTS; i++)
        CHECK_EQ(mio_source_close(&clients[i].source), 0);
    CHECK_EQ(mio_source_close(&listener.source), 0);
}

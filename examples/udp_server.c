/* SPDX-License-Identifier: MIT */
/*
 * Sends each datagram back to where it came from: `udp_server [ADDRESS]`, by default 127.0.0.1:0,
 * any free port. SIGINT or SIGTERM stops it. While the socket cannot send it does not receive
 * either: the kernel then drops what does not fit into its queue, as it may with UDP.
 */
#include <mio.h>

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SOCKET, STOP }; /* tokens */
enum { LONGEST = 65535, EVENTS = 4, ROUNDS = 256 };

static struct mio_udp_socket server;
static bool readable, writable; /* since the last event, and no EAGAIN came yet */

/* The datagram that was received and not sent back yet, if there is one. */
static bool waiting;
static char datagram[LONGEST];
static size_t length;
static struct mio_addr sender;

static struct mio_waker *stop_waker;
static unsigned long long received, bytes, dropped;

static void check(int result, const char *what)
{
    if (result < 0) {
        fprintf(stderr, "udp_server: %s: %s\n", what, strerror(-result));
        exit(EXIT_FAILURE);
    }
}

static void on_signal(int number)
{
    (void)number;
    mio_waker_wake(stop_waker); /* allowed here, and it leaves errno alone */
}

/* Returns false when there is nothing more to receive for now. */
static bool receive(void)
{
    ptrdiff_t n = mio_udp_socket_recv_from(&server, datagram, sizeof datagram, &sender);
    if (n == -EAGAIN)
        return readable = false;
    if (n < 0)
        return true; /* -ECONNREFUSED and its kin: somebody did not want what was sent before */
    waiting = true;
    length = (size_t)n; /* 0 is a datagram too */
    received++;
    bytes += length;
    return true;
}

/* Returns false when the datagram has to wait. */
static bool send_back(void)
{
    ptrdiff_t n = mio_udp_socket_send_to(&server, datagram, length, &sender);
    if (n == -EAGAIN)
        return writable = false;
    dropped += n < 0; /* this one cannot be sent, the next perhaps can */
    waiting = false;
    return true;
}

static void echo(void)
{
    for (int round = 0; round < ROUNDS; round++) {
        if (waiting ? !writable : !readable)
            return;
        if (!(waiting ? send_back() : receive()))
            return;
    }
    /* Time to look for a signal. No EAGAIN was reached: registering anew asks for what is ready. */
    check(mio_source_reregister(&server.source, SOCKET, MIO_READABLE | MIO_WRITABLE), "reregister");
}

static void run(struct mio_poll *poll, struct mio_events *events)
{
    for (;;) {
        check(mio_poll_wait_until(poll, events, MIO_FOREVER), "wait");
        mio_events_each(event, events) {
            if (mio_event_token(event) == STOP)
                return;
            readable |= mio_event_may_read(event);
            writable |= mio_event_may_write(event);
        }
        echo();
    }
}

static void start(struct mio_registry *registry, const char *address)
{
    struct mio_addr addr;
    char text[MIO_ADDR_TEXT];
    check(mio_addr_parse(address, &addr), address);
    check(mio_udp_socket_bind(&addr, NULL, &server), address);
    check(mio_source_local_addr(&server.source, &addr), "address");
    check(mio_source_register(&server.source, registry, SOCKET, MIO_READABLE | MIO_WRITABLE),
          "register");
    mio_addr_format(&addr, text, sizeof text);
    printf("listening on %s\n", text);
    fflush(stdout);
}

int main(int argc, char **argv)
{
    struct mio_poll *poll;
    struct mio_events *events;
    check(mio_poll_new(NULL, &poll), "poll");
    check(mio_events_new(EVENTS, NULL, &events), "events");
    check(mio_waker_new(mio_poll_registry(poll), STOP, &stop_waker), "waker");
    signal(SIGINT, on_signal);
    signal(SIGTERM, on_signal);
    start(mio_poll_registry(poll), argc > 1 ? argv[1] : "127.0.0.1:0");
    run(poll, events);

    printf("%s: %llu datagrams, %llu bytes, %llu not sent back\n", mio_poll_backend(poll), received,
           bytes, dropped);
    mio_source_close(&server.source);
    signal(SIGINT, SIG_DFL); /* the waker is going */
    signal(SIGTERM, SIG_DFL);
    mio_waker_free(stop_waker);
    mio_events_free(events);
    mio_poll_free(poll);
    return EXIT_SUCCESS;
}

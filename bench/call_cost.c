/* SPDX-License-Identifier: MIT */
/*
 * What libmio's calls with addresses take beside libc's own, in instructions.
 *
 *   call_cost SIDE CASE ROUNDS      runs rounds of one case within measured(), for callgrind; SIDE
 *                                   is libc or mio, CASE a number below
 *   call_cost list                  the cases' names
 *
 * Both sides make the same system call with the same arguments. Those of libc fill a struct sockaddr
 * and nothing more; those of libmio take and give a struct mio_addr. call_cost.sh compares.
 */
#define _GNU_SOURCE

#include <mio.h>

#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { MOST_ROUNDS = 64, BATCH = 32, SIZE = 1200 };

struct sides {
    struct mio_udp_socket sender, receiver;
    struct mio_tcp_listener listener;
    struct mio_udp_batching plain, whole; /* without and with the kernel's offload */
    struct mio_addr at;
    struct sockaddr_storage name;
    socklen_t name_size;
    struct mio_datagram datagrams[BATCH];
    struct mmsghdr messages[BATCH];
    struct iovec parts[BATCH];
    struct sockaddr_storage names[BATCH];
    char bytes[BATCH][SIZE];
};

static void need(bool condition, const char *what)
{
    if (condition)
        return;
    perror(what);
    exit(1);
}

/* --- one round of each case, on each side --- */

static void libc_send_to(struct sides *sides)
{
    need(sendto(sides->sender.source.fd, sides->bytes, 1, MSG_DONTWAIT | MSG_NOSIGNAL,
                (struct sockaddr *)&sides->name, sides->name_size) == 1,
         "sendto");
}

static void mio_send_to(struct sides *sides)
{
    need(mio_udp_socket_send_to(&sides->sender, sides->bytes, 1, &sides->at) == 1, "send_to");
}

static void libc_recv_from(struct sides *sides)
{
    sides->name_size = sizeof sides->name;
    need(recvfrom(sides->receiver.source.fd, sides->bytes, 1, MSG_DONTWAIT,
                  (struct sockaddr *)&sides->name, &sides->name_size) == 1,
         "recvfrom");
}

static void mio_recv_from(struct sides *sides)
{
    need(mio_udp_socket_recv_from(&sides->receiver, sides->bytes, 1, &sides->at) == 1, "recv_from");
}

static void libc_accept(struct sides *sides)
{
    need(accept4(sides->listener.source.fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC) >= 0,
         "accept4");
}

static void mio_accept(struct sides *sides)
{
    struct mio_tcp_stream stream;
    need(mio_tcp_listener_accept(&sides->listener, &stream, NULL) == 0, "accept");
}

static void libc_accept_from(struct sides *sides)
{
    sides->name_size = sizeof sides->name;
    need(accept4(sides->listener.source.fd, (struct sockaddr *)&sides->name, &sides->name_size,
                 SOCK_NONBLOCK | SOCK_CLOEXEC) >= 0,
         "accept4");
}

static void mio_accept_from(struct sides *sides)
{
    struct mio_tcp_stream stream;
    need(mio_tcp_listener_accept(&sides->listener, &stream, &sides->at) == 0, "accept");
}

/* As a program does that keeps its arrays of headers. */
static void libc_send_batch(struct sides *sides)
{
    for (size_t i = 0; i < BATCH; i++) {
        sides->parts[i] = (struct iovec){sides->bytes[i], SIZE};
        sides->messages[i].msg_hdr = (struct msghdr){.msg_name = &sides->name,
                                                     .msg_namelen = sides->name_size,
                                                     .msg_iov = &sides->parts[i],
                                                     .msg_iovlen = 1};
    }
    need(sendmmsg(sides->sender.source.fd, sides->messages, BATCH, MSG_DONTWAIT) == BATCH,
         "sendmmsg");
}

static void send_batch(struct sides *sides, struct mio_udp_batching *batching)
{
    for (size_t i = 0; i < BATCH; i++) {
        sides->datagrams[i].buffer = sides->bytes[i];
        sides->datagrams[i].size = SIZE;
        sides->datagrams[i].peer = sides->at;
    }
    need(mio_udp_socket_send_batch(&sides->sender, batching, sides->datagrams, BATCH) == BATCH,
         "send_batch");
}

static void mio_send_batch(struct sides *sides)
{
    send_batch(sides, &sides->plain);
}

static void mio_send_segments(struct sides *sides)
{
    send_batch(sides, &sides->whole);
}

static void libc_recv_batch(struct sides *sides)
{
    for (size_t i = 0; i < BATCH; i++) {
        sides->parts[i] = (struct iovec){sides->bytes[i], SIZE};
        sides->messages[i].msg_hdr = (struct msghdr){.msg_name = &sides->names[i],
                                                     .msg_namelen = sizeof sides->names[i],
                                                     .msg_iov = &sides->parts[i],
                                                     .msg_iovlen = 1};
    }
    need(recvmmsg(sides->receiver.source.fd, sides->messages, BATCH, MSG_DONTWAIT, NULL) == BATCH,
         "recvmmsg");
}

static void mio_recv_batch(struct sides *sides)
{
    struct mio_udp_batching *batching = &sides->plain;
    for (size_t i = 0; i < BATCH; i++) {
        sides->datagrams[i].buffer = sides->bytes[i];
        sides->datagrams[i].capacity = SIZE;
    }
    need(mio_udp_socket_recv_batch(&sides->receiver, batching, sides->datagrams, BATCH) == BATCH,
         "recv_batch");
}

typedef void round_function(struct sides *sides);
enum wants { NOTHING, DATAGRAMS, CONNECTIONS };

static const struct call_case {
    const char *name;
    round_function *libc;
    round_function *mio;
    enum wants wants; /* what has to be there, a round */
    int number;       /* of them */
    bool ipv6;
} cases[] = {
    {"send_to", libc_send_to, mio_send_to, NOTHING, 0, false},
    {"send_to, IPv6", libc_send_to, mio_send_to, NOTHING, 0, true},
    {"recv_from", libc_recv_from, mio_recv_from, DATAGRAMS, 1, false},
    {"recv_from, IPv6", libc_recv_from, mio_recv_from, DATAGRAMS, 1, true},
    {"accept", libc_accept, mio_accept, CONNECTIONS, 1, false},
    {"accept, with the peer", libc_accept_from, mio_accept_from, CONNECTIONS, 1, false},
    {"accept, with the peer, IPv6", libc_accept_from, mio_accept_from, CONNECTIONS, 1, true},
    {"send 32", libc_send_batch, mio_send_batch, NOTHING, 0, false},
    {"send 32, by segments", libc_send_batch, mio_send_segments, NOTHING, 0, false},
    {"receive 32", libc_recv_batch, mio_recv_batch, DATAGRAMS, BATCH, false},
};
enum { CASES = sizeof cases / sizeof cases[0] };

/* --- the sockets --- */

static void open_sides(struct sides *sides, const struct call_case *which)
{
    static const uint8_t loopback[16] = {[15] = 1};
    struct mio_addr addr =
        which->ipv6 ? mio_addr_ipv6(loopback, 0) : mio_addr_ipv4(127, 0, 0, 1, 0);
    need(mio_udp_socket_bind(&addr, NULL, &sides->sender) == 0, "bind");
    need(mio_udp_socket_bind(&addr, NULL, &sides->receiver) == 0, "bind");
    need(mio_tcp_listener_bind(&addr, NULL, &sides->listener) == 0, "listen");
    const struct mio_source *at =
        which->wants == CONNECTIONS ? &sides->listener.source : &sides->receiver.source;
    need(mio_source_local_addr(at, &sides->at) == 0, "getsockname");
    int size = mio_addr_to_sockaddr(&sides->at, &sides->name, sizeof sides->name);
    need(size > 0, "mio_addr_to_sockaddr");
    sides->name_size = (socklen_t)size;
    need(mio_udp_socket_prepare_batches(&sides->sender, MIO_UDP_EVERYTHING, &sides->whole) == 0 &&
             mio_udp_socket_prepare_batches(&sides->sender, 0, &sides->plain) == 0,
         "prepare");
}

/* What the next round takes. */
static void provide(struct sides *sides, const struct call_case *which, struct mio_addr at)
{
    for (int i = 0; i < which->number; i++) {
        struct mio_tcp_stream stream;
        if (which->wants == DATAGRAMS)
            need(mio_udp_socket_send_to(&sides->sender, sides->bytes, 1, &at) == 1, "send_to");
        else
            need(mio_tcp_stream_connect(&at, NULL, &stream) == 0, "connect");
    }
}

/* What callgrind looks at. */
__attribute__((noinline)) static void measured(round_function *round, struct sides *sides)
{
    round(sides);
    __asm__ volatile("");
}

static void count(const struct call_case *which, bool mio, long rounds)
{
    static struct sides sides;
    round_function *round = mio ? which->mio : which->libc;
    open_sides(&sides, which);
    const struct mio_addr at = sides.at;
    for (long i = 0; i < rounds + 3; i++) {
        provide(&sides, which, at);
        if (i < 3) /* the first rounds bind symbols */
            round(&sides);
        else
            measured(round, &sides);
    }
}

int main(int argc, char **argv)
{
    if (argc == 2 && strcmp(argv[1], "list") == 0) {
        for (int i = 0; i < CASES; i++)
            puts(cases[i].name);
        return 0;
    }
    long which = argc == 4 ? strtol(argv[2], NULL, 10) : -1;
    long rounds = argc == 4 ? strtol(argv[3], NULL, 10) : 0;
    if (which < 0 || which >= CASES || rounds < 1 || rounds > MOST_ROUNDS) {
        fprintf(stderr, "usage: %s list | (libc|mio) CASE ROUNDS\n", argv[0]);
        return 2;
    }
    count(&cases[which], strcmp(argv[1], "mio") == 0, rounds);
    return 0;
}

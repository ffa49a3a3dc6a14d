/* SPDX-License-Identifier: MIT */
/*
 * TCP servers over the loopback: the CPU time that the server's thread takes for a request, its
 * clients being another process on another core. Requests a second would measure the clients; but
 * for one that never sleeps they are what a server gains that does not sleep either.
 */
#define _GNU_SOURCE

#include "../harness.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

static int listen_anywhere(struct sockaddr_in *address)
{
    socklen_t size = sizeof *address;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    *address = (struct sockaddr_in){.sin_family = AF_INET};
    address->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    bench_need(bind(fd, (struct sockaddr *)address, sizeof *address) == 0, "bind");
    bench_need(listen(fd, 1024) == 0, "listen");
    bench_need(getsockname(fd, (struct sockaddr *)address, &size) == 0, "getsockname");
    return fd;
}

/* --- the clients --- */

struct clients {
    struct sockaddr_in server;
    bool once;
    bool spin; /* look for the answer until it is there, and never sleep */
    int epoll;
    int open;
};

static void ask(int fd)
{
    static const char message[BENCH_MESSAGE];
    (void)!send(fd, message, sizeof message, MSG_NOSIGNAL);
}

/* Until the server is gone. */
static void connect_one(struct clients *clients)
{
    int yes = 1;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (connect(fd, (struct sockaddr *)&clients->server, sizeof clients->server) < 0) {
        close(fd);
        return;
    }
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
    struct epoll_event entry = {.events = EPOLLIN, .data.fd = fd};
    epoll_ctl(clients->epoll, EPOLL_CTL_ADD, fd, &entry);
    clients->open++;
    ask(fd);
}

static void go_on(struct clients *clients, int fd)
{
    char buffer[BENCH_BUFFER];
    ssize_t size = recv(fd, buffer, sizeof buffer, MSG_DONTWAIT);
    if (size > 0 && !clients->once) {
        ask(fd);
        return;
    }
    /* The server closes; that it has is seen next. */
    if (size > 0)
        return;
    bench_close(fd);
    clients->open--;
    if (clients->once)
        connect_one(clients);
}

static void run_clients(struct clients *clients, int count)
{
    struct epoll_event events[64];
    clients->epoll = epoll_create1(EPOLL_CLOEXEC);
    for (int i = 0; i < count; i++)
        connect_one(clients);
    while (clients->open > 0) {
        int ready = epoll_wait(clients->epoll, events, 64, clients->spin ? 0 : -1);
        for (int i = 0; i < ready; i++)
            go_on(clients, events[i].data.fd);
    }
}

/* A listener gives no connection before its first bytes. */
static void defer(int listener)
{
    int seconds = 1;
    bench_need(setsockopt(listener, IPPROTO_TCP, TCP_DEFER_ACCEPT, &seconds, sizeof seconds) == 0,
               "TCP_DEFER_ACCEPT");
}

static pid_t start_clients(const struct sockaddr_in *address, const struct bench_server *server)
{
    pid_t process = fork();
    bench_need(process >= 0, "fork");
    if (process > 0)
        return process;
    bench_pin(1);
    close(server->listener);
    struct clients clients = {.server = *address, .once = server->once, .spin = server->wall};
    run_clients(&clients, server->connections);
    _exit(0);
}

/* --- the server --- */

static double serve(const struct bench_peer *peer, struct bench_server server)
{
    struct sockaddr_in address;
    if (!peer->serve)
        return -1;
    server.listener = listen_anywhere(&address);
    if (server.accepting == BENCH_ACCEPT_AND_READ && peer->serves_as_asked)
        defer(server.listener);
    pid_t clients = start_clients(&address, &server);
    peer->serve(&server);
    close(server.listener);
    bench_need(waitpid(clients, NULL, 0) == clients, "waitpid");
    return (double)(server.end_ns - server.begin_ns) / (double)server.requests;
}

static double echo_round(const struct bench_peer *peer, long connections)
{
    /* A request of a single connection takes a sleep of both sides. */
    long requests = connections == 1 ? 400 : 8000;
    return serve(peer, (struct bench_server){.connections = (int)connections,
                                             .warm_up = requests / 4,
                                             .requests = requests});
}

static double level_round(const struct bench_peer *peer, long connections)
{
    if (peer->only_edges)
        return -1;
    return serve(peer, (struct bench_server){.connections = (int)connections,
                                             .level = true,
                                             .warm_up = 2000,
                                             .requests = 8000});
}

/* The bare loop, with which all are compared, is as it is whatever is asked for. */
static bool heeds(const struct bench_peer *peer, bool asked)
{
    return !asked || peer == bench_peers[0] || peer->serves_as_asked;
}

/* One connection, whose client never sleeps: the time is the server's. */
static double trip_round(const struct bench_peer *peer, long microseconds)
{
    if (!heeds(peer, microseconds > 0))
        return -1;
    return serve(peer, (struct bench_server){.connections = 1,
                                             .wall = true,
                                             .spin_ns = microseconds * 1000,
                                             .warm_up = 500,
                                             .requests = 2000});
}

static double pattern_round(const struct bench_peer *peer, long accepting)
{
    if (!heeds(peer, accepting != BENCH_ACCEPT_ALL))
        return -1;
    return serve(peer, (struct bench_server){.connections = 32,
                                             .once = true,
                                             .accepting = (enum bench_accepting)accepting,
                                             .warm_up = 200,
                                             .requests = 3000});
}

static double accept_round(const struct bench_peer *peer, long connections)
{
    return serve(
        peer, (struct bench_server){
                  .connections = (int)connections, .once = true, .warm_up = 200, .requests = 3000});
}

static const long connection_counts[] = {1, 64, 512};
static const long accept_counts[] = {32};
static const long patterns[] = {BENCH_ACCEPT_ALL, BENCH_ACCEPT_ONE, BENCH_ACCEPT_AND_READ};
static const long spins[] = {0, 50}; /* microseconds */

const struct bench_workload bench_echo = {
    .name = "echo",
    .unit = "request",
    .clock = "cpu",
    .parameters = connection_counts,
    .count = 3,
    .rounds = 25,
    .seconds = 200,
    .round = echo_round,
};

const struct bench_workload bench_accepting = {
    .name = "accept",
    .unit = "connection",
    .clock = "cpu",
    .parameters = accept_counts,
    .count = 1,
    .rounds = 25,
    .round = accept_round,
};

const struct bench_workload bench_echo_level = {
    .name = "echo_level",
    .unit = "request",
    .clock = "cpu",
    .parameters = connection_counts + 1,
    .count = 2,
    .rounds = 15,
    .round = level_round,
};

const struct bench_workload bench_round_trip = {
    .name = "round_trip",
    .unit = "request",
    .clock = "wall",
    .parameters = spins,
    .count = 2,
    .rounds = 25,
    .round = trip_round,
};

const struct bench_workload bench_accept_patterns = {
    .name = "accept_patterns",
    .unit = "connection",
    .clock = "cpu",
    .parameters = patterns,
    .count = 3,
    .rounds = 25,
    .round = pattern_round,
};

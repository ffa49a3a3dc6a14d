/* SPDX-License-Identifier: MIT */
#include "test_support.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

enum { BOUND_SECONDS = 10, NS_PER_S = 1000000000 };

static int result_of(int result)
{
    return result < 0 ? -errno : result;
}

int open_port(void)
{
    int port = port_create();
    REQUIRE(port >= 0);
    return port;
}

int associate(int port, int fd, int events, uintptr_t user)
{
    return result_of(port_associate(port, PORT_SOURCE_FD, (uintptr_t)fd, events, (void *)user));
}

int dissociate(int port, int fd)
{
    return result_of(port_dissociate(port, PORT_SOURCE_FD, (uintptr_t)fd));
}

int send_user(int port, int events, uintptr_t user)
{
    return result_of(port_send(port, events, (void *)user));
}

int getn(int port, port_event_t *list, unsigned max, unsigned *nget, int64_t timeout_ns)
{
    struct timespec timeout = {(time_t)(timeout_ns / NS_PER_S), (long)(timeout_ns % NS_PER_S)};
    return result_of(port_getn(port, list, max, nget, timeout_ns < 0 ? NULL : &timeout));
}

int fetch(int port, port_event_t *list, unsigned max)
{
    unsigned count = 1;
    int result = getn(port, list, max, &count, 0);
    return result == 0 || result == -ETIME ? (int)count : result;
}

port_event_t await(int port)
{
    port_event_t event = {0};
    struct timespec timeout = {BOUND_SECONDS, 0};
    REQUIRE_EQ(result_of(port_get(port, &event, &timeout)), 0);
    return event;
}

bool quiet(int port)
{
    port_event_t event;
    return fetch(port, &event, 1) == 0;
}

void expect_fd(int port, int fd, int events, uintptr_t user, const char *file, int line)
{
    port_event_t list[2] = {{0}, {0}};
    if (!test_check_eq(fetch(port, list, 2), 1, "events", "one", file, line))
        return;
    test_check_eq(list[0].portev_source, PORT_SOURCE_FD, "source", "PORT_SOURCE_FD", file, line);
    test_check_eq((int64_t)list[0].portev_object, fd, "object", "the descriptor", file, line);
    test_check_eq(list[0].portev_events, events, "events", "those", file, line);
    test_check_eq((int64_t)(uintptr_t)list[0].portev_user, (int64_t)user, "user", "that", file,
                  line);
}

void open_pair(int ends[2])
{
    REQUIRE_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends), 0);
}

void open_pipe(int ends[2])
{
    REQUIRE_EQ(pipe2(ends, O_NONBLOCK | O_CLOEXEC), 0);
}

void open_tcp(int ends[2])
{
    struct sockaddr_in address = {.sin_family = AF_INET};
    socklen_t length = sizeof address;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    REQUIRE_EQ(bind(listener, (struct sockaddr *)&address, length), 0);
    REQUIRE_EQ(listen(listener, 1), 0);
    REQUIRE_EQ(getsockname(listener, (struct sockaddr *)&address, &length), 0);
    ends[FAR] = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    REQUIRE_EQ(connect(ends[FAR], (struct sockaddr *)&address, length), 0);
    ends[NEAR] = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    REQUIRE(ends[NEAR] >= 0);
    close(listener);
}

void close_pair(const int ends[2])
{
    close(ends[NEAR]);
    close(ends[FAR]);
}

size_t fill(int fd)
{
    static const char buffer[4096];
    size_t total = 0;
    ssize_t count;
    while ((count = write(fd, buffer, sizeof buffer)) > 0)
        total += (size_t)count;
    return total;
}

int closed_descriptor(void)
{
    int fd = dup(STDERR_FILENO);
    close(fd);
    return fd;
}

int in_child(int (*run)(void *), void *argument)
{
    int status = 0;
    fflush(NULL);
    pid_t child = fork();
    REQUIRE(child >= 0);
    if (child == 0)
        _exit(run(argument));
    REQUIRE_EQ(waitpid(child, &status, 0), child);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128;
}

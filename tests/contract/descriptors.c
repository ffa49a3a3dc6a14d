/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE

#include "descriptors.h"

#include "facts/facts.h"
#include "test.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

void set_nonblocking(int fd)
{
    int flags = fcntl(fd, F_GETFL);
    REQUIRE(flags >= 0);
    REQUIRE_EQ(fcntl(fd, F_SETFL, flags | O_NONBLOCK), 0);
    REQUIRE_EQ(fcntl(fd, F_SETFD, FD_CLOEXEC), 0);
}

void open_pair(int ends[2])
{
    REQUIRE_EQ(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
    set_nonblocking(ends[0]);
    set_nonblocking(ends[1]);
}

void open_pipe(int ends[2])
{
    REQUIRE_EQ(pipe(ends), 0);
    set_nonblocking(ends[0]);
    set_nonblocking(ends[1]);
}

static struct sockaddr_in loopback(uint16_t port)
{
    struct sockaddr_in address;
    memset(&address, 0, sizeof address);
    address.sin_family = AF_INET;
    address.sin_port = port;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return address;
}

int open_tcp_socket(void)
{
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    REQUIRE(fd >= 0);
    set_nonblocking(fd);
    return fd;
}

int open_listener(uint16_t *port)
{
    int fd = open_tcp_socket();
    struct sockaddr_in address = loopback(0);
    socklen_t length = sizeof address;
    REQUIRE_EQ(bind(fd, (struct sockaddr *)&address, sizeof address), 0);
    REQUIRE_EQ(getsockname(fd, (struct sockaddr *)&address, &length), 0);
    *port = address.sin_port;
    REQUIRE_EQ(listen(fd, 16), 0);
    return fd;
}

void refuse_datagrams(int fd)
{
    struct sockaddr_in own;
    socklen_t length = sizeof own;
    REQUIRE_EQ(getsockname(fd, (struct sockaddr *)&own, &length), 0);
    REQUIRE_EQ(connect(fd, (struct sockaddr *)&own, length), 0);
}

int connect_to(int fd, uint16_t port)
{
    struct sockaddr_in address = loopback(port);
    return connect(fd, (struct sockaddr *)&address, sizeof address) == 0 ? 0 : -errno;
}

static bool is_refused(uint16_t port)
{
    enum { LONG_ENOUGH_MS = 1000 };
    int fd = open_tcp_socket();
    int error = -connect_to(fd, port);
    struct pollfd waiting = {.fd = fd, .events = POLLIN | POLLOUT};
    socklen_t length = sizeof error;
    if (error == EINPROGRESS && poll(&waiting, 1, LONG_ENOUGH_MS) == 1)
        REQUIRE_EQ(getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &length), 0);
    CHECK_EQ(close(fd), 0);
    return error == ECONNREFUSED;
}

uint16_t port_of_nobody(void)
{
    static const uint16_t numbers[] = {1, 2, 3, 4, 6, 8, 10, 12, 14, 16};
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
        if (is_refused(htons(numbers[i])))
            return htons(numbers[i]);
    }
    SKIP("somebody listens, or a packet filter drops, at each of the low ports");
}

static void wait_for(int fd, short what)
{
    struct pollfd waiting = {.fd = fd, .events = what};
    int count;
    do {
        count = poll(&waiting, 1, BOUND_SECONDS * 1000);
    } while (count < 0 && errno == EINTR);
    REQUIRE_EQ(count, 1);
}

int accept_one(int listener)
{
    wait_for(listener, POLLIN);
    int fd = accept(listener, NULL, NULL);
    REQUIRE(fd >= 0);
    set_nonblocking(fd);
    return fd;
}

void open_tcp(int ends[2])
{
    uint16_t port;
    int listener = open_listener(&port);
    ends[0] = open_tcp_socket();
    int result = connect_to(ends[0], port);
    REQUIRE(result == 0 || result == -EINPROGRESS);
    ends[1] = accept_one(listener);
    wait_for(ends[0], POLLOUT);
    CHECK_EQ(close(listener), 0);
}

void close_pair(const int ends[2])
{
    CHECK_EQ(close(ends[0]), 0);
    CHECK_EQ(close(ends[1]), 0);
}

void close_with_reset(int fd)
{
    struct linger at_close = {.l_onoff = 1, .l_linger = 0};
    CHECK_EQ(setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_close, sizeof at_close), 0);
    CHECK_EQ(close(fd), 0);
}

size_t fill(int fd)
{
    static const char block[4096];
    size_t total = 0;
    ssize_t count;
    while ((count = write(fd, block, sizeof block)) > 0)
        total += (size_t)count;
    return total;
}

void again(struct loop *loop, int fd, mio_interest interest)
{
    if (fact("edges have to be asked for after EAGAIN") != 0)
        CHECK_EQ(mio_registry_rearm(loop->registry, fd, interest), 0);
}

size_t drain_again(struct loop *loop, int fd, mio_interest interest)
{
    size_t count = drain(fd);
    again(loop, fd, interest);
    return count;
}

int closed_descriptor(void)
{
    int fd = dup(STDERR_FILENO);
    REQUIRE(fd >= 0);
    CHECK_EQ(close(fd), 0);
    return fd;
}

struct loop open_registered(int ends[2], mio_interest interest)
{
    struct loop loop = loop_open();
    open_pair(ends);
    REQUIRE_EQ(mio_registry_register(loop.registry, ends[NEAR], 1, interest), 0);
    return loop;
}

void close_registered(struct loop *loop, const int ends[2])
{
    CHECK_EQ(mio_registry_deregister(loop->registry, ends[NEAR]), 0);
    close_pair(ends);
    loop_close(loop);
}

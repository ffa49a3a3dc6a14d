/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE

#include "channel.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    KINDS = CHANNEL_UDP + 1,
    IN_STOCK = 2 * OBJECTS,
    BUFFER = 16384, /* small, so that filling is quick */
    IO_SIZE = 16384,
    BOUND_MS = 10000
};

static struct {
    int pairs[IN_STOCK][2];
    int count;
} stock[KINDS];

static int listener = -1;
static struct sockaddr_in listener_address;

static void must(bool good, const char *what)
{
    if (good)
        return;
    perror(what);
    abort();
}

int channel_ready(int fd)
{
    if (fd >= 0)
        must(fcntl(fd, F_SETFD, FD_CLOEXEC) == 0 && fcntl(fd, F_SETFL, O_NONBLOCK) == 0, "fcntl");
    return fd;
}

static void set(int fd, int level, int name, int value)
{
    must(setsockopt(fd, level, name, &value, sizeof value) == 0, "setsockopt");
}

static int new_socket(int type)
{
    int fd = channel_ready(socket(AF_INET, type, 0));
    must(fd >= 0, "socket");
    set(fd, SOL_SOCKET, SO_SNDBUF, BUFFER);
    set(fd, SOL_SOCKET, SO_RCVBUF, BUFFER);
    if (type == SOCK_STREAM)
        set(fd, IPPROTO_TCP, TCP_NODELAY, 1);
    return fd;
}

static void bind_to_loopback(int fd, struct sockaddr_in *address)
{
    socklen_t length = sizeof *address;
    memset(address, 0, sizeof *address);
    address->sin_family = AF_INET;
    address->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    must(bind(fd, (struct sockaddr *)address, sizeof *address) == 0, "bind");
    must(getsockname(fd, (struct sockaddr *)address, &length) == 0, "getsockname");
}

static void wait_for(int fd, short what)
{
    struct pollfd waiting = {.fd = fd, .events = what};
    int count;
    do {
        count = poll(&waiting, 1, BOUND_MS);
    } while (count < 0 && errno == EINTR);
    must(count == 1, "a loopback connection");
}

static void open_tcp(int ends[2])
{
    if (listener < 0) {
        listener = new_socket(SOCK_STREAM);
        bind_to_loopback(listener, &listener_address);
        must(listen(listener, 64) == 0, "listen");
    }
    ends[0] = new_socket(SOCK_STREAM);
    int result = connect(ends[0], (struct sockaddr *)&listener_address, sizeof listener_address);
    must(result == 0 || errno == EINPROGRESS, "connect");
    wait_for(listener, POLLIN);
    ends[1] = channel_ready(accept(listener, NULL, NULL));
    must(ends[1] >= 0, "accept");
    set(ends[1], IPPROTO_TCP, TCP_NODELAY, 1);
    wait_for(ends[0], POLLOUT);
}

static void open_udp(int ends[2])
{
    struct sockaddr_in addresses[2];
    for (int i = 0; i < 2; i++) {
        ends[i] = new_socket(SOCK_DGRAM);
        bind_to_loopback(ends[i], &addresses[i]);
    }
    for (int i = 0; i < 2; i++)
        must(connect(ends[i], (struct sockaddr *)&addresses[1 - i], sizeof addresses[0]) == 0,
             "connect");
}

static void open_unix(int ends[2])
{
    must(socketpair(AF_UNIX, SOCK_STREAM, 0, ends) == 0, "socketpair");
    channel_ready(ends[0]);
    channel_ready(ends[1]);
    set(ends[0], SOL_SOCKET, SO_SNDBUF, BUFFER);
    set(ends[1], SOL_SOCKET, SO_SNDBUF, BUFFER);
}

/* Where the kernel is the model, it has its own idea of a pipe's room. */
#if MIO_PLATFORM == MIO_PLATFORM_LINUX
static void make_small(int pipe)
{
    must(fcntl(pipe, F_SETPIPE_SZ, BUFFER) >= 0, "F_SETPIPE_SZ");
}
#else
static void make_small(int pipe)
{
    (void)pipe;
}
#endif

static void open_pipe(int ends[2])
{
    must(pipe(ends) == 0, "pipe");
    channel_ready(ends[0]);
    channel_ready(ends[1]);
    make_small(ends[0]);
}

/* --- FIFOs: each is called by its inode, in a folder of the process's own --- */

enum { PATH_SIZE = 128 };

static char folder[PATH_SIZE / 2];

static void name_of(int fd, char path[PATH_SIZE])
{
    struct stat status;
    must(fstat(fd, &status) == 0, "fstat");
    snprintf(path, PATH_SIZE, "%s/%llu", folder, (unsigned long long)status.st_ino);
}

static int open_fifo_end(const char *path, bool reads)
{
    return open(path, (reads ? O_RDONLY : O_WRONLY) | O_NONBLOCK | O_CLOEXEC);
}

static void open_fifo(int ends[2])
{
    char made[PATH_SIZE];
    char path[PATH_SIZE];
    if (folder[0] == '\0') {
        snprintf(folder, sizeof folder, "/tmp/mio-fuzz-XXXXXX");
        must(mkdtemp(folder) != NULL, folder);
    }
    snprintf(made, sizeof made, "%s/new", folder);
    must(mkfifo(made, S_IRUSR | S_IWUSR) == 0, "mkfifo");
    ends[0] = open_fifo_end(made, true);
    ends[1] = open_fifo_end(made, false);
    must(ends[0] >= 0 && ends[1] >= 0, "a FIFO");
    name_of(ends[0], path);
    must(rename(made, path) == 0, "rename");
    make_small(ends[0]);
}

static int reopen_udp(int other)
{
    struct sockaddr_in mine;
    struct sockaddr_in yours;
    socklen_t length = sizeof mine;
    must(getpeername(other, (struct sockaddr *)&mine, &length) == 0, "getpeername");
    length = sizeof yours;
    must(getsockname(other, (struct sockaddr *)&yours, &length) == 0, "getsockname");
    int fd = new_socket(SOCK_DGRAM);
    if (bind(fd, (struct sockaddr *)&mine, sizeof mine) == 0 &&
        connect(fd, (struct sockaddr *)&yours, sizeof yours) == 0)
        return fd;
    close(fd); /* somebody else has the port */
    return -1;
}

int channel_reopen(enum channel channel, int other, bool reads)
{
    char path[PATH_SIZE];
    if (channel == CHANNEL_UDP)
        return reopen_udp(other);
    name_of(other, path);
    return open_fifo_end(path, reads);
}

void channel_forget(enum channel channel, int fd)
{
    char path[PATH_SIZE];
    if (channel != CHANNEL_FIFO)
        return;
    name_of(fd, path);
    must(unlink(path) == 0, path);
}

void channel_open(enum channel channel, int ends[2])
{
    if (stock[channel].count > 0) {
        memcpy(ends, stock[channel].pairs[--stock[channel].count], 2 * sizeof *ends);
        return;
    }
    switch (channel) {
    case CHANNEL_PIPE:
        open_pipe(ends);
        break;
    case CHANNEL_FIFO:
        open_fifo(ends);
        break;
    case CHANNEL_TCP:
        open_tcp(ends);
        break;
    case CHANNEL_UDP:
        open_udp(ends);
        break;
    default:
        open_unix(ends);
        break;
    }
}

void channel_give_back(enum channel channel, const int ends[2])
{
    if (stock[channel].count < IN_STOCK) {
        memcpy(stock[channel].pairs[stock[channel].count++], ends, 2 * sizeof *ends);
        return;
    }
    close(ends[0]);
    channel_forget(channel, ends[1]);
    channel_close_last(channel, ends[1]);
}

void channel_close_last(enum channel channel, int fd)
{
    const struct linger at_close = {.l_onoff = 1, .l_linger = 0};
    if (channel == CHANNEL_TCP)
        setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_close, sizeof at_close);
    must(close(fd) == 0, "close");
}

long channel_read(int fd, size_t size)
{
    static char buffer[IO_SIZE];
    ssize_t result = read(fd, buffer, size < IO_SIZE ? size : IO_SIZE);
    return result < 0 ? -errno : result;
}

long channel_write(enum channel channel, int fd, size_t size)
{
    static const char buffer[IO_SIZE];
    size = size < IO_SIZE ? size : IO_SIZE;
    bool is_pipe = channel == CHANNEL_PIPE || channel == CHANNEL_FIFO;
    ssize_t result = is_pipe ? write(fd, buffer, size) : send(fd, buffer, size, 0);
    return result < 0 ? -errno : result;
}

int channel_kept(void)
{
    int kept = listener >= 0;
    for (int kind = 0; kind < KINDS; kind++)
        kept += 2 * stock[kind].count;
    return kept;
}

void channel_close_all(void)
{
    for (int kind = 0; kind < KINDS; kind++) {
        while (stock[kind].count > 0) {
            const int *ends = stock[kind].pairs[--stock[kind].count];
            close(ends[0]);
            channel_forget((enum channel)kind, ends[1]);
            channel_close_last((enum channel)kind, ends[1]);
        }
    }
    if (listener >= 0)
        close(listener);
    listener = -1;
    if (folder[0] != '\0')
        rmdir(folder);
    folder[0] = '\0';
}

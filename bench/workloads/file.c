/* SPDX-License-Identifier: MIT */
/*
 * A file of a megabyte to a connection over the loopback: the CPU time of the sending thread. The
 * bare loop reads and sends, 16 KiB at a time; libmio asks the kernel.
 *
 * The receiver is another process on the same core. On another one it would do some of the network's
 * work in the sender's place, now more of it and now less.
 */
#define _GNU_SOURCE

#include "../harness.h"

#include <errno.h>
#include <mio.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

enum { FILE_SIZE = 1 << 20, COPIES = 20, PART = 16384, SEND_BUFFER = 1 << 18 };

static int open_file(void)
{
    static int file = -1;
    if (file >= 0)
        return file;
    char *content = bench_allocate(1, FILE_SIZE);
    file = memfd_create("file", MFD_CLOEXEC);
    bench_need(file >= 0 && write(file, content, FILE_SIZE) == FILE_SIZE, "memfd_create");
    free(content);
    return file;
}

/* A connection whose other end a child reads until it ends. */
static pid_t connect_reader(int *sender)
{
    struct sockaddr_in address = {.sin_family = AF_INET};
    socklen_t size = sizeof address;
    int buffer_size = SEND_BUFFER;
    static char buffer[1 << 17];
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    bench_need(bind(listener, (struct sockaddr *)&address, size) == 0 && listen(listener, 1) == 0 &&
                   getsockname(listener, (struct sockaddr *)&address, &size) == 0,
               "listen");
    pid_t reader = fork();
    bench_need(reader >= 0, "fork");
    if (reader == 0) {
        int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        if (connect(fd, (struct sockaddr *)&address, size) == 0) {
            while (recv(fd, buffer, sizeof buffer, 0) > 0)
                continue;
        }
        _exit(0);
    }
    *sender = accept4(listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
    bench_need(*sender >= 0, "accept4");
    setsockopt(*sender, SOL_SOCKET, SO_SNDBUF, &buffer_size, sizeof buffer_size);
    close(listener);
    return reader;
}

static void await_room(int sender)
{
    struct pollfd entry = {.fd = sender, .events = POLLOUT};
    bench_need(poll(&entry, 1, -1) == 1, "poll");
}

/* How much went out: what was read and found no room is read again. */
static ssize_t send_by_copy(int sender, int file, off_t offset)
{
    char buffer[PART];
    ssize_t got = pread(file, buffer, sizeof buffer, offset);
    bench_need(got > 0, "pread");
    ssize_t sent = send(sender, buffer, (size_t)got, MSG_NOSIGNAL);
    bench_need(sent > 0 || errno == EAGAIN, "send");
    return sent > 0 ? sent : 0;
}

static ssize_t send_by_libmio(int sender, int file, off_t offset)
{
    struct mio_tcp_stream stream;
    bench_need(mio_tcp_stream_from_fd(sender, &stream) == 0, "mio_tcp_stream_from_fd");
    ptrdiff_t sent = mio_tcp_stream_send_file(&stream, file, offset, (size_t)(FILE_SIZE - offset));
    bench_need(sent > 0 || sent == -EAGAIN, "mio_tcp_stream_send_file");
    return sent > 0 ? sent : 0;
}

typedef ssize_t send_function(int sender, int file, off_t offset);

static void send_file(int sender, int file, send_function *some)
{
    for (off_t offset = 0; offset < FILE_SIZE;) {
        ssize_t sent = some(sender, file, offset);
        offset += sent;
        if (sent == 0)
            await_room(sender);
    }
}

static double file_round(const struct bench_peer *peer, long parameter)
{
    bool by_libmio = peer == &bench_mio;
    (void)parameter;
    if (!by_libmio && peer != bench_peers[0])
        return -1;
    int file = open_file();
    int sender;
    pid_t reader = connect_reader(&sender);
    send_file(sender, file, by_libmio ? send_by_libmio : send_by_copy);
    int64_t start = bench_cpu_ns();
    for (int i = 0; i < COPIES; i++)
        send_file(sender, file, by_libmio ? send_by_libmio : send_by_copy);
    int64_t end = bench_cpu_ns();
    close(sender);
    bench_need(waitpid(reader, NULL, 0) == reader, "waitpid");
    return (double)(end - start) / COPIES;
}

static const long sizes[] = {FILE_SIZE};

const struct bench_workload bench_file = {
    .name = "file",
    .unit = "megabyte",
    .clock = "cpu",
    .parameters = sizes,
    .count = 1,
    .rounds = 25,
    .round = file_round,
};

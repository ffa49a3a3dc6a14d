/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE

#include "harness.h"

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

int64_t bench_round_ns = 3000000;

void bench_need(bool condition, const char *what)
{
    if (condition)
        return;
    perror(what);
    _exit(1);
}

void *bench_allocate(size_t count, size_t size)
{
    if (count == 0)
        return NULL;
    void *made = calloc(count, size);
    bench_need(made != NULL, "calloc");
    return made;
}

/* --- descriptors --- */

int bench_eventfd(void)
{
    int fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    bench_need(fd >= 0, "eventfd");
    return fd;
}

void bench_read(int fd)
{
    uint64_t value;
    bench_need(read(fd, &value, sizeof value) == sizeof value, "read");
}

#if defined(__x86_64__)

static long direct_write(int fd, const void *buffer, size_t size)
{
    long result;
    __asm__ volatile("syscall"
                     : "=a"(result)
                     : "a"(SYS_write), "D"((long)fd), "S"(buffer), "d"(size)
                     : "rcx", "r11", "memory");
    return result;
}

#else

static long direct_write(int fd, const void *buffer, size_t size)
{
    return syscall(SYS_write, fd, buffer, size);
}

#endif

void bench_ring(int fd)
{
    uint64_t one = 1;
    bench_need(direct_write(fd, &one, sizeof one) == sizeof one, "write");
}

/* --- a server's means --- */

static int64_t clock_of(const struct bench_server *server)
{
    return server->wall ? bench_wall_ns() : bench_cpu_ns();
}

bool bench_answered(struct bench_server *server)
{
    server->answered++;
    if (server->answered == server->warm_up)
        server->begin_ns = clock_of(server);
    if (server->answered != server->warm_up + server->requests)
        return server->answered > server->warm_up + server->requests;
    server->end_ns = clock_of(server);
    return true;
}

int bench_accept(const struct bench_server *server)
{
    int fd = accept4(server->listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    bench_need(fd >= 0 || errno == EAGAIN, "accept4");
    return fd;
}

bool bench_answer(int fd)
{
    char buffer[BENCH_BUFFER];
    ssize_t size = recv(fd, buffer, sizeof buffer, 0);
    if (size < 0 && errno == EAGAIN)
        return true;
    return size > 0 && send(fd, buffer, (size_t)size, MSG_NOSIGNAL) == size;
}

void bench_linger(int fd)
{
    struct linger linger = {.l_onoff = 1, .l_linger = 0};
    setsockopt(fd, SOL_SOCKET, SO_LINGER, &linger, sizeof linger);
}

void bench_close(int fd)
{
    bench_linger(fd);
    close(fd);
}

/* --- clocks --- */

static int64_t read_clock(clockid_t clock)
{
    struct timespec time;
    clock_gettime(clock, &time);
    return (int64_t)time.tv_sec * 1000000000 + time.tv_nsec;
}

int64_t bench_wall_ns(void)
{
    return read_clock(CLOCK_MONOTONIC);
}

int64_t bench_cpu_ns(void)
{
    return read_clock(CLOCK_THREAD_CPUTIME_ID);
}

void bench_pin(int core)
{
    cpu_set_t allowed;
    static cpu_set_t at_start;
    static bool known;
    if (!known) {
        sched_getaffinity(0, sizeof at_start, &at_start);
        known = true;
    }
    /* The core of that number among those this program may use; the last where there are fewer. */
    int chosen = -1;
    for (int i = 0; i < CPU_SETSIZE && core >= 0; i++) {
        if (CPU_ISSET((size_t)i, &at_start)) {
            chosen = i;
            core--;
        }
    }
    CPU_ZERO(&allowed);
    CPU_SET((size_t)chosen, &allowed);
    sched_setaffinity(0, sizeof allowed, &allowed);
}

static int64_t time_times(bench_operation *operation, const struct bench_peer *peer,
                          struct bench_loop *loop, void *user, long times)
{
    int64_t start = bench_cpu_ns();
    for (long i = 0; i < times; i++)
        operation(peer, loop, user);
    return bench_cpu_ns() - start;
}

double bench_time(bench_operation *operation, const struct bench_peer *peer,
                  struct bench_loop *loop, void *user)
{
    /* The first times tell the kernel what a loop has only noted. */
    time_times(operation, peer, loop, user, 3);
    /* Finds out how many times fill a round. */
    long times = 1;
    int64_t taken = time_times(operation, peer, loop, user, times);
    while (taken < bench_round_ns / 8) {
        times *= 2;
        taken = time_times(operation, peer, loop, user, times);
    }
    if (taken < bench_round_ns)
        times = (long)((double)times * (double)bench_round_ns / (double)taken);
    return (double)time_times(operation, peer, loop, user, times) / (double)times;
}

__attribute__((noinline)) static void measured(bench_operation *operation,
                                               const struct bench_peer *peer,
                                               struct bench_loop *loop, void *user, long times)
{
    for (long i = 0; i < times; i++) {
        operation(peer, loop, user);
        __asm__ volatile("");
    }
}

void bench_counted(bench_operation *operation, const struct bench_peer *peer,
                   struct bench_loop *loop, void *user, long times)
{
    for (int i = 0; i < 3; i++)
        operation(peer, loop, user);
    measured(operation, peer, loop, user, times);
}

static void *sleep_for_ever(void *argument)
{
    (void)argument;
    for (;;)
        pause();
    return NULL;
}

void bench_start_sleeper(void)
{
    pthread_t thread;
    bench_need(pthread_create(&thread, NULL, sleep_for_ever, NULL) == 0, "pthread_create");
    pthread_detach(thread);
}

/* SPDX-License-Identifier: MIT */
/*
 * The heap that a loop takes, and each descriptor that it watches: what malloc() has given and not
 * got back; main.c turns glibc's caches off, which count as given. What the program must keep
 * itself (a watcher, a handle) counts; the kernel's part, which is the same for all that use epoll,
 * does not.
 */
#define _GNU_SOURCE

#include "../harness.h"

#include <dirent.h>
#include <malloc.h>

enum { MOST = 10000, CAPACITY = 64 };

static int fds[MOST];

static double heap(void)
{
    struct mallinfo2 info = mallinfo2();
    return (double)(info.uordblks + info.hblkhd);
}

static struct bench_loop *open_loop(const struct bench_peer *peer, size_t descriptors)
{
    /* Room for as many events as libev starts with. */
    struct bench_options options = {
        .descriptors = descriptors, .wakes = peer->wake != NULL, .capacity = CAPACITY};
    return peer->open(&options);
}

/* What a process needs once is taken by a first loop. */
static void warm_up(const struct bench_peer *peer)
{
    peer->close(open_loop(peer, 0));
}

static double descriptor_bytes(const struct bench_peer *peer, long descriptors)
{
    if (!peer->open)
        return -1;
    for (long i = 0; i < descriptors; i++) {
        if (fds[i] == 0)
            fds[i] = bench_eventfd();
    }
    warm_up(peer);
    double at_start = heap();
    struct bench_loop *loop = open_loop(peer, 0);
    double empty = heap() - at_start;
    peer->close(loop);
    at_start = heap();
    loop = open_loop(peer, (size_t)descriptors);
    for (long i = 0; i < descriptors; i++)
        peer->add(loop, (size_t)i, fds[i]);
    peer->look(loop);
    double full = heap() - at_start;
    for (long i = 0; i < descriptors; i++)
        peer->remove(loop, (size_t)i, fds[i]);
    peer->close(loop);
    return (full - empty) / (double)descriptors;
}

static double poll_bytes(const struct bench_peer *peer, long parameter)
{
    (void)parameter;
    if (!peer->open)
        return -1;
    warm_up(peer);
    double at_start = heap();
    struct bench_loop *loop = open_loop(peer, 0);
    double bytes = heap() - at_start;
    peer->close(loop);
    return bytes;
}

static double count_open(void)
{
    int count = 0;
    DIR *folder = opendir("/proc/self/fd");
    bench_need(folder != NULL, "opendir");
    while (readdir(folder))
        count++;
    closedir(folder);
    return count;
}

static double poll_descriptors(const struct bench_peer *peer, long parameter)
{
    (void)parameter;
    if (!peer->open)
        return -1;
    warm_up(peer);
    double at_start = count_open();
    struct bench_loop *loop = open_loop(peer, 0);
    double count = count_open() - at_start;
    peer->close(loop);
    return count;
}

static const long watched[] = {1000, MOST};
static const long only[] = {CAPACITY};

const struct bench_workload bench_memory_descriptor = {
    .name = "memory_descriptor",
    .unit = "descriptor",
    .clock = "bytes",
    .parameters = watched,
    .count = 2,
    .once = true,
    .round = descriptor_bytes,
};

const struct bench_workload bench_memory_poll = {
    .name = "memory_poll",
    .unit = "poll and waker",
    .clock = "bytes",
    .parameters = only,
    .count = 1,
    .once = true,
    .round = poll_bytes,
};

const struct bench_workload bench_descriptors_poll = {
    .name = "descriptors_poll",
    .unit = "poll and waker",
    .clock = "descriptors",
    .parameters = only,
    .count = 1,
    .once = true,
    .round = poll_descriptors,
};

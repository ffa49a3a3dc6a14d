/* SPDX-License-Identifier: MIT */
/*
 * What libmio adds to a bare epoll_wait loop.
 *
 *   wait_cost time [FILE]              prints times beside those of the bare loop, and writes them
 *                                      as JSON to FILE
 *   wait_cost count SIDE CASE ROUNDS   runs rounds of one case within measured(), for callgrind;
 *                                      SIDE is bare or mio, CASE a number below
 *
 * Both sides do the same work by the same means, libc's read and write; only waiting, dispatching
 * and waking differ. wait_cost.sh does both and compares.
 */
#define _GNU_SOURCE

#include <mio.h>

#include <inttypes.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

enum { DESCRIPTORS = 1000, CAPACITY = 1024, DOORBELL = 0, NS_PER_S = 1000000000 };

/* A set of descriptors, watched by an epoll set or by a poll. */
struct side {
    int fds[DESCRIPTORS];
    int epoll;
    int doorbell;
    struct epoll_event list[CAPACITY];
    struct mio_poll *poll;
    struct mio_events *events;
    struct mio_waker *waker;
};

static void need(bool condition, const char *what)
{
    if (condition)
        return;
    perror(what);
    exit(1);
}

static void put(int fd)
{
    uint64_t one = 1;
    need(write(fd, &one, sizeof one) == sizeof one, "write");
}

static void get(int fd)
{
    uint64_t value;
    need(read(fd, &value, sizeof value) == sizeof value, "read");
}

/* --- one round of each case, on each side: `n` descriptors become ready, or `n` wakes --- */

static void bare_wait(struct side *side, int n)
{
    for (int i = 0; i < n; i++)
        put(side->fds[i]);
    for (int left = n; left > 0;) {
        int count = epoll_wait(side->epoll, side->list, CAPACITY, -1);
        for (int i = 0; i < count; i++) {
            if ((side->list[i].events & EPOLLIN) != 0) {
                get((int)side->list[i].data.u64);
                left--;
            }
        }
    }
}

static void mio_wait(struct side *side, int n)
{
    for (int i = 0; i < n; i++)
        put(side->fds[i]);
    for (int left = n; left > 0;) {
        int count = mio_poll_wait(side->poll, side->events, MIO_FOREVER);
        (void)count;
        mio_events_each(event, side->events) {
            if (mio_event_is_readable(event)) {
                get((int)mio_event_token(event));
                left--;
            }
        }
    }
}

static void bare_wake(struct side *side, int n)
{
    for (int i = 0; i < n; i++)
        put(side->doorbell);
    need(epoll_wait(side->epoll, side->list, CAPACITY, 0) == 1, "a wake");
}

static void mio_wake(struct side *side, int n)
{
    for (int i = 0; i < n; i++)
        mio_waker_wake(side->waker);
    need(mio_poll_wait(side->poll, side->events, 0) == 1, "a wake");
}

static void bare_wake_and_sleep(struct side *side, int n)
{
    for (int i = 0; i < n; i++) {
        put(side->doorbell);
        need(epoll_wait(side->epoll, side->list, CAPACITY, -1) == 1, "a wake");
    }
}

static void mio_wake_and_sleep(struct side *side, int n)
{
    for (int i = 0; i < n; i++) {
        mio_waker_wake(side->waker);
        need(mio_poll_wait(side->poll, side->events, MIO_FOREVER) == 1, "a wake");
    }
}

typedef void round_function(struct side *side, int n);

static const struct bench_case {
    const char *name;
    round_function *bare;
    round_function *mio;
    int n;
    bool wakers;
    int batch; /* rounds between two looks at the clock */
    int batches;
} cases[] = {
    {"wait, 1 ready", bare_wait, mio_wait, 1, false, 64, 2000},
    {"wait, 64 ready", bare_wait, mio_wait, 64, false, 2, 1000},
    {"wait, 1000 ready", bare_wait, mio_wait, 1000, false, 1, 200},
    {"with a waker, 1 ready", bare_wait, mio_wait, 1, true, 64, 2000},
    {"wake 100 times, wait once", bare_wake, mio_wake, 100, true, 1, 2000},
    {"wake and wait", bare_wake_and_sleep, mio_wake_and_sleep, 1, true, 64, 1000},
};
enum { CASES = sizeof cases / sizeof cases[0] };

/* --- sides --- */

/* The same bits as a registration of libmio has. */
static void watch_barely(int epoll, int fd, uint64_t data)
{
    struct epoll_event entry = {.events = EPOLLIN | EPOLLRDHUP | EPOLLET, .data.u64 = data};
    need(epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &entry) == 0, "epoll_ctl");
}

static void open_bare(struct side *side, bool wakers)
{
    side->epoll = epoll_create1(EPOLL_CLOEXEC);
    side->doorbell = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    need(side->epoll >= 0 && side->doorbell >= 0, "epoll_create1, eventfd");
    for (int i = 0; i < DESCRIPTORS; i++)
        watch_barely(side->epoll, side->fds[i], (uint64_t)side->fds[i]);
    if (wakers)
        watch_barely(side->epoll, side->doorbell, DOORBELL);
}

static void open_mio(struct side *side, bool wakers)
{
    need(mio_poll_new(NULL, &side->poll) == 0, "mio_poll_new");
    need(mio_events_new(CAPACITY, NULL, &side->events) == 0, "mio_events_new");
    struct mio_registry *registry = mio_poll_registry(side->poll);
    for (int i = 0; i < DESCRIPTORS; i++)
        need(mio_registry_register(registry, side->fds[i], (mio_token)side->fds[i], MIO_READABLE) ==
                 0,
             "mio_registry_register");
    if (wakers)
        need(mio_waker_new(registry, DOORBELL, &side->waker) == 0, "mio_waker_new");
}

static struct side *side_new(void)
{
    struct side *side = calloc(1, sizeof *side);
    need(side, "calloc");
    for (int i = 0; i < DESCRIPTORS; i++) {
        side->fds[i] = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
        need(side->fds[i] >= 0, "eventfd");
    }
    side->epoll = -1;
    side->doorbell = -1;
    return side;
}

/* Leaves the descriptors open, to be watched by the other side. */
static void side_close(struct side *side)
{
    if (side->epoll >= 0) {
        close(side->epoll);
        close(side->doorbell);
    }
    mio_waker_free(side->waker);
    mio_events_free(side->events);
    mio_poll_free(side->poll);
    side->epoll = -1;
    side->doorbell = -1;
    side->waker = NULL;
    side->events = NULL;
    side->poll = NULL;
}

static void side_free(struct side *side)
{
    for (int i = 0; i < DESCRIPTORS; i++)
        close(side->fds[i]);
    free(side);
}

/* --- counting --- */

/* What callgrind looks at. */
__attribute__((noinline)) static void measured(round_function *round, struct side *side, int n,
                                               long rounds)
{
    for (long i = 0; i < rounds; i++) {
        round(side, n);
        __asm__ volatile("");
    }
}

static void count(bool mio, const struct bench_case *which, long rounds)
{
    struct side *side = side_new();
    round_function *round = mio ? which->mio : which->bare;
    (mio ? open_mio : open_bare)(side, which->wakers);
    /* The first rounds bind symbols, and take in the ring that made the doorbell. */
    for (int i = 0; i < 3; i++)
        round(side, which->n);
    measured(round, side, which->n, rounds);
    side_close(side);
    side_free(side);
}

/* --- timing --- */

static int64_t now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (int64_t)time.tv_sec * NS_PER_S + time.tv_nsec;
}

static int64_t time_batch(round_function *round, struct side *side, const struct bench_case *which)
{
    int64_t start = now();
    for (int i = 0; i < which->batch; i++)
        round(side, which->n);
    return now() - start;
}

static int compare(const void *one, const void *two)
{
    double a = *(const double *)one;
    double b = *(const double *)two;
    return (a > b) - (a < b);
}

static double median(double *values, size_t count)
{
    qsort(values, count, sizeof *values, compare);
    return values[count / 2];
}

struct timing {
    double bare_ns; /* a round */
    double mio_ns;
    double ratio; /* the median of each pair's own */
};

/* Batches of the two alternate, and so does which is first. Half way the descriptors are exchanged,
 * so that neither side has the luckier ones. */
static struct timing time_case(const struct bench_case *which, struct side *sides[2])
{
    size_t batches = (size_t)which->batches;
    double *values[3];
    for (int i = 0; i < 3; i++) {
        values[i] = calloc(batches, sizeof(double));
        need(values[i], "calloc");
    }
    for (size_t half = 0; half < 2; half++) {
        struct side *bare = sides[half];
        struct side *mio = sides[1 - half];
        open_bare(bare, which->wakers);
        open_mio(mio, which->wakers);
        for (int i = 0; i < 3; i++) {
            which->bare(bare, which->n);
            which->mio(mio, which->n);
        }
        for (size_t i = half * batches / 2; i < (half + 1) * batches / 2; i++) {
            int64_t bare_ns = 0;
            if (i % 2 == 0)
                bare_ns = time_batch(which->bare, bare, which);
            int64_t mio_ns = time_batch(which->mio, mio, which);
            if (i % 2 != 0)
                bare_ns = time_batch(which->bare, bare, which);
            values[0][i] = (double)bare_ns / which->batch;
            values[1][i] = (double)mio_ns / which->batch;
            values[2][i] = (double)mio_ns / (double)bare_ns;
        }
        side_close(bare);
        side_close(mio);
    }
    size_t used = batches / 2 * 2;
    struct timing timing = {median(values[0], used), median(values[1], used),
                            median(values[2], used)};
    for (int i = 0; i < 3; i++)
        free(values[i]);
    return timing;
}

static void time_all(const char *title, FILE *json, struct side *sides[2])
{
    for (int i = 0; i < CASES; i++) {
        struct timing timing = time_case(&cases[i], sides);
        printf("%-10s %-26s %10.0f ns %10.0f ns %8.3f\n", title, cases[i].name, timing.bare_ns,
               timing.mio_ns, timing.ratio);
        fflush(stdout);
        if (json)
            fprintf(json,
                    "%s  {\"process\": \"%s\", \"case\": \"%s\", \"bare_ns\": %.1f, "
                    "\"mio_ns\": %.1f, \"ratio\": %.4f}",
                    ftell(json) > 2 ? ",\n" : "", title, cases[i].name, timing.bare_ns,
                    timing.mio_ns, timing.ratio);
    }
}

static void *sleep_for_ever(void *argument)
{
    (void)argument;
    for (;;)
        pause();
    return NULL;
}

/* One core, so that a move does not fall into a batch. */
static void stay_here(void)
{
    cpu_set_t set;
    CPU_ZERO(&set);
    CPU_SET((size_t)sched_getcpu(), &set);
    sched_setaffinity(0, sizeof set, &set);
}

static void run_time(const char *path)
{
    FILE *json = path ? fopen(path, "w") : NULL;
    need(!path || json, "opening the JSON file");
    struct side *sides[2] = {side_new(), side_new()};
    pthread_t sleeper;

    stay_here();
    if (json)
        fputs("[\n", json);
    printf("%-10s %-26s %13s %13s %8s\n", "process", "case", "bare", "libmio", "ratio");
    time_all("alone", json, sides);
    need(pthread_create(&sleeper, NULL, sleep_for_ever, NULL) == 0, "pthread_create");
    time_all("threads", json, sides);
    if (json) {
        fputs("\n]\n", json);
        fclose(json);
    }
    side_free(sides[0]);
    side_free(sides[1]);
}

int main(int argc, char **argv)
{
    struct rlimit limit;
    getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);

    if (argc >= 2 && argc <= 3 && strcmp(argv[1], "time") == 0) {
        run_time(argc == 3 ? argv[2] : NULL);
        return 0;
    }
    if (argc == 5 && strcmp(argv[1], "count") == 0) {
        long which = strtol(argv[3], NULL, 10);
        long rounds = strtol(argv[4], NULL, 10);
        if (which >= 0 && which < CASES && rounds > 0) {
            count(strcmp(argv[2], "mio") == 0, &cases[which], rounds);
            return 0;
        }
    }
    fprintf(stderr, "usage: %s time [FILE] | count bare|mio CASE ROUNDS\n", argv[0]);
    return 2;
}

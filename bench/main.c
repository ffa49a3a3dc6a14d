/* SPDX-License-Identifier: MIT */
/*
 * Every peer at every workload.
 *
 *   compare list
 *       the peers: name, version, what they are
 *   compare run [--rounds PERCENT] [--only WORKLOAD] FILE
 *       runs the workloads and writes FILE, a line a result, values apart by tabs:
 *       workload, unit, clock, parameter, peer, median, lowest and highest quarter, ratios to the
 *       bare loop, to libmio and to the peer's own first parameter, rounds
 *   compare round WORKLOAD ROUNDS SECONDS FILE
 *       one workload, in this process; what run makes of itself
 *   compare count WORKLOAD PEER PARAMETER TIMES
 *       operations within measured(), for callgrind
 *
 * Each workload has a process of its own, pinned to one core. In each round every peer has its turn
 * with every parameter, in an order that moves by one and turns around; a ratio is the median of
 * the rounds' own ratios.
 * A workload that has taken its time begins no other round, so that a busy machine does not make a
 * run last for ever; --rounds scales that time too.
 */
#define _GNU_SOURCE

#include "harness.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

extern const struct bench_peer bench_epoll, bench_epoll_recv, bench_mio_poll;
extern const struct bench_peer bench_rust_mio, bench_libev, bench_libevent, bench_libuv,
    bench_ivykis;

const struct bench_peer *const bench_peers[] = {
    &bench_epoll,
    &bench_epoll_recv,
    &bench_mio,
    &bench_mio_poll,
#if defined(BENCH_HAVE_RUST_MIO)
    &bench_rust_mio,
#endif
#if defined(BENCH_HAVE_LIBEV)
    &bench_libev,
#endif
#if defined(BENCH_HAVE_LIBEVENT)
    &bench_libevent,
#endif
#if defined(BENCH_HAVE_LIBUV)
    &bench_libuv,
#endif
#if defined(BENCH_HAVE_IVYKIS)
    &bench_ivykis,
#endif
    NULL,
};

const struct bench_workload *const bench_workloads[] = {
    &bench_dispatch,
    &bench_dispatch_waker,
    &bench_dispatch_level,
    &bench_dispatch_threads,
    &bench_idle,
    &bench_capacity,
    &bench_churn,
    &bench_churn_waker,
    &bench_churn_looked,
    &bench_wake_busy,
    &bench_wake_wait,
    &bench_wake_pending,
    &bench_wake_asleep_near,
    &bench_wake_asleep_far,
    &bench_wake_storm,
    &bench_echo,
    &bench_echo_level,
    &bench_round_trip,
    &bench_accepting,
    &bench_accept_patterns,
    &bench_file,
    &bench_udp,
    &bench_memory_descriptor,
    &bench_memory_poll,
    &bench_descriptors_poll,
    &bench_timers_moved,
    &bench_timers_new,
    &bench_timers_shared,
    &bench_posts,
    &bench_posts_threads,
    NULL,
};

enum {
    PEERS = sizeof bench_peers / sizeof bench_peers[0] - 1,
    MOST_ROUNDS = 256,
    MOST_PARAMETERS = 8,
    MOST_DESCRIPTORS = 131072,
    LEAST_ROUNDS = 3,
    USUAL_SECONDS = 60
};

/* The results of a workload: [parameter][peer][round], negative where a peer did not take part. */
struct results {
    const struct bench_workload *workload;
    int rounds;
    long seconds; /* begins no round after so long, if there are three */
    double values[MOST_PARAMETERS][PEERS][MOST_ROUNDS];
};

static int compare_doubles(const void *one, const void *two)
{
    double a = *(const double *)one;
    double b = *(const double *)two;
    return (a > b) - (a < b);
}

struct summary {
    double low, median, high;
};

static struct summary summarise(const double *values, int count)
{
    double sorted[MOST_ROUNDS];
    memcpy(sorted, values, (size_t)count * sizeof *values);
    qsort(sorted, (size_t)count, sizeof *sorted, compare_doubles);
    return (struct summary){sorted[count / 4], sorted[count / 2], sorted[(count * 3) / 4]};
}

static double median_ratio(const double *values, const double *base, int count)
{
    double ratios[MOST_ROUNDS];
    if (!base || base[0] <= 0 || values[0] < 0)
        return -1;
    for (int i = 0; i < count; i++)
        ratios[i] = values[i] / base[i];
    return summarise(ratios, count).median;
}

static const double *values_of(const struct results *results, size_t parameter,
                               const struct bench_peer *peer)
{
    for (size_t i = 0; i < PEERS; i++) {
        if (bench_peers[i] == peer)
            return results->values[parameter][i];
    }
    return NULL;
}

static void print_ratio(FILE *file, double ratio)
{
    if (ratio < 0)
        fputs("\t-", file);
    else
        fprintf(file, "\t%.4f", ratio);
}

static void write_results(const struct results *results, FILE *file)
{
    const struct bench_workload *workload = results->workload;
    for (size_t parameter = 0; parameter < workload->count; parameter++) {
        for (size_t peer = 0; peer < PEERS; peer++) {
            const double *values = results->values[parameter][peer];
            if (values[0] < 0)
                continue;
            struct summary summary = summarise(values, results->rounds);
            fprintf(file, "%s\t%s\t%s\t%ld\t%s\t%.2f\t%.2f\t%.2f", workload->name, workload->unit,
                    workload->clock, workload->parameters[parameter], bench_peers[peer]->name,
                    summary.median, summary.low, summary.high);
            print_ratio(file, median_ratio(values, values_of(results, parameter, &bench_epoll),
                                           results->rounds));
            print_ratio(file, median_ratio(values, values_of(results, parameter, &bench_mio),
                                           results->rounds));
            print_ratio(file, median_ratio(values, results->values[0][peer], results->rounds));
            fprintf(file, "\t%d\n", results->rounds);
        }
    }
}

/* --- running --- */

static const struct bench_workload *find_workload(const char *name)
{
    for (size_t i = 0; bench_workloads[i]; i++) {
        if (strcmp(bench_workloads[i]->name, name) == 0)
            return bench_workloads[i];
    }
    return NULL;
}

static void run_rounds(struct results *results)
{
    const struct bench_workload *workload = results->workload;
    int64_t start = bench_wall_ns();
    for (int round = 0; round < results->rounds; round++) {
        if (round >= LEAST_ROUNDS && bench_wall_ns() - start > results->seconds * 1000000000) {
            results->rounds = round;
            break;
        }
        for (size_t parameter = 0; parameter < workload->count; parameter++) {
            for (size_t i = 0; i < PEERS; i++) {
                size_t peer = (i + (size_t)round) % PEERS;
                if (round % 2 != 0)
                    peer = PEERS - 1 - peer;
                results->values[parameter][peer][round] =
                    workload->round(bench_peers[peer], workload->parameters[parameter]);
            }
        }
        fputc('.', stdout);
        fflush(stdout);
    }
}

static int run_here(const char *name, const char *rounds, const char *seconds, const char *path)
{
    static struct results results;
    results.workload = find_workload(name);
    results.rounds = (int)strtol(rounds, NULL, 10);
    results.seconds = strtol(seconds, NULL, 10);
    if (!results.workload || results.rounds < 1 || results.rounds > MOST_ROUNDS)
        return 2;
    bench_pin(0);
    if (results.workload->threads)
        bench_start_sleeper();
    run_rounds(&results);
    FILE *file = fopen(path, "a");
    bench_need(file != NULL, path);
    write_results(&results, file);
    fclose(file);
    return 0;
}

static long rounds_of(const struct bench_workload *workload, long percent)
{
    if (workload->once)
        return 1;
    long rounds = workload->rounds * percent / 100;
    return rounds < 1 ? 1 : rounds > MOST_ROUNDS ? MOST_ROUNDS : rounds;
}

/* In a process of its own, which has no threads yet and an untouched heap. */
static void run_apart(const struct bench_workload *workload, long percent, const char *path)
{
    char rounds[24];
    char seconds[24];
    snprintf(rounds, sizeof rounds, "%ld", rounds_of(workload, percent));
    snprintf(seconds, sizeof seconds, "%ld",
             (workload->seconds ? workload->seconds : USUAL_SECONDS) * percent / 100);
    pid_t child = fork();
    bench_need(child >= 0, "fork");
    if (child == 0) {
        if (workload->once)
            setenv("GLIBC_TUNABLES", "glibc.malloc.tcache_count=0", 1);
        execl("/proc/self/exe", "compare", "round", workload->name, rounds, seconds, path,
              (char *)NULL);
        bench_need(false, "execl");
    }
    int status;
    bench_need(waitpid(child, &status, 0) == child, "waitpid");
    if (status != 0) {
        fprintf(stderr, "\nthe workload %s failed\n", workload->name);
        exit(1);
    }
}

static void run_workload(const struct bench_workload *workload, long percent, const char *path)
{
    int64_t start = bench_wall_ns();
    printf("%-18s ", workload->name);
    fflush(stdout);
    run_apart(workload, percent, path);
    printf(" %.1f s\n", (double)(bench_wall_ns() - start) / 1e9);
}

static int run(int argc, char **argv)
{
    long percent = 100;
    const char *only = NULL;
    while (argc > 2) {
        if (strcmp(argv[0], "--rounds") == 0)
            percent = strtol(argv[1], NULL, 10);
        else if (strcmp(argv[0], "--only") == 0)
            only = argv[1];
        else
            return 2;
        argc -= 2;
        argv += 2;
    }
    if (argc != 1 || percent <= 0)
        return 2;
    FILE *file = fopen(argv[0], "w");
    bench_need(file != NULL, argv[0]);
    fclose(file);
    for (size_t i = 0; bench_workloads[i]; i++) {
        if (!only || strcmp(only, bench_workloads[i]->name) == 0)
            run_workload(bench_workloads[i], percent, argv[0]);
    }
    return 0;
}

/* --- the rest --- */

static int list(void)
{
    for (size_t i = 0; i < PEERS; i++)
        printf("%s\t%s\t%s\n", bench_peers[i]->name, bench_peers[i]->version(),
               bench_peers[i]->what);
    return 0;
}

static int count(char **argv)
{
    const struct bench_workload *workload = find_workload(argv[0]);
    for (size_t i = 0; i < PEERS; i++) {
        const struct bench_peer *peer = bench_peers[i];
        if (!workload || !workload->count_instructions || strcmp(peer->name, argv[1]) != 0 ||
            !peer->open)
            continue;
        workload->count_instructions(peer, strtol(argv[2], NULL, 10), strtol(argv[3], NULL, 10));
        return 0;
    }
    return 2;
}

/* As many as there may be; more than that for who may raise the limit itself. */
static void allow_descriptors(void)
{
    struct rlimit limit;
    struct rlimit more = {.rlim_cur = MOST_DESCRIPTORS, .rlim_max = MOST_DESCRIPTORS};
    getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = limit.rlim_max;
    if (limit.rlim_max >= MOST_DESCRIPTORS || setrlimit(RLIMIT_NOFILE, &more) != 0)
        setrlimit(RLIMIT_NOFILE, &limit);
}

int main(int argc, char **argv)
{
    allow_descriptors();

    int status = 2;
    if (argc == 2 && strcmp(argv[1], "list") == 0)
        status = list();
    else if (argc >= 3 && strcmp(argv[1], "run") == 0)
        status = run(argc - 2, argv + 2);
    else if (argc == 6 && strcmp(argv[1], "round") == 0)
        status = run_here(argv[2], argv[3], argv[4], argv[5]);
    else if (argc == 6 && strcmp(argv[1], "count") == 0)
        status = count(argv + 2);
    if (status == 2)
        fprintf(stderr,
                "usage: %s list | run [--rounds PERCENT] [--only WORKLOAD] FILE |\n"
                "       count WORKLOAD PEER PARAMETER TIMES\n",
                argv[0]);
    return status;
}

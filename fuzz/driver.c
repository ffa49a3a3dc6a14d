/* SPDX-License-Identifier: MIT */
/*
 * The seeded driver: runs the programs of a seed until one breaks the contract, or it is enough.
 *
 *   fuzz_epoll [--backend NAME] [--seed N] [--operations M] [--seconds S] [--rules]
 *   fuzz_epoll [--backend NAME] --bytes HEX
 *
 * Without --seed it takes a new one, which is printed first. A program that fails is run again by
 * itself, shortened, and shown step by step; --bytes runs what was printed there.
 */
#define _GNU_SOURCE

#include "channel.h"
#include "machine.h"
#include "shrink.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#if defined(__linux__)
#include <sys/prctl.h>
#endif

#if !defined(FUZZ_BACKEND)
#define FUZZ_BACKEND "epoll"
#endif

struct settings {
    const char *backend;
    const char *bytes; /* a program in hexadecimal, or NULL */
    uint64_t seed;
    uint64_t operations;
    double seconds;
    bool rules;
};

static double now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

static void usage(void)
{
    fprintf(stderr, "usage: fuzz [--backend NAME] [--seed N] [--operations M] [--seconds S] "
                    "[--rules] [--bytes HEX]\n");
    exit(2);
}

static struct settings read_arguments(int count, char **arguments)
{
    struct timespec time;
    clock_gettime(CLOCK_REALTIME, &time);
    struct settings settings = {
        .backend = FUZZ_BACKEND,
        .seed = ((uint64_t)time.tv_nsec ^ (uint64_t)getpid() << 32) & 0xffffffff,
        .operations = UINT64_MAX,
        .seconds = 1e9,
    };
    for (int i = 1; i < count; i++) {
        if (strcmp(arguments[i], "--rules") == 0) {
            settings.rules = true;
            continue;
        }
        if (i + 1 == count)
            usage();
        const char *name = arguments[i++];
        if (strcmp(name, "--backend") == 0)
            settings.backend = arguments[i];
        else if (strcmp(name, "--seed") == 0)
            settings.seed = strtoull(arguments[i], NULL, 0);
        else if (strcmp(name, "--operations") == 0)
            settings.operations = strtoull(arguments[i], NULL, 0);
        else if (strcmp(name, "--seconds") == 0)
            settings.seconds = strtod(arguments[i], NULL);
        else if (strcmp(name, "--bytes") == 0)
            settings.bytes = arguments[i];
        else
            usage();
    }
    return settings;
}

static void print_bytes(const struct program *program)
{
    uint8_t bytes[MAX_PROGRAM_BYTES];
    size_t size = program_to_bytes(program, bytes);
    for (size_t i = 0; i < size; i++)
        printf("%02x", bytes[i]);
    printf("\n");
}

static void parse_bytes(const char *text, struct program *program)
{
    uint8_t bytes[MAX_PROGRAM_BYTES];
    size_t size = 0;
    while (size < sizeof bytes && text[2 * size] && text[2 * size + 1]) {
        const char two[3] = {text[2 * size], text[2 * size + 1], '\0'};
        bytes[size++] = (uint8_t)strtoul(two, NULL, 16);
    }
    program_from_bytes(program, bytes, size);
}

static void show_verdict(const struct machine *machine)
{
    const struct oracle *oracle = machine_oracle(machine);
    printf("BROKEN %s (%s)\n  %s\n", rule_name(oracle->broken), rule_text(oracle->broken),
           oracle->verdict);
}

/* Runs it with every step shown. */
static bool show(struct machine *machine, const struct program *program)
{
    printf("%s, options 0x%x:\n", machine_selector(machine), program->options);
    bool good = machine_run(machine, program, stdout);
    if (!good)
        show_verdict(machine);
    return good;
}

/* All programs of the seed again, of which the last one failed. */
static void run_again(const struct settings *settings, uint64_t programs)
{
    static struct program program;
    /* As at the start. */
    channel_close_all();
    struct machine *machine = machine_new(settings->backend, false);
    uint64_t state = settings->seed;
    printf("It does not fail by itself, so here it is with all that came before:\n");
    while (programs-- > 1) {
        program_from_seed(&program, next_random(&state));
        machine_run(machine, &program, NULL);
    }
    program_from_seed(&program, next_random(&state));
    show(machine, &program);
    machine_free(machine);
}

static void report(struct machine *machine, const struct settings *settings,
                   const struct program *failing, uint64_t programs)
{
    struct program program = *failing;
    enum rule rule = machine_oracle(machine)->broken;
    show_verdict(machine);
    fflush(stdout);
    if (machine_run(machine, &program, NULL) || machine_oracle(machine)->broken != rule) {
        run_again(settings, programs);
        return;
    }
    size_t before = program.count;
    unsigned runs = shrink(machine, &program, rule);
    printf("shortened from %zu operations to %zu in %u runs; again with\n--bytes ", before,
           program.count, runs);
    print_bytes(&program);
    show(machine, &program);
}

static void print_rules(const struct machine *machine)
{
    const struct oracle *oracle = machine_oracle(machine);
    for (enum rule rule = 0; rule < RULE_COUNT; rule++)
        printf("%14llu  %-12s %s\n", (unsigned long long)oracle->exercised[rule], rule_name(rule),
               rule_text(rule));
}

/* A wait that does not end is found by this. */
enum { BOUND_SECONDS = 60 };

static void hung(int signal)
{
    static const char text[] = "BROKEN: a program has not ended in a minute\n";
    (void)signal;
    (void)!write(STDOUT_FILENO, text, sizeof text - 1);
    _exit(1);
}

static int run_seed(struct machine *machine, const struct settings *settings)
{
    static struct program program;
    uint64_t state = settings->seed;
    double begin = now();
    double spent = 0;
    uint64_t programs = 0;
    bool good = true;
    printf("%s, seed %llu\n", machine_selector(machine), (unsigned long long)settings->seed);
    fflush(stdout);
    while (good && spent < settings->seconds &&
           machine_operations(machine) < settings->operations) {
        program_from_seed(&program, next_random(&state));
        programs++;
        alarm(BOUND_SECONDS);
        good = machine_run(machine, &program, NULL);
        spent = now() - begin;
    }
    alarm(0);
    uint64_t operations = machine_operations(machine);
    printf(
        "%s: %llu operations, %llu programs, %.1f s, %.0f operations/s, %.0f per second of CPU\n",
        good ? "kept" : "found", (unsigned long long)operations, (unsigned long long)programs,
        spent, (double)operations / spent, (double)operations / ((double)clock() / CLOCKS_PER_SEC));
    if (!good)
        report(machine, settings, &program, programs);
    if (settings->rules)
        print_rules(machine);
    return good ? 0 : 1;
}

int main(int count, char **arguments)
{
    struct settings settings = read_arguments(count, arguments);
    signal(SIGPIPE, SIG_IGN);
    signal(SIGALRM, hung);
#if defined(__linux__)
    /* So that a wait of a nanosecond is not one of fifty microseconds. */
    prctl(PR_SET_TIMERSLACK, 1);
#endif
    struct machine *machine = machine_new(settings.backend, true);
    int result;
    if (settings.bytes) {
        struct program program;
        parse_bytes(settings.bytes, &program);
        result = show(machine, &program) ? 0 : 1;
    } else {
        result = run_seed(machine, &settings);
    }
    machine_free(machine);
    return result;
}

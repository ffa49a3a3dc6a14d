/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE

#include "sweep.h"

#include "fault.h"
#include "run.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#if defined(MIO_RECORD_KEVENT)
#include <kqmodel.h>
#endif

enum {
    BOUND_SECONDS = 20,  /* of one run */
    MOST_COMPLAINTS = 2, /* told of one row and line in a scenario */
    MOST_LINES = 1024    /* of a file */
};

/* --- which selector --- */

static const char *backend = "";

/* Taken out of the environment, so that a scenario can leave the choice to the library. */
__attribute__((constructor)) static void take_backend(void)
{
    const char *name = getenv("MIO_BACKEND");
    if (!name)
        return;
    backend = strdup(name);
    unsetenv("MIO_BACKEND");
}

const char *swept_backend(void)
{
    return *backend != '\0' ? backend : NULL;
}

bool sweeps(const char *name)
{
    return strcmp(backend, name) == 0;
}

/* --- the run in progress --- */

/* Shared with a run that happens in a child. */
struct outcome_of_run {
    unsigned uses[CALLS];
    unsigned complaints;
    bool struck;
};

static const char *scenario_name;
static struct fault order;
static struct outcome_of_run *run;
static char description[MESSAGE_SIZE];
static unsigned told[CALLS][MOST_LINES];
static bool has_failed[CALLS];

static size_t error_index(const struct fault *fault)
{
    size_t i = 0;
    while (call_rows[fault->call].errors[i] != fault->error)
        i++;
    return i;
}

void complain(const char *message, const char *file, int line)
{
    run->complaints++;
    has_failed[order.call] = true;
    if (++told[order.call][line % MOST_LINES] > MOST_COMPLAINTS)
        return;
    char text[2 * MESSAGE_SIZE + sizeof "[] "];
    snprintf(text, sizeof text, "[%s] %s", description, message);
    test_check(false, text, file, line);
}

bool run_is_sound(void)
{
    return run->complaints == 0 && !has_failed[order.call];
}

static void describe(void)
{
    if (order.nth == 0)
        snprintf(description, sizeof description, "%s, no fault", scenario_name);
    else
        snprintf(description, sizeof description, "%s, %s %s at use %u", scenario_name,
                 call_rows[order.call].name, fault_errno_name(order.error), order.nth);
}

static void out_of_time(int number)
{
    (void)number;
    static const char hangs[] = "HANGS: ";
    ssize_t written = write(STDOUT_FILENO, hangs, sizeof hangs - 1);
    written += write(STDOUT_FILENO, description, strlen(description));
    written += write(STDOUT_FILENO, "\n", 1);
    _exit(written > 0 ? 1 : 2);
}

/* --- runs --- */

/* The scenario between an untouched poll of somebody else's, which must not notice anything. */
static void run_scenario(void (*scenario)(void))
{
    describe();
    run->complaints = 0;
    long blocks = test_live_blocks();
    int descriptors = test_open_descriptors();
    alarm(BOUND_SECONDS);
    struct loop bystander = {.poll = NULL};
    bool alone = order.call == CALL_madvise || order.call == CALL_pthread_atfork || order.nth == 0;
    fault_order((struct fault){.nth = 0});
    fault_pause();
    if (!alone) {
        struct mio_options options = loop_options(0);
        HOLDS(mio_poll_new(&options, &bystander.poll) == 0);
        bystander.registry = mio_poll_registry(bystander.poll);
        HOLDS(mio_events_new(8, NULL, &bystander.events) == 0);
        canary_enter(&bystander);
    }
    fault_resume();
    fault_order(order);
    scenario();
    for (int i = 0; i < CALLS; i++)
        run->uses[i] = fault_uses((enum call)i);
    run->struck = fault_struck();
    fault_order((struct fault){.nth = 0});
    if (!alone) {
        canary_leave(&bystander);
        mio_events_free(bystander.events);
        mio_poll_free(bystander.poll);
    }
    alarm(0);
#if defined(MIO_RECORD_KEVENT)
    kqmodel_reset();
#endif
    HOLDS(test_live_blocks() == blocks);
    HOLDS(test_open_descriptors() == descriptors);
}

static void run_in_child(void (*scenario)(void))
{
    fflush(NULL);
    pid_t child = fork();
    REQUIRE(child >= 0);
    if (child == 0) {
        run_scenario(scenario);
        fflush(NULL);
        _exit(0);
    }
    int status = 0;
    REQUIRE_EQ(waitpid(child, &status, 0), child);
    if (WIFSIGNALED(status))
        complain("a signal ended the process", __FILE__, __LINE__);
    else if (status != 0 || run->complaints > 0)
        complain("see above", __FILE__, __LINE__);
}

/* --- figures --- */

struct figure {
    unsigned runs;
    unsigned held;
};

static struct figure figures[CALLS][MAX_ERRORS]; /* of all scenarios of this process */
static unsigned scenarios;

static void print_table(FILE *out, struct figure table[CALLS][MAX_ERRORS], const char *title)
{
    unsigned calls = 0, pairs = 0, runs = 0, held = 0;
    fprintf(out, "%-20s %-16s %8s %8s\n", title, "errno", "runs", "held");
    for (int i = 0; i < CALLS; i++) {
        bool used = false;
        for (int j = 0; call_rows[i].errors[j] != 0; j++) {
            const struct figure *figure = &table[i][j];
            if (figure->runs == 0)
                continue;
            fprintf(out, "%-20s %-16s %8u %8u%s\n", call_rows[i].name,
                    fault_errno_name(call_rows[i].errors[j]), figure->runs, figure->held,
                    figure->held < figure->runs ? "  <--" : "");
            used = true;
            pairs++;
            runs += figure->runs;
            held += figure->held;
        }
        calls += used;
    }
    fprintf(out, "%u calls, %u pairs of call and errno, %u runs, %u held\n", calls, pairs, runs,
            held);
}

/* MIO_FAULT_REPORT names a file to which each scenario adds its table. */
static void report(struct figure table[CALLS][MAX_ERRORS])
{
    print_table(stdout, table, "call");
    const char *path = getenv("MIO_FAULT_REPORT");
    FILE *out = path ? fopen(path, "a") : NULL;
    if (!out)
        return;
    fprintf(out, "\n%s, %s\n", backend, scenario_name);
    print_table(out, table, "call");
    fclose(out);
}

__attribute__((destructor)) static void report_all(void)
{
    if (scenarios > 1)
        print_table(stdout, figures, "all scenarios");
}

/* --- the sweep --- */

static void run_with(struct fault fault, void (*scenario)(void), int how)
{
    order = fault;
    describe();
    if ((how & APART) != 0)
        run_in_child(scenario);
    else
        run_scenario(scenario);
}

static void run_fault(struct fault fault, void (*scenario)(void), int how,
                      struct figure table[CALLS][MAX_ERRORS])
{
    run_with(fault, scenario, how);
    if (!run->struck && (how & THREADED) != 0)
        return;
    HOLDS(run->struck);
    struct figure *figure = &table[fault.call][error_index(&fault)];
    struct figure *sum = &figures[fault.call][error_index(&fault)];
    figure->runs++;
    sum->runs++;
    figure->held += run->complaints == 0;
    sum->held += run->complaints == 0;
}

/* What the library does once in a process is done before anything is counted. */
static void make_first_poll(void)
{
    struct mio_options options = loop_options(0);
    struct mio_poll *poll = NULL;
    fault_pause();
    REQUIRE_EQ(mio_poll_new(&options, &poll), 0);
    mio_poll_free(poll);
    fault_resume();
}

void sweep(const char *name, void (*scenario)(void), int how)
{
    static struct figure table[CALLS][MAX_ERRORS];
    static unsigned uses[CALLS];
    memset(table, 0, sizeof table);
    memset(told, 0, sizeof told);
    memset(has_failed, 0, sizeof has_failed);
    scenario_name = name;
    scenarios++;
    run = mmap(NULL, sizeof *run, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    REQUIRE(run != MAP_FAILED);
    struct sigaction action;
    memset(&action, 0, sizeof action);
    action.sa_handler = out_of_time;
    REQUIRE_EQ(sigaction(SIGALRM, &action, NULL), 0);

    if ((how & APART) == 0)
        make_first_poll();
    run_with((struct fault){.nth = 0}, scenario, how);
    memcpy(uses, run->uses, sizeof uses);
    bool sound = run->complaints == 0;
    for (int i = 0; i < CALLS && sound; i++) {
        if ((how & MEMORY) != 0 && i != CALL_malloc)
            continue;
        for (int j = 0; call_rows[i].errors[j] != 0; j++) {
            for (unsigned nth = 1; nth <= uses[i]; nth++)
                run_fault((struct fault){(enum call)i, nth, call_rows[i].errors[j]}, scenario, how,
                          table);
        }
    }
    report(table);
    munmap(run, sizeof *run);
}

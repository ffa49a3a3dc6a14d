/* SPDX-License-Identifier: MIT */
/*
 * Keeps programs running: `supervisor FILE [MILLISECONDS]` starts a shell for each line of the file
 * that is not empty and no comment (#), and prints what they print. One that ends is started again
 * after so many milliseconds (by default 100), and twice as many each time that it has not lasted,
 * up to a hundred times. SIGHUP reads the file again: new lines are started, and programs whose
 * line is gone are ended. SIGINT and SIGTERM end all: by SIGTERM, 5 seconds later by SIGKILL. A
 * token is a program's address, with a kind in its lowest bits. Programs are freed after events.
 */
#include <mio.h>

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { END, OUTPUT, TIMER, KINDS = 4, /* of a program's tokens */ EVENTS = 64, LINE = 512 };
/* Who has run for as long as the longest pause begins with the shortest again. */
static int64_t shortest_pause, longest_pause, patience = MIO_SECONDS(5);

struct program {
    struct program *next;
    char command[LINE];
    unsigned number;
    bool is_wanted, is_listed, runs, is_gone;
    struct mio_process process;
    struct mio_pipe_receiver output; /* empty: closed */
    struct mio_timer timer;          /* to start it, or to kill it */
    int64_t started, pause;
};

static struct mio_registry *registry;
static struct program *programs;
static const char *path;
static unsigned long long starts, ends;
static bool stopping;

static void check(int64_t result, const char *what)
{
    if (result < 0) {
        fprintf(stderr, "supervisor: %s: %s\n", what, strerror((int)-result));
        exit(EXIT_FAILURE);
    }
}

static void set_timer(struct program *program, int64_t after)
{
    check(mio_timer_set_after(&program->timer, registry, (mio_token)program | TIMER, after),
          "timer");
}

/* Until there is no more. A line that comes in two pieces is printed as two. */
static void read_output(struct program *program)
{
    char bytes[4096], *next;
    ptrdiff_t count;
    do {
        count = mio_pipe_receiver_read(&program->output, bytes, sizeof bytes - 1);
        bytes[count > 0 ? count : 0] = 0;
        for (char *line = strtok_r(bytes, "\n", &next); line; line = strtok_r(NULL, "\n", &next))
            printf("%u| %s\n", program->number, line);
    } while (count > 0);
    if (count == 0)
        mio_source_close(&program->output.source);
}

/* --- starting and ending --- */

static void start_later(struct program *program)
{
    if (mio_now() - program->started >= longest_pause)
        program->pause = shortest_pause;
    set_timer(program, program->pause);
    program->pause = program->pause < longest_pause / 2 ? program->pause * 2 : longest_pause;
}

static void start(struct program *program)
{
    const char *argv[] = {"sh", "-c", program->command, NULL};
    const struct mio_spawn_options options = {.program = "/bin/sh",
                                              .argv = argv,
                                              .flags = MIO_SPAWN_NEW_GROUP,
                                              .input = MIO_SPAWN_NULL,
                                              .output = MIO_SPAWN_PIPE,
                                              .error = MIO_SPAWN_OUTPUT,
                                              .output_pipe = &program->output};
    program->started = mio_now();
    int error = mio_process_spawn(&program->process, registry, (mio_token)program | END, &options);
    if (error < 0) {
        printf("%u: %s\n", program->number, strerror(-error));
        start_later(program);
        return;
    }
    program->runs = true;
    starts++;
    printf("%u: started, process %d\n", program->number, (int)program->process.pid);
    struct mio_source *output = &program->output.source;
    error = mio_source_register(output, registry, (mio_token)program | OUTPUT, MIO_READABLE);
    check(error, "output");
}

static void end(struct program *program)
{
    program->is_wanted = false;
    program->is_gone = !program->runs;
    mio_timer_cancel(&program->timer, registry);
    if (program->runs && mio_process_kill(&program->process, SIGTERM) == 0)
        set_timer(program, patience);
}

/* What it has printed is there by now. What children of its own print later is not waited for. */
static void has_ended(struct program *program)
{
    struct mio_exit_status status;
    check(mio_process_status(&program->process, &status), "status");
    mio_process_close(&program->process);
    mio_timer_cancel(&program->timer, registry);
    program->runs = false;
    ends++;
    read_output(program);
    mio_source_close(&program->output.source); /* if it is open */
    printf("%u: ended %s %d\n", program->number, status.signo ? "by signal" : "with",
           (int)(status.signo ? status.signo : status.exit_code));
    program->is_gone = !program->is_wanted;
    if (program->is_wanted)
        start_later(program);
}

/* --- the file --- */

static struct program *add(const char *command)
{
    static unsigned numbers;
    struct program *program = calloc(1, sizeof *program);
    if (!program)
        exit(EXIT_FAILURE); /* there is no memory */
    snprintf(program->command, sizeof program->command, "%s", command);
    program->number = ++numbers;
    program->is_wanted = true;
    program->pause = shortest_pause;
    mio_source_init(&program->output.source, MIO_INVALID_FD);
    program->next = programs;
    programs = program;
    start(program);
    return program;
}

/* The same line may be there twice. The file is closed on exec ("e"). */
static void read_file(void)
{
    char line[LINE];
    FILE *file = fopen(path, "re");
    check(file ? 0 : -errno, path);
    for (struct program *program = programs; program; program = program->next)
        program->is_listed = !program->is_wanted; /* it is no choice for a line */
    while (fgets(line, sizeof line, file)) {
        line[strcspn(line, "\n")] = 0;
        if (line[0] == 0 || line[0] == '#')
            continue;
        struct program *program = programs;
        while (program && (program->is_listed || strcmp(program->command, line) != 0))
            program = program->next;
        (program ? program : add(line))->is_listed = true;
    }
    fclose(file);
    for (struct program *program = programs; program; program = program->next) {
        if (!program->is_listed)
            end(program);
    }
}

static void take_signals(struct mio_signals *signals)
{
    struct mio_signal signal;
    while (mio_signals_next(signals, &signal) > 0) {
        stopping = stopping || signal.signo != SIGHUP;
        if (!stopping)
            read_file();
        for (struct program *program = programs; stopping && program; program = program->next) {
            if (program->is_wanted)
                end(program);
        }
    }
}

static void handle(struct program *program, mio_token kind)
{
    if (kind == OUTPUT)
        read_output(program);
    else if (kind == END)
        has_ended(program);
    else if (program->runs)
        mio_process_kill(&program->process, SIGKILL);
    else
        start(program);
}

static void free_gone(void)
{
    for (struct program **link = &programs, *program = NULL; (program = *link) != NULL;) {
        *link = program->is_gone ? program->next : program;
        link = program->is_gone ? link : &program->next;
        free(program->is_gone ? program : NULL);
    }
}

static void run(struct mio_poll *poll, struct mio_events *events, struct mio_signals *signals)
{
    printf("supervising %s\n", path);
    while (!stopping || programs) {
        fflush(stdout);
        check(mio_poll_wait_until(poll, events, MIO_FOREVER), "wait");
        mio_events_each(event, events) {
            mio_token kind = mio_event_token(event) % KINDS;
            struct program *program = (struct program *)(mio_event_token(event) - kind);
            if (!program)
                take_signals(signals);
            else if (!program->is_gone)
                handle(program, kind);
        }
        free_gone();
    }
}

int main(int argc, char **argv)
{
    struct mio_poll *poll;
    struct mio_events *events;
    struct mio_signals *signals;
    check(argc > 1 ? 0 : -EINVAL, "supervisor FILE [MILLISECONDS]");
    path = argv[1];
    shortest_pause = MIO_MS(argc > 2 ? strtol(argv[2], NULL, 10) : 100);
    longest_pause = 100 * shortest_pause;
    check(mio_poll_new(NULL, &poll), "poll");
    registry = mio_poll_registry(poll);
    check(mio_events_new(EVENTS, NULL, &events), "events");
    check(mio_signals_new(registry, 0, &signals), "signals"); /* no program's address */
    check(mio_signals_add(signals, SIGHUP), "SIGHUP");
    check(mio_signals_add(signals, SIGINT), "SIGINT");
    check(mio_signals_add(signals, SIGTERM), "SIGTERM");
    read_file();
    run(poll, events, signals);
    printf("%s: %llu starts, %llu ends\n", mio_poll_backend(poll), starts, ends);
    mio_signals_free(signals);
    mio_events_free(events);
    mio_poll_free(poll);
    return starts == ends ? EXIT_SUCCESS : EXIT_FAILURE;
}

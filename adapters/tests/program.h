/* SPDX-License-Identifier: MIT */
/* A server of somebody else's, started for a test, and stopped with it. */
#ifndef ADAPTERS_TESTS_PROGRAM_H
#define ADAPTERS_TESTS_PROGRAM_H

#include "test.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

struct program {
    pid_t pid;
    int output; /* what it prints, standard error too */
};

/* With an empty input, and in no other way than by its name in PATH. */
static inline void program_start(struct program *program, const char *const *command)
{
    int ends[2];
    REQUIRE(pipe(ends) == 0);
    program->pid = fork();
    REQUIRE(program->pid >= 0);
    if (program->pid == 0) {
        alarm(60); /* whatever becomes of the test */
        dup2(open("/dev/null", O_RDONLY), STDIN_FILENO);
        dup2(ends[1], STDOUT_FILENO);
        dup2(ends[1], STDERR_FILENO);
        close(ends[0]);
        close(ends[1]);
        execvp(command[0], (char *const *)command);
        _exit(127);
    }
    close(ends[1]);
    program->output = ends[0];
}

/* Waits until it prints `words`, and what ends the number behind them, if `is_number`. */
static inline unsigned program_wait(struct program *program, const char *words, bool is_number)
{
    char text[8192] = "";
    size_t length = 0;
    while (length < sizeof text - 1) {
        ssize_t n = read(program->output, text + length, sizeof text - 1 - length);
        if (n <= 0)
            break;
        length += (size_t)n;
        text[length] = 0;
        const char *found = strstr(text, words);
        if (found && (!is_number || strpbrk(found + strlen(words), "\r\n/) ")))
            return (unsigned)strtoul(found + strlen(words), NULL, 10);
    }
    fprintf(stderr, "%s\n", length > 0 ? text : "the server has said nothing");
    REQUIRE(!"the server has not started");
    return 0;
}

static inline unsigned program_port(struct program *program, const char *words)
{
    return program_wait(program, words, true);
}

static inline void program_says(struct program *program, const char *words)
{
    program_wait(program, words, false);
}

static inline void program_stop(struct program *program)
{
    kill(program->pid, SIGTERM);
    waitpid(program->pid, NULL, 0);
    close(program->output);
}

#endif

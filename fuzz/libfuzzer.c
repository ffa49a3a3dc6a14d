/* SPDX-License-Identifier: MIT */
/*
 * libFuzzer's entrance: its input is a program's bytes. Built by clang with
 * -fsanitize=fuzzer,address; the selector is that of the environment's FUZZ_BACKEND, or the one the
 * target was built for.
 */
#include "machine.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

#if !defined(FUZZ_BACKEND)
#define FUZZ_BACKEND "epoll"
#endif

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct machine *machine;
    static struct program program;
    if (!machine) {
        const char *backend = getenv("FUZZ_BACKEND");
        signal(SIGPIPE, SIG_IGN);
        machine = machine_new(backend ? backend : FUZZ_BACKEND, false);
    }
    program_from_bytes(&program, data, size);
    if (machine_run(machine, &program, NULL))
        return 0;
    machine_run(machine, &program, stderr);
    const struct oracle *oracle = machine_oracle(machine);
    fprintf(stderr, "BROKEN %s (%s)\n  %s\n", rule_name(oracle->broken), rule_text(oracle->broken),
            oracle->verdict);
    abort();
}

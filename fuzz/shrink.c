/* SPDX-License-Identifier: MIT */
#include "shrink.h"

#include <string.h>

enum { MOST_RUNS = 4000 };

static bool still_fails(struct machine *machine, const struct program *program, enum rule rule)
{
    return !machine_run(machine, program, NULL) && machine_oracle(machine)->broken == rule;
}

static struct program without(const struct program *program, size_t from, size_t count)
{
    struct program shorter = *program;
    memmove(&shorter.list[from], &shorter.list[from + count],
            (program->count - from - count) * sizeof shorter.list[0]);
    shorter.count -= count;
    return shorter;
}

/* Once through the program, from its end, leaving out `count` at a time. */
static bool leave_out(struct machine *machine, struct program *program, enum rule rule,
                      size_t count, unsigned *runs)
{
    bool any = false;
    for (size_t end = program->count; end >= count && *runs < MOST_RUNS;) {
        struct program shorter = without(program, end - count, count);
        ++*runs;
        if (still_fails(machine, &shorter, rule)) {
            *program = shorter;
            any = true;
        }
        end = end >= 2 * count ? end - count : 0;
    }
    return any;
}

unsigned shrink(struct machine *machine, struct program *program, enum rule rule)
{
    unsigned runs = 0;
    size_t count = program->count;
    while (count > 0 && runs < MOST_RUNS) {
        bool any = leave_out(machine, program, rule, count, &runs);
        if (count > 1)
            count = count / 2;
        else if (!any)
            break;
    }
    return runs;
}

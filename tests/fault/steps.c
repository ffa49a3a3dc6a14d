/* SPDX-License-Identifier: MIT */
/* The steps of a scenario: what each may give when the fault falls into it. */
#define _GNU_SOURCE

#include "sweep.h"

#include "documented.h"
#include "fault.h"
#include "run.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

enum { UNTOUCHED_ERRNO = 4242, FILLING = 0x5a };

/* By this thread's polls. */
static _Thread_local unsigned logged;
static _Thread_local int last_logged;

void step_note_log(int error, const char *what, void *user)
{
    (void)user;
    (void)what;
    logged++;
    last_logged = error;
}

bool step_holds(bool condition, const char *text, const char *file, int line)
{
    if (!condition) {
        char message[MESSAGE_SIZE];
        snprintf(message, sizeof message, "does not hold: %s", text);
        complain(message, file, line);
    }
    return condition;
}

struct step step_begin(const char *text, void *object, size_t size, const char *file, int line)
{
    if (object)
        memset(object, FILLING, size);
    errno = UNTOUCHED_ERRNO;
    return (struct step){.text = text,
                         .file = file,
                         .line = line,
                         .strikes = fault_strikes_here(),
                         .logged = logged,
                         .object = object,
                         .size = size};
}

static void complain_of_result(const struct step *step, int64_t result, int64_t want)
{
    char message[MESSAGE_SIZE];
    char wanted[32] = "0 or more";
    if (want != ANY_COUNT)
        snprintf(wanted, sizeof wanted, "%lld %s", (long long)want,
                 want < 0 ? fault_errno_name((int)-want) : "");
    snprintf(message, sizeof message, "%s%s gave %lld %s, not %s", step->text,
             step->again ? " (again)" : "", (long long)result,
             result < 0 ? fault_errno_name((int)-result) : "", wanted);
    complain(message, step->file, step->line);
}

static bool is_wanted(int64_t result, int64_t want)
{
    return want == ANY_COUNT ? result >= 0 : result == want;
}

static void check_log(const struct step *step, bool should_tell)
{
    unsigned times = logged - step->logged;
    if (times == (should_tell ? 1u : 0u) && (!should_tell || last_logged == -fault_ordered().error))
        return;
    char message[MESSAGE_SIZE];
    snprintf(message, sizeof message, "%s told the log %u times", step->text, times);
    complain(message, step->file, step->line);
}

static void check_untouched(const struct step *step)
{
    const unsigned char *bytes = step->object;
    for (size_t i = 0; i < step->size; i++) {
        if (bytes[i] != FILLING) {
            complain("a failed step wrote to its out-parameter", step->file, step->line);
            return;
        }
    }
}

/* What the fault makes of a step that gives `want` without it. */
static int64_t result_with_fault(const struct rule *rule, int64_t want, int64_t result)
{
    bool fine = is_wanted(result, want);
    switch (rule->outcome) {
    case ABSORBED:
    case TOLD:
        return want;
    case BECOMES:
        return -rule->becomes;
    case EXPLAINED:
        return result == -rule->becomes ? result : -fault_ordered().error;
    case FORGIVEN:
        return result == 0 ? 0 : want;
    case UNLESS_EVENTS:
        return result > 0 && fine ? want : -fault_ordered().error;
    case EITHER:
        return fine ? want : -fault_ordered().error;
    case PASSED_ON:
    case CLOSED:
        break;
    }
    return -fault_ordered().error;
}

bool step_failed(struct step *step, int64_t want, int64_t result)
{
    if (errno != UNTOUCHED_ERRNO)
        complain("errno was changed", step->file, step->line);
    bool struck = !step->again && fault_strikes_here() != step->strikes;
    const struct rule *rule =
        struck ? documented(fault_ordered().call, fault_ordered().error, step->text) : NULL;
    int64_t due = rule ? result_with_fault(rule, want, result) : want;
    if (!is_wanted(result, due))
        complain_of_result(step, result, due);
    check_log(step, rule && rule->outcome == TOLD);
    if (result < 0 && step->object)
        check_untouched(step);
    /* What was not made cannot be used. */
    if (step->object && result < 0 && want >= 0 && !struck)
        test_stop();
    /* A step that wants an error is over with it, unless another one was due. */
    if (!struck || result == 0 || is_wanted(result, want) || rule->outcome == CLOSED)
        return false;
    return true;
}

void step_again(struct step *step)
{
    step->again = true;
    step->logged = logged;
    errno = UNTOUCHED_ERRNO;
}

unsigned log_count(void)
{
    return logged;
}

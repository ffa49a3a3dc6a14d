/* SPDX-License-Identifier: MIT */
#include "facts.h"

#include "test.h"

#include <mio/event.h>
#include <mio/interest.h>

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#if defined(__linux__)
#define KERNEL "linux"
#elif defined(__APPLE__)
#define KERNEL "macos"
#elif defined(__FreeBSD__)
#define KERNEL "freebsd"
#elif defined(__NetBSD__)
#define KERNEL "netbsd"
#elif defined(__OpenBSD__)
#define KERNEL "openbsd"
#elif defined(__DragonFly__)
#define KERNEL "dragonfly"
#elif defined(__sun)
#define KERNEL "illumos"
#else
#define KERNEL "unknown"
#endif

/* The answers' names in the list. */
enum {
    R = MIO_READABLE,
    W = MIO_WRITABLE,
    E = MIO_ERROR,
    RC = MIO_READ_CLOSED,
    WC = MIO_WRITE_CLOSED,
    MODES = MIO_LEVEL | MIO_ONESHOT
};

const char test_backend[] = MIO_TEST_BACKEND;

struct row {
    const char *name; /* of a situation, or of a test */
    const char *selectors;
    const char *kernels;
    int64_t answer;
    const char *reason;
};

static const struct row facts[] = {
#define FACT(rule, situation, selectors, kernels, answer, reason) \
    {situation, selectors, kernels, answer, reason},
#include "facts.def"
};

static const struct row exceptions[] = {
#define SKIPPED(test, selectors, kernels, reason) {test, selectors, kernels, 0, reason},
#include "facts.def"
};

static bool word_fits(const char *word, size_t length, const char *wanted)
{
    if (length > 0 && word[length - 1] == '*')
        return strncmp(word, wanted, length - 1) == 0;
    return strlen(wanted) == length && strncmp(word, wanted, length) == 0;
}

/* Whether one of the words, each exact or ending in '*', is the wanted one. */
static bool has_word(const char *words, const char *wanted)
{
    while (*words) {
        size_t length = strcspn(words, " ");
        if (word_fits(words, length, wanted))
            return true;
        words += length;
        words += strspn(words, " ");
    }
    return false;
}

static bool fits(const struct row *row, const char *name)
{
    return strcmp(row->name, name) == 0 && has_word(row->selectors, MIO_TEST_SELECTOR) &&
           has_word(row->kernels, KERNEL);
}

int64_t fact(const char *situation)
{
    for (size_t i = 0; i < sizeof facts / sizeof facts[0]; i++) {
        if (fits(&facts[i], situation))
            return facts[i].answer;
    }
    char message[200];
    snprintf(message, sizeof message, "a fact about \"%s\" for %s on %s", situation,
             MIO_TEST_SELECTOR, KERNEL);
    test_check(false, message, __FILE__, __LINE__);
    test_stop();
}

uint32_t readiness_fact(const char *situation)
{
    return (uint32_t)fact(situation);
}

void skip_if_excepted(const char *test)
{
    for (size_t i = 0; i < sizeof exceptions / sizeof exceptions[0]; i++) {
        if (fits(&exceptions[i], test))
            SKIP(exceptions[i].reason);
    }
}

/* SPDX-License-Identifier: MIT */
#include "test.h"

#include <dirent.h>
#include <fnmatch.h>
#include <setjmp.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* How often to look again, a millisecond apart, when descriptors differ: where a kqueue is a
 * library, a thread of its own opens and closes some. What is left open for good is found still. */
#if !defined(TEST_LOOKS_AGAIN)
#define TEST_LOOKS_AGAIN 0
#endif

enum { EXIT_SKIPPED = 77, MAX_DESCRIPTORS = 4096, MAX_TARGET = 128 };

static struct test *first_test;
static struct test **last_test = &first_test;

static atomic_int failures;
static jmp_buf end_of_test;
static const char *skip_reason;

/* --- allocations, wrapped at link time --- */

static atomic_long live_blocks;
static atomic_long allocations;
static atomic_long fail_countdown;

/* Within calloc(), which in musl calls malloc(): linked statically, through the wrap. */
static _Thread_local bool within_calloc;

void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *block, size_t size);
void __real_free(void *block);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *block, size_t size);
void __wrap_free(void *block);

static bool allocation_fails(void)
{
    atomic_fetch_add(&allocations, 1);
    long left = atomic_load(&fail_countdown);
    if (left == 0)
        return false;
    atomic_store(&fail_countdown, left - 1);
    return left == 1;
}

static void *count_block(void *block)
{
    if (block)
        atomic_fetch_add(&live_blocks, 1);
    return block;
}

void *__wrap_malloc(size_t size)
{
    if (within_calloc)
        return __real_malloc(size);
    return allocation_fails() ? NULL : count_block(__real_malloc(size));
}

void *__wrap_calloc(size_t count, size_t size)
{
    if (allocation_fails())
        return NULL;
    within_calloc = true;
    void *block = __real_calloc(count, size);
    within_calloc = false;
    return count_block(block);
}

void *__wrap_realloc(void *block, size_t size)
{
    if (allocation_fails())
        return NULL;
    void *grown = __real_realloc(block, size);
    return block ? grown : count_block(grown);
}

void __wrap_free(void *block)
{
    if (block)
        atomic_fetch_sub(&live_blocks, 1);
    __real_free(block);
}

long test_live_blocks(void)
{
    return atomic_load(&live_blocks);
}

long test_allocations(void)
{
    return atomic_load(&allocations);
}

void test_fail_allocation(long n)
{
    atomic_store(&fail_countdown, n);
}

/* --- children that end by _exit(), which writes no counts of executed lines --- */

#if defined(TEST_COVERAGE)

void __gcov_dump(void);
_Noreturn void __real__exit(int status);
_Noreturn void __wrap__exit(int status);

_Noreturn void __wrap__exit(int status)
{
    __gcov_dump();
    __real__exit(status);
}

#endif

/* --- descriptors --- */

struct descriptors {
    int count;
    int number[MAX_DESCRIPTORS];
};

static void list_descriptors(struct descriptors *list)
{
    list->count = 0;
    DIR *directory = opendir("/proc/self/fd");
    if (!directory)
        return;
    int own = dirfd(directory);
    struct dirent *entry;
    while ((entry = readdir(directory)) != NULL && list->count < MAX_DESCRIPTORS) {
        char *end;
        long number = strtol(entry->d_name, &end, 10);
        if (*end == '\0' && end != entry->d_name && number != own)
            list->number[list->count++] = (int)number;
    }
    closedir(directory);
}

int test_open_descriptors(void)
{
    static struct descriptors list;
    list_descriptors(&list);
    return list.count;
}

static bool contains(const struct descriptors *list, int number)
{
    for (int i = 0; i < list->count; i++) {
        if (list->number[i] == number)
            return true;
    }
    return false;
}

static bool contains_all(const struct descriptors *list, const struct descriptors *others)
{
    for (int i = 0; i < others->count; i++) {
        if (!contains(list, others->number[i]))
            return false;
    }
    return true;
}

/* What is open, once that is what was, if it comes to that. */
static void list_settled(struct descriptors *list, const struct descriptors *wanted)
{
    static const struct timespec millisecond = {.tv_nsec = 1000000};
    list_descriptors(list);
    for (int i = 0; i < TEST_LOOKS_AGAIN; i++) {
        if (list->count == wanted->count && contains_all(list, wanted))
            break;
        (void)nanosleep(&millisecond, NULL);
        list_descriptors(list);
    }
}

static void report_difference(const struct descriptors *from, const struct descriptors *to,
                              const char *what)
{
    for (int i = 0; i < to->count; i++) {
        if (contains(from, to->number[i]))
            continue;
        char path[64];
        char target[MAX_TARGET] = "";
        snprintf(path, sizeof path, "/proc/self/fd/%d", to->number[i]);
        ssize_t length = readlink(path, target, sizeof target - 1);
        target[length > 0 ? length : 0] = '\0';
        printf("  descriptor %d %s (%s)\n", to->number[i], what, target);
        atomic_fetch_add(&failures, 1);
    }
}

/* --- checks --- */

bool test_check(bool condition, const char *text, const char *file, int line)
{
    if (!condition) {
        printf("%s:%d: not true: %s\n", file, line, text);
        fflush(stdout);
        atomic_fetch_add(&failures, 1);
    }
    return condition;
}

bool test_check_eq(int64_t got, int64_t want, const char *got_text, const char *want_text,
                   const char *file, int line)
{
    if (got != want) {
        printf("%s:%d: %s is %lld, not %s (%lld)\n", file, line, got_text, (long long)got,
               want_text, (long long)want);
        fflush(stdout);
        atomic_fetch_add(&failures, 1);
    }
    return got == want;
}

bool test_check_str(const char *got, const char *want, const char *text, const char *file, int line)
{
    bool same = strcmp(got, want) == 0;
    if (!same) {
        printf("%s:%d: %s\n  is  \"%s\"\n  not \"%s\"\n", file, line, text, got, want);
        fflush(stdout);
        atomic_fetch_add(&failures, 1);
    }
    return same;
}

void test_stop(void)
{
    longjmp(end_of_test, 1);
}

void test_skip(const char *reason)
{
    skip_reason = reason;
    longjmp(end_of_test, 1);
}

void test_skip_process(const char *reason)
{
    bool failed = atomic_load(&failures) > 0;
    printf("%s: %s\n", failed ? "FAIL, and no further" : "skip", reason);
    fflush(stdout);
    _exit(failed ? EXIT_FAILURE : EXIT_SKIPPED);
}

int64_t test_now(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

/* --- running --- */

void test_add(struct test *test)
{
    *last_test = test;
    last_test = &test->next;
}

enum outcome { PASSED, FAILED, SKIPPED };

/* Why the environment's TEST_LEFT_OUT, lines of "NAME: reason", leaves a test out; NULL: it does
 * not. */
static const char *why_left_out(const char *name)
{
    const char *line = getenv("TEST_LEFT_OUT");
    size_t length = strlen(name);
    while (line && (strncmp(line, name, length) != 0 || strncmp(line + length, ": ", 2) != 0)) {
        line = strchr(line, '\n');
        line = line ? line + 1 : NULL;
    }
    return line ? line + length + 2 : NULL;
}

static enum outcome skip(const struct test *test, const char *reason)
{
    printf("skip %s: %.*s\n", test->name, (int)strcspn(reason, "\n"), reason);
    fflush(stdout);
    return SKIPPED;
}

static enum outcome run(const struct test *test)
{
    static struct descriptors before;
    static struct descriptors after;
    const char *left_out = why_left_out(test->name);
    if (left_out)
        return skip(test, left_out);
    list_descriptors(&before);
    long blocks = test_live_blocks();
    atomic_store(&failures, 0);
    skip_reason = NULL;

    bool stopped = setjmp(end_of_test) != 0;
    if (!stopped)
        test->run();

    test_fail_allocation(0);
    if (skip_reason)
        return skip(test, skip_reason);
    if (!stopped) {
        list_settled(&after, &before);
        report_difference(&before, &after, "was left open");
        report_difference(&after, &before, "was closed");
        if (!getenv("TEST_BLOCKS_UNCOUNTED"))
            CHECK_EQ(test_live_blocks(), blocks);
    }
    bool failed = atomic_load(&failures) > 0;
    printf("%s %s\n", failed ? "FAIL" : "ok  ", test->name);
    fflush(stdout);
    return failed ? FAILED : PASSED;
}

/* Runs the tests that a shell's pattern names, and counts their outcomes. False: it names none. */
static bool run_matching(const char *pattern, int outcomes[3])
{
    bool found = false;
    for (const struct test *test = first_test; test; test = test->next) {
        if (fnmatch(pattern, test->name, 0) == 0) {
            outcomes[run(test)]++;
            found = true;
        }
    }
    return found;
}

/* 77, by which ctest knows a test that was skipped, only when all were. */
static int run_named(int count, char **patterns)
{
    int outcomes[3] = {0, 0, 0};
    for (int i = 0; i < count; i++) {
        if (!run_matching(patterns[i], outcomes)) {
            fprintf(stderr, "no test is called %s\n", patterns[i]);
            return EXIT_FAILURE;
        }
    }
    if (outcomes[FAILED] > 0)
        return EXIT_FAILURE;
    return outcomes[PASSED] == 0 ? EXIT_SKIPPED : EXIT_SUCCESS;
}

static int run_all(void)
{
    int count[3] = {0, 0, 0};
    for (const struct test *test = first_test; test; test = test->next)
        count[run(test)]++;
    printf("%d passed, %d failed, %d skipped\n", count[PASSED], count[FAILED], count[SKIPPED]);
    return count[FAILED] > 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}

int main(int argc, char **argv)
{
    if (argc > 1 && strcmp(argv[1], "--list") == 0) {
        for (const struct test *test = first_test; test; test = test->next)
            puts(test->name);
        return EXIT_SUCCESS;
    }
    return argc > 1 ? run_named(argc - 1, argv + 1) : run_all();
}

/* SPDX-License-Identifier: MIT */
/*
 * The test runner: one small header, one program a suite.
 *
 *   TEST(reg1_empty_interest_is_refused)
 *   {
 *       CHECK_EQ(mio_registry_register(registry, fd, 1, 0), -EINVAL);
 *   }
 *
 * `program --list` names the tests, `program` runs all, `program 'wake1_*' ...` those whose names
 * match one of these patterns of a shell. Every test is followed by a comparison of the open
 * descriptors and of the memory held by the library and the test: both must be as before. Memory is
 * counted by wrapping malloc and its kin at link time (--wrap), so what libc allocates for itself
 * does not count. Tests that the environment's TEST_LEFT_OUT names, in lines of "NAME: reason", are
 * skipped. TEST_BLOCKS_UNCOUNTED says why memory is not counted.
 */
#ifndef TEST_H
#define TEST_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

struct test {
    const char *name;
    const char *file;
    void (*run)(void);
    struct test *next; /* in order of definition; filled by test_add */
};

void test_add(struct test *test);

#define TEST(test_name)                                                            \
    static void test_name(void);                                                   \
    static struct test test_name##_test = {#test_name, __FILE__, test_name, NULL}; \
    __attribute__((constructor)) static void test_name##_add(void)                 \
    {                                                                              \
        test_add(&test_name##_test);                                               \
    }                                                                              \
    static void test_name(void)

/* Records a failure and goes on, so that one run shows everything that is wrong. */
#define CHECK(condition) test_check((condition), #condition, __FILE__, __LINE__)
#define CHECK_EQ(got, want) \
    test_check_eq((int64_t)(got), (int64_t)(want), #got, #want, __FILE__, __LINE__)
#define CHECK_STR(got, want) test_check_str((got), (want), #got, __FILE__, __LINE__)

/* Ends the test at once when the condition does not hold: what follows would be meaningless. */
#define REQUIRE(condition)                                            \
    do {                                                              \
        if (!test_check((condition), #condition, __FILE__, __LINE__)) \
            test_stop();                                              \
    } while (0)
#define REQUIRE_EQ(got, want)     \
    do {                          \
        if (!CHECK_EQ(got, want)) \
            test_stop();          \
    } while (0)

/* The test cannot be run here; the reason is printed and ctest reports it as skipped. */
#define SKIP(reason) test_skip(reason)

bool test_check(bool condition, const char *text, const char *file, int line);
bool test_check_eq(int64_t got, int64_t want, const char *got_text, const char *want_text,
                   const char *file, int line);
bool test_check_str(const char *got, const char *want, const char *text, const char *file,
                    int line);
_Noreturn void test_stop(void);
_Noreturn void test_skip(const char *reason);

/* The same from any thread and depth, by ending the process; what has failed stays a failure. */
_Noreturn void test_skip_process(const char *reason);

/* Blocks obtained through the wrapped allocation functions and not yet released. */
long test_live_blocks(void);

/* Blocks obtained through them since the program started: unchanged means that nothing was
 * allocated. */
long test_allocations(void);

/* The n-th allocation from now (1 is the next) gives NULL, once; 0 takes the order back. */
void test_fail_allocation(long n);

/* How many descriptors are open. */
int test_open_descriptors(void);

/* A monotonic clock in nanoseconds. */
int64_t test_now(void);

#endif

/* SPDX-License-Identifier: MIT */
/*
 * WAIT2, WAKE3, TIME6 and POST2: what a wait, a wake, a timer and a post cost. Allocations are
 * counted in the process; system calls by running one of the tests here under strace and counting
 * the lines between two marks.
 *
 * The kqueue model counts for itself: see kqueue_only.c.
 */
#define _GNU_SOURCE

#include "facts/facts.h"
#include "support.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
    CALLS = 50,
    FIRST_MARK = -7100, /* a mark is a close() of a number that no descriptor has */
    READY_WAITS = FIRST_MARK,
    LOOKS = FIRST_MARK - 2,
    SLEEPS = FIRST_MARK - 4,
    ROUNDED_SLEEPS = FIRST_MARK - 6,
    WAKES = FIRST_MARK - 8,
    TIMERS = FIRST_MARK - 10,
    NOTHING = FIRST_MARK - 12,
    POSTS = FIRST_MARK - 14
};

static void mark(int number)
{
    CHECK(close(number) < 0);
}

/* --- the runs that are counted; as tests of their own they count allocations --- */

static void sleep_between_marks(struct loop *loop, int number)
{
    mark(number);
    for (int i = 0; i < CALLS; i++)
        CHECK_EQ(mio_poll_wait(loop->poll, loop->events, MILLISECOND / 2 + i % 2 * 500000), 0);
    mark(number - 1);
}

TEST(wait2_waits_that_are_counted)
{
    struct loop loop = loop_open();
    int ends[2];

    open_pair(ends);
    put(ends[FAR], "x");
    REQUIRE_EQ(mio_registry_register(loop.registry, ends[NEAR], 1, MIO_READABLE | MIO_LEVEL), 0);
    CHECK_EQ(mio_poll_wait(loop.poll, loop.events, 0), 1);
    CHECK_EQ(mio_poll_wait(loop.poll, loop.events, SECOND), 1);
    long before = test_allocations();

    mark(READY_WAITS);
    for (int i = 0; i < CALLS; i++)
        CHECK_EQ(mio_poll_wait(loop.poll, loop.events, i % 2 == 0 ? MIO_FOREVER : SECOND), 1);
    mark(READY_WAITS - 1);

    drain(ends[NEAR]);
    CHECK_EQ(mio_poll_wait(loop.poll, loop.events, 0), 0);
    mark(LOOKS);
    for (int i = 0; i < CALLS; i++)
        CHECK_EQ(mio_poll_wait(loop.poll, loop.events, 0), 0);
    mark(LOOKS - 1);

    sleep_between_marks(&loop, SLEEPS);
    CHECK_EQ(test_allocations(), before);
    close_pair(ends);
    loop_close(&loop);

    /* Rounded down, a timeout of half a millisecond would spin. */
    loop = loop_open_flags(MIO_OPTION_MILLISECONDS);
    sleep_between_marks(&loop, ROUNDED_SLEEPS);
    loop_close(&loop);
}

TEST(wake3_wakes_that_are_counted)
{
    struct loop loop = loop_open();
    struct mio_waker *waker;

    REQUIRE_EQ(mio_waker_new(loop.registry, 1, &waker), 0);
    CHECK_EQ(mio_waker_wake(waker), 0);
    EXPECT_ONE(&loop, 1, MIO_READABLE);
    long before = test_allocations();

    mark(WAKES);
    for (int i = 0; i < CALLS; i++)
        CHECK_EQ(mio_waker_wake(waker), 0);
    mark(WAKES - 1);

    CHECK_EQ(test_allocations(), before);
    EXPECT_ONE(&loop, 1, MIO_READABLE);
    mio_waker_free(waker);
    loop_close(&loop);
}

/* Many of them, at once, moved and cancelled. */
TEST(time6_timers_that_are_counted)
{
    static struct mio_timer timers[CALLS];
    struct loop loop = loop_open();
    int64_t deadline = mio_now() + 100 * SECOND;

    for (int i = 0; i < CALLS; i++)
        mio_timer_init(&timers[i]);
    REQUIRE_EQ(mio_timer_set(&timers[0], loop.registry, 1, deadline), 0);
    EXPECT_NOTHING(&loop);
    long before = test_allocations();

    mark(TIMERS);
    for (int round = 0; round < 3; round++) {
        for (int i = 0; i < CALLS; i++)
            CHECK_EQ(mio_timer_set(&timers[i], loop.registry, 1, deadline - i * MILLISECOND), 0);
    }
    for (int i = 0; i < CALLS; i++)
        CHECK_EQ(mio_timer_cancel(&timers[i], loop.registry), 1);
    mark(TIMERS - 1);
    mark(NOTHING);
    mark(NOTHING - 1);

    CHECK_EQ(test_allocations(), before);
    EXPECT_NOTHING(&loop);
    loop_close(&loop);
}

TEST(post2_posts_that_are_counted)
{
    struct loop loop = loop_open();
    struct mio_post_queue *queue = NULL;
    struct mio_posted posted;

    REQUIRE_EQ(mio_post_queue_new(loop.registry, 1, CALLS, &queue), 0);
    EXPECT_NOTHING(&loop);
    long before = test_allocations();

    mark(POSTS);
    for (int i = 0; i < 2 * CALLS; i++) {
        CHECK_EQ(mio_post(queue, 2, 3), 0);
        if (i >= CALLS / 2)
            CHECK_EQ(mio_post_take(queue, &posted), 1);
    }
    mark(POSTS - 1);
    mark(NOTHING);
    mark(NOTHING - 1);

    CHECK_EQ(test_allocations(), before);
    EXPECT_ONE(&loop, 1, MIO_READABLE);
    mio_post_queue_free(queue);
    loop_close(&loop);
}

/* --- strace --- */

struct trace {
    char *text;
    size_t size;
};

static int open_null(void)
{
    return open("/dev/null", O_WRONLY | O_CLOEXEC);
}

/* In the child: strace of this very program, running that one test. */
static _Noreturn void run_strace(const char *program, const char *test, const char *output)
{
    int nowhere = open_null();
    dup2(nowhere, STDOUT_FILENO);
    dup2(nowhere, STDERR_FILENO);
    /* A leak checker cannot work while it is traced. */
    setenv("ASAN_OPTIONS", "detect_leaks=0", 1);
    execlp("strace", "strace", "-f", "-qq", "-o", output, program, test, (char *)NULL);
    _exit(127);
}

static struct trace read_all(const char *path)
{
    struct trace trace = {NULL, 0};
    FILE *file = fopen(path, "re");
    REQUIRE(file != NULL);
    char chunk[4096];
    size_t count;
    while ((count = fread(chunk, 1, sizeof chunk, file)) > 0) {
        char *grown = realloc(trace.text, trace.size + count + 1);
        REQUIRE(grown != NULL);
        memcpy(grown + trace.size, chunk, count);
        trace.text = grown;
        trace.size += count;
        trace.text[trace.size] = '\0';
    }
    CHECK_EQ(fclose(file), 0);
    return trace;
}

static struct trace trace_of(const char *test)
{
    char output[] = "/tmp/mio-strace-XXXXXX";
    char program[PATH_MAX];
    ssize_t length = readlink("/proc/self/exe", program, sizeof program - 1);
    int fd = mkostemp(output, O_CLOEXEC);
    int status = 0;

    REQUIRE(fd >= 0);
    CHECK_EQ(close(fd), 0);
    REQUIRE(length > 0);
    program[length] = '\0';
    fflush(NULL);
    pid_t child = fork();
    REQUIRE(child >= 0);
    if (child == 0)
        run_strace(program, test, output);
    while (waitpid(child, &status, 0) < 0 && errno == EINTR)
        continue;
    struct trace trace = read_all(output);
    CHECK_EQ(unlink(output), 0);
    return trace;
}

static bool is_wait(const char *line, size_t length)
{
    static const char *const names[] = {"epoll_wait(", "epoll_pwait(", "epoll_pwait2(",
                                        "ppoll(",      "poll(",        "io_uring_enter("};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (memmem(line, length, names[i], strlen(names[i])))
            return true;
    }
    return false;
}

/* Lines between the two marks that begin with `number`; -1 when the marks are not there. */
static int count_lines(const struct trace *trace, int number, int *others)
{
    char from[32];
    char to[32];
    snprintf(from, sizeof from, "close(%d)", number);
    snprintf(to, sizeof to, "close(%d)", number - 1);
    const char *line = trace->text ? strstr(trace->text, from) : NULL;
    const char *end = line ? strstr(line, to) : NULL;
    if (!end)
        return -1;

    int waits = 0;
    *others = 0;
    line = strchr(line, '\n') + 1;
    for (const char *next; (next = memchr(line, '\n', (size_t)(end - line))) != NULL;
         line = next + 1) {
        if (is_wait(line, (size_t)(next - line)))
            waits++;
        else
            (*others)++;
    }
    return waits;
}

static void need_marks(struct trace *trace, int number)
{
    int others;
    if (count_lines(trace, number, &others) >= 0)
        return;
    free(trace->text);
    SKIP("strace is missing, or may not trace here");
}

TEST(wait2_a_wait_is_one_system_call)
{
    skip_if_excepted(__func__);

    struct trace trace = trace_of("wait2_waits_that_are_counted");
    int others = 0;

    need_marks(&trace, ROUNDED_SLEEPS);
    CHECK_EQ(count_lines(&trace, READY_WAITS, &others), CALLS);
    CHECK_EQ(others, 0);
    CHECK_EQ(count_lines(&trace, LOOKS, &others), CALLS);
    CHECK_EQ(others, 0);
    for (int number = SLEEPS; number >= ROUNDED_SLEEPS; number -= SLEEPS - ROUNDED_SLEEPS) {
        int sleeps = count_lines(&trace, number, &others);
        CHECK(sleeps >= CALLS && sleeps <= 2 * CALLS);
        CHECK_EQ(others, 0);
    }
    free(trace.text);
}

TEST(wake3_waking_who_is_awake_costs_no_system_call)
{
    skip_if_excepted(__func__);

    struct trace trace = trace_of("wake3_wakes_that_are_counted");
    int others = 0;

    need_marks(&trace, WAKES);
    CHECK_EQ(count_lines(&trace, WAKES, &others), 0);
    CHECK_EQ(others, 0);
    free(trace.text);
}

/* What is between the marks of `number` makes as many calls as the marks of NOTHING do. */
static void expect_no_calls(const char *test, int number)
{
    struct trace trace = trace_of(test);
    int others = 0;
    int of_marks = 0;

    need_marks(&trace, NOTHING);
    CHECK_EQ(count_lines(&trace, number, &others), count_lines(&trace, NOTHING, &of_marks));
    CHECK_EQ(others, of_marks);
    free(trace.text);
}

TEST(time6_setting_and_cancelling_makes_no_system_call)
{
    expect_no_calls("time6_timers_that_are_counted", TIMERS);
}

TEST(post2_posting_to_who_is_awake_makes_no_system_call)
{
    expect_no_calls("post2_posts_that_are_counted", POSTS);
}

/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE

#include "support.h"

#include "facts/facts.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { BOUND_SECONDS = 10, MAX_EXPECTED = 64, MESSAGE_SIZE = 512 };

/* --- a poll --- */

struct loop loop_open_with(const struct mio_options *options, size_t capacity)
{
    struct loop loop = {.poll = NULL};
    REQUIRE_EQ(mio_poll_new(options, &loop.poll), 0);
    loop.registry = mio_poll_registry(loop.poll);
    REQUIRE(loop.registry != NULL);
    REQUIRE_EQ(mio_events_new(capacity, &loop.events), 0);
    return loop;
}

struct loop loop_open(void)
{
    return loop_open_with(NULL, DEFAULT_CAPACITY);
}

struct loop loop_open_flags(uint32_t flags)
{
    struct mio_options options = {.flags = flags};
    return loop_open_with(&options, DEFAULT_CAPACITY);
}

void loop_close(struct loop *loop)
{
    mio_events_free(loop->events);
    mio_poll_free(loop->poll);
    *loop = (struct loop){.poll = NULL};
}

int loop_wait(struct loop *loop, int64_t timeout_ns)
{
    int count;
    do {
        count = mio_poll_wait(loop->poll, loop->events, timeout_ns);
    } while (count == -EINTR);
    return count;
}

/* --- expectations --- */

static const struct {
    uint32_t bit;
    const char *name;
} readiness_names[] = {
    {MIO_READABLE, "READABLE"},
    {MIO_WRITABLE, "WRITABLE"},
    {MIO_AIO, "AIO"},
    {MIO_LIO, "LIO"},
    {MIO_PRIORITY, "PRIORITY"},
    {MIO_ERROR, "ERROR"},
    {MIO_READ_CLOSED, "READ_CLOSED"},
    {MIO_WRITE_CLOSED, "WRITE_CLOSED"},
};

static void append_readiness(char *text, size_t size, uint32_t readiness)
{
    const char *separator = "";
    for (size_t i = 0; i < sizeof readiness_names / sizeof readiness_names[0]; i++) {
        size_t length = strlen(text);
        if ((readiness & readiness_names[i].bit) == 0)
            continue;
        snprintf(text + length, size - length, "%s%s", separator, readiness_names[i].name);
        separator = "|";
    }
    if (readiness == 0)
        snprintf(text + strlen(text), size - strlen(text), "nothing");
}

static void fail_with_event(const struct mio_event *event, const char *what, struct where where)
{
    char record[MESSAGE_SIZE / 2] = "";
    char message[MESSAGE_SIZE];
    mio_event_format(event, record, sizeof record);
    snprintf(message, sizeof message, "%s: token %#llx ", what,
             (unsigned long long)mio_event_token(event));
    append_readiness(message, sizeof message, mio_event_readiness(event));
    size_t length = strlen(message);
    snprintf(message + length, sizeof message - length, ", %s", record);
    test_check(false, message, where.file, where.line);
}

static void fail_with_missing(const struct expected *wanted, uint32_t seen, struct where where)
{
    char message[MESSAGE_SIZE];
    snprintf(message, sizeof message, "token %#llx: came ", (unsigned long long)wanted->token);
    append_readiness(message, sizeof message, seen);
    size_t length = strlen(message);
    snprintf(message + length, sizeof message - length, ", wanted ");
    append_readiness(message, sizeof message, wanted->readiness);
    test_check(false, message, where.file, where.line);
}

void wrote_to_tcp(struct loop *loop, mio_token token)
{
    REQUIRE(token < 64);
    if (fact("own data that is acknowledged is a change"))
        loop->acknowledged |= (uint64_t)1 << token;
}

static bool is_acknowledgement(const struct loop *loop, const struct mio_event *event)
{
    mio_token token = mio_event_token(event);
    return token < 64 && (loop->acknowledged >> token & 1) != 0 &&
           mio_event_readiness(event) == MIO_WRITABLE;
}

/* Takes one event off the list. Each has to bring something that had not come yet. */
static bool take_event(const struct mio_event *event, const struct expected *list, uint32_t *seen,
                       size_t n, struct where where)
{
    uint32_t readiness = mio_event_readiness(event);
    for (size_t i = 0; i < n; i++) {
        if (list[i].token != mio_event_token(event))
            continue;
        if ((readiness & ~list[i].readiness) != 0) {
            fail_with_event(event, "more than was wanted", where);
            return false;
        }
        if ((readiness & ~seen[i]) == 0) {
            fail_with_event(event, "came twice", where);
            return false;
        }
        seen[i] |= readiness;
        return true;
    }
    fail_with_event(event, "an event nobody wanted", where);
    return false;
}

static bool all_seen(const struct expected *list, const uint32_t *seen, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (seen[i] != list[i].readiness)
            return false;
    }
    return true;
}

static bool await(struct loop *loop, const struct expected *list, size_t n, struct where where)
{
    uint32_t seen[MAX_EXPECTED] = {0};
    REQUIRE(n <= MAX_EXPECTED);
    while (!all_seen(list, seen, n)) {
        int count = loop_wait(loop, BOUND_SECONDS * SECOND);
        if (count <= 0) {
            test_check_eq(count, 1, "mio_poll_wait()", "an event", where.file, where.line);
            for (size_t i = 0; i < n; i++) {
                if (seen[i] != list[i].readiness)
                    fail_with_missing(&list[i], seen[i], where);
            }
            return false;
        }
        test_check_eq((int64_t)mio_events_len(loop->events), count, "mio_events_len()",
                      "what the wait returned", where.file, where.line);
        mio_events_each(event, loop->events) {
            if (!is_acknowledgement(loop, event) && !take_event(event, list, seen, n, where))
                return false;
        }
    }
    return true;
}

void await_events(struct loop *loop, const struct expected *list, size_t n, struct where where)
{
    await(loop, list, n, where);
}

void expect_nothing(struct loop *loop, struct where where)
{
    int count = loop_wait(loop, 0);
    mio_events_each(event, loop->events) {
        if (is_acknowledgement(loop, event))
            count--;
        else
            fail_with_event(event, "nothing should have come", where);
    }
    test_check_eq(count, 0, "mio_poll_wait()", "no event", where.file, where.line);
}

void expect_events(struct loop *loop, const struct expected *list, size_t n, struct where where)
{
    if (await(loop, list, n, where))
        expect_nothing(loop, where);
}

/* --- descriptors --- */

void set_nonblocking(int fd)
{
    int flags = fcntl(fd, F_GETFL);
    REQUIRE(flags >= 0);
    REQUIRE_EQ(fcntl(fd, F_SETFL, flags | O_NONBLOCK), 0);
    REQUIRE_EQ(fcntl(fd, F_SETFD, FD_CLOEXEC), 0);
}

void open_pair(int ends[2])
{
    REQUIRE_EQ(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
    set_nonblocking(ends[0]);
    set_nonblocking(ends[1]);
}

void open_pipe(int ends[2])
{
    REQUIRE_EQ(pipe(ends), 0);
    set_nonblocking(ends[0]);
    set_nonblocking(ends[1]);
}

static struct sockaddr_in loopback(uint16_t port)
{
    struct sockaddr_in address;
    memset(&address, 0, sizeof address);
    address.sin_family = AF_INET;
    address.sin_port = port;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return address;
}

int open_tcp_socket(void)
{
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    REQUIRE(fd >= 0);
    set_nonblocking(fd);
    return fd;
}

int open_listener(uint16_t *port)
{
    int fd = open_tcp_socket();
    struct sockaddr_in address = loopback(0);
    socklen_t length = sizeof address;
    REQUIRE_EQ(bind(fd, (struct sockaddr *)&address, sizeof address), 0);
    REQUIRE_EQ(getsockname(fd, (struct sockaddr *)&address, &length), 0);
    *port = address.sin_port;
    REQUIRE_EQ(listen(fd, 16), 0);
    return fd;
}

void refuse_datagrams(int fd)
{
    struct sockaddr_in own;
    socklen_t length = sizeof own;
    REQUIRE_EQ(getsockname(fd, (struct sockaddr *)&own, &length), 0);
    REQUIRE_EQ(connect(fd, (struct sockaddr *)&own, length), 0);
}

int connect_to(int fd, uint16_t port)
{
    struct sockaddr_in address = loopback(port);
    return connect(fd, (struct sockaddr *)&address, sizeof address) == 0 ? 0 : -errno;
}

static bool is_refused(uint16_t port)
{
    enum { LONG_ENOUGH_MS = 1000 };
    int fd = open_tcp_socket();
    int error = -connect_to(fd, port);
    struct pollfd waiting = {.fd = fd, .events = POLLIN | POLLOUT};
    socklen_t length = sizeof error;
    if (error == EINPROGRESS && poll(&waiting, 1, LONG_ENOUGH_MS) == 1)
        REQUIRE_EQ(getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &length), 0);
    CHECK_EQ(close(fd), 0);
    return error == ECONNREFUSED;
}

uint16_t port_of_nobody(void)
{
    static const uint16_t numbers[] = {1, 2, 3, 4, 6, 8, 10, 12, 14, 16};
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
        if (is_refused(htons(numbers[i])))
            return htons(numbers[i]);
    }
    SKIP("somebody listens, or a packet filter drops, at each of the low ports");
}

static void wait_for(int fd, short what)
{
    struct pollfd waiting = {.fd = fd, .events = what};
    int count;
    do {
        count = poll(&waiting, 1, BOUND_SECONDS * 1000);
    } while (count < 0 && errno == EINTR);
    REQUIRE_EQ(count, 1);
}

int accept_one(int listener)
{
    wait_for(listener, POLLIN);
    int fd = accept(listener, NULL, NULL);
    REQUIRE(fd >= 0);
    set_nonblocking(fd);
    return fd;
}

void open_tcp(int ends[2])
{
    uint16_t port;
    int listener = open_listener(&port);
    ends[0] = open_tcp_socket();
    int result = connect_to(ends[0], port);
    REQUIRE(result == 0 || result == -EINPROGRESS);
    ends[1] = accept_one(listener);
    wait_for(ends[0], POLLOUT);
    CHECK_EQ(close(listener), 0);
}

void close_pair(const int ends[2])
{
    CHECK_EQ(close(ends[0]), 0);
    CHECK_EQ(close(ends[1]), 0);
}

void close_with_reset(int fd)
{
    struct linger at_close = {.l_onoff = 1, .l_linger = 0};
    CHECK_EQ(setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_close, sizeof at_close), 0);
    CHECK_EQ(close(fd), 0);
}

void put(int fd, const char *text)
{
    size_t size = strlen(text);
    REQUIRE_EQ(write(fd, text, size), (ssize_t)size);
}

size_t drain(int fd)
{
    char buffer[4096];
    size_t total = 0;
    ssize_t count;
    while ((count = read(fd, buffer, sizeof buffer)) > 0)
        total += (size_t)count;
    return total;
}

size_t fill(int fd)
{
    static const char block[4096];
    size_t total = 0;
    ssize_t count;
    while ((count = write(fd, block, sizeof block)) > 0)
        total += (size_t)count;
    return total;
}

void again(struct loop *loop, int fd, mio_interest interest)
{
    if (fact("edges have to be asked for after EAGAIN") != 0)
        CHECK_EQ(mio_registry_rearm(loop->registry, fd, interest), 0);
}

size_t drain_again(struct loop *loop, int fd, mio_interest interest)
{
    size_t count = drain(fd);
    again(loop, fd, interest);
    return count;
}

int closed_descriptor(void)
{
    int fd = dup(STDERR_FILENO);
    REQUIRE(fd >= 0);
    CHECK_EQ(close(fd), 0);
    return fd;
}

void *null(void)
{
    static void *volatile nothing;
    return nothing;
}

/* --- threads --- */

pthread_t thread_start(void *(*run)(void *), void *argument)
{
    pthread_t thread;
    REQUIRE_EQ(pthread_create(&thread, NULL, run, argument), 0);
    return thread;
}

void *thread_join(pthread_t thread)
{
    void *result = NULL;
    CHECK_EQ(pthread_join(thread, &result), 0);
    return result;
}

const uint32_t waker_kinds[WAKER_KINDS] = {0, MIO_OPTION_PIPE_WAKER};

struct mio_waker *waker_open(struct loop *loop, mio_token token)
{
    struct mio_waker *waker = NULL;
    REQUIRE_EQ(mio_waker_new(loop->registry, token, &waker), 0);
    return waker;
}

static void *wake_late(void *argument)
{
    struct late_wake *late = argument;
    sleep_for(10 * MILLISECOND);
    CHECK_EQ(mio_waker_wake(late->waker), 0);
    return NULL;
}

void late_wake_start(struct late_wake *late, struct mio_waker *waker)
{
    late->waker = waker;
    late->thread = thread_start(wake_late, late);
}

void late_wake_join(struct late_wake *late)
{
    thread_join(late->thread);
}

/* --- children --- */

int in_child(int (*run)(void *), void *argument)
{
    fflush(NULL);
    pid_t child = fork();
    REQUIRE(child >= 0);
    if (child == 0)
        _exit(run(argument));
    int status = 0;
    while (waitpid(child, &status, 0) < 0) {
        if (errno != EINTR)
            return -1;
    }
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

/* --- signals --- */

static atomic_int signals;
static struct sigaction old_action;

static void count_signal(int number)
{
    (void)number;
    atomic_fetch_add(&signals, 1);
}

static void set_interval(int64_t interval)
{
    struct itimerval timer;
    timer.it_interval.tv_sec = (time_t)(interval / SECOND);
    timer.it_interval.tv_usec = (suseconds_t)(interval % SECOND / 1000);
    timer.it_value = timer.it_interval;
    CHECK_EQ(setitimer(ITIMER_REAL, &timer, NULL), 0);
}

void signals_start(int64_t interval)
{
    struct sigaction action;
    memset(&action, 0, sizeof action);
    action.sa_handler = count_signal;
    sigemptyset(&action.sa_mask);
    atomic_store(&signals, 0);
    REQUIRE_EQ(sigaction(SIGALRM, &action, &old_action), 0);
    set_interval(interval);
}

void signals_stop(void)
{
    set_interval(0);
    CHECK_EQ(sigaction(SIGALRM, &old_action, NULL), 0);
}

int signals_seen(void)
{
    return atomic_load(&signals);
}

/* --- time --- */

void sleep_for(int64_t nanoseconds)
{
    struct timespec rest = {.tv_sec = (time_t)(nanoseconds / SECOND),
                            .tv_nsec = (long)(nanoseconds % SECOND)};
    while (nanosleep(&rest, &rest) < 0 && errno == EINTR)
        continue;
}

bool time_is_up(int64_t since, int64_t limit)
{
    return test_now() - since > limit;
}

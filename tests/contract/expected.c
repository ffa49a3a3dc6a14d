/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE

#include "expected.h"

#include "facts/facts.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

enum { MAX_EXPECTED = 64, MESSAGE_SIZE = 512 };

/* --- a poll --- */

struct loop loop_open_with(const struct mio_options *options, size_t capacity)
{
    struct loop loop = {.poll = NULL};
    REQUIRE_EQ(mio_poll_new(options, &loop.poll), 0);
    loop.registry = mio_poll_registry(loop.poll);
    REQUIRE(loop.registry != NULL);
    REQUIRE_EQ(mio_events_new(capacity, NULL, &loop.events), 0);
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
    {MIO_TIMER, "TIMER"},
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

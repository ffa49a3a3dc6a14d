/* SPDX-License-Identifier: MIT */
/*
 * What a traced poll tells. Changes are seen by a table of functions that stands in for the
 * selector's own, and calls it; so the selectors and the registry know nothing of it.
 *
 * A line of the file is a time in seconds on the clock of mio_now(), the poll's id, the thread's
 * number, and what happened:
 *
 *   12.345678901 1 1 poll epoll
 *   12.345679000 1 1 register 5 token 7 MIO_READABLE|MIO_WRITABLE = 0
 *   12.345680000 1 1 wait -1
 *   12.345690000 1 1 waited 1
 *   12.345690000 1 1 event 7 MIO_READABLE
 *
 * Each is one write(2) to a file that is appended to, so lines of several threads do not mix. A
 * process that forks goes on in the same file.
 */
#if !defined(_GNU_SOURCE)
#define _GNU_SOURCE /* O_CLOEXEC under a strict -std= */
#endif

#include "trace.h"

#if defined(MIO_TRACE) || defined(MIO_USDT)

#include "../os/clock.h"
#include "../os/descriptor.h"
#include "../os/memory.h"
#include "../record/text.h"
#include "choice.h"

#include <mio/poll.h>

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#if defined(MIO_USDT)
#include <sys/sdt.h>
#else
#define DTRACE_PROBE2(provider, name, a, b)
#define DTRACE_PROBE3(provider, name, a, b, c)
#define DTRACE_PROBE5(provider, name, a, b, c, d, e)
#endif

/* --- the file --- */

enum { NOT_OPENED = -2, NO_FILE = -1 };

static atomic_int trace_fd = NOT_OPENED;

#if defined(MIO_TRACE)

/* Of a poll, since a program may set the variable before its first one. */
static void open_trace(void)
{
    int expected = NOT_OPENED;
    const char *path = mio__has_lent_rights() ? NULL : getenv("MIO_TRACE");
    if (atomic_load(&trace_fd) != NOT_OPENED)
        return;
    int fd = path && *path != '\0' ? open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600)
                                   : NO_FILE;
    if (!atomic_compare_exchange_strong(&trace_fd, &expected, fd) && fd >= 0)
        (void)close(fd);
}

#else

static void open_trace(void)
{
    atomic_store(&trace_fd, NO_FILE);
}

#endif

/* Numbers of threads, from 1 on. */
static unsigned number_of_thread(void)
{
    static atomic_uint threads;
    static _Thread_local unsigned number;
    if (number == 0)
        number = atomic_fetch_add(&threads, 1) + 1;
    return number;
}

/* Begins a line, unless nobody reads it. */
static bool begin_line(struct mio__text *text, const struct mio_selector *selector)
{
    if (atomic_load_explicit(&trace_fd, memory_order_relaxed) < 0)
        return false;
    int64_t now = mio_now();
    mio__text_add(text, "%lld.%09d %llu %u ", (long long)(now / MIO_NS_PER_S),
                  (int)(now % MIO_NS_PER_S), (unsigned long long)selector->id, number_of_thread());
    return true;
}

static void end_line(struct mio__text *text)
{
    int saved = errno;
    mio__text_add(text, "\n");
    size_t length = text->length < text->size ? text->length : text->size - 1;
    /* A trace that cannot be written is no error of the program's. */
    ptrdiff_t written = write(atomic_load(&trace_fd), text->buffer, length);
    (void)written;
    errno = saved;
}

static const struct mio__name traced_readiness[] = {
    {"MIO_READABLE", MIO_READABLE},
    {"MIO_WRITABLE", MIO_WRITABLE},
    {"MIO_PRIORITY", MIO_PRIORITY},
    {"MIO_AIO", MIO_AIO},
    {"MIO_LIO", MIO_LIO},
    {"MIO_ERROR", MIO_ERROR},
    {"MIO_READ_CLOSED", MIO_READ_CLOSED},
    {"MIO_WRITE_CLOSED", MIO_WRITE_CLOSED},
    {"MIO_TIMER", MIO_TIMER},
    {"MIO_LEVEL", MIO_LEVEL},
    {"MIO_ONESHOT", MIO_ONESHOT},
    {"MIO_EXCLUSIVE", MIO_EXCLUSIVE},
};

static void add_readiness(struct mio__text *text, uint32_t bits)
{
    mio__text_add_bits(text, bits, traced_readiness,
                       sizeof traced_readiness / sizeof traced_readiness[0]);
}

/* --- waits and wakes --- */

enum { LINE_SIZE = 256 };

void mio__trace_wait_begins(const struct mio_selector *selector, int64_t timeout_ns)
{
    char line[LINE_SIZE];
    struct mio__text text = {.buffer = line, .size = sizeof line};
    DTRACE_PROBE2(libmio, wait__begin, selector->id, timeout_ns);
    if (!begin_line(&text, selector))
        return;
    mio__text_add(&text, "wait %lld", (long long)timeout_ns);
    end_line(&text);
}

static void trace_event(const struct mio_selector *selector, const struct mio_event *event)
{
    char line[LINE_SIZE];
    struct mio__text text = {.buffer = line, .size = sizeof line};
    uint32_t readiness = mio_event_readiness(event);
    DTRACE_PROBE3(libmio, event, selector->id, mio_event_token(event), readiness);
    if (!begin_line(&text, selector))
        return;
    mio__text_add(&text, "event %llu ", (unsigned long long)mio_event_token(event));
    add_readiness(&text, readiness);
    end_line(&text);
}

void mio__trace_wait_ended(const struct mio_selector *selector, const struct mio_events *events,
                           int count)
{
    char line[LINE_SIZE];
    struct mio__text text = {.buffer = line, .size = sizeof line};
    DTRACE_PROBE2(libmio, wait__end, selector->id, count);
    if (begin_line(&text, selector)) {
        mio__text_add(&text, "waited %d", count);
        end_line(&text);
    }
    for (int i = 0; i < count; i++)
        trace_event(selector, &events->list[i]);
}

void mio__trace_wake(const struct mio_selector *selector, mio_token token, int result)
{
    (void)selector;
    (void)token;
    (void)result;
    DTRACE_PROBE3(libmio, wake, selector->id, token, result);
}

/* --- changes --- */

/* A table of functions, and the one that it stands in for. */
struct traced_ops {
    struct mio__selector_ops ops; /* first */
    const struct mio__selector_ops *beneath;
};

static const struct mio__selector_ops *beneath(const struct mio_selector *selector)
{
    return ((const struct traced_ops *)(const void *)selector->ops)->beneath;
}

static int trace_change(const struct mio_selector *selector, const char *what,
                        const struct mio__registration *change, int result)
{
    char line[LINE_SIZE];
    struct mio__text text = {.buffer = line, .size = sizeof line};
    DTRACE_PROBE5(libmio, change, what, change->fd, change->token, change->interest, result);
    if (begin_line(&text, selector)) {
        mio__text_add(&text, "%s %lld token %llu ", what, (long long)change->fd,
                      (unsigned long long)change->token);
        add_readiness(&text, change->interest);
        mio__text_add(&text, " = %d", result);
        end_line(&text);
    }
    return result;
}

/* What is told is copied first: from the change on the source may be another thread's. */
static int traced_register(struct mio_selector *selector, const struct mio__registration *wanted)
{
    const struct mio__registration told = *wanted;
    return trace_change(selector, "register", &told,
                        beneath(selector)->register_fd(selector, wanted));
}

static int traced_reregister(struct mio_selector *selector, const struct mio__registration *wanted,
                             const struct mio__registration *previous)
{
    const struct mio__registration told = *wanted;
    return trace_change(selector, "reregister", &told,
                        beneath(selector)->reregister_fd(selector, wanted, previous));
}

static int traced_deregister(struct mio_selector *selector, mio_fd fd,
                             const struct mio__registration *previous)
{
    const struct mio__registration told = {.fd = fd, .token = previous ? previous->token : 0};
    return trace_change(selector, "deregister", &told,
                        beneath(selector)->deregister_fd(selector, fd, previous));
}

static int traced_rearm(struct mio_selector *selector, mio_fd fd, mio_interest interest)
{
    const struct mio__registration told = {.fd = fd, .interest = interest};
    return trace_change(selector, "rearm", &told, beneath(selector)->rearm(selector, fd, interest));
}

static void traced_free(struct mio_selector *selector)
{
    struct mio_allocator allocator = selector->config.allocator;
    const struct mio__selector_ops *ops = selector->ops;
    const struct mio__selector_ops *own = beneath(selector);
    selector->ops = own;
    own->selector_free(selector);
    mio__release(&allocator, (void *)(uintptr_t)ops, sizeof(struct traced_ops));
}

int mio__trace_attach(struct mio_selector *selector)
{
    struct traced_ops *made = mio__allocate(&selector->config.allocator, sizeof *made);
    if (!made)
        return -ENOMEM;
    made->beneath = selector->ops;
    made->ops = *selector->ops;
    made->ops.selector_free = traced_free;
    made->ops.register_fd = traced_register;
    made->ops.reregister_fd = traced_reregister;
    made->ops.deregister_fd = traced_deregister;
    made->ops.rearm = made->beneath->rearm ? traced_rearm : NULL;
    /* Those that would not be seen: each has a way through the above. */
    made->ops.register_usual = NULL;
    made->ops.reregister_usual = NULL;
    made->ops.set_fd = NULL;
    made->ops.apply = NULL;
    selector->ops = &made->ops;

    open_trace();
    char line[LINE_SIZE];
    struct mio__text text = {.buffer = line, .size = sizeof line};
    if (begin_line(&text, selector)) {
        mio__text_add(&text, "poll %s", selector->ops->name);
        end_line(&text);
    }
    return 0;
}

#endif

/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE

#include "machine.h"

#include "channel.h"
#include "fault.h"
#include "helper.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
    SMALL_ROOM = 8,
    LARGE_ROOM = 64,          /* more than all ends and wakers can fill */
    NEVER_OPEN = 900,         /* a descriptor number that nobody has */
    PROGRAMS_PER_COUNT = 256, /* of descriptors */
    MS = 1000000,
    SHORT_WAIT = 2 * MS,
/* In nanoseconds: a wait that must end at once, and how late it may, on a busy machine. */
#define LONG_WAIT (INT64_C(3000) * MS)
#define TOO_LATE  (INT64_C(2000) * MS)
    PATIENCE = 500, /* short waits */
    MAX_UNREAD_DATAGRAMS = 8
};

struct handle {
    int fd;                   /* -1: closed */
    int duplicate;            /* -1: none */
    struct mio_source source; /* while it is registered as one */
};

struct machine {
    struct oracle oracle;
    char selector[32];
    const char *backend;
    uint64_t operations;
    uint64_t programs;
    FILE *trace;
    bool is_alone;
    int kept_by_others; /* descriptors, at the start */
    int file;           /* a regular file */
    int directory;

    struct mio_poll *poll;
    struct mio_registry *registry;
    struct mio_registry *clone;                /* or NULL */
    struct mio_poll *other;                    /* another poll, for mistaking registries */
    struct mio_events *events[SMALL_ROOM + 1]; /* by capacity; [0] has LARGE_ROOM */
    struct handle handles[ENDS];
    struct mio_waker *wakers[WAKERS];
    bool is_polled; /* mio_poll_fd() was asked for */
};

/* --- telling --- */

__attribute__((format(printf, 2, 3))) static void note(const struct machine *machine,
                                                       const char *format, ...)
{
    if (!machine->trace)
        return;
    va_list arguments;
    va_start(arguments, format);
    vfprintf(machine->trace, format, arguments);
    va_end(arguments);
}

static const char *text_of(mio_interest interest)
{
    static char text[96];
    mio_interest_format(interest, text, sizeof text);
    return text;
}

/* --- calls of the library, by this thread or the other one --- */

enum call_kind { CALL_REGISTER, CALL_REREGISTER, CALL_DEREGISTER, CALL_WAKE, CALL_WRITE };

struct call {
    enum call_kind kind;
    struct mio_registry *registry;
    struct mio_source *source; /* NULL: the raw descriptor */
    int fd;
    mio_token token;
    mio_interest interest;
    struct mio_waker *waker;
    enum channel channel; /* of CALL_WRITE */
    bool is_meanwhile;    /* while the main thread waits: */
    unsigned delay;       /* before the call, in turns of a loop */
    atomic_bool begun;    /* the delay has */
    int64_t ended;        /* when the call had */
    int result;
};

static int call_source(struct call *call)
{
    switch (call->kind) {
    case CALL_REGISTER:
        mio_source_init(call->source, call->fd);
        return mio_source_register(call->source, call->registry, call->token, call->interest);
    case CALL_REREGISTER:
        return mio_source_reregister(call->source, call->registry, call->token, call->interest);
    default:
        return mio_source_deregister(call->source, call->registry);
    }
}

static int call_raw(struct call *call)
{
    switch (call->kind) {
    case CALL_REGISTER:
        return mio_registry_register(call->registry, call->fd, call->token, call->interest);
    case CALL_REREGISTER:
        return mio_registry_reregister(call->registry, call->fd, call->token, call->interest);
    case CALL_DEREGISTER:
        return mio_registry_deregister(call->registry, call->fd);
    case CALL_WAKE:
        return mio_waker_wake(call->waker);
    default:
        return (int)channel_write(call->channel, call->fd, 1);
    }
}

static void make_call(void *argument)
{
    struct call *call = argument;
    atomic_store(&call->begun, true);
    for (volatile unsigned turn = 0; turn < call->delay; turn++)
        ;
    call->result = call->source ? call_source(call) : call_raw(call);
    if (call->is_meanwhile)
        call->ended = mio_now();
}

/* Few are handed over: it costs as much as ten operations. */
static bool is_handed_over(const struct operation *operation)
{
    enum { FROM = 252 };
    return operation->b >= FROM;
}

static int call_now(const struct operation *operation, struct call *call)
{
    if (is_handed_over(operation)) {
        helper_start(make_call, call);
        helper_join();
    } else {
        make_call(call);
    }
    return call->result;
}

static struct mio_registry *a_registry(const struct machine *machine,
                                       const struct operation *operation)
{
    return machine->clone && (operation->b & 2) != 0 ? machine->clone : machine->registry;
}

static void check_result(struct machine *machine, enum rule rule, const char *what, int end,
                         int expected, int result)
{
    note(machine, " = %d", result);
    oracle_check(&machine->oracle, rule, result == expected,
                 "%s, end %d: %d (%s), expected %d (%s)", what, end, result, strerror(-result),
                 expected, strerror(-expected));
}

/* --- waiting --- */

static void take_events(struct machine *machine, const struct mio_events *events)
{
    char text[256];
    mio_events_each(event, events) {
        if (machine->trace) {
            mio_event_format(event, text, sizeof text);
            note(machine, "\n        0x%llx: readiness 0x%x, %s",
                 (unsigned long long)mio_event_token(event), (unsigned)mio_event_readiness(event),
                 text);
        }
        oracle_event(&machine->oracle, event);
    }
}

/* What the network still has to bring. */
static void wait_on(struct machine *machine, struct mio_events *events)
{
    bool missing = true;
    for (int i = 0; missing && !machine->oracle.failed; i++) {
        oracle_wait_goes_on(&machine->oracle);
        int count = mio_poll_wait(machine->poll, events, SHORT_WAIT);
        note(machine, "\n      waited on = %d", count);
        take_events(machine, events);
        missing = oracle_wait_ends(&machine->oracle, count, LARGE_ROOM, i < PATIENCE);
    }
}

static void finish_wait(struct machine *machine, struct mio_events *events, int count)
{
    size_t capacity = mio_events_capacity(events);
    note(machine, " = %d", count);
    oracle_check(&machine->oracle, RULE_WAIT1, count == (int)mio_events_len(events) || count < 0,
                 "mio_poll_wait() returned %d, mio_events_len() %zu", count,
                 mio_events_len(events));
    take_events(machine, events);
    if (oracle_wait_ends(&machine->oracle, count, capacity, true))
        wait_on(machine, machine->events[0]);
}

static void wait_once(struct machine *machine, size_t room, int64_t timeout_ns)
{
    struct mio_events *events = machine->events[room];
    oracle_wait_begins(&machine->oracle);
    note(machine, " room %zu timeout %lld", mio_events_capacity(events), (long long)timeout_ns);
    int64_t begun = timeout_ns == LONG_WAIT ? mio_now() : 0;
    int count = mio_poll_wait(machine->poll, events, timeout_ns);
    if (timeout_ns == LONG_WAIT)
        oracle_check(&machine->oracle, RULE_WAIT5, mio_now() - begun < TOO_LATE, "%s",
                     "a wait went on although something was ready");
    finish_wait(machine, events, count);
}

static bool do_wait(struct machine *machine, const struct operation *operation)
{
    enum { LONG_FROM = 225, TINY_FROM = 253 };
    size_t room = operation->a < 128 ? 0 : 1 + operation->a % SMALL_ROOM;
    int64_t timeout_ns = 0;
    if (operation->b >= TINY_FROM)
        timeout_ns = 1 + operation->a;
    else if (operation->b >= LONG_FROM && oracle_anything_due(&machine->oracle, true))
        timeout_ns = operation->b % 4 == 0 ? MIO_FOREVER : LONG_WAIT;
    wait_once(machine, room, timeout_ns);
    return true;
}

static bool do_burst(struct machine *machine, const struct operation *operation)
{
    size_t room = 1 + operation->a % 3;
    for (int i = 0; i < 4 + operation->b % 32 && !machine->oracle.failed; i++)
        wait_once(machine, room, 0);
    return true;
}

/* --- descriptors --- */

static bool is_open(const struct machine *machine, int end)
{
    return machine->oracle.ends[end].open;
}

static const struct registration *registration_of(const struct machine *machine, int end)
{
    return &machine->oracle.ends[end].registration;
}

static struct mio_source *source_of(struct machine *machine, int end)
{
    return registration_of(machine, end)->is_source ? &machine->handles[end].source : NULL;
}

/* Closes the descriptor, in the way that `registered` says a registered one is closed. */
static void close_end(struct machine *machine, int end, bool deregister_first)
{
    struct handle *handle = &machine->handles[end];
    struct end *state = &machine->oracle.ends[end];
    /* The last end of a connection has nobody to tell. */
    bool last = !is_open(machine, end ^ 1) && handle->duplicate < 0;
    if (state->registration.is_source) {
        int result = mio_source_close(&handle->source);
        check_result(machine, RULE_REG9, "mio_source_close()", end, 0, result);
        /* A source is deregistered whoever has duplicates. */
        oracle_deregister(&machine->oracle, end);
    } else {
        if (state->registration.active && deregister_first) {
            int result = mio_registry_deregister(machine->registry, handle->fd);
            check_result(machine, RULE_REG3, "mio_registry_deregister()", end,
                         oracle_deregister(&machine->oracle, end), result);
        }
        if (last)
            channel_close_last(state->channel, handle->fd);
        else
            close(handle->fd);
    }
    oracle_closed(&machine->oracle, end, handle->duplicate >= 0);
    handle->fd = handle->duplicate;
    handle->duplicate = -1;
}

static void close_object(struct machine *machine, int object)
{
    for (int end = 2 * object; end < 2 * object + 2; end++) {
        while (is_open(machine, end))
            close_end(machine, end, true);
        machine->oracle.ends[end].channel = CHANNEL_NONE;
    }
}

static bool do_open(struct machine *machine, const struct operation *operation)
{
    static const enum channel channels[8] = {CHANNEL_UNIX, CHANNEL_PIPE, CHANNEL_UNIX, CHANNEL_PIPE,
                                             CHANNEL_UNIX, CHANNEL_PIPE, CHANNEL_TCP,  CHANNEL_UDP};
    static const char *const names[] = {"none", "pipe", "unix", "tcp", "udp"};
    int object = operation->where / 2;
    enum channel channel = channels[operation->a % 8];
    int ends[2];
    note(machine, " object %d: %s", object, names[channel]);
    close_object(machine, object);
    channel_open(channel, ends);
    for (int i = 0; i < 2; i++) {
        oracle_opened(&machine->oracle, 2 * object + i, channel);
        machine->handles[2 * object + i] = (struct handle){.fd = ends[i], .duplicate = -1};
    }
    note(machine, ", ends %d and %d are descriptors %d and %d", 2 * object, 2 * object + 1, ends[0],
         ends[1]);
    return true;
}

static bool do_close(struct machine *machine, const struct operation *operation)
{
    int end = operation->where;
    if (!is_open(machine, end))
        return false;
    bool deregister_first = operation->a % 2 != 0 || oracle_remembers_closed(&machine->oracle, end);
    note(machine, " end %d%s", end,
         registration_of(machine, end)->active && !deregister_first ? ", registered" : "");
    close_end(machine, end, deregister_first);
    return true;
}

static bool do_duplicate(struct machine *machine, const struct operation *operation)
{
    int end = operation->where;
    struct handle *handle = &machine->handles[end];
    /* With an orphan the number may be of the same file again, which epoll has registered. */
    if (!is_open(machine, end) || handle->duplicate >= 0 || machine->oracle.ends[end].orphan.active)
        return false;
    handle->duplicate = fcntl(handle->fd, F_DUPFD_CLOEXEC, 0);
    note(machine, " end %d = descriptor %d", end, handle->duplicate);
    return true;
}

static bool do_close_duplicate(struct machine *machine, const struct operation *operation)
{
    struct handle *handle = &machine->handles[operation->where];
    if (!is_open(machine, operation->where) || handle->duplicate < 0)
        return false;
    note(machine, " end %d", operation->where);
    close(handle->duplicate);
    handle->duplicate = -1;
    oracle_touched(&machine->oracle, operation->where);
    return true;
}

static bool do_shut(struct machine *machine, const struct operation *operation)
{
    int end = operation->where;
    enum channel channel = machine->oracle.ends[end].channel;
    if (!is_open(machine, end) || channel == CHANNEL_PIPE || channel == CHANNEL_UDP)
        return false;
    note(machine, " end %d", end);
    /* ENOTCONN: the other end has torn the connection down. */
    shutdown(machine->handles[end].fd, SHUT_WR);
    oracle_shut(&machine->oracle, end);
    return true;
}

/* --- reading and writing --- */

struct transfer {
    bool reading;
    enum channel channel;
    size_t size;
};

static ptrdiff_t transfer(mio_fd fd, void *user)
{
    const struct transfer *wanted = user;
    return wanted->reading ? channel_read(fd, wanted->size)
                           : channel_write(wanted->channel, fd, wanted->size);
}

/* A call on the descriptor, and what follows from its result; `rearms`: as programs should. */
static long move_bytes(struct machine *machine, int end, struct transfer wanted, bool rearms)
{
    struct handle *handle = &machine->handles[end];
    const struct registration *registration = registration_of(machine, end);
    enum direction direction = wanted.reading ? IN : OUT;
    mio_interest interest = wanted.reading ? MIO_READABLE : MIO_WRITABLE;
    bool is_source = rearms && registration->is_source;
    long result = is_source ? mio_source_try_io(&handle->source, interest, transfer, &wanted)
                            : transfer(handle->fd, &wanted);
    note(machine, " %zu = %ld", wanted.size, result);
    if (wanted.reading)
        oracle_read(&machine->oracle, end, result);
    else
        oracle_wrote(&machine->oracle, end, result);
    if (result != -EAGAIN || !rearms || !registration->active)
        return result;
    int expected = oracle_rearm(&machine->oracle, end, direction, true);
    if (!is_source)
        check_result(machine, RULE_REG3, ", mio_registry_rearm()", end, expected,
                     mio_registry_rearm(machine->registry, handle->fd, interest));
    return result;
}

static bool may_write(const struct machine *machine, int end)
{
    const struct end *other = &machine->oracle.ends[end ^ 1];
    bool reads_only = machine->oracle.ends[end].channel == CHANNEL_PIPE && end % 2 == 0;
    bool enough = other->channel == CHANNEL_UDP && other->unread >= MAX_UNREAD_DATAGRAMS;
    return is_open(machine, end) && !reads_only && !enough;
}

static bool may_read(const struct machine *machine, int end)
{
    bool writes_only = machine->oracle.ends[end].channel == CHANNEL_PIPE && end % 2 != 0;
    return is_open(machine, end) && !writes_only;
}

static bool do_write(struct machine *machine, const struct operation *operation)
{
    enum { LARGE_FROM = 200, STEP = 128, MAX_DATAGRAM = 512, FORGETS = 3 };
    int end = operation->where;
    if (!may_write(machine, end))
        return false;
    enum channel channel = machine->oracle.ends[end].channel;
    size_t size = operation->a < LARGE_FROM ? 1u + operation->a % 64
                                            : (size_t)(operation->a - LARGE_FROM + 1) * STEP;
    if (channel == CHANNEL_UDP && size > MAX_DATAGRAM)
        size = MAX_DATAGRAM;
    note(machine, " end %d", end);
    move_bytes(machine, end, (struct transfer){.channel = channel, .size = size},
               operation->b % 4 != FORGETS);
    return true;
}

static bool do_fill(struct machine *machine, const struct operation *operation)
{
    enum { BLOCK = 8192 };
    int end = operation->where;
    enum channel channel = machine->oracle.ends[end].channel;
    if (!may_write(machine, end) || channel == CHANNEL_UDP)
        return false;
    note(machine, " end %d", end);
    struct transfer block = {.channel = channel, .size = BLOCK};
    while (move_bytes(machine, end, block, true) > 0)
        ;
    return true;
}

static bool do_read(struct machine *machine, const struct operation *operation)
{
    enum { ALL_FROM = 128, ALL = 4096, FORGETS = 3 };
    int end = operation->where;
    if (!may_read(machine, end))
        return false;
    note(machine, " end %d", end);
    size_t size = operation->a < ALL_FROM ? 1u + operation->a % 32 : ALL;
    move_bytes(machine, end, (struct transfer){.reading = true, .size = size},
               operation->b % 4 != FORGETS);
    return true;
}

static void drain(struct machine *machine, int end)
{
    enum { BLOCK = 16384 };
    struct transfer block = {.reading = true, .size = BLOCK};
    while (move_bytes(machine, end, block, true) > 0)
        ;
}

static bool do_drain(struct machine *machine, const struct operation *operation)
{
    if (!may_read(machine, operation->where))
        return false;
    note(machine, " end %d", operation->where);
    drain(machine, operation->where);
    return true;
}

/* --- registering --- */

static bool add_registration(struct machine *machine, const struct operation *operation, int end,
                             bool is_source, mio_interest interest)
{
    struct handle *handle = &machine->handles[end];
    const struct registration *registration = registration_of(machine, end);
    mio_token token = oracle_token(&machine->oracle);
    struct call call = {.kind = CALL_REGISTER,
                        .registry = a_registry(machine, operation),
                        .fd = handle->fd,
                        .token = token,
                        .interest = interest};
    note(machine, " end %d (descriptor %d%s) %s token 0x%llx", end, handle->fd,
         is_source ? ", source" : "", text_of(interest), (unsigned long long)token);
    struct mio_source again = handle->source;
    if (is_source)
        call.source = registration->active ? &again : &handle->source;
    int result;
    if (registration->active && is_source)
        result = mio_source_register(&again, call.registry, token, interest);
    else
        result = call_now(operation, &call);
    check_result(machine, RULE_REG3, "register", end,
                 oracle_register(&machine->oracle, end, is_source, token, interest), result);
    return true;
}

/*
 * A second registration of a raw descriptor replaces the first by halves where the kernel takes it
 * (K6); what is left is registered, and can be deregistered.
 */
static bool register_twice(struct machine *machine, int end, mio_interest interest)
{
    int fd = machine->handles[end].fd;
    const struct registration *registration = registration_of(machine, end);
    bool may_be_unknown = registration->ended;
    mio_token token = oracle_token(&machine->oracle);
    note(machine, " end %d a second time, %s token 0x%llx", end, text_of(interest),
         (unsigned long long)token);
    int result = mio_registry_register(machine->registry, fd, token, interest);
    check_result(machine, RULE_REG3, "a second registration", end, 0, result);
    result = mio_registry_deregister(machine->registry, fd);
    oracle_deregister(&machine->oracle, end);
    check_result(machine, RULE_REG3, "deregistering after it", end,
                 may_be_unknown && result < 0 ? -ENOENT : 0, result);
    return true;
}

static bool do_register(struct machine *machine, const struct operation *operation)
{
    int end = operation->where;
    if (!is_open(machine, end))
        return false;
    const struct registration *registration = registration_of(machine, end);
    bool is_source = registration->active ? registration->is_source : operation->b % 2 != 0;
    mio_interest interest = oracle_fit(&machine->oracle, end, operation->a);
    if (registration->active && !is_source && machine->oracle.traits.replaces_raw)
        return register_twice(machine, end, interest);
    return add_registration(machine, operation, end, is_source, interest);
}

static bool do_reregister(struct machine *machine, const struct operation *operation)
{
    int end = operation->where;
    if (!is_open(machine, end))
        return false;
    mio_interest interest = oracle_fit(&machine->oracle, end, operation->a);
    mio_token token = oracle_token(&machine->oracle);
    struct call call = {.kind = CALL_REREGISTER,
                        .registry = a_registry(machine, operation),
                        .source = source_of(machine, end),
                        .fd = machine->handles[end].fd,
                        .token = token,
                        .interest = interest};
    note(machine, " end %d%s %s token 0x%llx", end, call.source ? " (source)" : "",
         text_of(interest), (unsigned long long)token);
    int result = call_now(operation, &call);
    check_result(machine, RULE_REG3, "reregister", end,
                 oracle_reregister(&machine->oracle, end, token, interest), result);
    return true;
}

static bool do_deregister(struct machine *machine, const struct operation *operation)
{
    int end = operation->where;
    if (!is_open(machine, end))
        return false;
    struct call call = {.kind = CALL_DEREGISTER,
                        .registry = a_registry(machine, operation),
                        .source = source_of(machine, end),
                        .fd = machine->handles[end].fd};
    note(machine, " end %d%s", end, call.source ? " (source)" : "");
    int result = call_now(operation, &call);
    check_result(machine, RULE_REG3, "deregister", end, oracle_deregister(&machine->oracle, end),
                 result);
    return true;
}

static int plan_change(struct machine *machine, struct mio_change *change, int end, unsigned kind,
                       uint8_t a)
{
    const struct registration *registration = registration_of(machine, end);
    *change = (struct mio_change){.fd = machine->handles[end].fd, .result = 1};
    if (kind <= 1 && !(registration->active && machine->oracle.traits.replaces_raw))
        change->kind = MIO_REGISTER;
    else
        change->kind = kind == 3 ? MIO_DEREGISTER : MIO_REREGISTER;
    change->interest = oracle_fit(&machine->oracle, end, a);
    change->token = change->kind == MIO_DEREGISTER ? 0 : oracle_token(&machine->oracle);
    switch (change->kind) {
    case MIO_REGISTER:
        return oracle_register(&machine->oracle, end, false, change->token, change->interest);
    case MIO_REREGISTER:
        return oracle_reregister(&machine->oracle, end, change->token, change->interest);
    default:
        return oracle_deregister(&machine->oracle, end);
    }
}

static bool do_apply(struct machine *machine, const struct operation *operation)
{
    enum { MAX_CHANGES = 6 };
    static const char *const names[] = {"register", "reregister", "deregister"};
    struct mio_change changes[MAX_CHANGES];
    int expected[MAX_CHANGES];
    int ends[MAX_CHANGES];
    size_t count = 0;
    int succeeding = 0;
    for (unsigned i = 0; i < 2u + operation->b % (MAX_CHANGES - 1); i++) {
        /* The same end twice, now and then. */
        int end = (operation->where + (int)(i % 4)) % ENDS;
        if (!is_open(machine, end) || registration_of(machine, end)->is_source)
            continue;
        uint8_t a = (uint8_t)(operation->b * (i + 3));
        expected[count] =
            plan_change(machine, &changes[count], end, (operation->a >> (2 * (i % 4))) & 3, a);
        succeeding += expected[count] == 0;
        ends[count++] = end;
    }
    if (count == 0)
        return false;
    int result = mio_registry_apply(a_registry(machine, operation), changes, count);
    for (size_t i = 0; i < count; i++) {
        note(machine, "\n        %s end %d %s token 0x%llx", names[changes[i].kind], ends[i],
             text_of(changes[i].interest), (unsigned long long)changes[i].token);
        check_result(machine, RULE_REG4, names[changes[i].kind], ends[i], expected[i],
                     changes[i].result);
    }
    check_result(machine, RULE_REG4, "mio_registry_apply()", -1, succeeding, result);
    return true;
}

static bool do_rearm(struct machine *machine, const struct operation *operation)
{
    int end = operation->where;
    enum direction direction = operation->a % 2 != 0 ? OUT : IN;
    if (!is_open(machine, end))
        return false;
    note(machine, " end %d", end);
    int result = mio_registry_rearm(a_registry(machine, operation), machine->handles[end].fd,
                                    direction == IN ? MIO_READABLE : MIO_WRITABLE);
    check_result(machine, RULE_REG3, "mio_registry_rearm()", end,
                 oracle_rearm(&machine->oracle, end, direction, false), result);
    return true;
}

/* --- wakers --- */

static bool do_new_waker(struct machine *machine, const struct operation *operation)
{
    int waker = operation->where % WAKERS;
    if (machine->wakers[waker])
        return false;
    mio_token token = oracle_token(&machine->oracle);
    note(machine, " %d token 0x%llx", waker, (unsigned long long)token);
    int result = mio_waker_new(a_registry(machine, operation), token, &machine->wakers[waker]);
    check_result(machine, RULE_WAKE2, "mio_waker_new()", waker, 0, result);
    oracle_waker_made(&machine->oracle, waker, token);
    return true;
}

static bool do_wake(struct machine *machine, const struct operation *operation)
{
    int waker = operation->where % WAKERS;
    if (!machine->wakers[waker])
        return do_new_waker(machine, operation);
    note(machine, " %d", waker);
    struct call call = {.kind = CALL_WAKE, .waker = machine->wakers[waker]};
    int result = call_now(operation, &call);
    oracle_woken(&machine->oracle, waker);
    check_result(machine, RULE_WAKE1, "mio_waker_wake()", waker, 0, result);
    return true;
}

static bool do_free_waker(struct machine *machine, const struct operation *operation)
{
    int waker = operation->where % WAKERS;
    if (!machine->wakers[waker])
        return false;
    note(machine, " %d", waker);
    mio_waker_free(machine->wakers[waker]);
    machine->wakers[waker] = NULL;
    oracle_waker_freed(&machine->oracle, waker);
    return true;
}

/* --- a wait that another thread ends --- */

static void plan_meanwhile(struct machine *machine, const struct operation *operation,
                           struct call *call)
{
    int end = operation->where;
    int waker = end % WAKERS;
    /* Mostly so short that it falls into the beginning of the wait. */
    unsigned turn = operation->a >= 240 ? 64 : 1;
    *call = (struct call){.kind = CALL_WAKE, .is_meanwhile = true, .delay = operation->b * turn};
    if (operation->a % 4 == 0 && may_write(machine, end) && is_open(machine, end ^ 1) &&
        oracle_truth(&machine->oracle, end, OUT) == YES &&
        registration_of(machine, end ^ 1)->active &&
        registration_of(machine, end ^ 1)->of[IN].armed &&
        (registration_of(machine, end ^ 1)->interest & (MIO_READABLE | MIO_ONESHOT)) ==
            MIO_READABLE) {
        call->kind = CALL_WRITE;
        call->fd = machine->handles[end].fd;
        call->channel = machine->oracle.ends[end].channel;
        return;
    }
    if (operation->a % 4 == 1 && is_open(machine, end) && !registration_of(machine, end)->active &&
        oracle_truth(&machine->oracle, end, IN) == YES) {
        call->kind = CALL_REGISTER;
        call->registry = machine->registry;
        call->fd = machine->handles[end].fd;
        call->token = oracle_token(&machine->oracle);
        call->interest = MIO_READABLE;
        return;
    }
    if (!machine->wakers[waker])
        do_new_waker(machine, operation);
    call->waker = machine->wakers[waker];
}

static void conclude_meanwhile(struct machine *machine, int end, const struct call *call)
{
    switch (call->kind) {
    case CALL_WRITE:
        oracle_wrote(&machine->oracle, end, call->result);
        note(machine, ", meanwhile end %d was written to = %d", end, call->result);
        break;
    case CALL_REGISTER:
        note(machine, ", meanwhile end %d was registered, token 0x%llx", end,
             (unsigned long long)call->token);
        check_result(machine, RULE_REG3, "register", end,
                     oracle_register(&machine->oracle, end, false, call->token, call->interest),
                     call->result);
        break;
    default:
        note(machine, ", meanwhile waker %d", end % WAKERS);
        oracle_woken(&machine->oracle, end % WAKERS);
        check_result(machine, RULE_WAKE1, "mio_waker_wake()", end % WAKERS, 0, call->result);
        break;
    }
}

/* Whatever came between the two threads, the wait is ended by what the other one did. */
static bool do_asleep(struct machine *machine, const struct operation *operation)
{
    struct mio_events *events = machine->events[0];
    wait_once(machine, 0, 0);
    struct call call;
    plan_meanwhile(machine, operation, &call);
    oracle_wait_begins(&machine->oracle);
    helper_start(make_call, &call);
    while (!atomic_load(&call.begun))
        sched_yield();
    int count = mio_poll_wait(machine->poll, events, LONG_WAIT);
    int64_t ended = mio_now();
    helper_join();
    conclude_meanwhile(machine, operation->where, &call);
    oracle_check(&machine->oracle, call.kind == CALL_WAKE ? RULE_WAKE1 : RULE_REG7,
                 ended - call.ended < TOO_LATE,
                 "a wait went on for %lld ms after what had to end it",
                 (long long)((ended - call.ended) / MS));
    finish_wait(machine, events, count);
    return true;
}

/* --- mistakes, and a kernel that refuses --- */

static void refuse(struct machine *machine, enum rule rule, const char *what, int expected,
                   int result)
{
    note(machine, " %s", what);
    check_result(machine, rule, what, -1, expected, result);
}

static bool misuse_interest(struct machine *machine, const struct operation *operation)
{
    mio_interest interest = (mio_interest)operation->b | ((mio_interest)operation->a << 5 & 0xf00);
    int expected = oracle_interest(&machine->oracle, interest);
    if (expected == 0)
        return false;
    int end = operation->where;
    int fd = is_open(machine, end) ? machine->handles[end].fd : NEVER_OPEN;
    note(machine, " %s", text_of(interest));
    refuse(machine, RULE_REG1, "register", expected,
           mio_registry_register(machine->registry, fd, 1, interest));
    refuse(machine, RULE_REG1, "reregister", expected,
           mio_registry_reregister(machine->registry, fd, 1, interest));
    refuse(machine, RULE_REG1, "rearm", expected,
           mio_registry_rearm(machine->registry, fd, interest));
    return true;
}

static bool misuse_closed(struct machine *machine)
{
    refuse(machine, RULE_REG3, "register what is closed", -EBADF,
           mio_registry_register(machine->registry, NEVER_OPEN, 1, MIO_READABLE));
    refuse(machine, RULE_REG3, "reregister what is closed", -EBADF,
           mio_registry_reregister(machine->registry, NEVER_OPEN, 1, MIO_WRITABLE));
    refuse(machine, RULE_REG3, "deregister what is closed", -EBADF,
           mio_registry_deregister(machine->registry, NEVER_OPEN));
    return true;
}

static bool misuse_file(struct machine *machine, int fd)
{
    refuse(machine, RULE_REG8, "register a file", -EPERM,
           mio_registry_register(machine->registry, fd, 1, MIO_READABLE | MIO_WRITABLE));
    return true;
}

static bool misuse_registry(struct machine *machine, const struct operation *operation)
{
    struct mio_source *source = source_of(machine, operation->where);
    struct mio_registry *other = mio_poll_registry(machine->other);
    if (!source)
        return false;
    refuse(machine, RULE_REG3, "register with another registry", -EEXIST,
           mio_source_register(source, other, 1, MIO_READABLE));
    refuse(machine, RULE_REG3, "reregister with another registry", -EEXIST,
           mio_source_reregister(source, other, 1, MIO_READABLE));
    refuse(machine, RULE_REG3, "deregister with another registry", -ENOENT,
           mio_source_deregister(source, other));
    return true;
}

static bool misuse_source(struct machine *machine)
{
    struct mio_source source;
    mio_source_init(&source, MIO_INVALID_FD);
    refuse(machine, RULE_REG3, "register an empty source", -EBADF,
           mio_source_register(&source, machine->registry, 1, MIO_READABLE));
    refuse(machine, RULE_REG3, "reregister an unregistered source", -ENOENT,
           mio_source_reregister(&source, machine->registry, 1, MIO_READABLE));
    refuse(machine, RULE_REG3, "deregister an unregistered source", -ENOENT,
           mio_source_deregister(&source, machine->registry));
    refuse(machine, RULE_REG3, "close an empty source", -EBADF, mio_source_close(&source));
    return true;
}

static bool misuse_wait(struct machine *machine)
{
    refuse(machine, RULE_WAIT1, "a negative timeout", -EINVAL,
           mio_poll_wait(machine->poll, machine->events[1], -2));
    struct mio_change change = {.kind = (enum mio_change_kind)7, .fd = 0};
    refuse(machine, RULE_REG4, "a batch with an unknown kind", 0,
           mio_registry_apply(machine->registry, &change, 1));
    refuse(machine, RULE_REG4, "an unknown kind", -EINVAL, change.result);
    return true;
}

static bool do_misuse(struct machine *machine, const struct operation *operation)
{
    switch (operation->a % 8) {
    case 0:
        return misuse_closed(machine);
    case 1:
        return misuse_file(machine, machine->file);
    case 2:
        return misuse_file(machine, machine->directory);
    case 3:
        return misuse_registry(machine, operation);
    case 4:
        return misuse_source(machine);
    case 5:
        return misuse_wait(machine);
    default:
        return misuse_interest(machine, operation);
    }
}

static unsigned filters_of(mio_interest interest)
{
    return ((interest & MIO_READABLE) != 0 ? 1u : 0) + ((interest & MIO_WRITABLE) != 0 ? 1u : 0) +
           ((interest & MIO_PRIORITY) != 0 ? 1u : 0);
}

/* Out of memory for one of the filters: nothing is left of a registration, and all of a source's
 * that was to be replaced. */
static bool fault_refusal(struct machine *machine, const struct operation *operation)
{
    int end = operation->where;
    const struct registration *registration = registration_of(machine, end);
    mio_interest interest = oracle_fit(&machine->oracle, end, operation->a);
    unsigned n = 1 + (operation->b >> 1) % 3;
    if (registration->active && !registration->is_source)
        return false;
    if (n > filters_of(interest))
        n = filters_of(interest);
    mio_token token = oracle_token(&machine->oracle);
    note(machine, " end %d, filter %u of %s token 0x%llx", end, n, text_of(interest),
         (unsigned long long)token);
    struct call call = {.kind = registration->active ? CALL_REREGISTER : CALL_REGISTER,
                        .registry = machine->registry,
                        .fd = machine->handles[end].fd,
                        .token = token,
                        .interest = interest};
    if (registration->active || operation->b % 2 != 0)
        call.source = &machine->handles[end].source;
    fault_order(n);
    make_call(&call);
    fault_clear();
    check_result(machine, RULE_REG4, "without memory", end, -ENOMEM, call.result);
    oracle_reregistration_failed(&machine->oracle, end);
    return true;
}

static bool fault_interruption(struct machine *machine, const struct operation *operation)
{
    if (registration_of(machine, operation->where)->active &&
        !registration_of(machine, operation->where)->is_source)
        return false;
    note(machine, " interrupted");
    fault_order(0);
    bool done = registration_of(machine, operation->where)->active
                    ? do_reregister(machine, operation)
                    : do_register(machine, operation);
    fault_clear();
    return done;
}

static bool do_fault(struct machine *machine, const struct operation *operation)
{
    if (!HAVE_FAULTS || !machine->oracle.traits.has_faults || !is_open(machine, operation->where))
        return false;
    return operation->b >= 128 ? fault_interruption(machine, operation)
                               : fault_refusal(machine, operation);
}

/* --- the rest --- */

static bool do_embed(struct machine *machine, const struct operation *operation)
{
    (void)operation;
    int fd = mio_poll_fd(machine->poll);
    oracle_bell(&machine->oracle);
    if (!machine->oracle.traits.has_fd) {
        check_result(machine, RULE_WAKE1_FD, "mio_poll_fd()", -1, -ENOTSUP, fd);
        return true;
    }
    struct pollfd asked = {.fd = fd, .events = POLLIN};
    bool due = oracle_anything_due(&machine->oracle, true);
    bool ready = poll(&asked, 1, 0) == 1;
    note(machine, " descriptor %d is %s", fd, ready ? "ready" : "quiet");
    oracle_check(&machine->oracle, RULE_WAKE1_FD, fd >= 0 && (ready || !due),
                 "mio_poll_fd(), %d, is quiet, though a wait would deliver", fd);
    return true;
}

static bool do_clone(struct machine *machine, const struct operation *operation)
{
    (void)operation;
    if (machine->clone) {
        mio_registry_free(machine->clone);
        machine->clone = NULL;
        return true;
    }
    refuse(machine, RULE_LIFE4, "clone", 0, mio_registry_clone(machine->registry, &machine->clone));
    oracle_check(&machine->oracle, RULE_LIFE4,
                 mio_registry_id(machine->clone) == mio_registry_id(machine->registry), "%s",
                 "a clone has another number");
    return true;
}

static bool (*const doers[OPERATION_KINDS])(struct machine *, const struct operation *) = {
    [OPEN] = do_open,
    [REGISTER] = do_register,
    [REREGISTER] = do_reregister,
    [DEREGISTER] = do_deregister,
    [APPLY] = do_apply,
    [REARM] = do_rearm,
    [WRITE] = do_write,
    [FILL] = do_fill,
    [READ] = do_read,
    [DRAIN] = do_drain,
    [SHUT] = do_shut,
    [CLOSE] = do_close,
    [DUPLICATE] = do_duplicate,
    [CLOSE_DUPLICATE] = do_close_duplicate,
    [NEW_WAKER] = do_new_waker,
    [WAKE] = do_wake,
    [FREE_WAKER] = do_free_waker,
    [WAIT] = do_wait,
    [BURST] = do_burst,
    [ASLEEP] = do_asleep,
    [MISUSE] = do_misuse,
    [FAULT] = do_fault,
    [EMBED] = do_embed,
    [CLONE] = do_clone,
};

/* --- a program --- */

static void begin(struct machine *machine, const struct program *program)
{
    struct mio_options options = {.backend = machine->backend};
    if ((program->options & OPTION_PIPE_WAKER) != 0)
        options.flags |= MIO_OPTION_PIPE_WAKER;
    if ((program->options & OPTION_MILLISECONDS) != 0)
        options.flags |= MIO_OPTION_MILLISECONDS;
    oracle_begin(&machine->oracle);
    int error = mio_poll_new(&options, &machine->poll);
    oracle_check(&machine->oracle, RULE_LIFE1, error == 0, "mio_poll_new(): %d", error);
    machine->registry = mio_poll_registry(machine->poll);
}

/* A pair that is whole and empty can serve again. */
static bool is_whole(const struct machine *machine, int object)
{
    for (int end = 2 * object; end < 2 * object + 2; end++) {
        const struct end *state = &machine->oracle.ends[end];
        if (!state->open || state->shut || state->reset || state->vague || state->unread > 0 ||
            machine->handles[end].duplicate >= 0 || state->orphan.active)
            return false;
    }
    return true;
}

static void put_away(struct machine *machine, int object)
{
    for (int end = 2 * object; end < 2 * object + 2; end++) {
        struct operation deregister = {.where = (uint8_t)end};
        if (may_read(machine, end))
            drain(machine, end);
        if (registration_of(machine, end)->active)
            do_deregister(machine, &deregister);
    }
    if (is_whole(machine, object)) {
        const int ends[2] = {machine->handles[2 * object].fd, machine->handles[2 * object + 1].fd};
        enum channel channel = machine->oracle.ends[2 * object].channel;
        oracle_opened(&machine->oracle, 2 * object, CHANNEL_NONE);
        oracle_opened(&machine->oracle, 2 * object + 1, CHANNEL_NONE);
        machine->oracle.ends[2 * object].open = false;
        machine->oracle.ends[2 * object + 1].open = false;
        channel_give_back(channel, ends);
    } else {
        close_object(machine, object);
    }
}

static void free_poll(struct machine *machine)
{
    mio_poll_free(machine->poll);
    machine->poll = NULL;
}

static void finish(struct machine *machine, const struct program *program)
{
    bool poll_last = (program->options & OPTION_POLL_LAST) != 0;
    note(machine, "  the end:");
    for (int object = 0; object < OBJECTS; object++)
        put_away(machine, object);
    if (!machine->oracle.failed)
        wait_once(machine, 0, 0);
    if (!poll_last)
        free_poll(machine);
    for (int waker = 0; waker < WAKERS; waker++) {
        if (!poll_last && machine->wakers[waker])
            refuse(machine, RULE_LIFE4, "wake after the poll", 0,
                   mio_waker_wake(machine->wakers[waker]));
        mio_waker_free(machine->wakers[waker]);
        machine->wakers[waker] = NULL;
    }
    mio_registry_free(machine->clone);
    machine->clone = NULL;
    if (poll_last)
        free_poll(machine);
    note(machine, "\n");
}

static int count_descriptors(void)
{
    DIR *directory = opendir("/proc/self/fd");
    int count = 0;
    while (directory && readdir(directory))
        count++;
    if (directory)
        closedir(directory);
    return count;
}

static void check_descriptors(struct machine *machine)
{
    int open = count_descriptors();
    int expected = machine->kept_by_others + channel_kept();
    oracle_check(&machine->oracle, RULE_LIFE1, open == expected, "%d descriptors are open, not %d",
                 open, expected);
    /* Not to fail every program from now on. */
    machine->kept_by_others = open - channel_kept();
}

bool machine_run(struct machine *machine, const struct program *program, FILE *trace)
{
    machine->trace = trace;
    begin(machine, program);
    for (size_t i = 0; i < program->count && !machine->oracle.failed; i++) {
        const struct operation *operation = &program->list[i];
        note(machine, "  %zu %s", i, operation_name(operation->kind));
        machine->operations += doers[operation->kind](machine, operation);
        note(machine, "\n");
    }
    finish(machine, program);
    if (++machine->programs % PROGRAMS_PER_COUNT == 0 && machine->is_alone)
        check_descriptors(machine);
    return !machine->oracle.failed;
}

static void must(bool good, const char *what, int error)
{
    if (good)
        return;
    fprintf(stderr, "fuzz: %s: %s\n", what, strerror(error));
    exit(2);
}

struct machine *machine_new(const char *backend, bool is_alone)
{
    struct machine *machine = calloc(1, sizeof *machine);
    must(machine != NULL, "memory", ENOMEM);
    machine->backend = backend;
    machine->is_alone = is_alone;
    if (strcmp(backend, "kqueue") == 0)
        snprintf(machine->selector, sizeof machine->selector, "kqueue-%s", fault_flavour());
    else
        snprintf(machine->selector, sizeof machine->selector, "%s", backend);
    must(traits_of(machine->selector, &machine->oracle.traits), machine->selector, ENOTSUP);
    struct mio_options options = {.backend = backend};
    int error = mio_poll_new(&options, &machine->other);
    must(error == 0, backend, -error);
    for (size_t room = 0; room <= SMALL_ROOM; room++)
        must(mio_events_new(room > 0 ? room : LARGE_ROOM, &machine->events[room]) == 0, "memory",
             ENOMEM);
    machine->file = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
    machine->directory = open("/", O_RDONLY | O_CLOEXEC);
    must(machine->file >= 0 && machine->directory >= 0, "/", errno);
    machine->kept_by_others = count_descriptors();
    return machine;
}

void machine_free(struct machine *machine)
{
    helper_stop();
    channel_close_all();
    for (size_t room = 0; room <= SMALL_ROOM; room++)
        mio_events_free(machine->events[room]);
    mio_poll_free(machine->other);
    close(machine->file);
    close(machine->directory);
    free(machine);
}

const char *machine_selector(const struct machine *machine)
{
    return machine->selector;
}

const struct oracle *machine_oracle(const struct machine *machine)
{
    return &machine->oracle;
}

uint64_t machine_operations(const struct machine *machine)
{
    return machine->operations;
}

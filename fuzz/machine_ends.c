/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE

#include "machine_inside.h"

#include "channel.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

enum { MAX_UNREAD_DATAGRAMS = 8 };

bool is_open(const struct machine *machine, int end)
{
    return machine->oracle.ends[end].open;
}

const struct registration *registration_of(const struct machine *machine, int end)
{
    return &machine->oracle.ends[end].registration;
}

struct mio_source *source_of(struct machine *machine, int end)
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
    if (last)
        channel_forget(state->channel, handle->fd);
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

void close_object(struct machine *machine, int object)
{
    for (int end = 2 * object; end < 2 * object + 2; end++) {
        while (is_open(machine, end))
            close_end(machine, end, true);
        machine->oracle.ends[end].channel = CHANNEL_NONE;
    }
}

bool do_open(struct machine *machine, const struct operation *operation)
{
    static const enum channel channels[8] = {CHANNEL_UNIX, CHANNEL_PIPE, CHANNEL_UNIX, CHANNEL_PIPE,
                                             CHANNEL_UNIX, CHANNEL_FIFO, CHANNEL_TCP,  CHANNEL_UDP};
    static const char *const names[] = {"none", "pipe", "FIFO", "unix", "tcp", "udp"};
    int object = operation->where / 2;
    enum channel channel = channels[operation->a % 8];
    int ends[2];
    if (channel == CHANNEL_FIFO && !machine->oracle.traits.has_fifos)
        channel = CHANNEL_PIPE;
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

bool do_close(struct machine *machine, const struct operation *operation)
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

bool do_reopen(struct machine *machine, const struct operation *operation)
{
    int end = operation->where;
    enum channel channel = machine->oracle.ends[end].channel;
    if (is_open(machine, end) || !is_open(machine, end ^ 1) ||
        (channel != CHANNEL_FIFO && channel != CHANNEL_UDP))
        return false;
    int fd = channel_reopen(channel, machine->handles[end ^ 1].fd, end % 2 == 0);
    if (fd < 0)
        return false;
    note(machine, " end %d is descriptor %d", end, fd);
    machine->handles[end] = (struct handle){.fd = fd, .duplicate = -1};
    oracle_reopened(&machine->oracle, end);
    return true;
}

bool do_duplicate(struct machine *machine, const struct operation *operation)
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

bool do_close_duplicate(struct machine *machine, const struct operation *operation)
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

static bool is_stream_socket(enum channel channel)
{
    return channel == CHANNEL_UNIX || channel == CHANNEL_TCP;
}

bool do_take_error(struct machine *machine, const struct operation *operation)
{
    int end = operation->where;
    enum channel channel = machine->oracle.ends[end].channel;
    int error = 0;
    socklen_t length = sizeof error;
    if (!is_open(machine, end) || (!is_stream_socket(channel) && channel != CHANNEL_UDP))
        return false;
    getsockopt(machine->handles[end].fd, SOL_SOCKET, SO_ERROR, &error, &length);
    note(machine, " end %d = %d", end, error);
    oracle_touched(&machine->oracle, end);
    return true;
}

bool do_shut(struct machine *machine, const struct operation *operation)
{
    int end = operation->where;
    enum channel channel = machine->oracle.ends[end].channel;
    if (!is_open(machine, end) || !is_stream_socket(channel))
        return false;
    note(machine, " end %d%s", end, machine->oracle.ends[end].shut ? " again" : "");
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

static bool is_one_way(enum channel channel)
{
    return channel == CHANNEL_PIPE || channel == CHANNEL_FIFO;
}

bool may_write(const struct machine *machine, int end)
{
    const struct end *other = &machine->oracle.ends[end ^ 1];
    enum channel channel = machine->oracle.ends[end].channel;
    bool reads_only = is_one_way(channel) && end % 2 == 0;
    bool enough = other->channel == CHANNEL_UDP && other->unread >= MAX_UNREAD_DATAGRAMS;
    return is_open(machine, end) && !reads_only && !enough;
}

bool may_read(const struct machine *machine, int end)
{
    bool writes_only = is_one_way(machine->oracle.ends[end].channel) && end % 2 != 0;
    return is_open(machine, end) && !writes_only;
}

bool do_write(struct machine *machine, const struct operation *operation)
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

bool do_fill(struct machine *machine, const struct operation *operation)
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

bool do_read(struct machine *machine, const struct operation *operation)
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

void drain(struct machine *machine, int end)
{
    enum { BLOCK = 16384 };
    struct transfer block = {.reading = true, .size = BLOCK};
    while (move_bytes(machine, end, block, true) > 0)
        ;
}

bool do_drain(struct machine *machine, const struct operation *operation)
{
    if (!may_read(machine, operation->where))
        return false;
    note(machine, " end %d", operation->where);
    drain(machine, operation->where);
    return true;
}

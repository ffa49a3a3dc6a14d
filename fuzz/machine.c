/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE

#include "machine_inside.h"

#include "channel.h"
#include "fault.h"
#include "helper.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Where records are kevents, each selector differs from system to system. */
#if defined(MIO_RECORD_KEVENT)
enum { HAS_FLAVOURS = 1 };
#else
enum { HAS_FLAVOURS = 0 };
#endif

enum { PROGRAMS_PER_COUNT = 256 /* of descriptors */ };

static operation_function *const doers[OPERATION_KINDS] = {
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
    [REOPEN] = do_reopen,
    [TAKE_ERROR] = do_take_error,
    [AGAIN] = do_again,
    [DUPLICATE] = do_duplicate,
    [CLOSE_DUPLICATE] = do_close_duplicate,
    [NEW_WAKER] = do_new_waker,
    [WAKE] = do_wake,
    [FREE_WAKER] = do_free_waker,
    [TIMER] = do_timer,
    [CLOCK] = do_clock,
    [POST] = do_post,
    [TAKE] = do_take,
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
    struct mio_options options = {
        .backend = machine->backend, .clock = machine_clock, .user = machine};
    machine->one_thread = (program->options & OPTION_ONE_THREAD_TIMERS) != 0;
    machine->no_timers = (program->options & OPTION_NO_TIMERS) != 0;
    if (machine->one_thread)
        options.flags |= MIO_OPTION_ONE_THREAD_TIMERS;
    if ((program->options & OPTION_PIPE_WAKER) != 0)
        options.flags |= MIO_OPTION_PIPE_WAKER;
    if ((program->options & OPTION_MILLISECONDS) != 0)
        options.flags |= MIO_OPTION_MILLISECONDS;
    if ((program->options & OPTION_SPIN) == OPTION_SPIN)
        options.spin_ns = 1000;
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
    finish_times(machine, !poll_last);
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

/* Of those that a process may have by default. */
static int count_descriptors(void)
{
    enum { DEFAULT_LIMIT = 1024 };
    int count = 0;
    for (int fd = 0; fd < DEFAULT_LIMIT; fd++)
        count += fcntl(fd, F_GETFD) >= 0;
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

static void machine_must(bool good, const char *what, int error)
{
    if (good)
        return;
    fprintf(stderr, "fuzz: %s: %s\n", what, strerror(error));
    exit(2);
}

struct machine *machine_new(const char *backend, bool is_alone)
{
    struct machine *machine = calloc(1, sizeof *machine);
    machine_must(machine != NULL, "memory", ENOMEM);
    machine->backend = backend;
    machine->is_alone = is_alone;
    if (HAS_FLAVOURS)
        snprintf(machine->selector, sizeof machine->selector, "%s-%s", backend, fault_flavour());
    else
        snprintf(machine->selector, sizeof machine->selector, "%s", backend);
    machine_must(traits_of(machine->selector, &machine->oracle.traits), machine->selector, ENOTSUP);
    struct mio_options options = {.backend = backend};
    int error = mio_poll_new(&options, &machine->other);
    machine_must(error == 0, backend, -error);
    /* Its first timer makes a descriptor. */
    error = mio_timer_set(&machine->timers[0], mio_poll_registry(machine->other), 0, INT64_MAX);
    machine_must(error == 0, "a timer", -error);
    mio_timer_cancel(&machine->timers[0], mio_poll_registry(machine->other));
    for (size_t room = 0; room <= SMALL_ROOM; room++)
        machine_must(mio_events_new(room > 0 ? room : LARGE_ROOM, NULL, &machine->events[room]) ==
                         0,
                     "memory", ENOMEM);
    char name[] = "/tmp/mio-fuzz-XXXXXX";
    machine->file = mkstemp(name);
    if (machine->file >= 0)
        unlink(name);
    machine->directory = open("/", O_RDONLY | O_CLOEXEC);
    machine_must(machine->file >= 0 && machine->directory >= 0, "a file and a folder", errno);
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

/* SPDX-License-Identifier: MIT */
/*
 * Inside the machine: its state, and what its files lend each other.
 *
 *   machine.c           a program's beginning and end, and its loop
 *   machine_wait.c      waits
 *   machine_asleep.c    waits while another thread acts
 *   machine_ends.c      descriptors: opening, closing, duplicates, reading and writing
 *   machine_register.c  registrations and wakers
 *   machine_timers.c    timers and their clock, queues of posts
 *   machine_call.c      calls of the library, by this thread or the other one
 *   machine_misuse.c    mistakes, and a kernel that refuses
 *   machine_again.c     numbers that are closed while registered, and used again
 */
#ifndef FUZZ_MACHINE_INSIDE_H
#define FUZZ_MACHINE_INSIDE_H

#include "machine.h"

#include <mio.h>

#include <stdatomic.h>

enum {
    SMALL_ROOM = 8,
    LARGE_ROOM = 64,  /* more than all ends and wakers can fill */
    NEVER_OPEN = 900, /* a descriptor number that nobody has */
    MS = 1000000
};

/* In nanoseconds: a wait that must end at once, and how late it may, on a busy machine. */
#define LONG_WAIT (INT64_C(20000) * MS)
#define TOO_LATE  (INT64_C(15000) * MS)

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
    struct mio_timer timers[TIMERS];
    struct mio_post_queue *queues[QUEUES];
    bool one_thread; /* sets timers */
    bool no_timers;  /* are set in this program */
};

/* --- telling: machine_call.c --- */

void note(const struct machine *machine, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
const char *text_of(mio_interest interest);
/* Notes a result, and holds it to the oracle's. */
void check_result(struct machine *machine, enum rule rule, const char *what, int end, int expected,
                  int result);
/* The same for what has to be refused. */
void refuse(struct machine *machine, enum rule rule, const char *what, int expected, int result);

/* --- calls: machine_call.c --- */

enum call_kind {
    CALL_REGISTER,
    CALL_REREGISTER,
    CALL_DEREGISTER,
    CALL_REFUSED, /* a registration that the kernel refuses, or a reregistration of nothing */
    CALL_WAKE,
    CALL_TIMER,
    CALL_CANCEL,
    CALL_POST,
    CALL_WRITE
};

struct call {
    enum call_kind kind;
    struct mio_registry *registry;
    struct mio_source *source; /* NULL: the raw descriptor */
    int fd;
    mio_token token;
    mio_interest interest;
    struct mio_waker *waker;
    struct mio_timer *timer;
    int64_t deadline;
    struct mio_timer_options options;
    struct mio_post_queue *queue;
    uint64_t payload;
    enum channel channel; /* of CALL_WRITE */
    unsigned refused;     /* of CALL_REFUSED: which filter; 0: nothing is registered */
    unsigned rounds;      /* of CALL_REGISTER: how often; between them it is deregistered, */
    atomic_uint seen;     /* as soon as the event of the round before has been seen */
    atomic_bool given_up; /* the main thread looks no more */
    bool is_meanwhile;    /* while the main thread waits: */
    unsigned delay;       /* before the call, in turns of a loop */
    atomic_bool begun;    /* the delay has */
    atomic_bool done;     /* the call is */
    int64_t ended;        /* when it was */
    int result;
};

/* Makes the call: a helper_function. */
void make_call(void *call);
/* Makes it at once, in the other thread if the operation says so. Returns its result. */
int call_now(const struct operation *operation, struct call *call);
/* Makes it in this thread. */
int call_alone(struct call *call);
struct mio_registry *a_registry(const struct machine *machine, const struct operation *operation);

/* --- descriptors: machine_ends.c --- */

bool is_open(const struct machine *machine, int end);
const struct registration *registration_of(const struct machine *machine, int end);
/* The source that an end is registered as, or NULL. */
struct mio_source *source_of(struct machine *machine, int end);
bool may_write(const struct machine *machine, int end);
bool may_read(const struct machine *machine, int end);
/* Reads until EAGAIN or the end. */
void drain(struct machine *machine, int end);
/* Closes both ends of a pair and their duplicates. */
void close_object(struct machine *machine, int object);

/* --- waits: machine_wait.c --- */

/* One wait with room for `room` events (0: LARGE_ROOM), judged. */
void wait_once(struct machine *machine, size_t room, int64_t timeout_ns);
/* Judges a wait that oracle_wait_begins() began. */
void finish_wait(struct machine *machine, struct mio_events *events, int count);

/* --- timers and posts: machine_timers.c --- */

/* The clock of the program's timers: a mio_clock_function. */
int64_t machine_clock(uint32_t clock, void *machine);
void plan_post(struct machine *machine, int queue, struct call *call);
void finish_post(struct machine *machine, int queue, const struct call *call);
/* Ends all timers and queues, before the poll is freed or afterwards. */
void finish_times(struct machine *machine, bool is_poll_freed);

/* --- operations: true when they did something --- */

typedef bool operation_function(struct machine *machine, const struct operation *operation);

operation_function do_wait, do_burst, do_asleep;
operation_function do_open, do_close, do_reopen, do_duplicate, do_close_duplicate;
operation_function do_shut, do_take_error;
operation_function do_write, do_fill, do_read, do_drain;
operation_function do_register, do_reregister, do_deregister, do_apply, do_rearm;
operation_function do_new_waker, do_wake, do_free_waker, do_embed, do_clone;
operation_function do_timer, do_clock, do_post, do_take;
operation_function do_misuse, do_fault, do_again;

#endif

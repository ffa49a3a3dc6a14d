/* SPDX-License-Identifier: MIT */
/*
 * A program: what the fuzzer has the library do.
 *
 * Every string of bytes is a program, and every program is a string of bytes: one byte of options,
 * then four bytes an operation. So libFuzzer's input, a seed's output and a failure that was shrunk
 * by leaving out operations are the same thing. Nothing here makes a system call.
 */
#ifndef FUZZ_PROGRAM_H
#define FUZZ_PROGRAM_H

#include <mio/interest.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    OBJECTS = 6,        /* pipes and pairs of sockets that a program has at a time */
    ENDS = 2 * OBJECTS, /* an end's other end is `end ^ 1` */
    WAKERS = 4,
    MAX_OPERATIONS = 1024,
    OPERATION_BYTES = 4,
    MAX_PROGRAM_BYTES = 1 + MAX_OPERATIONS * OPERATION_BYTES
};

enum operation_kind {
    OPEN,       /* `a`: which kind of object, in place of the one that is there */
    REGISTER,   /* `a`: the interest; `b`: how */
    REREGISTER, /* the same */
    DEREGISTER,
    APPLY, /* a batch, on the ends from `where` on; `a`: kinds, `b`: interests and how many */
    REARM, /* `a`: the direction */
    WRITE, /* `a`: how much; `b`: whether to rearm after EAGAIN */
    FILL,  /* until EAGAIN, and rearm */
    READ,
    DRAIN,      /* until EAGAIN, and rearm */
    SHUT,       /* no more is sent; once more when that is so */
    CLOSE,      /* `a`: deregistered before, or not */
    REOPEN,     /* a closed end of a FIFO or a UDP pair comes back under its name */
    TAKE_ERROR, /* of a socket, behind the library's back */
    AGAIN,      /* a registered number is closed and used again; `a`: for what, `b`: how */
    DUPLICATE,
    CLOSE_DUPLICATE,
    NEW_WAKER,
    WAKE,
    FREE_WAKER,
    TIMER,  /* `a`: how it is set, or that it is cancelled; `b`: to when */
    CLOCK,  /* time passes; `a`: how much; `b`: as far as the next deadline, or in suspension */
    POST,   /* `a`: how often */
    TAKE,   /* `a`: how often, or that the queue is freed */
    WAIT,   /* `a`: room; `b`: how long */
    BURST,  /* several waits with little room */
    ASLEEP, /* a wait in which another thread does something */
    MISUSE, /* `a`: what has to be refused */
    FAULT,  /* the kernel refuses a change, or is interrupted (kqueue's model alone) */
    EMBED,  /* mio_poll_fd(), and whether it is ready */
    CLONE,  /* another handle to the registry, or one less */
    OPERATION_KINDS
};

struct operation {
    uint8_t kind;  /* enum operation_kind */
    uint8_t where; /* an end; for wakers and objects, modulo their number */
    uint8_t a;
    uint8_t b;
};

/* Bits of program.options. */
enum {
    OPTION_PIPE_WAKER = 1,
    OPTION_MILLISECONDS = 2,
    OPTION_POLL_LAST = 4,
    OPTION_SPIN = 24, /* both bits: one program of four */
    OPTION_ONE_THREAD_TIMERS = 32,
    OPTION_NO_TIMERS = 64 /* a poll waits in another way when it has had one */
};

struct program {
    uint8_t options;
    size_t count;
    struct operation list[MAX_OPERATIONS];
};

void program_from_bytes(struct program *program, const uint8_t *bytes, size_t size);
/* `bytes` has room for MAX_PROGRAM_BYTES. Returns how many. */
size_t program_to_bytes(const struct program *program, uint8_t *bytes);

/* The program of a seed, the same on every machine; its kinds come as often as they are useful. */
void program_from_seed(struct program *program, uint64_t seed);

/* A number that follows from another one. */
uint64_t next_random(uint64_t *state);

/* What `a` asks for, before it is fitted to an end: valid, without EXCLUSIVE and PRIORITY. */
mio_interest interest_of(uint8_t a);

const char *operation_name(uint8_t kind);

#endif

/* SPDX-License-Identifier: MIT */
#include "program.h"

#include <string.h>

static const struct {
    const char *name;
    uint8_t weight; /* of 256, in the programs of seeds */
} kinds[OPERATION_KINDS] = {
    [OPEN] = {"open", 7},
    [REGISTER] = {"register", 26},
    [REREGISTER] = {"reregister", 20},
    [DEREGISTER] = {"deregister", 10},
    [APPLY] = {"apply", 6},
    [REARM] = {"rearm", 6},
    [WRITE] = {"write", 28},
    [FILL] = {"fill", 3},
    [READ] = {"read", 15},
    [DRAIN] = {"drain", 16},
    [SHUT] = {"shut", 2},
    [CLOSE] = {"close", 4},
    [REOPEN] = {"reopen", 3},
    [TAKE_ERROR] = {"take-error", 2},
    [AGAIN] = {"again", 2},
    [DUPLICATE] = {"duplicate", 2},
    [CLOSE_DUPLICATE] = {"close-duplicate", 1},
    [NEW_WAKER] = {"new-waker", 3},
    [WAKE] = {"wake", 14},
    [FREE_WAKER] = {"free-waker", 2},
    [TIMER] = {"timer", 9},
    [CLOCK] = {"clock", 7},
    [POST] = {"post", 7},
    [TAKE] = {"take", 5},
    [WAIT] = {"wait", 42},
    [BURST] = {"burst", 3},
    [ASLEEP] = {"asleep", 3},
    [MISUSE] = {"misuse", 4},
    [FAULT] = {"fault", 2},
    [EMBED] = {"embed", 1},
    [CLONE] = {"clone", 1},
};

const char *operation_name(uint8_t kind)
{
    return kinds[kind % OPERATION_KINDS].name;
}

mio_interest interest_of(uint8_t a)
{
    static const mio_interest modes[] = {0, MIO_LEVEL, MIO_ONESHOT, 0};
    static const mio_interest directions[] = {MIO_READABLE | MIO_WRITABLE, MIO_READABLE,
                                              MIO_WRITABLE, MIO_READABLE | MIO_WRITABLE};
    return directions[a & 3] | modes[(a >> 2) & 3];
}

void program_from_bytes(struct program *program, const uint8_t *bytes, size_t size)
{
    program->options = size > 0 ? bytes[0] : 0;
    program->count = size > 0 ? (size - 1) / OPERATION_BYTES : 0;
    if (program->count > MAX_OPERATIONS)
        program->count = MAX_OPERATIONS;
    for (size_t i = 0; i < program->count; i++) {
        const uint8_t *from = bytes + 1 + i * OPERATION_BYTES;
        program->list[i] = (struct operation){
            .kind = from[0] % OPERATION_KINDS, .where = from[1] % ENDS, .a = from[2], .b = from[3]};
    }
}

size_t program_to_bytes(const struct program *program, uint8_t *bytes)
{
    bytes[0] = program->options;
    for (size_t i = 0; i < program->count; i++) {
        const struct operation *from = &program->list[i];
        const uint8_t four[OPERATION_BYTES] = {from->kind, from->where, from->a, from->b};
        memcpy(bytes + 1 + i * OPERATION_BYTES, four, sizeof four);
    }
    return 1 + program->count * OPERATION_BYTES;
}

/* splitmix64 */
uint64_t next_random(uint64_t *state)
{
    uint64_t z = *state += UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

static uint8_t kind_of(uint8_t ticket)
{
    unsigned below = 0;
    for (uint8_t kind = 0; kind < OPERATION_KINDS; kind++) {
        below += kinds[kind].weight;
        if (ticket < below)
            return kind;
    }
    return WAIT;
}

void program_from_seed(struct program *program, uint64_t seed)
{
    enum { SHORTEST = 64, LONGEST = 512 };
    uint64_t state = seed;
    uint64_t first = next_random(&state);
    program->options = (uint8_t)first;
    program->count = SHORTEST + (first >> 8) % (LONGEST - SHORTEST + 1);
    /* Few ends at a time make it likely that what is done to one has to do with another. */
    unsigned ends = 2 + 2 * (unsigned)((first >> 32) % OBJECTS);
    for (size_t i = 0; i < program->count; i++) {
        uint64_t bits = next_random(&state);
        program->list[i] = (struct operation){
            .kind = i < ends / 2 ? (uint8_t)OPEN : kind_of((uint8_t)bits),
            .where = (uint8_t)(i < ends / 2 ? 2 * i : (bits >> 16) % ends),
            .a = (uint8_t)(bits >> 40),
            .b = (uint8_t)(bits >> 48),
        };
    }
}

/* SPDX-License-Identifier: MIT */
#include "oracle_inside.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define RULE_NAME(name, text) #name,
#define RULE_TEXT(name, text) text,
static const char *const rule_names[] = {RULES(RULE_NAME)};
static const char *const rule_texts[] = {RULES(RULE_TEXT)};

const char *rule_name(enum rule rule)
{
    return rule_names[rule];
}

const char *rule_text(enum rule rule)
{
    return rule_texts[rule];
}

enum {
    /* So little is in no buffer's way, whatever it counts beside the bytes. */
    FEW_BYTES = 1024,
    FEW_PIECES = 4
};

void oracle_begin(struct oracle *oracle)
{
    memset(oracle->ends, 0, sizeof oracle->ends);
    memset(oracle->wakers, 0, sizeof oracle->wakers);
    oracle_time_begins(oracle);
    oracle->has_bell = false;
    oracle->records = 0;
    oracle->tokens = 0;
    oracle->dead_count = 0;
    oracle->failed = false;
}

bool oracle_check(struct oracle *oracle, enum rule rule, bool holds, const char *format, ...)
{
    oracle->exercised[rule]++;
    if (holds || oracle->failed)
        return holds;
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(oracle->verdict, sizeof oracle->verdict, format, arguments);
    va_end(arguments);
    oracle->failed = true;
    oracle->broken = rule;
    return false;
}

/* All over the range of the type, 0 first: a token is any value. */
mio_token oracle_token(struct oracle *oracle)
{
    return (mio_token)(oracle->tokens++ * UINT64_C(0x9e3779b97f4a7c15));
}

void oracle_bury(struct oracle *oracle, mio_token token, enum rule rule)
{
    oracle->exercised[rule]++;
    if (oracle->dead_count < MAX_DEAD_TOKENS)
        oracle->dead[oracle->dead_count++] = (struct dead_token){token, rule};
}

/* --- descriptors --- */

static struct end *other_end(struct oracle *oracle, int end)
{
    return &oracle->ends[end ^ 1];
}

static enum truth in_truth(const struct oracle *oracle, int end)
{
    const struct end *self = &oracle->ends[end];
    if (is_pipe_end(oracle, end, OUT))
        return NO;
    if (self->unread > 0 || self->reset || is_at_end(oracle, end))
        return YES;
    return self->vague ? MAYBE : NO;
}

static enum truth out_truth(const struct oracle *oracle, int end)
{
    const struct end *self = &oracle->ends[end];
    const struct end *other = &oracle->ends[end ^ 1];
    if (is_pipe_end(oracle, end, IN))
        return NO;
    if (self->reset || self->channel == CHANNEL_UDP)
        return YES;
    if (!other->open && self->channel != CHANNEL_TCP)
        return YES;
    if (self->vague || self->shut)
        return MAYBE;
    if (self->blocked)
        return self->channel != CHANNEL_TCP && oracle->traits.knows_full ? NO : MAYBE;
    return other->held <= FEW_BYTES && other->pieces <= FEW_PIECES ? YES : MAYBE;
}

enum truth oracle_truth(const struct oracle *oracle, int end, enum direction direction)
{
    return direction == IN ? in_truth(oracle, end) : out_truth(oracle, end);
}

static void freshen(struct registration *registration)
{
    registration->of[IN].fresh = true;
    registration->of[OUT].fresh = true;
}

void oracle_touched(struct oracle *oracle, int end)
{
    freshen(&oracle->ends[end].registration);
    freshen(&oracle->ends[end].orphan);
    freshen(&oracle->ends[end ^ 1].registration);
    freshen(&oracle->ends[end ^ 1].orphan);
}

void oracle_opened(struct oracle *oracle, int end, enum channel channel)
{
    oracle->ends[end] = (struct end){.channel = channel, .open = true};
}

mio_interest oracle_fit(const struct oracle *oracle, int end, uint8_t a)
{
    mio_interest interest = interest_of(a);
    enum { PRIORITY_TOO = 7, EXCLUSIVE_TOO = 6 };
    unsigned extra = (a >> 4) & 7;
    bool is_pipe = is_pipe_end(oracle, end, IN) || is_pipe_end(oracle, end, OUT);
    if (is_pipe)
        interest = (interest & MODES) | ((end & 1) == 0 ? MIO_READABLE : MIO_WRITABLE);
    if (extra == PRIORITY_TOO && !is_pipe && (oracle->traits.serves & MIO_PRIORITY) != 0)
        interest |= MIO_PRIORITY;
    if (extra == EXCLUSIVE_TOO && (oracle->traits.serves & MIO_EXCLUSIVE) != 0 &&
        (interest & MIO_ONESHOT) == 0)
        interest |= MIO_EXCLUSIVE;
    return interest;
}

void oracle_wrote(struct oracle *oracle, int end, long result)
{
    struct end *self = &oracle->ends[end];
    struct end *other = other_end(oracle, end);
    oracle_touched(oracle, end);
    if (result == -EAGAIN) {
        self->blocked = true;
        return;
    }
    self->blocked = false;
    if (!other->open && (self->channel == CHANNEL_TCP || self->channel == CHANNEL_UDP)) {
        /* The answer may be a reset, or an ICMP message. */
        self->vague = true;
    } else if (result > 0) {
        other->unread += self->channel == CHANNEL_UDP ? 1 : (size_t)result;
        other->held += (size_t)result;
        other->pieces++;
    }
}

void oracle_read(struct oracle *oracle, int end, long result)
{
    struct end *self = &oracle->ends[end];
    oracle_touched(oracle, end);
    if (result == -EAGAIN && self->channel == CHANNEL_FIFO) {
        /* Whatever an earlier reader had left is gone. */
        self->vague = false;
        self->pieces = 0;
        self->held = 0;
    }
    if (result <= 0)
        return;
    size_t taken = self->channel == CHANNEL_UDP ? 1 : (size_t)result;
    self->unread -= taken < self->unread ? taken : self->unread;
    if (self->unread == 0 && !self->vague) {
        self->pieces = 0;
        self->held = 0;
    }
    other_end(oracle, end)->blocked = false;
}

void oracle_shut(struct oracle *oracle, int end)
{
    struct end *self = &oracle->ends[end];
    /* Several kernels take a second shutdown of TCP's writing for one of reading too. */
    if (self->shut && self->channel == CHANNEL_TCP)
        self->vague = true;
    self->shut = true;
    oracle_touched(oracle, end);
}

static void end_registration(struct oracle *oracle, struct registration *registration,
                             enum rule rule)
{
    if (registration->active)
        oracle_bury(oracle, registration->token, rule);
    *registration = (struct registration){.active = false};
}

static void close_file(struct oracle *oracle, int end)
{
    struct end *self = &oracle->ends[end];
    struct end *other = other_end(oracle, end);
    if (self->channel == CHANNEL_TCP && (self->unread > 0 || self->vague))
        other->reset = true;
    /* One that has written nothing leaves no trace for poll(2) to find. */
    if (other->registration.of[IN].by_writer && (oracle->traits.fifo == MISSES_BRIEF_WRITER ||
                                                 (oracle->traits.asks_again && other->unread == 0)))
        other->registration.of[IN].armed = false;
    /* What was reported of a pipe's writing end was room; that its reader has gone is another
     * thing. */
    if (self->channel == CHANNEL_PIPE && is_pipe_end(oracle, end, IN))
        other->registration.of[OUT].armed = true;
    oracle_touched(oracle, end);
    end_registration(oracle, &self->orphan, RULE_REG9);
    self->open = false;
    self->unread = 0;
    other->blocked = false;
}

bool oracle_remembers_closed(const struct oracle *oracle, int end)
{
    return oracle->traits.remembers_closed && oracle->ends[end].registration.active;
}

void oracle_closed(struct oracle *oracle, int end, bool duplicate_lives)
{
    struct end *self = &oracle->ends[end];
    struct registration *registration = &self->registration;
    if (duplicate_lives && registration->active && oracle->traits.file_stays &&
        !self->orphan.active) {
        self->orphan = *registration;
        *registration = (struct registration){.active = false};
    }
    end_registration(oracle, registration, RULE_REG9);
    if (duplicate_lives)
        oracle_touched(oracle, end);
    else
        close_file(oracle, end);
}

void oracle_reopened(struct oracle *oracle, int end)
{
    struct end *self = &oracle->ends[end];
    struct end *other = other_end(oracle, end);
    struct registration *registration = &other->registration;
    /* What the end before it has left in a FIFO may be there. */
    bool leftover = self->channel == CHANNEL_FIFO && is_pipe_end(oracle, end, IN) && self->held > 0;
    *self = (struct end){.channel = self->channel,
                         .open = true,
                         .vague = leftover,
                         .held = leftover ? self->held : 0,
                         .pieces = leftover ? self->pieces : 0};
    oracle_touched(oracle, end);
    /* The end was reported; what comes now is news again, once it was drained. */
    if (other->channel == CHANNEL_FIFO && other->unread == 0 && !registration->of[IN].armed &&
        oracle->traits.fifo != MISSES_NEXT_WRITER &&
        (registration->of[IN].hung_up || !oracle->traits.asks_again))
        registration->of[IN].armed = registration->of[IN].by_writer = true;
}

/* --- registrations --- */

int oracle_interest(const struct oracle *oracle, mio_interest interest)
{
    const mio_interest level_oneshot = MIO_LEVEL | MIO_ONESHOT;
    const mio_interest not_exclusive = MIO_ONESHOT | MIO_PRIORITY | MIO_READ_CLOSED | MIO_ERROR;
    if ((interest & MIO_ALL_READINESS) == 0 ||
        (interest & ~(MIO_ALL_READINESS | MIO_ALL_MODES)) != 0 ||
        (interest & level_oneshot) == level_oneshot ||
        ((interest & MIO_EXCLUSIVE) != 0 && (interest & not_exclusive) != 0))
        return -EINVAL;
    return (interest & ~oracle->traits.serves) != 0 ? -ENOTSUP : 0;
}

static void put(struct oracle *oracle, int end, bool is_source, mio_token token,
                mio_interest interest)
{
    struct registration *registration = &oracle->ends[end].registration;
    if (registration->active)
        oracle_bury(oracle, registration->token, RULE_REG5);
    *registration = (struct registration){
        .active = true,
        .is_source = is_source,
        .injected = oracle->traits.refuses_gone && is_gone_pipe(oracle, end),
        .token = token,
        .interest = interest,
    };
    if (registration->injected)
        oracle_bell(oracle);
    for (int direction = IN; direction < DIRECTIONS; direction++) {
        registration->of[direction].armed = true;
        registration->of[direction].fresh = true;
        registration->of[direction].rule = RULE_REG2;
    }
}

/* poll(2) cannot tell a FIFO from the same one opened again. */
bool oracle_replaces_wholly(const struct oracle *oracle, int end)
{
    const struct traits *traits = &oracle->traits;
    return traits->replaces_wholly ||
           (traits->remembers_closed && oracle->ends[end].channel == CHANNEL_FIFO);
}

int oracle_register(struct oracle *oracle, int end, bool is_source, mio_token token,
                    mio_interest interest)
{
    int error = oracle_interest(oracle, interest);
    if (error < 0)
        return error;
    if (oracle->ends[end].registration.active &&
        (is_source || !oracle_replaces_wholly(oracle, end))) {
        oracle_bury(oracle, token, RULE_REG3);
        return -EEXIST;
    }
    put(oracle, end, is_source, token, interest);
    return 0;
}

/* Nothing tells such a descriptor from one whose registration the kernel has ended itself. */
static bool takes_unknown(const struct oracle *oracle, int end)
{
    return oracle->traits.gone_ends && is_gone_pipe(oracle, end);
}

int oracle_reregister(struct oracle *oracle, int end, mio_token token, mio_interest interest)
{
    struct registration *registration = &oracle->ends[end].registration;
    int error = oracle_interest(oracle, interest);
    if (error < 0)
        return error;
    if (!registration->active && !takes_unknown(oracle, end)) {
        oracle_bury(oracle, token, RULE_REG3);
        return -ENOENT;
    }
    put(oracle, end, registration->is_source, token, interest);
    return 0;
}

void oracle_reregistration_failed(struct oracle *oracle, int end)
{
    struct registration *registration = &oracle->ends[end].registration;
    oracle_touched(oracle, end);
    registration->doubtful = registration->fired || registration->ended;
    if (oracle->traits.refuses_gone && is_gone_pipe(oracle, end)) {
        registration->injected = true;
        registration->ended = false;
    }
}

int oracle_deregister(struct oracle *oracle, int end)
{
    struct registration *registration = &oracle->ends[end].registration;
    if (!registration->active)
        return -ENOENT;
    bool unknown = registration->ended && !registration->is_source;
    end_registration(oracle, registration, RULE_REG6);
    return unknown ? -ENOENT : 0;
}

int oracle_rearm(struct oracle *oracle, int end, enum direction direction, bool after_eagain)
{
    struct registration *registration = &oracle->ends[end].registration;
    if (!registration->active)
        return oracle->traits.asks_again ? -ENOENT : 0;
    registration->of[direction].fresh = true;
    /* A hang-up that was reported switches off the other direction too. */
    if (oracle->traits.asks_again)
        freshen(registration);
    if (after_eagain && wants(registration, direction)) {
        registration->of[direction].armed = true;
        registration->of[direction].by_writer = false;
        registration->of[direction].rule = RULE_EV1;
    }
    return 0;
}

/* --- wakers --- */

void oracle_waker_made(struct oracle *oracle, int waker, mio_token token)
{
    oracle->wakers[waker] = (struct waker_state){.there = true, .token = token};
    oracle_bell(oracle);
}

void oracle_bell(struct oracle *oracle)
{
    oracle->has_bell = oracle->traits.bell_takes_room;
}

void oracle_woken(struct oracle *oracle, int waker)
{
    oracle->wakers[waker].pending = true;
}

void oracle_waker_freed(struct oracle *oracle, int waker)
{
    oracle_bury(oracle, oracle->wakers[waker].token, RULE_WAKE2);
    oracle->wakers[waker] = (struct waker_state){.there = false};
}

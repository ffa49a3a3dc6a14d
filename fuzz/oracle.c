/* SPDX-License-Identifier: MIT */
#include "oracle.h"

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
    BOTH = MIO_READABLE | MIO_WRITABLE,
    MODES = MIO_LEVEL | MIO_ONESHOT,
    /* So little is in no buffer's way, whatever it counts beside the bytes. */
    FEW_BYTES = 1024,
    FEW_PIECES = 4
};

static const struct traits all_traits[] = {
    {.name = "epoll",
     .serves = BOTH | MODES | MIO_PRIORITY | MIO_EXCLUSIVE,
     .one_record = true,
     .file_stays = true,
     .has_fd = true,
     .bell_takes_room = true,
     .knows_full = true},
    {.name = "poll",
     .serves = BOTH | MODES | MIO_PRIORITY,
     .one_record = true,
     .asks_again = true,
     .remembers_closed = true,
     .knows_full = true},
    {.name = "kqueue-freebsd",
     .serves = BOTH | MODES | MIO_AIO | MIO_LIO,
     .replaces_raw = true,
     .has_fd = true,
     .bell_takes_room = true,
     .knows_full = true,
     .refuses_gone = true,
     .gone_ends = true,
     .has_faults = true},
    {.name = "kqueue-netbsd",
     .serves = BOTH | MODES,
     .replaces_raw = true,
     .has_fd = true,
     .bell_takes_room = true,
     .knows_full = true,
     .refuses_gone = true,
     .has_faults = true},
    {.name = "kqueue-openbsd",
     .serves = BOTH | MODES | MIO_PRIORITY,
     .replaces_raw = true,
     .has_fd = true,
     .bell_takes_room = true,
     .knows_full = true,
     .has_faults = true},
    {.name = "kqueue-dragonfly",
     .serves = BOTH | MODES | MIO_PRIORITY,
     .replaces_raw = true,
     .has_fd = true,
     .bell_takes_room = true,
     .knows_full = true,
     .refuses_gone = true,
     .has_faults = true},
    {.name = "kqueue-macos",
     .serves = BOTH | MODES | MIO_PRIORITY,
     .replaces_raw = true,
     .has_fd = true,
     .bell_takes_room = true,
     .knows_full = true,
     .drops_priority = true,
     .has_faults = true},
};

bool traits_of(const char *selector, struct traits *traits)
{
    for (size_t i = 0; i < sizeof all_traits / sizeof all_traits[0]; i++) {
        if (strcmp(all_traits[i].name, selector) == 0) {
            *traits = all_traits[i];
            return true;
        }
    }
    return false;
}

void oracle_begin(struct oracle *oracle)
{
    memset(oracle->ends, 0, sizeof oracle->ends);
    memset(oracle->wakers, 0, sizeof oracle->wakers);
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

/* The token may not come any more, by this rule. */
static void bury(struct oracle *oracle, mio_token token, enum rule rule)
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

static bool is_gone(const struct oracle *oracle, int end)
{
    return !oracle->ends[end ^ 1].open;
}

/* Of a pipe, the even end reads. */
static bool is_pipe_end(const struct oracle *oracle, int end, enum direction direction)
{
    return oracle->ends[end].channel == CHANNEL_PIPE && (end & 1) == (direction == OUT);
}

static bool is_at_end(const struct oracle *oracle, int end)
{
    const struct end *self = &oracle->ends[end];
    return self->channel != CHANNEL_UDP && (is_gone(oracle, end) || oracle->ends[end ^ 1].shut);
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
        return self->cut ? MAYBE : YES;
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
    bool is_pipe = oracle->ends[end].channel == CHANNEL_PIPE;
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
    if (result <= 0)
        return;
    size_t taken = self->channel == CHANNEL_UDP ? 1 : (size_t)result;
    self->unread -= taken < self->unread ? taken : self->unread;
    if (self->unread == 0) {
        self->pieces = 0;
        self->held = 0;
    }
    other_end(oracle, end)->blocked = false;
}

void oracle_shut(struct oracle *oracle, int end)
{
    oracle->ends[end].shut = true;
    oracle_touched(oracle, end);
}

static void end_registration(struct oracle *oracle, struct registration *registration,
                             enum rule rule)
{
    if (registration->active)
        bury(oracle, registration->token, rule);
    *registration = (struct registration){.active = false};
}

static void close_file(struct oracle *oracle, int end)
{
    struct end *self = &oracle->ends[end];
    struct end *other = other_end(oracle, end);
    if (is_pipe_end(oracle, end, IN) && oracle->traits.full_gone_is_silent)
        other->cut = out_truth(oracle, end ^ 1) != YES;
    if (self->channel == CHANNEL_TCP && (self->unread > 0 || self->vague))
        other->reset = true;
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

/* --- registrations --- */

static bool wants(const struct registration *registration, enum direction direction)
{
    return (registration->interest & (direction == IN ? MIO_READABLE : MIO_WRITABLE)) != 0;
}

int oracle_interest(const struct oracle *oracle, mio_interest interest)
{
    const mio_interest level_oneshot = MIO_LEVEL | MIO_ONESHOT;
    const mio_interest not_exclusive = MIO_ONESHOT | MIO_PRIORITY;
    if ((interest & MIO_ALL_READINESS) == 0 ||
        (interest & ~(mio_interest)(MIO_ALL_READINESS | MIO_ALL_MODES)) != 0 ||
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
        bury(oracle, registration->token, RULE_REG5);
    *registration = (struct registration){
        .active = true,
        .is_source = is_source,
        .injected =
            oracle->traits.refuses_gone && is_pipe_end(oracle, end, OUT) && is_gone(oracle, end),
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

int oracle_register(struct oracle *oracle, int end, bool is_source, mio_token token,
                    mio_interest interest)
{
    int error = oracle_interest(oracle, interest);
    if (error < 0)
        return error;
    if (oracle->ends[end].registration.active) {
        bury(oracle, token, RULE_REG3);
        return -EEXIST;
    }
    /* What is registered anew is not cut off. */
    oracle->ends[end].cut = false;
    put(oracle, end, is_source, token, interest);
    return 0;
}

static bool is_gone_pipe(const struct oracle *oracle, int end)
{
    return is_pipe_end(oracle, end, OUT) && is_gone(oracle, end);
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
        bury(oracle, token, RULE_REG3);
        return -ENOENT;
    }
    bool same_mode = ((registration->interest ^ interest) & MIO_ALL_MODES) == 0;
    if (!(registration->is_source && same_mode))
        oracle->ends[end].cut = false;
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
    bury(oracle, oracle->wakers[waker].token, RULE_WAKE2);
    oracle->wakers[waker] = (struct waker_state){.there = false};
}

/* --- what has to come --- */

/* Whether this direction's readiness has to be reported by the next wait. */
static bool owes(const struct oracle *oracle, int end, enum direction direction)
{
    const struct registration *registration = &oracle->ends[end].registration;
    if (!registration->active || registration->ended || registration->fired ||
        registration->doubtful || !wants(registration, direction) ||
        oracle_truth(oracle, end, direction) != YES)
        return false;
    if ((registration->interest & MIO_ONESHOT) != 0)
        return true;
    if ((registration->interest & MIO_LEVEL) == 0 ||
        (registration->injected && is_gone_pipe(oracle, end)))
        return registration->of[direction].armed;
    return true;
}

static enum rule rule_of(const struct oracle *oracle, int end, enum direction direction)
{
    const struct registration *registration = &oracle->ends[end].registration;
    if (direction == OUT && is_gone_pipe(oracle, end))
        return RULE_EV4;
    if ((registration->interest & MIO_ONESHOT) != 0)
        return RULE_EV3_ONESHOT;
    if ((registration->interest & MIO_LEVEL) != 0)
        return RULE_EV3_LEVEL;
    return registration->of[direction].rule;
}

static bool is_slow(const struct oracle *oracle, int end)
{
    return oracle->ends[end].channel == CHANNEL_TCP || oracle->ends[end].channel == CHANNEL_UDP;
}

bool oracle_anything_due(struct oracle *oracle, bool at_once)
{
    for (int waker = 0; waker < WAKERS; waker++) {
        if (oracle->wakers[waker].pending)
            return true;
    }
    for (int end = 0; end < ENDS; end++) {
        if (at_once && is_slow(oracle, end))
            continue;
        if (owes(oracle, end, IN) || owes(oracle, end, OUT))
            return true;
    }
    return false;
}

static void begin_registration(struct registration *registration)
{
    registration->firing = false;
    for (int direction = IN; direction < DIRECTIONS; direction++)
        registration->of[direction].came = false;
}

static void count_records(struct oracle *oracle)
{
    unsigned records = 0;
    for (int end = 0; end < ENDS; end++) {
        unsigned registrations =
            (unsigned)oracle->ends[end].registration.active + oracle->ends[end].orphan.active;
        records += registrations * (oracle->traits.one_record ? 1 : DIRECTIONS);
    }
    for (int waker = 0; waker < WAKERS; waker++)
        records += oracle->wakers[waker].there;
    if (records > oracle->records)
        oracle->records = records;
}

void oracle_wait_begins(struct oracle *oracle)
{
    count_records(oracle);
    for (int end = 0; end < ENDS; end++) {
        struct registration *registration = &oracle->ends[end].registration;
        begin_registration(registration);
        begin_registration(&oracle->ends[end].orphan);
        for (int direction = IN; direction < DIRECTIONS; direction++)
            registration->of[direction].due = owes(oracle, end, (enum direction)direction);
    }
    for (int waker = 0; waker < WAKERS; waker++) {
        oracle->wakers[waker].due = oracle->wakers[waker].pending;
        oracle->wakers[waker].came = false;
    }
}

static void settle_registration(struct registration *registration)
{
    if (registration->firing && (registration->interest & MIO_ONESHOT) != 0) {
        registration->fired = true;
        registration->doubtful = false;
    }
    begin_registration(registration);
}

void oracle_wait_goes_on(struct oracle *oracle)
{
    for (int end = 0; end < ENDS; end++) {
        settle_registration(&oracle->ends[end].registration);
        settle_registration(&oracle->ends[end].orphan);
    }
    for (int waker = 0; waker < WAKERS; waker++) {
        oracle->wakers[waker].due = oracle->wakers[waker].pending;
        oracle->wakers[waker].came = false;
    }
}

/* --- what may come --- */

/* The record as text, made only when it will be shown. */
struct text {
    char of[256];
};

static struct text show(const struct mio_event *event, bool wanted)
{
    struct text text;
    text.of[0] = '\0';
    if (wanted)
        mio_event_format(event, text.of, sizeof text.of);
    return text;
}

/* Counts a rule that was kept. */
static void kept(struct oracle *oracle, enum rule rule)
{
    oracle->exercised[rule]++;
}

/* Whose token it was, or that it never was. */
static void judge_stranger(struct oracle *oracle, const struct mio_event *event)
{
    mio_token token = mio_event_token(event);
    struct text text = show(event, true);
    for (size_t i = oracle->dead_count; i-- > 0;) {
        if (oracle->dead[i].token == token) {
            oracle_check(oracle, oracle->dead[i].rule, false, "a token that is gone: %s", text.of);
            return;
        }
    }
    oracle_check(oracle, RULE_LIFE2, false, "a token that was never given: %s", text.of);
}

static void judge_wake(struct oracle *oracle, int number, const struct mio_event *event)
{
    struct waker_state *waker = &oracle->wakers[number];
    bool once = waker->pending && !waker->came;
    struct text text = show(event, !once);
    oracle_check(oracle, RULE_WAKE1_ONCE, once, "waker %d: nobody woke it since its last event: %s",
                 number, text.of);
    oracle_check(oracle, RULE_EV2_HINT, mio_event_readiness(event) == MIO_READABLE,
                 "waker %d is ready for 0x%x", number, (unsigned)mio_event_readiness(event));
    kept(oracle, RULE_WAKE1);
    waker->came = true;
    waker->pending = false;
    waker->passed_over = 0;
}

static bool may_be_read_closed(const struct oracle *oracle, int end)
{
    const struct end *self = &oracle->ends[end];
    return is_at_end(oracle, end) || self->reset || self->vague;
}

static bool may_be_write_closed(const struct oracle *oracle, int end)
{
    const struct end *self = &oracle->ends[end];
    return (is_gone(oracle, end) && self->channel != CHANNEL_UDP) || self->shut || self->reset ||
           self->vague;
}

static bool may_be_error(const struct oracle *oracle, int end)
{
    const struct end *self = &oracle->ends[end];
    return (is_gone(oracle, end) && self->channel != CHANNEL_UDP) || self->reset || self->vague;
}

/* The bits, one by one. */
static void judge_bits(struct oracle *oracle, int end, const struct registration *registration,
                       const struct mio_event *event)
{
    uint32_t bits = mio_event_readiness(event);
    bool readable = (bits & MIO_READABLE) != 0;
    bool writable = (bits & MIO_WRITABLE) != 0;
    const uint32_t never = MIO_PRIORITY | MIO_AIO | MIO_LIO;
    bool asked = (!readable || wants(registration, IN)) && (!writable || wants(registration, OUT));
    bool promised =
        (!readable || in_truth(oracle, end) != NO) && (!writable || out_truth(oracle, end) != NO);
    bool hints = (bits & never) == 0 &&
                 ((bits & MIO_READ_CLOSED) == 0 || may_be_read_closed(oracle, end)) &&
                 ((bits & MIO_WRITE_CLOSED) == 0 || may_be_write_closed(oracle, end)) &&
                 ((bits & MIO_ERROR) == 0 || may_be_error(oracle, end));
    struct text text = show(event, !asked || !promised || !hints || bits == 0);
    oracle_check(oracle, RULE_EV2, bits != 0, "end %d: an event that says nothing: %s", end,
                 text.of);
    oracle_check(oracle, RULE_REG5, asked, "end %d: not asked for: %s", end, text.of);
    oracle_check(oracle, RULE_EV2_PROMISE, promised, "end %d: ready for nothing: %s", end, text.of);
    oracle_check(oracle, RULE_EV2_HINT, hints, "end %d: a wrong hint: %s", end, text.of);
}

/* Which directions an event speaks of. */
static void cover(uint32_t bits, bool covers[DIRECTIONS])
{
    covers[IN] = (bits & (MIO_READABLE | MIO_READ_CLOSED)) != 0;
    covers[OUT] = (bits & (MIO_WRITABLE | MIO_WRITE_CLOSED)) != 0;
    /* An error alone is about what comes next, in both directions. */
    if (!covers[IN] && !covers[OUT])
        covers[IN] = covers[OUT] = (bits & MIO_ERROR) != 0;
}

static void judge_event(struct oracle *oracle, int end, struct registration *registration,
                        const struct mio_event *event)
{
    bool covers[DIRECTIONS];
    cover(mio_event_readiness(event), covers);
    judge_bits(oracle, end, registration, event);

    bool twice = oracle->traits.one_record ? registration->firing
                                           : (covers[IN] && registration->of[IN].came) ||
                                                 (covers[OUT] && registration->of[OUT].came);
    bool is_edge = (registration->interest & MODES) == 0;
    bool fresh =
        (covers[IN] && registration->of[IN].fresh) || (covers[OUT] && registration->of[OUT].fresh);
    bool stale = is_edge && !fresh && !is_slow(oracle, end);
    bool spent = registration->fired && !registration->doubtful;
    bool wrong = twice || stale || spent || registration->ended;
    struct text text = show(event, wrong);
    oracle_check(oracle, RULE_EV2, !twice, "end %d: twice in one wait: %s", end, text.of);
    if ((registration->interest & MIO_ONESHOT) != 0)
        oracle_check(oracle, RULE_EV3_SILENT, !spent, "end %d: spent: %s", end, text.of);
    if (is_edge)
        oracle_check(oracle, RULE_EV1_ONCE, !stale, "end %d: nothing has changed: %s", end,
                     text.of);
    oracle_check(oracle, RULE_REG9, !registration->ended, "end %d: has ended: %s", end, text.of);

    registration->firing = true;
    registration->passed_over = 0;
    for (int direction = IN; direction < DIRECTIONS; direction++) {
        if (!covers[direction])
            continue;
        registration->of[direction].came = true;
        registration->of[direction].armed = false;
        registration->of[direction].fresh = false;
    }
    if (oracle->traits.gone_ends && is_gone_pipe(oracle, end) && !registration->injected)
        registration->ended = true;
}

void oracle_event(struct oracle *oracle, const struct mio_event *event)
{
    mio_token token = mio_event_token(event);
    kept(oracle, RULE_LIFE2);
    for (int end = 0; end < ENDS; end++) {
        struct end *self = &oracle->ends[end];
        if (self->registration.active && self->registration.token == token) {
            judge_event(oracle, end, &self->registration, event);
            return;
        }
        if (self->orphan.active && self->orphan.token == token) {
            judge_event(oracle, end, &self->orphan, event);
            return;
        }
    }
    for (int waker = 0; waker < WAKERS; waker++) {
        if (oracle->wakers[waker].there && oracle->wakers[waker].token == token) {
            judge_wake(oracle, waker, event);
            return;
        }
    }
    judge_stranger(oracle, event);
}

/* --- what has not come --- */

static void judge_turn(struct oracle *oracle, unsigned *passed_over, int count, const char *whose,
                       int number)
{
    /* Three rounds of everybody, and some for those who come and go. */
    unsigned enough = 3 * oracle->records + 2 * WAKERS;
    *passed_over += (unsigned)count;
    oracle_check(oracle, RULE_WAIT1_TURNS, *passed_over < enough,
                 "%s %d was passed over by %u events", whose, number, *passed_over);
}

/* Returns whether the network may still bring what is missing. */
static bool judge_missing(struct oracle *oracle, int end, enum direction direction, bool patient)
{
    if (is_slow(oracle, end) && patient)
        return true;
    const struct registration *registration = &oracle->ends[end].registration;
    oracle_check(oracle, rule_of(oracle, end, direction), false,
                 "end %d: no event that it is %s (token 0x%llx, interest 0x%x)", end,
                 direction == IN ? "readable" : "writable", (unsigned long long)registration->token,
                 (unsigned)registration->interest);
    return false;
}

static bool end_registration_wait(struct oracle *oracle, int end, int count, bool full,
                                  bool patient)
{
    struct registration *registration = &oracle->ends[end].registration;
    bool missing = false;
    bool any_came = registration->firing;
    /* What the network brings after a one-shot has fired stays with it. */
    bool spent = any_came && (registration->interest & MIO_ONESHOT) != 0 && is_slow(oracle, end);
    for (int d = IN; d < DIRECTIONS; d++) {
        enum direction direction = (enum direction)d;
        if (!registration->of[direction].due || registration->fired)
            continue;
        bool came = registration->of[direction].came;
        if (came) {
            kept(oracle, rule_of(oracle, end, direction));
            registration->of[direction].due = false;
        } else if (!full && !spent) {
            missing = judge_missing(oracle, end, direction, patient) || missing;
        } else if (full && !any_came) {
            judge_turn(oracle, &registration->passed_over, count, "end", end);
        }
    }
    return missing;
}

static void end_waker_wait(struct oracle *oracle, int number, int count, bool full)
{
    struct waker_state *waker = &oracle->wakers[number];
    if (!waker->due || waker->came)
        return;
    if (full)
        judge_turn(oracle, &waker->passed_over, count, "waker", number);
    else
        oracle_check(oracle, RULE_WAKE1, false, "waker %d: its wake is lost", number);
}

/* To records that are not for the program; what they took the place of comes with the next wait. */
static size_t places_lost(const struct oracle *oracle)
{
    size_t lost = oracle->has_bell ? 1 : 0;
    for (int end = 0; oracle->traits.drops_priority && end < ENDS; end++)
        lost += (oracle->ends[end].registration.interest & MIO_PRIORITY) != 0 ? 1 : 0;
    return lost;
}

bool oracle_wait_ends(struct oracle *oracle, int count, size_t capacity, bool patient)
{
    bool missing = false;
    bool full = count >= 0 && (size_t)count + places_lost(oracle) >= capacity;
    oracle_check(oracle, RULE_WAIT1, count >= 0 && (size_t)count <= capacity,
                 "mio_poll_wait() returned %d with room for %zu", count, capacity);
    for (int end = 0; end < ENDS; end++) {
        missing = end_registration_wait(oracle, end, count, full, patient) || missing;
        settle_registration(&oracle->ends[end].orphan);
        if (!missing)
            settle_registration(&oracle->ends[end].registration);
    }
    for (int waker = 0; waker < WAKERS; waker++)
        end_waker_wait(oracle, waker, count, full);
    return missing;
}

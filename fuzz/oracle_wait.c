/* SPDX-License-Identifier: MIT */
#include "oracle_inside.h"

#include <string.h>

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
    enum channel channel = oracle->ends[end].channel;
    /* Where poll(2) is asked again and again, it is asked seldom about what has hung up. */
    return channel == CHANNEL_TCP || channel == CHANNEL_UDP ||
           (channel == CHANNEL_FIFO && oracle->traits.asks_again);
}

/* Whether what comes for this end may be late: while a condition stands poll(2) is asked seldom. */
static bool is_quiet_so_far(const struct oracle *oracle, int end)
{
    const struct end *self = &oracle->ends[end];
    bool may_stand = is_at_end(oracle, end) || self->shut || self->reset || self->vague;
    return is_slow(oracle, end) || (oracle->traits.tells_late && may_stand);
}

bool oracle_anything_due(struct oracle *oracle, bool at_once)
{
    for (int waker = 0; waker < WAKERS; waker++) {
        if (oracle->wakers[waker].pending)
            return true;
    }
    for (int queue = 0; queue < QUEUES; queue++) {
        if (oracle->time.queues[queue].pending)
            return true;
    }
    for (int end = 0; end < ENDS; end++) {
        if (at_once && is_quiet_so_far(oracle, end))
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
    records += oracle_time_records(oracle);
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
    oracle_time_wait_begins(oracle);
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
    oracle_time_wait_begins(oracle);
}

/* --- what may come --- */

/* The record as text, made only when it will be shown. */
struct text {
    char of[256];
};

static struct text event_text(const struct mio_event *event, bool wanted)
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
    struct text text = event_text(event, true);
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
    struct text text = event_text(event, !once);
    oracle_check(oracle, RULE_WAKE1_ONCE, once, "waker %d: nobody woke it since its last event: %s",
                 number, text.of);
    oracle_check(oracle, RULE_EV2_HINT, mio_event_readiness(event) == MIO_READABLE,
                 "waker %d is ready for 0x%x", number, (unsigned)mio_event_readiness(event));
    kept(oracle, RULE_WAKE1);
    waker->came = true;
    waker->pending = false;
    waker->passed_over = 0;
}

/* Sockets, and FIFOs, which are pairs of sockets there. */
static bool lacks_ends(const struct oracle *oracle, int end)
{
    return oracle->traits.lacks_socket_end && oracle->ends[end].channel != CHANNEL_PIPE;
}

static bool may_be_read_closed(const struct oracle *oracle, int end)
{
    const struct traits *traits = &oracle->traits;
    const struct end *self = &oracle->ends[end];
    bool has_gone = is_gone(oracle, end) || self->reset || self->vague;
    if (lacks_ends(oracle, end) || (traits->lacks_pipe_end && is_pipe_end(oracle, end, IN)))
        return false;
    return has_gone || (is_at_end(oracle, end) && (self->shut || !traits->lacks_half_close));
}

static bool may_be_write_closed(const struct oracle *oracle, int end)
{
    const struct end *self = &oracle->ends[end];
    if (lacks_ends(oracle, end))
        return false;
    return (is_gone(oracle, end) && self->channel != CHANNEL_UDP) || self->shut || self->reset ||
           self->vague;
}

static bool may_be_error(const struct oracle *oracle, int end)
{
    const struct end *self = &oracle->ends[end];
    if (oracle->traits.lacks_errors)
        return false;
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
    bool promised = (!readable || oracle_truth(oracle, end, IN) != NO) &&
                    (!writable || oracle_truth(oracle, end, OUT) != NO);
    bool hints = (bits & never) == 0 &&
                 ((bits & MIO_READ_CLOSED) == 0 || may_be_read_closed(oracle, end)) &&
                 ((bits & MIO_WRITE_CLOSED) == 0 || may_be_write_closed(oracle, end)) &&
                 ((bits & MIO_ERROR) == 0 || may_be_error(oracle, end));
    struct text text = event_text(event, !asked || !promised || !hints || bits == 0);
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

/* Whether an event told of the end and of nothing else; where records are by direction that is
 * readable as data is. */
static bool is_end_alone(const struct oracle *oracle, int end, uint32_t bits)
{
    bool has_data = oracle->ends[end].unread > 0 || oracle->ends[end].vague;
    return (bits & (MIO_READABLE | MIO_WRITABLE)) == 0 ||
           (!oracle->traits.one_record && is_at_end(oracle, end) && !has_data);
}

static void judge_event(struct oracle *oracle, int end, struct registration *registration,
                        const struct mio_event *event)
{
    bool covers[DIRECTIONS];
    uint32_t bits = mio_event_readiness(event);
    cover(bits, covers);
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
    struct text text = event_text(event, wrong);
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
        registration->of[direction].hung_up = is_end_alone(oracle, end, bits);
        registration->of[direction].armed = false;
        registration->of[direction].by_writer = false;
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
    if (!oracle_time_event(oracle, event))
        judge_stranger(oracle, event);
}

/* --- what has not come --- */

static void judge_turn(struct oracle *oracle, unsigned *passed_over, int count, const char *whose,
                       int number)
{
    /* Three rounds of everybody, and some for those who come and go. */
    unsigned rounds = oracle->time.was_used ? 6 : 3; /* timers and all others take turns */
    unsigned enough = rounds * oracle->records + 2 * WAKERS;
    *passed_over += (unsigned)count;
    oracle_check(oracle, RULE_WAIT1_TURNS, *passed_over < enough,
                 "%s %d was passed over by %u events", whose, number, *passed_over);
}

/* Returns whether the network may still bring what is missing. */
static bool judge_missing(struct oracle *oracle, int end, enum direction direction, bool patient)
{
    if (is_quiet_so_far(oracle, end) && patient)
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
    bool spent =
        any_came && (registration->interest & MIO_ONESHOT) != 0 && is_quiet_so_far(oracle, end);
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

void oracle_still_due(struct oracle *oracle, enum rule rule, const char *whose, int number,
                      int count, bool full, unsigned *passed_over)
{
    if (full)
        judge_turn(oracle, passed_over, count, whose, number);
    else
        oracle_check(oracle, rule, false, "%s %d: its event is lost", whose, number);
}

static void end_waker_wait(struct oracle *oracle, int number, int count, bool full)
{
    struct waker_state *waker = &oracle->wakers[number];
    if (waker->due && !waker->came)
        oracle_still_due(oracle, RULE_WAKE1, "waker", number, count, full, &waker->passed_over);
}

/* To records that are not for the program; what they took the place of comes with the next wait. */
static size_t places_lost(const struct oracle *oracle)
{
    size_t lost = oracle->has_bell ? 1 : 0;
    for (int end = 0; end < ENDS; end++) {
        const struct registration *registration = &oracle->ends[end].registration;
        bool may_be_dropped =
            (oracle->traits.drops_priority && (registration->interest & MIO_PRIORITY) != 0) ||
            (oracle->traits.guards_pipes && registration->active && is_pipe_end(oracle, end, OUT));
        lost += may_be_dropped ? 1 : 0;
    }
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
    oracle_time_wait_ends(oracle, count, full);
    return missing;
}

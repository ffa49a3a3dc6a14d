/* SPDX-License-Identifier: MIT */
/*
 * The contract as a machine: an executable model of docs/contract.md, without a system call.
 *
 * It is told what a program does and what came of it, and says what each call has to return, which
 * events must come, which may, and which must not. It knows a descriptor by three things: what is
 * there to read, whether there is room to write, and whether its other end is gone. Where only the
 * kernel can know (how much fits into a buffer) the answer is MAYBE, and nothing is demanded.
 */
#ifndef FUZZ_ORACLE_H
#define FUZZ_ORACLE_H

#include "oracle_timers.h"
#include "program.h"

#include <mio.h>

/* Rules that are counted and reported, by the names of the contract. */
#define RULES(RULE)                                                                     \
    RULE(WAIT1, "at most `capacity` events, and as many as are counted")                \
    RULE(WAIT1_TURNS, "with little room everyone has a turn")                           \
    RULE(WAIT5, "what is ready ends a wait that sleeps")                                \
    RULE(REG1, "an interest without sense is -EINVAL, one that is not served -ENOTSUP") \
    RULE(REG2, "what is ready when it is registered gives an event")                    \
    RULE(REG3, "what a call has to return")                                             \
    RULE(REG4, "a failed registration leaves nothing behind; a batch is one by one")    \
    RULE(REG5, "a replaced token or interest is gone")                                  \
    RULE(REG6, "a deregistered token is silent")                                        \
    RULE(REG7, "what another thread does takes effect on the wait in progress")         \
    RULE(REG8, "files are -EPERM")                                                      \
    RULE(REG9, "a closed descriptor is silent, and what takes its number is another")   \
    RULE(EV1, "after EAGAIN the next change gives an event")                            \
    RULE(EV1_ONCE, "without a change there is no event")                                \
    RULE(EV2, "one event a descriptor, or one a direction, which says something")       \
    RULE(EV2_PROMISE, "readable and writable are promises")                             \
    RULE(EV2_HINT, "hints are never wrong")                                             \
    RULE(EV3_LEVEL, "level: an event at every wait")                                    \
    RULE(EV3_ONESHOT, "one-shot: one wait delivers all that is ready")                  \
    RULE(EV3_SILENT, "one-shot: silence until it is reregistered")                      \
    RULE(EV4, "a write-closed event is never swallowed")                                \
    RULE(WAKE1, "a wake is not lost")                                                   \
    RULE(WAKE1_ONCE, "wakes before a wait are one event")                               \
    RULE(WAKE1_FD, "what would end a wait makes mio_poll_fd() readable")                \
    RULE(WAKE2, "a freed waker is silent")                                              \
    RULE(TIME1, "a timer gives one event, when its deadline has passed")                \
    RULE(TIME1_ORDER, "timers come in the order of their deadlines")                    \
    RULE(TIME2, "a timer that was moved or cancelled is silent")                        \
    RULE(TIME3, "a period does not drift, and no expiration is lost")                   \
    RULE(TIME4, "a timer that another thread sets ends a wait")                         \
    RULE(TIME7, "the next deadline is told")                                            \
    RULE(TIME8, "a clock that the system lacks is -ENOTSUP")                            \
    RULE(TIME9, "slack makes the moment a round one")                                   \
    RULE(TIME10, "a timer of another poll, or of one that was freed, is refused")       \
    RULE(POST1, "a post is followed by an event")                                       \
    RULE(POST1_ONCE, "without a post there is no event")                                \
    RULE(POST2, "a queue is bounded")                                                   \
    RULE(POST3, "posts are taken in their order, and none is lost")                     \
    RULE(POST5, "a freed queue is silent")                                              \
    RULE(LIFE1, "no descriptor is left open")                                           \
    RULE(LIFE2, "only tokens that were given come back")                                \
    RULE(LIFE4, "freeing is in any order")

#define RULE_NAME(name, text) RULE_##name,
enum rule { RULES(RULE_NAME) RULE_COUNT };
#undef RULE_NAME

const char *rule_name(enum rule rule);
const char *rule_text(enum rule rule);

enum { MODES = MIO_LEVEL | MIO_ONESHOT };

/* Where selectors differ: the tables of the contract. */
struct traits {
    const char *name;
    mio_interest serves;
    bool one_record; /* EV2: one event a descriptor, and hang-ups unasked; else one a direction */
    bool asks_again; /* EV1: no further edge without mio_registry_rearm() */
    bool file_stays; /* REG9: a registration lives as long as the last duplicate */
    bool
        replaces_raw; /* REG3: a second registration of a raw descriptor is taken, by halves (K6) */
    bool replaces_wholly; /* REG3: it is taken and replaces the first, since nothing tells two files
                           * apart; else that is so of FIFOs alone, with poll(2) */
    bool has_fd;          /* WAKE1: mio_poll_fd() */
    bool knows_full;      /* a pipe that gave EAGAIN is not writable for the selector either */
    bool refuses_gone;    /* K9: a pipe without reader is injected, once also when it is level */
    bool gone_ends;       /* the report of a pipe's missing reader ends the registration, so that
                       reregistering it, unknown as it is, registers it */
    bool bell_takes_room; /* the doorbell's record comes among the others, and is dropped */
    bool guards_pipes;    /* records about a pipe's writing end come, and are dropped (K53) */
    bool drops_priority;  /* records of MIO_PRIORITY come for other data too, and are dropped */
    bool remembers_closed; /* REG9: what is registered under a number outlives its descriptor */
    bool has_fifos;        /* EV1: the end of a FIFO, and its next writer, are told */
    bool has_boot_clock;   /* TIME8 */
    bool has_faults;       /* the kernel is the model, which can be told to refuse */
    bool tells_late;       /* EV1: the end of what was reported and not drained may be 100 ms late,
                            * even for who looks at once: what is not asked for is not told */
    bool lacks_errors;     /* EV2: no error is told */
    bool lacks_half_close; /* EV2: the end of the peer's sending is readable, not read-closed */
    bool lacks_pipe_end;   /* EV2: neither is a pipe without writer */
    bool lacks_socket_end; /* EV2: no end of a socket or of a FIFO is told by a hint */
    enum {
        MISSES_NO_WRITER,
        MISSES_BRIEF_WRITER, /* EV1: who opens a FIFO, writes and leaves between two looks */
        MISSES_NEXT_WRITER   /* EV1: also who opens it and writes */
    } fifo;
};

/* The traits of a selector by name: "epoll", "poll", "kqueue-freebsd". */
bool traits_of(const char *selector, struct traits *traits);

enum channel {
    CHANNEL_NONE,
    CHANNEL_PIPE,
    CHANNEL_FIFO, /* a pipe whose closed end may be opened again */
    CHANNEL_UNIX,
    CHANNEL_TCP,
    CHANNEL_UDP /* two sockets, each of which may be made again at its port */
};
enum direction { IN, OUT, DIRECTIONS };
enum truth { NO, MAYBE, YES };

struct registration {
    bool active;
    bool is_source; /* registered as a struct mio_source */
    bool injected;  /* the kernel refused it and has no knote (K9) */
    bool ended;     /* by the kernel itself */
    bool fired;     /* one-shot, and spent */
    bool firing;    /* delivered in this wait */
    bool doubtful;  /* EV3: spent, but a reregistration that failed may have armed it again */
    mio_token token;
    mio_interest interest;
    unsigned passed_over; /* events delivered while one was due */
    struct {
        bool armed; /* nothing was reported since the registration, or EAGAIN */
        bool fresh; /* something has happened since the last report */
        bool due;   /* must come in this wait */
        bool came;
        bool hung_up;   /* the last report was of the end alone */
        bool by_writer; /* armed because a FIFO has another writer */
        enum rule rule; /* by which it is due */
    } of[DIRECTIONS];
};

struct end {
    enum channel channel;
    bool open;       /* the file is: this descriptor or its duplicate */
    bool shut;       /* will send no more */
    bool reset;      /* the connection was torn down */
    bool vague;      /* an error may or may not have come */
    bool blocked;    /* writing gave EAGAIN, and nothing was read since */
    size_t unread;   /* bytes (UDP: datagrams) that were written to it */
    size_t held;     /* bytes written since it was last empty: what its buffer may still hold */
    unsigned pieces; /* in so many writes */
    struct registration registration;
    struct registration orphan; /* of the closed descriptor whose duplicate lives */
};

struct waker_state {
    bool there;
    bool pending;
    bool due;
    bool came;
    mio_token token;
    unsigned passed_over;
};

enum { MAX_DEAD_TOKENS = 4096, MAX_VERDICT = 600 };

struct oracle {
    struct traits traits;
    struct end ends[ENDS];
    struct waker_state wakers[WAKERS];
    struct time_state time;
    bool has_bell;    /* a doorbell may take a place in a wait */
    unsigned records; /* that a wait can have had to deliver in this program, at most */
    uint64_t tokens;  /* given so far in this program */
    struct dead_token {
        mio_token token;
        enum rule rule; /* that forbids it */
    } dead[MAX_DEAD_TOKENS];
    size_t dead_count;

    bool failed;
    enum rule broken;
    char verdict[MAX_VERDICT];
    uint64_t exercised[RULE_COUNT]; /* over all programs */
};

/* Forgets the program before. */
void oracle_begin(struct oracle *oracle);

/* Notes that a rule was asked; a broken one fails the program, once. Returns `holds`. */
bool oracle_check(struct oracle *oracle, enum rule rule, bool holds, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

mio_token oracle_token(struct oracle *oracle);

/* --- descriptors --- */

void oracle_opened(struct oracle *oracle, int end, enum channel channel);
/* The interest that makes sense for this end: pipes have one direction. */
mio_interest oracle_fit(const struct oracle *oracle, int end, uint8_t a);
void oracle_wrote(struct oracle *oracle, int end, long result);
void oracle_read(struct oracle *oracle, int end, long result);
void oracle_shut(struct oracle *oracle, int end);
/* The descriptor goes, and its registration with it; a duplicate keeps the file. */
void oracle_closed(struct oracle *oracle, int end, bool duplicate_lives);
/* A closed end whose other end is open is there again, under its name. */
void oracle_reopened(struct oracle *oracle, int end);
/* Whether it has to be deregistered before it is closed, lest its token outlive it: a difference
 * from REG9 that is known. */
bool oracle_remembers_closed(const struct oracle *oracle, int end);
/* The duplicate goes while the descriptor itself stays. */
void oracle_touched(struct oracle *oracle, int end);
enum truth oracle_truth(const struct oracle *oracle, int end, enum direction direction);

/* The token may not come any more, by this rule. */
void oracle_bury(struct oracle *oracle, mio_token token, enum rule rule);

/* --- registrations: each returns what the call has to return, and takes it for done --- */

/* REG3: whether a second registration of this raw descriptor replaces the first wholly. */
bool oracle_replaces_wholly(const struct oracle *oracle, int end);
int oracle_register(struct oracle *oracle, int end, bool is_source, mio_token token,
                    mio_interest interest);
int oracle_reregister(struct oracle *oracle, int end, mio_token token, mio_interest interest);
/* The old registration is in place. */
void oracle_reregistration_failed(struct oracle *oracle, int end);
int oracle_deregister(struct oracle *oracle, int end);
/* After EAGAIN, or for no reason. */
int oracle_rearm(struct oracle *oracle, int end, enum direction direction, bool after_eagain);
/* An interest alone: 0, -EINVAL or -ENOTSUP. */
int oracle_interest(const struct oracle *oracle, mio_interest interest);

/* --- wakers --- */

void oracle_waker_made(struct oracle *oracle, int waker, mio_token token);
/* The poll has a doorbell from now on. */
void oracle_bell(struct oracle *oracle);
void oracle_woken(struct oracle *oracle, int waker);
void oracle_waker_freed(struct oracle *oracle, int waker);

/* --- waits --- */

void oracle_wait_begins(struct oracle *oracle);
/* The same wait goes on: what is due stays so, and what has come may come again. */
void oracle_wait_goes_on(struct oracle *oracle);
void oracle_event(struct oracle *oracle, const struct mio_event *event);
/*
 * Judges what did not come. True when that is not to be blamed on the selector yet, since the
 * network may need a moment: the caller waits on.
 */
bool oracle_wait_ends(struct oracle *oracle, int count, size_t capacity, bool patient);
/* Whether anything but a timer must come; with `at_once`, not by way of the network. */
bool oracle_anything_due(struct oracle *oracle, bool at_once);

#endif

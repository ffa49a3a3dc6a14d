/* SPDX-License-Identifier: MIT */
/*
 * The oracle's timers and queues of posts, which are the library's own: nothing about them is left
 * to a kernel, so there is no MAYBE.
 */
#ifndef FUZZ_ORACLE_TIMERS_H
#define FUZZ_ORACLE_TIMERS_H

#include <mio.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct oracle;

enum {
    TIMERS = 6,
    QUEUES = 2,
    CLOCKS = 2, /* MIO_CLOCK_MONOTONIC, MIO_CLOCK_BOOT */
    MAX_POSTS = 8
};

struct timer_state {
    bool set;
    bool due;
    uint32_t clock;
    mio_token token;
    int64_t deadline;
    int64_t period; /* 0: once */
    int64_t slack;
    int64_t expiry; /* the moment that slack makes of the deadline */
    uint64_t turn;  /* of one moment, who was set first */
    unsigned passed_over;
};

struct queue_state {
    bool there;
    bool pending; /* a post since the last event */
    bool due;
    mio_token token;
    unsigned passed_over;
    size_t capacity;
    size_t first;
    size_t count;
    struct mio_posted posts[MAX_POSTS];
};

struct time_state {
    int64_t now[CLOCKS];
    uint64_t turns;
    bool was_used; /* a timer was set in this program */
    struct {       /* the last event of this wait, by clock */
        bool came;
        int64_t expiry;
        uint64_t turn;
    } last[CLOCKS];
    struct timer_state timers[TIMERS];
    struct queue_state queues[QUEUES];
};

void oracle_time_begins(struct oracle *oracle);

/* --- timers --- */

/* Time passes; with `suspended`, for the clock alone that counts it then. */
void oracle_time_passes(struct oracle *oracle, int64_t by, bool suspended);
/* What setting it has to return; after 0 it is taken for set. */
int oracle_timer_set(struct oracle *oracle, int timer, mio_token token, int64_t deadline,
                     const struct mio_timer_options *options);
int oracle_timer_cancelled(struct oracle *oracle, int timer);
/* What mio_poll_next_deadline() has to tell. */
int64_t oracle_next_deadline(const struct oracle *oracle);
bool oracle_timer_due(const struct oracle *oracle);

/* --- posts: each call returns what the library's has to return --- */

void oracle_queue_made(struct oracle *oracle, int queue, mio_token token, size_t capacity);
int oracle_posted(struct oracle *oracle, int queue, mio_token token, uint64_t payload);
int oracle_taken(struct oracle *oracle, int queue, struct mio_posted *posted);
void oracle_queue_freed(struct oracle *oracle, int queue);

/* --- for oracle_wait.c --- */

unsigned oracle_time_records(const struct oracle *oracle);
void oracle_time_wait_begins(struct oracle *oracle);
/* False: the token is of no timer and no queue. */
bool oracle_time_event(struct oracle *oracle, const struct mio_event *event);
void oracle_time_wait_ends(struct oracle *oracle, int count, bool full);

#endif

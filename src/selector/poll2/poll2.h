/* SPDX-License-Identifier: MIT */
/*
 * Inside the poll(2) selector: the object.
 *
 *   poll2.c         the essay; the object, registering, rearming
 *   poll2_wait.c    one call of poll(2), and what it has found
 *   poll2_report.c  what of that is news
 *   poll2_look.c    when to look at what is muted
 *   poll2_set.c     the registrations
 *   poll2_file.c    the file behind a descriptor
 *   poll2_call.c    the system call
 */
#ifndef MIO_SRC_SELECTOR_POLL2_POLL2_H
#define MIO_SRC_SELECTOR_POLL2_POLL2_H

#include "../selector.h"
#include "poll2_call.h"
#include "poll2_look.h"
#include "poll2_set.h"

#include "../../wake/doorbell.h"

#include <pthread.h>

struct poll_selector {
    struct mio_selector base;
    struct mio__doorbell doorbell; /* always there */

    mio__lock lock;          /* guards what follows, down to the waiter's own */
    struct poll_set set;     /* the registrations */
    bool is_polling;         /* the waiter is in poll(2), or about to be */
    bool may_sleep;          /* in which it may sleep */
    pthread_t waiter;        /* who is, while it is */
    uint32_t round;          /* counts the calls of poll(2) */
    pthread_cond_t returned; /* from one of them */
    struct poll_look look;   /* when to look at what is muted */

    /* --- the waiter's own --- */
    struct poll_copy copy;
    bool is_look; /* the copy asks for what is muted too */
    size_t next;  /* the place at which the search for events begins */
};

static inline struct poll_selector *poll_of(struct mio_selector *selector)
{
    return (struct poll_selector *)selector;
}

/* poll2_wait.c; as the table's select and wait. */
int mio__poll2_select(struct mio_selector *selector, struct mio_event *list, int room,
                      int64_t timeout_ns);
int mio__poll2_wait_once(struct mio_selector *selector, struct mio_events *events,
                         int64_t timeout_ns);

#endif

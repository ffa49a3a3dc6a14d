/* SPDX-License-Identifier: MIT */
/*
 * One registering call of the kqueue selector: an operation, and the changes that it comes to.
 *
 * kqueue_change.c takes one through its steps in a call of its own, kqueue_batch.c many in one
 * kevent(2). Each step has its file; the lock is held in all of them.
 */
#ifndef MIO_SRC_SELECTOR_KQUEUE_KQUEUE_CHANGE_H
#define MIO_SRC_SELECTOR_KQUEUE_KQUEUE_CHANGE_H

#include "kqueue.h"

enum { MAX_CHANGES_PER_OPERATION = 2 * MAX_FILTERS };

struct operation {
    enum mio_change_kind kind;
    bool may_be_new; /* a reregistration of what may not be registered */
    int fd;
    mio_token token;
    mio_interest interest;                    /* 0 for a deregistration */
    const struct mio__registration *previous; /* NULL: unknown */
    bool is_device;                     /* a character device; not asked of a deregistration */
    bool is_pipe;                       /* may be one; not asked of a deregistration */
    bool is_socket;                     /* asked of a registration for ends alone */
    bool is_remembered;                 /* something of the descriptor may be */
    struct kqueue_oneshot replaced;     /* what was remembered before */
    struct kqueue_guard replaced_guard; /* and of its guard */
    struct kqueue_end replaced_end;
    uint64_t injected_before;     /* events injected up to this number are replaced */
    enum kqueue_guard_kind guard; /* what it needs */
    bool is_spent;                /* added as a one-shot that has fired */
    bool may_be_undone;           /* a place among the refusals is kept for it */
    size_t first;                 /* its changes in the batch */
    size_t count;
};

struct batch {
    struct kevent changes[MAX_CHANGES];
    int errors[MAX_CHANGES]; /* written by mio__kevent_register() */
    size_t count;
};

/* --- kqueue_prepare.c --- */

/* What must be known before the kernel is told, since events may come at once. 0 or -errno. */
int mio__kq_prepare(struct kqueue_selector *self, struct operation *operation);

/* --- kqueue_plan.c --- */

/* Adds the operation's changes to the batch. */
void mio__kq_plan(struct batch *batch, struct operation *operation);

/* One change of the operation's descriptor, with its token. */
void mio__kq_add_change(struct batch *batch, const struct operation *operation,
                        const struct kqueue_filter *filter, unsigned flags);

/* Adds the changes of the operation's guard, if it needs a knote of its own. */
void mio__kq_add_guard(struct batch *batch, const struct operation *operation);

/* Whether a guard is there already and goes on. */
bool mio__kq_keeps_guard(const struct operation *operation);

/* --- kqueue_finish.c --- */

/* What the operation has come to, once its changes were submitted: 0 or -errno. */
int mio__kq_finish(struct kqueue_selector *self, const struct operation *operation,
                   const struct batch *batch);

/* --- kqueue_undo.c --- */

/* Takes back what an operation has changed, and returns `error`. */
int mio__kq_fail(struct kqueue_selector *self, const struct operation *operation,
                 const struct batch *batch, int error);

/* --- kqueue_write_closed.c --- */

/* Whether `error` says that the change is of a pipe without reader: what was asked for. */
bool mio__kq_is_write_closed(const struct kevent *change, int error);

/* Such an event, for what the operation asks for. 0 or -errno. */
int mio__kq_inject_write_closed(struct kqueue_selector *self, const struct operation *operation);

#endif

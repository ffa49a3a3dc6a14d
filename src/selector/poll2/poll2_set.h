/* SPDX-License-Identifier: MIT */
/*
 * The registrations of the poll(2) selector: an array as poll(2) takes it, what belongs to each of
 * its elements, and the way from a descriptor to its place. All of it is guarded by the selector's
 * lock.
 */
#ifndef MIO_SRC_SELECTOR_POLL2_POLL2_SET_H
#define MIO_SRC_SELECTOR_POLL2_POLL2_SET_H

#include "poll2_call.h"
#include "poll2_file.h"

#include <mio/interest.h>
#include <mio/options.h>

/*
 * A registration. Its pollfd stands at the same place in the other array, and follows from it
 * (mio__poll2_set_settle): the descriptor, complemented for poll(2) to skip it, and what it is
 * asked.
 */
struct poll_entry {
    mio_token token;
    mio_interest interest;
    mio_interest turn; /* directions that were told of when there was no room for the others */
    uint32_t serial;   /* of this registration and of no other; changes with a reregistration */
    short armed;   /* bits of poll(2) whose coming is news; an edge that was told is not in it */
    bool is_spent; /* a one-shot that has fired */
    bool is_looked_at; /* poll(2) cannot be asked for all that would be news: see poll2.c */
    struct mio__poll2_found stands; /* a hang-up or an error that was told and has not gone */
    struct mio__poll2_file file;    /* what was registered */
};

/* What poll(2) is given: the doorbell first, then the registrations. */
struct poll_copy {
    struct pollfd *fds;
    uint32_t *serials; /* of the registrations at the time of copying */
    size_t room;
};

struct poll_set {
    const struct mio_allocator *allocator;
    struct pollfd *fds;         /* [0] is the doorbell */
    struct poll_entry *entries; /* [0] is unused */
    size_t count;               /* at least 1 */
    size_t room;
    size_t looked_at;                   /* how many of them are */
    struct mio__descriptor_table index; /* by descriptor: its place in the arrays, 0 for none */
    uint32_t last_serial;
    struct poll_copy spare; /* larger than the waiter's copy, for it to take; or empty */
};

/* Makes a set of nothing but the doorbell. `allocator` must outlive it. 0 or -ENOMEM. */
int mio__poll2_set_open(struct poll_set *set, const struct mio_allocator *allocator, int doorbell);
void mio__poll2_set_close(struct poll_set *set);

/* What poll(2) is asked for on behalf of an interest. */
short mio__poll2_events_of(mio_interest interest);

/* The place of a descriptor, 0 when it is not registered. */
size_t mio__poll2_set_find(const struct poll_set *set, int fd);

/* The same, unless it was surely registered for another file; such a registration is dropped. */
size_t mio__poll2_set_find_file(struct poll_set *set, int fd, struct mio__file_id file);

/* 0, -EEXIST for what is surely the same file, -ENOMEM. Another file's registration, and one that
 * nothing tells from it, is replaced. */
int mio__poll2_set_add(struct poll_set *set, int fd, mio_token token, mio_interest interest,
                       const struct mio__poll2_file *file);

/* Makes a registration anew, armed. */
void mio__poll2_set_replace(struct poll_set *set, size_t place, mio_token token,
                            mio_interest interest);

/* Brings what poll(2) is asked in line with an entry that has changed; whether it has changed. */
bool mio__poll2_set_settle(struct poll_set *set, size_t place);

/* poll(2) was asked for the whole interest: what is not ready is armed, what has gone no longer
 * stands. */
void mio__poll2_entry_refresh(struct poll_entry *entry, const struct mio__poll2_found *found);

/* The last registration takes the place of the one that goes. */
void mio__poll2_set_remove(struct poll_set *set, size_t place);

/* Fills the waiter's copy, without allocating, and returns the number of its elements. */
size_t mio__poll2_set_copy(struct poll_set *set, struct poll_copy *copy);

/* Lets the copy ask for the whole interest of those that are looked at. */
void mio__poll2_set_copy_looks(const struct poll_set *set, struct poll_copy *copy);

void mio__poll2_copy_release(const struct mio_allocator *allocator, struct poll_copy *copy);

#endif

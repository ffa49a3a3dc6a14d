/* SPDX-License-Identifier: MIT */
/*
 * The registrations of the poll(2) selector: an array as poll(2) takes it, what belongs to each of
 * its elements, and the way from a descriptor to its place. All of it is guarded by the selector's
 * lock.
 */
#ifndef MIO_SRC_SELECTOR_POLL_SET_H
#define MIO_SRC_SELECTOR_POLL_SET_H

#include <mio/interest.h>
#include <mio/options.h>

#include <poll.h>
#include <sys/stat.h>

#if !defined(POLLRDHUP)
#define POLLRDHUP 0 /* Linux, FreeBSD 14; elsewhere a half-close is seen by reading 0 */
#endif

/* A registration. Its pollfd stands at the same place in the other array. */
struct poll_entry {
    mio_token token;
    mio_interest interest;
    mio_interest told; /* directions that were told of when there was no room for the others */
    uint32_t serial;   /* of this registration and of no other; changes with a reregistration */
    dev_t device;      /* the file that was registered */
    ino_t inode;
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
    uint32_t *places; /* by descriptor: its place in the arrays, 0 for none */
    size_t place_room;
    uint32_t last_serial;
    struct poll_copy spare; /* larger than the waiter's copy, for it to take; or empty */
};

/* Makes a set of nothing but the doorbell. `allocator` must outlive it. 0 or -ENOMEM. */
int mio_poll_set_open(struct poll_set *set, const struct mio_allocator *allocator, int doorbell);
void mio_poll_set_close(struct poll_set *set);

/* What poll(2) is asked for on behalf of an interest. */
short mio_poll_events_of(mio_interest interest);

/* The place of a descriptor, 0 when it is not registered. */
size_t mio_poll_set_find(const struct poll_set *set, int fd);

/* The same, if it is registered for this file; a registration of another is dropped. */
size_t mio_poll_set_find_file(struct poll_set *set, int fd, const struct stat *status);

/* 0, -EEXIST for the same file, -ENOMEM. Another file's registration is replaced. */
int mio_poll_set_add(struct poll_set *set, int fd, mio_token token, mio_interest interest,
                     const struct stat *status);

/* Makes a registration anew, armed. */
void mio_poll_set_replace(struct poll_set *set, size_t place, mio_token token,
                          mio_interest interest);

/* The last registration takes the place of the one that goes. */
void mio_poll_set_remove(struct poll_set *set, size_t place);

/* Fills the waiter's copy, without allocating, and returns the number of its elements. */
size_t mio_poll_set_copy(struct poll_set *set, struct poll_copy *copy);

void mio_poll_copy_release(const struct mio_allocator *allocator, struct poll_copy *copy);

/* A registration that is switched off is skipped by poll(2), its descriptor stored complemented. */

static inline void mio_poll_switch_on(struct pollfd *entry)
{
    if (entry->fd < 0)
        entry->fd = ~entry->fd;
}

static inline void mio_poll_switch_off(struct pollfd *entry)
{
    if (entry->fd >= 0)
        entry->fd = ~entry->fd;
}

#endif

/* SPDX-License-Identifier: MIT */
/*
 * What the port is told about descriptors: an association each, or none. The kernel ends one with
 * its event. All of it is guarded by the selector's lock.
 */
#ifndef MIO_SRC_SELECTOR_PORTS_PORTS_ASSOCIATION_H
#define MIO_SRC_SELECTOR_PORTS_PORTS_ASSOCIATION_H

#include "../descriptor_table.h"
#include "../poll2/poll2_set.h"

#include <mio/options.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct ports_association {
    uint32_t serial; /* of the registration it was made for: the cookie of its event */
    short events;    /* what it was made with */
    bool is_made;    /* the kernel has it, or its event in the queue */
    bool is_due;     /* in the list of what the next wait brings in line */
    int next_due;    /* a descriptor, or NONE_DUE */
};

enum { NONE_DUE = -1 };

struct ports_table {
    int port;
    int first_due;                      /* a descriptor, or NONE_DUE */
    struct mio__descriptor_table by_fd; /* of struct ports_association: to be reserved first */
};

void mio__ports_table_open(struct ports_table *table, const struct mio_allocator *allocator,
                           int port);

/*
 * Makes the association of a registration that is not muted, or makes it anew, which withdraws an
 * event that is in the queue (S10); nothing if there is this very one. 0; -EBADF for a closed
 * descriptor, -EAGAIN when the port has as many as it may, -ENOMEM: there is none then.
 */
int mio__ports_associate(struct ports_table *table, const struct poll_set *set, size_t place);

/* Ends it, if there is one, and its event with it. */
void mio__ports_dissociate(struct ports_table *table, int fd);

/* Its event has come. */
void mio__ports_has_ended(struct ports_table *table, int fd);

/* Brings the association in line with a registration that has changed: now, or by the next
 * mio__ports_catch_up(), which also tries again what was refused. */
int mio__ports_follow(struct ports_table *table, const struct poll_set *set, size_t place,
                      bool now);

/* What was put off; registrations of closed descriptors go. False when the kernel has refused one,
 * which is put off again. */
bool mio__ports_catch_up(struct ports_table *table, struct poll_set *set);

#endif

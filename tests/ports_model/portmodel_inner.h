/* SPDX-License-Identifier: MIT */
/*
 * What the files of the model share.
 *
 * portmodel.c        the calls of port.h: their arguments, their order of refusals
 * portmodel_port.c   the ports, the lock, sleeping, closing
 * portmodel_queue.c  the queue of a port's events
 * portmodel_fd.c     associations of descriptors
 * portmodel_wraps.c  system calls that the linker wraps
 * portmodel_orders.c portmodel.h
 */
#ifndef PORTMODEL_INNER_H
#define PORTMODEL_INNER_H

#include "portmodel.h"

#include <port.h>

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

enum {
    MAX_PORTS = 1024,
    MAX_DESCRIPTORS = 16384,
    DEFAULT_MAX_EVENTS = 65536, /* the system's, and more than any port may have here */
    NODES = MAX_DESCRIPTORS + DEFAULT_MAX_EVENTS,
    NO_NODE = -1,
    NS_PER_S = 1000000000
};

/*
 * The association of a descriptor number with a port. It is known from the first port_associate()
 * until it is dissociated or its number is closed, and counts as one of the port's events all the
 * time. It is active until its event is queued.
 */
struct association {
    bool is_known;
    bool is_active;
    bool is_watched; /* in the epoll set, to be looked at when something changes */
    pid_t owner;     /* who made it first */
    uint64_t device; /* of the file, by which another process knows it */
    uint64_t inode;
    int events;
    void *user;
};

/* An event, in the port's queue or not. Those of associations have the descriptor's index. */
struct node {
    int32_t next;
    int32_t previous;
    bool is_queued;
    int events;
    void *user; /* of a user event */
};

/* A port, in memory that parent and child share. Indices take the place of pointers. */
struct port {
    pid_t creator;
    unsigned max_events;
    unsigned held;   /* associations that are known, and user events */
    unsigned queued; /* events in the queue */
    int32_t first;
    int32_t last;
    int32_t free;       /* nodes of user events that were used and are free, by `next` */
    int32_t never_used; /* the next node of a user event that never was one */
    unsigned known;     /* associations */
    bool ever_associated;
    bool is_alert;
    bool bell_is_armed;
    unsigned alerts; /* how often it was alerted: those who slept then are told */
    int alert_events;
    void *alert_user;
    pid_t alert_owner;
    struct association associations[MAX_DESCRIPTORS];
    struct node nodes[NODES];
};

/* A port as this process has it. */
struct handle {
    struct port *port; /* NULL: free */
    int fd;            /* one of its numbers, -1 once they are closed */
    unsigned numbers;
    unsigned sleepers; /* threads of this process in port_getn() */
    bool is_closing;
};

/* --- portmodel_port.c --- */

/* With all signals blocked; `mask` is what it was. */
void model_lock(sigset_t *mask);
void model_unlock(const sigset_t *mask);

_Noreturn void model_abort(const char *format, ...) __attribute__((format(printf, 1, 2)));
int64_t model_now(void);

/* The port of a number, NULL for anything else. */
struct handle *handle_of(int fd);

/* Each port of the process in turn, from NULL to NULL. */
struct handle *each_handle(struct handle *handle);

/* A new port's number, or -1 with errno. */
int handle_create(void);

/* A number of a port is about to be closed; sleeps until nobody else sleeps in the port. */
void handle_number_closes(int fd);

/* A number has become a duplicate of a port's. */
void handle_number_added(struct handle *handle, int fd);

/* In a child: the threads that slept are its parent's. */
void handles_after_fork(void);

/* Brings the bell of the epoll set in line with the queue. */
void handle_settle_bell(struct handle *handle);

/* Sleeps without the lock, until something may have happened or `until` (-1: for ever); lets the
 * signals of `mask` in. False: a signal came. */
bool handle_sleep(struct handle *handle, bool only_a_nap, int64_t until, const sigset_t *mask);

/* --- portmodel_queue.c --- */

void queue_init(struct port *port);
void queue_add(struct port *port, int32_t node);
void queue_remove(struct port *port, int32_t node);

/* EAGAIN when the port holds as many events as it may, else 0. */
int queue_send(struct port *port, int events, void *user);

/* How many events this process may have. */
unsigned queue_available(const struct port *port);

/* Takes up to `max` events. */
unsigned queue_take(struct port *port, port_event_t *list, unsigned max);

/* --- portmodel_fd.c --- */

bool fd_is_open(int fd);

/* What the kernel would call the same file under the same number. */
bool association_is_ours(const struct association *association, int fd);

/* 0 or an errno value. */
int association_make(struct handle *handle, int fd, int events, void *user);
int association_end(struct handle *handle, int fd);

/* This process closes the number: what it associated goes, and its event. */
void associations_drop(int fd);

/* This process closes the port. */
void associations_drop_own(struct handle *handle);

/* Queues the events of what has changed since the last look, of one port or of all. */
void associations_look(struct handle *handle);
void associations_look_all(void);

/* --- portmodel_orders.c --- */

/* Counts the call; the errno value it has to fail with, or 0. */
int order_of(enum portmodel_call call);
unsigned max_events_ordered(void);
bool look_ends_in_etime(void);

#endif
